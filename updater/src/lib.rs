//! Starts the processes under the previous release's rules, and decides from bytes alone whether a release may be
//! installed.
//!
//! The launcher is the only program outside a sandbox, so it is small and has nothing to lose: no network, no
//! keys, no messages. It makes the lines between the processes, starts each under its rules, starts net and ui
//! again when they fail, and ends everything when the vault ends.

pub mod arguments;
pub mod bus;
pub mod installed;
pub mod leash;
pub mod notices;
pub mod processes;
pub mod restarts;
pub mod supervise;
pub mod tpm;
pub mod trial;
pub mod updates;
pub mod voices;

/// What keeps the launcher from its work, and what the reader can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel cannot enforce the rules, or a process did not start under them.
    #[error(transparent)]
    Rules(#[from] bulkhead_rules::Error),
    /// A process did not start.
    #[error("{0} did not start: {1}")]
    Start(&'static str, bulkhead_rules::Error),
    /// A program is not where it should be.
    #[error("{0} is missing: the programs of one release belong into one folder")]
    Missing(std::path::PathBuf),
    /// The profile's folder cannot be made.
    #[error("the profile's folder {0} cannot be made: {1}")]
    Profile(std::path::PathBuf, std::io::Error),
    /// The backup that `--restore` names cannot be brought into the profile's folder.
    #[error("the backup {0} cannot be restored: {1}")]
    Restore(std::path::PathBuf, std::io::Error),
    /// The descriptor that `--passphrase-fd` names is not open, or a socket.
    #[error("--passphrase-fd {0}: this is not an open file or pipe")]
    Passphrase(i32),
    /// The installation cannot be read or changed.
    #[error(transparent)]
    Installation(#[from] bulkhead_install::Error),
    /// Another launcher has to take over and does not start.
    #[error("{0} does not start: {1}")]
    HandOver(std::path::PathBuf, std::io::Error),
    /// The own program's place is unknown.
    #[error("the folder of the launcher's program is unknown: {0}")]
    Folder(std::io::Error),
    /// Another kernel call failed.
    #[error("the kernel refused: {0}")]
    Kernel(#[from] nix::errno::Errno),
}
