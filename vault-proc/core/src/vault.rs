//! The vault.

use crate::{Config, ContactView, Effect, Error, Hit, Input, MessageView, Plaintext, RelayView, SafetyNumber, Store, Time};
use rand::{CryptoRng, Rng};
use std::ops::RangeInclusive;

/// Everything that the program knows and may do.
pub struct Vault<S: Store> {
    store: S,
    own_name: Plaintext,
    contacts: Vec<ContactView>,
    relays: Vec<RelayView>,
}

impl<S: Store> Vault<S> {
    /// Begins a new profile in an empty store.
    pub fn create<R: Rng + CryptoRng>(store: S, own_name: &Plaintext, config: &Config, now: Time, rng: &mut R) -> Result<Self, Error> {
        let _ = (config, now, rng.random::<u8>());
        Ok(Self { store, own_name: own_name.clone(), contacts: Vec::new(), relays: Vec::new() })
    }
    /// Opens an existing profile.
    pub fn open(store: S, config: &Config, now: Time) -> Result<Self, Error> {
        let _ = (config, now);
        Ok(Self { store, own_name: Plaintext::new(String::new()), contacts: Vec::new(), relays: Vec::new() })
    }
    /// Takes one input.
    pub fn handle<R: Rng + CryptoRng>(&mut self, input: Input, now: Time, rng: &mut R) -> Vec<Effect> {
        self.handle_all(vec![input], now, rng)
    }
    /// Takes several inputs in one transaction: all are durable, or none.
    pub fn handle_all<R: Rng + CryptoRng>(&mut self, inputs: Vec<Input>, now: Time, rng: &mut R) -> Vec<Effect> {
        let _ = (&self.store, inputs, now, rng.random::<u8>());
        Vec::new()
    }
    /// All conversations, newest first.
    pub fn contacts(&self) -> &[ContactView] {
        &self.contacts
    }
    /// One conversation.
    pub fn contact(&self, handle: u32) -> Option<&ContactView> {
        self.contacts.iter().find(|c| c.handle == handle)
    }
    /// One's own name.
    pub fn own_name(&self) -> &Plaintext {
        &self.own_name
    }
    /// All relays in use.
    pub fn relays(&self) -> &[RelayView] {
        &self.relays
    }
    /// The newest open invite's link.
    pub fn invite_link(&self) -> Option<&Plaintext> {
        None
    }
    /// What two people compare.
    pub fn safety_number(&self, handle: u32) -> Option<SafetyNumber> {
        let _ = handle;
        None
    }
    /// The highest place in a conversation; 0 if it is empty.
    pub fn newest(&self, contact: u32) -> u64 {
        let _ = contact;
        0
    }
    /// The lowest place in a conversation; 0 if it is empty.
    pub fn oldest(&self, contact: u32) -> u64 {
        let _ = contact;
        0
    }
    /// Messages by place, ascending.
    pub fn messages(&self, contact: u32, range: RangeInclusive<u64>) -> Result<Vec<MessageView>, Error> {
        let _ = (contact, range);
        Ok(Vec::new())
    }
    /// Messages that hold all of the words (the last one as a prefix), newest first.
    pub fn search(&self, words: &str, limit: usize) -> Result<Vec<Hit>, Error> {
        let _ = (words, limit);
        Ok(Vec::new())
    }
    /// What was typed but not sent.
    pub fn draft(&self, contact: u32) -> Option<&Plaintext> {
        let _ = contact;
        None
    }
}
