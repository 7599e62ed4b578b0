//! Nothing that was freed keeps what was in it.
//!
//! Words and keys pass through code that knows nothing of secrets: iced's fields, SQLite's pages, libsignal, the X
//! library. All of it gives memory back through `free` and `realloc`, which a program may define anew for itself and
//! for every library in it (glibc, "Replacing malloc"). These do, and hand on to the C library's own. A global
//! allocator would see what is written in Rust only.
//!
//! Blocks that are still in use are not touched: who keeps words has to drop them.

#![allow(unsafe_code)]

use nix::libc::{self, c_void, size_t};

/// Bytes of stack that [`stack`] wipes: more than any turn of the event loop was seen to use.
const DEPTH: usize = 512 * 1024;

unsafe extern "C" {
    fn __libc_free(block: *mut c_void);
    fn __libc_malloc(size: size_t) -> *mut c_void;
}

/// Wipes a block and gives it back.
///
/// # Safety
/// As for the C library's `free`: the block is null or came from one of its allocators, and is used no more.
#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: the block is the caller's until the last of the three calls, all usable bytes of it; of null there are none.
    unsafe {
        libc::explicit_bzero(block, libc::malloc_usable_size(block));
        __libc_free(block);
    }
}

/// Gives a block another size. One that has to move is wiped where it was.
///
/// # Safety
/// As for the C library's `realloc`: the block is null or came from one of its allocators; if another one is returned,
/// or the size is 0, it is used no more.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: size_t) -> *mut c_void {
    // SAFETY: both blocks are alive while they are copied, do not overlap, and hold at least as many bytes as are copied.
    unsafe {
        if block.is_null() {
            return __libc_malloc(size);
        }
        if size == 0 {
            free(block);
            return std::ptr::null_mut();
        }
        let old = libc::malloc_usable_size(block);
        if size <= old && size >= old / 2 {
            return block;
        }
        let new = __libc_malloc(size);
        if !new.is_null() {
            std::ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast::<u8>(), old.min(size));
            free(block);
        }
        new
    }
}

/// The same for so many members of a size; fails if the product is too large to be a size.
///
/// # Safety
/// As for [`realloc`].
#[unsafe(no_mangle)]
unsafe extern "C" fn reallocarray(block: *mut c_void, members: size_t, size: size_t) -> *mut c_void {
    let Some(size) = members.checked_mul(size) else {
        nix::errno::Errno::ENOMEM.set();
        return std::ptr::null_mut();
    };
    // SAFETY: the caller promises what `realloc` asks for.
    unsafe { realloc(block, size) }
}

/// Wipes what calls that have returned left below the caller's own part of the stack.
#[inline(never)]
pub fn stack() {
    let mut below = [0_u8; DEPTH];
    std::hint::black_box(&mut below);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_moves_keeps_its_bytes_and_leaves_none() {
        let bytes: Vec<u8> = (0..100_u8).collect();
        // SAFETY: the blocks are this test's own; the last look is at one that stays mapped, as its neighbours are in use.
        unsafe {
            let block = libc::malloc(100);
            let _neighbour = libc::malloc(100);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), block.cast(), 100);
            let new = libc::realloc(block, 5000);
            assert_ne!(new, block);
            assert_eq!(std::slice::from_raw_parts(new.cast::<u8>(), 100), bytes);
            // The allocator writes its own list into the first bytes.
            let left = std::slice::from_raw_parts(block.cast::<u8>().add(16), 84).to_vec();
            assert_eq!(left, [0; 84]);
        }
    }

    #[test]
    fn what_is_freed_is_zero_whoever_frees_it() {
        let mut words = b"a word that is longer than the allocator's own notes".to_vec();
        let at = words.as_mut_ptr();
        drop(words);
        // SAFETY: a small block stays mapped after it was freed, and nothing was allocated since.
        let left = unsafe { std::slice::from_raw_parts(at.add(16), 30) };
        assert_eq!(left, [0; 30]);
    }
}
