//! Which events were taken before.
//!
//! Their identifiers are random: in a table of their own each would dirty another page, and a page costs more than
//! a decryption. So those of one transaction are one row, and all are kept in memory to be looked up.

use crate::store::rows::number;
use rusqlite::{Connection, Result, params};
use std::collections::HashSet;

/// The first half of an event's identifier: still too long for anybody to find two events that share it.
type Short = [u8; 16];

/// What was taken, and what of it no row holds yet.
#[derive(Default)]
pub struct Seen {
    known: HashSet<Short>,
    fresh: Vec<Short>,
    /// When the last of the fresh ones expires, Unix time.
    until: u64,
}

impl Seen {
    /// Reads all rows.
    pub fn load(db: &Connection) -> Result<Self> {
        let mut seen = Self::default();
        seen.read(db)?;
        Ok(seen)
    }

    fn read(&mut self, db: &Connection) -> Result<()> {
        self.known.clear();
        let mut statement = db.prepare_cached("SELECT ids FROM events")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.known.extend(row.get_ref(0)?.as_blob()?.as_chunks().0);
        }
        Ok(())
    }

    /// Whether an event was taken before.
    pub fn knows(&self, id: &[u8; 32]) -> bool {
        self.known.contains(&short(id))
    }

    /// Notes an event until it expires. A row goes by whichever of its events expires last.
    pub fn remember(&mut self, id: &[u8; 32], until: u64) {
        if self.known.insert(short(id)) {
            self.fresh.push(short(id));
            self.until = self.until.max(until);
        }
    }

    /// Writes what the transaction noted.
    pub fn write(&mut self, db: &Connection) -> Result<()> {
        if !self.fresh.is_empty() {
            let mut statement = db.prepare_cached("INSERT INTO events(until, ids) VALUES (?1, ?2)")?;
            statement.execute(params![number(self.until), self.fresh.as_flattened()])?;
        }
        Ok(())
    }

    /// The transaction is durable.
    pub fn keep(&mut self) {
        self.fresh.clear();
        self.until = 0;
    }

    /// The transaction is undone. Rows that it had forgotten are back, but what they hold has expired.
    pub fn undo(&mut self) {
        for id in self.fresh.drain(..) {
            self.known.remove(&id);
        }
        self.until = 0;
    }

    /// Forgets rows of which all events expired before a Unix time.
    pub fn forget(&mut self, db: &Connection, before: u64) -> Result<()> {
        let gone = db.prepare_cached("DELETE FROM events WHERE until < ?1")?.execute([number(before)])?;
        if gone > 0 {
            self.read(db)?;
            self.known.extend(&self.fresh);
        }
        Ok(())
    }
}

fn short(id: &[u8; 32]) -> Short {
    id.first_chunk().copied().unwrap_or_default()
}
