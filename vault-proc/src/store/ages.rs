//! How long messages still live: rows of [`bulkhead_vault_core::store`]'s `Age` and `Timer`.
//!
//! When a message dies is written with as many bytes as that it has not begun to: the row is overwritten where it is, and
//! no page is rearranged.

use crate::store::rows::number;
use bulkhead_vault_core::Time;
use bulkhead_vault_core::store::{Age, Timer};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// Its time has not begun.
pub const RESTS: i64 = i64::MAX;
/// Added to every death.
const BASE: i64 = 1 << 62;

fn death(lived: u64) -> i64 {
    BASE.saturating_add(number(lived)).min(RESTS - 1)
}

/// Begins the time of all received messages of a conversation whose time has not begun.
pub fn begin_received(db: &Connection, contact: u32, lived: u64) -> Result<()> {
    let sql = "UPDATE messages SET dies = min(?2 + life * 1000, 9223372036854775806)
        WHERE contact = ?1 AND dies = 9223372036854775807 AND mine = 0";
    db.prepare_cached(sql)?.execute(params![contact, death(lived)]).map(drop)
}

/// Begins the time of one message.
pub fn begin(db: &Connection, message: u64, lived: u64) -> Result<()> {
    let sql = "UPDATE messages SET dies = min(?2 + life * 1000, 9223372036854775806)
        WHERE n = ?1 AND dies = 9223372036854775807";
    db.prepare_cached(sql)?.execute(params![number(message), death(lived)]).map(drop)
}

/// Conversation and place of what has died.
pub fn dead(db: &Connection, lived: u64) -> Result<Vec<(u32, u64)>> {
    let sql = "SELECT contact, seq FROM messages WHERE dies < 9223372036854775807 AND dies <= ?1 ORDER BY contact, seq";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([death(lived)], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| row.map(|(contact, seq)| (contact, u64::try_from(seq).unwrap_or_default()))).collect()
}

/// When the next one dies.
pub fn next(db: &Connection) -> Result<Option<u64>> {
    let sql = "SELECT min(dies) FROM messages WHERE dies < 9223372036854775807";
    let next: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(next.map(|dies| u64::try_from(dies - BASE).unwrap_or_default()))
}

/// Writes a conversation's timer.
pub fn put_timer(db: &Connection, contact: u32, timer: Timer) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO timers(contact, seconds, changed) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![contact, timer.seconds, number(timer.changed)]).map(drop)
}

/// Reads all timers.
pub fn timers(db: &Connection) -> Result<Vec<(u32, Timer)>> {
    let mut statement = db.prepare_cached("SELECT contact, seconds, changed FROM timers")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
    rows.map(|row| {
        row.map(|(contact, seconds, changed)| {
            (contact, Timer { seconds, changed: u64::try_from(changed).unwrap_or_default() })
        })
    })
    .collect()
}

/// Writes how long the profile has lived.
pub fn put_age(db: &Connection, age: Age) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO age(id, lived, wall) VALUES (1, ?1, ?2)";
    db.prepare_cached(sql)?.execute([number(age.lived), number(age.wall.0)]).map(drop)
}

/// Reads how long the profile has lived.
pub fn age(db: &Connection) -> Result<Option<Age>> {
    let unsigned = |n: i64| u64::try_from(n).unwrap_or_default();
    let row = db
        .prepare_cached("SELECT lived, wall FROM age")?
        .query_row([], |row| Ok(Age { lived: unsigned(row.get(0)?), wall: Time(unsigned(row.get(1)?)) }));
    row.optional()
}

/// Makes what disappears whole again in a store that was saved in part. If nobody knows any more how long the profile had
/// lived, it had lived at least as long as when the last time began. What failed because its job is lost begins now.
pub fn mend(db: &Connection, now: Time) -> Result<()> {
    if age(db)?.is_none() {
        let sql = "SELECT max(dies - life * 1000) FROM messages WHERE dies < 9223372036854775807";
        if let Some(begun) = db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))? {
            let lived = u64::try_from(begun.saturating_sub(BASE)).unwrap_or_default();
            put_age(db, Age { lived, wall: now })?;
        }
    }
    let lived = age(db)?.map_or(0, |age| age.lived);
    let sql = "UPDATE messages SET dies = min(?1 + life * 1000, 9223372036854775806)
        WHERE dies = 9223372036854775807 AND mine = 1 AND state = 4";
    db.execute(sql, [death(lived)]).map(drop)
}
