//! One HTTP/1.1 request: a GET, answered in pieces, within bounds (RFC 9112).
//!
//! No redirects, no cookies, no compression, no second request on a connection: a mirror serves files. Heads are
//! parsed by `httparse`; lengths are ours to keep.

use crate::Trouble;
use crate::address::Address;
use crate::dial::Io;
use crate::pace::{Pace, Rate};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// Longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// Fields in it.
const MOST_FIELDS: usize = 64;
/// Longest line that says how long a chunk is.
const LONGEST_LINE: usize = 256;
/// Bytes that are read at once.
const PIECE: usize = 32 * 1024;

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The file, below the mirror's address; percent-encoded already.
    pub path: &'a str,
    /// From which byte on.
    pub from: u64,
    /// How many bytes may come from there.
    pub most: u64,
    /// The window and rate that are asked for.
    pub pace: (Duration, Rate),
}

/// An answer that is being read.
pub struct Answer {
    io: Box<dyn Io>,
    buffer: Vec<u8>,
    framing: Framing,
    left: u64,
    began: Instant,
    pace: Pace,
    /// From which byte on it is: what was asked for, or 0 if the mirror knows no ranges.
    pub from: u64,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug)]
enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After a chunk without bytes; so many of the current chunk are left, and whether a line end comes before the next.
    Chunks(u64, bool),
    /// With the connection.
    Closed,
    /// It has.
    Ended,
}

impl Answer {
    /// Asks, and reads the head of the answer. A file that is not there is [`Trouble::Missing`].
    pub async fn to(io: Box<dyn Io>, mirror: &Address, ask: Ask<'_>) -> Result<Self, Trouble> {
        let range = if ask.from > 0 { format!("Range: bytes={}-\r\n", ask.from) } else { String::new() };
        let request = format!(
            "GET {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bulkhead\r\nAccept: */*\r\nAccept-Encoding: identity\r\n{range}Connection: close\r\n\r\n",
            mirror.path,
            ask.path,
            mirror.authority(),
        );
        let began = Instant::now();
        let pace = Pace::new(ask.pace.0, ask.pace.1);
        let (buffer, framing, left) = (Vec::new(), Framing::Ended, ask.most);
        let mut answer = Self { io, buffer, framing, left, began, pace, from: 0 };
        let deadline = began + answer.pace.deadline();
        timeout_at(deadline, answer.io.write_all(request.as_bytes()))
            .await
            .map_err(|_| Trouble::Silent)?
            .map_err(|_| Trouble::Truncated)?;
        loop {
            if !answer.fill().await? {
                return Err(Trouble::Truncated);
            }
            if let Some((length, head)) = Head::parse(&answer.buffer)? {
                answer.buffer.drain(..length);
                return answer.begin(&head, ask);
            }
            if answer.buffer.len() > LONGEST_HEAD {
                return Err(Trouble::Misbehaving);
            }
        }
    }

    fn begin(mut self, head: &Head, ask: Ask<'_>) -> Result<Self, Trouble> {
        self.from = match head.status {
            200 => 0,
            206 if ask.from > 0 && head.from == Some(ask.from) => ask.from,
            // Object stores say 403 for what is not there.
            403 | 404 => return Err(Trouble::Missing),
            206 => return Err(Trouble::Misbehaving),
            other => return Err(Trouble::Status(other)),
        };
        if self.from < ask.from {
            // All of it comes again.
            self.left = self.left.saturating_add(ask.from);
        }
        self.framing = match (head.chunked, head.length) {
            (true, None) => Framing::Chunks(0, false),
            (false, Some(length)) if length > self.left => return Err(Trouble::Oversized),
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::Closed,
            (true, Some(_)) => return Err(Trouble::Misbehaving),
        };
        Ok(self)
    }

    /// The next bytes, or `None` at the end. Never more in all than was allowed.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        loop {
            let most = match self.framing {
                Framing::Ended | Framing::Length(0) => return Ok(None),
                Framing::Length(left) | Framing::Chunks(left @ 1.., _) => left,
                Framing::Closed => u64::MAX,
                Framing::Chunks(0, ends) => {
                    if !self.chunk(ends)? && !self.fill().await? {
                        return Err(Trouble::Truncated);
                    }
                    continue;
                }
            };
            if self.buffer.is_empty() && !self.fill().await? {
                return match self.framing {
                    Framing::Closed => Ok(None),
                    _ => Err(Trouble::Truncated),
                };
            }
            let take = usize::try_from(most).unwrap_or(usize::MAX).min(self.buffer.len());
            let rest = self.buffer.split_off(take);
            let piece = std::mem::replace(&mut self.buffer, rest);
            let taken = u64::try_from(take).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(taken).ok_or(Trouble::Oversized)?;
            match &mut self.framing {
                Framing::Length(left) => *left = left.saturating_sub(taken),
                Framing::Chunks(left, ends) => (*left, *ends) = (left.saturating_sub(taken), true),
                Framing::Closed | Framing::Ended => {}
            }
            return Ok(Some(piece));
        }
    }

    /// The rate so far.
    pub fn rate(&self) -> Rate {
        self.pace.rate(self.began.elapsed())
    }

    /// Reads the line before a chunk. False if more bytes are needed for it.
    fn chunk(&mut self, ends: bool) -> Result<bool, Trouble> {
        let line = if ends {
            match self.buffer.as_slice() {
                [b'\r', b'\n', line @ ..] => line,
                [] | [b'\r'] => return Ok(false),
                _ => return Err(Trouble::Misbehaving),
            }
        } else {
            self.buffer.as_slice()
        };
        let skipped = self.buffer.len().saturating_sub(line.len());
        match httparse::parse_chunk_size(line).map_err(|_| Trouble::Misbehaving)? {
            httparse::Status::Partial if line.len() > LONGEST_LINE => Err(Trouble::Misbehaving),
            httparse::Status::Partial => Ok(false),
            httparse::Status::Complete((_, 0)) => {
                self.framing = Framing::Ended;
                Ok(true)
            }
            httparse::Status::Complete((_, size)) if size > self.left => Err(Trouble::Oversized),
            httparse::Status::Complete((length, size)) => {
                self.buffer.drain(..skipped.saturating_add(length));
                self.framing = Framing::Chunks(size, false);
                Ok(true)
            }
        }
    }

    /// Reads what there is, and judges how fast that was. False at the end of the connection.
    async fn fill(&mut self) -> Result<bool, Trouble> {
        let had = self.buffer.len();
        self.buffer.reserve(PIECE);
        let mut piece = (&mut self.io).take(u64::try_from(PIECE).unwrap_or(u64::MAX));
        let read = timeout_at(self.began + self.pace.deadline(), piece.read_buf(&mut self.buffer)).await;
        let came = match read {
            Err(_) if self.pace.is_silent() => return Err(Trouble::Silent),
            Err(_) => return Err(Trouble::Slow),
            // Without TLS's goodbye the end may be an attacker's: lengths and digests tell.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => 0,
            Ok(Err(_)) => return Err(Trouble::Truncated),
            Ok(Ok(came)) => came,
        };
        debug_assert_eq!(self.buffer.len(), had.saturating_add(came));
        if came > 0 && !self.pace.note(self.began.elapsed(), u64::try_from(came).unwrap_or(u64::MAX)) {
            return Err(Trouble::Slow);
        }
        Ok(came > 0)
    }
}

/// What counts of an answer's head.
struct Head {
    status: u16,
    length: Option<u64>,
    chunked: bool,
    from: Option<u64>,
}

impl Head {
    /// Reads a head and its length, once it is whole.
    fn parse(bytes: &[u8]) -> Result<Option<(usize, Self)>, Trouble> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(bytes).map_err(|_| Trouble::Misbehaving)? {
            httparse::Status::Partial => return Ok(None),
            httparse::Status::Complete(length) => length,
        };
        let status = response.code.ok_or(Trouble::Misbehaving)?;
        let mut head = Self { status, length: None, chunked: false, from: None };
        for field in response.headers.iter() {
            head.take(field).ok_or(Trouble::Misbehaving)?;
        }
        Ok(Some((length, head)))
    }

    /// Takes note of a field. `None` if it makes the answer's end or content ambiguous.
    fn take(&mut self, field: &httparse::Header<'_>) -> Option<()> {
        let value = std::str::from_utf8(field.value).map(str::trim);
        match field.name.to_ascii_lowercase().as_str() {
            "content-length" => {
                let value = value.ok().filter(|value| value.bytes().all(|b| b.is_ascii_digit()))?;
                self.length.replace(value.parse().ok()?).is_none().then_some(())
            }
            "transfer-encoding" => {
                let first = !std::mem::replace(&mut self.chunked, true);
                (first && value.ok()?.eq_ignore_ascii_case("chunked")).then_some(())
            }
            "content-encoding" => value.ok()?.eq_ignore_ascii_case("identity").then_some(()),
            "content-range" => {
                let (from, _) = value.ok()?.strip_prefix("bytes ")?.split_once('-')?;
                self.from = Some(from.parse().ok()?);
                Some(())
            }
            _ => Some(()),
        }
    }
}

/// Percent-encodes a path below a mirror's address (RFC 3986): what is not unreserved or `/` is escaped.
pub fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |text, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        }
        _ => format!("{text}%{byte:02X}"),
    })
}
