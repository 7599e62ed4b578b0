//! From recorded bytes to the names of the fields in them.

use serde_json::Value;
use std::collections::BTreeSet;

/// An HTTP upgrade and the WebSocket frames after it (RFC 6455).
pub fn of_websocket(stream: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some((head, frames)) = split(stream) else { return names };
    let mut lines = head.lines();
    let request = lines.next().unwrap_or_default();
    assert!(request.starts_with("GET /") && request.ends_with(" HTTP/1.1"), "{request}");
    names.insert("HTTP request line".into());
    names
        .extend(lines.map(|line| format!("HTTP header {}", line.split(':').next().unwrap_or_default().to_lowercase())));
    for (opcode, payload) in frames {
        match opcode {
            1 => names.extend(of_message(&payload)),
            8 => drop(names.insert("WebSocket close".into())),
            9 => drop(names.insert("WebSocket ping".into())),
            10 => drop(names.insert("WebSocket pong".into())),
            other => panic!("frame of kind {other}"),
        }
    }
    names
}

/// The lengths of the envelopes' contents.
pub fn lengths(stream: &[u8]) -> Vec<usize> {
    let frames = split(stream).map(|(_, frames)| frames).unwrap_or_default();
    let length = |(_, payload): Frame| {
        let message: Value = serde_json::from_slice(&payload).ok()?;
        let event = message.get(1).filter(|event| event["kind"] == 1059)?;
        event["content"].as_str().map(str::len)
    };
    frames.into_iter().filter_map(length).collect()
}

/// A frame's kind, and what it carries, unmasked.
type Frame = (u8, Vec<u8>);

/// The head, and the frames.
fn split(stream: &[u8]) -> Option<(String, Vec<Frame>)> {
    let end = stream.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(stream[..end].to_vec()).expect("text");
    let (mut rest, mut frames) = (&stream[end + 4..], Vec::new());
    while let [first, second, more @ ..] = rest {
        assert_eq!(first & 0xf0, 0x80, "whole messages without extensions");
        assert_eq!(second & 0x80, 0x80, "a client masks");
        let (length, more) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([more[0], more[1]])), &more[2..]),
            127 => (usize::try_from(u64::from_be_bytes(more[..8].try_into().expect("8"))).expect("size"), &more[8..]),
            length => (usize::from(length), more),
        };
        // The last frame may have been cut off by the end of the program.
        let Some(payload) = more.get(4..4 + length) else { break };
        frames.push((first & 15, payload.iter().zip(more[..4].iter().cycle()).map(|(a, b)| a ^ b).collect()));
        rest = &more[4 + length..];
    }
    Some((head, frames))
}

/// A message to a relay (NIP-01, NIP-42).
fn of_message(text: &[u8]) -> BTreeSet<String> {
    let message: Value = serde_json::from_slice(text).expect("JSON");
    let parts = message.as_array().expect("an array");
    let word = parts[0].as_str().expect("a word");
    let mut names = BTreeSet::new();
    for part in &parts[1..] {
        match part {
            Value::String(_) => drop(names.insert(format!("{word} subscription"))),
            Value::Object(event) if word == "EVENT" || word == "AUTH" => {
                let kind = &event["kind"];
                names.extend(event.keys().map(|key| format!("{word} {kind} {key}")));
                let tags = event["tags"].as_array().expect("tags");
                names.extend(tags.iter().map(|tag| format!("{word} {kind} tag {}", tag[0].as_str().expect("a name"))));
            }
            Value::Object(filter) => names.extend(filter.keys().map(|key| format!("{word} filter {key}"))),
            other => panic!("{word} with {other}"),
        }
    }
    names
}

/// The extensions of a TLS ClientHello (RFC 8446, section 4.1.2), which are not encrypted.
pub fn of_client_hello(stream: &[u8]) -> BTreeSet<String> {
    let number =
        |at: usize, length: usize| stream[at..at + length].iter().fold(0, |sum, b| sum * 256 + usize::from(*b));
    assert_eq!((stream[0], stream[5]), (22, 1), "a handshake that begins with ClientHello");
    // Record head 5, handshake head 4, version 2, random 32.
    let mut at = 43;
    at += 1 + number(at, 1);
    at += 2 + number(at, 2);
    at += 1 + number(at, 1);
    let end = at + 2 + number(at, 2);
    at += 2;
    let mut names = BTreeSet::from(["TLS random, session id, cipher suites".to_owned()]);
    while at < end {
        names.insert(format!("TLS extension {}", extension(number(at, 2))));
        at += 4 + number(at + 2, 2);
    }
    names
}

/// By the registry of the IANA.
fn extension(number: usize) -> String {
    match number {
        0 => "server_name",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        13 => "signature_algorithms",
        16 => "application_layer_protocol_negotiation",
        23 => "extended_master_secret",
        35 => "session_ticket",
        43 => "supported_versions",
        45 => "psk_key_exchange_modes",
        51 => "key_share",
        other => return other.to_string(),
    }
    .into()
}

/// What a proxy hears (RFC 1928, RFC 1929): a greeting, a user, a request.
pub fn of_socks(stream: &[u8]) -> BTreeSet<String> {
    assert_eq!(stream[..3], [5, 1, 2], "user name and password is the only method");
    let user = &stream[5..5 + usize::from(stream[4])];
    let rest = &stream[5 + user.len()..];
    let password = &rest[1..=usize::from(rest[0])];
    assert_eq!(user, password);
    let request = &rest[1 + password.len()..];
    assert_eq!(request[..4], [5, 1, 0, 3], "the name is the proxy's to resolve");
    assert_eq!(&request[5..5 + usize::from(request[4])], b"relay.example");
    ["SOCKS user name and password", "SOCKS host and port"].map(str::to_owned).into()
}
