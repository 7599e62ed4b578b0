//! A store in memory that writes down what is done to it.

use bulkhead_ipc::automata::vault::Record;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_vault_core::content::MessageId;
use bulkhead_vault_core::store::{
    Age, ContactRow, Found, InviteRow, JobRow, Moving, NewMessage, NextRow, OfferRow, Placed, RelayRow, ShareRole,
    ShareRow, Snapshot, Store, TieRow, Timer, Unreceipted, Work,
};
use bulkhead_vault_core::{Error, MessageState, MessageView, Plaintext, Secret, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A step that a store sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Begin,
    Asked(Bytes32, bool),
    Kept(Record),
    EventId(Bytes32),
    Job(u64),
    RemovedInvite(u32),
    Commit,
    Refused,
    Rollback,
}

#[derive(Clone)]
pub struct Stored {
    pub message: u64,
    pub contact: u32,
    pub seq: u64,
    pub id: MessageId,
    pub mine: bool,
    pub text: Plaintext,
    pub sent_at: u64,
    pub at: Time,
    pub state: MessageState,
}

/// Everything durable.
#[derive(Clone, Default)]
pub struct Tables {
    pub own_name: Option<Plaintext>,
    pub relays: BTreeMap<u16, RelayRow>,
    pub contacts: BTreeMap<u32, ContactRow>,
    pub sessions: BTreeMap<u32, Secret>,
    pub ties: BTreeMap<u32, TieRow>,
    pub invites: BTreeMap<u32, InviteRow>,
    pub messages: Vec<Stored>,
    pub jobs: BTreeMap<u64, (JobRow, Secret)>,
    pub events: BTreeMap<[u8; 32], u64>,
    pub shares: BTreeMap<(u32, ShareRole), ShareRow>,
}

#[derive(Default)]
pub struct Log {
    pub seen: Vec<Seen>,
    /// The next commit fails.
    pub refuse: bool,
    /// What survives the program.
    pub durable: Tables,
}

/// A store in memory that writes down what is done to it.
pub struct Recorder {
    log: Rc<RefCell<Log>>,
    now: Tables,
}

pub type Done = Result<(), Error>;

impl Recorder {
    pub fn open(log: &Rc<RefCell<Log>>) -> Self {
        Self { log: log.clone(), now: log.borrow().durable.clone() }
    }

    fn see(&self, seen: Seen) {
        self.log.borrow_mut().seen.push(seen);
    }

    fn view(row: &Stored) -> MessageView {
        MessageView { seq: row.seq, mine: row.mine, text: row.text.clone(), at: row.at, state: row.state, life: 0 }
    }
}

impl Store for Recorder {
    fn begin(&mut self) -> Done {
        self.see(Seen::Begin);
        Ok(())
    }

    fn commit(&mut self) -> Done {
        if std::mem::take(&mut self.log.borrow_mut().refuse) {
            self.see(Seen::Refused);
            return Err(Error::NotWritable);
        }
        self.log.borrow_mut().durable = self.now.clone();
        self.see(Seen::Commit);
        Ok(())
    }

    fn rollback(&mut self) {
        self.now = self.log.borrow().durable.clone();
        self.see(Seen::Rollback);
    }

    fn load(&mut self) -> Result<Snapshot, Error> {
        let last = |handle: u32| {
            let rows = self.now.messages.iter().filter(|row| row.contact == handle);
            rows.max_by_key(|row| row.seq).map(|row| (row.message, Self::view(row)))
        };
        Ok(Snapshot {
            own_name: self.now.own_name.clone(),
            relays: self.now.relays.values().cloned().collect(),
            contacts: self.now.contacts.values().map(|row| (row.clone(), last(row.handle))).collect(),
            lost: Vec::new(),
            messages: self.now.messages.iter().map(|row| row.message).max().unwrap_or_default(),
            invites: self.now.invites.values().cloned().collect(),
            jobs: self.now.jobs.values().map(|(row, _)| row.clone()).collect(),
            ties: self.now.ties.values().map(|row| (row.clone(), None, None)).collect(),
            oldest: self.now.messages.iter().filter(|row| row.seq == 1).map(|row| (row.contact, 1)).collect(),
            shares: self.now.shares.values().cloned().collect(),
            ..Snapshot::default()
        })
    }

    fn put_own_name(&mut self, name: &Plaintext) -> Done {
        self.now.own_name = Some(name.clone());
        Ok(())
    }

    fn put_relay(&mut self, row: &RelayRow) -> Done {
        self.see(Seen::Kept(Record::Relays));
        self.now.relays.insert(row.id, row.clone());
        Ok(())
    }

    fn remove_relay(&mut self, id: u16) -> Done {
        self.now.relays.remove(&id);
        Ok(())
    }

    fn put_contact(&mut self, row: &ContactRow) -> Done {
        self.see(Seen::Kept(Record::Contact));
        self.now.contacts.insert(row.handle, row.clone());
        Ok(())
    }

    fn put_share(&mut self, row: &ShareRow) -> Done {
        self.now.shares.insert((row.contact, row.role), row.clone());
        Ok(())
    }

    fn remove_share(&mut self, contact: u32, role: ShareRole) -> Done {
        self.now.shares.remove(&(contact, role));
        Ok(())
    }

    fn put_moving(&mut self, contact: u32, moving: &Moving) -> Done {
        self.now.contacts.get_mut(&contact).ok_or(Error::Damaged)?.moving = moving.clone();
        Ok(())
    }

    fn remove_contact(&mut self, handle: u32) -> Done {
        self.now.contacts.remove(&handle);
        self.now.messages.retain(|row| row.contact != handle);
        self.now.ties.remove(&handle);
        Ok(())
    }

    fn session(&mut self, contact: u32) -> Result<Secret, Error> {
        self.now.sessions.get(&contact).cloned().ok_or(Error::Damaged)
    }

    fn put_session(&mut self, contact: u32, record: &Secret) -> Done {
        self.see(Seen::Kept(Record::Session));
        self.now.sessions.insert(contact, record.clone());
        Ok(())
    }

    fn put_invite(&mut self, row: &InviteRow) -> Done {
        self.see(Seen::Kept(Record::Invite));
        self.now.invites.insert(row.id, row.clone());
        Ok(())
    }

    fn remove_invite(&mut self, id: u32) -> Done {
        self.see(Seen::RemovedInvite(id));
        self.now.invites.remove(&id);
        Ok(())
    }

    fn add_messages(&mut self, list: &[NewMessage<'_>]) -> Done {
        for new in list {
            self.see(Seen::Kept(Record::Message));
            let NewMessage { message, contact, seq, id, mine, text, sent_at, at, state, life: _ } = *new;
            self.now.messages.push(Stored { message, contact, seq, id, mine, text: text.clone(), sent_at, at, state });
        }
        Ok(())
    }

    fn state(&mut self, message: u64) -> Result<Option<MessageState>, Error> {
        Ok(self.now.messages.iter().find(|row| row.message == message).map(|row| row.state))
    }

    fn set_state(&mut self, message: u64, state: MessageState) -> Done {
        self.see(Seen::Kept(Record::Taken));
        self.now.messages.iter_mut().filter(|row| row.message == message).for_each(|row| row.state = state);
        Ok(())
    }

    fn find_sent(&mut self, contact: u32, id: &MessageId) -> Result<Option<u64>, Error> {
        let open =
            |row: &&Stored| row.contact == contact && row.mine && row.id == *id && row.state != MessageState::Delivered;
        Ok(self.now.messages.iter().find(open).map(|row| row.message))
    }

    fn tail(&mut self, contact: u32, from: u64) -> Result<Vec<Placed>, Error> {
        let mut rows: Vec<_> =
            self.now.messages.iter().filter(|row| row.contact == contact && row.seq >= from).collect();
        rows.sort_by_key(|row| row.seq);
        let placed = |row: &Stored| Placed {
            message: row.message,
            id: row.id,
            mine: row.mine,
            sent_at: row.sent_at,
            at: row.at,
        };
        Ok(rows.into_iter().map(placed).collect())
    }

    fn place(&mut self, message: u64, seq: u64) -> Done {
        self.now.messages.iter_mut().filter(|row| row.message == message).for_each(|row| row.seq = seq);
        Ok(())
    }

    fn messages(&self, contact: u32, from: u64, to: u64) -> Result<Vec<MessageView>, Error> {
        let within = |row: &&Stored| row.contact == contact && (from..=to).contains(&row.seq);
        let mut rows: Vec<_> = self.now.messages.iter().filter(within).map(Self::view).collect();
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    }

    fn numbers(&mut self, contact: u32, from: u64, until: u64) -> Result<Vec<u64>, Error> {
        Ok(self.tail(contact, from)?.iter().zip(from..until).map(|(row, _)| row.message).collect())
    }

    fn remove_messages(&mut self, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>, Error> {
        let gone = |row: &Stored| row.contact == contact && places.contains(&row.seq);
        let list = self.now.messages.iter().filter(|row| gone(row)).map(|row| (row.message, row.state)).collect();
        self.now.messages.retain(|row| !gone(row));
        Ok(list)
    }

    fn last(&mut self, contact: u32) -> Result<Option<(u64, MessageView)>, Error> {
        let rows = self.now.messages.iter().filter(|row| row.contact == contact);
        Ok(rows.max_by_key(|row| row.seq).map(|row| (row.message, Self::view(row))))
    }

    // Nobody in these conversations sets a timer.

    fn begin_received(&mut self, _: u32, _: u64) -> Done {
        Ok(())
    }

    fn begin_sent(&mut self, _: u64, _: u64) -> Done {
        Ok(())
    }

    fn dead(&mut self, _: u64) -> Result<Vec<(u32, u64)>, Error> {
        Ok(Vec::new())
    }

    fn next_death(&mut self) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    fn put_timer(&mut self, _: u32, _: Timer) -> Done {
        Ok(())
    }

    fn put_age(&mut self, _: Age) -> Done {
        Ok(())
    }

    fn search(&self, _: &str, _: usize) -> Result<Vec<Found>, Error> {
        Ok(Vec::new())
    }

    fn add_job(&mut self, row: &JobRow, body: &Secret) -> Done {
        let receipt = matches!(row.what, Work::Envelope { message: 0, .. });
        self.see(Seen::Kept(if receipt { Record::Receipt } else { Record::Job }));
        self.see(Seen::Job(row.job));
        self.now.jobs.insert(row.job, (row.clone(), body.clone()));
        Ok(())
    }

    fn set_job_relays(&mut self, job: u64, relays: &[u16]) -> Done {
        if let Some((row, _)) = self.now.jobs.get_mut(&job) {
            row.relays = relays.to_vec();
        }
        Ok(())
    }

    fn remove_job(&mut self, job: u64) -> Done {
        self.now.jobs.remove(&job);
        Ok(())
    }

    fn job_body(&self, job: u64) -> Result<Secret, Error> {
        self.now.jobs.get(&job).map(|(_, body)| body.clone()).ok_or(Error::Damaged)
    }

    fn knows_event(&mut self, id: &Bytes32) -> Result<bool, Error> {
        let known = self.now.events.contains_key(&id.0);
        self.see(Seen::Asked(*id, known));
        Ok(known)
    }

    fn remember_event(&mut self, id: &Bytes32, until: u64) -> Done {
        self.see(Seen::EventId(*id));
        self.now.events.insert(id.0, until);
        Ok(())
    }

    fn forget_events(&mut self, before: u64) -> Done {
        self.now.events.retain(|_, until| *until >= before);
        Ok(())
    }

    fn put_tie(&mut self, row: &TieRow) -> Done {
        self.now.ties.insert(row.contact, row.clone());
        Ok(())
    }

    // Nothing here is restored or damaged, so no session is renewed.
    fn put_offer(&mut self, _: u32, row: Option<&OfferRow>) -> Done {
        assert!(row.is_none());
        Ok(())
    }

    fn put_next(&mut self, _: u32, row: Option<&NextRow>) -> Done {
        assert!(row.is_none());
        Ok(())
    }

    fn unreceipted(&mut self, _: u32) -> Result<Vec<Unreceipted>, Error> {
        Ok(Vec::new())
    }

    fn clear_restored(&mut self) -> Done {
        Ok(())
    }
}
