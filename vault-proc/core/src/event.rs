//! Nostr events: identifier (NIP-01), signature (BIP-340), and the three kinds that the vault makes.
//!
//! Everything from outside is [`Unverified`] until identifier and signature have been checked.

use crate::Key;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::post::Event;
use rand::{CryptoRng, Rng};
use secp256k1::{All, Keypair, Secp256k1, SecretKey, XOnlyPublicKey, schnorr::Signature};
use sha2::{Digest, Sha256};

/// Kind of an envelope (NIP-59's gift wrap).
pub const ENVELOPE: u16 = 1059;
/// Kind of a deletion (NIP-09).
pub const DELETION: u16 = 5;
/// Kind of a relay authentication (NIP-42).
pub const AUTHENTICATION: u16 = 22242;

/// Something from outside that nobody has checked.
pub struct Unverified<T>(pub T);

/// Something whose identifier and signature hold.
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was verified.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// The secp256k1 curve with its tables: made once, as that takes longer than a signature.
pub struct Curve(Secp256k1<All>);

impl Curve {
    /// Makes the tables.
    pub fn new() -> Self {
        Self(Secp256k1::new())
    }

    /// A fresh secret key that is a valid scalar.
    pub fn fresh<R: Rng + CryptoRng>(&self, rng: &mut R) -> Key {
        loop {
            let key = Key::random(rng);
            if SecretKey::from_byte_array(*key.bytes()).is_ok() {
                return key;
            }
        }
    }

    /// The x-only public key; `None` if the bytes are not a valid scalar.
    pub fn public(&self, key: &Key) -> Option<Bytes32> {
        let mut pair = self.pair(key)?;
        let public = Bytes(pair.x_only_public_key().0.serialize());
        pair.non_secure_erase();
        Some(public)
    }

    /// Whether the bytes are a secret key at all.
    pub fn is_secret(key: &Key) -> bool {
        SecretKey::from_byte_array(*key.bytes()).is_ok()
    }

    /// Whether the bytes are a public key at all.
    pub fn is_public(&self, key: &Bytes32) -> bool {
        XOnlyPublicKey::from_byte_array(key.0).is_ok()
    }

    fn pair(&self, key: &Key) -> Option<Keypair> {
        Keypair::from_seckey_byte_array(&self.0, *key.bytes()).ok()
    }

    /// Signs an event. Without auxiliary randomness, so that what is built again from the store after a restart
    /// is byte for byte the same event, with the same identifier.
    pub fn sign(
        &self,
        author: &Key,
        kind: u16,
        tags: Vec<Vec<String>>,
        content: String,
        created_at: u64,
    ) -> Option<Event> {
        let mut pair = self.pair(author)?;
        let pubkey = Bytes(pair.x_only_public_key().0.serialize());
        let mut event = Event { id: Bytes([0; 32]), sig: Bytes([0; 64]), kind, tags, pubkey, content, created_at };
        event.id = id(&event);
        event.sig = Bytes(self.0.sign_schnorr_no_aux_rand(&event.id.0, &pair).to_byte_array());
        pair.non_secure_erase();
        Some(event)
    }

    /// Checks identifier and signature.
    pub fn verify(&self, event: Unverified<Event>) -> Option<Verified<Event>> {
        let Unverified(event) = event;
        if id(&event) != event.id {
            return None;
        }
        let author = XOnlyPublicKey::from_byte_array(event.pubkey.0).ok()?;
        let signature = Signature::from_byte_array(event.sig.0);
        self.0.verify_schnorr(&signature, &event.id.0, &author).ok()?;
        Some(Verified(event))
    }
}

impl Default for Curve {
    fn default() -> Self {
        Self::new()
    }
}

/// The identifier: SHA-256 of the canonical JSON of NIP-01.
pub fn id(event: &Event) -> Bytes32 {
    let mut text = String::with_capacity(event.weight() + 128);
    text.push_str("[0,\"");
    text.push_str(&event.pubkey.to_hex());
    text.push_str("\",");
    text.push_str(&event.created_at.to_string());
    text.push(',');
    text.push_str(&event.kind.to_string());
    text.push_str(",[");
    for (i, tag) in event.tags.iter().enumerate() {
        text.push_str(if i == 0 { "[" } else { ",[" });
        for (i, item) in tag.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            quote(&mut text, item);
        }
        text.push(']');
    }
    text.push_str("],");
    quote(&mut text, &event.content);
    text.push(']');
    Bytes(Sha256::digest(text.as_bytes()).into())
}

/// Appends a JSON string with exactly the escapes that NIP-01 names.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    // Base64, hexadecimal and digits need no escapes: an envelope has nothing else. Without a way out half way, so
    // that many bytes are looked at in one step.
    if text.bytes().fold(true, |plain, b| plain & b.is_ascii_graphic() & (b != b'"') & (b != b'\\')) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The event as it goes over a relay's WebSocket; for the test vectors.
pub fn json(event: &Event) -> String {
    serde_json::json!({
        "id": event.id.to_hex(), "pubkey": event.pubkey.to_hex(), "created_at": event.created_at,
        "kind": event.kind, "tags": event.tags, "content": event.content, "sig": event.sig.to_hex(),
    })
    .to_string()
}

/// Asks relays to delete one event; only its author can (NIP-09).
pub fn deletion(curve: &Curve, author: &Key, event: &Bytes32, created_at: u64) -> Option<Event> {
    let tags = vec![vec!["e".into(), event.to_hex()], vec!["k".into(), ENVELOPE.to_string()]];
    curve.sign(author, DELETION, tags, String::new(), created_at)
}

/// Proves to one relay, for one challenge, that we read a mailbox (NIP-42). The only template.
pub fn authentication(curve: &Curve, mailbox: &Key, relay: &str, challenge: &str, created_at: u64) -> Option<Event> {
    let sound = (1..=bulkhead_ipc::sign::MAX_CHALLENGE).contains(&challenge.len());
    if !sound || !challenge.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return None;
    }
    let tags = vec![vec!["relay".into(), relay.into()], vec!["challenge".into(), challenge.into()]];
    curve.sign(mailbox, AUTHENTICATION, tags, String::new(), created_at)
}
