//! What is in the folder, and what keeps a site from being made.

use crate::kit::{INSTALLER, World, made_of, now, tree};
use bulkhead_first::install::verify;
use bulkhead_site::{Site, make_site};
use bulkhead_trust::{Party, PerParty};
use std::fs;
use std::path::{Path, PathBuf};

pub const HOST: &str = "download.example";

/// A name that an onion service could have.
pub fn onion() -> String {
    format!("{}d.onion", "bulkhead2".repeat(7).get(..55).unwrap())
}

/// The folders that the parties' mirrors copy.
pub fn folders(world: &World) -> PerParty<PathBuf> {
    world.collected();
    let folders = PerParty::make(|party| world.scratch.0.join(format!("served/{}", party.name())));
    // One of them has not got the package yet.
    let release = &world.houses.quality.releases[1];
    let name = format!("targets/releases/{}/{}.package", release.release.number, release.sha256);
    let place = folders.quality.join(name);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, &world.package).unwrap();
    folders
}

pub fn make(world: &World, out: &Path) -> Result<bulkhead_first::Verified, bulkhead_site::Error> {
    make_site(&Site { served: &folders(world), host: HOST, onion: Some(&onion()) }, out, now())
}

#[test]
fn site_holds_the_file_and_all_that_it_is_compared_with() {
    let world = World::new();
    let out = world.scratch.0.join("site");
    let verified = make(&world, &out).unwrap();
    let names: Vec<String> = tree(&out).into_iter().map(|(path, _)| path.display().to_string()).collect();
    let pages = [
        "404.html",
        "SHA256SUMS",
        "bulkhead-0.2.0.tar",
        "icon.svg",
        "index.html",
        "releases.html",
        "style.css",
        "verify.html",
    ];
    let pages = pages.map(|page| format!("www/{page}"));
    assert_eq!(names, [&["nginx.conf".to_owned(), "torrc".to_owned(), "www".to_owned()][..], &pages].concat());
    let read = |name: &str| fs::read_to_string(out.join("www").join(name)).unwrap();
    // What is offered installs, and the pages show what the installer does.
    let file = out.join("www/bulkhead-0.2.0.tar");
    assert_eq!(verify(&file, Some(verified.roots.all), &world.scratch.0, now()).unwrap(), verified);
    let (download, check, releases) = (read("index.html"), read("verify.html"), read("releases.html"));
    for shown in [verified.file, verified.roots.all] {
        assert!(download.contains(&shown.to_string()));
    }
    for shown in
        [verified.roots.all, verified.roots.each.development, verified.roots.each.security, verified.listing.sha256]
    {
        assert!(check.contains(&shown.to_string()));
    }
    for shown in [verified.parties.quality.lists.1, verified.parties.quality.roots.1, verified.listing.sha256] {
        assert!(releases.contains(&shown.to_string()));
    }
    assert!(releases.contains("Nobody forces us.") && releases.contains("No orders.") && releases.contains("0.1.0"));
    assert!(check.contains("https://mirror.example/quality/metadata/1.root.json"));
    assert_eq!(read("SHA256SUMS"), format!("{}  bulkhead-0.2.0.tar\n", verified.file));
    let mut summed = std::process::Command::new("sha256sum");
    let summed = summed.args(["-c", "--quiet", "SHA256SUMS"]).current_dir(out.join("www")).status().unwrap();
    assert!(summed.success());
    assert!(download.contains(&format!("http://{}/", onion())));
}

#[test]
fn nothing_on_a_page_runs_or_comes_from_elsewhere() {
    // What parties write could try to be more than text.
    let mut world = World::at(now(), made_of(2, |_| ()));
    let evil = "<script src=//evil.example></script><img onerror=alert(1) src=x> & \u{202e}'\"";
    for party in Party::ALL {
        let house = world.houses.of_mut(party);
        let stamp = house.repository.timestamp(now(), evil, evil).unwrap();
        house.repository.add_timestamp(&stamp.signed_by(&[house.pair(4)]));
    }
    let out = world.scratch.0.join("site");
    make(&world, &out).unwrap();
    let releases = fs::read_to_string(out.join("www/releases.html")).unwrap();
    assert!(releases.contains("&lt;script src=//evil.example&gt;"));
    for name in ["index.html", "verify.html", "releases.html", "404.html"] {
        let page = fs::read_to_string(out.join("www").join(name)).unwrap();
        for never in [
            "<script",
            "<iframe",
            "<form",
            "<object",
            "<embed",
            "<base",
            "style=",
            "javascript:",
            "\u{202e}",
            "<img onerror",
        ] {
            assert!(!page.contains(never), "{name}: {never}");
        }
        for address in
            page.split(&[' ', '\n']).filter_map(|word| word.strip_prefix("href=\"").or(word.strip_prefix("src=\"")))
        {
            let own = address.starts_with('/') || address.starts_with('#') || address.starts_with("http://bulkhead2");
            assert!(own && !address.starts_with("//"), "{name}: {address}");
        }
    }
    let style = fs::read_to_string(out.join("www/style.css")).unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn what_no_installer_would_take_is_not_published() {
    let mut world = World::new();
    let out = world.scratch.0.join("site");
    make(&world, &out).unwrap();
    let before = tree(&out);
    // A party's folder is damaged, or its timestamp too old; or the package is another.
    let old = World::at(now() - 8 * crate::kit::DAY, made_of(2, |_| ()));
    let refused = make(&old, &out).unwrap_err().to_string();
    assert!(refused.contains("development/timestamp.json") && refused.contains("expired"), "{refused}");
    let package = world.package.clone();
    world.package = INSTALLER.to_vec();
    assert!(make(&world, &out).is_err());
    world.package = package;
    let folders = folders(&world);
    fs::remove_file(folders.security.join("metadata/timestamp.json")).unwrap();
    let site = Site { served: &folders, host: HOST, onion: None };
    let refused = make_site(&site, &out, now()).unwrap_err().to_string();
    assert!(refused.contains("security/metadata/timestamp.json"), "{refused}");
    assert_eq!(tree(&out), before);
    assert!(!world.scratch.0.join("site.partial").exists());
    // Somebody else's folder is left alone; a site is made anew in one step.
    let letters = world.scratch.0.join("letters");
    fs::create_dir(&letters).unwrap();
    fs::write(letters.join("letter"), "dear").unwrap();
    assert!(make(&world, &letters).unwrap_err().to_string().contains("letter is no part of a site"));
    assert_eq!(fs::read_to_string(letters.join("letter")).unwrap(), "dear");
    fs::write(out.join("letter"), "dear").unwrap();
    assert!(make(&world, &out).unwrap_err().to_string().contains("letter is no part of a site"));
    fs::remove_file(out.join("letter")).unwrap();
    assert_eq!(tree(&out), before);
    world.houses.quality.stamp(now());
    make(&world, &out).unwrap();
    assert_ne!(tree(&out), before);
    assert!(!world.scratch.0.join("site.partial").exists());
}
