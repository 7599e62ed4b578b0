//! `bulkhead-pack FOLDER ABOUT PACKAGE`: describes the release in FOLDER and packs it.
//!
//! FOLDER holds `bin/`, `rules/` and `metadata/`; `metadata/release.json`, the description that parties sign, is added here. What
//! people say of a release (its number, what changes) is in ABOUT; its version is the workspace's, its rules are those in
//! the folder. The same files give the same package: no time, name or setting of the machine is asked for.

mod describe;
#[cfg(test)]
mod tests;

use bulkhead_package::pack;
use describe::{About, describe};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Bytes of a package, as promised to those who fetch it over slow lines.
const LONGEST: u64 = 40_000_000;

/// Why there is no package.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("give the release's folder, what is said of it, and where the package goes")]
    Usage,
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}: {1}")]
    Text(PathBuf, serde_json::Error),
    #[error("releases are counted from 1 on, and 0 is the number of none")]
    Number,
    #[error(
        "a release says in a few sentences what changes: up to {} bytes, without line breaks, and something",
        About::LONGEST_CHANGES
    )]
    Changes,
    #[error("{0}: {1}")]
    Package(PathBuf, bulkhead_package::Error),
    #[error("the package has {0} bytes, and users were promised at most {LONGEST}")]
    Long(u64),
}

fn main() -> ExitCode {
    match run(&std::env::args_os().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bulkhead-pack: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[OsString]) -> Result<(), Failure> {
    let [folder, about, package] = words else { return Err(Failure::Usage) };
    make(Path::new(folder), Path::new(about), Path::new(package))
}

fn make(folder: &Path, about: &Path, package: &Path) -> Result<(), Failure> {
    let release = describe(folder, about)?;
    let path = folder.join("metadata/release.json");
    let text = serde_json::to_vec(&release).map_err(|error| Failure::Text(path.clone(), error))?;
    fs::write(&path, text).map_err(|error| Failure::File(path, error))?;
    let file = File::create_new(package).map_err(|error| Failure::File(package.to_owned(), error))?;
    pack(folder, BufWriter::new(&file)).map_err(|error| Failure::Package(package.to_owned(), error))?;
    match file.metadata().map_err(|error| Failure::File(package.to_owned(), error))?.len() {
        length if length > LONGEST => Err(Failure::Long(length)),
        _ => Ok(()),
    }
}
