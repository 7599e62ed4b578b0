//! Releases built from this tree, a user's installation of them, and what can be seen of it.

use crate::parties::{Parties, now};
use bulkhead_first::make::make;
use bulkhead_install::{Installation, Under};
use bulkhead_package::pack;
use bulkhead_rules::Process;
use bulkhead_tests::driver::Driver;
use bulkhead_tests::folder::{Build, Scratch, binaries};
use bulkhead_trust::{Digest, PerParty, Release, Rules};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is in a release besides the shipped programs.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    pub number: u64,
    /// Its launcher and rules are those of a release that gives ui a network.
    pub wider: bool,
    /// The port that its ui connects to, and from which start of ui on.
    pub calls_home: Option<(u16, u8)>,
    /// This in place of its launcher.
    pub launcher: Option<&'a str>,
    /// This in place of its vault.
    pub vault: Option<&'a [u8]>,
}

impl Contents<'_> {
    pub const fn honest(number: u64) -> Self {
        Self { number, wider: false, calls_home: None, launcher: None, vault: None }
    }
}

/// A listener that somebody may reach.
pub struct Ear(TcpListener);

impl Ear {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Whether somebody has connected.
    pub fn heard(&self) -> bool {
        self.0.accept().is_ok()
    }
}

pub struct World {
    scratch: Scratch,
    pub parties: Parties,
}

impl World {
    /// A user who has installed release 1.
    pub fn new() -> Self {
        let world = Self { scratch: Scratch::new().unwrap(), parties: Parties::new() };
        let (_, package) = world.build(Contents::honest(1));
        let file = world.scratch.path().join("package");
        fs::write(&file, package).unwrap();
        let (parties, roots) = (world.parties.first(), world.parties.roots());
        Installation::first(world.root(), &file, parties, &roots, &world.parties.mirrors()).unwrap();
        world
    }

    /// A user who has downloaded release 1, and installed it with the program in the download.
    pub fn downloaded() -> Self {
        let mut world = Self { scratch: Scratch::new().unwrap(), parties: Parties::new() };
        world.publish(Contents::honest(1));
        let folders = PerParty::make(|party| world.at(&format!("served/{}", party.name())));
        world.parties.write(&world.at("served"));
        let file = world.at("bulkhead.tar");
        let made = make(&folders, &file, &world.at("making"), now()).unwrap();
        let unpack = ["-xf", "bulkhead.tar", "bulkhead-install"];
        assert!(Command::new("tar").args(unpack).current_dir(world.scratch.path()).status().unwrap().success());
        let mut install = Command::new(world.at("bulkhead-install"));
        install.args(["--roots", &made.verified.roots.all.to_string(), "--no-menu", "--folder"]).arg(world.root());
        let done = install.arg(file).env("HOME", world.scratch.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        world
    }

    /// Builds a release, and all parties list it.
    pub fn publish(&mut self, contents: Contents<'_>) {
        let (release, package) = self.build(contents);
        self.parties.publish(&release, &package);
    }

    fn build(&self, contents: Contents<'_>) -> (Release, Vec<u8>) {
        let folder = self.scratch.path().join(format!("build-{}", contents.number));
        for top in ["bin", "rules", "metadata"] {
            fs::create_dir_all(folder.join(top)).unwrap();
        }
        for (name, program) in programs() {
            fs::write(folder.join("bin").join(name), program).unwrap();
        }
        if contents.wider {
            fs::write(folder.join("bin/bulkhead"), stripped(Path::new(env!("CARGO_BIN_EXE_bulkhead-wider")))).unwrap();
        }
        if let Some((port, start)) = contents.calls_home {
            let program = stripped(Path::new(env!("CARGO_BIN_EXE_bulkhead-ui-wider")));
            let orders = format!("orders: port {port:05} from the {start}th start on");
            fs::write(folder.join("bin/bulkhead-ui"), ordered(program, orders.as_bytes())).unwrap();
        }
        if let Some(script) = contents.launcher {
            fs::write(folder.join("bin/bulkhead"), script).unwrap();
        }
        if let Some(program) = contents.vault {
            fs::write(folder.join("bin/bulkhead-vault"), program).unwrap();
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let rules = manifest.join(if contents.wider { "wider/rules/rules" } else { "../../sandbox-rules/rules" });
        let mut named = BTreeMap::new();
        for file in Process::WITH_RULES.map(Process::rules_file) {
            let bytes = fs::read(rules.join(file)).unwrap();
            let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let version = said["version"].as_u64().unwrap();
            let process = file.trim_end_matches(".json").to_owned();
            named.insert(process, Rules { version, sha256: Digest::of(&bytes) });
            fs::write(folder.join("rules").join(file), bytes).unwrap();
        }
        let number = contents.number;
        let changes = format!("What release {number} changes.");
        let release = Release { number, version: format!("0.{number}.0"), changes, rules: named };
        fs::write(folder.join("metadata/release.json"), serde_json::to_vec(&release).unwrap()).unwrap();
        fs::write(folder.join("metadata/parties.json"), self.parties.mirrors()).unwrap();
        let mut package = Vec::new();
        pack(&folder, &mut package).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        (release, package)
    }

    pub fn root(&self) -> PathBuf {
        self.scratch.path().join("install")
    }

    pub fn installation(&self) -> Installation {
        Installation::at(self.root())
    }

    /// The enforcer and the current release.
    pub fn selected(&self) -> (u64, u64) {
        let Under { enforcer, current } = self.installation().selection().unwrap().now;
        (enforcer, current)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts what the desktop would start, and waits until there is a prompt.
    pub fn start(&self) -> Program {
        let mut program = self.start_blindly();
        program.prompts();
        program
    }

    /// Starts what the desktop would start.
    pub fn start_blindly(&self) -> Program {
        let (socket, log) = (self.at("driver.sock"), self.at("log"));
        let _ = fs::remove_file(&socket);
        let mut command = Command::new(self.root().join("bulkhead"));
        command.arg("--data-dir").arg(self.at("data")).stdin(Stdio::null());
        command.env("BULKHEAD_TEST_DRIVER", &socket).env("HOME", self.scratch.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        command.stderr(fs::File::create(&log).unwrap());
        Program { child: command.spawn().unwrap(), log, socket, driver: None }
    }

    /// Starts it, lets it look for updates until it says `words`, and ends it.
    pub fn starts_and_says(&self, words: &str) -> String {
        let program = self.start();
        program.says(words);
        program.end()
    }
}

/// The program as it runs.
pub struct Program {
    child: Child,
    log: PathBuf,
    socket: PathBuf,
    driver: Option<Driver>,
}

impl Program {
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The window.
    pub fn driver(&mut self) -> &mut Driver {
        self.driver.as_mut().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its window, with a prompt for a name or for the passphrase.
    pub fn prompts(&mut self) -> &mut Driver {
        let driver = Driver::connect(&self.socket);
        let mut driver = driver.unwrap_or_else(|error| panic!("{error}; it said: {}; {}", self.said(), self.seen()));
        let drawn =
            |state: &Value| ["setup", "locked"].iter().any(|phase| state["phase"] == *phase) && state["drawn"] == true;
        driver.until("a prompt", drawn).unwrap();
        self.driver.insert(driver)
    }

    /// What of it can be seen from outside, for whoever looks for a mistake.
    fn seen(&self) -> String {
        let seen = Command::new("ps").args(["-eLo", "pid,ppid,stat,wchan:30,args"]).output().unwrap();
        String::from_utf8_lossy(&seen.stdout)
            .lines()
            .filter(|line| line.contains("bulkhead"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Waits until it says `words`.
    pub fn says(&self, words: &str) {
        until(&format!("`{words}`; it said: {}", self.said()), || self.said().contains(words));
    }

    /// Where the launcher that runs lies.
    pub fn launcher(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.child.id())).unwrap()
    }

    /// Where the program of one of its processes lies, if it runs at this moment.
    pub fn place_of(&self, name: &str) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/exe", self.process(name)?)).ok()
    }

    /// Kills ui, which is started again.
    pub fn kill_ui(&self) {
        let before = self.process("bulkhead-ui").unwrap();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        until("ui to be replaced", || self.process("bulkhead-ui") != Some(before));
    }

    pub fn process(&self, name: &str) -> Option<i32> {
        let parent = self.child.id().to_string();
        let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.into_iter().find(|id: &i32| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let mut words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
            // The kernel keeps 15 bytes of a name.
            stat.contains(&format!("({})", name.get(..15).unwrap_or(name))) && words.nth(1) == Some(parent.as_str())
        })
    }

    /// Ends it as a user does; what it said.
    pub fn end(mut self) -> String {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.said());
        self.said()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shipped programs, without what is only for debuggers: smaller packages are packed sooner.
fn programs() -> &'static BTreeMap<&'static str, Vec<u8>> {
    static PROGRAMS: OnceLock<BTreeMap<&str, Vec<u8>>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let folder = binaries(Build::Driver).unwrap();
        let names = ["bulkhead", "bulkhead-install"].into_iter().chain(Process::WITH_RULES.map(Process::program));
        names.map(|name| (name, stripped(&folder.join(name)))).collect()
    })
}

fn stripped(program: &Path) -> Vec<u8> {
    let (scratch, done) = (Scratch::new().unwrap(), "stripped");
    let out = scratch.path().join(done);
    assert!(Command::new("strip").arg("-o").arg(&out).arg(program).status().unwrap().success());
    fs::read(out).unwrap()
}

pub fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Writes orders into the program that looks for them.
fn ordered(mut program: Vec<u8>, orders: &[u8]) -> Vec<u8> {
    let blank = b"orders: port 00000 from the 0th start on";
    assert_eq!(blank.len(), orders.len());
    let at = program.windows(blank.len()).position(|window| window == blank).unwrap();
    program[at..at + orders.len()].copy_from_slice(orders);
    program
}
