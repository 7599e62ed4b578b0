//! Messages built from a script's bytes, of few different values: so that they meet again.

use bulkhead_ipc::automaton::{Automaton, Side, Word};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::{VERSION, control, intent, pixels, post, sign, update};
use std::rc::Rc;

/// The bytes that are still to be read, and the numbers that honest ends never give twice.
pub struct Script<'a> {
    bytes: std::slice::Iter<'a, u8>,
    life: u32,
    serial: u32,
}

impl<'a> Script<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), life: 1, serial: 0 }
    }

    pub fn is_over(&self) -> bool {
        self.bytes.len() == 0
    }

    /// The next byte, 0 at the end.
    pub fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    /// The peer was started again.
    pub fn next_life(&mut self) {
        self.life += 1;
    }

    fn few(&mut self) -> u8 {
        self.byte() % 4
    }

    fn key(&mut self) -> Bytes32 {
        Bytes([self.few(); 32])
    }

    /// Up to seven numbers, in a row or the same one.
    fn numbers(&mut self) -> impl Iterator<Item = u8> + use<> {
        let byte = self.byte();
        let (first, step) = (byte % 4, byte >> 2 & 1);
        (0..byte >> 3 & 7).map(move |n| first + n * step)
    }
}

/// Anything that this side can say on any line of the table.
pub fn word(table: &Automaton, side: Side, script: &mut Script<'_>) -> Rc<dyn Word> {
    let life = script.byte() % 3;
    let version = if life == 0 { 1 } else { VERSION };
    let serial = u32::from(script.few());
    build(table, side, script, (life > 0).then(|| life.into()), version, serial)
}

/// What a process says that was written with care: its own life, and a new number for each new geometry.
pub fn honest(table: &Automaton, side: Side, script: &mut Script<'_>) -> Rc<dyn Word> {
    let (life, newest) = (Some(script.life), script.serial);
    let word = build(table, side, script, life, VERSION, newest);
    if word.name() == "Configure" {
        script.serial += 1;
    }
    word
}

fn build(
    table: &Automaton,
    side: Side,
    script: &mut Script<'_>,
    life: Option<u32>,
    version: u16,
    serial: u32,
) -> Rc<dyn Word> {
    match (table.peer, side) {
        ("net", Side::Vault) => to_net(script, life, version),
        ("net", Side::Peer) => from_net(script, life, version),
        ("ui", Side::Vault) => to_ui(script, life, version, serial),
        ("ui", Side::Peer) => from_ui(script, life, version, serial),
        (_, Side::Vault) if script.few() > 0 => Rc::new(control::ToLauncher::Wish(update::Wish::Check)),
        (_, Side::Vault) => Rc::new(control::ToLauncher::Restart(control::Peer::Net)),
        _ => match script.byte() % 8 {
            0 => Rc::new(control::FromLauncher::Quit),
            1..4 => Rc::new(control::FromLauncher::Restarting { peer: control::Peer::Net, life: Some(3), delay: 1 }),
            _ => Rc::new(control::FromLauncher::Notice(Box::new(update::Notice {
                status: update::Status::Off,
                checked: None,
                details: update::Words::cut(""),
            }))),
        },
    }
}

fn event() -> post::Event {
    let (id, sig, pubkey) = (Bytes([0; 32]), Bytes([0; 64]), Bytes([0; 32]));
    post::Event { id, sig, kind: 1059, tags: vec![], pubkey, content: String::new(), created_at: 0 }
}

fn to_net(script: &mut Script<'_>, life: Option<u32>, version: u16) -> Rc<dyn Word> {
    let event = || Box::new(event());
    let relays = |script: &mut Script<'_>| script.numbers().map(u16::from).collect::<Vec<_>>();
    let kind = script.byte() % 9;
    match kind {
        0 => Rc::new(post::ToNet::Welcome { life, version }),
        1 => {
            let relay = |id| post::Relay { id, url: String::new() };
            Rc::new(post::ToNet::Relays(relays(script).into_iter().map(relay).collect()))
        }
        2 => Rc::new(post::ToNet::Watch(post::Watch { since: 0, relays: relays(script), mailbox: script.key() })),
        3 => Rc::new(post::ToNet::Unwatch(script.key())),
        4 => {
            let (job, circuit) = (script.few().into(), script.key());
            Rc::new(post::ToNet::Publish { job, event: event(), relays: relays(script), circuit })
        }
        5 => Rc::new(post::ToNet::Reconnect),
        6 => Rc::new(sign::ToNet::Welcome { life, version }),
        7 => Rc::new(sign::ToNet::Signed { event: event(), relay: script.few().into(), mailbox: script.key() }),
        _ => Rc::new(sign::ToNet::Denied { relay: script.few().into(), mailbox: script.key() }),
    }
}

fn from_net(script: &mut Script<'_>, life: Option<u32>, version: u16) -> Rc<dyn Word> {
    let kind = script.byte() % 7;
    match kind {
        0 => Rc::new(post::FromNet::Hello { life, version }),
        1 => Rc::new(post::FromNet::Relay { id: script.few().into(), state: post::RelayState::Online }),
        2 => {
            let delivery = |relay| post::Delivery { event: event(), relay: u16::from(relay) };
            Rc::new(post::FromNet::Events(script.numbers().map(delivery).collect()))
        }
        3 => Rc::new(post::FromNet::Stored { relay: script.few().into(), mailbox: script.key() }),
        4 => {
            let (job, relay, verdict) = (script.few().into(), script.few().into(), post::Verdict::Lost);
            Rc::new(post::FromNet::Ack { job, relay, verdict })
        }
        5 => Rc::new(sign::FromNet::Hello { life, version }),
        _ => {
            let (relay, mailbox) = (script.few().into(), script.key());
            Rc::new(sign::FromNet::Ask { relay, mailbox, challenge: String::new() })
        }
    }
}

fn to_ui(script: &mut Script<'_>, life: Option<u32>, version: u16, serial: u32) -> Rc<dyn Word> {
    use intent::{Accept, Invite, Phase, ToUi};
    let theme = pixels::Theme::Dark;
    let kind = script.byte() % 21;
    Rc::new(match kind {
        0 => return Rc::new(pixels::ToUi::Welcome { life, version }),
        1 => {
            let memory = script.few() > 0;
            let (serial, edge, capacity) = (serial.wrapping_add(1), 1, 4);
            return Rc::new(pixels::ToUi::Configure {
                scale: pixels::SCALE_UNIT,
                theme,
                width: edge,
                height: edge,
                memory,
                serial,
                capacity,
            });
        }
        2 => return Rc::new(pixels::ToUi::Release { buffer: script.byte() % 2 }),
        3 => ToUi::Welcome { life, version },
        4 => ToUi::Phase(match script.byte() % 5 {
            0 => Phase::Setup,
            1 => Phase::Locked,
            2 => Phase::Unlocking,
            3 => Phase::Broken,
            _ => Phase::Open,
        }),
        5 => {
            let contact =
                |handle: u8| intent::Contact { handle: handle.into(), unread: 0, waiting: false, verified: false };
            ToUi::Contacts(script.numbers().map(contact).collect())
        }
        6 => {
            let relay = |id: u8| intent::Relay { id: id.into(), own: true, state: post::RelayState::Online };
            ToUi::Relays(script.numbers().map(relay).collect())
        }
        7 => ToUi::Invite(if script.few() > 0 { Invite::Ready } else { Invite::None }),
        8 => ToUi::Accept(if script.few() > 0 { Accept::Own } else { Accept::Idle }),
        9 => ToUi::Searching(script.few() > 0),
        10 => ToUi::Focus(None),
        11 => ToUi::Show(script.few().into()),
        12 => ToUi::Notice(None),
        13 => ToUi::Command(intent::Command::Up),
        14 => ToUi::Recovery(intent::Recovery::Offered),
        15 => {
            let timer = |handle: u8| intent::Timer { handle: handle.into(), seconds: 60 };
            ToUi::Timers(script.numbers().map(timer).collect())
        }
        16 => ToUi::Shares(intent::Shares { needed: script.few(), ..intent::Shares::default() }),
        17 => ToUi::Pin(intent::Pin::Possible),
        18 => ToUi::Keyring(intent::Keyring::Possible),
        19 => ToUi::Update(update::Glimpse { done: 0, kind: update::Kind::Off }),
        _ => ToUi::Pointer(intent::Pointer::Left),
    })
}

fn from_ui(script: &mut Script<'_>, life: Option<u32>, version: u16, serial: u32) -> Rc<dyn Word> {
    use intent::FromUi;
    let kind = script.byte() % 42;
    Rc::new(match kind {
        0 => return Rc::new(pixels::FromUi::Hello { life, version }),
        1..5 => {
            let slots = (script.few() > 0).then(Vec::new);
            // ui paints for the newest geometry that it heard of, which may not be the vault's newest.
            let serial = serial.saturating_sub((script.few() / 3).into());
            let (buffer, cursor, damage) = (script.byte() % 2, pixels::Cursor::Arrow, vec![]);
            return Rc::new(pixels::FromUi::Frame { slots, buffer, cursor, damage, serial });
        }
        5 => FromUi::Hello { life, version },
        6 => FromUi::Open(match script.few() {
            0 => None,
            handle => Some(handle.into()),
        }),
        7 => FromUi::Focus(None),
        8 => FromUi::Create,
        9 => FromUi::Unlock,
        10 => FromUi::Lock,
        11 => FromUi::Invite,
        12 => FromUi::CopyInvite,
        13 => FromUi::Accept,
        14 => FromUi::Rename(script.few().into()),
        15 => FromUi::Verified { handle: script.few().into(), verified: true },
        16 => FromUi::SaveName,
        17 => FromUi::AddRelay,
        18 => FromUi::RemoveRelay(script.few().into()),
        19 => FromUi::Reconnect,
        20 => FromUi::Theme(pixels::Theme::Light),
        21 => FromUi::Newest,
        22 => FromUi::EndSearch,
        23 => FromUi::Dismiss,
        24 => FromUi::ChangePassphrase,
        25 => FromUi::NewRecovery,
        26 => FromUi::Salvage,
        27 => FromUi::Timer { handle: script.few().into(), seconds: 60 },
        35 => FromUi::ChooseKeepers(script.few() > 0),
        28 => FromUi::PickKeeper(script.few().into()),
        29 => FromUi::NeedParts(script.few()),
        30 => FromUi::GiveParts,
        31 => FromUi::WithdrawParts,
        32 => FromUi::AskPart(script.few().into()),
        33 => FromUi::AnswerPart(script.few().into()),
        34 => FromUi::ShowParts,
        36 => FromUi::BackUp,
        37 => FromUi::UnlockPin,
        38 => FromUi::SetPin,
        39 => FromUi::RemovePin,
        40 => FromUi::Wish(update::Wish::Check),
        _ => FromUi::Recover,
    })
}
