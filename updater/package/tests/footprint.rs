//! A package of 200 MB is packed and unpacked within 30 MB of memory. A program of its own, as it measures the process.

#![allow(missing_docs, clippy::unwrap_used)]

use bulkhead_package::{Limits, pack, unpack};
use std::fs::{self, File};

const CONTENT: u64 = 200_000_000;
const MOST: u64 = 30_000_000;

fn main() {
    let place = std::env::temp_dir().join(format!("bulkhead-memory-{}", std::process::id()));
    for top in ["bin", "rules", "metadata"] {
        fs::create_dir_all(place.join("folder").join(top)).unwrap();
    }
    // What is in it makes no difference to the memory; that it is a hole on the disk saves the machine's.
    File::create(place.join("folder/bin/bulkhead")).unwrap().set_len(CONTENT).unwrap();
    pack(&place.join("folder"), File::create(place.join("package")).unwrap()).unwrap();
    unpack(File::open(place.join("package")).unwrap(), &place.join("into"), Limits::default()).unwrap();
    assert_eq!(fs::metadata(place.join("into/bin/bulkhead")).unwrap().len(), CONTENT);
    fs::remove_dir_all(&place).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let peak: u64 = line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024;
    println!("a package of {CONTENT} bytes: at most {peak} bytes of memory");
    assert!(peak <= MOST);
}
