//! Channels between ui and net that are no line.

use crate::attack::{Attack, EVERYWHERE, NET, UI, World, attack};
use crate::kernel::{Result, at, call, does, open, to};
use nix::libc;

/// A file that both can open: a library at the start, what the resolver reads once set up.
fn common(w: &World) -> Result<usize> {
    let library = w.library();
    open(&library, libc::O_RDONLY).or_else(|_| open(c"/etc/hosts", libc::O_RDONLY))
}

/// The first byte of a file, as fcntl wants it.
fn lock(kind: i32) -> [u64; 4] {
    [kind as u64, 0, 1, 0]
}

fn key(w: &World) -> usize {
    0x6275_0000 | (w.number as usize & 0xffff)
}

pub const ATTACKS: &[Attack] = &[
    attack("shared-segment", "makes a System V memory segment", EVERYWHERE, |w| {
        let made = call(libc::SYS_shmget, [key(w), 4096, 0o1600])?;
        does(libc::SYS_shmctl, [made, libc::IPC_RMID as usize, 0])
    }),
    attack("semaphore", "makes a System V semaphore", EVERYWHERE, |w| {
        let made = call(libc::SYS_semget, [key(w), 1, 0o1600])?;
        does(libc::SYS_semctl, [made, 0, libc::IPC_RMID as usize, 0])
    }),
    attack("message-queue", "makes a System V message queue", EVERYWHERE, |w| {
        let made = call(libc::SYS_msgget, [key(w), 0o1600])?;
        does(libc::SYS_msgctl, [made, libc::IPC_RMID as usize, 0])
    }),
    attack("named-queue", "makes a POSIX message queue", EVERYWHERE, |w| {
        let name = crate::attack::zero(format!("bulkhead-{}", w.number));
        does(libc::SYS_mq_open, [at(&name), (libc::O_CREAT | libc::O_RDWR) as usize, 0o600, 0])?;
        does(libc::SYS_mq_unlink, [at(&name)])
    }),
    attack("file-lock", "locks a file that the other can open, for the other to see (flock)", NET.and(UI), |w| {
        does(libc::SYS_flock, [common(w)?, libc::LOCK_SH as usize])
    }),
    attack("record-lock", "locks a part of it (F_OFD_SETLK)", NET.and(UI), |w| {
        let lock = lock(libc::F_RDLCK);
        does(libc::SYS_fcntl, [common(w)?, libc::F_OFD_SETLK as usize, to(&lock)])
    }),
    attack("see-record-lock", "looks whether the other has locked it (F_OFD_GETLK)", NET.and(UI), |w| {
        let lock = lock(libc::F_WRLCK);
        does(libc::SYS_fcntl, [common(w)?, libc::F_OFD_GETLK as usize, to(&lock)])
    }),
    attack("pipe", "makes a pipe", NET.and(UI), |_| {
        let mut ends = [0i32; 2];
        does(libc::SYS_pipe2, [ends.as_mut_ptr() as usize, 0])
    }),
    attack("shared-file", "leaves a file in /dev/shm for the other", NET.and(UI), |w| {
        let name = crate::attack::zero(format!("/dev/shm/bulkhead-channel-{}", w.number));
        let made = open(&name, libc::O_CREAT | libc::O_RDWR).map(drop);
        let _ = call(libc::SYS_unlink, [at(&name)]);
        made
    }),
    attack("processor-number", "speaks by the processor that it runs on", NET.and(UI), |_| {
        let mask = [u64::MAX; 16];
        does(libc::SYS_sched_setaffinity, [0, 128, to(&mask)])
    }),
    attack("own-priority", "speaks by its priority, which others can read", NET.and(UI), |_| {
        does(libc::SYS_setpriority, [libc::PRIO_PROCESS as usize, 0, 5])
    }),
];
