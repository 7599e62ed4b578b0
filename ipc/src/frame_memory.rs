//! The memory that ui paints into and the vault reads from.
//!
//! The vault creates it, seals its size, and maps it read-only; ui maps it writable. Either side may be
//! hostile: pixels are copied out as opaque numbers, never trusted, and the size cannot change under a reader.

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::unistd::ftruncate;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;

/// Creates frame memory of `length` bytes whose size nobody can change any more.
pub fn create(length: usize) -> Result<OwnedFd, Errno> {
    let flags =
        MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING | MFdFlags::from_bits_retain(nix::libc::MFD_NOEXEC_SEAL);
    let memory = memfd_create(c"bulkhead-frame", flags)?;
    ftruncate(&memory, i64::try_from(length).map_err(|_| Errno::EFBIG)?)?;
    let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    fcntl(&memory, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(memory)
}

struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    fn new(memory: impl AsFd, length: usize, rights: ProtFlags) -> Result<Self, Errno> {
        let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
        // SAFETY: a fresh mapping at an address that the kernel chooses; it aliases no Rust object.
        let start = unsafe { mmap(None, size, rights, MapFlags::MAP_SHARED, memory, 0) }?;
        Ok(Self { start, length })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `new`; no reference into it outlives `self`.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

// SAFETY: the mapping is plain memory, valid from every thread; access goes through `&self`/`&mut self`.
unsafe impl Send for Mapping {}

/// The vault's view: pixels can be copied out, nothing can be written.
pub struct Reader(Mapping);

impl Reader {
    /// Maps `length` bytes of a memory that [`create`] made with at least that length.
    pub fn new(memory: impl AsFd, length: usize) -> Result<Self, Errno> {
        Mapping::new(memory, length, ProtFlags::PROT_READ).map(Self)
    }

    /// Copies one run of pixels that begins at byte `offset`; `false` (and nothing copied) if it does not lie
    /// inside or is not aligned.
    #[must_use]
    pub fn copy_row(&self, offset: usize, out: &mut [u32]) -> bool {
        let inside =
            out.len().checked_mul(4).and_then(|n| n.checked_add(offset)).is_some_and(|end| end <= self.0.length);
        if !inside || !offset.is_multiple_of(4) {
            return false;
        }
        // SAFETY: the range was just checked to lie inside the mapping, whose size is sealed; `out` is ours
        // alone. ui may write at the same time: then pixels are torn, which is all that can happen, as no
        // Rust reference to the shared bytes is ever made.
        unsafe {
            let from = self.0.start.as_ptr().cast::<u8>().add(offset).cast::<u32>();
            std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len());
        }
        true
    }
}

/// ui's view: a buffer to paint into.
pub struct Writer(Mapping);

impl Writer {
    /// Maps `length` bytes of the memory that came with [`crate::pixels::ToUi::Configure`]. Refuses memory
    /// whose size could change under us.
    pub fn new(memory: impl AsFd, length: usize) -> Result<Self, Errno> {
        Mapping::new(memory, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE).map(Self)
    }

    /// The bytes `offset..offset + length`, to paint into; `None` if they do not lie inside.
    pub fn bytes_mut(&mut self, offset: usize, length: usize) -> Option<&mut [u8]> {
        if offset.checked_add(length)? > self.0.length {
            return None;
        }
        // SAFETY: inside the mapping, exclusively borrowed through `self`; the vault only reads, by raw copy.
        Some(unsafe { std::slice::from_raw_parts_mut(self.0.start.as_ptr().cast::<u8>().add(offset), length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_painted_is_read_and_bounds_hold() {
        let memory = create(64).expect("memfd");
        let mut writer = Writer::new(&memory, 64).expect("map");
        let reader = Reader::new(&memory, 64).expect("map");
        writer.bytes_mut(8, 8).expect("inside").copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
        let mut out = [0; 2];
        assert!(reader.copy_row(8, &mut out));
        assert_eq!(out, [1, 2]);
        assert!(
            !reader.copy_row(60, &mut out)
                && !reader.copy_row(6, &mut out)
                && !reader.copy_row(usize::MAX - 3, &mut out)
        );
        assert!(writer.bytes_mut(60, 8).is_none() && writer.bytes_mut(usize::MAX, 2).is_none());
    }

    #[test]
    fn the_size_is_sealed() {
        let memory = create(4096).expect("memfd");
        assert_eq!(ftruncate(&memory, 8192), Err(Errno::EPERM));
        assert_eq!(ftruncate(&memory, 1), Err(Errno::EPERM));
    }
}
