//! The store: one SQLCipher file.
//!
//! SQLCipher encrypts and authenticates every page, so the file tells neither words nor contacts, and FTS5 makes
//! search work without a plaintext index outside. `synchronous = FULL` in WAL mode: a commit is on the disk when
//! it returns, because what is acknowledged to a contact must never be lost again.
//!
//! SQLCipher is compiled in; libcrypto is the system's, linked dynamically, as `libsqlite3-sys` always asks for the
//! shared library. So its security updates come with the system, and the vault loads one more library.

mod ages;
mod counter;
mod erasures;
mod moves;
mod removal;
mod rows;
pub mod salvage;
mod schema;
mod search;
mod seen;
mod shares;
pub(crate) mod staged;
mod ties;
pub(crate) mod wash;

use crate::profile::{Lock, StoreKey};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_vault_core::content::MessageId;
use bulkhead_vault_core::store::{
    Age, ContactRow, Found, InviteRow, JobRow, Moving, NewMessage, NextRow, OfferRow, Placed, RelayRow, ShareRole,
    ShareRow, Snapshot, Store, TieRow, Timer, Unreceipted,
};
use bulkhead_vault_core::{Error, Key, MessageState, MessageView, Plaintext, Secret};
pub use counter::Counter;
use erasures::Erasures;
use rows::{first, message, number, state_number, work_columns};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Params, params};
use seen::Seen;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Durable, encrypted storage in one folder.
pub struct SqlStore {
    db: Connection,
    seen: Seen,
    erasures: Erasures,
    traces: Traces,
    log: PathBuf,
    _lock: Arc<Lock>,
}

/// How often the log is emptied although nothing was deleted: it holds older states of the ratchets.
const EMPTIED: Duration = Duration::from_secs(600);
/// Time between two slices of washing.
const SLICES: Duration = Duration::from_millis(200);

/// What deleted things have left in the file.
struct Traces {
    /// Something was deleted: wash before this transaction counts as over.
    fresh: bool,
    /// Pages are left to wash.
    left: bool,
    /// When a slice was washed.
    washed: Instant,
    /// When the log was emptied, and how many changes had been written by then.
    emptied: (Instant, u64),
}

impl Traces {
    fn new(left: bool) -> Self {
        Self { fresh: false, left, washed: Instant::now(), emptied: (Instant::now(), 0) }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("store.db")
}

/// Whether there is a store in the folder.
pub fn exists(folder: &Path) -> bool {
    file(folder).exists() || salvage::is_ready(folder)
}

impl SqlStore {
    /// Makes an empty store. What an interrupted creation left behind is removed: nothing was ever in it.
    pub fn create(folder: &Path, key: &StoreKey) -> Result<Self, Error> {
        for end in ["", "-wal", "-journal"] {
            let _ = std::fs::remove_file(folder.join(format!("store.db{end}")));
        }
        let store = Self::connect(folder, key, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        schema::create(&store.db).map_err(|error| cause(&error))?;
        Ok(store)
    }

    /// Opens a store.
    pub fn open(folder: &Path, key: &StoreKey) -> Result<Self, Error> {
        salvage::finish(folder)?;
        if salvage::is_short(folder)? {
            return Err(Error::Damaged);
        }
        let mut store = Self::connect(folder, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::upgrade(&store.db)?;
        if store.moved()? {
            // The move was interrupted right before its last step.
            let _ = key.retire();
            return Err(Error::Moved);
        }
        store.seen = Seen::load(&store.db).map_err(|error| cause(&error))?;
        store.traces.left = wash::pending(&store.db).map_err(|error| cause(&error))?;
        Ok(store)
    }

    fn connect(folder: &Path, key: &StoreKey, flags: OpenFlags) -> Result<Self, Error> {
        let db = Self::connect_bare(&file(folder), &key.key, flags)?;
        schema::configure(&db).map_err(|error| cause(&error))?;
        let (seen, erasures, traces) = (Seen::default(), Erasures::default(), Traces::new(false));
        Ok(Self { db, seen, erasures, traces, log: folder.join("store.db-wal"), _lock: key.lock.clone() })
    }

    /// Notes that the profile goes on elsewhere.
    pub(crate) fn mark_moved(&mut self) -> Result<(), Error> {
        ties::mark(&self.db, ties::MOVED, true).map_err(|error| cause(&error))
    }

    /// Notes that this is an older state: what it sent since is not known here.
    pub fn mark_restored(&self) -> Result<(), Error> {
        ties::mark(&self.db, ties::RESTORED, true).map_err(|error| cause(&error))
    }

    /// Its counter in the machine's TPM, if it has one.
    pub fn counter(&self) -> Result<Option<Counter>, Error> {
        counter::load(&self.db).map_err(|error| cause(&error))
    }

    /// Notes its counter.
    pub fn put_counter(&self, counter: Option<&Counter>) -> Result<(), Error> {
        counter::put(&self.db, counter).map_err(|error| cause(&error))
    }

    fn moved(&self) -> Result<bool, Error> {
        ties::marked(&self.db, ties::MOVED).map_err(|error| cause(&error))
    }

    /// A connection without settings.
    fn connect_bare(file: &Path, key: &Key, flags: OpenFlags) -> Result<Connection, Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let salt = salt(file).map_err(|_| Error::NotWritable)?;
        let db = Connection::open_with_flags(file, flags).map_err(|error| cause(&error))?;
        db.set_prepared_statement_cache_capacity(64);
        unlock(&db, key, salt).map_err(|error| cause(&error))?;
        Ok(db)
    }

    /// Washes what has to be washed now. What fails is tried again after the next transaction.
    fn wash(&mut self) {
        let (now, traces) = (Instant::now(), &mut self.traces);
        let changes = self.db.total_changes();
        traces.left |= traces.fresh;
        let due = traces.left && now.duration_since(traces.washed) >= SLICES;
        let old = now.duration_since(traces.emptied.0) >= EMPTIED && changes != traces.emptied.1;
        if traces.fresh || due {
            traces.washed = now;
            match wash::slice(&self.db, traces.fresh) {
                Ok(all) => traces.left = !all,
                Err(_) => return,
            }
        }
        let all = due && !traces.left;
        if (traces.fresh || all || old) && wash::empty_log(&self.db, &self.log).is_ok() {
            traces.fresh = false;
            traces.emptied = (now, self.db.total_changes());
        }
    }

    /// Where a piece is kept, what it replaces or was is to leave no trace.
    fn wash_pieces(&mut self, role: ShareRole) -> Result<(), Error> {
        if !matches!(role, ShareRole::Kept | ShareRole::Got) {
            return Ok(());
        }
        self.traces.fresh = true;
        wash::begin(&self.db).map_err(|error| cause(&error))
    }

    fn run(&self, sql: &str, params: impl Params) -> Result<(), Error> {
        let done = self.db.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        done.map(drop).map_err(|error| cause(&error))
    }
}

#[cfg(test)]
impl SqlStore {
    /// As if the disk were full, or not any more.
    fn limit_pages(&self, full: bool) {
        let pages: i64 = self.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let most = if full { pages } else { 1_000_000 };
        self.db.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).unwrap();
    }

    /// The keys that seal what contacts write.
    fn seals(&self) -> Vec<Key> {
        let contacts = rows::load(&self.db).unwrap().contacts;
        let former = |row: &ContactRow| row.moving.former.iter().map(|f| f.mailbox.seal.clone()).collect::<Vec<_>>();
        contacts.iter().flat_map(|(row, ..)| [vec![row.mailbox.seal.clone()], former(row)].concat()).collect()
    }
}

impl Drop for SqlStore {
    /// Leaves no older states in the log, of which closing the store would only remove the name.
    fn drop(&mut self) {
        if self.db.is_autocommit() {
            let _ = wash::empty_log(&self.db, &self.log);
        }
    }
}

/// The first bytes of a store; `None` if it has none yet. SQLCipher would make a new salt if the disk failed at this
/// moment, and take every page for damaged.
fn salt(file: &Path) -> std::io::Result<Option<[u8; 16]>> {
    let mut salt = [0; 16];
    match std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut salt)) {
        Ok(()) => Ok(Some(salt)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives SQLCipher the raw key. Through a statement's text, as it has no other way; wiped afterwards.
fn unlock(db: &Connection, key: &Key, salt: Option<[u8; 16]>) -> rusqlite::Result<()> {
    let mut sql = String::with_capacity(256);
    // SQLCipher would write to standard error by itself; what is wrong is told in `Error`.
    sql.push_str("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'");
    for byte in key.bytes().iter().chain(salt.iter().flatten()) {
        sql.extend([byte >> 4, byte & 15].iter().filter_map(|n| char::from_digit(u32::from(*n), 16)));
    }
    // Most processors have instructions for SHA-256 and none for SHA-512. Its tag is as long as the key.
    sql.push_str("'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;");
    let done = db.execute_batch(&sql);
    sql.zeroize();
    done
}

/// What an SQLite error means for the user.
pub(crate) fn cause(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::DatabaseBusy
            | ErrorCode::OutOfMemory,
        ) => Error::NotWritable,
        _ => Error::Damaged,
    }
}

type Done = Result<(), Error>;

impl Store for SqlStore {
    fn begin(&mut self) -> Done {
        self.run("BEGIN", [])
    }

    fn commit(&mut self) -> Done {
        let gathered = self.seen.write(&self.db).and_then(|()| self.erasures.write(&self.db));
        gathered.map_err(|error| cause(&error))?;
        self.run("COMMIT", [])?;
        self.seen.keep();
        self.erasures.clear();
        self.wash();
        Ok(())
    }

    fn rollback(&mut self) {
        // SQLite may have rolled back by itself; then there is nothing to do.
        if !self.db.is_autocommit() {
            let _ = self.run("ROLLBACK", []);
        }
        self.seen.undo();
        self.erasures.clear();
        self.traces.fresh = false;
    }

    fn load(&mut self) -> Result<Snapshot, Error> {
        rows::load(&self.db)
    }

    fn put_own_name(&mut self, name: &Plaintext) -> Done {
        self.run("INSERT OR REPLACE INTO profile(id, name) VALUES (1, ?1)", [name.as_str()])
    }

    fn put_relay(&mut self, row: &RelayRow) -> Done {
        self.run("INSERT OR REPLACE INTO relays(id, url, own) VALUES (?1, ?2, ?3)", params![row.id, row.url, row.own])
    }

    fn remove_relay(&mut self, id: u16) -> Done {
        self.run("DELETE FROM relays WHERE id = ?1", [id])
    }

    fn put_contact(&mut self, row: &ContactRow) -> Done {
        rows::put_contact(&self.db, row).map_err(|error| cause(&error))
    }

    fn put_moving(&mut self, contact: u32, moving: &Moving) -> Done {
        let put = || {
            let forgets = moves::forgets(&self.db, contact, moving)?;
            if forgets {
                wash::begin(&self.db)?;
            }
            moves::put(&self.db, contact, moving)?;
            Ok(forgets)
        };
        self.traces.fresh |= put().map_err(|error: rusqlite::Error| cause(&error))?;
        Ok(())
    }

    fn remove_contact(&mut self, handle: u32) -> Done {
        self.traces.fresh = true;
        let others = moves::remove(&self.db, handle).and_then(|()| ties::remove(&self.db, handle));
        others.and_then(|()| removal::contact(&self.db, handle)).map_err(|error| cause(&error))
    }

    fn session(&mut self, contact: u32) -> Result<Secret, Error> {
        let record = self.db.prepare_cached("SELECT record FROM sessions WHERE contact = ?1");
        let record = record.and_then(|mut statement| statement.query_row([contact], |row| row.get(0)));
        record.map(Secret::new).map_err(|error| cause(&error))
    }

    fn put_session(&mut self, contact: u32, record: &Secret) -> Done {
        let sql = "INSERT INTO sessions(contact, record) VALUES (?1, ?2)
            ON CONFLICT(contact) DO UPDATE SET record = excluded.record";
        self.run(sql, params![contact, record.bytes()])
    }

    fn put_invite(&mut self, row: &InviteRow) -> Done {
        rows::put_invite(&self.db, row).map_err(|error| cause(&error))
    }

    fn remove_invite(&mut self, id: u32) -> Done {
        // The invite's prekeys opened the first message of a contact.
        self.traces.fresh = true;
        wash::begin(&self.db).map_err(|error| cause(&error))?;
        self.run("DELETE FROM invites WHERE id = ?1", [id])
    }

    fn put_share(&mut self, row: &ShareRow) -> Done {
        self.wash_pieces(row.role)?;
        shares::put(&self.db, row).map_err(|error| cause(&error))
    }

    fn remove_share(&mut self, contact: u32, role: ShareRole) -> Done {
        self.wash_pieces(role)?;
        shares::remove(&self.db, contact, role).map_err(|error| cause(&error))
    }

    fn add_messages(&mut self, messages: &[NewMessage<'_>]) -> Done {
        rows::add_messages(&self.db, messages).map_err(|error| cause(&error))
    }

    fn state(&mut self, message: u64) -> Result<Option<MessageState>, Error> {
        let found = self.db.prepare_cached("SELECT state FROM messages WHERE n = ?1");
        let found = found.and_then(|mut s| s.query_row([number(message)], |row| rows::state(row, 0)).optional());
        found.map_err(|error| cause(&error))
    }

    fn set_state(&mut self, message: u64, state: MessageState) -> Done {
        self.run("UPDATE messages SET state = ?2 WHERE n = ?1", params![number(message), state_number(state)])
    }

    fn find_sent(&mut self, contact: u32, id: &MessageId) -> Result<Option<u64>, Error> {
        // Left to itself SQLite goes through the whole conversation.
        let sql = "SELECT n FROM messages INDEXED BY undelivered
            WHERE id = ?2 AND contact = ?1 AND mine = 1 AND state <> 3";
        let found = self.db.prepare_cached(sql).and_then(|mut s| s.query_row(params![contact, id], first).optional());
        found.map_err(|error| cause(&error))
    }

    fn tail(&mut self, contact: u32, from: u64) -> Result<Vec<Placed>, Error> {
        let sql = "SELECT n, mine, sent_at, at, id FROM messages WHERE contact = ?1 AND seq >= ?2 ORDER BY seq";
        let read = || {
            let mut statement = self.db.prepare_cached(sql)?;
            statement.query_map(params![contact, number(from)], rows::placed)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error: rusqlite::Error| cause(&error))
    }

    fn numbers(&mut self, contact: u32, from: u64, until: u64) -> Result<Vec<u64>, Error> {
        let sql = "SELECT n FROM messages WHERE contact = ?1 AND seq >= ?2 AND seq < ?3 ORDER BY seq";
        let read = || {
            let mut statement = self.db.prepare_cached(sql)?;
            statement.query_map(params![contact, number(from), number(until)], first)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error: rusqlite::Error| cause(&error))
    }

    fn place(&mut self, message: u64, seq: u64) -> Done {
        self.run("UPDATE messages SET seq = ?2 WHERE n = ?1", params![number(message), number(seq)])
    }

    fn messages(&self, contact: u32, from: u64, to: u64) -> Result<Vec<MessageView>, Error> {
        let sql = "SELECT seq, mine, text, at, state, life FROM messages
            WHERE contact = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq";
        let read = || {
            let mut statement = self.db.prepare_cached(sql)?;
            statement
                .query_map(params![contact, number(from), number(to)], |row| message(row, 0))?
                .collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error: rusqlite::Error| cause(&error))
    }

    fn remove_messages(&mut self, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>, Error> {
        self.traces.fresh = true;
        removal::messages(&self.db, contact, places).map_err(|error| cause(&error))
    }

    fn last(&mut self, contact: u32) -> Result<Option<(u64, MessageView)>, Error> {
        rows::last(&self.db, contact).map_err(|error| cause(&error))
    }

    fn begin_received(&mut self, contact: u32, lived: u64) -> Done {
        ages::begin_received(&self.db, contact, lived).map_err(|error| cause(&error))
    }

    fn begin_sent(&mut self, message: u64, lived: u64) -> Done {
        ages::begin(&self.db, message, lived).map_err(|error| cause(&error))
    }

    fn dead(&mut self, lived: u64) -> Result<Vec<(u32, u64)>, Error> {
        ages::dead(&self.db, lived).map_err(|error| cause(&error))
    }

    fn next_death(&mut self) -> Result<Option<u64>, Error> {
        ages::next(&self.db).map_err(|error| cause(&error))
    }

    fn put_timer(&mut self, contact: u32, timer: Timer) -> Done {
        ages::put_timer(&self.db, contact, timer).map_err(|error| cause(&error))
    }

    fn put_age(&mut self, age: Age) -> Done {
        ages::put_age(&self.db, age).map_err(|error| cause(&error))
    }

    fn search(&self, words: &str, limit: usize) -> Result<Vec<Found>, Error> {
        search::find(&self.db, words, limit).map_err(|error| cause(&error))
    }

    fn add_job(&mut self, row: &JobRow, body: &Secret) -> Done {
        let Some((kind, owner, prekey, message, revision)) = work_columns(row.what) else {
            self.erasures.add(row);
            return Ok(());
        };
        let sql = "INSERT INTO jobs(job, kind, owner, prekey, message, author, nonce, created, expires, since, relays,
            body, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.run(
            sql,
            params![
                number(row.job),
                kind,
                owner,
                prekey,
                number(message),
                row.stamp.author.bytes(),
                row.stamp.nonce,
                number(row.stamp.created_at),
                number(row.stamp.expires_at),
                number(row.since.0),
                rows::ids(&row.relays),
                body.bytes(),
                number(revision),
            ],
        )
    }

    fn set_job_relays(&mut self, job: u64, relays: &[u16]) -> Done {
        self.run("UPDATE jobs SET relays = ?2 WHERE job = ?1", params![number(job), rows::ids(relays)])
    }

    fn remove_job(&mut self, job: u64) -> Done {
        let removed = self.db.prepare_cached("DELETE FROM jobs WHERE job = ?1");
        let removed = removed.and_then(|mut statement| statement.execute([number(job)])).map_err(|e| cause(&e))?;
        if removed == 0 {
            self.erasures.remove(job);
        }
        Ok(())
    }

    fn job_body(&self, job: u64) -> Result<Secret, Error> {
        let body = self.db.prepare_cached("SELECT body FROM jobs WHERE job = ?1");
        let body = body.and_then(|mut statement| statement.query_row([number(job)], |row| row.get(0)));
        body.map(Secret::new).map_err(|error| cause(&error))
    }

    fn knows_event(&mut self, id: &Bytes32) -> Result<bool, Error> {
        Ok(self.seen.knows(&id.0))
    }

    fn remember_event(&mut self, id: &Bytes32, until: u64) -> Done {
        self.seen.remember(&id.0, until);
        Ok(())
    }

    fn forget_events(&mut self, before: u64) -> Done {
        self.seen.forget(&self.db, before).map_err(|error| cause(&error))
    }

    fn put_tie(&mut self, row: &TieRow) -> Done {
        ties::put(&self.db, row).map_err(|error| cause(&error))
    }

    fn put_offer(&mut self, contact: u32, row: Option<&OfferRow>) -> Done {
        ties::put_offer(&self.db, contact, row).map_err(|error| cause(&error))
    }

    fn put_next(&mut self, contact: u32, row: Option<&NextRow>) -> Done {
        ties::put_next(&self.db, contact, row).map_err(|error| cause(&error))
    }

    fn unreceipted(&mut self, contact: u32) -> Result<Vec<Unreceipted>, Error> {
        ties::unreceipted(&self.db, contact).map_err(|error| cause(&error))
    }

    fn clear_restored(&mut self) -> Done {
        ties::mark(&self.db, ties::RESTORED, false).map_err(|error| cause(&error))
    }
}

#[cfg(test)]
mod tests;
