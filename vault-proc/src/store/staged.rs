//! A store's file apart from its profile: what goes into a backup and what comes out of one.

use super::{SqlStore, cause, counter, file, salvage, schema, ties};
use bulkhead_vault_core::{Error, Key};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// Where a store waits until all of it is there.
pub fn beside(folder: &Path) -> PathBuf {
    folder.join("store.db.new")
}

/// The file that holds the whole store once it has been [`settle`]d.
pub fn whole(folder: &Path) -> PathBuf {
    file(folder)
}

/// Whether a folder holds a store, or a part of one.
pub fn is_somebodys(folder: &Path) -> bool {
    salvage::is_ready(folder) || file(folder).exists() || folder.join("store.db-wal").exists()
}

/// Checks every page, and brings all of the store into one file. Takes as long as reading it.
pub fn settle(store: SqlStore) -> Result<(), Error> {
    let sound = |db: &Connection| -> rusqlite::Result<bool> {
        let pages = db.prepare("PRAGMA cipher_integrity_check")?.exists([])?;
        let structure: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(!pages && structure == "ok")
    };
    if !sound(&store.db).map_err(|error| cause(&error))? {
        return Err(Error::Damaged);
    }
    store.db.set_prepared_statement_cache_capacity(0);
    let busy = store.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    match busy.map_err(|error| cause(&error))? {
        0 => Ok(()),
        _ => Err(Error::NotWritable),
    }
}

/// Brings a store out of a backup to this version, and marks its sessions as ones of an older state. A counter in the TPM
/// stays with the profile that the backup was made of: two that counted on with one would take each other for copies.
pub fn adopt(path: &Path, key: &Key) -> Result<(), Error> {
    let db = SqlStore::connect_bare(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::configure(&db).map_err(|error| cause(&error))?;
    schema::upgrade(&db)?;
    ties::mark(&db, ties::RESTORED, true).map_err(|error| cause(&error))?;
    counter::put(&db, None).map_err(|error| cause(&error))?;
    db.flush_prepared_statement_cache();
    db.close().map_err(|(_, error)| cause(&error))
}
