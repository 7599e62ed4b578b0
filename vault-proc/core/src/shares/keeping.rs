//! Parts that are given, kept and withdrawn.
//!
//! Owner and keeper speak in their own conversation. What the owner says bears a revision that rises, as relays keep no
//! order: what is lower than the newest is ignored.

use super::lines::{Line, draw};
use super::{MOST, Part, SetId, deal};
use crate::content::{Body, MessageId, ShareWord};
use crate::store::{PartState, ShareRole, ShareRow, Store};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Key, Secret, Time};
use bulkhead_ipc::intent::Notice;
use rand::{CryptoRng, Rng};
use std::collections::BTreeSet;

/// A part that was given to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenPart {
    /// To whom.
    pub contact: u32,
    /// Of which set.
    pub set: SetId,
    /// How far it got.
    pub state: PartState,
    /// How many are needed.
    pub needed: u8,
    /// How many there are.
    pub of: u8,
}

impl<S: Store> Vault<S> {
    /// Gives parts of a secret to contacts.
    pub(crate) fn give_parts<R: Rng + CryptoRng>(
        &mut self,
        contacts: &[u32],
        needed: u8,
        (set, secret): (SetId, &Key),
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let keepers: BTreeSet<u32> = contacts.iter().copied().filter(|contact| self.may_keep(*contact)).collect();
        let of = u8::try_from(keepers.len()).ok().filter(|of| *of <= MOST && keepers.len() == contacts.len());
        let parts = of.map(|of| deal(secret, set, needed, of, rng)).unwrap_or_default();
        if parts.is_empty() {
            turn.notice(Notice::TooFewKeepers);
            return Ok(());
        }
        let former: Vec<u32> =
            self.given_rows().filter(|row| !keepers.contains(&row.contact)).map(|r| r.contact).collect();
        self.withdraw_parts(Some(&former), turn, rng)?;
        for (contact, part) in keepers.into_iter().zip(parts) {
            let revision = self.next_revision(contact, turn.now);
            let numbers = Part { piece: Secret::new(Vec::new()), ..part.clone() };
            let (id, needed, of) = (part.set, part.needed, part.of);
            let (state, line) = match self.post(contact, Body::Keep { revision, part }, 0, turn, rng) {
                Ok(()) => (PartState::Sent, Line::Gave { needed, of }),
                Err(Error::Keys) => (PartState::Failed, Line::NotSent),
                Err(error) => return Err(error),
            };
            let (role, at, part) = (ShareRole::Given, turn.now, Some(numbers));
            self.put_share(ShareRow { contact, role, revision, at, id, part, state }, turn)?;
            self.say_line(contact, line, turn)?;
        }
        turn.notice(Notice::PartsSent);
        Ok(())
    }

    /// Has the parts destroyed that these contacts keep; or all.
    pub(crate) fn withdraw_parts<R: Rng + CryptoRng>(
        &mut self,
        only: Option<&[u32]>,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let concerned = |row: &&ShareRow| only.is_none_or(|only| only.contains(&row.contact));
        let rows: Vec<ShareRow> = self.given_rows().filter(concerned).cloned().collect();
        for row in rows {
            let (contact, id) = (row.contact, draw(rng));
            let revision = self.next_revision(contact, turn.now);
            let body = Body::Word { id, revision, word: ShareWord::Withdrawn };
            match self.post(contact, body, 0, turn, rng) {
                // A keeper who cannot be reached any more keeps a part that opens nothing: the secret is replaced.
                Ok(()) | Err(Error::Keys) => {}
                Err(error) => return Err(error),
            }
            let row = ShareRow { revision, id, at: turn.now, state: PartState::Withdrawn, ..row };
            self.put_share(row, turn)?;
            self.say_line(contact, Line::Withdrew, turn)?;
        }
        Ok(())
    }

    /// Whether a part can be given to a contact.
    pub fn may_keep(&self, contact: u32) -> bool {
        self.state.contacts.get(&contact).is_some_and(|entry| !entry.row.waiting && !entry.lost && !entry.tie.lost)
    }

    /// The session with a contact is a new one, and what was on its way is gone: a withdrawal is said again; a piece cannot
    /// be, as it is not kept here.
    pub(crate) fn renew_parts<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(row) = self.state.shares.get(&(contact, ShareRole::Given)).cloned() else { return Ok(()) };
        match row.state {
            PartState::Sent => self.put_share(ShareRow { state: PartState::Failed, ..row }, turn),
            PartState::Withdrawn => {
                let body = Body::Word { id: row.id, revision: row.revision, word: ShareWord::Withdrawn };
                self.post(contact, body, 0, turn, rng)
            }
            _ => Ok(()),
        }
    }

    /// Rows of parts that are out and not withdrawn.
    fn given_rows(&self) -> impl Iterator<Item = &ShareRow> {
        let out = |row: &&ShareRow| !matches!(row.state, PartState::Withdrawn | PartState::Destroyed);
        self.state.shares.values().filter(|row| row.role == ShareRole::Given).filter(out)
    }

    fn next_revision(&self, contact: u32, now: Time) -> u64 {
        let last = self.state.shares.get(&(contact, ShareRole::Given)).map_or(0, |row| row.revision);
        now.0.max(last.saturating_add(1)).min(i64::MAX.unsigned_abs())
    }

    /// Keeps a row in memory and store.
    pub(super) fn put_share(&mut self, row: ShareRow, turn: &mut Turn) -> Result<(), Error> {
        self.store.put_share(&row)?;
        self.state.shares.insert((row.contact, row.role), row);
        turn.shares = true;
        Ok(())
    }

    /// Forgets a row in memory and store.
    pub(super) fn drop_share(&mut self, contact: u32, role: ShareRole, turn: &mut Turn) -> Result<(), Error> {
        if self.state.shares.remove(&(contact, role)).is_some() {
            self.store.remove_share(contact, role)?;
            turn.shares = true;
        }
        Ok(())
    }

    /// A contact wants a part of theirs kept.
    pub(crate) fn told_to_keep(
        &mut self,
        contact: u32,
        revision: u64,
        part: Part,
        turn: &mut Turn,
    ) -> Result<(), Error> {
        let known = self.state.shares.get(&(contact, ShareRole::Kept)).map_or(0, |row| row.revision);
        let revision = revision.min(i64::MAX.unsigned_abs());
        if !part.is_sound() || revision <= known {
            return Ok(());
        }
        self.owe(contact, part.set);
        let line = Line::Keeps { needed: part.needed, of: part.of };
        let (role, at, id, state) = (ShareRole::Kept, turn.now, part.set, PartState::Kept);
        self.put_share(ShareRow { contact, role, revision, at, id, part: Some(part), state }, turn)?;
        self.say_line(contact, line, turn)
    }

    /// A contact says what became of a part.
    pub(crate) fn told_of_part(
        &mut self,
        contact: u32,
        id: MessageId,
        revision: u64,
        word: ShareWord,
        turn: &mut Turn,
    ) -> Result<(), Error> {
        let revision = revision.min(i64::MAX.unsigned_abs());
        match word {
            ShareWord::Withdrawn => {
                let known = self.state.shares.get(&(contact, ShareRole::Kept));
                if let Some(row) = known.filter(|row| row.revision >= revision) {
                    // Said again: the receipt may have been lost with a session.
                    if row.revision == revision && row.part.is_none() {
                        self.owe(contact, id);
                    }
                    return Ok(());
                }
                let had = known.is_some_and(|row| row.part.is_some());
                let (role, at, part, state) = (ShareRole::Kept, turn.now, None, PartState::Destroyed);
                self.owe(contact, id);
                // What is left says that older parts, which relays may still hand out, are not to be kept.
                self.put_share(ShareRow { contact, role, revision, at, id, part, state }, turn)?;
                if had { self.say_line(contact, Line::Lost, turn) } else { Ok(()) }
            }
            ShareWord::Given => {
                // Of whom nothing is kept here that was ours nothing can have been given.
                let Some(row) = self.state.shares.get(&(contact, ShareRole::Given)).cloned() else { return Ok(()) };
                self.owe(contact, id);
                if !matches!(row.state, PartState::Withdrawn | PartState::Destroyed) {
                    self.put_share(ShareRow { state: PartState::GivenAway, ..row }, turn)?;
                }
                turn.notice(Notice::PartGivenAway);
                self.say_line(contact, Line::Warning, turn)
            }
        }
    }

    fn owe(&mut self, contact: u32, id: MessageId) {
        if let Some(entry) = self.state.contacts.get_mut(&contact) {
            entry.owed.get_or_insert_default().push(id);
        }
    }

    /// A keeper has stored a part, or destroyed it.
    pub(crate) fn part_receipted(&mut self, contact: u32, id: &MessageId, turn: &mut Turn) -> Result<(), Error> {
        let row = self.state.shares.get(&(contact, ShareRole::Given)).filter(|row| row.id == *id);
        let state = match row.map(|row| row.state) {
            Some(PartState::Sent) => PartState::Kept,
            Some(PartState::Withdrawn) => PartState::Destroyed,
            _ => return Ok(()),
        };
        match row.cloned() {
            Some(row) => self.put_share(ShareRow { state, ..row }, turn),
            None => Ok(()),
        }
    }

    /// The parts that are out, and those that a keeper has not destroyed yet.
    pub fn given_parts(&self) -> Vec<GivenPart> {
        let rows = self.state.shares.values().filter(|row| row.role == ShareRole::Given);
        let view = |row: &ShareRow| {
            let part = row.part.as_ref()?;
            Some(GivenPart { contact: row.contact, set: part.set, state: row.state, needed: part.needed, of: part.of })
        };
        rows.filter(|row| row.state != PartState::Destroyed).filter_map(view).collect()
    }

    /// Whose parts are kept here.
    pub fn kept_parts(&self) -> Vec<u32> {
        let kept = |row: &&ShareRow| row.role == ShareRole::Kept && row.part.is_some();
        self.state.shares.values().filter(kept).map(|row| row.contact).collect()
    }
}
