//! Which discussion is meant: an invite or a public room's id, given on the command line,
//! where others on the machine can see it, or where they can't.

use crate::failure::{Code, Failure};
use chat_node::RoomAddress;
use chat_protocol::{Invite, invite::InviteError};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Write};

/// What is told of an invite given on the command line.
pub(crate) const VISIBLE: &str = "the invite stood on the command line, where others on this machine can see it; CHAT_INVITE or the prompt hide it";

/// What an invite begins with.
const PREFIX: &str = "chat1-";

/// How often an invite is asked for.
const TRIES: usize = 3;

/// A discussion, and whether its secret stands in the list of processes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: RoomAddress,
    pub(crate) visible: bool,
}

impl Target {
    /// From an argument.
    pub(crate) fn on_command_line(text: &str) -> Result<Self, Failure> {
        let address = parse(text)?;
        let visible = matches!(address, RoomAddress::Private(_));
        Ok(Self { address, visible })
    }

    /// From CHAT_INVITE, else asked for on a terminal.
    pub(crate) fn unseen() -> Result<Self, Failure> {
        let variable = std::env::var("CHAT_INVITE").ok().filter(|text| !text.is_empty());
        let text = match variable {
            Some(text) => text,
            None if io::stdin().is_terminal() => return ask(),
            None => {
                return Err(Failure::new(
                    Code::Usage,
                    "no invite: neither an argument nor CHAT_INVITE",
                )
                .next("set CHAT_INVITE, or give it as an argument, which others on this machine can see"));
            }
        };
        Ok(Self { address: parse(&text)?, visible: false })
    }
}

/// The meaning of an invite or a room's id, with or without the command that was copied with it.
fn parse(text: &str) -> Result<RoomAddress, Failure> {
    let text = without_command(text);
    if let Ok(room) = text.to_ascii_lowercase().parse() {
        return Ok(RoomAddress::Public(room));
    }
    match text.parse::<Invite>() {
        Ok(invite) => Ok(RoomAddress::Private(invite)),
        Err(error) => Err(no_target(text, &error)),
    }
}

/// Nothing of the text is repeated: it may be nearly an invite.
fn no_target(text: &str, error: &InviteError) -> Failure {
    const LOOKS: &str =
        "an invite looks like chat1-xxxx-…, a public room's id has 26 characters (`chat rooms`)";
    if *error != InviteError::Prefix {
        return Failure::new(Code::Usage, error.to_string()).next(LOOKS);
    }
    let begins: String = text.chars().take(PREFIX.len()).collect();
    let misspelt = text.len() > PREFIX.len()
        && strsim::damerau_levenshtein(&begins.to_lowercase(), PREFIX) <= 2;
    if misspelt {
        return Failure::new(Code::Usage, error.to_string()).next("did you mean chat1-…?");
    }
    let what = if text.is_empty() {
        "nothing was given"
    } else {
        "that is neither an invite nor a public room's id"
    };
    Failure::new(Code::Usage, what).next(format!("{LOOKS}; `chat start TOPIC` opens a discussion"))
}

fn without_command(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("chat join").map_or(text, str::trim_start)
}

/// Asks on the terminal, and again where that was none.
fn ask() -> Result<Target, Failure> {
    let mut tries = 0;
    loop {
        let read = unechoed(read_invite);
        writeln!(io::stderr())?;
        tries += 1;
        match parse(&read?) {
            Ok(address) => return Ok(Target { address, visible: false }),
            Err(failure) if tries == TRIES => return Err(failure),
            Err(failure) => drop(failure.report()),
        }
    }
}

/// Asks for a line that holds more than the command, or the end of input: copied from a narrow screen the
/// invite follows on a line of its own.
fn read_invite() -> io::Result<String> {
    let mut stderr = io::stderr();
    write!(stderr, "invite (not shown): ").and_then(|()| stderr.flush())?;
    let mut line = String::new();
    while io::stdin().read_line(&mut line)? > 0 && without_command(&line).is_empty() {}
    Ok(line)
}

/// Reads from the terminal without showing what is typed.
fn unechoed<T>(read: impl FnOnce() -> T) -> T {
    let found = tcgetattr(io::stdin());
    if let Ok(mut silent) = found.clone() {
        silent.local_modes.remove(LocalModes::ECHO);
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &silent);
    }
    let read = read();
    if let Ok(found) = found {
        // Whatever was pasted behind must not reach the shell, and its history.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &found);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_protocol::RoomId;

    #[test]
    fn an_invite_and_a_rooms_id_are_told_apart_and_typos_are_usage_errors() {
        let invite = Invite { secret: [7; 20].into(), clear: true, history: true }.to_string();
        let copied = format!(" chat join {invite}");
        for text in [invite.clone(), invite.to_uppercase(), copied] {
            let target = Target::on_command_line(&text).unwrap();
            assert!(matches!(target.address, RoomAddress::Private(_)) && target.visible);
        }
        let room = RoomId([9; 16]);
        let target = Target::on_command_line(&room.to_string()).unwrap();
        assert!(matches!(target.address, RoomAddress::Public(id) if id == room));
        assert!(!target.visible, "a public room's id is no secret");
        for wrong in ["", "lunch", "chat1-aaaa", &"1".repeat(26)] {
            assert_eq!(parse(wrong).unwrap_err().code(), Code::Usage, "{wrong}");
        }
        let neither = parse("jowf").unwrap_err();
        assert_eq!(neither, no_target("jowf", &InviteError::Prefix));
        assert!(format!("{neither:?}").contains("chat start TOPIC"), "{neither:?}");
        let misspelt = parse("caht1-aaaa").unwrap_err();
        assert!(format!("{misspelt:?}").contains("did you mean chat1-"), "{misspelt:?}");
    }
}
