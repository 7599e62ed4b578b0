//! Writes the test vectors of `ipc/WIRE.md` to `ipc/vectors`.
//!
//! All randomness comes from one seed, so the files are the same on every machine; a test compares them.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::type_complexity)]

use base64::Engine;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_vault_core::content::{self, Body, Content, Hello, Moved};
use bulkhead_vault_core::envelope::{self, Address, Stamp};
use bulkhead_vault_core::event::{self, Curve};
use bulkhead_vault_core::invite::{self, Bundle, Link};
use bulkhead_vault_core::session::{self, Opened, Own, PREKEY_ID, Session};
use bulkhead_vault_core::{Key, Plaintext, Time};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ipc/vectors");
const NOW: Time = Time(1_795_000_000_123);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn event_json(event: &bulkhead_ipc::post::Event) -> Value {
    serde_json::from_str(&event::json(event)).unwrap()
}

fn stamp_json(stamp: &Stamp) -> Value {
    json!({ "author_secret": hex(stamp.author.bytes()), "nonce": hex(&stamp.nonce),
        "created_at": stamp.created_at, "expires_at": stamp.expires_at })
}

fn hello(curve: &Curve, name: &str, rng: &mut StdRng) -> (Key, Hello) {
    let secret = curve.fresh(rng);
    let relays = vec!["wss://relay.example.org".to_owned(), "wss://other.example.net".to_owned()];
    let (mailbox, seal) = (curve.public(&secret).unwrap(), Key::random(rng));
    (secret, Hello { name: Plaintext::new(name.into()), mailbox, seal, relays })
}

fn hello_json(hello: &Hello) -> Value {
    json!({ "name": hello.name.as_str(), "mailbox": hello.mailbox.to_hex(), "seal": hex(hello.seal.bytes()),
        "relays": hello.relays })
}

/// One step of a conversation: content, libsignal bytes, event.
struct Step<'a> {
    curve: &'a Curve,
    from: &'static str,
    to: (&'a Bytes32, &'a Key),
}

impl Step<'_> {
    fn take(
        &self,
        sender: &mut Session,
        open: &mut dyn FnMut(bool, &[u8], &mut StdRng) -> Vec<u8>,
        body: Body,
        rng: &mut StdRng,
    ) -> Value {
        let stamp = Stamp::draw(self.curve, NOW, rng);
        let padded = content::encode(&Content { erase: stamp.author.clone(), body }).unwrap();
        let (prekey, bytes) = sender.seal(&padded, NOW, rng).unwrap();
        let to = Address { mailbox: self.to.0, seal: self.to.1 };
        let kind = if prekey { envelope::PREKEY } else { envelope::SIGNAL };
        let sealed = envelope::seal(&to, &stamp.nonce, kind, &bytes).unwrap();
        let event = envelope::event(self.curve, to.mailbox, &stamp, &sealed).unwrap();
        assert!(open(prekey, &bytes, rng) == padded.bytes());
        let erase = event::deletion(self.curve, &stamp.author, &event.id, NOW.seconds()).unwrap();
        json!({ "from": self.from, "kind": kind, "stamp": stamp_json(&stamp), "content": hex(padded.bytes()),
            "libsignal": hex(&bytes), "event": event_json(&event), "deletion": event_json(&erase) })
    }
}

/// Name and text of every file.
pub fn make() -> Vec<(&'static str, String)> {
    let mut rng = StdRng::seed_from_u64(0x6275_6c6b_6865_6164);
    let rng = &mut rng;
    let curve = Curve::new();

    let drawn = session::draw(rng).unwrap();
    let (alice_secret, alice) = hello(&curve, "Alice", rng);
    let (identity, signed, one_time, kyber) = drawn.public;
    let expires_at = 1_795_604_800;
    let bundle = Bundle {
        registration: drawn.own.registration,
        identity,
        signed,
        one_time: (PREKEY_ID, one_time),
        kyber,
        hello: alice.clone(),
        expires_at,
    };
    let secret = invite::fresh_secret(&curve, rng);
    let mut link = Link { secret, hash: Bytes([0; 32]), expires_at, relays: alice.relays.clone() };
    let rendezvous = curve.public(&link.mailbox()).unwrap();
    let stamp = Stamp::draw(&curve, NOW, rng);
    let encoded = bundle.encode().unwrap();
    let to = Address { mailbox: &rendezvous, seal: &link.seal() };
    let sealed = envelope::seal(&to, &stamp.nonce, envelope::BUNDLE, &encoded).unwrap();
    link.hash = Bytes(Sha256::digest(&sealed).into());
    let bundle_event = envelope::event(&curve, &rendezvous, &stamp, &sealed).unwrap();
    let keys = &drawn.prekeys;
    let invite_file = json!({
        "link": link.encode().as_str(),
        "link_fields": { "secret": hex(link.secret.bytes()), "hash": link.hash.to_hex(),
            "expires_at": link.expires_at, "relays": link.relays },
        "rendezvous_secret": hex(link.mailbox().bytes()), "rendezvous": rendezvous.to_hex(),
        "rendezvous_seal": hex(link.seal().bytes()),
        "bundle": { "registration": bundle.registration, "identity": hex(&bundle.identity),
            "signed": { "id": bundle.signed.id, "key": hex(&bundle.signed.key), "signature": hex(&bundle.signed.signature) },
            "one_time": { "id": bundle.one_time.0, "key": hex(&bundle.one_time.1) },
            "kyber": { "id": bundle.kyber.id, "key": hex(&bundle.kyber.key), "signature": hex(&bundle.kyber.signature) },
            "hello": hello_json(&alice), "expires_at": bundle.expires_at },
        "bundle_cbor": hex(&encoded), "stamp": stamp_json(&stamp), "event": event_json(&bundle_event),
        "secrets": { "identity": hex(drawn.own.identity.bytes()), "signed": hex(keys.signed.bytes()),
            "one_time": hex(keys.one_time.bytes()), "kyber": hex(keys.kyber.1.bytes()),
            "mailbox": hex(alice_secret.bytes()) },
    });

    let own = Own::draw(rng).unwrap();
    let (bob_secret, bob) = hello(&curve, "Bob", rng);
    let mut bobs = Session::begin(&own, &bundle, NOW, rng).unwrap();
    let mut alices = None;
    let to_alice = Step { curve: &curve, from: "Bob", to: (&alice.mailbox, &alice.seal) };
    let to_bob = Step { curve: &curve, from: "Alice", to: (&bob.mailbox, &bob.seal) };
    let mut steps = Vec::new();
    let first = &mut |_: bool, bytes: &[u8], rng: &mut StdRng| {
        let (session, content) = Session::answer(&drawn.own, keys, bytes, rng).unwrap();
        alices = Some(session);
        content.bytes().to_vec()
    };
    steps.push(to_alice.take(&mut bobs, first, Body::Hello(bob.clone()), rng));
    let mut alices = alices.unwrap();
    let id = |n: u8| core::array::from_fn(|i| n.wrapping_mul(16).wrapping_add(i as u8));
    let text = |n: u8, text: &str| Body::Text { id: id(n), sent_at: NOW.0, text: Plaintext::new(text.into()) };
    for (from_alice, body) in [
        (false, text(1, "Hello before any answer, so still a prekey message")),
        (true, Body::Receipt(Vec::new())),
        (true, Body::Receipt(vec![id(1)])),
        (true, text(2, "שלום 👋 مرحبا")),
        (false, Body::Receipt(vec![id(2)])),
        (false, text(3, &"long ".repeat(400))),
    ] {
        let (sender, receiver, step) =
            if from_alice { (&mut alices, &mut bobs, &to_bob) } else { (&mut bobs, &mut alices, &to_alice) };
        let open = &mut |prekey: bool, bytes: &[u8], rng: &mut StdRng| match receiver.open(prekey, bytes, rng) {
            Opened::Content(content) => content.bytes().to_vec(),
            _ => Vec::new(),
        };
        steps.push(step.take(sender, open, body, rng));
    }
    let (moved_secret, place) = hello(&curve, "-", rng);
    let Hello { mailbox, seal, relays, .. } = place;
    let moved = Moved { revision: 1, mailbox, seal, relays };
    let to_alice = Step { curve: &curve, from: "Bob", to: (&moved.mailbox, &moved.seal) };
    for (from_alice, body) in [(true, Body::Moved(moved.clone())), (false, Body::Receipt(Vec::new()))] {
        let (sender, receiver, step) =
            if from_alice { (&mut alices, &mut bobs, &to_bob) } else { (&mut bobs, &mut alices, &to_alice) };
        let open = &mut |prekey: bool, bytes: &[u8], rng: &mut StdRng| match receiver.open(prekey, bytes, rng) {
            Opened::Content(content) => content.bytes().to_vec(),
            _ => Vec::new(),
        };
        steps.push(step.take(sender, open, body, rng));
    }
    let (digits, qr) = session::fingerprint(&own, &bundle.identity).unwrap();
    let session_file = json!({
        "about": "Continues invite.json: Bob accepts Alice's invite. Each step's libsignal bytes decrypt to its content. In the last but one Alice moves; the last goes to where she is then.",
        "bob": { "identity_secret": hex(own.identity.bytes()), "identity": hex(&own.public().unwrap()),
            "registration": own.registration, "mailbox_secret": hex(bob_secret.bytes()), "hello": hello_json(&bob) },
        "safety_number": { "digits": digits, "qr_at_bob": hex(&qr) },
        "moved": { "revision": moved.revision, "mailbox_secret": hex(moved_secret.bytes()),
            "mailbox": moved.mailbox.to_hex(), "seal": hex(moved.seal.bytes()), "relays": moved.relays },
        "steps": steps,
    });

    let auth = event::authentication(&curve, &alice_secret, &alice.relays[0], "a challenge", NOW.seconds()).unwrap();
    let auth_file = json!({ "mailbox_secret": hex(alice_secret.bytes()), "relay": alice.relays[0],
        "challenge": "a challenge", "created_at": NOW.seconds(), "event": event_json(&auth) });

    let good = link.encode();
    let body = good.as_str().strip_prefix(invite::PREFIX).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = engine.decode(body).unwrap();
        change(&mut bytes);
        format!("{}{}", invite::PREFIX, engine.encode(bytes))
    };
    let bad_file = json!({ "links": [
        { "why": "cut off", "link": good.as_str()[..good.as_str().len() - 8] },
        { "why": "a bit changed", "link": changed(&|b| b[40] ^= 1) },
        { "why": "a newer version", "link": changed(&|b| b[0] = 2) },
        { "why": "version 0", "link": changed(&|b| b[0] = 0) },
        { "why": "bytes after the checksum", "link": changed(&|b| b.push(0)) },
        { "why": "padding characters", "link": format!("{}=", good.as_str()) },
    ] });

    [("invite.json", invite_file), ("session.json", session_file), ("auth.json", auth_file), ("bad.json", bad_file)]
        .into_iter()
        .map(|(name, value)| (name, format!("{value:#}\n")))
        .collect()
}

#[allow(dead_code)]
fn main() -> std::io::Result<()> {
    for (name, text) in make() {
        std::fs::write(format!("{FOLDER}/{name}"), text)?;
    }
    Ok(())
}
