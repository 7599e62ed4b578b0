//! Running what is not the program.

use crate::attack::{Attack, EVERYWHERE, NET, STEADY, UI, VAULT, attack};
use crate::kernel::{self, HERE, Result, at, call, does, map, not_here, open, to};
use nix::libc;

const RW: i32 = libc::PROT_READ | libc::PROT_WRITE;
const RX: i32 = libc::PROT_READ | libc::PROT_EXEC;
const WX: i32 = libc::PROT_WRITE | libc::PROT_EXEC;

/// Becomes another program.
fn become_program(path: usize, arguments: &[usize]) -> Result<()> {
    let nothing = [0usize];
    does(libc::SYS_execve, [path, to(arguments), to(&nothing)])
}

/// A file in memory that holds a program.
fn in_memory() -> Result<usize> {
    let program = kernel::program();
    if program.is_empty() {
        return Err(not_here());
    }
    let file = call(libc::SYS_memfd_create, [at(c"x"), 0x10])?;
    does(libc::SYS_write, [file, program.as_ptr() as usize, program.len()])?;
    Ok(file)
}

fn child(result: Result<usize>) -> Result<()> {
    if result? == 0 {
        // SAFETY: the child ends at once.
        unsafe { libc::_exit(0) }
    }
    Ok(())
}

pub const ATTACKS: &[Attack] = &[
    attack("exec", "becomes another program", EVERYWHERE, |_| become_program(at(c"/bin/true"), &[at(c"true"), 0])),
    attack("exec-at", "does so with execveat", EVERYWHERE, |_| {
        let (arguments, nothing) = ([at(c"true"), 0], [0usize]);
        does(libc::SYS_execveat, [HERE, at(c"/bin/true"), to(&arguments), to(&nothing), 0])
    }),
    attack("shell", "becomes a shell", EVERYWHERE, |_| {
        become_program(at(c"/bin/sh"), &[at(c"sh"), at(c"-c"), at(c":"), 0])
    }),
    attack("exec-written-file", "writes a program into the profile and becomes it", VAULT, |w| {
        let program = kernel::program();
        if program.is_empty() {
            return Err(not_here());
        }
        let path = w.path("data/program");
        let file = call(libc::SYS_openat, [HERE, at(&path), (libc::O_CREAT | libc::O_WRONLY) as usize, 0o700])?;
        does(libc::SYS_write, [file, program.as_ptr() as usize, program.len()])?;
        does(libc::SYS_close, [file])?;
        become_program(at(&path), &[at(&path), 0])
    }),
    attack("exec-memory", "becomes a program that lies in memory (execveat)", EVERYWHERE, |_| {
        let (file, arguments, nothing) = (in_memory()?, [at(c"x"), 0], [0usize]);
        does(libc::SYS_execveat, [file, at(c""), to(&arguments), to(&nothing), libc::AT_EMPTY_PATH as usize])
    }),
    attack("exec-memory-by-name", "does so through /proc/self/fd", EVERYWHERE, |_| {
        let path = crate::attack::zero(format!("/proc/self/fd/{}", in_memory()?));
        become_program(at(&path), &[at(c"x"), 0])
    }),
    attack("exec-by-the-loader", "has the dynamic loader run another file", EVERYWHERE, |w| {
        let library = w.library();
        // The C library, run as a program, says its version; to nobody.
        does(libc::SYS_close, [1])?;
        become_program(at(c"/lib64/ld-linux-x86-64.so.2"), &[at(c"ld.so"), at(&library), 0])
    }),
    attack("fork", "forks", EVERYWHERE, |_| child(call(libc::SYS_fork, []))),
    attack("vfork", "forks without copying", EVERYWHERE, |_| {
        child(call(libc::SYS_clone, [(libc::CLONE_VFORK | libc::SIGCHLD) as usize, 0, 0, 0, 0]))
    }),
    attack("clone-process", "makes a process with clone", EVERYWHERE, |_| {
        child(call(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0, 0]))
    }),
    attack("clone-orphan", "makes a process that is the launcher's, not its own", EVERYWHERE, |_| {
        child(call(libc::SYS_clone, [(libc::CLONE_PARENT | libc::SIGCHLD) as usize, 0, 0, 0, 0]))
    }),
    attack("clone3-process", "makes a process with clone3, whose flags no filter sees", EVERYWHERE, |_| {
        let mut wanted = [0u64; 11];
        wanted[4] = libc::SIGCHLD as u64;
        child(call(libc::SYS_clone3, [to(&wanted), 64]))
    }),
    attack("clone-dirty", "makes a process with clone, its flags' upper half filled", EVERYWHERE, |_| {
        child(call(libc::SYS_clone, [libc::SIGCHLD as usize | 0x5a << 40, 0, 0, 0, 0]))
    }),
    attack("write-and-run", "maps memory that can be written and run", STEADY, |_| {
        map(4096, WX, libc::MAP_PRIVATE).map(drop)
    }),
    attack("map-code", "maps memory that can be run", STEADY, |_| map(4096, RX, libc::MAP_PRIVATE).map(drop)),
    attack("map-code-dirty", "maps it with rubbish in the rights' upper half", STEADY, |_| {
        let rights = RX as usize | 0x5a << 40;
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
        does(libc::SYS_mmap, [0, 4096, rights, flags, usize::MAX, 0])
    }),
    attack("map-shared-code", "maps shared memory that can be run", STEADY, |_| {
        map(4096, RX, libc::MAP_SHARED).map(drop)
    }),
    attack("make-code", "writes code, then makes the memory runnable", STEADY, |_| {
        let place = map(4096, RW, libc::MAP_PRIVATE)?;
        does(libc::SYS_mprotect, [place, 4096, RX as usize])
    }),
    attack("make-code-by-key", "does so with pkey_mprotect", STEADY, |_| {
        let place = map(4096, RW, libc::MAP_PRIVATE)?;
        does(libc::SYS_pkey_mprotect, [place, 4096, RX as usize, usize::MAX])
    }),
    attack("change-code", "makes its own code writable and runs what it writes", STEADY, |_| {
        let place = (change_me as extern "C" fn() as usize) & !4095;
        does(libc::SYS_mprotect, [place, 4096, (WX | libc::PROT_READ) as usize])
    }),
    attack("run-the-stack", "makes its stack runnable", STEADY, |_| {
        let here = [0u8; 8];
        does(libc::SYS_mprotect, [to(&here) & !4095, 4096, (WX | libc::PROT_READ) as usize])
    }),
    attack("attach-code", "attaches shared memory that can be run (shmat)", STEADY, |_| {
        let shared = call(libc::SYS_shmget, [0, 4096, 0o700])?;
        let attached = does(libc::SYS_shmat, [shared, 0, libc::SHM_EXEC as usize]);
        let _ = call(libc::SYS_shmctl, [shared, libc::IPC_RMID as usize, 0]);
        attached
    }),
    attack("reading-is-running", "asks that all that can be read can be run (personality)", EVERYWHERE, |_| {
        does(libc::SYS_personality, [0x40_0000])
    }),
    attack("low-memory", "asks to lay memory out where it likes (personality)", EVERYWHERE, |_| {
        does(libc::SYS_personality, [0x4_0000])
    }),
    attack("map-file-code", "maps a file in memory both to write and to run", STEADY, |_| {
        let file = call(libc::SYS_memfd_create, [at(c"x"), 0])?;
        does(libc::SYS_ftruncate, [file, 4096])?;
        does(libc::SYS_mmap, [0, 4096, RW as usize, libc::MAP_SHARED as usize, file, 0])?;
        does(libc::SYS_mmap, [0, 4096, RX as usize, libc::MAP_SHARED as usize, file, 0])
    }),
    attack("map-library", "maps a shared library's code", STEADY, |w| {
        let path = w.library();
        let file = open(&path, libc::O_RDONLY)?;
        does(libc::SYS_mmap, [0, 4096, RX as usize, libc::MAP_PRIVATE as usize, file, 0])
    }),
    attack("rearrange-pages", "rearranges pages of a mapping (remap_file_pages)", STEADY, |_| {
        let place = map(8192, libc::PROT_READ, libc::MAP_SHARED)?;
        does(libc::SYS_remap_file_pages, [place, 4096, 0, 1, 0])
    }),
    attack("make-memory-file", "makes a file in memory", NET.and(UI), |_| does(libc::SYS_memfd_create, [at(c"x"), 0])),
    attack("new-thread", "starts a thread that its record would not show", UI, |_| {
        std::thread::Builder::new().spawn(|| ()).map(drop)
    }),
    attack("segments", "changes its segment table (modify_ldt)", EVERYWHERE, |_| {
        let mut room = [0u8; 64];
        does(libc::SYS_modify_ldt, [0, room.as_mut_ptr() as usize, 64])
    }),
    attack("handler", "installs a signal handler of its own", STEADY, |_| {
        let action = [0usize; 4];
        does(libc::SYS_rt_sigaction, [libc::SIGUSR1 as usize, to(&action), 0, 8])
    }),
];

extern "C" fn change_me() {}
