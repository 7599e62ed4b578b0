//! Where the vault keeps its state: a trait, so that the core has no file and no SQL.
//!
//! Between [`Store::begin`] and [`Store::commit`] every change is tentative; after `commit` returns all of them
//! survive the loss of power. The vault writes only inside a transaction and acts only after it.

use crate::content::MessageId;
use crate::envelope::Stamp;
use crate::session::{Own, Prekeys};
use crate::shares::Part;
use crate::{Error, Key, MessageState, MessageView, Plaintext, Secret, Time};
use bulkhead_ipc::bytes::Bytes32;

/// A relay.
#[derive(Clone)]
pub struct RelayRow {
    /// Number.
    pub id: u16,
    /// Address.
    pub url: String,
    /// The user's own, not only a contact's.
    pub own: bool,
}

/// A mailbox that we read.
#[derive(Clone)]
pub struct Mailbox {
    /// Its secret key.
    pub secret: Key,
    /// Its public key.
    pub public: Bytes32,
    /// Seals what is written to it.
    pub seal: Key,
    /// Where the writer was told to write, thus where we look.
    pub relays: Vec<u16>,
}

/// A mailbox that a contact reads.
#[derive(Clone)]
pub struct Peer {
    /// Their identity key, 33 bytes.
    pub identity: Vec<u8>,
    /// Their mailbox.
    pub mailbox: Bytes32,
    /// Seals what is written to it.
    pub seal: Key,
    /// Where they look.
    pub relays: Vec<u16>,
}

/// A mailbox that was left, and is watched for what may still come.
#[derive(Clone)]
pub struct Former {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Its place in the order of moves.
    pub revision: u64,
    /// When it was made; 0 if with the contact.
    pub made: Time,
    /// When it was left.
    pub left: Time,
    /// When it is destroyed; `None` as long as the contact was not heard in a newer one.
    pub until: Option<Time>,
}

/// Where a contact was before: for what some relay has taken there.
#[derive(Clone)]
pub struct Place {
    /// Its place in the order of the contact's moves.
    pub revision: u64,
    /// Their mailbox.
    pub mailbox: Bytes32,
    /// Seals what is written to it.
    pub seal: Key,
    /// Where they looked.
    pub relays: Vec<u16>,
    /// When it is forgotten.
    pub until: Time,
}

/// How two ends have moved since they met.
#[derive(Clone)]
pub struct Moving {
    /// How often our mailbox changed.
    pub revision: u64,
    /// When it was made; 0 if with the contact.
    pub made: Time,
    /// When the next one is due; 0 if that was not drawn yet.
    pub rotate: Time,
    /// When the contact was last told of it.
    pub announced: Time,
    /// Mailboxes that were left, oldest first.
    pub former: Vec<Former>,
    /// The revision of their mailbox.
    pub peer_revision: u64,
    /// Where they were before, oldest first.
    pub places: Vec<Place>,
}

impl Default for Moving {
    fn default() -> Self {
        let (made, rotate, announced) = (Time(0), Time(0), Time(0));
        Self { revision: 0, made, rotate, announced, former: Vec::new(), peer_revision: 0, places: Vec::new() }
    }
}

/// A contact, without session and messages.
#[derive(Clone)]
pub struct ContactRow {
    /// Number.
    pub handle: u32,
    /// Shown name.
    pub name: Plaintext,
    /// What is typed but not sent.
    pub draft: Plaintext,
    /// When added.
    pub added: Time,
    /// Not heard of yet.
    pub waiting: bool,
    /// Safety number compared.
    pub verified: bool,
    /// Unread messages.
    pub unread: u32,
    /// `sent_at` of the newest message to them: the next one gets a higher one.
    pub sent_at: u64,
    /// Own keys for this contact.
    pub own: Own,
    /// What they write to.
    pub mailbox: Mailbox,
    /// What we write to.
    pub peer: Peer,
    /// How both changed; written with [`Store::put_moving`].
    pub moving: Moving,
}

/// An open invite.
#[derive(Clone)]
pub struct InviteRow {
    /// Number.
    pub id: u32,
    /// The link.
    pub link: Plaintext,
    /// Unix time of its end.
    pub expires_at: u64,
    /// A relay has the bundle.
    pub published: bool,
    /// Keys for the coming contact.
    pub own: Own,
    /// Secret prekeys.
    pub prekeys: Prekeys,
    /// What the coming contact writes to.
    pub mailbox: Mailbox,
    /// The bundle's event, and the key that deletes it.
    pub event: (Bytes32, Key),
    /// The rendezvous mailbox.
    pub rendezvous: Bytes32,
}

/// What is waiting to be sent, without its body.
#[derive(Clone)]
pub struct JobRow {
    /// Number.
    pub job: u64,
    /// What it is.
    pub what: Work,
    /// One-time key, nonce, times. For an erasure the key of the event to erase.
    pub stamp: Stamp,
    /// When it was queued.
    pub since: Time,
    /// Relays that have not taken it.
    pub relays: Vec<u16>,
}

/// What a job is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A libsignal message to a contact.
    Envelope {
        /// To whom.
        contact: u32,
        /// A prekey message.
        prekey: bool,
        /// The message that it carries, or 0.
        message: u64,
        /// Which of the contact's mailboxes it is for.
        revision: u64,
    },
    /// A signed offer to renew the session; the body is the offer.
    Offer {
        /// To whom.
        contact: u32,
        /// For the meeting place, not for the mailbox that they named last.
        meeting: bool,
    },
    /// A libsignal prekey message in the session that an offer of theirs began.
    Answer {
        /// To whom.
        contact: u32,
    },
    /// An invite's bundle; the body is the sealed bundle.
    Bundle {
        /// Whose.
        invite: u32,
    },
    /// The deletion of an event; no body.
    Erase {
        /// Which.
        event: Bytes32,
        /// The mailbox it was in.
        mailbox: Bytes32,
    },
}

/// What two devices know of each other's state, and how far a renewal of their session is.
#[derive(Clone, Default)]
pub struct TieRow {
    /// Whose.
    pub contact: u32,
    /// Contents encrypted for them, ever.
    pub said: u64,
    /// Contents of theirs that were read, ever.
    pub read: u64,
    /// The highest `said` that they told.
    pub told: u64,
    /// The highest `sent_at` of their texts.
    pub newest: u64,
    /// What they were last told of theirs, and when (ms since 1970).
    pub shown: (u64, u64),
    /// When the session was last renewed, or an offer made without need (ms since 1970; 0 for never).
    pub renewed: u64,
    /// The session's state is, or may be, an older one: nothing is sent in it.
    pub lost: bool,
    /// What to make of it if they know more of this state than it does itself.
    pub doubt: Doubt,
    /// Hashes of the offers of theirs that were taken up, oldest first.
    pub met: Vec<[u8; 32]>,
}

/// Why a contact may know a higher count of what was said than this state has.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Doubt {
    /// Only because this state is an older copy.
    #[default]
    None,
    /// The session was just renewed because this state is known to be an older one.
    Known,
    /// The session was just renewed for another reason; the other contacts are to be suspected.
    Open,
}

/// An own offer to renew a session, with the secrets that answer to it.
#[derive(Clone)]
pub struct OfferRow {
    /// Secret prekeys.
    pub prekeys: Prekeys,
    /// The bundle, as it was signed.
    pub bundle: Vec<u8>,
    /// The revision of the mailbox in it.
    pub revision: u64,
    /// Unix time after which nobody takes it up.
    pub expires_at: u64,
    /// When it was sent last (ms since 1970).
    pub sent: u64,
}

/// A session that an offer of theirs began, and that they have not confirmed.
#[derive(Clone)]
pub struct NextRow {
    /// The offer's hash.
    pub offer: [u8; 32],
    /// The session record.
    pub record: Secret,
    /// Where they read from now on.
    pub mailbox: Bytes32,
    /// Seals what is written to it.
    pub seal: Key,
    /// Where they look.
    pub relays: Vec<u16>,
    /// The revision of that mailbox.
    pub revision: u64,
    /// When it was last answered (ms since 1970).
    pub answered: u64,
}

/// What is known of a contact's state, with the open offer to it and the session that it has not confirmed.
pub type Tied = (TieRow, Option<OfferRow>, Option<NextRow>);

/// An own text that the contact has not receipted.
pub struct Unreceipted {
    /// Its number.
    pub message: u64,
    /// Its identifier.
    pub id: MessageId,
    /// The own clock when it was written.
    pub sent_at: u64,
    /// The words.
    pub text: Plaintext,
    /// Seconds that it lives once read, 0 for ever.
    pub life: u32,
}

/// A message to be added.
pub struct NewMessage<'a> {
    /// Its number, for ever; from 1.
    pub message: u64,
    /// Whose conversation.
    pub contact: u32,
    /// Its place, which changes when an older one comes later.
    pub seq: u64,
    /// Its identifier.
    pub id: MessageId,
    /// Written here.
    pub mine: bool,
    /// The words.
    pub text: &'a Plaintext,
    /// The sender's clock.
    pub sent_at: u64,
    /// When.
    pub at: Time,
    /// State.
    pub state: MessageState,
    /// Seconds that it lives once its time has begun, 0 for ever; of a line that says so, the timer's.
    pub life: u32,
}

/// A conversation's timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timer {
    /// Seconds that what is written lives, 0 for ever.
    pub seconds: u32,
    /// `sent_at` of the newest change; 0 if there was none.
    pub changed: u64,
}

/// How long the profile has lived, by which messages die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Milliseconds.
    pub lived: u64,
    /// What the host's clock said then.
    pub wall: Time,
}

/// A message in its place, without its words.
pub struct Placed {
    /// Its number.
    pub message: u64,
    /// Its identifier.
    pub id: MessageId,
    /// Written here.
    pub mine: bool,
    /// The sender's clock.
    pub sent_at: u64,
    /// When it was stored.
    pub at: Time,
}

/// A message that a search found.
pub struct Found {
    /// Whose conversation.
    pub contact: u32,
    /// The message.
    pub message: MessageView,
}

/// What a contact and a part of a recovery secret have to do with each other. There is at most one row of each role per
/// contact.
#[derive(Clone)]
pub struct ShareRow {
    /// Who.
    pub contact: u32,
    /// In which way.
    pub role: ShareRole,
    /// The newest revision of a part that was given or is kept.
    pub revision: u64,
    /// When it came to be so.
    pub at: Time,
    /// What a receipt or an answer has to name.
    pub id: MessageId,
    /// The numbers of the part, and the piece if it is here.
    pub part: Option<Part>,
    /// How far a part got that was given to the contact.
    pub state: PartState,
}

/// How a part concerns a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShareRole {
    /// They keep a part of ours. What it says is not kept here.
    Given,
    /// We keep a part of theirs; without a part: it was withdrawn.
    Kept,
    /// They asked us for a part.
    Asked,
    /// We asked them.
    Asking,
    /// They gave us a part.
    Got,
}

/// How far a part got that was given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It is on its way.
    Sent,
    /// Its keeper has stored it.
    Kept,
    /// It could not be sent: the session does not go on.
    Failed,
    /// Its keeper gave it to somebody.
    GivenAway,
    /// It is withdrawn; the keeper may not know yet.
    Withdrawn,
    /// The keeper has destroyed it.
    Destroyed,
}

/// All that is kept in memory while the profile is open.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// One's own name; `None` in an empty store.
    pub own_name: Option<Plaintext>,
    /// Relays.
    pub relays: Vec<RelayRow>,
    /// Contacts, each with the message in the highest place of its conversation and that message's number.
    pub contacts: Vec<(ContactRow, Option<(u64, MessageView)>)>,
    /// Those of them whose session was lost with a part of the store; their records are empty.
    pub lost: Vec<u32>,
    /// The highest number of a message, there or carried by a job.
    pub messages: u64,
    /// Open invites.
    pub invites: Vec<InviteRow>,
    /// What waits to be sent.
    pub jobs: Vec<JobRow>,
    /// The lowest place of each conversation that has messages; of others 0 or nothing.
    pub oldest: Vec<(u32, u64)>,
    /// Timers of conversations that ever had one.
    pub timers: Vec<(u32, Timer)>,
    /// How long the profile has lived, if a message ever had a timer.
    pub age: Option<Age>,
    /// At which age the next message dies.
    pub next_death: Option<u64>,
    /// Parts of recovery secrets.
    pub shares: Vec<ShareRow>,
    /// What is known of contacts' states, with open offers and unconfirmed sessions.
    pub ties: Vec<Tied>,
    /// The store came out of a backup, and no session has been dealt with yet.
    pub restored: bool,
}

type Done = Result<(), Error>;

/// Durable storage with transactions.
pub trait Store {
    /// Begins a transaction; there is none open.
    fn begin(&mut self) -> Done;
    /// Makes all changes since [`Store::begin`] durable, or fails and keeps none.
    fn commit(&mut self) -> Done;
    /// Forgets all changes since [`Store::begin`].
    fn rollback(&mut self);
    /// Reads what is kept in memory.
    fn load(&mut self) -> Result<Snapshot, Error>;
    /// Sets one's own name.
    fn put_own_name(&mut self, name: &Plaintext) -> Done;
    /// Adds or changes a relay.
    fn put_relay(&mut self, row: &RelayRow) -> Done;
    /// Removes a relay.
    fn remove_relay(&mut self, id: u16) -> Done;
    /// Adds or changes a contact, without [`ContactRow::moving`].
    fn put_contact(&mut self, row: &ContactRow) -> Done;
    /// Adds or changes how a contact and we have moved.
    fn put_moving(&mut self, contact: u32, moving: &Moving) -> Done;
    /// Removes a contact with session, timer, parts and messages, as [`Store::remove_messages`] does.
    fn remove_contact(&mut self, handle: u32) -> Done;
    /// Reads a contact's session record; empty if it was lost with a part of the store.
    fn session(&mut self, contact: u32) -> Result<Secret, Error>;
    /// Writes a contact's session record.
    fn put_session(&mut self, contact: u32, record: &Secret) -> Done;
    /// Adds or changes an invite.
    fn put_invite(&mut self, row: &InviteRow) -> Done;
    /// Removes an invite with its keys.
    fn remove_invite(&mut self, id: u32) -> Done;
    /// Adds or changes what a part and a contact have to do with each other.
    fn put_share(&mut self, row: &ShareRow) -> Done;
    /// Removes that, so that nothing of the piece stays in the store.
    fn remove_share(&mut self, contact: u32, role: ShareRole) -> Done;
    /// Adds messages.
    fn add_messages(&mut self, messages: &[NewMessage<'_>]) -> Done;
    /// Reads a message's state.
    fn state(&mut self, message: u64) -> Result<Option<MessageState>, Error>;
    /// Changes a message's state.
    fn set_state(&mut self, message: u64, state: MessageState) -> Done;
    /// Finds the number of an own message that is not yet delivered, by its identifier.
    fn find_sent(&mut self, contact: u32, id: &MessageId) -> Result<Option<u64>, Error>;
    /// What stands in a conversation from a place on.
    fn tail(&mut self, contact: u32, from: u64) -> Result<Vec<Placed>, Error>;
    /// The numbers of what stands in a conversation from a place on up to before another, ascending by place.
    fn numbers(&mut self, contact: u32, from: u64, until: u64) -> Result<Vec<u64>, Error>;
    /// Moves a message to another place, which is free.
    fn place(&mut self, message: u64, seq: u64) -> Done;
    /// Messages by place, ascending.
    fn messages(&self, contact: u32, from: u64, to: u64) -> Result<Vec<MessageView>, Error>;
    /// Removes messages by place, so that nothing of them can be found in the store's files once the transaction is
    /// durable; says the number and state of each that was there. The gaps are the caller's to close.
    fn remove_messages(&mut self, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>, Error>;
    /// The message in the highest place of a conversation, and its number.
    fn last(&mut self, contact: u32) -> Result<Option<(u64, MessageView)>, Error>;
    /// The time of all received messages of a conversation begins that has not; at this age of the profile.
    fn begin_received(&mut self, contact: u32, lived: u64) -> Done;
    /// The same for one sent message.
    fn begin_sent(&mut self, message: u64, lived: u64) -> Done;
    /// Conversations and places of messages that die up to this age, ascending.
    fn dead(&mut self, lived: u64) -> Result<Vec<(u32, u64)>, Error>;
    /// At which age the next message dies.
    fn next_death(&mut self) -> Result<Option<u64>, Error>;
    /// Writes a conversation's timer.
    fn put_timer(&mut self, contact: u32, timer: Timer) -> Done;
    /// Writes how long the profile has lived.
    fn put_age(&mut self, age: Age) -> Done;
    /// Messages that hold all words, the last one as a prefix; newest first.
    fn search(&self, words: &str, limit: usize) -> Result<Vec<Found>, Error>;
    /// Adds a job.
    fn add_job(&mut self, row: &JobRow, body: &Secret) -> Done;
    /// Changes which relays have not taken a job. A store may forget it of an erasure: asking a relay again to delete
    /// what it has deleted changes nothing.
    fn set_job_relays(&mut self, job: u64, relays: &[u16]) -> Done;
    /// Removes a job.
    fn remove_job(&mut self, job: u64) -> Done;
    /// Reads a job's body.
    fn job_body(&self, job: u64) -> Result<Secret, Error>;
    /// Whether an event was taken before.
    fn knows_event(&mut self, id: &Bytes32) -> Result<bool, Error>;
    /// Remembers that an event was taken, until it expires (Unix time).
    fn remember_event(&mut self, id: &Bytes32, until: u64) -> Done;
    /// Forgets events that expired before a Unix time; others taken in the same transaction may keep one known.
    fn forget_events(&mut self, before: u64) -> Done;
    /// Adds or changes what is known of a contact's state.
    fn put_tie(&mut self, row: &TieRow) -> Done;
    /// Sets or removes the open offer to a contact.
    fn put_offer(&mut self, contact: u32, row: Option<&OfferRow>) -> Done;
    /// Sets or removes the unconfirmed session with a contact.
    fn put_next(&mut self, contact: u32, row: Option<&NextRow>) -> Done;
    /// Own texts to a contact that are queued or at a relay, in the order of writing.
    fn unreceipted(&mut self, contact: u32) -> Result<Vec<Unreceipted>, Error>;
    /// Takes back that the store came out of a backup.
    fn clear_restored(&mut self) -> Done;
}
