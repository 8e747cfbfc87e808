//! Sixteen colours that the terminal's own theme makes readable on light and dark, or none.

use chat_protocol::NodeId;
use ratatui::style::{Color, Modifier, Style};

const AUTHORS: [Color; 6] =
    [Color::Red, Color::Green, Color::Yellow, Color::Blue, Color::Magenta, Color::Cyan];

/// How things look; without colours they differ by weight alone.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) colors: bool,
}

impl Look {
    /// Someone's name, always in the same colour.
    pub(super) fn author(self, node: NodeId) -> Style {
        self.fg(AUTHORS[usize::from(node.0[0]) % AUTHORS.len()]).add_modifier(Modifier::BOLD)
    }

    /// What may be passed over.
    pub(super) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(super) fn good(self) -> Style {
        self.fg(Color::Green)
    }

    pub(super) fn wrong(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// What must not be overlooked.
    pub(super) fn alert(self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if self.colors {
            style.fg(Color::Black).bg(Color::Yellow)
        } else {
            style.add_modifier(Modifier::REVERSED)
        }
    }

    /// What was searched for.
    pub(super) fn found(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn fg(self, color: Color) -> Style {
        if self.colors { Style::new().fg(color) } else { Style::new() }
    }
}
