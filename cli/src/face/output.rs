//! The thread that writes what a face shows.
//!
//! Writing to a pipe or a terminal blocks for as long as its reader likes. The room, its beats
//! and the signals must not wait for that, so they have only a bounded queue between them and
//! the writer: while it is full, the room's events stay where they are.

use super::Shown;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::fd::AsFd,
};
use tokio::sync::{mpsc, oneshot};

/// Texts on their way to the thread.
const QUEUE: usize = 64;

/// Where a face's texts end up.
pub(super) trait Sink: Send {
    /// Writes a text, perhaps buffered. An error means that nobody reads any more.
    fn write(&mut self, shown: &Shown) -> io::Result<()>;

    /// Makes visible what was written.
    fn flush(&mut self) -> io::Result<()>;
}

/// The writer's near end.
pub(crate) struct Output {
    queue: mpsc::Sender<Shown>,
    done: oneshot::Receiver<()>,
}

impl Output {
    /// Data to stdout, the rest to stderr.
    pub(crate) fn streams() -> io::Result<Self> {
        // Not through the standard library's buffer, which keeps what was written.
        let stdout = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Self::start(Streams(BufWriter::new(stdout))))
    }

    pub(super) fn start(mut sink: impl Sink + 'static) -> Self {
        let (queue, shown) = mpsc::channel(QUEUE);
        let (ended, done) = oneshot::channel();
        std::thread::spawn(move || {
            // An error ends the thread, and the queue with it: that is how it is noticed.
            let _ = write_all(&mut sink, shown);
            drop(ended);
        });
        Self { queue, done }
    }

    /// A place for one text; nothing where nobody reads any more. May be cancelled.
    pub(crate) async fn place(&self) -> Option<mpsc::OwnedPermit<Shown>> {
        self.queue.clone().reserve_owned().await.ok()
    }

    /// Resolves once nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Returns when everything was read, or nobody reads.
    pub(crate) async fn finish(self) {
        drop(self.queue);
        let _ = self.done.await;
    }
}

fn write_all(sink: &mut impl Sink, mut shown: mpsc::Receiver<Shown>) -> io::Result<()> {
    while let Some(first) = shown.blocking_recv() {
        sink.write(&first)?;
        while let Ok(next) = shown.try_recv() {
            sink.write(&next)?;
        }
        sink.flush()?;
    }
    Ok(())
}

struct Streams(BufWriter<File>);

impl Sink for Streams {
    fn write(&mut self, shown: &Shown) -> io::Result<()> {
        match shown {
            Shown::Data(text) => writeln!(self.0, "{text}"),
            Shown::Aside(text) => {
                // What stderr says is about what stdout has shown.
                self.0.flush()?;
                // A closed stderr ends nothing: it carries no data.
                let _ = writeln!(io::stderr(), "{text}");
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Takes a text only when told to; fails once its teller is gone.
    struct Reader {
        turn: Receiver<()>,
        read: Sender<Shown>,
    }

    impl Sink for Reader {
        fn write(&mut self, shown: &Shown) -> io::Result<()> {
            self.turn.recv().map_err(io::Error::other)?;
            self.read.send(shown.clone()).map_err(io::Error::other)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Output, Sender<()>, Receiver<Shown>) {
        let ((turns, turn), (read, shown)) = (channel(), channel());
        (Output::start(Reader { turn, read }), turns, shown)
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_fills_a_bounded_queue_and_loses_nothing() {
        let (output, turns, shown) = reader();
        let mut given = 0;
        // The thread holds one more in its hands.
        while given <= QUEUE {
            output.place().await.unwrap().send(Shown::Data(given.to_string()));
            given += 1;
        }
        (0..given).for_each(|_| turns.send(()).unwrap());
        output.finish().await;
        let shown: Vec<_> = shown.iter().collect();
        let expected: Vec<_> = (0..given).map(|n| Shown::Data(n.to_string())).collect();
        assert_eq!(shown, expected);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_noticed() {
        let (output, turns, _shown) = reader();
        drop(turns);
        output.place().await.unwrap().send(Shown::Data("x".into()));
        output.closed().await;
        assert!(output.place().await.is_none());
        output.finish().await;
    }
}
