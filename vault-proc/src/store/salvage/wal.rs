//! SQLite's write-ahead log, read without SQLite (<https://www.sqlite.org/fileformat2.html#walformat>).
//!
//! SQLite takes what follows the first frame with a wrong checksum for the rest of a transaction that a power cut
//! interrupted, and leaves it out without a word. After a power cut nothing complete follows there. Where something
//! does, the log is damaged, and leaving it out would turn messages and ratchets back.

use super::PAGE;
use crate::store::wash::EMPTIED;
use std::fs::File;
use std::io::Read;
use std::path::Path;

const HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
const FRAME: usize = FRAME_HEAD + PAGE;
/// The first magic number; the second is for checksums over words with the most significant byte first.
const MAGIC: u32 = 0x377f_0682;

/// One page as a transaction left it.
pub struct Frame {
    /// Which page.
    pub page: u32,
    /// Where its bytes begin in the log.
    pub at: u64,
    /// The head is this log's own. If not, nobody knows which page it was.
    pub whole: bool,
    commits: bool,
    /// Its checksum follows from the one of the frame before it.
    pub chained: bool,
}

/// The frames that count, and whether the log is damaged.
#[derive(Default)]
pub struct Wal {
    /// Oldest first.
    pub frames: Vec<Frame>,
    /// SQLite would leave transactions out that were complete.
    pub damaged: bool,
    /// Some of that is not among the frames either.
    pub short: bool,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// SQLite's checksum, continued over further bytes.
fn sum(big: bool, bytes: &[u8], mut state: (u32, u32)) -> (u32, u32) {
    for pair in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *pair;
        let read = if big { u32::from_be_bytes } else { u32::from_le_bytes };
        state.0 = state.0.wrapping_add(read([a, b, c, d])).wrapping_add(state.1);
        state.1 = state.1.wrapping_add(read([e, f, g, h])).wrapping_add(state.0);
    }
    state
}

impl Wal {
    /// Reads a log; one that is not there is empty.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        let mut head = Vec::with_capacity(HEAD);
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        if head.starts_with(EMPTIED) {
            return Ok(Self::default());
        }
        let mut frames = Vec::new();
        let Some((magic, first, second, salts)) = header(&head) else { return Ok(Self::default()) };
        let big = magic & 1 == 1;
        let sound = magic & !1 == MAGIC
            && word(&head, 8) == u32::try_from(PAGE).ok()
            && head.get(..24).map(|bytes| sum(big, bytes, (0, 0))) == Some((first, second));
        let (mut last, mut bytes) = ((first, second), Vec::with_capacity(FRAME));
        let mut own = sound.then_some(salts);
        loop {
            bytes.clear();
            file.by_ref().take(FRAME as u64).read_to_end(&mut bytes)?;
            let Some((page, size, salts, kept)) = frame(&bytes) else { break };
            // A damaged header names no salts; the first frame's are this log's then.
            let whole = *own.get_or_insert(salts) == salts && page > 0;
            let made = bytes.get(..8).map(|b| sum(big, b, last)).zip(bytes.get(FRAME_HEAD..));
            let chained = made.map(|(state, page)| sum(big, page, state)) == Some(kept);
            let at = (HEAD + FRAME_HEAD + frames.len() * FRAME) as u64;
            frames.push(Frame { page, at, whole, commits: size > 0, chained });
            last = kept;
        }
        Ok(Self::judge(frames, sound))
    }

    /// Finds the last transaction that is complete.
    fn judge(mut frames: Vec<Frame>, sound: bool) -> Self {
        let intact = |frame: &&Frame| sound && frame.whole && frame.chained;
        let run = frames.iter().take_while(intact).count();
        let taken =
            frames.get(..run).unwrap_or_default().iter().rposition(|frame| frame.commits).map_or(0, |at| at + 1);
        // The header is made durable before the first frame is written.
        let headless = !sound && frames.iter().any(|frame| frame.whole);
        let commits = |frame: &Frame| frame.whole && frame.commits && frame.chained;
        let later: Vec<usize> = (taken..frames.len()).filter(|at| frames.get(*at).is_some_and(commits)).collect();
        let damaged = headless || later.len() > 1;
        // The last one counts only if all of it is there.
        let end = match later.as_slice() {
            [.., before, last] if damaged => {
                let whole =
                    frames.get(before + 1..=*last).is_some_and(|part| part.iter().all(|f| f.whole && f.chained));
                if whole { last + 1 } else { before + 1 }
            }
            [only] if damaged => only + 1,
            _ => taken,
        };
        let short = damaged && end < frames.len();
        frames.truncate(end);
        Self { frames, damaged, short }
    }
}

type Header = (u32, u32, u32, (u32, u32));

fn header(bytes: &[u8]) -> Option<Header> {
    Some((word(bytes, 0)?, word(bytes, 24)?, word(bytes, 28)?, (word(bytes, 16)?, word(bytes, 20)?)))
}

/// A frame's page, size after a commit, salts and checksum.
type FrameHead = (u32, u32, (u32, u32), (u32, u32));

/// The head of a frame that is there as a whole.
fn frame(bytes: &[u8]) -> Option<FrameHead> {
    if bytes.len() < FRAME {
        return None;
    }
    Some((word(bytes, 0)?, word(bytes, 4)?, (word(bytes, 8)?, word(bytes, 12)?), (word(bytes, 16)?, word(bytes, 20)?)))
}
