//! What goes into the vault and what comes out: the whole surface for a window or a driver.
//!
//! Everything that holds words is [`Plaintext`], so none of these types can be logged or sent by accident.

use crate::shares::SetId;
use crate::{Key, Plaintext, Time};
use bulkhead_ipc::{intent, post, sign};

/// What the start line asked for.
#[derive(Clone, Default)]
pub struct Config {
    /// `--relay`: the own relays of a new profile; added to those of an old one. If a new profile gets none,
    /// [`crate::DEFAULT_RELAYS`] are taken.
    pub relays: Vec<String>,
    /// Whether net goes through a SOCKS proxy; only then are `.onion` relays of contacts usable.
    pub proxied: bool,
}

/// A conversation.
#[derive(Clone)]
pub struct ContactView {
    /// Its number, stable for the life of the profile.
    pub handle: u32,
    /// What the user, or else the contact, calls them.
    pub name: Plaintext,
    /// Unread messages.
    pub unread: u32,
    /// The invite was accepted but the other device has not answered yet. Messages can be sent already.
    pub waiting: bool,
    /// The user compared the safety number.
    pub verified: bool,
    /// The newest message.
    pub preview: Option<Preview>,
    /// When it became a contact.
    pub added: Time,
    /// Its keys were lost with a part of the store: it can be read, and has to be invited again to be written to.
    pub lost: bool,
    /// Seconds that what is written in it lives once read, 0 for ever.
    pub timer: u32,
    /// Its keys are being renewed: what is written waits until its device has answered.
    pub renewing: bool,
}

/// The newest message of a conversation, cut to what a list shows.
#[derive(Clone)]
pub struct Preview {
    /// The first line, at most 200 characters.
    pub text: Plaintext,
    /// Written here.
    pub mine: bool,
    /// When it was stored here.
    pub at: Time,
    /// How far it got.
    pub state: MessageState,
    /// As in [`MessageView`].
    pub life: u32,
}

/// A relay.
#[derive(Clone)]
pub struct RelayView {
    /// Its number, the one that net knows.
    pub id: u16,
    /// `wss://…`, or `ws://` on loopback and `.onion` addresses.
    pub url: String,
    /// One's own (can be removed), or only a contact's.
    pub own: bool,
    /// The connection.
    pub state: post::RelayState,
}

/// A message.
#[derive(Clone)]
pub struct MessageView {
    /// Its place: dense per contact. It changes with [`Changed::Inserted`] and [`Changed::Removed`].
    pub seq: u64,
    /// Written here.
    pub mine: bool,
    /// The words.
    pub text: Plaintext,
    /// When it was stored here (own clock: the other's is not to be trusted).
    pub at: Time,
    /// How far it got.
    pub state: MessageState,
    /// Seconds that it lives once read, 0 for ever; of a [`MessageState::Timer`], the new timer's.
    pub life: u32,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// It came from the contact.
    Received,
    /// Stored here; no relay has it yet.
    Queued,
    /// At least one relay took it.
    AtRelay,
    /// The contact's device has stored it.
    Delivered,
    /// It expired undelivered, or all relays refused it.
    Failed,
    /// No message, but a line without words: from here on what is written lives [`MessageView::life`] seconds.
    Timer,
    /// No message, but a line of this program's own about what happened.
    Note,
}

/// A search result.
#[derive(Clone)]
pub struct Hit {
    /// Whose conversation.
    pub contact: u32,
    /// The message's place in it.
    pub seq: u64,
    /// The words around the match, at most about 100 characters.
    pub snippet: Plaintext,
    /// When it was stored.
    pub at: Time,
    /// Written here.
    pub mine: bool,
}

/// What two people compare to know that nobody sits between them.
#[derive(Clone)]
pub struct SafetyNumber {
    /// 60 decimal digits, the same on both sides.
    pub digits: String,
    /// What a QR code holds.
    pub qr: Vec<u8>,
}

/// Something that happened outside.
pub enum Input {
    /// A packet on the post line.
    Post(post::FromNet),
    /// A packet on the sign line.
    Sign(sign::FromNet),
    /// The user did something.
    Do(Action),
    /// Time passed; at least once per second when nothing else happens.
    Tick,
    /// What a clock says that is never set, in milliseconds: it goes on while the machine sleeps, and begins anew when the
    /// machine or the program does. Messages that disappear go by it. With each [`Input::Tick`], and once at first.
    Steady(u64),
}

/// What the user can do.
pub enum Action {
    /// Make a new invite.
    Invite,
    /// Accept an invite link.
    Accept(Plaintext),
    /// Send a message, at most [`crate::MAX_TEXT`] bytes. If the effects hold a [`Changed::Notice`] with
    /// `MessageTooLong`, `StoreNotWritable` or `StoreDamaged`, nothing was sent: keep what was typed.
    Send {
        /// To whom.
        contact: u32,
        /// The words; surrounding white space is removed, and nothing is sent if nothing is left.
        text: Plaintext,
    },
    /// Keep what is typed but not sent; empty to forget it.
    SaveDraft {
        /// To whom.
        contact: u32,
        /// The words.
        text: Plaintext,
    },
    /// Call a contact something else.
    Rename {
        /// Whom.
        contact: u32,
        /// The name.
        name: Plaintext,
    },
    /// Delete a contact with all messages and keys.
    Delete(u32),
    /// Delete one message, here only. One that no relay has yet is not sent either.
    DeleteMessage {
        /// In whose conversation.
        contact: u32,
        /// Its place.
        seq: u64,
    },
    /// What is written in this conversation from now on disappears, on both sides.
    SetTimer {
        /// Whose.
        contact: u32,
        /// So many seconds after it was read; 0 for never.
        seconds: u32,
    },
    /// All messages of this contact have been read.
    Read(u32),
    /// The user compared the safety number, or takes that back.
    Verified {
        /// Whose.
        contact: u32,
        /// Compared or not.
        verified: bool,
    },
    /// Change one's own name, for invites and acceptances from now on.
    OwnName(Plaintext),
    /// Add an own relay.
    AddRelay(String),
    /// Stop using an own relay.
    RemoveRelay(u16),
    /// Try all relays again now.
    Reconnect,
    /// Give parts of a secret to contacts, in place of those that were given before.
    GiveParts {
        /// To whom.
        contacts: Vec<u32>,
        /// How many are needed.
        needed: u8,
        /// What names the set; no other set ever had that name.
        set: SetId,
        /// The secret.
        secret: Key,
    },
    /// Have the parts destroyed that were given.
    WithdrawParts,
    /// Ask a contact for a part that they keep.
    AskPart(u32),
    /// Answer a contact who asked for a part.
    AnswerPart {
        /// Who asked.
        contact: u32,
        /// Whose part they get; `None` for no part.
        owner: Option<u32>,
    },
    /// Forget the parts that contacts gave.
    ForgetParts,
}

/// What has to be done outside, in this order.
pub enum Effect {
    /// Send on the post line.
    Post(post::ToNet),
    /// Send on the sign line.
    Sign(sign::ToNet),
    /// Something to show changed.
    Changed(Changed),
}

/// What there is to show anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The list of conversations: order, names, previews, unread counts.
    Contacts,
    /// The messages of this contact: new ones, or a new state.
    Messages(u32),
    /// Messages were put before others, as they had been sent earlier: all that stood at this place or behind it
    /// is now `count` places further. Several of these are to be followed one after the other.
    Inserted {
        /// In whose conversation.
        contact: u32,
        /// The first new message's place.
        seq: u64,
        /// How many.
        count: u64,
    },
    /// A message is gone. Several of these are to be followed one after the other.
    Removed {
        /// From whose conversation.
        contact: u32,
        /// Its place.
        seq: u64,
        /// Those before it are now one place further; else those behind it are one place back.
        up: bool,
    },
    /// A new contact: show the conversation.
    Added(u32),
    /// Messages came in.
    Incoming {
        /// From whom.
        contact: u32,
        /// How many.
        count: u32,
    },
    /// The relays, or their state.
    Relays,
    /// Parts of recovery secrets: given, kept, asked for, gathered.
    Shares,
    /// The newest invite's state.
    Invite(intent::Invite),
    /// The acceptance's state.
    Accept(intent::Accept),
    /// A sentence for the notice bar.
    Notice(intent::Notice),
    /// net said what is illegal in this state: have it restarted.
    NetBroke,
}
