//! No process runs outside its sandbox: without the launcher each refuses, in one sentence.

use bulkhead_rules::Process;
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, binaries};
use std::process::Command;

pub fn each_process_refuses_to_run_without_the_launcher() -> Result<(), Error> {
    for build in [Build::Shipped, Build::Driver] {
        for binary in Process::WITH_RULES.map(Process::program) {
            let output =
                Command::new(binaries(build)?.join(binary)).output().map_err(|e| Error::System("starting", e))?;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && said.contains("launcher"), "{binary}: {said}");
            assert_eq!(said.trim().lines().count(), 1, "{binary}: {said}");
        }
    }
    Ok(())
}
