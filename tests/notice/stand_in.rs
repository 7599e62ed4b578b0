//! `bulkhead-stand-in`: a launcher that decides nothing. It starts the real processes under their real rules, and passes
//! packets between the control line and a test, byte by byte and without a monitor.
//!
//! It takes the launcher's arguments. `BULKHEAD_STAND_IN` names a socket on which it listens for one test: each line there,
//! either way, is a packet in hexadecimal. net and ui are started again when the vault asks for it, or when they end.

use bulkhead_ipc::control::{FromLauncher, Peer, ToLauncher};
use bulkhead_ipc::{MAX_PACKET, cbor};
use bulkhead_rules::Child;
use bulkhead_updater::arguments::{self, Request};
use bulkhead_updater::processes::{Table, Vault};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv, send};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, channel};

type Anything = Box<dyn std::error::Error>;

fn main() -> Result<(), Anything> {
    let environment = |name: &str| std::env::var_os(name);
    let Request::Run(arguments) = arguments::parse(std::env::args_os().skip(1), &environment)? else {
        return Err("nothing to run".into());
    };
    let path = environment("BULKHEAD_STAND_IN").ok_or("BULKHEAD_STAND_IN does not name a socket")?;
    let listener = UnixListener::bind(path)?;
    let program = std::env::current_exe()?;
    let mut table = Table::new(program.parent().unwrap_or(&program), &arguments)?;
    let vault = table.start_vault()?;
    let _seal = table.start_seal();
    let mut peers = Peers { lives: 0, ui: None, net: None };
    peers.start(&table, Peer::Ui)?;
    peers.start(&table, Peer::Net)?;
    let (client, _) = listener.accept()?;
    let packets = read(client.try_clone()?);
    pass(&table, &vault, &mut peers, client, &packets)
}

struct Peers {
    lives: u32,
    ui: Option<Child>,
    net: Option<Child>,
}

impl Peers {
    fn start(&mut self, table: &Table, peer: Peer) -> Result<u32, Anything> {
        self.lives += 1;
        let place = match peer {
            Peer::Net => &mut self.net,
            Peer::Ui => &mut self.ui,
        };
        if let Some(old) = place.take() {
            let _ = old.kill();
            old.wait()?;
        }
        *place = Some(table.start_peer(peer, self.lives)?);
        Ok(self.lives)
    }
}

/// The test's packets, read on a thread of their own.
fn read(client: UnixStream) -> Receiver<Vec<u8>> {
    let (inbox, packets) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(client).lines() {
            let Some(packet) = line.ok().and_then(|line| unhex(&line)) else { return };
            if inbox.send(packet).is_err() {
                return;
            }
        }
    });
    packets
}

/// Until the vault ends.
fn pass(
    table: &Table,
    vault: &Vault,
    peers: &mut Peers,
    mut client: UnixStream,
    packets: &Receiver<Vec<u8>>,
) -> Result<(), Anything> {
    let line = vault.control.as_fd();
    let say = |message: &FromLauncher| -> Result<(), Anything> {
        Ok(send(line.as_raw_fd(), &cbor::encode(message)?, MsgFlags::MSG_NOSIGNAL).map(drop)?)
    };
    loop {
        for packet in packets.try_iter() {
            let _ = send(line.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL);
        }
        let mut set = [PollFd::new(vault.child.ended(), PollFlags::POLLIN), PollFd::new(line, PollFlags::POLLIN)];
        poll(&mut set, PollTimeout::from(20u8))?;
        let [ended, heard] = set.map(|entry| entry.any().unwrap_or(false));
        if heard {
            let mut packet = vec![0; MAX_PACKET];
            let length = recv(line.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT).unwrap_or_default();
            packet.truncate(length);
            if let Ok(ToLauncher::Restart(peer)) = cbor::decode(&packet) {
                let life = Some(peers.start(table, peer)?);
                say(&FromLauncher::Restarting { life, peer, delay: 0 })?;
            }
            if !packet.is_empty() {
                let _ = client.write_all(format!("{}\n", hex(&packet)).as_bytes());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(pair).collect()
}
