//! The kernel answers as the rules say: in each stage and mode of each process, every call that the rules name does
//! under the filters what it does without them (or fails as they say), every bit of every condition counts, and every other
//! number, register width and architecture dies.
//!
//! Each call is made by a child of its own that has laid on nothing but the filters, with arguments that cannot do harm
//! (descriptors that are not open, addresses that are not mapped), so an allowed call fails in the kernel's own way.

#![allow(missing_docs, unsafe_code, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_rules::Process;
use bulkhead_rules::audit::{Answer, Filters, Named, filters};
use seccompiler::BpfProgram;
use std::collections::HashMap;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The call returned, with this error number or 0.
    Returned(i32),
    /// By a signal: SIGSYS from the filter, or what the call itself does.
    Signal(i32),
}

const KILLED: End = End::Signal(libc::SIGSYS);
/// Beyond every call that Linux has, with room for those to come.
const LAST_NUMBER: i64 = 600;
/// Numbers that no table holds: the other register width (x32), and the ends of the range.
const ODD_NUMBERS: [i64; 10] = [
    0x4000_0000,
    0x4000_0001,
    0x4000_0009,
    0x4000_003b,
    0x4000_0208,
    0x4000_0221,
    0x7fff_ffff,
    -0x8000_0000,
    -1,
    0xffff,
];
/// `uretprobe` and `uprobe` of x86-64: newer kernels (6.14) put calls of them into a traced program themselves, and so never
/// ask a filter about them. Whoever makes them otherwise gets SIGILL and ENXIO.
const NEVER_FILTERED: [(i64, End); 2] = [(335, End::Signal(libc::SIGILL)), (336, End::Returned(libc::ENXIO))];
/// A child that waits is at an end after this many seconds.
const PATIENCE: u32 = 5;

fn main() {
    // Thousands of children are killed here.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads a structure that lives on this stack.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // As with other tests, words on the command line pick the situations that they are part of: `net steady`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut test = Test::default();
    for process in Process::WITH_RULES {
        for filters in filters(process).expect("shipped rules") {
            if words.iter().all(|word| filters.name.contains(word.as_str())) {
                test.situation(&filters);
            }
        }
    }
    assert!(test.wrong.is_empty(), "{:#?}", test.wrong);
}

#[derive(Default)]
struct Test {
    /// What calls do without a filter.
    bare: HashMap<(i64, [u64; 6]), End>,
    wrong: Vec<String>,
    tried: usize,
}

impl Test {
    fn situation(&mut self, filters: &Filters) {
        let before = self.tried;
        for named in &filters.named {
            self.judge(filters, named.number, harmless(named.mask, named.value));
        }
        let (named, before) = (self.tried - before, self.tried);
        for named in &filters.named {
            for arguments in perturbed(named) {
                self.judge(filters, named.number, arguments);
            }
        }
        let (perturbed, before) = (self.tried - before, self.tried);
        for number in (0..=LAST_NUMBER).chain(ODD_NUMBERS) {
            if filters.named.iter().all(|named| named.number != number) {
                assert_eq!(filters.answer(number, &[u64::MAX; 6]), Answer::Killed);
                self.judge(filters, number, [u64::MAX; 6]);
            }
        }
        self.other_architecture(filters);
        let others = self.tried - before;
        println!("{}: {named} named, {perturbed} perturbed, {others} other calls", filters.name);
    }

    fn judge(&mut self, filters: &Filters, number: i64, arguments: [u64; 6]) {
        self.tried += 1;
        let end = call(&filters.programs, number, arguments);
        let expected = match filters.answer(number, &arguments) {
            Answer::Killed => KILLED,
            Answer::Refused(errno) => End::Returned(errno.cast_signed()),
            Answer::Allowed => *self.bare.entry((number, arguments)).or_insert_with(|| call(&[], number, arguments)),
        };
        let unasked = cfg!(target_arch = "x86_64") && NEVER_FILTERED.contains(&(number, end));
        if end != expected && !unasked {
            let name = filters.named.iter().find(|named| named.number == number).map_or("", |named| &named.call);
            self.wrong.push(format!("{}: {name} ({number}) {arguments:x?}: {end:?}, not {expected:?}", filters.name));
        }
    }

    /// The calls of 32-bit programs have other numbers, so their gate must be shut.
    fn other_architecture(&mut self, filters: &Filters) {
        let bare = in_child(&[], old_gate);
        if bare != End::Returned(0) {
            println!("this kernel has no gate for 32-bit calls ({bare:?})");
            return;
        }
        self.tried += 1;
        let end = in_child(&filters.programs, old_gate);
        if end != KILLED {
            self.wrong.push(format!("{}: a 32-bit call: {end:?}", filters.name));
        }
    }
}

/// Arguments that meet the conditions, and are otherwise nothing that exists: all bits set.
fn harmless(mask: [u32; 6], value: [u32; 6]) -> [u64; 6] {
    std::array::from_fn(|at| {
        let low = u64::from(value[at] | !mask[at]);
        // Where a condition looks, the value is given as a program gives it.
        if mask[at] == 0 { u64::MAX } else { low }
    })
}

/// The same with each fixed bit flipped in turn, and with the high half set, at which no condition looks.
fn perturbed(named: &Named) -> Vec<[u64; 6]> {
    let plain = harmless(named.mask, named.value);
    let mut all = Vec::new();
    for at in 0..6 {
        for bit in (0..32).filter(|bit| named.mask[at] >> bit & 1 == 1) {
            let mut arguments = plain;
            arguments[at] ^= 1 << bit;
            all.push(arguments);
        }
        if named.mask[at] != 0 {
            let mut arguments = plain;
            arguments[at] |= 0xffff_ffff_0000_0000;
            all.push(arguments);
        }
    }
    all
}

fn call(programs: &[BpfProgram], number: i64, [a, b, c, d, e, f]: [u64; 6]) -> End {
    // SAFETY: the call is made in a child that ends right after it; its arguments name nothing that exists.
    in_child(programs, || unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

/// Runs `act` in a child under the programs.
fn in_child(programs: &[BpfProgram], act: impl FnOnce() -> i64) -> End {
    // SAFETY: this program has one thread. The child makes kernel calls only, allocates nothing and never returns.
    let child = unsafe { libc::fork() };
    assert_ne!(child, -1, "fork");
    if child == 0 {
        // SAFETY: as above.
        unsafe {
            libc::alarm(PATIENCE);
            // Without filters as well: Landlock answers otherwise to whoever has neither this nor root's rights.
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            for program in programs {
                if seccompiler::apply_filter(program).is_err() {
                    libc::_exit(254);
                }
            }
            *libc::__errno_location() = 0;
            let failed = act() == -1;
            libc::_exit(if failed { *libc::__errno_location() } else { 0 })
        }
    }
    let mut status = 0;
    // SAFETY: the kernel writes to an integer on this stack.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        End::Returned(libc::WEXITSTATUS(status))
    }
}

/// `getpid` by the gate of 32-bit programs.
#[cfg(target_arch = "x86_64")]
fn old_gate() -> i64 {
    const GETPID: i64 = 20;
    let mut result = GETPID;
    // SAFETY: a call without arguments; the gate may lose r8 to r11.
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    if result > 0 { 0 } else { -1 }
}

#[cfg(not(target_arch = "x86_64"))]
fn old_gate() -> i64 {
    -1
}
