//! The sentences about updates, in order, for each way in which it can stand.

use super::Block;
use super::Block::{Aside, Body, Heading, Item, Lead};
use crate::clock::Zone;
use bulkhead_ipc::update::{Notice, Party, Release, Role, Status};
use bulkhead_vault_core::Time;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What the page says.
pub fn blocks(notice: &Notice, zone: &Zone, now: Time) -> Vec<Block> {
    let since = |at: u64| date(at, zone);
    let mut page = match &notice.status {
        Status::Off => vec![
            Lead("This copy of Bulkhead does not update itself.".into()),
            Body(
                "It was built on this computer, or your system keeps it up to date. Look for a newer one where this one \
                 came from."
                    .into(),
            ),
        ],
        Status::Checking => vec![Lead("Asking the mirrors of the three parties whether there is a newer release.".into())],
        Status::UpToDate => vec![Lead("None of the three parties lists a newer release.".into())],
        Status::Fetching { done, total, release } => vec![
            Lead(format!("{} is on its way: {} of {}.", name(release), size(*done), size(*total))),
            Body("All three parties have signed it. Go on reading and writing meanwhile.".into()),
        ],
        Status::Trying(release) => vec![
            Lead(format!("{} is here, and is being tried on this computer.", name(release))),
            Body("It runs under the rules of the release before it. Go on reading and writing meanwhile.".into()),
        ],
        Status::Ready { wider, changes, release, signers, narrower } => {
            let mut page = vec![
                Lead(format!("{} is ready. It runs from the next start on.", name(release))),
                Heading("What changes"),
                Body(quoted(changes.as_str(), "The parties say nothing about it.")),
                Heading("Who has signed it"),
                Body(signed(signers)),
                Heading("What its processes may do"),
            ];
            match (wider.is_empty(), narrower) {
                (true, 0) => page.push(Body("What they may do now. No rule changes.".into())),
                (true, _) => page.push(Body(format!("Less than now: {}.", rules(*narrower)))),
                (false, _) => {
                    page.push(Body(
                        "The release asks for more than is allowed now. It does not get it yet: only the release after \
                         it can have these rules."
                            .into(),
                    ));
                    page.extend(wider.iter().map(|sentence| Item(quoted(sentence.as_str(), "…"))));
                    if *narrower > 0 {
                        page.push(Body(format!("Elsewhere less: {}.", rules(*narrower))));
                    }
                }
            }
            page
        }
        Status::Waiting { number, missing } => vec![
            Lead(format!("Release {number} is listed, but not by {} yet.", parties(missing))),
            Body("It is installed once all three parties have signed it. There is nothing to do.".into()),
        ],
        Status::Frozen { since: at, parties: whose } => vec![
            Lead(format!("You are kept from updates since {}.", since(*at))),
            Body(format!(
                "Every day each party says what is current. Nothing new has arrived from {} since then: somebody holds \
                 it back, or the servers are down.",
                parties(whose)
            )),
            Body("Reading and writing go on. Try another network, then check again.".into()),
        ],
        Status::Forked { party, proof } => {
            let mut page = vec![
                Lead(format!("Do not update. {} has signed two different histories.", capital(*party))),
                Body(
                    "One of them may be meant for you alone. Nothing more is taken from this party, and no release can be \
                     installed without it."
                        .into(),
                ),
                Body(
                    "The proof is kept. Save it and pass it on: with it anybody can see for themselves what was signed."
                        .into(),
                ),
            ];
            if let Some(place) = proof {
                page.push(Heading("The proof lies here"));
                page.push(Body(place.as_str().to_owned()));
            }
            page
        }
        Status::Revoked(party) => vec![
            Lead(format!("Something was signed with a revoked key of {}.", with_article(*party))),
            Body("It was not installed, and nothing was changed. Whoever has that key may have stolen it.".into()),
            Body("Take Bulkhead from nobody who offers it to you now. Check again later.".into()),
        ],
        Status::Expired { role, party, since: at } => vec![
            Lead(format!("You may be kept from updates since {}.", since(*at))),
            Body(format!(
                "The {} file of {} is past its time, and no newer one arrives. Reading and writing go on. Check this \
                 computer's date, or try another network, then check again.",
                file(*role),
                with_article(*party)
            )),
        ],
        Status::Refused(sentence) => vec![
            Lead("What was offered as an update is refused.".into()),
            Body(quoted(sentence.as_str(), "Nothing was changed.")),
        ],
        Status::NeedsMore { release, sentence } => vec![
            Lead(format!("{} does not run on this computer, and was not installed.", name(release))),
            Body(quoted(sentence.as_str(), "It did not start under the rules in force.")),
            Body("The release that you have goes on running.".into()),
        ],
        Status::RolledBack { release, sentence } => vec![
            Lead(format!("{} did not start. The release before it runs again.", name(release))),
            Body(quoted(sentence.as_str(), "It ended before it was ready.")),
            Body("Nothing is lost, and it is not tried once more. The next release will be.".into()),
        ],
        Status::Unreachable { since: at } => vec![
            Lead(format!("No mirror of any party can be reached since {}.", since(*at))),
            Body("Reading and writing go on. Check the connection, then check again.".into()),
        ],
    };
    if let (Some(at), false) = (notice.checked, matches!(notice.status, Status::Off)) {
        page.push(Aside(format!("Checked {}.", ago(at, now))));
    }
    page
}

/// The one sentence above the strip, for what is loud. No word in it comes from outside.
pub fn alarm(status: &Status, zone: &Zone) -> Option<String> {
    Some(match status {
        Status::Frozen { since, parties: whose } => {
            format!("Kept from updates since {}: nothing arrives from {}.", date(*since, zone), parties(whose))
        }
        Status::Forked { party, .. } => {
            format!("Do not update: {} has signed two different histories.", with_article(*party))
        }
        Status::Revoked(party) => {
            format!("Something was signed with a revoked key of {}. It was not installed.", with_article(*party))
        }
        Status::Expired { party, since, .. } => {
            format!(
                "You may be kept from updates: a file of {} expired on {}.",
                with_article(*party),
                date(*since, zone)
            )
        }
        Status::RolledBack { release, .. } => {
            format!("Release {} did not start: the one before it runs again.", release.number)
        }
        _ => return None,
    })
}

fn name(release: &Release) -> String {
    match release.version.as_str() {
        "" => format!("Release {}", release.number),
        version => format!("Bulkhead {}", one_line(version)),
    }
}

/// Without line feeds, and no longer than a name.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut short: String = text.chars().take(LONGEST).map(|c| if c == '\n' { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn quoted(words: &str, instead: &str) -> String {
    if words.trim().is_empty() { instead.to_owned() } else { words.trim().to_owned() }
}

fn rules(count: u32) -> String {
    if count == 1 { "one rule is narrower".to_owned() } else { format!("{count} rules are narrower") }
}

const fn short(party: Party) -> &'static str {
    match party {
        Party::Development => "development",
        Party::Quality => "quality",
        Party::Security => "security",
    }
}

fn with_article(party: Party) -> String {
    format!("the {} party", short(party))
}

fn capital(party: Party) -> String {
    format!("The {} party", short(party))
}

/// “the quality and security parties”, each once.
fn parties(of: &[Party]) -> String {
    let named: Vec<&str> = [Party::Development, Party::Quality, Party::Security]
        .into_iter()
        .filter(|party| of.contains(party))
        .map(short)
        .collect();
    match named.as_slice() {
        [] => "some parties".to_owned(),
        [one] => format!("the {one} party"),
        [one, two] => format!("the {one} and {two} parties"),
        _ => "all three parties".to_owned(),
    }
}

fn signed(by: &[Party]) -> String {
    match parties(by).as_str() {
        "all three parties" => {
            "The development, quality and security parties, each with two keys of its own at least.".to_owned()
        }
        some => format!("Only {some}. This must not be: do not restart into it."),
    }
}

const fn file(role: Role) -> &'static str {
    match role {
        Role::Root => "root",
        Role::Timestamp => "timestamp",
        Role::Snapshot => "snapshot",
        Role::Targets => "targets",
    }
}

fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        MIB.. => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
        _ => format!("{} KiB", bytes.div_ceil(KIB)),
    }
}

fn date(at: u64, zone: &Zone) -> String {
    zone.full(Time(at.saturating_mul(1000)))
}

/// How long ago a second of the clock was. What is in the future, as a clock was set back, has just been.
fn ago(at: u64, now: Time) -> String {
    let count = |number: u64, one: &str| format!("{number} {one}{} ago", if number == 1 { "" } else { "s" });
    match age(at, now) {
        ..MINUTE => "just now".to_owned(),
        age @ ..HOUR => count(age / MINUTE, "minute"),
        age @ ..DAY => count(age / HOUR, "hour"),
        age => count(age / DAY, "day"),
    }
}

const fn age(at: u64, now: Time) -> u64 {
    (now.0 / 1000).saturating_sub(at)
}

/// How long what [`blocks`] says stays true: a minute in the first hour, later an hour.
pub fn until_older(at: u64, now: Time) -> Duration {
    let age = age(at, now);
    let unit = if age < HOUR { MINUTE } else { HOUR };
    Duration::from_secs(unit - age % unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_ipc::update::{Kind, Sentence, Words};

    const NOW: Time = Time(1_714_564_800_000); // Wednesday, 1 May 2024, 12:00 UTC

    fn zone() -> Zone {
        Zone::utc()
    }

    fn at(seconds: u64) -> u64 {
        NOW.0 / 1000 - seconds
    }

    fn release(version: &str) -> Release {
        Release { number: 7, version: Sentence::cut(version) }
    }

    fn every() -> Vec<Status> {
        let sentence = || Sentence::cut("It needs more.");
        let party = Party::Quality;
        vec![
            Status::Off,
            Status::Checking,
            Status::UpToDate,
            Status::Fetching { done: 3 << 20, total: 12 << 20, release: release("1.2.0") },
            Status::Trying(release("1.2.0")),
            Status::Ready {
                wider: vec![sentence()],
                changes: Words::cut("Faster."),
                release: release("1.2.0"),
                signers: vec![party],
                narrower: 1,
            },
            Status::Waiting { number: 8, missing: vec![party] },
            Status::Frozen { since: at(3 * DAY), parties: vec![party] },
            Status::Forked { party, proof: Some(sentence()) },
            Status::Revoked(party),
            Status::Expired { role: Role::Timestamp, party, since: at(DAY) },
            Status::Refused(sentence()),
            Status::NeedsMore { release: release(""), sentence: sentence() },
            Status::RolledBack { release: release("1.2.0"), sentence: sentence() },
            Status::Unreachable { since: at(HOUR) },
        ]
    }

    fn page(status: Status) -> String {
        let notice = Notice { status, checked: Some(at(3 * HOUR)), details: Words::cut("") };
        blocks(&notice, &zone(), NOW)
            .into_iter()
            .map(|block| match block {
                Lead(words) | Body(words) | Item(words) | Aside(words) => words,
                Heading(words) => words.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn every_way_it_can_stand_says_something_and_when_it_was_checked() {
        for status in every() {
            let kind = status.kind();
            let words = page(status);
            assert!(words.len() > 30, "{kind:?}");
            assert_eq!(words.ends_with("Checked 3 hours ago."), kind != Kind::Off, "{words}");
        }
    }

    #[test]
    fn exactly_what_is_loud_has_an_alarm_and_no_word_in_it_is_from_outside() {
        for status in every() {
            let said = alarm(&status, &zone());
            assert_eq!(said.is_some(), status.kind().is_loud(), "{status:?}");
            assert!(!said.unwrap_or_default().contains("1.2.0"));
        }
    }

    #[test]
    fn ages_are_said_in_whole_units_and_stay_true_until_the_next() {
        for (seconds, words, left) in [
            (0, "just now", 60),
            (59, "just now", 1),
            (60, "1 minute ago", 60),
            (3_599, "59 minutes ago", 1),
            (3_600, "1 hour ago", 3_600),
            (3 * HOUR + 5, "3 hours ago", 3_595),
            (DAY, "1 day ago", 3_600),
            (9 * DAY, "9 days ago", 3_600),
        ] {
            assert_eq!(ago(at(seconds), NOW), words);
            assert_eq!(until_older(at(seconds), NOW).as_secs(), left, "{words}");
        }
        assert_eq!(ago(u64::MAX, NOW), "just now");
        assert_eq!(until_older(u64::MAX, NOW).as_secs(), 60);
    }

    #[test]
    fn a_release_that_not_all_have_signed_is_not_praised() {
        assert!(page(every().swap_remove(5)).contains("Only the quality party. This must not be"));
        assert!(signed(&[Party::Security, Party::Quality, Party::Development]).starts_with("The development, quality"));
        assert_eq!(parties(&[Party::Security; 3]), "the security party", "one that is named three times is one");
    }

    #[test]
    fn sizes_and_names_are_short() {
        assert_eq!([size(0), size(1), size(1 << 20), size(12_900_000)], ["0 KiB", "1 KiB", "1.0 MiB", "12.3 MiB"]);
        assert!(!size(u64::MAX).is_empty());
        assert_eq!(name(&release("")), "Release 7");
        assert_eq!(name(&release(&"9".repeat(500))).chars().count(), 50);
        assert_eq!(name(&release("1\n2")), "Bulkhead 1 2");
    }
}
