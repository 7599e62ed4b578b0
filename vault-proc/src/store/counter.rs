//! What the store knows of its counter in the machine's TPM: an older copy of the store knows less than the TPM.

use crate::store::rows::{bad, number, unsigned};
use bulkhead_ipc::seal::Half;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// A counter, and how far it was when the store was opened last.
#[derive(Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its number in the TPM.
    pub number: u32,
    /// Who knows it counts.
    pub secret: Half,
    /// Its value when it answered last.
    pub value: u64,
    /// How often it was asked to count since. Of each time the answer may have been lost.
    pub asked: u64,
}

impl Counter {
    /// Whether a store that says this is the newest there is, if the counter stands at `value` after it was asked to count.
    /// `None` if it cannot be the same counter.
    pub const fn is_newest(&self, value: u64) -> Option<bool> {
        match value.checked_sub(self.value) {
            None | Some(0) => None,
            Some(further) => Some(further <= self.asked),
        }
    }
}

/// Reads it.
pub fn load(db: &Connection) -> Result<Option<Counter>> {
    let mut statement = db.prepare_cached("SELECT number, secret, value, asked FROM counter")?;
    statement.query_row([], counter).optional()
}

fn counter(row: &Row<'_>) -> Result<Counter> {
    let secret: [u8; 32] = row.get(1)?;
    Ok(Counter { number: row.get(0)?, secret: Half::new(secret), value: unsigned(row, 2)?, asked: unsigned(row, 3)? })
}

/// Writes it, or that there is none.
pub fn put(db: &Connection, counter: Option<&Counter>) -> Result<()> {
    let Some(Counter { number: at, secret, value, asked }) = counter else {
        return db.execute("DELETE FROM counter", []).map(drop);
    };
    let value = i64::try_from(*value).map_err(|_| bad())?;
    db.prepare_cached("INSERT OR REPLACE INTO counter(id, number, secret, value, asked) VALUES (1, ?1, ?2, ?3, ?4)")?
        .execute(params![at, secret.bytes(), value, number(*asked)])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_copy_is_told_from_a_crash_between_question_and_answer() {
        let mut stored = Counter { number: 0, secret: Half::new([0; 32]), value: 100, asked: 0 };
        let mut counter = 100_u64;
        let mut ask = |stored: &mut Counter| {
            stored.asked += 1;
            counter += 1;
            counter
        };
        let copy = stored.clone();
        let told = ask(&mut stored);
        assert_eq!(stored.is_newest(told), Some(true));
        // Three times the program ended before the answer was written; once before the counter was reached.
        for _ in 0..3 {
            ask(&mut stored);
        }
        stored.asked += 1;
        let told = ask(&mut stored);
        assert_eq!(stored.is_newest(told), Some(true));
        (stored.value, stored.asked) = (told, 0);
        let mut older = copy.clone();
        let told = ask(&mut older);
        assert_eq!(older.is_newest(told), Some(false));
        for elsewhere in [0, 100] {
            assert_eq!(copy.is_newest(elsewhere), None);
        }
    }
}
