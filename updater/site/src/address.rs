//! Names that a site can have. They are written into configurations, so they are judged first.

/// Whether this is a host's name in lower case (RFC 1123), with a dot in it.
pub fn is_host(name: &str) -> bool {
    let part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&part.len()) && part.bytes().all(plain) && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(part)
}

/// Whether this is the name of an onion service of version 3. Its last letter is part of the version and always a `d`.
pub fn is_onion(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    name.strip_suffix(".onion").is_some_and(|name| name.len() == 56 && name.bytes().all(plain) && name.ends_with('d'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_be_something_else_in_a_configuration_are_none() {
        assert!(is_host("download.example.org") && is_host("a-1.example"));
        for wrong in
            ["", "localhost", "a..b", "-a.b", "a-.b", "A.b", "a b.c", "a.b;", "a.b{", "a.b\n", "ä.de", "$host.b"]
        {
            assert!(!is_host(wrong), "{wrong}");
        }
        let onion = format!("{}d.onion", "a2".repeat(27) + "b");
        assert!(is_onion(&onion), "{onion}");
        for wrong in
            [&onion[1..], &onion.replace('d', "e"), &onion.to_uppercase(), "x.onion", &onion.replace("a2", "a1")]
        {
            assert!(!is_onion(wrong), "{wrong}");
        }
    }
}
