//! Policies that contradict themselves are refused, each with its reason.

use crate::house::House;
use bulkhead_release::policy::{LONGEST, Policy, PolicyError};

fn refused(words: &str, change: impl FnOnce(String) -> String) {
    let text = House::new().policy(1, |text| text);
    let changed = change(text.clone());
    assert_ne!(text, changed, "the test changes nothing");
    let error = Policy::parse(changed.as_bytes()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

fn replaced(from: &str, to: &str) -> impl FnOnce(String) -> String {
    move |text| text.replacen(from, to, 1)
}

#[test]
fn policy_of_the_house_is_one() {
    let policy = Policy::parse(House::new().policy(7, |text| text).as_bytes()).unwrap();
    assert_eq!((policy.version, policy.parties.len(), policy.people.len()), (7, 3, 12));
    for (path, area) in [("net", "net"), ("net/a/b", "net"), ("nets", "rest"), ("README.md", "rest"), ("a/net", "rest")]
    {
        assert_eq!(policy.area(path).unwrap().name, area, "{path}");
    }
}

#[test]
fn form_is_judged_strictly() {
    refused("cannot be read", replaced("branch = ", "brunch = "));
    refused("cannot be read", replaced("branch = ", "free = true\nbranch = "));
    refused("format 2", replaced("format = 1", "format = 2"));
    refused("cannot have this name", replaced("\"main\"", "\"ma..in\""));
    assert_eq!(Policy::parse(&[0xff]).unwrap_err(), PolicyError::NotText);
    assert_eq!(Policy::parse(&vec![b'#'; LONGEST + 1]).unwrap_err(), PolicyError::NotText);
}

#[test]
fn parties_are_three_and_independent() {
    refused("three parties", replaced("jurisdiction = \"CH\"", "jurisdiction = \"is\""));
    refused("three parties", replaced("name = \"quality\"", "name = \"security\""));
    refused("threshold of development", replaced("threshold = 2", "threshold = 1"));
    refused("threshold of development", replaced("threshold = 2", "threshold = 5"));
    refused("signers of development", replaced("[\"ada\", \"bea\"", "[\"ada\", \"ada\""));
    refused("signers of development", replaced("[\"ada\", \"bea\"", "[\"ada\", \"eve\""));
}

#[test]
fn people_and_their_keys_are_one_each() {
    refused("address of bea", replaced("bea@example.org", "ADA@example.org"));
    refused("bea is there twice", |text| {
        text.replace("id = \"ada\"", "id = \"bea\"")
            .replace("[\"ada\", \"bea\"", "[\"dot\", \"bea\"")
            .replace(", \"dot\"]", "]")
            .replacen("signers = [\"dot\", \"bea\", \"cyn\"]", "signers = [\"cyn\", \"bea\"]", 1)
    });
    let [ada, bea] = ["ada", "bea"].map(|id| crate::house::key(id, 0).public_key().to_openssh().unwrap());
    refused("key of bea is there twice", |text| text.replace(&bea, &ada));
    refused("the key of ada: not an OpenSSH public key", |text| text.replace(&ada, "ssh-ed25519 AAAA"));
    refused("not a day", |text| text.replace(&format!("\"{ada}\""), &format!("\"{ada}\", expires = \"2027-02-30\"")));
}

#[test]
fn areas_cover_everything_once_and_are_reviewed() {
    refused("no area has the path .", replaced("paths = [\".\"]", "paths = [\"docs\"]"));
    refused("has two areas", replaced("paths = [\".\"]", "paths = [\".\", \"net\"]"));
    refused("not a plain one", replaced("paths = [\"net\"]", "paths = [\"net/../ui\"]"));
    refused("not a plain one", replaced("paths = [\"net\"]", "paths = [\"net/\"]"));
    refused("no owner", replaced("owner = \"development\"", "owner = \"nobody\""));
    refused("nobody can give", replaced("role = \"qa\", count = 1", "role = \"qa\", count = 5"));
    refused("nobody can give", replaced("role = \"qa\", count = 1", "role = \"qa\", count = 0"));
    refused("nobody can give", replaced("party = \"quality\", role = \"qa\"", "party = \"security\", role = \"qa\""));
    refused("without any review", |text| {
        let at = text.find("reviews = ").unwrap();
        let end = text[at..].find('\n').unwrap();
        text.replacen(&text[at..at + end], "reviews = []", 1)
    });
}

#[test]
fn mirrors_are_three_different_ones() {
    refused("three mirrors", |text| text.replace("mirror-1", "mirror-0"));
}
