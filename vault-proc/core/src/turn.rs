//! What one transaction gathers for afterwards: nothing of it is shown or sent before the commit.

use crate::{Effect, Time};
use bulkhead_ipc::intent::{Accept, Notice};
use std::collections::{BTreeMap, BTreeSet};

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
    pub added: Vec<u32>,
    pub relays: bool,
    pub invite: bool,
    pub accept: Option<Accept>,
    pub notices: Vec<Notice>,
    /// net broke the rules.
    pub broke: bool,
    /// Relays may have lost their last user.
    pub sweep: bool,
}

impl Turn {
    pub const fn new(now: Time) -> Self {
        Self {
            now,
            direct: Vec::new(),
            touched: BTreeSet::new(),
            messages: BTreeSet::new(),
            arrived: BTreeMap::new(),
            added: Vec::new(),
            relays: false,
            invite: false,
            accept: None,
            notices: Vec::new(),
            broke: false,
            sweep: false,
        }
    }

    /// Says a sentence, once.
    pub fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}
