//! Against a real relay implementation, on loopback.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

mod common;

use common::*;

const NOW: u64 = 1_790_000_000;

#[test]
fn nothing_is_done_before_the_welcome() {
    let (url, _relay) = local_relay(free_port(), Default::default());
    let mut net = Net::silent(config(200));
    assert_eq!(net.next(ENOUGH), Some(FromNet::Hello { life: Some(LIFE), version: VERSION }));
    let relays = ToNet::Relays(vec![Relay { id: 1, url: url.clone() }]);
    let watch = ToNet::Watch(Watch { since: 0, relays: vec![1], mailbox: Bytes([2; 32]) });
    // Meant for a process before this one, with the greeting or without.
    let stale = ToNet::Welcome { life: Some(LIFE - 1), version: VERSION };
    [&relays, &watch, &stale, &relays, &watch, &ToNet::Reconnect]
        .into_iter()
        .for_each(|message| slip(&net.post, message));
    assert_eq!(net.next(Duration::from_millis(500)), None);
    net.sign.recv(&mut Buffer::new()).unwrap();
    net.send(ToNet::Welcome { life: Some(LIFE), version: VERSION });
    net.sign.send(&sign::ToNet::Welcome { life: Some(LIFE), version: VERSION }).unwrap();
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
}

#[test]
fn an_envelope_that_is_published_arrives_at_those_who_watch() {
    let (url, _relay) = local_relay(free_port(), Default::default());
    let mailboxes = [key(&nostr::Keys::generate()), key(&nostr::Keys::generate())];
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    net.watch(mailboxes[0], NOW);
    let stored = net.until_stored(1, mailboxes[0]);
    assert!(events(&stored).is_empty());
    let (first, second) = (envelope(mailboxes[0], "one", NOW).0, envelope(mailboxes[1], "two", NOW).0);
    net.publish(7, first.clone());
    let seen = net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&seen), [first]);
    net.publish(8, second.clone());
    assert_eq!(net.verdict(8), Verdict::Accepted);
    // Watched only now: it comes from what the relay has stored.
    net.watch(mailboxes[1], NOW);
    assert!(events(&net.until_stored(1, mailboxes[1])).contains(&second));
    net.send(ToNet::Unwatch(mailboxes[1]));
    net.publish(9, envelope(mailboxes[1], "three", NOW).0);
    net.publish(10, envelope(mailboxes[0], "four", NOW).0);
    let seen = net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&seen)[0].content, "four");
}

#[test]
fn a_deletion_by_the_one_time_author_removes_the_envelope() {
    let (url, _relay) = local_relay(free_port(), Default::default());
    let mailbox = key(&nostr::Keys::generate());
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
    let (event, keys) = envelope(mailbox, "x", NOW);
    net.publish(1, event.clone());
    assert_eq!(net.verdict(1), Verdict::Accepted);
    let request = nostr::EventDeletionRequest::new().id(nostr::EventId::from_byte_array(event.id.0));
    net.publish(2, convert(&nostr::EventBuilder::delete(request).sign_with_keys(&keys).unwrap()));
    assert_eq!(net.verdict(2), Verdict::Accepted);
    net.watch(mailbox, NOW);
    assert!(events(&net.until_stored(1, mailbox)).is_empty());
}

#[test]
fn all_of_a_large_backlog_arrives_in_pages_even_where_seconds_are_crowded() {
    let builder = nostr::RelayBuilder::default().max_filter_limit(100);
    let (url, _relay) = local_relay(free_port(), builder);
    let mailbox = key(&nostr::Keys::generate());
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
    // 40 a second, so that a page's edge always lies inside a second.
    for job in 0..730 {
        net.publish(job, envelope(mailbox, "x", NOW + job / 40).0);
    }
    for _ in 0..730 {
        net.until(|m| matches!(m, FromNet::Ack { verdict: Verdict::Accepted, .. }));
    }
    net.watch(mailbox, NOW);
    let seen = net.until_stored(1, mailbox);
    let ids: std::collections::BTreeSet<_> = events(&seen).iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), 730);
    assert!(seen.iter().all(|m| !matches!(m, FromNet::Events(list) if list.len() > 64)));
}

#[test]
fn a_relay_that_comes_back_is_used_again_without_loss() {
    let port = free_port();
    let database = std::sync::Arc::new(nostr::MemoryDatabase::with_opts(nostr::MemoryDatabaseOptions {
        events: true,
        max_events: None,
    }));
    let builder = nostr::RelayBuilder::default().database(database);
    let (url, stop) = local_relay(port, builder.clone());
    let mailbox = key(&nostr::Keys::generate());
    let mut net = Net::start(config(300));
    net.relays(&[&url]);
    net.watch(mailbox, NOW);
    net.until_stored(1, mailbox);
    stop.send(()).unwrap();
    net.until(|m| matches!(m, FromNet::Relay { id: 1, state: RelayState::Offline(_) }));
    net.publish(1, envelope(mailbox, "lost", NOW).0);
    assert_eq!(net.verdict(1), Verdict::Lost);
    std::thread::sleep(Duration::from_millis(500));
    let (_, _stop) = local_relay(port, builder);
    net.send(ToNet::Reconnect);
    net.until_stored(1, mailbox);
    net.publish(2, envelope(mailbox, "found", NOW).0);
    let seen = net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&seen)[0].content, "found");
}

/// Signs what is asked until `mailboxes` are read to the end.
fn sign_until_stored(net: &mut Net, keys: &[nostr::Keys], url: &str) -> usize {
    let (mut asked, mut left) = (0, keys.iter().map(key).collect::<Vec<_>>());
    let start = std::time::Instant::now();
    while !left.is_empty() {
        assert!(start.elapsed() < ENOUGH, "waited in vain");
        asked += net.sign_with(keys, url);
        if let Some(FromNet::Stored { mailbox, .. }) = net.next(Duration::from_millis(20)) {
            left.retain(|m| *m != mailbox);
        }
    }
    asked
}

#[test]
fn a_relay_that_gives_mail_to_its_owner_only_gets_a_connection_per_mailbox() {
    let (url, _relay) = local_relay(free_port(), nostr::RelayBuilder::default().auth_dm(true));
    let keys = [nostr::Keys::generate(), nostr::Keys::generate(), nostr::Keys::generate()];
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    keys.iter().for_each(|k| net.watch(key(k), NOW));
    let asked = sign_until_stored(&mut net, &keys, &url);
    assert!((3..=6).contains(&asked), "{asked}");
    let (event, _) = envelope(key(&keys[1]), "x", NOW);
    net.publish_as(1, event.clone(), key(&keys[0]));
    let seen = net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&seen), [event]);
}

#[test]
fn an_event_refused_for_want_of_authentication_is_sent_again_after_it() {
    let mode = nostr::RelayBuilderNip42 { mode: nostr::RelayBuilderNip42Mode::Both };
    let (url, _relay) = local_relay(free_port(), nostr::RelayBuilder::default().nip42(mode));
    let keys = [nostr::Keys::generate()];
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    net.watch(key(&keys[0]), NOW);
    sign_until_stored(&mut net, &keys, &url);
    // Another circuit: the connection is new, and the event is what it is first asked about.
    let other = [nostr::Keys::generate()];
    net.publish_as(1, envelope(key(&keys[0]), "x", NOW).0, key(&other[0]));
    net.publish_as(2, envelope(key(&keys[0]), "y", NOW).0, key(&other[0]));
    let mut verdicts = 0;
    let start = std::time::Instant::now();
    while verdicts < 2 {
        assert!(start.elapsed() < ENOUGH, "waited in vain");
        net.sign_with(&other, &url);
        if let Some(FromNet::Ack { verdict, .. }) = net.next(Duration::from_millis(20)) {
            assert_eq!(verdict, Verdict::Accepted);
            verdicts += 1;
        }
    }
    // A circuit that is not the vault's own: refused.
    net.publish_as(3, envelope(key(&keys[0]), "z", NOW).0, Bytes([9; 32]));
    let start = std::time::Instant::now();
    let verdict = loop {
        assert!(start.elapsed() < ENOUGH, "waited in vain");
        net.sign_with(&[], &url);
        if let Some(FromNet::Ack { job: 3, verdict, .. }) = net.next(Duration::from_millis(20)) {
            break verdict;
        }
    };
    assert!(matches!(verdict, Verdict::Refused(reason) if reason.starts_with("auth-required")));
}
