//! One check, and what all of them come to.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::Value;

/// How a check came out; the worse, the greater. What nobody knows is worse than what is known
/// to be only a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    #[default]
    Ok,
    Warning,
    Unknown,
    Critical,
}

impl Status {
    /// The contract's.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }

    fn color(self) -> u8 {
        match self {
            Self::Ok => 32,
            Self::Warning | Self::Unknown => 33,
            Self::Critical => 31,
        }
    }
}

/// What was checked, what was found, what to do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    pub(super) status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    pub(super) found: Vec<Value>,
}

impl Check {
    pub(super) fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, detail: detail.into(), next: None, found: Vec::new() }
    }

    pub(super) fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    pub(super) fn found(self, found: impl IntoIterator<Item = Value>) -> Self {
        Self { found: found.into_iter().collect(), ..self }
    }

    /// As a line, and one that says what to do; what others wrote is in them only cleaned.
    pub(super) fn lines(&self, colors: bool, clean: fn(&str) -> String) -> String {
        let word = format!("{:8}", self.status.word());
        let word =
            if colors { format!("\u{1b}[{}m{word}\u{1b}[0m", self.status.color()) } else { word };
        let line = format!("{word}  {:10}  {}", self.name, clean(&self.detail));
        match &self.next {
            Some(next) => format!("{line}\n{:22}next: {}", "", clean(next)),
            None => line,
        }
    }
}

/// All checks. Serialized, it is the contract's object.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
}

impl Report {
    /// The worst of all.
    pub(super) fn status(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or_default()
    }

    /// The last line for people.
    pub(super) fn verdict(&self) -> String {
        let verdict = match self.status() {
            Status::Ok => "good",
            Status::Warning => "warning: see above",
            Status::Critical => "critical: see above",
            Status::Unknown => "unknown: not everything could be checked",
        };
        format!("=> {verdict}")
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Report", 2)?;
        object.serialize_field("status", &self.status())?;
        object.serialize_field("checks", &self.checks)?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(statuses: &[Status]) -> Report {
        let check = |status: &Status| Check::new("server", *status, "it is there");
        Report { checks: statuses.iter().map(check).collect() }
    }

    #[test]
    fn the_worst_check_decides_and_has_the_contracts_exit_code() {
        use Status::{Critical, Ok, Unknown, Warning};
        for (checks, code) in [
            (vec![Ok, Ok], 0),
            (vec![Ok, Warning], 1),
            (vec![Unknown, Critical, Warning], 2),
            (vec![Warning, Unknown], 3),
        ] {
            assert_eq!(report(&checks).status().exit_code(), code, "{checks:?}");
        }
    }

    #[test]
    fn the_object_is_the_contracts() {
        let json = serde_json::to_string(&report(&[Status::Warning])).unwrap();
        let expected = r#"{"status":"warning","checks":[{"name":"server","status":"warning","detail":"it is there","found":[]}]}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn a_line_says_what_was_found_and_the_next_one_what_to_do() {
        let check = Check::new("tls", Status::Warning, "in the clear").next("use tls://");
        let lines = check.lines(false, str::to_owned);
        assert_eq!(lines, format!("warning   tls         in the clear\n{:22}next: use tls://", ""));
        assert!(check.lines(true, str::to_owned).starts_with("\u{1b}[33mwarning"));
    }
}
