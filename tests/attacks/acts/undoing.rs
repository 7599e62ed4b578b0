//! Getting rid of the walls themselves, or going round them.

use crate::attack::{Attack, EVERYWHERE, STEADY, World, attack};
use crate::kernel::{Result, at, call, does, not_here, open, to};
use nix::libc;

/// One instruction: everything is allowed.
const ALLOW: [u64; 1] = [0x7fff_0000_0000_0006];

fn raise(limit: u32, kept: usize) -> Result<()> {
    let wanted = [kept as u64, kept as u64];
    does(libc::SYS_prlimit64, [0, limit as usize, to(&wanted), 0])
}

fn key(w: &World) -> Result<()> {
    w.read(&w.key())
}

pub const ATTACKS: &[Attack] = &[
    attack(
        "allow-everything",
        "lays on a second filter, which allows everything, and opens the key",
        EVERYWHERE,
        |w| {
            let program = [1usize, to(&ALLOW)];
            does(libc::SYS_seccomp, [1, 0, to(&program)])?;
            key(w)
        },
    ),
    attack("allow-everything-by-prctl", "does so by prctl", STEADY, |w| {
        let program = [1usize, to(&ALLOW)];
        does(libc::SYS_prctl, [22, 2, to(&program), 0, 0])?;
        key(w)
    }),
    attack("own-notifier", "lays on a filter whose questions it answers itself", EVERYWHERE, |w| {
        let program = [1usize, to(&ALLOW)];
        // 8: a descriptor for the questions.
        does(libc::SYS_seccomp, [1, 8, to(&program)])?;
        key(w)
    }),
    attack(
        "open-everything",
        "lays on a second Landlock ruleset, which opens the root, and opens the key",
        EVERYWHERE,
        |w| {
            // Reading files, beneath the root.
            let handled = [4u64, 0, 0];
            let rules = call(libc::SYS_landlock_create_ruleset, [to(&handled), 8, 0])?;
            let root = open(c"/", libc::O_PATH)?;
            let mut beneath = [0u8; 12];
            beneath[..8].copy_from_slice(&4u64.to_ne_bytes());
            beneath[8..].copy_from_slice(&(root as i32).to_ne_bytes());
            does(libc::SYS_landlock_add_rule, [rules, 1, to(&beneath), 0])?;
            does(libc::SYS_landlock_restrict_self, [rules, 0])?;
            key(w)
        },
    ),
    attack("raise-core", "allows itself a dump of its memory", EVERYWHERE, |_| raise(libc::RLIMIT_CORE, 1 << 20)),
    attack("raise-descriptors", "allows itself more descriptors", EVERYWHERE, |_| raise(libc::RLIMIT_NOFILE, 8192)),
    attack("raise-memory", "allows itself more memory", EVERYWHERE, |_| raise(libc::RLIMIT_AS, 1 << 45)),
    attack("raise-by-the-older-call", "does so with setrlimit", EVERYWHERE, |_| {
        let wanted = [1u64 << 20; 2];
        does(libc::SYS_setrlimit, [libc::RLIMIT_CORE as usize, to(&wanted)])
    }),
    attack("older-calls", "calls the kernel by the 32-bit door (int 0x80)", EVERYWHERE, |_| {
        #[cfg(target_arch = "x86_64")]
        {
            let result: i32;
            // SAFETY: asks for a number (getpid is 20 there).
            unsafe {
                std::arch::asm!("int 0x80", inlateout("eax") 20 => result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
            }
            if result > 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(-result)) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Err(not_here())
    }),
    attack("half-wide-calls", "calls it by the numbers of x32", EVERYWHERE, |_| {
        if cfg!(not(target_arch = "x86_64")) {
            return Err(not_here());
        }
        does(0x4000_0000 + 39, [])
    }),
    attack("wide-number", "calls it by a number with its upper half filled", EVERYWHERE, |w| {
        // The kernel takes the lower half; so has the filter to.
        does(libc::SYS_kill + (1 << 32), [w.victim as usize, libc::SIGWINCH as usize])
    })
    .victim(),
    attack("fixed-page", "calls it through the page that older programs know (vsyscall)", EVERYWHERE, |_| {
        #[cfg(target_arch = "x86_64")]
        {
            // SAFETY: where the kernel has this page, the time is given there; where not, the process ends.
            let time: extern "C" fn(usize) -> i64 = unsafe { std::mem::transmute(0xffff_ffff_ff60_0400usize) };
            if time(0) > 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Err(not_here())
    }),
    attack("dumpable", "opens its memory to the user's other programs again", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 1, 0, 0, 0])
    }),
    attack("dumpable-dirty", "does so with rubbish in the option's upper half", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize | 0x5a << 40, 1, 0, 0, 0])
    }),
    attack("outlive-the-launcher", "takes care not to end with the launcher", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as usize, 0, 0, 0, 0])
    }),
    attack("invite-debuggers", "lets any process debug it", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_PTRACER as usize, usize::MAX, 0, 0, 0])
    }),
    attack("invite-a-debugger", "has its parent debug it (PTRACE_TRACEME)", EVERYWHERE, |_| {
        does(libc::SYS_ptrace, [libc::PTRACE_TRACEME as usize, 0, 0, 0])
    }),
    attack("lie-in-proc", "changes what /proc says of it (PR_SET_MM)", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_MM as usize, 4, at(c"x") & !4095, 0, 0])
    }),
    attack("keep-rights", "keeps its rights across a change of user", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_SECUREBITS as usize, 0, 0, 0, 0])
    })
    .private(),
    attack("keep-orphans", "makes itself the parent of orphans", EVERYWHERE, |_| {
        does(libc::SYS_prctl, [libc::PR_SET_CHILD_SUBREAPER as usize, 1, 0, 0, 0])
    }),
    attack("address-of-threads", "moves its thread's base, as exploits do (arch_prctl)", STEADY, |_| {
        let mut base = 0u64;
        does(libc::SYS_arch_prctl, [0x1003, (&raw mut base) as usize])
    }),
    attack("file-mask", "has what it makes readable for everybody (umask)", EVERYWHERE, |_| does(libc::SYS_umask, [0])),
];
