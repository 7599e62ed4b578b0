//! What keeping much costs: memory over many messages, a store of a million, and catching up with thousands.

use super::{MANY, example, introduce, median, pair, resident, timed, two};
use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, descendants, phase_is};
use bulkhead_tests::relay::Relay;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Messages of the large store, and of the small one beside it.
const LARGE: u64 = 10 * MANY;
const SMALL: u64 = 10_000;
/// Messages in and out while memory is watched.
const THROUGH: usize = 50_000;
/// Messages that one person sends before the other answers as many.
const TURN: usize = 500;
/// Messages that wait at the relay.
const WAITING: usize = 10_000;
/// What is typed into the search field, key by key: frequent words, a rare one, one that is nowhere.
const SOUGHT: [&str; 6] = ["ba", "hole", "zu", "kifo9c4", "nowhere", "ti da"];

/// A profile with a conversation of so many messages of 100 characters.
fn filled(relay: &Relay, count: u64) -> Result<(Person, Person), Error> {
    let (alice, bob) = two(relay)?;
    let (a, b) = pair(&alice, &bob)?;
    a.quit()?;
    b.quit()?;
    let folder = alice.home().join("default");
    example("fill_store", &[&folder.display().to_string(), &count.to_string(), "prose"], PASSPHRASE)?;
    Ok((alice, bob))
}

/// A million messages stored: their size, opening them, searching them.
pub fn million() -> Result<(), Error> {
    let relay = Relay::start()?;
    let ((small, _b), (large, _d)) = (filled(&relay, SMALL)?, filled(&relay, LARGE)?);
    let (a, b) = (bytes(&small), bytes(&large));
    println!(
        "store per message of 100 characters, search index included: {:.0} bytes (asked: ≤ 600), {:.0} MB in all",
        b.saturating_sub(a) as f64 / (LARGE - SMALL) as f64,
        b as f64 / 1e6
    );
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        few.push(unlock(&small)?);
        many.push(unlock(&large)?);
    }
    let (few, many) = (median(few), median(many));
    println!(
        "unlock to usable, Argon2id included: {many:.0} ms with {LARGE} messages, {few:.0} ms with {SMALL}, {:.2} x \
         (asked: ≤ 1.5 x)",
        many / few
    );
    let mut a = large.open()?;
    a.driver.ask(&json!({"do": "key", "key": "Ctrl+K"}))?;
    let mut keys = Vec::new();
    for words in SOUGHT.iter().cycle().take(5 * SOUGHT.len()) {
        for letter in words.chars() {
            keys.push(timed(|| a.driver.ask(&json!({"do": "key", "key": letter.to_string()})))?);
        }
        for _ in words.chars() {
            a.driver.ask(&json!({"do": "key", "key": "Backspace"}))?;
        }
    }
    super::report("search in 1,000,000 messages, each key to the picture of its results", "p50 ≤ 50 ms", keys);
    a.quit().map(drop)
}

fn unlock(person: &Person) -> Result<f64, Error> {
    let mut running = person.start()?;
    running.driver.until("the prompt", |state| phase_is(state, "locked"))?;
    let time = timed(|| running.driver.unlock(PASSPHRASE))?;
    running.quit()?;
    Ok(time)
}

/// All files of a profile's store.
fn bytes(person: &Person) -> u64 {
    let length = |name| std::fs::metadata(Path::new(&person.home().join("default")).join(name)).map_or(0, |m| m.len());
    length("store.db") + length("store.db-wal")
}

/// Memory of the processes while tens of thousands of messages go through them.
pub fn flat() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = two(&relay)?;
    let (mut a, mut b) = introduce(alice.open()?, bob.open()?)?;
    let (mut seen, mut first) = (0, 0);
    while seen < THROUGH {
        say(&mut a, "Bob")?;
        b.driver.wait("Alice", seen + TURN)?;
        say(&mut b, "Alice")?;
        seen += 2 * TURN;
        a.driver.wait("Bob", seen)?;
        if seen == THROUGH / 10 {
            first = used(&a);
        }
    }
    std::thread::sleep(Duration::from_secs(2));
    let last = used(&a);
    println!(
        "memory (PSS) of one person's processes: {:.1} MB after {} messages in and out, {:.1} MB after {THROUGH}: {:+.1} % \
         (asked: ± 10 %)",
        first as f64 / 1024.0,
        THROUGH / 10,
        last as f64 / 1024.0,
        (last as f64 / first as f64 - 1.0) * 100.0
    );
    Ok(())
}

fn say(from: &mut Running, to: &str) -> Result<(), Error> {
    (0..TURN).try_for_each(|n| {
        from.driver.send(to, &format!("{n}: about as many words as people write to each other at once")).map(drop)
    })
}

/// Kilobytes of all processes.
fn used(running: &Running) -> u64 {
    let of = |root| descendants(root).into_iter().map(|(process, _)| resident(process)).sum::<u64>() + resident(root);
    of(running.launcher())
}

/// Ten thousand messages wait at the relay.
pub fn catching_up() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = two(&relay)?;
    let (mut a, b) = pair(&alice, &bob)?;
    b.quit()?;
    let mut last = 0;
    for n in 0..WAITING {
        last = a.driver.send("Bob", &format!("message {n}"))?;
    }
    a.driver.wait_state("Bob", last, "at_relay")?;
    std::thread::sleep(Duration::from_secs(5));
    let mut b = bob.open()?;
    let time = timed(|| b.driver.wait("Alice", WAITING))?;
    println!(
        "{WAITING} messages waiting at the relay, from unlocked to listed: {time:.0} ms, {:.0} a second (asked: ≥ 2000)",
        WAITING as f64 / time * 1000.0
    );
    Ok(())
}
