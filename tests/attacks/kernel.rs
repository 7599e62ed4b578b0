//! Kernel calls as an attacker makes them: by number, with any argument.

use nix::libc;
use std::ffi::{CStr, c_long};
use std::io::Error;
pub use std::io::Result;

/// An exit code of a twin: the act came to nothing although no call failed.
pub const NOTHING: i32 = 252;
/// The machine lacks what the act needs.
pub const NOT_HERE: i32 = 251;
/// The act itself went wrong.
pub const BROKEN: i32 = 250;

/// The error that stands for [`NOTHING`].
pub fn nothing() -> Error {
    Error::from_raw_os_error(NOTHING)
}

/// The error that stands for [`NOT_HERE`].
pub fn not_here() -> Error {
    Error::from_raw_os_error(NOT_HERE)
}

/// A call by its number; missing arguments are zero.
pub fn call<const N: usize>(number: c_long, arguments: [usize; N]) -> Result<usize> {
    let a = |i: usize| arguments.get(i).copied().unwrap_or_default();
    // SAFETY: an attacker's; what the callers point to lives on their stacks.
    let result = unsafe { libc::syscall(number, a(0), a(1), a(2), a(3), a(4), a(5)) };
    if result == -1 { Err(Error::last_os_error()) } else { Ok(usize::try_from(result).unwrap_or_default()) }
}

/// The same, for its effect alone.
pub fn does<const N: usize>(number: c_long, arguments: [usize; N]) -> Result<()> {
    call(number, arguments).map(drop)
}

/// A call that is allowed to fail in one of these ways: the kernel looked at what was asked, not at who asked.
pub fn judged<const N: usize>(number: c_long, arguments: [usize; N], errors: &[i32]) -> Result<()> {
    match call(number, arguments) {
        Err(error) if !error.raw_os_error().is_some_and(|e| errors.contains(&e)) => Err(error),
        _ => Ok(()),
    }
}

pub const HERE: usize = libc::AT_FDCWD as usize;

pub fn at(text: &CStr) -> usize {
    text.as_ptr() as usize
}

pub fn to<T: ?Sized>(value: &T) -> usize {
    (&raw const *value).cast::<u8>() as usize
}

pub fn open(path: &CStr, flags: i32) -> Result<usize> {
    call(libc::SYS_openat, [HERE, at(path), flags as usize, 0o600])
}

/// Reads a byte; at the end of the file there is nothing.
pub fn read(descriptor: usize) -> Result<()> {
    let mut byte = [0u8; 1];
    match call(libc::SYS_read, [descriptor, byte.as_mut_ptr() as usize, 1])? {
        0 => Err(nothing()),
        _ => Ok(()),
    }
}

/// New anonymous memory.
pub fn map(length: usize, rights: i32, flags: i32) -> Result<usize> {
    call(libc::SYS_mmap, [0, length, rights as usize, (libc::MAP_ANONYMOUS | flags) as usize, usize::MAX, 0])
}

/// The smallest program that ends with exit code 0.
#[cfg(target_arch = "x86_64")]
pub fn program() -> Vec<u8> {
    let code = [0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05];
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0];
    let length: u64 = 64 + 56 + 9;
    for word in [0x40_0078u64, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 5, 0, 0, 0]);
    for word in [0u64, 0x40_0000, 0x40_0000, length, length, 0x1000] {
        file.extend(word.to_le_bytes());
    }
    file.extend(code);
    file
}

#[cfg(not(target_arch = "x86_64"))]
pub fn program() -> Vec<u8> {
    Vec::new()
}
