//! Own frames that the server hasn't brought back yet. It brings them in the order in which
//! everyone gets all that is said, so what is on its way still waits in somebody's buffer.

use chat_engine::Time;
use chat_protocol::{Number, limits};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnItsWay {
    said: Number,
    /// When that was.
    at: Time,
    /// The last that came back, or that there is no use in waiting for.
    back: Number,
}

impl OnItsWay {
    pub(crate) fn nothing() -> Self {
        Self { said: Number(0), at: Time::ZERO, back: Number(0) }
    }

    pub(crate) fn said(&mut self, number: Number, now: Time) {
        (self.said, self.at) = (number, now);
    }

    pub(crate) fn came_back(&mut self, number: Number) {
        self.back = self.back.max(number);
    }

    /// What hasn't come back won't.
    pub(crate) fn forget(&mut self) {
        self.back = self.said;
    }

    /// Until when what is said now waits for more, unless that fills a frame: none if nothing is on
    /// its way.
    pub(crate) fn gathers_until(&self) -> Option<Time> {
        (self.back < self.said).then(|| self.at + limits::COALESCE)
    }

    /// Until when what is said now waits, although it fills a frame: none if in a room of so many
    /// less is on its way than is each one's share.
    pub(crate) fn waits_until(&self, members: usize) -> Option<Time> {
        let share = limits::UNACKNOWLEDGED / members.max(1) as u64;
        let away = self.said.0.saturating_sub(self.back.0);
        (away >= share.max(limits::ON_ITS_WAY)).then(|| self.at + limits::ECHO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_share_is_on_its_way_but_always_a_few() {
        for (members, most) in [(2, 256), (50, 10), (1000, limits::ON_ITS_WAY)] {
            let mut way = OnItsWay::nothing();
            let mut said = 0;
            while way.waits_until(members).is_none() {
                said += 1;
                way.said(Number(said), Time::ZERO);
            }
            assert_eq!(said, most, "{members}");
            assert_eq!(way.waits_until(members), Some(limits::ECHO));
            way.came_back(Number(1));
            assert_eq!(way.waits_until(members), None);
        }
    }

    #[test]
    fn it_gathers_while_anything_is_on_its_way() {
        let mut way = OnItsWay::nothing();
        assert_eq!(way.gathers_until(), None);
        let now = Time::from_secs(1);
        way.said(Number(1), now);
        way.said(Number(2), now);
        way.came_back(Number(1));
        assert_eq!(way.gathers_until(), Some(now + limits::COALESCE));
        way.came_back(Number(2));
        // One that was overtaken says nothing new.
        way.came_back(Number(1));
        assert_eq!(way.gathers_until(), None);
        way.said(Number(3), now);
        way.forget();
        assert_eq!(way.gathers_until(), None);
    }
}
