//! "Which message bytes or key strokes reached ui?": none.
//!
//! A tracer (strace) records every byte that the kernel hands to any process, from the launcher's first
//! instruction to the last, while two people pair, type and chat. The record of ui is searched for texts,
//! names, the passphrase, the recovery code and the invite. The same search over the vault's record must find them all, or the
//! search itself is broken.

use bulkhead_tests::Error;
use bulkhead_tests::driver::{Driver, text};
use bulkhead_tests::folder::{Build, Scratch};
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const CALLS: &str = "trace=read,readv,pread64,preadv,recvmsg,recvfrom,recvmmsg,mmap,execve";

pub fn no_text_name_passphrase_or_key_stroke_reaches_ui() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = (Person::new("Alice Liddell", &[relay.url()])?, Person::new("Bob Cratchit", &[relay.url()])?);
    let records = Scratch::new()?;
    let real = alice.command(Build::Driver)?;
    let mut traced = Command::new("strace");
    traced.args(["-ff", "-qq", "-y", "-xx", "-s", "262144", "-e", CALLS, "-e", "signal=none", "-o"]);
    traced
        .arg(records.path().join("record"))
        .arg(real.get_program())
        .args(real.get_args())
        .stdin(std::process::Stdio::null());
    let mut a = alice.start_by(traced)?;
    a.driver.until("the first prompt", |state| bulkhead_tests::person::phase_is(state, "setup"))?;
    a.driver.ask(&json!({"do": "create", "name": "Alice Liddell", "passphrase": PASSPHRASE, "offer": true}))?;
    let code = code_that_is_shown_and_taken(&mut a.driver)?;
    let mut b = bob.open()?;
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice Liddell", "Marley was dead: to begin with")?;
    a.driver.wait_contact("Bob Cratchit")?;
    a.driver.wait("Bob Cratchit", 1)?;
    a.driver.ask(&json!({"do": "open", "contact": "Bob Cratchit"}))?;
    a.driver.ask(&json!({"do": "click", "slot": "Compose"}))?;
    settle(&mut a.driver)?;

    let ui = a.process("bulkhead-ui")?;
    let vaults = threads(a.process("bulkhead-vault")?)?;
    assert_eq!(threads(ui)?, [ui], "ui has one thread, whose record is all that it hears");
    let before = packets(records.path(), ui)?;
    a.driver.ask(&json!({"do": "type", "text": "Down the rabbit hole"}))?;
    settle(&mut a.driver)?;
    assert_eq!(packets(records.path(), ui)?, before, "typing made the vault send something to ui");
    a.driver.ask(&json!({"do": "key", "key": "Enter"}))?;
    b.driver.wait("Alice Liddell", 2)?;
    assert_eq!(b.driver.texts("Alice Liddell")?, ["Marley was dead: to begin with", "Down the rabbit hole"]);
    a.quit()?;

    let secret = link.rsplit('/').next().unwrap_or_default();
    let words = ["Marley was dead", "rabbit", "Liddell", "Cratchit", PASSPHRASE, &secret[..24], &code[..9]];
    let (heard, control) = (record(records.path(), &[ui])?, record(records.path(), &vaults)?);
    assert!(packets(records.path(), ui)? > 10, "the record of ui is empty");
    for word in words {
        assert!(!heard.contains(&escaped(word)), "ui received `{word}`");
        let both = ["Cratchit", "Marley was dead", secret.get(..24).unwrap_or_default(), &code[..9]];
        // What Alice's vault decrypts or makes itself does not pass a read; what the driver types does.
        assert!(
            both.contains(&word) || control.contains(&escaped(word)),
            "the search does not find `{word}` in the vault"
        );
    }
    frame_memory_is_read_only(&control);
    Ok(())
}

/// The recovery code of a new profile, painted, and taken by the vault's own button.
fn code_that_is_shown_and_taken(driver: &mut Driver) -> Result<String, Error> {
    driver.simple("quiet")?;
    let code = text(&driver.simple("recovery_code")?, "code")?;
    driver.ask(&json!({"do": "click", "slot": "RecoveryCode"}))?;
    for key in ["Tab", "Tab", "Enter"] {
        driver.ask(&json!({"do": "key", "key": key}))?;
    }
    let taken = |state: &serde_json::Value| state.get("notice") == Some(&"RecoverySet".into());
    driver.until("a word that the code counts", taken).map(|_| code)
}

/// The vault can tell ui nothing through the shared frame: it never maps it writable.
fn frame_memory_is_read_only(vault: &str) {
    let frames: Vec<&str> = vault
        .lines()
        .filter(|line| {
            line.starts_with("mmap(") && line.contains(&escaped("bulkhead-frame"))
                || line.starts_with("mmap(") && line.contains("bulkhead-frame")
        })
        .collect();
    assert!(!frames.is_empty(), "the vault never mapped a frame");
    assert!(frames.iter().all(|line| !line.contains("PROT_WRITE")), "{frames:?}");
}

/// Lets what is under way come to rest, so that a count of packets means something.
fn settle(driver: &mut Driver) -> Result<(), Error> {
    driver.simple("state")?;
    std::thread::sleep(Duration::from_millis(1500));
    Ok(())
}

/// The numbers of a process's threads; the first is the process itself.
fn threads(process: u32) -> Result<Vec<u32>, Error> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).map_err(|e| Error::System("listing threads", e))?;
    Ok(tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok()).collect())
}

/// The tracer's record of some threads.
fn record(folder: &Path, threads: &[u32]) -> Result<String, Error> {
    let read = |thread: &u32| std::fs::read_to_string(folder.join(format!("record.{thread}")));
    threads.iter().map(read).collect::<Result<_, _>>().map_err(|e| Error::System("reading the record", e))
}

/// How many packets a process has received.
fn packets(folder: &Path, process: u32) -> Result<usize, Error> {
    let text = std::fs::read_to_string(folder.join(format!("record.{process}")))
        .map_err(|e| Error::System("reading the record", e))?;
    Ok(text.lines().filter(|line| line.starts_with("recvmsg(") && !line.contains("EAGAIN")).count())
}

/// A word as the tracer writes it.
fn escaped(word: &str) -> String {
    word.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}
