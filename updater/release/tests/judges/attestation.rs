//! A release exists once every party says the same, and not before.

use crate::house::{House, key, sign};
use bulkhead_release::attestation::{Attestation, Dissent, assemble};
use bulkhead_release::policy::Policy;
use git2::Oid;

const AT: i64 = crate::house::START;
const ENOUGH: [&str; 6] = ["ada", "bea", "eve", "fay", "ida", "jim"];

fn policy() -> Policy {
    Policy::parse(House::new().policy(7, |text| text).as_bytes()).unwrap()
}

fn ours() -> Attestation {
    let id = Oid::from_bytes(&[7; 20]).unwrap();
    let (release, package) = ("0.2.0".into(), "9f".repeat(32));
    Attestation { release, commit: id, tree: id, policy: 7, package, length: 1 << 20 }
}

fn other() -> Attestation {
    Attestation { package: "00".repeat(32), ..ours() }
}

fn said(person: &str, what: &Attestation) -> (String, String) {
    let signature = sign(&key(person, 0), "attest@bulkhead-release", what.text().as_bytes());
    (person.to_owned(), format!("{}{signature}\n", what.text()))
}

fn dissents(files: &[(String, String)]) -> Vec<String> {
    assemble(&policy(), &ours(), files, AT).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn two_signers_of_each_party_make_a_release_that_anybody_can_judge_again() {
    let files: Vec<_> = ENOUGH.iter().map(|person| said(person, &ours())).collect();
    let joint = assemble(&policy(), &ours(), &files, AT).unwrap();
    let again = [("joint".to_owned(), joint.clone())];
    assert_eq!(assemble(&policy(), &ours(), &again, AT).unwrap(), joint);
    assert!(assemble(&policy(), &other(), &again, AT).is_err());
}

#[test]
fn one_signer_less_makes_none() {
    for missing in ENOUGH {
        let files: Vec<_> = ENOUGH.iter().filter(|p| **p != missing).map(|person| said(person, &ours())).collect();
        let told = dissents(&files);
        assert!(matches!(told.as_slice(), [one] if one.starts_with("1 of 2 signers of")), "{told:?}");
    }
    // Whoever signs twice counts once, in one file or two.
    let files: Vec<_> = ["ada", "ada", "eve", "fay", "ida", "jim"].iter().map(|person| said(person, &ours())).collect();
    assert_eq!(dissents(&files), ["1 of 2 signers of development attest this release (signed: ada)"]);
}

#[test]
fn odd_one_out_is_named() {
    let files: Vec<_> = ENOUGH[..4]
        .iter()
        .map(|person| said(person, &ours()))
        .chain(ENOUGH[4..].iter().map(|person| said(person, &other())))
        .collect();
    let told = dissents(&files);
    assert!(
        told.contains(
            &"security is the odd one out: all its signers attest another package than the other parties".into()
        ),
        "{told:?}"
    );
    // Here it is this machine.
    let files: Vec<_> = ENOUGH.iter().map(|person| said(person, &other())).collect();
    assert!(dissents(&files).iter().any(|told| told.starts_with("the parties agree on another package")));
    // One person alone.
    let mut files: Vec<_> = ENOUGH.iter().map(|person| said(person, &ours())).collect();
    files.push(said("leo", &other()));
    let told = dissents(&files);
    assert!(matches!(told.as_slice(), [one] if one.starts_with("leo of security attests package 0000")), "{told:?}");
}

#[test]
fn signatures_that_do_not_count_are_told() {
    let good: Vec<_> = ENOUGH.iter().map(|person| said(person, &ours())).collect();
    let with = |name: &str, text: String| {
        let mut files = good.clone();
        files.push((name.to_owned(), text));
        assemble(&policy(), &ours(), &files, AT).unwrap_err()
    };
    assert!(matches!(with("m", said("mallory", &ours()).1).as_slice(), [Dissent::Stranger { .. }]));
    let tampered = said("kay", &ours()).1.replace("length 1048576", "length 1048577");
    assert!(matches!(with("kay", tampered).as_slice(), [Dissent::Signature { .. }]));
    let review = sign(&key("kay", 0), "review@bulkhead-release", ours().text().as_bytes());
    let review = format!("{}{review}", ours().text());
    assert!(matches!(with("kay", review).as_slice(), [Dissent::Signature { .. }]));
    for nothing in [String::new(), ours().text(), "x".repeat(300_000)] {
        assert!(matches!(with("kay", nothing).as_slice(), [Dissent::Nothing { .. }]));
    }
}

#[test]
fn there_is_one_way_to_write_a_statement() {
    let text = ours().text();
    assert_eq!(Attestation::parse(&text), Some(ours()));
    for (from, to) in [
        ("policy 7", "policy 07"),
        ("policy 7", "policy +7"),
        ("9f9f", "9F9f"),
        ("release 0.2.0", "release ../0"),
        ("release 0.2.0", "release "),
        ("length 1048576\n", "length 1048576\n\n"),
        ("length 1048576\n", "length 1048576"),
        ("attestation 1\n", "attestation 2\n"),
        ("tree ", "trees "),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert_eq!(Attestation::parse(&changed), None, "{changed}");
    }
}
