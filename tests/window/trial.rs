//! A release is tried on the user's display, and the user sees nothing of it.

use bulkhead_tests::Error;
use bulkhead_tests::desktop::Desktop;
use bulkhead_tests::folder::{Build, Scratch, binaries};
use std::process::{Command, Stdio};

#[test]
fn a_release_is_tried_without_showing_a_window() -> Result<(), Error> {
    let (desktop, scratch, programs) = (Desktop::start()?, Scratch::new()?, binaries(Build::Shipped)?);
    let mut command = Command::new(programs.join("bulkhead"));
    command.arg("--try").arg(&programs).arg("--data-dir").arg(scratch.path());
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY").stdin(Stdio::null());
    let mut trial = command.spawn().expect("the trial starts");
    let status = loop {
        // It finds nothing, and says so by its exit code.
        let seen = desktop.run("xdotool", &["search", "--onlyvisible", "--name", "Bulkhead"]).unwrap_or_default();
        assert_eq!(seen, "", "a window is to be seen");
        if let Some(status) = trial.try_wait().expect("a child") {
            break status;
        }
    };
    assert!(status.success(), "{status}");
    Ok(())
}
