use super::world::{START, World};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::post::{self, Delivery, Event, FromNet, Verdict};
use bulkhead_ipc::sign;
use bulkhead_vault_core::envelope::{self, Address, Stamp};
use bulkhead_vault_core::event::Curve;
use bulkhead_vault_core::{Changed, Dropped, Input, Key, Time};

/// Bob's message to Alice, as it lies at the relay.
fn caught(world: &mut World) -> Event {
    world.say(1, 1, "caught");
    world.net(1);
    world.stored.pop().unwrap()
}

fn hand_over(world: &mut World, event: Event) -> Dropped {
    world.input(0, Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }])));
    world.vault(0).dropped()
}

#[test]
fn bad_events_are_dropped_by_reason_and_the_good_one_is_taken_once() {
    let mut world = World::pair(60);
    let good = caught(&mut world);
    let changed = |change: &dyn Fn(&mut Event)| {
        let mut event = good.clone();
        change(&mut event);
        event
    };
    let start = world.vault(0).dropped();
    assert_eq!(hand_over(&mut world, changed(&|e| e.id.0[0] ^= 1)).forged, start.forged + 1);
    assert_eq!(hand_over(&mut world, changed(&|e| e.sig.0[9] ^= 1)).forged, start.forged + 2);
    assert_eq!(hand_over(&mut world, changed(&|e| e.pubkey = Bytes([0xff; 32]))).forged, start.forged + 3);
    assert_eq!(hand_over(&mut world, changed(&|e| e.created_at += 1)).forged, start.forged + 4);
    assert_eq!(hand_over(&mut world, changed(&|e| e.content.push('A'))).forged, start.forged + 5);
    assert_eq!(hand_over(&mut world, changed(&|e| e.kind = 1)).malformed, start.malformed + 1);
    assert_eq!(hand_over(&mut world, changed(&|e| drop(e.tags.pop()))).malformed, start.malformed + 2);
    assert_eq!(hand_over(&mut world, changed(&|e| e.tags[0][1] = "zz".into())).malformed, start.malformed + 3);
    assert_eq!(
        hand_over(&mut world, changed(&|e| e.tags[1][1] = "99999999999999".into())).malformed,
        start.malformed + 4
    );
    assert_eq!(hand_over(&mut world, changed(&|e| e.tags[1][1] = "1".into())).expired, start.expired + 1);
    assert_eq!(hand_over(&mut world, changed(&|e| e.tags[1][1] = "999999999999".into())).expired, start.expired + 2);
    assert_eq!(hand_over(&mut world, changed(&|e| e.tags[0][1] = "11".repeat(32))).foreign, start.foreign + 1);
    assert_eq!(world.vault(0).newest(1), 0);
    hand_over(&mut world, good.clone());
    assert_eq!(world.texts(0, 1), ["caught"]);
    assert_eq!(hand_over(&mut world, good.clone()).duplicate, start.duplicate + 1);
    world.restart(0);
    assert_eq!(hand_over(&mut world, good).duplicate, 1);
    assert_eq!(world.texts(0, 1), ["caught"]);
}

#[test]
fn expired_event_is_dropped_although_the_relay_kept_it() {
    let mut world = World::pair(61);
    let event = caught(&mut world);
    world.now = Time(START + 40 * 86_400_000);
    let before = world.vault(0).dropped().expired;
    assert_eq!(hand_over(&mut world, event).expired, before + 1);
}

#[test]
fn replay_under_a_new_envelope_is_a_duplicate_and_nonsense_is_announced_once() {
    let mut world = World::pair(62);
    let good = caught(&mut world);
    hand_over(&mut world, good.clone());
    // Whoever had Alice's seal could put the same bytes into a fresh event.
    let curve = Curve::new();
    let resigned = curve.sign(&Key::new([5; 32]), 1059, good.tags.clone(), good.content.clone(), good.created_at);
    let before = world.vault(0).dropped();
    assert_eq!(hand_over(&mut world, resigned.unwrap()).duplicate, before.duplicate + 1);
    assert_eq!(world.texts(0, 1), ["caught"]);
}

#[test]
fn sealed_nonsense_is_counted_and_the_user_told_once() {
    let mut world = World::pair(63);
    let event = caught(&mut world);
    let mailbox = Bytes32::from_hex(&event.tags[0][1]).unwrap();
    let seal = world.vault(0).store().seals().remove(0);
    let curve = Curve::new();
    for n in 0..3u8 {
        let mut stamp = Stamp::draw(&curve, world.now, &mut world.rng);
        stamp.nonce[0] = n;
        let to = Address { mailbox: &mailbox, seal: &seal };
        let sealed = envelope::seal(&to, &stamp.nonce, envelope::SIGNAL, &[n; 500]).unwrap();
        let nonsense = envelope::event(&curve, &mailbox, &stamp, &sealed).unwrap();
        hand_over(&mut world, nonsense);
    }
    assert_eq!(world.vault(0).dropped().undecryptable, 3);
    assert_eq!(world.noticed(0, Notice::Undecryptable), 1);
    hand_over(&mut world, event);
    assert_eq!(world.texts(0, 1), ["caught"]);
}

#[test]
fn net_that_breaks_the_rules_is_to_be_restarted() {
    for packet in [
        FromNet::Ack { job: u64::MAX, relay: 1, verdict: Verdict::Accepted },
        FromNet::Ack { job: 1, relay: 999, verdict: Verdict::Accepted },
        FromNet::Relay { id: 999, state: post::RelayState::Online },
        FromNet::Hello { life: Some(1), version: 999 },
    ] {
        let mut world = World::pair(64);
        world.input(0, Input::Post(packet));
        assert!(world.people[0].changes.contains(&Changed::NetBroke));
        world.connect(0);
        world.say(0, 1, "still works");
        world.settle();
        assert_eq!(world.texts(1, 1), ["still works"]);
    }
}

#[test]
fn authentication_is_signed_for_own_mailboxes_only_and_not_too_often() {
    let mut world = World::pair(65);
    let mailbox = *world.people[0].watches.keys().next().unwrap();
    let foreign = *world.people[1].watches.keys().next().unwrap();
    let mut ask = |relay, mailbox, challenge: &str| {
        let ask = sign::FromNet::Ask { relay, mailbox, challenge: challenge.into() };
        world.input(0, Input::Sign(ask));
        matches!(world.people[0].signed.last(), Some(sign::ToNet::Signed { .. }))
    };
    assert!(ask(1, mailbox, "challenge"));
    assert!(!ask(1, foreign, "challenge"));
    assert!(!ask(2, mailbox, "challenge"));
    assert!(!ask(1, mailbox, ""));
    assert!(!ask(1, mailbox, "line\nbreak"));
    assert!(!ask(1, mailbox, "ünïcode"));
    assert!(ask(1, mailbox, "again"));
    for _ in 0..6 {
        ask(1, mailbox, "again");
    }
    assert!(!ask(1, mailbox, "too often"));
    world.connect(0);
    world.net(0);
    let ask = sign::FromNet::Ask { relay: 1, mailbox, challenge: "after a hello".into() };
    world.input(0, Input::Sign(ask));
    assert!(matches!(world.people[0].signed.last(), Some(sign::ToNet::Denied { .. })));
    world.pass(61_000);
    let ask = sign::FromNet::Ask { relay: 1, mailbox, challenge: "later".into() };
    world.input(0, Input::Sign(ask));
    let Some(sign::ToNet::Signed { event, .. }) = world.people[0].signed.last() else { panic!() };
    assert_eq!((event.kind, event.content.as_str(), event.pubkey), (22242, "", mailbox));
    assert_eq!(event.tags[1], ["challenge", "later"]);
}
