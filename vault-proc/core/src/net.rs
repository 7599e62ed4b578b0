//! The edge to net: what it has been told, and what it says.
//!
//! net holds nothing that matters: when a fresh one says hello it is told everything again. What it should know
//! is computed whole and compared with what it was told, so no path can forget to tell it.

use crate::event::authentication;
use crate::state::Owner;
use crate::store::{Store, Work};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Changed, Effect, Error, Key, MessageState, RelayView, Time};
use bulkhead_ipc::automata::SIGNATURES;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::{Invite, Notice};
use bulkhead_ipc::post::{self, RelayState, ToNet, Trouble, Verdict, Watch};
use bulkhead_ipc::{VERSION, sign};
use rand::{CryptoRng, Rng};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most jobs under way at one relay: bounds net's memory, and what is sent again after it crashed. For each relay its
/// own, so that one which takes and never answers holds up no other.
const FLIGHTS: usize = 32;
/// Milliseconds between two attempts at all relays because none is left.
const HURRY: u64 = 30_000;
/// Milliseconds until a job whose answer could not be stored is handed to net again.
const UNHEARD: u64 = 5000;
/// Events are asked for from this long before a mailbox was made, for clocks that differ.
const EARLIER: u64 = 86_400;
/// No envelope lives longer, in seconds.
pub const LONGEST_LIFE: u64 = 31 * 86_400;

/// What concerns the running net process only.
#[derive(Default)]
pub struct Net {
    /// It said hello on the post line.
    pub ready: bool,
    /// What it should know may have changed.
    pub stale: bool,
    relays: Vec<post::Relay>,
    watches: BTreeMap<Bytes32, Vec<u16>>,
    states: BTreeMap<u16, RelayState>,
    /// Jobs under way, and the relays whose answer is awaited.
    flights: BTreeMap<u64, BTreeSet<u16>>,
    /// Relays that lost or put off a job: how often, and when to try again.
    later: HashMap<(u64, u16), (u32, Time)>,
    signed: HashMap<(u16, Bytes32), (Time, u32)>,
    /// When all relays were last tried again because none was left.
    hurried: Option<Time>,
    /// Events could not be stored: ask for them again then.
    pub again: Option<Time>,
}

impl Net {
    pub fn state(&self, relay: u16) -> RelayState {
        self.states.get(&relay).copied().unwrap_or(RelayState::Connecting)
    }

    /// The relays where a mailbox is watched.
    pub fn watched(&self, mailbox: &Bytes32) -> &[u16] {
        self.watches.get(mailbox).map_or(&[], Vec::as_slice)
    }

    /// A relay's answer could not be stored: the job goes there again, a little later.
    pub fn unheard(&mut self, job: u64, relay: u16, now: Time) {
        if let Some(flight) = self.flights.get_mut(&job) {
            flight.remove(&relay);
            if flight.is_empty() {
                self.flights.remove(&job);
            }
        }
        self.later.entry((job, relay)).or_insert((0, Time(now.0.saturating_add(UNHEARD))));
    }

    /// The clock jumped: no wait is right any more.
    pub fn jumped(&mut self, now: Time) {
        self.later.clear();
        self.again = Some(now);
    }

    /// A job is over.
    pub fn forget(&mut self, job: u64) {
        self.flights.remove(&job);
        self.later.retain(|(j, _), _| *j != job);
    }
}

impl<S: Store> Vault<S> {
    /// Takes a packet of the post line.
    pub(crate) fn take_post<R: Rng + CryptoRng>(
        &mut self,
        packet: post::FromNet,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        if let post::FromNet::Hello { life, version } = packet {
            // What was signed stays counted: a net that says hello over and over gets no more signatures for it.
            let signed = core::mem::take(&mut self.net.signed);
            self.net = Net { signed, ..Net::default() };
            self.ahead.clear();
            turn.relays = true;
            if version != VERSION {
                turn.broke = true;
                return Ok(());
            }
            self.net.ready = true;
            self.net.stale = true;
            turn.direct.push(Effect::Post(ToNet::Welcome { life, version }));
            return Ok(());
        }
        if !self.net.ready {
            turn.broke = true;
            return Ok(());
        }
        match packet {
            post::FromNet::Relay { id, state } => self.relay_changed(id, state, turn),
            post::FromNet::Events(list) => {
                for delivery in list {
                    if delivery.relay >= self.next.relay {
                        turn.broke = true;
                        return Ok(());
                    }
                    self.receive(delivery.event, turn, rng)?;
                }
            }
            post::FromNet::Stored { relay, mailbox } => {
                self.rendezvous_answered(relay, &mailbox);
                self.mailbox_read(relay, &mailbox);
            }
            post::FromNet::Ack { job, relay, verdict } => {
                if job >= self.next.job || relay >= self.next.relay {
                    turn.broke = true;
                } else {
                    self.acknowledged(job, relay, verdict, turn)?;
                }
            }
            post::FromNet::Hello { .. } => {}
        }
        Ok(())
    }

    fn relay_changed(&mut self, id: u16, state: RelayState, turn: &mut Turn) {
        if id >= self.next.relay {
            turn.broke = true;
            return;
        }
        let before = self.net.states.insert(id, state);
        let online = self.net.states.values().any(|state| *state == RelayState::Online);
        let hurried = self.net.hurried.is_some_and(|at| turn.now.since(at) < HURRY && turn.now >= at);
        if before == Some(RelayState::Online) && !online && self.net.states.len() > 1 && !hurried {
            // The last one is gone. Others that were away may be back for long: net asks those less and less often.
            self.net.hurried = Some(turn.now);
            turn.direct.push(Effect::Post(ToNet::Reconnect));
        }
        self.ahead.reconnected(id);
        if state == RelayState::Online {
            self.net.later.retain(|(_, relay), _| *relay != id);
        }
        turn.relays = true;
    }

    fn acknowledged(&mut self, job: u64, relay: u16, verdict: Verdict, turn: &mut Turn) -> Result<(), Error> {
        if let Some(flight) = self.net.flights.get_mut(&job) {
            flight.remove(&relay);
            if flight.is_empty() {
                self.net.flights.remove(&job);
            }
        }
        let Some(row) = self.state.jobs.get_mut(&job) else { return Ok(()) };
        let lasting = match &verdict {
            Verdict::Accepted => true,
            Verdict::Lost => false,
            // NIP-01's prefixes: these pass, the others do not.
            Verdict::Refused(why) => !["rate-limited", "error", "auth-required"].iter().any(|p| why.starts_with(p)),
        };
        if !lasting {
            let later = self.net.later.entry((job, relay)).or_insert((0, turn.now));
            let wait = 5_000u64 << later.0.min(6);
            *later = (later.0.saturating_add(1), Time(turn.now.0.saturating_add(wait)));
            return Ok(());
        }
        row.relays.retain(|r| *r != relay);
        let (what, rest) = (row.what, row.relays.clone());
        if verdict == Verdict::Accepted {
            self.taken(what, turn)?;
        }
        if !rest.is_empty() {
            return self.store.set_job_relays(job, &rest);
        }
        if verdict != Verdict::Accepted {
            self.given_up(what, turn)?;
        }
        self.drop_job(job)
    }

    /// A relay took it: the first that does makes the difference.
    fn taken(&mut self, what: Work, turn: &mut Turn) -> Result<(), Error> {
        match what {
            Work::Envelope { contact, message, .. } if message > 0 => {
                self.advance(contact, message, MessageState::AtRelay, turn).map(drop)
            }
            Work::Bundle { invite } => {
                let newest = self.state.invites.keys().next_back() == Some(&invite);
                let Some(row) = self.state.invites.get_mut(&invite).filter(|row| !row.published) else { return Ok(()) };
                row.published = true;
                if newest {
                    self.invite = Invite::Ready;
                    turn.invite = true;
                }
                self.store.put_invite(row)
            }
            _ => Ok(()),
        }
    }

    /// The last relay refused it for good. If another took it before, it is at a relay all the same.
    pub(crate) fn given_up(&mut self, what: Work, turn: &mut Turn) -> Result<(), Error> {
        if let Work::Envelope { contact, message, .. } = what
            && message > 0
            && self.advance(contact, message, MessageState::Failed, turn)?
        {
            turn.notice(Notice::Refused);
        }
        Ok(())
    }

    /// Removes a job that is done.
    pub(crate) fn drop_job(&mut self, job: u64) -> Result<(), Error> {
        self.net.forget(job);
        match self.state.remove_job(job) {
            Some(_) => self.store.remove_job(job),
            None => Ok(()),
        }
    }

    /// Takes a packet of the sign line.
    pub(crate) fn take_sign(&mut self, packet: sign::FromNet, turn: &mut Turn) {
        match packet {
            sign::FromNet::Hello { life, version } if version == VERSION => {
                turn.direct.push(Effect::Sign(sign::ToNet::Welcome { life, version }));
            }
            sign::FromNet::Hello { .. } => turn.broke = true,
            sign::FromNet::Ask { relay, mailbox, challenge } => {
                let answer = match self.authenticate(relay, &mailbox, &challenge, turn.now) {
                    Some(event) => sign::ToNet::Signed { event: Box::new(event), relay, mailbox },
                    None => sign::ToNet::Denied { relay, mailbox },
                };
                turn.direct.push(Effect::Sign(answer));
            }
        }
    }

    fn authenticate(&mut self, relay: u16, mailbox: &Bytes32, challenge: &str, now: Time) -> Option<post::Event> {
        self.net.watches.get(mailbox).filter(|relays| relays.contains(&relay))?;
        let (since, count) = self.net.signed.entry((relay, *mailbox)).or_insert((now, 0));
        if now.since(*since) >= SIGNATURES.per_ms || now < *since {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        if *count > SIGNATURES.at_most {
            return None;
        }
        let url = &self.state.relays.get(&relay)?.url;
        authentication(&self.curve, &self.mailbox_secret(mailbox)?, url, challenge, now.seconds())
    }

    fn mailbox_secret(&self, mailbox: &Bytes32) -> Option<Key> {
        match self.state.mailboxes.get(&mailbox.0) {
            Some(Owner::Contact(handle)) => {
                let contact = self.state.contacts.get(handle)?;
                contact.mailboxes().find(|own| own.public == *mailbox).map(|own| own.secret.clone())
            }
            Some(Owner::Invite(id)) => Some(self.state.invites.get(id)?.mailbox.secret.clone()),
            None => self.accepting.as_ref().filter(|a| a.rendezvous == *mailbox).map(|a| a.link.mailbox()),
        }
    }

    /// Tells net what changed of relays and mailboxes since it was told last.
    pub(crate) fn tell_net(&mut self, now: Time, out: &mut Vec<Effect>) {
        let again = self.net.again.is_some_and(|at| now >= at);
        if !self.net.ready || !(self.net.stale || again) {
            return;
        }
        self.net.stale = false;
        let usable = |url: &str| self.proxied || crate::relay::place(url) != Some(crate::relay::Place::Onion);
        let relays: Vec<_> = self.state.relays.values().filter(|r| usable(&r.url)).collect();
        let relays: Vec<_> = relays.iter().map(|r| post::Relay { id: r.id, url: r.url.clone() }).collect();
        let known: BTreeSet<u16> = relays.iter().map(|r| r.id).collect();
        if relays != self.net.relays {
            self.net.states.retain(|id, _| known.contains(id));
            self.net.relays.clone_from(&relays);
            out.push(Effect::Post(ToNet::Relays(relays)));
        }
        let mut wanted: BTreeMap<Bytes32, (Vec<u16>, Time)> = BTreeMap::new();
        let here = |relays: &[u16]| relays.iter().copied().filter(|id| known.contains(id)).collect::<Vec<_>>();
        for contact in self.state.contacts.values() {
            let (row, moving) = (&contact.row, &contact.row.moving);
            let former = moving.former.iter().map(|former| (&former.mailbox, former.made));
            for place in &contact.meeting.watched {
                wanted.insert(place.public, (here(&place.relays), Time(0)));
            }
            for (mailbox, made) in former.chain([(&row.mailbox, moving.made)]) {
                wanted.insert(mailbox.public, (here(&mailbox.relays), made.max(row.added)));
            }
        }
        for invite in self.state.invites.values() {
            let made = invite.expires_at.saturating_sub(crate::invite::LIFETIME);
            wanted.insert(invite.mailbox.public, (here(&invite.mailbox.relays), Time(made.saturating_mul(1000))));
        }
        if let Some(accepting) = &self.accepting {
            wanted.insert(accepting.rendezvous, (here(&accepting.relays), Time(0)));
        }
        if again {
            self.net.again = None;
            out.extend(core::mem::take(&mut self.net.watches).into_keys().map(|m| Effect::Post(ToNet::Unwatch(m))));
        }
        let gone: Vec<_> = self.net.watches.keys().filter(|m| !wanted.contains_key(m)).copied().collect();
        for mailbox in gone {
            self.net.watches.remove(&mailbox);
            out.push(Effect::Post(ToNet::Unwatch(mailbox)));
        }
        for (mailbox, (relays, made)) in wanted {
            if self.net.watches.get(&mailbox) == Some(&relays) {
                continue;
            }
            let oldest = now.seconds().saturating_sub(LONGEST_LIFE);
            // Made while the clock was ahead, it would otherwise be asked for from the future on.
            let since = made.min(now).seconds().saturating_sub(EARLIER).max(oldest);
            self.net.watches.insert(mailbox, relays.clone());
            self.ahead.asked(&mailbox);
            out.push(Effect::Post(ToNet::Watch(Watch { since, relays, mailbox })));
        }
    }

    /// Hands jobs to net as long as it may have more: messages before erasures, each in the order it was made.
    pub(crate) fn pump(&mut self, now: Time, out: &mut Vec<Effect>) -> Result<(), Error> {
        if !self.net.ready {
            return Ok(());
        }
        let reachable = |relay: &&post::Relay| !matches!(self.net.state(relay.id), RelayState::Offline(_));
        let mut room: BTreeMap<u16, usize> =
            self.net.relays.iter().filter(reachable).map(|relay| (relay.id, FLIGHTS)).collect();
        for relay in self.net.flights.values().flatten() {
            room.entry(*relay).and_modify(|room| *room = room.saturating_sub(1));
        }
        for erasures in [false, true] {
            // Deletions that nobody answers never keep messages from being sent.
            let kept = if erasures { FLIGHTS / 2 } else { 0 };
            let jobs = self.state.jobs.values().filter(|row| matches!(row.what, Work::Erase { .. }) == erasures);
            let mut ready = Vec::new();
            for row in jobs {
                if room.values().all(|room| *room <= kept) {
                    break;
                }
                let flying = self.net.flights.get(&row.job);
                let able = |relay: &u16| {
                    let retry = self.net.later.get(&(row.job, *relay)).is_none_or(|(_, at)| now >= *at);
                    let free = room.get(relay).is_some_and(|room| *room > kept);
                    retry && free && flying.is_none_or(|f| !f.contains(relay))
                };
                let relays: Vec<u16> = row.relays.iter().copied().filter(able).collect();
                for relay in &relays {
                    room.entry(*relay).and_modify(|room| *room -= 1);
                }
                if !relays.is_empty() {
                    ready.push((row.job, relays));
                }
            }
            for (job, relays) in ready {
                if let Some((event, circuit)) = self.build(job)? {
                    self.net.flights.entry(job).or_default().extend(&relays);
                    out.push(Effect::Post(ToNet::Publish { job, event: Box::new(event), relays, circuit }));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn relay_views(&self) -> Vec<RelayView> {
        let state = |id| match self.net.ready {
            true => self.net.state(id),
            false => RelayState::Offline(Trouble::Closed),
        };
        let relays = self.state.relays.values();
        relays.map(|r| RelayView { id: r.id, url: r.url.clone(), own: r.own, state: state(r.id) }).collect()
    }

    /// What the window shows of the transaction.
    pub(crate) fn changes(&mut self, turn: Turn, out: &mut Vec<Effect>) {
        let mut show = |changed| out.push(Effect::Changed(changed));
        if turn.broke {
            show(Changed::NetBroke);
        }
        if turn.relays {
            show(Changed::Relays);
        }
        if !turn.touched.is_empty() {
            show(Changed::Contacts);
        }
        for (contact, seq, count) in turn.inserted {
            show(Changed::Inserted { contact, seq, count });
        }
        turn.removed.into_iter().for_each(|(contact, seq, up)| show(Changed::Removed { contact, seq, up }));
        turn.messages.into_iter().for_each(|contact| show(Changed::Messages(contact)));
        let arrived = turn.arrived.into_iter().filter(|(_, count)| *count > 0);
        arrived.for_each(|(contact, count)| show(Changed::Incoming { contact, count }));
        turn.added.into_iter().for_each(|contact| show(Changed::Added(contact)));
        if turn.shares {
            show(Changed::Shares);
        }
        if turn.invite {
            show(Changed::Invite(self.invite));
        }
        if let Some(accept) = turn.accept {
            show(Changed::Accept(accept));
        }
        turn.notices.into_iter().for_each(|notice| show(Changed::Notice(notice)));
    }
}
