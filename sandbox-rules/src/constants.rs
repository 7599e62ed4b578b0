//! The kernel's names for argument values, so that conditions can be read without a header file.

/// Looks up a value by name; `None` if the rules have no business with it.
pub(crate) fn by_name(name: &str) -> Option<u64> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The address family of a socket; the low four bits of its type (the others are flags).
const CONSTANTS: &[(&str, u64)] = &[
    ("AF_INET", libc::AF_INET as u64),
    ("AF_INET6", libc::AF_INET6 as u64),
    ("AF_NETLINK", libc::AF_NETLINK as u64),
    ("AF_UNIX", libc::AF_UNIX as u64),
    ("CLONE_THREAD", libc::CLONE_THREAD as u64),
    ("CLONE_VFORK", libc::CLONE_VFORK as u64),
    ("FIONBIO", libc::FIONBIO),
    ("F_GETFD", libc::F_GETFD as u64),
    ("FIONREAD", libc::FIONREAD),
    ("MAP_ANONYMOUS", libc::MAP_ANONYMOUS as u64),
    ("MAP_PRIVATE", libc::MAP_PRIVATE as u64),
    ("MAP_TYPE", libc::MAP_TYPE as u64),
    ("PROT_EXEC", libc::PROT_EXEC as u64),
    ("PR_SET_NAME", libc::PR_SET_NAME as u64),
    ("PR_SET_VMA", libc::PR_SET_VMA as u64),
    ("SOCK_DGRAM", libc::SOCK_DGRAM as u64),
    ("SOCK_STREAM", libc::SOCK_STREAM as u64),
    ("SOCK_TYPE_MASK", 0xf),
    ("TCGETS", libc::TCGETS),
];
