//! An installation: every byte of its releases, whose rules hold, and whether its device was shown the same history.

use super::Asked;
use super::folders::{differences, read};
use super::packages::{Unpacked, is_listed};
use super::parties::Followed;
use super::releases::Agreed;
use super::report::{Step, many};
use bulkhead_install::{Installation, Selection};
use bulkhead_trust::{Chain, Party, PerParty, Role, State, read as trust};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Judges the installation, if there is one to judge.
///
/// `unpacked` is the audited release's package, if it was unpacked before.
pub fn installed(
    asked: &Asked,
    followed: &PerParty<Followed>,
    agreed: &Agreed,
    unpacked: Option<&Unpacked>,
) -> Vec<Step> {
    let Some(root) = &asked.installed else {
        let how = "give --installed and the folder of an installation";
        return vec![Step::missing("Installed bits", Vec::new(), how)];
    };
    let installation = Installation::at(root);
    let selection = match installation.selection() {
        Ok(selection) => selection,
        Err(error) => return vec![Step::judged("Installed bits", Vec::new(), vec![error.to_string()])],
    };
    let mut steps =
        vec![bits(root, &installation, &selection, (agreed, unpacked)), enforced(root, &installation, &selection)];
    steps.push(match installation.state() {
        Ok(state) => history(root, &installation, &selection, &state, followed),
        Err(error) => Step::judged("What the device was shown", Vec::new(), vec![error.to_string()]),
    });
    steps
}

/// Numbers that a folder's entries are named by, and all other names.
fn numbers(folder: &Path) -> (BTreeSet<u64>, Vec<String>) {
    let (mut numbers, mut others) = (BTreeSet::new(), Vec::new());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        match name.parse::<u64>().ok().filter(|number| number.to_string() == name) {
            Some(number) => _ = numbers.insert(number),
            None => others.push(name),
        }
    }
    (numbers, others)
}

/// Every release that lies there, held against its package, and that against what all parties list.
fn bits(
    root: &Path,
    installation: &Installation,
    selection: &Selection,
    (agreed, unpacked): (&Agreed, Option<&Unpacked>),
) -> Step {
    let (mut facts, mut against) = (Vec::new(), Vec::new());
    let (there, others) = numbers(&root.join("releases"));
    let wanted = agreed.listing.release.number;
    let needed: BTreeSet<u64> = [Some(selection.now), selection.before]
        .into_iter()
        .flatten()
        .flat_map(|under| [under.enforcer, under.current])
        .collect();
    if !there.contains(&wanted) {
        against.push(format!(
            "{}: release {wanted} is not here; it runs {}: install it, or audit the release that is here",
            root.display(),
            selection.now.current
        ));
    }
    for number in needed.difference(&there) {
        against.push(format!("releases/{number} is selected and missing: install again"));
    }
    for name in others.iter().filter(|name| !name.ends_with(".partial")) {
        against.push(format!("releases/{name} is no release: remove it"));
    }
    for number in there {
        let (package, folder) = (installation.package(number), installation.release(number));
        let Some(listing) = agreed.listings.get(&number) else {
            against.push(format!("releases/{number}: no release that all three parties list: install again"));
            continue;
        };
        let told = is_listed(&package, listing).and_then(|()| {
            let own;
            let right = match unpacked.filter(|_| number == wanted) {
                Some(right) => right,
                None => {
                    own = Unpacked::new(&package, listing)?;
                    &own
                }
            };
            let told =
                differences(right.folder(), &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            let counted = super::folders::counted(&folder).unwrap_or_default();
            Ok((told, counted))
        });
        match told {
            Ok((told, (files, bytes))) => {
                facts.push(format!("releases/{number}: {files} files, {bytes} bytes, held against packages/{number}"));
                let what = |one| {
                    format!("releases/{number}/{one}: whoever could write there could change what runs; install again")
                };
                against.extend(told.into_iter().map(what));
            }
            Err(why) => against.push(format!("{why}: install again")),
        }
    }
    Step::judged("Installed bits", facts, against)
}

/// Which launcher and rules hold for what runs.
fn enforced(root: &Path, installation: &Installation, selection: &Selection) -> Step {
    let (now, mut against) = (selection.now, Vec::new());
    let mut facts = vec![format!("release {} runs, under launcher and rules of release {}", now.current, now.enforcer)];
    let (packages, _) = numbers(&root.join("packages"));
    let first = packages.first().copied();
    // Only what was installed first enforces its own rules; packages are kept for ever, so it is known which one that was.
    if now.enforcer > now.current || (now.enforcer == now.current && first != Some(now.current)) {
        against.push(format!(
            "release {} runs under rules of release {}, and should under those of one before it: install again",
            now.current, now.enforcer
        ));
    }
    let link = fs::read_link(root.join("bulkhead")).unwrap_or_default();
    let wanted = format!("releases/{}/bin/bulkhead", now.enforcer);
    if link != Path::new(&wanted) {
        against.push(format!(
            "{} leads to `{}`, not to {wanted}: start the program once, or install again",
            root.join("bulkhead").display(),
            link.display()
        ));
    }
    let own = installation.release(now.current).join("metadata/parties.json");
    match (read(&own, 1 << 20), installation.parties()) {
        (Ok(own), Ok(used)) if own != used => {
            against.push(
                "parties: other mirrors than the current release names: start the program once, or install again"
                    .into(),
            );
        }
        (Ok(_), Ok(_)) => facts.push("it asks the mirrors that the release names".into()),
        _ => facts.push("the release names no mirrors: those of the first installation are asked".into()),
    }
    if let Some(failed) = installation.rolled_back() {
        facts.push(format!("release {} did not start and was given up", failed.number));
    }
    Step::judged("Whose rules hold", facts, against)
}

/// Whether the device was shown the history that was followed here: two that differ are a fork.
fn history(
    root: &Path,
    installation: &Installation,
    selection: &Selection,
    state: &State,
    followed: &PerParty<Followed>,
) -> Step {
    let (mut facts, mut against) = (Vec::new(), Vec::new());
    let current = selection.now.current;
    if state.installed != current && !state.failed.contains(&state.installed) {
        against.push(format!(
            "state: release {} is remembered as installed, {current} runs: start the program once, or install again",
            state.installed
        ));
    }
    if let Some(fork) = state.condemned() {
        against.push(format!(
            "state: a fork of {} was seen; its proof is in {}",
            fork.party,
            root.join("proofs").display()
        ));
    }
    match installation.description(state.installed).or_else(|_| installation.description(current)) {
        Ok(release) if release.rules != state.rules => {
            against.push(format!(
                "state: other rules are remembered than those of release {}: install again",
                release.number
            ));
        }
        Ok(_) => {}
        Err(error) => against.push(error.to_string()),
    }
    for party in Party::ALL {
        let (seen, here) = (state.parties.of(party), followed.of(party));
        let (roots, targets) = (&here.known.roots, chain_of(here));
        let roots = here.view.roots.iter().fold(links(roots), |mut all, root| {
            all.push(root.link.id);
            all
        });
        let pairs = [("root", &seen.roots, &roots), ("list of releases", &seen.targets, &targets)];
        for (what, theirs, ours) in pairs {
            for (version, ours) in (1..=theirs.version()).zip(ours) {
                if theirs.at(version) != Some(*ours) {
                    against.push(format!(
                        "{party}: the device was shown another {what} {version} than {} has: keep both, they prove a fork",
                        here.folder.display()
                    ));
                }
            }
            if theirs.version() > u64::try_from(ours.len()).unwrap_or(u64::MAX) {
                against.push(format!(
                    "{party}: the device knows {what} {}, {} ends at {}: copy the folder again, from another mirror",
                    theirs.version(),
                    here.folder.display(),
                    ours.len()
                ));
            }
        }
        for version in 1..=seen.roots.version() {
            let path = root.join("trusted").join(party.name()).join(format!("{version}.root.json"));
            let id = read(&path, u64::try_from(trust::longest(Role::Root)).unwrap_or(u64::MAX)).and_then(|file| {
                trust::root(&file, &BTreeSet::new()).map_err(|why| format!("{}: {why}", path.display()))
            });
            match id {
                Ok(view) if Some(view.link.id) == seen.roots.at(version) => {}
                Ok(_) => against.push(format!("{}: not the root that the state names: install again", path.display())),
                // Only the newest one is needed; without the others forks cannot be proven.
                Err(_) if version < seen.roots.version() => {}
                Err(why) => against.push(format!("{why}: install again")),
            }
        }
        let (roots, lists) = (seen.roots.version(), seen.targets.version());
        let counted = |count: u64, one| many(usize::try_from(count).unwrap_or(usize::MAX), one);
        facts.push(format!(
            "{party}: {} and {} of releases are those of {}",
            counted(roots, "root"),
            counted(lists, "list"),
            here.folder.display()
        ));
    }
    Step::judged("What the device was shown", facts, against)
}

fn links(chain: &Chain) -> Vec<bulkhead_trust::Digest> {
    (1..=chain.version()).filter_map(|version| chain.at(version)).collect()
}

/// The digests of all lists of releases.
fn chain_of(followed: &Followed) -> Vec<bulkhead_trust::Digest> {
    let view = &followed.view;
    view.links.iter().map(|link| link.id).chain([view.targets.link.id]).collect()
}
