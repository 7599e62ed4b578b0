//! What the vault answers with a fresh process: one breach in each life of a twin.

use super::item::{bytes, entries, frame, list, number, rectangle, slot, text};
use super::scene::{Cast, Found, until};
use super::twins::Ends;
use crate::judge::Outcome;
use bulkhead_ipc::control::FromLauncher;
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::ToUi;
use bulkhead_ipc::post::{self, FromNet};
use bulkhead_ipc::{MAX_PACKET, VERSION, pixels, sign, update};
use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// An attack that ends its twin: what the vault says of it is part of its log.
pub struct Breach {
    pub name: &'static str,
    pub tries: &'static str,
    pub act: fn(&Ends, u32),
    pub words: &'static str,
}

const fn breach(name: &'static str, tries: &'static str, words: &'static str, act: fn(&Ends, u32)) -> Breach {
    Breach { name, tries, act, words }
}

/// Each list is one scene: after every breach the launcher waits longer before the next start.
pub const UI: [&[Breach]; 4] = [
    &[
        breach("slots-overlap", "lays one slot over another", "overlap", |ends, serial| {
            let place = || rectangle(10, 10, 200, 40);
            let slots = [slot("OwnName", 0, place(), place()), slot("NewPassphrase", 0, place(), place())];
            ends.pixels(&frame(Some(&slots), 0, &[], serial));
        }),
        breach(
            "slot-twice",
            "shows a field twice, so that one passes for the other",
            "a slot twice",
            |ends, serial| {
                let (left, right) = (rectangle(0, 0, 50, 40), rectangle(60, 0, 50, 40));
                let slots = [slot("OwnName", 0, left.clone(), left), slot("OwnName", 1, right.clone(), right)];
                ends.pixels(&frame(Some(&slots), 0, &[], serial));
            },
        ),
        breach("slots-thousands", "sends 1,500 slots", "broke the protocol", |ends, serial| {
            let one = slot("Avatar", 1, rectangle(0, 0, 1, 1), rectangle(0, 0, 1, 1));
            ends.pixels(&frame(Some(&vec![one; 1500]), 0, &[], serial));
        }),
        breach("slot-negative", "sends a slot with a negative width", "out of bounds", |ends, serial| {
            let one = slot("Avatar", 1, rectangle(0, 0, -5, 10), rectangle(0, 0, -5, 10));
            ends.pixels(&frame(Some(&[one]), 0, &[], serial));
        }),
        breach("slot-huge", "sends a slot beyond every number", "broke the protocol", |ends, serial| {
            let far = || rectangle(i64::from(i32::MAX) + 1, 0, i64::MAX, i64::MAX);
            ends.pixels(&frame(Some(&[slot("Avatar", 1, far(), far())]), 0, &[], serial));
        }),
    ],
    &[
        breach("damage-thousands", "says that 3,000 places changed", "broke the protocol", |ends, serial| {
            ends.pixels(&frame(Some(&[]), 0, &vec![rectangle(0, 0, 1, 1); 3000], serial));
        }),
        breach("damage-negative", "says that a place of negative size changed", "out of bounds", |ends, serial| {
            ends.pixels(&frame(Some(&[]), 0, &[rectangle(5, 5, -1, -1)], serial));
        }),
        breach("damage-far", "says that a place far outside changed", "out of bounds", |ends, serial| {
            ends.pixels(&frame(Some(&[]), 0, &[rectangle(i64::from(i32::MIN), 0, 9, 9)], serial));
        }),
        breach("third-buffer", "has the vault read beyond the frame memory", "out of bounds", |ends, serial| {
            ends.pixels(&frame(Some(&[]), 7, &[rectangle(0, 0, 9, 9)], serial));
        }),
        breach("packet-too-large", "sends a packet larger than any may be", "broke the protocol", |ends, _| {
            ends.pixels(&vec![0; MAX_PACKET + 1]);
        }),
    ],
    &[
        breach("half-packet", "sends the first half of a frame", "broke the protocol", |ends, serial| {
            let whole = frame(Some(&[]), 0, &[rectangle(0, 0, 9, 9)], serial);
            ends.pixels(&whole[..whole.len() / 2]);
        }),
        breach("descriptor", "hands the vault a descriptor with a frame", "number of descriptors", |ends, serial| {
            ends.pixels_with(&frame(Some(&[]), 0, &[], serial), 1);
        }),
        breach("many-descriptors", "hands it 25", "broke the protocol", |ends, serial| {
            ends.pixels_with(&frame(Some(&[]), 0, &[], serial), 25);
        }),
        breach("vault's-words", "says what only the vault may say", "broke the protocol", |ends, serial| {
            ends.pixels_message(&ToUi::Configure {
                scale: 120,
                theme: pixels::Theme::Light,
                width: 9,
                height: 9,
                memory: false,
                serial,
                capacity: 1 << 20,
            });
        }),
        breach(
            "vault's-keys",
            "tells the vault of a key by a word that does not exist",
            "broke the protocol",
            |ends, _| {
                ends.intent(&entries(&[("Key", text("a"))]));
            },
        ),
    ],
    &[
        breach("net's-words", "says what only net may say", "broke the protocol", |ends, _| {
            ends.intent_message(&FromNet::Stored { relay: 1, mailbox: bulkhead_ipc::bytes::Bytes([7; 32]) });
        }),
        breach(
            "launcher's-words",
            "tells the vault to quit, as only the launcher may",
            "broke the protocol",
            |ends, _| {
                ends.intent_message(&FromLauncher::Quit);
            },
        ),
        breach("launcher's-notice", "has words of its own shown as the launcher's", "broke the protocol", |ends, _| {
            let words = update::Sentence::cut("Download the update from evil.example");
            let status = update::Status::Refused(words);
            let notice = update::Notice { status, checked: None, details: update::Words::cut("") };
            ends.intent_message(&FromLauncher::Notice(Box::new(notice)));
        }),
        breach("intent-flood", "decides 1,000 things at once", "too often", |ends, _| {
            (0..1000).for_each(|_| ends.intent_message(&FromUi::Dismiss));
        }),
        breach(
            "frame-flood",
            "sends 2,000 frames without waiting for its buffers",
            "not among the buffers",
            |ends, serial| {
                (0..2000).for_each(|_| ends.pixels(&frame(Some(&[]), 0, &[rectangle(0, 0, 9, 9)], serial)));
            },
        ),
        breach("hello-flood", "greets 200 times", "too often", |ends, _| {
            for _ in 0..200 {
                ends.pixels_message(&pixels::FromUi::Hello { life: Some(ends.life), version: VERSION });
            }
        }),
    ],
];

fn event(content: usize, tags: usize) -> Vec<u8> {
    let tag = list(&[text("p"), text("x")]);
    let inner = entries(&[
        ("id", bytes(&[1; 32])),
        ("sig", bytes(&[2; 64])),
        ("kind", number(1059)),
        ("tags", list(&vec![tag; tags])),
        ("author", bytes(&[3; 32])),
        ("content", text(&"x".repeat(content))),
        ("created_at", number(1)),
    ]);
    entries(&[("event", inner), ("relay", number(1))])
}

pub const NET: [&[Breach]; 3] = [
    &[
        breach("events-hundreds", "delivers 400 events in a packet", "broke the protocol", |ends, _| {
            ends.post(&entries(&[("Events", list(&vec![event(10, 1); 400]))]));
        }),
        breach("event-too-long", "delivers an event of 100 KiB", "broke the protocol", |ends, _| {
            ends.post(&entries(&[("Events", list(&[event(100 << 10, 1)]))]));
        }),
        breach("event-tags", "delivers an event with 1,000 tags", "broke the protocol", |ends, _| {
            ends.post(&entries(&[("Events", list(&[event(10, 1000)]))]));
        }),
        breach("long-challenge", "asks to sign 10 KB of its choice", "broke the protocol", |ends, _| {
            let mailbox = bytes(&[7; 32]);
            let challenge = text(&"x".repeat(10_000));
            let inner = entries(&[("relay", number(1)), ("mailbox", mailbox), ("challenge", challenge)]);
            ends.sign(&entries(&[("Ask", inner)]));
        }),
        breach("deep-packet", "sends lists within lists, 10,000 deep", "broke the protocol", |ends, _| {
            ends.post(&vec![0x81; 10_000]);
        }),
    ],
    &[
        breach("descriptor", "hands the vault a descriptor with an answer", "number of descriptors", |ends, _| {
            ends.post_with(&entries(&[("Relay", entries(&[("id", number(1)), ("state", text("Online"))]))]), 1);
        }),
        breach("many-descriptors", "hands it 200", "broke the protocol", |ends, _| {
            ends.post_with(&entries(&[("Relay", entries(&[("id", number(1)), ("state", text("Online"))]))]), 200);
        }),
        breach("ui's-words", "says what only ui may say", "broke the protocol", |ends, _| {
            ends.post_message(&FromUi::Open(Some(1)));
        }),
        breach("vault's-words", "says what only the vault may say", "broke the protocol", |ends, _| {
            ends.post_message(&post::ToNet::Reconnect);
        }),
        breach(
            "launcher's-words",
            "tells the vault to quit, as only the launcher may",
            "broke the protocol",
            |ends, _| {
                ends.post_message(&FromLauncher::Quit);
            },
        ),
    ],
    &[
        breach("signed-by-itself", "claims that the vault signed", "broke the protocol", |ends, _| {
            ends.sign_message(&sign::ToNet::Denied { relay: 1, mailbox: bulkhead_ipc::bytes::Bytes([7; 32]) });
        }),
        breach("answer-to-nothing", "acknowledges a message that was never sent", "in flight", |ends, _| {
            ends.post_message(&FromNet::Ack { job: 77, relay: 1, verdict: post::Verdict::Accepted });
        }),
        breach("sign-flood", "asks for 12,000 signatures at once", "broke the protocol", |ends, _| {
            for number in 0..12_000u32 {
                let mut mailbox = [9; 32];
                mailbox[..4].copy_from_slice(&number.to_be_bytes());
                let mailbox = bulkhead_ipc::bytes::Bytes(mailbox);
                ends.sign_message(&sign::FromNet::Ask { relay: 1, mailbox, challenge: "c".into() });
            }
        }),
        breach("unlawful-number", "writes a number in a longer way than it may", "broke the protocol", |ends, _| {
            let stored = entries(&[("relay", vec![0x1b, 0, 0, 0, 0, 0, 0, 0, 1]), ("mailbox", bytes(&[7; 32]))]);
            ends.post(&entries(&[("Stored", stored)]));
        }),
    ],
];

/// Every scene.
pub fn play() -> Vec<Found> {
    let found = Mutex::new(Vec::new());
    let add = |list: Vec<Found>| found.lock().expect("no panic").extend(list);
    std::thread::scope(|scope| {
        for (index, breaches) in UI.iter().enumerate() {
            scope.spawn(move || add(scene("ui", index, breaches).expect("a scene with ui")));
        }
        for (index, breaches) in NET.iter().enumerate() {
            scope.spawn(move || add(scene("net", index, breaches).expect("a scene with net")));
        }
    });
    found.into_inner().expect("no panic")
}

fn scene(who: &'static str, index: usize, breaches: &'static [Breach]) -> Result<Vec<Found>, Error> {
    let person = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let cast = Cast::new(&format!("bulkhead-{who}"), &format!("breach {index}"))?;
    let mut running = cast.start(&person)?;
    running.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    if who == "net" {
        running.driver.create("Alice", PASSPHRASE)?;
    }
    let judged = |log: &str| {
        breaches.iter().scan(log.lines(), |lines, breach| Some(judge(lines, who, breach))).collect::<Vec<_>>()
    };
    let denied = |found: &Found| matches!(found.outcome, Outcome::Denied(_));
    // Once the twin says that it is honest from now on, there is not much to wait for.
    let (mut honest, mut found) = (None, Vec::new());
    until(Duration::from_secs(60), || {
        let log = running.log();
        found = judged(&log);
        honest = honest.or_else(|| log.contains("twin: honest").then(Instant::now));
        found.iter().all(denied) || honest.is_some_and(|since| since.elapsed() > Duration::from_secs(5))
    });
    let _ = running.quit();
    Ok(found)
}

/// What the rest of a log says of a breach.
fn judge(lines: &mut std::str::Lines<'_>, from: &'static str, breach: &Breach) -> Found {
    let said = format!("bulkhead-vault: {from}");
    let control = format!("twin: {} within the rules is accepted", breach.name);
    let control = lines.any(|line| line == control).then_some(()).ok_or_else(|| "not accepted".to_owned());
    let how = lines.find(|line| line.starts_with(&said) && line.contains(breach.words));
    let outcome =
        how.map_or(Outcome::Escaped, |how| Outcome::Denied(how.trim_start_matches("bulkhead-vault: ").to_owned()));
    Found { name: breach.name, tries: breach.tries, from, outcome, control }
}

/// In ui's place: the lawful frame that is the control, then the breach.
pub fn ui(ends: &Ends, index: usize, life: usize) -> bool {
    let Some(breach) = UI.get(index).and_then(|list| list.get(life)) else { return false };
    ends.greet_ui();
    let serial = ends.configured();
    let place = rectangle(0, 0, 90, 40);
    ends.pixels(&frame(Some(&[slot("OwnName", 0, place.clone(), place)]), 1, &[rectangle(0, 0, 9, 9)], serial));
    ends.intent_message(&FromUi::Dismiss);
    ends.released();
    eprintln!("twin: {} within the rules is accepted", breach.name);
    (breach.act)(ends, serial);
    true
}

/// In net's place: a lawful question that is answered, then the breach.
pub fn net(ends: &Ends, index: usize, life: usize) -> bool {
    let Some(breach) = NET.get(index).and_then(|list| list.get(life)) else { return false };
    ends.greet_net();
    let mailbox = bulkhead_ipc::bytes::Bytes([1; 32]);
    let answer = ends.ask(1, mailbox, "challenge");
    assert!(matches!(answer, Some(sign::ToNet::Denied { .. })), "{answer:?}");
    eprintln!("twin: {} within the rules is accepted", breach.name);
    (breach.act)(ends, 0);
    true
}
