//! What a decision is for the user: from `bulkhead-trust`'s words to those of the control line. No input or output.

use bulkhead_install::Selection;
use bulkhead_ipc::update::{self, MAX_WIDER, Notice, Sentence, Status, Words};
use bulkhead_rules::audit::{Comparison, Kind};
use bulkhead_trust::{Fork, Freshness, Listing, Party, Refusal, Release, Role, State, Time, freshness};
use std::collections::BTreeSet;

/// Whose rules, and how the new ones differ from the old ones.
pub type Compared = (&'static str, Comparison);

/// Why nothing was changed.
pub fn refused(refusal: &Refusal) -> Status {
    match *refusal {
        Refusal::Forked(ref fork) => forked(fork),
        Refusal::RevokedKey { party, .. } | Refusal::RevokedKeyReturns { party, .. } => Status::Revoked(of(party)),
        Refusal::Expired { party, role, since } => {
            Status::Expired { role: role_of(role), party: of(party), since: seconds(since) }
        }
        _ => Status::Refused(Sentence::cut(&refusal.to_string())),
    }
}

/// A party has signed two histories.
pub fn forked(fork: &Fork) -> Status {
    Status::Forked { party: of(fork.party), proof: None }
}

/// A newer release is not listed by all.
pub fn waiting(number: u64, missing: &BTreeSet<Party>) -> Status {
    Status::Waiting { number, missing: missing.iter().copied().map(of).collect() }
}

/// Whether daily statements do not arrive any more. A party of which nothing was ever heard has no day to miss.
pub fn frozen(state: &State, now: Time) -> Option<Status> {
    let ages = freshness(state, now);
    let late: Vec<(Party, Time)> = ages
        .iter()
        .filter_map(|(party, age)| if let Freshness::Frozen(since) = age { Some((party, *since)) } else { None })
        .collect();
    let since = late.iter().map(|(_, since)| *since).min()?;
    Some(Status::Frozen { since: seconds(since), parties: late.into_iter().map(|(party, _)| of(party)).collect() })
}

/// A release is selected, and runs from the next start on. `rules`: those in force for it then, against its own.
pub fn ready(release: &Release, rules: &[Compared]) -> Status {
    let (wider, narrower) = changes(rules);
    Status::Ready {
        wider,
        changes: Words::cut(&release.changes),
        release: named(release),
        signers: Party::ALL.map(of).to_vec(),
        narrower,
    }
}

/// The release does not start under the rules in force. Its own rules say what it may be missing.
pub fn needs_more(release: &Release, why: &str, rules: &[Compared]) -> Status {
    let (wider, _) = changes(rules);
    let more = wider.first().map(|first| format!(" Its own rules would allow more: {}", first.as_str()));
    let sentence = format!("{why}{}", more.unwrap_or_default());
    Status::NeedsMore { release: named(release), sentence: Sentence::cut(&sentence) }
}

/// The proof of a fork was put where the user finds it.
pub fn exported(fork: &Fork, place: &str) -> Status {
    Status::Forked { party: of(fork.party), proof: Some(Sentence::cut(place)) }
}

/// The release before runs again.
pub fn rolled_back(release: &Release) -> Status {
    let sentence =
        "It did not start three times in a row. The release before it runs again, under the rules that it had.";
    Status::RolledBack { release: named(release), sentence: Sentence::cut(sentence) }
}

/// The same for whoever reads what the launcher says: a line each. Nothing while something is only under way.
pub fn lines(status: &Status) -> Vec<String> {
    let one = match status {
        Status::Off | Status::Checking | Status::Fetching { .. } | Status::Trying(_) => return Vec::new(),
        Status::Ready { wider, release, .. } => {
            let number = release.number;
            let ready = format!("release {number} is ready: it runs from the next start on");
            let widens = |sentence: &Sentence| {
                format!("release {number} widens, once the release after it runs: {}", sentence.as_str())
            };
            return std::iter::once(ready).chain(wider.iter().map(widens)).collect();
        }
        Status::UpToDate => "up to date".to_owned(),
        Status::Waiting { number, .. } => format!("release {number} is not listed by all parties yet"),
        Status::Frozen { parties, .. } => format!("no daily statement comes any more from: {parties:?}"),
        Status::Forked { party, .. } => format!("{party:?} has signed two histories: do not update"),
        Status::Revoked(party) => format!("{party:?} uses a key that was revoked: nothing was changed"),
        Status::Expired { role, party, .. } => format!("the file {role:?} of {party:?} has expired"),
        Status::Refused(sentence) => sentence.as_str().to_owned(),
        Status::NeedsMore { release, sentence } => {
            format!("release {} is not installed: {}", release.number, sentence.as_str())
        }
        Status::RolledBack { release, sentence } => {
            format!("release {} was given up: {}", release.number, sentence.as_str())
        }
        Status::Unreachable { .. } => "what the parties publish could not be fetched: try again later".to_owned(),
    };
    vec![one]
}

/// A release's number and name.
pub fn named(release: &Release) -> update::Release {
    update::Release { number: release.number, version: Sentence::cut(&release.version) }
}

/// Everything together. `checked`: when the mirrors were last asked with success.
pub fn notice(status: Status, checked: Option<Time>, details: &str) -> Notice {
    Notice { status, checked: checked.map(seconds), details: Words::cut(details) }
}

/// For auditors: what runs, what is trusted, what was seen.
pub fn details(state: &State, selection: &Selection, listing: Option<&Listing>) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let now = selection.now;
    let _ = writeln!(text, "release {} under the launcher and rules of release {}", now.current, now.enforcer);
    if let Some(before) = selection.before {
        let _ = writeln!(text, "way back: release {} under release {}", before.current, before.enforcer);
    }
    if let Some(Listing { id, length, sha256, release }) = listing {
        let (number, version) = (release.number, &release.version);
        let _ = writeln!(text, "release {number} ({version}): package sha256 {sha256}, {length} bytes; entry {id}");
        for (process, rules) in &release.rules {
            let _ = writeln!(text, "  rules of {process}: version {}, sha256 {}", rules.version, rules.sha256);
        }
    }
    for (party, known) in state.parties.iter() {
        let head = |chain: &bulkhead_trust::Chain| {
            format!("version {} ({})", chain.version(), chain.head().map_or("none".to_owned(), |id| id.to_string()))
        };
        let _ = writeln!(text, "{}: root {}", party.name(), head(&known.roots));
        let _ = writeln!(text, "  targets {}", head(&known.targets));
        if let Some(seen) = &known.timestamp {
            let signed = known.signed.unwrap_or_default();
            let _ = writeln!(text, "  timestamp version {} ({}), signed at {signed}", seen.version, seen.id);
        }
    }
    for fork in &state.forks {
        let _ = writeln!(text, "fork of {}: {:?}: {} and {}", fork.party.name(), fork.of, fork.ours, fork.theirs);
    }
    if !state.failed.is_empty() {
        let _ = writeln!(text, "not tried again: {:?}", state.failed);
    }
    for key in &state.revoked {
        let _ = writeln!(text, "revoked key {key}");
    }
    text
}

/// What the new rules give more, a sentence each, and in how many places they give less.
fn changes(rules: &[Compared]) -> (Vec<Sentence>, u32) {
    let all = || rules.iter().flat_map(|(whose, c)| c.differences.iter().map(move |d| (whose, d)));
    let wider: Vec<Sentence> = all()
        // What could not be judged may be wider.
        .filter(|(_, difference)| matches!(difference.kind, Kind::Wider | Kind::Undecided))
        .map(|(whose, difference)| Sentence::cut(&format!("{whose}: {}", difference.text)))
        .collect();
    let narrower = all().filter(|(_, difference)| difference.kind == Kind::Narrower).count();
    (fitting(wider), u32::try_from(narrower).unwrap_or(u32::MAX))
}

/// As many as fit; the last one then says how many more there are.
fn fitting(mut sentences: Vec<Sentence>) -> Vec<Sentence> {
    let more = sentences.len().saturating_sub(MAX_WIDER);
    if more > 0 {
        sentences.truncate(MAX_WIDER.saturating_sub(1));
        sentences.push(Sentence::cut(&format!("… and {} more", more.saturating_add(1))));
    }
    sentences
}

const fn of(party: Party) -> update::Party {
    match party {
        Party::Development => update::Party::Development,
        Party::Quality => update::Party::Quality,
        Party::Security => update::Party::Security,
    }
}

const fn role_of(role: Role) -> update::Role {
    match role {
        Role::Root => update::Role::Root,
        Role::Timestamp => update::Role::Timestamp,
        Role::Snapshot => update::Role::Snapshot,
        Role::Targets => update::Role::Targets,
    }
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_rules::audit::{Difference, Verdict};
    use bulkhead_trust::{Digest, Forked, Key};

    fn release() -> Release {
        Release { number: 7, version: "1.2.0".into(), changes: "Faster.".into(), rules: [].into() }
    }

    fn comparison(kinds: &[Kind]) -> Comparison {
        let differences = kinds.iter().map(|kind| Difference { kind: *kind, text: "may use the network".into() });
        Comparison { verdict: Verdict::Wider, differences: differences.collect() }
    }

    #[test]
    fn alarms_have_a_notice_of_their_own() {
        let party = Party::Quality;
        let fork = Fork { party, of: Forked::Root(2), ours: Digest::of(b"1"), theirs: Digest::of(b"2") };
        assert_eq!(refused(&Refusal::Forked(fork)), Status::Forked { party: update::Party::Quality, proof: None });
        let revoked = Status::Revoked(update::Party::Quality);
        assert_eq!(refused(&Refusal::RevokedKey { party, role: Role::Root }), revoked);
        assert_eq!(refused(&Refusal::RevokedKeyReturns { party, key: Key([0; 32]) }), revoked);
        let expired = Refusal::Expired { party, role: Role::Targets, since: 9 };
        let wanted = Status::Expired { role: update::Role::Targets, party: update::Party::Quality, since: 9 };
        assert_eq!(refused(&expired), wanted);
        let Status::Refused(sentence) = refused(&Refusal::InnerDiffers) else { panic!("refused") };
        assert_eq!(sentence.as_str(), Refusal::InnerDiffers.to_string());
    }

    #[test]
    fn rules_that_widen_are_told_and_those_that_do_not_are_counted() {
        let kinds = [Kind::Wider, Kind::Undecided, Kind::Narrower, Kind::Narrower, Kind::Remark];
        let Status::Ready { wider, narrower, signers, .. } = ready(&release(), &[("bulkhead-ui", comparison(&kinds))])
        else {
            panic!("ready")
        };
        assert_eq!(wider.iter().map(Words::as_str).collect::<Vec<_>>(), ["bulkhead-ui: may use the network"; 2]);
        assert_eq!((narrower, signers.len()), (2, 3));
    }

    #[test]
    fn more_than_fits_is_counted() {
        let many = comparison(&[Kind::Wider; MAX_WIDER + 5]);
        let Status::Ready { wider, .. } = ready(&release(), &[("bulkhead-ui", many)]) else { panic!("ready") };
        assert_eq!(wider.len(), MAX_WIDER);
        assert_eq!(wider.last().map(Words::as_str), Some("… and 6 more"));
        let some = comparison(&[Kind::Wider; MAX_WIDER]);
        let Status::Ready { wider, .. } = ready(&release(), &[("bulkhead-ui", some)]) else { panic!("ready") };
        assert!(wider.last().is_some_and(|last| last.as_str().contains("network")));
    }

    #[test]
    fn release_that_needs_more_says_what_for() {
        let rules = [("bulkhead-ui", comparison(&[Kind::Wider]))];
        let Status::NeedsMore { sentence, .. } = needs_more(&release(), "It did not start.", &rules) else { panic!() };
        assert!(sentence.as_str().starts_with("It did not start. Its own rules would allow more: bulkhead-ui"));
    }
}
