//! Where nats-server is.

use crate::failure::{Code, Failure};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest server on PATH that will do: message tracing came with it.
const OLDEST: (u32, u32) = (2, 11);

/// The server to start: the one named by CHAT_NATS_SERVER, one that came with this program,
/// or one on PATH.
pub(crate) fn find() -> Result<PathBuf, Failure> {
    let named = std::env::var_os("CHAT_NATS_SERVER").map(PathBuf::from);
    if let Some(named) = named {
        let missing = || {
            Failure::new(
                Code::NoServer,
                format!("CHAT_NATS_SERVER names {}, which is no file", named.display()),
            )
        };
        return if named.is_file() { Ok(named) } else { Err(missing()) };
    }
    let beside = std::env::current_exe().ok().and_then(|program| beside(&program, Path::is_file));
    beside.or_else(on_path).ok_or_else(|| {
        Failure::new(Code::NoServer, "no NATS server is named, none is on this machine, and there is no nats-server to start")
            .next("`make nats-server` fetches one, or install nats-server 2.11 or newer, or name a server with --server")
    })
}

/// Next to the program, where `make install` puts it, or where a checkout has it.
fn beside(program: &Path, is_file: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = program.parent()?;
    let installed = [folder.join("nats-server"), folder.join("../libexec/chat/nats-server")];
    let checkout = folder.ancestors().map(|above| above.join("nats/bin/nats-server"));
    installed.into_iter().chain(checkout).find(|path| is_file(path))
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
    found.find(|server| server.is_file() && is_recent(server))
}

fn is_recent(server: &Path) -> bool {
    let output = Command::new(server).arg("--version").stdin(Stdio::null()).output();
    output.is_ok_and(|output| version(&String::from_utf8_lossy(&output.stdout)) >= Some(OLDEST))
}

/// The version in `nats-server: v2.11.0`.
fn version(said: &str) -> Option<(u32, u32)> {
    let (_, version) = said.split_once(": v")?;
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_server_wins() {
        let order = [
            "/src/chat/target/release/nats-server",
            "/src/chat/target/release/../libexec/chat/nats-server",
            "/src/chat/target/nats/bin/nats-server",
            "/src/chat/nats/bin/nats-server",
            "/nats/bin/nats-server",
        ];
        let program = Path::new("/src/chat/target/release/chat");
        for from in 0..order.len() {
            let there = &order[from..];
            let found = beside(program, |path| there.iter().any(|known| Path::new(known) == path));
            assert_eq!(found.as_deref(), Some(Path::new(order[from])));
        }
        assert_eq!(beside(program, |_| false), None);
    }

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(version("nats-server: v2.15.1\n"), Some((2, 15)));
        assert!(version("nats-server: v2.10.26") < Some(OLDEST));
        assert_eq!(version("something else"), None);
    }
}
