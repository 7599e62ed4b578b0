//! Another process's memory, as root reads it, and what lies in it.

use bulkhead_tests::Error;
use memchr::memmem::Finder;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

/// Bytes read at once.
const STEP: usize = 4 << 20;
/// Bytes of a page.
const PAGE: usize = 4096;

/// Something to look for.
#[derive(Debug)]
pub struct Needle {
    name: &'static str,
    bytes: Vec<u8>,
}

/// A text in the encodings that programs keep it in: each half of it, so that one half is enough to be found.
pub fn text(name: &'static str, words: &str) -> Vec<Needle> {
    let letters: Vec<char> = words.chars().collect();
    let (first, second) = letters.split_at(letters.len() / 2);
    let encodings = |half: &[char]| {
        let half: String = half.iter().collect();
        let wide: Vec<u8> = half.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let widest: Vec<u8> = half.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        [half.into_bytes(), wide, widest]
    };
    let all = encodings(first).into_iter().chain(encodings(second));
    all.map(|bytes| Needle { name, bytes }).collect()
}

/// A key: its bytes, each half of them, and its digits as SQL writes them.
pub fn key(name: &'static str, bytes: &[u8]) -> Vec<Needle> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let digits = |upper: bool| {
        let digit = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        first.iter().map(digit).collect::<String>().into_bytes()
    };
    [first.to_vec(), second.to_vec(), digits(false), digits(true)].map(|bytes| Needle { name, bytes }).into()
}

/// One mapping of a process, by its line in `/proc/PID/maps`.
#[derive(Debug)]
struct Mapping {
    from: u64,
    to: u64,
    name: String,
}

/// What can be read of a process, and what was found in it.
#[derive(Debug, Default)]
pub struct Found {
    /// Bytes that could be read.
    pub read: usize,
    /// Mappings that even root cannot read.
    pub closed: Vec<String>,
    /// What was found: the needle's name, and where.
    pub hits: Vec<(&'static str, String)>,
}

impl Found {
    /// How often something was found.
    pub fn count(&self, name: &str) -> usize {
        self.hits.iter().filter(|(what, _)| *what == name).count()
    }
}

/// Goes through all memory of a process that `/proc/PID/mem` gives, which is more than `process_vm_readv` does.
pub fn scan(process: u32, needles: &[Needle]) -> Result<Found, Error> {
    let failed = |step| move |error| Error::System(step, error);
    let maps = read_to_string(format!("/proc/{process}/maps")).map_err(failed("reading the list of mappings"))?;
    let memory = File::open(format!("/proc/{process}/mem")).map_err(failed("opening a process's memory"))?;
    let finders: Vec<_> = needles.iter().map(|needle| (needle.name, Finder::new(&needle.bytes))).collect();
    let longest = needles.iter().map(|needle| needle.bytes.len()).max().unwrap_or(1);
    let mut found = Found::default();
    for mapping in maps.lines().filter_map(mapping) {
        let before = found.read;
        // The end of one step is looked at again with the next.
        let mut kept = Vec::new();
        let mut at = mapping.from;
        while at < mapping.to {
            let length = usize::try_from(mapping.to - at).unwrap_or(STEP).min(STEP);
            let start = at - kept.len() as u64;
            let mut bytes = std::mem::take(&mut kept);
            let old = bytes.len();
            let (got, step) = read(&memory, at, length, &mut bytes);
            found.read += got;
            for (name, finder) in &finders {
                for hit in finder.find_iter(&bytes).filter(|hit| hit + finder.needle().len() > old) {
                    let place = start + hit as u64;
                    found.hits.push((name, format!("{place:x} in {}: {}", mapping.name, around(&bytes, hit))));
                }
            }
            kept = bytes.split_off(bytes.len().saturating_sub(longest - 1));
            at += step as u64;
        }
        if found.read == before {
            found.closed.push(mapping.name);
        }
    }
    Ok(found)
}

/// Appends what can be read; says how much that was, and how far to go on. A page that cannot be read is skipped.
fn read(memory: &File, at: u64, length: usize, to: &mut Vec<u8>) -> (usize, usize) {
    let mut bytes = vec![0; length];
    match memory.read_at(&mut bytes, at) {
        Ok(got) if got > 0 => {
            to.extend(bytes.iter().take(got));
            (got, got)
        }
        _ => (0, PAGE.min(length)),
    }
}

fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    let rights = words.next()?;
    let name = words.skip(3).collect::<Vec<_>>().join(" ");
    let mapping = Mapping { from: number(from)?, to: number(to)?, name };
    // The kernel's own pages are in every process, and cannot be read from outside.
    (rights.starts_with('r') && !mapping.name.starts_with("[v")).then_some(mapping)
}

/// What stands around a hit, for the person who has to find out where it comes from.
fn around(bytes: &[u8], hit: usize) -> String {
    let shown = bytes.iter().skip(hit.saturating_sub(24)).take(96);
    shown.map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' }).collect()
}
