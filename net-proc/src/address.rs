//! Which addresses net connects to, read strictly.
//!
//! Relay addresses come from other people's invites. A lenient parser here would be a way to make this
//! process speak plain text over the network, or to hide where it connects.

use bulkhead_ipc::post::MAX_URL;
use http::uri::{Authority, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A relay's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// TLS or not.
    pub tls: bool,
    /// A name in lower-case ASCII (international ones in their `xn--` form), or an IP address without brackets.
    pub host: String,
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
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let plain = loopback || is_onion(&host);
        (tls || plain).then(|| Self { tls, host, port: port.unwrap_or(standard), url: url.into() })
    }
}

/// Whether it is an onion service: encrypted and authenticated by its name, reachable through Tor only.
pub fn is_onion(host: &str) -> bool {
    host.ends_with(".onion")
}

/// Reads `HOST:PORT` as `--socks` takes it.
pub fn parse_proxy(text: &str) -> Option<(String, u16)> {
    let (host, port) = endpoint(&text.parse().ok()?)?;
    Some((host, port?))
}

/// Host and port of an authority that is exactly these two, and no user.
fn endpoint(authority: &Authority) -> Option<(String, Option<u16>)> {
    let (host, port) = (authority.host(), authority.port_u16().filter(|port| *port != 0));
    let whole = port.map_or(host.into(), |port| format!("{host}:{port}"));
    let label = |l: &str| {
        let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&l.len()) && l.bytes().all(inside) && !l.starts_with('-') && !l.ends_with('-')
    };
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    // A last label that begins with a digit makes resolvers read the whole as a number, in one of several ways.
    let numeric = host.rsplit('.').next()?.starts_with(|c: char| c.is_ascii_digit());
    let legal = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None if numeric => host.parse::<Ipv4Addr>().is_ok(),
        None => host.len() <= 253 && host.split('.').all(label),
    };
    (legal && whole == authority.as_str()).then(|| (inner.unwrap_or(host).into(), port))
}
