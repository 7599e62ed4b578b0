//! The command line, which the launcher writes.

use bulkhead_fetch::address::parse_proxy;
use std::ffi::OsString;
use std::path::PathBuf;

/// What the launcher says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The staging folder, as `bulkhead_staging::prepare` has made it ready.
    pub staging: PathBuf,
    /// A SOCKS5 proxy: everything goes through it, and no name is looked up here.
    pub socks: Option<(String, u16)>,
}

/// Reads `--staging FOLDER [--socks ADDRESS:PORT]`; says in a sentence what is wrong with it.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut staging, mut socks) = (None, None);
    let said = |error: lexopt::Error| error.to_string();
    while let Some(argument) = parser.next().map_err(said)? {
        match argument {
            Long("staging") if staging.is_none() => staging = Some(PathBuf::from(parser.value().map_err(said)?)),
            Long("socks") if socks.is_none() => {
                let value = parser.value().map_err(said)?.into_string().unwrap_or_default();
                socks = Some(parse_proxy(&value).map_err(|_| "--socks takes ADDRESS:PORT".to_owned())?);
            }
            other => return Err(said(other.unexpected())),
        }
    }
    let staging = staging.filter(|folder| folder.is_absolute()).ok_or("--staging takes an absolute path")?;
    Ok(Arguments { staging, socks })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Arguments, String> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn staging_and_proxy_are_taken() {
        let staging = PathBuf::from("/s");
        assert_eq!(of("--staging /s"), Ok(Arguments { staging: staging.clone(), socks: None }));
        let socks = Some(("127.0.0.1".to_owned(), 9050));
        assert_eq!(of("--socks 127.0.0.1:9050 --staging /s"), Ok(Arguments { staging, socks }));
    }

    #[test]
    fn anything_else_is_refused() {
        for line in
            ["", "--staging", "--staging s", "--staging /s --staging /t", "--staging /s --socks x", "--staging /s more"]
        {
            assert!(of(line).is_err(), "{line}");
        }
    }
}
