//! Full text search.
//!
//! FTS5's tokeniser separates words at spaces, which Chinese and Japanese do not use: there every character is
//! made a word of its own, in the index and in the query, and a query word becomes a phrase.

use crate::store::rows::message;
use bulkhead_vault_core::Plaintext;
use bulkhead_vault_core::store::Found;
use rusqlite::{Connection, Row, params};
use std::borrow::Cow;

/// Most words of a query.
const MAX_WORDS: usize = 16;
/// The newest messages are looked at one by one.
const RECENT: usize = 1500;
/// Characters of a prefix with which very many words may begin.
const SHORT: usize = 2;

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

/// What somebody looks for: phrases that all have to be there, each of words in a row, the very last one as a prefix.
struct Sought(Vec<Vec<String>>);

impl Sought {
    /// Reads what was typed; `None` if there is nothing to look for.
    fn read(typed: &str) -> Option<Self> {
        let phrases = typed.split_whitespace().take(MAX_WORDS).map(|word| tokens(&indexed(word)).collect());
        let phrases: Vec<Vec<String>> = phrases.filter(|phrase: &Vec<_>| !phrase.is_empty()).collect();
        (!phrases.is_empty()).then_some(Self(phrases))
    }

    /// As an FTS5 query. Everything is quoted: nothing typed is taken for an operator.
    fn query(phrases: &[Vec<String>]) -> String {
        phrases.iter().map(|phrase| format!("\"{}\"", phrase.join(" "))).collect::<Vec<_>>().join(" ")
    }

    /// Whether a text has it all. Stricter than the index with accents, which it does not take away.
    fn is_in(&self, text: &str) -> bool {
        let words: Vec<String> = tokens(&indexed(text)).collect();
        let last = self.0.len() - 1;
        self.0.iter().enumerate().all(|(at, phrase)| {
            words.windows(phrase.len()).any(|row| match (at == last, row.split_last(), phrase.split_last()) {
                (true, Some((word, before)), Some((prefix, first))) => before == first && word.starts_with(prefix),
                _ => row == phrase,
            })
        })
    }
}

/// The words of a text, in lower case.
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
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
///
/// For a prefix FTS5 gathers every place in the whole store where a word begins so, before it returns the first one. What
/// is frequent is found among the newest messages without it; what is not, is not gathered for long. After other words a
/// short prefix is left to [`Sought::is_in`], as the other words are looked up newest first, one at a time.
pub fn find(db: &Connection, words: &str, limit: usize) -> rusqlite::Result<Vec<Found>> {
    let Some(sought) = Sought::read(words) else { return Ok(Vec::new()) };
    let newest =
        "SELECT m.contact, m.seq, m.mine, m.text, m.at, m.state, m.life FROM messages AS m ORDER BY m.n DESC LIMIT ?1";
    let mut statement = db.prepare_cached(newest)?;
    let recent = matching(statement.query_map(params![RECENT], found)?, &sought, limit)?;
    if recent.len() >= limit {
        return Ok(recent);
    }
    let indexed = "SELECT m.contact, m.seq, m.mine, m.text, m.at, m.state, m.life FROM search
        JOIN messages AS m ON m.n = search.rowid WHERE search MATCH ?1 ORDER BY search.rowid DESC";
    let mut statement = db.prepare_cached(indexed)?;
    match sought.0.split_last() {
        Some((last, first)) if !first.is_empty() && last.concat().chars().count() <= SHORT => {
            matching(statement.query_map(params![Sought::query(first)], found)?, &sought, limit)
        }
        _ => statement.query_map(params![Sought::query(&sought.0) + "*"], found)?.take(limit).collect(),
    }
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found { contact: row.get(0)?, message: message(row, 1)? })
}

fn matching(
    rows: impl Iterator<Item = rusqlite::Result<Found>>,
    sought: &Sought,
    limit: usize,
) -> rusqlite::Result<Vec<Found>> {
    let fits = |row: &rusqlite::Result<Found>| row.as_ref().is_ok_and(|row| sought.is_in(row.message.text.as_str()));
    rows.filter(|row| row.is_err() || fits(row)).take(limit).collect()
}
