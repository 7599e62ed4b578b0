//! Every word that ui shows. A translation replaces this file.
//!
//! Sentences say what happened and what to do, in words that need no manual.

use crate::state::Connection;
use bulkhead_ipc::intent::{Accept, Notice, PartState};
use bulkhead_ipc::post::{RelayState, Trouble};
use bulkhead_ipc::update::{Kind, Wish};

macro_rules! words {
    ($($name:ident = $text:literal;)*) => { $(#[allow(missing_docs)] pub const $name: &str = $text;)* };
}

words! {
    PRODUCT = "Bulkhead";
    ADD_CONTACT = "Add contact";
    SETTINGS = "Settings";
    BACK = "← Back";
    CLOSE = "Close";
    DISMISS = "Dismiss";
    SAVE = "Save";
    ADD = "Add";
    REMOVE = "Remove";
    DETAILS = "Details";
    VERIFY = "Verify";
    VERIFIED = "✓ Verified";

    SETUP_TITLE = "Welcome to Bulkhead";
    SETUP_LEAD = "There is no account to make. Choose the name that people see when you add them, and a passphrase that locks your messages on this computer.";
    SETUP_NAME = "Your name";
    SETUP_PASSPHRASE = "Passphrase";
    SETUP_REPEAT = "Repeat the passphrase";
    SETUP_WARNING = "Nobody can reset a lost passphrase for you. The next page offers a recovery code: write it down and keep it in a safe place.";
    SETUP_CREATE = "Start using Bulkhead";
    UNLOCK_TITLE = "Welcome back";
    UNLOCK_LEAD = "Enter your passphrase to open your messages.";
    UNLOCK = "Unlock";
    UNLOCKING = "Unlocking…";
    UNLOCKING_LEAD = "Turning the passphrase into a key takes a moment. That is on purpose: it makes guessing slow.";
    FORGOT = "Forgot the passphrase?";
    RECOVER_TITLE = "Use the recovery code";
    RECOVER_LEAD = "Type the code that you wrote down, and a new passphrase. Spaces, dashes and capital letters do not matter.";
    RECOVER = "Open my messages";
    NEW_PASSPHRASE = "New passphrase";
    BROKEN_TITLE = "Your messages cannot be opened";
    BROKEN_LEAD = "Bulkhead has changed nothing.";
    SALVAGE = "Save what can be read";
    SALVAGE_LEAD = "Puts all that can still be read into a new file. Keys that are lost are renewed with the contacts' devices; a contact of whom only messages are left has to be invited again. The damaged file is kept beside it, as store.db.damaged. If you have a newer backup of the profile folder, put that back instead.";
    SAVING = "Saving what can be read…";
    SAVING_LEAD = "This can take some minutes. Nothing of the damaged file is changed.";
    BROKEN_DAMAGED = "A part of the file that holds your messages cannot be read: it is damaged, or the disk fails.";
    BROKEN_UNKNOWN = "Close this window and start Bulkhead again. If that does not help, put the profile folder back from a backup.";

    CONVERSATIONS_NONE = "No conversations yet";
    SEARCH_RESULTS = "Search results";
    EMPTY_TITLE = "Add your first contact";
    EMPTY_LEAD = "Nobody can look you up here, and nobody can write to you unasked. Send a friend an invite link, or paste the one you got.";
    CHOOSE_TITLE = "No conversation chosen";
    CHOOSE_LEAD = "Pick one on the left, or add a contact.";
    WAITING = "Waiting for an answer…";
    WAITING_LEAD = "Waiting for the other device to answer. You can write already: it arrives when they are online.";

    TAB_INVITE = "Invite somebody";
    TAB_ACCEPT = "Use an invite";
    INVITE_LEAD = "Send this link to one person, or let them scan the code. Whoever holds it can become your contact, so use a way that you trust.";
    INVITE_ONCE = "Usable once, for 7 days.";
    INVITE_PUBLISHING = "Putting the invite on your relays. The link works in a moment…";
    INVITE_NONE = "Making an invite…";
    INVITE_USED = "Your invite was used. You have a new contact:";
    INVITE_COPY = "Copy link";
    INVITE_NEW = "New link";
    OPEN_CONVERSATION = "Open the conversation";
    ACCEPT_LEAD = "Paste the link that you got. It begins with bulkhead://invite/";
    ACCEPT_LABEL = "Invite link";
    ACCEPT_ADD = "Add contact";

    CONTACT_NAME = "Name";
    CONTACT_NAME_HINT = "Only you see this name.";
    CONTACT_SAFETY = "Safety number";
    CONTACT_VERIFIED = "You compared the safety number: nobody sits in between.";
    CONTACT_UNVERIFIED = "Compare the safety number once, in person or on a call, to be sure that nobody sits in between.";
    CONTACT_SHOW_SAFETY = "Show safety number";
    CONTACT_DELETE_LABEL = "Delete";
    CONTACT_DELETE_HINT = "Removes the contact and all messages from this computer. Copies on the other device stay there.";
    CONTACT_DELETE = "Delete contact…";
    TIMER = "Disappearing messages";
    TIMER_HINT = "What you both write from now on is erased on both devices: by the reader so long after it was read, by the writer so long after it was sent. It does not stop anybody from keeping a picture.";
    DISAPPEARING = "Disappear after";
    TIMER_OFF = "Off";
    TIMER_HOUR = "1 hour";
    TIMER_DAY = "1 day";
    TIMER_WEEK = "1 week";
    TIMER_MONTH = "4 weeks";
    SAFETY_TITLE = "Safety number";
    SAFETY_LEAD = "Compare this number with the one on the other device, in person or on a call. Both must be the same to the last digit.";
    SAFETY_MATCHES = "The numbers match";
    SAFETY_UNDO = "Take that back";
    SAFETY_DIFFERS = "If they differ, do not write anything private: somebody may sit in between. Delete the contact and exchange a new invite face to face.";
    DELETE_TITLE = "Delete contact";

    OWN_NAME = "Your name";
    OWN_NAME_HINT = "People whom you add from now on see it.";
    RELAYS = "Relays";
    RELAYS_LEAD = "Relays hold messages for you until you are online. They cannot read them. Two or three by different operators are best.";
    RELAYS_FOREIGN = "Relays of your contacts, and removed ones that they still use";
    RELAY_NEW = "Add a relay";
    RECONNECT = "Connect again now";
    APPEARANCE = "Appearance";
    LIGHT = "Light";
    DARK = "Dark";
    SECURITY = "Security";
    SECURITY_LEAD = "The line at the bottom of this window is drawn by the part that holds your keys; no other part can change it. It says where your typing goes, and which kind of display shows this window.";
    DISPLAY = "Display";
    DISPLAY_HINT = "X11: other programs you run can see this window and what you type. Wayland: they cannot, unless you let one record the screen.";
    SANDBOX = "Sandbox: on";
    SANDBOX_HINT = "No part of Bulkhead starts without it. The part with your keys has no network, the part with the network has no keys, and the part that draws this page has neither.";
    MEMORY = "Memory: wiped when you lock";
    MEMORY_HINT = "Keys, passphrase and messages do not stay behind in this computer's memory.";
    LOCK_LABEL = "Lock";
    LOCK_HINT = "Closes your messages until the passphrase is entered again. Messages that arrive meanwhile wait at the relays.";
    LOCK = "Lock now";
    AUTO_LOCK = "Lock by itself";
    AUTO_LOCK_HINT = "The minutes count from when you last used this window. All choices but Never lock also when the computer wakes from sleep.";
    PASSPHRASE = "Passphrase";
    PASSPHRASE_HINT = "It locks your messages on this computer. Changing it takes a moment and leaves them as they are.";
    CHANGE_PASSPHRASE = "Change passphrase";
    CHANGE_LEAD = "From then on the old passphrase opens nothing here. Copies of the profile folder that were made before keep the old one.";
    CURRENT_PASSPHRASE = "Your passphrase now";
    BACKUP = "Backup";
    BACKUP_HINT = "A copy of all messages and contacts in one encrypted file, which opens with today's passphrase. Bulkhead locks for it, and makes the file when you open the profile again.";
    BACKUP_NEW = "Make a backup";
    RECOVERY_CODE = "Recovery code";
    RECOVERY_LEAD = "A code on paper opens your messages if you forget the passphrase. Whoever has both the paper and this computer can read everything. A new code takes the place of the one before.";
    RECOVERY_SET = "You have a recovery code.";
    RECOVERY_NONE = "You have no recovery code: a forgotten passphrase would mean that all messages are lost.";
    RECOVERY_NEW = "Make a new code";
    ERASE_LABEL = "Delete everything";
    ERASE_HINT = "Erases your keys, contacts and messages from this computer. Nobody can bring them back, and your contacts are not told.";
    ERASE = "Delete profile…";
    ERASE_TITLE = "Delete profile";
    PIN = "PIN";
    PIN_UNLOCK_LEAD = "Enter your PIN to open your messages.";
    USE_PASSPHRASE = "Use the passphrase";
    USE_PIN = "Use the PIN";
    PIN_NONE = "A PIN needs a TPM 2.0 chip, and Bulkhead found none that it may use. On many systems your user has to belong to the group tss.";
    PIN_POSSIBLE = "You have no PIN. A short PIN can open your messages on this computer: its TPM chip counts wrong ones.";
    PIN_UNGUARDED = "You have no PIN. This computer's TPM chip can guard one, but whoever has the computer can reset its count of wrong PINs, as the chip has no lockout password. So a PIN has to have 10 digits or letters here.";
    PIN_IS_SET = "You have a PIN, which works on this computer only. The passphrase opens your messages as well.";
    PIN_LOST = "Your PIN does not work now: this computer's TPM chip does not answer. Your passphrase opens your messages.";
    PIN_LEAD = "A PIN may be short because this computer's TPM chip guards it: after too many wrong ones it takes none for a while. Your passphrase keeps working, also if the chip is cleared or breaks. Whoever can read the chip's secrets only has to guess the PIN: choose a longer one if that worries you.";
    PIN_SET_ONE = "Set a PIN";
    PIN_CHANGE = "Change or remove the PIN";
    PIN_NEW = "New PIN";
    PIN_REPEAT = "Repeat the PIN";
    PIN_SAVE = "Set PIN";
    PIN_REMOVE = "Remove PIN";
    KEYRING = "Desktop keyring";
    KEYRING_NONE = "This desktop has no keyring that Bulkhead can use.";
    KEYRING_POSSIBLE = "Bulkhead asks for the passphrase at each start. Your desktop's keyring can open it instead, while you are logged in.";
    KEYRING_ON = "Your desktop's keyring opens your messages when you start Bulkhead. Once Bulkhead was locked, it asks for the passphrase or PIN before that works again.";
    KEYRING_LOST = "Your desktop's keyring does not answer. Your passphrase opens your messages.";
    KEYRING_ASKING = "Your desktop's keyring is being asked. It may show a window of its own; your passphrase works meanwhile.";
    KEYRING_SET = "Open without a passphrase…";
    KEYRING_CHANGE = "Ask for the passphrase again…";
    KEYRING_LEAD = "Bulkhead then opens without a passphrase when you start it while you are logged in to this desktop. Half of the key lies in your desktop's keyring, half in your profile: a copy of one alone opens nothing. Once you lock Bulkhead, or it locks by itself, it asks for your passphrase or PIN. The passphrase always works.";
    KEYRING_RISK = "What this does not protect against: whoever uses your desktop while you are logged in, and every program that runs as you, can open your messages. A thief of the switched-off computer needs your login password. If your keyring has no password, as with some automatic logins, a thief needs nothing.";
    PARTS = "Recovery with the help of contacts";
    PARTS_LEAD = "People you trust can each keep a part of a second recovery code. If you forget the passphrase, enough of them together give it back to you. One alone learns nothing, and no server has any part of it.";
    PARTS_NONE = "Nobody keeps a part.";
    PARTS_OPEN = "Choose contacts…";
    PARTS_MANAGE = "Look at the parts…";
    PARTS_WHO = "Who keeps a part";
    PARTS_CHOOSE = "Who is to keep a part? Choose 2 to 10 contacts.";
    PARTS_NEEDED = "How many of them are needed together?";
    PARTS_PICKED = "✓ Chosen";
    PARTS_PICK = "Choose";
    PARTS_GIVE = "Give the parts…";
    PARTS_WITHDRAW = "Withdraw the parts…";
    PARTS_NEW = "New parts take the place of those given before.";
    PARTS_NOBODY = "You need two contacts at least who have answered your invite.";
    PART_SENT = "On its way";
    PART_KEPT = "Keeps it";
    PART_FAILED = "Could not be sent: invite this contact again";
    PART_GIVEN = "Gave it to somebody who asked as you";
    PART_WITHDRAWN = "Withdrawn, not destroyed yet";
    PART_ASK_LABEL = "Your recovery";
    PART_ASK_HINT = "If this contact keeps a part of the recovery secret of a profile that you lost, ask for it here.";
    PART_ASK = "Ask for my part…";
    PART_ASKING = "You asked. Call or meet, so that they know it is you.";
    PART_ASKED = "Asks for a part of a recovery secret that you keep. Call or meet first, to know who this is.";
    PART_ANSWER = "Answer…";
    PARTS_SHOW = "Show the recovery code";
    QUESTION_TITLE = "Recovery";
    UPDATES = "Updates";
    UPDATES_LEAD = "Three independent parties have to sign a release before it is installed here.";
    UPDATES_OPEN = "Look at updates";
    UPDATE_READY = "An update is ready. It runs from the next start on.";
    UPDATE_LOOK = "Look at it";
    UPDATE_LATER = "Later";
    UPDATE_DETAILS = "Details for auditors";
    UPDATE_DETAILS_LEAD = "What was checked: digests, versions and keys, to compare with what others see.";
    KEYS = "Keyboard";
    KEYS_LIST = "Ctrl+N add contact  ·  Ctrl+K search  ·  Alt+↑ Alt+↓ change conversation  ·  Shift+↑ Shift+↓ choose a message, Enter for what to do with it  ·  Ctrl+L lock  ·  Ctrl+Q quit  ·  Tab and Enter for everything else";
    ABOUT = "About";
    TRY_AGAIN = "Try again";
    TO_RELAYS = "Open settings";
}

/// The about line.
pub fn about() -> String {
    format!(
        "{PRODUCT} {}. Free software under the AGPL 3.0. This window's layout is drawn by a process that can neither read your messages nor reach the network.",
        env!("CARGO_PKG_VERSION")
    )
}

/// The sentence of a notice.
pub fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::WrongPassphrase => {
            "That is not the passphrase. Check Caps Lock and the keyboard layout, then type it again."
        }
        Notice::PassphrasesDiffer => "The two passphrases differ. Type both again.",
        Notice::PassphraseTooShort => {
            "The passphrase is too short: use 8 characters or more. Four random words are easy to keep in mind and hard to guess."
        }
        Notice::StoreTooNew => {
            "A newer version of Bulkhead wrote these messages. Install that version, then start it again."
        }
        Notice::StoreDamaged => {
            "Some of what is stored cannot be read: the file is damaged, or the disk fails. Lock and unlock to save what can be read."
        }
        Notice::StoreNotWritable => {
            "Nothing can be saved: the disk is full or read-only. What you typed is still there. Make some room, then try again."
        }
        Notice::ProfileInUse => {
            "Another Bulkhead window has this profile open. Use that one, or close it and start again."
        }
        Notice::NetRestarted => {
            "The network part stopped and was started again. Nothing is lost, and there is nothing to do."
        }
        Notice::UiRestarted => {
            "The drawing part stopped and was started again. Nothing is lost, and there is nothing to do."
        }
        Notice::MessageTooLong => "This message is too long. Shorten it, or send it in parts.",
        Notice::BadRelay => "This address is not a relay that can be used. It has to look like wss://relay.example.org",
        Notice::LastRelay => "You need one relay at least. Add another before you remove this one.",
        Notice::TooManyRelays => "There is no room for more relays. Remove one first.",
        Notice::Copied => "The link is on the clipboard. Send it to one person, in a way that you trust.",
        Notice::Undecryptable => {
            "A message arrived that could not be opened. The keys are renewed by themselves, and what is missing comes again."
        }
        Notice::OlderCopy => {
            "This profile is an older copy: a contact, or this machine, has seen a newer one. All keys are being renewed. If it is in use on another computer too, stop one of them."
        }
        Notice::Moved => {
            "This profile was moved to another computer or folder, and goes on there. Here it can be deleted; for a new one, start Bulkhead with --profile and another name."
        }
        Notice::RestoreWaits => {
            "A backup is ready to be restored. Open it with the passphrase that the profile had when the backup was made."
        }
        Notice::Restored => {
            "The profile is as it was when the backup was made. Keys are being renewed: what you write waits until each contact's device has answered."
        }
        Notice::BackupDamaged => {
            "This file is not a whole backup: it was cut off or changed. Nothing was restored. Copy the file again, or use another one."
        }
        Notice::BackupInTheWay => {
            "There are messages in this profile's folder already. Nothing was restored: start Bulkhead with --profile and another name."
        }
        Notice::BackupWaits => "Open the profile again: right before it opens, the backup is made.",
        Notice::BackedUp => {
            "The backup is in the profile's folder, in a file that ends with .bulkhead-backup. Copy it to another disk; only today's passphrase opens it."
        }
        Notice::MoveDone => {
            "The profile is in the file that ends with .bulkhead-backup in its folder, and closed here for ever. Take that file along, start Bulkhead there with --restore, and delete no copy of it before that has worked."
        }
        Notice::Refused => "A contact's relays refuse your messages. They stay here and are sent again by themselves.",
        Notice::WrongOften => {
            "That is not the passphrase either. Nothing is lost, but each further attempt takes longer. If you wrote down a recovery code, use that."
        }
        Notice::PassphraseChanged => "The passphrase is changed. From now on only the new one opens your messages.",
        Notice::NotARecoveryCode => {
            "This is not a whole recovery code. It has 14 groups of 4 characters: compare each with what you wrote down."
        }
        Notice::WrongRecoveryCode => {
            "This code does not open this profile. It may be an older one: only the newest code counts."
        }
        Notice::RecoverySet => "The recovery code counts from now on. Keep the paper away from this computer.",
        Notice::RecoveryCopied => {
            "The recovery code is on the clipboard, where other programs can read it. Put it away, then copy something else."
        }
        Notice::KeyFileMended => {
            "The profile's key file was damaged or changed from outside, and was repaired. Only the way by which you came in is left: change the passphrase, make a new recovery code, and give contacts new parts if they had any."
        }
        Notice::LockedByItself => {
            "Locked, because this window was not used for a while or the computer slept. New messages wait at the relays."
        }
        Notice::NameMissing => "The name is empty. Type one first.",
        Notice::KeyDamaged => {
            "The file profile.key is damaged. Without it nobody can read these messages: put it back from a backup."
        }
        Notice::Saving => "Saving what can be read. This can take some minutes.",
        Notice::Saved => {
            "Saved what could be read. What is not there is lost here: ask your contacts. Those marked with lost keys have to be invited again."
        }
        Notice::WrongPin => {
            "That is not the PIN. The line at the bottom says how many wrong ones the TPM chip still takes. Your passphrase always works."
        }
        Notice::PinTooShort => "The PIN is too short: use 6 digits or letters, or more.",
        Notice::PinUnguarded => {
            "This PIN is too short for this computer: its TPM chip has no lockout password, so whoever has the computer can try one PIN after the other. Use 10 digits or letters, or more."
        }
        Notice::PinsDiffer => "The two PINs differ. Type the second again.",
        Notice::PinSet => "The PIN counts from now on. Keep your passphrase in mind: it works without this computer.",
        Notice::PinRemoved => "The PIN is removed. Your passphrase opens your messages.",
        Notice::PinResting => {
            "There were too many wrong PINs, and the TPM chip takes none for a while. Nothing is lost: use your passphrase."
        }
        Notice::PinUseless => {
            "The TPM chip does not know this PIN any more: it was cleared or replaced, or the file profile.key was changed. Use your passphrase, then set the PIN anew in the settings."
        }
        Notice::TpmFailing => {
            "The TPM chip does not answer, or its owner locked it. Nothing is lost: use your passphrase."
        }
        Notice::KeyringOn => {
            "From now on Bulkhead opens without the passphrase when you start it. Keep the passphrase in mind: once Bulkhead was locked, it asks for it."
        }
        Notice::KeyringOff => "Your desktop's keyring opens Bulkhead no more. Your passphrase does.",
        Notice::KeyringLocked => {
            "Your desktop's keyring is locked, or its window still waits for an answer. Nothing is lost: your passphrase opens your messages."
        }
        Notice::KeyringUseless => {
            "Your desktop's keyring no longer has what opens this profile: it was removed or replaced, or the file profile.key was changed. Nothing is lost: use your passphrase."
        }
        Notice::KeyringFailing => {
            "Your desktop's keyring does not answer, or has no place for new secrets. Nothing is lost: use your passphrase."
        }
        Notice::KeyringNotKept => {
            "Your desktop's keyring did not take what opens Bulkhead. The next start asks for your passphrase once more."
        }
        Notice::PartsSent => {
            "The parts are on their way. Each contact's device says when it has stored its part: see Settings."
        }
        Notice::PartsWithdrawn => "The parts are withdrawn: they open nothing any more.",
        Notice::TooFewKeepers => {
            "Choose 2 to 10 contacts who have answered your invite; at least 2 of them must be needed."
        }
        Notice::PartsComplete => "Enough parts are there to make the recovery code of your old profile.",
        Notice::PartGivenAway => {
            "A contact gave the part of your recovery secret to somebody who asked for it as you. If that was not you, withdraw the parts in Settings, and call the contact."
        }
        Notice::KeysLost => {
            "Your keys for this contact were lost with a part of the store. Add the contact anew, with an invite; what was written stays."
        }
        Notice::ClockLeapt => {
            "This computer's clock is more than a month ahead of when Bulkhead last ran. If that is wrong, set it right within the hour: until then no disappearing message is erased for it."
        }
        Notice::NotErased => {
            "The key is destroyed, so nothing can be read any more, but some files could not be removed. Delete the profile folder by hand."
        }
    }
}

/// How many parts are needed.
pub fn needed(needed: u8, of: usize) -> String {
    format!("{needed} of {of} are needed together.")
}

/// How many parts of a lost profile's secret contacts gave.
pub fn gathered(have: u8, needed: u8) -> String {
    if have >= needed {
        format!(
            "{have} of {needed} parts of your old profile's recovery secret are here, but they do not fit together: one is wrong. Ask one more contact."
        )
    } else {
        format!("{have} of {needed} parts of your old profile's recovery secret are here.")
    }
}

/// How far a part got that was given to a contact.
pub const fn part(state: PartState) -> &'static str {
    match state {
        PartState::Sent => PART_SENT,
        PartState::Kept => PART_KEPT,
        PartState::Failed => PART_FAILED,
        PartState::GivenAway => PART_GIVEN,
        PartState::Withdrawn => PART_WITHDRAWN,
    }
}

/// What stands below the field of a pasted invite.
pub fn accept(accept: Accept) -> Option<&'static str> {
    Some(match accept {
        Accept::Idle => return None,
        Accept::Fetching => "Fetching the invite from its relays…",
        Accept::Done { .. } => "Done: you have a new contact.",
        Accept::NotAnInvite => "This is not a whole invite link. Copy it again, from bulkhead:// to its end.",
        Accept::TooNew => "This invite is from a newer version. Update Bulkhead, then paste it again.",
        Accept::Expired => "This invite is past its 7 days. Ask for a new one.",
        Accept::Used => {
            "This invite was used or withdrawn. Ask for a new one; if you have not used it, somebody else has."
        }
        Accept::Tampered => "This invite was changed on its way. Do not use it: ask for a new one over another way.",
        Accept::Own => "This is your own invite. Send it to the person whom you want to add.",
        Accept::Unreachable => "None of the invite's relays can be reached. Check your connection and try again.",
    })
}

/// The footer's sentence.
pub fn connection(connection: Connection) -> String {
    match connection {
        Connection::None => "No relay: add one in Settings".into(),
        Connection::Online { connected: 1, of: 1 } => "Connected to your relay".into(),
        Connection::Online { connected, of } if connected == of => format!("Connected to all {of} relays"),
        Connection::Online { connected, of } => format!("Connected to {connected} of {of} relays"),
        Connection::Connecting => "Connecting…".into(),
        Connection::Offline(Some(Trouble::Proxy)) => "Offline: the proxy does not answer".into(),
        Connection::Offline(_) => "Offline: no relay answers".into(),
    }
}

/// A relay's state, and what to do about it.
pub fn relay(state: RelayState) -> &'static str {
    match state {
        RelayState::Connecting => "Connecting…",
        RelayState::Online => "Connected",
        RelayState::Offline(Trouble::Unreachable) => "Cannot be reached. Check the address and your connection.",
        RelayState::Offline(Trouble::Certificate) => {
            "Its certificate is not trusted: somebody may pose as this relay. Use another one."
        }
        RelayState::Offline(Trouble::Misbehaving) => "Does not keep to the protocol. Use another one.",
        RelayState::Offline(Trouble::Closed) => "Closed the connection. Bulkhead tries again by itself.",
        RelayState::Offline(Trouble::Proxy) => {
            "The proxy does not answer. Start it (for example Tor), then connect again."
        }
        RelayState::Offline(Trouble::Address) => "Bulkhead may not connect to this address. Remove it.",
    }
}

/// A timer as a length of time; `None` if what is written stays.
pub fn timer(seconds: u32) -> Option<String> {
    Some(match seconds {
        0 => return None,
        3_600 => TIMER_HOUR.into(),
        86_400 => TIMER_DAY.into(),
        604_800 => TIMER_WEEK.into(),
        2_419_200 => TIMER_MONTH.into(),
        // Another program's choice.
        _ if seconds.is_multiple_of(86_400) => format!("{} days", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} hours", seconds / 3_600),
        _ => format!("{} minutes", seconds / 60),
    })
}

/// How it stands with updates, in a few words.
pub const fn update(kind: Kind) -> &'static str {
    match kind {
        Kind::Off => "Not updated from here",
        Kind::Checking => "Looking for updates…",
        Kind::UpToDate => "Up to date",
        Kind::Fetching => "An update is on its way",
        Kind::Trying => "Trying the update…",
        Kind::Ready => "An update is ready",
        Kind::Waiting => "A release waits for signatures",
        Kind::Frozen => "Kept from updates",
        Kind::Forked => "Do not update",
        Kind::Revoked => "A revoked key was used",
        Kind::Expired => "Perhaps kept from updates",
        Kind::Refused => "An update was refused",
        Kind::NeedsMore => "The update does not run here",
        Kind::RolledBack => "The update was taken back",
        Kind::Unreachable => "No mirror answers",
    }
}

/// What the button says, if there is something to wish.
pub const fn update_wish(kind: Kind) -> Option<&'static str> {
    Some(match kind.wish() {
        Some(Wish::Check) => "Check now",
        Some(Wish::Restart) => "Restart and update",
        Some(Wish::ExportProof) => "Save the proof",
        None => return None,
    })
}

/// The number on a badge.
pub fn unread(count: u32) -> String {
    if count > 99 { "99+".into() } else { count.to_string() }
}
