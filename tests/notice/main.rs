//! What the user is told of updates, in the real vault and the real ui, by a launcher that says what this test wants
//! (`stand_in.rs`), and what the vault wishes in answer to the user's acts.
//!
//! One program plays a hostile ui too: it lies beside the real programs under ui's name.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]

mod hostile;
mod stand;

use bulkhead_ipc::cbor;
use bulkhead_ipc::control::{FromLauncher, ToLauncher};
use bulkhead_ipc::update::{Notice, Party, Release, Role, Sentence, Status, Wish, Words};
use bulkhead_tests::Error;
use bulkhead_tests::folder::Scratch;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use serde_json::{Value, json};
use stand::{STRIP, Stand};
use std::path::Path;
use std::time::Duration;

fn main() {
    let name = std::env::args().next().expect("a name");
    if Path::new(&name).file_name().is_some_and(|name| name == "bulkhead-ui") {
        hostile::ui();
    }
    let judges: [(&str, Judge); 5] = [
        ("every_notice_is_seen_and_its_one_act_becomes_a_wish", every_notice_is_seen_and_its_one_act_becomes_a_wish),
        ("what_is_loud_is_seen_locked_and_open_and_leads_to_the_page", what_is_loud_is_seen_locked_and_open),
        ("a_hostile_ui_hides_nothing_loud_and_wishes_nothing", a_hostile_ui_hides_nothing_loud_and_wishes_nothing),
        ("a_wish_waits_for_the_answer_to_the_one_before", a_wish_waits_for_the_answer_to_the_one_before),
        ("what_the_schema_forbids_ends_the_program_and_is_not_painted", what_the_schema_forbids_is_not_painted),
    ];
    for (name, judge) in judges {
        judge().unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("test {name} ... ok");
    }
}

type Judge = fn() -> Result<(), Error>;

const DAY: u64 = 24 * 60 * 60;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs()
}

fn release() -> Release {
    Release { number: 7, version: Sentence::cut("1.2.0") }
}

fn ready() -> Status {
    let changes =
        "Messages that disappear can be set to four weeks.\nThe list of conversations opens faster. ".repeat(4);
    let wider = ["ui may connect to the network (connect: AF_INET)", "ui may read /etc/hosts"];
    Status::Ready {
        wider: wider.map(Sentence::cut).to_vec(),
        changes: Words::cut(&changes),
        release: release(),
        signers: vec![Party::Development, Party::Quality, Party::Security],
        narrower: 2,
    }
}

/// Each way in which it can stand, by the name that ui is told.
fn every() -> Vec<(&'static str, Status)> {
    let (party, since) = (Party::Security, now() - 5 * DAY);
    let sentence = || Sentence::cut("What the security party publishes could not be read. Nothing was changed.");
    vec![
        ("UpToDate", Status::UpToDate),
        ("Checking", Status::Checking),
        ("Fetching", Status::Fetching { done: 4_400_000, total: 12_000_000, release: release() }),
        ("Trying", Status::Trying(release())),
        ("Ready", ready()),
        ("Waiting", Status::Waiting { number: 8, missing: vec![Party::Quality, party] }),
        ("Frozen", Status::Frozen { since, parties: vec![party] }),
        ("Forked", Status::Forked { party: Party::Development, proof: None }),
        ("Revoked", Status::Revoked(party)),
        ("Expired", Status::Expired { role: Role::Timestamp, party, since }),
        ("Refused", Status::Refused(sentence())),
        ("NeedsMore", Status::NeedsMore { release: release(), sentence: sentence() }),
        ("RolledBack", Status::RolledBack { release: release(), sentence: sentence() }),
        ("Unreachable", Status::Unreachable { since }),
        ("Off", Status::Off),
    ]
}

const LOUD: [&str; 5] = ["Frozen", "Forked", "Revoked", "Expired", "RolledBack"];

fn notice(status: Status) -> FromLauncher {
    let details =
        "installed: 6\nrelease 7: sha256 4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865\n".repeat(12);
    let notice = Notice { status, checked: Some(now() - 3 * 60 * 60), details: Words::cut(&details) };
    FromLauncher::Notice(Box::new(notice))
}

fn update_is(name: &str) -> impl Fn(&Value) -> bool {
    move |state| state.get("update").and_then(Value::as_str) == Some(name)
}

fn alarm(state: &Value) -> Option<&str> {
    state.get("alarm").and_then(Value::as_str)
}

fn every_notice_is_seen_and_its_one_act_becomes_a_wish() -> Result<(), Error> {
    let (person, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
    let mut stand = Stand::start(&person, folder.path(), false)?;
    stand.first_start()?;
    assert!(update_is("Off")(&stand.state()?), "nothing was said yet");
    stand.open_page(&notice(Status::Revoked(Party::Quality)))?;
    for (name, status) in every() {
        let kind = status.kind();
        stand.say(&notice(status));
        let state = stand.running.driver.until(name, update_is(name))?;
        assert_eq!(alarm(&state).is_some(), LOUD.contains(&name), "{name}");
        for theme in ["light", "dark"] {
            stand.running.driver.ask(&json!({"do": "theme", "theme": theme}))?;
            stand.picture(&format!("notice-{}-{theme}.png", name.to_lowercase()))?;
        }
        stand.act()?;
        match kind.wish() {
            Some(wish) => assert_eq!(stand.heard()?, ToLauncher::Wish(wish), "{name}"),
            None => stand.hears_nothing(name)?,
        }
    }
    stand.say(&notice(Status::Forked { party: Party::Quality, proof: Some(Sentence::cut("/home/ada/fork.json")) }));
    stand.running.driver.until("a fork", update_is("Forked"))?;
    stand.picture("notice-proof.png")?;
    stand.open_details()?;
    stand.picture("notice-details.png")?;
    stand.running.driver.ask(&json!({"do": "click", "slot": "UpdateDetails"}))?;
    stand.key("End")?;
    stand.picture("notice-details-end.png")?;
    stand.key("Escape")?;
    stand.shown("UpdateNotice")?;
    // What is ready is said once above everything, until the user has looked at it or puts it off.
    stand.key("Escape")?;
    stand.say(&notice(Status::Trying(release())));
    stand.say(&notice(ready()));
    stand.running.driver.until("a release", update_is("Ready"))?;
    stand.running.driver.simple("quiet")?;
    stand.picture("notice-announced.png")?;
    stand.end()
}

fn what_is_loud_is_seen_locked_and_open() -> Result<(), Error> {
    let (person, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
    let mut stand = Stand::start(&person, folder.path(), false)?;
    stand.first_start()?;
    stand.running.driver.simple("lock")?;
    for (name, status) in every() {
        stand.say(&notice(status));
        let state = stand.running.driver.until(name, update_is(name))?;
        assert!(phase_is(&state, "locked"));
        assert_eq!(alarm(&state).is_some(), LOUD.contains(&name), "{name}");
    }
    let (_, frozen) = every().swap_remove(6);
    stand.say(&notice(frozen));
    let state = stand.running.driver.until("a freeze", update_is("Frozen"))?;
    assert!(alarm(&state).is_some_and(|words| words.starts_with("Kept from updates since ")));
    let picture = stand.picture("notice-locked.png")?;
    let high = state["alarm_height"].as_f64().expect("a height");
    let edge = band(&picture, high);
    let pixel = edge.len() / (1280 * high as usize);
    assert!(edge[..1280 * pixel].chunks(pixel).all(|rgb| rgb[..3] == [0xd9, 0x2d, 0x20]), "its red edge is not there");
    // Where there is no page to show there is no button, and the passphrase is typed as ever.
    let show = |high: f64| (1280.0 - 42.0, 800.0 - STRIP - high / 2.0);
    stand.click(show(high).0, show(high).1)?;
    stand.running.driver.ask(&json!({"do": "type", "text": PASSPHRASE}))?;
    stand.key("Enter")?;
    stand.running.driver.until("the profile", |state| phase_is(state, "open"))?;
    assert!(!stand.shows("UpdateNotice")?);
    stand.click(show(high).0, show(high).1)?;
    stand.shown("UpdateNotice")?;
    for (width, height, name) in [(390, 700, "slim"), (480, 336, "short")] {
        stand.running.driver.ask(&json!({"do": "resize", "width": width, "height": height}))?;
        stand.picture(&format!("notice-{name}.png"))?;
        let room = stand.state()?["alarm_height"].as_f64().expect("a height");
        assert!(room >= high && room < f64::from(height) * 0.4, "{room} of {height}");
    }
    stand.end()
}

/// The rows of a picture that hold the sentence above the strip.
fn band(path: &Path, high: f64) -> Vec<u8> {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    let rows = |logical: f64| info.line_size * logical.round() as usize;
    pixels.truncate(info.buffer_size() - rows(STRIP));
    pixels.split_off(pixels.len() - rows(high))
}

fn a_hostile_ui_hides_nothing_loud_and_wishes_nothing() -> Result<(), Error> {
    let (_, frozen) = every().swap_remove(6);
    let mut bands = Vec::new();
    for hostile in [false, true] {
        let (person, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
        let mut stand = Stand::start(&person, folder.path(), hostile)?;
        stand.first_start()?;
        // The window has just got its size: for two seconds that counts as an act of the user's, which ui may answer.
        std::thread::sleep(Duration::from_millis(2500));
        stand.say(&notice(frozen.clone()));
        let state = stand.running.driver.until("a freeze", update_is("Frozen"))?;
        let high = state["alarm_height"].as_f64().expect("a height");
        let picture = stand.picture(&format!("notice-hostile-{hostile}.png"))?;
        bands.push(band(&picture, high));
        stand.hears_nothing("although the user did nothing")?;
        stand.end()?;
    }
    assert!(bands[0].len() > 100_000 && bands[0] == bands[1], "ui has changed what is above the strip");
    Ok(())
}

fn a_wish_waits_for_the_answer_to_the_one_before() -> Result<(), Error> {
    let (person, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
    let mut stand = Stand::start(&person, folder.path(), false)?;
    stand.first_start()?;
    stand.open_page(&notice(Status::Revoked(Party::Quality)))?;
    stand.say(&notice(Status::UpToDate));
    stand.running.driver.until("a notice", update_is("UpToDate"))?;
    stand.running.driver.simple("quiet")?;
    stand.act()?;
    assert_eq!(stand.heard()?, ToLauncher::Wish(Wish::Check));
    for _ in 0..5 {
        stand.act()?;
    }
    stand.hears_nothing("although the launcher has not answered")?;
    stand.say(&notice(Status::Checking));
    stand.say(&notice(Status::UpToDate));
    std::thread::sleep(Duration::from_millis(300));
    stand.act()?;
    assert_eq!(stand.heard()?, ToLauncher::Wish(Wish::Check));
    stand.end()
}

fn what_the_schema_forbids_is_not_painted() -> Result<(), Error> {
    let sentence = |text: &str| {
        let packet = cbor::encode(&notice(Status::Refused(Sentence::cut("########")))).expect("a message");
        let at = packet.windows(8).position(|part| part == b"########").expect("the words");
        // The head of a text of eight bytes, and the text.
        let mut head = match u16::try_from(text.len()).expect("a length") {
            short @ 0..24 => vec![0x60 | u8::try_from(short).expect("few")],
            long => [vec![0x79], long.to_be_bytes().to_vec()].concat(),
        };
        head.extend_from_slice(text.as_bytes());
        [&packet[..at - 1], &head, &packet[at + 8..]].concat()
    };
    for text in ["an\u{1b}[31m escape", "turned \u{202e}round", &"long ".repeat(103)] {
        let (person, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
        let mut stand = Stand::start(&person, folder.path(), false)?;
        stand.say_bytes(&sentence("a short text"));
        stand.running.driver.until("what is legal", update_is("Refused"))?;
        stand.say_bytes(&sentence(text));
        assert!(stand.running.wait()?.success());
        let said = std::fs::read_to_string(person.home().join("log")).expect("a log");
        assert!(said.contains("the launcher: ") && said.contains("not a message of this line"), "{said}");
    }
    Ok(())
}
