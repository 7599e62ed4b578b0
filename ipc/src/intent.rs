//! vault ↔ ui, the intent line: what ui may know, where the pointer is, and what the user decided.
//!
//! Contacts are opaque handles. No type here can hold a word that a person wrote, a name, or a key stroke:
//! there are numbers and fixed choices only, and a test walks the schema to keep it so.

use crate::cbor::bounded;
use crate::pixels::{SlotKey, Theme};
use crate::post::{MAX_RELAYS, RelayState};
use crate::update::{Glimpse, Wish};
use crate::{Message, OutOfBounds, bound, greeting};
use serde::{Deserialize, Serialize};

/// Most conversations in the list.
pub const MAX_CONTACTS: usize = 2000;

/// What the program as a whole is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Phase {
    /// No profile yet: name and passphrase are asked for.
    Setup,
    /// The passphrase is asked for.
    Locked,
    /// The key is being derived from the passphrase (Argon2id).
    Unlocking,
    /// Ready to chat.
    Open,
    /// The store cannot be used; `Notice` says why. Nothing can be done but quit, or [`FromUi::Salvage`] if it is
    /// damaged.
    Broken,
}

/// A conversation, as far as ui may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Opaque; never reused while ui lives.
    pub handle: u32,
    /// Unread messages.
    pub unread: u32,
    /// The invite was accepted but the other device has not answered yet.
    pub waiting: bool,
    /// The user compared the safety number.
    pub verified: bool,
}

/// How long what is written in a conversation lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timer {
    /// As in [`Contact`].
    pub handle: u32,
    /// So many seconds once read.
    pub seconds: u32,
}

/// A relay, as far as ui may know it; its address is a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// The number in [`crate::pixels::SlotKind::RelayUrl`].
    pub id: u16,
    /// One's own (can be removed) or only a contact's.
    pub own: bool,
    /// Connection.
    pub state: RelayState,
}

/// How the newest invite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Invite {
    /// None asked for.
    None,
    /// Made; on its way to the relays.
    Publishing,
    /// At least one relay has it: the link works.
    Ready,
    /// Somebody used it: this contact.
    Used {
        /// The new contact.
        handle: u32,
    },
}

/// How accepting an invite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Accept {
    /// Nothing under way.
    Idle,
    /// Looking for the invite at its relays.
    Fetching,
    /// Done: this contact.
    Done {
        /// The new contact.
        handle: u32,
    },
    /// The text is not an invite link, or it is cut off.
    NotAnInvite,
    /// It is an invite of a newer version of the program.
    TooNew,
    /// It is past its time.
    Expired,
    /// No relay has it: used already, or withdrawn.
    Used,
    /// What the relays hold is not what the link describes: somebody tampered with it.
    Tampered,
    /// It is one's own.
    Own,
    /// None of its relays could be reached.
    Unreachable,
}

/// Whether the profile can be opened without its passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Recovery {
    /// It has no recovery code.
    None,
    /// A code exists, on paper.
    Set,
    /// A fresh code waits to be written down, in [`crate::pixels::SlotKind::RecoveryCode`].
    Offered,
}

/// Whether a PIN opens the profile, with this machine's TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Pin {
    /// There is no TPM, or the program may not use it.
    None,
    /// There is one, and no PIN.
    Possible,
    /// The same, but whoever has the machine can reset its count of wrong PINs: a PIN has to be long.
    Unguarded,
    /// There is a PIN.
    Set,
    /// There is a PIN, and no TPM that answers: only the passphrase opens the profile.
    Lost,
}

/// Whether the desktop's keyring opens the profile when the program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Keyring {
    /// There is no keyring, and none was to open the profile.
    None,
    /// There is one, and it does not open the profile.
    Possible,
    /// It opens the profile, or does so again once the passphrase was typed.
    On,
    /// The same, and it is being asked now.
    Asking,
    /// It was to open the profile, and does not answer: only the passphrase opens it.
    Lost,
}

/// Most contacts of each kind that [`Shares`] tells of.
pub const MAX_SHARES: usize = 64;
/// Most parts of a recovery secret.
pub const MAX_PARTS: usize = 10;

/// How far a part got that was given to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum PartState {
    /// It is on its way.
    Sent,
    /// The contact's device has stored it.
    Kept,
    /// It could not be sent.
    Failed,
    /// The contact gave it to somebody.
    GivenAway,
    /// It is withdrawn, and the contact's device has not said yet that it is destroyed.
    Withdrawn,
}

/// A part that was given to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenPart {
    /// How far it got.
    pub state: PartState,
    /// To whom.
    pub handle: u32,
}

/// Parts that contacts gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    /// How many.
    pub have: u8,
    /// How many are needed.
    pub needed: u8,
    /// They make a recovery code.
    pub complete: bool,
}

/// How it stands with parts of recovery secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Contacts who asked for a part and wait for an answer; at most [`MAX_SHARES`].
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_SHARES>")]
    pub asked: Vec<u32>,
    /// Parts that were given to contacts; at most [`MAX_SHARES`].
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_SHARES>")]
    pub parts: Vec<GivenPart>,
    /// Contacts who were asked and have not answered; at most [`MAX_SHARES`].
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_SHARES>")]
    pub asking: Vec<u32>,
    /// How many are needed of those that were given, or are being chosen.
    pub needed: u8,
    /// Contacts who are being chosen; at most [`MAX_PARTS`].
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_PARTS>")]
    pub picked: Vec<u32>,
    /// What contacts gave back.
    pub gathered: Option<Gathered>,
    /// A question waits for an answer, in [`crate::pixels::SlotKind::ConfirmParts`].
    pub confirming: bool,
}

/// A sentence that ui shows in its notice bar. Fixed sentences only: the words are ui's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Notice {
    /// The passphrase is wrong.
    WrongPassphrase,
    /// The two passphrases differ.
    PassphrasesDiffer,
    /// The passphrase is shorter than 8 characters.
    PassphraseTooShort,
    /// The store was written by a newer version.
    StoreTooNew,
    /// The store cannot be read: damaged, or the disk fails.
    StoreDamaged,
    /// The store cannot be written: disk full or read-only. What was typed is still there.
    StoreNotWritable,
    /// Another copy of the program uses this profile.
    ProfileInUse,
    /// Bulkhead's network process ended and was started again.
    NetRestarted,
    /// Bulkhead's drawing process ended and was started again.
    UiRestarted,
    /// The message is too long to send.
    MessageTooLong,
    /// The address is not a relay that can be used.
    BadRelay,
    /// There must be at least one relay.
    LastRelay,
    /// There are as many relays as can be.
    TooManyRelays,
    /// The link is on the clipboard.
    Copied,
    /// Messages arrived that could not be decrypted; nothing else was lost.
    Undecryptable,
    /// A contact has heard more from this profile than it knows of, or the TPM knows a newer one: it is an older copy.
    /// Sessions are renewed.
    OlderCopy,
    /// The profile was moved: it goes on elsewhere.
    Moved,
    /// A backup waits for the passphrase of the day on which it was made.
    RestoreWaits,
    /// The profile came out of a backup.
    Restored,
    /// The file is not a whole backup.
    BackupDamaged,
    /// A backup waits where there is a store already.
    BackupInTheWay,
    /// A backup is made when the profile is opened.
    BackupWaits,
    /// A backup was made.
    BackedUp,
    /// A backup was made, and the profile closed for ever.
    MoveDone,
    /// The relays of a contact refuse messages.
    Refused,
    /// A field is empty that must not be.
    NameMissing,
    /// The passphrase is wrong, again: each further attempt takes longer.
    WrongOften,
    /// The passphrase was changed.
    PassphraseChanged,
    /// What was typed is not a whole recovery code.
    NotARecoveryCode,
    /// It is not this profile's recovery code.
    WrongRecoveryCode,
    /// The recovery code counts from now on.
    RecoverySet,
    /// The recovery code is on the clipboard.
    RecoveryCopied,
    /// The key file was changed or damaged from outside, and was mended.
    KeyFileMended,
    /// Nobody used the window for as long as the user chose, or the machine slept: locked.
    LockedByItself,
    /// The file with the wrapped key is damaged.
    KeyDamaged,
    /// What can be read of a damaged store is being saved.
    Saving,
    /// It was; what could not be read is lost, and the damaged file is kept.
    Saved,
    /// The keys of this contact were lost with a part of the store: it has to be invited again.
    KeysLost,
    /// The computer's clock is more than a month ahead of where it was: messages that disappear wait for an hour.
    ClockLeapt,
    /// Not all of the profile could be deleted; its key is gone.
    NotErased,
    /// The PIN is wrong; the strip says how many wrong ones the TPM still takes.
    WrongPin,
    /// The PIN is shorter than 6 characters.
    PinTooShort,
    /// The PIN is shorter than 10 characters, which it has to have where the TPM's count of wrong ones can be reset.
    PinUnguarded,
    /// The two PINs differ.
    PinsDiffer,
    /// The PIN counts from now on.
    PinSet,
    /// There is no PIN any more.
    PinRemoved,
    /// There were too many wrong PINs: the TPM takes none for a while.
    PinResting,
    /// The TPM does not know this profile: it was cleared, or is another one, or the key file was changed.
    PinUseless,
    /// The TPM does not answer, or refuses.
    TpmFailing,
    /// Parts of the recovery secret are on their way to those who keep them.
    PartsSent,
    /// They are withdrawn, and open nothing any more.
    PartsWithdrawn,
    /// Parts can be given to 2 to 10 contacts who have answered, and at least 2 must be needed.
    TooFewKeepers,
    /// As many parts are there as are needed.
    PartsComplete,
    /// A contact gave a part of the own recovery secret to somebody.
    PartGivenAway,
    /// The desktop's keyring opens the profile from now on when the program starts.
    KeyringOn,
    /// It opens the profile no more.
    KeyringOff,
    /// The keyring is locked, and the user did not open it.
    KeyringLocked,
    /// What it was to keep is gone, or something else, or the key file was changed.
    KeyringUseless,
    /// It does not answer, or refuses.
    KeyringFailing,
    /// It did not take what opens the profile at the next start.
    KeyringNotKept,
}

/// Navigation that the vault made of a key press outside text: never a key, never a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Command {
    /// The next conversation down the list.
    NextConversation,
    /// The one above.
    PreviousConversation,
    /// Close the panel or search on top, else nothing.
    Escape,
    /// Go to the search field.
    Search,
    /// Open "Add contact".
    AddContact,
    /// Open the settings.
    Settings,
    /// Open what is about updates.
    Updates,
    /// Keyboard focus to the next thing.
    FocusNext,
    /// Keyboard focus to the thing before.
    FocusPrevious,
    /// Press what has the focus.
    Activate,
    /// Up in a list that has the focus.
    Up,
    /// Down in a list that has the focus.
    Down,
}

/// What the pointer does outside slots, in physical pixels of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Pointer {
    /// It is here now.
    Moved {
        /// From the left.
        x: i32,
        /// From the top.
        y: i32,
    },
    /// It left ui's part of the window.
    Left,
    /// The primary button went down.
    Pressed,
    /// The primary button came up.
    Released,
    /// The wheel turned, in 1/16 logical pixels; positive `y` shows what is above.
    Wheel {
        /// Sideways.
        x: i32,
        /// Up and down.
        y: i32,
    },
}

/// vault → ui.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToUi {
    /// Answers [`FromUi::Hello`]; everything that ui may know follows at once.
    Welcome {
        /// As in the [`FromUi::Hello`] that this answers: a Welcome with another number was meant for a predecessor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// The vault's [`crate::VERSION`].
        version: u16,
    },
    /// The program's phase.
    Phase(Phase),
    /// All conversations, newest first; at most [`MAX_CONTACTS`].
    Contacts(#[serde(deserialize_with = "bounded::list::<_, _, MAX_CONTACTS>")] Vec<Contact>),
    /// All relays, at most [`MAX_RELAYS`].
    Relays(#[serde(deserialize_with = "bounded::list::<_, _, MAX_RELAYS>")] Vec<Relay>),
    /// The newest invite.
    Invite(Invite),
    /// The invite being accepted.
    Accept(Accept),
    /// Whether the search field holds anything: show the results slot in place of the conversations.
    Searching(bool),
    /// The slot that has the keyboard, if one has.
    Focus(Option<SlotKey>),
    /// Show this conversation (new contact, search result, notification).
    Show(u32),
    /// Put this sentence into the notice bar; `None` clears it.
    Notice(Option<Notice>),
    /// How the recovery code stands.
    Recovery(Recovery),
    /// All conversations in which what is written disappears; at most [`MAX_CONTACTS`].
    Timers(#[serde(deserialize_with = "bounded::list::<_, _, MAX_CONTACTS>")] Vec<Timer>),
    /// How the PIN stands.
    Pin(Pin),
    /// How it stands with the desktop's keyring.
    Keyring(Keyring),
    /// How it stands with parts of recovery secrets.
    Shares(Shares),
    /// How it stands with updates.
    Update(Glimpse),
    /// Navigation.
    Command(Command),
    /// The pointer, outside slots.
    Pointer(Pointer),
}

impl Message for ToUi {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Welcome { life, version } => greeting::check(*life, *version),
            Self::Contacts(list) => bound(list.len() <= MAX_CONTACTS, "contacts"),
            Self::Timers(list) => bound(list.len() <= MAX_CONTACTS, "timers"),
            Self::Relays(list) => bound(list.len() <= MAX_RELAYS, "relays"),
            Self::Update(glimpse) => glimpse.check(),
            Self::Shares(shares) => {
                let lists = [shares.asked.len(), shares.parts.len(), shares.asking.len()];
                bound(lists.into_iter().all(|length| length <= MAX_SHARES), "shares")?;
                bound(shares.picked.len() <= MAX_PARTS, "picked")
            }
            _ => Ok(()),
        }
    }
}

/// ui → vault: what the user decided, as ui understood it. The vault does nothing on these alone that could
/// send or destroy words: sending and deleting are buttons inside slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromUi {
    /// First packet of every ui process on this line.
    Hello {
        /// The number that the launcher gave this start of the process; see [`crate::greeting`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// ui's [`crate::VERSION`].
        version: u16,
    },
    /// This conversation is on screen (and read), or none is.
    Open(Option<u32>),
    /// Give the keyboard to a slot, or take it from all.
    Focus(Option<SlotKey>),
    /// Create the profile with the name and passphrase typed.
    Create,
    /// Unlock with the passphrase typed.
    Unlock,
    /// Lock now.
    Lock,
    /// Make a new invite (the panel was opened, or "New link" pressed).
    Invite,
    /// Put the invite link on the clipboard.
    CopyInvite,
    /// Accept the invite that was pasted.
    Accept,
    /// Take the name typed as one's own name for this contact.
    Rename(u32),
    /// The user says that the safety number was compared, or takes that back.
    Verified {
        /// The contact.
        handle: u32,
        /// Compared or not.
        verified: bool,
    },
    /// What is written in this conversation from now on disappears.
    Timer {
        /// The contact.
        handle: u32,
        /// So many seconds after it was read; 0 for never.
        seconds: u32,
    },
    /// Take the name typed as one's own.
    SaveName,
    /// Add the relay typed.
    AddRelay,
    /// Stop using this relay.
    RemoveRelay(u16),
    /// Try all relays again now.
    Reconnect,
    /// Use this theme from now on.
    Theme(Theme),
    /// Go to the newest message.
    Newest,
    /// The search is over: empty the field.
    EndSearch,
    /// The notice was read.
    Dismiss,
    /// Take the new passphrase typed, if the current one typed is right.
    ChangePassphrase,
    /// Make a recovery code to be written down, if the passphrase typed is right.
    NewRecovery,
    /// Open the profile with the recovery code typed, and take the new passphrase typed.
    Recover,
    /// Build a new store of what can be read of the damaged one.
    Salvage,
    /// Lock, and make a backup when the profile is opened again.
    BackUp,
    /// Unlock with the PIN typed.
    UnlockPin,
    /// Take the PIN typed, if the passphrase typed is right.
    SetPin,
    /// The PIN is to open the profile no more.
    RemovePin,
    /// The user begins to choose who is to keep parts of the recovery secret, or stops.
    ChooseKeepers(bool),
    /// This contact is to keep a part, or not any more.
    PickKeeper(u32),
    /// So many parts are to be needed.
    NeedParts(u8),
    /// Ask, with the passphrase typed, whether to give the parts.
    GiveParts,
    /// Ask, with the passphrase typed, whether to withdraw them.
    WithdrawParts,
    /// Ask whether to ask this contact for the part that they keep.
    AskPart(u32),
    /// Ask what to answer this contact, who asked for a part.
    AnswerPart(u32),
    /// Show the recovery code that parts make which contacts gave.
    ShowParts,
    /// Pass this on to the launcher.
    Wish(Wish),
}

impl Message for FromUi {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Hello { life, version } => greeting::check(*life, *version),
            _ => Ok(()),
        }
    }
}
