//! Keys go where the strip says, and nowhere else.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use serde_json::json;

#[test]
fn what_is_typed_right_after_the_search_key_is_searched_not_written() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.b.driver.send("Alice", "the needle in the haystack")?;
    pair.a.driver.wait("Bob", 1)?;
    pair.a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
    pair.a.driver.ask(&json!({"do": "key", "key": "Ctrl+K"}))?;
    pair.a.driver.ask(&json!({"do": "type", "text": "needle"}))?;
    let state = pair.a.driver.until("the results", |state| state.get("strip").is_some())?;
    assert_eq!(text(&state, "compose")?, "");
    assert!(text(&state, "strip")?.starts_with("Searching"), "{state}");
    Ok(())
}

#[test]
fn typing_without_focus_begins_a_message_and_enter_sends_it() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
    pair.a.driver.ask(&json!({"do": "type", "text": "one\ntwo"}))?;
    pair.a.driver.ask(&json!({"do": "key", "key": "Enter"}))?;
    pair.b.driver.wait("Alice", 1)?;
    assert_eq!(pair.b.driver.texts("Alice")?, ["one\ntwo"]);
    Ok(())
}

#[test]
fn a_draft_waits_in_its_own_conversation() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
    pair.a.driver.ask(&json!({"do": "type", "text": "half a th"}))?;
    pair.a.quit()?;
    let mut a = pair.alice.open()?;
    a.driver.ask(&json!({"do": "open", "contact": "Bob"}))?;
    assert_eq!(text(&a.driver.simple("state")?, "compose")?, "half a th");
    assert!(a.driver.texts("Bob")?.is_empty());
    Ok(())
}
