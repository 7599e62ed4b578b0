//! Fills a profile's first conversation, so that `make bench` can measure the whole program with many messages.
//!
//! `fill_store PROFILE_FOLDER COUNT`, with the passphrase on standard input. The program must not be running.

use bulkhead_vault::{profile, store::SqlStore};
use bulkhead_vault_core::store::{NewMessage, Store};
use bulkhead_vault_core::{MessageState, Passphrase, Plaintext, Time};
use std::path::Path;

const WORDS: [&str; 6] = [
    "See you at the station at six, platform nine. I will bring the tickets and the spare umbrella.",
    "ok",
    "Привет! Как дела? Завтра встречаемся?",
    "Did you read the draft? The second section needs another pass: the argument is right, but the wording is long.",
    "مرحبا، كيف حالك اليوم؟",
    "Here are the numbers:\n1. alpha 3.2\n2. beta 7.9\n3. gamma 1.1",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: fill_store PROFILE_FOLDER COUNT".into());
    };
    let mut passphrase = String::new();
    std::io::stdin().read_line(&mut passphrase)?;
    let folder = Path::new(&folder);
    let key = profile::unlock(folder, &Passphrase::new(passphrase.trim_end().to_owned()))
        .map_err(|error| error.to_string())?;
    let mut store = SqlStore::open(folder, &key)?;
    let snapshot = store.load()?;
    let (contact, last) = snapshot.contacts.first().ok_or("the profile has no contact")?;
    let (handle, newest) = (contact.handle, last.as_ref().map_or(0, |(_, last)| last.seq));
    let count: u64 = count.parse()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let start = u64::try_from(now)?.saturating_sub(count * 60_000);
    store.begin()?;
    for (n, words) in (0..count).zip(WORDS.iter().cycle()) {
        let mine = n % 3 == 0;
        store.add_messages(&[NewMessage {
            message: snapshot.messages + 1 + n,
            contact: handle,
            seq: newest + 1 + n,
            id: [0; 16],
            mine,
            text: &Plaintext::new(format!("{words} ({n})")),
            sent_at: start + n * 60_000,
            at: Time(start + n * 60_000),
            state: if mine { MessageState::Delivered } else { MessageState::Received },
            life: 0,
        }])?;
    }
    Ok(store.commit()?)
}
