//! The pure part: `auth`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::post::Event;
use bulkhead_net::auth::*;

fn signed(challenge: &str, id: u8) -> Option<Event> {
    let tags = vec![vec!["relay".into(), "wss://x".into()], vec!["challenge".into(), challenge.into()]];
    let (kind, pubkey, content) = (22242, Bytes([0; 32]), String::new());
    Some(Event { id: Bytes([id; 32]), sig: Bytes([0; 64]), kind, tags, pubkey, content, created_at: 1 })
}

#[test]
fn a_challenge_is_signed_sent_and_accepted() {
    let mut auth = Auth::default();
    assert_eq!(auth.challenged("a".into()), Some("a".into()));
    assert!(auth.under_way());
    assert!(auth.signed(signed("a", 1)).is_some());
    assert!(!auth.answered(Some(Bytes([9; 32])), true));
    assert!(auth.under_way());
    assert!(auth.answered(Some(Bytes([1; 32])), true));
    assert!(!auth.under_way());
}

#[test]
fn a_signature_for_an_older_challenge_is_not_sent_and_the_newer_one_is() {
    let mut auth = Auth::default();
    auth.challenged("a".into());
    auth.challenged("b".into());
    assert!(auth.signed(signed("a", 1)).is_none());
    assert!(auth.under_way());
    assert!(auth.signed(signed("b", 2)).is_some());
    assert!(auth.signed(signed("b", 2)).is_none(), "nothing was asked");
}

#[test]
fn a_refusal_with_a_garbled_id_ends_the_attempt() {
    let mut auth = Auth::default();
    auth.challenged("a".into());
    auth.signed(signed("a", 1));
    assert!(!auth.answered(None, true));
    assert!(auth.answered(None, false));
    assert!(!auth.under_way());
}

#[test]
fn endless_challenges_end() {
    let mut auth = Auth::default();
    let asked = (0..100).filter(|n| auth.challenged(n.to_string()).is_some()).count();
    assert_eq!(asked, 5);
    auth.signed(None);
    assert!(!auth.under_way());
}
