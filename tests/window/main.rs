//! Real windows of the shipped build under Xvfb: a person types in Alice's, and sees it appear in Bob's.
//!
//! The pictures stay in `target/pictures` for people to look at.

mod input_method;
mod trial;
mod unused;

use bulkhead_tests::Error;
use bulkhead_tests::desktop::{Desktop, Program, Settings};
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
    open_with(desktop, person, known, place, None, |desktop, window| desktop.type_into(window, PASSPHRASE))
}

/// Opens somebody's window, with a variable in the environment, and unlocks with what `enter` types.
fn open_with(
    desktop: &Desktop,
    person: &Person,
    known: &[String],
    place: &str,
    variable: Option<(&str, &str)>,
    enter: impl Fn(&Desktop, &str) -> Result<(), Error>,
) -> Result<(Program, String), Error> {
    let mut command = person.command(Build::Shipped)?;
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY").env_remove("XMODIFIERS").envs(variable);
    let program = Program::start(&mut command)?;
    let window = desktop.window(known)?;
    desktop.run("xdotool", &["windowsize", "--sync", &window, "690", "820"])?;
    desktop.run("xdotool", &["windowmove", &window, place, "10"])?;
    std::thread::sleep(Duration::from_millis(700));
    enter(desktop, &window)?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(3000));
    Ok((program, window))
}

/// Opens the first conversation.
fn choose(desktop: &Desktop, window: &str) -> Result<(), Error> {
    desktop.run("xdotool", &["windowactivate", "--sync", window])?;
    desktop.key("alt+Down")?;
    std::thread::sleep(Duration::from_millis(500));
    Ok(())
}

#[test]
fn what_alice_types_in_her_window_appears_in_bobs() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    pair(&alice, &bob)?;
    let desktop = Desktop::start()?;
    let (first, alices) = open(&desktop, &alice, &[], "5")?;
    let (second, bobs) = open(&desktop, &bob, std::slice::from_ref(&alices), "700")?;
    for window in [&alices, &bobs] {
        choose(&desktop, window)?;
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
    // It asked for his attention, until he gave it.
    let urgent = || Ok::<bool, Error>(desktop.run("xprop", &["-id", &bobs, "WM_HINTS"])?.contains("urgency"));
    assert!(urgent()?, "a message came, and the window asked for no attention");
    desktop.run("xdotool", &["windowactivate", "--sync", &bobs])?;
    std::thread::sleep(Duration::from_millis(500));
    assert!(!urgent()?, "the window has the keyboard and still asks for attention");
    drop((first, second));

    // What the windows showed is what the stores hold.
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let expected = ["Are you there?", "Yes: typed with real keys."];
    assert_eq!(a.driver.texts("Bob")?, expected);
    b.driver.wait("Alice", 2)?;
    assert_eq!(b.driver.texts("Alice")?, expected);
    Ok(())
}

#[test]
fn the_window_grows_when_the_desktop_changes_its_scale() -> Result<(), Error> {
    let relay = Relay::start()?;
    let alice = Person::new("Alice", &[relay.url()])?;
    let desktop = Desktop::start()?;
    let mut settings = Settings::start(&desktop, 96)?;
    let mut command = alice.command(Build::Shipped)?;
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY");
    let (program, window) = desktop.open(&mut command)?;
    desktop.run("xdotool", &["windowsize", "--sync", &window, "640", "440"])?;
    for (dpi, width, name) in [(144, "960", "window-scale-1.5.png"), (192, "1280", "window-scale-2.png")] {
        settings.set(dpi)?;
        std::thread::sleep(Duration::from_millis(1500));
        let geometry = desktop.run("xwininfo", &["-id", &window])?;
        desktop.picture(&window, name)?;
        assert!(geometry.contains(&format!("Width: {width}\n")), "at {dpi} dpi: {geometry}");
    }
    drop(program);
    Ok(())
}
