//! A global allocator that counts what is alive, and apart from it the blocks of one layout: the values'.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub struct Counting;

static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);
static WATCHED_SIZE: AtomicUsize = AtomicUsize::new(0);
static WATCHED_ALIGN: AtomicUsize = AtomicUsize::new(0);
static WATCHED_BLOCKS: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LAST_SIZE: AtomicUsize = AtomicUsize::new(0);
static LAST_ALIGN: AtomicUsize = AtomicUsize::new(0);

fn is_watched(layout: Layout) -> bool {
    layout.size() == WATCHED_SIZE.load(Relaxed) && layout.align() == WATCHED_ALIGN.load(Relaxed)
}

// Wrapping additions: a figure only ever means the difference to an earlier one.
fn came(layout: Layout) {
    LIVE_BYTES.fetch_add(layout.size(), Relaxed);
    WATCHED_BLOCKS.fetch_add(usize::from(is_watched(layout)), Relaxed);
    ALLOCATIONS.fetch_add(1, Relaxed);
    LAST_SIZE.store(layout.size(), Relaxed);
    LAST_ALIGN.store(layout.align(), Relaxed);
}

fn went(layout: Layout) {
    LIVE_BYTES.fetch_sub(layout.size(), Relaxed);
    WATCHED_BLOCKS.fetch_sub(usize::from(is_watched(layout)), Relaxed);
}

// SAFETY: every call goes to System as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        came(layout);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        came(layout);
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        went(layout);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        went(layout);
        // SAFETY: as the caller promised: `size` is valid for this alignment.
        unsafe {
            came(Layout::from_size_align_unchecked(size, layout.align()));
            System.realloc(block, layout, size)
        }
    }
}

/// Bytes alive now.
pub fn live_bytes() -> usize {
    LIVE_BYTES.load(Relaxed)
}

/// The layout of the one block that `work` allocates.
pub fn only_allocation(work: impl FnOnce()) -> Layout {
    let before = ALLOCATIONS.load(Relaxed);
    work();
    assert_eq!(ALLOCATIONS.load(Relaxed) - before, 1, "replacing a value allocates the new value and nothing else");
    let (size, align) = (LAST_SIZE.load(Relaxed), LAST_ALIGN.load(Relaxed));
    Layout::from_size_align(size, align).expect("it was allocated")
}

/// Counts blocks of this layout from now on.
pub fn watch(layout: Layout) {
    WATCHED_SIZE.store(layout.size(), Relaxed);
    WATCHED_ALIGN.store(layout.align(), Relaxed);
    WATCHED_BLOCKS.store(0, Relaxed);
}

/// Blocks of the watched layout that came since and are alive.
pub fn watched_blocks() -> usize {
    WATCHED_BLOCKS.load(Relaxed)
}
