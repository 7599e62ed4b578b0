//! Removing messages, with their words in the index.

use crate::store::rows::{number, state};
use crate::store::{search, wash};
use bulkhead_vault_core::{MessageState, Plaintext};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// From so many messages on the index is written anew rather than searched for each of their words.
const MANY: usize = 256;

/// Removes messages of a conversation by place; returns the number and state of each that was there.
pub fn messages(db: &Connection, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>> {
    let many = places.len() > MANY;
    searching(db, many)?;
    let mut find = db.prepare_cached("SELECT n, text, state FROM messages WHERE contact = ?1 AND seq = ?2")?;
    let mut gone = Vec::with_capacity(places.len());
    for place in places {
        let found =
            find.query_row(params![contact, number(*place)], |row| Ok((read(row)?, state(row, 2)?))).optional()?;
        let Some(((n, text), state)) = found else { continue };
        unindex(db, n, &text)?;
        db.prepare_cached("DELETE FROM messages WHERE n = ?1")?.execute([n])?;
        gone.push((u64::try_from(n).unwrap_or_default(), state));
    }
    finish(db, many)?;
    Ok(gone)
}

/// Removes a contact with session, messages, timer, parts.
pub fn contact(db: &Connection, handle: u32) -> Result<()> {
    let count: i64 = db.query_row("SELECT count(*) FROM messages WHERE contact = ?1", [handle], |row| row.get(0))?;
    let many = usize::try_from(count).unwrap_or(usize::MAX) > MANY;
    searching(db, many)?;
    let mut all = db.prepare_cached("SELECT n, text FROM messages WHERE contact = ?1")?;
    let mut rows = all.query([handle])?;
    while let Some(row) = rows.next()? {
        let (n, text) = read(row)?;
        unindex(db, n, &text)?;
    }
    for table in ["messages", "sessions", "timers", "shares"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE contact = ?1"))?.execute([handle])?;
    }
    db.prepare_cached("DELETE FROM contacts WHERE handle = ?1")?.execute([handle])?;
    finish(db, many)
}

fn read(row: &Row<'_>) -> Result<(i64, Plaintext)> {
    Ok((row.get(0)?, Plaintext::new(row.get(1)?)))
}

/// The index has no words to look up what it holds: it is told them.
fn unindex(db: &Connection, n: i64, text: &Plaintext) -> Result<()> {
    if text.as_str().is_empty() {
        return Ok(());
    }
    let mut statement = db.prepare_cached("INSERT INTO search(search, rowid, text) VALUES ('delete', ?1, ?2)")?;
    statement.execute(params![n, search::indexed(text.as_str())]).map(drop)
}

/// With `secure-delete` the index looks for every word in each of its segments and takes it out. Without, it notes that
/// the words are gone, and forgets them once all segments are merged into one.
fn searching(db: &Connection, many: bool) -> Result<()> {
    if many {
        db.execute_batch("INSERT INTO search(search, rank) VALUES ('secure-delete', 0)")?;
    }
    Ok(())
}

fn finish(db: &Connection, many: bool) -> Result<()> {
    if many {
        db.execute_batch(
            "INSERT INTO search(search) VALUES ('optimize');
             INSERT INTO search(search, rank) VALUES ('secure-delete', 1);",
        )?;
    }
    wash::begin(db)
}
