//! `party`: one step between files that people carry, or one round of the timestamp service.

use crate::Failure;
use crate::arguments::Arguments;
use crate::commands::{now, read};
use bulkhead_release::party::PartyError;
use bulkhead_release::party::folder::Folder;
use bulkhead_release::party::key::{Signature, make, parse, sign};
use bulkhead_release::party::publish::{draft_release, draft_root, publish, roles};
use bulkhead_release::party::timestamp::{Words, stamp};
use bulkhead_repository::{Draft, Pair};
use bulkhead_trust::{Digest, Key};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest draft, in bytes.
const LONGEST: usize = 4 << 20;
/// Longest text, key or signature.
const LONGEST_TEXT: usize = 64 * 1024;

impl From<PartyError> for Failure {
    fn from(error: PartyError) -> Self {
        Self::one(error.to_string())
    }
}

/// Does what the second word says.
pub fn run(given: &Arguments) -> Result<(), Failure> {
    match given.what.as_str() {
        "new-key" => {
            println!("{}", make(wanted(given.store.key.as_ref(), "--key")?)?);
            Ok(())
        }
        "sign" => {
            let [draft] = given.files.as_slice() else { return Err(Failure::Usage("give one draft".into())) };
            let draft = bounded(draft)?;
            print!("{}", sign(&pair(given)?, &draft).text());
            Ok(())
        }
        "draft-root" => {
            let (folder, roles) = (folder(given)?, roles(offline(given)?, online(given)?)?);
            print(&draft_root(&folder, &roles, now())?)
        }
        "draft-release" => {
            let release = crate::commands::joint_release(given)?;
            let package = wanted(given.package.as_ref(), "--package")?;
            print(&draft_release(&folder(given)?, release, package, now())?)
        }
        "publish" => {
            let Some((draft, signatures)) = given.files.split_first() else {
                return Err(Failure::Usage("give a draft and its signatures".into()));
            };
            let (draft, mut parsed) = (bounded(draft)?, Vec::new());
            for path in signatures {
                let name = path.display().to_string();
                let text = read(path, LONGEST_TEXT)?;
                parsed.push((name.clone(), Signature::parse(&name, &String::from_utf8_lossy(&text))?));
            }
            let done = publish(&mut folder(given)?, &draft, &parsed, given.package.as_deref())?;
            println!("published {} version {}", done.role, done.version);
            Ok(())
        }
        "timestamp" => serve(given),
        other => Err(Failure::Usage(format!("party {other} is not a command"))),
    }
}

/// Once, or again and again. What a person wrote is read each time, so that it can be written anew without stopping anything.
fn serve(given: &Arguments) -> Result<(), Failure> {
    let pair = pair(given)?;
    let every = given.party.every.map(|hours| Duration::from_secs(hours.get().saturating_mul(3600)));
    loop {
        let statement = text(wanted(given.party.statement.as_ref(), "--statement")?)?;
        let report = given.party.report.as_deref().map(text).transpose()?.unwrap_or_default();
        let done = stamp(&mut folder(given)?, &pair, Words { statement: &statement, report: &report }, now());
        match (done, every) {
            (Ok(done), every) => {
                println!("published timestamp version {}", done.version);
                done.warnings.iter().for_each(|warning| eprintln!("bulkhead-release: {warning}"));
                if every.is_none() {
                    return Ok(());
                }
            }
            (Err(error), None) => return Err(error.into()),
            // A disk that is full today may not be tomorrow; users see a timestamp that is too old.
            (Err(error), Some(_)) => eprintln!("bulkhead-release: {error}"),
        }
        std::thread::sleep(every.unwrap_or_default());
    }
}

fn wanted<'a>(path: Option<&'a PathBuf>, name: &str) -> Result<&'a Path, Failure> {
    path.map(PathBuf::as_path).ok_or_else(|| Failure::Usage(format!("give {name}")))
}

fn folder(given: &Arguments) -> Result<Folder, Failure> {
    Ok(Folder::open(wanted(given.party.folder.as_ref(), "--folder")?)?)
}

fn pair(given: &Arguments) -> Result<Pair, Failure> {
    let path = wanted(given.store.key.as_ref(), "--key")?;
    let bytes = Zeroizing::new(read(path, LONGEST_TEXT)?);
    let text = core::str::from_utf8(&bytes).unwrap_or_default();
    Ok(parse(&path.display().to_string(), text)?)
}

fn bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path, LONGEST)?;
    if bytes.len() > LONGEST {
        return Err(Failure::one(format!("{} is longer than any draft", path.display())));
    }
    Ok(bytes)
}

fn text(path: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(read(path, LONGEST_TEXT)?);
    text.map_err(|_| Failure::one(format!("{} is not text (UTF-8)", path.display())))
}

fn key(text: &str) -> Result<Key, Failure> {
    let digits = Digest::from_hex(text);
    digits.map(|digits| Key(digits.0)).ok_or_else(|| Failure::Usage(format!("`{text}` is not a public key")))
}

fn offline(given: &Arguments) -> Result<std::collections::BTreeSet<Key>, Failure> {
    given.party.offline.iter().map(|text| key(text)).collect()
}

fn online(given: &Arguments) -> Result<Key, Failure> {
    key(given.party.online.as_deref().ok_or_else(|| Failure::Usage("give --online".into()))?)
}

/// The bytes to sign, exactly.
fn print(draft: &Draft) -> Result<(), Failure> {
    std::io::stdout().write_all(draft.bytes()).map_err(|error| Failure::one(format!("the draft: {error}")))
}
