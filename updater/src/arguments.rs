//! What the user asks for on the command line.
//!
//! Everything is judged here, before a process exists, so that a slip of the pen gets one sentence and not a window
//! that fails later.

use lexopt::prelude::{Long, Value};
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Bulkhead, an end-to-end encrypted messenger.

Usage: bulkhead [OPTIONS]

  --profile NAME       which profile to open; the first start makes it [default: default]
  --data-dir DIR       where profiles are kept [default: $XDG_DATA_HOME/bulkhead]
  --relay URL          a relay of yours: wss://…, or ws://… on this machine or an .onion address;
                       may be given several times
  --socks IP:PORT      send everything through this SOCKS5 proxy, such as Tor's 127.0.0.1:9050
  --tpm PATH           the TPM 2.0 that a PIN is bound to: a device, or a socket of a TPM in software
                       [default: /dev/tpmrm0]
  --backup             once it is open, first write a backup into the profile's folder
  --move               the same, then close the profile here for ever: it goes on from that file
  --restore FILE       make a new profile of a backup; name it with --profile
  --passphrase-fd N    read the passphrase from this open descriptor instead of asking for it
  --try DIR            only see whether the programs in this folder start, and show nothing; with --data-dir
  --version            print the version
  --help               print this
";

/// Longest profile name and relay URL, in bytes.
const LONGEST_PROFILE: usize = 64;
const LONGEST_URL: usize = bulkhead_ipc::post::MAX_URL;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Run the messenger.
    Run(Arguments),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// How to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The profile's name.
    pub profile: String,
    /// The folder of all profiles, absolute.
    pub data_dir: PathBuf,
    /// The user's relays, in order.
    pub relays: Vec<String>,
    /// The SOCKS proxy.
    pub socks: Option<SocketAddr>,
    /// The descriptor to read the passphrase from.
    pub passphrase: Option<i32>,
    /// The TPM, if it is another than the kernel's first.
    pub tpm: Option<PathBuf>,
    /// What to do with the whole profile.
    pub errand: Option<Errand>,
    /// The programs to try, if they are only to be tried; absolute.
    pub trial: Option<PathBuf>,
}

/// What to do with a whole profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Back it up.
    Backup,
    /// Move it: back it up and close it for ever.
    Move,
    /// Make it of this file, absolute.
    Restore(PathBuf),
}

impl Arguments {
    /// The profile's own folder.
    pub fn folder(&self) -> PathBuf {
        self.data_dir.join(&self.profile)
    }
}

/// What is wrong with the command line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An unknown option, a missing value, and the like.
    #[error("{0}")]
    Syntax(#[from] lexopt::Error),
    /// A name that would not be one folder.
    #[error(
        "`{0}` cannot be a profile's name: use up to {LONGEST_PROFILE} letters, digits, `-`, `_` or `.`, and begin with a letter or digit"
    )]
    Profile(String),
    /// Not a WebSocket URL.
    #[error("`{0}` is not a relay's address: it looks like wss://relay.example")]
    Relay(String),
    /// Not encrypted, and leaving this machine.
    #[error(
        "`{0}` is not encrypted on its way: use wss://, as ws:// is for relays on this machine and .onion addresses only"
    )]
    Plain(String),
    /// Too many relays.
    #[error("more than {0} relays: two or three are enough")]
    TooMany(usize),
    /// Not an address and port.
    #[error(
        "`{0}` is not a proxy's address: it looks like 127.0.0.1:9050, as a name could not be looked up without going past the proxy"
    )]
    Proxy(String),
    /// Not a descriptor's number.
    #[error("`{0}` is not a descriptor's number")]
    Descriptor(String),
    /// More than one of `--backup`, `--move` and `--restore`.
    #[error("--backup, --move and --restore are three different things: give one of them")]
    Errands,
    /// `--try` without `--data-dir`.
    #[error("--try needs --data-dir: a folder that is of no other use")]
    Trial,
    /// Neither an option nor the environment says where.
    #[error("no folder for profiles is known: give one with --data-dir")]
    NoFolder,
}

/// Reads the command line (without the program's name). `environment` looks up a variable.
pub fn parse(
    arguments: impl Iterator<Item = OsString>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Request, Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut profile, mut data_dir, mut relays, mut socks, mut passphrase) = (None, None, Vec::new(), None, None);
    let (mut tpm, mut trial) = (None, None);
    let mut errands = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("profile") => profile = Some(name(text(parser.value()?)?)?),
            Long("data-dir") => data_dir = Some(PathBuf::from(parser.value()?)),
            Long("relay") => relays.push(relay(text(parser.value()?)?)?),
            Long("socks") => socks = Some(proxy(&text(parser.value()?)?)?),
            Long("tpm") => tpm = Some(PathBuf::from(parser.value()?)),
            Long("passphrase-fd") => passphrase = Some(descriptor(&text(parser.value()?)?)?),
            Long("try") => {
                trial = Some(std::path::absolute(parser.value()?).map_err(|_| Error::NoFolder)?);
            }
            Long("backup") => errands.push(Errand::Backup),
            Long("move") => errands.push(Errand::Move),
            Long("restore") => {
                // The processes run in the root folder: a relative path would mean another place to them.
                errands.push(Errand::Restore(std::path::absolute(parser.value()?).map_err(|_| Error::NoFolder)?));
            }
            Long("help") | lexopt::Arg::Short('h') => return Ok(Request::Help),
            Long("version") | lexopt::Arg::Short('V') => return Ok(Request::Version),
            Value(_) | Long(_) | lexopt::Arg::Short(_) => return Err(argument.unexpected().into()),
        }
    }
    if relays.len() > bulkhead_ipc::post::MAX_RELAYS {
        return Err(Error::TooMany(bulkhead_ipc::post::MAX_RELAYS));
    }
    if errands.len() > 1 {
        return Err(Error::Errands);
    }
    if trial.is_some() && data_dir.is_none() {
        return Err(Error::Trial);
    }
    let data_dir = data_dir.or_else(|| default_folder(environment)).ok_or(Error::NoFolder)?;
    // The processes run in the root folder: a relative path would mean another place to them.
    let data_dir = std::path::absolute(data_dir).map_err(|_| Error::NoFolder)?;
    let profile = profile.unwrap_or_else(|| "default".into());
    let errand = errands.pop();
    Ok(Request::Run(Arguments { profile, data_dir, relays, socks, passphrase, tpm, errand, trial }))
}

/// The same command line for a second start: without what was done by the first one, or was for it alone.
pub fn again(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let (mut kept, mut skip) = (Vec::new(), false);
    for argument in arguments {
        let word = argument.to_string_lossy();
        let (name, inside) = word.split_once('=').map_or((&*word, false), |(name, _)| (name, true));
        let takes = matches!(name, "--restore" | "--passphrase-fd");
        let done = takes || matches!(name, "--backup" | "--move");
        if !std::mem::take(&mut skip) && !done {
            kept.push(argument);
        } else {
            skip = takes && !inside;
        }
    }
    kept
}

fn text(value: OsString) -> Result<String, Error> {
    value.into_string().map_err(|value| lexopt::Error::NonUnicodeValue(value).into())
}

fn default_folder(environment: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("bulkhead"))
}

fn name(name: String) -> Result<String, Error> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if plain && begins && name.len() <= LONGEST_PROFILE { Ok(name) } else { Err(Error::Profile(name)) }
}

fn descriptor(text: &str) -> Result<i32, Error> {
    text.parse().ok().filter(|number| *number >= 0).ok_or_else(|| Error::Descriptor(text.into()))
}

fn proxy(text: &str) -> Result<SocketAddr, Error> {
    let literal = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: Option<SocketAddr> = literal.as_deref().unwrap_or(text).parse().ok();
    address.filter(|address| address.port() != 0).ok_or_else(|| Error::Proxy(text.into()))
}

/// `ws[s]://HOST[:PORT][/PATH]`, and nothing that could be read in two ways: no user, no fragment, no blank.
fn relay(url: String) -> Result<String, Error> {
    let Some((encrypted, rest)) = [("wss://", true), ("ws://", false)]
        .into_iter()
        .find_map(|(scheme, encrypted)| url.strip_prefix(scheme).map(|rest| (encrypted, rest)))
    else {
        return Err(Error::Relay(url));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let plain = url.len() <= LONGEST_URL && url.bytes().all(|b| b.is_ascii_graphic() && !b"@#\\\"<>".contains(&b));
    match host(authority).filter(|_| plain) {
        None => Err(Error::Relay(url)),
        Some(host) if !encrypted && !stays_here(host) => Err(Error::Plain(url)),
        Some(_) => Ok(url),
    }
}

/// The host of `HOST[:PORT]`, if both are well-formed.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => {
            host.parse::<Ipv6Addr>().ok()?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("443"))?)
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
            let label =
                |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !host.trim_end_matches('.').split('.').all(label) {
                return None;
            }
            (host, port)
        }
    };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    (digits && port.parse::<u16>().is_ok_and(|port| port != 0)).then_some(host)
}

/// Whether what is said to this host in plain text cannot be heard on the way: it stays on this machine, or Tor
/// encrypts it up to the relay.
fn stays_here(host: &str) -> bool {
    let address = host.parse::<Ipv4Addr>().map(IpAddr::V4).or_else(|_| host.parse::<Ipv6Addr>().map(IpAddr::V6));
    let name = host.to_ascii_lowercase();
    address.is_ok_and(|address| address.is_loopback()) || name == "localhost" || name.ends_with(".onion")
}

#[cfg(test)]
mod tests;
