//! Two people chat, through the real processes and a relay.

mod bad_input;
mod delivery;
mod moving;
mod pairing;
mod relays;
mod retention;
mod typing;

use bulkhead_tests::Error;
use bulkhead_tests::person::{Person, Running};
use bulkhead_tests::relay::Relay;

/// Two people who have exchanged an invite, with their programs running.
struct Pair {
    relay: Relay,
    alice: Person,
    bob: Person,
    a: Running,
    b: Running,
}

/// Pairs Alice (who invites) and Bob (who accepts).
fn pair() -> Result<Pair, Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    Ok(Pair { relay, alice, bob, a, b })
}
