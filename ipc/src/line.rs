//! One end of a line: packets in, packets out, each a whole and legal message or an error.
//!
//! Every packet passes three gates on both ends: the decoder ([`crate::cbor`]), the message's own bounds
//! ([`Message::check`]), and the monitor of the pair of processes ([`crate::monitor`]).

use crate::automaton::{Automaton, Side};
use crate::monitor::{Breach, Heard, May, Monitor};
use crate::{Message, cbor};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroize;

/// Why a line cannot go on. After any of these but [`Error::Full`] and [`Error::Refused`] the line is dead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other process is gone.
    #[error("the line was closed by the other process")]
    Closed,
    /// The other process does not read, or has to answer first. Nothing was sent.
    #[error("the other process does not read its line")]
    Full,
    /// The other process sent what is not a message.
    #[error("the other process broke the protocol: {0}")]
    Illegal(#[from] cbor::Error),
    /// The other process sent what the table does not allow.
    #[error("the other process broke the protocol: {0}")]
    Breach(Breach),
    /// This process was about to send what the table does not allow: meant for a process that is no more, or a
    /// defect here. Nothing was sent.
    #[error("not sent: {0}")]
    Refused(Breach),
    /// A descriptor came where none belongs, or is missing where one does.
    #[error("the other process broke the protocol: wrong number of descriptors")]
    Descriptors,
    /// The kernel refused.
    #[error("the line failed: {0}")]
    Kernel(Errno),
}

impl Error {
    /// Whether the other process is to blame.
    pub fn is_breach(&self) -> bool {
        matches!(self, Self::Illegal(_) | Self::Breach(_) | Self::Descriptors)
    }
}

/// One end of all lines between two processes: what keeps them to their table.
#[derive(Clone, Debug)]
pub struct Pair {
    kept: Arc<Mutex<Kept>>,
    /// The vault counts how often; the others cannot be flooded by what they do not trust less than themselves.
    clock: Option<Instant>,
}

/// What the lines of a pair share.
#[derive(Debug)]
struct Kept {
    monitor: Monitor,
    /// The packet that was sent last: its memory serves the next one.
    packet: Vec<u8>,
}

impl Pair {
    /// Before anything was said.
    pub fn new(table: &'static Automaton, end: Side) -> Self {
        let clock = (end == Side::Vault).then(Instant::now);
        let kept = Kept { monitor: Monitor::new(table, end), packet: Vec::new() };
        Self { kept: Arc::new(Mutex::new(kept)), clock }
    }

    /// Makes one end of a `SOCK_SEQPACKET` pair a line of this pair of processes.
    pub fn line<Out: Message, In: Message>(&self, socket: OwnedFd) -> Line<Out, In> {
        Line { socket, pair: self.clone(), kind: PhantomData }
    }

    /// Nothing of the other process counts any more, until a new one says Hello.
    pub fn condemn(&self) {
        self.kept().monitor.condemn();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.clock.map_or(Duration::ZERO, |clock| clock.elapsed())
    }
}

/// A line that sends `Out` and receives `In`.
#[derive(Debug)]
pub struct Line<Out, In> {
    socket: OwnedFd,
    pair: Pair,
    kind: PhantomData<fn(Out) -> In>,
}

impl<Out: Message, In: Message> Line<Out, In> {
    /// A second handle on the same end, so that one thread can read while another writes.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let socket = self.socket.try_clone().map_err(|_| Error::Kernel(Errno::last()))?;
        Ok(self.pair.line(socket))
    }

    /// The pair of processes that this line belongs to.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Sends a message; waits while the other end's queue is full.
    pub fn send(&self, message: &Out) -> Result<(), Error> {
        self.send_packet(message, None, MsgFlags::empty())
    }

    /// Sends a message, or says [`Error::Full`] at once.
    pub fn try_send(&self, message: &Out) -> Result<(), Error> {
        self.send_packet(message, None, MsgFlags::MSG_DONTWAIT)
    }

    /// Sends a message with a descriptor, or says [`Error::Full`] at once. Only the pixels line uses this.
    pub fn try_send_with(&self, message: &Out, descriptor: BorrowedFd<'_>) -> Result<(), Error> {
        self.send_packet(message, Some(descriptor.as_raw_fd()), MsgFlags::MSG_DONTWAIT)
    }

    /// Waits for a message.
    pub fn recv(&self, buffer: &mut Buffer) -> Result<In, Error> {
        loop {
            // `None` stands for a socket that somebody else made non-blocking.
            if let Some((message, _)) = self.take(buffer, MsgFlags::empty())? {
                return Ok(message);
            }
            self.wait(PollTimeout::NONE)?;
        }
    }

    /// The next message if one is waiting. A descriptor that comes with it is closed.
    pub fn try_recv(&self, buffer: &mut Buffer) -> Result<Option<In>, Error> {
        Ok(self.try_recv_with(buffer)?.map(|(message, _)| message))
    }

    /// The next message if one is waiting, with the descriptor that came with it. What was meant for a predecessor,
    /// or crossed with something on its way, is passed over.
    pub fn try_recv_with(&self, buffer: &mut Buffer) -> Result<Option<(In, Option<OwnedFd>)>, Error> {
        self.take(buffer, MsgFlags::MSG_DONTWAIT)
    }

    fn take(&self, buffer: &mut Buffer, flags: MsgFlags) -> Result<Option<(In, Option<OwnedFd>)>, Error> {
        loop {
            let received = match receive(self.socket.as_raw_fd(), buffer, flags) {
                Err(Error::Full) => return Ok(None),
                Err(error) if !error.is_breach() => return Err(error),
                other => other,
            };
            let taken = received.and_then(|(length, descriptor)| {
                let message: In = cbor::decode(buffer.packet.get(..length).ok_or(Error::Closed)?)?;
                Ok((message, descriptor))
            });
            if In::WIPED {
                buffer.packet.zeroize();
            }
            let monitor = &mut self.pair.kept().monitor;
            let (message, descriptor) = match taken {
                Ok(taken) => taken,
                // What cannot be read cannot be told from what a predecessor left behind, where that is dropped.
                Err(_) if monitor.is_deaf(In::LINE) => continue,
                Err(error) => {
                    monitor.condemn();
                    return Err(error);
                }
            };
            match monitor.heard(&message, usize::from(descriptor.is_some()), || self.pair.now()) {
                Ok(Heard::Legal) => return Ok(Some((message, descriptor))),
                Ok(Heard::Dropped) => {}
                Err(breach) => return Err(Error::Breach(breach)),
            }
        }
    }

    /// Waits until something can be read or the time is over; returns whether something can.
    pub fn wait(&self, timeout: PollTimeout) -> Result<bool, Error> {
        let mut set = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut set, timeout) {
            Ok(n) => Ok(n > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(e) => Err(Error::Kernel(e)),
        }
    }

    fn send_packet(&self, message: &Out, descriptor: Option<RawFd>, flags: MsgFlags) -> Result<(), Error> {
        let Kept { monitor, packet } = &mut *self.pair.kept();
        cbor::encode_into(message, packet)?;
        let row = match monitor.plan(message) {
            Ok(row) => row,
            Err(May::Never(breach)) => return Err(Error::Refused(breach)),
            Err(_) => return Err(Error::Full),
        };
        if usize::from(descriptor.is_some()) != message.descriptors() {
            return Err(Error::Descriptors);
        }
        let descriptors = descriptor.map(|fd| [fd]);
        let control = descriptors.as_ref().map(|fds| ControlMessage::ScmRights(fds));
        let (parts, flags) = ([IoSlice::new(packet)], flags | MsgFlags::MSG_NOSIGNAL);
        let sent = loop {
            break match sendmsg::<()>(self.socket.as_raw_fd(), &parts, control.as_slice(), flags, None) {
                Ok(_) => {
                    monitor.apply(row, message);
                    Ok(())
                }
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => Err(Error::Full),
                Err(Errno::EPIPE | Errno::ECONNRESET) => Err(Error::Closed),
                Err(e) => Err(Error::Kernel(e)),
            };
        };
        if Out::WIPED {
            packet.zeroize();
        }
        sent
    }
}

impl<Out, In> AsFd for Line<Out, In> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<Out, In> AsRawFd for Line<Out, In> {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Room for one packet, reused between calls.
pub struct Buffer {
    packet: Box<[u8]>,
    /// Where the kernel writes which descriptor came along.
    control: Vec<u8>,
}

impl Buffer {
    /// Room for the largest packet and one byte more, to notice a larger one.
    pub fn new() -> Self {
        Self { packet: vec![0; crate::MAX_PACKET + 1].into(), control: nix::cmsg_space!([RawFd; 1]) }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes one packet off the queue; where that must not wait, [`Error::Full`] stands for "nothing there".
fn receive(socket: RawFd, buffer: &mut Buffer, flags: MsgFlags) -> Result<(usize, Option<OwnedFd>), Error> {
    let (flags, Buffer { packet, control }) = (flags | MsgFlags::MSG_CMSG_CLOEXEC, buffer);
    loop {
        let mut parts = [IoSliceMut::new(packet)];
        let got = match recvmsg::<()>(socket, &mut parts, Some(control), flags) {
            Ok(got) => got,
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => return Err(Error::Full),
            Err(Errno::ECONNRESET) => return Err(Error::Closed),
            Err(e) => return Err(Error::Kernel(e)),
        };
        let length = got.bytes;
        let cut = got.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC);
        let mut passed = Vec::new();
        for message in got.cmsgs().map_err(|_| Error::Descriptors)? {
            if let ControlMessageOwned::ScmRights(list) = message {
                passed.extend(list.into_iter().map(adopt));
            }
        }
        if cut || passed.len() > 1 {
            return Err(Error::Descriptors);
        }
        if length == 0 {
            return Err(Error::Closed);
        }
        return Ok((length, passed.pop()));
    }
}

#[allow(unsafe_code)]
fn adopt(descriptor: RawFd) -> OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: the kernel made this descriptor for us in `recvmsg` just now; nobody else knows its number.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Takes over a descriptor that the launcher left open for this process (see [`crate::descriptors`]).
///
/// Refuses one that is not an open `SOCK_SEQPACKET` socket, and sets close-on-exec.
#[allow(unsafe_code)]
pub fn inherit(descriptor: RawFd) -> Result<OwnedFd, Error> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use nix::sys::socket::{SockType, getsockopt, sockopt};
    // SAFETY: called once per number at the start of `main`, before anything else could have opened it;
    // the checks below show that it is open and what it is.
    let socket = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(descriptor) };
    let kind = match getsockopt(&socket, sockopt::SockType) {
        Ok(kind) => kind,
        Err(e) => {
            // Not ours to close: there was nothing there.
            std::mem::forget(socket);
            return Err(Error::Kernel(e));
        }
    };
    if kind != SockType::SeqPacket {
        return Err(Error::Descriptors);
    }
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map_err(Error::Kernel)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::automata::NET;
    use crate::monitor::Rule;
    use crate::sign::{FromNet, ToNet};
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, send, socketpair};

    const HELLO: FromNet = FromNet::Hello { life: Some(1), version: 2 };
    const WELCOME: ToNet = ToNet::Welcome { life: Some(1), version: 2 };

    fn pair() -> (Line<FromNet, ToNet>, Line<ToNet, FromNet>) {
        let (a, b) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).expect("socketpair");
        (Pair::new(&NET, Side::Peer).line(a), Pair::new(&NET, Side::Vault).line(b))
    }

    fn raw(line: &impl AsRawFd, packet: &[u8]) {
        send(line.as_raw_fd(), packet, MsgFlags::empty()).expect("send");
    }

    #[test]
    fn messages_arrive_whole_and_in_order() {
        let (net, vault) = pair();
        let mut buffer = Buffer::new();
        assert!(vault.try_recv(&mut buffer).expect("line").is_none());
        net.send(&HELLO).expect("send");
        assert_eq!(vault.recv(&mut buffer).expect("recv"), HELLO);
        vault.send(&WELCOME).expect("send");
        assert_eq!(net.recv(&mut buffer).expect("recv"), WELCOME);
        for relay in [3, 4] {
            let ask = FromNet::Ask { relay, mailbox: crate::bytes::Bytes([9; 32]), challenge: "c".into() };
            net.send(&ask).expect("send");
            assert_eq!(vault.recv(&mut buffer).expect("recv"), ask);
        }
        drop(net);
        assert!(matches!(vault.recv(&mut buffer), Err(Error::Closed)));
    }

    #[test]
    fn an_uninvited_descriptor_ends_the_line() {
        let (net, vault) = pair();
        let sent = net.try_send_with(&HELLO, std::io::stdin().as_fd());
        assert!(matches!(sent, Err(Error::Descriptors)));
        let (packet, stdin) = (cbor::encode(&HELLO).expect("legal"), [std::io::stdin().as_raw_fd()]);
        let control = [ControlMessage::ScmRights(&stdin)];
        sendmsg::<()>(net.as_raw_fd(), &[IoSlice::new(&packet)], &control, MsgFlags::empty(), None).expect("send");
        let heard = vault.try_recv(&mut Buffer::new());
        assert!(matches!(heard, Err(Error::Breach(Breach { why: Rule::Descriptors, .. }))));
    }

    #[test]
    fn a_peer_that_does_not_read_is_noticed() {
        let (net, _vault) = pair();
        let full = (0..10_000).find_map(|_| net.try_send(&HELLO).err());
        assert!(matches!(full, Some(Error::Full)));
    }

    #[test]
    fn garbage_and_oversized_packets_are_illegal_and_condemn_the_line() {
        for garbage in [vec![0xff; 3], vec![0; crate::MAX_PACKET + 1]] {
            let (net, vault) = pair();
            let mut buffer = Buffer::new();
            raw(&net, &garbage);
            assert!(matches!(vault.try_recv(&mut buffer), Err(Error::Illegal(_) | Error::Descriptors)));
            // The culprit may go on as it likes: nothing of it counts.
            raw(&net, &garbage);
            assert!(matches!(vault.try_recv(&mut buffer), Ok(None)));
            // Its successor begins anew.
            raw(&net, &cbor::encode(&HELLO).expect("legal"));
            assert_eq!(vault.recv(&mut buffer).expect("recv"), HELLO);
        }
    }

    #[test]
    fn what_the_table_does_not_allow_is_neither_sent_nor_believed() {
        let (net, vault) = pair();
        let ask = FromNet::Ask { relay: 1, mailbox: crate::bytes::Bytes([9; 32]), challenge: "c".into() };
        assert!(matches!(net.send(&ask), Err(Error::Refused(_))));
        raw(&net, &cbor::encode(&ask).expect("legal"));
        assert!(matches!(vault.recv(&mut Buffer::new()), Err(Error::Breach(Breach { why: Rule::Turn, .. }))));
    }

    #[test]
    fn what_the_seal_line_carried_is_wiped_on_both_ends() {
        use crate::automata::SEALER;
        use crate::seal::{FromSeal, Half, ToSeal};
        let (a, b) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).expect("socketpair");
        let seal: Line<FromSeal, ToSeal> = Pair::new(&SEALER, Side::Peer).line(a);
        let vault: Line<ToSeal, FromSeal> = Pair::new(&SEALER, Side::Vault).line(b);
        let mut buffer = Buffer::new();
        seal.send(&FromSeal::Ready { guarded: true, version: 3 }).expect("send");
        vault.recv(&mut buffer).expect("recv");
        let asked = ToSeal::Seal { pin: Half::new([0xaa; 32]), share: Half::new([0xbb; 32]) };
        let holds = |bytes: &[u8]| bytes.iter().any(|byte| matches!(byte, 0xaa | 0xbb));
        vault.send(&asked).expect("send");
        assert_eq!(seal.recv(&mut buffer).expect("recv"), asked);
        assert!(!holds(&buffer.packet) && vault.pair.kept().packet.is_empty());
        // What cannot be read is wiped as well.
        raw(&vault, &[0xaa; 40]);
        assert!(seal.recv(&mut buffer).is_err());
        assert!(!holds(&buffer.packet));
    }
}
