//! The vault: one input in, one transaction, effects out.

use crate::ahead::Ahead;
use crate::event::Curve;
use crate::inbox::Dropped;
use crate::net::Net;
use crate::pairing::Accepting;
use crate::relay::place;
use crate::state::{Contact, State};
use crate::store::Store;
use crate::turn::Turn;
use crate::vanish::Ages;
use crate::{
    Action, Changed, Config, ContactView, DEFAULT_RELAYS, Effect, Error, Hit, Input, MAX_NAME, MessageView, Plaintext,
    RelayView, SafetyNumber, Time,
};
use bulkhead_ipc::intent::{self, Notice};
use bulkhead_ipc::post::{Event, FromNet, ToNet};
use rand::{CryptoRng, Rng};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Milliseconds between two reports that the store cannot be written, unless the user did something.
const REPORT: u64 = 30_000;
/// Milliseconds until relays are asked again for what could not be stored.
const AGAIN: u64 = 10_000;
/// Milliseconds between two sweeps of expired event identifiers.
const SWEEP: u64 = 600_000;

/// Milliseconds between two inputs after which the machine slept or its clock was set: a tick comes every second.
const JUMP: u64 = 600_000;
/// Milliseconds for which nothing that waits to be sent expires after that, or after a start: what the clock says may
/// be wrong, and relays were out of reach.
const CALM: u64 = 600_000;

/// The next number of everything numbered. Never lowered while the process lives: net and ui remember numbers.
#[derive(Clone, Copy)]
pub struct Next {
    pub relay: u16,
    pub contact: u32,
    pub invite: u32,
    pub job: u64,
    pub message: u64,
}

/// Everything that the program knows and may do.
pub struct Vault<S: Store> {
    pub(crate) store: S,
    pub(crate) curve: Curve,
    pub(crate) state: State,
    pub(crate) net: Net,
    pub(crate) next: Next,
    pub(crate) accepting: Option<Accepting>,
    pub(crate) invite: intent::Invite,
    pub(crate) ahead: Ahead,
    /// Events for an invite whose first message has not come.
    pub(crate) parked: BTreeMap<u32, Vec<Event>>,
    pub(crate) proxied: bool,
    pub(crate) dropped: Dropped,
    pub(crate) age: Ages,
    views: Vec<ContactView>,
    relay_views: Vec<RelayView>,
    reported: Option<Time>,
    swept: Option<Time>,
    /// When all sessions were last held for older ones because a contact knew more.
    pub(crate) alarmed: Option<Time>,
    /// What is in memory differs from the store, and the store could not be read again. Nothing is done until it is.
    torn: bool,
    /// What the window asked for could not be read: the next tick says so.
    unread: Cell<Option<Error>>,
    /// When the last input came, and until when nothing expires.
    last: Option<Time>,
    calm: Time,
}

impl<S: Store> Vault<S> {
    /// Begins a new profile in an empty store.
    pub fn create<R: Rng + CryptoRng>(
        mut store: S,
        own_name: &Plaintext,
        config: &Config,
        now: Time,
        rng: &mut R,
    ) -> Result<Self, Error> {
        // Fails here rather than at the first message if there is no randomness.
        let _ = rng.next_u64();
        let name = clean_name(own_name.as_str()).unwrap_or_else(|| Plaintext::new("?".into()));
        store.begin()?;
        if let Err(error) = store.put_own_name(&name).and_then(|()| store.commit()) {
            store.rollback();
            return Err(error);
        }
        Self::open(store, config, now)
    }

    /// Opens an existing profile.
    pub fn open(mut store: S, config: &Config, now: Time) -> Result<Self, Error> {
        let curve = Curve::new();
        let state = State::load(&mut store, &curve)?;
        let next = Next {
            relay: state.relays.keys().next_back().map_or(1, |id| id.saturating_add(1)),
            contact: state.contacts.keys().next_back().map_or(1, |id| id.saturating_add(1)),
            invite: state.invites.keys().next_back().map_or(1, |id| id.saturating_add(1)),
            job: state.jobs.keys().next_back().map_or(1, |id| id.saturating_add(1)),
            message: state.messages.saturating_add(1),
        };
        let invite = match state.invites.values().next_back() {
            Some(row) if row.published => intent::Invite::Ready,
            Some(_) => intent::Invite::Publishing,
            None => intent::Invite::None,
        };
        let age = Ages::new(state.age);
        let mut vault = Self {
            age,
            store,
            curve,
            state,
            net: Net::default(),
            next,
            accepting: None,
            invite,
            ahead: Ahead::default(),
            parked: BTreeMap::new(),
            proxied: config.proxied,
            dropped: Dropped::default(),
            views: Vec::new(),
            relay_views: Vec::new(),
            reported: None,
            swept: None,
            alarmed: None,
            torn: false,
            unread: Cell::new(None),
            last: None,
            calm: now,
        };
        vault.begin_anew(now)?;
        vault.add_configured(&config.relays, now)?;
        vault.views = vault.state.contacts.values().map(Contact::view).collect();
        sort(&mut vault.views);
        vault.relay_views = vault.relay_views();
        Ok(vault)
    }

    fn add_configured(&mut self, relays: &[String], now: Time) -> Result<(), Error> {
        if relays.iter().any(|url| place(url).is_none()) {
            return Err(Error::BadRelay);
        }
        let defaults: Vec<String> = DEFAULT_RELAYS.iter().map(|url| (*url).to_owned()).collect();
        let fresh = self.state.own_relays().is_empty();
        let wanted = if fresh && relays.is_empty() { &defaults } else { relays };
        if wanted.is_empty() {
            return Ok(());
        }
        self.store.begin()?;
        let mut turn = Turn::new(now);
        let added = wanted.iter().try_for_each(|url| self.relay_id(url, true, &mut turn).map(drop));
        let done = added.and_then(|()| self.store.commit());
        if done.is_err() {
            self.store.rollback();
        }
        done
    }

    /// Takes one input.
    pub fn handle<R: Rng + CryptoRng>(&mut self, input: Input, now: Time, rng: &mut R) -> Vec<Effect> {
        self.handle_all(vec![input], now, rng)
    }

    /// Takes several inputs in one transaction: all are durable, or none. Worth it wherever several are waiting,
    /// as making them durable costs more than everything else.
    pub fn handle_all<R: Rng + CryptoRng>(&mut self, inputs: Vec<Input>, now: Time, rng: &mut R) -> Vec<Effect> {
        let mut turn = Turn::new(now);
        let user = inputs.iter().any(|input| matches!(input, Input::Do(_)));
        self.watch_clock(now);
        let answered: Vec<_> = inputs.iter().filter_map(answer).collect();
        let mut inputs = inputs.into_iter();
        let done = self.mend(&mut turn).and_then(|()| self.transact(&mut inputs, &mut turn, rng));
        if let Err(error) = done {
            let missed = self.hear(inputs, &mut turn, rng);
            let mut out = core::mem::take(&mut turn.direct);
            answered.into_iter().for_each(|(job, relay)| self.net.unheard(job, relay, now));
            self.failed(missed.err().unwrap_or(error), user, turn, &mut out);
            return out;
        }
        let mut out = core::mem::take(&mut turn.direct);
        self.show(&turn);
        self.tell_net(now, &mut out);
        // What the user did is durable: a notice now would say that it is not. The next tick tries again, and says it.
        if let Err(error) = self.pump(now, &mut out)
            && !user
        {
            turn.notice(notice_of(error));
        }
        self.changes(turn, &mut out);
        out
    }

    fn transact<R: Rng + CryptoRng>(
        &mut self,
        inputs: &mut impl Iterator<Item = Input>,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        self.store.begin()?;
        for input in inputs {
            match input {
                Input::Post(packet) => self.take_post(packet, turn, rng)?,
                Input::Sign(packet) => self.take_sign(packet, turn),
                Input::Do(action) => {
                    self.settle(turn)?;
                    self.act(action, turn, rng)?;
                }
                Input::Tick => self.tick(turn, rng)?,
                Input::Steady(steady) => self.grow_older(steady, turn)?,
            }
        }
        self.release(turn, rng)?;
        self.settle(turn)?;
        self.judge_search(turn);
        self.renew(turn, rng)?;
        self.pay_receipts(turn, rng)?;
        if turn.sweep {
            self.sweep_relays(turn)?;
        }
        for contact in self.state.contacts.values_mut() {
            if core::mem::take(&mut contact.session_changed)
                && let Some(session) = &contact.session
            {
                self.store.put_session(contact.row.handle, &session.save()?)?;
            }
            if core::mem::take(&mut contact.row_changed) {
                self.store.put_contact(&contact.row)?;
            }
            if core::mem::take(&mut contact.moving_changed) {
                self.store.put_moving(contact.row.handle, &contact.row.moving)?;
            }
        }
        self.put_ties()?;
        self.store.commit()
    }

    /// Notices a clock that jumped. Then waits that end at a point in time mean nothing any more, and what was dropped
    /// as expired may not be: relays are asked again.
    fn watch_clock(&mut self, now: Time) {
        let last = self.last.replace(now);
        let jumped = last.is_some_and(|last| now.since(last) >= JUMP || last.since(now) >= JUMP);
        if jumped || last.is_none() {
            self.calm = Time(now.0.saturating_add(CALM));
        }
        if jumped {
            self.net.jumped(now);
        }
    }

    /// Whether what waits may be given up as too old.
    pub(crate) fn may_expire(&self, now: Time) -> bool {
        now >= self.calm
    }

    /// Reads memory again from the store if an earlier failure left it torn.
    fn mend(&mut self, turn: &mut Turn) -> Result<(), Error> {
        if self.torn {
            self.state = State::load(&mut self.store, &self.curve)?;
            self.torn = false;
            self.net.stale = true;
            self.views = self.state.contacts.values().map(Contact::view).collect();
            sort(&mut self.views);
            turn.relays = true;
            turn.touched.extend(self.state.contacts.keys());
        }
        Ok(())
    }

    /// Hears those of a failed transaction's inputs that nobody says again and that need no store: net without an
    /// answer would be taken for dead, and a relay that came back for one that is away.
    fn hear<R: Rng + CryptoRng>(
        &mut self,
        inputs: impl Iterator<Item = Input>,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        for input in inputs {
            match input {
                Input::Post(packet @ (FromNet::Hello { .. } | FromNet::Relay { .. })) => {
                    self.take_post(packet, turn, rng)?;
                }
                Input::Sign(packet) => self.take_sign(packet, turn),
                _ => {}
            }
        }
        Ok(())
    }

    /// Nothing of the transaction is durable: what is in memory must not pretend otherwise.
    fn failed(&mut self, error: Error, user: bool, turn: Turn, out: &mut Vec<Effect>) {
        self.store.rollback();
        let mut error = error;
        match State::load(&mut self.store, &self.curve) {
            Ok(state) => (self.state, self.torn) = (state, false),
            // A disk that only fails to answer may do so again later: that is no damage.
            Err(worse) => {
                (error, self.torn) = (worse, true);
                for (handle, places, last) in turn.ends.iter().rev() {
                    if let Some(contact) = self.state.contacts.get_mut(handle) {
                        (contact.oldest, contact.newest) = *places;
                        contact.last = last.clone();
                    }
                }
            }
        }
        self.accepting = None;
        self.invite = match self.state.invites.values().next_back() {
            Some(row) if row.published => intent::Invite::Ready,
            Some(_) => intent::Invite::Publishing,
            None => intent::Invite::None,
        };
        self.net.stale = true;
        self.net.again = Some(Time(turn.now.0.saturating_add(AGAIN)));
        self.views = self.state.contacts.values().map(Contact::view).collect();
        sort(&mut self.views);
        self.relay_views = self.relay_views();
        if turn.broke {
            out.push(Effect::Changed(Changed::NetBroke));
        }
        out.extend([Changed::Contacts, Changed::Relays, Changed::Shares].map(Effect::Changed));
        if user || self.reported.is_none_or(|at| turn.now.since(at) >= REPORT || turn.now < at) {
            self.reported = Some(turn.now);
            out.push(Effect::Changed(Changed::Invite(self.invite)));
            if turn.accept.is_some() {
                out.push(Effect::Changed(Changed::Accept(intent::Accept::Idle)));
            }
            out.push(Effect::Changed(Changed::Notice(notice_of(error))));
        }
    }

    /// Brings the lists for the window up to date.
    fn show(&mut self, turn: &Turn) {
        if !turn.touched.is_empty() {
            self.views.retain(|view| !turn.touched.contains(&view.handle));
            let touched = turn.touched.iter().filter_map(|handle| self.state.contacts.get(handle));
            self.views.extend(touched.map(Contact::view));
            sort(&mut self.views);
        }
        if turn.relays {
            self.relay_views = self.relay_views();
        }
    }

    fn tick<R: Rng + CryptoRng>(&mut self, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        turn.renewals = true;
        if let Some(error) = self.unread.take()
            && self.reported.is_none_or(|at| turn.now.since(at) >= REPORT || turn.now < at)
        {
            self.reported = Some(turn.now);
            turn.notice(notice_of(error));
        }
        self.expire_invites(turn)?;
        self.expire_jobs(turn)?;
        self.keep_moving(turn, rng)?;
        self.keep_meetings(turn.now, rng);
        if self.swept.is_none_or(|at| turn.now.since(at) >= SWEEP || turn.now < at) {
            self.swept = Some(turn.now);
            self.store.forget_events(turn.now.seconds())?;
        }
        Ok(())
    }

    fn act<R: Rng + CryptoRng>(&mut self, action: Action, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        match action {
            Action::Invite => self.make_invite(turn, rng),
            Action::Accept(link) => self.accept(&link, turn),
            Action::Send { contact, text } => self.send(contact, &text, turn, rng),
            Action::SaveDraft { contact, text } => {
                self.change(contact, |c| c.row.draft = text);
                Ok(())
            }
            Action::Rename { contact, name } => {
                let Some(name) = clean_name(name.as_str()) else {
                    turn.notice(Notice::NameMissing);
                    return Ok(());
                };
                self.change(contact, |c| c.row.name = name);
                turn.touched.insert(contact);
                Ok(())
            }
            Action::Delete(contact) => self.delete(contact, turn),
            Action::DeleteMessage { contact, seq } => self.remove(contact, &[seq], turn),
            Action::SetTimer { contact, seconds } => self.set_timer(contact, seconds, turn, rng),
            Action::Read(contact) => {
                if self.state.contacts.get(&contact).is_some_and(|c| c.row.unread > 0) {
                    self.change(contact, |c| c.row.unread = 0);
                    turn.touched.insert(contact);
                    return self.begin_received(contact, turn);
                }
                Ok(())
            }
            Action::Verified { contact, verified } => {
                self.change(contact, |c| c.row.verified = verified);
                turn.touched.insert(contact);
                Ok(())
            }
            Action::OwnName(name) => {
                let Some(name) = clean_name(name.as_str()) else {
                    turn.notice(Notice::NameMissing);
                    return Ok(());
                };
                self.store.put_own_name(&name)?;
                self.state.own_name = name;
                Ok(())
            }
            Action::AddRelay(url) => self.add_relay(url.trim(), turn),
            Action::RemoveRelay(id) => self.remove_relay(id, turn),
            Action::Reconnect => {
                turn.direct.push(Effect::Post(ToNet::Reconnect));
                Ok(())
            }
            Action::GiveParts { contacts, needed, set, secret } => {
                self.give_parts(&contacts, needed, (set, &secret), turn, rng)
            }
            Action::WithdrawParts => self.withdraw_parts(None, turn, rng),
            Action::AskPart(contact) => self.ask_part(contact, turn, rng),
            Action::AnswerPart { contact, owner } => self.answer_part(contact, owner, turn, rng),
            Action::ForgetParts => self.forget_parts(turn),
        }
    }

    fn change(&mut self, contact: u32, change: impl FnOnce(&mut Contact)) {
        if let Some(contact) = self.state.contacts.get_mut(&contact) {
            change(contact);
            contact.row_changed = true;
        }
    }

    fn delete(&mut self, handle: u32, turn: &mut Turn) -> Result<(), Error> {
        let Some(contact) = self.state.contacts.remove(&handle) else { return Ok(()) };
        for mailbox in contact.mailboxes() {
            self.state.mailboxes.remove(&mailbox.public.0);
        }
        self.drop_jobs_of(handle)?;
        if self.invite == (intent::Invite::Used { handle }) {
            self.invite = intent::Invite::None;
            turn.invite = true;
        }
        self.net.stale = true;
        turn.sweep = true;
        turn.touched.insert(handle);
        self.state.shares.retain(|(contact, _), _| *contact != handle);
        turn.shares = true;
        self.store.remove_contact(handle)
    }

    fn add_relay(&mut self, url: &str, turn: &mut Turn) -> Result<(), Error> {
        let usable = place(url).is_some_and(|place| self.proxied || place != crate::relay::Place::Onion);
        if !usable {
            turn.notice(Notice::BadRelay);
        } else if self.state.own_relays().len() >= crate::content::MAX_RELAYS
            || self.relay_id(url, true, turn)?.is_none()
        {
            turn.notice(Notice::TooManyRelays);
        }
        Ok(())
    }

    fn remove_relay(&mut self, id: u16, turn: &mut Turn) -> Result<(), Error> {
        let own = self.state.own_relays();
        if own == [id] {
            turn.notice(Notice::LastRelay);
        } else if let Some(row) = self.state.relays.get_mut(&id).filter(|row| row.own) {
            row.own = false;
            self.store.put_relay(row)?;
            turn.sweep = true;
            turn.relays = true;
        }
        Ok(())
    }

    /// All conversations, newest first.
    pub fn contacts(&self) -> &[ContactView] {
        &self.views
    }

    /// One conversation.
    pub fn contact(&self, handle: u32) -> Option<&ContactView> {
        self.views.iter().find(|c| c.handle == handle)
    }

    /// One's own name.
    pub fn own_name(&self) -> &Plaintext {
        &self.state.own_name
    }

    /// All relays in use.
    pub fn relays(&self) -> &[RelayView] {
        &self.relay_views
    }

    /// How the newest invite stands.
    pub fn invite(&self) -> intent::Invite {
        self.invite
    }

    /// The newest open invite's link.
    pub fn invite_link(&self) -> Option<&Plaintext> {
        self.state.invites.values().next_back().map(|row| &row.link)
    }

    /// What two people compare. Takes some milliseconds (5,200 rounds of SHA-512): not for every frame.
    pub fn safety_number(&self, handle: u32) -> Option<SafetyNumber> {
        let row = &self.state.contacts.get(&handle)?.row;
        let (digits, qr) = crate::session::fingerprint(&row.own, &row.peer.identity)?;
        Some(SafetyNumber { digits, qr })
    }

    /// The highest place in a conversation; 0 if it is empty.
    pub fn newest(&self, contact: u32) -> u64 {
        self.state.contacts.get(&contact).map_or(0, |c| c.newest)
    }

    /// The lowest place in a conversation; 0 if it is empty.
    pub fn oldest(&self, contact: u32) -> u64 {
        self.state.contacts.get(&contact).map_or(0, |c| c.oldest)
    }

    /// Messages by place, ascending; places are dense from [`Self::oldest`] to [`Self::newest`].
    pub fn messages(&self, contact: u32, range: RangeInclusive<u64>) -> Result<Vec<MessageView>, Error> {
        let read = self.store.messages(contact, *range.start(), *range.end());
        self.noted(read)
    }

    /// Messages that hold all of the words (the last one as a prefix), newest first.
    pub fn search(&self, words: &str, limit: usize) -> Result<Vec<Hit>, Error> {
        let found = self.noted(self.store.search(words, limit))?;
        Ok(found.into_iter().map(|found| crate::search::hit(found, words)).collect())
    }

    /// A window that shows nothing where messages are would hide that they cannot be read.
    fn noted<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &read {
            self.unread.set(Some(*error));
        }
        read
    }

    /// What was typed but not sent.
    pub fn draft(&self, contact: u32) -> Option<&Plaintext> {
        let draft = &self.state.contacts.get(&contact)?.row.draft;
        (!draft.as_str().is_empty()).then_some(draft)
    }

    /// The store, to read from: what is written past the vault is not in its memory.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// How many events were dropped since the start, by reason.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }
}

fn sort(views: &mut [ContactView]) {
    views.sort_by_key(|view| {
        let at = view.preview.as_ref().map_or(view.added, |p| p.at.max(view.added));
        core::cmp::Reverse((at, view.handle))
    });
}

/// The job and the relay that a packet answers for.
const fn answer(input: &Input) -> Option<(u64, u16)> {
    match input {
        Input::Post(FromNet::Ack { job, relay, .. }) => Some((*job, *relay)),
        _ => None,
    }
}

fn notice_of(error: Error) -> Notice {
    match error {
        Error::NotWritable => Notice::StoreNotWritable,
        Error::TooNew => Notice::StoreTooNew,
        Error::BadRelay => Notice::BadRelay,
        Error::Moved => Notice::Moved,
        Error::Damaged | Error::Keys => Notice::StoreDamaged,
    }
}

/// A name as a person typed it: trimmed, without control characters, cut to [`MAX_NAME`] bytes; `None` if empty.
fn clean_name(typed: &str) -> Option<Plaintext> {
    let mut name = String::with_capacity(MAX_NAME);
    let kept = |c: &char| !c.is_control() && !crate::content::bidi_control(*c);
    for c in typed.trim().chars().filter(kept) {
        if name.len() + c.len_utf8() > MAX_NAME {
            break;
        }
        name.push(c);
    }
    (!name.is_empty()).then(|| Plaintext::new(name))
}
