//! libsignal: PQXDH and the triple ratchet, one session per contact.
//!
//! libsignal asks its stores for one thing at a time; here they are views over what the vault holds in memory,
//! so that nothing it does is durable before the vault's transaction is. Its traits are async but never wait.

use crate::invite::{Bundle, Signed};
use crate::{Error, Key, Secret, Time};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use futures_util::FutureExt;
use libsignal_protocol::kem::{self, KeyType};
use libsignal_protocol::{
    CiphertextMessage, DeviceId, Direction, Fingerprint, GenericSignedPreKey, IdentityChange, IdentityKey,
    IdentityKeyPair, IdentityKeyStore, KeyPair, KyberPreKeyId, KyberPreKeyRecord, KyberPreKeyStore, PreKeyBundle,
    PreKeyId, PreKeyRecord, PreKeySignalMessage, PreKeyStore, PrivateKey, ProtocolAddress, PublicKey, SessionRecord,
    SessionStore, SignalMessage, SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore, Timestamp,
    message_decrypt_prekey, message_decrypt_signal, message_encrypt, process_prekey_bundle,
};
use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};
use std::future::Future;
use stores::{Available, Identity, NoPrekeys, PrekeyAccess, Record};

mod quantum;
mod stores;

type Result<T> = core::result::Result<T, SignalProtocolError>;

/// The only message version: PQXDH.
const PQXDH: u8 = 4;
/// Iterations of the safety number's hash, as Signal uses.
const ITERATIONS: u32 = 5200;

/// The own half of a relation: made fresh for every contact, so that no two contacts can link one person.
#[derive(Clone)]
pub struct Own {
    /// Private identity key, as libsignal writes it (clamped).
    pub identity: Key,
    /// Registration number, 1 to 0x3fff.
    pub registration: u32,
}

impl Own {
    /// A fresh half.
    pub fn draw<R: Rng + CryptoRng>(rng: &mut R) -> Option<Self> {
        let pair = KeyPair::generate(rng);
        let identity = Key::from_slice(Secret::new(pair.private_key.serialize()).bytes())?;
        Some(Self { identity, registration: rng.random_range(1..=0x3fff) })
    }

    fn pair(&self) -> Result<IdentityKeyPair> {
        let private = PrivateKey::deserialize(self.identity.bytes())?;
        Ok(IdentityKeyPair::new(IdentityKey::new(private.public_key()?), private))
    }

    /// The public identity key, 33 bytes.
    pub fn public(&self) -> Option<Vec<u8>> {
        Some(self.pair().ok()?.identity_key().serialize().into_vec())
    }

    /// What only the holders of two identity keys know (X25519), 32 bytes.
    pub fn agree(&self, theirs: &[u8]) -> Option<Key> {
        let theirs = IdentityKey::decode(theirs).ok().filter(|key| key.public_key().is_canonical())?;
        let shared = self.pair().ok()?.private_key().calculate_agreement(theirs.public_key()).ok()?;
        Key::from_slice(Secret::new(shared.into_vec()).bytes())
    }

    /// Signs with the identity key (XEdDSA), 64 bytes.
    pub fn sign<R: Rng + CryptoRng>(&self, message: &[u8], rng: &mut R) -> Option<Vec<u8>> {
        Some(self.pair().ok()?.private_key().calculate_signature(message, rng).ok()?.into_vec())
    }
}

/// Whether the holder of an identity key (33 bytes) signed a message.
pub fn signed_by(identity: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = IdentityKey::decode(identity).ok();
    key.is_some_and(|key| key.public_key().is_canonical() && key.public_key().verify_signature(message, signature))
}

/// The secret halves of one invite's prekeys; destroyed when it is used or expires.
#[derive(Clone)]
pub struct Prekeys {
    /// Private signed prekey.
    pub signed: Key,
    /// Private one-time prekey.
    pub one_time: Key,
    /// Kyber1024 public and secret key, serialised.
    pub kyber: (Vec<u8>, Secret),
}

/// All prekeys of an invite carry this number: each invite has its own identity, so numbers need not differ.
pub const PREKEY_ID: u32 = 1;

/// What goes into a bundle, with the secrets that answer to it.
pub struct Drawn {
    /// The own half.
    pub own: Own,
    /// Secret prekeys.
    pub prekeys: Prekeys,
    /// Identity key, signed prekey, one-time prekey, Kyber prekey.
    pub public: (Vec<u8>, Signed, Vec<u8>, Signed),
}

/// Draws the keys of an invite.
pub fn draw<R: Rng + CryptoRng>(rng: &mut R) -> Option<Drawn> {
    draw_for(Own::draw(rng)?, rng)
}

/// Draws prekeys for an identity.
pub fn draw_for<R: Rng + CryptoRng>(own: Own, rng: &mut R) -> Option<Drawn> {
    let identity = own.pair().ok()?;
    let (signed, one_time) = (KeyPair::generate(rng), KeyPair::generate(rng));
    let kyber = kem::KeyPair::generate(KeyType::Kyber1024, rng);
    let mut sign = |key: Box<[u8]>| {
        let signature = identity.private_key().calculate_signature(&key, rng).ok()?.into_vec();
        Some(Signed { id: PREKEY_ID, key: key.into_vec(), signature })
    };
    let signed_public = sign(signed.public_key.serialize())?;
    let kyber_public = sign(kyber.public_key.serialize())?;
    let private = |pair: &KeyPair| Key::from_slice(Secret::new(pair.private_key.serialize()).bytes());
    let prekeys = Prekeys {
        signed: private(&signed)?,
        one_time: private(&one_time)?,
        kyber: (kyber_public.key.clone(), Secret::new(kyber.secret_key.serialize().into_vec())),
    };
    let public = (own.public()?, signed_public, one_time.public_key.serialize().into_vec(), kyber_public);
    Some(Drawn { own, prekeys, public })
}

/// A session with one contact.
#[derive(Clone)]
pub struct Session {
    record: Record,
    identity: Identity,
    /// The contact's ratchet key that was checked last: a new one comes with each change of turn only.
    checked: Option<PublicKey>,
}

/// An incoming message that has the form of one. Nobody knows yet whether it is authentic.
pub enum Incoming {
    /// In a session that both have.
    Signal(SignalMessage),
    /// Of a session that the other one began.
    PreKey(Box<PreKeySignalMessage>),
}

impl Incoming {
    /// Reads one; `None` for what libsignal could not open. libsignal 0.85 accepts versions without the post-quantum
    /// parts: they are not taken, nor a post-quantum part that it could not read.
    pub fn read(prekey: bool, body: &[u8]) -> Option<Self> {
        let message = match prekey {
            false => Self::Signal(SignalMessage::try_from(body).ok()?),
            true => {
                let message = PreKeySignalMessage::try_from(body).ok()?;
                let sound = message.message_version() == PQXDH && message.pre_key_id().is_some();
                Self::PreKey(Box::new(message)).only_if(sound)?
            }
        };
        let inner = message.inner();
        let sound = inner.message_version() == PQXDH && quantum::is_sound(inner.pq_ratchet());
        message.only_if(sound)
    }

    fn only_if(self, sound: bool) -> Option<Self> {
        sound.then_some(self)
    }

    fn inner(&self) -> &SignalMessage {
        match self {
            Self::Signal(message) => message,
            Self::PreKey(message) => message.message(),
        }
    }

    /// Its chain, by the sender's ratchet key, and its number there.
    pub fn place(&self) -> ([u8; 33], u32) {
        let key = self.inner().sender_ratchet_key().serialize();
        ((*key).try_into().unwrap_or([0; 33]), self.inner().counter())
    }

    /// What it is known by, whichever event it came in.
    pub(crate) fn digest(&self) -> Bytes32 {
        let bytes = match self {
            Self::Signal(message) => message.serialized(),
            Self::PreKey(message) => message.serialized(),
        };
        Bytes(Sha256::digest(bytes).into())
    }

    /// Bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Signal(message) => message.serialized().len(),
            Self::PreKey(message) => message.serialized().len(),
        }
    }
}

/// What came of an incoming message.
pub enum Opened {
    /// The padded content.
    Content(Secret),
    /// Read before.
    Duplicate,
    /// Forged, damaged, or for keys that are gone.
    Undecryptable,
}

impl Session {
    /// Reads a session from the store.
    pub fn load(own: &Own, their_identity: &[u8], record: &[u8]) -> core::result::Result<Self, Error> {
        let record = SessionRecord::deserialize(record).map_err(|_| Error::Damaged)?;
        let theirs = IdentityKey::decode(their_identity).map_err(|_| Error::Damaged)?;
        let identity = Identity::new(own, Some(theirs)).map_err(|_| Error::Damaged)?;
        Ok(Self { record: Record(Some(record)), identity, checked: None })
    }

    /// The record for the store.
    pub fn save(&self) -> core::result::Result<Secret, Error> {
        let record = self.record.0.as_ref().ok_or(Error::Keys)?;
        record.serialize().map(Secret::new).map_err(|_| Error::Keys)
    }

    /// Whose session a record is, 33 bytes; `None` if it is no record of a session.
    pub fn their_identity_in(record: &[u8]) -> Option<Vec<u8>> {
        SessionRecord::deserialize(record).ok()?.remote_identity_key_bytes().ok()?
    }

    /// Begins a session from an invite's bundle; `None` if a key or signature in it is bad.
    pub fn begin<R: Rng + CryptoRng>(own: &Own, bundle: &Bundle, now: Time, rng: &mut R) -> Option<Self> {
        let identity = IdentityKey::decode(&bundle.identity).ok()?;
        let signed = PublicKey::deserialize(&bundle.signed.key).ok()?;
        let one_time = PublicKey::deserialize(&bundle.one_time.1).ok()?;
        let kyber = kem::PublicKey::deserialize(&bundle.kyber.key).ok()?;
        if ![identity.public_key(), &signed, &one_time].into_iter().all(PublicKey::is_canonical) {
            return None;
        }
        let prekeys = PreKeyBundle::new(
            bundle.registration,
            DeviceId::new(1).ok()?,
            Some((bundle.one_time.0.into(), one_time)),
            bundle.signed.id.into(),
            signed,
            bundle.signed.signature.clone(),
            bundle.kyber.id.into(),
            kyber,
            bundle.kyber.signature.clone(),
            identity,
        )
        .ok()?;
        let mut session =
            Self { record: Record(None), identity: Identity::new(own, Some(identity)).ok()?, checked: None };
        let Self { record, identity, .. } = &mut session;
        at_once(process_prekey_bundle(&address()?, record, identity, &prekeys, now.system(), rng)).ok()?;
        Some(session)
    }

    /// Answers the first message to an invite. The session exists only if it decrypts.
    pub fn answer<R: Rng + CryptoRng>(
        own: &Own,
        prekeys: &Prekeys,
        body: &[u8],
        rng: &mut R,
    ) -> Option<(Self, Secret)> {
        let message = Incoming::read(true, body)?;
        let mut session = Self { record: Record(None), identity: Identity::new(own, None).ok()?, checked: None };
        match session.open_first(prekeys, &message, rng) {
            Opened::Content(content) => Some((session, content)),
            Opened::Duplicate | Opened::Undecryptable => None,
        }
    }

    /// Answers the first message of a renewed session: only the contact, whose identity is known, can have sent it.
    pub fn renew<R: Rng + CryptoRng>(
        own: &Own,
        their_identity: &[u8],
        prekeys: &Prekeys,
        message: &Incoming,
        rng: &mut R,
    ) -> Option<(Self, Secret)> {
        let theirs = IdentityKey::decode(their_identity).ok()?;
        let identity = Identity::new(own, Some(theirs)).ok()?;
        let mut session = Self { record: Record(None), identity, checked: None };
        match session.open_first(prekeys, message, rng) {
            Opened::Content(content) => Some((session, content)),
            Opened::Duplicate | Opened::Undecryptable => None,
        }
    }

    /// The contact's identity key, 33 bytes.
    pub fn their_identity(&self) -> Option<Vec<u8>> {
        Some(self.identity.theirs?.serialize().into_vec())
    }

    /// Encrypts; returns whether it is a prekey message, and the bytes.
    pub fn seal<R: Rng + CryptoRng>(
        &mut self,
        padded: &Secret,
        now: Time,
        rng: &mut R,
    ) -> core::result::Result<(bool, Vec<u8>), Error> {
        let to = address().ok_or(Error::Keys)?;
        let message =
            at_once(message_encrypt(padded.bytes(), &to, &mut self.record, &mut self.identity, now.system(), rng));
        match message.map_err(|_| Error::Keys)? {
            CiphertextMessage::SignalMessage(m) => Ok((false, m.serialized().to_vec())),
            CiphertextMessage::PreKeySignalMessage(m) => Ok((true, m.serialized().to_vec())),
            _ => Err(Error::Keys),
        }
    }

    /// Reads and decrypts a message in the session. Nothing changes unless it is authentic.
    pub fn open<R: Rng + CryptoRng>(&mut self, prekey: bool, body: &[u8], rng: &mut R) -> Opened {
        Incoming::read(prekey, body).map_or(Opened::Undecryptable, |message| self.decrypt(&message, rng))
    }

    /// Decrypts a message in the session. Nothing changes unless it is authentic.
    pub fn decrypt<R: Rng + CryptoRng>(&mut self, message: &Incoming, rng: &mut R) -> Opened {
        match message {
            Incoming::PreKey(message) => self.open_with(&mut NoPrekeys, message, rng),
            Incoming::Signal(message) => {
                let Some(from) = address().filter(|_| self.sound(message)) else { return Opened::Undecryptable };
                let result = at_once(message_decrypt_signal(message, &from, &mut self.record, &mut self.identity, rng));
                self.judge(result, message)
            }
        }
    }

    fn open_first<R: Rng + CryptoRng>(&mut self, prekeys: &Prekeys, message: &Incoming, rng: &mut R) -> Opened {
        match (message, Available::new(prekeys)) {
            (Incoming::PreKey(message), Ok(mut available)) => self.open_with(&mut available, message, rng),
            _ => Opened::Undecryptable,
        }
    }

    fn open_with<R: Rng + CryptoRng, P: PrekeyAccess>(
        &mut self,
        prekeys: &mut P,
        message: &PreKeySignalMessage,
        rng: &mut R,
    ) -> Opened {
        let keys = [message.identity_key().public_key(), message.base_key()];
        if !keys.into_iter().all(PublicKey::is_canonical) || !self.sound(message.message()) {
            return Opened::Undecryptable;
        }
        let Some(from) = address() else { return Opened::Undecryptable };
        let (mut one_time, signed, mut kyber) = prekeys.split();
        let result = at_once(message_decrypt_prekey(
            message,
            &from,
            &mut self.record,
            &mut self.identity,
            &mut one_time,
            &signed,
            &mut kyber,
            rng,
        ));
        self.judge(result, message.message())
    }

    /// libsignal 0.85 accepts ratchet keys of low order, with which the Diffie-Hellman result would be known to everybody.
    fn sound(&self, message: &SignalMessage) -> bool {
        let key = message.sender_ratchet_key();
        self.checked.as_ref() == Some(key) || key.is_canonical()
    }

    fn judge(&mut self, result: Result<Vec<u8>>, message: &SignalMessage) -> Opened {
        let result = result.map(Secret::new);
        let quantum = |record: &Record| {
            let state = record.0.as_ref().and_then(SessionRecord::current_pq_state);
            state.is_some_and(|state| !state.is_empty())
        };
        match result {
            Ok(content) if quantum(&self.record) => {
                self.checked = Some(*message.sender_ratchet_key());
                Opened::Content(content)
            }
            Err(SignalProtocolError::DuplicatedMessage(..)) => Opened::Duplicate,
            // libsignal stores nothing on failure. That a session without its post-quantum part gets here is ruled
            // out by `Incoming::read`; if it did, nothing would be taken from it.
            _ => Opened::Undecryptable,
        }
    }
}

/// Digits and QR content for two people to compare.
pub fn fingerprint(own: &Own, their_identity: &[u8]) -> Option<(String, Vec<u8>)> {
    let ours = *own.pair().ok()?.identity_key();
    let theirs = IdentityKey::decode(their_identity).ok()?;
    // The keys are fresh for every relation: they are the only identity there is.
    let made = Fingerprint::new(2, ITERATIONS, &ours.serialize(), &ours, &theirs.serialize(), &theirs).ok()?;
    Some((made.display_string().ok()?, made.scannable.serialize().ok()?))
}

/// A session is with one device of one contact: the address never differs and never leaves.
fn address() -> Option<ProtocolAddress> {
    Some(ProtocolAddress::new("contact".into(), DeviceId::new(1).ok()?))
}

/// libsignal's futures never wait: its stores are these.
fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    future.now_or_never().unwrap_or_else(|| Err(SignalProtocolError::InvalidArgument("a store waited".into())))
}
