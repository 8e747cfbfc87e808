//! Figures as they are written down and drawn.

use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Charts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) charts: Vec<Chart>,
}

/// Quantities of one unit against one other; both axes are logarithmic.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Chart {
    /// What, and its unit.
    pub(crate) title: String,
    /// Against what.
    pub(crate) against: String,
    pub(crate) series: Vec<Series>,
}

/// One quantity as measured, and how it is thought to grow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) model: Option<Model>,
    pub(crate) points: Vec<Point>,
}

/// A measurement; of several the median, and between which it lies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) at: f64,
    pub(crate) value: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<[f64; 2]>,
}

impl Point {
    pub(crate) fn new(at: usize, value: f64) -> Self {
        Self { at: at as f64, value, spread: None }
    }
}

impl Series {
    pub(crate) fn new(name: &str, model: impl Into<Option<Model>>) -> Self {
        Self { name: name.into(), model: model.into(), points: Vec::new() }
    }
}

impl Chart {
    pub(crate) fn new(title: &str, against: &str, series: Vec<Series>) -> Self {
        Self { title: title.into(), against: against.into(), series }
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for Chart { title, against, series } in &self.charts {
            writeln!(f, "\n{title}, against {against}")?;
            for Series { name, model, points } in series {
                let model = model.map_or_else(String::new, |model| format!(", {model}"));
                write!(f, "  {name}{model}:")?;
                for Point { at, value, .. } in points {
                    write!(f, "  {at} → {}", short(*value))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Three digits, and a letter for thousands or millions.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 999_500.0 => format!("{} M", digits(value / 1e6)),
        size if size >= 9_995.0 => format!("{} k", digits(value / 1e3)),
        _ => digits(value),
    }
}

fn digits(value: f64) -> String {
    let rounded = format!("{value:.2e}").parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_at_most_and_no_idle_zeros() {
        for (value, shown) in [
            (0.0, "0"),
            (0.314, "0.314"),
            (0.00123, "0.00123"),
            (2.0, "2"),
            (12.345, "12.3"),
            (1000.0, "1000"),
            (20_000.0, "20 k"),
            (1_230_000.0, "1.23 M"),
        ] {
            assert_eq!(short(value), shown);
        }
    }
}
