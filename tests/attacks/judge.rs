//! Runs an attack under rules and without, and says how it went.

use crate::attack::{
    Attack, KEYRING_START, KEYRING_STEADY, Lines, NET_START, NET_STEADY, PROXIED_START, PROXIED_STEADY, Places,
    SEAL_START, SEAL_STEADY, UI_START, UI_STEADY, VAULT_START, VAULT_STEADY, World,
};
use crate::kernel::{BROKEN, NOT_HERE, NOTHING};
use bulkhead_ipc::frame_memory;
use bulkhead_rules::{Ended, Launch, Process, launch};
use bulkhead_tests::folder::Scratch;
use nix::errno::Errno;
use nix::libc;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A place: who, when, and whether there is a proxy.
pub struct Place {
    pub bit: Places,
    pub process: Process,
    pub stage: &'static str,
    pub proxied: bool,
    pub title: &'static str,
}

const fn place(bit: Places, process: Process, stage: &'static str, proxied: bool, title: &'static str) -> Place {
    Place { bit, process, stage, proxied, title }
}

pub const PLACES: [Place; 12] = [
    place(KEYRING_START, Process::Keyring, "start", false, "keyring, start"),
    place(KEYRING_STEADY, Process::Keyring, "steady", false, "keyring"),
    place(NET_START, Process::Net, "start", false, "net, start"),
    place(NET_STEADY, Process::Net, "steady", false, "net"),
    place(PROXIED_START, Process::Net, "start", true, "proxied net, start"),
    place(PROXIED_STEADY, Process::Net, "steady", true, "proxied net"),
    place(SEAL_START, Process::Seal, "start", false, "seal, start"),
    place(SEAL_STEADY, Process::Seal, "steady", false, "seal"),
    place(UI_START, Process::Ui, "start", false, "ui, start"),
    place(UI_STEADY, Process::Ui, "steady", false, "ui"),
    place(VAULT_START, Process::Vault, "start", false, "vault, start"),
    place(VAULT_STEADY, Process::Vault, "steady", false, "vault"),
];

/// How an attack went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It got what it wanted.
    Escaped,
    /// It did not, and this is what stood in the way.
    Denied(String),
    /// Neither: the act itself went wrong.
    Wrong(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escaped => f.write_str("ESCAPED"),
            Self::Denied(how) => f.write_str(how),
            Self::Wrong(how) => write!(f, "wrong: {how}"),
        }
    }
}

/// What the kernel says when it refuses; any other error is the act's own.
const REFUSALS: [Errno; 10] = [
    Errno::EPERM,
    Errno::EACCES,
    Errno::ENOSYS,
    Errno::EMFILE,
    Errno::ENFILE,
    Errno::ENOMEM,
    Errno::EAGAIN,
    Errno::EFBIG,
    Errno::EXDEV,
    Errno::EBADF,
];

/// What all attacks are aimed at.
pub struct Target {
    scratch: Scratch,
    port: u16,
    elsewhere: u16,
    port6: u16,
    names: UdpSocket,
    library: PathBuf,
}

impl Target {
    pub fn new() -> Self {
        let (port, elsewhere) = (both_hosts(), both_hosts());
        let port6 = TcpListener::bind("[::1]:0").map_or(0, taken);
        let names = UdpSocket::bind("127.0.0.1:0").expect("a name server's port");
        let library = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/usr/lib64/libc.so.6",
            "/usr/lib/libc.so.6",
            "/lib/aarch64-linux-gnu/libc.so.6",
        ];
        let library = library.iter().map(PathBuf::from).find(|path| path.exists()).expect("a C library");
        Self { scratch: Scratch::new().expect("a folder"), port, elsewhere, port6, names, library }
    }

    fn run(&self, attack: &Attack) -> Run {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let number = std::process::id() << 12 | count;
        let folder = self.scratch.path().join(count.to_string());
        Run::new(self, folder, number, attack)
    }

    /// In a place under its rules.
    pub fn under_rules(&self, place: &Place, attack: &Attack) -> Outcome {
        let mut run = self.run(attack);
        let program = std::env::current_exe().expect("this program");
        let arguments: Vec<OsString> = run.arguments(place.stage, place.process, attack);
        let data = run.world.folder.join("data");
        let lines = lines(attack.props.lines, true);
        let lines: Vec<BorrowedFd<'_>> = lines.iter().map(AsFd::as_fd).collect();
        let environment = |name: &str| match name {
            "HOME" => Some(run.world.folder.join("home").into()),
            "LD_PRELOAD" | "SSH_AUTH_SOCK" => Some("/nowhere".into()),
            _ => None,
        };
        let child = launch(&Launch {
            process: place.process,
            program: &program,
            arguments: &arguments,
            lines: &lines,
            data: Some(&data),
            proxy: place.proxied.then_some(self.port),
            environment: &environment,
        })
        .expect("a start");
        if !ends(child.ended()) {
            return Outcome::Wrong("it hangs".into());
        }
        match child.wait().expect("an end") {
            Ended::Exit(0) if attack.props.kills && !run.victim_ended() => Outcome::Denied("no effect".into()),
            Ended::Exit(0) => Outcome::Escaped,
            Ended::Exit(NOTHING) => Outcome::Denied("nothing there".into()),
            Ended::Exit(code) if REFUSALS.contains(&Errno::from_raw(code)) => {
                Outcome::Denied(format!("{:?}", Errno::from_raw(code)))
            }
            Ended::Forbidden => Outcome::Denied("SIGSYS".into()),
            Ended::Exit(BROKEN) => Outcome::Wrong("the twin did not get so far".into()),
            Ended::Exit(code) => Outcome::Wrong(format!("{:?}", Errno::from_raw(code))),
            Ended::Signal(number) => Outcome::Denied(signal(number)),
        }
    }

    /// Without rules; `Err` says why it is not possible on this machine, or for this user.
    pub fn without_rules(&self, attack: &Attack) -> Result<(), String> {
        let mut run = self.run(attack);
        let lines = lines(attack.props.lines, false);
        let (first, second) = (lines[0].as_raw_fd(), lines[1].as_raw_fd());
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(run.arguments("bare", Process::Net, attack))
            .stdin(File::open(run.world.folder.join("home/.ssh/id_ed25519")).expect("the key"));
        command.env("SSH_AUTH_SOCK", "/nowhere").env("LD_PRELOAD", "").stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: only calls that may be made after a fork. Nothing of the standard library's lies on these numbers:
        // `main` occupied them.
        unsafe {
            command.pre_exec(move || {
                libc::dup2(first, 3);
                libc::dup2(second, 4);
                // What the parents left open: a number without close-on-exec.
                libc::fcntl(0, libc::F_DUPFD, 60);
                Ok(())
            });
        }
        let mut child = command.spawn().expect("a control");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().expect("an end") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                return Err("it hangs".into());
            }
            std::thread::sleep(Duration::from_micros(500));
        };
        match (status.code(), status.signal()) {
            (Some(0), _) if attack.props.kills && !run.victim_ended() => Err("no effect".into()),
            (Some(0), _) => Ok(()),
            (Some(NOT_HERE), _) => Err("missing".into()),
            (Some(NOTHING), _) => Err("nothing there".into()),
            (Some(BROKEN), _) => Err("it went wrong".into()),
            (Some(code), _) => Err(format!("{:?}", Errno::from_raw(code))),
            (_, number) => Err(signal(number.unwrap_or_default())),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

fn signal(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |s| s.as_str().to_owned())
}

/// Whether a process ends in time.
fn ends(process: BorrowedFd<'_>) -> bool {
    let mut set = libc::pollfd { fd: process.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, on this stack.
    unsafe { libc::poll(&raw mut set, 1, PATIENCE.as_millis() as i32) == 1 }
}

/// What one run of one attack finds.
struct Run {
    world: World,
    victim: Option<Child>,
    _sockets: (Vec<UnixListener>, UnixDatagram),
}

impl Run {
    fn new(target: &Target, folder: PathBuf, number: u32, attack: &Attack) -> Self {
        for inner in ["home/.ssh", "data", "mount", "mounted"] {
            fs::create_dir_all(folder.join(inner)).expect("a folder");
        }
        let key = folder.join("home/.ssh/id_ed25519");
        for file in [&key, &folder.join("data/store.db"), &shared_memory(number)] {
            fs::write(file, "secret").expect("a file");
        }
        for link in ["data/link", "home/link"] {
            std::os::unix::fs::symlink(&key, folder.join(link)).expect("a link");
        }
        let listen = |name: &str| UnixListener::bind(folder.join(name)).expect("a local service");
        let name = SocketAddr::from_abstract_name(format!("bulkhead-attacks-{number}")).expect("a name");
        let mut services: Vec<UnixListener> =
            ["display", "wayland-0", "bus", "agent"].into_iter().map(listen).collect();
        services.push(UnixListener::bind_addr(&name).expect("a local service"));
        let log = UnixDatagram::bind(folder.join("log")).expect("a local service");
        let mut world = World {
            folder,
            port: target.port,
            elsewhere: target.elsewhere,
            port6: target.port6,
            names: target.names.local_addr().expect("an address").port(),
            victim: 0,
            readable: 0,
            writable: 0,
            number,
            library: target.library.clone(),
        };
        let victim = attack.props.victim.then(|| victim(&key, &mut world));
        Self { world, victim, _sockets: (services, log) }
    }

    fn arguments(&self, stage: &str, process: Process, attack: &Attack) -> Vec<OsString> {
        let mut list: Vec<OsString> = ["twin", stage, process.program(), attack.name].map(OsString::from).to_vec();
        list.extend(self.world.arguments().into_iter().map(OsString::from));
        list
    }

    /// Whether the victim ended, given a moment for that.
    fn victim_ended(&mut self) -> bool {
        let Some(victim) = &mut self.victim else { return false };
        (0..40).any(|_| {
            std::thread::sleep(Duration::from_millis(2));
            matches!(victim.try_wait(), Ok(Some(_)))
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(victim) = &mut self.victim {
            let _ = victim.kill();
            let _ = victim.wait();
        }
        let _ = fs::remove_file(shared_memory(self.world.number));
        let _ = fs::remove_dir_all(&self.world.folder);
    }
}

fn shared_memory(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/shm/bulkhead-attacks-{number}"))
}

/// Another program of the same user, with the key open.
fn victim(key: &Path, world: &mut World) -> Child {
    let key = File::open(key).expect("the key");
    let child = Command::new("sleep").arg("60").stdin(key).env("SECRET", "secret").spawn().expect("a victim");
    world.victim = child.id().try_into().expect("a process number");
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap_or_default();
    let start = |line: &str| usize::from_str_radix(line.split('-').next().unwrap_or_default(), 16).unwrap_or_default();
    world.readable = maps.lines().next().map(start).unwrap_or_default();
    world.writable = maps.lines().find(|line| line.ends_with("[stack]")).map(start).unwrap_or_default();
    child
}

/// A port that is free on two addresses of this machine, and answered on both: "two hosts".
fn both_hosts() -> u16 {
    (0..50)
        .find_map(|_| {
            let first = TcpListener::bind("127.0.0.1:0").ok()?;
            let port = first.local_addr().ok()?.port();
            taken(TcpListener::bind(("127.0.0.2", port)).ok()?);
            Some(taken(first))
        })
        .expect("a port free on two addresses")
}

/// Takes whoever connects.
fn taken(listener: TcpListener) -> u16 {
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    port
}

fn lines(kind: Lines, under_rules: bool) -> [OwnedFd; 2] {
    match kind {
        Lines::Pair => {
            let mut ends: [RawFd; 2] = [0; 2];
            // SAFETY: the kernel writes two numbers; both are ours.
            unsafe {
                let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
                assert_eq!(libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()), 0);
                ends.map(|end| OwnedFd::from_raw_fd(end))
            }
        }
        Lines::Frame if under_rules => twice(frame_memory::create(8192).expect("frame memory")),
        Lines::Frame => {
            // SAFETY: the kernel makes a descriptor, which is ours.
            let memory = unsafe {
                OwnedFd::from_raw_fd(libc::memfd_create(
                    c"unsealed".as_ptr(),
                    libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING,
                ))
            };
            File::from(memory.try_clone().expect("a copy")).set_len(8192).expect("a size");
            twice(memory)
        }
        Lines::Namespace => twice(File::open("/proc/self/ns/uts").expect("a namespace").into()),
        Lines::Terminal => {
            // SAFETY: the kernel makes a descriptor, which is ours, and writes a name of less than 64 bytes.
            let (control, name) = unsafe {
                let control = OwnedFd::from_raw_fd(libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC));
                let mut name = [0 as libc::c_char; 64];
                let number = control.as_raw_fd();
                assert_eq!((libc::grantpt(number), libc::unlockpt(number)), (0, 0));
                assert_eq!(libc::ptsname_r(number, name.as_mut_ptr(), name.len()), 0);
                (control, std::ffi::CStr::from_ptr(name.as_ptr()).to_str().expect("a path").to_owned())
            };
            use std::os::unix::fs::OpenOptionsExt;
            let terminal = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(name);
            [terminal.expect("a terminal").into(), control]
        }
    }
}

fn twice(descriptor: OwnedFd) -> [OwnedFd; 2] {
    [descriptor.try_clone().expect("a copy"), descriptor]
}
