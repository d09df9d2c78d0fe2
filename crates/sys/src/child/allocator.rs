//! Proof that nothing allocates between clone and exec.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, which ends the process when it is used between clone and exec. For test
/// programs, as `#[global_allocator]`: whatever they launch is then also a test of this rule.
#[derive(Debug)]
pub struct WatchfulAllocator;

impl WatchfulAllocator {
    fn watch() {
        if super::between_clone_and_exec() {
            let message = b"allocation between clone and exec\n";
            // SAFETY: writes a live constant to descriptor 2 and ends the process; neither allocates.
            unsafe {
                libc::write(2, message.as_ptr().cast(), message.len());
                libc::abort();
            }
        }
    }
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for WatchfulAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        WatchfulAllocator::watch();
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        WatchfulAllocator::watch();
        // SAFETY: `memory` came from `alloc` above, and so from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}
