//! How the key is made: Pedersen's distributed key generation with proofs, as in the `frost-core` crate.

use super::{Group, Hex, Share, StoreKeyError, signing::Held};
use crypto_box::aead::{Aead, AeadCore, OsRng};
use crypto_box::{ChaChaBox, Nonce, PublicKey, SecretKey};
use frost_ed25519::keys::dkg;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Said to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Who.
    pub from: String,
    /// The group, as they see it.
    pub group: Group,
    /// What their share is bound to, with a proof that they know it.
    pub package: Hex,
    /// The X25519 key that parcels for them are encrypted to.
    pub post: Hex,
}

/// Said to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parcel {
    /// By whom.
    pub from: String,
    /// For whom.
    pub to: String,
    /// The hash of all hellos that the sender has.
    pub transcript: String,
    /// A nonce of 24 bytes, and what `crypto_box` (X25519, XChaCha20-Poly1305) made of the package.
    pub sealed: Hex,
}

/// What is kept after the first step.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    me: String,
    group: Group,
    secret: Hex,
    post: Hex,
    hello: Hello,
}

/// What is kept after the second.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    me: String,
    secret: Hex,
    post: Hex,
    transcript: String,
    hellos: BTreeMap<String, Hello>,
    group: Group,
}

fn random<T>(made: Result<T, frost_ed25519::Error>) -> Result<T, StoreKeyError> {
    made.map_err(|_| StoreKeyError::Malformed)
}

/// The first step.
pub fn begin(me: &str, group: Group) -> Result<(Share, Hello), StoreKeyError> {
    let count = u16::try_from(group.people.len()).map_err(|_| StoreKeyError::Group)?;
    let (secret, package) = random(dkg::part1(group.identifier(me)?, count, group.threshold, OsRng))?;
    let post = SecretKey::generate(&mut OsRng);
    let hello = Hello {
        from: me.to_owned(),
        group: group.clone(),
        package: Hex::of(random(package.serialize())?),
        post: Hex::of(post.public_key().as_bytes()),
    };
    let (secret, post) = (Hex::of(random(secret.serialize())?), Hex::of(post.to_bytes()));
    Ok((Share::Begun(Begun { me: me.to_owned(), group, secret, post, hello: hello.clone() }), hello))
}

/// The hash that holders compare: of all hellos, in the order of names.
fn transcript(hellos: &BTreeMap<String, Hello>) -> String {
    let mut hash = Sha256::new().chain_update(b"bulkhead-release store key\0");
    for (name, hello) in hellos {
        for part in [name, hello.package.as_str(), hello.post.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

/// The second step: parcels for all others, and the transcript.
pub fn share(begun: Begun, all: Vec<Hello>) -> Result<(Share, Vec<Parcel>, String), StoreKeyError> {
    let Begun { me, group, secret, post, hello: own } = begun;
    let mut hellos = BTreeMap::new();
    for hello in all {
        group.identifier(&hello.from)?;
        if hello.group != group || (hello.from == me && hello != own) {
            return Err(StoreKeyError::OtherCeremony(hello.from));
        }
        let from = hello.from.clone();
        if hellos.insert(from.clone(), hello).is_some_and(|_| from != me) {
            return Err(StoreKeyError::Twice(from));
        }
    }
    hellos.insert(me.clone(), own);
    let missing: Vec<&str> = group.people.iter().filter(|p| !hellos.contains_key(*p)).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(StoreKeyError::Missing(missing.join(", ")));
    }
    let transcript = transcript(&hellos);
    let mut packages = packages(&group, &hellos)?;
    packages.remove(&group.identifier(&me)?);
    let kept = dkg::round1::SecretPackage::deserialize(&secret.bytes()?).map_err(|_| StoreKeyError::Malformed)?;
    let (kept, made) = dkg::part2(kept, &packages).map_err(|error| group.blamed(&error))?;
    let own_post = box_key(&post)?;
    let mut parcels = Vec::new();
    for (to, hello) in hellos.iter().filter(|(name, _)| **name != me) {
        let package = made.get(&group.identifier(to)?).ok_or(StoreKeyError::Malformed)?;
        let plain = zeroize::Zeroizing::new(random(package.serialize())?);
        let cipher = ChaChaBox::new(&public(&hello.post).map_err(|_| StoreKeyError::Wrong(to.clone()))?, &own_post);
        let nonce = ChaChaBox::generate_nonce(&mut OsRng);
        let sealed = cipher.encrypt(&nonce, plain.as_slice()).map_err(|_| StoreKeyError::Malformed)?;
        let sealed = Hex::of([nonce.as_slice(), &sealed].concat());
        parcels.push(Parcel { from: me.clone(), to: to.clone(), transcript: transcript.clone(), sealed });
    }
    let secret = Hex::of(random(kept.serialize())?);
    Ok((Share::Shared(Shared { me, secret, post, transcript: transcript.clone(), hellos, group }), parcels, transcript))
}

fn packages(
    group: &Group,
    hellos: &BTreeMap<String, Hello>,
) -> Result<BTreeMap<frost_ed25519::Identifier, dkg::round1::Package>, StoreKeyError> {
    let read = |(name, hello): (&String, &Hello)| {
        let package = hello.package.bytes().ok().and_then(|bytes| dkg::round1::Package::deserialize(&bytes).ok());
        Ok((name.clone(), package.ok_or_else(|| StoreKeyError::Wrong(name.clone()))?))
    };
    group.by_identifier(hellos.iter().map(read).collect::<Result<Vec<_>, _>>()?)
}

fn box_key(secret: &Hex) -> Result<SecretKey, StoreKeyError> {
    SecretKey::from_slice(&secret.bytes()?).map_err(|_| StoreKeyError::Malformed)
}

fn public(key: &Hex) -> Result<PublicKey, StoreKeyError> {
    PublicKey::from_slice(&key.bytes()?).map_err(|_| StoreKeyError::Malformed)
}

/// The third step: this holder's share of the key.
pub fn finish(shared: Shared, parcels: &[Parcel]) -> Result<Share, StoreKeyError> {
    let Shared { me, secret, post, transcript, hellos, group } = shared;
    let own_post = box_key(&post)?;
    let mut opened = Vec::new();
    for parcel in parcels {
        let from = &parcel.from;
        let hello = hellos.get(from).filter(|_| *from != me).ok_or_else(|| StoreKeyError::Stranger(from.clone()))?;
        if parcel.transcript != transcript {
            return Err(StoreKeyError::OtherCeremony(from.clone()));
        }
        let unreadable = || StoreKeyError::Parcel(from.clone());
        let sealed = parcel.sealed.bytes().map_err(|_| unreadable())?;
        let (nonce, sealed) = sealed.split_at_checked(24).filter(|_| parcel.to == me).ok_or_else(unreadable)?;
        let cipher = ChaChaBox::new(&public(&hello.post)?, &own_post);
        let plain = cipher.decrypt(Nonce::from_slice(nonce), sealed).map_err(|_| unreadable())?;
        let plain = zeroize::Zeroizing::new(plain);
        let package = dkg::round2::Package::deserialize(&plain).map_err(|_| StoreKeyError::Wrong(from.clone()))?;
        opened.push((from.clone(), package));
    }
    let opened = group.by_identifier(opened)?;
    let missing: Vec<&str> = group
        .people
        .iter()
        .filter(|name| **name != me && group.identifier(name).is_ok_and(|id| !opened.contains_key(&id)))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(StoreKeyError::Missing(missing.join(", ")));
    }
    let mut packages = packages(&group, &hellos)?;
    packages.remove(&group.identifier(&me)?);
    let secret = dkg::round2::SecretPackage::deserialize(&secret.bytes()?).map_err(|_| StoreKeyError::Malformed)?;
    let (share, key) = dkg::part3(&secret, &packages, &opened).map_err(|error| group.blamed(&error))?;
    Held::new(me, group, &share, &key).map(Share::Held)
}
