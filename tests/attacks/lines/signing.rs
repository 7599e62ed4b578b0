//! net asks the vault to sign what is not its business.

use super::scene::{Cast, Found, until};
use super::twins::Ends;
use crate::judge::Outcome;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::{cbor, post, sign};
use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use serde_json::json;
use std::time::Duration;

const NAMES: [(&str, &str); 5] = [
    ("sign-for-a-foreign-mailbox", "has the vault sign in at a relay for a mailbox that is not its own"),
    ("sign-for-a-foreign-relay", "has it sign in at a relay that it does not use"),
    ("sign-a-text", "has it sign a text: an event of its own making as the challenge"),
    ("sign-too-often", "has it sign seven times in a minute"),
    ("sign-while-locked", "has it sign before the passphrase is there"),
];

pub fn play() -> Vec<Found> {
    scene().expect("a scene with signatures")
}

fn scene() -> Result<Vec<Found>, Error> {
    let person = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let cast = Cast::new("bulkhead-net", "sign")?;
    let mut running = cast.start(&person)?;
    running.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    // A vault without a profile signs nothing; the twin has a moment to try.
    std::thread::sleep(Duration::from_millis(300));
    running.driver.create("Alice", PASSPHRASE)?;
    // No relay answers, so there is no link; but there is a mailbox to watch.
    let _ = running.driver.ask(&json!({"do": "invite", "timeout_ms": 10}));
    let over = until(Duration::from_secs(30), || running.log().contains("twin: done"));
    let log = running.log();
    let _ = running.quit();
    let signed = log.lines().any(|line| line == "twin: own mailbox: signed");
    let found = NAMES.map(|(name, tries)| {
        let said = log.lines().find_map(|line| line.strip_prefix(&format!("twin: {name}: ")));
        let outcome = match said {
            Some("ESCAPED") => Outcome::Escaped,
            Some(how) => Outcome::Denied(how.to_owned()),
            None => Outcome::Wrong(format!("over: {over}; {log}")),
        };
        let control = signed.then_some(()).ok_or_else(|| "its own mailbox is not signed for".to_owned());
        Found { name, tries, from: "net", outcome, control }
    });
    Ok(found.into())
}

fn word(answer: Option<&sign::ToNet>) -> &'static str {
    match answer {
        Some(sign::ToNet::Denied { .. }) => "Denied by the vault",
        Some(sign::ToNet::Signed { .. }) => "ESCAPED",
        _ => "no answer",
    }
}

/// In net's place.
pub fn net(ends: &Ends) {
    // Said before the vault is open: a breach if it were heard, so it is heard by nobody who could sign.
    let version = bulkhead_ipc::VERSION;
    ends.post_message(&post::FromNet::Hello { life: Some(ends.life), version });
    ends.sign_message(&sign::FromNet::Hello { life: Some(ends.life), version });
    if ends.life == 2 {
        ends.sign_message(&sign::FromNet::Ask { relay: 1, mailbox: Bytes([1; 32]), challenge: "c".into() });
        // It is killed for that, and goes on in the next life.
        let packet = ends.second();
        let answer: Option<sign::ToNet> = cbor::decode(&packet).ok();
        eprintln!("twin: sign-while-locked: {}", word(answer.as_ref()));
        return;
    }
    eprintln!("twin: sign-while-locked: the vault calls for another net");
    while !matches!(cbor::decode(&ends.second()), Ok(sign::ToNet::Welcome { .. })) {}
    let (relay, mailbox) = watched(ends);
    let denied = |relay, mailbox: Bytes32| ends.ask(relay, mailbox, "challenge");
    eprintln!("twin: sign-for-a-foreign-mailbox: {}", word(denied(relay, Bytes([1; 32])).as_ref()));
    eprintln!("twin: sign-for-a-foreign-relay: {}", word(denied(relay.wrapping_add(5), mailbox).as_ref()));
    let text = r#"[0,"00",1,1059,[["p","00"]],"pay"]"#;
    match ends.ask(relay, mailbox, text) {
        Some(sign::ToNet::Signed { event, .. }) => {
            eprintln!("twin: own mailbox: signed");
            let template = event.kind == 22242 && event.content.is_empty() && event.tags.len() == 2;
            let framed = event.tags.iter().any(|tag| tag[0] == "challenge" && tag[1] == text);
            eprintln!(
                "twin: sign-a-text: {}",
                if template && framed { "only as a challenge in the fixed template" } else { "ESCAPED" }
            );
        }
        other => eprintln!("twin: sign-a-text: {}", word(other.as_ref())),
    }
    let answers: Vec<_> = (0..6).map(|_| denied(relay, mailbox)).collect();
    let signed = answers.iter().filter(|answer| matches!(answer, Some(sign::ToNet::Signed { .. }))).count();
    eprintln!("twin: sign-too-often: {}", if signed < 6 { "Denied by the vault" } else { "ESCAPED" });
    eprintln!("twin: done");
}

/// The first mailbox that the vault has watched, and where.
fn watched(ends: &Ends) -> (u16, Bytes32) {
    loop {
        if let Ok(post::ToNet::Watch(watch)) = cbor::decode(&ends.first()) {
            return (watch.relays[0], watch.mailbox);
        }
    }
}
