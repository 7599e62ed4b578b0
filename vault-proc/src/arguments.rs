//! The words on the command line, as the launcher writes them.
//!
//! The launcher checks what a person typed; here anything unexpected is refused, because it can only come
//! from a launcher of another version.

use bulkhead_vault::backup::Kind;
use std::path::PathBuf;

/// What the launcher asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The profile's own folder: the data folder and the profile's name below it.
    pub profile: PathBuf,
    /// Relays for a new profile, or to add to an old one.
    pub relays: Vec<String>,
    /// Whether net connects through a proxy, with a circuit per mailbox.
    pub proxied: bool,
    /// What to make of the profile once its key is there.
    pub backup: Option<Kind>,
    /// Whether to show nothing and to end once everything works.
    pub trial: bool,
    /// The descriptor that holds the passphrase in its first line, if one does.
    pub passphrase: Option<i32>,
}

/// Why the arguments cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// An option that this version does not have.
    #[error("option number {0} is unknown: start `bulkhead`, not `bulkhead-vault`")]
    Unknown(usize),
    /// An option without its value, or without which nothing works.
    #[error("option `{0}` is missing or has no value: start `bulkhead`, not `bulkhead-vault`")]
    Missing(&'static str),
    /// A profile name that would leave the data folder.
    #[error("the profile's name must be letters, digits, `-`, `_` and `.`, and not begin with a dot")]
    Profile,
}

/// Reads the arguments after the program's name.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Arguments, Error> {
    let mut words = words.into_iter().enumerate();
    let (mut folder, mut name) = (None, None);
    let mut found = Arguments::default();
    while let Some((number, word)) = words.next() {
        let mut value = |option| words.next().map(|(_, value)| value).ok_or(Error::Missing(option));
        match word.as_str() {
            "--data-dir" => folder = Some(PathBuf::from(value("--data-dir")?)),
            "--profile" => name = Some(value("--profile")?),
            "--relay" => found.relays.push(value("--relay")?),
            "--proxied" => found.proxied = true,
            "--try" => found.trial = true,
            "--backup" => found.backup = Some(Kind::Copy),
            "--move" => found.backup = Some(Kind::Move),
            "--passphrase-fd" => {
                let number = value("--passphrase-fd")?.parse().map_err(|_| Error::Missing("--passphrase-fd"))?;
                found.passphrase = Some(number);
            }
            _ => return Err(Error::Unknown(number + 1)),
        }
    }
    let name = name.ok_or(Error::Missing("--profile"))?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(legal) {
        return Err(Error::Profile);
    }
    found.profile = folder.ok_or(Error::Missing("--data-dir"))?.join(name);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, Error> {
        parse(words.iter().map(ToString::to_string))
    }

    #[test]
    fn everything_the_launcher_writes_is_read() {
        let found =
            read(&["--data-dir", "/d", "--profile", "a", "--relay", "wss://x", "--proxied", "--passphrase-fd", "8"]);
        let (profile, relays) = ("/d/a".into(), vec!["wss://x".into()]);
        let wanted = Arguments { profile, relays, proxied: true, trial: false, backup: None, passphrase: Some(8) };
        assert_eq!(found, Ok(wanted));
    }

    #[test]
    fn a_backup_is_asked_for() {
        let backup = |option| read(&["--data-dir", "/d", "--profile", "a", option]).map(|found| found.backup);
        assert_eq!(backup("--backup"), Ok(Some(Kind::Copy)));
        assert_eq!(backup("--move"), Ok(Some(Kind::Move)));
    }

    #[test]
    fn a_trial_is_asked_for() {
        assert_eq!(read(&["--data-dir", "/d", "--profile", "a", "--try"]).map(|found| found.trial), Ok(true));
    }

    #[test]
    fn a_profile_cannot_leave_its_folder() {
        for name in ["..", "a/b", "", ".x", "/"] {
            assert_eq!(read(&["--data-dir", "/d", "--profile", name]), Err(Error::Profile), "{name}");
        }
    }

    #[test]
    fn unknown_and_missing_options_are_refused() {
        assert_eq!(read(&["--no-sandbox"]), Err(Error::Unknown(1)));
        assert_eq!(read(&["--profile"]), Err(Error::Missing("--profile")));
        assert_eq!(read(&["--profile", "a"]), Err(Error::Missing("--data-dir")));
    }
}
