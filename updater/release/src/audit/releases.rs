//! What the three parties together say: the decision that a program makes on their files, for each release from the first one on.

use super::Asked;
use super::parties::{Followed, told};
use super::report::Step;
use super::source::Bits;
use bulkhead_first::report::time;
use bulkhead_trust::{
    Candidate, Decision, Freshness, Listing, PackageView, Party, PerParty, Release, State, decide, freshness,
};
use std::collections::{BTreeMap, BTreeSet};

/// The three parties' histories, judged together.
pub struct Agreed {
    /// The release.
    pub listing: Listing,
    /// What all list, up to the release and beyond.
    pub listings: BTreeMap<u64, Listing>,
    /// What such a program knew before the release.
    before: State,
    candidate: Candidate,
}

/// Judges them. The steps say how far that went.
pub fn agreed(asked: &Asked, followed: &PerParty<Followed>) -> (Vec<Step>, Option<Agreed>) {
    let title = "Decision on all three parties";
    let parties = PerParty::make(|party| followed.of(party).known.clone());
    let nothing = Release { number: 0, version: String::new(), changes: String::new(), rules: BTreeMap::new() };
    let mut candidate = Candidate {
        parties: PerParty::make(|party| {
            let mut view = followed.of(party).view.clone();
            view.targets.releases.clear();
            view
        }),
        package: None,
    };
    let facts = vec![
        "made by the program's own code for updates, beginning at the first roots: no key in two parties, no removed key that signs, no gap and no second history in roots and lists".to_owned(),
    ];
    let state = match decide(&State::first(parties, &nothing), &candidate, asked.now) {
        Decision::UpToDate { next } => next,
        other => return (vec![Step::judged(title, facts, vec![why(&other)])], None),
    };
    let mut steps = vec![Step::verified(title, facts), fresh(&state, asked)];
    // What was followed once need not be followed for each release again.
    Party::ALL.into_iter().for_each(|party| candidate.parties.of_mut(party).links.clear());
    let (step, agreed) = chain(asked, followed, *state, candidate);
    steps.push(step);
    (steps, agreed)
}

fn why(decision: &Decision) -> String {
    match decision {
        Decision::Refused(refusal) => told(refusal),
        Decision::Forked { fork, .. } => format!(
            "{} has signed two histories ({} and {}): keep the folders, they prove it",
            fork.party, fork.ours, fork.theirs
        ),
        Decision::Waiting { number, missing, .. } => {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            format!("release {number} is not listed by {}: it is none before all three list it", missing.join(" and "))
        }
        _ => "the files could not be judged".into(),
    }
}

fn fresh(state: &State, asked: &Asked) -> Step {
    let (mut facts, mut against) = (Vec::new(), Vec::new());
    for (party, freshness) in freshness(state, asked.now).iter() {
        match freshness {
            Freshness::Fresh(age) => facts.push(format!("{party}: signed {} hours ago", age / 3600)),
            Freshness::Frozen(since) => against.push(format!(
                "{party}: nothing new since {}, when it was due: copy the folder again; if all mirrors show this, the party is silent or is kept from speaking",
                time(*since)
            )),
            Freshness::Never => against.push(format!("{party}: has never said what is current")),
        }
    }
    Step::judged("Daily statements", facts, against)
}

/// Every release up to the one asked for, as a program meets them that installs each.
fn chain(
    asked: &Asked,
    followed: &PerParty<Followed>,
    mut state: State,
    mut candidate: Candidate,
) -> (Step, Option<Agreed>) {
    let title = format!("Releases, from the first to {}", asked.release);
    let all = || Party::ALL.into_iter().flat_map(|party| &followed.of(party).listings);
    let named: BTreeSet<u64> =
        all().filter(|(_, listing)| listing.release.version == asked.release).map(|(number, _)| *number).collect();
    let [wanted] = named.iter().copied().collect::<Vec<_>>()[..] else {
        let why = if named.is_empty() {
            format!("no party lists a release {}: copy the folders again if it is new", asked.release)
        } else {
            format!("release {} is listed under the numbers {named:?}: a version is used once", asked.release)
        };
        return (Step::judged(title, Vec::new(), vec![why]), None);
    };
    let numbers: BTreeSet<u64> = all().map(|(number, _)| *number).collect();
    let (mut facts, mut against, mut listings) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut found = None;
    for number in numbers {
        for party in Party::ALL {
            let listing = followed.of(party).listings.get(&number);
            candidate.parties.of_mut(party).targets.releases =
                listing.iter().map(|one| (number, (*one).clone())).collect();
        }
        match decide(&state, &candidate, asked.now) {
            Decision::Download { release, next } => {
                let Listing { sha256, length, release: about, .. } = &*release;
                let (version, later) = (&about.version, if number > wanted { "later: " } else { "" });
                facts.push(format!("{later}release {number}, {version}: SHA-256 {sha256}, {length} bytes"));
                if number <= wanted {
                    let after = next.with_installed(about);
                    if number == wanted {
                        found = Some((state.clone(), (*release).clone(), candidate.clone()));
                    }
                    state = after;
                }
                listings.insert(number, *release);
            }
            // What is not listed by all concerns nobody, but if it is what was asked for.
            other @ Decision::Waiting { .. } if number != wanted => facts.push(why(&other)),
            other if number <= wanted => against.push(format!("release {number}: {}", why(&other))),
            other => facts.push(format!("later: release {number}: {}", why(&other))),
        }
    }
    let agreed = found.filter(|_| against.is_empty());
    let agreed = agreed.map(|(before, listing, candidate)| Agreed { listing, listings, before, candidate });
    (Step::judged(title, facts, against), agreed)
}

impl Agreed {
    /// Whether a program installs this package, as what was asked for.
    pub fn installs(&self, package: PackageView, asked: &Asked) -> Result<(), String> {
        let candidate = Candidate { package: Some(package), ..self.candidate.clone() };
        match decide(&self.before, &candidate, asked.now) {
            Decision::Install { .. } => Ok(()),
            other => Err(why(&other)),
        }
    }

    /// Whether what is listed is what was attested.
    pub fn is_attested(&self, attested: Option<&Bits>) -> Step {
        let title = "Listed and attested package are one";
        let listed = (self.listing.sha256.to_string(), self.listing.length);
        match attested {
            None => Step::missing(title, Vec::new(), "the joint signature has to be verified first"),
            Some(bits) if *bits == listed => {
                Step::verified(title, vec![format!("SHA-256 {}, {} bytes", bits.0, bits.1)])
            }
            Some((sha256, length)) => {
                let why = format!(
                    "the parties list {} ({} bytes) and attest {sha256} ({length} bytes): what is published is not what was built; tell all parties",
                    listed.0, listed.1
                );
                Step::judged(title, Vec::new(), vec![why])
            }
        }
    }
}
