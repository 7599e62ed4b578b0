//! Starting a process under its rules.

use crate::child::{self, Plan, Step};
use crate::rules::{self, Limit, Mode};
use crate::{Error, Places, Process, files, filter};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode as FileMode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};
use std::ffi::{CString, OsString};
use std::fmt;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What to start, and what it gets.
pub struct Launch<'a> {
    /// Whose rules.
    pub process: Process,
    /// Its program, absolute.
    pub program: &'a Path,
    /// Its arguments, without the program's name.
    pub arguments: &'a [OsString],
    /// They become descriptors 3, 4, … in this order.
    pub lines: &'a [BorrowedFd<'a>],
    /// The one folder that the process may write: `{data}` in the vault's rules, `{staging}` in update's.
    pub data: Option<&'a Path>,
    /// The SOCKS proxy's port: with it, the rules for proxied mode hold.
    pub proxy: Option<u16>,
    /// The launcher's own environment; the rules say which variables are passed on.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
}

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    pid: Pid,
    ended: OwnedFd,
    reaped: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Exit(i32),
    /// The kernel killed it: it asked for what its rules do not allow.
    Forbidden,
    /// Killed by another signal.
    Signal(i32),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Forbidden => write!(f, "was killed by the kernel: it did what its rules do not allow"),
            Self::Signal(number) => write!(f, "was killed by signal {number}"),
        }
    }
}

/// Above every number that a line gets, so that laying lines in place overwrites nothing.
const OUT_OF_THE_WAY: RawFd = 64;

/// Starts a process under its rules; returns once its program is running.
pub fn launch(launch: &Launch<'_>) -> Result<Child, Error> {
    let rules = rules::of(launch.process)?;
    let mode = if launch.proxy.is_some() { Mode::Proxied } else { Mode::Direct };
    let places = Places::new(launch);
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, FileMode::empty())?;

    let mut arguments = vec![c_string(launch.program.file_name().unwrap_or_default().as_bytes())?];
    for argument in launch.arguments {
        arguments.push(c_string(argument.as_bytes())?);
    }
    let mut environment = Vec::new();
    for rule in &rules.start.environment {
        if let Some(value) = (launch.environment)(&rule.name) {
            let pair = [rule.name.as_bytes(), b"=", value.as_bytes()].concat();
            environment.push(c_string(&pair)?);
        }
    }
    let plan = Plan {
        program: c_string(launch.program.as_os_str().as_bytes())?,
        arguments,
        environment,
        null: child::copy_above(OUT_OF_THE_WAY, null.as_fd())?,
        lines: launch.lines.iter().map(|line| child::copy_above(OUT_OF_THE_WAY, *line)).collect::<Result<_, _>>()?,
        limits: rules.start.limits.iter().map(|rule| (resource(rule.limit), rule.value)).collect(),
        landlock: child::copy_above(OUT_OF_THE_WAY, files::start(&rules, mode, &places)?.as_fd())?,
        filters: filter::start(&rules, mode).programs()?,
        report: child::copy_above(OUT_OF_THE_WAY, writer.as_fd())?,
    };
    drop(writer);

    let pid = child::fork(&plan)?;
    drop(plan);
    let child = Child { process: launch.process, pid, ended: child::watch(pid)?, reaped: false };
    let mut report = Vec::new();
    std::fs::File::from(reader).read_to_end(&mut report).map_err(Error::Report)?;
    match *report {
        [] => Ok(child),
        [step, a, b, c, d] => {
            let step = Step::ALL.into_iter().find(|s| *s as u8 == step);
            Err(Error::NotStarted(step_name(step), Errno::from_raw(i32::from_ne_bytes([a, b, c, d]))))
        }
        _ => Err(Error::NotStarted("set-up", Errno::EPROTO)),
    }
}

impl Child {
    /// Which process this is.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Its number, as the kernel counts.
    pub fn id(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Becomes readable when the process has ended: then [`Child::wait`] returns at once.
    pub fn ended(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }

    /// Kills the process.
    pub fn kill(&self) -> Result<(), Error> {
        // Not yet reaped, so the number still means this process.
        Ok(kill(self.pid, Signal::SIGKILL)?)
    }

    /// Waits for the end and says how it was.
    pub fn wait(mut self) -> Result<Ended, Error> {
        loop {
            match waitpid(self.pid, Some(WaitPidFlag::empty())) {
                Ok(WaitStatus::Exited(_, code)) => {
                    self.reaped = true;
                    return Ok(Ended::Exit(code));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    self.reaped = true;
                    return Ok(if signal == Signal::SIGSYS { Ended::Forbidden } else { Ended::Signal(signal as i32) });
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = kill(self.pid, Signal::SIGKILL);
            let _ = waitpid(self.pid, None);
        }
    }
}

fn c_string(bytes: &[u8]) -> Result<CString, Error> {
    CString::new(bytes).map_err(|_| Error::ZeroByte)
}

fn resource(limit: Limit) -> child::Limit {
    match limit {
        Limit::As => libc::RLIMIT_AS,
        Limit::Core => libc::RLIMIT_CORE,
        Limit::Data => libc::RLIMIT_DATA,
        Limit::Fsize => libc::RLIMIT_FSIZE,
        Limit::Memlock => libc::RLIMIT_MEMLOCK,
        Limit::Nofile => libc::RLIMIT_NOFILE,
        Limit::Stack => libc::RLIMIT_STACK,
    }
}

fn step_name(step: Option<Step>) -> &'static str {
    match step {
        Some(Step::Parent) => "tying it to the launcher",
        Some(Step::Descriptors) => "laying its descriptors in place",
        Some(Step::Limits) => "limiting its resources",
        Some(Step::Landlock) => "laying on Landlock",
        Some(Step::Filter) => "laying on the call filter",
        Some(Step::Exec) => "executing its program",
        None => "set-up",
    }
}
