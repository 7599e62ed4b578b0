//! Signals, priorities and limits of others, and finding out who else is there.

use crate::attack::{Attack, EVERYWHERE, attack};
use crate::kernel::{Result, at, call, does, nothing, to};
use nix::libc;

/// Ignored by who does not expect it.
const HARMLESS: usize = libc::SIGWINCH as usize;
/// Numbers of fcntl commands that the C library's bindings lack.
const F_SETSIG: usize = 10;
const F_SETOWN_EX: usize = 15;

/// Has the kernel send a signal for it, by making another process the owner of its line's news.
fn by_the_kernel(own: impl FnOnce() -> Result<()>) -> Result<()> {
    own()?;
    // In place of SIGIO one that ends who does not expect it.
    does(libc::SYS_fcntl, [3, F_SETSIG, libc::SIGUSR1 as usize])?;
    does(libc::SYS_fcntl, [3, libc::F_SETFL as usize, libc::O_ASYNC as usize])?;
    let part = [at(c"x"), 1];
    let message = [0usize, 0, to(&part), 1, 0, 0, 0];
    does(libc::SYS_sendmsg, [4, to(&message), 0])
}

/// A queued signal's sender and kind, as `rt_sigqueueinfo` wants it.
fn queued() -> [i32; 32] {
    let mut information = [0i32; 32];
    (information[0], information[2]) = (libc::SIGWINCH, -1);
    information
}

pub const ATTACKS: &[Attack] = &[
    attack("kill", "signals another process", EVERYWHERE, |w| does(libc::SYS_kill, [w.victim as usize, HARMLESS]))
        .victim(),
    attack("kill-for-good", "ends another process", EVERYWHERE, |w| {
        does(libc::SYS_kill, [w.victim as usize, libc::SIGKILL as usize])
    })
    .kills(),
    attack("kill-everything", "signals all that it may signal (the signal that only asks)", EVERYWHERE, |_| {
        does(libc::SYS_kill, [usize::MAX, 0])
    }),
    attack("tkill", "signals a thread of another process by the older call", EVERYWHERE, |w| {
        does(libc::SYS_tkill, [w.victim as usize, HARMLESS])
    })
    .victim(),
    attack("tgkill", "signals a thread of another process", EVERYWHERE, |w| {
        does(libc::SYS_tgkill, [w.victim as usize, w.victim as usize, HARMLESS])
    })
    .victim(),
    attack("sigqueue", "queues a signal with a value", EVERYWHERE, |w| {
        does(libc::SYS_rt_sigqueueinfo, [w.victim as usize, HARMLESS, to(&queued())])
    })
    .victim(),
    attack("tgsigqueue", "queues it for a thread", EVERYWHERE, |w| {
        let victim = w.victim as usize;
        does(libc::SYS_rt_tgsigqueueinfo, [victim, victim, HARMLESS, to(&queued())])
    })
    .victim(),
    attack("signal-by-handle", "signals through a process handle", EVERYWHERE, |w| {
        let handle = call(libc::SYS_pidfd_open, [w.victim as usize, 0])?;
        does(libc::SYS_pidfd_send_signal, [handle, HARMLESS, 0, 0])
    })
    .victim(),
    attack(
        "signal-by-owner",
        "has the kernel send the signal of a line to another process (F_SETOWN)",
        EVERYWHERE,
        |w| by_the_kernel(|| does(libc::SYS_fcntl, [3, libc::F_SETOWN as usize, w.victim as usize])),
    )
    .kills(),
    attack("signal-by-owner-ex", "does so by the newer command (F_SETOWN_EX)", EVERYWHERE, |w| {
        let owner = [1i32, w.victim];
        by_the_kernel(|| does(libc::SYS_fcntl, [3, F_SETOWN_EX, to(&owner)]))
    })
    .kills(),
    attack("limit-other", "lowers the limits of another process (prlimit64)", EVERYWHERE, |w| {
        let limit = [0u64, 0];
        does(libc::SYS_prlimit64, [w.victim as usize, libc::RLIMIT_CORE as usize, to(&limit), 0])
    })
    .victim(),
    attack("starve-other", "ends another process by giving it no processor time (prlimit64)", EVERYWHERE, |w| {
        let limit = [0u64, 0];
        does(libc::SYS_prlimit64, [w.victim as usize, libc::RLIMIT_CPU as usize, to(&limit), 0])
    })
    .victim(),
    attack("read-limits", "reads the limits of another process", EVERYWHERE, |w| {
        let mut limit = [0u64; 2];
        let place = limit.as_mut_ptr() as usize;
        does(libc::SYS_prlimit64, [w.victim as usize, libc::RLIMIT_NOFILE as usize, 0, place])
    })
    .victim(),
    attack("affinity", "binds another process to a processor", EVERYWHERE, |w| {
        let mask = [1u64; 16];
        does(libc::SYS_sched_setaffinity, [w.victim as usize, 128, to(&mask)])
    })
    .victim(),
    attack("scheduler", "makes another process run only when nothing else does", EVERYWHERE, |w| {
        let parameter = 0i32;
        does(libc::SYS_sched_setscheduler, [w.victim as usize, libc::SCHED_IDLE as usize, to(&parameter)])
    })
    .victim(),
    attack("scheduler-attributes", "does so with sched_setattr", EVERYWHERE, |w| {
        let attributes: [u32; 12] = [48, libc::SCHED_BATCH as u32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        does(libc::SYS_sched_setattr, [w.victim as usize, to(&attributes), 0])
    })
    .victim(),
    attack("priority", "makes another process slow", EVERYWHERE, |w| {
        does(libc::SYS_setpriority, [libc::PRIO_PROCESS as usize, w.victim as usize, 19])
    })
    .victim(),
    attack("disk-priority", "makes another process's disk access slow", EVERYWHERE, |w| {
        does(libc::SYS_ioprio_set, [1, w.victim as usize, 3 << 13])
    })
    .victim(),
    attack(
        "processor-time",
        "measures another's processor time to the nanosecond, thus its key strokes",
        EVERYWHERE,
        |w| {
            let clock = (!w.victim << 3) | 2;
            let mut time = [0i64; 2];
            does(libc::SYS_clock_gettime, [clock as usize, time.as_mut_ptr() as usize])
        },
    )
    .victim(),
    attack("who-is-there-by-affinity", "finds out which processes there are (sched_getaffinity)", EVERYWHERE, |w| {
        let mut mask = [0u64; 128];
        does(libc::SYS_sched_getaffinity, [w.victim as usize, 1024, mask.as_mut_ptr() as usize])
    })
    .victim(),
    attack("who-is-there-by-lock", "finds that out by a lock that claims to be theirs (futex)", EVERYWHERE, |w| {
        let mut word = w.victim;
        const TRYLOCK_PI: usize = 8;
        match call(libc::SYS_futex, [(&raw mut word) as usize, TRYLOCK_PI, 0, 0]) {
            // "Taken": there is such a process. Of one that is not there, the kernel says so.
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(nothing()),
        }
    })
    .victim(),
    attack("who-is-there-by-group", "finds that out by asking for their groups", EVERYWHERE, |w| {
        does(libc::SYS_getpgid, [w.victim as usize])
    })
    .victim(),
    attack("who-is-there-by-session", "finds that out by asking for their sessions", EVERYWHERE, |w| {
        does(libc::SYS_getsid, [w.victim as usize])
    })
    .victim(),
    attack("who-is-there-by-priority", "finds that out by asking for their priorities", EVERYWHERE, |w| {
        does(libc::SYS_getpriority, [0, w.victim as usize])
    })
    .victim(),
    attack("parent", "finds out who the launcher is", EVERYWHERE, |_| does(libc::SYS_getppid, [])),
];
