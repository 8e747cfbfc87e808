//! The thread that shows things: events by way of a face, or texts.
//!
//! Writing to a pipe or a terminal blocks for as long as its reader likes. The room, its beats
//! and the signals must not wait for that, so they have only a bounded queue between them and
//! the writer: while it is full, the room's events stay where they are.

use super::{Face, Shown};
use crate::failure::{Code, Failure};
use chat_node::Event;
use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Write},
    os::fd::AsFd,
    thread::JoinHandle,
};
use tokio::sync::{mpsc, oneshot};

/// Things on their way to the thread.
const QUEUE: usize = 64;

/// Where things become visible.
trait Sink<T>: Send {
    /// Writes one, perhaps buffered. A broken pipe means that nobody reads any more.
    fn write(&mut self, shown: &T) -> io::Result<()>;

    /// Makes visible what was written.
    fn flush(&mut self) -> io::Result<()>;
}

/// The thread's near end.
pub(crate) struct Output<T> {
    queue: mpsc::Sender<T>,
    done: oneshot::Receiver<()>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Output<Shown> {
    /// Data to stdout, the rest to stderr.
    pub(crate) fn streams() -> io::Result<Self> {
        Ok(Self::start(Streams::open()?))
    }
}

impl Output<Event> {
    /// Events as texts, data to stdout, the rest to stderr.
    pub(super) fn of(face: Box<dyn Face>) -> io::Result<Self> {
        Ok(Self::start(Told { face, streams: Streams::open()? }))
    }
}

impl<T: Send + 'static> Output<T> {
    fn start(mut sink: impl Sink<T> + 'static) -> Self {
        // An error ends the thread, and the queue with it: that is how it is noticed.
        Self::on_thread(move |shown| match write_all(&mut sink, shown) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let what = format!("what is said can't be shown: {error}");
                Err(Failure::new(Code::Other, what).next("see where stdout goes"))
            }
            _ => Ok(()),
        })
    }

    /// Whatever shows things until there are no more.
    pub(super) fn on_thread<S>(show: S) -> Self
    where
        S: FnOnce(mpsc::Receiver<T>) -> Result<(), Failure> + Send + 'static,
    {
        let (queue, shown) = mpsc::channel(QUEUE);
        let (ended, done) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            // Dropped last, even by a panic.
            let _ended: oneshot::Sender<()> = ended;
            show(shown)
        });
        Self { queue, done, thread }
    }

    /// A place for one; nothing where nobody reads any more. May be cancelled.
    pub(crate) async fn place(&self) -> Option<mpsc::OwnedPermit<T>> {
        self.queue.clone().reserve_owned().await.ok()
    }

    /// Resolves once nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Returns when everything was read, or nobody reads. Fails as the thread did.
    pub(crate) async fn finish(self) -> Result<(), Failure> {
        drop(self.queue);
        let _ = self.done.await;
        self.thread.join().unwrap_or_else(|_| {
            let what = "what shows the discussion has failed: this is a bug";
            Err(Failure::new(Code::Other, what))
        })
    }
}

fn write_all<T>(sink: &mut impl Sink<T>, mut shown: mpsc::Receiver<T>) -> io::Result<()> {
    while let Some(first) = shown.blocking_recv() {
        sink.write(&first)?;
        while let Ok(next) = shown.try_recv() {
            sink.write(&next)?;
        }
        sink.flush()?;
    }
    Ok(())
}

struct Told {
    face: Box<dyn Face>,
    streams: Streams,
}

impl Sink<Event> for Told {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.face.text(event).map_or(Ok(()), |shown| self.streams.write(&shown))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.streams.flush()
    }
}

struct Streams(BufWriter<File>);

impl Streams {
    /// Not through the standard library's buffer, which keeps what was written.
    fn open() -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?))))
    }
}

impl Sink<Shown> for Streams {
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
    use chat_node::{Code, Notice};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Takes an event only when told to; fails once its teller is gone.
    struct Reader {
        turn: Receiver<()>,
        read: Sender<Event>,
    }

    impl Sink<Event> for Reader {
        fn write(&mut self, event: &Event) -> io::Result<()> {
            self.turn.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(self.read.send(event.clone()).map_err(|_| ErrorKind::BrokenPipe)?)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn event(n: usize) -> Event {
        Event::Warning(Notice::new(Code::Empty, n.to_string()))
    }

    fn reader() -> (Output<Event>, Sender<()>, Receiver<Event>) {
        let ((turns, turn), (read, shown)) = (channel(), channel());
        (Output::start(Reader { turn, read }), turns, shown)
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_fills_a_bounded_queue_and_loses_nothing() {
        let (output, turns, shown) = reader();
        let mut given = 0;
        // The thread holds one more in its hands.
        while given <= QUEUE {
            output.place().await.unwrap().send(event(given));
            given += 1;
        }
        (0..given).for_each(|_| turns.send(()).unwrap());
        output.finish().await.unwrap();
        let shown: Vec<_> = shown.iter().collect();
        let expected: Vec<_> = (0..given).map(event).collect();
        assert_eq!(shown, expected);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_noticed() {
        let (output, turns, _shown) = reader();
        drop(turns);
        output.place().await.unwrap().send(event(0));
        output.closed().await;
        assert!(output.place().await.is_none());
        output.finish().await.unwrap();
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_told_of() {
        let output = Output::<Event>::on_thread(|_| panic!("as asked for"));
        output.closed().await;
        assert_eq!(output.finish().await.unwrap_err().code(), crate::failure::Code::Other);
    }
}
