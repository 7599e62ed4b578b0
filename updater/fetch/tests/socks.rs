//! Through a SOCKS5 proxy: names are the proxy's to look up, circuits differ, and nothing goes past it.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bad;
mod proxy;

use bad::{Mood, bytes, files, mirror, patience};
use bulkhead_fetch::Trouble;
use bulkhead_fetch::address::Address;
use bulkhead_fetch::dial::Dialer;
use bulkhead_fetch::mirrors::Mirrors;
use proxy::{Manner, Proxy};
use std::collections::BTreeSet;
use tokio_rustls::rustls::RootCertStore;

fn through(port: u16, circuit: &str, list: &[&str]) -> Mirrors {
    let dialer = Dialer::new(RootCertStore::empty(), Some(("127.0.0.1".to_owned(), port))).unwrap();
    let list = list.iter().map(|text| Address::parse(text).unwrap()).collect();
    Mirrors::new(dialer, list, circuit, 1 << 20, patience())
}

#[tokio::test]
async fn mirrors_are_reached_by_name_each_on_a_circuit_of_its_own() {
    let content = bytes(40_000);
    let files = files(&[("file", &content)]);
    let (one, two) = (mirror(Mood::Truncated(50), &files).await, mirror(Mood::Good, &files).await);
    let names = [("one.onion", one.address.port), ("two.onion", two.address.port)];
    let proxy = Proxy::new(names.map(|(name, port)| (name.to_owned(), port))).await;
    for circuit in ["monday", "tuesday"] {
        let both = through(proxy.port, circuit, &["http://one.onion/mirror", "http://two.onion/mirror"]);
        assert_eq!(both.file("file", 40_000).await, Ok(Some(content.clone())));
    }
    let asked = proxy.asked.lock().unwrap().clone();
    assert_eq!(
        asked.iter().map(|asked| asked.host.as_str()).collect::<BTreeSet<_>>(),
        ["one.onion", "two.onion"].into()
    );
    assert!(asked.iter().all(|asked| asked.port == 80));
    // Two mirrors, two looks: four circuits.
    assert_eq!(asked.iter().map(|asked| asked.user.as_str()).collect::<BTreeSet<_>>().len(), 4);
}

#[tokio::test]
async fn proxy_that_misbehaves_is_told_from_a_mirror_that_is_not_there() {
    let files = files(&[("file", b"content")]);
    let one = mirror(Mood::Good, &files).await;
    let cases = [
        (Manner::Good, Ok(Some(b"content".to_vec()))),
        (Manner::Named, Ok(Some(b"content".to_vec()))),
        (Manner::Open, Err(Trouble::Proxy)),
        (Manner::Strict, Err(Trouble::Proxy)),
        (Manner::Odd, Err(Trouble::Proxy)),
        (Manner::Truncated, Err(Trouble::Proxy)),
        (Manner::Http, Err(Trouble::Proxy)),
        (Manner::Reply(1), Err(Trouble::Proxy)),
        (Manner::Reply(2), Err(Trouble::Proxy)),
        (Manner::Reply(3), Err(Trouble::Unreachable)),
        (Manner::Reply(4), Err(Trouble::Unreachable)),
        (Manner::Reply(5), Err(Trouble::Unreachable)),
        (Manner::Reply(6), Err(Trouble::Unreachable)),
        (Manner::Reply(7), Err(Trouble::Proxy)),
    ];
    for (manner, expected) in cases {
        let proxy = Proxy::with(manner, [("one.onion".to_owned(), one.address.port)]).await;
        let came = through(proxy.port, "test", &["http://one.onion/mirror"]).file("file", 7).await;
        assert_eq!(came, expected, "{manner:?}");
    }
}

#[tokio::test]
async fn nothing_goes_past_a_proxy_that_is_not_there() {
    let one = mirror(Mood::Good, &files(&[("file", b"content")])).await;
    let address = format!("http://127.0.0.1:{}/mirror", one.address.port);
    assert_eq!(through(1, "test", &[&address]).file("file", 7).await, Err(Trouble::Proxy));
    assert!(one.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn onion_service_is_asked_of_nobody_without_a_proxy() {
    let dialer = Dialer::new(RootCertStore::empty(), None).unwrap();
    let list = vec![Address::parse("http://one.onion/mirror").unwrap()];
    let alone = Mirrors::new(dialer, list, "test", 1 << 20, patience());
    assert_eq!(alone.file("file", 7).await, Err(Trouble::Unreachable));
}

#[tokio::test]
async fn addresses_go_through_the_proxy_as_addresses() {
    let content = b"content".to_vec();
    let one = mirror(Mood::Good, &files(&[("file", &content)])).await;
    let proxy = Proxy::new(["127.0.0.1", "::1"].map(|host| (host.to_owned(), one.address.port))).await;
    for address in ["http://127.0.0.1:7/mirror", "http://[::1]:7/mirror"] {
        assert_eq!(
            through(proxy.port, "test", &[address]).file("file", 7).await,
            Ok(Some(content.clone())),
            "{address}"
        );
    }
}
