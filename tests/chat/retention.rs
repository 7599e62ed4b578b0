//! Deleting, through the real processes, with the keyboard alone.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::folder::pictures;
use bulkhead_tests::person::{Running, phase_is};
use serde_json::json;
use std::path::Path;

fn keys(running: &mut Running, keys: &[&str]) -> Result<(), Error> {
    keys.iter().try_for_each(|key| {
        running.driver.ask(&json!({"do": "key", "key": key}))?;
        running.driver.simple("quiet").map(drop)
    })
}

/// For people to look at. The vault may write into its own folder only.
fn shoot(running: &mut Running, folder: &Path, name: &str) -> Result<(), Error> {
    let (path, kept) = (folder.join("picture.png"), pictures()?.join(name));
    running.driver.ask(&json!({"do": "screenshot", "path": path}))?;
    std::fs::rename(&path, &kept)
        .or_else(|_| std::fs::copy(&path, &kept).and_then(|_| std::fs::remove_file(&path)))
        .map_err(|error| Error::System("keeping a picture", error))
}

#[test]
fn a_message_deleted_with_the_keyboard_is_gone_here_and_stays_there() -> Result<(), Error> {
    let mut pair = pair()?;
    for text in ["one", "two", "three"] {
        pair.b.driver.send("Alice", text)?;
    }
    pair.a.driver.wait("Bob", 3)?;
    pair.a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
    pair.a.driver.ask(&json!({"do": "click", "slot": "MessageList"}))?;
    let folder = pair.alice.home().join("default");
    keys(&mut pair.a, &["Shift+Up", "Shift+Up", "Enter"])?;
    shoot(&mut pair.a, &folder, "message-menu.png")?;
    keys(&mut pair.a, &["Escape", "Delete"])?;
    shoot(&mut pair.a, &folder, "message-delete.png")?;
    assert_eq!(pair.a.driver.texts("Bob")?.len(), 3, "asked first");
    keys(&mut pair.a, &["Tab", "Enter"])?;
    assert_eq!(pair.a.driver.texts("Bob")?, ["one", "three"]);
    pair.a.quit()?;
    let mut a = pair.alice.open()?;
    assert_eq!(a.driver.texts("Bob")?, ["one", "three"]);
    assert_eq!(pair.b.driver.texts("Alice")?.len(), 3);
    pair.b.driver.send("Alice", "four")?;
    a.driver.wait("Bob", 3)?;
    assert_eq!(a.driver.texts("Bob")?, ["one", "three", "four"]);
    Ok(())
}

#[test]
fn a_deleted_profile_leaves_no_file_and_the_program_begins_anew() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.b.driver.send("Alice", "something")?;
    pair.a.driver.wait("Bob", 1)?;
    let folder = pair.alice.home().join("default");
    let files = || -> Vec<_> {
        let list = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        list.map(|entry| entry.file_name()).filter(|name| name != "driver.sock").collect()
    };
    assert!(files().iter().any(|name| name == "store.db"), "{:?}", files());
    // The last button of the settings.
    keys(&mut pair.a, &["Ctrl+,", "Shift+Tab", "Enter"])?;
    shoot(&mut pair.a, &folder, "erase.png")?;
    pair.a.driver.ask(&json!({"do": "type", "text": "delete"}))?;
    keys(&mut pair.a, &["Enter"])?;
    assert!(files().iter().any(|name| name == "store.db"), "the word has to be typed as it stands there");
    keys(&mut pair.a, &["Backspace", "Backspace", "Backspace", "Backspace", "Backspace", "Backspace"])?;
    pair.a.driver.ask(&json!({"do": "type", "text": "DELETE"}))?;
    pair.a.driver.ask(&json!({"do": "theme", "theme": "dark"}))?;
    pair.a.driver.ask(&json!({"do": "resize", "width": 390, "height": 724}))?;
    shoot(&mut pair.a, &folder, "erase-narrow-dark.png")?;
    pair.a.driver.ask(&json!({"do": "key", "key": "Enter"}))?;
    pair.a.driver.until("the first start again", |state| phase_is(state, "setup"))?;
    assert!(files().is_empty(), "{:?}", files());
    pair.a.driver.create("Alice", "another passphrase")?;
    assert!(pair.a.driver.contacts()?.is_empty());
    let link = pair.a.driver.invite()?;
    pair.b.driver.accept(&link)?;
    pair.a.driver.wait_contact("Bob")?;
    Ok(())
}
