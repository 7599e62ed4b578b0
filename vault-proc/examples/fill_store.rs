//! Fills a profile's first conversation, so that `make bench` can measure the whole program with many messages.
//!
//! `fill_store PROFILE_FOLDER COUNT [prose]`, with the passphrase on standard input: six messages over and over, or, as
//! `prose`, messages of 100 characters from a vocabulary in which some words are frequent and most are rare. The program
//! must not be running.

use bulkhead_vault::{profile, store::SqlStore};
use bulkhead_vault_core::store::{NewMessage, Store};
use bulkhead_vault_core::{MessageState, Passphrase, Plaintext, Time};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::Path;

const WORDS: [&str; 6] = [
    "See you at the station at six, platform nine. I will bring the tickets and the spare umbrella.",
    "ok",
    "Привет! Как дела? Завтра встречаемся?",
    "Did you read the draft? The second section needs another pass: the argument is right, but the wording is long.",
    "مرحبا، كيف حالك اليوم؟",
    "Here are the numbers:\n1. alpha 3.2\n2. beta 7.9\n3. gamma 1.1",
];
/// Words of the vocabulary.
const VOCABULARY: usize = 20_000;
/// Messages of a transaction.
const AT_ONCE: u64 = 20_000;

/// The vocabulary: the same in each run, without two that are equal.
fn vocabulary(rng: &mut StdRng) -> Vec<String> {
    let mut word = |number: usize| {
        let mut word = String::new();
        for _ in 0..rng.random_range(1..4) {
            word.push(char::from(*b"bcdfghjklmnprstvwz".get(rng.random_range(0..18)).unwrap_or(&b'x')));
            word.push(char::from(*b"aeiou".get(rng.random_range(0..5)).unwrap_or(&b'y')));
        }
        if number > 200 { word + &format!("{number:x}") } else { word }
    };
    (0..VOCABULARY).map(&mut word).collect()
}

/// A hundred characters; the n-th word is about as frequent as 1/n.
fn prose(vocabulary: &[String], rng: &mut StdRng) -> String {
    let mut text = String::new();
    while text.len() < 100 {
        let rank = (VOCABULARY as f64).powf(rng.random::<f64>());
        text.extend(vocabulary.get(rank as usize).map(String::as_str));
        text.push(' ');
    }
    text.truncate(100);
    text
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: fill_store PROFILE_FOLDER COUNT [prose]".into());
    };
    let rng = &mut StdRng::seed_from_u64(100);
    let vocabulary = arguments.next().map(|_| vocabulary(rng));
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
    let mut sixth = WORDS.iter().cycle().zip(0_u64..);
    let mut text = || match &vocabulary {
        Some(vocabulary) => prose(vocabulary, rng),
        None => sixth.next().map(|(words, n)| format!("{words} ({n})")).unwrap_or_default(),
    };
    for n in 0..count {
        if n % AT_ONCE == 0 {
            store.begin()?;
        }
        let mine = n % 3 == 0;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        store.add_messages(&[NewMessage {
            message: snapshot.messages + 1 + n,
            contact: handle,
            seq: newest + 1 + n,
            id,
            mine,
            text: &Plaintext::new(text()),
            sent_at: start + n * 60_000,
            at: Time(start + n * 60_000),
            state: if mine { MessageState::Delivered } else { MessageState::Received },
            life: 0,
        }])?;
        if n % AT_ONCE == AT_ONCE - 1 || n == count - 1 {
            store.commit()?;
        }
    }
    Ok(())
}
