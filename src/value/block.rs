//! The memory of values: a block holds the header, and behind it the payload, aligned.

use super::{ALIGN, BLOCK_ALIGN, HEADER_BYTES, Header};
use crate::error::{ErrorKind, Result};
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ptr::NonNull;

/// The block of a value to be, its payload not yet written.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(super) block: NonNull<Header>,
    pub(super) capacity: usize,
}

// SAFETY: it owns its block, as a Box would.
unsafe impl Send for Buffer {}
// SAFETY: what it owns is reached through exclusive references and raw pointers alone.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub(crate) fn new(capacity: usize) -> Result<Self> {
        let layout = layout(capacity).ok_or(ErrorKind::NoMemory)?;
        // SAFETY: the layout's size is at least the header's, so not 0.
        let memory = unsafe { alloc(layout) };
        let block = NonNull::new(memory.cast()).ok_or(ErrorKind::NoMemory)?;
        Ok(Self { block, capacity })
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where the payload goes, aligned to 64 bytes.
    pub(crate) fn data(&self) -> *mut u8 {
        payload_of(self.block)
    }

    /// Fills it with a payload of its capacity.
    pub(crate) fn fill(&mut self, bytes: &[u8]) {
        assert_eq!(bytes.len(), self.capacity);
        // SAFETY: `capacity` bytes from there on are this buffer's own, which no one else can borrow.
        unsafe { self.data().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Gives back what is behind the first `len` bytes. The block may move; on failure nothing has changed.
    pub(crate) fn shrink_to(&mut self, len: usize) -> Result<()> {
        let (old, new) = (layout(self.capacity).ok_or(ErrorKind::NoMemory)?, layout(len).ok_or(ErrorKind::NoMemory)?);
        if new.size() < old.size() {
            let offset = self.data().addr() - self.block.as_ptr().addr();
            // SAFETY: the block was allocated with `old`, and the new size is smaller and not 0.
            let memory = unsafe { realloc(self.block.as_ptr().cast(), old, new.size()) };
            self.block = NonNull::new(memory.cast()).ok_or(ErrorKind::NoMemory)?;
            let before = memory.wrapping_add(offset);
            if self.data() != before {
                // SAFETY: either offset is at most HEADER_BYTES, so `len` bytes from either lie in the block.
                unsafe { self.data().copy_from(before, len) };
            }
        }
        self.capacity = len;
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the block is this buffer's, of this capacity.
        unsafe { free(self.block, self.capacity) };
    }
}

/// Frees the block of a payload of `inline` bytes. Its layout was one before, so it is not checked again.
///
/// # Safety
/// The block was allocated with `layout(inline)`, and nothing uses it any more.
unsafe fn free(header: NonNull<Header>, inline: usize) {
    let size = (inline + HEADER_BYTES).next_multiple_of(BLOCK_ALIGN);
    // SAFETY: as this function's own contract.
    unsafe { dealloc(header.as_ptr().cast(), Layout::from_size_align_unchecked(size, BLOCK_ALIGN)) }
}

pub(super) fn layout(len: usize) -> Option<Layout> {
    let size = len.checked_add(HEADER_BYTES)?.checked_next_multiple_of(BLOCK_ALIGN)?;
    Layout::from_size_align(size, BLOCK_ALIGN).ok()
}

/// `Box::new`, which on stable Rust ends the process where the allocator refuses, with an answer instead.
pub(crate) fn try_box<T>(it: T) -> Result<Box<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc(Layout::new::<T>()) };
    let place = NonNull::new(memory.cast::<T>()).ok_or(ErrorKind::NoMemory)?;
    // SAFETY: a fresh, exclusive block of T's layout, from the allocator that a Box gives it back to.
    unsafe {
        place.write(it);
        Ok(Box::from_raw(place.as_ptr()))
    }
}

/// Asks for a cache line.
pub(crate) fn prefetch<T>(_line: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads and writes nothing, and takes any address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(_line.cast());
    }
}

/// The payload behind a header: at the next multiple of 64 after it.
pub(super) fn payload_of(header: NonNull<Header>) -> *mut u8 {
    header.as_ptr().wrapping_add(1).cast::<u8>().map_addr(|end| end.next_multiple_of(ALIGN))
}
