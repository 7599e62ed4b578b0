//! A relay of the judges' own: `nostr-relay-builder`'s, in memory, on loopback.

use crate::Error;
use nostr_relay_builder::LocalRelay;
use nostr_relay_builder::builder::{RateLimit, RelayBuilder, RelayBuilderNip42, RelayBuilderNip42Mode};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use tokio::runtime::Runtime;

/// A running relay; it stops with its value.
pub struct Relay {
    url: String,
    relay: LocalRelay,
    _runtime: Runtime,
}

/// How the relay behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Takes and gives everything.
    Open,
    /// Wants NIP-42 authentication before reading.
    Authenticated,
}

impl Relay {
    /// Starts one on a free port.
    pub fn start() -> Result<Self, Error> {
        Self::start_with(free_port()?, Manners::Open)
    }

    /// Starts one on this port.
    pub fn start_with(port: u16, manners: Manners) -> Result<Self, Error> {
        let fail = |error: &dyn std::fmt::Display| Error::Relay(error.to_string());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|e| fail(&e))?;
        let mut builder = RelayBuilder::default()
            .addr(IpAddr::V4(Ipv4Addr::LOCALHOST))
            .port(port)
            .rate_limit(RateLimit { max_reqs: 500, notes_per_minute: 1_000_000 });
        if manners == Manners::Authenticated {
            builder = builder.nip42(RelayBuilderNip42 { mode: RelayBuilderNip42Mode::Read });
        }
        let relay = LocalRelay::new(builder);
        runtime.block_on(relay.run()).map_err(|e| fail(&e))?;
        Ok(Self { url: format!("ws://127.0.0.1:{port}"), relay, _runtime: runtime })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.relay.shutdown();
    }
}

/// A port on loopback that was free a moment ago.
pub fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(crate::system("finding a free port"))?;
    Ok(listener.local_addr().map_err(crate::system("finding a free port"))?.port())
}
