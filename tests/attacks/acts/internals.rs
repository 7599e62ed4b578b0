//! Doors into the kernel that most programs never open, where most of its defects are.

use crate::attack::{Attack, EVERYWHERE, Lines, attack};
use crate::kernel::{at, does, judged, map, nothing, to};
use nix::libc;

const ANYONE: u32 = 0xffff_fffd;

pub const ATTACKS: &[Attack] = &[
    attack("io-uring", "sets up a ring by which calls pass every filter", EVERYWHERE, |_| {
        let mut wanted = [0u8; 120];
        does(libc::SYS_io_uring_setup, [1, wanted.as_mut_ptr() as usize])
    }),
    attack("bpf-map", "makes a map for programs in the kernel", EVERYWHERE, |_| {
        let wanted: [u32; 32] = {
            let mut w = [0; 32];
            (w[0], w[1], w[2], w[3]) = (2, 4, 4, 1);
            w
        };
        does(libc::SYS_bpf, [0, to(&wanted), 72])
    }),
    attack("perf-events", "watches its own processor through the kernel", EVERYWHERE, |_| {
        let mut wanted = [0u32; 32];
        (wanted[0], wanted[1], wanted[2], wanted[10]) = (1, 128, 0, 0x61);
        does(libc::SYS_perf_event_open, [to(&wanted), 0, usize::MAX, usize::MAX, 0])
    }),
    attack("page-faults", "handles page faults itself, to stop the kernel half way (userfaultfd)", EVERYWHERE, |_| {
        does(libc::SYS_userfaultfd, [1])
    }),
    attack("add-key", "puts a key into the kernel's key store", EVERYWHERE, |_| {
        does(libc::SYS_add_key, [at(c"user"), at(c"bulkhead"), at(c"x"), 1, ANYONE as usize])
    }),
    attack("request-key", "has a program of the system fetch a key", EVERYWHERE, |_| {
        judged(libc::SYS_request_key, [at(c"user"), at(c"bulkhead-none"), 0, 0], &[libc::ENOKEY])
    }),
    attack("key-ring", "opens the session's key ring", EVERYWHERE, |_| does(libc::SYS_keyctl, [0, ANYONE as usize, 1])),
    attack("kernel-log", "reads the kernel's log", EVERYWHERE, |_| {
        let mut room = [0u8; 256];
        does(libc::SYS_syslog, [3, room.as_mut_ptr() as usize, room.len()])
    }),
    attack("kernel-log-size", "asks how large it is", EVERYWHERE, |_| does(libc::SYS_syslog, [10, 0, 0])),
    attack("load-module", "loads a module into the kernel", EVERYWHERE, |_| {
        judged(libc::SYS_init_module, [at(c"x"), 1, at(c"")], &[libc::ENOEXEC, libc::EFAULT])
    }),
    attack("unload-module", "takes a module out of the kernel", EVERYWHERE, |_| {
        judged(libc::SYS_delete_module, [at(c"bulkhead_none"), 0x800], &[libc::ENOENT])
    }),
    attack("replace-kernel", "loads another kernel", EVERYWHERE, |_| {
        judged(libc::SYS_kexec_load, [0, 99, 0, 0], &[libc::EINVAL])
    }),
    attack("quota", "works on disk quotas", EVERYWHERE, |_| does(libc::SYS_quotactl, [0x8000_0100, 0, 0, 0])),
    attack("accounting", "switches process accounting off", EVERYWHERE, |_| {
        judged(libc::SYS_acct, [at(c"/nonexistent/file")], &[libc::ENOENT])
    }),
    attack("swap", "has memory written to a file of its choice", EVERYWHERE, |_| {
        judged(libc::SYS_swapon, [at(c"/nonexistent/file"), 0], &[libc::ENOENT])
    }),
    attack("reboot", "restarts the machine (with a wrong magic number)", EVERYWHERE, |_| {
        judged(libc::SYS_reboot, [1, 2, 3, 0], &[libc::EINVAL])
    }),
    attack("set-clock", "sets the machine's clock (to nothing)", EVERYWHERE, |_| does(libc::SYS_settimeofday, [0, 0])),
    attack("set-clock-by-id", "sets it by its number", EVERYWHERE, |_| {
        // A time that no clock can have: who may set it is told so.
        let time = [0i64, -1];
        judged(libc::SYS_clock_settime, [0, to(&time)], &[libc::EINVAL])
    }),
    attack("clock-drift", "reads how the machine's clock is kept right", EVERYWHERE, |_| {
        let mut room = [0u64; 64];
        does(libc::SYS_adjtimex, [room.as_mut_ptr() as usize])
    }),
    attack("host-name", "changes the machine's name", EVERYWHERE, |_| does(libc::SYS_sethostname, [at(c"mine"), 4]))
        .private(),
    attack("domain-name", "changes the machine's domain", EVERYWHERE, |_| {
        does(libc::SYS_setdomainname, [at(c"mine"), 4])
    })
    .private(),
    attack(
        "kernel-version",
        "asks for the machine's name and kernel (uname)",
        crate::attack::NET.and(crate::attack::UI),
        |_| {
            let mut room = [0u8; 400];
            does(libc::SYS_uname, [room.as_mut_ptr() as usize])
        },
    ),
    attack("load-average", "asks how busy the machine is (sysinfo)", crate::attack::NET.and(crate::attack::UI), |_| {
        let mut room = [0u8; 256];
        does(libc::SYS_sysinfo, [room.as_mut_ptr() as usize])
    }),
    attack("hang-up", "hangs up the user's terminal", EVERYWHERE, |_| does(libc::SYS_vhangup, [])).private(),
    attack("ports", "works on the machine's ports (ioperm)", EVERYWHERE, |_| does(libc::SYS_ioperm, [0x80, 1, 1])),
    attack("all-ports", "works on all of them (iopl)", EVERYWHERE, |_| does(libc::SYS_iopl, [3])),
    attack("asynchronous-io", "sets up the older asynchronous input and output", EVERYWHERE, |_| {
        let mut context = 0u64;
        does(libc::SYS_io_setup, [1, (&raw mut context) as usize])
    }),
    attack("file-systems", "lists the kernel's file systems", EVERYWHERE, |_| does(libc::SYS_sysfs, [3])),
    attack("splice-pages", "gives pages of its memory to a pipe (vmsplice)", EVERYWHERE, |_| {
        let mut ends = [0i32; 2];
        does(libc::SYS_pipe2, [ends.as_mut_ptr() as usize, 0])?;
        let part = [at(c"x"), 1];
        does(libc::SYS_vmsplice, [ends[1] as usize, to(&part), 1, 0])
    }),
    attack("poll-timer", "makes a timer that it can wait for", crate::attack::NET.and(crate::attack::UI), |_| {
        does(libc::SYS_timerfd_create, [1, 0])
    }),
    attack("kernel-timer", "makes a timer that signals", EVERYWHERE, |_| {
        let mut number = 0i32;
        does(libc::SYS_timer_create, [1, 0, (&raw mut number) as usize])
    }),
    attack("alarm", "has itself woken by an alarm", EVERYWHERE, |_| {
        let alarm = [0i64; 4];
        does(libc::SYS_setitimer, [0, to(&alarm), 0])
    }),
    attack("signal-descriptor", "reads signals from a descriptor", EVERYWHERE, |_| {
        let set = 0u64;
        does(libc::SYS_signalfd4, [usize::MAX, to(&set), 8, 0])
    }),
    attack("memory-barrier", "interrupts all processors (membarrier)", EVERYWHERE, |_| {
        does(libc::SYS_membarrier, [1, 0, 0])
    }),
    attack("write-all-disks", "has all disks written out (sync)", EVERYWHERE, |_| does(libc::SYS_sync, [])),
    attack("type-into-terminal", "types into the user's terminal (TIOCSTI)", EVERYWHERE, |_| {
        does(libc::SYS_ioctl, [3, libc::TIOCSTI as usize, at(c"x")])
    })
    .on(Lines::Terminal),
    attack("type-into-terminal-dirty", "does so with rubbish in the command's upper half", EVERYWHERE, |_| {
        does(libc::SYS_ioctl, [3, libc::TIOCSTI as usize | 0x5a << 40, at(c"x")])
    })
    .on(Lines::Terminal),
    attack("terminal-size", "changes the user's terminal", EVERYWHERE, |_| {
        let size = [40u16; 4];
        does(libc::SYS_ioctl, [3, libc::TIOCSWINSZ as usize, to(&size)])
    })
    .on(Lines::Terminal),
    attack("terminal-settings", "makes the user's terminal show what is typed in secret", EVERYWHERE, |_| {
        let mut settings = [0u8; 64];
        does(libc::SYS_ioctl, [3, libc::TCGETS as usize, settings.as_mut_ptr() as usize])?;
        does(libc::SYS_ioctl, [3, libc::TCSETS as usize, to(&settings)])
    })
    .on(Lines::Terminal),
    attack("terminal-discipline", "changes how the kernel handles the user's terminal (TIOCSETD)", EVERYWHERE, |_| {
        let discipline = 0i32;
        does(libc::SYS_ioctl, [3, 0x5423, to(&discipline)])
    })
    .on(Lines::Terminal),
    attack("random-pool", "stirs the kernel's randomness", EVERYWHERE, |_| {
        let random = crate::kernel::open(c"/dev/urandom", libc::O_RDWR)?;
        let pool = [1i32, 4, 0];
        does(libc::SYS_ioctl, [random, 0x4008_5203, to(&pool)])
    }),
    attack("huge-pages", "maps huge pages of the machine", EVERYWHERE, |_| {
        map(1 << 21, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_HUGETLB).map(drop)
    }),
    attack("unknown-call", "makes a call that this kernel may have and ours does not know", EVERYWHERE, |_| {
        // The newest that is known to exist everywhere that Landlock's scopes do: mseal.
        let place = map(4096, libc::PROT_READ, libc::MAP_PRIVATE)?;
        if place == 0 {
            return Err(nothing());
        }
        does(462, [place, 4096, 0])
    }),
];
