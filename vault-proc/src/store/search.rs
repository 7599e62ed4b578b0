//! Full text search.
//!
//! FTS5's tokeniser separates words at spaces, which Chinese and Japanese do not use: there every character is
//! made a word of its own, in the index and in the query, and a query word becomes a phrase.

use crate::store::rows::message;
use bulkhead_vault_core::Plaintext;
use bulkhead_vault_core::store::Found;
use rusqlite::{Connection, params};
use std::borrow::Cow;

/// Most words of a query.
const MAX_WORDS: usize = 16;

fn alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// A text as it is indexed.
pub fn indexed(text: &str) -> Cow<'_, str> {
    if !text.contains(alone) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if alone(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The FTS5 query for words that a person typed; `None` if there is nothing to look for. Everything is quoted:
/// nothing typed is taken for an operator.
fn query(words: &str) -> Option<String> {
    let mut out = String::new();
    for word in words.split_whitespace().take(MAX_WORDS) {
        let word: String = indexed(word).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let word = word.trim();
        if !word.is_empty() {
            out.push_str(if out.is_empty() { "\"" } else { " \"" });
            out.push_str(word);
            out.push('"');
        }
    }
    if out.is_empty() {
        return None;
    }
    out.push('*');
    Some(out)
}

/// Indexes all messages, in an index that is empty.
pub fn fill(db: &Connection) -> rusqlite::Result<()> {
    let mut all = db.prepare("SELECT n, text FROM messages ORDER BY n")?;
    let mut add = db.prepare_cached("INSERT INTO search(rowid, text) VALUES (?1, ?2)")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let text = Plaintext::new(row.get(1)?);
        add.execute(params![row.get::<_, i64>(0)?, indexed(text.as_str())])?;
    }
    Ok(())
}

/// Messages that hold all words, the last as a prefix, newest first.
pub fn find(db: &Connection, words: &str, limit: usize) -> rusqlite::Result<Vec<Found>> {
    let Some(query) = query(words) else { return Ok(Vec::new()) };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(
        "SELECT m.contact, m.seq, m.mine, m.text, m.at, m.state, m.life FROM search
         JOIN messages AS m ON m.n = search.rowid
         WHERE search MATCH ?1 ORDER BY search.rowid DESC LIMIT ?2",
    )?;
    let found = statement
        .query_map(params![query, limit], |row| Ok(Found { contact: row.get(0)?, message: message(row, 1)? }))?;
    found.collect()
}
