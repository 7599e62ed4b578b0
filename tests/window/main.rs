//! Real windows of the shipped build under Xvfb: a person types in Alice's, and sees it appear in Bob's.
//!
//! The pictures stay in `target/pictures` for people to look at.

use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, Scratch, pictures};
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that ends with its value.
struct Program(Child);

impl Program {
    fn start(command: &mut Command) -> Result<Self, Error> {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        quiet.spawn().map(Self).map_err(|e| Error::System("starting a program", e))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let number = i32::try_from(self.0.id()).unwrap_or_default();
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

/// An X server with a window manager (without one no window gets the keyboard).
struct Desktop {
    display: String,
    _programs: [Program; 2],
    _scratch: Scratch,
}

impl Desktop {
    fn start() -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let number = 90 + std::process::id() % 400;
        let display = format!(":{number}");
        let mut server = Command::new("Xvfb");
        server.args([&display, "-screen", "0", "1400x900x24", "-nolisten", "tcp"]).stderr(Stdio::null());
        let server = Program::start(&mut server)?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !Path::new(&format!("/tmp/.X11-unix/X{number}")).exists() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut manager = Command::new("openbox");
        manager.env("DISPLAY", &display).env("HOME", scratch.path()).stderr(Stdio::null());
        let manager = Program::start(&mut manager)?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(Self { display, _programs: [manager, server], _scratch: scratch })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(program);
        let output = command.args(arguments).env("DISPLAY", &self.display).stdin(Stdio::null()).output();
        let output = output.map_err(|e| Error::System("running a tool", e))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The newest window of the program that is not in `known`; waits until it is on screen.
    fn window(&self, known: &[String]) -> Result<String, Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let found = self.run("xdotool", &["search", "--onlyvisible", "--name", "Bulkhead"])?;
            if let Some(window) = found.lines().find(|line| !known.iter().any(|k| k == line)) {
                return Ok(window.to_owned());
            }
            if Instant::now() > deadline {
                return Err(Error::Odd("no window appeared".into()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Gives a window the keyboard and types.
    fn type_into(&self, window: &str, text: &str) -> Result<(), Error> {
        self.run("xdotool", &["windowactivate", "--sync", window])?;
        std::thread::sleep(Duration::from_millis(300));
        self.run("xdotool", &["type", "--delay", "15", text])?;
        Ok(())
    }

    fn key(&self, key: &str) -> Result<(), Error> {
        self.run("xdotool", &["key", key]).map(drop)
    }

    fn picture(&self, window: &str, name: &str) -> Result<PathBuf, Error> {
        let path = pictures()?.join(name);
        self.run("import", &["-window", window, &path.display().to_string()])?;
        Ok(path)
    }
}

/// Pairs two people with the driver build, so that the windows have something to talk about.
fn pair(alice: &Person, bob: &Person) -> Result<(), Error> {
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "Are you there?")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    a.quit()?;
    b.quit()?;
    Ok(())
}

fn open(desktop: &Desktop, person: &Person, known: &[String], place: &str) -> Result<(Program, String), Error> {
    let mut command = person.command(Build::Shipped)?;
    command.env("DISPLAY", &desktop.display).env_remove("WAYLAND_DISPLAY");
    let program = Program::start(&mut command)?;
    let window = desktop.window(known)?;
    desktop.run("xdotool", &["windowsize", "--sync", &window, "690", "820"])?;
    desktop.run("xdotool", &["windowmove", &window, place, "10"])?;
    std::thread::sleep(Duration::from_millis(700));
    desktop.type_into(&window, PASSPHRASE)?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(3000));
    Ok((program, window))
}

#[test]
fn what_alice_types_in_her_window_appears_in_bobs() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = (Person::new("Alice", &[relay.url()])?, Person::new("Bob", &[relay.url()])?);
    pair(&alice, &bob)?;
    let desktop = Desktop::start()?;
    let (first, alices) = open(&desktop, &alice, &[], "5")?;
    let (second, bobs) = open(&desktop, &bob, std::slice::from_ref(&alices), "700")?;
    for window in [&alices, &bobs] {
        desktop.run("xdotool", &["windowactivate", "--sync", window])?;
        desktop.key("alt+Down")?;
        std::thread::sleep(Duration::from_millis(500));
    }
    let before = desktop.picture(&bobs, "window-bob-before.png")?;
    desktop.type_into(&alices, "Yes: typed with real keys.")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.picture(&alices, "window-alice-typed.png")?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(2000));
    desktop.picture(&alices, "window-alice-sent.png")?;
    let after = desktop.picture(&bobs, "window-bob-after.png")?;
    let bytes = |path: &Path| std::fs::read(path).map_err(|e| Error::System("reading a picture", e));
    assert_ne!(bytes(&before)?, bytes(&after)?, "Bob's window did not change");
    drop((first, second));

    // What the windows showed is what the stores hold.
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let expected = ["Are you there?", "Yes: typed with real keys."];
    assert_eq!(a.driver.texts("Bob")?, expected);
    b.driver.wait("Alice", 2)?;
    assert_eq!(b.driver.texts("Alice")?, expected);
    Ok(())
}
