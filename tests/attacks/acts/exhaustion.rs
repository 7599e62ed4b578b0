//! Taking all of something: limits must hold.

use crate::attack::{Attack, EVERYWHERE, attack};
use crate::kernel::{HERE, Result, at, call, does, map};
use nix::libc;

const RW: i32 = libc::PROT_READ | libc::PROT_WRITE;
/// More than any of the processes may have, and no more than an address: nothing is touched.
const HUGE: usize = 64 << 30;
/// More descriptors than any may have.
const DESCRIPTORS: usize = 4200;
/// More than any disk that a message store should fill.
const FILE: usize = 4 << 40;

fn threads(count: usize) -> Result<()> {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let held = receiver.lock();
    for _ in 0..count {
        let receiver = receiver.clone();
        std::thread::Builder::new().stack_size(16 << 10).spawn(move || drop(receiver.lock()))?;
    }
    // They stay until the end: a thread that ends makes calls of its own, which is not what is tried.
    std::mem::forget(held);
    std::mem::forget(sender);
    Ok(())
}

pub const ATTACKS: &[Attack] = &[
    attack("memory", "takes 64 GiB of memory", EVERYWHERE, |_| {
        map(HUGE, RW, libc::MAP_PRIVATE | libc::MAP_NORESERVE).map(drop)
    }),
    attack("shared-memory", "takes 64 GiB of shared memory", EVERYWHERE, |_| {
        map(HUGE, RW, libc::MAP_SHARED | libc::MAP_NORESERVE).map(drop)
    }),
    attack("many-mappings", "takes 64 GiB in small pieces", EVERYWHERE, |_| {
        (0..64).try_for_each(|_| map(1 << 30, RW, libc::MAP_PRIVATE | libc::MAP_NORESERVE).map(drop))
    }),
    attack("grown-mapping", "makes a small piece grow to 64 GiB", EVERYWHERE, |_| {
        let place = map(4096, RW, libc::MAP_PRIVATE | libc::MAP_NORESERVE)?;
        does(libc::SYS_mremap, [place, 4096, HUGE, libc::MREMAP_MAYMOVE as usize, 0])
    }),
    attack("locked-memory", "keeps all its memory from being swapped out, whatever it grows to", EVERYWHERE, |_| {
        does(libc::SYS_mlockall, [2])
    }),
    attack("descriptors", "opens 4,200 descriptors", EVERYWHERE, |_| {
        (0..DESCRIPTORS).try_for_each(|_| does(libc::SYS_fcntl, [0, libc::F_DUPFD as usize, 0]))
    }),
    attack("descriptors-by-dup", "does so with dup", EVERYWHERE, |_| {
        (0..DESCRIPTORS).try_for_each(|_| does(libc::SYS_dup, [0]))
    }),
    attack("processes", "makes processes without end", EVERYWHERE, |_| {
        for _ in 0..20 {
            if call(libc::SYS_fork, [])? == 0 {
                // SAFETY: the child ends at once.
                unsafe { libc::_exit(0) }
            }
        }
        Ok(())
    }),
    attack("threads", "makes 1,500 threads", EVERYWHERE, |_| threads(1500)),
    attack("huge-file", "makes a file of 4 TiB in the profile", EVERYWHERE, |w| {
        let path = w.path("data/huge");
        let file = call(libc::SYS_openat, [HERE, at(&path), (libc::O_CREAT | libc::O_RDWR) as usize, 0o600])?;
        let grown = does(libc::SYS_ftruncate, [file, FILE]);
        let _ = call(libc::SYS_unlink, [at(&path)]);
        grown
    }),
    attack("full-disk", "takes up a terabyte of the disk for a file outside the profile", EVERYWHERE, |w| {
        let path = w.path("home/huge");
        let file = call(libc::SYS_openat, [HERE, at(&path), (libc::O_CREAT | libc::O_RDWR) as usize, 0o600])?;
        let grown = does(libc::SYS_ftruncate, [file, 1 << 40]);
        let _ = call(libc::SYS_unlink, [at(&path)]);
        grown
    }),
    attack("first-in-line", "takes the processor from everybody (real-time priority)", EVERYWHERE, |_| {
        let priority = 1i32;
        does(libc::SYS_sched_setscheduler, [0, libc::SCHED_FIFO as usize, (&raw const priority) as usize])
    }),
    attack("higher-priority", "makes itself more important than others", EVERYWHERE, |_| {
        does(libc::SYS_setpriority, [libc::PRIO_PROCESS as usize, 0, usize::MAX])
    }),
    attack("deadline", "asks for the processor at fixed times", EVERYWHERE, |_| {
        let wanted: [u64; 6] = [48 | 6 << 32, 0, 0, 1_000_000, 10_000_000, 10_000_000];
        does(libc::SYS_sched_setattr, [0, (&raw const wanted) as usize, 0])
    }),
];
