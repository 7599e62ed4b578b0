//! What is known of contacts' states, renewals of sessions, and marks on the store as a whole.

use crate::store::rows::{all, bad, bytes, ids, key, number, relay_column, text, unsigned};
use bulkhead_vault_core::Secret;
use bulkhead_vault_core::session::Prekeys;
use bulkhead_vault_core::store::{Doubt, NextRow, OfferRow, TieRow, Tied, Unreceipted};
use rusqlite::{Connection, Result, Row, params};
use std::collections::BTreeMap;

/// The store came out of a backup, and its sessions have not been dealt with yet.
pub const RESTORED: &str = "restored";
/// The profile was moved: it goes on elsewhere.
pub const MOVED: &str = "moved";

/// Whether the store bears a mark.
pub fn marked(db: &Connection, mark: &str) -> Result<bool> {
    db.prepare_cached("SELECT 1 FROM marks WHERE name = ?1")?.exists([mark])
}

/// Sets or takes away a mark.
pub fn mark(db: &Connection, mark: &str, set: bool) -> Result<()> {
    let sql = if set { "INSERT OR IGNORE INTO marks(name) VALUES (?1)" } else { "DELETE FROM marks WHERE name = ?1" };
    db.prepare_cached(sql)?.execute([mark]).map(drop)
}

/// Removes all that is known of a contact.
pub fn remove(db: &Connection, contact: u32) -> Result<()> {
    for sql in [
        "DELETE FROM ties WHERE contact = ?1",
        "DELETE FROM offers WHERE contact = ?1",
        "DELETE FROM nexts WHERE contact = ?1",
    ] {
        db.prepare_cached(sql)?.execute([contact])?;
    }
    Ok(())
}

/// Writes what is known of a contact's state.
pub fn put(db: &Connection, row: &TieRow) -> Result<()> {
    let sql = "INSERT INTO ties VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT(contact) DO UPDATE SET said = excluded.said, read = excluded.read, told = excluded.told,
        newest = excluded.newest, shown = excluded.shown, shown_at = excluded.shown_at, renewed = excluded.renewed,
        lost = excluded.lost, doubt = excluded.doubt, met = excluded.met";
    let doubt = match row.doubt {
        Doubt::None => 0,
        Doubt::Known => 1,
        Doubt::Open => 2,
    };
    db.prepare_cached(sql)?
        .execute(params![
            row.contact,
            number(row.said),
            number(row.read),
            number(row.told),
            number(row.newest),
            number(row.shown.0),
            number(row.shown.1),
            number(row.renewed),
            row.lost,
            doubt,
            row.met.as_flattened(),
        ])
        .map(drop)
}

fn tie(row: &Row<'_>) -> Result<TieRow> {
    let doubt = match row.get::<_, u8>(9)? {
        0 => Doubt::None,
        1 => Doubt::Known,
        2 => Doubt::Open,
        _ => return Err(bad()),
    };
    let (met, []) = row.get_ref(10)?.as_blob()?.as_chunks::<32>() else { return Err(bad()) };
    Ok(TieRow {
        contact: row.get(0)?,
        said: unsigned(row, 1)?,
        read: unsigned(row, 2)?,
        told: unsigned(row, 3)?,
        newest: unsigned(row, 4)?,
        shown: (unsigned(row, 5)?, unsigned(row, 6)?),
        renewed: unsigned(row, 7)?,
        lost: row.get(8)?,
        doubt,
        met: met.to_vec(),
    })
}

/// Sets or removes the open offer to a contact.
pub fn put_offer(db: &Connection, contact: u32, row: Option<&OfferRow>) -> Result<()> {
    let Some(row) = row else {
        return db.prepare_cached("DELETE FROM offers WHERE contact = ?1")?.execute([contact]).map(drop);
    };
    let keys = &row.prekeys;
    db.prepare_cached("INSERT OR REPLACE INTO offers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            contact,
            keys.signed.bytes(),
            keys.one_time.bytes(),
            keys.kyber.0,
            keys.kyber.1.bytes(),
            row.bundle,
            number(row.revision),
            number(row.expires_at),
            number(row.sent),
        ])
        .map(drop)
}

fn offer(row: &Row<'_>) -> Result<(u32, OfferRow)> {
    let kyber = (row.get(3)?, Secret::new(row.get(4)?));
    let prekeys = Prekeys { signed: key(row, 1)?, one_time: key(row, 2)?, kyber };
    let (bundle, revision) = (row.get(5)?, unsigned(row, 6)?);
    let offer = OfferRow { prekeys, bundle, revision, expires_at: unsigned(row, 7)?, sent: unsigned(row, 8)? };
    Ok((row.get(0)?, offer))
}

/// Sets or removes the unconfirmed session with a contact.
pub fn put_next(db: &Connection, contact: u32, row: Option<&NextRow>) -> Result<()> {
    let Some(row) = row else {
        return db.prepare_cached("DELETE FROM nexts WHERE contact = ?1")?.execute([contact]).map(drop);
    };
    db.prepare_cached("INSERT OR REPLACE INTO nexts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            contact,
            row.offer,
            row.record.bytes(),
            row.mailbox.0,
            row.seal.bytes(),
            ids(&row.relays),
            number(row.revision),
            number(row.answered),
        ])
        .map(drop)
}

fn next(row: &Row<'_>) -> Result<(u32, NextRow)> {
    let next = NextRow {
        offer: row.get(1)?,
        record: Secret::new(row.get(2)?),
        mailbox: bytes(row, 3)?,
        seal: key(row, 4)?,
        relays: relay_column(row, 5)?,
        revision: unsigned(row, 6)?,
        answered: unsigned(row, 7)?,
    };
    Ok((row.get(0)?, next))
}

/// Reads all that is known of contacts' states.
pub fn load(db: &Connection) -> Result<Vec<Tied>> {
    let mut offers: BTreeMap<u32, OfferRow> = all(db, "SELECT * FROM offers", offer)?.into_iter().collect();
    let mut nexts: BTreeMap<u32, NextRow> = all(db, "SELECT * FROM nexts", next)?.into_iter().collect();
    let with = |tie: TieRow| {
        let contact = tie.contact;
        (tie, offers.remove(&contact), nexts.remove(&contact))
    };
    Ok(all(db, "SELECT * FROM ties", tie)?.into_iter().map(with).collect())
}

/// Own texts to a contact that are queued or at a relay, in the order of writing.
pub fn unreceipted(db: &Connection, contact: u32) -> Result<Vec<Unreceipted>> {
    let sql = "SELECT n, id, sent_at, text, life FROM messages INDEXED BY undelivered
        WHERE mine = 1 AND state <> 3 AND state IN (1, 2, 6) AND contact = ?1 ORDER BY sent_at";
    let read = |row: &Row<'_>| {
        let (message, sent_at) = (unsigned(row, 0)?, unsigned(row, 2)?);
        Ok(Unreceipted { message, id: row.get(1)?, sent_at, text: text(row, 3)?, life: row.get(4)? })
    };
    db.prepare_cached(sql)?.query_map([contact], read)?.collect()
}
