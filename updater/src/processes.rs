//! The start table: each process's program, lines and arguments.
//!
//! ```text
//!                 post, sign                 pixels, intent
//!   bulkhead-net ◄──────────► bulkhead-vault ◄────────────► bulkhead-ui
//!                               ▲        ▲ seal
//!                       control ▼        └───────────────► bulkhead-seal ◄──► the TPM, if there is one
//!                           bulkhead
//!                               ▲ keyring (the vault's)
//!                               └───────────────► bulkhead-keyring ◄──► the desktop's session bus, if there is one
//! ```
//!
//! net's and ui's ends stay open here as well, so that a fresh process can take the place of one that failed
//! without the vault noticing more than a new greeting. The vault's ends do not: they end with it.

use crate::Error;
use crate::arguments::{Arguments, Errand};
use bulkhead_ipc::automata::LAUNCHER;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::control::{FromLauncher, Peer, ToLauncher};
use bulkhead_ipc::line::{Line, Pair};
use bulkhead_rules::{Child, Launch, Process, launch};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, socketpair};
use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions, set_permissions};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The number that `--passphrase-fd` gets in the vault: the one after its lines.
const VAULT_PASSPHRASE: i32 = bulkhead_ipc::descriptors::VAULT_KEYRING + 1;
/// Most packets that wait on a line end, by far: a bound for a vault that writes while its peer's end is emptied.
const MOST_WAITING: usize = 10_000;

/// The running vault and the launcher's line to it.
pub struct Vault {
    /// The process.
    pub child: Child,
    /// The launcher's end.
    pub control: Line<FromLauncher, ToLauncher>,
}

/// Everything that is needed to start the processes, now and again.
pub struct Table {
    folder: PathBuf,
    proxy: Option<std::net::SocketAddr>,
    net: [OwnedFd; 2],
    ui: [OwnedFd; 2],
    vault: Option<VaultStart>,
    /// The line, and the TPM.
    seal: Option<[OwnedFd; 2]>,
    /// The line, and the session bus.
    keyring: Option<[OwnedFd; 2]>,
}

/// What only the vault gets, and only once.
struct VaultStart {
    profile: PathBuf,
    arguments: Vec<OsString>,
    lines: Vec<OwnedFd>,
    control: OwnedFd,
}

impl Table {
    /// Makes the lines and the profile's folder. `folder` holds the programs.
    pub fn new(folder: &Path, arguments: &Arguments) -> Result<Self, Error> {
        for process in Process::ALL {
            let program = folder.join(process.program());
            if !program.is_file() {
                return Err(Error::Missing(program));
            }
        }
        let (net_post, vault_post) = line()?;
        let (net_sign, vault_sign) = line()?;
        let (ui_pixels, vault_pixels) = line()?;
        let (ui_intent, vault_intent) = line()?;
        let (control, vault_control) = line()?;
        let (seal, vault_seal) = line()?;
        let (keyring, vault_keyring) = line()?;
        let mut lines =
            vec![vault_post, vault_sign, vault_pixels, vault_intent, vault_control, vault_seal, vault_keyring];
        if let Some(number) = arguments.passphrase {
            lines.push(borrowed(number)?);
        }
        let profile = make_profile(arguments)?;
        if let Some(Errand::Restore(file)) = &arguments.errand {
            bring(file, &profile).map_err(|error| Error::Restore(file.clone(), error))?;
        }
        let vault = VaultStart { profile, arguments: vault_arguments(arguments), lines, control };
        let folder = folder.to_path_buf();
        Ok(Self {
            folder,
            proxy: arguments.socks,
            net: [net_post, net_sign],
            ui: [ui_pixels, ui_intent],
            vault: Some(vault),
            // A trial leaves the TPM alone, and the desktop.
            seal: tpm(arguments.tpm.as_deref()).filter(|_| arguments.trial.is_none()).map(|tpm| [seal, tpm]),
            keyring: bus().filter(|_| arguments.trial.is_none()).map(|bus| [keyring, bus]),
        })
    }

    /// Starts the vault; it can be started once.
    pub fn start_vault(&mut self) -> Result<Vault, Error> {
        let start = self.vault.take().ok_or(Errno::EALREADY)?;
        let lines: Vec<_> = start.lines.iter().map(AsFd::as_fd).collect();
        let child = self.start(Process::Vault, &start.arguments, &lines, Some(&start.profile))?;
        Ok(Vault { child, control: Pair::new(&LAUNCHER, Side::Peer).line(start.control) })
    }

    /// Starts seal, if there is a TPM; once, as the passphrase opens the profile without it. Otherwise its end of the
    /// line is closed, by which the vault knows.
    pub fn start_seal(&mut self) -> Option<Child> {
        let lines = self.seal.take()?;
        self.start_sealer(Process::Seal, &lines)
    }

    /// The same for keyring, if there is a session bus.
    pub fn start_keyring(&mut self) -> Option<Child> {
        let lines = self.keyring.take()?;
        self.start_sealer(Process::Keyring, &lines)
    }

    fn start_sealer(&self, process: Process, lines: &[OwnedFd; 2]) -> Option<Child> {
        match self.start(process, &[], &lines.each_ref().map(AsFd::as_fd), None) {
            Ok(child) => Some(child),
            Err(error) => {
                eprintln!("bulkhead: {error}");
                None
            }
        }
    }

    /// Starts net or ui, by this number, on empty line ends.
    pub fn start_peer(&self, peer: Peer, number: u32) -> Result<Child, Error> {
        let (process, lines, arguments) = match peer {
            Peer::Net => (Process::Net, &self.net, net_arguments(number, self.proxy)),
            Peer::Ui => (Process::Ui, &self.ui, life(number)),
        };
        lines.iter().for_each(empty);
        self.start(process, &arguments, &lines.each_ref().map(AsFd::as_fd), None)
    }

    fn start(
        &self,
        process: Process,
        arguments: &[OsString],
        lines: &[BorrowedFd<'_>],
        data: Option<&Path>,
    ) -> Result<Child, Error> {
        let program = self.folder.join(process.program());
        let proxy = self.proxy.map(|address| address.port());
        let environment = |name: &str| variable(name);
        launch(&Launch { process, program: &program, arguments, lines, data, proxy, environment: &environment })
            .map_err(|error| Error::Start(process.program(), error))
    }
}

/// `--life NUMBER`; see [`crate::restarts::Restarts::life`].
fn life(number: u32) -> Vec<OsString> {
    vec!["--life".into(), number.to_string().into()]
}

/// `bulkhead-net --life NUMBER [--socks HOST:PORT]`
fn net_arguments(number: u32, proxy: Option<std::net::SocketAddr>) -> Vec<OsString> {
    let mut list = life(number);
    if let Some(address) = proxy {
        list.extend(["--socks".into(), address.to_string().into()]);
    }
    list
}

/// `bulkhead-vault --data-dir DIR --profile NAME [--relay URL]... [--proxied] [--backup | --move] [--try] [--passphrase-fd 10]`
fn vault_arguments(arguments: &Arguments) -> Vec<OsString> {
    let mut list: Vec<OsString> = vec!["--data-dir".into(), arguments.data_dir.clone().into()];
    list.extend(["--profile".into(), arguments.profile.clone().into()]);
    for relay in &arguments.relays {
        list.extend(["--relay".into(), relay.into()]);
    }
    if arguments.socks.is_some() {
        list.push("--proxied".into());
    }
    match arguments.errand {
        Some(Errand::Backup) => list.push("--backup".into()),
        Some(Errand::Move) => list.push("--move".into()),
        Some(Errand::Restore(_)) | None => {}
    }
    if arguments.trial.is_some() {
        list.push("--try".into());
    }
    if arguments.passphrase.is_some() {
        list.extend(["--passphrase-fd".into(), VAULT_PASSPHRASE.to_string().into()]);
    }
    list
}

/// A variable of the launcher's own environment; where the X library would look for its secret in the user's home
/// folder, its place is said outright, as rules are for places that are known before the start.
fn variable(name: &str) -> Option<OsString> {
    let set = std::env::var_os(name);
    match name {
        "XAUTHORITY" if set.is_none() => {
            let file = PathBuf::from(std::env::var_os("HOME")?).join(".Xauthority");
            file.is_file().then(|| file.into())
        }
        "LC_ALL" => characters(|name| std::env::var_os(name)).or(set),
        _ => set,
    }
}

/// The locale to use instead if the one that is set has no characters but Latin letters: with it, the X library would
/// drop what an input method composes.
fn characters(set: impl Fn(&str) -> Option<OsString>) -> Option<OsString> {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(set).find(|value| !value.is_empty());
    named.is_none_or(|value| value == "C" || value == "POSIX").then(|| "C.UTF-8".into())
}

fn line() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
}

/// Discards what waits on a line end: it was meant for a process that is no more.
fn empty(end: &OwnedFd) {
    for _ in 0..MOST_WAITING {
        match recv(end.as_raw_fd(), &mut [0], MsgFlags::MSG_DONTWAIT) {
            // A descriptor that came along is closed by the kernel, as there is no room for it.
            Ok(length) if length > 0 => {}
            Err(Errno::EINTR) => {}
            _ => return,
        }
    }
}

/// The TPM to use. That the usual one is not there, or not for this user, is no reason to say anything.
fn tpm(path: Option<&Path>) -> Option<OwnedFd> {
    let opened = crate::tpm::open(path.unwrap_or(Path::new(crate::tpm::FIRST)));
    if let (Some(path), Err(error)) = (path, &opened) {
        eprintln!("bulkhead: --tpm {}: {error}; going on without a TPM", path.display());
    }
    opened.ok()
}

/// The desktop's session bus. That there is none is no reason to say anything.
fn bus() -> Option<OwnedFd> {
    crate::bus::connect(&|name| std::env::var_os(name)).ok()
}

/// A handle on a descriptor that whoever started the launcher left open for it.
fn borrowed(number: i32) -> Result<OwnedFd, Error> {
    // Opening by name needs no trust in the number, unlike taking the descriptor over.
    let path = format!("/proc/self/fd/{number}");
    let file = std::fs::File::open(path).map_err(|_| Error::Passphrase(number))?;
    Ok(file.into())
}

/// The profile's folder, readable by its user only.
fn make_profile(arguments: &Arguments) -> Result<PathBuf, Error> {
    let folder = arguments.folder();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| set_permissions(&folder, Permissions::from_mode(0o700)))
        .map_err(|error| Error::Profile(folder.clone(), error))?;
    Ok(folder)
}

/// Copies a backup into a new profile's folder, where the vault can reach it: bytes that nothing here reads.
fn bring(file: &Path, profile: &Path) -> std::io::Result<()> {
    // A key file alone is what an attempt before this one left.
    if profile.join("store.db").exists() {
        return Err(std::io::Error::other("there is a profile of this name already: choose another with --profile"));
    }
    let beside = profile.join("restore.part");
    std::fs::copy(file, &beside)?;
    set_permissions(&beside, Permissions::from_mode(0o600))?;
    std::fs::rename(beside, profile.join("restore.bulkhead-backup"))
}

#[cfg(test)]
mod tests {
    use super::characters;

    #[test]
    fn a_locale_without_characters_is_replaced() {
        let instead = |all: &str, ctype: &str, lang: &str| {
            let value = |name: &str| match name {
                "LC_ALL" => all.to_owned(),
                "LC_CTYPE" => ctype.to_owned(),
                _ => lang.to_owned(),
            };
            characters(|name| Some(value(name).into()).filter(|value: &std::ffi::OsString| !value.is_empty()))
        };
        for locale in [("", "", ""), ("", "", "C"), ("", "POSIX", "de_DE.UTF-8"), ("C", "", "de_DE.UTF-8")] {
            assert_eq!(instead(locale.0, locale.1, locale.2), Some("C.UTF-8".into()), "{locale:?}");
        }
        for locale in [("", "", "ko_KR.UTF-8"), ("", "ja_JP.UTF-8", "C"), ("zh_CN.UTF-8", "C", "C")] {
            assert_eq!(instead(locale.0, locale.1, locale.2), None, "{locale:?}");
        }
    }
}
