//! What contacts and parts of recovery secrets have to do with each other.

use crate::store::rows::{bad, number, unsigned};
use bulkhead_vault_core::shares::Part;
use bulkhead_vault_core::store::{PartState, ShareRole, ShareRow};
use bulkhead_vault_core::{Secret, Time};
use rusqlite::{Connection, Result, Row, params};
use zeroize::Zeroizing;

/// Bytes of a part before its piece: the set, its place, how many are needed, how many there are.
const HEAD: usize = 19;

const fn role_number(role: ShareRole) -> u8 {
    match role {
        ShareRole::Given => 1,
        ShareRole::Kept => 2,
        ShareRole::Asked => 3,
        ShareRole::Asking => 4,
        ShareRole::Got => 5,
    }
}

const fn state_number(state: PartState) -> u8 {
    match state {
        PartState::Sent => 1,
        PartState::Kept => 2,
        PartState::Failed => 3,
        PartState::GivenAway => 4,
        PartState::Withdrawn => 5,
        PartState::Destroyed => 6,
    }
}

/// Adds or changes a row.
pub fn put(db: &Connection, row: &ShareRow) -> Result<()> {
    let part = row.part.as_ref().map(encode);
    db.prepare_cached(
        "INSERT INTO shares(contact, role, revision, at, id, part, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(contact, role) DO UPDATE SET revision = excluded.revision, at = excluded.at, id = excluded.id,
         part = excluded.part, state = excluded.state",
    )?
    .execute(params![
        row.contact,
        role_number(row.role),
        number(row.revision),
        number(row.at.0),
        row.id,
        part.as_ref().map(|part| part.as_slice()),
        state_number(row.state),
    ])
    .map(drop)
}

/// Removes a row.
pub fn remove(db: &Connection, contact: u32, role: ShareRole) -> Result<()> {
    let mut statement = db.prepare_cached("DELETE FROM shares WHERE contact = ?1 AND role = ?2")?;
    statement.execute(params![contact, role_number(role)]).map(drop)
}

/// Reads all.
pub fn load(db: &Connection) -> Result<Vec<ShareRow>> {
    let mut statement = db.prepare_cached("SELECT contact, role, revision, at, id, part, state FROM shares")?;
    statement.query_map([], share)?.collect()
}

fn share(row: &Row<'_>) -> Result<ShareRow> {
    let role = match row.get::<_, u8>(1)? {
        1 => ShareRole::Given,
        2 => ShareRole::Kept,
        3 => ShareRole::Asked,
        4 => ShareRole::Asking,
        5 => ShareRole::Got,
        _ => return Err(bad()),
    };
    let state = match row.get::<_, u8>(6)? {
        1 => PartState::Sent,
        2 => PartState::Kept,
        3 => PartState::Failed,
        4 => PartState::GivenAway,
        5 => PartState::Withdrawn,
        6 => PartState::Destroyed,
        _ => return Err(bad()),
    };
    let part = match row.get_ref(5)?.as_blob_or_null()? {
        Some(bytes) => Some(decode(bytes).ok_or_else(bad)?),
        None => None,
    };
    let at = Time(unsigned(row, 3)?);
    Ok(ShareRow { contact: row.get(0)?, role, revision: unsigned(row, 2)?, at, id: row.get(4)?, part, state })
}

fn encode(part: &Part) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD + part.piece.bytes().len()));
    bytes.extend_from_slice(&part.set);
    bytes.extend_from_slice(&[part.index, part.needed, part.of]);
    bytes.extend_from_slice(part.piece.bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Part> {
    let (set, rest) = bytes.split_first_chunk::<16>()?;
    let ([index, needed, of], piece) = rest.split_first_chunk::<3>()?;
    Some(Part { set: *set, index: *index, needed: *needed, of: *of, piece: Secret::new(piece.to_vec()) })
}
