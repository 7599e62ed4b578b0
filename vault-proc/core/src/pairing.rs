//! How two people become contacts: making an invite, accepting one, and what follows.

use crate::content::{Body, Hello};
use crate::envelope::{self, Address, Stamp};
use crate::invite::{self, Bundle, LIFETIME, Link, LinkError};
use crate::relay::{Place, place};
use crate::session::{self, Own, Session};
use crate::state::{Contact, Owner};
use crate::store::{ContactRow, InviteRow, Mailbox, Moving, Peer, RelayRow, Store, Work};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Key, Plaintext, Secret, Time};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::intent::{self, MAX_CONTACTS};
use bulkhead_ipc::post::{MAX_RELAYS, RelayState};
use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Most open invites; a further one withdraws the oldest.
const MAX_INVITES: usize = 16;
/// How long relays are asked for a bundle, in milliseconds.
const SEARCH: u64 = 20_000;

/// An invite that is being accepted.
pub struct Accepting {
    pub link: Link,
    pub rendezvous: Bytes32,
    pub relays: Vec<u16>,
    answered: BTreeSet<u16>,
    /// A relay delivered something else than the link describes.
    tampered: bool,
    until: Time,
}

impl<S: Store> Vault<S> {
    /// Makes an invite.
    pub(crate) fn make_invite<R: Rng + CryptoRng>(&mut self, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        while self.state.invites.len() >= MAX_INVITES {
            let Some(oldest) = self.state.invites.keys().next().copied() else { break };
            self.withdraw(oldest, turn)?;
        }
        let relays = self.told_relays();
        let urls = self.state.urls(&relays);
        let mailbox = self.fresh_mailbox(relays.clone(), rng)?;
        let drawn = session::draw(rng).ok_or(Error::Keys)?;
        let (identity, signed, one_time, kyber) = drawn.public;
        let expires_at = u32::try_from(turn.now.seconds().saturating_add(LIFETIME)).map_err(|_| Error::Keys)?;
        let bundle = Bundle {
            registration: drawn.own.registration,
            identity,
            signed,
            one_time: (session::PREKEY_ID, one_time),
            kyber,
            hello: Hello {
                name: self.state.own_name.clone(),
                mailbox: mailbox.public,
                seal: mailbox.seal.clone(),
                relays: urls.clone(),
            },
            expires_at,
        };
        let secret = invite::fresh_secret(&self.curve, rng);
        let mut link = Link { secret, hash: Bytes([0; 32]), expires_at, relays: urls };
        let rendezvous = self.curve.public(&link.mailbox()).ok_or(Error::Keys)?;
        let stamp = Stamp::draw(&self.curve, turn.now, rng);
        let to = Address { mailbox: &rendezvous, seal: &link.seal() };
        let encoded = Secret::new(bundle.encode().ok_or(Error::Keys)?);
        let sealed = envelope::seal(&to, &stamp.nonce, envelope::BUNDLE, encoded.bytes()).ok_or(Error::Keys)?;
        link.hash = Bytes(Sha256::digest(&sealed).into());
        let event = envelope::event(&self.curve, &rendezvous, &stamp, &sealed).ok_or(Error::Keys)?;
        let id = self.next.invite;
        self.next.invite += 1;
        let row = InviteRow {
            id,
            link: link.encode(),
            expires_at: u64::from(expires_at),
            published: false,
            own: drawn.own,
            prekeys: drawn.prekeys,
            mailbox,
            event: (event.id, stamp.author.clone()),
            rendezvous,
        };
        self.store.put_invite(&row)?;
        self.state.mailboxes.insert(row.mailbox.public.0, Owner::Invite(id));
        self.state.invites.insert(id, row);
        self.queue(Work::Bundle { invite: id }, stamp, relays, &Secret::new(sealed), turn)?;
        self.invite = intent::Invite::Publishing;
        turn.invite = true;
        self.net.stale = true;
        Ok(())
    }

    pub(crate) fn fresh_mailbox<R: Rng + CryptoRng>(&self, relays: Vec<u16>, rng: &mut R) -> Result<Mailbox, Error> {
        let secret = self.curve.fresh(rng);
        let public = self.curve.public(&secret).ok_or(Error::Keys)?;
        Ok(Mailbox { secret, public, seal: Key::random(rng), relays })
    }

    /// Removes an invite: its keys are destroyed, its bundle deleted at the relays.
    pub(crate) fn withdraw(&mut self, id: u32, turn: &mut Turn) -> Result<Option<InviteRow>, Error> {
        let Some(row) = self.state.invites.remove(&id) else { return Ok(None) };
        self.state.mailboxes.remove(&row.mailbox.public.0);
        self.parked.remove(&id);
        self.store.remove_invite(id)?;
        let publishing = self.state.jobs.values().find(|j| matches!(j.what, Work::Bundle { invite } if invite == id));
        if let Some(job) = publishing.map(|j| j.job) {
            self.drop_job(job)?;
        }
        let (event, author) = row.event.clone();
        self.erase(event, row.rendezvous, author, row.mailbox.relays.clone(), turn)?;
        self.net.stale = true;
        turn.sweep = true;
        Ok(Some(row))
    }

    /// Withdraws invites that are past their time.
    pub(crate) fn expire_invites(&mut self, turn: &mut Turn) -> Result<(), Error> {
        let late = self.state.invites.values().filter(|row| turn.now.seconds() >= row.expires_at);
        for id in late.map(|row| row.id).collect::<Vec<_>>() {
            let newest = self.state.invites.keys().next_back() == Some(&id);
            self.withdraw(id, turn)?;
            if newest {
                self.invite = intent::Invite::None;
                turn.invite = true;
            }
        }
        Ok(())
    }

    /// Somebody answered an invite: it becomes a contact, and its keys are gone.
    pub(crate) fn invite_used(
        &mut self,
        invite: u32,
        session: Session,
        hello: Hello,
        turn: &mut Turn,
    ) -> Result<Option<u32>, Error> {
        let Some(identity) = session.their_identity().filter(|_| self.curve.is_public(&hello.mailbox)) else {
            return Ok(None);
        };
        if self.state.contacts.len() >= MAX_CONTACTS {
            return Ok(None);
        }
        let relays = self.relay_ids(&hello.relays, turn)?;
        // Somebody who cannot be answered is no contact: the invite stays open.
        if relays.is_empty() {
            return Ok(None);
        }
        let newest = self.state.invites.keys().next_back() == Some(&invite);
        let parked = self.parked.remove(&invite);
        let Some(row) = self.withdraw(invite, turn)? else { return Ok(None) };
        if let Some(parked) = parked {
            self.parked.insert(invite, parked);
        }
        let peer = Peer { identity, mailbox: hello.mailbox, seal: hello.seal, relays };
        let handle = self.add_contact(hello.name, row.own, row.mailbox, peer, session, false, turn)?;
        if let Some(contact) = self.state.contacts.get_mut(&handle) {
            contact.owed = Some(Vec::new());
        }
        if newest {
            self.invite = intent::Invite::Used { handle };
            turn.invite = true;
        }
        Ok(Some(handle))
    }

    #[allow(clippy::too_many_arguments)]
    fn add_contact(
        &mut self,
        name: Plaintext,
        own: Own,
        mailbox: Mailbox,
        peer: Peer,
        session: Session,
        waiting: bool,
        turn: &mut Turn,
    ) -> Result<u32, Error> {
        let handle = self.next.contact;
        self.next.contact += 1;
        let row = ContactRow {
            handle,
            name,
            draft: Plaintext::new(String::new()),
            added: turn.now,
            waiting,
            verified: false,
            unread: 0,
            sent_at: 0,
            own,
            mailbox,
            peer,
            moving: Moving::default(),
        };
        self.store.put_contact(&row)?;
        self.state.mailboxes.insert(row.mailbox.public.0, Owner::Contact(handle));
        let mut contact = Contact::new(row, None);
        contact.session = Some(session);
        contact.session_changed = true;
        contact.tie.shown.1 = turn.now.0;
        self.state.contacts.insert(handle, contact);
        self.net.stale = true;
        turn.touched.insert(handle);
        turn.added.push(handle);
        Ok(handle)
    }

    /// Begins to accept an invite.
    pub(crate) fn accept(&mut self, text: &Plaintext, turn: &mut Turn) -> Result<(), Error> {
        let refuse = |turn: &mut Turn, why| {
            turn.accept = Some(why);
            Ok(())
        };
        let link = match Link::decode(text.as_str()) {
            Ok(link) => link,
            Err(LinkError::TooNew) => return refuse(turn, intent::Accept::TooNew),
            Err(LinkError::NotAnInvite) => return refuse(turn, intent::Accept::NotAnInvite),
        };
        let Some(rendezvous) = self.curve.public(&link.mailbox()) else {
            return refuse(turn, intent::Accept::NotAnInvite);
        };
        if self.state.invites.values().any(|row| row.rendezvous == rendezvous) {
            return refuse(turn, intent::Accept::Own);
        }
        if link.expired(turn.now) {
            return refuse(turn, intent::Accept::Expired);
        }
        let relays = self.relay_ids(&link.relays, turn)?;
        turn.sweep = true;
        if relays.is_empty() {
            return refuse(turn, intent::Accept::Unreachable);
        }
        let until = Time(turn.now.0.saturating_add(SEARCH));
        self.accepting =
            Some(Accepting { link, rendezvous, relays, answered: BTreeSet::new(), tampered: false, until });
        self.net.stale = true;
        refuse(turn, intent::Accept::Fetching)
    }

    /// A relay has delivered all it had for a mailbox.
    pub(crate) fn rendezvous_answered(&mut self, relay: u16, mailbox: &Bytes32) {
        if let Some(accepting) = self.accepting.as_mut().filter(|a| a.rendezvous == *mailbox) {
            accepting.answered.insert(relay);
        }
    }

    /// Whether the search for a bundle is over without one.
    pub(crate) fn judge_search(&mut self, turn: &mut Turn) {
        let Some(accepting) = &self.accepting else { return };
        let offline = |relay: &u16| matches!(self.net.state(*relay), RelayState::Offline(_));
        let complete = accepting.relays.iter().all(|r| accepting.answered.contains(r) || offline(r));
        let answered = !accepting.answered.is_empty();
        if !(complete && answered) && turn.now < accepting.until {
            return;
        }
        turn.accept = Some(match (accepting.tampered, answered) {
            (true, _) => intent::Accept::Tampered,
            (false, true) => intent::Accept::Used,
            (false, false) => intent::Accept::Unreachable,
        });
        self.end_search(turn);
    }

    fn end_search(&mut self, turn: &mut Turn) {
        self.accepting = None;
        self.net.stale = true;
        turn.sweep = true;
    }

    /// Something lay at the rendezvous.
    pub(crate) fn found_bundle<R: Rng + CryptoRng>(
        &mut self,
        sealed: &[u8],
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(accepting) = &mut self.accepting else { return Ok(()) };
        if Bytes(Sha256::digest(sealed).into()) != accepting.link.hash {
            accepting.tampered = true;
            return Ok(());
        }
        let to = Address { mailbox: &accepting.rendezvous, seal: &accepting.link.seal() };
        let expires_at = accepting.link.expires_at;
        let bundle = envelope::open(&to, sealed).filter(|(kind, _)| *kind == envelope::BUNDLE);
        let bundle = bundle.and_then(|(_, bytes)| Bundle::decode(Secret::new(bytes).bytes()));
        let bundle = bundle.filter(|b| b.expires_at == expires_at && self.curve.is_public(&b.hello.mailbox));
        let own = Own::draw(rng).ok_or(Error::Keys)?;
        let begun = bundle.and_then(|bundle| Some((Session::begin(&own, &bundle, turn.now, rng)?, bundle)));
        // Only who wrote the link could have made this: not a relay's lie, but no usable invite either.
        let Some((session, bundle)) = begun else {
            turn.accept = Some(intent::Accept::Tampered);
            self.end_search(turn);
            return Ok(());
        };
        // Keys are made for one relation: the same invite once more.
        let known = self.state.contacts.values().find(|c| c.row.peer.identity == bundle.identity);
        if let Some(handle) = known.map(|c| c.row.handle) {
            turn.accept = Some(intent::Accept::Done { handle });
            self.end_search(turn);
            return Ok(());
        }
        let relays = self.relay_ids(&bundle.hello.relays, turn)?;
        if relays.is_empty() || self.state.contacts.len() >= MAX_CONTACTS {
            turn.accept = Some(intent::Accept::Unreachable);
            self.end_search(turn);
            return Ok(());
        }
        let ours = self.told_relays();
        let mailbox = self.fresh_mailbox(ours.clone(), rng)?;
        let hello = Hello {
            name: self.state.own_name.clone(),
            mailbox: mailbox.public,
            seal: mailbox.seal.clone(),
            relays: self.state.urls(&ours),
        };
        let peer = Peer { identity: bundle.identity, mailbox: bundle.hello.mailbox, seal: bundle.hello.seal, relays };
        let handle = self.add_contact(bundle.hello.name, own, mailbox, peer, session, true, turn)?;
        self.post(handle, Body::Hello(hello), 0, turn, rng)?;
        turn.accept = Some(intent::Accept::Done { handle });
        self.end_search(turn);
        Ok(())
    }

    /// The numbers of relays that a contact or link names; those that may not be used are left out.
    ///
    /// Loopback addresses count only for whoever uses one: otherwise an invite could make net knock on local doors.
    pub(crate) fn relay_ids(&mut self, urls: &[String], turn: &mut Turn) -> Result<Vec<u16>, Error> {
        let local = self.state.relays.values().any(|r| r.own && place(&r.url) == Some(Place::Loopback));
        let mut ids = Vec::new();
        for url in urls {
            let usable = match place(url) {
                Some(Place::Public) => true,
                Some(Place::Loopback) => local,
                Some(Place::Onion) => self.proxied,
                None => false,
            };
            if usable
                && let Some(id) = self.relay_id(url, false, turn)?
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// A relay's number, a new one if need be; `None` if there are too many.
    pub(crate) fn relay_id(&mut self, url: &str, own: bool, turn: &mut Turn) -> Result<Option<u16>, Error> {
        if let Some(row) = self.state.relays.values_mut().find(|r| r.url == url) {
            if own && !row.own {
                row.own = true;
                turn.relays = true;
                self.store.put_relay(row)?;
            }
            return Ok(Some(row.id));
        }
        if self.state.relays.len() >= MAX_RELAYS || self.next.relay == u16::MAX {
            return Ok(None);
        }
        let row = RelayRow { id: self.next.relay, url: url.to_owned(), own };
        self.next.relay += 1;
        self.store.put_relay(&row)?;
        let id = row.id;
        self.state.relays.insert(id, row);
        self.net.stale = true;
        turn.relays = true;
        Ok(Some(id))
    }

    /// Forgets relays that nobody uses any more.
    pub(crate) fn sweep_relays(&mut self, turn: &mut Turn) -> Result<(), Error> {
        let mut used: BTreeSet<u16> = self.state.own_relays().into_iter().collect();
        for contact in self.state.contacts.values() {
            used.extend(&contact.row.peer.relays);
            used.extend(contact.mailboxes().flat_map(|mailbox| &mailbox.relays));
            used.extend(contact.next.iter().flat_map(|next| &next.peer.relays));
        }
        used.extend(self.state.invites.values().flat_map(|row| &row.mailbox.relays));
        used.extend(self.state.jobs.values().flat_map(|row| &row.relays));
        used.extend(self.accepting.iter().flat_map(|a| &a.relays));
        let unused: Vec<_> = self.state.relays.keys().filter(|id| !used.contains(id)).copied().collect();
        for id in unused {
            self.state.relays.remove(&id);
            self.store.remove_relay(id)?;
            self.net.stale = true;
            turn.relays = true;
        }
        Ok(())
    }
}
