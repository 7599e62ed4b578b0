//! Values as bytes: D-Bus specification, "Type System" and "Marshaling (Wire Format)".
//!
//! What is written is little-endian. What is read is as its sender likes it, and believed only where lengths fit.

use zeroize::Zeroizing;

/// Most entries of an array that is read.
const MOST: usize = 1024;
/// Longest object path. The specification knows no bound; names have this one.
const LONGEST_PATH: usize = 255;

/// What was read is no message, or not the one that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bus said something that cannot be understood")]
pub struct Malformed;

/// The name of a thing at a service: `/`, or parts of letters, digits and `_`, each after a `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Takes the name over, if it is one.
    pub fn new(name: String) -> Option<Self> {
        let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let parts = name.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(part));
        (parts && name.len() <= LONGEST_PATH).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `/`, by which services say "nothing".
    pub fn is_nothing(&self) -> bool {
        self.0 == "/"
    }
}

/// Writes values, one after the other, each at the place that its type asks for.
#[derive(Default)]
pub struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// Nothing is written yet. There is room for all that this program ever says, so that no secret is left behind
    /// where a smaller room was.
    pub fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(4096)))
    }

    /// Zeros up to a multiple of so many bytes.
    pub fn align(&mut self, to: usize) {
        let length = self.0.len().next_multiple_of(to);
        self.0.resize(length, 0);
    }

    /// A byte.
    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// A number.
    pub fn u32(&mut self, value: u32) {
        self.align(4);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) {
        self.u32(value.into());
    }

    /// Words, or an object path.
    pub fn text(&mut self, value: &str) {
        self.u32(length(value.len()));
        self.0.extend_from_slice(value.as_bytes());
        self.u8(0);
    }

    /// A signature.
    pub fn signature(&mut self, value: &str) {
        self.u8(u8::try_from(value.len()).unwrap_or_default());
        self.0.extend_from_slice(value.as_bytes());
        self.u8(0);
    }

    /// An array of bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.u32(length(value.len()));
        self.0.extend_from_slice(value);
    }

    /// An array whose entries begin at multiples of so many bytes.
    pub fn array(&mut self, entries_at: usize, entries: impl FnOnce(&mut Self)) {
        self.u32(0);
        let told = self.0.len();
        self.align(entries_at);
        let first = self.0.len();
        entries(self);
        let size = length(self.0.len() - first).to_le_bytes();
        if let Some(place) = self.0.get_mut(told - 4..told) {
            place.copy_from_slice(&size);
        }
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// What was written.
    pub fn done(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads values, one after the other.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    all: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    /// From the first byte on. Numbers are big-endian, or not.
    pub const fn new(all: &'a [u8], big_endian: bool) -> Self {
        Self { all, at: 0, big_endian }
    }

    /// So many bytes as they are.
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(Malformed)?;
        let taken = self.all.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        Ok(taken)
    }

    /// Past the zeros up to a multiple of so many bytes.
    pub fn align(&mut self, to: usize) -> Result<(), Malformed> {
        let zeros = self.take(self.at.next_multiple_of(to) - self.at)?;
        if zeros.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(Malformed) }
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.take(1)?.first().copied().ok_or(Malformed)
    }

    /// A number.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| Malformed)?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A truth value.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.u32()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// Words.
    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        self.ended(length)
    }

    /// An object path.
    pub fn path(&mut self) -> Result<Path, Malformed> {
        Path::new(self.text()?.to_owned()).ok_or(Malformed)
    }

    /// A signature.
    pub fn signature(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u8()?);
        self.ended(length)
    }

    fn ended(&mut self, length: usize) -> Result<&'a str, Malformed> {
        let words = std::str::from_utf8(self.take(length)?).map_err(|_| Malformed)?;
        if self.u8()? == 0 { Ok(words) } else { Err(Malformed) }
    }

    /// An array of bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    /// An array whose entries begin at multiples of so many bytes, at most [`MOST`] of them.
    pub fn array<T>(
        &mut self,
        entries_at: usize,
        entry: impl Fn(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        self.align(entries_at)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.all.len()).ok_or(Malformed)?;
        let mut list = Vec::new();
        while self.at < end {
            if list.len() == MOST {
                return Err(Malformed);
            }
            list.push(entry(self)?);
        }
        if self.at == end { Ok(list) } else { Err(Malformed) }
    }

    /// Object paths.
    pub fn paths(&mut self) -> Result<Vec<Path>, Malformed> {
        self.array(4, Self::path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example: an array of one 64-bit number, here as one entry that begins at a multiple of 8.
    #[test]
    fn an_array_is_its_length_then_room_then_its_entries() {
        let mut writer = Writer::new();
        writer.array(8, |list| list.raw(&[5, 0, 0, 0, 0, 0, 0, 0]));
        let bytes = writer.done();
        assert_eq!(bytes.as_slice(), [8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        let read = Reader::new(&bytes, false).array(8, |entry| entry.take(8).map(<[u8]>::to_vec));
        assert_eq!(read, Ok(vec![vec![5, 0, 0, 0, 0, 0, 0, 0]]));
    }

    #[test]
    fn words_are_their_length_then_themselves_then_a_zero_in_either_order_of_bytes() {
        let mut writer = Writer::new();
        writer.u8(7);
        writer.text("foo");
        let bytes = writer.done();
        assert_eq!(bytes.as_slice(), b"\x07\0\0\0\x03\0\0\0foo\0");
        assert_eq!(Reader { at: 1, ..Reader::new(&bytes, false) }.text(), Ok("foo"));
        assert_eq!(Reader::new(b"\0\0\0\x03foo\0", true).text(), Ok("foo"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bytes in
            [b"\x04\0\0\0foo\0".as_slice(), b"\x03\0\0\0foo\x01", b"\x03\0\0\0f\xffo\0", b"\xff\xff\xff\xfffoo\0"]
        {
            assert_eq!(Reader::new(bytes, false).text(), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Reader::new(b"\x02\0\0\0", false).bool(), Err(Malformed));
        // An entry that reaches over the array's end.
        assert_eq!(Reader::new(b"\x05\0\0\0\x03\0\0\0/aa\0", false).paths(), Err(Malformed));
        for path in ["", "a", "//", "/a/", "/a b", "/a'", "/ä"] {
            assert_eq!(Path::new(path.into()), None, "{path}");
        }
        assert!(Path::new(format!("/{}", "a".repeat(LONGEST_PATH))).is_none());
        assert!(["/", "/a", "/org/x_1"].iter().all(|path| Path::new((*path).into()).is_some()));
    }
}
