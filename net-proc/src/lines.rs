//! The process's ends of the lines to the vault, driven by tokio.
//!
//! What cannot be sent at once waits here, and the hub takes nothing more from the relays until it is gone:
//! a vault that is busy slows the relays down; it does not fill this process's memory.

use bulkhead_ipc::Message;
use bulkhead_ipc::line::{Buffer, Error, Line};
use std::{collections::VecDeque, io, os::fd::OwnedFd};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

/// One end.
pub struct End<Out, In> {
    line: AsyncFd<Line<Out, In>>,
    buffer: Buffer,
    /// Messages to send, in order.
    pub queue: VecDeque<Out>,
    welcome: In,
    greeted: bool,
    welcomed: bool,
}

impl<Out: Message, In: Message + PartialEq> End<Out, In> {
    /// Takes one end of a line, on which `hello` goes first, and nothing counts before `welcome`.
    pub fn new(socket: OwnedFd, hello: Out, welcome: In) -> io::Result<Self> {
        // Deprecated for types that could lie about their descriptor; a `Line` owns one, and its number never changes.
        #[allow(deprecated)]
        let line = AsyncFd::new(Line::new(socket))?;
        Ok(Self { line, buffer: Buffer::new(), queue: [hello].into(), welcome, greeted: false, welcomed: false })
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
                    Some(message) if self.welcomed => return Ok(Some(message)),
                    Some(message) if message == self.welcome => {
                        self.welcomed = true;
                        return Ok(None);
                    }
                    // Meant for a predecessor of this process.
                    Some(_) => {}
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
