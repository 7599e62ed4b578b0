//! `store-key`: one step of a ceremony or a signature, between files that people carry.
//!
//! A holder's own file is made durable before anything that was said with it is printed: nonces that are gone from the file
//! are never used again, whatever happens next.

use crate::Failure;
use crate::arguments::Arguments;
use crate::commands::read;
use bulkhead_release::files;
use bulkhead_release::store_key::ceremony::{begin, finish, share};
use bulkhead_release::store_key::openpgp::{Certificate, LONGEST_NAME};
use bulkhead_release::store_key::signing::{Commitment, Held, Part, PublicKey, commit, join, sign};
use bulkhead_release::store_key::{Group, Share, StoreKeyError};
use bulkhead_trust::verify;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Longest file of a ceremony, in bytes.
const LONGEST: usize = 64 * 1024;
/// Longest message, in bytes: a store's metadata, never a package.
const LONGEST_MESSAGE: usize = 16 << 20;

impl From<StoreKeyError> for Failure {
    fn from(error: StoreKeyError) -> Self {
        Self::one(error.to_string())
    }
}

/// Does what the second word says.
pub fn run(given: &Arguments) -> Result<(), Failure> {
    match given.what.as_str() {
        "begin" => first(given),
        "share" => second(given),
        "finish" => third(given),
        "commit" => {
            let mut held = held(given)?;
            let commitment = commit(&mut held)?;
            replace(own(given)?, &Share::Held(held))?;
            print(&commitment)
        }
        "sign" => {
            let mut held = held(given)?;
            let part = sign(&mut held, &message(given)?, &all::<Commitment>(&given.files)?)?;
            replace(own(given)?, &Share::Held(held))?;
            print(&part)
        }
        "join" => joined(given),
        "certify" | "document" => openpgp(given),
        other => Err(Failure::Usage(format!("store-key {other} is not a command"))),
    }
}

fn first(given: &Arguments) -> Result<(), Failure> {
    let usage = || Failure::Usage("give --threshold and the holders, yourself first: ada,bea,cyn,dot".into());
    let [people] = given.files.as_slice() else { return Err(usage()) };
    let people: Vec<String> = people.to_string_lossy().split(',').map(str::to_owned).collect();
    let (Some(me), Some(threshold)) = (people.first().cloned(), given.store.threshold) else { return Err(usage()) };
    let (share, hello) = begin(&me, Group::new(people, threshold)?)?;
    let path = own(given)?;
    if path.exists() {
        return Err(Failure::one(format!("{} is there already: each key has a file of its own", path.display())));
    }
    replace(path, &share)?;
    print(&hello)
}

fn second(given: &Arguments) -> Result<(), Failure> {
    let Share::Begun(begun) = state(given)? else { return Err(StoreKeyError::Step.into()) };
    let (kept, parcels, transcript) = share(begun, all(&given.files)?)?;
    replace(own(given)?, &kept)?;
    for parcel in &parcels {
        let name = format!("{}-to-{}.parcel", parcel.from, parcel.to);
        std::fs::write(&name, text(parcel)?).map_err(|error| Failure::one(format!("{name}: {error}")))?;
        println!("wrote {name}");
    }
    println!("compare with the others, by voice: {transcript}");
    Ok(())
}

fn third(given: &Arguments) -> Result<(), Failure> {
    let Share::Shared(shared) = state(given)? else { return Err(StoreKeyError::Step.into()) };
    let share = finish(shared, &all::<_>(&given.files)?)?;
    replace(own(given)?, &share)?;
    print(held(given)?.public())
}

fn joined(given: &Arguments) -> Result<(), Failure> {
    let key = given.store.key.as_ref().ok_or_else(|| Failure::Usage("give --key".into()))?;
    let key: PublicKey = parsed(key)?;
    let (mut commitments, mut parts) = (Vec::<Commitment>::new(), Vec::<Part>::new());
    for path in &given.files {
        match parsed(path) {
            Ok(commitment) => commitments.push(commitment),
            Err(_) => parts.push(parsed(path)?),
        }
    }
    let signature = join(&key, &message(given)?, &commitments, &parts)?;
    println!("{}", hex::encode(signature));
    Ok(())
}

/// Without a signature the bytes that holders sign, made of what they see themselves; with one what it makes.
fn openpgp(given: &Arguments) -> Result<(), Failure> {
    let usage = || Failure::Usage("give --key, --name and --created, and for a document --message and --at".into());
    let (Some(key), Some(name), Some(created)) = (&given.store.key, &given.store.name, given.store.created) else {
        return Err(usage());
    };
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Failure::Usage(format!("a name has 1 to {LONGEST_NAME} bytes in one line")));
    }
    let (public, mut certificate) =
        (parsed::<PublicKey>(key)?, Certificate { key: [0; 32], created, name: name.clone() });
    let malformed = |_| Failure::from(StoreKeyError::Malformed);
    hex::decode_to_slice(public.ed25519.as_str(), &mut certificate.key).map_err(malformed)?;
    let document = match given.what.as_str() {
        "document" => Some((message(given)?, given.store.at.ok_or_else(usage)?)),
        _ => None,
    };
    let digest = match &document {
        Some((document, at)) => certificate.digest(document, *at),
        None => certificate.digest_of_name(),
    };
    let Some(signature) = given.files.first() else {
        return std::io::stdout().write_all(&digest).map_err(|error| Failure::one(error.to_string()));
    };
    let text = String::from_utf8_lossy(&read(signature, LONGEST)?).into_owned();
    let mut signature = [0; 64];
    hex::decode_to_slice(text.trim(), &mut signature).map_err(malformed)?;
    if !verify(&certificate.key, &digest, &signature) {
        return Err(Failure::one(
            "this is no signature of what it is meant for: sign the very bytes that this command prints",
        ));
    }
    match &document {
        Some((document, at)) => print!("{}", certificate.detached(document, *at, &signature)),
        None => print!("{}", certificate.armoured(&signature)),
    }
    Ok(())
}

fn own(given: &Arguments) -> Result<&PathBuf, Failure> {
    given.store.share.as_ref().ok_or_else(|| Failure::Usage("give --share".into()))
}

fn state(given: &Arguments) -> Result<Share, Failure> {
    parsed(own(given)?)
}

fn held(given: &Arguments) -> Result<Held, Failure> {
    let Share::Held(held) = state(given)? else { return Err(StoreKeyError::Step.into()) };
    Ok(held)
}

fn message(given: &Arguments) -> Result<Vec<u8>, Failure> {
    let path = given.store.message.as_ref().ok_or_else(|| Failure::Usage("give --message".into()))?;
    let message = read(path, LONGEST_MESSAGE)?;
    if message.len() > LONGEST_MESSAGE {
        return Err(Failure::one(format!("{} is longer than 16 MiB: sign the store's metadata", path.display())));
    }
    Ok(message)
}

fn parsed<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = zeroize::Zeroizing::new(read(path, LONGEST)?);
    let parsed = core::str::from_utf8(&bytes).ok().and_then(|text| toml::from_str(text).ok());
    parsed.ok_or_else(|| Failure::one(format!("{}: {}", path.display(), StoreKeyError::Malformed)))
}

fn all<T: DeserializeOwned>(paths: &[PathBuf]) -> Result<Vec<T>, Failure> {
    paths.iter().map(|path| parsed(path)).collect()
}

fn text(value: &impl Serialize) -> Result<zeroize::Zeroizing<String>, Failure> {
    let text = toml::to_string(value).map_err(|error| Failure::one(error.to_string()))?;
    Ok(zeroize::Zeroizing::new(text))
}

fn print(value: &impl Serialize) -> Result<(), Failure> {
    print!("{}", text(value)?.as_str());
    Ok(())
}

/// For its owner only.
fn replace(path: &Path, share: &Share) -> Result<(), Failure> {
    let words = text(share)?;
    let written = files::replace(path, 0o600, |file| file.write_all(words.as_bytes()));
    written.map_err(|error| Failure::one(format!("{}: {error}", path.display())))
}
