//! The program itself, under the rules that it ships with, between mirrors on this machine and a launcher that reads what it staged.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "../../fetch/tests/bad/mod.rs"]
mod bad;
#[path = "../../fetch/tests/proxy/mod.rs"]
mod proxy;
#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

use bad::{Files, Mirror, Mood, mirror};
use bulkhead_rules::audit::{Collection, unused};
use bulkhead_rules::{Ended, Launch, Process, check_kernel, launch};
use bulkhead_staging::{Error, Parties, Staged, package, part, prepare, progress, read};
use bulkhead_trust::{Candidate, Decision, Party, PerParty, Refusal, State, Time, decide};
use proxy::Proxy;
use signed::{DAY, House, first, package as packed};
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const QA: Party = Party::Quality;

/// An installation's staging folder beside something private; gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-update-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("profile")).unwrap();
        std::fs::write(path.join("profile/store.db"), "private").unwrap();
        Self(path)
    }

    fn staging(&self) -> PathBuf {
        self.0.join("staging")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn now() -> Time {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Three parties at release 2, an installation at release 1, and where the mirrors are.
struct World {
    houses: PerParty<House>,
    state: State,
    roots: PerParty<Vec<u8>>,
}

impl World {
    fn at(now: Time) -> Self {
        let mut houses = PerParty::make(|party| House::at(party, now));
        let state = first(&houses);
        let roots = PerParty::make(|party: Party| houses.of(party).repository.file("metadata/1.root.json").to_vec());
        Party::ALL.into_iter().for_each(|party| houses.of_mut(party).publish(2));
        Self { houses, state, roots }
    }

    fn files(&self, party: Party) -> Files {
        let house = self.houses.of(party);
        let mut files = house.repository.files().clone();
        files.extend(house.replaced.clone());
        Arc::new(Mutex::new(files))
    }

    async fn mirrors(&self, mood: Mood) -> PerParty<Mirror> {
        PerParty {
            development: mirror(mood, &self.files(Party::Development)).await,
            quality: mirror(mood, &self.files(QA)).await,
            security: mirror(mood, &self.files(Party::Security)).await,
        }
    }

    fn prepare(&self, folder: &Folder, parties: &Parties) {
        prepare(&folder.staging(), &self.state, &self.roots, &serde_json::to_vec(parties).unwrap()).unwrap();
    }

    fn staged(&self, folder: &Folder) -> PerParty<Result<Staged, Error>> {
        read(&folder.staging(), &self.state, &self.roots)
    }

    /// What the launcher decides, from staged bytes alone.
    fn decided(&self, folder: &Folder) -> Result<Decision, Refusal> {
        let staged = self.staged(folder);
        let parties = PerParty::try_make(|party| {
            let files = staged.of(party).as_ref().unwrap().files();
            bulkhead_trust::read(party, self.state.parties.of(party), &files, now())
        })?;
        Ok(decide(&self.state, &Candidate { parties, package: None }, now()))
    }
}

fn addresses(mirrors: &PerParty<Mirror>) -> Parties {
    PerParty::make(|party| vec![format!("http://{}/mirror", mirrors.of(party).address.authority())])
}

/// Runs the fetcher to its end. It may write into `folder`, and is told to use `staging`.
async fn run(folder: &Path, staging: &Path, socks: Option<u16>) -> Ended {
    let (folder, staging) = (folder.to_owned(), staging.to_owned());
    let waiting = tokio::task::spawn_blocking(move || {
        let mut arguments = vec![OsString::from("--staging"), staging.into()];
        arguments.extend(socks.iter().flat_map(|port| [OsString::from("--socks"), format!("127.0.0.1:{port}").into()]));
        let child = launch(&Launch {
            process: Process::Update,
            program: Path::new(env!("CARGO_BIN_EXE_bulkhead-update")),
            arguments: &arguments,
            lines: &[],
            data: Some(&folder),
            proxy: socks,
            environment: &|_| None,
        });
        child.unwrap().wait().unwrap()
    });
    waiting.await.unwrap()
}

fn staged_package(folder: &Folder) -> Vec<u8> {
    let mut bytes = Vec::new();
    package(&folder.staging()).unwrap().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn release_is_staged_and_found_good_from_staged_bytes_alone() {
    let (folder, world) = (Folder::new("good"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    world.prepare(&folder, &addresses(&mirrors));
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    let Ok(Decision::Download { release, .. }) = world.decided(&folder) else { panic!() };
    assert_eq!((release.release.number, staged_package(&folder)), (2, packed(2)));
    let total = packed(2).len() as u64;
    assert_eq!(progress(&folder.staging()).map(|progress| (progress.done, progress.total)), Some((total, total)));
    // A second look finds the package there, and asks nobody for it again.
    mirrors.iter().for_each(|(_, mirror)| mirror.asked.lock().unwrap().clear());
    world.prepare(&folder, &addresses(&mirrors));
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    assert_eq!(staged_package(&folder), packed(2));
    let asked = |mirror: &Mirror| mirror.asked.lock().unwrap().iter().any(|path| path.ends_with(".package"));
    assert!(!mirrors.iter().any(|(_, mirror)| asked(mirror)));
}

#[tokio::test]
async fn names_are_looked_up_and_bad_mirrors_passed_by() {
    let (folder, world) = (Folder::new("names"), World::at(now()));
    let (bad, good) = (world.mirrors(Mood::Wrong).await, world.mirrors(Mood::Chunked).await);
    // A name that does not exist, a mirror that hangs up in the TLS handshake, wrong bytes, and what is right.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs_up = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
        }
    });
    let parties = PerParty::make(|party| {
        let (bad, port) = (&bad.of(party).address, good.of(party).address.port);
        let name = (party == QA).then(|| "https://mirror.invalid/bulkhead".to_owned());
        name.into_iter()
            .chain([
                format!("https://localhost:{hangs_up}/mirror"),
                format!("http://{}/mirror", bad.authority()),
                format!("http://localhost:{port}/mirror/"),
            ])
            .collect()
    });
    world.prepare(&folder, &parties);
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    assert!(matches!(world.decided(&folder), Ok(Decision::Download { .. })));
    assert_eq!(staged_package(&folder), packed(2));
}

#[tokio::test]
async fn party_that_cannot_be_reached_is_told_and_the_others_are_staged() {
    let (folder, world) = (Folder::new("gone"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    let mut parties = addresses(&mirrors);
    parties.quality = vec!["http://127.0.0.1:1".to_owned()];
    world.prepare(&folder, &parties);
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(1));
    let staged = world.staged(&folder);
    assert!(staged.development.is_ok() && staged.security.is_ok());
    assert!(matches!(staged.quality, Err(Error::Missing(_))));
    assert!(package(&folder.staging()).unwrap().is_none());
}

#[tokio::test]
async fn what_is_refused_is_staged_so_that_the_launcher_sees_why() {
    let (folder, mut world) = (Folder::new("refused"), World::at(now()));
    let mut late = House::at(QA, now() - 20 * DAY);
    late.publish(2);
    (world.state.parties.quality, world.houses.quality) = (late.first(), late);
    world.roots.quality = world.houses.quality.repository.file("metadata/1.root.json").to_vec();
    world.prepare(&folder, &addresses(&world.mirrors(Mood::Good).await));
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    assert!(matches!(world.decided(&folder), Err(Refusal::Expired { party: QA, .. })));
    assert!(package(&folder.staging()).unwrap().is_none());
}

#[tokio::test]
async fn download_that_was_cut_short_goes_on() {
    let (folder, mut world) = (Folder::new("resume"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    world.prepare(&folder, &addresses(&mirrors));
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    // As if it had been killed after twenty bytes; and no mirror has these bytes any more.
    std::fs::remove_file(folder.staging().join("package")).unwrap();
    std::fs::write(part(&folder.staging()), &packed(2)[..20]).unwrap();
    let mut without = packed(2);
    without[..20].fill(b'?');
    Party::ALL.into_iter().for_each(|party| world.houses.of_mut(party).replace_package(2, without.clone()));
    let mirrors = world.mirrors(Mood::Good).await;
    world.prepare(&folder, &addresses(&mirrors));
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(0));
    assert_eq!(staged_package(&folder), packed(2));
}

#[tokio::test]
async fn all_goes_through_the_proxy_and_no_name_is_looked_up() {
    check_kernel(true).unwrap();
    let (folder, world) = (Folder::new("proxied"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    let proxy = Proxy::new(
        PerParty::iter(&mirrors).map(|(party, mirror)| (format!("{}.onion", party.name()), mirror.address.port)),
    )
    .await;
    world.prepare(&folder, &PerParty::make(|party| vec![format!("http://{}.onion/mirror", party.name())]));
    assert_eq!(run(&folder.staging(), &folder.staging(), Some(proxy.port)).await, Ended::Exit(0));
    assert_eq!(staged_package(&folder), packed(2));
    let asked = proxy.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|asked| asked.host.ends_with(".onion")), "{asked:?}");
    // Each party's mirror has a circuit of its own, and another look other ones.
    let circuits = |asked: &[proxy::Asked]| {
        asked.iter().map(|asked| asked.user.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let first = circuits(&asked);
    assert!(first.len() >= 3);
    proxy.asked.lock().unwrap().clear();
    world.prepare(&folder, &PerParty::make(|party| vec![format!("http://{}.onion/mirror", party.name())]));
    assert_eq!(run(&folder.staging(), &folder.staging(), Some(proxy.port)).await, Ended::Exit(0));
    assert!(first.is_disjoint(&circuits(&proxy.asked.lock().unwrap())));
}

#[tokio::test]
async fn proxy_that_is_not_there_is_an_error_and_nothing_goes_past_it() {
    check_kernel(true).unwrap();
    let (folder, world) = (Folder::new("no-proxy"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    world.prepare(&folder, &addresses(&mirrors));
    assert_eq!(run(&folder.staging(), &folder.staging(), Some(1)).await, Ended::Exit(1));
    assert!(mirrors.iter().all(|(_, mirror)| mirror.asked.lock().unwrap().is_empty()));
}

#[tokio::test]
async fn no_other_folder_can_be_read_or_written() {
    let (folder, world) = (Folder::new("elsewhere"), World::at(now()));
    let mirrors = world.mirrors(Mood::Good).await;
    world.prepare(&folder, &addresses(&mirrors));
    let elsewhere = Folder::new("another");
    world.prepare(&elsewhere, &addresses(&mirrors));
    // It may write into the first and is told to use the second, where all that it needs is.
    assert_eq!(run(&folder.staging(), &elsewhere.staging(), None).await, Ended::Exit(1));
    assert!(world.staged(&elsewhere).iter().all(|(_, staged)| matches!(staged, Err(Error::Missing(_)))));
    assert!(mirrors.iter().all(|(_, mirror)| mirror.asked.lock().unwrap().is_empty()), "it could read what to ask");
    // A list of mirrors that lies in a profile is not read either, by whatever name.
    let list = folder.staging().join("parties");
    std::fs::rename(&list, folder.0.join("profile/parties")).unwrap();
    std::fs::hard_link(folder.0.join("profile/parties"), &list).unwrap();
    std::fs::remove_file(&list).unwrap();
    std::os::unix::fs::symlink(folder.0.join("profile/parties"), &list).unwrap();
    assert_eq!(run(&folder.staging(), &folder.staging(), None).await, Ended::Exit(1));
}

#[test]
fn without_the_launcher_it_refuses_to_run() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bulkhead-update")).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("start `bulkhead`"));
}

/// A permission that no run uses is a hole that nobody needs: the tests above, traced, and every line of the rules that none of
/// them used and that does not say for which other machine or moment it is kept.
#[test]
fn no_line_of_the_rules_is_for_nothing() {
    let folder = Folder::new("records");
    let records = folder.0.join("records");
    std::fs::create_dir(&records).unwrap();
    let mut strace = std::process::Command::new("strace");
    strace.args(["-ff", "-qq", "-e", "signal=none", "-e", "raw=!execve", "-o"]).arg(records.join("record"));
    strace.arg(std::env::current_exe().unwrap()).args(["--test-threads", "2", "--skip", "no_line_of_the_rules"]);
    assert!(strace.output().unwrap().status.success());
    let found = unused(&Collection::carried().unwrap(), &[&records]).unwrap();
    assert_eq!(found[&Process::Update], [""; 0], "remove these lines, or say for what they are kept (`foresight`)");
}
