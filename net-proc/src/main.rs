//! The only messaging process with a network. Holds ciphertext. Never a key, never a word of plaintext.
//!
//! The start, from top to bottom: prove the sandbox, take the two lines, close the rest of the door, work.

use bulkhead_ipc::{descriptors, line};
use bulkhead_net::{Config, Error, LOOKUPS, address};
use bulkhead_rules::Process;
use std::{convert::Infallible, mem::ManuallyDrop, process::ExitCode, sync::Arc, time::Duration};

fn main() -> ExitCode {
    let Err(error) = start();
    if let Error::Line(line::Error::Closed) = error {
        // The vault ended: so does everything, and the user knows.
        return ExitCode::SUCCESS;
    }
    eprintln!("bulkhead-net: {error}");
    ExitCode::FAILURE
}

fn start() -> Result<Infallible, Error> {
    bulkhead_rules::require_sandbox();
    let post = line::inherit(descriptors::NET_POST)?;
    let sign = line::inherit(descriptors::NET_SIGN)?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (life, proxy) = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--life", life] => (life.parse(), None),
        ["--life", life, "--socks", proxy] => {
            (life.parse(), Some(address::parse_proxy(proxy).ok_or(Error::Arguments)?))
        }
        _ => return Err(Error::Arguments),
    };
    let config = Config::new(life.map_err(|_| Error::Arguments)?, proxy);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Never dropped: its threads would end, and the rules say that none does.
    builder.enable_all().max_blocking_threads(LOOKUPS).thread_keep_alive(Duration::MAX);
    let runtime = ManuallyDrop::new(builder.build()?);
    bulkhead_rules::narrow_files(Process::Net)?;
    // All threads that there will ever be: under the narrower file rules, and before none can be started.
    let all = Arc::new(std::sync::Barrier::new(LOOKUPS + 1));
    (0..LOOKUPS).map(|_| all.clone()).for_each(|all| drop(runtime.spawn_blocking(move || all.wait())));
    all.wait();
    bulkhead_rules::narrow_calls(Process::Net)?;
    runtime.block_on(bulkhead_net::run(post, sign, config))
}
