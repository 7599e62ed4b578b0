//! A release is tried before it is selected: its processes start under the rules that will hold for it, with a profile of their
//! own, no window and no relays, until the vault says that all is there.
//!
//! Who tries it is the launcher that would enforce: that of the release which is current now. So there are two sides here: that
//! launcher, called with `--try`, and the one that calls it.

use crate::Error;
use crate::arguments::Arguments;
use crate::leash::Leash;
use crate::processes::{Table, Vault};
use bulkhead_install::Installation;
use bulkhead_ipc::control::{Peer, ToLauncher};
use bulkhead_ipc::line::Buffer;
use bulkhead_rules::{Child, Ended, Process};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a release may take until all its processes have greeted. The vault gives each of them 20 seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the vault may take to end afterwards.
const GRACE: Duration = Duration::from_secs(3);
/// How often it is looked whether the launcher that tries has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// Exit code of a launcher whose release did not start; one sentence on standard output says why.
pub const DID_NOT_START: u8 = 3;
/// Exit code of a vault without a display.
pub const NO_DISPLAY: i32 = 69;
/// The longest sentence that is read back.
const LONGEST: u64 = 512;

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// All its processes have greeted.
    Works,
    /// It does not start under these rules; a sentence for the user.
    Fails(String),
    /// Nothing can be said of the release; a sentence for the user.
    Unknown(String),
}

/// Starts the programs in `folder` for a trial.
pub fn run(folder: &Path, arguments: &Arguments) -> Result<Tried, Error> {
    let mut table = Table::new(folder, arguments)?;
    let vault = match table.start_vault() {
        Ok(vault) => vault,
        Err(error) => return Ok(Tried::Fails(format!("{error}."))),
    };
    let (ui, net) = match (table.start_peer(Peer::Ui, 1), table.start_peer(Peer::Net, 2)) {
        (Ok(ui), Ok(net)) => (ui, net),
        (Err(error), _) | (_, Err(error)) => return Ok(Tried::Fails(format!("{error}."))),
    };
    judge(vault, ui, net)
}

fn judge(vault: Vault, ui: Child, net: Child) -> Result<Tried, Error> {
    let began = Instant::now();
    loop {
        let mut set = [vault.child.ended(), ui.ended(), net.ended(), vault.control.as_fd()]
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN));
        let left = PATIENCE.saturating_sub(began.elapsed());
        match poll(&mut set, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
            Ok(0) => return Ok(Tried::Fails("Its processes were not ready within a minute.".into())),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [vault_ended, ui_ended, net_ended, said] = set.map(|entry| entry.any().unwrap_or(false));
        let heard = if said { hear(&vault) } else { Heard::Nothing };
        if let Heard::Started = heard {
            // It ends by itself, and is ended otherwise.
            let _ = ends_soon(&vault);
            return Ok(Tried::Works);
        }
        // net and ui first: what the vault does about their end is not its fault. Who ends in order has seen it end.
        if ui_ended || net_ended {
            let child = if ui_ended { ui } else { net };
            let (process, how) = (child.process(), child.wait()?);
            let vaults = how == Ended::Exit(0) && ends_soon(&vault);
            return if vaults { sentence(vault.child) } else { Ok(judged(process, how)) };
        }
        match heard {
            Heard::Broken(who) => return Ok(mute(who)),
            // How it ended says more.
            Heard::Closed if ends_soon(&vault) => return sentence(vault.child),
            Heard::Closed => return Ok(mute(Process::Vault)),
            Heard::Started | Heard::Nothing => {}
        }
        if vault_ended {
            return sentence(vault.child);
        }
    }
}

enum Heard {
    Nothing,
    Started,
    Broken(Process),
    Closed,
}

fn hear(vault: &Vault) -> Heard {
    let mut buffer = Buffer::new();
    loop {
        match vault.control.try_recv(&mut buffer) {
            Ok(Some(ToLauncher::Started)) => return Heard::Started,
            Ok(Some(ToLauncher::Restart(Peer::Net))) => return Heard::Broken(Process::Net),
            Ok(Some(ToLauncher::Restart(Peer::Ui))) => return Heard::Broken(Process::Ui),
            Ok(Some(ToLauncher::Wish(_))) => {}
            Ok(None) => return Heard::Nothing,
            Err(_) => return Heard::Closed,
        }
    }
}

fn ends_soon(vault: &Vault) -> bool {
    let mut end = [PollFd::new(vault.child.ended(), PollFlags::POLLIN)];
    poll(&mut end, PollTimeout::try_from(GRACE).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
}

fn mute(who: Process) -> Tried {
    Tried::Fails(format!("{} does not speak as it should.", who.program()))
}

fn sentence(child: Child) -> Result<Tried, Error> {
    let process = child.process();
    Ok(judged(process, child.wait()?))
}

fn judged(process: Process, how: Ended) -> Tried {
    let name = process.program();
    match how {
        Ended::Forbidden => Tried::Fails(format!("{name} did what the rules in force do not allow.")),
        Ended::Exit(NO_DISPLAY) => Tried::Unknown(format!("{name} has no display: the release could not be tried.")),
        how => Tried::Fails(format!("{name} {how} before it was ready.")),
    }
}

/// Has the launcher of `enforcer` try the candidate.
pub fn ask(
    installation: &Installation,
    enforcer: u64,
    candidate: u64,
    proxy: Option<SocketAddr>,
    leash: &Leash,
) -> Tried {
    let trial = installation.trial();
    let mut command = Command::new(installation.launcher(enforcer));
    command.arg("--try").arg(installation.candidate(candidate).join("bin")).arg("--data-dir").arg(&trial);
    if let Some(proxy) = proxy {
        command.arg("--socks").arg(proxy.to_string());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let clear = || match std::fs::remove_dir_all(&trial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    let answer = clear().and_then(|()| answer(&mut command, leash)).and_then(|answer| clear().map(|()| answer));
    answer.unwrap_or_else(|error| Tried::Unknown(format!("The release could not be tried: {error}.")))
}

fn answer(command: &mut Command, leash: &Leash) -> std::io::Result<Tried> {
    let mut child = command.spawn()?;
    leash.take(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let (began, limit) = (Instant::now(), PATIENCE + 2 * GRACE);
    let status = loop {
        match leash.look(|| child.try_wait())? {
            Some(status) => break status,
            None => {
                if began.elapsed() >= limit {
                    let _ = child.kill();
                }
                std::thread::sleep(GLANCE);
            }
        }
    };
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        let _ = out.take(LONGEST).read_to_string(&mut said);
    }
    let said = said.trim().to_owned();
    Ok(match status.code().map(u8::try_from) {
        Some(Ok(0)) => Tried::Works,
        Some(Ok(DID_NOT_START)) if !said.is_empty() => Tried::Fails(said),
        _ if !said.is_empty() => Tried::Unknown(said),
        _ => Tried::Unknown(format!("The release could not be tried ({status}).")),
    })
}
