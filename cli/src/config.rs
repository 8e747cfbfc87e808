//! The configuration file: what one likes, and nothing that a discussion is about. Read, never
//! written.
//!
//! ```toml
//! # ~/.config/chat/config.toml
//! nick = "mole"
//! bell = false
//! color = "never"
//! ```

use crate::{
    failure::{Code, Failure},
    globals::Color,
};
use chat_protocol::nick;
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Every setting, and what it means.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("nick = \"NAME\"", "what the others see you as; CHAT_NICK and --nick win"),
    ("bell = false", "no bell when someone names you; so does --no-bell"),
    ("color = \"WHEN\"", "auto, always or never; NO_COLOR and --color win"),
];

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default, deserialize_with = "nick")]
    pub(crate) nick: Option<String>,
    pub(crate) bell: Option<bool>,
    pub(crate) color: Option<Color>,
}

impl Config {
    /// The file's, or an empty one where there is none.
    pub(crate) fn load() -> Result<Self, Failure> {
        let Some(file) = file(|name| std::env::var_os(name).map(PathBuf::from)) else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text, &file),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(Self::default())
            }
            Err(error) => {
                let what = format!("{} can't be read: {error}", file.display());
                Err(Failure::new(Code::Usage, what).next("set it right, or remove it"))
            }
        }
    }

    fn parse(text: &str, file: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let begin = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.as_bytes()[..begin].iter().filter(|byte| **byte == b'\n').count();
            let why = error.message().replace('\n', "; ");
            let known = SETTINGS.iter().map(|(setting, _)| *setting).collect::<Vec<_>>().join(", ");
            Failure::new(Code::Usage, format!("{}:{line}: {why}", file.display()))
                .next(format!("settings are {known}"))
        })
    }
}

/// `${XDG_CONFIG_HOME:-~/.config}/chat/config.toml`
fn file(environment: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| environment(name).filter(|path| !path.as_os_str().is_empty());
    let home = || Some(set("HOME")?.join(".config"));
    Some(set("XDG_CONFIG_HOME").or_else(home)?.join("chat/config.toml"))
}

fn nick<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let nick = String::deserialize(deserializer)?;
    nick::check(&nick).map_err(D::Error::custom)?;
    Ok(Some(nick))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("/c/config.toml"))
    }

    #[test]
    fn settings_are_read_and_may_all_be_left_out() {
        let all = parse("# mine\nnick = \"mole\"\nbell = false\ncolor = \"never\"\n").unwrap();
        assert_eq!(all.nick.as_deref(), Some("mole"));
        assert_eq!((all.bell, all.color), (Some(false), Some(Color::Never)));
        assert_eq!(parse(""), Ok(Config::default()));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        for (text, line, word) in [
            ("nick = \"a\"\n\nnik = \"b\"\n", 3, "nik"),
            ("color = \"pink\"\n", 1, "pink"),
            ("bell = \"no\"\n", 1, "boolean"),
            ("\nnick = \" \"\n", 2, "empty"),
            (&format!("\nnick = \"{}\"", "n".repeat(33)), 2, "at most 32"),
            ("nick = \"a\"\nnick = \"b\"\n", 2, "duplicate"),
            ("nick", 1, ""),
        ] {
            let failure = parse(text).unwrap_err();
            assert_eq!(failure.code(), Code::Usage);
            let told = format!("{failure:?}");
            assert!(told.contains(&format!("/c/config.toml:{line}: ")), "{text:?}: {told}");
            assert!(told.contains(word), "{text:?}: {told}");
        }
    }

    #[test]
    fn the_file_is_where_such_files_are() {
        let with = |known: &'static [(&str, &str)]| {
            file(|name| {
                known.iter().find(|(known, _)| *known == name).map(|(_, path)| PathBuf::from(path))
            })
        };
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(with(&[("HOME", "/h")]), at("/h/.config/chat/config.toml"));
        let both = with(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]);
        assert_eq!(both, at("/x/chat/config.toml"));
        assert_eq!(with(&[("XDG_CONFIG_HOME", ""), ("HOME", "/h")]), with(&[("HOME", "/h")]));
        assert_eq!(with(&[]), None);
    }
}
