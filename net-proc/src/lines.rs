//! The process's ends of the lines to the vault, driven by tokio.
//!
//! What cannot be sent at once waits here, and the hub takes nothing more from the relays until it is gone:
//! a vault that is busy slows the relays down; it does not fill this process's memory.

use bulkhead_ipc::Message;
use bulkhead_ipc::line::{Buffer, Error, Line};
use std::{collections::VecDeque, io};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

/// One end.
pub struct End<Out, In> {
    line: AsyncFd<Line<Out, In>>,
    buffer: Buffer,
    /// Messages to send, in order.
    pub queue: VecDeque<Out>,
}

impl<Out: Message, In: Message> End<Out, In> {
    /// Takes one end of a line, on which `hello` goes first.
    pub fn new(line: Line<Out, In>, hello: Out) -> io::Result<Self> {
        // Deprecated for types that could lie about their descriptor; a `Line` owns one, and its number never changes.
        #[allow(deprecated)]
        let line = AsyncFd::new(line)?;
        Ok(Self { line, buffer: Buffer::new(), queue: [hello].into() })
    }

    /// Sends what is queued until a message arrives or (`None`) the queue is shorter. Can be dropped and called again.
    pub async fn turn(&mut self) -> Result<Option<In>, Error> {
        loop {
            let interest =
                if self.queue.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
            let mut guard = self.line.ready(interest).await.map_err(|_| Error::Closed)?;
            if guard.ready().is_readable() {
                match guard.get_inner().try_recv(&mut self.buffer)? {
                    None => guard.clear_ready_matching(Ready::READABLE),
                    message => return Ok(message),
                }
            } else if let Some(message) = self.queue.front() {
                match guard.get_inner().try_send(message) {
                    Err(Error::Full) => guard.clear_ready_matching(Ready::WRITABLE),
                    Err(error) if !matches!(error, Error::Refused(_)) => return Err(error),
                    _ => {
                        self.queue.pop_front();
                        return Ok(None);
                    }
                }
            }
        }
    }
}
