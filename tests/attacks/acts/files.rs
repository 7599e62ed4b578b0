//! The user's files, and what the machine tells in files.

use crate::attack::{Attack, EVERYWHERE, Lines, NET, UI, UI_STEADY, VAULT, VAULT_STEADY, attack};
use crate::kernel::{HERE, at, call, does, nothing, open, read, to};
use nix::libc;

const DIRECTORY: i32 = libc::O_RDONLY | libc::O_DIRECTORY;

fn list(path: &std::ffi::CString) -> crate::kernel::Result<()> {
    let folder = open(path, DIRECTORY)?;
    let mut room = [0u8; 1024];
    match call(libc::SYS_getdents64, [folder, room.as_mut_ptr() as usize, room.len()])? {
        0 => Err(nothing()),
        _ => Ok(()),
    }
}

pub const ATTACKS: &[Attack] = &[
    attack("open-ssh-key", "opens the user's private key", EVERYWHERE, |w| w.read(&w.key())),
    attack("open-by-the-older-call", "opens it with open instead of openat", EVERYWHERE, |w| {
        read(call(libc::SYS_open, [at(&w.key()), 0])?)
    }),
    attack("openat2", "opens it with openat2", EVERYWHERE, |w| {
        let how = [0u64; 3];
        read(call(libc::SYS_openat2, [HERE, at(&w.key()), to(&how), 24])?)
    }),
    attack("open-to-write", "opens it to write", EVERYWHERE, |w| open(&w.key(), libc::O_RDWR).map(drop)),
    attack("create-file", "creates a file in the user's home", EVERYWHERE, |w| {
        open(&w.path("home/.bashrc"), libc::O_CREAT | libc::O_WRONLY).map(drop)
    }),
    attack("create-unnamed-file", "creates a file without a name in the user's home", EVERYWHERE, |w| {
        open(&w.path("home"), libc::O_TMPFILE | libc::O_WRONLY).map(drop)
    }),
    attack("list-home", "lists the user's home", EVERYWHERE, |w| list(&w.path("home"))),
    attack("list-root", "lists the root folder", EVERYWHERE, |_| list(&c"/".to_owned())),
    attack("list-processes", "lists /proc", EVERYWHERE, |_| list(&c"/proc".to_owned())),
    attack("list-network-devices", "lists /sys/class/net", EVERYWHERE, |_| list(&c"/sys/class/net".to_owned())),
    attack("list-devices", "lists /dev", EVERYWHERE, |_| list(&c"/dev".to_owned())),
    attack("user-list", "reads /etc/passwd", EVERYWHERE, |w| w.read(&c"/etc/passwd".to_owned())),
    attack("host-name-file", "reads /proc/sys/kernel/hostname", EVERYWHERE, |w| {
        w.read(&c"/proc/sys/kernel/hostname".to_owned())
    }),
    attack("boot-id", "reads the number of this boot", EVERYWHERE, |w| {
        w.read(&c"/proc/sys/kernel/random/boot_id".to_owned())
    }),
    attack("kernel-settings", "opens a kernel setting to write", EVERYWHERE, |_| {
        open(c"/proc/self/oom_score_adj", libc::O_WRONLY).map(drop)
    }),
    attack("dot-dot", "goes from a folder that it may read up and down to the key", EVERYWHERE, |w| {
        w.read(&w.key_after("/usr/lib/../.."))
    }),
    attack("directory-descriptor", "opens the key relative to a folder that it may read", EVERYWHERE, |w| {
        let folder = open(c"/usr/lib", DIRECTORY)?;
        let path = w.key_after("../..");
        read(call(libc::SYS_openat, [folder, at(&path), 0])?)
    }),
    attack("path-descriptor", "opens a folder as a mere path, then the key in it", EVERYWHERE, |w| {
        let folder = open(&w.path("home/.ssh"), libc::O_PATH)?;
        read(call(libc::SYS_openat, [folder, at(c"id_ed25519"), 0])?)
    }),
    attack("own-root", "opens the key below /proc/self/root", EVERYWHERE, |w| w.read(&w.key_after("/proc/self/root"))),
    attack("other-root", "opens the key below another process's root", EVERYWHERE, |w| {
        w.read(&w.key_after(&format!("/proc/{}/root", w.victim)))
    })
    .victim(),
    attack("other-descriptor", "opens what another process has open", EVERYWHERE, |w| {
        let path = format!("/proc/{}/fd/0", w.victim);
        w.read(&crate::attack::zero(path))
    })
    .victim(),
    attack("other-environment", "reads another process's environment", EVERYWHERE, |w| {
        let path = format!("/proc/{}/environ", w.victim);
        w.read(&crate::attack::zero(path))
    })
    .victim(),
    attack("other-command-line", "reads another process's command line", EVERYWHERE, |w| {
        let path = format!("/proc/{}/cmdline", w.victim);
        w.read(&crate::attack::zero(path))
    })
    .victim(),
    attack("other-maps", "reads another process's memory map", EVERYWHERE, |w| {
        let path = format!("/proc/{}/maps", w.victim);
        w.read(&crate::attack::zero(path))
    })
    .victim(),
    attack("own-maps", "reads its own memory map, past what randomises addresses", EVERYWHERE, |w| {
        w.read(&c"/proc/self/maps".to_owned())
    }),
    attack("own-descriptors", "opens a line again by its name in /proc", EVERYWHERE, |_| {
        list(&c"/proc/self/fd".to_owned())
    }),
    attack("followed-link", "opens the key through a link that lies about in the profile", EVERYWHERE, |w| {
        w.read(&w.path("data/link"))
    }),
    attack("make-link", "makes a symbolic link to the key in the profile", EVERYWHERE, |w| {
        does(libc::SYS_symlinkat, [at(&w.key()), HERE, at(&w.path("data/mine"))])
    }),
    attack("make-hard-link", "gives the key a second name in the profile", EVERYWHERE, |w| {
        does(libc::SYS_linkat, [HERE, at(&w.key()), HERE, at(&w.path("data/mine")), 0])
    }),
    attack("move-key", "moves the key into the profile", EVERYWHERE, |w| {
        does(libc::SYS_renameat2, [HERE, at(&w.key()), HERE, at(&w.path("data/mine")), 0])
    }),
    attack("move-key-by-the-older-call", "moves it with rename", EVERYWHERE, |w| {
        does(libc::SYS_rename, [at(&w.key()), at(&w.path("data/mine"))])
    }),
    attack("remove-key", "removes the key", EVERYWHERE, |w| does(libc::SYS_unlink, [at(&w.key())])),
    attack("remove-key-at", "removes it with unlinkat", EVERYWHERE, |w| {
        does(libc::SYS_unlinkat, [HERE, at(&w.key()), 0])
    }),
    attack("truncate-key", "empties the key", EVERYWHERE, |w| does(libc::SYS_truncate, [at(&w.key()), 0])),
    attack("publish-key", "lets everybody read the key", EVERYWHERE, |w| {
        does(libc::SYS_fchmodat, [HERE, at(&w.key()), 0o644])
    }),
    attack("own-key", "changes the key's owner (to the one it has)", EVERYWHERE, |w| {
        // SAFETY: asks for a number.
        let (user, group) = unsafe { (libc::getuid(), libc::getgid()) };
        does(libc::SYS_fchownat, [HERE, at(&w.key()), user as usize, group as usize, 0])
    }),
    attack("touch-key", "changes the key's times", EVERYWHERE, |w| {
        does(libc::SYS_utimensat, [HERE, at(&w.key()), 0, 0])
    }),
    attack("mark-key", "hangs an attribute on the key", EVERYWHERE, |w| {
        does(libc::SYS_setxattr, [at(&w.key()), at(c"user.mark"), at(c"x"), 1, 0])
    }),
    attack("make-folder", "makes a folder in the user's home", EVERYWHERE, |w| {
        does(libc::SYS_mkdirat, [HERE, at(&w.path("home/.config")), 0o700])
    }),
    attack("make-pipe-file", "makes a named pipe in the user's home", EVERYWHERE, |w| {
        does(libc::SYS_mknodat, [HERE, at(&w.path("home/pipe")), (libc::S_IFIFO | 0o600) as usize, 0])
    }),
    attack("make-device", "makes a device file for the machine's memory", EVERYWHERE, |w| {
        does(libc::SYS_mknodat, [HERE, at(&w.path("home/mem")), (libc::S_IFCHR | 0o600) as usize, 0x101])
    }),
    attack("change-folder", "goes into the user's home", EVERYWHERE, |w| does(libc::SYS_chdir, [at(&w.path("home"))])),
    attack("file-size-and-time", "asks how large the key is and when it was changed (newfstatat)", EVERYWHERE, |w| {
        let mut room = [0u8; 256];
        does(libc::SYS_newfstatat, [HERE, at(&w.key()), room.as_mut_ptr() as usize, 0])
    }),
    attack("file-size-and-time-by-statx", "asks the same with statx", EVERYWHERE, |w| {
        let mut room = [0u8; 256];
        does(libc::SYS_statx, [HERE, at(&w.key()), 0, 0xfff, room.as_mut_ptr() as usize])
    }),
    attack("file-size-and-time-by-stat", "asks the same with stat", EVERYWHERE, |w| {
        let mut room = [0u8; 256];
        does(libc::SYS_stat, [at(&w.key()), room.as_mut_ptr() as usize])
    }),
    attack("file-exists", "asks whether the key exists (access)", EVERYWHERE, |w| {
        does(libc::SYS_access, [at(&w.key()), 0])
    }),
    attack("link-target", "reads where a link in the user's home leads", EVERYWHERE, |w| {
        let mut room = [0u8; 256];
        does(libc::SYS_readlink, [at(&w.path("home/link")), room.as_mut_ptr() as usize, room.len()])
    }),
    attack("disk-space", "asks how full the user's disk is (statfs)", EVERYWHERE, |w| {
        let mut room = [0u8; 256];
        does(libc::SYS_statfs, [at(&w.path("home")), room.as_mut_ptr() as usize])
    }),
    attack("file-handle", "opens the key by its number on the disk", EVERYWHERE, |w| {
        let mut handle = [0u32; 34];
        handle[0] = 128;
        let mut mount = 0i32;
        let (room, place) = (handle.as_mut_ptr() as usize, (&raw mut mount) as usize);
        does(libc::SYS_name_to_handle_at, [HERE, at(&w.key()), room, place, 0])?;
        let folder = open(&w.path("home"), DIRECTORY)?;
        read(call(libc::SYS_open_by_handle_at, [folder, room, 0])?)
    }),
    attack("watch-home", "is told whenever something in the user's home changes (inotify)", EVERYWHERE, |w| {
        let watch = call(libc::SYS_inotify_init1, [0])?;
        does(libc::SYS_inotify_add_watch, [watch, at(&w.path("home")), libc::IN_ALL_EVENTS as usize])
    }),
    attack("watch-disk", "is told of every file that anybody opens (fanotify)", EVERYWHERE, |_| {
        does(libc::SYS_fanotify_init, [0x200, 0])
    }),
    attack("watch-folder", "is told when programs read shared libraries (F_NOTIFY)", EVERYWHERE, |_| {
        let folder = open(c"/usr/lib", DIRECTORY)?;
        does(libc::SYS_fcntl, [folder, libc::F_NOTIFY as usize, 0x1])
    }),
    attack("lease", "holds up whoever updates a shared library (F_SETLEASE)", EVERYWHERE, |w| {
        let file = open(&w.library(), libc::O_RDONLY)?;
        does(libc::SYS_fcntl, [file, libc::F_SETLEASE as usize, libc::F_RDLCK as usize])
    }),
    attack("new-terminal", "opens a terminal of its own", EVERYWHERE, |_| open(c"/dev/ptmx", libc::O_RDWR).map(drop)),
    attack("machine-memory", "opens the machine's memory", EVERYWHERE, |_| open(c"/dev/mem", libc::O_RDONLY).map(drop)),
    attack("kernel-log-device", "writes to the kernel's log", EVERYWHERE, |_| {
        open(c"/dev/kmsg", libc::O_WRONLY).map(drop)
    }),
    attack("file-system-device", "opens the device for file systems of one's own", EVERYWHERE, |_| {
        open(c"/dev/fuse", libc::O_RDWR).map(drop)
    }),
    attack("store", "reads the profile's store", NET.and(UI), |w| w.read(&w.path("data/store.db"))),
    attack("profile-list", "lists the profile's folder", NET.and(UI), |w| list(&w.path("data"))),
    attack("others-shared-memory", "reads shared memory of another program in /dev/shm", EVERYWHERE, |w| {
        let path = format!("/dev/shm/bulkhead-attacks-{}", w.number);
        w.read(&crate::attack::zero(path))
    }),
    attack("own-memory-file", "writes its own code through /proc/self/mem", EVERYWHERE, |_| {
        let memory = open(c"/proc/self/mem", libc::O_RDWR)?;
        let place = to(&READ_ONLY);
        does(libc::SYS_pwrite64, [memory, at(c"x"), 1, place])
    }),
    attack("inherited-descriptor", "uses a descriptor that the launcher's parents left open", EVERYWHERE, |_| {
        let mut room = [0u8; 256];
        let there =
            |number: &usize| call(libc::SYS_newfstatat, [*number, at(c""), room.as_mut_ptr() as usize, 0x1000]).is_ok();
        (5..256).find(there).map(drop).ok_or_else(nothing)
    }),
    attack("standard-input", "reads what the user types at the launcher", EVERYWHERE, |_| read(0)),
    attack("environment", "reads a variable of the user's environment", EVERYWHERE, |_| {
        std::env::var_os("SSH_AUTH_SOCK").map(drop).ok_or_else(nothing)
    }),
    attack("preload", "is given a library by LD_PRELOAD", EVERYWHERE, |_| {
        std::env::var_os("LD_PRELOAD").map(drop).ok_or_else(nothing)
    }),
    attack("shrink-frame", "shrinks the frame memory under the vault's eyes", UI.and(VAULT), |_| {
        does(libc::SYS_ftruncate, [3, 0])
    })
    .on(Lines::Frame),
    attack("grow-frame", "makes the frame memory grow", UI.and(VAULT), |_| does(libc::SYS_ftruncate, [3, 1 << 30]))
        .on(Lines::Frame),
    attack("seal-frame", "seals the frame memory against being written", UI.and(VAULT), |_| {
        does(libc::SYS_fcntl, [3, libc::F_ADD_SEALS as usize, libc::F_SEAL_FUTURE_WRITE as usize])
    })
    .on(Lines::Frame),
    attack("grow-frame-by-allocating", "makes the frame memory grow with fallocate", UI.and(VAULT), |_| {
        does(libc::SYS_fallocate, [3, 0, 1 << 20, 1 << 20])
    })
    .on(Lines::Frame),
    attack("frame-as-code", "maps the frame memory as code", UI_STEADY.and(VAULT_STEADY), |_| {
        let rights = libc::PROT_READ | libc::PROT_EXEC;
        does(libc::SYS_mmap, [0, 4096, rights as usize, libc::MAP_SHARED as usize, 3, 0])
    })
    .on(Lines::Frame),
];

static READ_ONLY: [u8; 64] = [7; 64];
