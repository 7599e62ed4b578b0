//! From a fork to the program: one straight function, each kernel call preceded by its reason.
//!
//! Everything that allocates, opens or can be wrong is done before the fork, by [`crate::launch`]. Between fork and
//! exec only kernel calls are made, because the forked process may hold another thread's locks for ever.

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::Pid;
use seccompiler::BpfProgram;
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// Everything that the child needs, ready. All descriptors are numbered above the lines' numbers.
pub(crate) struct Plan {
    pub program: CString,
    pub arguments: Vec<CString>,
    pub environment: Vec<CString>,
    pub null: OwnedFd,
    /// They become 3, 4, … in this order.
    pub lines: Vec<OwnedFd>,
    pub limits: Vec<(Limit, u64)>,
    pub landlock: OwnedFd,
    pub filters: Vec<BpfProgram>,
    /// The child's end of a pipe that exec closes: what is written to it is why there was no exec.
    pub report: OwnedFd,
}

/// A resource, in the C library's numbering.
pub(crate) type Limit = libc::__rlimit_resource_t;

/// Where the set-up failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    Parent = 1,
    Descriptors,
    Limits,
    Landlock,
    Filter,
    Exec,
}

impl Step {
    pub const ALL: [Self; 6] =
        [Self::Parent, Self::Descriptors, Self::Limits, Self::Landlock, Self::Filter, Self::Exec];
}

/// The first of the lines' numbers.
pub(crate) const FIRST_LINE: RawFd = 3;

/// Forks; the child turns into the program or reports why not.
pub(crate) fn fork(plan: &Plan) -> Result<Pid, Errno> {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter().map(|s| s.as_ptr()).chain(std::iter::once(ptr::null())).collect()
    };
    let (arguments, environment) = (pointers(&plan.arguments), pointers(&plan.environment));
    let launcher = nix::unistd::getpid();
    // SAFETY: the child runs `become_program` only, which makes kernel calls, allocates nothing and never returns.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::last()),
        0 => {
            let failed = become_program(plan, launcher, &arguments, &environment);
            give_up(plan.report.as_raw_fd(), failed)
        }
        child => Ok(Pid::from_raw(child)),
    }
}

fn become_program(
    plan: &Plan,
    launcher: Pid,
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
) -> Step {
    // SAFETY, for the whole block: kernel calls on numbers and on memory that `plan` and its caller own and
    // that outlives the call; nothing is allocated, no lock is taken.
    unsafe {
        // No child outlives the launcher, not even by its crash. The launcher may be gone already: then the
        // signal would never come.
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 || libc::getppid() != launcher.as_raw() {
            return Step::Parent;
        }
        // A session of its own: no terminal to push keys into, and Ctrl-C reaches the launcher alone.
        libc::setsid();
        // The launcher blocks signals to read them in its loop, and ignores SIGPIPE: both survive exec.
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        // The folder that the user happened to be in says something about the user, and can be searched for libraries.
        libc::chdir(c"/".as_ptr());
        libc::umask(0o077);

        // Nothing to read on standard input: keys come through the vault's window.
        if libc::dup2(plan.null.as_raw_fd(), 0) < 0 {
            return Step::Descriptors;
        }
        let mut number = FIRST_LINE;
        for line in &plan.lines {
            if libc::dup2(line.as_raw_fd(), number) < 0 {
                return Step::Descriptors;
            }
            number += 1;
        }
        // Everything else closes with exec: what the launcher's parents leaked is not for this process.
        if libc::syscall(libc::SYS_close_range, number, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) != 0 {
            return Step::Descriptors;
        }

        for (limit, value) in &plan.limits {
            let mut both = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            if libc::getrlimit(*limit, &raw mut both) != 0 {
                return Step::Limits;
            }
            // Whoever runs the machine may have set less, and only root could raise it.
            both.rlim_max = both.rlim_max.min(*value);
            both.rlim_cur = both.rlim_max;
            if libc::setrlimit(*limit, &raw const both) != 0 {
                return Step::Limits;
            }
        }

        // Without it neither Landlock nor a filter is taken from an ordinary user; and no set-uid program helps.
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Step::Landlock;
        }
        if libc::syscall(libc::SYS_landlock_restrict_self, plan.landlock.as_raw_fd(), 0) != 0 {
            return Step::Landlock;
        }
        // Last, as it forbids most of what was done above.
        for filter in &plan.filters {
            if seccompiler::apply_filter(filter).is_err() {
                return Step::Filter;
            }
        }
        libc::execve(plan.program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
    }
    Step::Exec
}

fn give_up(report: RawFd, step: Step) -> ! {
    let [a, b, c, d] = Errno::last_raw().to_ne_bytes();
    let message = [step as u8, a, b, c, d];
    // SAFETY: writes five bytes that live on this stack, then ends without running anything of the launcher's.
    unsafe {
        libc::write(report, message.as_ptr().cast(), message.len());
        libc::_exit(127)
    }
}

/// A descriptor that becomes readable when the process ends.
pub(crate) fn watch(process: Pid) -> Result<OwnedFd, Errno> {
    // SAFETY: a kernel call on a number.
    let descriptor = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0) })?;
    let descriptor = RawFd::try_from(descriptor).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel made this descriptor just now (close-on-exec, as always); nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// The version of Landlock's interface that the kernel has; an error if it has none or it is switched off.
pub(crate) fn landlock_version() -> Result<i64, Errno> {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag the kernel wants no memory and returns a number.
    Errno::result(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<u8>(), 0usize, VERSION) })
}

/// Whether the kernel takes filters that kill the process.
pub(crate) fn filters_can_kill() -> bool {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the kernel reads four bytes that live on this stack.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) == 0 }
}

/// Lays a ruleset on the calling thread and the threads that it will start.
pub(crate) fn restrict(ruleset: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: a kernel call on a descriptor that is open.
    Errno::result(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) }).map(drop)
}

/// Whether this process runs under a filter.
pub(crate) fn filtered() -> bool {
    // SAFETY: a kernel call without memory.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) == 2 }
}

/// A second handle on a descriptor, numbered `lowest` or higher, closed on exec.
pub(crate) fn copy_above(lowest: RawFd, descriptor: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let copy = fcntl(descriptor, FcntlArg::F_DUPFD_CLOEXEC(lowest))?;
    // SAFETY: the kernel made this descriptor just now; nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}
