//! The command line, as the TUF conformance suite's client contract says, and where more mirrors and a proxy are.

use bulkhead_fetch::Trouble;
use bulkhead_fetch::address::{Address, parse_proxy};
use std::ffi::OsString;
use std::path::PathBuf;

/// How to use it.
pub const USAGE: &str = "\
bulkhead-tuf --metadata-dir DIR init ROOT
bulkhead-tuf --metadata-dir DIR --metadata-url URL... refresh
bulkhead-tuf --metadata-dir DIR --metadata-url URL... --target-base-url URL... --target-dir DIR --target-name PATH... download
bulkhead-tuf fork PROOF ROOT
Options: --socks ADDRESS:PORT. URL options can be repeated: one for each mirror.";

/// What to do.
pub enum Command {
    /// Trust this root.
    Init(PathBuf),
    /// Fetch and verify metadata.
    Refresh,
    /// And targets.
    Download,
    /// Check a proof of a fork, trusting the party's first root.
    Fork(PathBuf, PathBuf),
}

/// The command line.
pub struct Arguments {
    /// What to do.
    pub command: Command,
    /// Where verified metadata is kept.
    pub metadata_dir: PathBuf,
    /// Mirrors of metadata.
    pub metadata: Vec<Address>,
    /// Mirrors of targets.
    pub targets: Vec<Address>,
    /// Where targets go.
    pub target_dir: Option<PathBuf>,
    /// Which ones.
    pub names: Vec<String>,
    /// A SOCKS5 proxy.
    pub socks: Option<(String, u16)>,
}

/// Reads it; says in a sentence what is wrong with it.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut words, mut names) = (Vec::new(), Vec::new());
    let (mut metadata, mut targets) = (Vec::new(), Vec::new());
    let (mut metadata_dir, mut target_dir, mut socks) = (None, None, None);
    let address = |text: String| Address::parse(&text).map_err(said);
    while let Some(argument) = parser.next().map_err(said)? {
        match argument {
            Long("metadata-dir") => metadata_dir = Some(PathBuf::from(parser.value().map_err(said)?)),
            Long("target-dir") => target_dir = Some(PathBuf::from(parser.value().map_err(said)?)),
            Long("metadata-url") => metadata.push(address(text(&mut parser)?)?),
            Long("target-base-url") => targets.push(address(text(&mut parser)?)?),
            Long("target-name") => names.push(text(&mut parser)?),
            Long("socks") => {
                socks = Some(
                    parse_proxy(&text(&mut parser)?).map_err(|_: Trouble| "--socks takes ADDRESS:PORT".to_owned())?,
                )
            }
            Value(word) => words.push(word),
            other => return Err(said(other.unexpected())),
        }
    }
    let command = match words.as_slice() {
        [word, root] if word == "init" => Command::Init(root.into()),
        [word, proof, root] if word == "fork" => Command::Fork(proof.into(), root.into()),
        [word] if word == "refresh" && !metadata.is_empty() => Command::Refresh,
        [word] if word == "download" && ![metadata.len(), targets.len(), names.len()].contains(&0) => Command::Download,
        _ => return Err(format!("not a command with all that it needs\n{USAGE}")),
    };
    if metadata_dir.is_none() && !matches!(command, Command::Fork(..)) {
        return Err(format!("--metadata-dir is missing\n{USAGE}"));
    }
    let metadata_dir = metadata_dir.unwrap_or_default();
    Ok(Arguments { command, metadata_dir, metadata, targets, target_dir, names, socks })
}

fn text(parser: &mut lexopt::Parser) -> Result<String, String> {
    parser.value().map_err(said)?.into_string().map_err(|_| "an argument is not text".to_owned())
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
