//! One process's rules in words, the most dangerous first.

use crate::compare::words::{bytes, conditions, errno, limit, port, rights, scope};
use crate::files;
use crate::rules::{CallRule, Condition, FileRule, Mode, Rights, Rules};
use std::fmt::Write;

/// What a call is about. The order is that of the explanation: what could get out of the sandbox, or be used to do
/// harm outside of it, comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Programs,
    Network,
    Changing,
    Reading,
    Memory,
    Waiting,
}

impl Subject {
    const ALL: [Self; 6] = [Self::Programs, Self::Network, Self::Changing, Self::Reading, Self::Memory, Self::Waiting];

    const fn title(self) -> &'static str {
        match self {
            Self::Programs => "Programs, code, other processes, the sandbox itself, and calls that nobody has classed",
            Self::Network => "The network and other programs",
            Self::Changing => "What it may change",
            Self::Reading => "What it may read",
            Self::Memory => "Memory and threads",
            Self::Waiting => "Waiting, time, signals to itself, its end",
        }
    }
}

#[rustfmt::skip]
const NETWORK: &[&str] = &[
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "ioctl", "listen", "recvfrom",
    "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socket", "socketpair",
];
#[rustfmt::skip]
const CHANGING: &[&str] = &[
    "chmod", "chown", "creat", "fallocate", "fchmod", "fchmodat", "fchown", "fchownat", "fdatasync", "flock", "fsync",
    "ftruncate", "link", "linkat", "mkdir", "mkdirat", "open", "openat", "openat2", "pwrite64", "pwritev", "rename",
    "renameat", "renameat2", "rmdir", "symlink", "symlinkat", "truncate", "unlink", "unlinkat", "utimensat", "write",
    "writev",
];
#[rustfmt::skip]
const READING: &[&str] = &[
    "access", "close", "faccessat", "faccessat2", "fcntl", "fstat", "fstatfs", "getcwd", "getdents64", "getegid",
    "geteuid", "getgid", "getpid", "getppid", "getresgid", "getresuid", "getuid", "lseek", "lstat", "newfstatat",
    "pipe2", "pread64", "preadv", "read", "readlink", "readlinkat", "readv", "stat", "statfs", "statx", "sysinfo",
    "uname",
];
#[rustfmt::skip]
const MEMORY: &[&str] = &[
    "arch_prctl", "brk", "futex", "getrandom", "gettid", "madvise", "memfd_create", "memfd_secret", "mlock", "mremap",
    "munlock", "munmap", "rseq", "sched_getaffinity", "sched_yield", "set_robust_list", "set_tid_address",
];
#[rustfmt::skip]
const WAITING: &[&str] = &[
    "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "eventfd2", "exit", "exit_group", "nanosleep", "poll", "ppoll", "restart_syscall", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "timerfd_create", "timerfd_settime",
];

fn subject(call: &str, when: &[Condition]) -> Subject {
    // Mapping memory is harmless where it cannot be executed, starting threads where they are no processes.
    let tame = !when.is_empty() && ["mmap", "mprotect", "clone"].contains(&call);
    let lists = [
        (NETWORK, Subject::Network),
        (CHANGING, Subject::Changing),
        (READING, Subject::Reading),
        (MEMORY, Subject::Memory),
        (WAITING, Subject::Waiting),
    ];
    let listed = lists.into_iter().find(|(list, _)| list.contains(&call)).map(|(_, subject)| subject);
    if tame { Subject::Memory } else { listed.unwrap_or(Subject::Programs) }
}

pub(super) fn explain(rules: &Rules) -> String {
    let mut lines = vec![format!(
        "{}: version {} of its rules, first shipped with release {}. What is not said here kills the process.",
        rules.process.program(),
        rules.version,
        rules.release
    )];
    for subject in Subject::ALL {
        lines.push(format!("\n{}", subject.title()));
        lines.extend(surroundings(rules, subject));
        let start = rules.start.calls.iter().map(|rule| (rule, "while starting: "));
        let steady = rules.steady.calls.iter().map(|rule| (rule, ""));
        let mut calls: Vec<_> =
            start.chain(steady).filter(|(r, _)| subject == self::subject(&r.call, &r.when)).collect();
        // What holds for good before what holds for a moment.
        calls.sort_by_key(|(_, stage)| stage.len());
        lines.extend(calls.into_iter().map(|(rule, stage)| call(rule, stage)));
    }
    lines.push("\nWhat fails instead of killing".into());
    for (stage, list) in [("while starting: ", &rules.start.refused), ("", &rules.steady.refused)] {
        lines.extend(list.iter().map(|rule| {
            let (when, answer) = (conditions(&rule.call, &rule.when), errno(rule.errno));
            format!("  {stage}`{}`{when}{}: answers \"{answer}\". Why: {}", rule.call, mode(rule.only), rule.why)
        }));
    }
    lines.push("\nWhat is held back besides".into());
    let scopes = rules.start.scopes.iter();
    lines.extend(scopes.map(|rule| format!("  {} do not leave the sandbox. Why: {}", scope(rule.scope), rule.why)));
    lines.push(format!("  It enters no namespace. Why: {}", rules.namespaces.why));
    lines.join("\n") + "\n"
}

/// The rules that are no calls.
fn surroundings(rules: &Rules, subject: Subject) -> Vec<String> {
    let start = &rules.start;
    let files = |wanted: fn(Rights) -> bool| {
        let start =
            start.files.iter().filter(move |rule| wanted(rule.rights)).map(|rule| file(rule, stays(rules, rule)));
        start.collect::<Vec<_>>()
    };
    match subject {
        Subject::Programs => files(|rights| rights == Rights::Run),
        Subject::Network => {
            let none = start.tcp.is_empty().then(|| "  TCP: it can connect to nothing.".into());
            let rules = start.tcp.iter();
            let some = rules
                .map(|r| format!("  TCP{}: it can connect to {}. Why: {}", mode(r.only), port(Some(r.connect)), r.why));
            some.chain(none).collect()
        }
        Subject::Changing => files(|rights| matches!(rights, Rights::Write | Rights::WriteAndSockets)),
        Subject::Reading => {
            let mut lines = files(|rights| rights == Rights::Read);
            let variables = start.environment.iter();
            lines.extend(variables.map(|rule| format!("  the variable {}. Why: {}", rule.name, rule.why)));
            lines
        }
        Subject::Memory => {
            let line = |rule: &crate::rules::LimitRule| {
                format!("  {}: at most {}. Why: {}", limit(rule.limit), bytes(rule.limit, rule.value), rule.why)
            };
            start.limits.iter().map(line).collect()
        }
        Subject::Waiting => Vec::new(),
    }
}

/// Whether something of a path remains in steady state.
fn stays(rules: &Rules, rule: &FileRule) -> bool {
    use crate::compare::{Situation, granted};
    Mode::ALL.into_iter().any(|mode| !granted(rules, Situation { steady: true, mode }, &rule.path).is_empty())
}

fn file(rule: &FileRule, stays: bool) -> String {
    let stage = if stays { "" } else { "while starting: " };
    format!("  {stage}{}{}: {}. Why: {}", rule.path, mode(rule.only), rights(files::rights(rule.rights)), rule.why)
}

fn call(rule: &CallRule, stage: &str) -> String {
    let mut line = format!("  {stage}`{}`{}{}.", rule.call, conditions(&rule.call, &rule.when), mode(rule.only));
    let _ = write!(line, " Why: {}", rule.why);
    if let Some(foresight) = &rule.foresight {
        let _ = write!(line, " No recorded run uses it: {foresight}");
    }
    line
}

fn mode(only: Option<Mode>) -> &'static str {
    match only {
        None => "",
        Some(Mode::Direct) => ", without a proxy",
        Some(Mode::Proxied) => ", with a proxy",
    }
}
