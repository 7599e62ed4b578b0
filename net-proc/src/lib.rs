//! The only messaging process with a network. Holds ciphertext. Never a key, never a word of plaintext.
//!
//! `main.rs` is the process; all it does is here, so that tests can drive it over a pair of lines.

pub mod address;
pub mod auth;
mod dial;
mod hub;
mod lines;
mod relay;
mod session;
pub mod subscription;
pub mod wire;

pub use dial::LOOKUPS;
pub use hub::run;

use std::time::Duration;
use tokio_rustls::rustls::RootCertStore;
use webpki_roots::TLS_SERVER_ROOTS;

/// What a run depends on besides its lines.
pub struct Config {
    /// The SOCKS5 proxy that every connection goes through.
    pub proxy: Option<(String, u16)>,
    /// Certificate authorities for `wss://`.
    pub roots: RootCertStore,
    /// The launcher's number for this start of the process.
    pub life: u32,
    /// The unit of all waiting: keep-alive, time limits and backoff are multiples of it.
    pub tick: Duration,
}

impl Config {
    /// The shipped one: Mozilla's certificate authorities (no file to read), five seconds.
    pub fn new(life: u32, proxy: Option<(String, u16)>) -> Self {
        Self { proxy, roots: TLS_SERVER_ROOTS.iter().cloned().collect(), life, tick: Duration::from_secs(5) }
    }
}

/// Why the process ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Wrong command line.
    #[error("usage: bulkhead-net --life NUMBER [--socks HOST:PORT]; it is started by `bulkhead`")]
    Arguments,
    /// A line to the vault ended.
    #[error(transparent)]
    Line(#[from] bulkhead_ipc::line::Error),
    /// The kernel or the TLS library refused something at the start.
    #[error("cannot start: {0}")]
    Start(#[from] std::io::Error),
    /// The sandbox is not there, or cannot be made tighter.
    #[error(transparent)]
    Sandbox(#[from] bulkhead_rules::Error),
}
