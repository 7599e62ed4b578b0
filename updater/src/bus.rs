//! Connects the desktop's session bus, for the one process that speaks there. Nothing is written or read here.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::PathBuf;

/// Longest address that is looked at, in bytes.
const LONGEST: usize = 4096;

/// Connects the bus that the environment names, as D-Bus libraries do: `DBUS_SESSION_BUS_ADDRESS`, and where that is not
/// set, `bus` in `XDG_RUNTIME_DIR`.
pub fn connect(environment: &dyn Fn(&str) -> Option<OsString>) -> io::Result<OwnedFd> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "there is no session bus");
    let Some(addresses) = environment("DBUS_SESSION_BUS_ADDRESS") else {
        let folder = environment("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
        return UnixStream::connect(folder.ok_or_else(none)?.join("bus")).map(Into::into);
    };
    let mut tried = Err(none());
    for address in sockets(&addresses) {
        tried = address.and_then(|address| UnixStream::connect_addr(&address)).map(Into::into);
        if tried.is_ok() {
            break;
        }
    }
    tried
}

/// The local sockets among addresses (D-Bus specification, "Server Addresses"): `unix:path=…` and `unix:abstract=…`.
fn sockets(addresses: &OsStr) -> impl Iterator<Item = io::Result<SocketAddr>> {
    let addresses = addresses.as_bytes().get(..LONGEST.min(addresses.len())).unwrap_or_default();
    addresses.split(|byte| *byte == b';').filter_map(|address| {
        let pairs = address.strip_prefix(b"unix:")?.split(|byte| *byte == b',');
        pairs.filter_map(|pair| split_once(pair, b'=')).find_map(|(key, value)| match key {
            b"path" => Some(SocketAddr::from_pathname(OsString::from_vec(unescaped(value)))),
            b"abstract" => Some(SocketAddr::from_abstract_name(unescaped(value))),
            _ => None,
        })
    })
}

/// `slice::split_once` is not stable yet.
fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == at)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// A value without its escapes: `%` and two hexadecimal digits are a byte.
fn unescaped(value: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (mut rest, mut bytes) = (value, Vec::with_capacity(value.len()));
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => bytes.push(*byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn local_sockets_are_found_among_addresses_and_nothing_else() {
        let found = |text: &str| -> Vec<_> { sockets(OsStr::new(text)).map(Result::unwrap).collect() };
        let one = found("unix:path=/run/user/1000/bus,guid=2a");
        assert_eq!(one[0].as_pathname(), Some(Path::new("/run/user/1000/bus")));
        let two = found("tcp:host=localhost,port=1;unix:guid=2a,abstract=/tmp/dbus-%41;unix:path=/a%20b");
        assert_eq!(two.len(), 2);
        assert_eq!(two[0].as_abstract_name(), Some(b"/tmp/dbus-A".as_slice()));
        assert_eq!(two[1].as_pathname(), Some(Path::new("/a b")));
        for none in ["", "disabled:", "autolaunch:", "unixexec:path=/bin/true", "unix:tmpdir=/tmp", "unix:path"] {
            assert!(found(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn without_a_word_about_it_the_runtime_folder_is_looked_into_and_with_one_it_is_not() {
        let folder = std::env::temp_dir().join(format!("bulkhead-bus-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(folder.join("bus")).unwrap();
        let environment = |address: Option<&'static str>| {
            let folder = folder.clone();
            move |name: &str| match name {
                "XDG_RUNTIME_DIR" => Some(folder.clone().into_os_string()),
                _ => address.map(OsString::from),
            }
        };
        assert!(connect(&environment(None)).is_ok());
        assert!(connect(&environment(Some("disabled:"))).is_err());
        assert!(connect(&|_| None).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
