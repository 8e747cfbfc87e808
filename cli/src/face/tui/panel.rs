//! What is laid over the transcript until it is closed.

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    pub(super) content: Content,
    /// The first line shown.
    pub(super) top: usize,
}

/// What a panel tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Keys and commands.
    Help,
    /// Who is here, and who has what.
    Roster,
    /// Digests, differences, repair.
    Agreement,
    /// What was asked for once.
    Text {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<String>,
    },
}

impl Panel {
    pub(super) fn new(content: Content) -> Self {
        Self { content, top: 0 }
    }

    /// Whether it tells what the room's members were last seen to have.
    pub(super) fn tells_standings(&self) -> bool {
        matches!(self.content, Content::Roster | Content::Agreement)
    }
}
