//! Signatures of people, in the format that git and `ssh-keygen -Y` write (SSHSIG, `PROTOCOL.sshsig` of OpenSSH).
//!
//! Keys are Ed25519, in a file or in a FIDO token (`sk-ssh-ed25519@openssh.com`): nothing else, as each further
//! algorithm is one more way to be wrong. A key is known by its point, so that the same key counts once however it is
//! written.

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey, SshSig};

/// Longest signature file, in bytes. Those of the two kinds of keys are below one kibibyte.
pub const LONGEST_SIGNATURE: usize = 4096;
/// Somebody touched the token (`SSH_SK_USER_PRESENCE_REQD`).
const PRESENT: u8 = 0x01;
/// What stands behind a token's signature: flags, and a counter of four bytes.
const TRAILER: usize = 5;

/// What a signature is for: one for something else counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A commit, as git signs it.
    Commit,
    /// A review.
    Review,
    /// A policy.
    Policy,
    /// What a party built.
    Attestation,
}

impl Purpose {
    /// The namespace to give to `ssh-keygen -Y sign -n`.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Commit => "git",
            Self::Review => "review@bulkhead-release",
            Self::Policy => "policy@bulkhead-release",
            Self::Attestation => "attest@bulkhead-release",
        }
    }
}

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not one line of an OpenSSH public key file.
    #[error("not an OpenSSH public key: give the line of the .pub file")]
    Malformed,
    /// RSA, ECDSA, a certificate or something newer.
    #[error("not an Ed25519 key: make one with ssh-keygen -t ed25519 or -t ed25519-sk")]
    NotEd25519,
    /// A point of small order, for which anybody can make signatures.
    #[error("a weak key, with which anybody can sign: make another")]
    Weak,
}

/// Why a signature counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not armoured text of the SSHSIG format.
    #[error("not an SSH signature: sign with ssh-keygen -Y sign, or with git and gpg.format = ssh")]
    Malformed,
    /// Of another kind of key.
    #[error("not made by an Ed25519 key")]
    NotEd25519,
    /// It was made for something else.
    #[error("made for another purpose: sign with -n {0}")]
    Purpose(&'static str),
    /// Nobody touched the token.
    #[error("made without a touch of the token: sign with a key that asks for one")]
    Untouched,
    /// It is not of these bytes by this key.
    #[error("does not fit the signed bytes: sign again")]
    Wrong,
}

/// A public key that may sign.
#[derive(Clone, Debug)]
pub struct Key {
    point: [u8; 32],
    data: KeyData,
}

impl Key {
    /// Reads the line of an OpenSSH `.pub` file.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let key = PublicKey::from_openssh(line.trim()).map_err(|_| KeyError::Malformed)?;
        Self::of(key.key_data()).ok_or(KeyError::NotEd25519)?.strong()
    }

    fn of(data: &KeyData) -> Option<Self> {
        let point = match data {
            KeyData::Ed25519(key) => key.0,
            KeyData::SkEd25519(key) => key.public_key().0,
            _ => return None,
        };
        Some(Self { point, data: data.clone() })
    }

    fn strong(self) -> Result<Self, KeyError> {
        match VerifyingKey::from_bytes(&self.point) {
            Ok(key) if !key.is_weak() => Ok(self),
            _ => Err(KeyError::Weak),
        }
    }

    /// What it is known by: 32 bytes of an Edwards curve point (RFC 8032 §5.1.5).
    pub const fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// As `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Whether it is this very key, token and all.
    pub fn is(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

/// Who signed: the key that an armoured signature names, once it is seen to fit these bytes.
pub fn signer(armoured: &[u8], purpose: Purpose, bytes: &[u8]) -> Result<Key, SignatureError> {
    if armoured.len() > LONGEST_SIGNATURE {
        return Err(SignatureError::Malformed);
    }
    let text = core::str::from_utf8(armoured).map_err(|_| SignatureError::Malformed)?;
    let signature = SshSig::from_pem(text.trim()).map_err(|_| SignatureError::Malformed)?;
    let key = Key::of(signature.public_key()).ok_or(SignatureError::NotEd25519)?;
    if signature.namespace() != purpose.namespace() {
        return Err(SignatureError::Purpose(purpose.namespace()));
    }
    let public = PublicKey::from(key.data.clone());
    public.verify(purpose.namespace(), bytes, &signature).map_err(|_| SignatureError::Wrong)?;
    if matches!(key.data, KeyData::SkEd25519(_)) {
        let made = signature.signature_bytes();
        let flags = made.len().checked_sub(TRAILER).and_then(|at| made.get(at)).copied().unwrap_or_default();
        if flags & PRESENT == 0 {
            return Err(SignatureError::Untouched);
        }
    }
    Ok(key)
}

/// SHA-256, in hexadecimal: what a policy is known by outside the repository.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
