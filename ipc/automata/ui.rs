//! vault ↔ ui: the pixels line and the intent line.

use super::{ANY, CONDEMNED, GREETED, OPEN, SILENT, life, row};
use crate::automaton::{Automaton, Carries, Else, Ledger, OnLine, Pace, Row, Side, State, Step, Token, Word};
use crate::{intent, pixels, post};
use Carries::{Choice, Geometry, Number};
use Else::{Ignored, Illegal};
use Side::{Peer, Vault};
use std::borrow::Cow;

const PIXELS: usize = 0;
const INTENT: usize = 1;

const PIXELS_LIFE: usize = 0;
const INTENT_LIFE: usize = 1;
const GEOMETRY: usize = 2;
const BUFFERS: usize = 3;
const SLOTS: usize = 4;
const PHASE: usize = 5;
const CONTACTS: usize = 6;
const RELAYS: usize = 7;

const STATES: &[State] = &[
    State { name: "Silent", deaf: Some(Peer), why: "Nothing was said. What ui hears was meant for a predecessor." },
    State { name: "Greeted", deaf: Some(Peer), why: "ui said Hello." },
    State { name: "Open", deaf: None, why: "Both know whom they talk to." },
    State {
        name: "Condemned",
        deaf: Some(Vault),
        why: "ui broke a rule: it is being restarted, and not believed until it has been.",
    },
];

const LEDGERS: &[Ledger] = &[
    Ledger { name: "life on pixels", holds: "the life that said Hello", at_most: 1, each: 1 },
    Ledger { name: "life on intent", holds: "the life that said Hello", at_most: 1, each: 1 },
    Ledger { name: "geometry", holds: "the newest geometry's number", at_most: 1, each: 1 },
    Ledger { name: "buffers", holds: "a buffer that the vault reads", at_most: 2, each: 1 },
    Ledger { name: "slots", holds: "that this geometry has slots", at_most: 1, each: 1 },
    Ledger { name: "phase", holds: "the phase that ui was told", at_most: 1, each: 1 },
    Ledger { name: "contacts", holds: "a contact's handle", at_most: intent::MAX_CONTACTS + 64, each: 1 },
    Ledger { name: "relays", holds: "a relay's number", at_most: post::MAX_RELAYS, each: 1 },
];

const fn told(says: &'static str, does: &'static [Step], carries: &'static [Carries]) -> Row {
    row(INTENT, &[OPEN], Vault, says, does, OPEN, carries)
}

const fn meant(says: &'static str, does: &'static [Step], carries: &'static [Carries]) -> Row {
    row(INTENT, &[OPEN], Peer, says, does, OPEN, carries)
}

/// Only in the phase that the word belongs to. ui may not have heard yet that it changed.
const IN_PHASE: &[Step] = &[Step::Need(PHASE, Ignored)];
const OF_CONTACT: &[Step] = &[Step::Need(PHASE, Ignored), Step::Need(CONTACTS, Ignored)];
/// What belongs to an open vault is told by an open vault only.
const IF_OPEN: &[Step] = &[Step::Need(PHASE, Illegal)];

const ROWS: &[Row] = &[
    row(
        PIXELS,
        ANY,
        Peer,
        "Hello",
        &[Step::Fill(PIXELS_LIFE), Step::Clear(GEOMETRY), Step::Clear(BUFFERS), Step::Clear(SLOTS)],
        GREETED,
        &[Number],
    ),
    row(PIXELS, &[GREETED], Vault, "Welcome", &[Step::Need(PIXELS_LIFE, Ignored)], OPEN, &[Number]),
    row(
        PIXELS,
        &[OPEN],
        Vault,
        "Configure",
        &[Step::Fill(GEOMETRY), Step::Clear(BUFFERS), Step::Clear(SLOTS)],
        OPEN,
        &[Geometry, Choice, Number],
    ),
    row(PIXELS, &[OPEN], Vault, "Release", &[Step::Take(BUFFERS, Illegal)], OPEN, &[Number]),
    row(
        PIXELS,
        &[OPEN],
        Peer,
        "Frame",
        &[Step::Need(GEOMETRY, Ignored), Step::Put(BUFFERS, Illegal), Step::Fill(SLOTS)],
        OPEN,
        &[Geometry, Choice, Number],
    ),
    row(
        PIXELS,
        &[OPEN],
        Peer,
        "Frame with the same slots",
        &[Step::Need(GEOMETRY, Ignored), Step::Need(SLOTS, Illegal), Step::Put(BUFFERS, Illegal)],
        OPEN,
        &[Geometry, Choice, Number],
    ),
    row(
        INTENT,
        ANY,
        Peer,
        "Hello",
        &[Step::Fill(INTENT_LIFE), Step::Clear(PHASE), Step::Clear(CONTACTS), Step::Clear(RELAYS)],
        GREETED,
        &[Number],
    ),
    row(INTENT, &[GREETED], Vault, "Welcome", &[Step::Need(INTENT_LIFE, Ignored)], OPEN, &[Number]),
    told("Phase", &[Step::Fill(PHASE)], &[Choice]),
    told("Contacts", &[Step::Need(PHASE, Illegal), Step::Fill(CONTACTS)], &[Number, Choice]),
    told("Relays", &[Step::Need(PHASE, Illegal), Step::Fill(RELAYS)], &[Number, Choice]),
    told("Invite", IF_OPEN, &[Choice, Number]),
    told("Accept", IF_OPEN, &[Choice, Number]),
    told("Searching", IF_OPEN, &[Choice]),
    told("Focus", &[], &[Choice, Number]),
    told("Show", &[Step::Need(PHASE, Illegal), Step::Add(CONTACTS)], &[Number]),
    told("Notice", &[], &[Choice]),
    told("Recovery", IF_OPEN, &[Choice]),
    told("Timers", IF_OPEN, &[Number]),
    told("Pin", &[], &[Choice]),
    told("Keyring", &[], &[Choice]),
    told("Shares", IF_OPEN, &[Number, Choice]),
    told("Update", &[], &[Number, Choice]),
    told("Command", &[], &[Choice]),
    told("Pointer", &[], &[Geometry]),
    meant("Open", OF_CONTACT, &[Number]),
    meant("Focus", &[], &[Choice, Number]),
    meant("Create", IN_PHASE, &[]),
    meant("Unlock", IN_PHASE, &[]),
    meant("Lock", IN_PHASE, &[]),
    meant("Invite", IN_PHASE, &[]),
    meant("CopyInvite", IN_PHASE, &[]),
    meant("Accept", IN_PHASE, &[]),
    meant("Rename", OF_CONTACT, &[Number]),
    meant("Verified", OF_CONTACT, &[Number, Choice]),
    meant("Timer", OF_CONTACT, &[Number]),
    meant("SaveName", IN_PHASE, &[]),
    meant("AddRelay", IN_PHASE, &[]),
    meant("RemoveRelay", &[Step::Need(PHASE, Ignored), Step::Need(RELAYS, Ignored)], &[Number]),
    meant("Reconnect", IN_PHASE, &[]),
    meant("Theme", &[], &[Choice]),
    meant("Newest", IN_PHASE, &[]),
    meant("EndSearch", IN_PHASE, &[]),
    meant("Dismiss", &[], &[]),
    meant("ChangePassphrase", IN_PHASE, &[]),
    meant("NewRecovery", IN_PHASE, &[]),
    meant("Recover", IN_PHASE, &[]),
    meant("Salvage", IN_PHASE, &[]),
    meant("BackUp", IN_PHASE, &[]),
    meant("UnlockPin", IN_PHASE, &[]),
    meant("SetPin", IN_PHASE, &[]),
    meant("RemovePin", IN_PHASE, &[]),
    meant("ChooseKeepers", IN_PHASE, &[Choice]),
    meant("PickKeeper", OF_CONTACT, &[Number]),
    meant("NeedParts", IN_PHASE, &[Number]),
    meant("GiveParts", IN_PHASE, &[]),
    meant("WithdrawParts", IN_PHASE, &[]),
    meant("AskPart", OF_CONTACT, &[Number]),
    meant("AnswerPart", OF_CONTACT, &[Number]),
    meant("ShowParts", IN_PHASE, &[]),
    meant("Wish", IN_PHASE, &[Choice]),
];

/// The last one is above what a held key repeats at, two intents a time.
const PACES: &[Pace] = &[
    Pace { who: Peer, line: PIXELS, says: Some("Hello"), burst: 20, refill_ms: 3_000 },
    Pace { who: Peer, line: INTENT, says: Some("Hello"), burst: 20, refill_ms: 3_000 },
    Pace { who: Peer, line: INTENT, says: None, burst: 120, refill_ms: 5 },
];

/// The table.
pub static UI: Automaton = Automaton {
    peer: "ui",
    lines: &["pixels", "intent"],
    states: Cow::Borrowed(STATES),
    ledgers: Cow::Borrowed(LEDGERS),
    rows: Cow::Borrowed(ROWS),
    paces: Cow::Borrowed(PACES),
    uses: Cow::Borrowed(&[]),
    begins: SILENT,
    condemned: CONDEMNED,
};

const fn phase(phase: intent::Phase) -> Token {
    Token::number(match phase {
        intent::Phase::Setup => 1,
        intent::Phase::Locked => 2,
        intent::Phase::Unlocking => 3,
        intent::Phase::Open => 4,
        intent::Phase::Broken => 5,
    })
}

fn number(handle: u32) -> Token {
    Token::number(u64::from(handle))
}

impl OnLine for pixels::ToUi {
    const LINE: usize = PIXELS;
    const SIDE: Side = Vault;
}

impl Word for pixels::ToUi {
    fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "Welcome",
            Self::Configure { .. } => "Configure",
            Self::Release { .. } => "Release",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Welcome { life: number, .. }, PIXELS_LIFE) => life(*number, give),
            (Self::Configure { serial, .. }, GEOMETRY) => give(number(*serial)),
            (Self::Release { buffer }, BUFFERS) => give(number(u32::from(*buffer))),
            _ => {}
        }
    }

    fn descriptors(&self) -> usize {
        usize::from(matches!(self, Self::Configure { memory: true, .. }))
    }
}

impl OnLine for pixels::FromUi {
    const LINE: usize = PIXELS;
    const SIDE: Side = Peer;
}

impl Word for pixels::FromUi {
    fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "Hello",
            Self::Frame { slots: Some(_), .. } => "Frame",
            Self::Frame { slots: None, .. } => "Frame with the same slots",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Hello { life: number, .. }, PIXELS_LIFE) => life(*number, give),
            (Self::Frame { serial, .. }, GEOMETRY) => give(number(*serial)),
            (Self::Frame { buffer, .. }, BUFFERS) => give(number(u32::from(*buffer))),
            (Self::Frame { .. }, SLOTS) => give(Token::number(1)),
            _ => {}
        }
    }
}

impl OnLine for intent::ToUi {
    const LINE: usize = INTENT;
    const SIDE: Side = Vault;
}

impl Word for intent::ToUi {
    fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "Welcome",
            Self::Phase(_) => "Phase",
            Self::Contacts(_) => "Contacts",
            Self::Relays(_) => "Relays",
            Self::Invite(_) => "Invite",
            Self::Accept(_) => "Accept",
            Self::Searching(_) => "Searching",
            Self::Focus(_) => "Focus",
            Self::Show(_) => "Show",
            Self::Notice(_) => "Notice",
            Self::Recovery(_) => "Recovery",
            Self::Timers(_) => "Timers",
            Self::Pin(_) => "Pin",
            Self::Keyring(_) => "Keyring",
            Self::Shares(_) => "Shares",
            Self::Update(_) => "Update",
            Self::Command(_) => "Command",
            Self::Pointer(_) => "Pointer",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        use intent::{Accept, Invite, Phase, Recovery};
        match (self, ledger) {
            (Self::Welcome { life: number, .. }, INTENT_LIFE) => life(*number, give),
            (Self::Phase(told), PHASE) => give(phase(*told)),
            // Empty lists and resting states say nothing about anybody: they are told in every phase.
            (Self::Invite(Invite::None) | Self::Accept(Accept::Idle) | Self::Searching(false), PHASE) => {}
            (Self::Recovery(Recovery::None), PHASE) => {}
            (Self::Shares(shares), PHASE) if *shares == intent::Shares::default() => {}
            (Self::Contacts(list), PHASE) if list.is_empty() => {}
            (Self::Timers(list), PHASE) if list.is_empty() => {}
            (Self::Relays(list), PHASE) if list.is_empty() => {}
            (_, PHASE) => give(phase(Phase::Open)),
            (Self::Contacts(list), CONTACTS) => list.iter().for_each(|contact| give(number(contact.handle))),
            (Self::Show(handle), CONTACTS) => give(number(*handle)),
            (Self::Relays(list), RELAYS) => list.iter().for_each(|relay| give(number(u32::from(relay.id)))),
            _ => {}
        }
    }
}

impl OnLine for intent::FromUi {
    const LINE: usize = INTENT;
    const SIDE: Side = Peer;
}

impl Word for intent::FromUi {
    fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "Hello",
            Self::Open(_) => "Open",
            Self::Focus(_) => "Focus",
            Self::Create => "Create",
            Self::Unlock => "Unlock",
            Self::Lock => "Lock",
            Self::Invite => "Invite",
            Self::CopyInvite => "CopyInvite",
            Self::Accept => "Accept",
            Self::Rename(_) => "Rename",
            Self::Verified { .. } => "Verified",
            Self::Timer { .. } => "Timer",
            Self::SaveName => "SaveName",
            Self::AddRelay => "AddRelay",
            Self::RemoveRelay(_) => "RemoveRelay",
            Self::Reconnect => "Reconnect",
            Self::Theme(_) => "Theme",
            Self::Newest => "Newest",
            Self::EndSearch => "EndSearch",
            Self::Dismiss => "Dismiss",
            Self::ChangePassphrase => "ChangePassphrase",
            Self::NewRecovery => "NewRecovery",
            Self::Recover => "Recover",
            Self::Salvage => "Salvage",
            Self::UnlockPin => "UnlockPin",
            Self::SetPin => "SetPin",
            Self::BackUp => "BackUp",
            Self::RemovePin => "RemovePin",
            Self::ChooseKeepers(_) => "ChooseKeepers",
            Self::PickKeeper(_) => "PickKeeper",
            Self::NeedParts(_) => "NeedParts",
            Self::GiveParts => "GiveParts",
            Self::WithdrawParts => "WithdrawParts",
            Self::AskPart(_) => "AskPart",
            Self::AnswerPart(_) => "AnswerPart",
            Self::ShowParts => "ShowParts",
            Self::Wish(_) => "Wish",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        use intent::Phase;
        match (self, ledger) {
            (Self::Hello { life: number, .. }, INTENT_LIFE) => life(*number, give),
            (Self::Create, PHASE) => give(phase(Phase::Setup)),
            (Self::Unlock | Self::UnlockPin | Self::Recover, PHASE) => give(phase(Phase::Locked)),
            (Self::Salvage, PHASE) => give(phase(Phase::Broken)),
            // Nothing is on screen: true in every phase.
            (Self::Open(None), PHASE) => {}
            (_, PHASE) => give(phase(Phase::Open)),
            (
                Self::Open(Some(handle))
                | Self::Rename(handle)
                | Self::Verified { handle, .. }
                | Self::Timer { handle, .. },
                CONTACTS,
            ) => give(number(*handle)),
            (Self::PickKeeper(handle) | Self::AskPart(handle) | Self::AnswerPart(handle), CONTACTS) => {
                give(number(*handle));
            }
            (Self::RemoveRelay(id), RELAYS) => give(number(u32::from(*id))),
            _ => {}
        }
    }
}
