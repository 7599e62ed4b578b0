//! What ui knows: what the vault told it, and what the user has opened. No words, no names, no keys.

use crate::message::Panel;
use bulkhead_ipc::intent::{Accept, Contact, Invite, Keyring, Notice, Phase, Pin, Recovery, Relay, Shares, Timer};
use bulkhead_ipc::pixels::Theme;
use bulkhead_ipc::post::{RelayState, Trouble};
use bulkhead_ipc::update::{Glimpse, Kind};

/// Below this width in logical pixels, list and conversation take turns.
pub const NARROW: f32 = 720.0;

/// Everything that a screen is made from.
#[derive(Clone, Debug)]
pub struct State {
    /// The program's phase.
    pub phase: Phase,
    /// Conversations, newest first.
    pub contacts: Vec<Contact>,
    /// Those in which what is written disappears.
    pub timers: Vec<Timer>,
    /// Relays, own and contacts'.
    pub relays: Vec<Relay>,
    /// The newest invite.
    pub invite: Invite,
    /// The invite being accepted.
    pub accept: Accept,
    /// How the recovery code stands.
    pub recovery: Recovery,
    /// How it stands with parts of recovery secrets.
    pub shares: Shares,
    /// The lock screen asks for the recovery code.
    pub recovering: bool,
    /// How the PIN stands.
    pub pin: Pin,
    /// How it stands with the desktop's keyring.
    pub keyring: Keyring,
    /// The lock screen asks for the passphrase, although there is a PIN.
    pub by_passphrase: bool,
    /// How it stands with updates.
    pub update: Glimpse,
    /// The user has seen that a release is ready.
    pub update_seen: bool,
    /// The sentence in the notice bar.
    pub notice: Option<Notice>,
    /// Search results stand in place of the conversations.
    pub searching: bool,
    /// The conversation that is open, if one is.
    pub open: Option<u32>,
    /// What covers it.
    pub panel: Option<Panel>,
    /// Colours.
    pub theme: Theme,
    /// The frame's size in logical pixels.
    pub size: (f32, f32),
    /// How far the conversation list is scrolled, in logical pixels.
    pub scroll: f32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            phase: Phase::Locked,
            contacts: Vec::new(),
            timers: Vec::new(),
            relays: Vec::new(),
            invite: Invite::None,
            accept: Accept::Idle,
            recovery: Recovery::None,
            shares: Shares::default(),
            recovering: false,
            pin: Pin::None,
            keyring: Keyring::None,
            by_passphrase: false,
            update: Glimpse { done: 0, kind: Kind::Off },
            update_seen: false,
            notice: None,
            searching: false,
            open: None,
            panel: None,
            theme: Theme::Light,
            size: (0.0, 0.0),
            scroll: 0.0,
        }
    }
}

/// The connection in one word for the footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// No relay is set.
    None,
    /// All, or some, of one's own relays are connected.
    Online {
        /// How many are.
        connected: usize,
        /// Of how many.
        of: usize,
    },
    /// None is connected yet.
    Connecting,
    /// None can be connected; why, if all say the same.
    Offline(Option<Trouble>),
}

impl State {
    /// Whether list and conversation take turns.
    pub fn narrow(&self) -> bool {
        self.size.0 < NARROW
    }

    /// Whether the lock screen asks for the PIN.
    pub fn asks_pin(&self) -> bool {
        self.pin == Pin::Set && !self.by_passphrase && !self.recovering
    }

    /// Whether a bar says that a release is ready.
    pub fn announces_update(&self) -> bool {
        let looks = matches!(self.panel, Some(Panel::Updates | Panel::UpdateDetails));
        self.update.kind == Kind::Ready && !self.update_seen && !looks
    }

    /// A contact by its handle.
    pub fn contact(&self, handle: u32) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.handle == handle)
    }

    /// After how many seconds what is written in a conversation disappears; 0 if it stays.
    pub fn timer(&self, handle: u32) -> u32 {
        self.timers.iter().find(|timer| timer.handle == handle).map_or(0, |timer| timer.seconds)
    }

    /// A contact's place in the list.
    pub fn index(&self, handle: u32) -> Option<usize> {
        self.contacts.iter().position(|contact| contact.handle == handle)
    }

    /// The conversation that the user sees: what is under a panel is not read.
    pub fn on_screen(&self) -> Option<u32> {
        self.open.filter(|_| self.phase == Phase::Open && self.panel.is_none())
    }

    /// Forgets what the user had open: another phase began.
    pub fn close_all(&mut self) {
        (self.open, self.panel, self.searching, self.scroll) = (None, None, false, 0.0);
    }

    /// Closes what is about a contact that is no longer there.
    pub fn prune(&mut self) {
        self.open = self.open.filter(|&handle| self.index(handle).is_some());
        self.panel = self.panel.filter(|panel| panel.contact().is_none_or(|handle| self.index(handle).is_some()));
    }

    /// How one's own relays stand, together.
    pub fn connection(&self) -> Connection {
        let own: Vec<RelayState> = self.relays.iter().filter(|relay| relay.own).map(|relay| relay.state).collect();
        let connected = own.iter().filter(|state| **state == RelayState::Online).count();
        let troubles: Vec<Trouble> =
            own.iter().filter_map(|state| if let RelayState::Offline(t) = state { Some(*t) } else { None }).collect();
        match (own.len(), connected) {
            (0, _) => Connection::None,
            (of, 1..) => Connection::Online { connected, of },
            (of, 0) if troubles.len() < of => Connection::Connecting,
            _ => Connection::Offline(troubles.first().copied().filter(|first| troubles.iter().all(|t| t == first))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(states: &[RelayState]) -> State {
        let relays = states.iter().zip(0..).map(|(&state, id)| Relay { id, own: true, state }).collect();
        State { relays, ..State::default() }
    }

    #[test]
    fn the_footer_sums_up_own_relays() {
        use RelayState::{Connecting, Offline, Online};
        assert_eq!(with(&[]).connection(), Connection::None);
        assert_eq!(
            with(&[Online, Connecting, Offline(Trouble::Closed)]).connection(),
            Connection::Online { connected: 1, of: 3 }
        );
        assert_eq!(with(&[Connecting, Offline(Trouble::Closed)]).connection(), Connection::Connecting);
        assert_eq!(with(&[Offline(Trouble::Proxy); 2]).connection(), Connection::Offline(Some(Trouble::Proxy)));
        assert_eq!(with(&[Offline(Trouble::Proxy), Offline(Trouble::Closed)]).connection(), Connection::Offline(None));
        let mut foreign = with(&[Online]);
        foreign.relays[0].own = false;
        assert_eq!(foreign.connection(), Connection::None);
    }

    #[test]
    fn what_is_about_a_lost_contact_closes() {
        let contact = |handle| Contact { handle, unread: 0, waiting: false, verified: false };
        let mut state =
            State { contacts: vec![contact(1)], open: Some(2), panel: Some(Panel::Delete(2)), ..State::default() };
        state.prune();
        assert_eq!((state.open, state.panel), (None, None));
        state = State { contacts: vec![contact(1)], open: Some(1), panel: Some(Panel::Settings), ..State::default() };
        state.prune();
        assert_eq!((state.open, state.panel), (Some(1), Some(Panel::Settings)));
    }
}
