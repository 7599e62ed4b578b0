//! Histories that parties could sign with all their keys, and should not have.

use crate::device::now;
use crate::people::{fixtures, text};
use crate::spoiled::{own_folder, refused};
use crate::{Audit, PARTIES, house};
use bulkhead_release::party::key::parse;
use bulkhead_repository::{Entry, Lifetimes, Pair, Repository};
use bulkhead_trust::read::{root, targets};
use bulkhead_trust::{Digest, Listing};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn pair(party: &str, which: &str) -> Pair {
    let text = fs::read_to_string(fixtures().join(format!("keys/{party}-{which}.throw-away-key"))).unwrap();
    parse("", &text).unwrap()
}

fn entry(listing: Listing) -> Entry {
    Entry { release: listing.release, length: listing.length, sha256: listing.sha256 }
}

/// Replaces a party's history by another one of the same keys, with these lists of releases one after the other.
fn rewrite(folder: &Path, party: &str, change: impl Fn(Vec<Entry>) -> Vec<Vec<Entry>>, now: i64) {
    let metadata = folder.join("metadata");
    let first = fs::read(metadata.join("1.root.json")).unwrap();
    let newest = targets(&fs::read(metadata.join("2.targets.json")).unwrap(), &BTreeSet::new()).unwrap();
    let lists = change(newest.releases.into_values().map(entry).collect());
    let files = BTreeMap::from([("metadata/1.root.json".to_owned(), first.clone())]);
    let mut repository = Repository::load(Lifetimes::default(), files).unwrap();
    assert_eq!(root(&first, &BTreeSet::new()).unwrap().link.version, repository.versions().0);
    let (offline, online) = (["0", "3"].map(|which| pair(party, which)), pair(party, "online"));
    for list in lists {
        let made = repository.targets(now, &list).unwrap().signed_by(&offline);
        repository.add_targets(&made);
    }
    say(folder, repository, &online, now);
}

/// Says what is current, and puts all of it into the folder.
fn say(folder: &Path, mut repository: Repository, online: &Pair, now: i64) {
    let made = repository.snapshot(now).unwrap().signed_by([online]);
    repository.add_snapshot(&made);
    let made = repository.timestamp(now, "Nobody forces us.", "").unwrap().signed_by([online]);
    repository.add_timestamp(&made);
    for (path, bytes) in repository.files() {
        fs::write(folder.join(path), bytes).unwrap();
    }
}

/// Quality replaces its first key, and lists the same releases again, signed by these keys: 4 is the new one.
fn rotate(audit: &mut Audit, own: &Path, signers: [usize; 2]) {
    own_folder(audit, own, 1);
    let folder = &audit.served[1];
    let mut files = BTreeMap::new();
    for inner in ["metadata", "metadata/links"] {
        for path in
            fs::read_dir(folder.join(inner)).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            let name = path.file_name().unwrap().to_str().unwrap();
            files.insert(format!("{inner}/{name}"), fs::read(&path).unwrap());
        }
    }
    let releases = targets(&files["metadata/2.targets.json"], &BTreeSet::new()).unwrap().releases;
    let releases: Vec<Entry> = releases.into_values().map(entry).collect();
    let mut repository = Repository::load(Lifetimes::default(), files).unwrap();
    let mut pairs: Vec<Pair> = ["0", "1", "2", "3"].map(|which| pair("quality", which)).into();
    pairs.push(Pair::from_seed(&[9; 32]));
    let (keys, online) = (pairs[1..].iter().map(Pair::key).collect(), pair("quality", "online"));
    let roles = bulkhead_release::party::publish::roles(keys, online.key()).unwrap();
    let made = repository.root(now(), &roles).unwrap().signed_by([&pairs[1], &pairs[2]]);
    repository.add_root(&made);
    let made = repository.targets(now(), &releases).unwrap().signed_by(signers.map(|n| &pairs[n]));
    repository.add_targets(&made);
    say(folder, repository, &online, now());
}

#[test]
fn online_key_that_could_sign_releases() {
    let title = "Signatures and history of the quality party";
    refused("exposed", title, "is kept online and could sign releases", |audit, own| {
        own_folder(audit, own, 1);
        let folder = &audit.served[1];
        let newest = fs::read(folder.join("metadata/2.targets.json")).unwrap();
        let releases: Vec<Entry> =
            targets(&newest, &BTreeSet::new()).unwrap().releases.into_values().map(entry).collect();
        let (offline, online) = (["0", "1", "2", "3"].map(|which| pair("quality", which)), pair("quality", "online"));
        let keys = offline.iter().map(Pair::key).collect();
        let mut roles = bulkhead_release::party::publish::roles(keys, online.key()).unwrap();
        roles.targets.keys.insert(online.key());
        let mut repository = Repository::new(Lifetimes::default());
        let made = repository.root(now(), &roles).unwrap().signed_by(&offline[..2]);
        repository.add_root(&made);
        let made = repository.targets(now(), &releases).unwrap().signed_by(&offline[..2]);
        repository.add_targets(&made);
        say(folder, repository, &online, now());
    });
}

#[test]
fn keys_that_were_replaced() {
    let house = house();
    let (mut audit, own) = (Audit::of(house, "rotated"), house.path("spoiled-rotated"));
    fs::create_dir(&own).unwrap();
    rotate(&mut audit, &own, [1, 4]);
    let done = audit.run(&house.since.to_string());
    let said = text(&done.stdout);
    assert!(done.status.success() && said.contains("verified in every step"), "{said}");
    assert!(said.contains("2 roots") && said.contains("3 lists of releases"), "{said}");
    let title = "Signatures and history of the quality party";
    refused("replaced-key", title, "targets file with enough keys", |audit, own| rotate(audit, own, [0, 1]));
}

fn rewritten(audit: &mut Audit, own: &Path, party: usize, change: impl Fn(Vec<Entry>) -> Vec<Vec<Entry>>) {
    own_folder(audit, own, party);
    rewrite(&audit.served[party], PARTIES[party], change, now());
}

#[test]
fn release_that_is_described_anew() {
    let title = "Signatures and history of the quality party";
    refused("anew", title, "3.targets.json: describes release 1 otherwise than before", |audit, own| {
        rewritten(audit, own, 1, |all| {
            let mut anew = all.clone();
            anew[0].release.changes = "Something else.".into();
            vec![all[..1].to_vec(), all, anew]
        });
    });
}

#[test]
fn parties_that_disagree() {
    refused("disagree", "Releases, from the first to 0.2.0", "disagree on release 2", |audit, own| {
        rewritten(audit, own, 1, |mut all| {
            all[1].sha256 = Digest([7; 32]);
            vec![all]
        });
    });
    refused("not-all", "Releases, from the first to 0.2.0", "not listed by the quality party", |audit, own| {
        rewritten(audit, own, 1, |all| vec![all[..1].to_vec()]);
    });
}

#[test]
fn rules_that_go_back() {
    refused("rules", "Releases, from the first to 0.2.0", "older sandbox rules for ui", |audit, own| {
        for party in 0..PARTIES.len() {
            rewritten(audit, own, party, |mut all| {
                all[1].release.rules.get_mut("ui").unwrap().version -= 1;
                vec![all]
            });
        }
    });
}

#[test]
fn party_that_fell_silent() {
    const DAY: i64 = 24 * 60 * 60;
    refused("silent", "Daily statements", "security party: nothing new since", |audit, own| {
        own_folder(audit, own, 2);
        rewrite(&audit.served[2], PARTIES[2], |all| vec![all[..1].to_vec(), all], now() - 3 * DAY);
    });
    refused("expired", "Signatures and history of the security party", "has expired", |audit, own| {
        own_folder(audit, own, 2);
        rewrite(&audit.served[2], PARTIES[2], |all| vec![all[..1].to_vec(), all], now() - 8 * DAY);
    });
}

#[test]
fn other_history_than_the_devices() {
    refused("other", "What the device was shown", "was shown another list of releases 2", |audit, own| {
        rewritten(audit, own, 0, |all| vec![all[..1].to_vec(), all[..1].to_vec(), all]);
    });
}
