//! What one transaction gathers for afterwards: nothing of it is shown or sent before the commit.

use crate::state::Contact;
use crate::{Effect, MessageView, Time};
use bulkhead_ipc::intent::{Accept, Notice};
use std::collections::{BTreeMap, BTreeSet};

/// A contact, the lowest and the highest place of its conversation, and the message in the latter with its number.
pub type End = (u32, (u64, u64), Option<(u64, MessageView)>);

/// Gathered while inputs are taken.
pub struct Turn {
    pub now: Time,
    /// Independent of the store: answers to hellos, signatures, reconnects.
    pub direct: Vec<Effect>,
    /// Contacts whose entry in the list changed.
    pub touched: BTreeSet<u32>,
    /// Contacts whose messages changed.
    pub messages: BTreeSet<u32>,
    pub arrived: BTreeMap<u32, u32>,
    /// Contacts with received texts that have no place yet.
    pub heard: BTreeSet<u32>,
    /// Contact, place and number of messages that were put before others.
    pub inserted: Vec<(u32, u64, u64)>,
    /// Contact and place of messages that went, and whether those before them moved up.
    pub removed: Vec<(u32, u64, bool)>,
    pub added: Vec<u32>,
    pub relays: bool,
    /// Parts of recovery secrets changed.
    pub shares: bool,
    pub invite: bool,
    pub accept: Option<Accept>,
    pub notices: Vec<Notice>,
    /// net broke the rules.
    pub broke: bool,
    /// Relays may have lost their last user.
    pub sweep: bool,
    /// How conversations ended before: contact, lowest and highest place, the message there and its number.
    pub ends: Vec<End>,
    /// Contacts whose session was renewed.
    pub renewed: BTreeSet<u32>,
    /// Contacts that are to be told how far both states are.
    pub witness: BTreeSet<u32>,
    /// Contacts of which something could not be decrypted.
    pub repair: BTreeSet<u32>,
    /// Offers may be due.
    pub renewals: bool,
}

impl Turn {
    pub const fn new(now: Time) -> Self {
        Self {
            now,
            direct: Vec::new(),
            touched: BTreeSet::new(),
            messages: BTreeSet::new(),
            arrived: BTreeMap::new(),
            heard: BTreeSet::new(),
            inserted: Vec::new(),
            removed: Vec::new(),
            added: Vec::new(),
            relays: false,
            shares: false,
            invite: false,
            accept: None,
            notices: Vec::new(),
            broke: false,
            sweep: false,
            ends: Vec::new(),
            renewed: BTreeSet::new(),
            witness: BTreeSet::new(),
            repair: BTreeSet::new(),
            renewals: false,
        }
    }

    /// Keeps how a conversation ends, which is about to change: if the transaction fails and the store cannot be read
    /// either, nothing else knows.
    pub fn before(&mut self, contact: &Contact) {
        self.ends.push((contact.row.handle, (contact.oldest, contact.newest), contact.last.clone()));
    }

    /// Notes that a message was put before others.
    pub fn inserted(&mut self, contact: u32, seq: u64) {
        match self.inserted.last_mut() {
            Some((of, from, count)) if *of == contact && *from + *count == seq => *count += 1,
            _ => self.inserted.push((contact, seq, 1)),
        }
    }

    /// Says a sentence, once.
    pub fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}
