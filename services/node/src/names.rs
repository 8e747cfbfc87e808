//! Nicks, as their owners last said them. Nothing is decided by a nick alone.

use chat_protocol::{NodeId, limits, nick};
use std::{collections::HashMap, sync::Arc};

/// Nicks by node; who hasn't said one goes by the tag of its id.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<NodeId, Arc<str>>);

impl Names {
    /// Notes a nick, cleaned and cut. True if it is another one than before.
    pub(crate) fn set(&mut self, node: NodeId, nick: &str) -> bool {
        let nick = nick::clean(nick);
        if nick.is_empty() || self.0.len() >= limits::TOMBSTONES && !self.0.contains_key(&node) {
            return false;
        }
        let nick: Arc<str> = nick.into();
        self.0.insert(node, nick.clone()).is_some_and(|before| before != nick)
    }

    pub(crate) fn get(&self, node: &NodeId) -> Arc<str> {
        self.0.get(node).cloned().unwrap_or_else(|| node.tag().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nick_passes_for_another_with_its_tag() {
        let mut names = Names::default();
        let node = NodeId([7; 10]);
        names.set(node, "ann·euss");
        assert_eq!(&*names.get(&node), "ann-euss");
    }

    #[test]
    fn a_nick_is_cut_and_no_more_nicks_are_kept_than_members_are_remembered() {
        let mut names = Names::default();
        let node = |n: u32| {
            let mut id = [0; 10];
            id[..4].copy_from_slice(&n.to_be_bytes());
            NodeId(id)
        };
        for n in 0..=u32::try_from(limits::TOMBSTONES).unwrap() {
            names.set(node(n), &"n".repeat(2 * limits::NICK_CHARS));
        }
        assert_eq!(names.0.len(), limits::TOMBSTONES);
        assert_eq!(names.get(&node(0)).chars().count(), limits::NICK_CHARS);
        assert!(names.set(node(0), "known"), "who is known may take another");
    }
}
