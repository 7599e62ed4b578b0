//! Real windows of the shipped build under Xvfb: a person types in Alice's, and sees it appear in Bob's.
//!
//! The pictures stay in `target/pictures` for people to look at.

use bulkhead_tests::Error;
use bulkhead_tests::desktop::{Desktop, Program};
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use std::path::Path;
use std::time::Duration;

/// Pairs two people with the driver build, so that the windows have something to talk about.
fn pair(alice: &Person, bob: &Person) -> Result<(), Error> {
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "Are you there?")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    a.quit()?;
    b.quit()?;
    Ok(())
}

fn open(desktop: &Desktop, person: &Person, known: &[String], place: &str) -> Result<(Program, String), Error> {
    let mut command = person.command(Build::Shipped)?;
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY");
    let program = Program::start(&mut command)?;
    let window = desktop.window(known)?;
    desktop.run("xdotool", &["windowsize", "--sync", &window, "690", "820"])?;
    desktop.run("xdotool", &["windowmove", &window, place, "10"])?;
    std::thread::sleep(Duration::from_millis(700));
    desktop.type_into(&window, PASSPHRASE)?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(3000));
    Ok((program, window))
}

#[test]
fn what_alice_types_in_her_window_appears_in_bobs() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = (Person::new("Alice", &[relay.url()])?, Person::new("Bob", &[relay.url()])?);
    pair(&alice, &bob)?;
    let desktop = Desktop::start()?;
    let (first, alices) = open(&desktop, &alice, &[], "5")?;
    let (second, bobs) = open(&desktop, &bob, std::slice::from_ref(&alices), "700")?;
    for window in [&alices, &bobs] {
        desktop.run("xdotool", &["windowactivate", "--sync", window])?;
        desktop.key("alt+Down")?;
        std::thread::sleep(Duration::from_millis(500));
    }
    let before = desktop.picture(&bobs, "window-bob-before.png")?;
    desktop.type_into(&alices, "Yes: typed with real keys.")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.picture(&alices, "window-alice-typed.png")?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(2000));
    desktop.picture(&alices, "window-alice-sent.png")?;
    let after = desktop.picture(&bobs, "window-bob-after.png")?;
    let bytes = |path: &Path| std::fs::read(path).map_err(|e| Error::System("reading a picture", e));
    assert_ne!(bytes(&before)?, bytes(&after)?, "Bob's window did not change");
    drop((first, second));

    // What the windows showed is what the stores hold.
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let expected = ["Are you there?", "Yes: typed with real keys."];
    assert_eq!(a.driver.texts("Bob")?, expected);
    b.driver.wait("Alice", 2)?;
    assert_eq!(b.driver.texts("Alice")?, expected);
    Ok(())
}
