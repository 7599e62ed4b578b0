//! A program with a twin in it: the real launcher and vault, a copy of this program in another's place, and a note in
//! that copy which says what it is to play.

use crate::judge::Outcome;
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, Scratch, binaries};
use bulkhead_tests::person::{Person, Running};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What was found out about an attack on a line.
pub struct Found {
    pub name: &'static str,
    pub tries: &'static str,
    /// net or ui.
    pub from: &'static str,
    pub outcome: Outcome,
    /// The lawful counterpart was accepted.
    pub control: Result<(), String>,
}

/// Room for the note: a mark that is nowhere else in the program, and what to play.
const ROOM: usize = 64;
const MARK: usize = 32;

#[used]
static NOTE: [u8; ROOM] = *b"q7Zr!note-of-the-twin:vW3#kd0Lp~................................";

/// What this copy plays.
pub fn note() -> String {
    // SAFETY: a static; read anew, as another program may have written the file that it comes from.
    let note: [u8; ROOM] = unsafe { std::ptr::read_volatile(&raw const NOTE) };
    String::from_utf8_lossy(&note[MARK..]).trim_end_matches('.').to_owned()
}

/// Writes a copy of this program that plays something. In a process of its own (`copy TO PLAY`): other threads of this
/// one start programs all the time, and what they fork holds an open file for a moment, which then cannot be executed.
pub fn copy(to: &Path, play: &str) {
    let mut program = std::fs::read(std::env::current_exe().expect("this program")).expect("this program");
    // SAFETY: as above.
    let note: [u8; ROOM] = unsafe { std::ptr::read_volatile(&raw const NOTE) };
    let at = program.windows(MARK).position(|window| *window == note[..MARK]).expect("the note");
    program[at + MARK..at + MARK + play.len()].copy_from_slice(play.as_bytes());
    std::fs::write(to, program).expect("a copy");
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("rights");
}

/// The four programs in a folder, one of them a twin.
pub struct Cast(Scratch);

impl Cast {
    pub fn new(twin: &str, play: &str) -> Result<Self, Error> {
        let (folder, real) = (Scratch::new()?, binaries(Build::Driver)?);
        for name in ["bulkhead", "bulkhead-vault", "bulkhead-net", "bulkhead-ui"] {
            let to = folder.path().join(name);
            if name == twin {
                let program = std::env::current_exe().map_err(|e| Error::System("finding this program", e))?;
                let copied = Command::new(program).arg("copy").arg(&to).arg(play).status();
                assert!(copied.is_ok_and(|status| status.success()), "a copy");
            } else if std::fs::hard_link(real.join(name), &to).is_err() {
                std::fs::copy(real.join(name), &to).map_err(|e| Error::System("copying a program", e))?;
            }
        }
        Ok(Self(folder))
    }

    /// The command that starts it for a person.
    pub fn command(&self, person: &Person) -> Result<Command, Error> {
        let ordinary = person.command(Build::Driver)?;
        let mut command = Command::new(self.0.path().join("bulkhead"));
        command.args(ordinary.get_args()).stdin(Stdio::null());
        Ok(command)
    }

    /// Starts it for a person.
    pub fn start(&self, person: &Person) -> Result<Running, Error> {
        person.start_by(self.command(person)?)
    }
}

/// Waits until something is so, at most so long.
pub fn until(patience: Duration, mut so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !so() {
        if began.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
