//! The cryptography that the TUF library gets here: SHA-2 and strict Ed25519, nothing else.
//!
//! The library comes without any and takes a provider (that is how its own dependency on a C library is left out).
//! Bulkhead's keys are Ed25519 keys; a signature of any other kind is refused, which leaves less code that an
//! attacker could reach.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_crypto::{CryptoProvider, Error, HashContext, SigningScheme};
use sigstore_types::HashAlgorithm;

/// Makes it the process's provider, unless there is one.
pub fn install() {
    let _ = sigstore_crypto::install_default_provider(&Strict);
}

/// Verifies an Ed25519 signature as RFC 8032 says, and refuses keys and signatures of small order, which some
/// implementations accept and others do not.
pub fn verify(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (key.try_into(), ed25519_dalek::Signature::from_slice(signature)) else {
        return false;
    };
    ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// A digest that the TUF library can ask for; `None` for algorithms that this program does not know.
pub fn hash(algorithm: HashAlgorithm) -> Option<Box<dyn HashContext>> {
    Some(match algorithm {
        HashAlgorithm::Sha2256 => Box::new(Hash(Sha256::new())),
        HashAlgorithm::Sha2384 => Box::new(Hash(Sha384::new())),
        HashAlgorithm::Sha2512 => Box::new(Hash(Sha512::new())),
        _ => return None,
    })
}

struct Hash<T>(T);

impl<T: sha2::Digest + Send> HashContext for Hash<T> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

#[derive(Debug)]
struct Strict;

impl CryptoProvider for Strict {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        hash(algorithm).ok_or_else(|| Error::UnsupportedAlgorithm("not SHA-2".to_owned()))
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), Error> {
        match scheme {
            SigningScheme::Ed25519 if verify(key, data, signature) => Ok(()),
            SigningScheme::Ed25519 => Err(Error::Verification("Ed25519 signature invalid".to_owned())),
            _ => Err(Error::UnsupportedAlgorithm("not Ed25519".to_owned())),
        }
    }

    fn verify_prehashed(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Err(Error::UnsupportedAlgorithm("Ed25519 signs messages, not digests".to_owned()))
    }
}
