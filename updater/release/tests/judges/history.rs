//! `verify-tree` against histories that are as they should be, and against everything that an insider would try.

use crate::house::{Draft, Entry, House, file, key};
use bulkhead_release::policy::FILE;
use bulkhead_release::review::Verdict;
use git2::{FileMode, Oid};

/// Judges what was done to a house after its first commit, which is published first.
fn refused(act: impl FnOnce(&mut House)) -> Vec<String> {
    let mut house = House::new();
    let since = house.head();
    act(&mut house);
    house.publish();
    house.refusals(since)
}

/// Exactly one refusal, with these words in it.
fn refused_for(words: &str, act: impl FnOnce(&mut House)) {
    let refusals = refused(act);
    assert!(matches!(refusals.as_slice(), [one] if one.contains(words)), "{refusals:#?}");
}

#[test]
fn changes_that_are_signed_reviewed_and_published_pass() {
    let mut house = House::new();
    let since = house.head();
    house.good("net/parser.rs", "fn parse() { }");
    let head = house.good("README.md", "read this");
    house.publish();
    let report = house.verify(since).unwrap();
    assert_eq!((report.commits, report.steps, report.head, report.ahead), (2, 2, head, 0));
}

#[test]
fn reviews_are_found_in_the_folders_that_git_makes_of_many_notes() {
    for cuts in [&[2][..], &[2, 4]] {
        let mut house = House::new();
        let since = house.head();
        house.good("net/parser.rs", "fn parse() { }");
        house.good("README.md", "read this");
        house.publish();
        house.spread_notes(cuts);
        assert_eq!(house.verify(since).unwrap().commits, 2);
    }
}

#[test]
fn what_no_mirror_has_yet_is_judged_and_told() {
    let mut house = House::new();
    let since = house.head();
    house.good("README.md", "1");
    house.publish();
    house.good("README.md", "2");
    assert_eq!(house.verify(since).unwrap().ahead, 1);
}

#[test]
fn unsigned_commit_is_refused() {
    refused_for("is not signed", |house| {
        let parents = vec![house.head()];
        house.commit(Draft { author: "ada", signer: None, parents, changes: vec![("README.md", file("x"))] });
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn commit_signed_by_a_stranger_is_refused() {
    refused_for("which the policy does not list", |house| {
        let parents = vec![house.head()];
        let signer = Some(key("mallory", 0));
        house.commit(Draft { author: "ada", signer, parents, changes: vec![("README.md", file("x"))] });
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn commit_in_the_name_of_another_is_refused() {
    refused_for("names ada@example.org as its author, but bea signed", |house| {
        let parents = vec![house.head()];
        let signer = Some(key("bea", 0));
        house.commit(Draft { author: "ada", signer, parents, changes: vec![("README.md", file("x"))] });
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn signature_of_other_bytes_is_refused() {
    refused_for("does not fit the signed bytes", |house| {
        let id = house.change("README.md", "x");
        let commit = house.repository.find_object(id, None).unwrap();
        let (signature, text) = house.repository.extract_signature(&id, None).unwrap();
        drop(commit);
        let text = std::str::from_utf8(&text).unwrap().replace("why", "because");
        let forged = house.repository.commit_signed(&text, std::str::from_utf8(&signature).unwrap(), None).unwrap();
        house.repository.reference("refs/heads/main", forged, true, "").unwrap();
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn review_signature_does_not_sign_a_commit() {
    refused_for("made for another purpose", |house| {
        let id = house.change("README.md", "x");
        let (_, text) = house.repository.extract_signature(&id, None).unwrap();
        let text = std::str::from_utf8(&text).unwrap().to_owned();
        let signature = crate::house::sign(&key("ada", 0), "review@bulkhead-release", text.as_bytes());
        let id = house.repository.commit_signed(&text, &signature, None).unwrap();
        house.repository.reference("refs/heads/main", id, true, "").unwrap();
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn change_without_all_reviews_is_refused() {
    refused_for("0 of 1 reviews by security", |house| {
        house.change("README.md", "x");
        house.review(&["eve", "fay", "gus"]);
    });
    assert_eq!(
        refused(|house| {
            house.change("README.md", "x");
        })
        .len(),
        2
    );
}

#[test]
fn review_by_who_may_not_review_is_refused() {
    refused_for("0 of 1 reviews by quality", |house| {
        house.change("README.md", "x");
        house.review(&["ida", "jim", "bea", "mallory"]);
    });
}

#[test]
fn review_is_not_used_again_after_a_revert() {
    refused_for("0 of 1 reviews by", |house| {
        house.good("README.md", "x");
        house.good("README.md", "read me");
        house.change("README.md", "x");
        house.say("ida", Verdict::Approve, |said| said);
    });
}

#[test]
fn review_of_another_change_is_refused() {
    refused_for("that of eve is of another change", |house| {
        house.change("README.md", "x");
        house.review(&["ida"]);
        house.say("eve", Verdict::Approve, |said| bulkhead_release::review::Statement { tree: said.onto, ..said });
    });
}

#[test]
fn review_under_another_policy_is_refused() {
    refused_for("is under policy 2", |house| {
        house.change("README.md", "x");
        house.review(&["ida"]);
        house.say("eve", Verdict::Approve, |said| bulkhead_release::review::Statement { policy: 2, ..said });
    });
}

#[test]
fn rejection_stands_whatever_others_say() {
    refused_for("was rejected by fay", |house| {
        house.good("README.md", "x");
        house.say("fay", Verdict::Reject, |said| said);
    });
}

#[test]
fn notes_that_are_no_reviews_are_left_out() {
    let mut house = House::new();
    let since = house.head();
    let id = house.good("README.md", "x");
    let tree = house.repository.find_commit(id).unwrap().tree_id();
    let note = house.repository.find_note(Some("refs/notes/reviews"), tree).unwrap().message().unwrap().to_owned();
    let who = house.repository.signature().unwrap();
    let text =
        format!("looks good to me\n-----END SSH SIGNATURE-----\nbulkhead-review 2\n{note}bulkhead-review 1\nonto");
    house.repository.note(&who, &who, Some("refs/notes/reviews"), tree, &text, true).unwrap();
    house.publish();
    assert_eq!(house.refusals(since), [""; 0]);
}

#[test]
fn who_does_not_own_an_area_does_not_change_it() {
    refused_for(
        "net/parser.rs belongs to net, which only developers of development change, and eve is not one",
        |house| {
            let parents = vec![house.head()];
            let signer = Some(key("eve", 0));
            house.commit(Draft { author: "eve", signer, parents, changes: vec![("net/parser.rs", file("x"))] });
            house.review(&["fay", "ida"]);
        },
    );
}

#[test]
fn nobody_reviews_their_own_change() {
    let refusals = refused(|house| {
        let parents = vec![house.head()];
        let signer = Some(key("eve", 0));
        house.commit(Draft { author: "eve", signer, parents, changes: vec![("README.md", file("x"))] });
        house.review(&["eve", "ida"]);
    });
    assert!(refusals.iter().any(|refusal| refusal.contains("eve is an author of it")), "{refusals:#?}");
}

/// A branch of one commit, and the merge that brings it in.
fn merge(house: &mut House, branch: Draft, own: Vec<Entry>) -> Oid {
    let side = house.write(&branch);
    let mut changes = branch.changes;
    changes.extend(own);
    let parents = vec![house.head(), side];
    house.commit(Draft { author: "bea", signer: Some(key("bea", 0)), parents, changes })
}

fn side<'a>(house: &House, signer: Option<ssh_key::PrivateKey>) -> Draft<'a> {
    Draft { author: "ada", signer, parents: vec![house.head()], changes: vec![("net/more.rs", file("more"))] }
}

#[test]
fn merged_branch_is_judged_commit_by_commit() {
    let mut house = House::new();
    let since = house.head();
    let branch = side(&house, Some(key("ada", 0)));
    merge(&mut house, branch, Vec::new());
    house.review(&["eve", "ida"]);
    house.publish();
    let report = house.verify(since).unwrap();
    assert_eq!((report.commits, report.steps), (2, 1));
    refused_for("is not signed", |house| {
        let branch = side(house, None);
        merge(house, branch, Vec::new());
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn what_a_merge_adds_by_itself_needs_reviews() {
    // Reviewed was the branch, not the merge, which holds something more.
    let refusals = refused(|house| {
        let branch = side(house, Some(key("ada", 0)));
        let before = house.head();
        let id = house.write(&branch);
        house.repository.reference("refs/heads/main", id, true, "").unwrap();
        house.review(&["eve", "ida"]);
        house.repository.reference("refs/heads/main", before, true, "").unwrap();
        merge(house, branch, vec![("net/evil.rs", file("evil"))]);
    });
    assert_eq!(refusals.len(), 2, "{refusals:#?}");
}

#[test]
fn merge_of_another_history_is_refused() {
    let refusals = refused(|house| {
        let mut branch = side(house, Some(key("ada", 0)));
        branch.parents.clear();
        merge(house, branch, Vec::new());
        house.review(&["eve", "ida"]);
    });
    assert!(refusals.iter().any(|refusal| refusal.contains("has no parent")), "{refusals:#?}");
}

#[test]
fn empty_commit_is_refused() {
    refused_for("changes nothing", |house| {
        let parents = vec![house.head()];
        house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes: Vec::new() });
    });
}

#[test]
fn submodule_is_refused() {
    refused_for("lib is a submodule", |house| {
        let parents = vec![house.head()];
        let changes = vec![("lib", Some((FileMode::Commit, vec![7; 20])))];
        house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes });
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn link_out_of_the_tree_is_refused() {
    for (path, target, inside) in [
        ("net/link", "../README.md", true),
        ("link", "net/parser.rs", true),
        ("link", "./net//parser.rs", true),
        ("net/link", "../../README.md", false),
        ("link", "/etc/passwd", false),
        ("link", "..", false),
        ("net/link", "deep/../../../etc", false),
        ("link", "", false),
    ] {
        let refusals = refused(|house| {
            let parents = vec![house.head()];
            let changes = vec![(path, Some((FileMode::Link, target.as_bytes().to_vec())))];
            house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes });
            house.review(&["eve", "ida"]);
        });
        assert_eq!(refusals.is_empty(), inside, "{path} -> {target}: {refusals:#?}");
    }
}

#[test]
fn rewritten_history_is_refused() {
    let mut house = House::new();
    let first = house.head();
    house.good("README.md", "x");
    let since = house.head();
    house.repository.reference("refs/heads/main", first, true, "").unwrap();
    house.good("README.md", "y");
    house.publish();
    assert!(house.refusals(since)[0].contains("history was rewritten"));
}

#[test]
fn commit_that_came_in_by_a_merge_is_no_place_to_go_on_from() {
    let mut house = House::new();
    let branch = side(&house, Some(key("ada", 0)));
    let id = house.write(&branch);
    house.clock -= 60;
    merge(&mut house, branch, Vec::new());
    house.review(&["eve", "ida"]);
    house.publish();
    assert!(house.refusals(id)[0].contains("history was rewritten"));
}

#[test]
fn backdated_commit_is_refused() {
    refused_for("before its parent", |house| {
        house.clock -= 3600;
        house.good("README.md", "x");
        house.clock += 3600;
    });
    refused_for("in the future", |house| {
        house.clock += 3600;
        house.good("README.md", "x");
        house.clock -= 3600;
    });
}

/// A second key for ada, and until when the first counts.
fn other_keys(text: &str, expires: Option<&str>) -> String {
    let [old, new] = [0, 1].map(|which| key("ada", which).public_key().to_openssh().unwrap());
    let first = expires.map(|day| format!("{{ key = \"{old}\", expires = \"{day}\" }}, ")).unwrap_or_default();
    text.replace(&format!("[{{ key = \"{old}\" }}]"), &format!("[{first}{{ key = \"{new}\" }}]"))
}

#[test]
fn revoked_key_signs_nothing_more() {
    let act = |which| {
        move |house: &mut House| {
            let text = house.policy(2, |text| other_keys(&text, None));
            house.replace_policy(&text, &["ada", "bea", "eve", "fay", "ida", "jim"]);
            house.version = 2;
            let parents = vec![house.head()];
            let signer = Some(key("ada", which));
            house.commit(Draft { author: "ada", signer, parents, changes: vec![("README.md", file("x"))] });
            house.review(&["eve", "ida"]);
        }
    };
    refused_for("which the policy does not list", act(0));
    assert!(refused(act(1)).is_empty());
}

#[test]
fn expired_key_signs_nothing_more() {
    // 1,800,000,000 is 2027-01-15.
    for (day, good) in [("2027-01-14", false), ("2027-01-15", true)] {
        let refusals = refused(|house| {
            let text = house.policy(2, |text| other_keys(&text, Some(day)));
            house.replace_policy(&text, &["ada", "bea", "eve", "fay", "ida", "jim"]);
            house.version = 2;
            house.good("README.md", "x");
        });
        assert_eq!(refusals.is_empty(), good, "{refusals:#?}");
    }
}

#[test]
fn policy_changes_with_two_signers_of_each_party() {
    let everybody = ["ada", "bea", "eve", "fay", "ida", "jim"];
    assert!(
        refused(|house| {
            let text = house.policy(2, |text| text.replace("threshold = 2", "threshold = 3"));
            house.replace_policy(&text, &everybody);
            house.version = 2;
            house.good("README.md", "x");
        })
        .is_empty()
    );
    for missing in everybody {
        let signers: Vec<_> = everybody.into_iter().filter(|person| *person != missing).collect();
        refused_for("1 of 2 signers of", |house| {
            let text = house.policy(2, |text| text.replace("threshold = 2", "threshold = 3"));
            house.replace_policy(&text, &signers);
        });
    }
}

#[test]
fn new_policy_does_not_vouch_for_itself() {
    // The new one would be content with its own signers; the old one does not know them.
    refused_for("0 of 2 signers of security", |house| {
        let text = house.policy(2, |mut text| {
            for person in ["ida", "jim"] {
                let [old, new] = [person, "mallory"].map(|of| key(of, u8::from(of != person && person == "jim")));
                let [old, new] = [old, new].map(|key| key.public_key().to_openssh().unwrap());
                text = text.replace(&old, &new);
            }
            text
        });
        let parents = vec![house.head()];
        let mut changes = vec![(FILE, file(&text))];
        let mut signed = Vec::new();
        for (name, key) in [
            ("ada", key("ada", 0)),
            ("bea", key("bea", 0)),
            ("eve", key("eve", 0)),
            ("fay", key("fay", 0)),
            ("m0", key("mallory", 0)),
            ("m1", key("mallory", 1)),
        ] {
            let signature = crate::house::sign(&key, "policy@bulkhead-release", text.as_bytes());
            signed.push((format!(".release/signatures/{name}.sig"), signature));
        }
        changes.extend(signed.iter().map(|(path, signature)| (path.as_str(), file(signature))));
        house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes });
        house.review(&["eve", "ida"]);
    });
}

#[test]
fn older_policy_does_not_come_back() {
    refused_for("policy version 1 does not follow version 2: it has to be 3", |house| {
        let first = house.policy(1, |text| text);
        let text = house.policy(2, |text| text.replace("threshold = 2", "threshold = 3"));
        house.replace_policy(&text, &["ada", "bea", "eve", "fay", "ida", "jim"]);
        house.version = 2;
        house.replace_policy(&first, &["ada", "bea", "cyn", "eve", "fay", "gus", "ida", "jim", "kay"]);
    });
}

#[test]
fn policy_that_is_deleted_or_unreadable_ends_the_judgement() {
    refused_for("has no .release/policy.toml", |house| {
        let parents = vec![house.head()];
        house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes: vec![(FILE, None)] });
        house.review(&["eve", "ida"]);
    });
    refused_for("cannot be read", |house| {
        house.good(FILE, "format = ");
    });
}

#[test]
fn mirrors_that_do_not_agree_are_named() {
    let mut house = House::new();
    let since = house.head();
    house.good("README.md", "x");
    house.publish_to(0);
    house.publish_to(2);
    let refusals = house.refusals(since);
    assert!(matches!(refusals.as_slice(), [one] if one.contains("mirror-1") && one.contains("another history")));
    // One that is gone.
    house.publish();
    std::fs::remove_dir_all(house.mirrors[1].path()).unwrap();
    let refusals = house.refusals(since);
    assert!(matches!(refusals.as_slice(), [one] if one.contains("mirror-1") && one.contains("cannot be read")));
}

#[test]
fn mirrors_with_a_history_that_is_not_ours_are_named() {
    let mut house = House::new();
    let since = house.head();
    house.good("README.md", "theirs");
    house.publish();
    house.repository.reference("refs/heads/main", since, true, "").unwrap();
    house.good("README.md", "ours");
    let refusals = house.refusals(since);
    assert!(matches!(refusals.as_slice(), [one] if one.contains("another history")), "{refusals:#?}");
}
