//! Text that no single key has: an input method (fcitx5 with Korean, over XIM), dead keys, the compose key.

use crate::{choose, open_with, pair};
use bulkhead_tests::Error;
use bulkhead_tests::desktop::{Desktop, InputMethod};
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(400);

fn click(desktop: &Desktop, window: &str, x: &str, y: &str) -> Result<(), Error> {
    desktop.run("xdotool", &["mousemove", "--window", window, x, y, "click", "1"])?;
    std::thread::sleep(MOMENT);
    Ok(())
}

#[test]
fn korean_stays_in_the_field_in_which_it_was_composed() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    pair(&alice, &bob)?;
    let desktop = Desktop::start()?;
    let method = InputMethod::start(&desktop)?;
    // It turns letters into syllables from the first key on: only a passphrase that is kept from it unlocks.
    let (program, window) = open_with(&desktop, &alice, &[], "5", method.variable(), |desktop, window| {
        desktop.type_into(window, PASSPHRASE)
    })?;
    // Wide enough for the list beside the conversation.
    desktop.run("xdotool", &["windowsize", "--sync", &window, "760", "820"])?;
    choose(&desktop, &window)?;
    // 한, still being composed when Search gets the keyboard.
    desktop.run("xdotool", &["type", "--delay", "60", "gks"])?;
    std::thread::sleep(MOMENT);
    desktop.picture(&window, "window-composing.png")?;
    click(&desktop, &window, "150", "85")?;
    // 아, still being composed when the message gets it back.
    desktop.run("xdotool", &["type", "--delay", "60", "dk"])?;
    std::thread::sleep(MOMENT);
    desktop.picture(&window, "window-composing-search.png")?;
    click(&desktop, &window, "450", "755")?;
    desktop.key("End")?;
    // 글, ended by Enter.
    desktop.run("xdotool", &["type", "--delay", "60", "rmf"])?;
    std::thread::sleep(MOMENT);
    desktop.key("Return")?;
    std::thread::sleep(MOMENT);
    desktop.picture(&window, "window-composed.png")?;
    drop((program, method));

    let mut a = alice.open()?;
    assert_eq!(a.driver.texts("Bob")?, ["Are you there?", "한글"]);
    Ok(())
}

#[test]
fn dead_keys_and_compose_make_letters_in_passphrases_and_messages() -> Result<(), Error> {
    const SECRET: &str = "Zoé naît";
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let mut a = alice.start()?;
    a.driver.until("a prompt", |state| bulkhead_tests::person::phase_is(state, "setup"))?;
    a.driver.create("Alice", SECRET)?;
    let mut b = bob.open()?;
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "Are you there?")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    a.quit()?;

    let desktop = Desktop::start()?;
    desktop.run("setxkbmap", &["us", "intl", "-option", "compose:menu"])?;
    let keys = |desktop: &Desktop, keys: &[&str]| {
        keys.iter().try_for_each(|key| {
            desktop.key(key)?;
            std::thread::sleep(Duration::from_millis(60));
            Ok::<(), Error>(())
        })
    };
    let (program, window) = open_with(&desktop, &alice, &[], "5", None, |desktop, window| {
        desktop.run("xdotool", &["windowactivate", "--sync", window])?;
        std::thread::sleep(MOMENT);
        keys(desktop, &["shift+z", "o", "dead_acute", "e", "space", "n", "a", "dead_circumflex", "i", "t"])
    })?;
    choose(&desktop, &window)?;
    keys(&desktop, &["dead_acute", "e", "dead_tilde", "n", "Multi_key", "o", "slash", "x"])?;
    std::thread::sleep(MOMENT);
    desktop.picture(&window, "window-dead-keys.png")?;
    desktop.key("Return")?;
    b.driver.wait("Alice", 2)?;
    assert_eq!(b.driver.texts("Alice")?, ["Are you there?", "éñøx"]);
    drop(program);
    Ok(())
}
