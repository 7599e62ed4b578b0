//! What an attack is: its row in the table, and what the judge puts in place for it.

use crate::kernel::{self, Result};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// From where an attack is tried: a set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places(pub u16);

impl Places {
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A program that is hostile from its first instruction: only the launcher's bound holds it.
pub const NET_START: Places = Places(1);
/// A process that was taken over once it had narrowed itself.
pub const NET_STEADY: Places = Places(2);
pub const UI_START: Places = Places(4);
pub const UI_STEADY: Places = Places(8);
pub const VAULT_START: Places = Places(16);
pub const VAULT_STEADY: Places = Places(32);
/// net with a SOCKS proxy.
pub const PROXIED_START: Places = Places(64);
pub const PROXIED_STEADY: Places = Places(128);

pub const SEAL_START: Places = Places(256);
pub const SEAL_STEADY: Places = Places(512);
pub const KEYRING_START: Places = Places(1024);
pub const KEYRING_STEADY: Places = Places(2048);

pub const NET: Places = NET_START.and(NET_STEADY);
pub const UI: Places = UI_START.and(UI_STEADY);
pub const VAULT: Places = VAULT_START.and(VAULT_STEADY);
pub const SEAL: Places = SEAL_START.and(SEAL_STEADY);
pub const KEYRING: Places = KEYRING_START.and(KEYRING_STEADY);
pub const PROXIED: Places = PROXIED_START.and(PROXIED_STEADY);
pub const EVERYWHERE: Places = NET.and(UI).and(VAULT).and(SEAL).and(KEYRING);
/// Once set up, when no code is mapped any more.
pub const STEADY: Places = NET_STEADY.and(UI_STEADY).and(VAULT_STEADY).and(SEAL_STEADY).and(KEYRING_STEADY);
/// What has no business with any network.
pub const OFFLINE: Places = UI.and(VAULT).and(SEAL).and(KEYRING);

/// One attack: one act.
pub struct Attack {
    pub name: &'static str,
    /// What it tries, to be read after "It".
    pub tries: &'static str,
    pub from: Places,
    pub act: fn(&World) -> Result<()>,
    pub props: Props,
}

/// What the judge puts in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Props {
    /// Descriptors 3 and 4.
    pub lines: Lines,
    /// Another process of the same user, to be harmed.
    pub victim: bool,
    /// The attack is meant to end the victim: that, not the kernel's answer, is what counts.
    pub kills: bool,
    /// The control runs in namespaces of its own (as root of one where the user is not root), where the act would
    /// disturb the machine.
    pub private: bool,
}

/// What descriptors 3 and 4 are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// The two ends of a packet socket pair.
    Pair,
    /// Frame memory as the vault makes it; for the control, the same without seals.
    Frame,
    /// A terminal.
    Terminal,
    /// A namespace.
    Namespace,
}

pub const fn attack(name: &'static str, tries: &'static str, from: Places, act: fn(&World) -> Result<()>) -> Attack {
    let props = Props { lines: Lines::Pair, victim: false, kills: false, private: false };
    Attack { name, tries, from, act, props }
}

impl Attack {
    pub const fn on(mut self, lines: Lines) -> Self {
        self.props.lines = lines;
        self
    }

    pub const fn victim(mut self) -> Self {
        self.props.victim = true;
        self
    }

    pub const fn kills(mut self) -> Self {
        self.props.kills = true;
        self.victim()
    }

    pub const fn private(mut self) -> Self {
        self.props.private = true;
        self
    }
}

/// What the twin knows of the world, from its arguments.
#[derive(Clone, Debug)]
pub struct World {
    /// This run's own folder: a user's home, a profile, what lies about.
    pub folder: PathBuf,
    /// The proxy's port on 127.0.0.1; somebody else listens there on 127.0.0.2.
    pub port: u16,
    /// Another port on 127.0.0.1.
    pub elsewhere: u16,
    /// The same on ::1, or 0.
    pub port6: u16,
    /// A name server's port.
    pub names: u16,
    /// Another process of the same user, or 0.
    pub victim: i32,
    /// Where its memory can be read and written.
    pub readable: usize,
    pub writable: usize,
    /// A number of this run's own.
    pub number: u32,
    /// A shared library that every process may read.
    pub library: PathBuf,
}

impl World {
    pub fn arguments(&self) -> Vec<String> {
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        vec![
            text(&self.folder),
            self.port.to_string(),
            self.elsewhere.to_string(),
            self.port6.to_string(),
            self.names.to_string(),
            self.victim.to_string(),
            self.readable.to_string(),
            self.writable.to_string(),
            self.number.to_string(),
            text(&self.library),
        ]
    }

    pub fn from_arguments(arguments: &[String]) -> Option<Self> {
        let [folder, port, elsewhere, port6, names, victim, readable, writable, number, library] = arguments else {
            return None;
        };
        Some(Self {
            folder: folder.into(),
            port: port.parse().ok()?,
            elsewhere: elsewhere.parse().ok()?,
            port6: port6.parse().ok()?,
            names: names.parse().ok()?,
            victim: victim.parse().ok()?,
            readable: readable.parse().ok()?,
            writable: writable.parse().ok()?,
            number: number.parse().ok()?,
            library: library.into(),
        })
    }

    /// A path in this run's folder.
    pub fn path(&self, name: &str) -> CString {
        zero(self.folder.join(name).as_os_str().as_bytes())
    }

    /// The shared library's path.
    pub fn library(&self) -> CString {
        zero(self.library.as_os_str().as_bytes())
    }

    /// The user's private key for OpenSSH.
    pub fn key(&self) -> CString {
        self.path("home/.ssh/id_ed25519")
    }

    /// The absolute path of the key after a prefix, such as `/proc/self/root`.
    pub fn key_after(&self, prefix: &str) -> CString {
        let key = self.folder.join("home/.ssh/id_ed25519");
        zero(format!("{prefix}{}", key.display()))
    }

    /// Opens for reading and reads a byte.
    pub fn read(&self, path: &CString) -> Result<()> {
        let file = kernel::open(path, nix::libc::O_RDONLY)?;
        kernel::read(file)
    }
}

/// A text as the kernel reads it.
pub fn zero(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).expect("no zero byte")
}
