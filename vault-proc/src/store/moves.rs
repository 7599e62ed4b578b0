//! How contacts and we have moved: what is left of old mailboxes and addresses, until it is destroyed.

use crate::store::rows::{bytes, ids, key, mailbox, number, relay_column, unsigned};
use bulkhead_vault_core::Time;
use bulkhead_vault_core::store::{ContactRow, Former, Moving, Place};
use rusqlite::{Connection, Result, Row, params};

/// Whether something is kept of a contact that its new state does not have any more.
pub fn forgets(db: &Connection, contact: u32, moving: &Moving) -> Result<bool> {
    let kept = |table: &str| -> Result<Vec<i64>> {
        let mut statement = db.prepare_cached(&format!("SELECT revision FROM {table} WHERE contact = ?1"))?;
        statement.query_map([contact], |row| row.get(0))?.collect()
    };
    let (mailboxes, places) = (kept("former_mailboxes")?, kept("former_places")?);
    Ok(mailboxes.iter().any(|at| moving.former.iter().all(|former| number(former.revision) != *at))
        || places.iter().any(|at| moving.places.iter().all(|place| number(place.revision) != *at)))
}

/// Writes all of one contact.
pub fn put(db: &Connection, contact: u32, moving: &Moving) -> Result<()> {
    let (made, rotate, announced) = (number(moving.made.0), number(moving.rotate.0), number(moving.announced.0));
    db.prepare_cached(
        "INSERT INTO moves(contact, revision, made, rotate, announced, peer_revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT(contact) DO UPDATE SET revision = excluded.revision, made = excluded.made,
         rotate = excluded.rotate, announced = excluded.announced, peer_revision = excluded.peer_revision",
    )?
    .execute(params![contact, number(moving.revision), made, rotate, announced, number(moving.peer_revision)])?;
    db.prepare_cached("DELETE FROM former_mailboxes WHERE contact = ?1")?.execute([contact])?;
    let mut statement =
        db.prepare_cached("INSERT INTO former_mailboxes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for former in &moving.former {
        let (own, until) = (&former.mailbox, former.until.map(|until| number(until.0)));
        statement.execute(params![
            contact,
            number(former.revision),
            own.secret.bytes(),
            own.public.0,
            own.seal.bytes(),
            ids(&own.relays),
            number(former.made.0),
            number(former.left.0),
            until,
        ])?;
    }
    db.prepare_cached("DELETE FROM former_places WHERE contact = ?1")?.execute([contact])?;
    let mut statement = db.prepare_cached("INSERT INTO former_places VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for place in &moving.places {
        let (revision, until) = (number(place.revision), number(place.until.0));
        statement.execute(params![
            contact,
            revision,
            place.mailbox.0,
            place.seal.bytes(),
            ids(&place.relays),
            until
        ])?;
    }
    Ok(())
}

/// Forgets a contact.
pub fn remove(db: &Connection, contact: u32) -> Result<()> {
    for table in ["moves", "former_mailboxes", "former_places"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE contact = ?1"))?.execute([contact])?;
    }
    Ok(())
}

fn time(row: &Row<'_>, at: usize) -> Result<Time> {
    unsigned(row, at).map(Time)
}

/// Completes contacts, which are in the order of their numbers.
pub fn load(db: &Connection, contacts: &mut [ContactRow]) -> Result<()> {
    let mut of = |handle: u32, change: &mut dyn FnMut(&mut Moving)| {
        let found = contacts.binary_search_by_key(&handle, |row| row.handle);
        if let Some(row) = found.ok().and_then(|at| contacts.get_mut(at)) {
            change(&mut row.moving);
        }
    };
    let mut statement = db.prepare_cached("SELECT * FROM moves")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let read = Moving {
            revision: unsigned(row, 1)?,
            made: time(row, 2)?,
            rotate: time(row, 3)?,
            announced: time(row, 4)?,
            peer_revision: unsigned(row, 5)?,
            ..Moving::default()
        };
        of(row.get(0)?, &mut |moving| moving.clone_from(&read));
    }
    let mut statement = db.prepare_cached("SELECT * FROM former_mailboxes ORDER BY contact, revision")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let until = row.get::<_, Option<i64>>(8)?.is_some().then(|| time(row, 8)).transpose()?;
        let former = Former {
            mailbox: mailbox(row, 2)?,
            revision: unsigned(row, 1)?,
            made: time(row, 6)?,
            left: time(row, 7)?,
            until,
        };
        of(row.get(0)?, &mut |moving| moving.former.push(former.clone()));
    }
    let mut statement = db.prepare_cached("SELECT * FROM former_places ORDER BY contact, revision")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place = Place {
            revision: unsigned(row, 1)?,
            mailbox: bytes(row, 2)?,
            seal: key(row, 3)?,
            relays: relay_column(row, 4)?,
            until: time(row, 5)?,
        };
        of(row.get(0)?, &mut |moving| moving.places.push(place.clone()));
    }
    Ok(())
}
