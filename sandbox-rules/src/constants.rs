//! The kernel's names for argument values, so that conditions can be read without a header file.

/// Looks up a value by name; `None` if the rules have no business with it.
pub(crate) fn by_name(name: &str) -> Option<u64> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Ours, beside the kernel's: `CLOCK_OF_PROCESS` is what tells a process's clock from the machine's, `CLONE_KIND` whether
/// a thread or in which namespaces, `FUTEX_COMMAND` an operation without its flags; `SOCK_TYPE_MASK` is the low four bits of a socket's type (the others are flags);
/// `MAP_KIND` says whose memory is mapped and whether over other memory, and `MAP_OWN` that it is new and private;
/// `O_WRITES` is what opens a file for more than reading.
const CONSTANTS: &[(&str, u64)] = &[
    ("AF_INET", libc::AF_INET as u64),
    ("AF_INET6", libc::AF_INET6 as u64),
    ("AF_NETLINK", libc::AF_NETLINK as u64),
    ("AF_UNIX", libc::AF_UNIX as u64),
    ("CLOCK_OF_PROCESS", !7 & 0xffff_ffff),
    (
        "CLONE_KIND",
        (libc::CLONE_THREAD
            | libc::CLONE_NEWNS
            | libc::CLONE_NEWCGROUP
            | libc::CLONE_NEWUTS
            | libc::CLONE_NEWIPC
            | libc::CLONE_NEWUSER
            | libc::CLONE_NEWPID
            | libc::CLONE_NEWNET) as u64,
    ),
    ("CLONE_THREAD", libc::CLONE_THREAD as u64),
    ("CLONE_VFORK", libc::CLONE_VFORK as u64),
    ("FIONBIO", libc::FIONBIO),
    ("FIONREAD", libc::FIONREAD),
    ("FUTEX_COMMAND", !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) as u32 as u64),
    ("FUTEX_WAIT", libc::FUTEX_WAIT as u64),
    ("FUTEX_WAIT_BITSET", libc::FUTEX_WAIT_BITSET as u64),
    ("FUTEX_WAKE", libc::FUTEX_WAKE as u64),
    ("F_ADD_SEALS", libc::F_ADD_SEALS as u64),
    ("F_DUPFD_CLOEXEC", libc::F_DUPFD_CLOEXEC as u64),
    ("F_GETFD", libc::F_GETFD as u64),
    ("F_GETFL", libc::F_GETFL as u64),
    ("F_GETLK", libc::F_GETLK as u64),
    ("F_OFD_SETLK", libc::F_OFD_SETLK as u64),
    ("F_SETFD", libc::F_SETFD as u64),
    ("F_SETFL", libc::F_SETFL as u64),
    ("F_SETLK", libc::F_SETLK as u64),
    ("IPPROTO_IP", libc::IPPROTO_IP as u64),
    ("IPPROTO_IPV6", libc::IPPROTO_IPV6 as u64),
    ("IPPROTO_TCP", libc::IPPROTO_TCP as u64),
    ("IPV6_RECVERR", libc::IPV6_RECVERR as u64),
    ("IP_RECVERR", libc::IP_RECVERR as u64),
    ("MAP_ANONYMOUS", libc::MAP_ANONYMOUS as u64),
    ("MAP_KIND", (libc::MAP_TYPE | libc::MAP_FIXED | libc::MAP_ANONYMOUS) as u64),
    ("MAP_OWN", (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64),
    ("MAP_PRIVATE", libc::MAP_PRIVATE as u64),
    ("MAP_TYPE", libc::MAP_TYPE as u64),
    ("MSG_FASTOPEN", libc::MSG_FASTOPEN as u64),
    ("O_WRITES", (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) as u64),
    ("PROT_EXEC", libc::PROT_EXEC as u64),
    ("PR_GET_NO_NEW_PRIVS", libc::PR_GET_NO_NEW_PRIVS as u64),
    ("PR_GET_SECCOMP", libc::PR_GET_SECCOMP as u64),
    ("PR_SET_DUMPABLE", libc::PR_SET_DUMPABLE as u64),
    ("PR_SET_NAME", libc::PR_SET_NAME as u64),
    ("PR_SET_NO_NEW_PRIVS", libc::PR_SET_NO_NEW_PRIVS as u64),
    ("PR_SET_VMA", libc::PR_SET_VMA as u64),
    ("SOCK_DGRAM", libc::SOCK_DGRAM as u64),
    ("SOCK_STREAM", libc::SOCK_STREAM as u64),
    ("SOCK_TYPE_MASK", 0xf),
    ("SOL_SOCKET", libc::SOL_SOCKET as u64),
    ("SO_ERROR", libc::SO_ERROR as u64),
    ("SO_RCVTIMEO", libc::SO_RCVTIMEO as u64),
    ("SO_SNDBUF", libc::SO_SNDBUF as u64),
    ("SO_SNDTIMEO", libc::SO_SNDTIMEO as u64),
    ("SO_TYPE", libc::SO_TYPE as u64),
    ("TCGETS", libc::TCGETS),
    ("TCP_NODELAY", libc::TCP_NODELAY as u64),
];
