//! `nats-sub HOST:PORT SUBJECT`: prints `SUBJECT PAYLOAD`, a line a message.
//!
//! The raw NATS protocol over the standard library, and not a line of the chat's code: what
//! a container with this sees, anyone on the server can see.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(subject)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: nats-sub HOST:PORT SUBJECT"));
    };
    let mut server = TcpStream::connect(address)?;
    write!(server, "CONNECT {{\"verbose\":false}}\r\nSUB {subject} 1\r\nPING\r\n")?;
    let mut lines = BufReader::new(server.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words.first().copied() {
            Some("PING") => server.write_all(b"PONG\r\n")?,
            Some("PONG") => eprintln!("subscribed"),
            Some("-ERR") => return Err(io::Error::other(line)),
            Some("MSG") => {
                let length = words.last().and_then(|word| word.parse().ok()).unwrap_or(0);
                let mut payload = vec![0; length];
                lines.read_exact(&mut payload)?;
                lines.read_line(&mut String::new())?;
                let mut out = io::stdout().lock();
                write!(out, "{} ", words[1])?;
                out.write_all(&payload)?;
                out.write_all(b"\n")?;
                out.flush()?;
            }
            _ => {}
        }
    }
}
