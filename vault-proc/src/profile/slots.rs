//! What `profile.key` holds: the store's key, wrapped once per way to open the profile. Bytes only, no files.
//!
//! ```text
//! "bulkhead" | 2 | number of slots | slots | tag (32) | checksum (8)
//! slot:  kind | length of parameters (2) | parameters | salt (16) | nonce (24) | wrapped key (48)
//! ```
//!
//! All numbers are big-endian. A wrapped key is XChaCha20-Poly1305, bound to `"bulkhead" | kind | parameters | salt`.
//! The tag is an HMAC-SHA-256 of all bytes before it under a key made of the store's key: who changes slots from
//! outside is found out by whoever opens one. The checksum, SHA-256 cut short, needs no key: it tells a damaged file
//! from a wrong passphrase. Parameters are a passphrase's cost, of a PIN the same and what the TPM sealed, of a
//! keyring the name of what it keeps. Version 1 was one passphrase slot without its first three bytes, tag and checksum.

mod keyring;
mod pin;

use super::{ProfileError, fill};
use bulkhead_vault_core::shares::SetId;
use bulkhead_vault_core::{Key, Passphrase};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hkdf::hmac::{Hmac, Mac};
pub use pin::Stretched;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Longest file.
pub const LONGEST: usize = 8 * 1024;
/// Most slots.
const MOST: usize = 8;
/// Longest parameters of one slot.
const MOST_PARAMETERS: usize = 2048;

const MAGIC: &[u8; 8] = b"bulkhead";
const VERSION: u8 = 2;
/// What stands in the place of the key file of a profile that was moved: a version that never holds keys.
pub const MOVED: [u8; 9] = *b"bulkhead\0";
const TAG: usize = 32;
const CHECKSUM: usize = 8;
/// Memory in KiB, passes, lanes: RFC 9106's second recommendation, with one lane as the sandbox grants one thread.
pub const COST: [u32; 3] = [64 * 1024, 3, 1];

/// A way to open a profile. There is at most one slot of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the owner remembers: Argon2id, its cost in the parameters.
    Passphrase,
    /// What the owner wrote down: 256 random bits, so HKDF is enough.
    Recovery,
    /// The same, split among people who must cooperate. The parameters name the set of parts.
    Shares,
    /// A PIN, and what this machine's TPM gives out for it.
    Pin,
    /// What the desktop's keyring keeps: 256 random bits.
    Keyring,
    /// Another set of parts: a new one is made beside the old one, which opens until the store has the new one's parts.
    OtherShares,
    /// Of a version to come.
    Other(u8),
}

impl Kind {
    const fn of(byte: u8) -> Self {
        match byte {
            1 => Self::Passphrase,
            2 => Self::Recovery,
            3 => Self::Shares,
            4 => Self::Pin,
            5 => Self::Keyring,
            6 => Self::OtherShares,
            other => Self::Other(other),
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Passphrase => 1,
            Self::Recovery => 2,
            Self::Shares => 3,
            Self::Pin => 4,
            Self::Keyring => 5,
            Self::OtherShares => 6,
            Self::Other(byte) => byte,
        }
    }
}

/// One way to open the profile.
#[derive(Clone, PartialEq, Eq)]
pub struct Slot {
    /// Which way.
    pub kind: Kind,
    parameters: Vec<u8>,
    salt: [u8; 16],
    nonce: [u8; 24],
    wrapped: [u8; 48],
}

impl Slot {
    /// Wraps the store's key under a passphrase.
    pub fn passphrase(store: &Key, typed: &Passphrase, cost: [u32; 3]) -> Result<Self, ProfileError> {
        let parameters = cost.iter().flat_map(|n| n.to_be_bytes()).collect();
        Self::wrap(store, Kind::Passphrase, parameters, salt()?, |salt| stretch(typed, salt, cost))
    }

    /// Wraps the store's key under a random secret of 256 bits.
    pub fn secret(store: &Key, kind: Kind, secret: &Key) -> Result<Self, ProfileError> {
        Self::wrap(store, kind, Vec::new(), salt()?, |salt| expand(secret, kind, salt))
    }

    /// The same for a secret of which others keep parts, of this set.
    pub fn shares(store: &Key, kind: Kind, set: SetId, secret: &Key) -> Result<Self, ProfileError> {
        Self::wrap(store, kind, set.to_vec(), salt()?, |salt| expand(secret, kind, salt))
    }

    /// The set of parts that opens this slot.
    pub fn set(&self) -> Option<SetId> {
        matches!(self.kind, Kind::Shares | Kind::OtherShares).then(|| self.parameters.as_slice().try_into().ok())?
    }

    fn wrap(
        store: &Key,
        kind: Kind,
        parameters: Vec<u8>,
        salt: [u8; 16],
        derive: impl FnOnce(&[u8]) -> Result<Key, ProfileError>,
    ) -> Result<Self, ProfileError> {
        let mut slot = Self { kind, parameters, salt, nonce: [0; 24], wrapped: [0; 48] };
        fill(&mut slot.nonce)?;
        let (bound, key) = (slot.bound(), derive(&slot.salt)?);
        let message = Payload { msg: store.bytes(), aad: &bound };
        let wrapped = XChaCha20Poly1305::new(key.bytes().into()).encrypt(XNonce::from_slice(&slot.nonce), message);
        slot.wrapped = wrapped.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(ProfileError::Damaged)?;
        Ok(slot)
    }

    /// The store's key, if this is the passphrase.
    pub fn open_with_passphrase(&self, typed: &Passphrase) -> Result<Key, ProfileError> {
        self.unwrap(&stretch(typed, &self.salt, self.cost()?)?)
    }

    /// The store's key, if this is the secret.
    pub fn open_with_secret(&self, secret: &Key) -> Result<Key, ProfileError> {
        self.unwrap(&expand(secret, self.kind, &self.salt)?)
    }

    fn unwrap(&self, key: &Key) -> Result<Key, ProfileError> {
        let message = Payload { msg: &self.wrapped, aad: &self.bound() };
        let store = XChaCha20Poly1305::new(key.bytes().into()).decrypt(XNonce::from_slice(&self.nonce), message);
        let store = Zeroizing::new(store.map_err(|_| ProfileError::Wrong)?);
        Key::from_slice(&store).ok_or(ProfileError::Damaged)
    }

    /// What a passphrase costs: memory in KiB, passes, lanes.
    pub fn cost(&self) -> Result<[u32; 3], ProfileError> {
        cost_in(&self.parameters)
    }

    /// What the wrapped key is bound to. For a passphrase that is the head of a file of version 1, so that such a
    /// file becomes one of version 2 without its passphrase.
    fn bound(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &[self.kind.byte()], &self.parameters, &self.salt].concat()
    }
}

fn cost_in(parameters: &[u8]) -> Result<[u32; 3], ProfileError> {
    let mut numbers = parameters.chunks_exact(4).map(|bytes| bytes.try_into().map(u32::from_be_bytes));
    let (Some(Ok(memory)), Some(Ok(passes)), Some(Ok(lanes)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return Err(ProfileError::Damaged);
    };
    // The file is not authentic until the key is unwrapped: a made-up cost must not exhaust the machine.
    if !(8 * 1024..=1024 * 1024).contains(&memory) || !(1..=64).contains(&passes) || !(1..=8).contains(&lanes) {
        return Err(ProfileError::Damaged);
    }
    Ok([memory, passes, lanes])
}

/// All slots of a file.
#[derive(Clone)]
pub struct Slots {
    list: Vec<Slot>,
    /// What a tag has to be made of, and the tag; a file of version 1 has none.
    tagged: Option<(Vec<u8>, [u8; TAG])>,
    /// Whether the checksum is right.
    pub intact: bool,
}

impl Slots {
    /// The slots of a new file.
    pub const fn new(list: Vec<Slot>) -> Self {
        Self { list, tagged: None, intact: true }
    }

    /// Reads a file. Nothing in it is to be believed before [`Slots::is_sealed_by`] says so.
    pub fn parse(file: &[u8]) -> Result<Self, ProfileError> {
        let rest = file.strip_prefix(MAGIC).ok_or(ProfileError::Damaged)?;
        match rest.split_first() {
            Some((0, [])) => Err(ProfileError::Moved),
            Some((1, rest)) => first_version(rest),
            Some((&VERSION, rest)) => second_version(file, rest),
            Some((&version, _)) if version > VERSION => Err(ProfileError::TooNew),
            _ => Err(ProfileError::Damaged),
        }
    }

    /// The file, which only this store's key could have made.
    pub fn encode(&self, store: &Key) -> Result<Vec<u8>, ProfileError> {
        let mut file = [MAGIC.as_slice(), &[VERSION]].concat();
        file.push(u8::try_from(self.list.len()).map_err(|_| ProfileError::Damaged)?);
        for slot in &self.list {
            file.push(slot.kind.byte());
            let length = u16::try_from(slot.parameters.len()).map_err(|_| ProfileError::Damaged)?;
            file.extend_from_slice(&length.to_be_bytes());
            for part in [slot.parameters.as_slice(), &slot.salt, &slot.nonce, &slot.wrapped] {
                file.extend_from_slice(part);
            }
        }
        let tag = mac(store)?.chain_update(&file).finalize().into_bytes();
        file.extend_from_slice(&tag);
        let checksum = checksum(&file);
        file.extend_from_slice(&checksum);
        Ok(file)
    }

    /// Whether who wrote the file had the store's key; true of version 1, which could not tell.
    pub fn is_sealed_by(&self, store: &Key) -> bool {
        let Some((told, tag)) = &self.tagged else { return true };
        self.intact && mac(store).is_ok_and(|mac| mac.chain_update(told).verify_slice(tag).is_ok())
    }

    /// The slot of a kind.
    pub fn get(&self, kind: Kind) -> Option<&Slot> {
        self.list.iter().find(|slot| slot.kind == kind)
    }

    /// Which slots there are.
    pub fn kinds(&self) -> Vec<Kind> {
        self.list.iter().map(|slot| slot.kind).collect()
    }

    /// Puts a slot in the place of the one of its kind.
    pub fn put(&mut self, slot: Slot) {
        match self.list.iter_mut().find(|old| old.kind == slot.kind) {
            Some(old) => *old = slot,
            None => self.list.push(slot),
        }
    }

    /// The sets of parts that open slots.
    pub fn sets(&self) -> Vec<SetId> {
        self.list.iter().filter_map(Slot::set).collect()
    }

    /// Takes out the slots that sets of parts open, but for these sets.
    pub fn keep_sets(&mut self, sets: &[SetId]) {
        let shares = |kind| matches!(kind, Kind::Shares | Kind::OtherShares);
        self.list.retain(|slot| !shares(slot.kind) || slot.set().is_some_and(|set| sets.contains(&set)));
    }

    /// Takes a slot out, if there is one.
    pub fn remove(&mut self, kind: Kind) {
        self.list.retain(|slot| slot.kind != kind);
    }
}

fn first_version(rest: &[u8]) -> Result<Slots, ProfileError> {
    let mut rest = Reader(rest);
    let slot = rest.slot(Kind::Passphrase, 12)?;
    rest.end()?;
    Ok(Slots { list: vec![slot], tagged: None, intact: true })
}

fn second_version(file: &[u8], rest: &[u8]) -> Result<Slots, ProfileError> {
    let mut rest = Reader(rest);
    let [count] = rest.take()?;
    if !(1..=MOST).contains(&usize::from(count)) {
        return Err(ProfileError::Damaged);
    }
    let mut list: Vec<Slot> = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let [kind] = rest.take()?;
        let length = usize::from(u16::from_be_bytes(rest.take()?));
        let slot = rest.slot(Kind::of(kind), length)?;
        if list.iter().any(|other| other.kind == slot.kind) {
            return Err(ProfileError::Damaged);
        }
        list.push(slot);
    }
    let told = file.get(..file.len() - rest.0.len()).unwrap_or_default();
    let tag = rest.take()?;
    let summed = file.get(..file.len() - rest.0.len()).unwrap_or_default();
    let intact = rest.take::<CHECKSUM>()? == checksum(summed);
    rest.end()?;
    Ok(Slots { list, tagged: Some((told.to_vec(), tag)), intact })
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ProfileError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(ProfileError::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn slot(&mut self, kind: Kind, length: usize) -> Result<Slot, ProfileError> {
        let (parameters, rest) = self.0.split_at_checked(length).ok_or(ProfileError::Damaged)?;
        if length > MOST_PARAMETERS {
            return Err(ProfileError::Damaged);
        }
        self.0 = rest;
        let parameters = parameters.to_vec();
        Ok(Slot { kind, parameters, salt: self.take()?, nonce: self.take()?, wrapped: self.take()? })
    }

    const fn end(&self) -> Result<(), ProfileError> {
        if self.0.is_empty() { Ok(()) } else { Err(ProfileError::Damaged) }
    }
}

fn salt() -> Result<[u8; 16], ProfileError> {
    let mut salt = [0; 16];
    fill(&mut salt)?;
    Ok(salt)
}

fn stretch(typed: &Passphrase, salt: &[u8], [memory, passes, lanes]: [u32; 3]) -> Result<Key, ProfileError> {
    use argon2::{Algorithm, Argon2, Params, Version};
    let cost = Params::new(memory, passes, lanes, Some(32)).map_err(|_| ProfileError::Damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
    argon.hash_password_into(typed.bytes(), salt, &mut *key).map_err(|_| ProfileError::Damaged)?;
    Ok(Key::new(*key))
}

fn expand(secret: &Key, kind: Kind, salt: &[u8]) -> Result<Key, ProfileError> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [b"bulkhead profile.key slot".as_slice(), &[kind.byte()]].concat();
    Hkdf::<Sha256>::new(Some(salt), secret.bytes()).expand(&info, &mut *key).map_err(|_| ProfileError::Damaged)?;
    Ok(Key::new(*key))
}

fn mac(store: &Key) -> Result<Hmac<Sha256>, ProfileError> {
    let mut key = Zeroizing::new([0; 32]);
    let made = Hkdf::<Sha256>::new(None, store.bytes()).expand(b"bulkhead profile.key tag", &mut *key);
    made.map_err(|_| ProfileError::Damaged)?;
    <Hmac<Sha256> as Mac>::new_from_slice(&*key).map_err(|_| ProfileError::Damaged)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let sum: [u8; 32] = Sha256::digest(bytes).into();
    sum.first_chunk().copied().unwrap_or_default()
}
