//! Relays that lie, stall, flood, and break the protocol.
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
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const NOW: u64 = 1_790_000_000;
const MINE: Bytes32 = Bytes([0xaa; 32]);
const OTHER: Bytes32 = Bytes([0xbb; 32]);

/// A relay that sends these texts after the first request, then only reads.
fn says(texts: Vec<String>) -> String {
    scripted(move |_, mut peer| {
        let texts = texts.clone();
        async move {
            peer.serve(&[]).await;
            for text in texts {
                peer.send(text).await;
            }
            peer.idle().await;
        }
    })
}

#[test]
fn garbage_is_dropped_and_what_is_legal_between_it_arrives() {
    let good = unsigned(MINE, 1, NOW);
    let mut texts: Vec<String> =
        ["", "{}", "[[[[[[", "[\"EVENT\"]", "[\"EVENT\",\"b0\",{}]", "[\"OK\"]", "\u{0}", "[\"NOTICE\",\"x\"]"]
            .map(Into::into)
            .into();
    texts.push(delivery("b0", &good));
    let mut net = Net::start(config(500));
    net.relays(&[&says(texts)]);
    net.watch(MINE, NOW);
    assert_eq!(events(&net.until(|m| matches!(m, FromNet::Events(_)))), [good]);
}

#[test]
fn events_that_nobody_asked_for_are_not_passed_on() {
    let good = unsigned(MINE, 1, NOW);
    let texts = vec![
        delivery("b0", &unsigned(OTHER, 2, NOW)),
        delivery("b9", &unsigned(MINE, 3, NOW)),
        delivery("x", &unsigned(MINE, 4, NOW)),
        delivery("b0", &unsigned(MINE, 5, NOW - 1)),
        delivery("b0", &Event { kind: 1, ..unsigned(MINE, 6, NOW) }),
        delivery("b0", &Event { tags: vec![], ..unsigned(MINE, 7, NOW) }),
        delivery("b0", &Event { tags: vec![vec!["e".into(), MINE.to_hex()]], ..unsigned(MINE, 8, NOW) }),
        delivery("b0", &good),
    ];
    let mut net = Net::start(config(500));
    net.relays(&[&says(texts)]);
    net.watch(MINE, NOW);
    assert_eq!(events(&net.until(|m| matches!(m, FromNet::Events(_)))), [good]);
    assert_eq!(net.next(Duration::from_millis(300)), None);
}

#[test]
fn a_flood_of_garbage_ends_the_connection_and_hurts_no_other_relay() {
    let flood = scripted(|_, mut peer| async move { while peer.send("[\"NOISE\"]").await {} });
    let (good, _relay) = local_relay(free_port(), Default::default());
    let mailbox = key(&nostr::Keys::generate());
    let mut net = Net::start(config(500));
    net.relays(&[&flood, &good]);
    net.watch(mailbox, NOW);
    net.until_offline(1, Trouble::Misbehaving);
    let event = envelope(mailbox, "x", NOW).0;
    net.send(ToNet::Publish { job: 5, event: Box::new(event), relays: vec![2], circuit: mailbox });
    assert_eq!(net.verdict(5), Verdict::Accepted);
}

#[test]
fn a_frame_that_is_too_large_ends_the_connection() {
    let mut net = Net::start(config(500));
    net.relays(&[&says(vec![format!("[\"NOTICE\",\"{}\"]", "x".repeat(200_000))])]);
    net.watch(MINE, NOW);
    net.until_offline(1, Trouble::Misbehaving);
}

#[test]
fn an_upgrade_without_end_does_not_fill_the_memory() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    std::thread::spawn(move || {
        use std::io::Write;
        let (mut tcp, _) = listener.accept().unwrap();
        tcp.write_all(b"HTTP/1.1 101 Switching Protocols\r\nX: ").unwrap();
        while tcp.write_all(&[b'x'; 4096]).is_ok() {
            count.fetch_add(4096, SeqCst);
        }
    });
    let mut net = Net::start(config(2000));
    net.relays(&[&url]);
    net.until(|m| matches!(m, FromNet::Relay { id: 1, state: RelayState::Offline(_) }));
    assert!(sent.load(SeqCst) < 16 * 1024 * 1024, "only what the kernel buffers: {}", sent.load(SeqCst));
}

#[test]
fn a_relay_that_never_ends_its_stored_events_is_given_up() {
    let url = scripted(|_, mut peer| async move { peer.idle().await });
    let mut net = Net::start(config(100));
    net.relays(&[&url]);
    net.watch(MINE, NOW);
    net.until_offline(1, Trouble::Misbehaving);
}

#[test]
fn a_relay_that_falls_silent_is_given_up() {
    let url = scripted(|_, mut peer| async move {
        peer.serve(&[]).await;
        tokio::time::sleep(ENOUGH).await;
    });
    let mut net = Net::start(config(100));
    net.relays(&[&url]);
    net.watch(MINE, NOW);
    net.until_offline(1, Trouble::Unreachable);
}

#[test]
fn a_quiet_relay_that_answers_pings_stays_online() {
    let url = scripted(|_, mut peer| async move {
        peer.serve(&[]).await;
        peer.idle().await;
    });
    let mut net = Net::start(config(50));
    net.relays(&[&url]);
    net.watch(MINE, NOW);
    net.until_stored(1, MINE);
    assert_eq!(net.next(Duration::from_millis(2500)), None);
}

#[test]
fn a_relay_that_closes_is_tried_again_with_growing_pauses() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let url = scripted(move |_, peer| {
        counter.fetch_add(1, SeqCst);
        async move { drop(peer) }
    });
    let mut net = Net::start(config(100));
    net.relays(&[&url]);
    net.until_offline(1, Trouble::Closed);
    std::thread::sleep(Duration::from_secs(2));
    // 20, 40, 80 … ms, a quarter less at most.
    assert!((4..=9).contains(&count.load(SeqCst)), "{}", count.load(SeqCst));
    let before = count.load(SeqCst);
    net.send(ToNet::Reconnect);
    std::thread::sleep(Duration::from_millis(300));
    assert!(count.load(SeqCst) > before);
}

/// Reads `n` events of a client and gives their ids.
async fn ids(peer: &mut Peer, n: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < n {
        let message = peer.recv().await.unwrap();
        if message[0] == "EVENT" {
            ids.push(message[1]["id"].as_str().unwrap().into());
        }
    }
    ids
}

#[test]
fn a_refusal_with_a_malformed_id_counts_when_only_one_event_is_out() {
    let url = scripted(|_, mut peer| async move {
        ids(&mut peer, 1).await;
        peer.send(r#"["OK","not an id",false,"invalid: bad"]"#).await;
        let both = ids(&mut peer, 2).await;
        peer.send(r#"["OK","not an id",false,"invalid: bad"]"#).await;
        peer.send(format!(r#"["OK","{}",true,""]"#, "00".repeat(32))).await;
        peer.send(format!(r#"["OK","{}",true,""]"#, both[1])).await;
        peer.idle().await;
    });
    let mut net = Net::start(config(200));
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
    net.publish(1, unsigned(MINE, 1, NOW));
    assert_eq!(net.verdict(1), Verdict::Refused("invalid: bad".into()));
    net.publish(2, unsigned(MINE, 2, NOW));
    net.publish(3, unsigned(MINE, 3, NOW));
    assert_eq!(net.verdict(3), Verdict::Accepted);
    assert_eq!(net.verdict(2), Verdict::Lost);
}

#[test]
fn every_job_is_answered_once_whatever_happens() {
    let closes = scripted(|_, mut peer| async move { drop(ids(&mut peer, 2).await) });
    let mut net = Net::start(config(200));
    net.relays(&[&closes]);
    net.until_state(1, RelayState::Online);
    net.publish(1, unsigned(MINE, 1, NOW));
    net.publish(2, unsigned(MINE, 2, NOW));
    assert_eq!(net.verdict(1), Verdict::Lost);
    assert_eq!(net.verdict(2), Verdict::Lost);
    // A relay that is removed meanwhile.
    net.until_state(1, RelayState::Online);
    net.publish(3, unsigned(MINE, 3, NOW));
    net.send(ToNet::Relays(vec![]));
    assert_eq!(net.verdict(3), Verdict::Lost);
    let after = std::iter::from_fn(|| net.next(Duration::from_millis(300)));
    assert!(!after.into_iter().any(|m| matches!(m, FromNet::Ack { .. })));
}

#[test]
fn challenges_without_end_ask_the_vault_a_few_times_only() {
    let url = scripted(|_, mut peer| async move {
        for n in 0.. {
            if !peer.send(format!(r#"["AUTH","challenge {n}"]"#)).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let mut net = Net::start(config(500));
    net.relays(&[&url]);
    net.watch(MINE, NOW);
    net.until_state(1, RelayState::Online);
    let (mut asked, mut ended) = (0, 0);
    while ended < 2 {
        asked += net.sign_with(&[], &url);
        let message = net.next(ENOUGH).expect("news");
        ended += usize::from(message == FromNet::Relay { id: 1, state: RelayState::Offline(Trouble::Misbehaving) });
    }
    assert!((1..=15).contains(&asked), "{asked}");
}

#[test]
fn after_a_reconnect_an_envelope_with_an_old_time_still_arrives() {
    // A sender that was offline for days: published now, dated then.
    let url = scripted(|number, mut peer| async move {
        if number == 0 {
            peer.serve(&[unsigned(MINE, 1, NOW)]).await;
            for _ in 0..2 {
                peer.serve(&[]).await;
            }
            return;
        }
        let request = peer.serve(&[unsigned(MINE, 2, NOW - 200_000)]).await.unwrap();
        assert_eq!(request[2]["since"], NOW - 300_000);
        peer.idle().await;
    });
    let mut net = Net::start(config(200));
    net.relays(&[&url]);
    net.watch(MINE, NOW - 300_000);
    net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&net.until(|m| matches!(m, FromNet::Events(_))))[0].id, Bytes([2; 32]));
    net.until_stored(1, MINE);
}

#[test]
fn many_mailboxes_share_few_subscriptions() {
    let (tell, told) = std::sync::mpsc::channel();
    let url = scripted(move |_, mut peer| {
        let tell = tell.clone();
        async move {
            while let Some(request) = peer.serve(&[]).await {
                let _ = tell.send(request[2]["#p"].as_array().map_or(0, Vec::len));
            }
        }
    });
    let mut net = Net::start(config(500));
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
    let mailboxes: Vec<_> = (0..120u8).map(|n| Bytes([n; 32])).collect();
    mailboxes.iter().for_each(|m| net.watch(*m, NOW));
    let mut left = mailboxes.clone();
    while !left.is_empty() {
        if let Some(FromNet::Stored { mailbox, .. }) = net.next(ENOUGH) {
            left.retain(|m| *m != mailbox);
        }
    }
    let sizes: Vec<_> = told.try_iter().collect();
    assert!(sizes.iter().all(|n| *n <= 50) && sizes.len() < 20, "{sizes:?}");
}

#[test]
fn a_vault_that_does_not_read_slows_the_relay_down() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let url = scripted(move |_, mut peer| {
        let count = count.clone();
        async move {
            peer.serve(&[]).await;
            let large = Event { content: "x".repeat(48 * 1024), ..unsigned(MINE, 1, NOW) };
            let text = delivery("b0", &large);
            while count.fetch_add(1, SeqCst) < 2_000 && peer.send(text.clone()).await {}
            peer.idle().await;
        }
    });
    let mut net = Net::start(config(200));
    net.relays(&[&url]);
    net.watch(MINE, NOW);
    net.until_stored(1, MINE);
    std::thread::sleep(Duration::from_secs(4));
    let held = sent.load(SeqCst);
    assert!(held < 700, "{held} × 48 KiB went through to nobody");
    // And nothing of it is lost, nor the connection given up, when the vault reads again.
    let mut got = 0;
    while got < 1_999 {
        match net.next(ENOUGH).expect("the rest") {
            FromNet::Events(list) => got += list.len(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn addresses_that_are_not_allowed_are_not_tried() {
    let mut net = Net::start(config(200));
    net.relays(&["ws://relay.example", "http://127.0.0.1", "wss://abc.onion"]);
    net.until_offline(1, Trouble::Address);
    net.until_offline(2, Trouble::Address);
    net.until_offline(3, Trouble::Address);
    net.publish(1, unsigned(MINE, 1, NOW));
    assert_eq!(net.verdict(1), Verdict::Lost);
}
