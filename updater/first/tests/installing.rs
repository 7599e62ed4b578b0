//! From the file to an installation, with the program that people run.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_first::Roots;
use bulkhead_install::{Installation, Selection};
use bulkhead_trust::read::root;
use bulkhead_trust::{Candidate, Decision, Digest, Freshness, Party, PerParty, decide, freshness, read};
use kit::{DAY, World, bytes, made, now, tree};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

#[test]
fn installation_is_made_of_the_file_and_goes_on_as_any_other() {
    let mut world = World::new();
    let said = world.succeeds(&[world.file().to_str().unwrap()]);
    let made_here = Installation::at(world.root());
    assert_eq!(made_here.selection().unwrap(), Selection::first(2));
    let launched = Command::new(world.root().join("bulkhead")).output().unwrap();
    assert_eq!(launched.stdout, b"launcher 2\n");
    let launcher = fs::canonicalize(world.root().join("bulkhead")).unwrap();
    let real = Installation::at(fs::canonicalize(world.root()).unwrap());
    assert_eq!(Installation::of(&launcher), Some((real, 2)));
    assert_eq!(fs::read(made_here.package(2)).unwrap(), world.package);
    made_here.recover().unwrap();
    let parties: bulkhead_staging::Parties = serde_json::from_slice(&made_here.parties().unwrap()).unwrap();
    assert_eq!(parties.quality, ["https://mirror.example/quality"]);
    // All that was verified is said.
    let roots = Roots::of(&world.collected());
    for wanted in [roots.all, roots.each.quality, Digest::of(&world.package), Digest::of(&world.bytes())] {
        assert!(said.contains(&wanted.to_string()), "{said}");
    }
    assert!(said.contains("release 2, version 0.2.0") && said.contains("Nobody forces us."), "{said}");
    // And remembered: the keys that left, the chains from the first file on, every release that was ever listed.
    let state = made_here.state().unwrap();
    assert_eq!((state.installed, state.revoked.len()), (2, 1));
    let quality = &state.parties.quality;
    assert_eq!((quality.roots.version(), quality.targets.version(), quality.releases.len()), (2, 3, 2));
    assert!(matches!(freshness(&state, now()).security, Freshness::Fresh(_)));
    assert!(made_here.roots(&state).is_ok());
    assert!(made_here.trusted().join("security/links/0").is_file());
    // A newer release is an update; what the installation has seen is no news; older lists are refused.
    let before = world.collected();
    let third = made(3);
    for party in Party::ALL {
        let house = world.houses.of_mut(party);
        house.list([house.releases.clone(), vec![third.entry.clone()]].concat(), now());
    }
    let after = world.collected();
    let look = |all: &PerParty<bulkhead_staging::Staged>, state| {
        let views = PerParty::try_make(|party| {
            let mut staged = all.of(party).clone();
            staged.trusted = staged.roots.pop().unwrap_or(staged.trusted);
            staged.roots.clear();
            staged.links.drain(..staged.links.len().min(3));
            read(party, &made_here.state().unwrap().parties.of(party).clone(), &staged.files(), now())
        });
        decide(state, &Candidate { parties: views.unwrap(), package: None }, now())
    };
    let Decision::Download { next, .. } = look(&after, &state) else { panic!("no update") };
    let updated = next.with_installed(&third.entry.release);
    assert!(matches!(look(&after, &updated), Decision::UpToDate { .. }));
    assert!(matches!(look(&before, &state), Decision::UpToDate { .. }));
    assert!(matches!(look(&before, &updated), Decision::Refused(_)));
}

#[test]
fn what_is_made_is_what_installations_are() {
    let world = World::new();
    world.succeeds(&["--no-menu", world.file().to_str().unwrap()]);
    let by_hand = world.scratch.0.join("by-hand");
    let package = world.saved("package", &world.package);
    let state = Installation::at(world.root()).state().unwrap();
    let roots = PerParty::make(|party| {
        let staged = world.collected().of(party).clone();
        [vec![staged.trusted], staged.roots].concat()
    });
    let mirrors = Installation::at(world.root()).parties().unwrap();
    Installation::first(&by_hand, &package, state.parties.clone(), &roots, &mirrors).unwrap();
    // Beside it there is what proves forks, and what was decided before the state was written.
    let evidence = ["links", "targets.json", "snapshot.json", "timestamp.json"];
    let comparable = |(path, _): &(std::path::PathBuf, _)| {
        path.as_os_str() != "state" && !evidence.iter().any(|name| path.iter().any(|part| part.to_str() == Some(*name)))
    };
    let (ours, theirs) = (tree(&world.root()), tree(&by_hand));
    assert_eq!(
        ours.into_iter().filter(comparable).collect::<Vec<_>>(),
        theirs.into_iter().filter(comparable).collect::<Vec<_>>()
    );
    assert_eq!(tree(&world.home()).iter().filter(|(path, _)| path.starts_with(".local/share")).count(), 0);
}

#[test]
fn verifying_alone_leaves_nothing_and_needs_one_command() {
    let world = World::new();
    let file = world.file();
    let said = world.succeeds(&["--verify-only", file.to_str().unwrap()]);
    assert!(said.starts_with("Verified: all three parties list release 2"), "{said}");
    assert_eq!(tree(&world.home()), vec![]);
    assert_eq!(tree(&world.scratch.0.join("tmp")), vec![]);
}

#[test]
fn roots_that_the_user_insists_on_are_insisted_on() {
    let world = World::new();
    let file = world.file();
    let file = file.to_str().unwrap();
    // The fingerprint is what a stock tool prints: of three files, one after the other.
    let stock = "tar -xOf bulkhead.tar development/1.root.json quality/1.root.json security/1.root.json | sha256sum";
    let stock = Command::new("sh").args(["-c", stock]).current_dir(&world.scratch.0).output().unwrap();
    let stock = String::from_utf8(stock.stdout).unwrap();
    let stock = stock.split(' ').next().unwrap();
    assert_eq!(stock, Roots::of(&world.collected()).all.to_string());
    world.refuses(&["--roots", &"ab".repeat(32), file], "have the fingerprint");
    assert_eq!(tree(&world.home()), vec![]);
    world.succeeds(&["--verify-only", "--roots", &stock.to_uppercase(), file]);
    let wrong = world.run(&["--roots", "12", file]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn stock_tools_find_the_parts_as_they_are_published() {
    let world = World::new();
    world.file();
    let out = world.scratch.0.join("out");
    fs::create_dir(&out).unwrap();
    let tar = Command::new("tar").args(["-xf", "../bulkhead.tar"]).current_dir(&out).output().unwrap();
    assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    assert_eq!(fs::read(out.join("package")).unwrap(), world.package);
    let mode = fs::metadata(out.join("bulkhead-install")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    let inner =
        Command::new("tar").args(["-xzOf", "package", "bin/bulkhead-install"]).current_dir(&out).output().unwrap();
    assert_eq!(inner.stdout, fs::read(out.join("bulkhead-install")).unwrap());
    let served = world.scratch.0.join("served/quality/metadata/2.root.json");
    assert_eq!(fs::read(out.join("quality/2.root.json")).unwrap(), fs::read(served).unwrap());
}

#[test]
fn what_is_installed_is_never_overwritten() {
    let world = World::new();
    let file = world.file();
    let file = file.to_str().unwrap();
    world.succeeds(&[file]);
    let before = tree(&world.home());
    // Again: nothing to do, and the menu's entry is made again if it is gone.
    fs::remove_file(world.home().join(".local/share/applications/bulkhead.desktop")).unwrap();
    let said = world.succeeds(&[file]);
    assert!(said.contains("installed in") && said.contains("already"), "{said}");
    assert_eq!(tree(&world.home()), before);
    // A newer file: the installation updates itself. An older one: never.
    let mut newer = World::new();
    for party in Party::ALL {
        let house = newer.houses.of_mut(party);
        house.list([house.releases.clone(), vec![made(3).entry]].concat(), now());
    }
    newer.package = made(3).package;
    let newest = newer.file();
    let folder = world.root();
    let folder = folder.to_str().unwrap();
    world.refuses(&["--folder", folder, newest.to_str().unwrap()], "updates itself to release 3");
    newer.succeeds(&[newest.to_str().unwrap()]);
    let older = newer.root();
    world.refuses(&["--folder", older.to_str().unwrap(), file], "release 3 is installed, this file holds release 2");
    assert_eq!(tree(&world.home()), before);
    // The same release by strangers.
    let mut strangers = World::new();
    for party in Party::ALL {
        let house = strangers.houses.of_mut(party);
        let releases = house.releases.clone();
        *house = kit::House::with(100 + 10 * party as u8, vec![0, 1, 2, 3], 2);
        house.list(releases, now());
    }
    let strange = strangers.file();
    world.refuses(&["--folder", folder, strange.to_str().unwrap()], "trusts other parties' roots");
    assert_eq!(tree(&world.home()), before);
}

#[test]
fn folders_that_are_somebody_elses_are_left_alone() {
    let world = World::new();
    let file = world.file();
    let file = file.to_str().unwrap();
    let place = world.scratch.0.join("place");
    fs::create_dir(&place).unwrap();
    let to = |name: &str| place.join(name).to_str().unwrap().to_owned();
    fs::create_dir(place.join("full")).unwrap();
    fs::write(place.join("full/letter"), "dear").unwrap();
    fs::write(place.join("file"), "").unwrap();
    fs::create_dir(place.join("elsewhere")).unwrap();
    symlink("elsewhere", place.join("link")).unwrap();
    symlink("nowhere", place.join("dangling")).unwrap();
    fs::create_dir(place.join("open")).unwrap();
    fs::set_permissions(place.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
    symlink("elsewhere", place.join("trap.partial")).unwrap();
    let before = tree(&place);
    for (name, why) in [
        ("full", "is not empty"),
        ("file", "is not empty"),
        ("link", "is a link"),
        ("dangling", "is a link"),
        ("open/bulkhead", "by every user of this machine"),
        ("trap", "trap.partial is not empty"),
    ] {
        world.refuses(&["--no-menu", "--folder", &to(name), file], why);
        assert_eq!(tree(&place), before, "{name}");
    }
    // An empty folder is as good as none, also one with a strange name; folders above are made, and gone again if it fails.
    fs::create_dir(place.join("empty $100%")).unwrap();
    world.succeeds(&["--no-menu", "--folder", &to("empty $100%"), file]);
    assert!(place.join("empty $100%/bulkhead").exists());
    world.succeeds(&["--no-menu", "--folder", &to("new/newer"), file]);
    let mut cut = world.bytes();
    cut.truncate(cut.len() - 1025);
    let cut = world.saved("cut", &cut);
    world.refuses(&["--folder", &to("never/ever"), cut.to_str().unwrap()], "ends too early");
    assert!(!place.join("never").exists());
    // What an attempt that was cut off left is taken over; one that is under way is waited for.
    fs::create_dir_all(place.join("again.partial/releases/9")).unwrap();
    let held = fs::File::open(place.join("again.partial")).unwrap();
    held.lock().unwrap();
    world.refuses(&["--no-menu", "--folder", &to("again"), file], "is under way");
    drop(held);
    world.succeeds(&["--no-menu", "--folder", &to("again"), file]);
    assert!(!place.join("again/releases/9").exists() && !place.join("again.partial").exists());
}

#[test]
fn entry_in_the_menu_leads_to_the_program() {
    let world = World::new();
    let file = world.file();
    let file = file.to_str().unwrap();
    let folder = world.scratch.0.join("a $folder 100% `true`");
    world.succeeds(&["--folder", folder.to_str().unwrap(), file]);
    let entry = world.home().join(".local/share/applications/bulkhead.desktop");
    let checked = Command::new("desktop-file-validate").arg(&entry).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let text = fs::read_to_string(&entry).unwrap();
    assert!(text.contains(r"a \\$folder 100%% \\`true\\`/bulkhead"), "{text}");
    assert!(world.home().join(".local/share/icons/hicolor/scalable/apps/bulkhead.svg").is_file());
    // Another installation does not take it over, and says so; it works without.
    let done = world.run(&["--folder", world.scratch.0.join("other").to_str().unwrap(), file]);
    assert!(done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("leads to another program"));
    assert_eq!(fs::read_to_string(&entry).unwrap(), text);
}

#[test]
fn statement_that_is_late_is_told_and_one_that_has_expired_is_refused() {
    let world = World::new();
    let file = world.file();
    let verify = |days| bulkhead_first::install::verify(&file, None, &world.scratch.0, now() + days * DAY);
    assert!(!verify(1).unwrap().parties.quality.late);
    assert!(verify(3).unwrap().to_string().contains("has not for two days"));
    let refused = verify(8).unwrap_err().to_string();
    assert!(refused.contains("development/timestamp.json") && refused.contains("download today's"), "{refused}");
    let refused = verify(-2).unwrap_err().to_string();
    assert!(refused.contains("from the future"), "{refused}");
    let year = bulkhead_first::install::verify(&file, None, &world.scratch.0, now() + 400 * DAY).unwrap_err();
    assert!(year.to_string().contains("has expired"), "{year}");
}

#[test]
fn text_of_parties_cannot_paint_the_terminal() {
    let plain = bulkhead_first::report::plain("a\u{202e}b\u{1b}[2Jc\r\nd\u{2066}e\u{85}f");
    assert_eq!(plain, "a b [2Jc  d e f");
}

#[test]
fn no_time_is_no_text() {
    assert_eq!(bulkhead_first::report::time(1_800_000_000), "2027-01-15 08:00 UTC");
    let world = World::new();
    let collected = world.collected();
    assert_eq!(root(&collected.quality.roots[0], &BTreeSet::new()).unwrap().link.version, 2);
    assert_eq!(bytes(&collected, kit::INSTALLER, &world.package), world.bytes());
}
