//! What `make run` shows: Alice and Bob in two windows, already paired, over a relay on this machine.
//!
//! The pairing is done by the `test-driver` build on fresh temporary profiles; the windows are the shipped
//! build on those profiles. All of it goes away when both windows are closed.

use bulkhead_tests::Error;
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::pipe;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::Child;

fn main() -> std::process::ExitCode {
    match show() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-demo: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn show() -> Result<(), Error> {
    if ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none()) {
        return Err(Error::Odd("there is no display: run this in a desktop session".into()));
    }
    let relay = Relay::start()?;
    println!("relay   {}", relay.url());
    let (alice, bob) = Person::couple(&[relay.url()])?;
    pair(&alice, &bob)?;
    println!("Alice and Bob have exchanged an invite. Close both windows to end.");
    let windows = [window(&alice)?, window(&bob)?];
    for mut window in windows {
        window.wait().map_err(|error| Error::System("waiting for a window", error))?;
    }
    Ok(())
}

/// Both create a profile, exchange an invite and a greeting, and quit.
fn pair(alice: &Person, bob: &Person) -> Result<(), Error> {
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    let contact = b.driver.accept(&link)?;
    let first = b.driver.send(contact, "Hello Alice! The relay between us sees neither this nor your name.")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    a.driver.send("Bob", "Hello Bob 👋 Type something: it will not even reach the process that draws this window.")?;
    b.driver.wait("Alice", 2)?;
    b.driver.wait_state("Alice", first, "delivered")?;
    a.quit()?;
    b.quit()?;
    Ok(())
}

/// The shipped program on a person's profile; the passphrase comes over a pipe.
fn window(person: &Person) -> Result<Child, Error> {
    let failed = |step| move |error: std::io::Error| Error::System(step, error);
    let (read, write) = pipe().map_err(|errno| Error::System("making a pipe", errno.into()))?;
    // The writing end stays here: a child that held it open would never see the end of the passphrase.
    fcntl(&write, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
        .map_err(|errno| Error::System("keeping a pipe", errno.into()))?;
    let mut command = person.command(Build::Shipped)?;
    command.arg("--passphrase-fd").arg(read.as_raw_fd().to_string());
    let child = command.spawn().map_err(failed("starting a window"))?;
    writeln!(std::fs::File::from(write), "{PASSPHRASE}").map_err(failed("handing over the passphrase"))?;
    Ok(child)
}
