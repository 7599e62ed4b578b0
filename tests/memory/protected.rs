//! What keeps the vault's memory where it is.

use super::{couple, scan, skipped, vault_of};
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, Scratch, binaries};
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::Relay;
use std::fs::{read_to_string, set_permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// An ordinary user's number, for tests that root runs.
const NOBODY: u32 = 65534;

fn line(process: u32, file: &str, name: &str) -> Result<String, Error> {
    let text = read_to_string(format!("/proc/{process}/{file}")).map_err(|e| Error::System("reading /proc", e))?;
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    Ok(line.strip_prefix(name).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The flags of the mapping in which keys lie.
fn flags(process: u32) -> Result<String, Error> {
    let text = read_to_string(format!("/proc/{process}/smaps")).map_err(|e| Error::System("reading /proc", e))?;
    let ours = text.lines().skip_while(|line| !line.ends_with("/secretmem (deleted)"));
    Ok(ours.skip(1).find(|line| line.starts_with("VmFlags:")).unwrap_or_default().to_owned())
}

#[test]
fn keys_lie_in_memory_that_is_not_swapped_not_dumped_and_not_read_by_root() -> Result<(), Error> {
    if skipped() {
        return Ok(());
    }
    let relay = Relay::start()?;
    let (alice, _) = couple(&relay)?;
    let a = alice.open()?;
    let vault = vault_of(a.launcher())?;
    assert_eq!(line(vault, "limits", "Max core file size")?, "0 0 bytes");
    let found = scan::scan(vault, &[])?;
    println!("{} KiB can be read; closed to root: {:?}", found.read / 1024, found.closed);
    let locked: u32 = line(vault, "status", "VmLck:")?.trim_end_matches(" kB").parse().unwrap_or_default();
    assert!(locked >= 32, "{locked} KiB are locked");
    if found.closed.is_empty() {
        println!("this kernel has no memfd_secret: keys are locked, and root can read them");
        return Ok(());
    }
    assert!(found.closed.iter().any(|name| name.contains("secretmem")), "{:?}", found.closed);
    let flags = flags(vault)?;
    assert!([" lo", " dd", " dc"].iter().all(|flag| flags.contains(flag)), "{flags}");
    Ok(())
}

#[test]
fn another_program_of_the_same_user_cannot_read_the_vaults_memory() -> Result<(), Error> {
    let relay = Relay::start()?;
    let alice = Person::new("Alice", &[relay.url()])?;
    let mut command = alice.command(Build::Driver)?;
    let copied = Scratch::new()?;
    if !is_ordinary() {
        // An ordinary user may not see the folder in which root builds.
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        for binary in ["bulkhead", "bulkhead-net", "bulkhead-ui", "bulkhead-vault"] {
            let copy = copied.path().join(binary);
            std::fs::copy(binaries(Build::Driver)?.join(binary), copy).map_err(failed)?;
        }
        set_permissions(copied.path(), PermissionsExt::from_mode(0o755)).map_err(failed)?;
        chown(alice.home(), Some(NOBODY), Some(NOBODY)).map_err(failed)?;
        command = Command::new(copied.path().join("bulkhead"));
        command.args(arguments).stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
    }
    let a = alice.start_by(command)?;
    let vault = vault_of(a.launcher())?;
    let reads = |process: u32| {
        let mut reader = Command::new("dd");
        reader
            .args([&format!("if=/proc/{process}/mem"), "count=0", "status=none"])
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if !is_ordinary() {
            reader.uid(NOBODY).gid(NOBODY);
        }
        reader.status().map(|status| status.success()).map_err(failed)
    };
    // The launcher hides nothing, so it shows that the same user could read the vault if it did not refuse.
    if !reads(a.launcher())? {
        println!("skipped: this machine lets no program read another one (yama)");
        return Ok(());
    }
    assert!(!reads(vault)?, "the same user reads the vault's memory");
    Ok(())
}

fn failed(error: std::io::Error) -> Error {
    Error::System("preparing an ordinary user", error)
}

/// Whether the tests run as an ordinary user already.
fn is_ordinary() -> bool {
    !nix::unistd::geteuid().is_root()
}
