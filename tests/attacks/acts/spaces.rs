//! Namespaces, mounts, roots and identities.

use crate::attack::{Attack, EVERYWHERE, Lines, NET, VAULT, attack};
use crate::kernel::{HERE, Result, at, call, does, to};
use nix::libc;

/// Starts a thread in a new namespace.
fn thread_in(space: i32) -> Result<()> {
    extern "C" fn nothing(_: *mut libc::c_void) -> i32 {
        0
    }
    let shared = libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
    let mut stack = vec![0u8; 64 << 10];
    let top = stack.as_mut_ptr() as usize + stack.len();
    // SAFETY: the stack outlives the process's only other thread: this one ends the process.
    let thread =
        unsafe { libc::clone(nothing, (top & !15) as *mut libc::c_void, shared | space, std::ptr::null_mut()) };
    std::mem::forget(stack);
    if thread == -1 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

fn child(space: i32) -> Result<()> {
    if call(libc::SYS_clone, [(space | libc::SIGCHLD) as usize, 0, 0, 0, 0])? == 0 {
        // SAFETY: the child ends at once.
        unsafe { libc::_exit(0) }
    }
    Ok(())
}

pub const ATTACKS: &[Attack] = &[
    attack("user-namespace", "becomes root of a user namespace (unshare)", EVERYWHERE, |_| {
        does(libc::SYS_unshare, [libc::CLONE_NEWUSER as usize])
    }),
    attack("mount-namespace", "gets mounts of its own", EVERYWHERE, |_| {
        does(libc::SYS_unshare, [libc::CLONE_NEWNS as usize])
    })
    .private(),
    attack("network-namespace", "gets a network of its own", EVERYWHERE, |_| {
        does(libc::SYS_unshare, [libc::CLONE_NEWNET as usize])
    })
    .private(),
    attack("process-namespace", "gets process numbers of its own", EVERYWHERE, |_| {
        does(libc::SYS_unshare, [libc::CLONE_NEWPID as usize])
    })
    .private(),
    attack("unshare-files", "has descriptors that its record does not show", EVERYWHERE, |_| {
        does(libc::SYS_unshare, [libc::CLONE_FILES as usize])
    }),
    attack("child-in-user-namespace", "makes a process in a user namespace", EVERYWHERE, |_| {
        child(libc::CLONE_NEWUSER)
    }),
    attack("child-in-network-namespace", "makes a process in a network namespace", EVERYWHERE, |_| {
        child(libc::CLONE_NEWNET)
    })
    .private(),
    attack(
        "child-by-clone3",
        "makes one in a user namespace by clone3, whose flags no filter sees",
        EVERYWHERE,
        |_| {
            let mut wanted = [0u64; 11];
            (wanted[0], wanted[4]) = (libc::CLONE_NEWUSER as u64, libc::SIGCHLD as u64);
            if call(libc::SYS_clone3, [to(&wanted), 64])? == 0 {
                // SAFETY: the child ends at once.
                unsafe { libc::_exit(0) }
            }
            Ok(())
        },
    ),
    attack("thread-in-network-namespace", "starts a thread in a network namespace", NET.and(VAULT), |_| {
        thread_in(libc::CLONE_NEWNET)
    })
    .private(),
    attack("thread-in-mount-namespace", "starts a thread in a mount namespace", NET.and(VAULT), |_| {
        thread_in(libc::CLONE_NEWNS)
    })
    .private(),
    attack("thread-in-name-namespace", "starts a thread where the machine has another name", NET.and(VAULT), |_| {
        thread_in(libc::CLONE_NEWUTS)
    })
    .private(),
    attack("enter-namespace", "enters a namespace that it has a descriptor of", EVERYWHERE, |_| {
        does(libc::SYS_setns, [3, libc::CLONE_NEWUTS as usize])
    })
    .on(Lines::Namespace)
    .private(),
    attack("mount", "mounts a file system", EVERYWHERE, |w| {
        does(libc::SYS_mount, [at(c"none"), at(&w.path("mount")), at(c"tmpfs"), 0, 0])
    })
    .private(),
    attack("bind-mount", "shows the user's home in another place", EVERYWHERE, |w| {
        let (from, to) = (w.path("home"), w.path("data"));
        does(libc::SYS_mount, [at(&from), at(&to), 0, libc::MS_BIND as usize, 0])
    })
    .private(),
    attack("remount", "changes how the root is mounted", EVERYWHERE, |_| {
        does(libc::SYS_mount, [0, at(c"/"), 0, (libc::MS_REC | libc::MS_SLAVE) as usize, 0])
    })
    .private(),
    attack("unmount", "takes a file system away", EVERYWHERE, |w| {
        does(libc::SYS_umount2, [at(&w.path("mounted")), libc::MNT_DETACH as usize])
    })
    .private(),
    attack("open-file-system", "makes a file system by the newer calls", EVERYWHERE, |_| {
        does(libc::SYS_fsopen, [at(c"tmpfs"), 0])
    })
    .private(),
    attack("open-tree", "copies a tree of mounts", EVERYWHERE, |w| {
        does(libc::SYS_open_tree, [HERE, at(&w.path("home")), 1])
    })
    .private(),
    attack("move-mount", "moves a mount", EVERYWHERE, |w| {
        let (from, to) = (w.path("mounted"), w.path("mount"));
        does(libc::SYS_move_mount, [HERE, at(&from), HERE, at(&to), 0])
    })
    .private(),
    attack("mount-attributes", "makes a mount writable or not", EVERYWHERE, |w| {
        let wanted = [1u64, 0, 0, 0];
        does(libc::SYS_mount_setattr, [HERE, at(&w.path("mounted")), 0, to(&wanted), 32])
    })
    .private(),
    attack("list-mounts", "lists all mounts", EVERYWHERE, |_| {
        let (wanted, mut found) = ([24u64, u64::MAX, 0], [0u64; 8]);
        does(458, [to(&wanted), found.as_mut_ptr() as usize, 8, 0])
    }),
    attack("change-root", "takes another folder for the root", EVERYWHERE, |w| {
        does(libc::SYS_chroot, [at(&w.path("home"))])
    })
    .private(),
    attack("swap-root", "swaps the root for another mount (pivot_root)", EVERYWHERE, |w| {
        let new = w.path("mounted");
        does(libc::SYS_pivot_root, [at(&new), at(&new)])
    })
    .private(),
    attack("become-root", "becomes root", EVERYWHERE, |_| does(libc::SYS_setresuid, [0, 0, 0])).private(),
    attack("change-user", "becomes another user", EVERYWHERE, |_| {
        // SAFETY: asks for a number.
        let user = unsafe { libc::getuid() };
        does(libc::SYS_setuid, [user as usize])
    }),
    attack("change-groups", "changes its groups", EVERYWHERE, |_| does(libc::SYS_setfsgid, [0])),
    attack("capabilities", "takes capabilities", EVERYWHERE, |_| {
        let (head, mut sets) = ([0x2008_0522u32, 0], [0u32; 6]);
        does(libc::SYS_capget, [to(&head), sets.as_mut_ptr() as usize])?;
        does(libc::SYS_capset, [to(&head), to(&sets)])
    }),
    attack("new-session", "leaves its session", EVERYWHERE, |_| {
        crate::kernel::judged(libc::SYS_setsid, [], &[libc::EPERM]).and_then(|()| does(libc::SYS_getsid, [0]))
    }),
];
