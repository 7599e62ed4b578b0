//! Between the store and the open profile: is the store the newest that there was?
//!
//! Who uses a PIN has a counter in the machine's TPM, which counts on each time the profile is opened. A store that
//! knows less than the counter is an older copy that was put back, and sends nothing in its old sessions
//! (`bulkhead_vault_core`, "renewing"). Where the TPM does not answer, contacts notice it as they do without one.

use super::{Out, Phase, Session};
use crate::profile::{self, Kind, StoreKey};
use crate::store::{Counter, SqlStore};
use crate::worker::How;
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::seal::{Half, ToSeal};
use bulkhead_vault_core::Error;

/// A store that waits for the TPM's word.
pub struct Counting {
    store: SqlStore,
    key: StoreKey,
    how: How,
    asked: Asked,
}

enum Asked {
    New(Half),
    Count(Counter),
    Drop,
}

impl Session {
    /// Opens the profile of this store, after the TPM was asked if there is one to ask.
    pub(super) fn count_and_open(&mut self, store: SqlStore, key: StoreKey, how: How) {
        // A counter that cannot be noted must not count: the next time it would look as if the store were older.
        match self.question(&store) {
            Ok(Some((asked, question))) => self.ask_to_count(Counting { store, key, how, asked }, question),
            Ok(None) | Err(_) => self.open_counted(store, key, how),
        }
    }

    fn question(&self, store: &SqlStore) -> Result<Option<(Asked, ToSeal)>, Error> {
        if !self.may_ask_tpm() {
            return Ok(None);
        }
        let wanted = profile::kinds(&self.folder).is_ok_and(|kinds| kinds.contains(&Kind::Pin));
        Ok(match store.counter()? {
            Some(counter) if wanted => {
                let counter = Counter { asked: counter.asked.saturating_add(1), ..counter };
                store.put_counter(Some(&counter))?;
                let question = ToSeal::Count { secret: counter.secret.clone(), counter: counter.number };
                Some((Asked::Count(counter), question))
            }
            Some(counter) => {
                store.put_counter(None)?;
                Some((Asked::Drop, ToSeal::DropCounter(counter.number)))
            }
            None if wanted => {
                profile::half().ok().map(|secret| (Asked::New(secret.clone()), ToSeal::NewCounter { secret }))
            }
            None => None,
        })
    }

    /// The TPM counted, or made a counter.
    pub(super) fn counted(&mut self, counting: Counting, number: u32, value: u64) {
        let Counting { store, key, how, asked } = counting;
        let counter = match asked {
            Asked::New(secret) => Some(Counter { number, secret, value, asked: 0 }),
            Asked::Count(counter) => match counter.is_newest(value) {
                Some(newest) => {
                    if !newest {
                        if store.mark_restored().is_err() {
                            return self.broken(Notice::StoreNotWritable);
                        }
                        self.done = Some(Notice::OlderCopy);
                    }
                    Some(Counter { value, asked: 0, ..counter })
                }
                None => None,
            },
            Asked::Drop => None,
        };
        // If this fails, the TPM has counted on by one more than the store knows, which it allows for.
        let _ = store.put_counter(counter.as_ref());
        self.open_counted(store, key, how);
    }

    /// The TPM does not answer, or not with a number. `unknown`: it has no such counter.
    pub(super) fn not_counted(&mut self, counting: Counting, unknown: bool) {
        let Counting { store, key, how, asked } = counting;
        if unknown && matches!(asked, Asked::Count(_)) {
            // The next time a new one is made.
            let _ = store.put_counter(None);
        }
        self.open_counted(store, key, how);
    }

    /// The profile is being erased: nothing of it is to stay in the TPM.
    pub(super) fn drop_counter(&mut self) {
        let Phase::Open(vault) = &self.phase else { return };
        if let Ok(Some(counter)) = vault.store().counter()
            && self.may_ask_tpm()
        {
            self.out.push(Out::Seal(ToSeal::DropCounter(counter.number)));
        }
    }
}
