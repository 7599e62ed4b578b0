//! Every law over its corpus, and over changed copies of it: always the same ones, so that a failure can be repeated.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_fuzz::{LAWS, Law, Verdict};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::{Path, PathBuf};
use std::time::Instant;

const SEED: u64 = 0x62_756c_6b68_6561;
/// Changed copies per law, so that each takes a few seconds at most.
const COPIES: [(&str, usize); 5] =
    [("line_net", 200_000), ("line_ui", 200_000), ("relay_frame", 100_000), ("content", 20_000), ("monitors", 20_000)];
/// Legal inputs that a corpus has at least.
const LEGAL: usize = 30;
/// Bytes that mean something in CBOR or JSON.
const TELLING: &[u8] = b"\x00\x01\x17\x18\x19\x40\x60\x80\xa0\xf4\xf5\xf6\xff\"[]{},0";
/// Longest copy, in bytes: a little more than a packet.
const LONGEST: usize = 170_000;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("a corpus for every law").map(|file| file.expect("a file").path());
    let mut entries: Vec<_> = files.map(|path| (path.clone(), std::fs::read(path).expect("a readable file"))).collect();
    entries.sort();
    entries
}

/// Runs a law; what breaks it is kept where `make fuzz` keeps it too.
fn judge(target: &str, law: Law, input: &[u8], origin: &str) -> Verdict {
    match std::panic::catch_unwind(|| law(input)) {
        Ok(Ok(verdict)) => verdict,
        other => {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}.input"));
            std::fs::write(&kept, input).expect("the input is kept");
            let why = other.map_or_else(|_| "panicked".into(), |broken| format!("{broken:?}"));
            panic!("{target}, {origin}: {why}; the input is in {}", kept.display());
        }
    }
}

#[test]
fn laws_hold_for_the_corpora() {
    for (target, law) in LAWS {
        let entries = corpus(target);
        let accepted = |(path, input): &&(PathBuf, Vec<u8>)| {
            judge(target, law, input, &path.display().to_string()) == Verdict::Accepted
        };
        let legal = entries.iter().filter(accepted).count();
        println!("{target}: {} inputs, {legal} of them legal", entries.len());
        // Else the format has moved on, and the corpus tries nothing but the first lines of the decoders.
        assert!(legal >= LEGAL, "{target}: the corpus is stale");
    }
}

#[test]
fn laws_hold_for_changed_copies() {
    println!("seed {SEED:#x}");
    for (target, law) in LAWS {
        let (entries, begun, mut accepted) = (corpus(target), Instant::now(), 0);
        // Half of the copies are of legal inputs: most of the rest is refused at the first byte.
        let legal: Vec<_> = entries.iter().filter(|(_, input)| law(input) == Ok(Verdict::Accepted)).collect();
        let copies = COPIES.iter().find(|(name, _)| *name == target).expect("a number for every law").1;
        for number in 0..copies {
            let rng = &mut StdRng::seed_from_u64(SEED.wrapping_add(number as u64));
            let (_, entry) =
                if number % 2 == 0 { legal[number / 2 % legal.len()] } else { &entries[number % entries.len()] };
            let input = changed(entry, &entries, rng);
            accepted += usize::from(judge(target, law, &input, &format!("copy {number}")) == Verdict::Accepted);
        }
        println!("{target}: {copies} copies, {accepted} of them legal, in {:?}", begun.elapsed());
    }
}

/// One to four changes: a bit, a byte, a piece taken out, doubled, or brought from another entry.
fn changed(entry: &[u8], entries: &[(PathBuf, Vec<u8>)], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = entry.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let piece = |of: &[u8], rng: &mut StdRng| {
            let start = rng.random_range(0..=of.len());
            start..rng.random_range(start..=of.len().min(start + 64))
        };
        let at = rng.random_range(0..=bytes.len());
        match rng.random_range(0..6) {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.random()),
            2 => bytes.insert(at, TELLING[rng.random_range(0..TELLING.len())]),
            3 => drop(bytes.drain(piece(&bytes, rng))),
            4 => {
                let piece = bytes[piece(&bytes, rng)].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let other = &entries[rng.random_range(0..entries.len())].1;
                let piece = other[piece(other, rng)].to_vec();
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece);
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}
