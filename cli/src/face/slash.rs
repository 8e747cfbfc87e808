//! What people may type behind a slash. Shared by all faces that people type into: a face says
//! what each command does there, this module what there is and how it is spelled.

/// A command, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slash {
    Help,
    Who,
    Nick(String),
    Me(String),
    Invite,
    Verify,
    /// Nobody else can come in.
    Lock,
    /// The number of a message; without it the last one.
    Why(Option<usize>),
    /// As [`Slash::Why`].
    Clock(Option<usize>),
    /// Whom; without it those ignored are told.
    Ignore(Option<String>),
    Search(String),
    Bell,
    /// Leaves; the last member is asked.
    Quit,
    /// Leaves at once.
    QuitNow,
    /// Fails on purpose, to see that the terminal survives it.
    #[cfg(debug_assertions)]
    Panic,
}

/// A command's name, what stands behind it, and what it does.
pub(super) struct Usage {
    pub(super) name: &'static str,
    pub(super) operand: &'static str,
    pub(super) does: &'static str,
}

const fn usage(name: &'static str, operand: &'static str, does: &'static str) -> Usage {
    Usage { name, operand, does }
}

/// All commands, as help lists them and completion offers them. A new one is added here, in
/// [`Slash`] and in [`parse`].
pub(super) const COMMANDS: [Usage; 14] = [
    usage("help", "", "keys and commands"),
    usage("who", "", "who is here, and who has what"),
    usage("nick", "NAME", "take another name"),
    usage("me", "DOES", "do something instead of saying it"),
    usage("invite", "", "how others join"),
    usage("verify", "", "whether all have the same transcript, who differs, what is repaired"),
    usage("lock", "", "let nobody in any more: the invite stops working"),
    usage("why", "[N]", "why message N stands where it does, and how it came"),
    usage("clock", "[N]", "the vector clock of message N"),
    usage("ignore", "[NAME]", "hide what someone says, or show it again"),
    usage("search", "[TEXT]", "find in what was said"),
    usage("bell", "", "ring when you are mentioned, or don't"),
    usage("quit", "", "leave; the last one is asked"),
    usage("quit!", "", "leave without being asked"),
];

/// What a line means: nothing if it is no command (`//x` says `/x`), else the command, or what
/// is wrong with it.
pub(super) fn parse(line: &str) -> Option<Result<Slash, String>> {
    let command = line.strip_prefix('/').filter(|rest| !rest.starts_with('/'))?;
    let (name, operand) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let operand = operand.trim();
    let some = (!operand.is_empty()).then(|| operand.to_owned());
    let needed = |what: &str| some.clone().ok_or_else(|| format!("/{name} {what}: which?"));
    let number = || match operand.trim_start_matches('#') {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| {
            format!("/{name} takes the number of a message, as in /{name} 7: {operand} is none")
        }),
    };
    Some(match name {
        "help" => Ok(Slash::Help),
        "who" => Ok(Slash::Who),
        "nick" => needed("NAME").map(Slash::Nick),
        "me" => needed("DOES").map(Slash::Me),
        "invite" => Ok(Slash::Invite),
        "verify" => Ok(Slash::Verify),
        "lock" => Ok(Slash::Lock),
        "why" => number().map(Slash::Why),
        "clock" => number().map(Slash::Clock),
        "ignore" => Ok(Slash::Ignore(some)),
        "search" => Ok(Slash::Search(operand.to_owned())),
        "bell" => Ok(Slash::Bell),
        "quit" => Ok(Slash::Quit),
        "quit!" => Ok(Slash::QuitNow),
        #[cfg(debug_assertions)]
        "panic" => Ok(Slash::Panic),
        unknown => Err(unknown_command(unknown)),
    })
}

/// What is said by a line that is no command.
pub(super) fn text(line: String) -> String {
    if line.starts_with("//") { line[1..].to_owned() } else { line }
}

fn unknown_command(name: &str) -> String {
    let distance = |usage: &Usage| strsim::damerau_levenshtein(usage.name, name);
    let nearest = COMMANDS.iter().min_by_key(|usage| distance(usage));
    let meant = nearest.filter(|usage| distance(usage) <= 1 + name.chars().count() / 4);
    match meant {
        Some(usage) => format!("there is no /{name}; did you mean /{}?", usage.name),
        None => format!("there is no /{name}; /help tells what there is, //{name} says it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_listed_is_understood() {
        for usage in COMMANDS {
            let operand = if usage.operand == "[N]" { "7" } else { "x" };
            let parsed = parse(&format!("/{} {operand}", usage.name));
            assert!(matches!(parsed, Some(Ok(_))), "{}", usage.name);
        }
    }

    #[test]
    fn a_doubled_slash_says_a_slash_and_other_text_is_no_command() {
        assert_eq!(parse("//me too"), None);
        assert_eq!(text("//me too".into()), "/me too");
        assert_eq!(parse("and/or"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn numbers_may_be_written_as_they_are_shown() {
        assert_eq!(parse("/why #12"), Some(Ok(Slash::Why(Some(12)))));
        assert_eq!(parse("/why"), Some(Ok(Slash::Why(None))));
        assert!(parse("/clock bob").is_some_and(|parsed| parsed.is_err()));
    }

    #[test]
    fn a_mistyped_command_is_answered_with_the_nearest_one() {
        let answer = |line: &str| parse(line).unwrap().unwrap_err();
        assert!(answer("/inivte").ends_with("did you mean /invite?"));
        assert!(answer("/quti").ends_with("did you mean /quit?"));
        assert!(answer("/dance").contains("/help"));
        assert!(answer("/nick").contains("NAME"));
    }
}
