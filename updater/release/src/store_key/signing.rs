//! How enough holders sign together: two rounds, and one ordinary signature.

use super::{Group, Hex, StoreKeyError};
use crypto_box::aead::OsRng;
use frost_ed25519::keys::{KeyPackage, PublicKeyPackage};
use frost_ed25519::{SigningPackage, aggregate, round1, round2};
use serde::{Deserialize, Serialize};

/// What a holder keeps of a key that exists.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    me: String,
    share: Hex,
    /// For the next signature, and never for two.
    nonces: Option<Hex>,
    key: PublicKey,
}

/// What everybody may know of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Ed25519, 32 bytes (RFC 8032).
    pub ed25519: Hex,
    /// By which parts of a signature are judged.
    parts: Hex,
    /// Who holds it.
    pub group: Group,
}

/// Said before a signature, by each who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// By whom.
    pub from: String,
    commitment: Hex,
}

/// A part of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// By whom.
    pub from: String,
    part: Hex,
}

fn whole<T, E>(read: Result<T, E>) -> Result<T, StoreKeyError> {
    read.map_err(|_| StoreKeyError::Malformed)
}

impl Held {
    pub(super) fn new(
        me: String,
        group: Group,
        share: &KeyPackage,
        key: &PublicKeyPackage,
    ) -> Result<Self, StoreKeyError> {
        let ed25519 = Hex::of(whole(key.verifying_key().serialize())?);
        let key = PublicKey { ed25519, parts: Hex::of(whole(key.serialize())?), group };
        Ok(Self { me, share: Hex::of(whole(share.serialize())?), nonces: None, key })
    }

    /// The key, as everybody may know it.
    pub const fn public(&self) -> &PublicKey {
        &self.key
    }
}

/// Draws nonces for one signature. What was drawn before and not used counts no more.
pub fn commit(held: &mut Held) -> Result<Commitment, StoreKeyError> {
    let share = whole(KeyPackage::deserialize(&held.share.bytes()?))?;
    let (nonces, commitment) = round1::commit(share.signing_share(), &mut OsRng);
    held.nonces = Some(Hex::of(whole(nonces.serialize())?));
    Ok(Commitment { from: held.me.clone(), commitment: Hex::of(whole(commitment.serialize())?) })
}

fn package(group: &Group, message: &[u8], all: &[Commitment]) -> Result<SigningPackage, StoreKeyError> {
    let read = |one: &Commitment| {
        let read = one.commitment.bytes().ok().and_then(|bytes| round1::SigningCommitments::deserialize(&bytes).ok());
        Ok((one.from.clone(), read.ok_or_else(|| StoreKeyError::Wrong(one.from.clone()))?))
    };
    let all = group.by_identifier(all.iter().map(read).collect::<Result<Vec<_>, _>>()?)?;
    if all.len() < usize::from(group.threshold) {
        return Err(StoreKeyError::Missing(format!("{} more commitments", usize::from(group.threshold) - all.len())));
    }
    Ok(SigningPackage::new(all, message))
}

/// This holder's part. The nonces are gone from the share: whoever calls this makes the share durable before the part
/// leaves the machine, as a second part with the same nonces would give the share away.
pub fn sign(held: &mut Held, message: &[u8], commitments: &[Commitment]) -> Result<Part, StoreKeyError> {
    let package = package(&held.key.group, message, commitments)?;
    let share = whole(KeyPackage::deserialize(&held.share.bytes()?))?;
    let nonces = held.nonces.as_ref().ok_or(StoreKeyError::Spent)?;
    let nonces = whole(round1::SigningNonces::deserialize(&nonces.bytes()?))?;
    // Refuses commitments among which its own is not the one that belongs to these nonces.
    let part = round2::sign(&package, &nonces, &share).map_err(|_| StoreKeyError::Spent)?;
    held.nonces = None;
    Ok(Part { from: held.me.clone(), part: Hex::of(part.serialize()) })
}

/// The signature: 64 bytes that any Ed25519 program takes. Whoever sent a wrong part is named.
pub fn join(
    key: &PublicKey,
    message: &[u8],
    commitments: &[Commitment],
    parts: &[Part],
) -> Result<Vec<u8>, StoreKeyError> {
    let group = &key.group;
    let package = package(group, message, commitments)?;
    let read = |one: &Part| {
        let read = one.part.bytes().ok().and_then(|bytes| round2::SignatureShare::deserialize(&bytes).ok());
        Ok((one.from.clone(), read.ok_or_else(|| StoreKeyError::Wrong(one.from.clone()))?))
    };
    let parts = group.by_identifier(parts.iter().map(read).collect::<Result<Vec<_>, _>>()?)?;
    let missing: Vec<&str> = commitments
        .iter()
        .map(|one| one.from.as_str())
        .filter(|name| group.identifier(name).is_ok_and(|id| !parts.contains_key(&id)))
        .collect();
    if !missing.is_empty() {
        return Err(StoreKeyError::Missing(missing.join(", ")));
    }
    let all = whole(PublicKeyPackage::deserialize(&key.parts.bytes()?))?;
    let signature = aggregate(&package, &parts, &all).map_err(|error| group.blamed(&error))?;
    whole(signature.serialize())
}
