//! The pure part: `wire`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::post::{Event, MAX_CONTENT, MAX_REASON, MAX_TAGS};
use bulkhead_ipc::sign::MAX_CHALLENGE;
use bulkhead_net::wire::*;
use proptest::prelude::*;

fn sample(content: String, tags: Vec<Vec<String>>) -> Event {
    Event {
        id: Bytes([1; 32]),
        sig: Bytes([2; 64]),
        kind: ENVELOPE,
        tags,
        pubkey: Bytes([3; 32]),
        content,
        created_at: 7,
    }
}

fn from_relay(event: &Event) -> String {
    bulkhead_net::wire::event(event.clone()).replacen("[\"EVENT\",", "[\"EVENT\",\"b0\",", 1)
}

#[test]
fn each_message_that_exists_is_read() {
    let id = "07".repeat(32);
    let ok = |id, accepted, reason: &str| Some(FromRelay::Ok(id, accepted, reason.into()));
    assert_eq!(parse(r#"["EOSE","b0"]"#), Some(FromRelay::Stored("b0".into())));
    assert_eq!(parse(&format!(r#"["OK","{id}",true,""]"#)), ok(Some(Bytes([7; 32])), true, ""));
    assert_eq!(parse(r#"["OK","garbage",false,"invalid: no"]"#), ok(None, false, "invalid: no"));
    assert_eq!(parse(r#"["OK",null,false]"#), ok(None, false, ""));
    assert_eq!(
        parse(r#"["CLOSED","b0","auth-required: x"]"#),
        Some(FromRelay::Closed("b0".into(), "auth-required: x".into()))
    );
    assert_eq!(parse(r#"["AUTH","abc"]"#), Some(FromRelay::Challenge("abc".into())));
    assert_eq!(parse(r#"["NOTICE","hello"]"#), Some(FromRelay::Notice));
}

#[test]
fn all_else_is_refused() {
    let event = sample("x".into(), vec![]);
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        "[1]",
        r#"["EOSE"]"#,
        r#"["EOSE",1]"#,
        r#"["EOSE","b0",1]"#,
        r#"["eose","b0"]"#,
        r#"["OK","x"]"#,
        r#"["OK","x","true",""]"#,
        r#"["OK","x",1,""]"#,
        r#"["EVENT","b0",{}]"#,
        r#"["EOSE","b0"]x"#,
        r#"["COUNT","b0",{"count":1}]"#,
        "[[[[[[[[[[[[[[",
        &format!(r#"["EOSE","{}"]"#, "x".repeat(65)),
        &format!(r#"["AUTH","{}"]"#, "x".repeat(MAX_CHALLENGE + 1)),
        &from_relay(&event).replace("\"created_at\":7", "\"created_at\":-7"),
        &from_relay(&event).replace("\"created_at\":7", "\"created_at\":7.5"),
        &from_relay(&event).replace("\"created_at\":7", "\"created_at\":7,\"created_at\":8"),
        &from_relay(&event).replace("\"created_at\":7", "\"created_at\":7,\"extra\":8"),
        &from_relay(&event).replace("1059", "70000"),
        &from_relay(&event).replace("0101", "010G"),
        &from_relay(&sample("x".repeat(MAX_CONTENT + 1), vec![])),
        &from_relay(&sample(String::new(), vec![vec![]; MAX_TAGS.0 + 1])),
        &from_relay(&sample(String::new(), vec![vec![String::new(); MAX_TAGS.1 + 1]])),
        &from_relay(&sample(String::new(), vec![vec!["x".repeat(MAX_TAGS.2 + 1)]])),
    ] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}

#[test]
fn a_reason_is_cut_between_characters() {
    let Some(FromRelay::Closed(_, reason)) = parse(&format!(r#"["CLOSED","b0","{}"]"#, "é€".repeat(100))) else {
        panic!()
    };
    assert!(reason.len() <= MAX_REASON && reason.len() > MAX_REASON - 4);
}

#[test]
fn a_request_is_what_nip_01_says() {
    let keys = [Bytes([0xab; 32])];
    let expected = format!(r##"["REQ","b1",{{"#p":["{}"],"kinds":[1059],"limit":500,"since":5}}]"##, "ab".repeat(32));
    assert_eq!(request("b1", &keys, 5, None), expected);
    assert!(request("p1", &keys, 5, Some(9)).contains(r#""since":5,"until":9}"#));
    assert_eq!(close("b1"), r#"["CLOSE","b1"]"#);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(content in "\\PC{0,200}", tag in prop::collection::vec("\\PC{0,20}", 0..4), n in any::<[u8; 32]>(), at in any::<u64>()) {
        let event = Event { id: Bytes(n), created_at: at, ..sample(content, vec![tag]) };
        prop_assert_eq!(parse(&from_relay(&event)), Some(FromRelay::Event("b0".into(), Box::new(event))));
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,300}|(\\[|\\]|\"EVENT\"|\"OK\"|,|true|\\{|\\}|\"id\":|1e9|\"\\\\ud800\"){0,40}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_mutation_is_answered(at in 0usize..700, byte in any::<u8>()) {
        let mut bytes = from_relay(&sample("abc".into(), vec![vec!["p".into(), "cd".repeat(32)]])).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes) { let _ = parse(&text); }
    }
}
