//! Decoders refuse everything but what encoders write, and never panic.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_ipc::bytes::Bytes;
use bulkhead_vault_core::content::{self, Body, Content};
use bulkhead_vault_core::envelope::{self, Address};
use bulkhead_vault_core::invite::{Bundle, Link};
use bulkhead_vault_core::session::{self, Opened, Own, PREKEY_ID, Session};
use bulkhead_vault_core::{Key, Plaintext, Time};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

const NOW: Time = Time(1_795_000_000_000);

fn text(length: usize) -> Content {
    let text = Plaintext::new("x".repeat(length));
    Content { erase: Key::new([9; 32]), body: Body::Text { id: [1; 16], sent_at: 7, text } }
}

fn hello() -> content::Hello {
    let relays = vec!["wss://a.example".to_owned()];
    content::Hello { name: Plaintext::new("A".into()), mailbox: Bytes([2; 32]), seal: Key::new([3; 32]), relays }
}

fn pair(rng: &mut StdRng) -> (session::Drawn, Bundle, Session) {
    let drawn = session::draw(rng).unwrap();
    let (identity, signed, one_time, kyber) = drawn.public.clone();
    let registration = drawn.own.registration;
    let one_time = (PREKEY_ID, one_time);
    let bundle = Bundle { registration, identity, signed, one_time, kyber, hello: hello(), expires_at: 1 };
    let session = Session::begin(&Own::draw(rng).unwrap(), &bundle, NOW, rng).unwrap();
    (drawn, bundle, session)
}

#[test]
fn every_content_size_fits_the_envelope_of_its_rank_also_with_prekeys_and_post_quantum_parts() {
    let rng = &mut StdRng::seed_from_u64(1);
    let (drawn, _, mut bobs) = pair(rng);
    let mut alices = None;
    for round in 0..200 {
        for (rank, length) in [1, 5000, content::SIZES[2] - 100].into_iter().enumerate() {
            let padded = content::encode(&text(length.min(30_000))).unwrap();
            assert_eq!(padded.bytes().len(), content::SIZES[rank]);
            let (prekey, bytes) = bobs.seal(&padded, NOW, rng).unwrap();
            assert!(bytes.len() + 45 <= envelope::SIZES[rank], "{} bytes at rank {rank}", bytes.len());
            let Some(alices) = &mut alices else {
                alices = Some(Session::answer(&drawn.own, &drawn.prekeys, &bytes, rng).unwrap().0);
                continue;
            };
            assert!(matches!(Session::open(alices, prekey, &bytes, rng), Opened::Content(_)));
            if round >= 60 {
                let (prekey, bytes) = alices.seal(&padded, NOW, rng).unwrap();
                assert!(!prekey && bytes.len() + 45 <= envelope::SIZES[rank]);
                assert!(matches!(bobs.open(prekey, &bytes, rng), Opened::Content(_)));
            }
        }
    }
}

#[test]
fn session_refuses_damage_at_every_byte_and_goes_on() {
    let rng = &mut StdRng::seed_from_u64(2);
    let (drawn, _, mut bobs) = pair(rng);
    let padded = content::encode(&text(10)).unwrap();
    let (_, first) = bobs.seal(&padded, NOW, rng).unwrap();
    for at in (0..first.len()).step_by(7) {
        let mut bad = first.clone();
        bad[at] ^= 1 << (at % 8);
        if let Some((_, content)) = Session::answer(&drawn.own, &drawn.prekeys, &bad, rng) {
            // Fields that libsignal does not authenticate (the registration number) may differ, content may not.
            assert!(content == padded, "byte {at}");
        }
        assert!(Session::answer(&drawn.own, &drawn.prekeys, &first[..at], rng).is_none());
    }
    let (mut alices, _) = Session::answer(&drawn.own, &drawn.prekeys, &first, rng).unwrap();
    let (prekey, second) = bobs.seal(&padded, NOW, rng).unwrap();
    for at in (0..second.len()).step_by(11) {
        let mut bad = second.clone();
        bad[at] ^= 0x40;
        let _ = alices.open(prekey, &bad, rng);
        let _ = alices.open(!prekey, &bad, rng);
    }
    assert!(!matches!(alices.open(prekey, &second, rng), Opened::Undecryptable));
    assert!(matches!(alices.open(prekey, &second, rng), Opened::Duplicate));
}

/// The message with another post-quantum part (protobuf field 5 of libsignal's `SignalMessage`), and without its MAC's
/// agreement: nobody has looked at that when the part is read.
fn with_quantum(message: &[u8], part: &[u8]) -> Vec<u8> {
    let varint = |bytes: &[u8]| {
        let length = bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1;
        let value = bytes[..length].iter().rev().fold(0, |n, byte| n << 7 | usize::from(byte & 0x7f));
        (value, length)
    };
    let fields = &message[1..message.len() - 8];
    let (mut at, mut out, mut found) = (0, vec![message[0]], false);
    while at < fields.len() {
        let (value, length) = varint(&fields[at + 1..]);
        let end = at + 1 + length + if fields[at] & 7 == 2 { value } else { 0 };
        if fields[at] == 5 << 3 | 2 {
            found = true;
            out.extend([fields[at], u8::try_from(part.len()).unwrap()]);
            out.extend(part);
        } else {
            out.extend(&fields[at..end]);
        }
        at = end;
    }
    assert!(found);
    out.extend(&message[message.len() - 8..]);
    out
}

#[test]
fn a_post_quantum_part_that_libsignal_would_not_survive_is_undecryptable() {
    let rng = &mut StdRng::seed_from_u64(5);
    let (drawn, _, mut bobs) = pair(rng);
    let padded = content::encode(&text(10)).unwrap();
    let (_, first) = bobs.seal(&padded, NOW, rng).unwrap();
    let (mut alices, _) = Session::answer(&drawn.own, &drawn.prekeys, &first, rng).unwrap();
    let (_, reply) = alices.seal(&padded, NOW, rng).unwrap();
    assert!(matches!(bobs.open(false, &reply, rng), Opened::Content(_)));
    let (prekey, next) = bobs.seal(&padded, NOW, rng).unwrap();
    assert!(!prekey);
    for part in [&[1][..], &[1, 1], &[1, 1, 1], &[1, 0, 1, 0], &[1, 0x80], &[0xff; 20]] {
        assert!(matches!(alices.open(false, &with_quantum(&next, part), rng), Opened::Undecryptable), "{part:?}");
    }
    assert!(matches!(alices.open(false, &next, rng), Opened::Content(_)));
}

#[test]
fn bundle_with_a_bad_key_or_signature_makes_no_session() {
    let rng = &mut StdRng::seed_from_u64(3);
    let (_, bundle, _) = pair(rng);
    let own = Own::draw(rng).unwrap();
    let mut begin = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = bundle.clone();
        change(&mut bundle);
        Session::begin(&own, &bundle, NOW, rng).is_some()
    };
    assert!(begin(&|_| {}));
    // u = 0 and u = 1 have low order: a Diffie-Hellman with them has a result that everybody knows.
    let low = |u: u8| [&[5, u][..], &[0; 31]].concat();
    assert!(!begin(&|b| b.one_time.1 = low(0)));
    assert!(!begin(&|b| b.one_time.1 = low(1)));
    assert!(!begin(&|b| b.identity = low(1)));
    assert!(!begin(&|b| b.signed.signature[5] ^= 1));
    assert!(!begin(&|b| b.kyber.signature[5] ^= 1));
    assert!(!begin(&|b| b.kyber.key[5] ^= 1));
    assert!(!begin(&|b| b.signed.key[0] = 6));
    assert!(!begin(&|b| b.kyber.key[0] = 0x0a));
}

proptest! {
    #[test]
    fn content_round_trips(length in 1usize..30_000, sent_at: u64, id: [u8; 16]) {
        let text = Plaintext::new("y".repeat(length));
        let content = Content { erase: Key::new([4; 32]), body: Body::Text { id, sent_at, text } };
        prop_assert!(content::decode(content::encode(&content).unwrap().bytes()) == Some(content));
    }

    #[test]
    fn receipts_and_hellos_round_trip(ids in prop::collection::vec(any::<[u8; 16]>(), 0..=512)) {
        let erase = Key::new([4; 32]);
        for body in [Body::Receipt(ids.clone()), Body::Hello(hello())] {
            let content = Content { erase: erase.clone(), body };
            prop_assert!(content::decode(content::encode(&content).unwrap().bytes()) == Some(content));
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), word in ".{0,300}") {
        let mut padded = bytes.clone();
        padded.push(0x80);
        padded.resize(1024.max(padded.len()), 0);
        prop_assert!(content::decode(&bytes).is_none());
        prop_assert!(content::decode(&padded).is_none());
        prop_assert!(Bundle::decode(&bytes).is_none());
        prop_assert!(Link::decode(&word).is_err());
        let link = format!("bulkhead://invite/{word}");
        prop_assert!(Link::decode(&link).is_err());
        let to = Address { mailbox: &Bytes([1; 32]), seal: &Key::new([1; 32]) };
        prop_assert!(envelope::open(&to, &bytes).is_none());
        prop_assert!(envelope::sealed_bytes(&word).is_none());
        let rng = &mut StdRng::seed_from_u64(4);
        let drawn = session::draw(rng).unwrap();
        prop_assert!(Session::answer(&drawn.own, &drawn.prekeys, &bytes, rng).is_none());
    }

    #[test]
    fn content_with_a_flipped_bit_is_refused_or_another_legal_content(at in 0usize..1024, bit in 0u8..8) {
        let good = content::encode(&text(500)).unwrap();
        let mut bad = good.bytes().to_vec();
        bad[at] ^= 1 << bit;
        if let Some(content) = content::decode(&bad) {
            prop_assert!(content::encode(&content).unwrap().bytes() == bad);
        }
        prop_assert!(content::decode(&bad[..at]).is_none());
    }

    #[test]
    fn sealed_body_with_a_flipped_bit_or_another_mailbox_is_refused(at in 0usize..3072, bit in 0u8..8) {
        let (seal, mailbox) = (Key::new([1; 32]), Bytes([1; 32]));
        let to = Address { mailbox: &mailbox, seal: &seal };
        let mut sealed = envelope::seal(&to, &[5; 24], 2, b"body").unwrap();
        prop_assert!(envelope::open(&to, &sealed) == Some((2, b"body".to_vec())));
        let other = Address { mailbox: &Bytes([2; 32]), seal: &seal };
        prop_assert!(envelope::open(&other, &sealed).is_none());
        sealed[at] ^= 1 << bit;
        prop_assert!(envelope::open(&to, &sealed).is_none());
    }

    #[test]
    fn link_with_a_changed_character_is_refused(at in 18usize..149, c in "[A-Za-z0-9_-]") {
        let relays = vec!["wss://relay.example.org".to_owned()];
        let link = Link { secret: Key::new([1; 32]), hash: Bytes([2; 32]), expires_at: 5, relays };
        let good = link.encode().as_str().to_owned();
        prop_assert!(Link::decode(&good).ok() == Some(link));
        let mut bad = good.clone();
        bad.replace_range(at..at + 1, &c);
        prop_assert!(bad == good || Link::decode(&bad).is_err());
        prop_assert!(Link::decode(&good[..at]).is_err());
    }
}
