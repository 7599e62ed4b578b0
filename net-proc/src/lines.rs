//! The process's ends of the lines to the vault, driven by tokio.
//!
//! What cannot be sent at once waits here, and the hub takes nothing more from the relays until it is gone:
//! a vault that is busy slows the relays down; it does not fill this process's memory.

use bulkhead_ipc::line::{Buffer, Error, Line};
use bulkhead_ipc::{Message, VERSION};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

/// One end.
pub struct End<Out, In> {
    line: AsyncFd<Line<Out, In>>,
    buffer: Buffer,
    queue: VecDeque<Out>,
    /// The version in a Welcome, `None` for other messages.
    welcome: fn(&In) -> Option<u16>,
    greeted: bool,
    welcomed: bool,
}

impl<Out: Message, In: Message> End<Out, In> {
    /// Takes one end of a line, on which `hello` goes first.
    pub fn new(socket: OwnedFd, hello: Out, welcome: fn(&In) -> Option<u16>) -> io::Result<Self> {
        // Deprecated for types that could lie about their descriptor; a `Line` owns one, and its number never changes.
        #[allow(deprecated)]
        let line = AsyncFd::new(Line::new(socket))?;
        Ok(Self { line, buffer: Buffer::new(), queue: [hello].into(), welcome, greeted: false, welcomed: false })
    }

    /// Queues a message.
    pub fn push(&mut self, message: Out) {
        self.queue.push_back(message);
    }

    /// Whether the other side listens and has been sent everything.
    pub fn is_clear(&self) -> bool {
        self.welcomed && self.queue.is_empty()
    }

    /// Sends what is queued until a message arrives or (`None`) [`Self::is_clear`] may have changed. Can be dropped and called again.
    pub async fn turn(&mut self) -> Result<Option<In>, Error> {
        loop {
            let next = self.queue.front().filter(|_| self.welcomed || !self.greeted);
            let interest = next.map_or(Interest::READABLE, |_| Interest::READABLE | Interest::WRITABLE);
            let mut guard = self.line.ready(interest).await.map_err(|_| Error::Closed)?;
            if guard.ready().is_readable() {
                match guard.get_inner().try_recv(&mut self.buffer)? {
                    Some(message) => match ((self.welcome)(&message), self.welcomed) {
                        (Some(VERSION), false) => {
                            self.welcomed = true;
                            return Ok(None);
                        }
                        // Before the Welcome: meant for a predecessor of this process.
                        (None, false) => {}
                        (None, true) => return Ok(Some(message)),
                        (Some(_), _) => return Err(Error::Closed),
                    },
                    None => guard.clear_ready_matching(Ready::READABLE),
                }
            } else if let Some(message) = next {
                match guard.get_inner().try_send(message) {
                    Ok(()) => {
                        self.greeted = true;
                        self.queue.pop_front();
                        return Ok(None);
                    }
                    Err(Error::Full) => guard.clear_ready_matching(Ready::WRITABLE),
                    Err(error) => return Err(error),
                }
            }
        }
    }
}
