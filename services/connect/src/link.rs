//! The state of a connection's link, as the client's events tell it.

use async_nats::Event;

/// The state of a connection's link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Connected now.
    pub up: bool,
    /// How often it was lost so far: a watcher sees by this that it missed a short break.
    pub losses: u64,
    /// How often another client took over, without a loss; of all clients the one of this
    /// number tells.
    pub moves: u64,
    /// The server has said that it will close.
    pub leaving: bool,
    /// The server doesn't let this client back in: who it was then it is no more.
    pub refused: bool,
    /// Messages that this client dropped because a subscription's queue was full.
    pub dropped: u64,
    /// The server's last complaint (a permission violation, say), and how many there were.
    pub complaint: Option<(u64, String)>,
}

impl Link {
    /// Which connection this is: another one after each move and each loss.
    #[must_use]
    pub fn connection(&self) -> (u64, u64) {
        (self.moves, self.losses)
    }

    /// How many complaints of the server there were.
    #[must_use]
    pub fn complaints(&self) -> u64 {
        self.complaint.as_ref().map_or(0, |(count, _)| *count)
    }

    /// What the server has complained of last, if it has since there were so many.
    #[must_use]
    pub fn complaint_since(&self, count: u64) -> Option<&str> {
        self.complaint.as_ref().filter(|(last, _)| *last != count).map(|(_, text)| text.as_str())
    }
}

/// What the client says of each try to connect again. It says no more than that the connection
/// is lost, and that is told.
const LOST: &str = "IO error";
/// What it says where the server has refused the credentials.
const REFUSED: &str = "authorization violation";

pub(crate) fn note(link: &mut Link, event: &Event) {
    match event {
        Event::Connected => {
            link.up = true;
            link.leaving = false;
            link.refused = false;
        }
        Event::Disconnected | Event::Closed => {
            link.up = false;
            link.losses += 1;
        }
        Event::SlowConsumer(_) => link.dropped += 1,
        Event::ServerError(error) => complain(link, error.to_string()),
        Event::ClientError(error) => {
            let text = error.to_string();
            link.refused |= text.ends_with(REFUSED);
            if !text.ends_with(LOST) {
                complain(link, text);
            }
        }
        Event::LameDuckMode => link.leaving = true,
        Event::Draining => {}
    }
}

pub(crate) fn complain(link: &mut Link, text: String) {
    link.complaint = Some((link.complaints() + 1, text));
}
