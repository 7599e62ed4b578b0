//! Which mailboxes one connection watches, and how far each has been read.
//!
//! Relays cap subscriptions at about 20, so mailboxes share them in batches. Each batch is asked for once,
//! for what is stored and what will come; what did not fit is then fetched in pages.
//!
//! A reconnect asks for everything since [`Watch::since`] again, not since the newest event seen: a sender may
//! have been offline for weeks before its relay got an envelope, whose `created_at` is then weeks old, and a
//! time that a sender chose must not decide what is skipped. Read envelopes are deleted at the relay, so
//! this first page is short. Only *paging* stops at the resume point, for relays that ignore deletions.
//!
//! [`Watch::since`]: bulkhead_ipc::post::Watch::since

use crate::wire::{self, ENVELOPE};
use bulkhead_ipc::{bytes::Bytes32, post::Event};
use std::collections::BTreeMap;

/// Mailboxes in one subscription.
const BATCH: usize = 50;
/// Seconds that resumed paging goes back before the end of the last connection: 10 minutes by which
/// senders shift `created_at`, a minute until a dead connection is noticed, and wrong clocks.
const OVERLAP: u64 = 30 * 60;
/// Pages after which a relay that always has more is not believed.
const MAX_PAGES: u32 = 2_000;

#[derive(Debug, Default)]
struct Mailbox {
    since: u64,
    /// Read to the end on this connection.
    stored: bool,
    /// When an earlier connection that had read to the end was lost, less [`OVERLAP`].
    resume: u64,
}

/// Subscription `b0` and its pages, `p0`.
#[derive(Debug, Default)]
struct Batch {
    members: Vec<Bytes32>,
    floor: u64,
    /// The relay ended it.
    closed: bool,
    page: Option<Page>,
}

/// Stored events that are arriving: the first page over `b0`, later ones over `p0`.
#[derive(Debug, Default)]
struct Page {
    number: u32,
    until: Option<u64>,
    oldest: Option<u64>,
}

/// What an event is to us.
#[derive(Debug, PartialEq, Eq)]
pub enum Fit {
    /// For a mailbox watched here.
    Wanted,
    /// For a mailbox that is no longer watched, or older than it wants.
    Late,
    /// Not what any subscription of ours asks for.
    Foreign,
}

/// All subscriptions of a connection.
#[derive(Debug, Default)]
pub struct Subscriptions {
    /// Messages to send to the relay, in order.
    pub out: Vec<String>,
    mailboxes: BTreeMap<Bytes32, Mailbox>,
    batches: Vec<Batch>,
    /// Mailboxes that no batch has asked for.
    fresh: Vec<Bytes32>,
}

impl Subscriptions {
    /// Watches a mailbox from the next [`Self::open`] on.
    pub fn watch(&mut self, mailbox: Bytes32, since: u64) {
        self.mailboxes.entry(mailbox).or_default().since = since;
        if !self.fresh.contains(&mailbox) && !self.batches.iter().any(|b| b.members.contains(&mailbox)) {
            self.fresh.push(mailbox);
        }
    }

    /// Stops watching. A batch stays until its last mailbox goes: asking anew would bring everything again.
    pub fn unwatch(&mut self, mailbox: &Bytes32) {
        self.mailboxes.remove(mailbox);
        self.fresh.retain(|m| m != mailbox);
        let emptied = |b: &Batch| !b.members.is_empty() && !b.members.iter().any(|m| self.mailboxes.contains_key(m));
        for (n, batch) in self.batches.iter_mut().enumerate().filter(|(_, b)| emptied(b)) {
            *batch = Batch::default();
            self.out.extend([wire::close(&format!("b{n}")), wire::close(&format!("p{n}"))]);
        }
    }

    /// Whether no mailbox is watched.
    pub fn is_empty(&self) -> bool {
        self.mailboxes.is_empty()
    }

    /// Whether the relay owes us the end of something stored.
    pub fn waiting(&self) -> bool {
        self.batches.iter().any(|b| b.page.is_some())
    }

    /// Asks for the mailboxes that have not been asked for, in the first batches with room.
    pub fn open(&mut self) {
        let mut changed = Vec::new();
        for mailbox in std::mem::take(&mut self.fresh) {
            let watched = &self.mailboxes;
            let at = self.batches.iter_mut().position(|b| {
                b.members.retain(|m| watched.contains_key(m));
                b.members.len() < BATCH
            });
            let at = at.unwrap_or(self.batches.len());
            self.batches.resize_with(self.batches.len().max(at + 1), Batch::default);
            self.batches.iter_mut().skip(at).take(1).for_each(|b| b.members.push(mailbox));
            changed.push(at);
        }
        self.ask(|n, _| changed.contains(&n));
    }

    /// Asks again for what the relay has closed; for everything, if it has just learnt who we are.
    pub fn reopen(&mut self, all: bool) {
        self.ask(|_, batch| (all || batch.closed) && !batch.members.is_empty());
    }

    fn ask(&mut self, which: impl Fn(usize, &Batch) -> bool) {
        for (n, batch) in self.batches.iter_mut().enumerate().filter(|(n, b)| which(*n, b)) {
            let watched = || batch.members.iter().filter_map(|m| self.mailboxes.get(m));
            let since = watched().map(|m| m.since).min().unwrap_or_default();
            batch.floor = watched().map(|m| m.since.max(m.resume)).min().unwrap_or_default();
            (batch.closed, batch.page) = (false, Some(Page::default()));
            self.out.push(wire::request(&format!("b{n}"), &batch.members, since, None));
        }
    }

    /// The connection ended at the Unix time `now`.
    pub fn disconnected(&mut self, now: u64) {
        for mailbox in self.mailboxes.values_mut().filter(|m| m.stored) {
            (mailbox.stored, mailbox.resume) = (false, now.saturating_sub(OVERLAP));
        }
        (self.out, self.batches) = Default::default();
        self.fresh = self.mailboxes.keys().copied().collect();
    }

    /// An event came.
    pub fn event(&mut self, subscription: &str, event: &Event) -> Fit {
        let Some((kind, _, batch)) = find(&mut self.batches, subscription) else { return Fit::Foreign };
        if event.kind != ENVELOPE || !wire::mailboxes(event).any(|m| batch.members.contains(&m)) {
            return Fit::Foreign;
        }
        // Over `b0` come the first page and new events, over `p0` the later pages only.
        if let Some(page) = batch.page.as_mut().filter(|p| p.until.is_some() == (kind == 'p')) {
            if page.until.is_some_and(|until| event.created_at > until) {
                return Fit::Foreign;
            }
            page.oldest = Some(page.oldest.unwrap_or(u64::MAX).min(event.created_at));
        }
        let mut watched = wire::mailboxes(event).filter_map(|m| self.mailboxes.get(&m));
        if watched.any(|m| event.created_at >= m.since) { Fit::Wanted } else { Fit::Late }
    }

    /// The relay has sent what it had for a subscription. Returns the mailboxes now read to the end.
    pub fn stored(&mut self, subscription: &str) -> Vec<Bytes32> {
        let Some((kind, n, batch)) = find(&mut self.batches, subscription) else { return Vec::new() };
        let Some(page) = batch.page.take_if(|p| p.until.is_some() == (kind == 'p')) else { return Vec::new() };
        // Many events can share a second: a page begins in the second where the last one ended, and only a
        // page that brings nothing older than that moves on. Two requests more at the end, and no list of ids.
        let next = page.oldest.map(|oldest| if page.until == Some(oldest) { oldest.saturating_sub(1) } else { oldest });
        if let Some(until) = next.filter(|n| *n >= batch.floor && Some(*n) != page.until && page.number < MAX_PAGES) {
            batch.page = Some(Page { number: page.number + 1, until: Some(until), oldest: None });
            self.out.push(wire::request(&format!("p{n}"), &batch.members, batch.floor, Some(until)));
            return Vec::new();
        }
        self.out.extend((kind == 'p').then(|| wire::close(subscription)));
        let done = self.mailboxes.iter_mut().filter(|(key, _)| batch.members.contains(key));
        done.map(|(key, mailbox)| (*key, mailbox.stored = true).0).collect()
    }

    /// The relay ended a subscription; whether it was ours. [`Self::reopen`] asks again, later.
    pub fn closed(&mut self, subscription: &str) -> bool {
        let batch = find(&mut self.batches, subscription).map(|(_, _, batch)| batch);
        batch.map(|b| (b.closed, b.page) = (true, None)).is_some()
    }
}

/// Takes `b7` (the batch itself) or `p7` (a page of it) apart.
fn find<'a>(batches: &'a mut [Batch], subscription: &str) -> Option<(char, usize, &'a mut Batch)> {
    let kind = subscription.chars().next().filter(|c| matches!(c, 'b' | 'p'))?;
    let n = subscription.get(1..)?.parse().ok()?;
    Some((kind, n, batches.get_mut(n)?))
}
