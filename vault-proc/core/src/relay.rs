//! Which relay addresses may be used: the launcher's rules, applied again to what users type and contacts say.

use bulkhead_ipc::post::MAX_URL;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server on the Internet, by TLS.
    Public,
    /// A Tor onion service.
    Onion,
    /// This machine.
    Loopback,
}

/// Checks an address and says where it leads: `wss://` anywhere, `ws://` on loopback and `.onion` only.
pub fn place(url: &str) -> Option<Place> {
    let plain = url.len() <= MAX_URL && url.bytes().all(|b| b.is_ascii_graphic());
    let (secure, rest) = match (url.strip_prefix("wss://"), url.strip_prefix("ws://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    if !plain || authority.contains(['@', '#', '\\']) || rest.contains('#') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((host, port)) => (host, port),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let good_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok_and(|p| p > 0));
    let six = authority.starts_with('[');
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    let good_host = if six { host.parse::<core::net::Ipv6Addr>().is_ok() } else { host.bytes().all(name) };
    if host.is_empty() || !good_host || !good_port {
        return None;
    }
    let loopback = match host.parse::<core::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    let onion = host.len() > 6 && host.get(host.len() - 6..).is_some_and(|end| end.eq_ignore_ascii_case(".onion"));
    match (loopback, onion, secure) {
        (true, ..) => Some(Place::Loopback),
        (_, true, _) => Some(Place::Onion),
        (_, _, true) => Some(Place::Public),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sorted_by_where_they_lead() {
        for (url, expected) in [
            ("wss://nos.lol", Some(Place::Public)),
            ("wss://relay.example.org:8443/path?q=1", Some(Place::Public)),
            ("ws://127.0.0.1:7000", Some(Place::Loopback)),
            ("ws://[::1]:7000/", Some(Place::Loopback)),
            ("ws://localhost", Some(Place::Loopback)),
            ("ws://abcdefabcdef.onion", Some(Place::Onion)),
            ("ws://relay.example.org", None),
            ("ws://127.0.0.1.example.org", None),
            ("ws://localhost@example.org", None),
            ("https://nos.lol", None),
            ("wss://", None),
            ("wss://a b", None),
            ("wss://host:0", None),
            ("wss://host:99999", None),
            ("wss://host#x", None),
            ("wss://ünï.example", None),
            ("ws://.onion", None),
        ] {
            assert_eq!(place(url), expected, "{url}");
        }
    }
}
