//! Which names a package may hold.

/// The longest name, in bytes: what the oldest header field takes.
pub(crate) const LONGEST_NAME: usize = 100;
/// How many folders below `metadata`.
const DEEPEST: usize = 4;

/// Whether a package may hold a file of this name: below `bin/` or `rules/` without further folders, or below `metadata/`.
pub fn is_name(name: &str) -> bool {
    let mut parts = name.split('/');
    let top = parts.next();
    let rest: Vec<&str> = parts.collect();
    let depth = match top {
        Some("bin" | "rules") => 1..=1,
        Some("metadata") => 1..=DEEPEST,
        _ => return false,
    };
    name.len() <= LONGEST_NAME && depth.contains(&rest.len()) && rest.iter().all(|part| is_part(part))
}

/// Whether the file of this name is executable.
pub fn is_program(name: &str) -> bool {
    name.starts_with("bin/")
}

/// Begins with a letter or digit, so that it is neither hidden nor `..` nor an option.
fn is_part(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    part.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric()) && part.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_of_releases_are_names() {
        for name in
            ["bin/bulkhead", "bin/bulkhead-net", "rules/ui.json", "metadata/release.json", "metadata/a/b/c/1.root.json"]
        {
            assert!(is_name(name), "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        let long = format!("metadata/{}", "x".repeat(92));
        for name in [
            "",
            "bin",
            "bin/",
            "bin//x",
            "/bin/x",
            "bin/../x",
            "bin/x/y",
            "rules/a/b",
            "metadata/./x",
            "metadata/../bin/x",
            "bin/.x",
            "bin/-x",
            "lib/x",
            "BIN/x",
            "bin/x\0",
            "bin/x y",
            "bin/ä",
            "bin\\x",
            "metadata/a/b/c/d/e",
            &long,
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
