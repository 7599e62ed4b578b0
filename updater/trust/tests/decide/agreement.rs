//! What all three parties agree on, and what is in the package.

use crate::kit::{
    NOW, candidate, id, listed, next, package, refused, refused_after, release, rules, state, with_package,
};
use crate::{DEV, QA, SEC};
use bulkhead_trust::{Decision, Party, Refusal, decide};

#[test]
fn disagreement_of_two_is_refused_whoever_they_are() {
    for (first, second) in [(DEV, QA), (QA, SEC)] {
        let refusal = refused(|c| {
            let mut other = release(2);
            other.changes = "Brings something else.".to_owned();
            for party in Party::ALL.into_iter().filter(|party| *party >= second) {
                c.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
            }
        });
        assert_eq!(refusal, Refusal::Disagree { number: 2, first, second });
    }
    let refusal = refused(|c| {
        c.parties.quality.targets.releases.remove(&2);
        c.parties.security.targets.releases.get_mut(&2).unwrap().length += 1;
    });
    assert_eq!(refusal, Refusal::Disagree { number: 2, first: DEV, second: SEC });
}

#[test]
fn package_other_than_the_signed_one_is_refused() {
    let refusal = refused(|c| c.package.as_mut().unwrap().sha256 = id("?"));
    assert_eq!(refusal, Refusal::WrongPackage { signed: id("package 2"), came: id("?") });
    assert!(matches!(refused(|c| c.package.as_mut().unwrap().length += 1), Refusal::WrongPackage { .. }));
}

#[test]
fn package_that_describes_itself_differently_is_refused() {
    let refusal = refused(|c| c.package.as_mut().unwrap().inner.version = "9.0.0".to_owned());
    assert_eq!(refusal, Refusal::InnerDiffers);
}

#[test]
fn package_with_other_rules_is_refused() {
    let ui = Refusal::WrongRules { process: "ui".to_owned() };
    let more = Refusal::WrongRules { process: "more".to_owned() };
    let with = |spoil: &dyn Fn(&mut bulkhead_trust::PackageView)| refused(|c| spoil(c.package.as_mut().unwrap()));
    assert_eq!(with(&|p| p.rules.get_mut("ui").unwrap().sha256 = id("?")), ui);
    assert_eq!(with(&|p| p.rules.retain(|process, _| process != "ui")), ui);
    assert_eq!(with(&|p| p.rules.extend([("more".to_owned(), rules(2)["ui"])])), more);
}

#[test]
fn package_of_a_release_that_is_not_newer_is_refused() {
    let known = next(decide(&state(), &with_package(2), NOW)).with_installed(&release(2));
    assert_eq!(refused_after(&known, |_| ()), Refusal::NotNewer { number: 2 });
    assert_eq!(refused_after(&known, |c| c.package = Some(package(1))), Refusal::NotNewer { number: 1 });
}

#[test]
fn older_or_silently_changed_or_missing_rules_are_refused() {
    let with = |change: &dyn Fn(&mut bulkhead_trust::Release)| {
        let mut other = release(2);
        change(&mut other);
        refused(|c| {
            c.package = None;
            for party in Party::ALL {
                c.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
            }
        })
    };
    let process = || "ui".to_owned();
    let mut known = state();
    known.rules = rules(3);
    let refusal = refused_after(&known, |_| ());
    assert_eq!(refusal, Refusal::RulesRollback { process: "net".to_owned(), seen: 3, offered: 2 });
    let refusal = with(&|other| other.rules.get_mut("ui").unwrap().version = 1);
    assert_eq!(refusal, Refusal::RulesChanged { process: process() });
    let refusal = with(&|other| other.rules.retain(|process, _| process != "ui"));
    assert_eq!(refusal, Refusal::RulesMissing { process: process() });
}

#[test]
fn unchanged_rules_and_rules_for_a_new_process_are_fine() {
    let mut other = release(2);
    other.rules = rules(1);
    other.rules.insert("update".to_owned(), rules(1)["ui"]);
    let mut seen = candidate(2);
    for party in Party::ALL {
        seen.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
    }
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Download { .. }));
}
