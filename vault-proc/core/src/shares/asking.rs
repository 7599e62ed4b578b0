//! Parts that are asked for and given back.
//!
//! Who has lost a profile is a new contact to everybody. So a request does not say whose part is meant: that is for the
//! keeper to find out, who knows the person. Once a part is given, its owner's old conversation is told.

use super::Part;
use super::gathering::{Gathered, gather};
use super::lines::{Line, draw};
use crate::content::{Body, MessageId, ShareWord};
use crate::store::{PartState, ShareRole, ShareRow, Store};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Plaintext};
use bulkhead_ipc::intent::Notice;
use rand::{CryptoRng, Rng};

impl<S: Store> Vault<S> {
    /// Asks a contact for the part that they keep.
    pub(crate) fn ask_part<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        if !self.may_keep(contact) {
            turn.notice(Notice::TooFewKeepers);
            return Ok(());
        }
        let id = draw(rng);
        match self.post(contact, Body::Ask(id), 0, turn, rng) {
            Ok(()) => {}
            Err(Error::Keys) => return self.say_line(contact, Line::NotSent, turn),
            Err(error) => return Err(error),
        }
        let (role, at, state) = (ShareRole::Asking, turn.now, PartState::Sent);
        self.put_share(ShareRow { contact, role, revision: 0, at, id, part: None, state }, turn)?;
        self.say_line(contact, Line::Asking, turn)
    }

    /// A contact asks. Who keeps nothing is not troubled; further requests take the place of one that waits.
    pub(crate) fn asked_for_part(&mut self, contact: u32, id: MessageId, turn: &mut Turn) -> Result<(), Error> {
        if self.kept_parts().is_empty() {
            return Ok(());
        }
        let waits = self.state.shares.contains_key(&(contact, ShareRole::Asked));
        let (role, at, state) = (ShareRole::Asked, turn.now, PartState::Sent);
        self.put_share(ShareRow { contact, role, revision: 0, at, id, part: None, state }, turn)?;
        if waits { Ok(()) } else { self.say_line(contact, Line::Asked, turn) }
    }

    /// The user answers a contact who asked.
    pub(crate) fn answer_part<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        owner: Option<u32>,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(request) = self.state.shares.get(&(contact, ShareRole::Asked)).map(|row| row.id) else {
            return Ok(());
        };
        let kept = owner.and_then(|owner| self.state.shares.get(&(owner, ShareRole::Kept)));
        let kept = kept.and_then(|row| Some((row.contact, row.revision, row.part.clone()?)));
        self.drop_share(contact, ShareRole::Asked, turn)?;
        let Some((owner, revision, part)) = kept else { return self.say_line(contact, Line::Refused, turn) };
        match self.post(contact, Body::Grant { request, part }, 0, turn, rng) {
            Ok(()) => {}
            Err(Error::Keys) => return self.say_line(contact, Line::NotSent, turn),
            Err(error) => return Err(error),
        }
        let body = Body::Word { id: draw(rng), revision, word: ShareWord::Given };
        match self.post(owner, body, 0, turn, rng) {
            // A session that is over tells its owner nothing; the line here stays.
            Ok(()) | Err(Error::Keys) => {}
            Err(error) => return Err(error),
        }
        let (asker, name) = (self.called(contact), self.called(owner));
        let (asker, name) = (Plaintext::new(asker), Plaintext::new(name));
        self.say_line(contact, Line::Granted(name.as_str()), turn)?;
        if owner == contact { Ok(()) } else { self.say_line(owner, Line::GaveAway(asker.as_str()), turn) }
    }

    /// A part came that was asked for. A request is answered once.
    pub(crate) fn got_part(
        &mut self,
        contact: u32,
        request: MessageId,
        part: Part,
        turn: &mut Turn,
    ) -> Result<(), Error> {
        let asked = self.state.shares.get(&(contact, ShareRole::Asking)).is_some_and(|row| row.id == request);
        if !asked || !part.is_sound() {
            return Ok(());
        }
        self.drop_share(contact, ShareRole::Asking, turn)?;
        let (role, at, id, state) = (ShareRole::Got, turn.now, part.set, PartState::Kept);
        self.put_share(ShareRow { contact, role, revision: 0, at, id, part: Some(part), state }, turn)?;
        if self.gathered().is_some_and(|gathered| gathered.secret.is_some()) {
            turn.notice(Notice::PartsComplete);
        }
        self.say_line(contact, Line::Got, turn)
    }

    /// Forgets what contacts gave.
    pub(crate) fn forget_parts(&mut self, turn: &mut Turn) -> Result<(), Error> {
        let roles = [ShareRole::Got, ShareRole::Asking];
        let keys: Vec<_> = self.state.shares.keys().filter(|(_, role)| roles.contains(role)).copied().collect();
        keys.into_iter().try_for_each(|(contact, role)| self.drop_share(contact, role, turn))
    }

    /// Contacts who wait for an answer.
    pub fn asked_parts(&self) -> Vec<u32> {
        self.with_role(ShareRole::Asked)
    }

    /// Contacts who were asked and have not answered.
    pub fn asking_parts(&self) -> Vec<u32> {
        self.with_role(ShareRole::Asking)
    }

    fn with_role(&self, role: ShareRole) -> Vec<u32> {
        self.state.shares.keys().filter(|(_, other)| *other == role).map(|(contact, _)| *contact).collect()
    }

    /// What the parts come to that contacts gave; `None` if there are none. Takes a moment: not for every frame.
    pub fn gathered(&self) -> Option<Gathered> {
        let got = self.state.shares.values().filter(|row| row.role == ShareRole::Got);
        let parts: Vec<_> = got.filter_map(|row| Some((row.contact, row.part.as_ref()?))).collect();
        gather(&parts)
    }
}
