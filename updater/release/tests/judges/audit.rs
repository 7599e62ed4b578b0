//! What `audit` judges by a clone and a joint signature alone. The whole of it is in `tests/ceremony`.

use crate::house::{House, key, sign};
use bulkhead_release::attestation::{Attestation, assemble};
use bulkhead_release::audit::{Asked, Outcome, Report, audit};
use bulkhead_release::policy::Policy;
use bulkhead_trust::PerParty;
use git2::Oid;
use std::path::PathBuf;

/// The joint signature of the newest commit, by two people of each party.
pub fn joint(house: &House, policy: &str, package: String, length: u64) -> PathBuf {
    let commit = house.repository.find_commit(house.head()).unwrap();
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let ours = Attestation {
        release: "0.2.0".to_owned(),
        commit: commit.id(),
        tree: commit.tree_id(),
        policy: policy.version,
        package,
        length,
    };
    let files = ["ada", "bea", "eve", "fay", "ida", "jim"].map(|person| {
        let signature = sign(&key(person, 0), "attest@bulkhead-release", ours.text().as_bytes());
        (person.to_owned(), format!("{}{signature}\n", ours.text()))
    });
    let joint = house.repository.path().join("joint");
    std::fs::write(&joint, assemble(&policy, &ours, &files, house.clock).unwrap()).unwrap();
    joint
}

/// What is asked about it.
fn asked(house: &House, since: Oid, policy: &str) -> Asked {
    let joint = joint(house, policy, "9f".repeat(32), 7);
    Asked {
        release: "0.2.0".into(),
        repository: house.repository.workdir().unwrap().to_owned(),
        from: since.to_string(),
        policy: None,
        joint,
        package: None,
        served: PerParty::default(),
        roots: PerParty::default(),
        fingerprint: None,
        installed: None,
        now: house.clock,
    }
}

fn outcome(report: &Report, title: &str) -> (Outcome, String) {
    let step = report.steps.iter().find(|step| step.title == title).unwrap();
    (step.outcome, [&step.facts[..], &step.reasons].concat().join("\n"))
}

#[test]
fn history_that_was_rewritten_after_a_release_is_told() {
    let mut house = House::new();
    let since = house.head();
    house.good("README.md", "1");
    let asked = asked(&house, since, &house.policy(1, |text| text));
    house.good("README.md", "2");
    house.publish();
    assert_eq!(outcome(&audit(&asked), "Mirrors of the repository").0, Outcome::Verified);

    house.repository.reference("refs/heads/main", since, true, "").unwrap();
    house.good("README.md", "another history");
    house.publish();
    let (refused, why) = outcome(&audit(&asked), "Mirrors of the repository");
    assert_eq!(refused, Outcome::Refused);
    assert!(why.contains("does not hold commit") && why.contains("history was rewritten"), "{why}");
    house.good("README.md", "and one mirror alone");
    house.publish_to(1);
    let (refused, why) = outcome(&audit(&asked), "Mirrors of the repository");
    assert_eq!(refused, Outcome::Refused);
    assert!(why.contains("mirror-1") || why.contains("mirror-0"), "{why}");
}

#[test]
fn release_stays_one_when_keys_expire_and_that_is_told() {
    let mut house = House::new();
    let since = house.head();
    let bea = key("bea", 0).public_key().to_openssh().unwrap();
    let text =
        house.policy(2, |text| text.replace(&format!("\"{bea}\""), &format!("\"{bea}\", expires = \"2027-01-20\"")));
    house.replace_policy(&text, &["ada", "bea", "eve", "fay", "ida", "jim"]);
    house.publish();
    let mut asked = asked(&house, since, &text);
    let (verified, facts) = outcome(&audit(&asked), "Joint signature");
    assert!(verified == Outcome::Verified && !facts.contains("expired"), "{facts}");
    asked.now += 30 * 24 * 60 * 60;
    let (verified, facts) = outcome(&audit(&asked), "Joint signature");
    assert!(verified == Outcome::Verified && facts.contains("some have expired since"), "{facts}");
}

#[test]
fn audit_that_judges_no_commit_says_so() {
    let mut house = House::new();
    let since = house.head();
    house.good("README.md", "1");
    house.publish();
    let mut asked = asked(&house, since, &house.policy(1, |text| text));
    asked.from = house.head().to_string();
    let (open, why) = outcome(&audit(&asked), "Commits and reviews");
    assert!(open == Outcome::NotVerified && why.contains("give an older one with --from"), "{why}");
}
