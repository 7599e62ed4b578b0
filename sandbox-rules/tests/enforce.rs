//! The rules hold: what they forbid dies or is denied, what they allow works, and the same act succeeds without
//! rules, so that it is the rules that forbade it.
//!
//! This program is its own probe: started with `probe …` it does one act and tells by its exit code how it went.
//! It holds as root as well, where only Landlock and the filter stand in the way.

#![allow(missing_docs, unsafe_code, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_rules::{Child, Ended, Launch, Process, check_kernel, launch, require_sandbox, steady};
use std::ffi::OsString;
use std::fs;
use std::io::{Error, ErrorKind, Read, Result};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const DENIED: i32 = 13;
const BROKEN: i32 = 99;
/// An error number, made an exit code.
const ERRNO: i32 = 100;
const NO_MEMORY: i32 = ERRNO + libc::ENOMEM;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Works,
    Denied,
    Killed,
    /// The kernel gave no more of a resource.
    Limited,
    /// Neither: the act itself went wrong.
    Broken(Option<i32>),
}
use Outcome::{Broken, Denied, Killed, Limited, Works};
use Process::{Keyring, Net, Seal, Ui, Update, Vault};

/// What each process must not do once it is set up, and what it must be able to do.
const STEADY: &[(Process, &str, Outcome)] = &[
    (Ui, "nothing", Works),
    (Ui, "allocate", Works),
    (Ui, "read-passwd", Killed),
    (Ui, "write-outside", Killed),
    (Ui, "unix-socket", Killed),
    (Ui, "connect", Killed),
    (Ui, "exec", Killed),
    (Ui, "fork", Killed),
    (Ui, "thread", Killed),
    (Ui, "trace-sibling", Killed),
    (Ui, "read-sibling", Killed),
    (Ui, "signal-sibling", Killed),
    (Ui, "map-code", Killed),
    (Ui, "take-memory", Limited),
    (Ui, "share-memory", Killed),
    (Ui, "pin-memory", Killed),
    (Ui, "say", Works),
    (Ui, "say-elsewhere", Killed),
    (Seal, "nothing", Works),
    (Seal, "read-passwd", Killed),
    (Seal, "write-outside", Killed),
    (Seal, "unix-socket", Killed),
    (Seal, "connect", Killed),
    (Seal, "exec", Killed),
    (Seal, "fork", Killed),
    (Seal, "thread", Killed),
    (Seal, "trace-sibling", Killed),
    (Seal, "read-sibling", Killed),
    (Seal, "signal-sibling", Killed),
    (Seal, "map-code", Killed),
    (Seal, "take-memory", Limited),
    (Seal, "share-memory", Killed),
    (Seal, "pin-memory", Killed),
    (Seal, "say", Works),
    (Seal, "say-elsewhere", Killed),
    (Keyring, "nothing", Works),
    (Keyring, "read-passwd", Killed),
    (Keyring, "write-outside", Killed),
    (Keyring, "unix-socket", Killed),
    (Keyring, "connect", Killed),
    (Keyring, "exec", Killed),
    (Keyring, "fork", Killed),
    (Keyring, "thread", Killed),
    (Keyring, "trace-sibling", Killed),
    (Keyring, "read-sibling", Killed),
    (Keyring, "signal-sibling", Killed),
    (Keyring, "map-code", Killed),
    (Keyring, "take-memory", Limited),
    (Keyring, "share-memory", Killed),
    (Keyring, "pin-memory", Killed),
    (Keyring, "say", Works),
    (Keyring, "say-elsewhere", Killed),
    (Net, "nothing", Works),
    (Net, "allocate", Works),
    (Net, "thread", Killed),
    (Net, "share-memory", Killed),
    (Net, "connect", Works),
    (Net, "resolve", Works),
    (Net, "udp", Works),
    (Net, "read-hosts", Works),
    (Net, "read-passwd", Denied),
    (Net, "write-outside", Killed),
    (Net, "unix-socket", Denied),
    (Net, "listen", Killed),
    (Net, "exec", Killed),
    (Net, "fork", Killed),
    (Net, "trace-sibling", Killed),
    (Net, "read-sibling", Killed),
    (Net, "signal-sibling", Killed),
    (Net, "map-code", Denied),
    (Net, "take-memory", Limited),
    (Net, "pin-memory", Killed),
    (Vault, "nothing", Works),
    (Vault, "allocate", Works),
    (Vault, "thread", Killed),
    (Vault, "write-data", Works),
    (Vault, "read-passwd", Denied),
    (Vault, "write-outside", Denied),
    (Vault, "connect", Killed),
    (Vault, "unix-socket", Denied),
    (Vault, "listen", Killed),
    (Vault, "exec", Killed),
    (Vault, "fork", Killed),
    (Vault, "trace-sibling", Killed),
    (Vault, "read-sibling", Killed),
    (Vault, "signal-sibling", Killed),
    (Vault, "map-code", Denied),
    (Update, "nothing", Works),
    (Update, "thread", Killed),
    (Update, "connect", Works),
    (Update, "resolve", Works),
    (Update, "write-data", Works),
    (Update, "read-passwd", Denied),
    (Update, "write-outside", Denied),
    (Update, "unix-socket", Denied),
    (Update, "listen", Killed),
    (Update, "exec", Killed),
    (Update, "fork", Killed),
    (Update, "trace-sibling", Killed),
    (Update, "read-sibling", Killed),
    (Update, "signal-sibling", Killed),
    (Update, "map-code", Denied),
    (Update, "take-memory", Limited),
    (Update, "share-memory", Killed),
];

/// What the outer bound forbids already, before a process has narrowed itself: a program with a backdoor in its
/// set-up is held as well.
const START: &[(Process, &str, Outcome)] = &[
    (Ui, "read-passwd", Denied),
    (Ui, "write-outside", Denied),
    (Ui, "connect", Killed),
    (Ui, "exec", Denied),
    (Ui, "fork", Killed),
    (Ui, "take-memory", Limited),
    (Seal, "read-passwd", Denied),
    (Seal, "write-outside", Denied),
    (Seal, "connect", Killed),
    (Seal, "exec", Denied),
    (Seal, "fork", Killed),
    (Seal, "take-memory", Limited),
    (Keyring, "read-passwd", Denied),
    (Keyring, "write-outside", Denied),
    (Keyring, "connect", Killed),
    (Keyring, "exec", Denied),
    (Keyring, "fork", Killed),
    (Keyring, "take-memory", Limited),
    (Net, "take-memory", Limited),
    (Net, "read-passwd", Denied),
    (Net, "exec", Denied),
    (Net, "fork", Killed),
    (Net, "listen", Killed),
    (Vault, "read-passwd", Denied),
    (Vault, "exec", Denied),
    (Vault, "fork", Killed),
    (Vault, "connect", Denied),
    (Vault, "unix-socket", Works),
];

/// With a SOCKS proxy: nothing goes past it.
const PROXIED: &[(&str, Outcome)] =
    &[("connect", Works), ("connect-elsewhere", Denied), ("udp", Denied), ("read-hosts", Denied), ("listen", Killed)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == "probe") {
        probe(&arguments[1..]);
    }
    check_kernel(true).expect("a kernel that can enforce the rules");
    let world = World::new();
    // As with other tests, a word on the command line picks the rows that it is part of: `net steady udp`.
    let wanted = |process: Process, stage: &str, act: &str| {
        let row = format!("{process:?} {stage} {act}").to_lowercase();
        arguments.iter().all(|word| word.starts_with('-') || row.contains(word.as_str()))
    };
    let mut count = 0;
    let mut wrong = Vec::new();
    for (stage, table) in [("steady", STEADY), ("start", START)] {
        for (process, act, expected) in table.iter().filter(|(process, act, _)| wanted(*process, stage, act)) {
            let outcome = world.under_rules(*process, stage, act, None);
            wrong.extend(
                (outcome != *expected).then(|| format!("{process:?} {stage} {act}: {outcome:?}, not {expected:?}")),
            );
            wrong.extend((world.bare(act) != Works).then(|| format!("{act} does not work without rules either")));
            count += 1;
        }
    }
    for (act, expected) in PROXIED {
        for stage in ["steady", "start"].into_iter().filter(|stage| wanted(Net, &format!("proxied {stage}"), act)) {
            let outcome = world.under_rules(Net, stage, act, Some(world.port()));
            wrong.extend(
                (outcome != *expected).then(|| format!("proxied {stage} {act}: {outcome:?}, not {expected:?}")),
            );
            count += 1;
        }
        wrong.extend((world.bare(act) != Works).then(|| format!("{act} does not work without rules either")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    a_process_finds_only_what_it_is_given(&world);
    a_program_that_is_not_there_is_told(&world);
    without_the_launcher_nothing_runs();
    a_child_ends_when_it_is_dropped(&world);
    a_lower_limit_of_the_machine_s_owner_stays(&world);
    println!("{count} acts judged under rules, each allowed without");
}

fn a_process_finds_only_what_it_is_given(world: &World) {
    for process in Process::WITH_RULES {
        assert_eq!(world.under_rules(process, "start", "look-around", None), Works, "{process:?}");
    }
}

fn a_program_that_is_not_there_is_told(world: &World) {
    let program = world.folder.join("missing");
    fs::write(&program, "not a program").expect("write");
    let error = world.launch(Ui, &program, &[], None).expect_err("no such program");
    assert!(error.to_string().contains("executing its program"), "{error}");
}

fn without_the_launcher_nothing_runs() {
    let output = Command::new(std::env::current_exe().expect("path"))
        .args(["probe", "start", "ui", "nothing"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(78));
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("runs only under the launcher: start `bulkhead`."), "{says}");
}

fn a_child_ends_when_it_is_dropped(world: &World) {
    let program = std::env::current_exe().expect("path");
    let child = world.launch(Net, &program, &world.arguments("start", Net, "stay"), None).expect("launch");
    let id = child.id();
    assert!(Path::new(&format!("/proc/{id}")).exists());
    drop(child);
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

/// Last, as an ordinary user does not get the limit back.
fn a_lower_limit_of_the_machine_s_owner_stays(world: &World) {
    let limit = libc::rlimit { rlim_cur: 200, rlim_max: 200 };
    // SAFETY: the kernel reads a structure that lives on this stack.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    assert_eq!(world.under_rules(Net, "start", "open-200", None), Limited);
    assert_eq!(world.under_rules(Net, "start", "nothing", None), Works);
}

/// What the acts are done to.
struct World {
    folder: PathBuf,
    server: TcpListener,
    elsewhere: TcpListener,
    sibling: Command,
}

impl World {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bulkhead-enforce-{}", std::process::id()));
        fs::create_dir_all(folder.join("data")).expect("folder");
        let server = TcpListener::bind("127.0.0.1:0").expect("listen");
        let elsewhere = TcpListener::bind("127.0.0.1:0").expect("listen");
        let mut sibling = Command::new("sleep");
        sibling.arg("30");
        Self { folder, server, elsewhere, sibling }
    }

    fn port(&self) -> u16 {
        self.server.local_addr().expect("address").port()
    }

    fn arguments(&self, stage: &str, process: Process, act: &str) -> Vec<OsString> {
        let process = format!("{process:?}").to_lowercase();
        let elsewhere = self.elsewhere.local_addr().expect("address").port();
        let [port, elsewhere, sibling] =
            [self.port().to_string(), elsewhere.to_string(), SIBLING.with(|s| s.get().to_string())];
        let folder = self.folder.to_str().expect("path");
        ["probe", stage, &process, act, folder, &port, &elsewhere, &sibling].map(OsString::from).to_vec()
    }

    fn launch(
        &self,
        process: Process,
        program: &Path,
        arguments: &[OsString],
        proxy: Option<u16>,
    ) -> std::result::Result<Child, bulkhead_rules::Error> {
        let line = fs::File::open("/dev/null").expect("line");
        let lines: [BorrowedFd<'_>; 2] = [line.as_fd(), line.as_fd()];
        let data = self.folder.join("data");
        let environment = |name: &str| match name {
            "LANG" => Some("C.UTF-8".into()),
            "HOME" | "LD_PRELOAD" | "SSH_AUTH_SOCK" => Some("/nowhere".into()),
            _ => None,
        };
        launch(&Launch {
            process,
            program,
            arguments,
            lines: &lines,
            data: Some(&data),
            proxy,
            environment: &environment,
        })
    }

    fn under_rules(&self, process: Process, stage: &str, act: &str, proxy: Option<u16>) -> Outcome {
        let mut sibling = self.sibling();
        // Left open on purpose, and not close-on-exec: the child must not find it.
        let leaked = leak();
        let program = std::env::current_exe().expect("path");
        let child = self.launch(process, &program, &self.arguments(stage, process, act), proxy).expect("launch");
        let ended = child.wait().expect("wait");
        drop(leaked);
        let _ = sibling.kill();
        let _ = sibling.wait();
        match ended {
            Ended::Exit(0) => Works,
            Ended::Exit(DENIED) => Denied,
            Ended::Exit(NO_MEMORY) => Limited,
            Ended::Forbidden => Killed,
            Ended::Exit(code) => Broken(Some(code)),
            Ended::Signal(_) => Broken(None),
        }
    }

    fn bare(&self, act: &str) -> Outcome {
        let mut sibling = self.sibling();
        let status = Command::new(std::env::current_exe().expect("path"))
            .args(self.arguments("bare", Ui, act))
            .status()
            .expect("run");
        let _ = sibling.kill();
        let _ = sibling.wait();
        match status.code() {
            Some(0) => Works,
            Some(DENIED) => Denied,
            other => Broken(other),
        }
    }

    fn sibling(&self) -> std::process::Child {
        let child = Command::new(self.sibling.get_program()).args(self.sibling.get_args()).spawn().expect("sibling");
        SIBLING.with(|s| s.set(child.id()));
        child
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

thread_local!(static SIBLING: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });

fn leak() -> OwnedFd {
    let file = fs::File::open("/dev/null").expect("open");
    // SAFETY: duplicates without close-on-exec; the new number is owned by nobody else.
    unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(libc::dup(file.as_raw_fd())) }
}

/// In the child: one act, then the end.
fn probe(arguments: &[String]) -> ! {
    let [stage, process, act, rest @ ..] = arguments else { exit(BROKEN) };
    let process = match process.as_str() {
        "net" => Net,
        "keyring" => Keyring,
        "seal" => Seal,
        "ui" => Ui,
        "update" => Update,
        "vault" => Vault,
        _ => exit(BROKEN),
    };
    if stage != "bare" {
        require_sandbox();
    }
    if stage == "steady" && steady(process).is_err() {
        exit(BROKEN);
    }
    // Ends without the library's clean-up, which is no part of the act.
    let code = match done(act, process, rest) {
        Ok(()) => 0,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => DENIED,
        Err(error) => error.raw_os_error().map_or(BROKEN, |number| ERRNO + number),
    };
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

fn done(act: &str, process: Process, rest: &[String]) -> Result<()> {
    let argument = |index: usize| rest.get(index).map(String::as_str).unwrap_or_default();
    let number = |index: usize| argument(index).parse::<u16>().unwrap_or_default();
    let sibling = argument(3).parse::<i32>().unwrap_or_default();
    let folder = Path::new(argument(0));
    match act {
        "nothing" => Ok(()),
        "allocate" => {
            let block = vec![1u8; 64 << 20];
            if block.iter().map(|b| usize::from(*b)).sum::<usize>() == block.len() {
                Ok(())
            } else {
                Err(Error::other("memory"))
            }
        }
        "read-passwd" => fs::File::open("/etc/passwd")?.read(&mut [0]).map(drop),
        "read-hosts" => fs::File::open("/etc/hosts")?.read(&mut [0]).map(drop),
        "write-outside" => fs::write(folder.join("outside"), "x"),
        "write-data" => {
            let (from, to) = (folder.join("data/new"), folder.join("data/key"));
            fs::write(&from, "x")?;
            fs::rename(&from, &to)?;
            fs::read(&to)?;
            fs::remove_file(&to)
        }
        "unix-socket" => std::os::unix::net::UnixDatagram::unbound().map(drop),
        "connect" => TcpStream::connect(("127.0.0.1", number(1))).map(drop),
        "connect-elsewhere" => TcpStream::connect(("127.0.0.1", number(2))).map(drop),
        "resolve" => std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 1)).map(drop),
        // A socket alone: sending needs no bind.
        "udp" => kernel(|| unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0).into() }),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "thread" => std::thread::spawn(|| ()).join().map_err(|_| Error::other("thread")),
        "fork" => kernel(|| {
            // SAFETY: the child ends at once.
            let child = unsafe { libc::fork() };
            if child == 0 {
                unsafe { libc::_exit(0) }
            }
            child.into()
        }),
        "exec" => {
            let program = c"/bin/true";
            // SAFETY: the arguments end with a null pointer. Returns only if it failed.
            unsafe { libc::execv(program.as_ptr(), [program.as_ptr(), std::ptr::null()].as_ptr()) };
            Err(Error::last_os_error())
        }
        "trace-sibling" => kernel(|| unsafe { libc::ptrace(libc::PTRACE_SEIZE, sibling, 0, 0) }),
        "read-sibling" => kernel(|| {
            let mut byte = 0u8;
            let here = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
            // Reading nothing still asks for permission.
            unsafe { libc::process_vm_readv(sibling, &raw const here, 1, &raw const here, 0, 0) as i64 }
        }),
        "signal-sibling" => kernel(|| unsafe { libc::kill(sibling, 0).into() }),
        "map-code" => kernel(|| {
            let (rights, kind) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            unsafe { libc::mmap(std::ptr::null_mut(), 4096, rights, kind, -1, 0) as i64 }
        }),
        // Not touched, so that the same act without rules takes nothing either.
        "take-memory" => kernel(|| map(600 << 20, libc::MAP_PRIVATE)),
        // Shared memory does not count as the process's own.
        "share-memory" => kernel(|| map(4096, libc::MAP_SHARED)),
        "pin-memory" => kernel(|| unsafe { libc::mlock([0u8; 64].as_ptr().cast(), 1).into() }),
        "say" => kernel(|| unsafe { libc::write(2, b"".as_ptr().cast(), 0) as i64 }),
        "say-elsewhere" => kernel(|| unsafe { libc::write(1, b"".as_ptr().cast(), 0) as i64 }),
        "open-200" => {
            let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: the kernel writes to a structure that lives on this stack.
            unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
            if limit.rlim_max == 200 { Err(Error::from_raw_os_error(libc::ENOMEM)) } else { Ok(()) }
        }
        "stay" => std::io::stdin().read(&mut [0]).map(|_| std::thread::park()),
        "look-around" => look_around(process),
        _ => exit(BROKEN),
    }
}

fn map(bytes: usize, kind: i32) -> i64 {
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: new memory, of which nothing else knows.
    unsafe { libc::mmap(std::ptr::null_mut(), bytes, rights, kind | libc::MAP_ANONYMOUS, -1, 0) as i64 }
}

/// Nothing inherited but what was given: descriptors, variables, folder, limits.
fn look_around(process: Process) -> Result<()> {
    let expect = |holds: bool, what: &'static str| {
        if !holds {
            eprintln!("{process:?}: {what}");
        }
        if holds { Ok(()) } else { Err(Error::other(what)) }
    };
    // SAFETY: the kernel writes to a structure that lives on this stack.
    let open = |number: i32| unsafe {
        let mut found: libc::stat = std::mem::zeroed();
        libc::fstat(number, &raw mut found) != -1
    };
    expect((0..5).all(open), "a line is missing")?;
    expect(!(5..1024).any(open), "a descriptor leaked")?;
    let mut byte = 0u8;
    expect(unsafe { libc::read(0, (&raw mut byte).cast(), 1) } == 0, "standard input can be read")?;
    let mut variables: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    variables.sort();
    expect(variables == if process == Vault { vec!["HOME", "LANG"] } else { vec![] }, "a variable leaked")?;
    let mut limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) };
    expect((limit.rlim_cur, limit.rlim_max) == (0, 0), "memory could be dumped")?;
    // Whether it is dumpable and outlives the launcher it may not even ask: others find out (tests/memory, tests/crash).
    expect(unsafe { libc::prctl(libc::PR_GET_SECCOMP) } == 2, "no filter")
}

fn kernel(call: impl FnOnce() -> i64) -> Result<()> {
    if call() == -1 { Err(Error::last_os_error()) } else { Ok(()) }
}
