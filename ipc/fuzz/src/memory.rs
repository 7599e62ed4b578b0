//! How much memory a call needs at once, counted where it is handed out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[global_allocator]
static COUNTED: Counted = Counted;

thread_local! {
    /// Bytes in use by this thread since the count began, and their highest.
    static USE: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

/// The highest number of bytes that the call had allocated at once, of those that it allocated itself.
pub fn peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    USE.set((0, 0));
    let result = call();
    (result, USE.get().1.try_into().unwrap_or_default())
}

fn count(change: isize) {
    let (now, highest) = USE.get();
    let now = now.saturating_add(change);
    USE.set((now, highest.max(now)));
}

/// The system's allocator, counted by thread.
struct Counted;

fn size(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

#[allow(unsafe_code)]
// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the trait's contract; counting
// touches a thread-local cell without a destructor and allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout.size()));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(size(layout.size()));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout.size()));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        // Old and new exist at once while one is copied to the other.
        count(size(new));
        count(-size(layout.size()));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(pointer, layout, new) }
    }
}
