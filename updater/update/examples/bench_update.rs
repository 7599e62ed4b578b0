//! What looking for updates costs: time against one plain TUF refresh, bytes, and the fetcher's memory with a large package.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on ends"
)]

#[path = "../../fetch/tests/bad/mod.rs"]
mod bad;
#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

use bad::{Files, Mirror, Mood, mirror, mirrors};
use bulkhead_fetch::refresh::{Source, refresh};
use bulkhead_fetch::stage::all;
use bulkhead_repository::Entry;
use bulkhead_rules::{Ended, Launch, Process, launch};
use bulkhead_staging::{package, prepare};
use bulkhead_trust::{Candidate, Decision, Digest, Party, PerParty, State, decide};
use signed::{House, first, release};
use sigstore_tuf::MetadataStore;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Looks and refreshes, by turns.
const ROUNDS: usize = 50;
/// A way to a mirror and back, in milliseconds.
const AWAY: u64 = 20;
/// The large package, in bytes.
const LARGE: usize = 200_000_000;

/// Keeps nothing: what is measured is fetching and verifying.
#[derive(Clone)]
struct Nothing;

impl MetadataStore for Nothing {
    fn load(&self, _: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn store(&self, _: &str, _: &[u8]) -> sigstore_tuf::Result<()> {
        Ok(())
    }
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn files(house: &House, whole: bool) -> Files {
    let below = |name: &str| {
        let inner = name.strip_prefix("metadata/").or(name.strip_prefix("targets/"));
        if whole { name.to_owned() } else { inner.unwrap().to_owned() }
    };
    let files = house.repository.files().iter().map(|(name, bytes)| (below(name), bytes.clone()));
    Arc::new(Mutex::new(files.collect()))
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Three parties after many releases, and what a device knows that has seen all but the last.
fn world() -> (PerParty<House>, State, PerParty<Vec<u8>>) {
    let mut houses = PerParty::make(|party| House::at(party, now()));
    let mut state = first(&houses);
    let roots = PerParty::make(|party: Party| houses.of(party).repository.file("metadata/1.root.json").to_vec());
    for number in 2..=100 {
        Party::ALL.into_iter().for_each(|party| houses.of_mut(party).publish(number));
    }
    let read = |houses: &PerParty<House>, state: &State| {
        PerParty::try_make(|party| {
            let known = state.parties.of(party);
            bulkhead_trust::read(party, known, &staged(houses.of(party), known).files(), now())
        })
    };
    let parties = read(&houses, &state).unwrap();
    match decide(&state, &Candidate { parties, package: None }, now()) {
        Decision::Download { next, .. } => state = next.with_installed(&release(100)),
        other => panic!("{other:?}"),
    }
    Party::ALL.into_iter().for_each(|party| houses.of_mut(party).publish(101));
    (houses, state, roots)
}

fn staged(house: &House, known: &bulkhead_trust::PartyState) -> bulkhead_staging::Staged {
    let signed::Staged { trusted, roots, timestamp, snapshot, targets, links } = house.staged(known);
    bulkhead_staging::Staged { trusted, roots, timestamp, snapshot, targets, links }
}

/// All three parties against one plain refresh, in milliseconds, by turns.
async fn times(mood: Mood) -> (f64, f64) {
    let (houses, state, roots) = world();
    let served = PerParty {
        development: mirror(mood, &files(&houses.development, false)).await,
        quality: mirror(mood, &files(&houses.quality, false)).await,
        security: mirror(mood, &files(&houses.security, false)).await,
    };
    bulkhead_fetch::provider::install();
    let (mut three, mut one) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let sources = PerParty::make(|party| mirrors(&[served.of(party)]));
        let began = Instant::now();
        let came = all(&sources, &state, &roots, now()).await;
        let parties = PerParty::try_make(|party| came.of(party).as_ref().map(|(_, view)| view.clone())).unwrap();
        let decision = decide(&state, &Candidate { parties, package: None }, now());
        three.push(began.elapsed().as_secs_f64() * 1_000.0);
        assert!(matches!(decision, Decision::Download { .. }));
        let source = Source { metadata: mirrors(&[&served.quality]), targets: mirrors(&[&served.quality]) };
        let began = Instant::now();
        refresh(&source, &Nothing, &roots.quality, jiff::Timestamp::from_second(now()).unwrap()).await.unwrap();
        one.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    (median(three), median(one))
}

/// Bytes that one release costs, for all three parties: all that the mirrors send, without the package.
async fn bytes() -> usize {
    let (houses, state, roots) = world();
    let served: PerParty<Mirror> = PerParty {
        development: mirror(Mood::Good, &files(&houses.development, false)).await,
        quality: mirror(Mood::Good, &files(&houses.quality, false)).await,
        security: mirror(Mood::Good, &files(&houses.security, false)).await,
    };
    let sources = PerParty::make(|party| mirrors(&[served.of(party)]));
    assert!(all(&sources, &state, &roots, now()).await.iter().all(|(_, came)| came.is_ok()));
    served.iter().map(|(_, mirror)| mirror.sent.load(Ordering::Relaxed)).sum()
}

/// The fetcher's peak of memory, in kilobytes, while a large package comes; and the bytes that came.
async fn memory() -> (u64, u64) {
    let (mut houses, state, roots) = world();
    let content: Vec<u8> = (0..LARGE).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let entry = Entry { release: release(102), length: content.len() as u64, sha256: Digest::of(&content) };
    for party in Party::ALL {
        let house = houses.of_mut(party);
        let targets = house.repository.targets(house.now, std::slice::from_ref(&entry)).unwrap();
        let targets = targets.signed_by(house.by([0, 1]));
        house.repository.add_targets(&targets);
        let snapshot = house.repository.snapshot(house.now).unwrap().signed_by(house.by([4]));
        house.repository.add_snapshot(&snapshot);
        house.stamp();
    }
    houses.development.repository.add_package(102, content);
    let served = PerParty {
        development: mirror(Mood::Good, &files(&houses.development, true)).await,
        quality: mirror(Mood::Good, &files(&houses.quality, true)).await,
        security: mirror(Mood::Good, &files(&houses.security, true)).await,
    };
    let staging = std::env::temp_dir().join(format!("bulkhead-bench-update-{}", std::process::id()));
    let parties = PerParty::make(|party| vec![format!("http://{}/mirror", served.of(party).address.authority())]);
    prepare(&staging, &state, &roots, &serde_json::to_vec(&parties).unwrap()).unwrap();
    let folder = staging.clone();
    let peak = tokio::task::spawn_blocking(move || {
        let arguments = vec![OsString::from("--staging"), folder.clone().into()];
        let child = launch(&Launch {
            process: Process::Update,
            program: &program(),
            arguments: &arguments,
            lines: &[],
            data: Some(&folder),
            proxy: None,
            environment: &|_| None,
        });
        let child = child.unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        loop {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            // A process that has ended has no memory, and waits to be asked how.
            let Some(now) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(child.wait().unwrap(), Ended::Exit(0));
        peak
    });
    let peak = peak.await.unwrap();
    let came = package(&staging).unwrap().unwrap().metadata().unwrap().len();
    std::fs::remove_dir_all(&staging).unwrap();
    (peak, came)
}

/// The fetcher beside this program's folder.
fn program() -> PathBuf {
    let examples = std::env::current_exe().unwrap();
    examples.parent().and_then(|folder| folder.parent()).unwrap().join("bulkhead-update")
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (three, one) = times(Mood::Good).await;
    println!(
        "look at all three parties, decision included: {three:.1} ms; one plain TUF refresh: {one:.1} ms; {:.2} x \
         (asked: ≤ 2 x), mirrors on this machine",
        three / one
    );
    let (three, one) = times(Mood::Away(AWAY)).await;
    println!("the same with mirrors {AWAY} ms away: {three:.0} ms; {one:.0} ms; {:.2} x (asked: ≤ 2 x)", three / one);
    println!(
        "metadata of one release, all that comes from all parties: {:.1} KiB (asked: ≤ 64 KiB)",
        bytes().await as f64 / 1024.0
    );
    let (peak, came) = memory().await;
    println!(
        "memory of the fetcher, at most, with a package of {:.0} MB: {:.1} MB (asked: ≤ 30 MB)",
        came as f64 / 1e6,
        peak as f64 * 1024.0 / 1e6
    );
}
