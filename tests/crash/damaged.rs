//! A store that a disk has damaged, in the real program: it says so, saves what can be read, and goes on.

use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use bulkhead_tests::relay::Relay;

#[test]
fn damaged_store_is_said_to_be_saved_and_used_again() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    for number in 0..20 {
        a.driver.send("Bob", &format!("{number}"))?;
    }
    b.driver.wait("Alice", 20)?;
    a.quit()?;
    let profile = alice.home().join("default");
    let store = profile.join("store.db");
    let fail = |error: std::io::Error| Error::System("damaging the store", error);
    let mut bytes = std::fs::read(&store).map_err(fail)?;
    // The page with all tables' roots: without it SQLite opens nothing.
    bytes[1000] ^= 1;
    std::fs::write(&store, &bytes).map_err(fail)?;

    let mut a = alice.start()?;
    a.driver.until("a prompt", |state| phase_is(state, "locked"))?;
    let refused = a.driver.unlock(PASSPHRASE);
    assert!(matches!(&refused, Err(Error::Refused(why)) if why.contains("StoreDamaged")), "{refused:?}");
    let state = a.driver.simple("state")?;
    assert!(phase_is(&state, "broken"), "{state}");
    std::fs::create_dir_all(bulkhead_tests::folder::pictures()?).map_err(fail)?;
    let picture = alice.home().join("damaged.png");
    a.driver.ask(&serde_json::json!({"do": "screenshot", "path": picture}))?;
    std::fs::copy(&picture, bulkhead_tests::folder::pictures()?.join("damaged.png")).map_err(fail)?;
    a.driver.simple("salvage")?;
    assert_eq!(a.driver.simple("state")?["notice"], "Saved");
    assert_eq!(std::fs::read(profile.join("store.db.damaged")).map_err(fail)?, bytes, "kept as it was");
    let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(a.driver.texts("Bob")?, expected);
    b.driver.send("Alice", "all there?")?;
    a.driver.wait("Bob", 21)?;
    a.driver.send("Bob", "all there")?;
    b.driver.wait("Alice", 22)?;
    Ok(())
}
