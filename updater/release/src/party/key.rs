//! A key of a party: made, kept and used on one machine, which need not have a network.

use super::PartyError;
use bulkhead_repository::Pair;
use bulkhead_trust::{Key, verify};
use crypto_box::aead::OsRng;
use crypto_box::aead::rand_core::RngCore;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

const KEY: &str = "bulkhead-party-key 1 ";
const SIGNATURE: &str = "bulkhead-party-signature 1 ";

/// A signature, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The public key.
    pub key: Key,
    /// Over a draft's bytes (RFC 8032).
    pub bytes: [u8; 64],
}

/// Makes a key in a new file, which only its owner can read. Returns its public half.
pub fn make(path: &Path) -> Result<Key, PartyError> {
    let io = |error| PartyError::Io(path.display().to_string(), error);
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.try_fill_bytes(&mut *seed).map_err(|error| io(std::io::Error::other(error.to_string())))?;
    let text = Zeroizing::new(format!("{KEY}{}\n", Zeroizing::new(hex::encode(*seed)).as_str()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(Pair::from_seed(&seed).key())
}

/// Reads a key's file.
pub fn parse(name: &str, text: &str) -> Result<Pair, PartyError> {
    let malformed = || PartyError::Malformed(name.to_owned(), "key");
    let mut seed = Zeroizing::new([0; 32]);
    let digits = text.trim_end().strip_prefix(KEY).ok_or_else(malformed)?;
    hex::decode_to_slice(digits, &mut *seed).map_err(|_| malformed())?;
    Ok(Pair::from_seed(&seed))
}

/// Signs a draft.
pub fn sign(pair: &Pair, draft: &[u8]) -> Signature {
    Signature { key: pair.key(), bytes: pair.sign(draft) }
}

impl Signature {
    /// One line, to be carried to whoever publishes.
    pub fn text(&self) -> String {
        format!("{SIGNATURE}{} {}\n", self.key, hex::encode(self.bytes))
    }

    /// Reads such a line.
    pub fn parse(name: &str, text: &str) -> Result<Self, PartyError> {
        let malformed = || PartyError::Malformed(name.to_owned(), "signature");
        let (key, bytes) =
            text.trim_end().strip_prefix(SIGNATURE).and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
        let mut signature = Self { key: Key([0; 32]), bytes: [0; 64] };
        hex::decode_to_slice(key, &mut signature.key.0).map_err(|_| malformed())?;
        hex::decode_to_slice(bytes, &mut signature.bytes).map_err(|_| malformed())?;
        Ok(signature)
    }

    /// Whether it is the key's signature of a draft.
    pub fn is_of(&self, draft: &[u8]) -> bool {
        verify(&self.key.0, draft, &self.bytes)
    }
}
