//! The content inside the ciphertext, the bundle of an invite, and `ipc/schema/content.cddl` say the same.
//!
//! See `ipc/tests/schema`: instances of the schema are read and written again, those just outside are refused, all that
//! the encoders write matches, and an independent validator judges everything.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../../ipc/tests/schema/kit/mod.rs"]
mod kit;

use bulkhead_ipc::bytes::Bytes;
use bulkhead_vault_core::content::{
    self, Body, Content, Hello, MAX_COUNT, MAX_RECEIPTS, MAX_RELAYS, Moved, SIZES, ShareWord, Witness,
};
use bulkhead_vault_core::invite::{Bundle, Signed};
use bulkhead_vault_core::shares::{LEAST, MOST, PIECE, Part};
use bulkhead_vault_core::{Key, MAX_NAME, MAX_TEXT, Plaintext, Secret};
use kit::item::{Item, hex};
use kit::{Claims, Schema, claim, walk};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::collections::BTreeSet;

/// Values that the property test draws.
const DRAWN: usize = 500;
/// Types of content.
const KINDS: usize = 11;

/// The padding that goes around content.
fn padded(cbor: &[u8]) -> Option<Vec<u8>> {
    let size = SIZES.into_iter().find(|size| cbor.len() < *size)?;
    let mut out = [cbor, &[0x80]].concat();
    out.resize(size, 0);
    Some(out)
}

/// Reads content and writes it again, without the padding.
fn content_again(cbor: &[u8]) -> Option<Vec<u8>> {
    let again = content::encode(&content::decode(&padded(cbor)?)?)?;
    Some(unpadded(again.bytes()))
}

fn unpadded(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[..end].to_vec()
}

fn bundle_again(cbor: &[u8]) -> Option<Vec<u8>> {
    Bundle::decode(cbor)?.encode()
}

/// What the schema cannot say: CDDL can bound a text or give it a pattern, but its readers do not know Unicode's classes.
fn unsaid(item: &Item) -> Option<&'static str> {
    let Item::Map(entries) = item else { return None };
    let name = entries.iter().find_map(|(key, value)| match (key, value) {
        (Item::Int(2 | 14), Item::Text(name)) => Some(name),
        _ => None,
    })?;
    let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    name.chars().any(bad).then_some("a name holds control characters")
}

fn text(least: usize, most: usize) -> impl Strategy<Value = String> {
    let wide = prop::sample::select(std::vec!["a", "é", "€", "🔑"]);
    (prop_oneof![Just(least), Just(most), least..=most], wide)
        .prop_map(|(n, c)| c.repeat(n / c.len()) + &"x".repeat(n % c.len()))
}

/// The parts of a hello: name, mailbox, seal, relays.
fn hellos() -> impl Strategy<Value = (String, [u8; 32], [u8; 32], Vec<String>)> {
    (text(1, MAX_NAME), any::<[u8; 32]>(), any::<[u8; 32]>(), vec(text(0, 256), 1..=MAX_RELAYS))
}

fn hello((name, mailbox, seal, relays): (String, [u8; 32], [u8; 32], Vec<String>)) -> Hello {
    Hello { name: Plaintext::new(name), mailbox: Bytes(mailbox), seal: Key::new(seal), relays }
}

/// Fails to compile for a variant that `draw` does not make.
fn known(body: &Body) -> usize {
    match body {
        Body::Hello(Hello { name: _, mailbox: _, seal: _, relays: _ }) => 0,
        Body::Text { id: _, sent_at: _, text: _ } => 1,
        Body::Receipt(_) => 2,
        Body::Moved(Moved { revision: _, mailbox: _, seal: _, relays: _ }) => 3,
        Body::Keep { revision: _, part: Part { set: _, index: _, needed: _, of: _, piece: _ } } => 6,
        Body::Ask(_) => 7,
        Body::Grant { request: _, part: _ } => 8,
        Body::Word { id: _, revision: _, word: ShareWord::Withdrawn | ShareWord::Given } => 9,
        Body::Timer { sent_at: _, seconds: _ } => 4,
        Body::Vanishing { id: _, sent_at: _, text: _, life: _ } => 5,
        Body::Witness(Witness { said: _, heard: _, newest: _ }) => 10,
    }
}

/// A part whose numbers are within the schema's bounds, whether they agree or not.
fn part(runner: &mut TestRunner) -> Part {
    let numbers = (any::<[u8; 16]>(), 1..=MOST, LEAST..=MOST, LEAST..=MOST, vec(any::<u8>(), PIECE));
    let (set, index, needed, of, piece) = numbers.new_tree(runner).unwrap().current();
    Part { set, index, needed, of, piece: Secret::new(piece) }
}

fn draw(runner: &mut TestRunner, kind: usize) -> Body {
    fn one<S: Strategy>(runner: &mut TestRunner, strategy: S) -> S::Value {
        strategy.new_tree(runner).unwrap().current()
    }
    match kind {
        0 => Body::Hello(hello(one(runner, hellos()))),
        1 => {
            let (id, sent_at, text) = one(runner, (any::<[u8; 16]>(), any::<u64>(), text(1, MAX_TEXT)));
            Body::Text { id, sent_at, text: Plaintext::new(text) }
        }
        4 => {
            let (sent_at, seconds) = one(runner, (any::<u64>(), prop_oneof![Just(0u32), 60..=2_419_200u32]));
            Body::Timer { sent_at, seconds }
        }
        5 => {
            let strategy = (any::<[u8; 16]>(), any::<u64>(), text(1, MAX_TEXT), 60..=2_419_200u32);
            let (id, sent_at, text, life) = one(runner, strategy);
            Body::Vanishing { id, sent_at, text: Plaintext::new(text), life }
        }
        10 => {
            let (said, heard, newest) = one(runner, (0..=MAX_COUNT, 0..=MAX_COUNT, 0..=MAX_COUNT));
            Body::Witness(Witness { said, heard, newest })
        }
        2 => {
            Body::Receipt(one(runner, prop_oneof![vec(any::<[u8; 16]>(), 0..6), vec(any::<[u8; 16]>(), MAX_RECEIPTS)]))
        }
        6 => {
            let revision = one(runner, any::<u64>());
            Body::Keep { revision, part: part(runner) }
        }
        7 => Body::Ask(one(runner, any::<[u8; 16]>())),
        8 => {
            let request = one(runner, any::<[u8; 16]>());
            Body::Grant { request, part: part(runner) }
        }
        9 => {
            let (id, revision, given) = one(runner, (any::<[u8; 16]>(), any::<u64>(), any::<bool>()));
            Body::Word { id, revision, word: if given { ShareWord::Given } else { ShareWord::Withdrawn } }
        }
        _ => {
            let (revision, (_, mailbox, seal, relays)) = one(runner, (any::<u64>(), hellos()));
            Body::Moved(Moved { revision, mailbox: Bytes(mailbox), seal: Key::new(seal), relays })
        }
    }
}

fn bundle(runner: &mut TestRunner) -> Bundle {
    let numbers = (1..=0x3fffu32, any::<[u32; 4]>(), vec(any::<u8>(), 1569)).new_tree(runner).unwrap().current();
    let (registration, [signed, one_time, kyber, expires_at], long) = numbers;
    let hello = hello(hellos().new_tree(runner).unwrap().current());
    Bundle {
        registration,
        identity: long[..33].to_vec(),
        signed: Signed { id: signed, key: long[33..66].to_vec(), signature: long[66..130].to_vec() },
        one_time: (one_time, long[130..163].to_vec()),
        kyber: Signed { id: kyber, key: long.clone(), signature: long[163..227].to_vec() },
        hello,
        expires_at,
    }
}

#[test]
fn content_bundle_and_their_schema_say_the_same() {
    let schema = Schema::read(&["content.cddl"]);
    let mut claims = Claims::new();
    let counts = [
        walk("content", &schema.roots["content"], &content_again, &unsaid, &mut claims),
        walk("bundle", &schema.roots["bundle"], &bundle_again, &unsaid, &mut claims),
    ];
    let runner = &mut TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for number in 0..DRAWN {
        let content = Content { erase: Key::new([9; 32]), body: draw(runner, number % KINDS) };
        assert_eq!(known(&content.body), number % KINDS);
        let bytes = unpadded(content::encode(&content).unwrap().bytes());
        let others = bundle(runner).encode().unwrap();
        for (rule, bytes) in [("content", bytes), ("bundle", others)] {
            let (item, shape) = (Item::parse(&bytes), &schema.roots[rule]);
            assert!(shape.matches(&item), "{rule}: the schema does not know {}", item.diagnostic());
            assert!(item.encode() == bytes, "{rule}: the order of keys");
            shape.used(&item, rule, &mut seen);
            if number < 60 {
                claim(&mut claims, rule, &item, bytes, true);
            }
        }
    }
    let mut all = BTreeSet::new();
    schema.roots.iter().for_each(|(rule, shape)| shape.points(rule, &mut all));
    assert_eq!(seen, all, "only the schema knows some of these");
    assert_eq!(schema.roots.len(), 2);
    println!("{counts:?}, zcbor judged {}", schema.judge(&claims));
}

#[test]
fn name_with_control_characters_is_refused_although_the_schema_cannot_say_so() {
    for bad in ["\n", "a\u{7f}", "\u{85}b", "\u{202e}", "x\u{2066}y", "\0"] {
        let mut parts = hellos().new_tree(&mut TestRunner::deterministic()).unwrap().current();
        parts.0 = bad.into();
        let content = Content { erase: Key::new([9; 32]), body: Body::Hello(hello(parts)) };
        let bytes = unpadded(content::encode(&content).unwrap().bytes());
        assert!(unsaid(&Item::parse(&bytes)).is_some());
        assert!(content_again(&bytes).is_none(), "{bad:?}");
    }
}

/// Fixed content of every kind, as `ipc/vectors/content.json` holds it.
fn golden() -> String {
    let array = |first: u8| -> [u8; 32] { std::array::from_fn(|at| first + u8::try_from(at).unwrap()) };
    let relays = vec!["wss://relay.example".to_owned(), "wss://other.example/é".to_owned()];
    let piece = Secret::new((0..35).map(|at| 0xc0 + at).collect());
    let part = Part { set: [0x5a; 16], index: 2, needed: 3, of: 5, piece };
    let moved = vec!["wss://new.example".to_owned()];
    let bodies = [
        ("hello", Body::Hello(hello(("Alice".into(), array(0x20), array(0x40), relays)))),
        ("text", Body::Text { id: [0xa5; 16], sent_at: 1_795_000_000_123, text: Plaintext::new("Hi, é 🔑".into()) }),
        ("receipt", Body::Receipt(vec![[0xa5; 16], [0x5a; 16]])),
        ("receipt of a hello", Body::Receipt(vec![])),
        (
            "moved",
            Body::Moved(Moved { revision: 1, mailbox: Bytes(array(0x80)), seal: Key::new(array(0xa0)), relays: moved }),
        ),
        ("timer", Body::Timer { sent_at: 1_795_000_000_124, seconds: 86_400 }),
        ("timer off", Body::Timer { sent_at: 1_795_000_000_125, seconds: 0 }),
        (
            "vanishing text",
            Body::Vanishing {
                id: [0xa6; 16],
                sent_at: 1_795_000_000_126,
                text: Plaintext::new("Soon gone".into()),
                life: 3_600,
            },
        ),
        ("state witness", Body::Witness(Witness { said: 300, heard: 23, newest: 1_795_000_000_123 })),
        ("keep", Body::Keep { revision: 1_795_000_000_456, part: part.clone() }),
        ("ask", Body::Ask([0xc3; 16])),
        ("grant", Body::Grant { request: [0xc3; 16], part }),
        ("withdrawn", Body::Word { id: [0x3c; 16], revision: 1_795_000_000_789, word: ShareWord::Withdrawn }),
        ("given", Body::Word { id: [0x3c; 16], revision: 1_795_000_000_456, word: ShareWord::Given }),
    ];
    let line = |(name, body): (&str, Body)| {
        let bytes = unpadded(content::encode(&Content { erase: Key::new(array(0x60)), body }).unwrap().bytes());
        let diagnostic = Item::parse(&bytes).diagnostic();
        format!("  {}", json!({ "name": name, "diagnostic": diagnostic, "hex": hex(&bytes) }))
    };
    format!("[\n{}\n]\n", bodies.map(line).join(",\n"))
}

#[test]
fn golden_content_is_what_the_program_writes() {
    let path = kit::ipc().join("vectors/content.json");
    if std::env::var_os("WRITE_VECTORS").is_some() {
        std::fs::write(&path, golden()).unwrap();
    }
    let have = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(have == golden(), "WRITE_VECTORS=1 cargo test -p bulkhead-vault-core --test schema golden");
}
