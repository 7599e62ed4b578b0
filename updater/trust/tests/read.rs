//! From real signed files to facts and to a decision; and files that say what they must not.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod signed;

use bulkhead_trust::read::{link, longest, root, signed_bytes, targets, timestamp};
use bulkhead_trust::{Candidate, Decision, Digest, Party, PartyState, Refusal, Role, decide};
use serde_json::json;
use signed::{DAY, House, NOW, Staged, altered, candidate, first, houses, pair, release};
use std::collections::BTreeSet;

const QA: Party = Party::Quality;

fn one() -> (House, PartyState, Staged) {
    let mut house = House::new(QA);
    let known = house.first();
    house.publish(2);
    let staged = house.staged(&known);
    (house, known, staged)
}

/// The reason for which a file is unreadable.
fn reason(result: Result<bulkhead_trust::PartyView, Refusal>) -> (Role, &'static str) {
    match result {
        Err(Refusal::Unreadable { party: QA, role, reason }) => (role, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_repositories_agree_on_a_release() {
    let mut houses = houses();
    let state = first(&houses);
    assert!(matches!(decide(&state, &candidate(&houses, &state).unwrap(), NOW), Decision::UpToDate { .. }));
    for party in Party::ALL {
        houses.of_mut(party).publish(2);
    }
    let Decision::Download { release: wanted, next } = decide(&state, &candidate(&houses, &state).unwrap(), NOW) else {
        panic!()
    };
    assert_eq!(wanted.release, release(2));
    assert_eq!(wanted.sha256, Digest::of(b"the package of release 2"));
    // From what is remembered now, the same files say the same.
    assert!(matches!(decide(&next, &candidate(&houses, &next).unwrap(), NOW), Decision::Download { .. }));
}

#[test]
fn facts_are_what_the_files_say() {
    let (house, known, staged) = one();
    let view = staged.read(QA, &known).unwrap();
    assert_eq!(view.timestamp.statement, "We have received no orders.");
    assert_eq!((view.timestamp.report.as_str(), view.timestamp.signed), ("Nothing.", NOW - 3_600));
    assert_eq!(view.timestamp.expires, NOW - 3_600 + 7 * DAY);
    assert_eq!(view.timestamp.seal.signers, BTreeSet::from([house.pairs[4].key()]));
    assert_eq!(view.targets.seal.signers, house.by([0, 1]).map(|pair| pair.key()).collect());
    assert_eq!(view.targets.releases.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!((view.targets.link.version, view.targets.link.predecessor), (2, known.targets.head()));
    assert_eq!(view.links, []);
}

#[test]
fn links_between_are_followed_to_the_signed_head() {
    let mut houses = houses();
    let state = first(&houses);
    for party in Party::ALL {
        (2..=300).for_each(|number| houses.of_mut(party).publish(number));
    }
    let seen = candidate(&houses, &state).unwrap();
    assert_eq!(seen.parties.quality.links.len(), 298);
    let Decision::Download { release, next } = decide(&state, &seen, NOW) else { panic!() };
    assert_eq!((release.release.number, next.parties.quality.targets.version()), (300, 300));
}

#[test]
fn rotated_keys_are_followed() {
    let mut houses = houses();
    let state = first(&houses);
    let house = houses.of_mut(QA);
    let new = house.roles([1, 2, 3, 5], 6);
    house.rotate(&new, [1, 2]);
    house.publish(2);
    // The removed key 0 and the old online key sign what comes next: neither counts.
    let known = state.parties.of(QA);
    let few = Refusal::Signatures { party: QA, role: Role::Timestamp, counted: 0, needed: 1 };
    assert_eq!(house.staged(known).read(QA, known), Err(few));
    let (repository, pairs) = (&mut house.repository, &house.pairs);
    let targets = repository.targets(NOW, &house.releases).unwrap().signed_by([&pairs[1], &pairs[5]]);
    repository.add_targets(&targets);
    let snapshot = repository.snapshot(NOW).unwrap().signed_by([&pairs[6]]);
    repository.add_snapshot(&snapshot);
    let stamp = repository.timestamp(NOW, "", "").unwrap().signed_by([&pairs[6]]);
    repository.add_timestamp(&stamp);
    let seen = candidate(&houses, &state).unwrap();
    let Decision::Waiting { next, .. } = decide(&state, &seen, NOW) else { panic!() };
    assert_eq!(next.revoked, [0, 4].map(|number| pair(QA, number).key()).into());
    assert_eq!(next.parties.quality.roles, new);
}

/// The TUF library takes declared ids as they are: one key under two ids satisfies it, and must not satisfy us.
#[test]
fn one_key_under_two_ids_counts_once() {
    let mut houses = houses();
    let house = houses.of_mut(QA);
    let pair = &house.pairs[0];
    let twice = |file: &[u8]| {
        let mut value: serde_json::Value = serde_json::from_slice(file).unwrap();
        let mut again = value["signatures"][0].clone();
        again["keyid"] = json!("alias");
        value["signatures"] = json!([value["signatures"][0], again]);
        value.to_string().into_bytes()
    };
    let add_alias = |signed: &mut serde_json::Value| {
        let id = signed["roles"]["targets"]["keyids"]
            .as_array()
            .unwrap()
            .iter()
            .position(|id| signed["keys"][id.as_str().unwrap()]["keyval"]["public"] == json!(pair.key()));
        let id = signed["roles"]["targets"]["keyids"][id.unwrap()].as_str().unwrap().to_owned();
        signed["keys"]["alias"] = signed["keys"][&id].clone();
        signed["roles"]["targets"]["keyids"].as_array_mut().unwrap().push(json!("alias"));
    };
    // An installation that shipped with such a root.
    let root_file = altered(house.repository.file("metadata/1.root.json"), house.by([0, 1]), add_alias);
    let root = root(&root_file, &BTreeSet::new()).unwrap();
    assert_eq!(root.roles.targets.keys.len(), 4);
    let known = PartyState::first(bulkhead_trust::Chain::new(root.link.id), root.roles, house.first().targets);
    let mut staged = house.staged(&known);
    staged.trusted = root_file;
    let once = altered(&staged.targets, [pair], |_| ());
    staged.targets = twice(&once);
    let pinned = |staged: &mut Staged| {
        let (targets, file) = (&staged.targets, &mut staged.snapshot);
        *file = altered(file, house.by([4]), |signed| {
            let pin = &mut signed["meta"]["targets.json"];
            pin["length"] = json!(targets.len());
            pin["hashes"]["sha256"] = json!(Digest::of(targets));
        });
        let (snapshot, file) = (&staged.snapshot, &mut staged.timestamp);
        *file = altered(file, house.by([4]), |signed| {
            let pin = &mut signed["meta"]["snapshot.json"];
            pin["length"] = json!(snapshot.len());
            pin["hashes"]["sha256"] = json!(Digest::of(snapshot));
        });
    };
    pinned(&mut staged);
    let view = staged.read(QA, &known).expect("the TUF library is satisfied");
    assert_eq!(view.targets.seal.signers.len(), 1);
    let mut state = first(&houses);
    state.parties.quality = known;
    let mut seen = Candidate { parties: candidate(&houses, &first(&houses)).unwrap().parties, package: None };
    seen.parties.quality = view;
    let refusal = Refusal::Signatures { party: QA, role: Role::Targets, counted: 1, needed: 2 };
    assert_eq!(decide(&state, &seen, NOW), Decision::Refused(refusal));
}

#[test]
fn trust_begins_where_this_device_says() {
    let (mut house, known, staged) = one();
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [1, 2]);
    let mut other = staged.clone();
    other.trusted = house.repository.file("metadata/2.root.json").to_vec();
    assert_eq!(reason(other.read(QA, &known)).0, Role::Root);
    // Somebody else's root with the same version.
    let mut other = staged;
    let stranger = House::new(Party::Security);
    other.trusted = stranger.repository.file("metadata/1.root.json").to_vec();
    assert_eq!(reason(other.read(QA, &known)).1, "it does not begin where this device's trust ends");
}

#[test]
fn altered_bytes_are_refused_by_the_library() {
    let (_, known, staged) = one();
    for part in 0..3 {
        let mut spoilt = staged.clone();
        let file = [&mut spoilt.timestamp, &mut spoilt.snapshot, &mut spoilt.targets][part].as_mut_slice();
        let at = file.windows(9).position(|bytes| bytes == b"\"version\"").unwrap() + 10;
        file[at] = if file[at] == b'7' { b'8' } else { b'7' };
        let refused = spoilt.read(QA, &known);
        assert!(matches!(refused, Err(Refusal::Tuf { .. } | Refusal::Signatures { .. })), "{part}: {refused:?}");
    }
}

#[test]
fn cut_or_foreign_bytes_never_panic() {
    let (_, known, staged) = one();
    for file in [b"".as_slice(), b"{}", b"null", b"[[[[", b"{\"signed\":{},\"signatures\":[]}", &[0xff; 40]] {
        for part in 0..4 {
            let mut spoilt = staged.clone();
            *[&mut spoilt.trusted, &mut spoilt.timestamp, &mut spoilt.snapshot, &mut spoilt.targets][part] =
                file.to_vec();
            assert!(spoilt.read(QA, &known).is_err());
        }
    }
    for cut in (0..staged.targets.len()).step_by(7) {
        let mut spoilt = staged.clone();
        spoilt.targets.truncate(cut);
        assert!(spoilt.read(QA, &known).is_err());
    }
}

#[test]
fn oversized_files_are_refused_unread() {
    let (_, known, staged) = one();
    let mut spoilt = staged.clone();
    spoilt.timestamp.resize(longest(Role::Timestamp), b' ');
    assert!(spoilt.read(QA, &known).is_ok());
    spoilt.timestamp.push(b' ');
    assert_eq!(reason(spoilt.read(QA, &known)), (Role::Timestamp, "it is too long"));
    let mut spoilt = staged.clone();
    spoilt.links = vec![vec![]; 65_537];
    assert_eq!(reason(spoilt.read(QA, &known)), (Role::Targets, "there are too many"));
    let mut spoilt = staged;
    spoilt.roots = vec![vec![]; 1_025];
    assert_eq!(reason(spoilt.read(QA, &known)), (Role::Root, "there are too many"));
}

#[test]
fn what_was_not_agreed_is_refused() {
    let (house, _, staged) = one();
    let none = BTreeSet::new();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        targets(&altered(&staged.targets, house.by([0, 1]), change), &none).expect_err("refused")
    };
    let entry = |signed: &mut serde_json::Value| signed["targets"]["releases/2/package"].take();
    assert_eq!(changed(&|s| s["delegations"] = json!({"keys": {}, "roles": []})), "it delegates");
    assert_eq!(changed(&|s| s["x-bulkhead"]["more"] = json!(1)), "what it adds to TUF is not as agreed");
    assert_eq!(changed(&|s| s["x-bulkhead"] = json!({})), "it names no predecessor");
    assert_eq!(changed(&|s| s["version"] = json!(1)), "the first version has no predecessor");
    assert_eq!(changed(&|s| s["version"] = json!(0)), "versions count from 1");
    assert_eq!(
        changed(&|s| {
            let entry = entry(s);
            s["targets"] = json!({"releases/3/package": entry});
        }),
        "a release's path is not its own"
    );
    let in_entry =
        |change: &dyn Fn(&mut serde_json::Value)| changed(&|s| change(&mut s["targets"]["releases/2/package"]));
    assert_eq!(in_entry(&|e| e["custom"]["extra"] = json!(1)), "a release's description is not as agreed");
    assert_eq!(in_entry(&|e| drop(e.as_object_mut().unwrap().remove("custom"))), "a release is not described");
    assert_eq!(in_entry(&|e| e["extra"] = json!(1)), "a release has members that were not agreed");
    assert_eq!(in_entry(&|e| e["hashes"]["sha512"] = json!("00")), "digests other than one SHA-256");
    assert_eq!(in_entry(&|e| e["hashes"] = json!({"sha512": "00"})), "digests other than one SHA-256");
    assert_eq!(in_entry(&|e| e["hashes"]["sha256"] = json!("AB")), "a digest is not 64 hexadecimal digits");
    assert_eq!(in_entry(&|e| e["custom"]["changes"] = json!("one\u{1b}[2J")), "it holds control codes");

    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        timestamp(&altered(&staged.timestamp, house.by([4]), change), &none).expect_err("refused")
    };
    assert_eq!(changed(&|s| s["x-bulkhead"]["statement"] = json!("x".repeat(4_097))), "its text is too long");
    assert_eq!(changed(&|s| s["x-bulkhead"]["report"] = json!("x".repeat(4_097))), "its text is too long");
    assert_eq!(
        changed(&|s| drop(s["x-bulkhead"].as_object_mut().unwrap().remove("signed"))),
        "it does not say when it was signed"
    );
    let pin = |s: &mut serde_json::Value| s["meta"]["snapshot.json"].clone();
    assert_eq!(
        changed(&|s| drop(s["meta"]["snapshot.json"].as_object_mut().unwrap().remove("length"))),
        "it leaves out length or digest"
    );
    assert_eq!(changed(&|s| s["meta"]["more.json"] = pin(s)), "it names more or fewer files than one");
    assert_eq!(changed(&|s| s["meta"] = json!({"more.json": pin(s)})), "it names another file");

    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        root(&altered(&staged.trusted, house.by([0, 1]), change), &none).expect_err("refused")
    };
    let agreed = "not the roles, keys or snapshots that were agreed";
    assert_eq!(changed(&|s| s["consistent_snapshot"] = json!(false)), agreed);
    assert_eq!(changed(&|s| s["roles"]["mirrors"] = s["roles"]["root"].clone()), agreed);
    assert_eq!(
        changed(&|s| {
            let role = s["roles"]["root"].take();
            s["roles"].as_object_mut().unwrap().remove("root");
            s["roles"]["other"] = role;
        }),
        "a role is missing"
    );
    assert_eq!(changed(&|s| s["roles"]["root"]["keyids"] = json!(["?"])), "a key is missing");
    assert_eq!(changed(&|s| s["roles"]["root"]["threshold"] = json!(1_u64 << 32)), "a threshold is too large");
    let every_key = |change: &dyn Fn(&mut serde_json::Value)| {
        changed(&|s| s["keys"].as_object_mut().unwrap().values_mut().for_each(change))
    };
    assert_eq!(every_key(&|key| key["scheme"] = json!("ecdsa-sha2-nistp256")), "a key is not an Ed25519 key");
    assert_eq!(every_key(&|key| key["keytype"] = json!("rsa")), "a key is not an Ed25519 key");
    let digits = "a key is not 64 lower-case hexadecimal digits";
    assert_eq!(every_key(&|key| key["keyval"]["public"] = json!("ff")), digits);
}

#[test]
fn file_with_more_than_sixteen_signatures_is_refused() {
    let (house, _, staged) = one();
    let key = BTreeSet::from([house.pairs[0].key()]);
    let signed = |times: usize| altered(&staged.targets, vec![&house.pairs[0]; times], |_| ());
    assert_eq!(targets(&signed(16), &key).unwrap().seal.signers, key);
    assert_eq!(targets(&signed(17), &key).unwrap_err(), "it has too many signatures");
}

#[test]
fn signature_of_small_order_is_none() {
    // The neutral element as a key signs everything for verifiers that are not strict.
    let (house, _, staged) = one();
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let key = bulkhead_trust::Key(neutral);
    let draft =
        bulkhead_repository::Draft::of(serde_json::from_slice(&signed_bytes(&staged.targets).unwrap()).unwrap());
    let file = draft.unwrap().with(&key, signature).signed_by(house.by([0])).file();
    let view = targets(&file, &BTreeSet::from([key, house.pairs[0].key()])).unwrap();
    assert_eq!(view.seal.signers, BTreeSet::from([house.pairs[0].key()]));
}

#[test]
fn link_is_of_a_targets_file() {
    let (_, _, staged) = one();
    let bytes = signed_bytes(&staged.targets).unwrap();
    let read = link(&bytes).unwrap();
    assert_eq!((read.version, read.id), (2, Digest::of(&bytes)));
    assert_eq!(read, targets(&staged.targets, &BTreeSet::new()).unwrap().link);
    assert_eq!(link(&signed_bytes(&staged.timestamp).unwrap()), Err("a link is of another role"));
    assert_eq!(link(b"{}"), Err("a link is not JSON as agreed"));
    assert!(link(b"").is_err());
}

#[test]
fn expiry_is_judged_on_the_given_time_whatever_it_is() {
    let (_, known, staged) = one();
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let files = bulkhead_trust::Files {
            trusted: &staged.trusted,
            roots: &staged.roots,
            timestamp: &staged.timestamp,
            snapshot: &staged.snapshot,
            targets: &staged.targets,
            links: &staged.links,
        };
        let read = bulkhead_trust::read(QA, &known, &files, now);
        assert_eq!(read.is_ok(), now <= 0, "{now}");
    }
}
