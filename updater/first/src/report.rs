//! What was verified, for people.

use bulkhead_staging::Staged;
use bulkhead_trust::{Chain, Digest, Listing, Party, PartyState, PartyView, PerParty, Time};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A party's daily statement is late after this many seconds; its signature ends after seven days.
const LATE: Time = 2 * 24 * 60 * 60;

/// By what the parties are known: the first root of each, as the file that their mirrors serve under `metadata/1.root.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// SHA-256 of each.
    pub each: PerParty<Digest>,
    /// SHA-256 of the three files, one after the other: development, quality, security.
    pub all: Digest,
}

impl Roots {
    /// The first roots of what was collected or read.
    pub fn of(parties: &PerParty<Staged>) -> Self {
        let mut all = Sha256::new();
        parties.iter().for_each(|(_, staged)| all.update(&staged.trusted));
        let each = PerParty::make(|party| Digest::of(&parties.of(party).trusted));
        Self { each, all: Digest(all.finalize().into()) }
    }
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// SHA-256 of the whole file.
    pub file: Digest,
    /// The release that all three parties list.
    pub listing: Listing,
    /// By what the parties are known.
    pub roots: Roots,
    /// What each party says.
    pub parties: PerParty<Said>,
}

/// What a party says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// How many roots there are, and the digest of what the last one signs.
    pub roots: (u64, Digest),
    /// How many lists of releases there are, and the digest of what the last one signs.
    pub lists: (u64, Digest),
    /// How many keys sign releases, and how many of them must.
    pub keys: (usize, u32),
    /// When it last said what is current.
    pub signed: Time,
    /// Until when that counts.
    pub expires: Time,
    /// Whether it should have said so again by now.
    pub late: bool,
    /// Its statement, by hand.
    pub statement: String,
    /// What it has to report, such as orders by courts.
    pub report: String,
}

pub(crate) fn said(known: &PartyState, view: &PartyView, now: Time) -> Said {
    let (keys, stamp) = (&known.roles.targets, &view.timestamp);
    Said {
        roots: (known.roots.version(), head(&known.roots)),
        lists: (known.targets.version(), head(&known.targets)),
        keys: (keys.keys.len(), keys.threshold),
        signed: stamp.signed,
        expires: stamp.expires,
        late: now.saturating_sub(stamp.signed) > LATE,
        statement: plain(&stamp.statement),
        report: plain(&stamp.report),
    }
}

/// A chain that was followed has a last link.
fn head(chain: &Chain) -> Digest {
    chain.head().unwrap_or(Digest([0; 32]))
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Listing { release, length, sha256, .. } = &self.listing;
        writeln!(
            f,
            "Verified: all three parties list release {}, version {}.",
            release.number,
            plain(&release.version)
        )?;
        writeln!(f)?;
        writeln!(f, "file     {}", self.file)?;
        writeln!(f, "package  {sha256}  {length} bytes")?;
        for party in Party::ALL {
            let (name, said) = (party.name(), self.parties.of(party));
            let (keys, threshold) = said.keys;
            writeln!(
                f,
                "\n{name}: {threshold} of {keys} keys; root {}, list {}, without a gap from the first on",
                said.roots.0, said.lists.0
            )?;
            writeln!(f, "  first root  {}", self.roots.each.of(party))?;
            writeln!(f, "  said on {} what is current; that counts until {}", time(said.signed), time(said.expires))?;
            if said.late {
                writeln!(
                    f,
                    "  It says so every day, and has not for two days: somebody may keep newer files from you."
                )?;
            }
            writeln!(f, "  statement: {}", said.statement)?;
            if !said.report.is_empty() {
                writeln!(f, "  report: {}", said.report)?;
            }
        }
        writeln!(f, "\nRoots  {}", self.roots.all)?;
        writeln!(f, "Compare this one with what the parties show in other places: all else follows from it.")
    }
}

/// A date and time, in UTC; the number of seconds where there is no such date.
pub fn time(seconds: Time) -> String {
    let at = jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default();
    at.get(..16).map_or_else(|| format!("second {seconds}"), |minute| format!("{} UTC", minute.replace('T', " ")))
}

/// Text of somebody else, without what would let it look like something else on a terminal or a page: control codes, and
/// marks that turn the direction of writing.
pub fn plain(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if c.is_control() || turns(c) || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_words() {
        assert_eq!(time(1_800_000_000), "2027-01-15 08:00 UTC");
        assert_eq!(time(Time::MAX), format!("second {}", Time::MAX));
    }
}
