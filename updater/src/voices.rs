//! What the processes say on standard output and standard error, passed on as text and nothing else.
//!
//! A terminal is two things that no process of ours needs: keys, as its descriptor can be read as well as written, and
//! orders, as it obeys control codes (some fill the clipboard, some make it type). So the processes get the writing end
//! of a pipe, and the launcher passes on what they say, line by line, without control codes.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{dup2_stderr, dup2_stdout, pipe2};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

/// Longest line that is passed on as one.
const LONGEST: u64 = 4096;

/// The launcher's own output again, once this is dropped. By then the processes have ended.
pub struct Voices {
    out: OwnedFd,
    err: OwnedFd,
    passing_on: Option<JoinHandle<()>>,
}

impl Voices {
    /// From here on everything that is said goes through the pipe. Called after the launcher has blocked its signals, as
    /// the thread that passes on inherits that, and before anything starts.
    pub fn take() -> Result<Self, Errno> {
        let copy = |descriptor: std::os::fd::BorrowedFd<'_>| descriptor.try_clone_to_owned().map_err(|_| Errno::last());
        let (out, err) = (copy(std::io::stdout().as_fd())?, copy(std::io::stderr().as_fd())?);
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        let to = File::from(copy(err.as_fd())?);
        dup2_stdout(&writer)?;
        dup2_stderr(&writer)?;
        let passing_on = std::thread::spawn(move || pass_on(File::from(reader), to));
        Ok(Self { out, err, passing_on: Some(passing_on) })
    }
}

impl Drop for Voices {
    fn drop(&mut self) {
        // The launcher's were the last writing ends.
        let _ = dup2_stdout(&self.out);
        let _ = dup2_stderr(&self.err);
        if let Some(thread) = self.passing_on.take() {
            let _ = thread.join();
        }
    }
}

/// Reads to the end, even if nobody takes it: a full pipe would stop the processes.
fn pass_on(from: impl Read, mut to: impl Write) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(from.by_ref().take(LONGEST).read_until(b'\n', &mut line), Ok(length) if length > 0) {
        let _ = to.write_all(plain(&line).as_bytes());
        line.clear();
    }
}

/// Text without control codes.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, pass_on, plain};

    #[test]
    fn text_passes_and_orders_do_not() {
        assert_eq!(plain("bulkhead-net: killed\n".as_bytes()), "bulkhead-net: killed\n");
        assert_eq!(plain("Grüße\tan /home/ü\n".as_bytes()), "Grüße\tan /home/ü\n");
        assert_eq!(plain(b"\x1b]52;c;ZXZpbA==\x07\r\n"), "?]52;c;ZXZpbA==??\n");
        assert_eq!(plain("\u{9b}31m\u{7f}\n".as_bytes()), "?31m?\n", "control codes of one byte");
        assert!(!plain(b"\x9b31m").chars().any(char::is_control), "nor as a lone byte");
    }

    #[test]
    fn a_line_without_an_end_is_passed_on_in_pieces() {
        let said = vec![b'x'; 3 * usize::try_from(LONGEST).expect("a number") + 5];
        let mut heard = Vec::new();
        pass_on(said.as_slice(), &mut heard);
        assert_eq!(heard, said);
    }
}
