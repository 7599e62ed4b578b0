//! A desktop of the judges' own: an X server without a screen, a window manager, and a person's hands.

use crate::folder::{Scratch, pictures};
use crate::{Error, system};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A program that ends with its value.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Starts one that reads and prints nothing.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        quiet.spawn().map(Self).map_err(system("starting a program"))
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it has ended by itself.
    pub fn ended(mut self) -> Result<(), Error> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if self.0.try_wait().map_err(system("waiting for a program"))?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Error::Odd("a program does not end".into()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let number = i32::try_from(self.0.id()).unwrap_or_default();
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGTERM);
        // An X server that is asked at the wrong moment goes back to sleep, and never looks again.
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An X server with a window manager (without one no window gets the keyboard).
#[derive(Debug)]
pub struct Desktop {
    display: String,
    _programs: [Program; 2],
    _scratch: Scratch,
    _alone: MutexGuard<'static, ()>,
}

impl Desktop {
    /// Starts one on a display that nobody uses; waits while this process has another one, as windows that share
    /// the machine's time answer late.
    pub fn start() -> Result<Self, Error> {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = Scratch::new()?;
        let free = |number: &u32| !Path::new(&format!("/tmp/.X11-unix/X{number}")).exists();
        let number = (90 + std::process::id() % 400..).find(free).unwrap_or(90);
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
        Ok(Self { display, _programs: [manager, server], _scratch: scratch, _alone: alone })
    }

    /// The display's name.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Runs a tool on this display; returns what it printed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String, Error> {
        let mut command = Command::new(program);
        let output = command.args(arguments).env("DISPLAY", &self.display).stdin(Stdio::null()).output();
        let output = output.map_err(system("running a tool"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The newest window of the program that is not in `known`; waits until it is on screen.
    pub fn window(&self, known: &[String]) -> Result<String, Error> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found = self.run("xdotool", &["search", "--onlyvisible", "--name", "Bulkhead"])?;
            if let Some(window) = found.lines().find(|line| !known.iter().any(|k| k == line)) {
                return Ok(window.to_owned());
            }
            if Instant::now() > deadline {
                let tree = self.run("xwininfo", &["-root", "-tree"])?;
                return Err(Error::Odd(format!("no window appeared; on screen is: {tree}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts a program that opens a window; waits for it.
    pub fn open(&self, command: &mut Command) -> Result<(Program, String), Error> {
        let program = Program::start(command)?;
        let window = self.window(&[])?;
        std::thread::sleep(Duration::from_millis(700));
        Ok((program, window))
    }

    /// Gives a window the keyboard and types.
    pub fn type_into(&self, window: &str, text: &str) -> Result<(), Error> {
        self.run("xdotool", &["windowactivate", "--sync", window])?;
        std::thread::sleep(Duration::from_millis(300));
        self.run("xdotool", &["type", "--delay", "15", text])?;
        Ok(())
    }

    /// Presses a key, by its X name.
    pub fn key(&self, key: &str) -> Result<(), Error> {
        self.run("xdotool", &["key", key]).map(drop)
    }

    /// Takes a picture of a window into the folder for pictures.
    pub fn picture(&self, window: &str, name: &str) -> Result<PathBuf, Error> {
        let path = pictures()?.join(name);
        self.run("import", &["-window", window, &path.display().to_string()])?;
        Ok(path)
    }
}

/// Turns Latin letters into Korean syllables from the first key on, and has programs show what is being composed.
const KOREAN: [(&str, &str); 3] = [
    (
        "profile",
        "[Groups/0]\nName=Default\nDefault Layout=us\nDefaultIM=hangul\n\
         [Groups/0/Items/0]\nName=hangul\n[GroupOrder]\n0=Default\n",
    ),
    ("config", "[Behavior]\nActiveByDefault=True\n"),
    ("conf/xim.conf", "UseOnTheSpot=True\n"),
];

/// An input method for Korean (fcitx5), which programs reach through the X server.
#[derive(Debug)]
pub struct InputMethod {
    _program: Program,
    _scratch: Scratch,
}

impl InputMethod {
    /// Starts it, and waits until programs find it.
    pub fn start(desktop: &Desktop) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let folder = scratch.path().join("fcitx5");
        std::fs::create_dir_all(folder.join("conf")).map_err(system("making a folder"))?;
        for (name, words) in KOREAN {
            std::fs::write(folder.join(name), words).map_err(system("writing a file"))?;
        }
        let mut command = Command::new("fcitx5");
        command.args(["--disable=all", "--enable=xcb,xim,keyboard,hangul"]).stderr(Stdio::null());
        command.env("DISPLAY", desktop.display()).env("HOME", scratch.path()).env("XDG_CONFIG_HOME", scratch.path());
        command.env_remove("WAYLAND_DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS");
        let program = Program::start(&mut command)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while !desktop.run("xprop", &["-root", "XIM_SERVERS"])?.contains("fcitx") {
            if Instant::now() > deadline {
                return Err(Error::Odd("fcitx5 does not offer itself to programs".into()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // It says so before it has read all of its keyboards.
        std::thread::sleep(Duration::from_secs(2));
        Ok(Self { _program: program, _scratch: scratch })
    }

    /// What tells a program to use it.
    pub fn variable(&self) -> Option<(&'static str, &'static str)> {
        Some(("XMODIFIERS", "@im=fcitx"))
    }
}

/// What a desktop tells all programs on it (`xsettingsd`).
#[derive(Debug)]
pub struct Settings {
    program: Program,
    scratch: Scratch,
}

impl Settings {
    /// Starts it with a resolution in dots per inch; 96 is a scale of 1.
    pub fn start(desktop: &Desktop, dpi: u32) -> Result<Self, Error> {
        let scratch = Scratch::new()?;
        let path = write_settings(&scratch, dpi)?;
        let mut command = Command::new("xsettingsd");
        command.arg("-c").arg(path).env("DISPLAY", desktop.display()).stderr(Stdio::null());
        let program = Program::start(&mut command)?;
        std::thread::sleep(Duration::from_millis(500));
        Ok(Self { program, scratch })
    }

    /// Changes the resolution.
    pub fn set(&mut self, dpi: u32) -> Result<(), Error> {
        write_settings(&self.scratch, dpi)?;
        crate::person::signal(self.program.id(), nix::sys::signal::Signal::SIGHUP)
    }
}

fn write_settings(scratch: &Scratch, dpi: u32) -> Result<PathBuf, Error> {
    let path = scratch.path().join("settings");
    std::fs::write(&path, format!("Xft/DPI {}\n", dpi * 1024)).map_err(system("writing a file"))?;
    Ok(path)
}
