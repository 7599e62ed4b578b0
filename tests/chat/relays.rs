//! Several relays at once; some of them bad.

use bulkhead_tests::Error;
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::{Relay, free_port};
use std::io::{Read, Write};
use std::net::TcpListener;

#[test]
fn one_of_two_relays_is_enough() -> Result<(), Error> {
    let relay = Relay::start()?;
    let dead = format!("ws://127.0.0.1:{}", free_port()?);
    let urls = [dead.as_str(), relay.url()];
    let (alice, bob) = Person::couple(&urls)?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    let sent = b.driver.send("Alice", "by the other way")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    b.driver.wait_state("Alice", sent, "delivered")
}

#[test]
fn with_two_good_relays_nothing_is_shown_twice() -> Result<(), Error> {
    let (first, second) = (Relay::start()?, Relay::start()?);
    let urls = [first.url(), second.url()];
    let (alice, bob) = Person::couple(&urls)?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    for i in 0..20 {
        b.driver.send("Alice", &format!("{i}"))?;
    }
    a.driver.wait("Bob", 20)?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(a.driver.texts("Bob")?, (0..20).map(|i| i.to_string()).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn a_relay_that_talks_nonsense_harms_no_other() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| Error::System("listening", e))?;
    let mad = format!("ws://{}", listener.local_addr().map_err(|e| Error::System("listening", e))?);
    std::thread::spawn(move || {
        for stream in listener.incoming().take(50).flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut request = [0; 2048];
                let _ = stream.read(&mut request);
                let _ =
                    stream.write_all(b"HTTP/1.1 200 I am a teapot\r\ncontent-length: 5\r\n\r\n\xff\xfe\x00\x00\x81");
            });
        }
    });
    let relay = Relay::start()?;
    let urls = [mad.as_str(), relay.url()];
    let (alice, bob) = Person::couple(&urls)?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "still here")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    let state = a.driver.simple("state")?.to_string();
    assert!(state.contains("offline"), "{state}");
    Ok(())
}

#[test]
fn an_unknown_certificate_is_refused_and_named() -> Result<(), Error> {
    let certified =
        rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).expect("certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .expect("configuration");
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| Error::System("listening", e))?;
    let url = format!("wss://{}", listener.local_addr().map_err(|e| Error::System("listening", e))?);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().take(20).flatten() {
            if let Ok(mut connection) = rustls::ServerConnection::new(config.clone()) {
                let _ = connection.complete_io(&mut stream);
            }
        }
    });
    let alice = Person::new("Alice", &[&url])?;
    let mut a = alice.open()?;
    a.driver.until("the certificate to be named", |state| state.to_string().contains("certificate"))?;
    Ok(())
}

/// A state's relays: address, and whether it is one's own.
fn relays(state: &serde_json::Value) -> Vec<(String, bool)> {
    let list = state["relays"].as_array().cloned().unwrap_or_default();
    list.iter().map(|r| (r["url"].as_str().unwrap_or_default().to_owned(), r["own"] == true)).collect()
}

#[test]
fn relay_changed_while_the_other_is_away_is_followed_by_them() -> Result<(), Error> {
    let (old, new, bobs) = (Relay::start()?, Relay::start()?, Relay::start()?);
    let (alice, bob) = (Person::new("Alice", &[old.url()])?, Person::new("Bob", &[bobs.url()])?);
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    b.driver.send("Alice", "at the old relay")?;
    a.driver.wait("Bob", 1)?;
    assert!(b.quit()?.success());

    a.driver.ask(&serde_json::json!({"do": "add_relay", "url": new.url()}))?;
    a.driver.ask(&serde_json::json!({"do": "remove_relay", "url": old.url()}))?;
    // Announced: two mailboxes to watch, and the old relay is kept for Bob's sake.
    let there = |state: &serde_json::Value| relays(state).contains(&(old.url().to_owned(), false));
    a.driver.until("the old relay to be kept", there)?;
    std::thread::sleep(std::time::Duration::from_secs(6));
    let missed = a.driver.send("Bob", "while you were away")?;
    a.driver.wait_state("Bob", missed, "at_relay")?;

    let mut b = bob.open()?;
    b.driver.wait("Alice", 2)?;
    b.driver.until("Alice's new relay", |state| relays(state).iter().any(|(url, own)| url == new.url() && !own))?;
    // What Bob confirmed is with Alice; the old relay can go.
    a.driver.wait_state("Bob", missed, "delivered")?;
    drop(old);
    for n in 0..5 {
        b.driver.send("Alice", &format!("from Bob {n}"))?;
        let sent = a.driver.send("Bob", &format!("from Alice {n}"))?;
        a.driver.wait("Bob", 4 + 2 * n)?;
        a.driver.wait_state("Bob", sent, "delivered")?;
    }
    assert_eq!((a.driver.texts("Bob")?.len(), b.driver.texts("Alice")?.len()), (12, 12));
    let known = b.driver.simple("state")?;
    assert_eq!(relays(&known).len(), 2, "Bob has forgotten the old relay: {known}");
    Ok(())
}
