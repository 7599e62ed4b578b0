//! What one device tells the other inside libsignal: deterministic CBOR with padding. Format: `ipc/WIRE.md`,
//! "Content".
//!
//! The decoder refuses what it does not know, checks every length before it copies, and never panics.

use crate::shares::{LEAST, MOST, PIECE, Part};
use crate::{Key, MAX_NAME, MAX_TEXT, Plaintext, Secret};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::cbor::well_formed;
use bulkhead_ipc::post::MAX_URL;
use minicbor::{Decoder, Encoder};

/// The sizes of padded content in bytes. With libsignal's own bytes around it, a message of each size fits the
/// envelope of the same rank, also as the first message of a session; a test measures that.
pub const SIZES: [usize; 3] = [1024, 9216, 32768];
/// Most message identifiers in one receipt.
pub const MAX_RECEIPTS: usize = 512;
/// Most relays that a contact can name.
pub const MAX_RELAYS: usize = 8;

/// More bytes than a text has around its words.
const AROUND: usize = 128;

/// Names a message to both devices; random.
pub type MessageId = [u8; 16];

/// How to reach somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct Hello {
    /// What they call themselves.
    pub name: Plaintext,
    /// Their mailbox for us.
    pub mailbox: Bytes32,
    /// The key that seals envelopes for it.
    pub seal: Key,
    /// Where they look for envelopes.
    pub relays: Vec<String>,
}

/// Where to write from now on.
#[derive(Clone, PartialEq, Eq)]
pub struct Moved {
    /// Rises with each move; the mailbox of the invite or hello has 0.
    pub revision: u64,
    /// The new mailbox.
    pub mailbox: Bytes32,
    /// The key that seals envelopes for it.
    pub seal: Key,
    /// Where it is watched.
    pub relays: Vec<String>,
}

/// What is told.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// First words of whoever accepted an invite.
    Hello(Hello),
    /// A message.
    Text {
        /// Its identifier.
        id: MessageId,
        /// The sender's clock, milliseconds since 1970.
        sent_at: u64,
        /// The words.
        text: Plaintext,
    },
    /// These messages are stored here. Empty: the hello is, or a move was followed.
    Receipt(Vec<MessageId>),
    /// The mailbox changed.
    Moved(Moved),
    /// What is written in the conversation from now on lives so long once read.
    Timer {
        /// The sender's clock, or more than every change before.
        sent_at: u64,
        /// Seconds, 0 for ever.
        seconds: u32,
    },
    /// A message that lives so long once read.
    Vanishing {
        /// Its identifier.
        id: MessageId,
        /// The sender's clock, milliseconds since 1970.
        sent_at: u64,
        /// The words.
        text: Plaintext,
        /// Seconds.
        life: u32,
    },
    /// How far the sender's state is, and how far the reader's was when last heard of.
    Witness(Witness),
    /// Keep this part of the sender's recovery secret, in place of one from before.
    Keep {
        /// Rises with each part and withdrawal.
        revision: u64,
        /// The part; its set is what the receipt names.
        part: Part,
    },
    /// The sender asks for a part that the reader keeps, and does not say whose.
    Ask(MessageId),
    /// The part that the reader asked for.
    Grant {
        /// As in the request.
        request: MessageId,
        /// The part.
        part: Part,
    },
    /// What became of a part.
    Word {
        /// What the receipt names.
        id: MessageId,
        /// See [`ShareWord`].
        revision: u64,
        /// What became of it.
        word: ShareWord,
    },
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareWord {
    /// Its owner wants parts with a lower revision destroyed.
    Withdrawn,
    /// Its keeper gave the part with this revision to somebody who asked for it as its owner.
    Given,
}

/// How far two states are. Counts never fall: whoever is told more of itself than it knows is an older copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    /// Contents that the sender has encrypted for the reader, ever, this one included.
    pub said: u64,
    /// The least number of contents that the reader has encrypted for the sender.
    pub heard: u64,
    /// The highest `sent_at` of the reader's texts.
    pub newest: u64,
}

/// Counts beyond this are lies: nobody sends so many.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// A body, and the secret with which the reader deletes the envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The envelope's one-time author key.
    pub erase: Key,
    /// What is told.
    pub body: Body,
}

/// Encodes and pads. `None` if it does not fit the largest size.
pub fn encode(content: &Content) -> Option<Secret> {
    // Reserved at once, so that no smaller copy of the words is left behind by growth; not more, as all is wiped.
    let words = match &content.body {
        Body::Text { text, .. } | Body::Vanishing { text, .. } => text.as_str().len(),
        Body::Timer { .. } | Body::Keep { .. } | Body::Ask(_) | Body::Grant { .. } | Body::Word { .. } => 0,
        Body::Hello(_) | Body::Receipt(_) | Body::Moved(_) => usize::MAX,
        Body::Witness(_) => 0,
    };
    let size = SIZES.into_iter().find(|size| words < size - AROUND).or(SIZES.into_iter().max())?;
    let mut out = Vec::with_capacity(size + 1);
    write(content, &mut out)?;
    out.push(0x80);
    let size = SIZES.into_iter().find(|size| out.len() <= *size)?;
    out.resize(size, 0);
    Some(Secret::new(out))
}

fn write(content: &Content, out: &mut Vec<u8>) -> Option<()> {
    let mut e = Encoder::new(out);
    let erase = content.erase.bytes();
    match &content.body {
        Body::Hello(hello) => {
            e.map(6).ok()?.u8(0).ok()?.u8(1).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.str(hello.name.as_str()).ok()?.u8(3).ok()?.bytes(&hello.mailbox.0).ok()?;
            e.u8(4).ok()?.bytes(hello.seal.bytes()).ok()?.u8(5).ok()?.array(hello.relays.len() as u64).ok()?;
            hello.relays.iter().try_for_each(|url| e.str(url).ok().map(drop))
        }
        Body::Text { id, sent_at, text } => {
            e.map(5).ok()?.u8(0).ok()?.u8(2).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.bytes(id).ok()?.u8(3).ok()?.u64(*sent_at).ok()?.u8(4).ok()?.str(text.as_str()).ok().map(drop)
        }
        Body::Receipt(ids) => {
            e.map(3).ok()?.u8(0).ok()?.u8(3).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.array(ids.len() as u64).ok()?;
            ids.iter().try_for_each(|id| e.bytes(id).ok().map(drop))
        }
        Body::Moved(moved) => {
            e.map(6).ok()?.u8(0).ok()?.u8(4).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.u64(moved.revision).ok()?.u8(3).ok()?.bytes(&moved.mailbox.0).ok()?;
            e.u8(4).ok()?.bytes(moved.seal.bytes()).ok()?.u8(5).ok()?.array(moved.relays.len() as u64).ok()?;
            moved.relays.iter().try_for_each(|url| e.str(url).ok().map(drop))
        }
        Body::Timer { sent_at, seconds } => {
            e.map(4).ok()?.u8(0).ok()?.u8(5).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.u64(*sent_at).ok()?.u8(3).ok()?.u32(*seconds).ok().map(drop)
        }
        Body::Vanishing { id, sent_at, text, life } => {
            e.map(6).ok()?.u8(0).ok()?.u8(6).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.bytes(id).ok()?.u8(3).ok()?.u64(*sent_at).ok()?;
            e.u8(4).ok()?.str(text.as_str()).ok()?.u8(5).ok()?.u32(*life).ok().map(drop)
        }
        Body::Witness(Witness { said, heard, newest }) => {
            e.map(5).ok()?.u8(0).ok()?.u8(7).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.u64(*said).ok()?.u8(3).ok()?.u64(*heard).ok()?.u8(4).ok()?.u64(*newest).ok().map(drop)
        }
        Body::Keep { revision, part } => {
            e.map(8).ok()?.u8(0).ok()?.u8(8).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.u64(*revision).ok()?;
            write_part(&mut e, part)
        }
        Body::Ask(request) => {
            e.map(3).ok()?.u8(0).ok()?.u8(9).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.bytes(request).ok().map(drop)
        }
        Body::Grant { request, part } => {
            e.map(8).ok()?.u8(0).ok()?.u8(10).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            e.u8(2).ok()?.bytes(request).ok()?;
            write_part(&mut e, part)
        }
        Body::Word { id, revision, word } => {
            e.map(5).ok()?.u8(0).ok()?.u8(11).ok()?.u8(1).ok()?.bytes(erase).ok()?;
            let word = match word {
                ShareWord::Withdrawn => 1,
                ShareWord::Given => 2,
            };
            e.u8(2).ok()?.bytes(id).ok()?.u8(3).ok()?.u64(*revision).ok()?.u8(4).ok()?.u8(word).ok().map(drop)
        }
    }
}

/// Keys 3 to 7.
fn write_part(e: &mut Encoder<&mut Vec<u8>>, part: &Part) -> Option<()> {
    e.u8(3).ok()?.bytes(&part.set).ok()?.u8(4).ok()?.u8(part.index).ok()?.u8(5).ok()?.u8(part.needed).ok()?;
    e.u8(6).ok()?.u8(part.of).ok()?.u8(7).ok()?.bytes(part.piece.bytes()).ok().map(drop)
}

/// The same read again. That the numbers agree is for those who use it.
fn part(d: &mut Decoder<'_>) -> Option<Part> {
    key(d, 3)?;
    let set = d.bytes().ok()?.try_into().ok()?;
    key(d, 4)?;
    let index = d.u8().ok().filter(|index| (1..=MOST).contains(index))?;
    key(d, 5)?;
    let needed = d.u8().ok().filter(|needed| (LEAST..=MOST).contains(needed))?;
    key(d, 6)?;
    let of = d.u8().ok().filter(|of| (LEAST..=MOST).contains(of))?;
    key(d, 7)?;
    let piece = d.bytes().ok().filter(|piece| piece.len() == PIECE)?;
    Some(Part { set, index, needed, of, piece: Secret::new(piece.to_vec()) })
}

/// Unpads and decodes.
pub fn decode(padded: &[u8]) -> Option<Content> {
    if !SIZES.contains(&padded.len()) {
        return None;
    }
    // By blocks first: most of it is padding, and this looks at many bytes in one step.
    let empty = padded.rchunks_exact(64).take_while(|block| block.iter().fold(0, |all, b| all | b) == 0).count();
    let end = padded.get(..padded.len() - 64 * empty)?.iter().rposition(|b| *b != 0)?;
    let (cbor, mark) = padded.get(..=end)?.split_at(end);
    let smallest = SIZES.into_iter().find(|size| cbor.len() < *size)?;
    if mark != [0x80] || smallest != padded.len() || well_formed(cbor).is_err() {
        return None;
    }
    let mut d = Decoder::new(cbor);
    let entries = d.map().ok()??;
    key(&mut d, 0)?;
    let kind = d.u8().ok()?;
    key(&mut d, 1)?;
    let erase = Key::from_slice(d.bytes().ok()?)?;
    key(&mut d, 2)?;
    let body = match (kind, entries) {
        (1, 6) => {
            let name = name(d.str().ok()?)?;
            key(&mut d, 3)?;
            let mailbox = Bytes(d.bytes().ok()?.try_into().ok()?);
            key(&mut d, 4)?;
            let seal = Key::from_slice(d.bytes().ok()?)?;
            key(&mut d, 5)?;
            Body::Hello(Hello { name, mailbox, seal, relays: relays(&mut d)? })
        }
        (2, 5) => {
            let id = d.bytes().ok()?.try_into().ok()?;
            key(&mut d, 3)?;
            let sent_at = d.u64().ok()?;
            key(&mut d, 4)?;
            Body::Text { id, sent_at, text: text(&mut d)? }
        }
        (3, 3) => {
            let count = d.array().ok()??;
            if count > MAX_RECEIPTS as u64 {
                return None;
            }
            Body::Receipt((0..count).map(|_| d.bytes().ok()?.try_into().ok()).collect::<Option<_>>()?)
        }
        (4, 6) => {
            let revision = d.u64().ok()?;
            key(&mut d, 3)?;
            let mailbox = Bytes(d.bytes().ok()?.try_into().ok()?);
            key(&mut d, 4)?;
            let seal = Key::from_slice(d.bytes().ok()?)?;
            key(&mut d, 5)?;
            Body::Moved(Moved { revision, mailbox, seal, relays: relays(&mut d)? })
        }
        (5, 4) => {
            let sent_at = d.u64().ok()?;
            key(&mut d, 3)?;
            Body::Timer { sent_at, seconds: d.u32().ok().filter(|seconds| *seconds == 0 || is_life(*seconds))? }
        }
        (6, 6) => {
            let id = d.bytes().ok()?.try_into().ok()?;
            key(&mut d, 3)?;
            let sent_at = d.u64().ok()?;
            key(&mut d, 4)?;
            let text = text(&mut d)?;
            key(&mut d, 5)?;
            Body::Vanishing { id, sent_at, text, life: d.u32().ok().filter(|life| is_life(*life))? }
        }
        (7, 5) => {
            let said = count(&mut d)?;
            key(&mut d, 3)?;
            let heard = count(&mut d)?;
            key(&mut d, 4)?;
            Body::Witness(Witness { said, heard, newest: count(&mut d)? })
        }
        (8, 8) => Body::Keep { revision: d.u64().ok()?, part: part(&mut d)? },
        (9, 3) => Body::Ask(d.bytes().ok()?.try_into().ok()?),
        (10, 8) => Body::Grant { request: d.bytes().ok()?.try_into().ok()?, part: part(&mut d)? },
        (11, 5) => {
            let id = d.bytes().ok()?.try_into().ok()?;
            key(&mut d, 3)?;
            let revision = d.u64().ok()?;
            key(&mut d, 4)?;
            let word = match d.u8().ok()? {
                1 => ShareWord::Withdrawn,
                2 => ShareWord::Given,
                _ => return None,
            };
            Body::Word { id, revision, word }
        }
        _ => return None,
    };
    Some(Content { erase, body })
}

/// A count, at most [`MAX_COUNT`].
pub(crate) fn count(d: &mut Decoder<'_>) -> Option<u64> {
    d.u64().ok().filter(|n| *n <= MAX_COUNT)
}

/// Whether messages may live so many seconds: a minute to four weeks.
pub const fn is_life(seconds: u32) -> bool {
    matches!(seconds, 60..=2_419_200)
}

fn text(d: &mut Decoder<'_>) -> Option<Plaintext> {
    let text = d.str().ok().filter(|text| (1..=MAX_TEXT).contains(&text.len()))?;
    Some(Plaintext::new(text.into()))
}

/// The next key of a map must be this one.
pub(crate) fn key(d: &mut Decoder<'_>, key: u8) -> Option<()> {
    (d.u8().ok()? == key).then_some(())
}

/// A name: 1 to [`MAX_NAME`] bytes, without control characters, which could rearrange what is shown around it.
pub(crate) fn name(name: &str) -> Option<Plaintext> {
    let sound = (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c.is_control() || bidi_control(c));
    sound.then(|| Plaintext::new(name.into()))
}

/// Characters that override the direction of the text around them.
pub(crate) const fn bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One to [`MAX_RELAYS`] relay addresses.
pub(crate) fn relays(d: &mut Decoder<'_>) -> Option<Vec<String>> {
    let count = d.array().ok()??;
    if !(1..=MAX_RELAYS as u64).contains(&count) {
        return None;
    }
    (0..count).map(|_| d.str().ok().filter(|url| url.len() <= MAX_URL).map(String::from)).collect()
}
