//! Bad input gets one clear sentence, and loses nothing.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use std::process::{Command, Output};

/// The sentence of a refusal; empty if there was none.
fn refusal<T>(result: Result<T, Error>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_link_that_is_none_or_cut_off_is_named_as_such() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    let cut = &link[..link.len() - 5];
    for bad in ["", "hello", "https://example.org", "bulkhead://invite/", "bulkhead://invite/AAAA", cut] {
        let said = refusal(b.driver.accept(bad));
        assert!(said.contains("invite"), "{bad:?}: {said}");
    }
    assert!(refusal(a.driver.accept(&link)).contains("Own"));
    // After all that the link still works.
    b.driver.accept(&format!("  {link}\n"))?;
    Ok(())
}

#[test]
fn a_wrong_passphrase_is_refused_and_the_right_one_still_opens() -> Result<(), Error> {
    let pair = pair()?;
    pair.a.quit()?;
    let mut a = pair.alice.start()?;
    assert!(refusal(a.driver.unlock("wrong")).contains("WrongPassphrase"));
    a.driver.unlock(PASSPHRASE)?;
    assert_eq!(a.driver.contacts()?.len(), 1);
    Ok(())
}

#[test]
fn a_second_copy_on_the_same_profile_is_refused() -> Result<(), Error> {
    let relay = Relay::start()?;
    let alice = Person::new("Alice", &[relay.url()])?;
    let mut first = alice.open()?;
    let second = alice.command(Build::Shipped)?.output().map_err(|e| Error::System("starting", e))?;
    assert!(!second.status.success());
    assert!(first.driver.contacts()?.is_empty());
    Ok(())
}

/// Runs a command that must fail, and returns the last line that it wrote.
fn failing(mut command: Command) -> Result<String, Error> {
    let Output { status, stderr, .. } = command.output().map_err(|e| Error::System("starting", e))?;
    assert!(!status.success());
    Ok(String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn without_a_display_the_program_says_so() -> Result<(), Error> {
    let alice = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let mut command = alice.command(Build::Shipped)?;
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let said = failing(command)?;
    assert!(said.contains("display"), "{said}");
    Ok(())
}

#[test]
fn a_relay_address_that_is_not_allowed_is_refused_at_the_door() -> Result<(), Error> {
    for bad in ["http://relay.example", "ws://relay.example", "wss://", "relay.example", "wss://user:pw@relay.example"]
    {
        let alice = Person::new("Alice", &[bad])?;
        let said = failing(alice.command(Build::Shipped)?)?;
        assert!(said.contains("relay"), "{bad}: {said}");
    }
    Ok(())
}

#[test]
#[allow(unsafe_code)]
fn on_a_kernel_without_landlock_nothing_starts() -> Result<(), Error> {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    use std::os::unix::process::CommandExt;
    let calls = [(444, vec![])].into_iter().collect(); // landlock_create_ruleset, on every architecture
    let absent = SeccompAction::Errno(38); // ENOSYS
    let filter =
        SeccompFilter::new(calls, SeccompAction::Allow, absent, std::env::consts::ARCH.try_into().expect("arch"));
    let program: BpfProgram = filter.expect("filter").try_into().expect("program");
    let alice = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let mut command = alice.command(Build::Shipped)?;
    command.env("DISPLAY", ":99");
    let install = move || seccompiler::apply_filter(&program).map_err(|_| std::io::ErrorKind::Other.into());
    // SAFETY: only the filter is installed between fork and exec.
    unsafe {
        command.pre_exec(install);
    }
    let said = failing(command)?;
    assert!(said.to_lowercase().contains("landlock"), "{said}");
    Ok(())
}
