//! The CDDL schemas and the Rust types say the same.
//!
//! From the schema, as `cddlparser` reads it, come instances inside all bounds, which the Rust decoder must take and
//! write again as the same bytes, and instances just outside each bound, which it must refuse. From the Rust types come
//! values of every variant, with every bound, which must match the schema. `zcbor`, which shares no code with either,
//! judges all of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod kit;
mod values;
mod vectors;

use bulkhead_ipc::{MAX_PACKET, Message, cbor, control, intent, keyring, pixels, post, seal, sign};
use kit::item::Item;
use kit::{Claims, Schema, claim, walk};
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// Values of each direction that the property test draws.
const DRAWN: usize = 400;
/// Those of them that zcbor judges too: it is slow.
const DRAWN_FOR_JUDGE: usize = 100;

/// What the schema cannot say, and why: the whole list.
fn unsaid(item: &Item) -> Option<&'static str> {
    // CDDL bounds items, not the sum of their lengths.
    if item.encode().len() > MAX_PACKET {
        return Some("it does not fit a packet");
    }
    // CDDL cannot multiply two members.
    let Item::Map(entries) = item else { return None };
    let [(Item::Text(name), Item::Map(members))] = entries.as_slice() else { return None };
    let number = |wanted: &str| members.iter().find(|(key, _)| *key == Item::text(wanted)).map(|(_, value)| value);
    let (Some(Item::Int(width)), Some(Item::Int(height)), Some(Item::Int(capacity))) =
        (number("width"), number("height"), number("capacity"))
    else {
        return None;
    };
    (name == "Configure" && *capacity < width * height * 4).then_some("the frame does not fit the buffer")
}

fn again<M: Message>(bytes: &[u8]) -> Option<Vec<u8>> {
    cbor::encode(&cbor::decode::<M>(bytes).ok()?).ok()
}

/// Both ways for one direction of a line.
fn direction<M>(schema: &Schema, rule: &str, strategy: BoxedStrategy<M>, claims: &mut Claims)
where
    M: Message + std::fmt::Debug + PartialEq,
{
    let shape = &schema.roots[rule];
    let mut count = walk(rule, shape, &again::<M>, &unsaid, claims);

    let mut runner = TestRunner::deterministic();
    let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
    shape.points("", &mut all);
    // Rare choices, such as one kind of slot in one message, take more draws; what Rust cannot write, all of them.
    for number in 0..DRAWN * 100 {
        if number >= DRAWN && seen == all {
            break;
        }
        let value = strategy.new_tree(&mut runner).unwrap().current();
        let bytes = match cbor::encode(&value) {
            Err(cbor::Error::TooLarge(_)) => continue,
            bytes => bytes.unwrap(),
        };
        assert_eq!(cbor::decode::<M>(&bytes).as_ref(), Ok(&value));
        let item = Item::parse(&bytes);
        assert!(shape.matches(&item), "{rule} does not know {value:?}");
        assert!(item.encode() == bytes, "{rule}: the order of fields in {value:?}");
        shape.used(&item, "", &mut seen);
        if number < DRAWN_FOR_JUDGE {
            claim(claims, rule, &item, bytes, true);
        }
        count.inside += 1;
    }
    let missing: Vec<_> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "{rule}: only the schema knows {missing:?}");
    println!("{rule}: {} choices and keys, {count:?}", all.len());
}

fn line(files: &[&str], both: impl FnOnce(&Schema, &mut Claims)) {
    let schema = Schema::read(files);
    let mut claims = Claims::new();
    both(&schema, &mut claims);
    // One rule more or less in the schema than there are types would show here.
    let tried: BTreeSet<_> = claims.iter().map(|claim| &claim.0).collect();
    assert!(tried.into_iter().eq(schema.roots.keys()), "{files:?}: {:?}", schema.roots.keys());
    println!("{}: zcbor judged {} packets", files[0], schema.judge(&claims));
}

#[test]
fn post_line_and_its_schema_say_the_same() {
    line(&["post.cddl", "shared.cddl"], |schema, claims| {
        direction::<post::ToNet>(schema, "post-to-net", values::post_to_net(), claims);
        direction::<post::FromNet>(schema, "post-from-net", values::post_from_net(), claims);
    });
}

#[test]
fn sign_line_and_its_schema_say_the_same() {
    line(&["sign.cddl", "shared.cddl"], |schema, claims| {
        direction::<sign::ToNet>(schema, "sign-to-net", values::sign_to_net(), claims);
        direction::<sign::FromNet>(schema, "sign-from-net", values::sign_from_net(), claims);
    });
}

#[test]
fn pixels_line_and_its_schema_say_the_same() {
    line(&["pixels.cddl", "shared.cddl"], |schema, claims| {
        direction::<pixels::ToUi>(schema, "pixels-to-ui", values::pixels_to_ui(), claims);
        direction::<pixels::FromUi>(schema, "pixels-from-ui", values::pixels_from_ui(), claims);
    });
}

#[test]
fn intent_line_and_its_schema_say_the_same() {
    line(&["intent.cddl", "shared.cddl"], |schema, claims| {
        direction::<intent::ToUi>(schema, "intent-to-ui", values::intent_to_ui(), claims);
        direction::<intent::FromUi>(schema, "intent-from-ui", values::intent_from_ui(), claims);
    });
}

#[test]
fn control_line_and_its_schema_say_the_same() {
    line(&["control.cddl", "shared.cddl"], |schema, claims| {
        direction::<control::ToLauncher>(schema, "control-to-launcher", values::control_to_launcher(), claims);
        direction::<control::FromLauncher>(schema, "control-from-launcher", values::control_from_launcher(), claims);
    });
}

#[test]
fn seal_line_and_its_schema_say_the_same() {
    line(&["seal.cddl", "shared.cddl"], |schema, claims| {
        direction::<seal::ToSeal>(schema, "seal-to-seal", values::seal_to_seal(), claims);
        direction::<seal::FromSeal>(schema, "seal-from-seal", values::seal_from_seal(), claims);
    });
}

#[test]
fn keyring_line_and_its_schema_say_the_same() {
    line(&["keyring.cddl", "shared.cddl"], |schema, claims| {
        direction::<keyring::ToKeyring>(schema, "keyring-to-keyring", values::keyring_to_keyring(), claims);
        direction::<keyring::FromKeyring>(schema, "keyring-from-keyring", values::keyring_from_keyring(), claims);
    });
}

#[test]
fn no_message_to_or_from_ui_or_to_the_launcher_can_hold_a_word() {
    for file in ["pixels.cddl", "intent.cddl", "control.cddl"] {
        for (rule, shape) in &Schema::read(&[file, "shared.cddl"]).roots {
            // What the launcher says of updates is public, and the vault says no word back.
            assert_eq!(shape.can_hold_words(), rule == "control-from-launcher", "{rule}");
        }
    }
    assert!(Schema::read(&["post.cddl", "shared.cddl"]).roots.values().all(kit::shape::Shape::can_hold_words));
}
