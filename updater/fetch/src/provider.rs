//! Cryptography for repositories that are not ours: ECDSA and RSA-PSS besides Ed25519, as the TUF specification knows them.
//!
//! Only the command `bulkhead-tuf` uses it, which any repository can be pointed at. What decides on releases accepts Ed25519 alone.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use sigstore_crypto::{CryptoProvider, Error, HashContext, SigningScheme};
use sigstore_types::HashAlgorithm;

/// Makes it the process's provider, unless there is one.
pub fn install() {
    let _ = sigstore_crypto::install_default_provider(&General);
}

#[derive(Debug)]
struct General;

impl CryptoProvider for General {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        bulkhead_trust::hash(algorithm).ok_or_else(|| Error::UnsupportedAlgorithm("not SHA-2".to_owned()))
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), Error> {
        let algorithm: &dyn VerificationAlgorithm = match scheme {
            SigningScheme::Ed25519 if bulkhead_trust::verify(key, data, signature) => return Ok(()),
            SigningScheme::Ed25519 => return Err(invalid()),
            SigningScheme::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
            SigningScheme::EcdsaP384Sha384 => &signature::ECDSA_P384_SHA384_ASN1,
            SigningScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
            SigningScheme::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
            SigningScheme::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return Err(Error::UnsupportedAlgorithm("not a scheme of TUF 1.0".to_owned())),
        };
        UnparsedPublicKey::new(algorithm, key).verify(data, signature).map_err(|_| invalid())
    }

    fn verify_prehashed(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Err(Error::UnsupportedAlgorithm("TUF signs messages, not digests".to_owned()))
    }
}

fn invalid() -> Error {
    Error::Verification("the signature is invalid".to_owned())
}
