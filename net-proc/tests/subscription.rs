//! The pure part: `subscription`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::post::Event;
use bulkhead_net::subscription::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const A: Bytes32 = Bytes([0xaa; 32]);
const B: Bytes32 = Bytes([0xbb; 32]);

fn event(to: Bytes32, id: u32, created_at: u64) -> Event {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    let (sig, pubkey, content) = (Bytes([0; 64]), Bytes([0; 32]), String::new());
    let tags = vec![vec!["p".into(), to.to_hex()]];
    Event { id: Bytes(bytes), sig, kind: 1059, tags, pubkey, content, created_at }
}

fn sent(subscriptions: &mut Subscriptions) -> Vec<serde_json::Value> {
    subscriptions.out.drain(..).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

fn watching(mailboxes: &[(Bytes32, u64)]) -> Subscriptions {
    let mut subscriptions = Subscriptions::default();
    mailboxes.iter().for_each(|(mailbox, since)| subscriptions.watch(*mailbox, *since));
    subscriptions.open();
    subscriptions
}

#[test]
fn one_request_serves_several_mailboxes_from_the_oldest_time_on() {
    let mut s = watching(&[(A, 50), (B, 30)]);
    let requests = sent(&mut s);
    assert_eq!(requests.len(), 1);
    assert_eq!((&requests[0][0], &requests[0][1], &requests[0][2]["since"]), (&"REQ".into(), &"b0".into(), &30.into()));
    assert_eq!(s.event("b0", &event(A, 1, 50)), Fit::Wanted);
    assert_eq!(s.event("b0", &event(A, 1, 40)), Fit::Late);
    assert_eq!(s.event("b0", &event(B, 1, 40)), Fit::Wanted);
}

#[test]
fn an_empty_mailbox_is_stored_after_one_answer() {
    let mut s = watching(&[(A, 0)]);
    sent(&mut s);
    assert!(s.waiting());
    assert_eq!(s.stored("b0"), [A]);
    assert!(!s.waiting() && sent(&mut s).is_empty());
    assert!(s.stored("b0").is_empty(), "only once");
}

#[test]
fn a_resumed_batch_pages_back_to_the_overlap_only() {
    let mut s = watching(&[(A, 10)]);
    s.stored("b0");
    s.disconnected(1_000_000);
    s.open();
    assert_eq!(sent(&mut s)[0][2]["since"], 10);
    s.event("b0", &event(A, 1, 999_999));
    assert!(s.stored("b0").is_empty());
    assert_eq!(sent(&mut s)[0][2]["since"], 1_000_000 - 1800);
}

#[test]
fn a_batch_that_was_not_read_to_the_end_is_not_resumed() {
    let mut s = watching(&[(A, 10)]);
    s.disconnected(1_000_000);
    s.open();
    s.event("b0", &event(A, 1, 999_999));
    s.stored("b0");
    assert_eq!(sent(&mut s).pop().unwrap()[2]["since"], 10);
}

#[test]
fn an_unwatched_mailbox_is_late_and_the_last_one_closes_the_batch() {
    let mut s = watching(&[(A, 0), (B, 0)]);
    sent(&mut s);
    s.unwatch(&A);
    assert!(sent(&mut s).is_empty());
    assert_eq!(s.stored("b0"), [B]);
    assert_eq!(s.event("b0", &event(A, 1, 5)), Fit::Late);
    s.unwatch(&B);
    assert_eq!(sent(&mut s)[0][0], "CLOSE");
    assert_eq!(s.event("b0", &event(B, 1, 5)), Fit::Foreign);
    assert!(s.is_empty());
}

#[test]
fn what_the_relay_closed_is_asked_for_again() {
    let mut s = watching(&[(A, 0)]);
    sent(&mut s);
    assert!(s.closed("b0") && !s.closed("b7") && !s.closed("zz"));
    assert!(!s.waiting());
    s.reopen(false);
    assert_eq!(sent(&mut s)[0][0], "REQ");
    s.reopen(false);
    assert!(sent(&mut s).is_empty());
    s.reopen(true);
    assert_eq!(sent(&mut s)[0][0], "REQ");
}

#[test]
fn a_relay_that_ignores_until_does_not_page_for_ever() {
    let mut s = watching(&[(A, 0)]);
    s.event("b0", &event(A, 1, 100));
    s.stored("b0");
    let mut pages = 0;
    while s.waiting() {
        pages += 1;
        assert_eq!(s.event("p0", &event(A, 1, 101)), Fit::Foreign);
        s.stored("p0");
    }
    assert_eq!(pages, 1);
}

proptest! {
    /// Whatever a relay with any page size keeps, all of it arrives, unless one second holds more than a page.
    #[test]
    fn paging_brings_everything(mut times in prop::collection::vec(0u64..60, 0..200), page in 8usize..40) {
        times.sort_unstable();
        let mut crowd = std::collections::BTreeMap::new();
        times.iter().for_each(|t| *crowd.entry(*t).or_insert(0) += 1);
        prop_assume!(crowd.values().all(|n| *n <= page));
        let kept: Vec<_> = times.iter().enumerate().map(|(n, t)| event(A, n as u32, *t)).collect();
        let mut s = watching(&[(A, 0)]);
        let (mut got, mut rounds) = (BTreeSet::new(), 0);
        while let Some(request) = sent(&mut s).pop() {
            if request[0] == "CLOSE" { continue; }
            rounds += 1;
            prop_assert!(rounds < 500);
            let (name, filter) = (request[1].as_str().unwrap().to_string(), &request[2]);
            let until = filter["until"].as_u64().unwrap_or(u64::MAX);
            for event in kept.iter().rev().filter(|e| e.created_at <= until).take(page) {
                prop_assert_eq!(s.event(&name, event), Fit::Wanted);
                got.insert(event.id);
            }
            s.stored(&name);
        }
        prop_assert!(!s.waiting());
        prop_assert_eq!(got.len(), kept.len());
    }

    #[test]
    fn any_subscription_name_is_answered(name in "[bp]?[0-9]{0,25}|\\PC{0,9}") {
        let mut s = watching(&[(A, 0)]);
        s.event(&name, &event(A, 1, 5));
        s.stored(&name);
        s.closed(&name);
    }
}
