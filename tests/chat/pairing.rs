//! From an invite to the first message.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::{Manners, Relay, free_port};

#[test]
fn an_invite_makes_each_a_contact_of_the_other_by_name() -> Result<(), Error> {
    let mut pair = pair()?;
    let names =
        |list: Vec<serde_json::Value>| list.iter().map(|contact| text(contact, "name")).collect::<Result<Vec<_>, _>>();
    assert_eq!(names(pair.a.driver.contacts()?)?, ["Bob"]);
    assert_eq!(names(pair.b.driver.contacts()?)?, ["Alice"]);
    Ok(())
}

#[test]
fn an_invite_works_once_and_says_so_afterwards() -> Result<(), Error> {
    let relay = Relay::start()?;
    let people = ["Alice", "Bob", "Carol"].map(|name| Person::new(name, &[relay.url()]));
    let [alice, bob, carol] = people;
    let (alice, bob, carol) = (alice?, bob?, carol?);
    let (mut a, mut b, mut c) = (alice.open()?, bob.open()?, carol.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "first")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    let second = c.driver.accept(&link).expect_err("the invite was used").to_string();
    assert!(second.contains("Used"), "{second}");
    assert_eq!(a.driver.contacts()?.len(), 1);
    assert!(c.driver.contacts()?.is_empty());
    Ok(())
}

#[test]
fn three_people_have_three_separate_conversations() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob, carol) = (
        Person::new("Alice", &[relay.url()])?,
        Person::new("Bob", &[relay.url()])?,
        Person::new("Carol", &[relay.url()])?,
    );
    let (mut a, mut b, mut c) = (alice.open()?, bob.open()?, carol.open()?);
    for guest in [&mut b, &mut c] {
        let link = a.driver.invite()?;
        guest.driver.accept(&link)?;
    }
    b.driver.send("Alice", "from Bob")?;
    c.driver.send("Alice", "from Carol")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    a.driver.wait_contact("Carol")?;
    a.driver.wait("Carol", 1)?;
    assert_eq!(a.driver.texts("Bob")?, ["from Bob"]);
    assert_eq!(a.driver.texts("Carol")?, ["from Carol"]);
    Ok(())
}

#[test]
fn a_relay_that_wants_authentication_gets_it() -> Result<(), Error> {
    let relay = Relay::start_with(free_port()?, Manners::Authenticated)?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    let sent = b.driver.send("Alice", "through the gate")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    b.driver.wait_state("Alice", sent, "delivered")
}
