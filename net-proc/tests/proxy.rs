//! Through a SOCKS5 proxy: a circuit per mailbox, and names that only the proxy resolves.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

mod common;

use bulkhead_net::address::parse_proxy;
use common::*;
use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, channel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NOW: u64 = 1_790_000_000;

/// What a client asked of the proxy: its credential, the kind and text of the address, the port.
type Asked = (String, u8, String, u16);

/// A proxy that connects everything to `target`, or answers with `code`.
fn proxy(target: Option<String>, code: u8) -> (String, Receiver<Asked>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    listener.set_nonblocking(true).unwrap();
    let (tell, told) = channel();
    thread(move || async move {
        let listener = TcpListener::from_std(listener).unwrap();
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let (target, tell) = (target.clone(), tell.clone());
            tokio::spawn(async move {
                let mut hello = [0; 3];
                tcp.read_exact(&mut hello).await.unwrap();
                assert_eq!(hello, [5, 1, 2]);
                tcp.write_all(&[5, 2]).await.unwrap();
                assert_eq!(tcp.read_u8().await.unwrap(), 1);
                let user = text(&mut tcp).await;
                let password = text(&mut tcp).await;
                tcp.write_all(&[1, 0]).await.unwrap();
                let mut head = [0; 4];
                tcp.read_exact(&mut head).await.unwrap();
                let host = match head[3] {
                    3 => text(&mut tcp).await,
                    1 => format!("{:x}", tcp.read_u32().await.unwrap()),
                    other => panic!("{other}"),
                };
                let port = tcp.read_u16().await.unwrap();
                tell.send((user + &password, head[3], host, port)).unwrap();
                tcp.write_all(&[5, code, 0, 3, 3, b'a', b'b', b'c', 0, 1]).await.unwrap();
                if let Some(target) = target {
                    let mut relay = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut tcp, &mut relay).await;
                }
            });
        }
    });
    (address, told)
}

async fn text(tcp: &mut TcpStream) -> String {
    let mut bytes = vec![0; tcp.read_u8().await.unwrap().into()];
    tcp.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn through(proxy: &str, tick: u64) -> Config {
    Config { proxy: parse_proxy(proxy), ..config(tick) }
}

#[test]
fn each_mailbox_has_a_circuit_of_its_own_and_names_reach_only_the_proxy() {
    let (relay, _stop) = local_relay(free_port(), Default::default());
    let (address, asked) = proxy(Some(relay.replace("ws://", "")), 0);
    let mut net = Net::start(through(&address, 1000));
    net.relays(&["ws://abcdefghijklmnop.onion"]);
    let mailboxes: Vec<_> = (0..3).map(|_| key(&nostr::Keys::generate())).collect();
    for mailbox in &mailboxes {
        net.watch(*mailbox, NOW);
    }
    let mut left = mailboxes.clone();
    while !left.is_empty() {
        if let Some(FromNet::Stored { mailbox, .. }) = net.next(ENOUGH) {
            left.retain(|m| *m != mailbox);
        }
    }
    // A circuit without a watch is made for the event, and the event waits for it.
    let event = envelope(mailboxes[1], "x", NOW).0;
    net.publish_as(1, event.clone(), Bytes([7; 32]));
    let seen = net.until(|m| matches!(m, FromNet::Events(_)));
    assert_eq!(events(&seen), [event]);
    let asked: Vec<_> = asked.try_iter().collect();
    let credentials: BTreeSet<_> = asked.iter().map(|(credential, ..)| credential).collect();
    assert_eq!((asked.len(), credentials.len()), (4, 4));
    for (credential, kind, host, port) in &asked {
        assert_eq!((*kind, host.as_str(), *port), (3, "abcdefghijklmnop.onion", 80));
        assert!(mailboxes.iter().all(|m| !credential.contains(&m.to_hex())));
    }
}

#[test]
fn what_the_proxy_says_is_told_apart() {
    for (code, trouble) in
        [(1, Trouble::Proxy), (2, Trouble::Proxy), (4, Trouble::Unreachable), (5, Trouble::Unreachable)]
    {
        let (address, _asked) = proxy(None, code);
        let mut net = Net::start(through(&address, 300));
        net.relays(&["wss://relay.example"]);
        net.watch(Bytes([1; 32]), NOW);
        net.until_offline(1, trouble);
    }
    let mut net = Net::start(through(&format!("127.0.0.1:{}", free_port()), 300));
    net.relays(&["wss://relay.example"]);
    net.watch(Bytes([1; 32]), NOW);
    net.until_offline(1, Trouble::Proxy);
}
