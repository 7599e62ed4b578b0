//! From a key to an open profile: its store is opened, or what can be read of a damaged one is saved first.

use super::{Out, Phase, Session};
use crate::clock;
use crate::profile::{ProfileError, StoreKey};
use crate::rescue::{Damage, Rescued};
use crate::store::SqlStore;
use crate::worker::How;
use bulkhead_ipc::intent::Notice;
use bulkhead_vault_core::{Error, Input, Plaintext, Vault};

type Opened = Box<Vault<SqlStore>>;

impl Session {
    pub(super) fn open_with(&mut self, how: How, key: Result<StoreKey, ProfileError>) {
        match key {
            Ok(key) if self.suspect => self.offer_rescue(key),
            Ok(key) => {
                // Of a profile that is being made there is nothing to back up, and no older copy.
                if how == How::Created {
                    let made = self.create_store(&key);
                    return self.opened_or_not(made, key, how);
                }
                if let Err(notice) = self.run_errand(&key) {
                    return self.broken(notice);
                }
                match SqlStore::open(&self.folder, &key) {
                    Ok(store) => self.count_and_open(store, key, how),
                    Err(error) => self.opened_or_not(Err(error), key, how),
                }
            }
            Err(ProfileError::Moved) => self.broken(Notice::Moved),
            Err(ProfileError::Wrong | ProfileError::NoSlot) if how == How::Recovered => {
                self.set_phase(Phase::Locked);
                self.notice(Some(Notice::WrongRecoveryCode));
            }
            Err(ProfileError::Wrong) => {
                let notice = self.wrong();
                self.set_phase(Phase::Locked);
                self.notice(Some(notice));
            }
            Err(ProfileError::InUse) => self.broken(Notice::ProfileInUse),
            Err(ProfileError::TooNew) => self.broken(Notice::StoreTooNew),
            Err(ProfileError::Io) => self.broken(Notice::StoreNotWritable),
            Err(ProfileError::Damaged | ProfileError::NoSlot) => self.broken(Notice::KeyDamaged),
        }
    }

    /// Opens the profile of a store for which the TPM was asked.
    pub(super) fn open_counted(&mut self, store: SqlStore, key: StoreKey, how: How) {
        let vault = self.open_store(store);
        self.opened_or_not(vault, key, how);
    }

    fn opened_or_not(&mut self, vault: Result<Opened, Error>, key: StoreKey, how: How) {
        match vault {
            Ok(vault) => {
                self.opened(vault);
                self.hold(key, how);
            }
            Err(Error::TooNew) => self.broken(Notice::StoreTooNew),
            Err(Error::NotWritable) => self.broken(Notice::StoreNotWritable),
            Err(Error::Moved) => self.broken(Notice::Moved),
            Err(_) => self.offer_rescue(key),
        }
    }

    fn offer_rescue(&mut self, key: StoreKey) {
        self.damaged = Some(key);
        self.broken(Notice::StoreDamaged);
    }

    /// Has what can be read of a damaged store saved.
    pub(super) fn rescue(&mut self) {
        if let (Phase::Broken, Some(key)) = (&self.phase, self.damaged.take()) {
            self.set_phase(Phase::Unlocking);
            self.notice(Some(Notice::Saving));
            self.out.push(Out::Rescue(Damage { folder: self.folder.clone(), key }));
        }
    }

    /// It was saved, or could not be.
    pub fn rescued(&mut self, Rescued { key, result }: Rescued) {
        if !matches!(self.phase, Phase::Unlocking) {
            return;
        }
        self.suspect = false;
        let opened = result.and_then(|saved| Ok((saved, self.open_store(SqlStore::open(&self.folder, &key)?)?)));
        match opened {
            Ok((saved, vault)) => {
                let ((pages, lost), (contacts, cut)) = (saved.pages, saved.contacts);
                eprintln!(
                    "bulkhead-vault: saved {} messages: {lost} of {pages} pages are lost, and {cut} of {contacts} contacts; keys of {} are renewed",
                    saved.messages, saved.renewed
                );
                self.opened(vault);
                self.hold(key, How::Unlocked);
                self.notice(Some(Notice::Saved));
            }
            // There may be room later: then it can be tried again.
            Err(Error::NotWritable) => {
                self.broken(Notice::StoreNotWritable);
            }
            Err(_) => {
                self.set_phase(Phase::Broken);
                self.notice(None);
            }
        }
    }

    fn create_store(&mut self, key: &StoreKey) -> Result<Opened, Error> {
        let name = self.new_name.take().unwrap_or_else(|| Plaintext::new(String::new()));
        let store = SqlStore::create(&self.folder, key)?;
        Vault::create(store, &name, &self.config, clock::now(), &mut rand::rng()).map(Box::new)
    }

    fn open_store(&self, store: SqlStore) -> Result<Opened, Error> {
        Vault::open(store, &self.config, clock::now()).map(Box::new)
    }

    fn opened(&mut self, vault: Opened) {
        self.fields.clear();
        self.set_phase(Phase::Open(vault));
        let done = self.done.take();
        self.notice(done);
        // net has been waiting for its Welcome since before the vault could know anything.
        // First what has died meanwhile, before anything is shown.
        let mut inputs = vec![Input::Steady(clock::steady())];
        inputs.extend(self.hello.0.clone().map(Input::Post));
        inputs.extend(self.hello.1.clone().map(Input::Sign));
        self.inputs(inputs);
    }

    pub(super) fn broken(&mut self, notice: Notice) {
        self.set_phase(Phase::Broken);
        self.notice(Some(notice));
    }
}
