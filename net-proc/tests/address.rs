//! The pure part: `address`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

use bulkhead_ipc::post::MAX_URL;
use bulkhead_net::address::*;
use proptest::prelude::*;
use std::net::IpAddr;

#[test]
fn legal_addresses_are_read() {
    for (url, tls, host, port) in [
        ("wss://relay.example", true, "relay.example", 443),
        ("wss://relay.example:7777/inbox?x=1", true, "relay.example", 7777),
        ("wss://10.0.0.7", true, "10.0.0.7", 443),
        ("wss://[2001:db8::1]:4", true, "2001:db8::1", 4),
        ("ws://localhost:8080", false, "localhost", 8080),
        ("ws://127.8.9.1/", false, "127.8.9.1", 80),
        ("ws://[::1]:9", false, "::1", 9),
        ("ws://abcdef234567.onion", false, "abcdef234567.onion", 80),
    ] {
        let expected = Address { tls, host: host.into(), port, url: url.into() };
        assert_eq!(Address::parse(url), Some(expected), "{url}");
    }
}

#[test]
fn plain_text_outside_and_tricks_are_refused() {
    for url in [
        "",
        "wss://",
        "relay.example",
        "https://relay.example",
        "WSS://relay.example",
        "wss:/relay.example",
        "ws://relay.example",
        "ws://10.0.0.7",
        "ws://128.0.0.1",
        "ws://localhost.example",
        "ws://notlocalhost",
        "ws://onion",
        "ws://x.onion.example",
        "wss://user@relay.example",
        "ws://127.0.0.1@relay.example",
        "wss://relay.example#x",
        "wss://relay.example:0",
        "wss://relay.example:",
        "wss://relay.example:65536",
        "wss://relay.example:080",
        "wss://relay.example:+80",
        "wss://relay..example",
        "wss://.example",
        "wss://-x.example",
        "wss://RELAY.example",
        "wss://rélay.example",
        "wss://relay.example\\@x",
        "ws://127.1",
        "ws://0x7f.0.0.1",
        "ws://127.0.0.0x1",
        "ws://2130706433",
        "ws://0177.0.0.1",
        "wss://[::1",
        "wss://::1",
        "wss://[::1]x:80",
        "wss://relay.example /",
        "wss://relay.example\r\nX: y",
        "ws://127.0.0.1:80:90",
    ] {
        assert_eq!(Address::parse(url), None, "{url}");
    }
    assert_eq!(Address::parse(&format!("wss://x.example/{}", "a".repeat(MAX_URL))), None);
}

#[test]
fn a_proxy_needs_a_port() {
    assert_eq!(parse_proxy("127.0.0.1:9050"), Some(("127.0.0.1".into(), 9050)));
    assert_eq!(parse_proxy("localhost:1"), Some(("localhost".into(), 1)));
    for bad in ["127.0.0.1", ":9050", "x:", "x:y", "socks5://x:1", "u@x:1"] {
        assert_eq!(parse_proxy(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered_and_plain_text_stays_inside(url in "(ws|wss)://[a-z0-9.:@/\\[\\]-]{0,40}|\\PC{0,60}") {
        if let Some(address) = Address::parse(&url) {
            let ip = address.host.parse::<IpAddr>();
            let inside = address.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
            prop_assert!(address.tls || inside || address.host.ends_with(".onion"));
            prop_assert!(address.port != 0);
        }
    }
}
