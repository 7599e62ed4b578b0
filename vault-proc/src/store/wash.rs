//! What was deleted leaves the file, too.
//!
//! SQLite's `secure_delete` overwrites a row where it was deleted. What it leaves: copies of rows in the gap between the
//! cells of a page, from when they were moved to another page; and older versions of whole pages in the write-ahead log.
//! So after a deletion every page's gaps are filled with zeros, the log is emptied into the store, overwritten and
//! cut to nothing. A small store is washed at once, a large one in slices; what is left to do outlasts the process.

use rusqlite::{Connection, OptionalExtension, Result, params};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Pages of a slice: some 20 ms.
const SLICE: i64 = 1024;
/// Pages that are washed before a deletion is over: 16 MiB of store.
const AT_ONCE: i64 = 4096;
/// Bytes of a page that are SQLCipher's: the vector and the tag.
const RESERVED: usize = 48;
/// What a log begins with while it is overwritten. SQLite and salvage leave such a log alone, while parts of it that
/// are still there after a power cut would be taken for the newest that was written.
pub const EMPTIED: &[u8; 16] = b"Bulkhead emptied";

/// Notes that all pages have to be washed, in the transaction that deletes.
pub fn begin(db: &Connection) -> Result<()> {
    let sql = "INSERT INTO wash(id, next, remaining) SELECT 1, 1, page_count FROM pragma_page_count WHERE true
        ON CONFLICT(id) DO UPDATE SET remaining = excluded.remaining";
    db.prepare_cached(sql)?.execute([]).map(drop)
}

/// Whether pages are left to wash.
pub fn pending(db: &Connection) -> Result<bool> {
    let left = db.prepare_cached("SELECT 1 FROM wash")?.query_row([], |_| Ok(())).optional()?;
    Ok(left.is_some())
}

/// Washes the next pages, in a transaction of its own; says whether that was all.
pub fn slice(db: &Connection, first: bool) -> Result<bool> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let done = pages(db, if first { AT_ONCE } else { SLICE });
    match done.and_then(|done| db.prepare_cached("COMMIT")?.execute([]).map(|_| done)) {
        Ok(done) => Ok(done),
        Err(error) => {
            if !db.is_autocommit() {
                let _ = db.execute_batch("ROLLBACK");
            }
            Err(error)
        }
    }
}

/// `next` is the page to go on with, `remaining` how many are left: a deletion meanwhile begins a new round where this one is.
fn pages(db: &Connection, most: i64) -> Result<bool> {
    let row =
        db.prepare_cached("SELECT next, remaining FROM wash")?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((mut next, mut left)): Option<(i64, i64)> = row.optional()? else { return Ok(true) };
    let count: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let mut read = db.prepare_cached("SELECT data FROM sqlite_dbpage('main') WHERE pgno = ?1")?;
    let mut write = db.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1 AND schema = 'main'")?;
    for _ in 0..most.min(left) {
        if next > count {
            next = 1;
        }
        let data = read.query_row([next], |row| row.get::<_, Vec<u8>>(0)).optional()?;
        if let Some(mut page) = data.map(Zeroizing::new)
            && clean(&mut page, next == 1)
        {
            write.execute(params![next, page.as_slice()])?;
        }
        (next, left) = (next + 1, left - 1);
    }
    if left > 0 {
        db.prepare_cached("UPDATE wash SET next = ?1, remaining = ?2")?.execute([next, left])?;
    } else {
        db.prepare_cached("DELETE FROM wash")?.execute([])?;
    }
    Ok(left <= 0)
}

/// Fills what a b-tree page does not use with zeros; says whether anything else was there. Other pages (freed ones,
/// those of long rows) are cleaned by SQLite itself.
fn clean(page: &mut [u8], first: bool) -> bool {
    unused(page, if first { 100 } else { 0 }).is_some_and(|spans| {
        let mut found = false;
        for (from, to) in spans {
            if let Some(span) = page.get_mut(from..to)
                && span.iter().any(|byte| *byte != 0)
            {
                span.fill(0);
                found = true;
            }
        }
        found
    })
}

/// The parts of a b-tree page that are not in use (the file format is described at sqlite.org/fileformat2.html, 1.6);
/// `None` if it is no such page.
fn unused(page: &[u8], header: usize) -> Option<Vec<(usize, usize)>> {
    let number = |at: usize| Some(usize::from(u16::from_be_bytes([*page.get(at)?, *page.get(at + 1)?])));
    let length = match page.get(header)? {
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let usable = page.len().checked_sub(RESERVED)?;
    let content = match number(header + 5)? {
        0 => usable,
        at => at,
    };
    let gap = (header + length + 2 * number(header + 3)?, content);
    if gap.0 > gap.1 || gap.1 > usable {
        return None;
    }
    let mut spans = vec![gap];
    let (mut block, mut before) = (number(header + 1)?, gap.0);
    while block > before {
        let size = number(block + 2)?;
        if size < 4 || block + size > usable {
            return None;
        }
        spans.push((block + 4, block + size));
        (before, block) = (block + size - 1, number(block)?);
    }
    Some(spans)
}

/// Brings everything from the log into the store, overwrites the log with zeros and cuts it to nothing.
pub fn empty_log(db: &Connection, log: &Path) -> Result<()> {
    let checkpoint = |mode: &str| {
        db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
    };
    let (busy, frames, done) = checkpoint("FULL")?;
    if busy == 0 && frames > 0 && frames == done {
        // All of it is in the store, durably: whether the power fails now or not, the log is not needed. A disk that
        // does not take the zeros still has it cut.
        let _ = begin_overwriting(log).and_then(|()| overwrite_from(log, EMPTIED.len() as u64));
    }
    checkpoint("TRUNCATE").map(drop)
}

/// Writes zeros over a file, as far as the file system writes in place.
pub fn overwrite(path: &Path) -> std::io::Result<()> {
    overwrite_from(path, 0)
}

fn begin_overwriting(log: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(log)?;
    write(&file, log, EMPTIED, 0)?;
    sync(&file, log)
}

fn overwrite_from(path: &Path, start: u64) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let zeros = vec![0; 64 * 1024];
    let (mut at, end) = (start, file.metadata()?.len());
    while at < end {
        let part = zeros.get(..usize::try_from(end - at).unwrap_or(usize::MAX).min(zeros.len())).unwrap_or_default();
        write(&file, path, part, at)?;
        at += part.len() as u64;
    }
    sync(&file, path)
}

/// The tests' disk, which fails, is below SQLite: what goes past SQLite is told to it.
fn write(file: &File, path: &Path, bytes: &[u8], at: u64) -> std::io::Result<()> {
    #[cfg(test)]
    super::tests::disk::written_beside(path, bytes, at)?;
    let _ = path;
    file.write_all_at(bytes, at)
}

fn sync(file: &File, path: &Path) -> std::io::Result<()> {
    #[cfg(test)]
    super::tests::disk::synced_beside(path)?;
    let _ = path;
    file.sync_data()
}
