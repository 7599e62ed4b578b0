//! The terminal that the launcher was started from.

use super::scene::{Cast, Found, until};
use crate::judge::Outcome;
use bulkhead_tests::Error;
use bulkhead_tests::person::Person;
use nix::libc;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a terminal takes for the order to fill the clipboard.
const ORDER: &str = "\x1b]52;c;ZXZpbA==\x07";

pub fn play() -> Vec<Found> {
    let mut found = scene("bulkhead-net").expect("a scene with a terminal");
    found.extend(scene("bulkhead-ui").expect("a scene with a terminal"));
    found
}

fn scene(twin: &'static str) -> Result<Vec<Found>, Error> {
    let person = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let cast = Cast::new(twin, "terminal")?;
    let (mut control, terminal) = terminal();
    let mut command = cast.command(&person)?;
    command.env("BULKHEAD_TEST_DRIVER", person.home().join("driver.sock"));
    command.stdout(terminal.try_clone().expect("a copy")).stderr(terminal);
    let mut launcher = command.spawn().map_err(|e| Error::System("starting bulkhead", e))?;
    drop(command);
    let said = Arc::new(Mutex::new(String::new()));
    let (reader, heard) = (control.try_clone().expect("a copy"), said.clone());
    std::thread::spawn(move || listen(reader, &heard));
    let all = || said.lock().expect("no panic").clone();
    until(Duration::from_secs(20), || all().contains("twin: listens"));
    control.write_all(b"the user's password\n").expect("a terminal");
    until(Duration::from_secs(10), || all().contains("twin: over"));
    let text = all();
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(launcher.id() as i32), nix::sys::signal::Signal::SIGTERM);
    let _ = launcher.wait();
    let from = if twin == "bulkhead-net" { "net" } else { "ui" };
    // Honest words arrive.
    let works = || text.contains("twin: listens").then_some(()).ok_or_else(|| text.clone());
    let outcome = |escaped: bool, how: &str| match works() {
        Ok(()) if escaped => Outcome::Escaped,
        Ok(()) => Outcome::Denied(how.to_owned()),
        Err(said) => Outcome::Wrong(said),
    };
    let read = text.lines().find_map(|line| line.trim().strip_prefix("twin: read: ")).unwrap_or("SIGSYS").to_owned();
    Ok(vec![
        Found {
            name: "read-the-terminal",
            tries: "reads what the user types into the terminal that the program was started from",
            from,
            outcome: outcome(read.contains("password"), &read),
            control: works(),
        },
        Found {
            name: "order-the-terminal",
            tries: "writes to that terminal what it takes for an order",
            from,
            outcome: outcome(text.contains(ORDER), "only text is passed on"),
            control: works(),
        },
    ])
}

fn listen(mut from: File, to: &Mutex<String>) {
    let mut room = [0u8; 4096];
    while let Ok(length) = from.read(&mut room) {
        if length == 0 {
            return;
        }
        to.lock().expect("no panic").push_str(&String::from_utf8_lossy(&room[..length]));
    }
}

/// A terminal: what shows it, and what programs get.
fn terminal() -> (File, OwnedFd) {
    // SAFETY: the kernel makes a descriptor, which is ours, and writes a name of less than 64 bytes.
    let (control, name) = unsafe {
        let control = OwnedFd::from_raw_fd(libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC));
        let mut name = [0 as libc::c_char; 64];
        let number = control.as_raw_fd();
        assert_eq!((libc::grantpt(number), libc::unlockpt(number)), (0, 0));
        assert_eq!(libc::ptsname_r(number, name.as_mut_ptr(), name.len()), 0);
        (control, std::ffi::CStr::from_ptr(name.as_ptr()).to_str().expect("a path").to_owned())
    };
    let terminal = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(name).expect("a terminal");
    (control.into(), terminal.into())
}

/// In net's place: its rules allow reading.
pub fn net() {
    say();
    let mut room = [0u8; 64];
    // SAFETY: the kernel writes into this array at most.
    let length = unsafe { libc::read(2, room.as_mut_ptr().cast(), room.len()) };
    match usize::try_from(length) {
        Ok(length) => eprintln!("twin: read: {}", String::from_utf8_lossy(&room[..length]).trim()),
        Err(_) => eprintln!("twin: read: {:?}", nix::errno::Errno::last()),
    }
    eprintln!("twin: over");
}

/// In ui's place: without a call to read with.
pub fn ui() {
    say();
    eprintln!("twin: over");
    let mut room = [0u8; 64];
    // SAFETY: as above.
    unsafe { libc::read(2, room.as_mut_ptr().cast(), room.len()) };
}

fn say() {
    eprint!("{ORDER}");
    eprintln!("twin: listens");
}
