use super::*;
use crate::bytes::{Bytes32, Bytes64};
use crate::{control, intent, pixels, post, sign, update};
use pixels::{Cursor, Rect, Slot, SlotKey, SlotKind, Theme};

fn event() -> post::Event {
    post::Event {
        id: Bytes32::from_hex(&"ab".repeat(32)).unwrap_or(crate::bytes::Bytes([0; 32])),
        sig: crate::bytes::Bytes([7; 64]) as Bytes64,
        kind: 1059,
        tags: vec![vec!["p".into(), "00".repeat(32)], vec!["expiration".into(), "1700000000".into()]],
        pubkey: crate::bytes::Bytes([1; 32]),
        content: "A".repeat(300),
        created_at: 1_700_000_000,
    }
}

/// Bytes that mean something in CBOR: heads of all kinds.
const TELLING: [u8; 18] =
    [0x00, 0x17, 0x18, 0x19, 0x20, 0x40, 0x5f, 0x60, 0x78, 0x80, 0x81, 0x9f, 0xa0, 0xa1, 0xbf, 0xf4, 0xf6, 0xff];

/// Reads in three steps, with another library: the walk, serde's reading, and writing again to compare the bytes.
fn read_by_another_library<M: Message>(bytes: &[u8]) -> Option<M> {
    well_formed(bytes).ok()?;
    let message: M = minicbor_serde::from_slice(bytes).ok()?;
    message.check().ok()?;
    (minicbor_serde::to_vec(&message).ok()? == bytes).then_some(message)
}

fn round_trip<M: Message + Clone + PartialEq + std::fmt::Debug>(message: M) -> Result<(), Error> {
    let bytes = encode(&message)?;
    assert!(minicbor_serde::to_vec(&message).is_ok_and(|written| written == bytes));
    well_formed(&bytes)?;
    assert_eq!(decode::<M>(&bytes)?, message);
    for cut in 0..bytes.len() {
        assert!(decode::<M>(bytes.get(..cut).unwrap_or_default()).is_err());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(decode::<M>(&longer), Err(Error::Trailing(bytes.len())));
    every_change(&bytes, |changed| {
        let read = decode::<M>(changed);
        assert_eq!(read.clone().ok(), read_by_another_library(changed), "{changed:02x?}");
        if let Err(why) = well_formed(changed) {
            assert_eq!(read, Err(why), "{changed:02x?}");
        }
    });
    Ok(())
}

/// The bytes with one bit turned, one byte taken out, or a telling one put in or in its place; everywhere.
fn every_change(bytes: &[u8], judge: impl Fn(&[u8])) {
    for at in 0..bytes.len() {
        let change = |with: &[u8]| {
            let mut changed = bytes.to_vec();
            changed.splice(at..=at, with.iter().copied());
            judge(&changed);
        };
        let Some(byte) = bytes.get(at).copied() else { continue };
        change(&[]);
        (0..8).for_each(|bit| change(&[byte ^ 1 << bit]));
        for telling in TELLING {
            change(&[telling]);
            change(&[telling, byte]);
        }
    }
}

#[test]
fn every_message_is_deterministic_and_round_trips() -> Result<(), Error> {
    let mailbox = crate::bytes::Bytes([9; 32]);
    let key = SlotKey { kind: SlotKind::Compose, handle: 70_000 };
    for (life, version) in [(None, 1), (Some(0), 2), (Some(70_000), 65_535)] {
        round_trip(post::ToNet::Welcome { life, version })?;
        round_trip(post::FromNet::Hello { life, version })?;
        round_trip(sign::ToNet::Welcome { life, version })?;
        round_trip(sign::FromNet::Hello { life, version })?;
        round_trip(pixels::ToUi::Welcome { life, version })?;
        round_trip(pixels::FromUi::Hello { life, version })?;
        round_trip(intent::ToUi::Welcome { life, version })?;
        round_trip(intent::FromUi::Hello { life, version })?;
    }
    round_trip(post::ToNet::Relays(vec![post::Relay { id: 1, url: "wss://relay.example".into() }]))?;
    round_trip(post::ToNet::Watch(post::Watch { since: 5, relays: vec![1, 2], mailbox }))?;
    round_trip(post::ToNet::Unwatch(mailbox))?;
    round_trip(post::ToNet::Publish { job: 1, event: Box::new(event()), relays: vec![1], circuit: mailbox })?;
    round_trip(post::ToNet::Reconnect)?;
    for state in
        [post::RelayState::Connecting, post::RelayState::Online, post::RelayState::Offline(post::Trouble::Proxy)]
    {
        round_trip(post::FromNet::Relay { id: 3, state })?;
    }
    round_trip(post::FromNet::Events(vec![post::Delivery { event: event(), relay: 3 }]))?;
    round_trip(post::FromNet::Stored { relay: 3, mailbox })?;
    for verdict in [post::Verdict::Accepted, post::Verdict::Lost, post::Verdict::Refused("blocked: no".into())] {
        round_trip(post::FromNet::Ack { job: 900, relay: 3, verdict })?;
    }
    round_trip(sign::FromNet::Ask { relay: 1, mailbox, challenge: "c".into() })?;
    round_trip(sign::ToNet::Signed { event: Box::new(event()), relay: 1, mailbox })?;
    round_trip(sign::ToNet::Denied { relay: 1, mailbox })?;
    round_trip(control::ToLauncher::Restart(control::Peer::Ui))?;
    round_trip(control::FromLauncher::Restarting { peer: control::Peer::Net, life: Some(3), delay: 250 })?;
    round_trip(control::FromLauncher::Quit)?;
    round_trip(control::ToLauncher::Started)?;
    round_trip(control::ToLauncher::Wish(update::Wish::ExportProof))?;
    let sentence = || update::Sentence::cut("é 1");
    for status in [
        update::Status::Off,
        update::Status::Frozen { since: 70_000, parties: vec![update::Party::Quality] },
        update::Status::Forked { party: update::Party::Security, proof: Some(sentence()) },
        update::Status::Ready {
            wider: vec![sentence()],
            changes: update::Words::cut("a"),
            release: update::Release { number: 7, version: sentence() },
            signers: vec![],
            narrower: 1,
        },
    ] {
        let notice = update::Notice { status, checked: Some(9), details: update::Words::cut("x\ny") };
        round_trip(control::FromLauncher::Notice(Box::new(notice)))?;
    }
    round_trip(pixels::ToUi::Configure {
        scale: 240,
        theme: Theme::Dark,
        width: 800,
        height: 600,
        memory: true,
        serial: 7,
        capacity: 4_000_000,
    })?;
    round_trip(pixels::ToUi::Release { buffer: 1 })?;
    let rect = Rect::new(-3, 4, 500, 70_000);
    let slot = Slot { key, clip: rect, rect, background: 0xff_ffff };
    round_trip(pixels::FromUi::Frame {
        slots: Some(vec![slot]),
        buffer: 1,
        cursor: Cursor::Hand,
        damage: vec![rect],
        serial: 9,
    })?;
    round_trip(pixels::FromUi::Frame { slots: None, buffer: 0, cursor: Cursor::Arrow, damage: vec![], serial: 9 })?;
    for phase in [
        intent::Phase::Setup,
        intent::Phase::Locked,
        intent::Phase::Unlocking,
        intent::Phase::Open,
        intent::Phase::Broken,
    ] {
        round_trip(intent::ToUi::Phase(phase))?;
    }
    round_trip(intent::ToUi::Contacts(vec![intent::Contact {
        handle: 1,
        unread: 300,
        waiting: true,
        verified: false,
    }]))?;
    round_trip(intent::ToUi::Relays(vec![intent::Relay { id: 1, own: true, state: post::RelayState::Online }]))?;
    round_trip(intent::ToUi::Invite(intent::Invite::Used { handle: 4 }))?;
    round_trip(intent::ToUi::Accept(intent::Accept::Done { handle: 4 }))?;
    round_trip(intent::ToUi::Focus(Some(key)))?;
    round_trip(intent::ToUi::Focus(None))?;
    round_trip(intent::ToUi::Notice(Some(intent::Notice::NetRestarted)))?;
    round_trip(intent::ToUi::Command(intent::Command::FocusNext))?;
    round_trip(intent::ToUi::Pointer(intent::Pointer::Wheel { x: 0, y: -960 }))?;
    round_trip(intent::FromUi::Open(Some(3)))?;
    round_trip(intent::FromUi::Verified { handle: 3, verified: true })?;
    round_trip(intent::FromUi::Theme(Theme::Light))
}

#[test]
fn what_is_not_deterministic_is_refused() {
    let cases: [(&[u8], Error); 14] = [
        (&[], Error::Truncated(0)),
        (&[0x18, 0x17], Error::NotDeterministic(0)),       // 23 in two bytes
        (&[0x19, 0x00, 0xff], Error::NotDeterministic(0)), // 255 in three
        (&[0x5f, 0xff], Error::NotDeterministic(0)),       // indefinite bytes
        (&[0x9f, 0xff], Error::NotDeterministic(0)),       // indefinite array
        (&[0xa2, 0x61, 0x62, 0, 0x61, 0x61, 0], Error::NotDeterministic(4)), // keys b, a
        (&[0xa2, 0x61, 0x61, 0, 0x61, 0x61, 0], Error::NotDeterministic(4)), // key twice
        (&[0xc0, 0x00], Error::NotDeterministic(0)),       // tag
        (&[0xf9, 0, 0], Error::NotDeterministic(0)),       // float
        (&[0xf8, 0x14], Error::NotDeterministic(0)),       // false in two bytes
        (&[0x61, 0xff], Error::NotDeterministic(0)),       // not UTF-8
        (&[0x9a, 0xff, 0xff, 0xff, 0xff], Error::Truncated(0)), // four billion elements
        (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Error::Truncated(0)),
        (&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x00], Error::TooDeep(8)),
    ];
    for (bytes, error) in cases {
        assert_eq!(well_formed(bytes), Err(error), "{bytes:02x?}");
    }
}

#[test]
fn bounds_hold_on_both_ends() {
    let long = post::ToNet::Relays(vec![post::Relay { id: 1, url: "w".repeat(post::MAX_URL + 1) }]);
    assert_eq!(encode(&long), Err(Error::Bounds(OutOfBounds("url"))));
    let bytes = minicbor_serde::to_vec(&long).unwrap_or_default();
    assert_eq!(decode::<post::ToNet>(&bytes), Err(Error::Schema));
    assert_eq!(decode::<post::ToNet>(&[0xa1, 0x61, 0x58, 0x00]), Err(Error::Schema));
}

#[test]
fn hello_of_version_1_is_understood_and_a_later_one_without_a_life_is_not() {
    let hello = |version: u8, life: bool| {
        let mut bytes = b"\xa1\x65Hello".to_vec();
        bytes.extend_from_slice(if life { b"\xa2\x64life\x07" } else { b"\xa1" });
        bytes.extend_from_slice(b"\x67version");
        bytes.push(version);
        decode::<sign::FromNet>(&bytes)
    };
    assert_eq!(hello(1, false), Ok(sign::FromNet::Hello { life: None, version: 1 }));
    assert_eq!(hello(2, true), Ok(sign::FromNet::Hello { life: Some(7), version: 2 }));
    assert_eq!(hello(2, false), Err(Error::Bounds(OutOfBounds("life"))));
    assert_eq!(hello(1, true), Err(Error::Bounds(OutOfBounds("life"))));
    assert_eq!(hello(0, false), Err(Error::Bounds(OutOfBounds("version"))));
}

#[test]
fn of_every_message_exactly_one_encoding_is_legal() {
    let cases: [&[u8]; 4] = [
        b"\xa1\x69Reconnect\xf6",                        // a value where the variant has none
        b"\xa1\x67Release\xa2\x61a\x00\x66buffer\x00",   // an unknown field in a variant
        b"\xa1\x65Hello\xa2\x64life\xf6\x67version\x01", // nothing, said aloud
        b"\xa1\x65Frame\xa4\x66buffer\x00\x66cursor\x65Arrow\x66damage\x80\x66serial\x00", // no slots, not even none
    ];
    for bytes in cases {
        assert_eq!(well_formed(bytes), Ok(()), "{bytes:02x?}");
        assert_eq!(decode::<post::ToNet>(bytes).err(), Some(Error::Schema), "{bytes:02x?}");
        assert_eq!(decode::<pixels::ToUi>(bytes).err(), Some(Error::Schema), "{bytes:02x?}");
        assert_eq!(decode::<pixels::FromUi>(bytes).err(), Some(Error::Schema), "{bytes:02x?}");
    }
}

/// No message has a field that serde by itself would take as nothing when it is missing. Should one come, it has to
/// be there.
#[test]
fn a_missing_field_is_not_taken_as_nothing() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Two {
        a: u8,
        b: Option<u8>,
    }
    let read = |bytes: &[u8]| <Two as serde::Deserialize>::deserialize(&mut Reader(bytes));
    assert_eq!(read(b"\xa2\x61a\x01\x61b\xf6"), Ok(Two { a: 1, b: None }));
    assert_eq!(read(b"\xa1\x61a\x01"), Err(Refused));
}
