//! `bundle` and `site`, as the people who publish run them.

use crate::command::text;
use bulkhead_first::install::verify;
use std::path::Path;
use std::process::{Command, Output};

#[path = "../../../first/tests/kit/mod.rs"]
mod kit;
use kit::{World, now, tree};

fn run(world: &World, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-release"));
    command.current_dir(&world.scratch.0).args(words);
    for party in ["development", "quality", "security"] {
        command.arg("--served").arg(format!("{party}=served/{party}"));
    }
    command.output().unwrap()
}

/// Three folders as parties publish them.
fn world() -> World {
    let world = World::new();
    world.collected();
    let entry = &world.houses.development.releases[1];
    let folder = world.scratch.0.join(format!("served/development/targets/releases/{}", entry.release.number));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.package", entry.sha256)), &world.package).unwrap();
    world
}

#[test]
fn file_is_made_and_verified_or_not_made() {
    let world = world();
    let done = run(&world, &["bundle", "bulkhead.tar"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).starts_with("Verified: all three parties list release 2"));
    let file = world.scratch.0.join("bulkhead.tar");
    assert!(verify(&file, None, &world.scratch.0, now()).is_ok());
    // Half a publication: one of the parties has not said today what is current.
    let stamp = "served/quality/metadata/timestamp.json";
    std::fs::write(world.scratch.0.join(stamp), "{}").unwrap();
    let before = tree(&world.scratch.0);
    let refused = run(&world, &["bundle", "bulkhead.tar"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).starts_with("refused: nothing was changed: ")
            && text(&refused.stderr).contains("quality")
    );
    assert_eq!(tree(&world.scratch.0), before);
}

#[test]
fn site_is_made_and_names_are_judged_first() {
    let world = world();
    let done = run(&world, &["site", "www", "--host", "download.example"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(Path::new(&world.scratch.0).join("www/www/index.html").is_file());
    for words in [["--host", "nothing"], ["--host", "a.b;}"], ["--onion", "x.onion"]] {
        let refused = run(&world, &[&["site", "other"], &words[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{words:?}");
        assert!(!world.scratch.0.join("other").exists());
    }
}
