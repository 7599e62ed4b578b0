//! The culprits: what each life of a process does wrong, and what the vault is to say of it.

use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::line::inherit;
use bulkhead_ipc::pixels::{Cursor, Rect};
use bulkhead_ipc::post::{FromNet, RelayState, Verdict};
use bulkhead_ipc::{MAX_PACKET, Message, VERSION, cbor, descriptors as fd, intent, pixels, sign};
use bulkhead_rules::require_sandbox;
use nix::sys::socket::{ControlMessage, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::process::exit;

/// Both lines of a process, as they are: without a monitor.
pub struct Ends {
    first: OwnedFd,
    second: OwnedFd,
    life: u32,
}

impl Ends {
    fn take(first: RawFd, second: RawFd) -> Self {
        require_sandbox();
        let life = std::env::args().skip_while(|argument| argument != "--life").nth(1).expect("a life");
        let (first, second) = (inherit(first).expect("a line"), inherit(second).expect("a line"));
        Self { first, second, life: life.parse().expect("a number") }
    }
}

/// By `sendmsg` and `recvmsg`, the calls that both processes' rules allow.
fn raw(line: &OwnedFd, packet: &[u8]) {
    let _ = sendmsg::<()>(line.as_raw_fd(), &[IoSlice::new(packet)], &[], MsgFlags::MSG_NOSIGNAL, None);
}

/// The next packet's length; 0 when the line has ended.
fn take(line: &OwnedFd, packet: &mut [u8]) -> usize {
    recvmsg::<()>(line.as_raw_fd(), &mut [IoSliceMut::new(packet)], None, MsgFlags::empty()).map_or(0, |got| got.bytes)
}

fn say<M: Message>(line: &OwnedFd, message: &M) {
    raw(line, &cbor::encode(message).expect("a message within its bounds"));
}

/// Waits for a packet, whatever it is.
fn hear(line: &OwnedFd) {
    take(line, &mut vec![0; MAX_PACKET]);
}

/// Reads on until it is killed.
fn wait_for_the_end(line: &OwnedFd) -> ! {
    while take(line, &mut [0; 16]) > 0 {}
    exit(0)
}

/// What a life does wrong, and a part of what the vault says of it.
pub type Crime = (fn(&Ends), &'static str);

/// net's crimes, in the order of its lives. All but the first greet, as what a condemned line carries is dropped.
pub const NET: [Crime; 8] = [
    (|ends| raw(&ends.first, &[0xff, 0x00, 0x13]), "not deterministic CBOR"),
    (
        |ends| {
            greet_net(ends);
            raw(&ends.first, &vec![0; MAX_PACKET + 1]);
        },
        "broke the protocol",
    ),
    // Before or after the Welcome: there is nothing that it could answer.
    (
        |ends| {
            say(&ends.first, &FromNet::Hello { life: Some(ends.life), version: VERSION });
            say(&ends.first, &FromNet::Ack { job: 1, relay: 9, verdict: Verdict::Lost });
        },
        "`Ack` on the post line",
    ),
    (
        |ends| {
            greet_net(ends);
            say(&ends.first, &FromNet::Ack { job: 1_000_000, relay: 1, verdict: Verdict::Accepted });
        },
        "not among the in flight",
    ),
    (
        |ends| {
            greet_net(ends);
            let packet = cbor::encode(&FromNet::Relay { id: 1, state: RelayState::Connecting }).expect("legal");
            let own = [ends.second.as_raw_fd()];
            let control = [ControlMessage::ScmRights(&own)];
            let parts = [IoSlice::new(&packet)];
            let _ = sendmsg::<()>(ends.first.as_raw_fd(), &parts, &control, MsgFlags::MSG_NOSIGNAL, None);
        },
        "wrong number of descriptors",
    ),
    // A message of the other line.
    (
        |ends| {
            say(&ends.second, &sign::FromNet::Hello { life: Some(ends.life), version: VERSION });
            say(&ends.second, &FromNet::Stored { relay: 1, mailbox: Bytes([7; 32]) });
        },
        "is not a message of this line",
    ),
    (|_| (), "does not say Hello"),
    (
        |ends| {
            for _ in 0..200 {
                say(&ends.first, &FromNet::Hello { life: Some(ends.life), version: VERSION });
            }
        },
        "too often",
    ),
];

/// ui's crimes, in the order of its lives.
pub const UI: [Crime; 5] = [
    (|ends| raw(&ends.second, &[0x9f, 0xff]), "not deterministic CBOR"),
    (
        |ends| {
            greet_ui(ends);
            say(&ends.second, &intent::FromUi::Hello { life: Some(ends.life), version: VERSION });
            hear(&ends.second);
            (0..400).for_each(|_| say(&ends.second, &intent::FromUi::Dismiss));
        },
        "too often",
    ),
    (
        |ends| {
            greet_ui(ends);
            let serial = configured(ends);
            say(&ends.first, &frame(serial, None));
        },
        "not among the slots",
    ),
    (
        |ends| {
            greet_ui(ends);
            let serial = configured(ends);
            // The vault may give back the first before it hears the second, but not all of them.
            (0..50).for_each(|_| say(&ends.first, &frame(serial, Some(vec![]))));
        },
        "not among the buffers",
    ),
    (
        |ends| {
            greet_ui(ends);
            raw(&ends.first, &[0xa1, 0x65, b'P', b'a', b'i', b'n', b't', 0x00]);
        },
        "is not a message of this line",
    ),
];

fn frame(serial: u32, slots: Option<Vec<pixels::Slot>>) -> pixels::FromUi {
    pixels::FromUi::Frame { slots, buffer: 0, cursor: Cursor::Arrow, damage: vec![Rect::new(0, 0, 9, 9)], serial }
}

/// Says Hello on the post line and waits for the Welcome.
fn greet_net(ends: &Ends) {
    say(&ends.first, &FromNet::Hello { life: Some(ends.life), version: VERSION });
    hear(&ends.first);
}

fn greet_ui(ends: &Ends) {
    say(&ends.first, &pixels::FromUi::Hello { life: Some(ends.life), version: VERSION });
    hear(&ends.first);
}

/// Waits for the geometry; returns its number.
fn configured(ends: &Ends) -> u32 {
    let mut packet = vec![0; MAX_PACKET];
    loop {
        let length = take(&ends.first, &mut packet);
        match cbor::decode(&packet[..length]) {
            Ok(pixels::ToUi::Configure { serial, .. }) => return serial,
            Ok(_) => {}
            Err(_) => exit(0),
        }
    }
}

/// Commits the crime of this life; the launcher counts ui's and net's starts together, ui's first.
fn commit(crimes: &[Crime], ends: &Ends, first: u32) -> bool {
    let number = usize::try_from(ends.life.saturating_sub(first)).unwrap_or_default();
    let Some((crime, _)) = crimes.get(number) else { return false };
    crime(ends);
    true
}

/// In place of net.
pub fn net() -> ! {
    let ends = Ends::take(fd::NET_POST, fd::NET_SIGN);
    if commit(&NET, &ends, 2) {
        wait_for_the_end(&ends.first);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = bulkhead_net::Config::new(ends.life, None);
    let end = runtime.block_on(bulkhead_net::run(ends.first, ends.second, config));
    eprintln!("the honest net ended: {:?}", end.map(|_| ()));
    exit(0)
}

/// In place of net: one of schema version 1, which had no lives, and does nothing before its Welcome.
pub fn stranger() -> ! {
    let ends = Ends::take(fd::NET_POST, fd::NET_SIGN);
    say(&ends.first, &FromNet::Hello { life: None, version: 1 });
    say(&ends.second, &sign::FromNet::Hello { life: None, version: 1 });
    wait_for_the_end(&ends.first)
}

/// In place of ui. Its lives are 1, then 3 and on, as net's is 2.
pub fn ui() -> ! {
    let mut ends = Ends::take(fd::UI_PIXELS, fd::UI_INTENT);
    let life = ends.life;
    let first = if life == 1 { 1 } else { 2 };
    if commit(&UI, &ends, first) {
        wait_for_the_end(&ends.first);
    }
    // An idle one that draws nothing, but answers.
    ends.life = life;
    say(&ends.first, &pixels::FromUi::Hello { life: Some(life), version: VERSION });
    say(&ends.second, &intent::FromUi::Hello { life: Some(life), version: VERSION });
    wait_for_the_end(&ends.first)
}
