//! `chat-probe 127.0.0.1:8222/healthz`: exits 0 where that page says 200, else 1 and says what
//! it got. For HEALTHCHECK in images that hold neither a shell nor curl.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    process::ExitCode,
    time::Duration,
};

/// Whoever is healthy answers within this time.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let Some((address, path)) = std::env::args().nth(1).and_then(|page| {
        let (address, path) = page.split_once('/')?;
        Some((address.to_owned(), path.to_owned()))
    }) else {
        eprintln!("usage: chat-probe HOST:PORT/PATH");
        return ExitCode::from(2);
    };
    match status(&address, &path) {
        Ok(line) if line.split(' ').nth(1) == Some("200") => ExitCode::SUCCESS,
        Ok(line) => {
            println!("{line}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{address}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first line of the answer.
fn status(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut start = Vec::new();
    stream.take(256).read_to_end(&mut start)?;
    let start = String::from_utf8_lossy(&start);
    Ok(start.lines().next().unwrap_or_default().to_owned())
}
