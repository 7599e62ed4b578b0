//! The only process with keys and plaintext. No network. What it says leaves as ciphertext, or as pixels on the user's own screen.
//!
//! The start table: prove the sandbox, set memory aside for keys, take the lines, open the display, start the
//! threads, close the sandbox further, loop.

mod appearance;
mod arguments;
mod clock;
mod desk;
#[cfg(feature = "test-driver")]
mod driver;
mod fonts;
mod host;
mod idle;
mod keys;
mod lines;
mod painter;
mod passphrase;
mod rescue;
mod session;
mod slots;
mod uiedge;
mod view;
#[cfg(not(feature = "test-driver"))]
mod window;
mod wiping;
mod worker;

use bulkhead_ipc::pixels::Theme;
use bulkhead_secrets::Kept;
use bulkhead_vault::{backup, profile, store};
use bulkhead_vault_core::Config;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;

/// Exit code when there is no display (`EX_UNAVAILABLE`).
const NO_DISPLAY: u8 = 69;
/// Exit code when the start line, the descriptors or the sandbox are not what the launcher makes
/// (`EX_USAGE`).
const BAD_START: u8 = 64;

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err((code, why)) => {
            eprintln!("bulkhead-vault: {why}");
            ExitCode::from(code)
        }
    }
}

fn start() -> Result<ExitCode, (u8, String)> {
    bulkhead_rules::require_sandbox();
    if bulkhead_secrets::reserve() == Kept::Ordinary {
        eprintln!("bulkhead-vault: keys may be swapped to a disk: let programs lock 32 KiB of memory (ulimit -l)");
    }
    let mut wanted = arguments::parse(std::env::args().skip(1)).map_err(|error| (BAD_START, error.to_string()))?;
    // Links on the way to the profile are followed now: later the sandbox does not let them be read.
    if let Ok(real) = wanted.profile.canonicalize() {
        wanted.profile = real;
    }
    let lines = lines::Lines::inherit().map_err(|error| (BAD_START, error.to_string()))?;
    let passphrase =
        wanted.passphrase.map(passphrase::read).transpose().map_err(|error| (BAD_START, error.to_string()))?;

    #[cfg(not(feature = "test-driver"))]
    let presenter = window::connect().map_err(|why| (NO_DISPLAY, why))?;
    #[cfg(feature = "test-driver")]
    let presenter = driver::listen(wanted.trial).map_err(|why| (NO_DISPLAY, why))?;

    fonts::install();
    let zone = clock::Zone::load();
    let chosen = appearance::load(&wanted.profile);

    let (sender, arrivals) = channel();
    #[cfg(not(feature = "test-driver"))]
    let wake: Arc<dyn Fn() + Send + Sync> = {
        let proxy = presenter.create_proxy();
        Arc::new(move || {
            let _ = proxy.send_event(());
        })
    };
    #[cfg(feature = "test-driver")]
    let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(|| ());
    let inbox = lines::Inbox::new(sender, wake);
    let credits = lines.read(&inbox).map_err(|error| (BAD_START, error.to_string()))?;
    let worker = worker::start(inbox.clone());
    let rescue = rescue::start(inbox.clone());

    let config = Config { relays: wanted.relays, proxied: wanted.proxied };
    let theme = chosen.unwrap_or(Theme::Light);
    let mut session = session::Session::new(wanted.profile.clone(), config, zone, theme);
    session.look_for_errands(wanted.backup);
    if let Some(passphrase) = passphrase {
        session.unlock_with(passphrase);
    }
    let (folder, trial) = (wanted.profile, wanted.trial);
    let desk = desk::Desk::new(desk::Parts { session, lines, credits, worker, rescue, folder, trial });

    #[cfg(not(feature = "test-driver"))]
    return Ok(window::run(presenter, desk, arrivals, chosen.is_some()));
    #[cfg(feature = "test-driver")]
    return driver::run(presenter, desk, &inbox, &arrivals).map_err(|why| (BAD_START, why));
}
