//! The figures, for people and for programs.

use super::{
    figures::{Figures, Spread},
    plan::Plan,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// One JSON object.
pub(crate) fn json(plan: Plan, figures: &Figures) -> Value {
    let Figures { raw, ours } = figures;
    let round = |spread: &Spread| spread.median().round();
    let ends = |spread: &Spread| spread.ends().map(f64::round);
    json!({
        "members": plan.members,
        "senders": plan.senders,
        "payload_bytes": plan.payload,
        "sealed": plan.sealed,
        "repeats": plan.repeats,
        "raw_deliveries_per_s": round(&raw.deliveries_per_s),
        "raw_deliveries_per_s_spread": ends(&raw.deliveries_per_s),
        "chat_deliveries_per_s": round(&ours.deliveries_per_s),
        "chat_deliveries_per_s_spread": ends(&ours.deliveries_per_s),
        "ratio": ratio(&ours.deliveries_per_s, &raw.deliveries_per_s),
        "raw_p50_us": round(&raw.p50),
        "raw_p99_us": round(&raw.p99),
        "p50_us": round(&ours.p50),
        "p50_us_spread": ends(&ours.p50),
        "p99_us": round(&ours.p99),
        "p99_us_spread": ends(&ours.p99),
        "lost": ours.faults.lost,
        "duplicated": ours.faults.duplicated,
        "reordered": ours.faults.reordered,
        "raw_lost": raw.faults.lost,
    })
}

/// A table.
pub(crate) fn table(plan: Plan, figures: &Figures) -> String {
    let Figures { raw, ours } = figures;
    let Plan { members, senders, payload, repeats, sealed } = plan;
    let speaking = match senders {
        1 => "one speaks".to_owned(),
        all if all == members => "all speak".to_owned(),
        some => format!("{some} speak"),
    };
    let kind = if sealed { "sealed" } else { "clear" };
    let mut table = format!(
        "{members} members, {speaking}, {payload} bytes a message, {kind}; medians of {repeats}, \
         in turns\n\n{:26}{:>26}{:>26}{:>8}\n",
        "", "raw NATS", "chat", "ratio"
    );
    let mut row = |what: &str, raw: &Spread, ours: &Spread, unit: &str| {
        let cell = |spread: &Spread| {
            let [least, most] = spread.ends().map(short);
            format!("{}{unit} ({least}–{most})", short(spread.median()))
        };
        let (raw_cell, our_cell) = (cell(raw), cell(ours));
        let ratio = ratio(ours, raw);
        let _ = writeln!(table, "{what:26}{raw_cell:>26}{our_cell:>26}{ratio:>8.2}");
    };
    row("deliveries a second", &raw.deliveries_per_s, &ours.deliveries_per_s, "");
    row("100 messages a second: p50", &raw.p50, &ours.p50, " us");
    row("                       p99", &raw.p99, &ours.p99, " us");
    let faults = ours.faults;
    let _ = write!(
        table,
        "\nof chat's, lost: {}, twice: {}, out of order: {}",
        faults.lost, faults.duplicated, faults.reordered
    );
    if raw.faults.lost > 0 {
        let _ = write!(table, " (of raw NATS's, lost: {})", raw.faults.lost);
    }
    table
}

fn ratio(ours: &Spread, raw: &Spread) -> f64 {
    (ours.median() / raw.median() * 100.0).round() / 100.0
}

/// Three digits, and a letter for thousands or millions.
fn short(value: f64) -> String {
    let (value, letter) = match value {
        millions if millions >= 999_500.0 => (millions / 1e6, " M"),
        thousands if thousands >= 9_999.5 => (thousands / 1e3, " k"),
        few => (few, ""),
    };
    let decimals =
        if letter.is_empty() || value >= 100.0 { 0 } else { 2 - usize::from(value >= 10.0) };
    format!("{value:.decimals$}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (value, shown) in [
            (1_702_113.0, "1.70 M"),
            (999_999.0, "1.00 M"),
            (354_321.0, "354 k"),
            (12_345.0, "12.3 k"),
            (9_999.0, "9999"),
            (431.4, "431"),
        ] {
            assert_eq!(short(value), shown);
        }
    }
}
