//! The only process that fetches updates. Knows what is public, and can write into the staging folder alone.
//!
//! The start, from top to bottom: prove the sandbox, start the threads that there will ever be, close the rest of the door,
//! work once, end. What it staged is judged by the launcher, which trusts none of it.

mod arguments;
mod work;

use bulkhead_fetch::dial::LOOKUPS;
use bulkhead_rules::Process;
use std::mem::ManuallyDrop;
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::time::Duration;

fn main() -> ExitCode {
    bulkhead_rules::require_sandbox();
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(sentence) => {
            eprintln!("bulkhead-update: {sentence}");
            return ExitCode::from(2);
        }
    };
    match start().map(|runtime| runtime.block_on(work::run(&arguments))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) | Err(error) => {
            eprintln!("bulkhead-update: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime, with all its threads, under the rules for good.
fn start() -> Result<ManuallyDrop<tokio::runtime::Runtime>, work::Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Never dropped: its threads would end, and the rules say that none does.
    builder.enable_io().enable_time().max_blocking_threads(LOOKUPS).thread_keep_alive(Duration::MAX);
    let runtime = ManuallyDrop::new(builder.build().map_err(work::Error::Runtime)?);
    let all = Arc::new(Barrier::new(LOOKUPS.saturating_add(1)));
    (0..LOOKUPS).map(|_| all.clone()).for_each(|all| drop(runtime.spawn_blocking(move || all.wait())));
    all.wait();
    bulkhead_rules::steady(Process::Update)?;
    Ok(runtime)
}
