//! Rows in and out. Whatever does not fit its type is damage, not a default.

use crate::store::{ages, cause, erasures, moves, search, shares, ties};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_vault_core::envelope::Stamp;
use bulkhead_vault_core::session::{Own, Prekeys};
use bulkhead_vault_core::store::{
    ContactRow, InviteRow, JobRow, Mailbox, Moving, NewMessage, Peer, Placed, RelayRow, Snapshot, Work,
};
use bulkhead_vault_core::{Error, Key, MessageState, MessageView, Plaintext, Secret, Time};
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// A number for SQLite, which knows only signed ones; times past the year 292 million stay at that.
pub fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What is stored does not fit its type.
pub fn bad() -> rusqlite::Error {
    FromSqlError::InvalidType.into()
}

/// A column as a number.
pub fn unsigned(row: &Row<'_>, at: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(at)?).map_err(|_| bad())
}

/// The first column as a message's number.
pub fn first(row: &Row<'_>) -> Result<u64> {
    unsigned(row, 0)
}

/// A column as a key.
pub fn key(row: &Row<'_>, at: usize) -> Result<Key> {
    row.get(at).map(Key::new)
}

/// A column as 32 bytes.
pub fn bytes(row: &Row<'_>, at: usize) -> Result<Bytes32> {
    row.get(at).map(Bytes)
}

pub fn text(row: &Row<'_>, at: usize) -> Result<Plaintext> {
    row.get(at).map(Plaintext::new)
}

/// Relay numbers as bytes.
pub fn ids(relays: &[u16]) -> Vec<u8> {
    relays.iter().flat_map(|id| id.to_be_bytes()).collect()
}

/// Relay numbers of bytes.
pub fn relays(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, []) = bytes.as_chunks() else { return None };
    Some(pairs.iter().copied().map(u16::from_be_bytes).collect())
}

/// A column as relay numbers.
pub fn relay_column(row: &Row<'_>, at: usize) -> Result<Vec<u16>> {
    relays(row.get_ref(at)?.as_blob()?).ok_or_else(bad)
}

/// A message's state as it is stored.
pub const fn state_number(state: MessageState) -> u8 {
    match state {
        MessageState::Received => 0,
        // In as many bytes as the states after it, so that the row is overwritten in its place. 1 was written before.
        MessageState::Queued => 6,
        MessageState::AtRelay => 2,
        MessageState::Delivered => 3,
        MessageState::Failed => 4,
        MessageState::Timer => 5,
        MessageState::Note => 7,
    }
}

/// A column as a message's state.
pub fn state(row: &Row<'_>, at: usize) -> Result<MessageState> {
    Ok(match row.get::<_, u8>(at)? {
        0 => MessageState::Received,
        1 | 6 => MessageState::Queued,
        2 => MessageState::AtRelay,
        3 => MessageState::Delivered,
        4 => MessageState::Failed,
        5 => MessageState::Timer,
        7 => MessageState::Note,
        _ => return Err(bad()),
    })
}

/// A message in its place.
pub fn placed(row: &Row<'_>) -> Result<Placed> {
    let (message, sent_at) = (unsigned(row, 0)?, unsigned(row, 2)?);
    Ok(Placed { message, id: row.get(4)?, mine: row.get(1)?, sent_at, at: Time(unsigned(row, 3)?) })
}

/// A message whose columns begin at `at`.
pub fn message(row: &Row<'_>, at: usize) -> Result<MessageView> {
    let state = state(row, at + 4)?;
    let time = Time(unsigned(row, at + 3)?);
    let (seq, mine, text) = (unsigned(row, at)?, row.get(at + 1)?, text(row, at + 2)?);
    Ok(MessageView { seq, mine, text, at: time, state, life: row.get(at + 5)? })
}

/// The columns of a job that depend on its work, in the order of the table.
pub type WorkColumns = (u8, u32, bool, u64, u64);

/// Kind, owner, prekey, message and revision of a job; `None` for an erasure, which is kept elsewhere.
pub const fn work_columns(what: Work) -> Option<WorkColumns> {
    match what {
        Work::Envelope { contact, prekey, message, revision } => Some((1, contact, prekey, message, revision)),
        Work::Bundle { invite } => Some((2, invite, false, 0, 0)),
        Work::Offer { contact, meeting } => Some((3, contact, meeting, 0, 0)),
        Work::Answer { contact } => Some((4, contact, true, 0, 0)),
        Work::Erase { .. } => None,
    }
}

fn job(row: &Row<'_>) -> Result<JobRow> {
    let owner = row.get(2)?;
    let what = match row.get::<_, u8>(1)? {
        1 => {
            let (prekey, message, revision) = (row.get(3)?, unsigned(row, 4)?, unsigned(row, 11)?);
            Work::Envelope { contact: owner, prekey, message, revision }
        }
        2 => Work::Bundle { invite: owner },
        3 => Work::Offer { contact: owner, meeting: row.get(3)? },
        4 => Work::Answer { contact: owner },
        _ => return Err(bad()),
    };
    let stamp = Stamp {
        author: key(row, 5)?,
        nonce: row.get(6)?,
        created_at: unsigned(row, 7)?,
        expires_at: unsigned(row, 8)?,
    };
    let (job, since) = (unsigned(row, 0)?, Time(unsigned(row, 9)?));
    Ok(JobRow { job, what, stamp, since, relays: relay_column(row, 10)? })
}

/// A mailbox whose columns begin at `at`.
pub fn mailbox(row: &Row<'_>, at: usize) -> Result<Mailbox> {
    let (secret, public) = (key(row, at)?, bytes(row, at + 1)?);
    Ok(Mailbox { secret, public, seal: key(row, at + 2)?, relays: relay_column(row, at + 3)? })
}

fn contact(row: &Row<'_>) -> Result<ContactRow> {
    Ok(ContactRow {
        handle: row.get(0)?,
        name: text(row, 1)?,
        draft: text(row, 2)?,
        added: Time(unsigned(row, 3)?),
        waiting: row.get(4)?,
        verified: row.get(5)?,
        unread: row.get(6)?,
        sent_at: unsigned(row, 7)?,
        own: Own { identity: key(row, 8)?, registration: row.get(9)? },
        mailbox: mailbox(row, 10)?,
        peer: Peer {
            identity: row.get(14)?,
            mailbox: bytes(row, 15)?,
            seal: key(row, 16)?,
            relays: relay_column(row, 17)?,
        },
        moving: Moving::default(),
    })
}

fn invite(row: &Row<'_>) -> Result<InviteRow> {
    Ok(InviteRow {
        id: row.get(0)?,
        link: text(row, 1)?,
        expires_at: unsigned(row, 2)?,
        published: row.get(3)?,
        own: Own { identity: key(row, 4)?, registration: row.get(5)? },
        prekeys: Prekeys {
            signed: key(row, 6)?,
            one_time: key(row, 7)?,
            kyber: (row.get(8)?, Secret::new(row.get(9)?)),
        },
        mailbox: mailbox(row, 10)?,
        event: (bytes(row, 14)?, key(row, 15)?),
        rendezvous: bytes(row, 16)?,
    })
}

/// Adds messages, and their words to the index.
pub fn add_messages(db: &Connection, messages: &[NewMessage<'_>]) -> Result<()> {
    // Each prepared once for all: looking it up costs as much as a tenth of a decryption.
    let mut row = db.prepare_cached(
        "INSERT INTO messages(n, contact, seq, id, mine, text, sent_at, at, state, life, dies)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut words = db.prepare_cached("INSERT INTO search(rowid, text) VALUES (?1, ?2)")?;
    for new in messages {
        let (text, n, state) = (new.text.as_str(), number(new.message), state_number(new.state));
        let (seq, sent_at, at) = (number(new.seq), number(new.sent_at), number(new.at.0));
        let dies = (new.life > 0 && new.state != MessageState::Timer).then_some(ages::RESTS);
        row.execute(params![n, new.contact, seq, new.id, new.mine, text, sent_at, at, state, new.life, dies])?;
        if !text.is_empty() {
            words.execute(params![n, search::indexed(text)])?;
        }
    }
    Ok(())
}

/// Writes a contact.
pub fn put_contact(db: &Connection, row: &ContactRow) -> Result<()> {
    let sql = "INSERT INTO contacts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
        ?18)
        ON CONFLICT(handle) DO UPDATE SET name = excluded.name, draft = excluded.draft, waiting = excluded.waiting,
        verified = excluded.verified, unread = excluded.unread, sent_at = excluded.sent_at,
        mailbox_secret = excluded.mailbox_secret, mailbox_public = excluded.mailbox_public,
        mailbox_seal = excluded.mailbox_seal, mailbox_relays = excluded.mailbox_relays,
        peer_mailbox = excluded.peer_mailbox, peer_seal = excluded.peer_seal, peer_relays = excluded.peer_relays";
    let (own, mailbox, peer) = (&row.own, &row.mailbox, &row.peer);
    db.prepare_cached(sql)?
        .execute(params![
            row.handle,
            row.name.as_str(),
            row.draft.as_str(),
            number(row.added.0),
            row.waiting,
            row.verified,
            row.unread,
            number(row.sent_at),
            own.identity.bytes(),
            own.registration,
            mailbox.secret.bytes(),
            mailbox.public.0,
            mailbox.seal.bytes(),
            ids(&mailbox.relays),
            peer.identity,
            peer.mailbox.0,
            peer.seal.bytes(),
            ids(&peer.relays),
        ])
        .map(drop)
}

/// Writes an invite.
pub fn put_invite(db: &Connection, row: &InviteRow) -> Result<()> {
    let sql = "INSERT INTO invites VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        ON CONFLICT(id) DO UPDATE SET published = excluded.published";
    let (own, keys, mailbox) = (&row.own, &row.prekeys, &row.mailbox);
    db.prepare_cached(sql)?
        .execute(params![
            row.id,
            row.link.as_str(),
            number(row.expires_at),
            row.published,
            own.identity.bytes(),
            own.registration,
            keys.signed.bytes(),
            keys.one_time.bytes(),
            keys.kyber.0,
            keys.kyber.1.bytes(),
            mailbox.secret.bytes(),
            mailbox.public.0,
            mailbox.seal.bytes(),
            ids(&mailbox.relays),
            row.event.0.0,
            row.event.1.bytes(),
            row.rendezvous.0,
        ])
        .map(drop)
}

/// The message in the highest place of a conversation, and its number.
pub fn last(db: &Connection, contact: u32) -> Result<Option<(u64, MessageView)>> {
    let sql = "SELECT seq, mine, text, at, state, life, n FROM messages WHERE contact = ?1 ORDER BY seq DESC LIMIT 1";
    db.prepare_cached(sql)?.query_row([contact], |row| Ok((unsigned(row, 6)?, message(row, 0)?))).optional()
}

/// All rows of a query.
pub fn all<T>(db: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map([], |row| read(row))?.collect()
}

/// Reads all that is kept in memory.
pub fn load(db: &Connection) -> core::result::Result<Snapshot, Error> {
    let read = || -> Result<Snapshot> {
        let name = db.query_row("SELECT name FROM profile", [], |row| text(row, 0)).optional()?;
        let mut contacts = all(db, "SELECT * FROM contacts ORDER BY handle", contact)?;
        moves::load(db, &mut contacts)?;
        let contacts = contacts.into_iter().map(|row| {
            let last = last(db, row.handle)?;
            Ok((row, last))
        });
        let relay = |row: &Row<'_>| Ok(RelayRow { id: row.get(0)?, url: row.get(1)?, own: row.get(2)? });
        let mut jobs = all(
            db,
            "SELECT job, kind, owner, prekey, message, author, nonce, created, expires, since, relays, revision
                FROM jobs",
            job,
        )?;
        jobs.append(&mut erasures::load(db)?);
        Ok(Snapshot {
            own_name: name,
            lost: all(db, "SELECT contact FROM sessions WHERE length(record) = 0", |row| row.get(0))?,
            // Jobs outlive the messages that they carry: their numbers are not given again.
            messages: db.query_row(
                "SELECT max((SELECT coalesce(max(n), 0) FROM messages), (SELECT coalesce(max(message), 0) FROM jobs))",
                [],
                first,
            )?,
            oldest: all(
                db,
                "SELECT handle, (SELECT min(seq) FROM messages WHERE contact = handle) FROM contacts",
                |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map_or(0, i64::unsigned_abs))),
            )?,
            timers: ages::timers(db)?,
            age: ages::age(db)?,
            next_death: ages::next(db)?,
            contacts: contacts.collect::<Result<_>>()?,
            relays: all(db, "SELECT id, url, own FROM relays ORDER BY id", relay)?,
            invites: all(db, "SELECT * FROM invites ORDER BY id", invite)?,
            jobs,
            shares: shares::load(db)?,
            ties: ties::load(db)?,
            restored: ties::marked(db, ties::RESTORED)?,
        })
    };
    read().map_err(|error| cause(&error))
}
