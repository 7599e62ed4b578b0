//! Where a mirror is, read strictly: a lenient parser would be a way to make this process speak plain text.

use crate::Trouble;
use http::uri::{Authority, Uri};
use std::net::{IpAddr, Ipv6Addr};

/// Longest address, in bytes.
const LONGEST: usize = 512;

/// A mirror's base address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// TLS or not.
    pub tls: bool,
    /// A name in lower-case ASCII, or an IP address without brackets.
    pub host: String,
    /// Port, never 0.
    pub port: u16,
    /// Begins and ends with `/`.
    pub path: String,
}

impl Address {
    /// Reads `https://host[:port]/path`; `http://` only on loopback and at onion services.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        if text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['#', '\\', '?']) {
            return Err(Trouble::Address);
        }
        let uri: Uri = text.parse().map_err(|_| Trouble::Address)?;
        let (tls, standard) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(Trouble::Address),
        };
        let (host, port) = uri.authority().and_then(endpoint).ok_or(Trouble::Address)?;
        let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if !(tls || loopback || is_onion(&host)) || uri.path().contains("/.") {
            return Err(Trouble::Address);
        }
        let path = format!("{}/", uri.path().trim_end_matches('/'));
        Ok(Self { tls, host, port: port.unwrap_or(standard), path })
    }

    /// The value of HTTP's Host field.
    pub fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{}]:{}", self.host, self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

/// Whether it is an onion service: encrypted and authenticated by its name, reachable through Tor only.
pub fn is_onion(host: &str) -> bool {
    host.ends_with(".onion")
}

/// Reads a SOCKS proxy's `HOST:PORT`.
pub fn parse_proxy(text: &str) -> Result<(String, u16), Trouble> {
    let authority: Authority = text.parse().map_err(|_| Trouble::Address)?;
    let (host, port) = endpoint(&authority).ok_or(Trouble::Address)?;
    Ok((host, port.ok_or(Trouble::Address)?))
}

/// Host and port of an authority that is exactly these two, and no user.
fn endpoint(authority: &Authority) -> Option<(String, Option<u16>)> {
    let (host, port) = (authority.host(), authority.port_u16().filter(|port| *port != 0));
    let whole = port.map_or(host.into(), |port| format!("{host}:{port}"));
    if whole != authority.as_str() {
        return None;
    }
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let label = |label: &str| {
        let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(inside) && !label.starts_with('-') && !label.ends_with('-')
    };
    match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(|ip| (ip.to_string(), port)),
        None => (host.len() <= 253 && host.split('.').all(label)).then(|| (host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_connected_to() {
        let address = Address::parse("https://mirror.example:8443/bulkhead/quality").unwrap();
        assert_eq!((address.tls, address.host.as_str(), address.port), (true, "mirror.example", 8443));
        assert_eq!(
            (address.path.as_str(), address.authority().as_str()),
            ("/bulkhead/quality/", "mirror.example:8443")
        );
        assert_eq!(Address::parse("https://mirror.example").unwrap().path, "/");
        assert_eq!(Address::parse("http://localhost:80/a/").unwrap().path, "/a/");
        assert_eq!(Address::parse("http://[::1]:81/").unwrap().authority(), "[::1]:81");
        assert!(!Address::parse("http://abcdef.onion/").unwrap().tls);
        assert_eq!(parse_proxy("127.0.0.1:9050"), Ok(("127.0.0.1".to_owned(), 9050)));
    }

    #[test]
    fn addresses_that_are_not() {
        for text in [
            "http://mirror.example/",
            "ftp://mirror.example/",
            "https://user@mirror.example/",
            "https://mirror.example:0/",
            "https://mirror.example/?q",
            "https://mirror.example/#f",
            "https://mirror.example/../x",
            "https://Mirror.example/",
            "https://mirror.example/a b",
            "https:///",
            "mirror.example",
            "",
            "https://mirror..example/",
            "https://-a.example/",
            "http://localhost.example/",
            "http://192.0.2.1/",
            "https://mirror.example/\\",
            "https://[::1/",
        ] {
            assert_eq!(Address::parse(text), Err(Trouble::Address), "{text}");
        }
        assert!(Address::parse(&format!("https://mirror.example/{}", "a".repeat(600))).is_err());
        for text in ["127.0.0.1", "127.0.0.1:0", "user@127.0.0.1:1", ""] {
            assert_eq!(parse_proxy(text), Err(Trouble::Address), "{text}");
        }
    }
}
