//! The twins' side of the lines: what every one of them can do.

use super::{breaches, people, scene, signing, terminal};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::line::inherit;
use bulkhead_ipc::post::FromNet;
use bulkhead_ipc::{MAX_PACKET, Message, VERSION, cbor, descriptors as fd, intent, pixels, sign};
use bulkhead_rules::{Process, require_sandbox, steady};
use nix::sys::socket::{ControlMessage, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::process::exit;

/// Both lines of a process, as they are: without a monitor.
pub struct Ends {
    first: OwnedFd,
    second: OwnedFd,
    pub life: u32,
}

impl Ends {
    /// Takes them over and narrows itself, as the honest process does.
    fn take(process: Process, first: RawFd, second: RawFd) -> Self {
        require_sandbox();
        let life = std::env::args().skip_while(|argument| argument != "--life").nth(1).expect("a life");
        let (first, second) = (inherit(first).expect("a line"), inherit(second).expect("a line"));
        steady(process).expect("narrower rules");
        Self { first, second, life: life.parse().expect("a number") }
    }

    pub fn pixels(&self, packet: &[u8]) {
        raw(&self.first, packet, 0);
    }

    pub fn pixels_with(&self, packet: &[u8], descriptors: usize) {
        raw(&self.first, packet, descriptors);
    }

    pub fn intent(&self, packet: &[u8]) {
        raw(&self.second, packet, 0);
    }

    pub fn post(&self, packet: &[u8]) {
        raw(&self.first, packet, 0);
    }

    pub fn post_with(&self, packet: &[u8], descriptors: usize) {
        raw(&self.first, packet, descriptors);
    }

    pub fn sign(&self, packet: &[u8]) {
        raw(&self.second, packet, 0);
    }

    pub fn pixels_message<M: Message>(&self, message: &M) {
        self.pixels(&encoded(message));
    }

    pub fn intent_message<M: Message>(&self, message: &M) {
        self.intent(&encoded(message));
    }

    pub fn post_message<M: Message>(&self, message: &M) {
        self.post(&encoded(message));
    }

    pub fn sign_message<M: Message>(&self, message: &M) {
        self.sign(&encoded(message));
    }

    /// Greets on both of ui's lines.
    pub fn greet_ui(&self) {
        self.pixels_message(&pixels::FromUi::Hello { life: Some(self.life), version: VERSION });
        self.intent_message(&intent::FromUi::Hello { life: Some(self.life), version: VERSION });
        wait_for(&self.second, |packet| matches!(cbor::decode(packet), Ok(intent::ToUi::Phase(_))));
    }

    /// Greets on both of net's lines, and waits until both are answered.
    pub fn greet_net(&self) {
        self.post_message(&FromNet::Hello { life: Some(self.life), version: VERSION });
        self.sign_message(&sign::FromNet::Hello { life: Some(self.life), version: VERSION });
        let own = |packet: &[u8]| match cbor::decode(packet) {
            Ok(bulkhead_ipc::post::ToNet::Welcome { life, .. }) => life == Some(self.life),
            _ => false,
        };
        wait_for(&self.first, own);
        wait_for(
            &self.second,
            |packet| matches!(cbor::decode(packet), Ok(sign::ToNet::Welcome { life, .. }) if life == Some(self.life)),
        );
    }

    /// Waits for the geometry; returns its number.
    pub fn configured(&self) -> u32 {
        let mut found = 0;
        wait_for(&self.first, |packet| match cbor::decode(packet) {
            Ok(pixels::ToUi::Configure { serial, .. }) => {
                found = serial;
                true
            }
            _ => false,
        });
        found
    }

    /// Waits until the vault gives a buffer back.
    pub fn released(&self) {
        wait_for(&self.first, |packet| matches!(cbor::decode(packet), Ok(pixels::ToUi::Release { .. })));
    }

    /// Asks for a signature; the answer.
    pub fn ask(&self, relay: u16, mailbox: Bytes32, challenge: &str) -> Option<sign::ToNet> {
        self.sign_message(&sign::FromNet::Ask { relay, mailbox, challenge: challenge.into() });
        let mut packet = vec![0; MAX_PACKET];
        let length = take(&self.second, &mut packet);
        cbor::decode(&packet[..length]).ok()
    }

    /// The next packet on the first line.
    pub fn first(&self) -> Vec<u8> {
        next(&self.first)
    }

    /// The next packet on the second line.
    pub fn second(&self) -> Vec<u8> {
        next(&self.second)
    }

    /// Descriptors to wait for.
    pub fn numbers(&self) -> [RawFd; 2] {
        [self.first.as_raw_fd(), self.second.as_raw_fd()]
    }

    /// Reads on until it is killed.
    pub fn wait_for_the_end(&self) -> ! {
        while take(&self.first, &mut [0; 16]) > 0 {}
        exit(0)
    }
}

fn encoded<M: Message>(message: &M) -> Vec<u8> {
    cbor::encode(message).expect("a message within its bounds")
}

/// By `sendmsg` and `recvmsg`, the calls that both processes' rules allow.
fn raw(line: &OwnedFd, packet: &[u8], descriptors: usize) {
    let own = vec![line.as_raw_fd(); descriptors];
    let rights = [ControlMessage::ScmRights(&own)];
    let control = if descriptors > 0 { &rights[..] } else { &[] };
    let _ = sendmsg::<()>(line.as_raw_fd(), &[IoSlice::new(packet)], control, MsgFlags::MSG_NOSIGNAL, None);
}

/// The next packet's length; 0 when the line has ended.
fn take(line: &OwnedFd, packet: &mut [u8]) -> usize {
    recvmsg::<()>(line.as_raw_fd(), &mut [IoSliceMut::new(packet)], None, MsgFlags::empty()).map_or(0, |got| got.bytes)
}

fn next(line: &OwnedFd) -> Vec<u8> {
    let mut packet = vec![0; MAX_PACKET];
    let length = take(line, &mut packet);
    packet.truncate(length);
    packet
}

fn wait_for(line: &OwnedFd, mut wanted: impl FnMut(&[u8]) -> bool) {
    loop {
        match &next(line)[..] {
            [] => exit(0),
            packet if wanted(packet) => return,
            _ => {}
        }
    }
}

/// What the note says: the play, and a number.
fn play() -> (String, usize) {
    let note = scene::note();
    let (play, number) = note.split_once(' ').unwrap_or((&note, "0"));
    (play.to_owned(), number.parse().expect("a number"))
}

/// In net's place. The launcher counts ui's and net's starts together, ui's first: net's lives are 2, 3, 4, …
pub fn net() -> ! {
    let ends = Ends::take(Process::Net, fd::NET_POST, fd::NET_SIGN);
    let life = usize::try_from(ends.life.saturating_sub(2)).expect("a number");
    match play() {
        (name, index) if name == "breach" => {
            let broke = breaches::net(&ends, index, life);
            if !broke {
                eprintln!("twin: honest");
            }
        }
        (name, _) if name == "sign" => signing::net(&ends),
        (name, _) if name == "terminal" => terminal::net(),
        _ => {}
    }
    ends.wait_for_the_end()
}

/// In ui's place: its lives are 1, then 3, 4, …
pub fn ui() -> ! {
    let ends = Ends::take(Process::Ui, fd::UI_PIXELS, fd::UI_INTENT);
    let life = if ends.life == 1 { 0 } else { usize::try_from(ends.life.saturating_sub(2)).expect("a number") };
    match play() {
        (name, index) if name == "breach" => {
            let broke = breaches::ui(&ends, index, life);
            if !broke {
                eprintln!("twin: honest");
                ends.greet_ui();
            }
        }
        (name, _) if name == "people" => people::ui(&ends),
        (name, _) if name == "terminal" => terminal::ui(),
        _ => {}
    }
    ends.wait_for_the_end()
}
