//! One key, four holders, any two of whom sign: made without anybody ever having it.

use bulkhead_release::store_key::ceremony::{Hello, Parcel, begin, finish, share};
use bulkhead_release::store_key::signing::{Commitment, Held, Part, PublicKey, commit, join, sign};
use bulkhead_release::store_key::{Group, Share, StoreKeyError};
use ed25519_dalek::{Signature, VerifyingKey};

const PEOPLE: [&str; 4] = ["ada", "eve", "ida", "leo"];

fn group() -> Group {
    Group::new(PEOPLE.map(String::from).to_vec(), 2).unwrap()
}

/// As if written to a file and read again.
fn filed(share: Share) -> Share {
    toml::from_str(&toml::to_string(&share).unwrap()).unwrap()
}

fn begun() -> (Vec<Share>, Vec<Hello>) {
    PEOPLE.iter().map(|me| begin(me, group()).unwrap()).map(|(share, hello)| (filed(share), hello)).unzip()
}

fn shared(shares: Vec<Share>, hellos: &[Hello]) -> (Vec<Share>, Vec<Parcel>) {
    let (mut all, mut parcels, mut transcripts) = (Vec::new(), Vec::new(), Vec::new());
    for begun in shares {
        let Share::Begun(begun) = begun else { panic!() };
        let (share, made, transcript) = share(begun, hellos.to_vec()).unwrap();
        all.push(filed(share));
        parcels.extend(made);
        transcripts.push(transcript);
    }
    transcripts.dedup();
    assert_eq!(transcripts.len(), 1);
    (all, parcels)
}

fn finished(share: Share, me: &str, parcels: &[Parcel]) -> Result<Share, StoreKeyError> {
    let Share::Shared(shared) = share else { panic!() };
    let own: Vec<_> = parcels.iter().filter(|parcel| parcel.to == me).cloned().collect();
    finish(shared, &own)
}

fn held() -> Vec<Held> {
    let (shares, hellos) = begun();
    let (shares, parcels) = shared(shares, &hellos);
    let held = shares.into_iter().zip(PEOPLE).map(|(share, me)| filed(finished(share, me, &parcels).unwrap()));
    held.map(|share| if let Share::Held(held) = share { held } else { panic!() }).collect()
}

fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let point: [u8; 32] = hex::decode(key.ed25519.as_str()).unwrap().try_into().unwrap();
    let key = VerifyingKey::from_bytes(&point).unwrap();
    key.verify_strict(message, &Signature::from_slice(signature).unwrap()).is_ok()
}

fn signed_by(held: &mut [Held], who: &[usize], message: &[u8]) -> (Vec<Commitment>, Vec<Part>) {
    let commitments: Vec<_> = who.iter().map(|n| commit(&mut held[*n]).unwrap()).collect();
    let parts = who.iter().map(|n| sign(&mut held[*n], message, &commitments).unwrap()).collect();
    (commitments, parts)
}

#[test]
fn any_two_of_four_sign_and_one_alone_cannot() {
    let mut held = held();
    let key = held[0].public().clone();
    assert!(held.iter().all(|other| other.public() == &key));
    for (a, b) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        let (commitments, parts) = signed_by(&mut held, &[a, b], b"a release");
        let signature = join(&key, b"a release", &commitments, &parts).unwrap();
        assert!(verifies(&key, b"a release", &signature));
        assert!(!verifies(&key, b"another", &signature));
    }
    let alone = [commit(&mut held[0]).unwrap()];
    assert_eq!(sign(&mut held[0], b"x", &alone).unwrap_err(), StoreKeyError::Missing("1 more commitments".into()));
    let (commitments, parts) = signed_by(&mut held, &[0, 1, 2, 3], b"all");
    assert!(verifies(&key, b"all", &join(&key, b"all", &commitments, &parts).unwrap()));
    assert_eq!(join(&key, b"all", &commitments, &parts[..3]).unwrap_err(), StoreKeyError::Missing("leo".into()));
}

#[test]
fn nonces_are_used_once() {
    let mut held = held();
    let (commitments, _) = signed_by(&mut held, &[0, 1], b"first");
    assert_eq!(sign(&mut held[0], b"second", &commitments).unwrap_err(), StoreKeyError::Spent);
    // Fresh nonces do not belong to old commitments.
    commit(&mut held[0]).unwrap();
    assert_eq!(sign(&mut held[0], b"second", &commitments).unwrap_err(), StoreKeyError::Spent);
}

#[test]
fn wrong_part_is_named() {
    let mut held = held();
    let key = held[0].public().clone();
    let commitments: Vec<_> = [0, 1].map(|n| commit(&mut held[n]).unwrap()).to_vec();
    let parts =
        vec![sign(&mut held[0], b"good", &commitments).unwrap(), sign(&mut held[1], b"evil", &commitments).unwrap()];
    assert_eq!(join(&key, b"good", &commitments, &parts).unwrap_err(), StoreKeyError::Wrong("eve".into()));
}

#[test]
fn hello_shown_differently_to_one_is_noticed() {
    let (shares, hellos) = begun();
    let (_, other) = begin("leo", group()).unwrap();
    let mut parcels = Vec::new();
    let mut all = Vec::new();
    for (n, begun) in shares.into_iter().enumerate() {
        let Share::Begun(begun) = begun else { panic!() };
        let mut seen = hellos.clone();
        if n == 0 {
            seen[3] = other.clone();
        }
        let (share, made, _) = share(begun, seen).unwrap();
        all.push(share);
        parcels.extend(made);
    }
    let first = all.remove(0);
    assert_eq!(finished(first, "ada", &parcels).unwrap_err(), StoreKeyError::OtherCeremony("eve".into()));
}

#[test]
fn wrong_or_missing_files_are_named() {
    let (shares, hellos) = begun();
    let Some(Share::Begun(first)) = shares.into_iter().next() else { panic!() };
    assert_eq!(share(first, hellos[..3].to_vec()).unwrap_err(), StoreKeyError::Missing("leo".into()));

    let (shares, hellos) = begun();
    let mut wrong = hellos.clone();
    wrong[2].group.threshold = 3;
    let Some(Share::Begun(first)) = shares.into_iter().next() else { panic!() };
    assert_eq!(share(first, wrong).unwrap_err(), StoreKeyError::OtherCeremony("ida".into()));

    let (shares, hellos) = begun();
    let (mut shares, parcels) = shared(shares, &hellos);
    let without: Vec<_> = parcels.iter().filter(|parcel| parcel.from != "ida").cloned().collect();
    assert_eq!(finished(shares.remove(0), "ada", &without).unwrap_err(), StoreKeyError::Missing("ida".into()));
    let mut changed = parcels.clone();
    let to_eve = changed.iter_mut().find(|parcel| parcel.to == "eve" && parcel.from == "leo").unwrap();
    to_eve.sealed = parcels.iter().find(|p| p.to == "ada" && p.from == "leo").unwrap().sealed.clone();
    assert_eq!(finished(shares.remove(0), "eve", &changed).unwrap_err(), StoreKeyError::Parcel("leo".into()));
}

#[test]
fn groups_that_are_none_are_refused() {
    let of = |people: &[&str], threshold| Group::new(people.iter().map(ToString::to_string).collect(), threshold);
    assert!(of(&["b", "a"], 2).is_ok());
    for (people, threshold) in
        [(&["a"][..], 1), (&["a", "b"], 1), (&["a", "b"], 3), (&["a", "a"], 2), (&["a", "B"], 2), (&["a", "b/c"], 2)]
    {
        assert_eq!(of(people, threshold).unwrap_err(), StoreKeyError::Group);
    }
    assert!(of(&["a"; 17], 2).is_err());
    assert_eq!(begin("mallory", group()).unwrap_err(), StoreKeyError::Stranger("mallory".into()));
}
