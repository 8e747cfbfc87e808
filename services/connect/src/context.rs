//! Contexts of the `nats` tool: `${XDG_CONFIG_HOME:-~/.config}/nats/context/NAME.json`, the
//! selected one named in `nats/context.txt`. Read, never written.

use crate::SettingsError;
use serde::Deserialize;
use std::{io::ErrorKind, path::PathBuf};

/// The fields that matter here; the tool's others are ignored. Empty means absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) creds: String,
    pub(crate) nkey: String,
    pub(crate) cert: String,
    pub(crate) key: String,
    pub(crate) ca: String,
    pub(crate) inbox_prefix: String,
    pub(crate) tls_first: bool,
}

impl Context {
    /// The named context, or the selected one, or an empty one if none is selected.
    pub(crate) fn load(
        name: Option<&str>,
        environment: &impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, String), SettingsError> {
        let Some(folder) = folder(environment) else {
            return name.map_or_else(
                || Ok(Default::default()),
                |name| {
                    Err(SettingsError::NoContext {
                        name: name.into(),
                        file: "~/.config/nats".into(),
                    })
                },
            );
        };
        let selected = || {
            let text = std::fs::read_to_string(folder.join("context.txt")).ok()?;
            Some(text.trim().to_owned()).filter(|name| !name.is_empty())
        };
        let Some(name) = name.map(str::to_owned).or_else(selected) else {
            return Ok(Default::default());
        };
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(SettingsError::NoContext { name, file: folder });
        }
        let file = folder.join("context").join(format!("{name}.json"));
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SettingsError::NoContext { name, file });
            }
            Err(source) => {
                return Err(SettingsError::UnreadableContext { file, why: source.to_string() });
            }
        };
        let mut context: Self = serde_json::from_slice(&text).map_err(|error| {
            // Serde's message may quote a value, which may be a password.
            let why = format!("line {}, column {}", error.line(), error.column());
            SettingsError::UnreadableContext { file, why }
        })?;
        for file in [
            &mut context.creds,
            &mut context.nkey,
            &mut context.cert,
            &mut context.key,
            &mut context.ca,
        ] {
            if let Some((rest, home)) = file.strip_prefix("~/").zip(environment("HOME")) {
                *file = format!("{home}/{rest}");
            }
        }
        Ok((context, name))
    }
}

fn folder(environment: &impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let config = environment("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || Some(PathBuf::from(environment("HOME")?).join(".config"));
    Some(config.or_else(home)?.join("nats"))
}
