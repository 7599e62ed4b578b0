//! Which addresses net connects to, read strictly.
//!
//! Relay addresses come from other people's invites. A lenient parser here would be a way to make this
//! process speak plain text over the network, or to hide where it connects.

use bulkhead_ipc::post::MAX_URL;
use http::uri::{Authority, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name: resolved by the system, or by the proxy if there is one.
    Name(String),
    /// An address as it stands.
    Ip(IpAddr),
}

impl Host {
    /// `name`, `127.0.0.1` or `[::1]`; lower-case ASCII only, international names in their `xn--` form.
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(|ip| Self::Ip(ip.into()));
        }
        let label = |l: &str| {
            let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=63).contains(&l.len()) && l.bytes().all(inside) && !l.starts_with('-') && !l.ends_with('-')
        };
        if text.len() > 253 || !text.split('.').all(label) {
            return None;
        }
        // A last label of digits (or 0x…) makes resolvers read the whole as a number in one of several ways.
        match text.rsplit('.').next()? {
            last if last.starts_with(|c: char| c.is_ascii_digit()) => text.parse().ok().map(|ip: Ipv4Addr| Self::Ip(ip.into())),
            _ => Some(Self::Name(text.into())),
        }
    }

    /// Whether packets to it stay on this machine.
    fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Ip(ip) => ip.is_loopback(),
        }
    }

    /// Whether it is an onion service: encrypted and authenticated by its name, reachable through Tor only.
    pub fn is_onion(&self) -> bool {
        matches!(self, Self::Name(name) if name.ends_with(".onion"))
    }
}

/// A relay's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// TLS or not.
    pub tls: bool,
    /// Where.
    pub host: Host,
    /// Port, never 0.
    pub port: u16,
    /// The whole address, for the WebSocket handshake.
    pub url: String,
}

impl Address {
    /// Reads `wss://host[:port][/path]`; `ws://` only on loopback and `.onion`. `None` for anything else.
    pub fn parse(url: &str) -> Option<Self> {
        if url.len() > MAX_URL || !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains(['#', '\\']) {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let (tls, standard) = match uri.scheme_str()? {
            "wss" => (true, 443),
            "ws" => (false, 80),
            _ => return None,
        };
        let (host, port) = endpoint(uri.authority()?)?;
        if !tls && !host.is_loopback() && !host.is_onion() {
            return None;
        }
        Some(Self { tls, host, port: port.unwrap_or(standard), url: url.into() })
    }
}

/// Reads `HOST:PORT` as `--socks` takes it.
pub fn parse_proxy(text: &str) -> Option<(Host, u16)> {
    let (host, port) = endpoint(&text.parse().ok()?)?;
    Some((host, port?))
}

/// Host and port of an authority that is exactly these two, and no user.
fn endpoint(authority: &Authority) -> Option<(Host, Option<u16>)> {
    let (host, port) = (authority.host(), authority.port_u16().filter(|port| *port != 0));
    let whole = port.map_or(host.into(), |port| format!("{host}:{port}"));
    Some((Host::parse(host).filter(|_| whole == authority.as_str())?, port))
}

#[cfg(test)]
mod tests;
