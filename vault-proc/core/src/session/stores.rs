//! libsignal's store traits over values in memory.

use super::{
    Direction, GenericSignedPreKey, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore, KeyPair,
    KyberPreKeyId, KyberPreKeyRecord, KyberPreKeyStore, Own, PREKEY_ID, PreKeyId, PreKeyRecord, PreKeyStore, Prekeys,
    PrivateKey, ProtocolAddress, PublicKey, Result, SessionRecord, SessionStore, SignalProtocolError, SignedPreKeyId,
    SignedPreKeyRecord, SignedPreKeyStore, Timestamp, kem,
};

#[derive(Clone)]
pub struct Record(pub Option<SessionRecord>);

#[async_trait::async_trait(?Send)]
impl SessionStore for Record {
    async fn load_session(&self, _: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.0.clone())
    }
    async fn store_session(&mut self, _: &ProtocolAddress, record: &SessionRecord) -> Result<()> {
        self.0 = Some(record.clone());
        Ok(())
    }
}

/// Both identities. Theirs is fixed by the invite, or by the first message that decrypts; it never changes.
#[derive(Clone)]
pub struct Identity {
    own: IdentityKeyPair,
    registration: u32,
    pub theirs: Option<IdentityKey>,
}

impl Identity {
    pub fn new(own: &Own, theirs: Option<IdentityKey>) -> Result<Self> {
        Ok(Self { own: own.pair()?, registration: own.registration, theirs })
    }
}

#[async_trait::async_trait(?Send)]
impl IdentityKeyStore for Identity {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.own)
    }
    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration)
    }
    async fn save_identity(&mut self, _: &ProtocolAddress, identity: &IdentityKey) -> Result<IdentityChange> {
        self.theirs.get_or_insert(*identity);
        Ok(IdentityChange::NewOrUnchanged)
    }
    async fn is_trusted_identity(&self, _: &ProtocolAddress, identity: &IdentityKey, _: Direction) -> Result<bool> {
        Ok(self.theirs.is_none_or(|known| known == *identity) && *identity != *self.own.identity_key())
    }
    async fn get_identity(&self, _: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.theirs)
    }
}

/// Gives libsignal its three prekey stores.
pub trait PrekeyAccess {
    fn split(&mut self) -> (OneTime, SignedOnes, Kyber);
}

/// An established contact: all prekeys are used up.
pub struct NoPrekeys;

impl PrekeyAccess for NoPrekeys {
    fn split(&mut self) -> (OneTime, SignedOnes, Kyber) {
        (OneTime(None), SignedOnes(None), Kyber(None))
    }
}

/// An open invite's prekeys. That they are used up is recorded by removing the invite.
pub struct Available(PreKeyRecord, SignedPreKeyRecord, KyberPreKeyRecord);

impl Available {
    pub fn new(prekeys: &Prekeys) -> Result<Self> {
        let pair = |key: &crate::Key| KeyPair::try_from(PrivateKey::deserialize(key.bytes())?);
        let kyber = kem::KeyPair::from_public_and_private(&prekeys.kyber.0, prekeys.kyber.1.bytes())?;
        // Times and signatures of these records are for servers that hand them out; here nobody reads them.
        let at = Timestamp::from_epoch_millis(0);
        Ok(Self(
            PreKeyRecord::new(PREKEY_ID.into(), &pair(&prekeys.one_time)?),
            SignedPreKeyRecord::new(PREKEY_ID.into(), at, &pair(&prekeys.signed)?, &[]),
            KyberPreKeyRecord::new(PREKEY_ID.into(), at, &kyber, &[]),
        ))
    }
}

impl PrekeyAccess for Available {
    fn split(&mut self) -> (OneTime, SignedOnes, Kyber) {
        (OneTime(Some(self.0.clone())), SignedOnes(Some(self.1.clone())), Kyber(Some(self.2.clone())))
    }
}

pub struct OneTime(Option<PreKeyRecord>);

#[async_trait::async_trait(?Send)]
impl PreKeyStore for OneTime {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let known = self.0.clone().filter(|_| id == PREKEY_ID.into());
        known.ok_or(SignalProtocolError::InvalidPreKeyId)
    }
    async fn save_pre_key(&mut self, _: PreKeyId, _: &PreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidPreKeyId)
    }
    async fn remove_pre_key(&mut self, _: PreKeyId) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}

pub struct SignedOnes(Option<SignedPreKeyRecord>);

#[async_trait::async_trait(?Send)]
impl SignedPreKeyStore for SignedOnes {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        let known = self.0.clone().filter(|_| id == PREKEY_ID.into());
        known.ok_or(SignalProtocolError::InvalidSignedPreKeyId)
    }
    async fn save_signed_pre_key(&mut self, _: SignedPreKeyId, _: &SignedPreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidSignedPreKeyId)
    }
}

pub struct Kyber(Option<KyberPreKeyRecord>);

#[async_trait::async_trait(?Send)]
impl KyberPreKeyStore for Kyber {
    async fn get_kyber_pre_key(&self, id: KyberPreKeyId) -> Result<KyberPreKeyRecord> {
        let known = self.0.clone().filter(|_| id == PREKEY_ID.into());
        known.ok_or(SignalProtocolError::InvalidKyberPreKeyId)
    }
    async fn save_kyber_pre_key(&mut self, _: KyberPreKeyId, _: &KyberPreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidKyberPreKeyId)
    }
    async fn mark_kyber_pre_key_used(&mut self, _: KyberPreKeyId, _: SignedPreKeyId, _: &PublicKey) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}
