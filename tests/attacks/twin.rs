//! The twin: this program in the place of one of the three processes, for one act.

use crate::acts;
use crate::attack::{Lines, Props, World};
use crate::kernel::{self, BROKEN};
use bulkhead_rules::{Process, require_sandbox, steady};
use nix::libc;

/// `twin STAGE PROCESS ATTACK WORLD…`: does it, and tells by the exit code how it went: 0 for success, else the
/// kernel's error.
pub fn run(arguments: &[String]) -> ! {
    // Ends without the library's clean-up, which is no part of the act.
    // SAFETY: ends the process.
    unsafe { libc::_exit(done(arguments).unwrap_or(BROKEN)) }
}

fn done(arguments: &[String]) -> Option<i32> {
    let [stage, process, name, world @ ..] = arguments else { return None };
    let process = Process::WITH_RULES.into_iter().find(|p| p.program() == process)?;
    let (attack, world) = (acts::by_name(name)?, World::from_arguments(world)?);
    match stage.as_str() {
        "start" => require_sandbox(),
        "steady" => {
            require_sandbox();
            steady(process).ok()?;
        }
        _ => prepare(&attack.props, &world)?,
    }
    Some(match (attack.act)(&world) {
        Ok(()) => 0,
        Err(error) => error.raw_os_error().unwrap_or(BROKEN),
    })
}

/// Without rules: what gives the act its chance, and keeps it from disturbing the machine.
fn prepare(props: &Props, world: &World) -> Option<()> {
    let plain = |number, arguments: [usize; 5]| kernel::call(number, arguments);
    // Nothing of the user's terminal is in reach, except where the act wants one.
    plain(libc::SYS_setsid, [0; 5]).ok()?;
    if props.lines == Lines::Terminal {
        plain(libc::SYS_ioctl, [3, libc::TIOCSCTTY as usize, 0, 0, 0]).ok()?;
    }
    let mut limit = [0u64; 2];
    plain(libc::SYS_prlimit64, [0, libc::RLIMIT_NOFILE as usize, 0, limit.as_mut_ptr() as usize, 0]).ok()?;
    limit[0] = limit[1];
    plain(libc::SYS_prlimit64, [0, libc::RLIMIT_NOFILE as usize, kernel::to(&limit), 0, 0]).ok()?;
    // An ordinary user may lay on filters only so.
    plain(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as usize, 1, 0, 0, 0]).ok()?;
    if props.private { alone(world).or(Some(())) } else { Some(()) }
}

/// Namespaces of its own; where the user is not root, as root of a user namespace.
fn alone(world: &World) -> Option<()> {
    // SAFETY: asks for numbers.
    let (user, group) = unsafe { (libc::getuid(), libc::getgid()) };
    let spaces = libc::CLONE_NEWNS | libc::CLONE_NEWNET | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC;
    if user == 0 {
        kernel::call(libc::SYS_unshare, [spaces as usize]).ok()?;
    } else {
        kernel::call(libc::SYS_unshare, [(spaces | libc::CLONE_NEWUSER) as usize]).ok()?;
        std::fs::write("/proc/self/setgroups", "deny").ok()?;
        std::fs::write("/proc/self/uid_map", format!("0 {user} 1")).ok()?;
        std::fs::write("/proc/self/gid_map", format!("0 {group} 1")).ok()?;
    }
    let (root, mounted) = (c"/", world.path("mounted"));
    let kept = (libc::MS_REC | libc::MS_PRIVATE) as usize;
    kernel::call(libc::SYS_mount, [0, kernel::at(root), 0, kept, 0]).ok()?;
    kernel::call(libc::SYS_mount, [kernel::at(c"none"), kernel::at(&mounted), kernel::at(c"tmpfs"), 0, 0]).ok()?;
    Some(())
}
