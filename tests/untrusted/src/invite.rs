//! What someone typed or pasted as an invite.

use chat_protocol::Invite;

/// Only an invite's own text is one: case, hyphens and white space apart.
pub fn invite(bytes: &[u8]) -> bool {
    let typed = String::from_utf8_lossy(bytes);
    let Ok(invite) = typed.parse::<Invite>() else { return false };
    let text = invite.to_string();
    assert_eq!(symbols(&text), symbols(&typed));
    assert_eq!(text.parse().as_ref(), Ok(&invite));
    true
}

fn symbols(text: &str) -> String {
    let kept = text.chars().filter(|c| *c != '-' && !c.is_whitespace());
    kept.flat_map(char::to_lowercase).collect()
}
