//! A fault-injecting TCP proxy on loopback, between one node and its server.
//!
//! Each direction of a connection is a queue with a reader and a writer; the writer obeys the
//! fault injected at the time. A fault never reorders, repeats or alters bytes: TCP doesn't
//! either. What it held is passed on when it is over, even where the sender has meanwhile gone
//! and come back by another connection: that is how old bytes arrive after new ones.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Chunks on their way in one direction; with more the sender is not read from.
const QUEUE: usize = 256;
/// Bytes read at a time.
const CHUNK: usize = 16 << 10;
/// Bytes written at a time through a throttled link.
const SLICE: usize = 512;

/// A direction through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the node.
    ToServer,
    /// From the server.
    ToNode,
}

/// What a link does to those who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Connections end, new ones end at once.
    Cut,
    /// Nothing passes either way, and neither end is told.
    Freeze,
    /// Nothing passes in this direction; the other way all does.
    FreezeOneWay(Direction),
    /// So many bytes a second each way.
    Throttle(u32),
    /// Each chunk arrives later by `base` and a random part of `jitter`, in order.
    Delay {
        /// The least.
        base: Duration,
        /// What may come on top.
        jitter: Duration,
    },
    /// The connection ends once, in the middle of the next line or payload in this direction.
    Tear(Direction),
}

impl Fault {
    fn holds(self, direction: Direction) -> bool {
        self == Self::Freeze || self == Self::FreezeOneWay(direction)
    }
}

/// Forwards connections to a server, faithfully until a fault is injected.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    link: Arc<Link>,
}

#[derive(Debug, Default)]
struct Link {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    open: Vec<Weak<Connection>>,
}

#[derive(Debug)]
struct Connection {
    node: TcpStream,
    server: TcpStream,
}

struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
}

impl Proxy {
    /// A faultless link to a server on loopback.
    ///
    /// # Panics
    /// Where loopback has no free port.
    #[must_use]
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let link = Arc::new(Link::default());
        let far = link.clone();
        thread::spawn(move || {
            for node in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                far.join(Connection { node, server });
            }
        });
        Self { port, link }
    }

    /// Where the node connects.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Injects a fault, in place of the one there was.
    pub fn inject(&self, fault: Fault) {
        self.link.set(Some(fault));
    }

    /// Ends the fault.
    pub fn heal(&self) {
        self.link.set(None);
    }
}

impl Link {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.fault = fault;
        if fault == Some(Fault::Cut) {
            state.open.drain(..).filter_map(|open| open.upgrade()).for_each(|open| open.end());
        }
        self.changed.notify_all();
    }

    fn join(self: &Arc<Self>, connection: Connection) {
        let mut state = self.state();
        if state.fault == Some(Fault::Cut) {
            return;
        }
        let connection = Arc::new(connection);
        state.open.retain(|open| open.strong_count() > 0);
        state.open.push(Arc::downgrade(&connection));
        for direction in [Direction::ToServer, Direction::ToNode] {
            let (queue, chunks) = sync_channel(QUEUE);
            let (link, from) = (self.clone(), connection.clone());
            thread::spawn(move || link.read(&from, direction, &queue));
            let (link, to) = (self.clone(), connection.clone());
            thread::spawn(move || link.write(&to, direction, chunks));
        }
    }

    fn read(&self, connection: &Connection, direction: Direction, queue: &SyncSender<Chunk>) {
        let mut buffer = [0; CHUNK];
        while let Ok(count @ 1..) = connection.source(direction).read(&mut buffer) {
            let due = Instant::now() + self.delay();
            if queue.send(Chunk { due, bytes: buffer[..count].to_vec() }).is_err() {
                return;
            }
        }
    }

    /// Ends the direction, as TCP would, when its source has ended and all has passed.
    fn write(&self, connection: &Connection, direction: Direction, chunks: Receiver<Chunk>) {
        for Chunk { due, bytes } in chunks {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if self.pass(connection, direction, &bytes).is_err() {
                return;
            }
        }
        self.thawed(direction);
        let _ = connection.sink(direction).shutdown(Shutdown::Write);
    }

    fn pass(
        &self,
        connection: &Connection,
        direction: Direction,
        mut bytes: &[u8],
    ) -> io::Result<()> {
        let mut sink = connection.sink(direction);
        while !bytes.is_empty() {
            match self.thawed(direction) {
                Some(Fault::Throttle(rate)) => {
                    let (slice, rest) = bytes.split_at(bytes.len().min(SLICE));
                    sink.write_all(slice)?;
                    bytes = rest;
                    let seconds = f64::from(u32::try_from(slice.len()).unwrap_or(u32::MAX));
                    thread::sleep(Duration::from_secs_f64(seconds / f64::from(rate)));
                }
                Some(Fault::Tear(torn))
                    if torn == direction
                        && let Some(at) = inside_a_line(bytes) =>
                {
                    sink.write_all(&bytes[..at])?;
                    self.set(None);
                    connection.end();
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                _ => return sink.write_all(bytes),
            }
        }
        Ok(())
    }

    /// Waits while nothing passes in this direction; the fault there is then.
    fn thawed(&self, direction: Direction) -> Option<Fault> {
        let held = |state: &mut State| state.fault.is_some_and(|fault| fault.holds(direction));
        let state = self.changed.wait_while(self.state(), held);
        state.unwrap_or_else(PoisonError::into_inner).fault
    }

    fn delay(&self) -> Duration {
        match self.state().fault {
            Some(Fault::Delay { base, jitter }) => base + jitter.mul_f64(rand::random()),
            _ => Duration::ZERO,
        }
    }
}

impl Connection {
    fn source(&self, direction: Direction) -> &TcpStream {
        match direction {
            Direction::ToServer => &self.node,
            Direction::ToNode => &self.server,
        }
    }

    fn sink(&self, direction: Direction) -> &TcpStream {
        match direction {
            Direction::ToServer => &self.server,
            Direction::ToNode => &self.node,
        }
    }

    fn end(&self) {
        for stream in [&self.node, &self.server] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A place near the middle that is not between two lines.
fn inside_a_line(bytes: &[u8]) -> Option<usize> {
    let middle = bytes.len() / 2;
    (1..=middle).rev().find(|at| bytes[at - 1] != b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    /// Two ends of a connection through a proxy.
    fn ends() -> (Proxy, TcpStream, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to(server.local_addr().unwrap().port());
        let node = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
        let (far, _) = server.accept().unwrap();
        for end in [&node, &far] {
            end.set_read_timeout(Some(LONG)).unwrap();
        }
        (proxy, node, far)
    }

    fn read(end: &mut TcpStream, count: usize) -> Vec<u8> {
        let mut buffer = vec![0; count];
        end.read_exact(&mut buffer).unwrap();
        buffer
    }

    fn is_silent(end: &mut TcpStream) -> bool {
        end.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let silent = end.read(&mut [0]).is_err();
        end.set_read_timeout(Some(LONG)).unwrap();
        silent
    }

    #[test]
    fn a_cut_ends_connections_and_refuses_new_ones_until_it_is_healed() {
        let (proxy, mut node, mut far) = ends();
        node.write_all(b"there").unwrap();
        assert_eq!(read(&mut far, 5), b"there");
        proxy.inject(Fault::Cut);
        assert!(!node.read(&mut [0]).is_ok_and(|count| count > 0));
        let mut refused = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
        refused.set_read_timeout(Some(LONG)).unwrap();
        assert!(!refused.read(&mut [0]).is_ok_and(|count| count > 0));
    }

    #[test]
    fn a_one_way_freeze_holds_one_direction_and_loses_nothing() {
        let (proxy, mut node, mut far) = ends();
        proxy.inject(Fault::FreezeOneWay(Direction::ToServer));
        node.write_all(b"later").unwrap();
        far.write_all(b"now").unwrap();
        assert_eq!(read(&mut node, 3), b"now");
        assert!(is_silent(&mut far), "nothing passes, and it is no end");
        drop(node);
        assert!(is_silent(&mut far), "an end is not told either");
        proxy.heal();
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"later");
    }

    #[test]
    fn a_tear_ends_one_connection_inside_a_line() {
        let (proxy, mut node, mut far) = ends();
        proxy.inject(Fault::Tear(Direction::ToServer));
        far.write_all(b"PING\r\n").unwrap();
        assert_eq!(read(&mut node, 6), b"PING\r\n");
        node.write_all(b"PUB a 2\r\nhi\r\n").unwrap();
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"PUB a ");
        assert_eq!(proxy.link.state().fault, None);
    }

    #[test]
    fn throttled_and_delayed_bytes_arrive_late_and_in_order() {
        let (proxy, mut node, mut far) = ends();
        let sent: Vec<u8> = (0..4096_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let faults = [
            Fault::Throttle(20_000),
            Fault::Delay { base: Duration::from_millis(150), jitter: Duration::from_millis(50) },
        ];
        for fault in faults {
            proxy.inject(fault);
            let begun = Instant::now();
            node.write_all(&sent).unwrap();
            assert_eq!(read(&mut far, sent.len()), sent);
            assert!(begun.elapsed() >= Duration::from_millis(140), "{fault:?}");
        }
    }
}
