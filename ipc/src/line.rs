//! One end of a line: packets in, packets out, each a whole message or an error.

use crate::{Message, cbor};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Why a line cannot go on. After any of these but [`Error::Full`] the line is dead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other process is gone.
    #[error("the line was closed by the other process")]
    Closed,
    /// The other process does not read: its queue is full. Nothing was sent.
    #[error("the other process does not read its line")]
    Full,
    /// The other process sent what this line does not allow.
    #[error("the other process broke the protocol: {0}")]
    Illegal(#[from] cbor::Error),
    /// A descriptor came where none belongs, or is missing where one does.
    #[error("the other process broke the protocol: wrong number of descriptors")]
    Descriptors,
    /// The kernel refused.
    #[error("the line failed: {0}")]
    Kernel(Errno),
}

/// A line that sends `Out` and receives `In`.
#[derive(Debug)]
pub struct Line<Out, In> {
    socket: OwnedFd,
    kind: PhantomData<fn(Out) -> In>,
}

impl<Out: Message, In: Message> Line<Out, In> {
    /// Takes one end of a `SOCK_SEQPACKET` pair.
    pub fn new(socket: OwnedFd) -> Self {
        Self { socket, kind: PhantomData }
    }

    /// A second handle on the same end, so that one thread can read while another writes.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let socket = self.socket.try_clone().map_err(|_| Error::Kernel(Errno::last()))?;
        Ok(Self::new(socket))
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

    /// Waits for a message. A descriptor that comes with it ends the line.
    pub fn recv(&self, buffer: &mut Buffer) -> Result<In, Error> {
        loop {
            if let Some(message) = self.try_recv(buffer)? {
                return Ok(message);
            }
            self.wait(PollTimeout::NONE)?;
        }
    }

    /// The next message if one is waiting. A descriptor that comes with it ends the line.
    pub fn try_recv(&self, buffer: &mut Buffer) -> Result<Option<In>, Error> {
        match self.try_recv_with(buffer)? {
            Some((_, Some(_))) => Err(Error::Descriptors),
            other => Ok(other.map(|(message, _)| message)),
        }
    }

    /// The next message if one is waiting, with the descriptor that came with it.
    pub fn try_recv_with(&self, buffer: &mut Buffer) -> Result<Option<(In, Option<OwnedFd>)>, Error> {
        let (length, descriptor) = match receive(self.socket.as_raw_fd(), buffer) {
            Err(Error::Full) => return Ok(None),
            other => other?,
        };
        let packet = buffer.0.get(..length).ok_or(Error::Closed)?;
        Ok(Some((cbor::decode(packet)?, descriptor)))
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
        let bytes = cbor::encode(message)?;
        let descriptors = descriptor.map(|fd| [fd]);
        let control: Vec<_> = descriptors.iter().map(|fds| ControlMessage::ScmRights(fds)).collect();
        loop {
            let parts = [IoSlice::new(&bytes)];
            return match sendmsg::<()>(self.socket.as_raw_fd(), &parts, &control, flags | MsgFlags::MSG_NOSIGNAL, None)
            {
                Ok(_) => Ok(()),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => Err(Error::Full),
                Err(Errno::EPIPE | Errno::ECONNRESET) => Err(Error::Closed),
                Err(e) => Err(Error::Kernel(e)),
            };
        }
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
pub struct Buffer(Box<[u8]>);

impl Buffer {
    /// Room for the largest packet and one byte more, to notice a larger one.
    pub fn new() -> Self {
        Self(vec![0; crate::MAX_PACKET + 1].into())
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes one packet off the queue without waiting; [`Error::Full`] stands for "nothing there".
fn receive(socket: RawFd, buffer: &mut Buffer) -> Result<(usize, Option<OwnedFd>), Error> {
    let mut space = nix::cmsg_space!([RawFd; 1]);
    loop {
        let mut parts = [IoSliceMut::new(&mut buffer.0)];
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
        let got = match recvmsg::<()>(socket, &mut parts, Some(&mut space), flags) {
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
    use crate::sign::{FromNet, ToNet};
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, send, socketpair};

    fn pair() -> (Line<FromNet, ToNet>, Line<ToNet, FromNet>) {
        let (a, b) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).expect("socketpair");
        (Line::new(a), Line::new(b))
    }

    #[test]
    fn messages_arrive_whole_and_in_order() {
        let (net, vault) = pair();
        let mut buffer = Buffer::new();
        assert!(vault.try_recv(&mut buffer).expect("line").is_none());
        net.send(&FromNet::Hello { version: 1 }).expect("send");
        net.send(&FromNet::Hello { version: 2 }).expect("send");
        assert_eq!(vault.recv(&mut buffer).expect("recv"), FromNet::Hello { version: 1 });
        assert_eq!(vault.recv(&mut buffer).expect("recv"), FromNet::Hello { version: 2 });
        drop(net);
        assert!(matches!(vault.recv(&mut buffer), Err(Error::Closed)));
    }

    #[test]
    fn an_uninvited_descriptor_ends_the_line() {
        let (net, vault) = pair();
        net.try_send_with(&FromNet::Hello { version: 1 }, std::io::stdin().as_fd()).expect("send");
        assert!(matches!(vault.try_recv(&mut Buffer::new()), Err(Error::Descriptors)));
    }

    #[test]
    fn a_peer_that_does_not_read_is_noticed() {
        let (net, _vault) = pair();
        let full = (0..10_000).find_map(|_| net.try_send(&FromNet::Hello { version: 1 }).err());
        assert!(matches!(full, Some(Error::Full)));
    }

    #[test]
    fn garbage_and_oversized_packets_are_illegal() {
        let (net, vault) = pair();
        for garbage in [vec![0xff; 3], vec![0; crate::MAX_PACKET + 1]] {
            send(net.as_raw_fd(), &garbage, MsgFlags::empty()).expect("send");
            assert!(matches!(vault.try_recv(&mut Buffer::new()), Err(Error::Illegal(_) | Error::Descriptors)));
        }
    }
}
