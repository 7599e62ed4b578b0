//! Events that relays are still to be asked to delete.
//!
//! Every message received leaves one. Those of one transaction share rows: each as a row of its own costs as much as
//! a fifth of a decryption. Which relays have deleted an event is not written: after a restart all are asked again,
//! which changes nothing there.

use crate::store::rows::{bad, ids, number, relays};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_vault_core::envelope::Stamp;
use bulkhead_vault_core::store::{JobRow, Work};
use bulkhead_vault_core::{Key, Secret, Time};
use rusqlite::{Connection, OptionalExtension, Result, params};
use std::collections::BTreeSet;

/// Most erasures of a row: one that is done has the others of its row written again.
const MOST: usize = 64;
/// Bytes of an entry: job, event, author.
const ENTRY: usize = 8 + 32 + 32;

/// What the transaction adds and takes away.
#[derive(Default)]
pub struct Erasures {
    added: Vec<JobRow>,
    done: BTreeSet<u64>,
}

impl Erasures {
    /// Notes an erasure.
    pub fn add(&mut self, row: &JobRow) {
        self.added.push(row.clone());
    }

    /// Notes that a job is over.
    pub fn remove(&mut self, job: u64) {
        let before = self.added.len();
        self.added.retain(|row| row.job != job);
        if self.added.len() == before {
            self.done.insert(job);
        }
    }

    /// Writes what the transaction noted. A row has the number of its first job; jobs are numbered upwards, so a job
    /// is in the last row whose number is not above its own.
    pub fn write(&self, db: &Connection) -> Result<()> {
        let mut done = self.done.iter().copied().peekable();
        while let Some(job) = done.next() {
            let sql = "SELECT n, list FROM erasures WHERE n <= ?1 ORDER BY n DESC LIMIT 1";
            let row = db.prepare_cached(sql)?.query_row([number(job)], |row| Ok((row.get(0)?, row.get(1)?))).optional();
            let Some((n, list)): Option<(i64, Vec<u8>)> = row? else { continue };
            let mut entries = decode(Secret::new(list).bytes()).ok_or_else(bad)?;
            let last = entries.last().map_or(job, |row| row.job);
            while done.next_if(|job| *job <= last).is_some() {}
            entries.retain(|row| !self.done.contains(&row.job));
            if entries.is_empty() {
                db.prepare_cached("DELETE FROM erasures WHERE n = ?1")?.execute([n])?;
            } else {
                let mut statement = db.prepare_cached("UPDATE erasures SET list = ?2 WHERE n = ?1")?;
                statement.execute(params![n, encode(&entries).bytes()])?;
            }
        }
        let mut statement = db.prepare_cached("INSERT INTO erasures(n, list) VALUES (?1, ?2)")?;
        for rows in self.added.chunks(MOST) {
            let first = rows.first().map_or(0, |row| row.job);
            statement.execute(params![number(first), encode(rows).bytes()])?;
        }
        Ok(())
    }

    /// The transaction is over: what it noted is written, or undone.
    pub fn clear(&mut self) {
        self.added.clear();
        self.done.clear();
    }
}

/// Reads all jobs.
pub fn load(db: &Connection) -> Result<Vec<JobRow>> {
    let mut statement = db.prepare_cached("SELECT list FROM erasures")?;
    let mut rows = statement.query([])?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        jobs.append(&mut decode(Secret::new(row.get(0)?).bytes()).ok_or_else(bad)?);
    }
    Ok(jobs)
}

/// Whether two erasures differ in event and author only, as those of a batch do.
fn alike(a: &JobRow, b: &JobRow) -> bool {
    let shared = |row: &JobRow| Some((mailbox(row)?, row.since, row.stamp.created_at, row.stamp.expires_at));
    shared(a) == shared(b) && a.relays == b.relays
}

const fn mailbox(row: &JobRow) -> Option<Bytes32> {
    match row.what {
        Work::Erase { mailbox, .. } => Some(mailbox),
        Work::Envelope { .. } | Work::Offer { .. } | Work::Answer { .. } | Work::Bundle { .. } => None,
    }
}

/// What is written once for erasures that are alike.
fn shared(row: &JobRow) -> Option<Vec<u8>> {
    let mut head = mailbox(row)?.0.to_vec();
    for n in [row.since.0, row.stamp.created_at, row.stamp.expires_at] {
        head.extend_from_slice(&n.to_be_bytes());
    }
    head.extend_from_slice(&ids(&row.relays));
    Some(head)
}

/// A list is runs; a run is the length of what is shared, that, the number of entries, these. Both numbers have 16 bits.
fn encode(rows: &[JobRow]) -> Secret {
    let runs: Vec<_> = rows.chunk_by(alike).filter_map(|run| Some((shared(run.first()?)?, run))).collect();
    // Reserved at once, so that no copy of a key is left behind by growth.
    let mut list = Vec::with_capacity(runs.iter().map(|(head, run)| 4 + head.len() + run.len() * ENTRY).sum());
    for (head, run) in runs {
        list.extend_from_slice(&u16::try_from(head.len()).unwrap_or_default().to_be_bytes());
        list.extend_from_slice(&head);
        list.extend_from_slice(&u16::try_from(run.len()).unwrap_or_default().to_be_bytes());
        for row in run {
            let Work::Erase { event, .. } = row.what else { continue };
            list.extend_from_slice(&row.job.to_be_bytes());
            list.extend_from_slice(&event.0);
            list.extend_from_slice(row.stamp.author.bytes());
        }
    }
    Secret::new(list)
}

/// Reads a row.
pub fn decode(list: &[u8]) -> Option<Vec<JobRow>> {
    let (mut rest, mut rows) = (list, Vec::new());
    while !rest.is_empty() {
        let mut head = part(&mut rest)?;
        let mailbox = Bytes(take(&mut head)?);
        let [since, created_at, expires_at] =
            [take(&mut head)?, take(&mut head)?, take(&mut head)?].map(u64::from_be_bytes);
        let relays = relays(head)?;
        for _ in 0..u16::from_be_bytes(take(&mut rest)?) {
            let (job, event) = (u64::from_be_bytes(take(&mut rest)?), Bytes(take(&mut rest)?));
            let stamp = Stamp { author: Key::new(take(&mut rest)?), nonce: [0; 24], created_at, expires_at };
            let what = Work::Erase { event, mailbox };
            rows.push(JobRow { job, what, stamp, since: Time(since), relays: relays.clone() });
        }
    }
    Some(rows)
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(rest)?);
    let (part, after) = rest.split_at_checked(usize::from(length))?;
    *rest = after;
    Some(part)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}
