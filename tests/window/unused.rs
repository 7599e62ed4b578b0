//! A permission that no run uses is a hole that nobody needs: two traced runs of the shipped build, and every line of the
//! rules that neither used and that does not say for which other machine or moment it is kept.

use crate::{choose, pair};
use bulkhead_rules::Process;
use bulkhead_rules::audit::{Collection, unused};
use bulkhead_tests::Error;
use bulkhead_tests::desktop::{Desktop, Program};
use bulkhead_tests::folder::{Build, Scratch};
use bulkhead_tests::person::{PASSPHRASE, Person, descendants, signal};
use bulkhead_tests::relay::Relay;
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The person's program under a tracer, as `audit::RECORD` says.
fn traced(person: &Person, records: &Path, more: &[&str]) -> Result<Command, Error> {
    let bare = person.command(Build::Shipped)?;
    let mut command = Command::new("strace");
    command.args(["-ff", "-qq", "-e", "signal=none", "-e", "raw=!execve", "-o"]).arg(records.join("record"));
    command.arg(bare.get_program()).args(bare.get_args()).args(more);
    Ok(command)
}

/// Quits. The launcher is held until net and ui have ended by themselves: otherwise it ends them, and who is first is chance.
fn quit(desktop: &Desktop, program: Program) -> Result<(), Error> {
    let all = descendants(program.id());
    let found = |wanted: &str| {
        let found = all.iter().find(|(_, name)| name == wanted);
        found.map(|(number, _)| *number).ok_or_else(|| Error::Odd(format!("{wanted} does not run")))
    };
    let launcher = found("bulkhead")?;
    signal(launcher, Signal::SIGSTOP)?;
    desktop.key("ctrl+q")?;
    let began = Instant::now();
    for name in ["bulkhead-net", "bulkhead-ui"] {
        let number = found(name)?;
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
        };
        while lives() && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    signal(launcher, Signal::SIGCONT)?;
    program.ended()
}

fn pause(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

/// What somebody does in an hour: reads, writes, searches, looks at the settings, copies, locks, and has bad luck.
fn live(desktop: &Desktop, program: &Program, window: &str) -> Result<(), Error> {
    desktop.type_into(window, PASSPHRASE)?;
    desktop.key("Return")?;
    pause(6);
    choose(desktop, window)?;
    desktop.type_into(window, "Written under observation.")?;
    for key in ["ctrl+a", "ctrl+c", "ctrl+v", "Return", "Prior", "ctrl+k"] {
        desktop.key(key)?;
        pause(1);
    }
    desktop.run("xdotool", &["type", "--delay", "30", "observation"])?;
    pause(1);
    for key in ["Escape", "ctrl+comma", "Tab", "Escape"] {
        desktop.key(key)?;
        pause(1);
    }
    for (width, height) in [("500", "700"), ("1100", "800")] {
        desktop.run("xdotool", &["windowsize", "--sync", window, width, height])?;
        pause(1);
    }
    for name in ["bulkhead-net", "bulkhead-ui"] {
        let found = descendants(program.id()).into_iter().find(|(_, of)| of == name);
        signal(found.ok_or_else(|| Error::Odd(format!("{name} does not run")))?.0, Signal::SIGKILL)?;
        pause(3);
    }
    desktop.type_into(window, "And once more.")?;
    desktop.key("Return")?;
    pause(2);
    desktop.key("ctrl+l")?;
    pause(2);
    desktop.type_into(window, PASSPHRASE)?;
    desktop.key("Return")?;
    pause(5);
    Ok(())
}

/// The first start, through a proxy that is not there.
fn begin(desktop: &Desktop, window: &str) -> Result<(), Error> {
    desktop.type_into(window, "Carol")?;
    for _ in 0..2 {
        desktop.key("Tab")?;
        desktop.run("xdotool", &["type", "--delay", "15", PASSPHRASE])?;
    }
    desktop.key("Return")?;
    pause(8);
    desktop.picture(window, "window-first-start-traced.png").map(drop)
}

#[test]
fn no_line_of_the_rules_is_for_nothing() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    pair(&alice, &bob)?;
    let carol = Person::new("Carol", &["wss://relay.example"])?;
    let [direct, proxied] = [Scratch::new()?, Scratch::new()?];
    {
        let desktop = Desktop::start()?;
        // A name to look up, and a server that speaks no TLS.
        let port = relay.url().rsplit(':').next().unwrap_or_default().trim_end_matches('/');
        let secure = format!("wss://localhost:{port}");
        let mut command = traced(&alice, direct.path(), &["--relay", &secure])?;
        command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY").env_remove("XMODIFIERS");
        let (program, window) = desktop.open(&mut command)?;
        live(&desktop, &program, &window)?;
        quit(&desktop, program)?;
        let mut command = traced(&carol, proxied.path(), &["--socks", "127.0.0.1:1"])?;
        command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY").env_remove("XMODIFIERS");
        let (program, window) = desktop.open(&mut command)?;
        begin(&desktop, &window)?;
        quit(&desktop, program)?;
    }
    let mut found = unused(&Collection::carried().expect("the rules that ship"), &[direct.path(), proxied.path()])
        .expect("records");
    // Where there is a TPM seal runs, with nothing to do; it is judged in `tests/lock/pin.rs`.
    found.remove(&Process::Seal);
    // Where there is a session bus keyring runs; it is judged in `tests/lock/keyring.rs`.
    found.remove(&Process::Keyring);
    for process in [Process::Net, Process::Ui, Process::Vault] {
        let sentences = found.get(&process).ok_or_else(|| Error::Odd(format!("no record shows {process:?}")))?;
        for sentence in sentences {
            println!("{process:?}: {sentence}");
        }
    }
    assert!(found.values().all(Vec::is_empty), "remove these lines, or say for what they are kept (`foresight`)");
    Ok(())
}
