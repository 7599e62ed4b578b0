//! A file's header in the archive: 512 bytes, and one way to write them (POSIX.1-1988, "Extended tar format").

use crate::names::{LONGEST_NAME, is_name, is_program};

/// The length of a header, and what a file's content is filled up to a multiple of.
pub const BLOCK: usize = 512;
/// Zero bytes at an archive's end.
pub const END: usize = 2 * BLOCK;

/// Where fields begin.
const MODE: usize = 100;
const OWNER: usize = 108;
const GROUP: usize = 116;
const SIZE: usize = 124;
const TIME: usize = 136;
const SUM: usize = 148;
const KIND: usize = 156;
const MAGIC: usize = 257;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub name: String,
    pub length: u64,
}

impl Header {
    /// The block; `None` for a name or a length that no package has.
    pub fn write(&self) -> Option<[u8; BLOCK]> {
        if !is_name(&self.name) || self.length > crate::MOST_BYTES {
            return None;
        }
        block(&self.name, self.length, is_program(&self.name))
    }

    /// Reads a block; `None` unless it is exactly what [`Header::write`] makes.
    pub fn read(block: &[u8; BLOCK]) -> Option<Self> {
        let (name, length) = claimed(block)?;
        let header = Self { name, length };
        (header.write()? == *block).then_some(header)
    }

    /// How many zero bytes follow the content.
    pub fn padding(length: u64) -> usize {
        padding(length)
    }
}

/// The one way to write the header of a regular file of at most 8 GiB. `None` for a name that is longer than 100 bytes, and for a longer
/// file. Which names there may be is the caller's question.
pub fn block(name: &str, length: u64, executable: bool) -> Option<[u8; BLOCK]> {
    if name.len() > LONGEST_NAME || length >= 1 << 33 {
        return None;
    }
    let mode = if executable { 0o755 } else { 0o644 };
    let mut block = [0; BLOCK];
    put(&mut block, 0, name.as_bytes())?;
    put(&mut block, MODE, format!("{mode:07o}").as_bytes())?;
    put(&mut block, OWNER, b"0000000")?;
    put(&mut block, GROUP, b"0000000")?;
    put(&mut block, SIZE, format!("{length:011o}").as_bytes())?;
    put(&mut block, TIME, b"00000000000")?;
    put(&mut block, KIND, b"0")?;
    put(&mut block, MAGIC, b"ustar\x0000")?;
    // The sum is made as if its own field held blanks.
    put(&mut block, SUM, &[b' '; 8])?;
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut block, SUM, format!("{sum:06o}\0 ").as_bytes())?;
    Some(block)
}

/// The name and length that a header claims. It is one only if [`block`] makes the same of them.
pub fn claimed(block: &[u8; BLOCK]) -> Option<(String, u64)> {
    let name = block.get(..LONGEST_NAME)?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(LONGEST_NAME);
    let name = std::str::from_utf8(name.get(..end)?).ok()?.to_owned();
    let length = std::str::from_utf8(block.get(SIZE..SIZE + 11)?).ok()?;
    Some((name, u64::from_str_radix(length, 8).ok()?))
}

/// How many zero bytes follow a content of this length.
pub fn padding(length: u64) -> usize {
    let block = u64::try_from(BLOCK).unwrap_or(u64::MAX);
    usize::try_from(length.next_multiple_of(block) - length).unwrap_or(0)
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) -> Option<()> {
    block.get_mut(at..at.checked_add(bytes.len())?)?.copy_from_slice(bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_written_and_read_is_the_same() {
        for (name, length) in
            [("bin/bulkhead", 0), ("rules/ui.json", 511), ("metadata/release.json", crate::MOST_BYTES)]
        {
            let header = Header { name: name.to_owned(), length };
            assert_eq!(Header::read(&header.write().unwrap()), Some(header));
        }
        assert_eq!(Header { name: "bin/x".to_owned(), length: crate::MOST_BYTES + 1 }.write(), None);
        assert_eq!([0, 1, 511, 512, 513].map(Header::padding), [0, 511, 1, 0, 511]);
    }

    #[test]
    fn any_other_byte_anywhere_is_refused() {
        let block = Header { name: "bin/bulkhead".to_owned(), length: 7 }.write().unwrap();
        for at in 0..BLOCK {
            for change in [1, 0x10, 0x80] {
                let mut changed = block;
                changed[at] ^= change;
                assert_eq!(Header::read(&changed), None, "{at}");
            }
        }
    }
}
