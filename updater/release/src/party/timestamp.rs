//! What is current, said every day by the party's online key, with a statement that a person wrote by hand.

use super::PartyError;
use super::folder::Folder;
use bulkhead_repository::Pair;
use bulkhead_trust::read::{root, targets, timestamp};
use bulkhead_trust::{Key, Time};
use std::collections::BTreeSet;

/// Before a file of the offline keys expires, its holders are told for so many seconds.
const WARNING: Time = 30 * 24 * 60 * 60;

/// What a timestamp says besides what is current.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Written by hand, by a person of the party: that nobody forces it, for example, and the date.
    pub statement: &'a str,
    /// The transparency report.
    pub report: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The timestamp's version.
    pub version: u64,
    /// What the holders of the offline keys have to do soon.
    pub warnings: Vec<String>,
}

/// Signs what is current anew. Files that nothing names yet are named by it.
pub fn stamp(folder: &mut Folder, pair: &Pair, words: Words<'_>, now: Time) -> Result<Stamped, PartyError> {
    let trusted = root(folder.root(), &BTreeSet::new());
    let trusted = trusted.map_err(|_| PartyError::Draft("there is no root yet: publish one first"))?;
    let own = pair.key();
    let named = |keys: &BTreeSet<Key>| keys.contains(&own);
    if !named(&trusted.roles.timestamp.keys) || !named(&trusted.roles.snapshot.keys) {
        return Err(PartyError::Draft("the newest root does not name this key as the online one"));
    }
    let listed = targets(folder.targets(), &BTreeSet::new());
    let listed = listed.map_err(|_| PartyError::Draft("there is no release yet: publish one first"))?;
    // People write in lines, and editors end the last one.
    let [statement, report] = [words.statement, words.report].map(joined);
    if statement.is_empty() {
        return Err(PartyError::Draft("the statement is empty: a person writes it by hand, with the date"));
    }
    let mut repository = folder.repository().clone();
    // A snapshot lives as long as a timestamp, so each gets a fresh one.
    let snapshot = repository.snapshot(now).ok_or(PartyError::Clock)?.signed_by([pair]);
    repository.add_snapshot(&snapshot);
    let made = repository.timestamp(now, &statement, &report).ok_or(PartyError::Clock)?.signed_by([pair]);
    // What clients would not read is not published.
    let view = timestamp(&made.file(), &BTreeSet::from([own])).map_err(PartyError::Words)?;
    repository.add_timestamp(&made);
    folder.add(repository)?;
    let soon = |what: &str, expires: Time| {
        let days = expires.saturating_sub(now).div_euclid(24 * 60 * 60);
        (expires.saturating_sub(now) < WARNING).then(|| format!("{what} expires in {days} days: sign a new one"))
    };
    let warnings = [soon("the root", trusted.expires), soon("the list of releases", listed.expires)];
    Ok(Stamped { version: view.link.version, warnings: warnings.into_iter().flatten().collect() })
}

/// Words with one space between them, and without line breaks.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
