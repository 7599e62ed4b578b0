//! Which keys and signatures count, those of tokens and of other programs among them.

use bulkhead_release::keys::{Key, KeyError, LONGEST_SIGNATURE, Purpose, SignatureError, signer};
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, PublicKey, Signature, SshSig};

fn file_key(seed: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[seed; 32])), "").unwrap()
}

fn armoured(key: &PrivateKey, namespace: &str, bytes: &[u8]) -> Vec<u8> {
    key.sign(namespace, HashAlg::Sha512, bytes).unwrap().to_pem(LineEnding::LF).unwrap().into_bytes()
}

/// What a token makes: a signature of the application, flags, a counter and the message (`PROTOCOL.u2f` of OpenSSH).
fn token_signature(seed: u8, flags: u8, namespace: &str, bytes: &[u8]) -> (PublicKey, Vec<u8>) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let point = Ed25519PublicKey(key.verifying_key().to_bytes());
    let public = KeyData::SkEd25519(SkEd25519::from(point));
    let told = SshSig::signed_data(namespace, HashAlg::Sha512, bytes).unwrap();
    use sha2::Digest as _;
    let counter = 7u32.to_be_bytes();
    let message = [&sha2::Sha256::digest(b"ssh:")[..], &[flags], &counter, &sha2::Sha256::digest(told)[..]].concat();
    let made = [&key.sign(&message).to_bytes()[..], &[flags], &counter].concat();
    let signature = Signature::new(Algorithm::SkEd25519, made).unwrap();
    let whole = SshSig::new(public.clone(), namespace, HashAlg::Sha512, signature).unwrap();
    (PublicKey::from(public), whole.to_pem(LineEnding::LF).unwrap().into_bytes())
}

#[test]
fn signature_counts_for_its_bytes_and_purpose_only() {
    let key = file_key(1);
    let own = Key::parse(&key.public_key().to_openssh().unwrap()).unwrap();
    let signature = armoured(&key, "git", b"words");
    assert!(signer(&signature, Purpose::Commit, b"words").unwrap().is(&own));
    assert_eq!(signer(&signature, Purpose::Commit, b"word").unwrap_err(), SignatureError::Wrong);
    let other = SignatureError::Purpose("review@bulkhead-release");
    assert_eq!(signer(&signature, Purpose::Review, b"words").unwrap_err(), other);
}

#[test]
fn token_counts_when_it_was_touched() {
    let (public, touched) = token_signature(2, 1, "git", b"words");
    let own = Key::parse(&public.to_openssh().unwrap()).unwrap();
    assert!(signer(&touched, Purpose::Commit, b"words").unwrap().is(&own));
    assert_eq!(signer(&touched, Purpose::Commit, b"other").unwrap_err(), SignatureError::Wrong);
    let (_, untouched) = token_signature(2, 0, "git", b"words");
    assert_eq!(signer(&untouched, Purpose::Commit, b"words").unwrap_err(), SignatureError::Untouched);
    // What the token said of the touch is signed, too.
    let (_, verified) = token_signature(2, 5, "git", b"words");
    assert!(signer(&verified, Purpose::Commit, b"words").is_ok());
}

#[test]
fn same_point_is_one_key_in_a_file_or_a_token() {
    let (public, _) = token_signature(3, 1, "git", b"");
    let token = Key::parse(&public.to_openssh().unwrap()).unwrap();
    let file = Key::parse(&file_key(3).public_key().to_openssh().unwrap()).unwrap();
    assert_eq!(token.point(), file.point());
    assert!(!token.is(&file), "but what one signs is not what the other signs");
}

#[test]
fn other_kinds_of_keys_are_refused() {
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC8y0IlhSk0qZlUSL0W2HbXyRmOxGqiNNLIvVQrVQAh0nJf2XMkNvnqLs9Wl6xUq1Z6J0ogA0pVx5yvtvJfPKaX";
    assert!(matches!(Key::parse(rsa), Err(KeyError::NotEd25519 | KeyError::Malformed)));
    assert_eq!(Key::parse("ssh-ed25519 AAAA").unwrap_err(), KeyError::Malformed);
    assert_eq!(Key::parse("").unwrap_err(), KeyError::Malformed);
    let mut identity = [0; 32];
    identity[0] = 1;
    for weak in [[0; 32], identity] {
        let line = PublicKey::from(KeyData::Ed25519(Ed25519PublicKey(weak))).to_openssh().unwrap();
        assert_eq!(Key::parse(&line).unwrap_err(), KeyError::Weak);
    }
}

#[test]
fn bytes_that_are_no_signature_are_refused() {
    let good = armoured(&file_key(1), "git", b"words");
    for cut in 0..good.len() - 1 {
        assert!(signer(&good[..cut], Purpose::Commit, b"words").is_err());
    }
    for at in 0..good.len() {
        for bit in [1, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= bit;
            // Spaces and case around the base64 may differ; what is signed by whom may not.
            let _ = signer(&bad, Purpose::Commit, b"words").map(|key| {
                assert_eq!(key.point(), Key::parse(&file_key(1).public_key().to_openssh().unwrap()).unwrap().point());
            });
        }
    }
    assert_eq!(
        signer(&vec![b'x'; LONGEST_SIGNATURE + 1], Purpose::Commit, b"").unwrap_err(),
        SignatureError::Malformed
    );
    assert_eq!(signer(&[0xff; 64], Purpose::Commit, b"").unwrap_err(), SignatureError::Malformed);
}
