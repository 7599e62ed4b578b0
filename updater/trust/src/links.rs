//! How links travel: a party's mirrors serve the canonical signed bytes of its targets files in segments of 256.
//!
//! A segment is a list of entries, each a length (four bytes, most significant first) and so many bytes. It needs no
//! signature of its own: what is in it must hash to what the next one names, up to a signed file.

use crate::Role;
use crate::read::{MOST_LINKS, longest};

/// Links in a segment.
pub const SEGMENT: u64 = 256;

/// The name of the segment that holds `version`, below the metadata's address.
pub fn name(version: u64) -> String {
    format!("links/{}", segment(version))
}

/// The number of the segment that holds `version`; versions count from 1.
pub const fn segment(version: u64) -> u64 {
    version.saturating_sub(1) / SEGMENT
}

/// The longest segment, in bytes.
pub fn longest_segment() -> u64 {
    let entry = u64::try_from(longest(Role::Targets)).unwrap_or(u64::MAX).saturating_add(4);
    entry.saturating_mul(SEGMENT)
}

/// Adds a link to a segment.
pub fn append(segment: &mut Vec<u8>, link: &[u8]) {
    segment.extend(u32::try_from(link.len()).unwrap_or(u32::MAX).to_be_bytes());
    segment.extend(link);
}

/// Takes a segment apart. `None` if it is cut off, too long, or holds too much.
pub fn split(segment: &[u8]) -> Option<Vec<Vec<u8>>> {
    taken_apart(segment, usize::try_from(SEGMENT).unwrap_or(usize::MAX))
}

/// Takes the links of several segments apart, as they follow each other; as many as are ever followed at once.
pub fn entries(segments: &[u8]) -> Option<Vec<Vec<u8>>> {
    taken_apart(segments, MOST_LINKS)
}

fn taken_apart(mut segment: &[u8], most: usize) -> Option<Vec<Vec<u8>>> {
    let mut links = Vec::new();
    while let Some((length, rest)) = segment.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if length > longest(Role::Targets) || links.len() >= most {
            return None;
        }
        let (link, rest) = rest.split_at_checked(length)?;
        links.push(link.to_vec());
        segment = rest;
    }
    segment.is_empty().then_some(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_put_together_and_taken_apart_is_the_same() {
        let mut segment = Vec::new();
        append(&mut segment, b"one");
        append(&mut segment, b"");
        append(&mut segment, b"three");
        assert_eq!(split(&segment), Some(vec![b"one".to_vec(), vec![], b"three".to_vec()]));
        assert_eq!(split(&[]), Some(vec![]));
        for cut in [1, 2, 5, segment.len() - 1] {
            assert_eq!(split(&segment[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn segment_with_too_much_is_refused() {
        let mut segment = Vec::new();
        (0..256).for_each(|_| append(&mut segment, b"x"));
        assert_eq!(split(&segment).map(|links| links.len()), Some(256));
        append(&mut segment, b"x");
        assert_eq!(split(&segment), None);
        assert_eq!(entries(&segment).map(|links| links.len()), Some(257));
        let mut segment = Vec::new();
        append(&mut segment, &vec![0; 64 * 1024]);
        assert!(split(&segment).is_some());
        let mut segment = Vec::new();
        append(&mut segment, &vec![0; 64 * 1024 + 1]);
        assert_eq!(split(&segment), None);
    }

    #[test]
    fn versions_are_in_their_segments() {
        assert_eq!([1, 256, 257, 512, 513].map(segment), [0, 0, 1, 1, 2]);
        assert_eq!((segment(0), name(300)), (0, "links/1".to_owned()));
        assert_eq!(longest_segment(), 256 * (64 * 1024 + 4));
    }
}
