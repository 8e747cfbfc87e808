//! A cable between a node and its server that can be cut or frozen: a TCP proxy on loopback.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Whole,
    /// Nothing passes, and neither end is told.
    Frozen,
    /// Connections have ended, new ones end at once.
    Cut,
}

#[derive(Debug, Default)]
struct Line {
    state: State,
    open: Vec<TcpStream>,
}

#[derive(Debug, Default)]
struct Shared {
    line: Mutex<Line>,
    changed: Condvar,
}

/// Forwards connections while it is whole.
#[derive(Debug)]
pub struct Cable {
    port: u16,
    shared: Arc<Shared>,
}

impl Cable {
    /// A whole cable to a server.
    ///
    /// # Panics
    /// Where loopback has no free port.
    #[must_use]
    pub fn to(server: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::new(Shared::default());
        let far = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                far.join(&client, &upstream);
            }
        });
        Self { port, shared }
    }

    /// Where a node connects.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Cuts it: open connections end, new ones end at once.
    pub fn cut(&self) {
        self.shared.set(State::Cut);
    }

    /// Makes it a black hole: nothing passes, and neither end is told. What is on its way
    /// passes once it is mended.
    pub fn freeze(&self) {
        self.shared.set(State::Frozen);
    }

    /// Mends it.
    pub fn heal(&self) {
        self.shared.set(State::Whole);
    }
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        let mut line = self.line();
        line.state = state;
        if state == State::Cut {
            for stream in line.open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.changed.notify_all();
    }

    /// Waits while it is frozen.
    fn pass(&self) {
        let line = self.line();
        let thawed = self.changed.wait_while(line, |line| line.state == State::Frozen);
        drop(thawed);
    }

    fn join(self: &Arc<Self>, client: &TcpStream, upstream: &TcpStream) {
        let mut line = self.line();
        if line.state == State::Cut {
            return;
        }
        line.open.extend([client.try_clone(), upstream.try_clone()].into_iter().flatten());
        self.forward(client, upstream);
        self.forward(upstream, client);
    }

    fn forward(self: &Arc<Self>, from: &TcpStream, to: &TcpStream) {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let shared = self.clone();
        thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                shared.pass();
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            shared.pass();
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Two ends of a connection through a cable.
    fn ends() -> (Cable, TcpStream, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let cable = Cable::to(("127.0.0.1".into(), server.local_addr().unwrap().port()));
        let near = TcpStream::connect(("127.0.0.1", cable.port)).unwrap();
        let (far, _) = server.accept().unwrap();
        for end in [&near, &far] {
            end.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        }
        (cable, near, far)
    }

    fn read(end: &mut TcpStream) -> std::io::Result<Vec<u8>> {
        let mut buffer = [0; 8];
        end.read(&mut buffer).map(|count| buffer[..count].to_vec())
    }

    #[test]
    fn a_whole_cable_forwards_and_a_cut_one_ends_connections() {
        let (cable, mut near, mut far) = ends();
        near.write_all(b"there").unwrap();
        assert_eq!(read(&mut far).unwrap(), b"there");
        cable.cut();
        assert!(!read(&mut near).is_ok_and(|read| !read.is_empty()));
        let mut refused = TcpStream::connect(("127.0.0.1", cable.port)).unwrap();
        assert!(!read(&mut refused).is_ok_and(|read| !read.is_empty()));
    }

    #[test]
    fn a_frozen_cable_is_silent_and_loses_nothing() {
        let (cable, mut near, mut far) = ends();
        cable.freeze();
        near.write_all(b"later").unwrap();
        far.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(read(&mut far).is_err(), "nothing passes, and it is no end");
        far.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        cable.heal();
        assert_eq!(read(&mut far).unwrap(), b"later");
    }
}
