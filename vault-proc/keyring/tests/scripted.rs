//! Services that ask, refuse, lie, break off or say too much. The real one is asked in `tests/lock/keyring.rs`.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::keyring::Why;
use bulkhead_ipc::seal::Half;
use bulkhead_keyring::bus::{Bus, Error};
use bulkhead_keyring::message::{Call, HEAD, Message, call, rest};
use bulkhead_keyring::service::Secrets;
use bulkhead_keyring::wire::{Reader, Writer};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Duration;
use zeroize::Zeroizing;

const NAME: Bytes32 = Bytes([0x5a; 32]);
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";

/// The other end: a bus and a service in one.
struct Service {
    stream: UnixStream,
    serial: u32,
}

impl Service {
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    fn say(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next call's method; nothing at the end.
    fn called(&mut self) -> Option<String> {
        let mut head = [0; HEAD];
        self.stream.read_exact(&mut head).ok()?;
        let mut bytes = Zeroizing::new(head.to_vec());
        let more = rest(&head).unwrap();
        bytes.resize(HEAD + more, 0);
        self.stream.read_exact(&mut bytes[HEAD..]).ok()?;
        self.serial = u32::from_le_bytes(head[8..12].try_into().unwrap());
        // Read as a signal, a call tells its member.
        bytes[1] = 4;
        Message::parse(bytes).unwrap().signal.map(|(_, _, member)| member)
    }

    /// A message of this kind: to the call, with these types and values.
    fn message(&mut self, kind: u8, fields: &[(u8, &str, &str)], body: impl FnOnce(&mut Writer)) {
        let mut values = Writer::new();
        body(&mut values);
        let values = values.done();
        let mut writer = Writer::new();
        writer.raw(&[b'l', kind, 0, 1]);
        writer.u32(u32::try_from(values.len()).unwrap());
        writer.u32(9);
        let serial = self.serial;
        writer.array(8, |list| {
            if kind != 4 {
                list.u8(5);
                list.signature("u");
                list.u32(serial);
            }
            for (field, types, value) in fields {
                list.align(8);
                list.u8(*field);
                list.signature(types);
                if *types == "g" { list.signature(value) } else { list.text(value) }
            }
        });
        writer.align(8);
        writer.raw(&values);
        let bytes = writer.done();
        self.say(&bytes);
    }

    fn answer(&mut self, signature: &str, body: impl FnOnce(&mut Writer)) {
        let fields: &[_] = if signature.is_empty() { &[] } else { &[(8, "g", signature)] };
        self.message(2, fields, body);
    }

    fn refuse(&mut self, name: &str) {
        self.message(3, &[(4, "s", name)], |_| ());
    }

    fn completed(&mut self, path: &str, dismissed: bool) {
        let fields = [(1, "o", path), (2, "s", "org.freedesktop.Secret.Prompt"), (3, "s", "Completed"), (8, "g", "bv")];
        self.message(4, &fields, |body| {
            body.bool(dismissed);
            body.signature("s");
            body.text("");
        });
    }

    /// What a service does of which nothing else is said.
    fn usual(&mut self, method: &str) {
        match method {
            "OpenSession" => self.answer("vo", |body| {
                body.signature("s");
                body.text("");
                body.text("/org/freedesktop/secrets/session/s1");
            }),
            "ReadAlias" => self.answer("o", |body| body.text("/org/freedesktop/secrets/collection/login")),
            "Get" => self.answer("v", |body| {
                body.signature("b");
                body.bool(false);
            }),
            "SearchItems" => self.found(&[ITEM], &[]),
            "CreateItem" => self.answer("oo", |body| {
                body.text(ITEM);
                body.text("/");
            }),
            "Delete" => self.answer("o", |body| body.text("/")),
            "Unlock" => self.answer("aoo", |body| {
                body.array(4, |_| ());
                body.text(PROMPT);
            }),
            "GetSecret" => self.secret("5a".repeat(32).as_bytes()),
            _ => self.answer("", |_| ()),
        }
    }

    fn found(&mut self, open: &[&str], locked: &[&str]) {
        self.answer("aoao", |body| {
            for list in [open, locked] {
                body.array(4, |entries| list.iter().for_each(|path| entries.text(path)));
            }
        });
    }

    fn secret(&mut self, secret: &[u8]) {
        self.answer("(oayays)", |body| {
            body.text("/org/freedesktop/secrets/session/s1");
            body.bytes(&[]);
            body.bytes(secret);
            body.text("text/plain");
        });
    }
}

/// This process's end, greeted; the service does what the script does not.
fn with(
    mut script: impl FnMut(&mut Service, &str) -> bool + Send + 'static,
) -> (Secrets<UnixStream>, JoinHandle<Vec<String>>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let service = std::thread::spawn(move || {
        let mut service = Service { stream: theirs, serial: 0 };
        assert_eq!(service.line(), "\0AUTH EXTERNAL\r\n");
        service.say(b"DATA\r\n");
        assert_eq!(service.line(), "DATA\r\n");
        service.say(b"OK 1234\r\n");
        assert_eq!(service.line(), "BEGIN\r\n");
        let mut heard = Vec::new();
        while let Some(method) = service.called() {
            if !script(&mut service, &method) {
                service.usual(&method);
            }
            heard.push(method);
        }
        heard
    });
    (Secrets(Bus::greet(ours).unwrap()), service)
}

fn fetch(script: impl FnMut(&mut Service, &str) -> bool + Send + 'static) -> Result<Half, Why> {
    with(script).0.fetch(NAME)
}

fn keep(ask: bool, script: impl FnMut(&mut Service, &str) -> bool + Send + 'static) -> Result<(), Why> {
    with(script).0.keep(NAME, &Half::new([1; 32]), ask)
}

#[test]
fn share_is_kept_fetched_and_forgotten_and_each_session_is_closed() {
    let (mut secrets, service) = with(|_, _| false);
    assert_eq!(secrets.keep(NAME, &Half::new([1; 32]), false), Ok(()));
    assert_eq!(secrets.fetch(NAME), Ok(Half::new([0x5a; 32])));
    assert_eq!(secrets.forget(NAME, false), Ok(()));
    drop(secrets);
    let heard = service.join().unwrap();
    let expected = [
        "Hello",
        "AddMatch",
        "OpenSession",
        "ReadAlias",
        "Get",
        "CreateItem",
        "Close",
        "OpenSession",
        "SearchItems",
        "GetSecret",
        "Close",
        "SearchItems",
        "Delete",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn what_is_no_share_is_foreign_and_what_is_not_there_absent() {
    let digits = "5a".repeat(32);
    for wrong in [b"".to_vec(), b"short".to_vec(), digits.to_uppercase().into_bytes(), vec![0xff; 64], vec![b'a'; 65]] {
        let mut answer = wrong.clone();
        let found = fetch(move |service, method| {
            let now = method == "GetSecret";
            if now {
                service.secret(&std::mem::take(&mut answer));
            }
            now
        });
        assert_eq!(found, Err(Why::Foreign), "{wrong:?}");
    }
    let nothing = fetch(|service, method| {
        let now = method == "SearchItems";
        if now {
            service.found(&[], &[]);
        }
        now
    });
    assert_eq!(nothing, Err(Why::Absent));
}

/// A locked item: the user is asked, and answers this.
fn locked(dismissed: bool) -> Result<Half, Why> {
    fetch(move |service, method| match method {
        "SearchItems" => {
            service.found(&[], &[ITEM]);
            true
        }
        "Prompt" => {
            // Others' questions, and answers before and after the call's own.
            service.completed("/org/freedesktop/secrets/prompt/p2", !dismissed);
            service.completed(PROMPT, dismissed);
            service.answer("", |_| ());
            true
        }
        _ => false,
    })
}

#[test]
fn user_who_opens_a_locked_keyring_gets_the_share_and_who_does_not_the_passphrase() {
    assert_eq!(locked(false), Ok(Half::new([0x5a; 32])));
    assert_eq!(locked(true), Err(Why::Locked));
}

#[test]
fn user_who_must_not_be_asked_is_not() {
    let is_locked = |service: &mut Service, method: &str| {
        let now = method == "Get";
        if now {
            service.answer("v", |body| {
                body.signature("b");
                body.bool(true);
            });
        }
        assert!(method != "Prompt" && method != "Unlock");
        now
    };
    assert_eq!(keep(false, is_locked), Err(Why::Locked));
    // A service that asks before it deletes is told not to.
    let (mut secrets, service) = with(|service, method| {
        let now = method == "Delete";
        if now {
            service.answer("o", |body| body.text(PROMPT));
        }
        now
    });
    assert_eq!(secrets.forget(NAME, false), Err(Why::Locked));
    drop(secrets);
    let heard = service.join().unwrap();
    assert!(heard.last().is_some_and(|last| last == "Dismiss") && !heard.contains(&"Prompt".to_owned()), "{heard:?}");
}

#[test]
fn question_that_nobody_answers_is_taken_back() {
    let (mut secrets, service) = with(|service, method| {
        let now = method == "SearchItems";
        if now {
            service.found(&[], &[ITEM]);
        }
        now
    });
    // 24 of this test's short limits.
    assert_eq!(secrets.fetch(NAME), Err(Why::Locked));
    drop(secrets);
    assert!(service.join().unwrap().contains(&"Dismiss".to_owned()));
}

#[test]
fn refusals_have_their_reasons_and_what_has_other_types_is_failing() {
    for (name, why) in [
        ("org.freedesktop.Secret.Error.IsLocked", Why::Locked),
        ("org.freedesktop.Secret.Error.NoSuchObject", Why::Absent),
        ("org.freedesktop.DBus.Error.ServiceUnknown", Why::Failing),
        ("", Why::Failing),
    ] {
        let refused = move |service: &mut Service, method: &str| {
            let now = method == "SearchItems";
            if now {
                service.refuse(name);
            }
            now
        };
        assert_eq!(fetch(refused), Err(why), "{name}");
    }
    for method in ["OpenSession", "ReadAlias", "Get", "CreateItem"] {
        let odd = move |service: &mut Service, called: &str| {
            let now = called == method;
            if now {
                service.answer("u", |body| body.u32(7));
            }
            now
        };
        assert_eq!(keep(true, odd), Err(Why::Failing), "{method}");
    }
    let nowhere = |service: &mut Service, method: &str| {
        let now = method == "ReadAlias";
        if now {
            service.answer("o", |body| body.text("/"));
        }
        now
    };
    assert_eq!(keep(true, nowhere), Err(Why::Failing), "a desktop without a default keyring");
}

#[test]
fn strangers_words_are_passed_over_and_a_flood_or_silence_ends_the_question() {
    let chatter = |service: &mut Service, method: &str| {
        if method == "SearchItems" {
            // A call to this program, an answer to a call that it never made, a signal, another order of bytes.
            let there = Call { service: "x.y", path: "/", interface: "x.y", method: "Z", signature: "" };
            service.say(&call(3, there, &[]));
            let serial = std::mem::replace(&mut service.serial, 77);
            service.answer("u", |body| body.u32(7));
            service.serial = serial;
            service.completed(PROMPT, false);
            service.say(b"B\x04\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0");
        }
        false
    };
    assert_eq!(fetch(chatter), Ok(Half::new([0x5a; 32])));
    let flood = |service: &mut Service, method: &str| {
        if method == "SearchItems" {
            (0..2000).for_each(|_| service.completed(PROMPT, false));
        }
        false
    };
    assert_eq!(fetch(flood), Err(Why::Failing));
    for method in ["OpenSession", "SearchItems", "GetSecret"] {
        assert_eq!(fetch(move |_, called| called == method), Err(Why::Failing), "silence at {method}");
    }
}

#[test]
fn messages_that_are_none_end_the_question_without_a_panic() {
    let broken: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\n\r\n",
        &[0xff; 4096],
        &[0; 64],
        // Longer than the bound, and cut off.
        b"l\x02\0\x01\xff\xff\xff\x7f\x01\0\0\0\0\0\0\0",
        b"l\x02\0\x01\x10\0\0\0\x01\0\0\0\x08\0\0\0\x05\x01u\0",
        // A field that says more than there is.
        b"l\x02\0\x01\0\0\0\0\x01\0\0\0\x08\0\0\0\x08\x01g\0\xffaaa",
    ];
    for bytes in broken {
        let said = move |service: &mut Service, method: &str| {
            let now = method == "SearchItems";
            if now {
                service.say(bytes);
                let _ = service.stream.shutdown(std::net::Shutdown::Both);
            }
            now
        };
        assert_eq!(fetch(said), Err(Why::Failing), "{bytes:?}");
    }
}

#[test]
fn bus_that_does_not_greet_is_none() {
    let said: [&[u8]; 5] = [b"", b"REJECTED KERBEROS_V4\r\n", b"OK 1\r\n", b"DATA\r\nERROR\r\n", &[b'A'; 4096]];
    for bytes in said {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        theirs.write_all(bytes).unwrap();
        assert!(matches!(Bus::greet(ours), Err(Error::Gone | Error::Malformed(_))), "{bytes:?}");
    }
    let reader = Reader::new(b"", false);
    assert!(reader.clone().u8().is_err());
}
