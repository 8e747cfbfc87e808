//! `chat join`: enter a discussion. The members are asked, and the director: the members are
//! the truth.

use crate::{
    failure::{self, Code, Failure},
    globals::Globals,
    progress::while_waiting,
    session::{Session, Stay},
    target::{Target, VISIBLE},
};
use chat_director::{DirectorClient, DirectorError};
use chat_node::{Code as NoticeCode, EnterError, Entry, Notice, Opening, Room, RoomAddress};
use chat_protocol::director::{Assignment, Refusal, Visibility};
use std::time::Duration;

/// A room that the director remembers may be just being opened: its members are asked again
/// for this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Arguments of `chat join`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The invite of a private discussion, or the id of a public one. Others on this machine
    /// can see it here: without it CHAT_INVITE is read, or you are asked
    #[arg(value_name = "INVITE|ROOM")]
    target: Option<String>,
    #[command(flatten)]
    stay: Stay,
}

const EXAMPLES: &str = "\
Examples:
  chat join                              asks for the invite, which nobody else sees
  CHAT_INVITE=chat1-… chat join          for scripts
  chat join ROOM                         a public one, by its id from `chat rooms`
  tail -f log | chat join --stay         says each line, and stays";

impl Args {
    /// Argument, else CHAT_INVITE, else asked for on a terminal.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        self.target.as_deref().map_or_else(Target::unseen, Target::on_command_line)
    }
}

pub(crate) async fn run(target: Target, args: Args, globals: Globals) -> Result<(), Failure> {
    let address = target.address;
    let invited = match &address {
        RoomAddress::Private(invite) => {
            Some(Invited { history: invite.history, sealed: !invite.clear })
        }
        RoomAddress::Public(_) => None,
    };
    let secret = invited.is_some();
    let connection = globals.connect(&globals.settings()?).await?;
    let director = DirectorClient::new(connection.clone());
    let asking = director.join(address.room());
    let assigned = while_waiting("waiting for the director", asking).await;
    if let Err(refused @ DirectorError::Refused(Refusal::Full, _)) = assigned {
        return Err(failure::director(refused, &connection.server));
    }
    match &assigned {
        Ok(assignment) => {
            check_terms(assignment, invited)?;
            let let_in = director.let_in(assignment).await;
            let_in.map_err(|error| failure::director(error, &connection.server))?;
        }
        // The members can't be asked without a pass.
        Err(why) if director.gives_passes() => {
            return Err(failure::director(why.clone(), &connection.server));
        }
        Err(_) => {}
    }
    let known = assigned.as_ref().ok();
    let entry = Entry {
        address,
        opening: Opening::Join {
            patience: if known.is_some() { PATIENCE } else { Duration::ZERO },
        },
        nick: globals.nick(),
        topic: known.and_then(|assignment| assignment.topic.clone()),
        history: terms(invited, known).map(|terms| terms.history),
        capacity: known.and_then(|assignment| assignment.capacity),
        visibility: if secret { Visibility::Private } else { Visibility::Public },
        sealed: terms(invited, known).is_none_or(|terms| terms.sealed),
    };
    let entering = async {
        let entered = Room::enter(connection.clone(), entry.clone()).await;
        if matches!(entered, Err(EnterError::Terms)) && terms(invited, known).is_none() {
            // A public room, and no director to tell that it is a clear one: the members do.
            return Room::enter(connection.clone(), Entry { sealed: false, ..entry }).await;
        }
        entered
    };
    let entered = while_waiting("waiting for someone in the discussion", entering).await;
    let room = entered.map_err(|error| match (error, assigned) {
        // Without a director's word on it nobody can say that there never was anyone.
        (EnterError::Nobody, Err(why)) => failure::director(why, &connection.server),
        (error, _) => error.into(),
    })?;
    let mut session = Session::new(&globals, &connection, args.stay)?;
    if target.visible {
        session.notice(Notice::new(NoticeCode::InviteVisible, VISIBLE));
    }
    session.run(room).await
}

/// What an invite says of its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Invited {
    history: bool,
    sealed: bool,
}

/// What is known of a room: by the invite, else by the director.
fn terms(invited: Option<Invited>, known: Option<&Assignment>) -> Option<Invited> {
    let told = |it: &Assignment| Invited { history: it.history, sealed: it.sealed };
    invited.or_else(|| known.map(told))
}

/// A director can't talk anyone into other terms than the invite's.
fn check_terms(assignment: &Assignment, invited: Option<Invited>) -> Result<(), Failure> {
    if terms(invited, Some(assignment)) != terms(None, Some(assignment)) {
        return Err(Failure::new(
            Code::Refused,
            "the director states other terms for this room than the invite: one of them lies",
        )
        .next("ask who invited you, and whether the director can be trusted"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_director_that_contradicts_the_invite_is_not_believed() {
        let told = |history, sealed| Assignment {
            room: chat_protocol::RoomId([1; 16]),
            members: Some(1),
            visibility: Visibility::Private,
            topic: None,
            capacity: None,
            history,
            sealed,
            opened: false,
            pass: None,
        };
        let all = [(false, false), (false, true), (true, false), (true, true)];
        for (history, sealed) in all {
            assert_eq!(check_terms(&told(history, sealed), None), Ok(()));
            for other in all {
                let checked =
                    check_terms(&told(other.0, other.1), Some(Invited { history, sealed }));
                let refused = checked.err().map(|failure| failure.code());
                assert_eq!(refused, (other != (history, sealed)).then_some(Code::Refused));
            }
        }
    }
}
