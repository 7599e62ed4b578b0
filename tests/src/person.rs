//! Somebody who runs the program: a profile of their own, the real processes, and hands on the driver.

use crate::driver::Driver;
use crate::folder::{Build, Scratch, binaries};
use crate::{Error, system};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The passphrase of everybody in the tests.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// A person whose profile outlives the program's runs.
#[derive(Debug)]
pub struct Person {
    name: String,
    relays: Vec<String>,
    home: Scratch,
}

impl Person {
    /// Somebody with an empty data folder who uses these relays.
    pub fn new(name: &str, relays: &[&str]) -> Result<Self, Error> {
        let relays = relays.iter().map(|url| (*url).to_owned()).collect();
        Ok(Self { name: name.to_owned(), relays, home: Scratch::new()? })
    }

    /// Alice and Bob, who use the same relays.
    pub fn couple(relays: &[&str]) -> Result<(Self, Self), Error> {
        Ok((Self::new("Alice", relays)?, Self::new("Bob", relays)?))
    }

    /// The data folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command line that starts the program for this person.
    pub fn command(&self, build: Build) -> Result<Command, Error> {
        let mut command = Command::new(binaries(build)?.join("bulkhead"));
        command.arg("--data-dir").arg(self.home()).args(["--profile", "default"]);
        for relay in &self.relays {
            command.args(["--relay", relay]);
        }
        // The judge's own desktop, and its keyring, are none of the program's business.
        command.stdin(Stdio::null()).env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        Ok(command)
    }

    /// Starts the program with the driver in place of the window.
    pub fn start(&self) -> Result<Running, Error> {
        self.start_by(self.command(Build::Driver)?)
    }

    /// Starts the program by a command that runs this person's (a tracer in front of it, say).
    pub fn start_by(&self, mut command: Command) -> Result<Running, Error> {
        let socket = self.home().join("driver.sock");
        let _ = std::fs::remove_file(&socket);
        let log = self.home().join("log");
        let file = std::fs::File::options().create(true).append(true).open(&log).map_err(system("opening the log"))?;
        let child =
            command.env("BULKHEAD_TEST_DRIVER", &socket).stderr(file).spawn().map_err(system("starting bulkhead"))?;
        let mut guard = Guard(child);
        match Driver::connect(&socket) {
            Ok(driver) => Ok(Running { driver, guard, log }),
            Err(error) => {
                let _ = guard.0.kill();
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                Err(Error::Odd(format!("{error}; the program said: {said}")))
            }
        }
    }

    /// Starts the program and opens the profile: creates it the first time, unlocks it later.
    pub fn open(&self) -> Result<Running, Error> {
        self.open_by(self.command(Build::Driver)?)
    }

    /// The same by a command that runs this person's.
    pub fn open_by(&self, command: Command) -> Result<Running, Error> {
        let mut running = self.start_by(command)?;
        let phase = running.driver.until("a prompt", |state| phase_is(state, "setup") || phase_is(state, "locked"))?;
        if phase_is(&phase, "setup") {
            running.driver.create(&self.name, PASSPHRASE)?;
        } else {
            running.driver.unlock(PASSPHRASE)?;
        }
        Ok(running)
    }
}

/// The phase in an answer to `state`.
pub fn phase(state: &serde_json::Value) -> Option<&str> {
    state.get("phase").and_then(|phase| phase.as_str())
}

/// Whether the phase in an answer to `state` is this one.
pub fn phase_is(state: &serde_json::Value, name: &str) -> bool {
    phase(state) == Some(name)
}

/// A started program.
#[derive(Debug)]
pub struct Running {
    /// The control socket.
    pub driver: Driver,
    guard: Guard,
    log: PathBuf,
}

impl Running {
    /// What the program wrote to its standard error, over all runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The launcher's process number.
    pub fn launcher(&self) -> u32 {
        self.guard.0.id()
    }

    /// The process number of one of the launcher's children, by binary name.
    pub fn process(&self, binary: &str) -> Result<u32, Error> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(found) = descendants(self.launcher()).into_iter().find(|(_, name)| name == binary) {
                return Ok(found.0);
            }
            if Instant::now() > deadline {
                return Err(Error::Odd(format!("{binary} does not run")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills one of the launcher's children without warning.
    pub fn kill(&self, binary: &str) -> Result<(), Error> {
        signal(self.process(binary)?, Signal::SIGKILL)
    }

    /// Asks the program to end, as closing the window does, and waits for it.
    pub fn quit(mut self) -> Result<std::process::ExitStatus, Error> {
        let _ = self.driver.simple("quit");
        self.guard.wait()
    }

    /// Waits for the program to end by itself.
    pub fn wait(mut self) -> Result<std::process::ExitStatus, Error> {
        self.guard.wait()
    }
}

/// Sends a signal to a process.
pub fn signal(process: u32, signal: Signal) -> Result<(), Error> {
    let number = i32::try_from(process).map_err(|_| Error::Odd("a process number".into()))?;
    kill(Pid::from_raw(number), signal).map_err(|errno| Error::System("sending a signal", errno.into()))
}

/// All processes below one, with the names of their binaries (as the kernel cuts them: 15 bytes).
pub fn descendants(root: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut roots = vec![root];
    let table: Vec<(u32, u32, String)> = processes();
    while let Some(parent) = roots.pop() {
        for (process, of, name) in &table {
            if *of == parent {
                roots.push(*process);
                found.push((*process, name.clone()));
            }
        }
    }
    found
}

/// Every process: number, parent, name.
fn processes() -> Vec<(u32, u32, String)> {
    let Ok(folder) = std::fs::read_dir("/proc") else { return Vec::new() };
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (head, tail) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let parent = tail.split_whitespace().nth(1)?.parse().ok()?;
        Some((process, parent, name))
    };
    folder.filter_map(read).collect()
}

#[derive(Debug)]
struct Guard(Child);

impl Guard {
    fn wait(&mut self) -> Result<std::process::ExitStatus, Error> {
        let deadline = Instant::now() + Duration::from_secs(15);
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().map_err(system("waiting for bulkhead"))? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(Error::Odd("bulkhead does not end".into()))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let children = descendants(self.0.id());
        let _ = signal(self.0.id(), Signal::SIGTERM);
        if self.wait().is_err() {
            let _ = self.0.kill();
            for (child, _) in children {
                let _ = signal(child, Signal::SIGKILL);
            }
            let _ = self.0.wait();
        }
    }
}
