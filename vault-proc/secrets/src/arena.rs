//! Where keys lie: memory that is not swapped, not dumped, not copied into a forked process, and that the kernel
//! itself does not map where it can (`memfd_secret`, Linux 5.14; switched on by default since 6.5).
//!
//! One block, reserved once before there is any secret, and cut into places of 32 bytes: a mapping for each key, as
//! most crates for this make it, would be four kernel calls and three pages for 32 bytes, thousands of times. The
//! sandbox can then forbid the calls that make such memory. A key that finds no place (none was reserved, or all are
//! taken) lies in ordinary memory, and is wiped all the same.

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock, PoisonError};
use zeroize::Zeroize;

/// Bytes of a place.
const PLACE: usize = 32;
/// Bytes of the block, by preference: an administrator may allow less (`RLIMIT_MEMLOCK`; 64 KiB was usual once).
const SIZES: [usize; 3] = [1 << 20, 256 << 10, 32 << 10];

/// What keeps keys from leaving the memory, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Neither swapped nor mapped by the kernel: not even root reads it from outside.
    Secret,
    /// Not swapped.
    Locked,
    /// In ordinary memory: it could be neither taken out of the kernel's maps nor locked.
    Ordinary,
}

struct Arena {
    kept: Kept,
    block: Option<Block>,
}

struct Block {
    start: NonNull<u8>,
    places: usize,
    free: Mutex<Free>,
}

// SAFETY: the pointer is to memory that lives as long as the process; who may use which part of it is decided behind
// the lock.
unsafe impl Send for Block {}
// SAFETY: the same.
unsafe impl Sync for Block {}

/// Which places are free: those that were given back, and all from `fresh` on.
struct Free {
    back: Vec<usize>,
    fresh: usize,
}

static ARENA: OnceLock<Arena> = OnceLock::new();

/// Reserves the memory for keys, once; later calls say what the first one got. To be called before there are keys, and
/// before a sandbox forbids `memfd_secret` and `mlock`.
pub fn reserve() -> Kept {
    ARENA.get_or_init(Arena::new).kept
}

impl Arena {
    fn new() -> Self {
        let tries = [(Kept::Secret, secret as fn(NonZeroUsize) -> _), (Kept::Locked, locked)];
        let all = tries.into_iter().flat_map(|(kept, make)| SIZES.map(|size| (kept, make, size)));
        let mut made = all.filter_map(|(kept, make, size)| Some((kept, make(NonZeroUsize::new(size)?).ok()?, size)));
        let Some((kept, start, size)) = made.next() else {
            return Self { kept: Kept::Ordinary, block: None };
        };
        // A core dump and a forked process get nothing of it.
        for advice in [libc::MADV_DONTDUMP, libc::MADV_DONTFORK] {
            // SAFETY: the block was mapped just now, with this size.
            unsafe { libc::madvise(start.as_ptr().cast(), size, advice) };
        }
        let free = Mutex::new(Free { back: Vec::new(), fresh: 0 });
        Self { kept, block: Some(Block { start, places: size / PLACE, free }) }
    }
}

/// Memory that the kernel takes out of its own maps.
fn secret(size: NonZeroUsize) -> Result<NonNull<u8>, Errno> {
    // SAFETY: a kernel call on numbers.
    let made = Errno::result(unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) })?;
    let descriptor = libc::c_int::try_from(made).map_err(|_| Errno::EBADF)?;
    let length = libc::off_t::try_from(size.get()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: kernel calls on a descriptor that was made just now; the mapping outlives it.
    unsafe {
        let mapped =
            Errno::result(libc::ftruncate(descriptor, length)).and_then(|_| map(size, libc::MAP_SHARED, descriptor));
        libc::close(descriptor);
        mapped
    }
}

/// Memory that stays where it is.
fn locked(size: NonZeroUsize) -> Result<NonNull<u8>, Errno> {
    // SAFETY: kernel calls on numbers, and on memory that was mapped just now and nobody else knows.
    unsafe {
        let start = map(size, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        Errno::result(libc::mlock(start.as_ptr().cast(), size.get())).inspect_err(|_| {
            libc::munmap(start.as_ptr().cast(), size.get());
        })?;
        Ok(start)
    }
}

/// Maps memory to read and write.
///
/// # Safety
/// The descriptor is open, or the flags ask for none.
unsafe fn map(size: NonZeroUsize, flags: libc::c_int, descriptor: libc::c_int) -> Result<NonNull<u8>, Errno> {
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses an address that is not in use; the caller vouches for the descriptor.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), size.get(), rights, flags, descriptor, 0) };
    if start == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    NonNull::new(start.cast()).ok_or(Errno::ENOMEM)
}

impl Block {
    fn take(&self) -> Option<NonNull<[u8; PLACE]>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match free.back.pop() {
            Some(place) => place,
            None if free.fresh < self.places => {
                free.fresh += 1;
                free.fresh - 1
            }
            None => return None,
        };
        // SAFETY: the place is below the number of places, so it lies in the block.
        Some(unsafe { self.start.add(place * PLACE) }.cast())
    }

    /// The number of a place, if it is one of this block's.
    fn number(&self, at: NonNull<[u8; PLACE]>) -> Option<usize> {
        let place = at.addr().get().checked_sub(self.start.addr().get())? / PLACE;
        (place < self.places).then_some(place)
    }

    fn give_back(&self, place: usize) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).back.push(place);
    }
}

/// A place for 32 bytes, of which there is one owner; wiped when it is given back.
pub struct Place(NonNull<[u8; PLACE]>);

// SAFETY: it owns what it points to, as a box does.
unsafe impl Send for Place {}
// SAFETY: the same; through a shared reference it is only read.
unsafe impl Sync for Place {}

impl Place {
    /// A place full of zeros: the block's are wiped when they are given back, and fresh from the kernel before.
    pub fn new() -> Self {
        let kept = ARENA.get().and_then(|arena| arena.block.as_ref()?.take());
        Self(kept.unwrap_or_else(|| NonNull::from(Box::leak(Box::new([0; PLACE])))))
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; PLACE] {
        // SAFETY: 32 bytes that this value alone owns, zero or what was written since.
        unsafe { self.0.as_ref() }
    }

    /// The bytes, to be written.
    pub const fn bytes_mut(&mut self) -> &mut [u8; PLACE] {
        // SAFETY: the same, and nobody else has a reference.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bytes_mut().zeroize();
        let block = ARENA.get().and_then(|arena| arena.block.as_ref());
        match block.and_then(|block| Some((block, block.number(self.0)?))) {
            Some((block, place)) => block.give_back(place),
            // SAFETY: what is not in the block was leaked from a box in `new`, and is given back once.
            None => drop(unsafe { Box::from_raw(self.0.as_ptr()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flags of the mapping that holds a place.
    fn flags(at: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("smaps");
        let mut inside = false;
        for line in maps.lines() {
            if let Some((from, to)) = line.split_whitespace().next().and_then(|range| range.split_once('-')) {
                let number = |digits| usize::from_str_radix(digits, 16).ok();
                inside = matches!((number(from), number(to)), (Some(from), Some(to)) if (from..to).contains(&at));
            } else if inside && line.starts_with("VmFlags") {
                return line.to_owned();
            }
        }
        String::new()
    }

    /// One test takes all places there are, so that another would find none.
    static PLACES: std::sync::Mutex<()> = std::sync::Mutex::new(());

    #[test]
    fn places_are_locked_left_out_of_dumps_and_wiped_when_given_back() {
        let _all = PLACES.lock();
        let kept = reserve();
        assert_ne!(kept, Kept::Ordinary, "this machine locks no memory");
        let mut place = Place::new();
        place.bytes_mut().fill(7);
        let at = place.0;
        let flags = flags(at.addr().get());
        for flag in [" lo", " dd", " dc"] {
            assert!(flags.contains(flag), "{kept:?}: {flags}");
        }
        drop(place);
        // SAFETY: the block stays mapped, and nobody else writes there now.
        assert_ne!(unsafe { *at.as_ptr() }, [7; PLACE]);
    }

    #[test]
    fn a_kernel_without_secret_memory_locks_it() {
        let start = locked(NonZeroUsize::new(SIZES[2]).expect("not zero")).expect("32 KiB can be locked");
        let flags = flags(start.addr().get());
        assert!(flags.contains(" lo"), "{flags}");
    }

    #[test]
    fn no_two_keys_share_a_place_and_what_finds_none_lies_elsewhere() {
        let _all = PLACES.lock();
        reserve();
        let most = SIZES[0] / PLACE;
        let fill = |number: usize| {
            let mut place = Place::new();
            assert_eq!(place.bytes(), &[0; PLACE]);
            place.bytes_mut().fill(3);
            place.bytes_mut()[..8].copy_from_slice(&number.to_le_bytes());
            (number, place)
        };
        let threads =
            [0, most].map(|from| std::thread::spawn(move || (from..from + most).map(fill).collect::<Vec<_>>()));
        let places: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect();
        assert!(places.iter().all(|(number, place)| place.bytes()[..8] == number.to_le_bytes()));
    }
}
