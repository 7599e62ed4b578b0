//! A ui that wants nobody to see what is loud: it claims the whole window and more for its own slots, and wishes all there
//! is to wish, again and again.

use bulkhead_ipc::descriptors as fd;
use bulkhead_ipc::intent::{FromUi, ToUi};
use bulkhead_ipc::line::inherit;
use bulkhead_ipc::pixels::{Cursor, Rect, Slot, SlotKey, SlotKind};
use bulkhead_ipc::update::Wish;
use bulkhead_ipc::{MAX_PACKET, Message, VERSION, cbor, pixels};
use bulkhead_rules::{Process, require_sandbox, steady};
use nix::sys::socket::{MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::exit;

/// In ui's place.
pub fn ui() -> ! {
    require_sandbox();
    let life = std::env::args().skip_while(|argument| argument != "--life").nth(1).expect("a life");
    let life = Some(life.parse().expect("a number"));
    let (pixels, intents) = (inherit(fd::UI_PIXELS).expect("a line"), inherit(fd::UI_INTENT).expect("a line"));
    steady(Process::Ui).expect("narrower rules");
    say(&pixels, &pixels::FromUi::Hello { life, version: VERSION });
    say(&intents, &FromUi::Hello { life, version: VERSION });
    // Before its Welcome it would be found out and replaced.
    while !matches!(cbor::decode(&hear(&intents)), Ok(ToUi::Phase(_))) {}
    loop {
        match cbor::decode(&hear(&pixels)) {
            Ok(pixels::ToUi::Configure { serial, width, height, .. }) => {
                let edge = |length: u32| i32::try_from(length).expect("a window");
                // Far beyond the frame, so that it would cover what is below, too.
                let rect = Rect::new(-10, -10, edge(width) + 100, edge(height) + 400);
                let key = SlotKey { kind: SlotKind::Avatar, handle: 0 };
                let slots = Some(vec![Slot { key, clip: rect, rect, background: 0x00_ff_00 }]);
                let damage = vec![rect];
                say(&pixels, &pixels::FromUi::Frame { slots, buffer: 0, cursor: Cursor::Arrow, damage, serial });
            }
            Ok(_) => {}
            Err(_) => exit(0),
        }
        for wish in [Wish::Check, Wish::Restart, Wish::ExportProof] {
            say(&intents, &FromUi::Wish(wish));
        }
    }
}

fn say<M: Message>(line: &OwnedFd, message: &M) {
    let packet = cbor::encode(message).expect("a message within its bounds");
    let _ = sendmsg::<()>(line.as_raw_fd(), &[IoSlice::new(&packet)], &[], MsgFlags::MSG_NOSIGNAL, None);
}

fn hear(line: &OwnedFd) -> Vec<u8> {
    let mut packet = vec![0; MAX_PACKET];
    let mut parts = [IoSliceMut::new(&mut packet)];
    let length = recvmsg::<()>(line.as_raw_fd(), &mut parts, None, MsgFlags::empty()).map_or(0, |got| got.bytes);
    packet.truncate(length);
    packet
}
