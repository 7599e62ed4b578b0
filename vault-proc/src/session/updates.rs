//! Updates: what the launcher says of them is kept and shown; what the user wishes is passed on.
//!
//! The launcher decides on releases; nothing here does. Its notice changes nothing but what is painted. ui gets of it
//! how it stands and how much of a package is there, and no word; what is loud stands above the strip, out of ui's reach.

use super::{Out, Session};
use crate::clock::{self, Zone};
use crate::slots::news::{self, Block};
use bulkhead_ipc::control::ToLauncher;
use bulkhead_ipc::intent::{Command, ToUi};
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_ipc::update::{Glimpse, Kind, Notice, Status, Wish, Words};
use bulkhead_vault_core::Time;
use std::time::Instant;

/// What is known of updates.
pub struct Updates {
    notice: Notice,
    /// When what is painted has to be painted again, as it says how long ago something was.
    stale: Option<Instant>,
}

impl Default for Updates {
    /// Before the launcher has said anything: nothing is known that would have to be done.
    fn default() -> Self {
        Self { notice: Notice { status: Status::Off, checked: None, details: Words::cut("") }, stale: None }
    }
}

impl Updates {
    /// How it stands.
    pub fn kind(&self) -> Kind {
        self.notice.status.kind()
    }

    /// What the slot about updates shows.
    pub fn blocks(&self, zone: &Zone, now: Time) -> Vec<Block> {
        news::blocks(&self.notice, zone, now)
    }

    /// What auditors want to know.
    pub fn details(&self) -> &str {
        self.notice.details.as_str()
    }

    /// The sentence that stands above the strip, if what there is to say is loud.
    pub fn alarm(&self, zone: &Zone) -> Option<String> {
        news::alarm(&self.notice.status, zone)
    }
}

impl Session {
    /// Takes what the launcher says.
    pub fn update_said(&mut self, notice: Notice) {
        if notice == self.updates.notice {
            return;
        }
        let before = Glimpse::from(&self.updates.notice.status);
        self.updates = Updates { notice, stale: None };
        if before != Glimpse::from(&self.updates.notice.status) {
            self.tell_update();
        }
    }

    pub(super) fn tell_update(&mut self) {
        self.out.push(Out::Ui(ToUi::Update(Glimpse::from(&self.updates.notice.status))));
    }

    /// Passes on what the user wishes, if it is what can be wished now.
    pub(super) fn wish(&mut self, wish: Wish) {
        if self.updates.kind().wish() == Some(wish) {
            self.out.push(Out::Launcher(ToLauncher::Wish(wish)));
        }
    }

    /// The user wants to see what the sentence above the strip is about.
    pub fn look_at_updates(&mut self) {
        if self.is_open() {
            self.command(Command::Updates);
        }
    }

    /// Whether it says “3 minutes ago” on screen and that is no longer true.
    pub fn judge_updates(&mut self, now: Instant) -> bool {
        let shown = self.is_open() && self.shown(SlotKind::UpdateNotice).is_some();
        let Some(checked) = self.updates.notice.checked.filter(|_| shown) else {
            self.updates.stale = None;
            return false;
        };
        let over = self.updates.stale.is_some_and(|at| at <= now);
        if over || self.updates.stale.is_none() {
            self.updates.stale = Some(now + news::until_older(checked, clock::now()));
        }
        over
    }

    /// When [`Session::judge_updates`] has to be called at the latest.
    pub fn updates_due(&self) -> Option<Instant> {
        self.updates.stale
    }
}
