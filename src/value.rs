//! Values: one allocation each, a 64-byte header and a 64-byte aligned payload, immutable once published and counted
//! by reference. Holding a [`Value`] is holding a lease: it outlives eviction, purge and the cache.
#![allow(unsafe_code)]

use crate::budget::Reservation;
use crate::error::{ErrorKind, Result};
use std::alloc::{Layout, alloc, dealloc};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// One cache line, and the payload's alignment.
const ALIGN: usize = 64;

/// Bytes in front of every payload.
pub const HEADER_BYTES: usize = size_of::<Header>();
const _: () = assert!(HEADER_BYTES == ALIGN);

#[repr(C, align(64))]
struct Header {
    refs: AtomicUsize,
    len: usize,
    /// What computing this cost, or 0 where unknown.
    compute_ns: u64,
    /// Holds the bytes of the whole allocation (or more) until it is freed.
    reservation: Reservation,
}

/// A lease on an immutable value. Cloning and dropping it are atomic and wait for nothing.
pub struct Value {
    header: NonNull<Header>,
}

// SAFETY: the payload is written only before the first `Value` exists and read-only from then on; the header's one
// mutable field is atomic; `Reservation` is Send and Sync.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    /// What a value of `len` bytes is charged, or None beyond the address space.
    pub(crate) fn charge(len: usize) -> Option<u64> {
        Self::layout(len).map(|layout| layout.size() as u64)
    }

    fn layout(len: usize) -> Option<Layout> {
        let size = len.checked_add(HEADER_BYTES)?.checked_next_multiple_of(ALIGN)?;
        Layout::from_size_align(size, ALIGN).ok()
    }

    /// Copies `bytes` into a new value that holds `reservation` (at least [`Value::charge`]) until it is freed.
    pub(crate) fn copy_of(bytes: &[u8], compute_ns: u64, reservation: Reservation) -> Result<Self> {
        let layout = Self::layout(bytes.len()).ok_or(ErrorKind::NoMemory)?;
        assert!(reservation.bytes() >= layout.size() as u64, "a value is reserved before it is allocated");
        // SAFETY: the layout's size is at least the header's, so not 0.
        let memory = unsafe { alloc(layout) };
        let header = NonNull::new(memory.cast::<Header>()).ok_or(ErrorKind::NoMemory)?;
        // SAFETY: `header` is a fresh, exclusive block of `layout`: 64-byte aligned, long enough for the header and
        // then `bytes.len()` bytes of payload; `bytes` can't overlap it.
        unsafe {
            header.write(Header { refs: AtomicUsize::new(1), len: bytes.len(), compute_ns, reservation });
            header.add(1).cast::<u8>().copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        }
        Ok(Self { header })
    }

    fn header(&self) -> &Header {
        // SAFETY: this value holds one reference, so the block is alive and its header initialised.
        unsafe { self.header.as_ref() }
    }

    /// The payload.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the payload's `len` bytes follow the header, were initialised before publication and never change.
        unsafe { std::slice::from_raw_parts(self.header.add(1).cast::<u8>().as_ptr(), self.header().len) }
    }

    /// Nanoseconds its computation took, as the put said; 0 where unknown.
    pub fn compute_ns(&self) -> u64 {
        self.header().compute_ns
    }

    /// Bytes charged to the budget for it.
    pub(crate) fn charged(&self) -> u64 {
        self.header().reservation.bytes()
    }

    /// Whether anyone else holds a lease. Exact only where no one can clone from the holder's own reference.
    pub(crate) fn is_leased(&self) -> bool {
        self.header().refs.load(Ordering::Acquire) > 1
    }

    /// Gives the reference away as a pointer, for C.
    pub(crate) fn into_raw(self) -> *const () {
        let raw = self.header.as_ptr().cast_const().cast();
        std::mem::forget(self);
        raw
    }

    /// Takes back the reference of [`Value::into_raw`].
    ///
    /// # Safety
    /// `raw` must come from `into_raw`, and its reference must not be taken twice.
    pub(crate) unsafe fn from_raw(raw: *const ()) -> Option<Self> {
        NonNull::new(raw.cast_mut().cast()).map(|header| Self { header })
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        // Relaxed, as in std's Arc: the new reference is made from one that is alive.
        if self.header().refs.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            std::process::abort(); // 2^63 leaked leases: a wrapped count would free under a reader
        }
        Self { header: self.header }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if self.header().refs.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        // SAFETY: this was the last reference (the fence orders every earlier reader's release before us); the layout
        // is the one it was allocated with, and the reservation, moved out first, is given back only after the free.
        unsafe {
            let Header { len, reservation, .. } = self.header.read();
            let layout = Layout::from_size_align_unchecked((len + HEADER_BYTES).next_multiple_of(ALIGN), ALIGN);
            dealloc(self.header.as_ptr().cast(), layout);
            drop(reservation);
        }
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes()
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("len", &self.len()).field("compute_ns", &self.compute_ns()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, Purpose};

    #[test]
    fn a_value_is_aligned_charged_and_freed_with_its_last_lease() {
        let budget = Budget::new(1 << 20);
        for len in [0, 1, 63, 64, 65, 4096] {
            let bytes = vec![7u8; len];
            let charge = Value::charge(len).unwrap();
            assert_eq!(charge, (64 + len as u64).div_ceil(64) * 64);
            let value = Value::copy_of(&bytes, 5, budget.reserve(charge, Purpose::Result).unwrap()).unwrap();
            assert_eq!(value.as_ptr() as usize % 64, 0);
            assert_eq!((value.bytes(), value.compute_ns(), value.charged()), (&bytes[..], 5, charge));
            assert!(!value.is_leased());
            let lease = value.clone();
            assert!(value.is_leased());
            drop(value);
            assert_eq!((lease.bytes(), budget.used()), (&bytes[..], charge));
            drop(lease);
            assert_eq!(budget.used(), 0);
        }
    }

    #[test]
    fn a_length_beyond_the_address_space_has_no_charge() {
        for len in [usize::MAX, usize::MAX - 64, isize::MAX as usize] {
            assert_eq!(Value::charge(len), None);
        }
    }
}
