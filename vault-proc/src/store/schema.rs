//! Tables and settings.

use crate::store::{cause, search};
use bulkhead_vault_core::Error;
use rusqlite::Connection;

/// Version of the tables below. A store with a higher one is refused: this program would not understand it.
const VERSION: i64 = 2;

/// What makes tables of version 2 of those of version 1, and so on. They end with the columns that [`TABLES`] has, in
/// the same order; a test compares.
const STEPS: [&[&str]; 1] = [&[
    "
ALTER TABLE messages ADD COLUMN life INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN dies INTEGER;
CREATE INDEX fading ON messages(contact) WHERE dies = 9223372036854775807;
CREATE INDEX dying ON messages(dies) WHERE dies < 9223372036854775807;
ALTER TABLE jobs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
DROP TABLE search;
",
    SECOND,
    TIES,
    INDEX,
    "INSERT INTO wash(id, next, remaining) SELECT 1, 1, page_count FROM pragma_page_count;",
]];

/// Tables that version 1 did not have.
const SECOND: &str = "
CREATE TABLE moves(
    contact INTEGER PRIMARY KEY REFERENCES contacts(handle), revision INTEGER NOT NULL, made INTEGER NOT NULL,
    rotate INTEGER NOT NULL, announced INTEGER NOT NULL, peer_revision INTEGER NOT NULL
) STRICT;
CREATE TABLE former_mailboxes(
    contact INTEGER NOT NULL REFERENCES contacts(handle), revision INTEGER NOT NULL,
    secret BLOB NOT NULL, public BLOB NOT NULL, seal BLOB NOT NULL, relays BLOB NOT NULL,
    made INTEGER NOT NULL, retired INTEGER NOT NULL, until INTEGER, PRIMARY KEY (contact, revision)
) STRICT;
CREATE TABLE former_places(
    contact INTEGER NOT NULL REFERENCES contacts(handle), revision INTEGER NOT NULL,
    mailbox BLOB NOT NULL, seal BLOB NOT NULL, relays BLOB NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (contact, revision)
) STRICT;
CREATE TABLE timers(contact INTEGER PRIMARY KEY, seconds INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
CREATE TABLE age(id INTEGER PRIMARY KEY CHECK (id = 1), lived INTEGER NOT NULL, wall INTEGER NOT NULL) STRICT;
CREATE TABLE wash(id INTEGER PRIMARY KEY CHECK (id = 1), next INTEGER NOT NULL, remaining INTEGER NOT NULL) STRICT;
CREATE TABLE shares(
    contact INTEGER NOT NULL REFERENCES contacts(handle), role INTEGER NOT NULL, revision INTEGER NOT NULL,
    at INTEGER NOT NULL, id BLOB NOT NULL, part BLOB, state INTEGER NOT NULL, PRIMARY KEY (contact, role)
) STRICT;
";

/// What is known of contacts' states, renewals of sessions, marks on the store as a whole, and its counter.
const TIES: &str = "
CREATE TABLE ties(
    contact INTEGER PRIMARY KEY REFERENCES contacts(handle), said INTEGER NOT NULL, read INTEGER NOT NULL,
    told INTEGER NOT NULL, newest INTEGER NOT NULL, shown INTEGER NOT NULL, shown_at INTEGER NOT NULL,
    renewed INTEGER NOT NULL, lost INTEGER NOT NULL, doubt INTEGER NOT NULL, met BLOB NOT NULL
) STRICT;
CREATE TABLE offers(
    contact INTEGER PRIMARY KEY REFERENCES contacts(handle), signed BLOB NOT NULL, one_time BLOB NOT NULL,
    kyber_public BLOB NOT NULL, kyber_secret BLOB NOT NULL, bundle BLOB NOT NULL, revision INTEGER NOT NULL,
    expires INTEGER NOT NULL, sent INTEGER NOT NULL
) STRICT;
CREATE TABLE nexts(
    contact INTEGER PRIMARY KEY REFERENCES contacts(handle), offer BLOB NOT NULL, record BLOB NOT NULL,
    mailbox BLOB NOT NULL, seal BLOB NOT NULL, relays BLOB NOT NULL, revision INTEGER NOT NULL,
    answered INTEGER NOT NULL
) STRICT;
CREATE TABLE marks(name TEXT PRIMARY KEY) STRICT;
CREATE TABLE counter(
    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, secret BLOB NOT NULL, value INTEGER NOT NULL,
    asked INTEGER NOT NULL
) STRICT;
";

/// The index of the words. It keeps none itself (they are in `messages`) and takes out what is deleted at once.
const INDEX: &str = "
CREATE VIRTUAL TABLE search USING fts5(
    text, content = '', tokenize = 'unicode61 remove_diacritics 2', detail = full
);
INSERT INTO search(search, rank) VALUES ('automerge', 8);
INSERT INTO search(search, rank) VALUES ('secure-delete', 1);
";

const TABLES: &str = "
CREATE TABLE profile(id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL) STRICT;
CREATE TABLE relays(id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, own INTEGER NOT NULL) STRICT;
CREATE TABLE contacts(
    handle INTEGER PRIMARY KEY, name TEXT NOT NULL, draft TEXT NOT NULL, added INTEGER NOT NULL,
    waiting INTEGER NOT NULL, verified INTEGER NOT NULL, unread INTEGER NOT NULL, sent_at INTEGER NOT NULL,
    identity BLOB NOT NULL, registration INTEGER NOT NULL,
    mailbox_secret BLOB NOT NULL, mailbox_public BLOB NOT NULL, mailbox_seal BLOB NOT NULL,
    mailbox_relays BLOB NOT NULL,
    peer_identity BLOB NOT NULL, peer_mailbox BLOB NOT NULL, peer_seal BLOB NOT NULL, peer_relays BLOB NOT NULL
) STRICT;
CREATE TABLE sessions(contact INTEGER PRIMARY KEY REFERENCES contacts(handle), record BLOB NOT NULL) STRICT;
CREATE TABLE invites(
    id INTEGER PRIMARY KEY, link TEXT NOT NULL, expires INTEGER NOT NULL, published INTEGER NOT NULL,
    identity BLOB NOT NULL, registration INTEGER NOT NULL,
    signed BLOB NOT NULL, one_time BLOB NOT NULL, kyber_public BLOB NOT NULL, kyber_secret BLOB NOT NULL,
    mailbox_secret BLOB NOT NULL, mailbox_public BLOB NOT NULL, mailbox_seal BLOB NOT NULL,
    mailbox_relays BLOB NOT NULL,
    event BLOB NOT NULL, author BLOB NOT NULL, rendezvous BLOB NOT NULL
) STRICT;
CREATE TABLE messages(
    n INTEGER PRIMARY KEY, contact INTEGER NOT NULL REFERENCES contacts(handle), seq INTEGER NOT NULL,
    id BLOB NOT NULL, mine INTEGER NOT NULL, text TEXT NOT NULL, sent_at INTEGER NOT NULL,
    at INTEGER NOT NULL, state INTEGER NOT NULL, life INTEGER NOT NULL DEFAULT 0, dies INTEGER
) STRICT;
CREATE UNIQUE INDEX places ON messages(contact, seq);
CREATE INDEX undelivered ON messages(id) WHERE mine = 1 AND state <> 3;
CREATE INDEX fading ON messages(contact) WHERE dies = 9223372036854775807;
CREATE INDEX dying ON messages(dies) WHERE dies < 9223372036854775807;
CREATE TABLE jobs(
    job INTEGER PRIMARY KEY, kind INTEGER NOT NULL, owner INTEGER NOT NULL, prekey INTEGER NOT NULL,
    message INTEGER NOT NULL, author BLOB NOT NULL, nonce BLOB NOT NULL,
    created INTEGER NOT NULL, expires INTEGER NOT NULL, since INTEGER NOT NULL, relays BLOB NOT NULL,
    body BLOB NOT NULL, revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE erasures(n INTEGER PRIMARY KEY, list BLOB NOT NULL) STRICT;
CREATE TABLE events(n INTEGER PRIMARY KEY, until INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
";

/// Settings of every connection. Exclusive locking keeps the WAL's index in this process's own memory: no shared
/// file, fewer system calls. Temporary data stays in memory; deleted rows are overwritten. The cache holds 4 MiB of
/// plaintext pages: more made nothing faster, and memory grew with the store until it was full.
pub fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA cache_size = -4096;
         PRAGMA temp_store = MEMORY;
         PRAGMA secure_delete = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;",
    )
}

/// Makes the tables, all or none.
pub fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&format!("BEGIN; {TABLES} {SECOND} {TIES} {INDEX} PRAGMA user_version = {VERSION}; COMMIT;"))
}

/// Brings the tables to this version, all or none. A store from a later program is refused.
pub fn upgrade(db: &Connection) -> Result<(), Error> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| cause(&error))?;
    if version > VERSION {
        return Err(Error::TooNew);
    }
    // Version 0 has no tables: nothing that this program made.
    let behind = version.checked_sub(1).and_then(|done| usize::try_from(done).ok());
    let steps = behind.and_then(|done| STEPS.get(done..)).ok_or(Error::Damaged)?;
    if steps.is_empty() {
        return Ok(());
    }
    let script = format!("BEGIN; {} PRAGMA user_version = {VERSION};", steps.concat().concat());
    // The index of version 1 kept the words of what was deleted: it is made anew.
    let index = || if version < 2 { search::fill(db) } else { Ok(()) };
    db.execute_batch(&script).and_then(|()| index()).and_then(|()| db.execute_batch("COMMIT")).map_err(|error| {
        // Harmless if SQLite has already done so.
        let _ = db.execute_batch("ROLLBACK");
        cause(&error)
    })
}

#[cfg(test)]
mod tests;
