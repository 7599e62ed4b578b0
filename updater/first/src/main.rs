//! `bulkhead-install FILE`: verifies the downloaded file, shows what it found, and installs from it.
//!
//! It runs once, as its user, and needs no network: all that it judges is in the file.

use bulkhead_first::install::{Done, install, usual, verify};
use bulkhead_first::{Error, menu};
use bulkhead_trust::{Digest, Time};
use lexopt::prelude::{Long, Value};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const HELP: &str = "\
Installs Bulkhead from the file that you downloaded, if it is what three parties have signed.

Usage: bulkhead-install [OPTIONS] FILE

  --verify-only     only verify, and install nothing
  --roots SHA256    insist that the three parties' first roots have this fingerprint
  --folder DIR      where to install [default: ~/.local/lib/bulkhead]
  --no-menu         make no entry in the desktop's menu
  --version         print the version
  --help            print this
";

struct Arguments {
    file: PathBuf,
    only: bool,
    roots: Option<Digest>,
    folder: Option<PathBuf>,
    menu: bool,
}

enum Request {
    Work(Arguments),
    Say(String),
}

fn main() -> ExitCode {
    match arguments(std::env::args_os().skip(1)) {
        Ok(Request::Say(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Request::Work(given)) => match work(&given) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bulkhead-install: refused: {}: {error}.", given.file.display());
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("bulkhead-install: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn arguments(words: impl Iterator<Item = OsString>) -> Result<Request, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(words);
    let (mut file, mut only, mut roots, mut folder, mut menu) = (None, false, None, None, true);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("verify-only") => only = true,
            Long("no-menu") => menu = false,
            Long("folder") => folder = Some(std::path::absolute(parser.value()?).map_err(|error| error.to_string())?),
            Long("roots") => {
                let text = parser.value()?.to_string_lossy().to_lowercase();
                let digest = Digest::from_hex(text.trim());
                roots = Some(digest.ok_or("--roots takes the 64 hexadecimal digits of a SHA-256")?);
            }
            Long("help") => return Ok(Request::Say(HELP.into())),
            Long("version") => {
                return Ok(Request::Say(concat!("bulkhead-install ", env!("CARGO_PKG_VERSION"), "\n").into()));
            }
            Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            other => return Err(other.unexpected()),
        }
    }
    let file = file.ok_or("give the file that you downloaded")?;
    Ok(Request::Work(Arguments { file, only, roots, folder, menu }))
}

fn work(given: &Arguments) -> Result<(), Error> {
    let environment = |name: &str| std::env::var_os(name);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::try_from(now.as_secs()).unwrap_or(Time::MAX);
    if given.only {
        let scratch = std::env::temp_dir();
        println!("{}", verify(&given.file, given.roots, &scratch, now)?);
        return Ok(());
    }
    let folder = given.folder.clone().map_or_else(|| usual(&environment), Ok)?;
    match install(&given.file, &folder, given.roots, now)? {
        Done::Installed(verified) => println!("{verified}\nInstalled in {}.", folder.display()),
        Done::There(verified) => {
            println!("{verified}\nIt is installed in {} already: nothing was changed there.", folder.display());
        }
    }
    if given.menu {
        entry(menu::folder(&environment).as_deref(), &folder);
    }
    println!("Start it with {}. It keeps itself up to date.", folder.join("bulkhead").display());
    Ok(())
}

/// Without an entry in the menu the program works as well.
fn entry(data: Option<&Path>, folder: &Path) {
    match data.map(|data| menu::put(data, folder)) {
        Some(Ok(_)) => println!("It is in the desktop's menu as Bulkhead."),
        Some(Err(error)) => eprintln!("bulkhead-install: there is no entry in the desktop's menu: {error}"),
        None => eprintln!("bulkhead-install: there is no entry in the desktop's menu, as no home folder is known"),
    }
}
