//! The programs are judged as the kernel would run them: by a small interpreter of its filter machine.

use super::{Stage, start, steady};
use crate::rules::{Mode, Rules, of, parse};
use crate::{Process, calls};
use seccompiler::BpfProgram;

pub(crate) const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
pub(crate) const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
pub(crate) const ERRNO: u32 = libc::SECCOMP_RET_ERRNO;

/// Runs one program on a call, as `kernel/seccomp.c` does.
fn run(program: &BpfProgram, call: i64, arguments: &[u64; 6]) -> u32 {
    let machine: u32 = if cfg!(target_arch = "x86_64") { 0xC000_003E } else { 0xC000_00B7 };
    let mut data = Vec::new();
    data.extend(i32::try_from(call).expect("a call's number").to_ne_bytes());
    data.extend(machine.to_ne_bytes());
    data.extend([0; 8]);
    arguments.iter().for_each(|a| data.extend(a.to_ne_bytes()));
    let (mut at, mut register) = (0, 0u32);
    loop {
        let step = &program[at];
        at += 1;
        match step.code {
            0x20 => {
                let from = step.k as usize;
                register = u32::from_ne_bytes(data[from..from + 4].try_into().expect("four bytes"));
            }
            0x54 => register &= step.k,
            0x05 => at += step.k as usize,
            0x15 => at += usize::from(if register == step.k { step.jt } else { step.jf }),
            0x25 => at += usize::from(if register > step.k { step.jt } else { step.jf }),
            0x35 => at += usize::from(if register >= step.k { step.jt } else { step.jf }),
            0x06 => return step.k,
            other => panic!("instruction {other:#x}"),
        }
    }
}

/// The strictest answer of a stack: killing, then an error number, then allowing.
pub(crate) fn judge(stack: &[BpfProgram], call: i64, arguments: &[u64; 6]) -> u32 {
    let answers: Vec<u32> = stack.iter().map(|p| run(p, call, arguments)).collect();
    let strictest = |a: &u32| match *a {
        KILL => 0,
        ALLOW => 2,
        _ => 1,
    };
    answers.into_iter().min_by_key(strictest).expect("a program")
}

/// Argument lists around every constant that a condition of ours compares with.
fn arguments() -> impl Iterator<Item = [u64; 6]> {
    const FIRST: [u64; 8] = [0, 1, 2, 10, 15, 16, 17, 0x10000];
    const SECOND: [u64; 8] = [0, 1, 2, 3, 0x80801, 0x5401, 0x541B, 0x5421];
    const THIRD: [u64; 5] = [0, 1, 3, 4, 7];
    FIRST
        .into_iter()
        .flat_map(|a| SECOND.into_iter().flat_map(move |b| THIRD.into_iter().map(move |c| [a, b, c, 0, 0, 0])))
}

pub(crate) fn programs(stage: &Stage) -> Vec<BpfProgram> {
    stage.programs().expect("programs")
}

#[test]
fn steady_allows_nothing_that_start_does_not() {
    for process in Process::WITH_RULES {
        let rules = of(process).expect("rules");
        let (outer, inner) = (programs(&start(&rules, Mode::Direct)), programs(&steady(&rules)));
        for (name, call) in calls::all() {
            for arguments in arguments().filter(|a| judge(&inner, call, a) == ALLOW) {
                assert_eq!(judge(&outer, call, &arguments), ALLOW, "{process:?}: {name} {arguments:?}");
            }
        }
    }
}

#[test]
fn proxied_mode_allows_nothing_that_direct_mode_does_not() {
    let rules = of(Process::Net).expect("rules");
    let (direct, proxied) = (programs(&start(&rules, Mode::Direct)), programs(&start(&rules, Mode::Proxied)));
    for (name, call) in calls::all() {
        for arguments in arguments().filter(|a| judge(&proxied, call, a) == ALLOW) {
            assert_eq!(judge(&direct, call, &arguments), ALLOW, "{name} {arguments:?}");
        }
    }
}

#[test]
fn what_steady_refuses_is_not_killed_by_start() {
    for process in Process::WITH_RULES {
        let rules = of(process).expect("rules");
        let (outer, inner) = (programs(&start(&rules, Mode::Direct)), programs(&steady(&rules)));
        for (name, call) in calls::all() {
            for arguments in arguments().filter(|a| judge(&inner, call, a) & 0xffff_0000 == ERRNO) {
                assert_ne!(judge(&outer, call, &arguments), KILL, "{process:?}: {name} {arguments:?}");
            }
        }
    }
}

#[test]
fn no_process_executes_forks_or_traces_once_set_up() {
    for process in Process::WITH_RULES {
        let rules = of(process).expect("rules");
        let inner = programs(&steady(&rules));
        let call = |name| match calls::by_name(name) {
            Some(calls::Call::Number(number)) => number,
            other => panic!("{name}: {other:?}"),
        };
        for name in [
            "execve",
            "execveat",
            "fork",
            "vfork",
            "ptrace",
            "process_vm_readv",
            "pidfd_getfd",
            "io_uring_setup",
            "bpf",
            "mount",
        ] {
            assert_eq!(judge(&inner, call(name), &[0; 6]), KILL, "{process:?}: {name}");
        }
        // SIGCHLD and no CLONE_THREAD: a process. PROT_EXEC: code.
        assert_ne!(judge(&inner, call("clone"), &[17, 0, 0, 0, 0, 0]), ALLOW, "{process:?}");
        assert_ne!(judge(&inner, call("mmap"), &[0, 4096, 5, 0, 0, 0]), ALLOW, "{process:?}");
        assert_ne!(judge(&inner, call("mprotect"), &[0, 4096, 5, 0, 0, 0]), ALLOW, "{process:?}");
    }
}

#[test]
fn a_call_of_the_other_register_width_is_killed() {
    const X32: i64 = 0x4000_0000;
    let rules = of(Process::Net).expect("rules");
    assert_eq!(judge(&programs(&start(&rules, Mode::Direct)), X32 | libc::SYS_read, &[0; 6]), KILL);
}

fn small(steady_calls: &str, refused: &str) -> Rules {
    parse(&format!(
        r#"{{"format": 1, "version": 1, "release": "0.1.0", "process": "ui",
        "namespaces": {{"enter": [], "why": "a test has none"}},
        "start": {{"calls": [], "files": [], "tcp": [], "scopes": [], "limits": [], "environment": []}},
        "steady": {{"calls": [{steady_calls}], "refused": [{refused}]}}}}"#
    ))
    .expect("rules")
}

#[test]
fn alternatives_are_alternatives_and_conditions_are_joined() {
    let rule = |family: &str| {
        format!(
            r#"{{"call": "socket", "when": [{{"arg": 0, "equals": "{family}"}},
            {{"arg": 1, "mask": "SOCK_TYPE_MASK", "equals": "SOCK_STREAM"}}], "why": "connections to relays"}}"#
        )
    };
    let refused = r#"{"call": "socket", "when": [{"arg": 0, "equals": "AF_UNIX"}], "errno": "EACCES", "why": "the name service cache"}"#;
    let rules = small(&format!("{}, {}", rule("AF_INET"), rule("AF_INET6")), refused);
    let stack = programs(&steady(&rules));
    let answer = |family: i32, kind: i32| {
        judge(&stack, libc::SYS_socket, &[u64::try_from(family).unwrap(), u64::try_from(kind).unwrap(), 0, 0, 0, 0])
    };
    assert_eq!(answer(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC), ALLOW);
    assert_eq!(answer(libc::AF_INET6, libc::SOCK_STREAM), ALLOW);
    assert_eq!(answer(libc::AF_INET, libc::SOCK_RAW), KILL);
    assert_eq!(answer(libc::AF_INET, libc::SOCK_DGRAM), KILL);
    assert_eq!(answer(libc::AF_PACKET, libc::SOCK_STREAM), KILL);
    assert_eq!(answer(libc::AF_UNIX, libc::SOCK_STREAM), ERRNO | u32::try_from(libc::EACCES).unwrap());
    assert_eq!(judge(&stack, libc::SYS_connect, &[0; 6]), KILL);
}
