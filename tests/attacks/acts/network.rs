//! The outside: other hosts, the desktop's services, the machine itself.

use crate::attack::{Attack, EVERYWHERE, NET, OFFLINE, PROXIED, UI, VAULT_STEADY, World, attack};
use crate::kernel::{Result, at, call, does, not_here, to};
use nix::libc;

const STREAM: i32 = libc::SOCK_STREAM;
const DATAGRAM: i32 = libc::SOCK_DGRAM;
/// Numbers of protocols beside TCP that behave like it.
const MPTCP: i32 = 262;
const SCTP: i32 = 132;
const SMC: i32 = 256;
const UDP_LITE: i32 = 136;

fn socket(family: i32, kind: i32, protocol: i32) -> Result<usize> {
    call(libc::SYS_socket, [family as usize, kind as usize, protocol as usize])
}

/// An IPv4 address as the kernel wants it.
fn host(address: [u8; 4], port: u16) -> [u8; 16] {
    let mut room = [0u8; 16];
    room[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    room[2..4].copy_from_slice(&port.to_be_bytes());
    room[4..8].copy_from_slice(&address);
    room
}

fn loopback6(port: u16) -> [u8; 28] {
    let mut room = [0u8; 28];
    room[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
    room[2..4].copy_from_slice(&port.to_be_bytes());
    room[23] = 1;
    room
}

/// A local socket's address and its length: a path, or a name after a zero byte.
fn local(name: &[u8]) -> ([u8; 110], usize) {
    let mut room = [0u8; 110];
    room[..2].copy_from_slice(&(libc::AF_UNIX as u16).to_ne_bytes());
    room[2..2 + name.len()].copy_from_slice(name);
    (room, 2 + name.len())
}

fn connect(socket: usize, address: &[u8]) -> Result<()> {
    does(libc::SYS_connect, [socket, to(address), address.len()])
}

fn tcp(address: [u8; 4], port: u16, protocol: i32) -> Result<()> {
    connect(socket(libc::AF_INET, STREAM, protocol)?, &host(address, port))
}

fn send(socket: usize, words: &[u8], flags: i32, address: &[u8]) -> Result<()> {
    does(libc::SYS_sendto, [socket, to(words), words.len(), flags as usize, to(address), address.len()])
}

fn message(words: &[u8], address: &[u8]) -> ([usize; 2], [usize; 7]) {
    ([to(words), words.len()], [to(address), address.len(), 0, 1, 0, 0, 0])
}

fn path_socket(w: &World, name: &str, kind: i32) -> Result<usize> {
    let (address, length) = local(w.path(name).as_bytes());
    let socket = socket(libc::AF_UNIX, kind, 0)?;
    connect(socket, &address[..length])?;
    Ok(socket)
}

fn named_socket(w: &World) -> Result<usize> {
    let (address, length) = local(format!("\0bulkhead-attacks-{}", w.number).as_bytes());
    let socket = socket(libc::AF_UNIX, STREAM, 0)?;
    connect(socket, &address[..length])?;
    Ok(socket)
}

const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06secret\x07example\x00\x00\x01\x00\x01";
/// "The whole of what comes may pass", for a socket.
const FILTER: [u64; 1] = [0x0000_ffff_0000_0006];

pub const ATTACKS: &[Attack] = &[
    attack("other-host", "connects to another host", OFFLINE.and(PROXIED), |w| tcp([127, 0, 0, 2], w.elsewhere, 0)),
    attack("past-the-proxy", "connects to another port of the proxy's host", OFFLINE.and(PROXIED), |w| {
        tcp([127, 0, 0, 1], w.elsewhere, 0)
    }),
    attack("proxy's-port-elsewhere", "connects to the proxy's port of another host", OFFLINE.and(PROXIED), |w| {
        tcp([127, 0, 0, 2], w.port, 0)
    }),
    attack("other-host-by-ipv6", "connects to another host over IPv6", OFFLINE.and(PROXIED), |w| {
        if w.port6 == 0 {
            return Err(not_here());
        }
        connect(socket(libc::AF_INET6, STREAM, 0)?, &loopback6(w.port6))
    }),
    attack("fast-open", "connects by sending (TCP fast open, sendto)", OFFLINE.and(PROXIED), |w| {
        let socket = socket(libc::AF_INET, STREAM, 0)?;
        send(socket, b"secret", libc::MSG_FASTOPEN, &host([127, 0, 0, 2], w.elsewhere))
    }),
    attack("fast-open-message", "does so with sendmsg", OFFLINE.and(PROXIED), |w| {
        let (socket, address) = (socket(libc::AF_INET, STREAM, 0)?, host([127, 0, 0, 2], w.elsewhere));
        let (part, mut header) = message(b"secret", &address);
        header[2] = to(&part);
        does(libc::SYS_sendmsg, [socket, to(&header), libc::MSG_FASTOPEN as usize])
    }),
    attack("fast-open-messages", "does so with sendmmsg", OFFLINE.and(PROXIED), |w| {
        let (socket, address) = (socket(libc::AF_INET, STREAM, 0)?, host([127, 0, 0, 2], w.elsewhere));
        let (part, header) = message(b"secret", &address);
        let mut headers = [0usize; 8];
        headers[..7].copy_from_slice(&header);
        headers[2] = to(&part);
        match call(libc::SYS_sendmmsg, [socket, to(&headers), 1, libc::MSG_FASTOPEN as usize])? {
            0 => Err(crate::kernel::nothing()),
            _ => Ok(()),
        }
    }),
    attack("multipath-tcp", "connects by multipath TCP", OFFLINE.and(PROXIED), |w| {
        tcp([127, 0, 0, 2], w.elsewhere, MPTCP)
    }),
    attack("sctp", "makes an SCTP socket", OFFLINE.and(PROXIED), |_| socket(libc::AF_INET, STREAM, SCTP).map(drop)),
    attack("smc", "makes an SMC socket", OFFLINE.and(PROXIED), |_| socket(libc::AF_INET, STREAM, SMC).map(drop)),
    attack("udp", "sends a datagram", OFFLINE.and(PROXIED), |w| {
        let socket = socket(libc::AF_INET, DATAGRAM, 0)?;
        send(socket, b"secret", 0, &host([127, 0, 0, 1], w.names))
    }),
    attack("udp-by-ipv6", "makes a datagram socket for IPv6", OFFLINE.and(PROXIED), |_| {
        socket(libc::AF_INET6, DATAGRAM, 0).map(drop)
    }),
    attack("udp-lite", "makes a UDP-Lite socket", OFFLINE.and(PROXIED), |_| {
        socket(libc::AF_INET, DATAGRAM, UDP_LITE).map(drop)
    }),
    attack("dns-beacon", "hides words in a question to a name server", OFFLINE.and(PROXIED), |w| {
        let socket = socket(libc::AF_INET, DATAGRAM, 0)?;
        connect(socket, &host([127, 0, 0, 1], w.names))?;
        does(libc::SYS_sendto, [socket, to(QUESTION), QUESTION.len(), 0, 0, 0])
    }),
    attack("timing-beacon", "speaks by when it connects", OFFLINE.and(PROXIED), |w| {
        (0..3).try_for_each(|_| tcp([127, 0, 0, 2], w.elsewhere, 0))
    }),
    attack("ping", "makes a socket for echo requests", OFFLINE.and(PROXIED), |_| {
        socket(libc::AF_INET, DATAGRAM, libc::IPPROTO_ICMP).map(drop)
    }),
    attack("listen", "lets others connect to it", EVERYWHERE.and(PROXIED), |_| {
        let socket = socket(libc::AF_INET, STREAM, 0)?;
        let address = host([127, 0, 0, 1], 0);
        does(libc::SYS_bind, [socket, to(&address), 16])?;
        does(libc::SYS_listen, [socket, 1])
    }),
    attack("listen-unbound", "lets others connect to a port that the kernel chooses", EVERYWHERE.and(PROXIED), |_| {
        does(libc::SYS_listen, [socket(libc::AF_INET, STREAM, 0)?, 1])
    }),
    attack("receive-datagrams", "takes datagrams at a port of its choice", EVERYWHERE.and(PROXIED), |_| {
        let socket = socket(libc::AF_INET, DATAGRAM, 0)?;
        does(libc::SYS_bind, [socket, to(&host([127, 0, 0, 1], 0)), 16])
    }),
    attack("past-the-vpn", "binds a socket to a network device of its choice", NET.and(PROXIED).and(OFFLINE), |_| {
        let socket = socket(libc::AF_INET, STREAM, 0)?;
        does(libc::SYS_setsockopt, [socket, libc::SOL_SOCKET as usize, libc::SO_BINDTODEVICE as usize, at(c"lo"), 3])
    }),
    attack("packet-mark", "marks its packets, to be routed past a VPN", NET.and(PROXIED).and(OFFLINE), |_| {
        let (socket, mark) = (socket(libc::AF_INET, STREAM, 0)?, 7u32);
        does(libc::SYS_setsockopt, [socket, libc::SOL_SOCKET as usize, libc::SO_MARK as usize, to(&mark), 4])
    }),
    attack("socket-filter", "has the kernel run a program of its own on a socket", EVERYWHERE, |_| {
        let program = [1usize, to(&FILTER)];
        does(libc::SYS_setsockopt, [3, libc::SOL_SOCKET as usize, libc::SO_ATTACH_FILTER as usize, to(&program), 16])
    }),
    attack("interfaces", "lists the machine's addresses", EVERYWHERE, |_| {
        let socket = socket(libc::AF_INET, STREAM, 0)?;
        let mut room = [0u8; 1024];
        let wanted = [1024usize, room.as_mut_ptr() as usize];
        does(libc::SYS_ioctl, [socket, libc::SIOCGIFCONF as usize, to(&wanted)])
    }),
    attack("raw-packets", "makes a socket for raw IP packets", EVERYWHERE, |_| {
        socket(libc::AF_INET, libc::SOCK_RAW, 255).map(drop)
    })
    .private(),
    attack("all-packets", "listens to all packets of the machine", EVERYWHERE, |_| {
        socket(libc::AF_PACKET, libc::SOCK_RAW, 0).map(drop)
    })
    .private(),
    attack("express-packets", "makes a socket past the network stack (XDP)", EVERYWHERE, |_| {
        socket(libc::AF_XDP, libc::SOCK_RAW, 0).map(drop)
    })
    .private(),
    attack("routes", "asks for the machine's addresses and routes (netlink)", EVERYWHERE, |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW, 0).map(drop)
    }),
    attack("hot-plug", "listens to what devices are plugged in", EVERYWHERE, |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW, 15).map(drop)
    }),
    attack("socket-list", "lists the machine's connections", EVERYWHERE, |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW, 4).map(drop)
    }),
    attack("hypervisor", "speaks to the host of a virtual machine (vsock)", EVERYWHERE, |_| {
        socket(libc::AF_VSOCK, STREAM, 0).map(drop)
    }),
    attack("kernel-ciphers", "uses the kernel's ciphers (AF_ALG)", EVERYWHERE, |_| {
        socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0).map(drop)
    }),
    attack("bluetooth", "makes a Bluetooth socket", EVERYWHERE, |_| {
        socket(libc::AF_BLUETOOTH, libc::SOCK_SEQPACKET, 0).map(drop)
    }),
    attack("x-display", "connects to the X server", UI.and(NET).and(VAULT_STEADY), |w| {
        path_socket(w, "display", STREAM).map(drop)
    }),
    attack("x-display-by-name", "connects to the X server's abstract socket", UI.and(NET).and(VAULT_STEADY), |w| {
        named_socket(w).map(drop)
    }),
    attack("wayland", "connects to the Wayland compositor", UI.and(NET).and(VAULT_STEADY), |w| {
        path_socket(w, "wayland-0", STREAM).map(drop)
    }),
    attack("session-bus", "asks the desktop's D-Bus to start programs", EVERYWHERE, |w| {
        path_socket(w, "bus", STREAM).map(drop)
    }),
    attack("ssh-agent", "has the user's SSH agent sign", EVERYWHERE, |w| path_socket(w, "agent", STREAM).map(drop)),
    attack("journal", "sends a datagram to a local service without connecting", EVERYWHERE, |w| {
        let (address, length) = local(w.path("log").as_bytes());
        // By the call that is there for the display.
        let part = libc::iovec { iov_base: b"x".as_ptr().cast_mut().cast(), iov_len: 1 };
        // SAFETY: all zeros is a message without anything.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        (header.msg_name, header.msg_namelen) = (address.as_ptr().cast_mut().cast(), length as u32);
        (header.msg_iov, header.msg_iovlen) = ((&raw const part).cast_mut(), 1);
        does(libc::SYS_sendmsg, [socket(libc::AF_UNIX, DATAGRAM, 0)?, to(&header), 0])
    }),
    attack("local-service", "offers a local service", EVERYWHERE, |w| {
        let (address, length) = local(w.path("home/service").as_bytes());
        let socket = socket(libc::AF_UNIX, STREAM, 0)?;
        does(libc::SYS_bind, [socket, to(&address), length])?;
        does(libc::SYS_listen, [socket, 1])
    }),
    attack("local-service-by-name", "offers one under an abstract name", EVERYWHERE, |w| {
        let (address, length) = local(format!("\0bulkhead-service-{}", w.number).as_bytes());
        let socket = socket(libc::AF_UNIX, STREAM, 0)?;
        does(libc::SYS_bind, [socket, to(&address), length])?;
        does(libc::SYS_listen, [socket, 1])
    }),
];
