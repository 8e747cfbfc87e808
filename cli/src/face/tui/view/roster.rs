//! Who is here, and who has what.

use super::{
    super::{
        model::Model,
        wrap::{cut_name, padded, width, wrap},
    },
    style::Look,
};
use chat_node::Standing;
use chat_protocol::{Dot, NodeId, hash::TranscriptDigest};
use ratatui::{
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

/// Members whose clocks are shown side by side.
const MATRIX: usize = 8;
/// Columns of a nick and its tag, at most.
const NAME: usize = 24;
/// Columns of a digest.
const DIGEST: usize = 12;
/// Missing frames that are named.
const NAMED: usize = 6;

/// The list at the side of a wide screen.
pub(super) fn side(model: &Model, look: Look, area: Rect) -> Vec<Line<'static>> {
    let columns = usize::from(area.width).saturating_sub(3);
    let mut lines = Vec::new();
    for (node, who) in members(model) {
        let (mark, style) = reachable(model, node, look);
        let hidden = if model.is_hidden(node) { " (ignored)" } else { "" };
        let who = cut_name(&who, columns.saturating_sub(width(hidden)));
        lines.push(Line::from(vec![
            Span::styled("│", look.faint()),
            Span::styled(mark, style),
            Span::styled(who + hidden, look.author(node)),
        ]));
    }
    let rows = usize::from(area.height);
    if lines.len() > rows && rows > 0 {
        let more = lines.len() - rows + 1;
        lines.truncate(rows - 1);
        lines.push(Line::from(format!("│ and {more} more")));
    }
    lines.resize(rows, Line::from("│").style(look.faint()));
    lines
}

/// The panel of F2: keys, agreement, clocks.
pub(super) fn lines(model: &Model, look: Look) -> Vec<Line<'static>> {
    let (members, widest) = in_columns(model);
    let mut lines = Vec::new();
    for (node, who) in &members {
        let (mark, style) = reachable(model, *node, look);
        let was = model.room.others.get(node).and_then(|person| person.was.as_ref());
        let was = was.map(|was| format!("was {was}"));
        let hidden = model.is_hidden(*node).then(|| "ignored".to_owned());
        let beside = was.into_iter().chain(hidden).collect::<Vec<_>>().join(", ");
        let (verdict, verdict_style) = verdict(model, *node, look);
        lines.push(Line::from(vec![
            Span::styled(mark, style),
            Span::styled(padded(who, widest + 2), look.author(*node)),
            Span::styled(padded(&verdict, 22), verdict_style),
            Span::styled(beside, look.faint()),
        ]));
    }
    lines.push(Line::default());
    lines.extend(keys(model, look, &members, widest));
    lines.push(Line::from("What each had seen of each, when last speaking (frames):"));
    lines.extend(matrix(model, look, &members, widest));
    lines
}

/// Each other's key in words. They wrap: whoever compares must see all of them.
fn keys(
    model: &Model,
    look: Look,
    members: &[(NodeId, String)],
    widest: usize,
) -> Vec<Line<'static>> {
    let columns = super::panel::columns(model).saturating_sub(widest + 4);
    let told = "Keys in words: compare them by voice, each one's with what it says there.";
    let mut lines = vec![Line::from(told)];
    for (node, who) in members {
        let other = model.room.others.get(node).map(|person| &person.fingerprint);
        let words = wrap(&other.unwrap_or(&model.room.fingerprint).replace('-', " "), columns);
        for (row, words) in words.iter().enumerate() {
            let who = if row == 0 { who.as_str() } else { "" };
            lines.push(Line::from(vec![
                Span::styled(padded(&format!("  {who}"), widest + 4), look.author(*node)),
                Span::raw(words.clone()),
            ]));
        }
    }
    lines.push(Line::default());
    lines
}

/// The panel of `/verify`: digests, differences, repair.
pub(super) fn agreement(model: &Model, look: Look) -> Vec<Line<'static>> {
    let Some(verified) = &model.room.verified else { return vec![Line::from("asking …")] };
    let (members, widest) = in_columns(model);
    let mut lines = vec![Line::from("Digests of the newest messages, shortened:")];
    for (node, who) in &members {
        let digest = match standing(model, *node) {
            Some(standing) => standing.digest.map(short),
            None => (Some(*node) == model.room.own).then(|| short(verified.digest)),
        };
        let (verdict, style) = verdict(model, *node, look);
        lines.push(Line::from(vec![
            Span::styled(padded(who, widest + 2), look.author(*node)),
            Span::raw(padded(&digest.unwrap_or_else(|| "no digest yet".into()), DIGEST + 4)),
            Span::styled(verdict, style),
        ]));
    }
    lines.push(Line::default());
    if let Some(agreement) = model.room.comparison.latest() {
        lines.push(Line::from(format!("Of the whole transcript here: {}", agreement.digest)));
    }
    let own = match verified.holes {
        0 => "Nothing is missing here.".into(),
        holes => format!("{holes} frame(s) are missing here."),
    };
    lines.push(Line::from(own));
    lines.extend(named(model, "Being asked for:", &verified.wanted));
    lines.extend(named(model, "Nobody could give, still looked for:", &verified.waived));
    lines.push(Line::default());
    let told = "As of each one's last beat: a second or two of difference is normal.";
    lines.push(Line::from(told).style(look.faint()));
    lines
}

/// This node first.
fn members(model: &Model) -> Vec<(NodeId, String)> {
    let own = model.room.own.map(|own| (own, model.room.who(own)));
    let others = model.room.others.iter().map(|(node, person)| (*node, person.who.clone()));
    own.into_iter().chain(others).collect()
}

/// The members by names that fit into a column, and how wide that is.
fn in_columns(model: &Model) -> (Vec<(NodeId, String)>, usize) {
    let named = members(model).into_iter().map(|(node, who)| (node, cut_name(&who, NAME)));
    let members: Vec<_> = named.collect();
    let widest = members.iter().map(|(_, who)| width(who)).max().unwrap_or(0);
    (members, widest)
}

fn standing(model: &Model, node: NodeId) -> Option<&Standing> {
    model.room.verified.as_ref()?.members.iter().find(|standing| standing.node == node)
}

fn reachable(model: &Model, node: NodeId, look: Look) -> (&'static str, Style) {
    match model.room.others.get(&node) {
        Some(person) if !person.reachable => ("○ ", look.wrong()),
        _ => ("● ", look.good()),
    }
}

fn verdict(model: &Model, node: NodeId, look: Look) -> (String, Style) {
    if Some(node) == model.room.own {
        return ("this is you".into(), Style::new());
    }
    if model.room.down {
        return ("not compared: cut off".into(), look.faint());
    }
    match standing(model, node) {
        None => ("not compared yet".into(), look.faint()),
        Some(standing) if !standing.present => ("can't be reached".into(), look.wrong()),
        Some(standing) if standing.same => ("✓ the same".into(), look.good()),
        Some(Standing { digest: None, .. }) => ("not compared yet".into(), look.faint()),
        Some(Standing { holes: 0, .. }) => ("≠ differs".into(), look.strong()),
        Some(Standing { holes, .. }) => (format!("≠ differs, lacks {holes}"), look.strong()),
    }
}

fn matrix(
    model: &Model,
    look: Look,
    members: &[(NodeId, String)],
    widest: usize,
) -> Vec<Line<'static>> {
    let clocks = model.transcript.clocks();
    let shown = &members[..members.len().min(MATRIX)];
    let mut head = vec![Span::raw(" ".repeat(widest + 4))];
    head.extend(
        shown
            .iter()
            .map(|(node, _)| Span::styled(format!("{:>7}", node.tag()), look.author(*node))),
    );
    let mut lines = vec![Line::from(head)];
    for (node, who) in shown {
        let mut row =
            vec![Span::styled(format!("  {}", padded(who, widest + 2)), look.author(*node))];
        match clocks.get(node) {
            None => row.push(Span::styled("  has not spoken", look.faint())),
            Some(clock) => {
                let seen = shown.iter().map(|(author, _)| format!("{:>7}", clock.get(author)));
                row.extend(seen.map(Span::raw));
            }
        }
        lines.push(Line::from(row));
    }
    if members.len() > MATRIX {
        lines.push(Line::from(format!(
            "  and {} more; /clock N tells all of one message",
            members.len() - MATRIX
        )));
    }
    lines
}

fn named(model: &Model, what: &str, dots: &[Dot]) -> Option<Line<'static>> {
    if dots.is_empty() {
        return None;
    }
    let named = dots.iter().take(NAMED);
    let named: Vec<_> =
        named.map(|dot| format!("{} {}", model.room.who(dot.node), dot.number)).collect();
    let more = dots.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(Line::from(format!("{what} {}{more}", named.join(", "))))
}

fn short(digest: TranscriptDigest) -> String {
    digest.to_string().chars().take(DIGEST).collect()
}
