//! The real program, under its real rules, with the vault's end of the lines in the test's hands.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use bulkhead_ipc::VERSION;
use bulkhead_ipc::frame_memory::{Reader, create};
use bulkhead_ipc::intent::{self, Command, Contact, Phase, Pointer};
use bulkhead_ipc::line::{Buffer, Line, Pair};
use bulkhead_ipc::pixels::{self, FromUi, Theme};
use bulkhead_ipc::{automata::UI, automaton::Side};
use bulkhead_rules::{Child, Ended, Launch, Process, launch};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

struct Vault {
    pixels: Line<pixels::ToUi, pixels::FromUi>,
    intents: Line<intent::ToUi, intent::FromUi>,
    buffer: Buffer,
    memory: OwnedFd,
    serial: u32,
    capacity: u64,
}

const CAPACITY: u64 = 1600 * 1200 * 4;

const LIFE: u32 = 7;

/// Sends what a vault would not: the monitor of this end is passed over.
fn slip<M: bulkhead_ipc::Message>(line: &impl AsRawFd, message: &M) {
    send(line.as_raw_fd(), &bulkhead_ipc::cbor::encode(message).unwrap(), MsgFlags::empty()).unwrap();
}

fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).unwrap()
}

fn start() -> (Child, Vault) {
    let (pixels, pixels_end) = pair();
    let (intents, intents_end) = pair();
    let child = launch(&Launch {
        process: Process::Ui,
        program: Path::new(env!("CARGO_BIN_EXE_bulkhead-ui")),
        arguments: &["--life".into(), LIFE.to_string().into()],
        lines: &[pixels_end.as_fd(), intents_end.as_fd()],
        data: None,
        proxy: None,
        environment: &|_| None,
    })
    .unwrap();
    let memory = create(2 * CAPACITY as usize).unwrap();
    let to_ui = Pair::new(&UI, Side::Vault);
    (
        child,
        Vault {
            pixels: to_ui.line(pixels),
            intents: to_ui.line(intents),
            buffer: Buffer::new(),
            memory,
            serial: 0,
            capacity: CAPACITY,
        },
    )
}

impl Vault {
    fn greet(&mut self) {
        let (life, version) = (Some(LIFE), VERSION);
        assert_eq!(self.pixels.recv(&mut self.buffer).unwrap(), FromUi::Hello { life, version });
        assert_eq!(self.intents.recv(&mut self.buffer).unwrap(), intent::FromUi::Hello { life, version });
        // Meant for a predecessor: must change nothing.
        slip(&self.pixels, &pixels::ToUi::Release { buffer: 1 });
        slip(&self.pixels, &pixels::ToUi::Welcome { life: Some(LIFE - 1), version });
        slip(&self.intents, &intent::ToUi::Phase(Phase::Broken));
        self.pixels.send(&pixels::ToUi::Welcome { life, version }).unwrap();
        self.tell(intent::ToUi::Welcome { life, version });
    }

    fn tell(&mut self, message: intent::ToUi) {
        self.intents.send(&message).unwrap();
    }

    fn configure(&mut self, width: u32, height: u32, theme: Theme, memory: bool) {
        self.serial += 1;
        let message = pixels::ToUi::Configure {
            scale: 120,
            theme,
            width,
            height,
            memory,
            serial: self.serial,
            capacity: self.capacity,
        };
        if memory {
            self.pixels.try_send_with(&message, self.memory.as_fd()).unwrap();
        } else {
            self.pixels.send(&message).unwrap();
        }
    }

    /// The next frame of the newest geometry; its buffer is released at once.
    fn frame(&mut self) -> (usize, Option<Vec<pixels::Slot>>) {
        loop {
            let FromUi::Frame { serial, buffer, slots, .. } = self.pixels.recv(&mut self.buffer).unwrap() else {
                panic!("a second Hello")
            };
            self.pixels.send(&pixels::ToUi::Release { buffer }).unwrap();
            if serial == self.serial {
                return (usize::from(buffer), slots);
            }
        }
    }

    fn open(&mut self, count: u32) {
        self.tell(intent::ToUi::Phase(Phase::Open));
        let contact = |handle| Contact { handle, unread: handle % 3, waiting: false, verified: false };
        self.tell(intent::ToUi::Contacts((0..count).map(contact).collect()));
    }
}

#[test]
fn it_works_under_its_rules_and_ends_with_the_vault() {
    let (child, mut vault) = start();
    vault.greet();
    vault.open(300);
    vault.configure(1280, 776, Theme::Light, true);
    let (at, slots) = vault.frame();
    assert!(slots.unwrap().len() > 20);
    let reader = Reader::new(&vault.memory, 2 * CAPACITY as usize).unwrap();
    let mut row = vec![0u32; 1280];
    assert!(reader.copy_row(at * CAPACITY as usize + 30 * 1280 * 4, &mut row));
    assert!(
        row.iter().any(|&pixel| pixel & 0xff_ffff == 0xf5f6f8) && row.iter().any(|&pixel| pixel & 0xff < 0x40),
        "ground and ink"
    );

    // Everything that a session does: pointer, wheel, keys, panels, resizing, another theme, new memory.
    for step in 0..200 {
        vault.tell(intent::ToUi::Pointer(Pointer::Moved { x: step * 6, y: step * 3 }));
        if step % 5 == 0 {
            vault.tell(intent::ToUi::Pointer(Pointer::Wheel { x: 0, y: -640 }));
            vault.tell(intent::ToUi::Pointer(Pointer::Pressed));
            vault.tell(intent::ToUi::Pointer(Pointer::Released));
        }
        let commands = [
            Command::NextConversation,
            Command::AddContact,
            Command::FocusNext,
            Command::Activate,
            Command::Settings,
            Command::Escape,
            Command::Down,
        ];
        vault.tell(intent::ToUi::Command(commands[step as usize % commands.len()]));
        if step % 20 == 0 {
            let theme = if step % 40 == 0 { Theme::Dark } else { Theme::Light };
            vault.configure(400 + 5 * step as u32, 300 + 4 * step as u32, theme, step % 60 == 0);
            vault.frame();
        }
        while let Ok(Some(FromUi::Frame { buffer, .. })) = vault.pixels.try_recv(&mut vault.buffer) {
            vault.pixels.send(&pixels::ToUi::Release { buffer }).unwrap();
        }
        while let Ok(Some(_)) = vault.intents.try_recv(&mut vault.buffer) {}
        // At the pace of a person, or the monitor would take offence.
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    drop(vault);
    assert_eq!(child.wait().unwrap(), Ended::Exit(0));
}

#[test]
fn an_illegal_packet_ends_it() {
    let (child, mut vault) = start();
    vault.greet();
    send(vault.intents.as_raw_fd(), &[0xff, 1, 2], MsgFlags::empty()).unwrap();
    assert_eq!(child.wait().unwrap(), Ended::Exit(1));
}

#[test]
fn memory_that_was_not_announced_ends_it() {
    let (child, mut vault) = start();
    vault.greet();
    vault.configure(100, 100, Theme::Light, false);
    assert_eq!(child.wait().unwrap(), Ended::Exit(1));
}

#[test]
fn nothing_is_drawn_before_the_phase_is_known() {
    let (child, mut vault) = start();
    vault.greet();
    vault.configure(800, 600, Theme::Light, true);
    vault.configure(900, 600, Theme::Light, false);
    assert!(!vault.pixels.wait(nix::poll::PollTimeout::from(200u8)).unwrap());
    vault.tell(intent::ToUi::Phase(Phase::Locked));
    let (_, slots) = vault.frame();
    assert_eq!(slots.unwrap().first().map(|slot| slot.key.kind), Some(pixels::SlotKind::Unlock));
    assert_eq!(
        vault.intents.recv(&mut vault.buffer).unwrap(),
        intent::FromUi::Focus(Some(pixels::SlotKey { kind: pixels::SlotKind::Unlock, handle: 0 }))
    );
    drop(vault);
    assert_eq!(child.wait().unwrap(), Ended::Exit(0));
}
