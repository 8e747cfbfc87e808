//! What is typed as NATS options, and the files of the `nats` tool.

use chat_connect::{NatsArgs, ServerAddr, Settings};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tempfile::TempDir;

/// A configuration folder of this process alone.
static CONFIG: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder can be made");
    fs::create_dir_all(folder.path().join("nats/context")).expect("folders can be made in it");
    folder
});

/// Settings are taken only if they make sense, and can be shown without credentials.
///
/// The bytes are three lines (servers, timeout, inbox prefix; not given where empty), then a
/// context file.
pub fn settings(bytes: &[u8]) -> bool {
    let mut parts = bytes.splitn(4, |byte| *byte == b'\n');
    let mut line = || {
        let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    let (server, timeout, inbox_prefix) = (line(), line(), line());
    let context = parts.next().map(write_context);
    let args = NatsArgs { server, timeout, inbox_prefix, context, ..NatsArgs::default() };
    let config = CONFIG.path().to_str().map(str::to_owned);
    let environment = |name: &str| config.clone().filter(|_| name == "XDG_CONFIG_HOME");
    let Ok(settings) = Settings::resolve_in(&args, environment) else { return false };

    assert!(!settings.timeout.is_zero());
    assert!(settings.inbox_prefix.iter().all(|prefix| prefix.starts_with("_INBOX")));
    assert!(settings.servers.as_ref().is_none_or(|servers| !servers.is_empty()));
    for shown in settings.shown().split(',') {
        let server: ServerAddr = shown.parse().expect("a server is shown as it may be typed");
        assert!(!server.has_user_pass(), "{shown} has credentials");
    }
    true
}

/// Writes the one context, and returns its name.
fn write_context(text: &[u8]) -> String {
    let file: PathBuf = Path::new(CONFIG.path()).join("nats/context/any.json");
    fs::write(file, text).expect("a file can be written");
    "any".to_owned()
}
