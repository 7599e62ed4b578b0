//! What all three parties agree on: equal length, digest and description (TAP 4's consensus), and newer.

use super::{Decision, Stop};
use crate::{Candidate, Listing, PackageView, Party, Refusal, State};
use std::collections::BTreeSet;

/// Finds the newest release that all list, and holds the package against it if there is one.
pub(super) fn agreed(next: State, candidate: &Candidate) -> Result<Decision, Stop> {
    let listed = |party: Party, number: u64| candidate.of(party).targets.releases.get(&number);
    let newer: BTreeSet<u64> = Party::ALL
        .iter()
        .flat_map(|party| candidate.of(*party).targets.releases.keys().copied())
        .filter(|number| *number > next.installed && !next.failed.contains(number))
        .collect();

    let mut best: Option<&Listing> = None;
    for number in &newer {
        let all = Party::ALL.map(|party| (party, listed(party, *number)));
        let there: Vec<(Party, &Listing)> = all.iter().filter_map(|(party, entry)| Some((*party, (*entry)?))).collect();
        for ((first, one), (second, other)) in there.iter().zip(there.iter().skip(1)) {
            if one != other {
                return Err(Refusal::Disagree { number: *number, first: *first, second: *second }.into());
            }
        }
        if let [(_, entry), _, _] = there.as_slice() {
            best = Some(*entry);
        }
    }
    let next = Box::new(next);
    match (best, &candidate.package) {
        (Some(listing), package) => {
            rules_grow(&next, listing)?;
            let release = Box::new(listing.clone());
            match package {
                None => Ok(Decision::Download { release, next }),
                Some(package) => {
                    is_the_one(listing, package)?;
                    Ok(Decision::Install { release, next })
                }
            }
        }
        (None, Some(package)) => Err(Refusal::NotNewer { number: package.inner.number }.into()),
        (None, None) => match newer.last() {
            None => Ok(Decision::UpToDate { next }),
            Some(number) => {
                let missing = Party::ALL.into_iter().filter(|party| listed(*party, *number).is_none()).collect();
                Ok(Decision::Waiting { number: *number, missing, next })
            }
        },
    }
}

/// Whether no process gets rules older than it had, or other ones under the same number, or none.
fn rules_grow(state: &State, listing: &Listing) -> Result<(), Refusal> {
    for (process, had) in &state.rules {
        let process = process.clone();
        let Some(new) = listing.release.rules.get(&process) else { return Err(Refusal::RulesMissing { process }) };
        if new.version < had.version {
            return Err(Refusal::RulesRollback { process, seen: had.version, offered: new.version });
        }
        if new.version == had.version && new.sha256 != had.sha256 {
            return Err(Refusal::RulesChanged { process });
        }
    }
    Ok(())
}

/// Whether a package is the one that was signed: outside, inside, and each of its rules.
fn is_the_one(listing: &Listing, package: &PackageView) -> Result<(), Refusal> {
    if (package.length, package.sha256) != (listing.length, listing.sha256) {
        return Err(Refusal::WrongPackage { signed: listing.sha256, came: package.sha256 });
    }
    if package.inner != listing.release {
        return Err(Refusal::InnerDiffers);
    }
    let signed = &listing.release.rules;
    let mut processes = signed.keys().chain(package.rules.keys());
    match processes.find(|process| signed.get(*process) != package.rules.get(*process)) {
        Some(process) => Err(Refusal::WrongRules { process: process.clone() }),
        None => Ok(()),
    }
}
