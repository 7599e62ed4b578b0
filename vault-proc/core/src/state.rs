//! What the vault knows while the profile is open.
//!
//! [`State`] mirrors the store: if a transaction fails it is thrown away and read again, so the two never
//! differ. What only concerns the running net process is in [`crate::net::Net`].

use crate::ahead::Reach;
use crate::content::MessageId;
use crate::event::Curve;
use crate::meeting::Meeting;
use crate::order::Heard;
use crate::session::Session;
use crate::store::{
    Age, ContactRow, InviteRow, JobRow, Mailbox, OfferRow, Peer, RelayRow, ShareRole, ShareRow, Store, TieRow, Timer,
    Work,
};
use crate::view::{ContactView, Preview};
use crate::{Error, MessageView, Plaintext, Time};
use std::collections::{BTreeMap, HashMap};

/// Longest preview in characters.
const PREVIEW: usize = 200;

/// A contact and what changed of it in this transaction.
pub struct Contact {
    pub row: ContactRow,
    pub session: Option<Session>,
    /// The highest place in the conversation; 0 if it is empty.
    pub newest: u64,
    /// The lowest.
    pub oldest: u64,
    pub timer: Timer,
    /// The message there, and its number.
    pub last: Option<(u64, MessageView)>,
    /// Received texts that have no place yet.
    pub heard: Vec<Heard>,
    /// The highest `sent_at` of received texts near the end; `None` if it has not been looked up.
    pub latest: Option<u64>,
    pub session_changed: bool,
    pub row_changed: bool,
    pub moving_changed: bool,
    /// The own relays changed: the mailbox follows then.
    pub move_at: Option<Time>,
    /// Messages to be receipted at the end of the transaction; `Some` and empty for a hello.
    pub owed: Option<Vec<MessageId>>,
    /// How far its messages were opened since the profile was.
    pub reach: Reach,
    /// The user was told that something could not be decrypted.
    pub complained: bool,
    /// The session was lost with a part of the store, and cannot be renewed: nothing can be said any more.
    pub lost: bool,
    pub tie: TieRow,
    pub tie_changed: bool,
    /// An open offer to renew the session.
    pub offer: Option<OfferRow>,
    /// A session that the contact has not confirmed.
    pub next: Option<Next>,
    pub meeting: Meeting,
}

/// A session begun from an offer of the contact.
pub struct Next {
    /// The offer's hash.
    pub offer: [u8; 32],
    pub session: Session,
    /// Where they read, once it is confirmed.
    pub peer: Peer,
    /// The revision of that mailbox.
    pub revision: u64,
    /// When it was last answered (ms since 1970).
    pub answered: u64,
    pub changed: bool,
}

impl Contact {
    pub fn new(row: ContactRow, last: Option<(u64, MessageView)>) -> Self {
        Self {
            tie: TieRow { contact: row.handle, ..TieRow::default() },
            tie_changed: false,
            offer: None,
            next: None,
            meeting: Meeting::default(),
            row,
            session: None,
            newest: last.as_ref().map_or(0, |(_, last)| last.seq),
            oldest: 0,
            timer: Timer::default(),
            last,
            heard: Vec::new(),
            latest: None,
            session_changed: false,
            row_changed: false,
            moving_changed: false,
            move_at: None,
            owed: None,
            reach: Reach::default(),
            complained: false,
            lost: false,
        }
    }

    /// A message stands in the next place.
    pub fn appended(&mut self, message: u64, view: MessageView) {
        self.newest = view.seq;
        self.oldest = self.oldest.max(1);
        self.last = Some((message, view));
    }

    /// The session, read from the store the first time.
    pub fn session<S: Store>(&mut self, store: &mut S) -> Result<&mut Session, Error> {
        if self.session.is_none() {
            let record = store.session(self.row.handle)?;
            // What a salvaged store has in place of a session that was lost.
            if record.bytes().is_empty() {
                return Err(Error::Keys);
            }
            self.session = Some(Session::load(&self.row.own, &self.row.peer.identity, record.bytes())?);
        }
        self.session.as_mut().ok_or(Error::Keys)
    }

    /// All own mailboxes that are watched, the one in use first.
    pub fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        let former = self.row.moving.former.iter().map(|former| &former.mailbox);
        core::iter::once(&self.row.mailbox).chain(former).chain(&self.meeting.watched)
    }

    /// What the window shows of it.
    pub fn view(&self) -> ContactView {
        let preview = self.last.as_ref().map(|(_, last)| Preview {
            text: first_line(last.text.as_str()),
            mine: last.mine,
            at: last.at,
            state: last.state,
            life: last.life,
        });
        ContactView {
            handle: self.row.handle,
            name: self.row.name.clone(),
            unread: self.row.unread,
            waiting: self.row.waiting,
            verified: self.row.verified,
            preview,
            added: self.row.added,
            lost: self.lost,
            timer: self.timer.seconds,
            renewing: self.tie.lost,
        }
    }
}

fn first_line(text: &str) -> Plaintext {
    let line = text.lines().next().unwrap_or_default();
    Plaintext::new(line.chars().take(PREVIEW).collect())
}

/// Whose mailbox it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Contact(u32),
    Invite(u32),
}

/// The mirror of the store.
pub struct State {
    pub own_name: Plaintext,
    pub relays: BTreeMap<u16, RelayRow>,
    pub contacts: BTreeMap<u32, Contact>,
    pub invites: BTreeMap<u32, InviteRow>,
    pub jobs: BTreeMap<u64, JobRow>,
    /// Which job carries a message, until it is delivered.
    pub carriers: HashMap<u64, u64>,
    pub mailboxes: HashMap<[u8; 32], Owner>,
    /// Parts of recovery secrets.
    pub shares: BTreeMap<(u32, ShareRole), ShareRow>,
    /// The highest number of a message.
    pub messages: u64,
    pub age: Option<Age>,
    /// At which age the next message dies.
    pub next_death: Option<u64>,
    /// The store came out of a backup, and no session has been dealt with yet.
    pub restored: bool,
}

impl State {
    /// Reads everything.
    pub fn load<S: Store>(store: &mut S, curve: &Curve) -> Result<Self, Error> {
        let snapshot = store.load()?;
        let mut state = Self {
            own_name: snapshot.own_name.ok_or(Error::Damaged)?,
            relays: snapshot.relays.into_iter().map(|row| (row.id, row)).collect(),
            contacts: BTreeMap::new(),
            invites: BTreeMap::new(),
            jobs: BTreeMap::new(),
            carriers: HashMap::new(),
            mailboxes: HashMap::new(),
            shares: snapshot.shares.into_iter().map(|row| ((row.contact, row.role), row)).collect(),
            messages: snapshot.messages,
            age: snapshot.age,
            next_death: snapshot.next_death,
            restored: snapshot.restored,
        };
        for (row, last) in snapshot.contacts {
            let handle = row.handle;
            let contact = Contact::new(row, last);
            state.mailboxes.extend(contact.mailboxes().map(|m| (m.public.0, Owner::Contact(handle))));
            state.contacts.insert(handle, contact);
        }
        for (tie, offer, next) in snapshot.ties {
            let contact = state.contacts.get_mut(&tie.contact).ok_or(Error::Damaged)?;
            (contact.tie, contact.offer) = (tie, offer);
            if let Some(row) = next {
                contact.next = Some(Next::load(&contact.row, row)?);
            }
        }
        for handle in snapshot.lost {
            if let Some(contact) = state.contacts.get_mut(&handle) {
                contact.lost = !contact.tie.lost;
            }
        }
        for (handle, oldest) in snapshot.oldest {
            if let Some(contact) = state.contacts.get_mut(&handle) {
                contact.oldest = oldest;
            }
        }
        for (handle, timer) in snapshot.timers {
            if let Some(contact) = state.contacts.get_mut(&handle) {
                contact.timer = timer;
            }
        }
        for row in snapshot.invites {
            // A damaged key would otherwise show up only when somebody uses the invite.
            if curve.public(&row.mailbox.secret) != Some(row.mailbox.public) {
                return Err(Error::Damaged);
            }
            state.mailboxes.insert(row.mailbox.public.0, Owner::Invite(row.id));
            state.invites.insert(row.id, row);
        }
        snapshot.jobs.into_iter().for_each(|row| state.add_job(row));
        Ok(state)
    }

    pub fn add_job(&mut self, row: JobRow) {
        if let Work::Envelope { message, .. } = row.what
            && message > 0
        {
            self.carriers.insert(message, row.job);
        }
        self.jobs.insert(row.job, row);
    }

    pub fn remove_job(&mut self, job: u64) -> Option<JobRow> {
        let row = self.jobs.remove(&job)?;
        if let Work::Envelope { message, .. } = row.what {
            self.carriers.remove(&message);
        }
        Some(row)
    }

    /// The numbers of the own relays.
    pub fn own_relays(&self) -> Vec<u16> {
        self.relays.values().filter(|r| r.own).map(|r| r.id).collect()
    }

    /// The addresses of relays, at most as many as a contact may be told.
    pub fn urls(&self, relays: &[u16]) -> Vec<String> {
        let known = relays.iter().filter_map(|id| self.relays.get(id));
        known.map(|r| r.url.clone()).take(crate::content::MAX_RELAYS).collect()
    }
}
