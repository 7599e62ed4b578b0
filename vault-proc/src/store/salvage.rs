//! What to do with a damaged store: build a new one of every row that can still be read.
//!
//! SQLite gives up at the first page that does not authenticate. Here each page is read for itself, whatever became of
//! the others; rows are told by the tables' roots, or by their form where those are lost. The new store is made beside
//! and takes the old one's place in one step; the old one is kept as `store.db.damaged`.
//!
//! Never guessed: in a session that is not certainly the newest nothing is sent any more, as that would use keys
//! twice. It is renewed, as after a restore. A contact of whom only messages are left has to be invited again, which
//! the window says.

mod cells;
mod pages;
mod wal;

use crate::profile::StoreKey;
use crate::store::rows::{number, relays};
use crate::store::{SqlStore, ages, cause, erasures, rows, schema, search};
use bulkhead_vault_core::content::is_life;
use bulkhead_vault_core::session::{Own, Session};
use bulkhead_vault_core::store::{ContactRow, Mailbox, Moving, Peer};
use bulkhead_vault_core::{Error, Key, Plaintext, Secret, Time};
use cells::{Kind, Row};
use pages::Pages;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params, params_from_iter};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
pub use wal::Wal;

/// Bytes of a page, as SQLCipher makes them.
const PAGE: usize = 4096;
/// The new store, not yet complete; and complete.
const DRAFT: &str = "store.db.draft";
const READY: &str = "store.db.salvaged";

/// What came of it; numbers only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Pages in the old store, and how many of them could not be read.
    pub pages: (u32, u32),
    /// Messages in the new store.
    pub messages: u64,
    /// Contacts in it, and how many of them have to be invited again.
    pub contacts: (u32, u32),
    /// Of how many contacts the keys have to be renewed.
    pub renewed: u32,
}

/// A table of the new store.
struct Table {
    name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    /// The type, in capitals.
    kind: String,
    /// NULL, or missing in older rows.
    optional: bool,
    /// It stands for the row's number.
    number: bool,
}

impl Table {
    /// Whether a row has this table's form. Columns that were added later are missing in older rows.
    fn fits(&self, row: &Row) -> bool {
        let needed = self.columns.iter().rposition(|column| !column.optional).map_or(0, |last| last + 1);
        (needed..=self.columns.len()).contains(&row.columns.len())
            && row.columns.iter().zip(&self.columns).all(|(value, column)| match value {
                Value::Null => column.number || column.optional,
                Value::Integer(_) => column.kind == "INTEGER" && !column.number,
                Value::Real(_) => column.kind == "REAL",
                Value::Text(_) => column.kind == "TEXT",
                Value::Blob(_) => column.kind == "BLOB",
            })
    }
}

/// Whether the store in a folder is one that SQLite would open without its newest transactions.
pub fn is_short(folder: &Path) -> Result<bool, Error> {
    let wal = Wal::read(&folder.join("store.db-wal")).map_err(|_| Error::NotWritable)?;
    Ok(wal.damaged)
}

/// Whether a new store is complete that only has to take its place.
pub fn is_ready(folder: &Path) -> bool {
    folder.join(READY).exists()
}

/// Builds a new store of all that can be read and puts it in the old one's place. [`Error::Damaged`] if nothing can be.
pub fn salvage(folder: &Path, key: &StoreKey, now: Time) -> Result<Salvaged, Error> {
    let fail = |_| Error::NotWritable;
    finish(folder)?;
    let (store, log) = (folder.join("store.db"), folder.join("store.db-wal"));
    let mut pages = Pages::open(&store, &log, &key.key).map_err(fail)?.ok_or(Error::Damaged)?;
    let draft = folder.join(DRAFT);
    let _ = std::fs::remove_file(&draft);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let db = SqlStore::connect_bare(&draft, &key.key, flags)?;
    // Nothing depends on it before it is complete, and then it is made durable as a whole.
    let settings = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
        PRAGMA secure_delete = ON; PRAGMA foreign_keys = OFF; PRAGMA locking_mode = EXCLUSIVE;";
    let made = db.execute_batch(settings).and_then(|()| schema::create(&db)).and_then(|()| db.execute_batch("BEGIN"));
    made.map_err(|error| cause(&error))?;
    read_all(&mut pages, &db)?;
    let mut done = mend(&db, pages.doubtful, now).map_err(|error| cause(&error))?;
    done.pages = (pages.count, u32::try_from(pages.lost.len()).unwrap_or(u32::MAX));
    if done.contacts.0 == 0 && done.messages == 0 && done.pages.1 * 2 > done.pages.0 {
        return Err(Error::Damaged);
    }
    db.execute_batch("COMMIT").map_err(|error| cause(&error))?;
    db.close().map_err(|(_, error)| cause(&error))?;
    let durable = std::fs::File::open(&draft).and_then(|file| file.sync_all());
    durable.and_then(|()| std::fs::rename(&draft, folder.join(READY))).map_err(fail)?;
    sync(folder)?;
    finish(folder)?;
    Ok(done)
}

/// Where a damaged store is kept, or its log (`-wal`); the first has the number 1.
pub fn kept(folder: &Path, number: u32, end: &str) -> PathBuf {
    let number = if number == 1 { String::new() } else { format!(".{number}") };
    folder.join(format!("store.db.damaged{number}{end}"))
}

/// Puts a complete new store in the old one's place; each step can be the last before a crash. The log goes before
/// the new store comes: it is not the new one's.
pub fn finish(folder: &Path) -> Result<(), Error> {
    if !is_ready(folder) {
        return Ok(());
    }
    let (store, log) = (folder.join("store.db"), folder.join("store.db-wal"));
    let free = (1..).find(|number| !kept(folder, *number, "").exists()).unwrap_or(1);
    let fail = |_| Error::NotWritable;
    let number = if store.exists() {
        std::fs::rename(&store, kept(folder, free, "")).map_err(fail)?;
        free
    } else {
        // Done before a crash.
        free.saturating_sub(1).max(1)
    };
    if log.exists() {
        std::fs::rename(&log, kept(folder, number, "-wal")).map_err(fail)?;
    }
    sync(folder)?;
    std::fs::rename(folder.join(READY), &store).map_err(fail)?;
    sync(folder)
}

fn sync(folder: &Path) -> Result<(), Error> {
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|_| Error::NotWritable)
}

/// Where the tables of the old store begin.
struct Roots {
    names: BTreeMap<u32, String>,
    /// The old store's own list. If that is lost, a new store's stands for it: tables begin in the same places there,
    /// unless they came with an upgrade.
    certain: bool,
}

/// The tables of the new store, and where they begin in the old one.
fn tables(db: &Connection, pages: &mut Pages) -> Result<(Vec<Table>, Roots), Error> {
    let read = || -> rusqlite::Result<Vec<(String, u32)>> {
        let sql = "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
        db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let own = read().map_err(|error| cause(&error))?;
    let listed = schema_rows(pages)?;
    let certain = !listed.is_empty();
    let names = if certain { listed } else { own.iter().cloned().collect() };
    let roots = Roots { names: names.into_iter().map(|(name, root)| (root, name)).collect(), certain };
    let mut tables = Vec::new();
    for (name, _) in own.iter().filter(|(name, _)| !name.starts_with("search") && !name.starts_with("sqlite_")) {
        let columns = || -> rusqlite::Result<Vec<Column>> {
            let mut statement = db.prepare(
                "SELECT name, type, \"notnull\", dflt_value, pk,
                    (SELECT max(pk) FROM pragma_table_info(?1)) FROM pragma_table_info(?1)",
            )?;
            let column = |row: &rusqlite::Row<'_>| {
                let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
                let (required, default): (bool, Option<String>) = (row.get(2)?, row.get(3)?);
                // One column alone; a key of several leaves the row's number to itself.
                let number = row.get::<_, i64>(4)? == 1 && kind == "INTEGER" && row.get::<_, i64>(5)? == 1;
                Ok(Column { name, kind, optional: !number && (!required || default.is_some()), number })
            };
            statement.query_map([name], column)?.collect()
        };
        let columns = columns().map_err(|error| cause(&error))?;
        tables.push(Table { name: name.clone(), columns });
    }
    Ok((tables, roots))
}

/// What the old store's first page lists.
fn schema_rows(pages: &mut Pages) -> Result<BTreeMap<String, u32>, Error> {
    let mut roots = BTreeMap::new();
    let mut open = vec![1];
    while let Some(page) = open.pop() {
        match read(pages, page)? {
            Kind::Inner(below) if open.len() < 64 => open.extend(below),
            Kind::Leaf(rows) => {
                for row in rows.into_iter().flatten() {
                    if let [Value::Text(kind), Value::Text(name), _, Value::Integer(root), ..] = row.columns.as_slice()
                        && kind == "table"
                    {
                        roots.insert(name.clone(), u32::try_from(*root).unwrap_or_default());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(roots)
}

fn read(pages: &mut Pages, page: u32) -> Result<Kind, Error> {
    let plain = pages.read(page).map_err(|_| Error::NotWritable)?;
    match plain {
        Some(plain) => cells::read(pages, page, &plain).map_err(|_| Error::NotWritable),
        None => Ok(Kind::Other),
    }
}

/// Puts every row that can be read into the new store.
fn read_all(pages: &mut Pages, db: &Connection) -> Result<(), Error> {
    let (tables, roots) = tables(db, pages)?;
    // Which table a page belongs to, as far as the way from its root can be read.
    let mut owners: BTreeMap<u32, String> = BTreeMap::new();
    for (root, name) in &roots.names {
        let mut open = vec![*root];
        while let Some(page) = open.pop() {
            if page > 1 && page <= pages.count && !owners.contains_key(&page) {
                owners.insert(page, name.clone());
                if let Kind::Inner(below) = read(pages, page)? {
                    open.extend(below);
                }
            }
        }
    }
    for page in 2..=pages.count {
        let Kind::Leaf(rows) = read(pages, page)? else { continue };
        for row in rows.into_iter().flatten() {
            let fitting: Vec<&Table> = tables.iter().filter(|table| table.fits(&row)).collect();
            let owner = owners.get(&page);
            let known = fitting.iter().find(|table| Some(&table.name) == owner);
            let table = match fitting.as_slice() {
                // The index of words is made anew. Its rows are short, and of a form that others have, too.
                _ if owner.is_some_and(|name| name.starts_with("search"))
                    && (roots.certain || row.columns.len() < 4) =>
                {
                    None
                }
                _ if known.is_some() || (owner.is_some() && roots.certain) => known,
                [only] if row.columns.len() > 2 => Some(only),
                list => list.iter().find(|table| is_certain(&table.name, &row)),
            };
            if let Some(table) = table {
                put(db, table, &row).map_err(|error| cause(&error))?;
            }
        }
    }
    Ok(())
}

/// Whether a row of two columns, which several tables have, is of this one by what it says.
fn is_certain(table: &str, row: &Row) -> bool {
    match (table, row.columns.as_slice()) {
        ("profile", [_, Value::Text(_)]) => row.number == 1,
        ("erasures", [_, Value::Blob(list)]) => {
            erasures::decode(list).and_then(|jobs| jobs.first().map(|job| number(job.job))) == Some(row.number)
        }
        // Held against its contact later.
        ("sessions", [_, Value::Blob(record)]) => Session::their_identity_in(record).is_some(),
        // Of one form, too; times are milliseconds since 1970.
        ("timers", [_, Value::Integer(seconds), Value::Integer(changed)]) => is_timer(*seconds) && is_time(*changed),
        ("age", [_, Value::Integer(lived), Value::Integer(wall)]) => {
            row.number == 1 && is_time(*wall) && !is_timer(*lived)
        }
        _ => false,
    }
}

fn is_timer(seconds: i64) -> bool {
    seconds == 0 || u32::try_from(seconds).is_ok_and(is_life)
}

fn is_time(milliseconds: i64) -> bool {
    (1 << 40..1 << 50).contains(&milliseconds)
}

fn put(db: &Connection, table: &Table, row: &Row) -> rusqlite::Result<()> {
    let places: Vec<String> = (1..=row.columns.len()).map(|at| format!("?{at}")).collect();
    let names = table.columns.iter().take(row.columns.len()).map(|column| format!("\"{}\"", column.name));
    let names: Vec<String> = names.collect();
    let sql = format!("INSERT OR IGNORE INTO \"{}\"({}) VALUES ({})", table.name, names.join(", "), places.join(", "));
    let values = row.columns.iter().zip(&table.columns).map(|(value, column)| match value {
        Value::Null if column.number => Value::Integer(row.number),
        other => other.clone(),
    });
    db.prepare_cached(&sql)?.execute(params_from_iter(values)).map(drop)
}

/// Makes a whole of what was found.
fn mend(db: &Connection, doubtful: bool, now: Time) -> rusqlite::Result<Salvaged> {
    db.execute("INSERT OR IGNORE INTO profile(id, name) VALUES (1, '?')", [])?;
    let strangers = restore_owners(db, now)?;
    forget_strangers(db)?;
    let (lost, renewed) = judge_sessions(db, doubtful, &strangers)?;
    // A job whose contact or invite is gone has nobody to go to; a message whose job is gone will not go by itself.
    db.execute_batch(
        "DELETE FROM jobs WHERE kind IN (1, 3, 4) AND owner NOT IN (SELECT handle FROM contacts)
             OR kind = 2 AND owner NOT IN (SELECT id FROM invites);
         UPDATE messages SET state = 4 WHERE mine = 1 AND state IN (1, 6) AND n NOT IN (SELECT message FROM jobs)
             AND contact NOT IN (SELECT contact FROM ties WHERE lost = 1);",
    )?;
    ages::mend(db, now)?;
    renumber(db)?;
    let mut words = db.prepare("INSERT INTO search(rowid, text) VALUES (?1, ?2)")?;
    let mut messages = 0;
    let mut list = db.prepare("SELECT n, text FROM messages ORDER BY n")?;
    let mut rows = list.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        words.execute(params![row.get::<_, i64>(0)?, search::indexed(&text)])?;
        messages += 1;
    }
    let contacts = db.query_row("SELECT count(*) FROM contacts", [], |row| row.get(0))?;
    Ok(Salvaged { pages: (0, 0), messages, contacts: (contacts, lost), renewed })
}

/// Messages whose contact cannot be read get one that can only be read: with keys that nobody else knows. Says which.
fn restore_owners(db: &Connection, now: Time) -> rusqlite::Result<BTreeSet<u32>> {
    let mut missing =
        db.prepare("SELECT DISTINCT contact FROM messages WHERE contact NOT IN (SELECT handle FROM contacts)")?;
    let handles: Vec<u32> = missing.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let relays: Vec<u16> = db
        .prepare("SELECT id FROM relays WHERE own = 1")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let rng = &mut rand::rng();
    for handle in handles.iter().copied() {
        let mut draw = || rand::Rng::random::<[u8; 32]>(rng);
        let keys = [draw(), draw(), draw(), draw(), draw()];
        let pair = (Own::draw(&mut rand::rng()), Own::draw(&mut rand::rng()).and_then(|own| own.public()));
        let (Some(own), Some(identity)) = pair else { continue };
        let [secret, public, seal, peer, peer_seal] = keys;
        let mailbox = Mailbox {
            secret: Key::new(secret),
            public: bulkhead_ipc::bytes::Bytes(public),
            seal: Key::new(seal),
            relays: relays.clone(),
        };
        let row = ContactRow {
            handle,
            name: Plaintext::new(format!("? ({handle})")),
            draft: Plaintext::new(String::new()),
            added: now,
            waiting: false,
            verified: false,
            unread: 0,
            sent_at: 0,
            own,
            mailbox,
            peer: Peer {
                identity,
                mailbox: bulkhead_ipc::bytes::Bytes(peer),
                seal: Key::new(peer_seal),
                relays: relays.clone(),
            },
            moving: Moving::default(),
        };
        rows::put_contact(db, &row)?;
    }
    Ok(handles.into_iter().collect())
}

/// Forgets what belongs to contacts of whom nothing else is left.
fn forget_strangers(db: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT s.name, c.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
        WHERE s.type = 'table' AND c.name IN ('contact', 'handle') AND s.name <> 'contacts'";
    let mut list = db.prepare(sql)?;
    let tables: Vec<(String, String)> =
        list.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (table, column) in tables {
        db.execute(&format!("DELETE FROM \"{table}\" WHERE {column} NOT IN (SELECT handle FROM contacts)"), [])?;
    }
    Ok(())
}

/// Leaves as they are the sessions that are certain, and has the others renewed. Says how many cannot be, and how many
/// are.
fn judge_sessions(db: &Connection, doubtful: bool, strangers: &BTreeSet<u32>) -> rusqlite::Result<(u32, u32)> {
    let known: BTreeSet<u16> =
        db.prepare("SELECT id FROM relays")?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let reachable = |bytes: &[u8]| relays(bytes).is_some_and(|ids| ids.iter().any(|id| known.contains(id)));
    let mut contacts = db.prepare("SELECT handle, peer_identity, peer_relays, mailbox_relays FROM contacts")?;
    let mut rows = contacts.query([])?;
    let mut tied = db.prepare("SELECT 1 FROM ties WHERE contact = ?1")?;
    let (mut lost, mut renewed) = (0, 0);
    while let Some(row) = rows.next()? {
        let handle: u32 = row.get(0)?;
        let (identity, theirs, ours): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let found =
            db.query_row("SELECT record FROM sessions WHERE contact = ?1", [handle], |row| row.get(0)).optional()?;
        let record = found.map(Secret::new);
        let fits = record.is_some_and(|record| Session::their_identity_in(record.bytes()) == Some(identity));
        if strangers.contains(&handle) || !reachable(&theirs) || !reachable(&ours) {
            lost += 1;
            db.execute("INSERT OR REPLACE INTO sessions(contact, record) VALUES (?1, x'')", [handle])?;
            db.execute("DELETE FROM ties WHERE contact = ?1", [handle])?;
        } else if doubtful || !fits || !tied.exists([handle])? {
            renewed += 1;
            // What it says can still be read: only who writes uses keys.
            if !fits {
                db.execute("INSERT OR REPLACE INTO sessions(contact, record) VALUES (?1, x'')", [handle])?;
            }
            db.execute(
                "INSERT INTO ties VALUES (?1, 0, 0, 0, 0, 0, 0, 0, 1, 0, x'')
                    ON CONFLICT(contact) DO UPDATE SET lost = 1",
                [handle],
            )?;
        } else {
            continue;
        }
        for table in ["offers", "nexts"] {
            db.execute(&format!("DELETE FROM {table} WHERE contact = ?1"), [handle])?;
        }
    }
    db.execute("DELETE FROM sessions WHERE contact NOT IN (SELECT handle FROM contacts)", [])?;
    Ok((lost, renewed))
}

/// Makes places dense again, in their order.
fn renumber(db: &Connection) -> rusqlite::Result<()> {
    let mut list = db.prepare("SELECT n, contact, seq FROM messages ORDER BY contact, seq")?;
    let mut moved = Vec::new();
    let mut rows = list.query([])?;
    let (mut of, mut next) = (None, 1i64);
    while let Some(row) = rows.next()? {
        let (n, contact, seq): (i64, u32, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if of != Some(contact) {
            (of, next) = (Some(contact), 1);
        }
        if seq != next {
            moved.push((n, next));
        }
        next += 1;
    }
    // Downwards only, and in order: the place is always free.
    let mut statement = db.prepare("UPDATE messages SET seq = ?2 WHERE n = ?1")?;
    moved.into_iter().try_for_each(|(n, seq)| statement.execute(params![n, seq]).map(drop))
}
