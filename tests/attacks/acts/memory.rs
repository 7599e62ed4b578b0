//! Reading and writing what is in another process's memory.

use crate::attack::{Attack, EVERYWHERE, attack};
use crate::kernel::{Result, at, call, does, read, to};
use nix::libc;

fn remote(call: i64, process: i32, place: usize) -> Result<()> {
    let mut byte = [0u8; 4];
    let here = [byte.as_mut_ptr() as usize, 4];
    let there = [place, 4];
    does(call, [process as usize, to(&here), 1, to(&there), 1, 0])
}

fn handle(process: i32) -> Result<usize> {
    call(libc::SYS_pidfd_open, [process as usize, 0])
}

pub const ATTACKS: &[Attack] = &[
    attack("read-memory", "reads another process's memory (process_vm_readv)", EVERYWHERE, |w| {
        remote(libc::SYS_process_vm_readv, w.victim, w.readable)
    })
    .victim(),
    attack("write-memory", "writes it (process_vm_writev)", EVERYWHERE, |w| {
        remote(libc::SYS_process_vm_writev, w.victim, w.writable)
    })
    .victim(),
    attack("memory-file", "reads it through /proc/PID/mem", EVERYWHERE, |w| {
        let path = format!("/proc/{}/mem", w.victim);
        let file = crate::kernel::open(&crate::attack::zero(path), libc::O_RDONLY)?;
        let mut byte = [0u8; 1];
        does(libc::SYS_pread64, [file, byte.as_mut_ptr() as usize, 1, w.readable])
    })
    .victim(),
    attack("trace-seize", "attaches as a debugger without stopping it", EVERYWHERE, |w| {
        does(libc::SYS_ptrace, [libc::PTRACE_SEIZE as usize, w.victim as usize, 0, 0])
    })
    .victim(),
    attack("trace-attach", "attaches as a debugger", EVERYWHERE, |w| {
        does(libc::SYS_ptrace, [libc::PTRACE_ATTACH as usize, w.victim as usize, 0, 0])
    })
    .victim(),
    attack("process-handle", "gets a handle on another process (pidfd_open)", EVERYWHERE, |w| {
        handle(w.victim).map(drop)
    })
    .victim(),
    attack("steal-descriptor", "takes another process's descriptor (pidfd_getfd)", EVERYWHERE, |w| {
        read(call(libc::SYS_pidfd_getfd, [handle(w.victim)?, 0, 0])?)
    })
    .victim(),
    attack("compare-descriptors", "learns which resources others share (kcmp)", EVERYWHERE, |w| {
        // SAFETY: asks for a number.
        let own = unsafe { libc::syscall(libc::SYS_gettid) };
        does(libc::SYS_kcmp, [w.victim as usize, own as usize, 2, 0, 0])
    })
    .victim(),
    attack("advise-memory", "pushes another's memory out (process_madvise)", EVERYWHERE, |w| {
        let there = [w.readable & !4095, 4096];
        does(libc::SYS_process_madvise, [handle(w.victim)?, to(&there), 1, 20, 0])
    })
    .victim(),
    attack("move-memory", "moves another's memory between nodes (migrate_pages)", EVERYWHERE, |w| {
        let nodes = [1u64];
        does(libc::SYS_migrate_pages, [w.victim as usize, 64, to(&nodes), to(&nodes)])
    })
    .victim(),
    attack("where-memory-lies", "asks on which node another's memory lies (move_pages)", EVERYWHERE, |w| {
        let (pages, mut status) = ([w.readable & !4095], [0i32]);
        does(libc::SYS_move_pages, [w.victim as usize, 1, to(&pages), 0, status.as_mut_ptr() as usize, 0])
    })
    .victim(),
    attack("lock-list", "reads where another keeps its locks (get_robust_list)", EVERYWHERE, |w| {
        let (mut head, mut length) = (0usize, 0usize);
        does(libc::SYS_get_robust_list, [w.victim as usize, (&raw mut head) as usize, (&raw mut length) as usize])
    })
    .victim(),
    attack("count-events", "counts another's page faults and instructions (perf_event_open)", EVERYWHERE, |w| {
        let mut wanted = [0u32; 32];
        // A software event (page faults), user space only.
        (wanted[0], wanted[1], wanted[2], wanted[10]) = (1, 128, 2, 0x61);
        does(libc::SYS_perf_event_open, [to(&wanted), w.victim as usize, usize::MAX, usize::MAX, 0])
    })
    .victim(),
    attack("resident-pages", "learns which pages of a library others use (mincore)", EVERYWHERE, |_| {
        let mut found = [0u8; 1];
        does(libc::SYS_mincore, [at(c"x") & !4095, 4096, found.as_mut_ptr() as usize])
    }),
    attack("cached-pages", "learns the same of a file (cachestat)", EVERYWHERE, |w| {
        let path = w.library();
        let file = crate::kernel::open(&path, libc::O_RDONLY)?;
        let (range, mut found) = ([0u64; 2], [0u64; 5]);
        does(451, [file, to(&range), found.as_mut_ptr() as usize, 0])
    }),
];
