//! Values: a 64-byte header, and a 64-byte aligned payload behind it or external memory, immutable once published and
//! counted by reference. Holding a [`Value`] is holding a lease: it outlives eviction, purge and the cache.
#![allow(unsafe_code)]

use crate::budget::{Budget, Purpose, Reservation};
use crate::description::{Description, TensorSpec};
use crate::digest::{self, Digest};
use crate::error::{ErrorKind, Result};
use crate::process::Birth;
use std::alloc::{Layout, alloc, dealloc};
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

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
    /// The end of its time to live by the boot-time clock, or 0.
    expires_ms: u64,
    /// Holds the bytes of everything behind this value until they are freed.
    reservation: Reservation,
    extra: Option<Box<Extra>>,
    /// The content digest, once someone asked for it.
    content: AtomicPtr<Content>,
}

/// What few values have.
struct Extra {
    description: Option<Description>,
    external: Option<External>,
}

struct Content {
    digest: Digest,
    _reservation: Reservation,
}

/// Memory of the caller's, given to a value: its destructor runs exactly once, when this is dropped.
pub struct External {
    data: *const c_void,
    len: usize,
    charge: u64,
    device: bool,
    destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
    /// The process that has to destroy it: a child has a copy of this, and its parent still destroys the memory.
    birth: Birth,
}

// SAFETY: `External::new`'s contract: the memory is immutable, and data and destructor may be used on any thread.
unsafe impl Send for External {}
// SAFETY: as above.
unsafe impl Sync for External {}

impl External {
    /// # Safety
    /// Until `destroy(user_data)` runs, which may be on any thread, nothing writes to the `len` bytes at `data`, and
    /// unless `device` is set they are readable.
    pub unsafe fn new(
        data: *const c_void, len: usize, charge: u64, device: bool, destroy: Option<unsafe extern "C" fn(*mut c_void)>,
        user_data: *mut c_void,
    ) -> Self {
        Self { data, len, charge, device, destroy, user_data, birth: Birth::known() }
    }

    /// Whether the pointer and the length can be those of memory.
    pub(crate) fn is_valid(&self) -> bool {
        (!self.data.is_null() || self.len == 0) && isize::try_from(self.len).is_ok()
    }
}

impl Drop for External {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.filter(|_| self.birth.is_here()) {
            // SAFETY: `External::new`'s contract; dropped once, so called once.
            unsafe { destroy(self.user_data) }
        }
    }
}

/// Where a new value's payload comes from.
pub(crate) enum Payload<'a> {
    Copy(&'a [u8]),
    External(External),
}

impl Payload<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Copy(bytes) => bytes.len(),
            Self::External(external) => external.len,
        }
    }
}

/// A value to be made.
pub(crate) struct Draft<'a> {
    pub(crate) payload: Payload<'a>,
    pub(crate) description: Option<Description>,
    pub(crate) compute_ns: u64,
    pub(crate) expires_ms: u64,
}

impl<'a> Draft<'a> {
    pub(crate) fn copy_of(bytes: &'a [u8]) -> Self {
        Self { payload: Payload::Copy(bytes), description: None, compute_ns: 0, expires_ms: 0 }
    }

    /// What the value will be charged, or None beyond the address space.
    pub(crate) fn charge(&self) -> Option<u64> {
        let (inline, external) = match &self.payload {
            Payload::Copy(bytes) => (bytes.len(), None),
            Payload::External(external) => (0, Some(external.charge)),
        };
        let description = self.description.as_ref().map(Description::heap_bytes);
        let extra = match (description, external) {
            (None, None) => 0,
            (description, _) => (size_of::<Extra>() + description.unwrap_or(0)).checked_next_multiple_of(ALIGN)?,
        };
        (layout(inline)?.size() as u64).checked_add(extra as u64)?.checked_add(external.unwrap_or(0))
    }
}

fn layout(len: usize) -> Option<Layout> {
    let size = len.checked_add(HEADER_BYTES)?.checked_next_multiple_of(ALIGN)?;
    Layout::from_size_align(size, ALIGN).ok()
}

/// A lease on an immutable value. Cloning and dropping it are atomic and wait for nothing.
pub struct Value {
    header: NonNull<Header>,
}

// SAFETY: the payload is written only before the first `Value` exists and read-only from then on; of the header only
// atomics change; what it owns is Send and Sync.
unsafe impl Send for Value {}
// SAFETY: as above.
unsafe impl Sync for Value {}

impl Value {
    /// Makes a value that holds `reservation` (at least the draft's charge) until it is freed.
    pub(crate) fn make(draft: Draft<'_>, reservation: Reservation) -> Result<Self> {
        let charge = draft.charge().ok_or(ErrorKind::NoMemory)?;
        assert!(reservation.bytes() >= charge, "a value is reserved before it is allocated");
        let len = draft.payload.len();
        let (inline, external) = match draft.payload {
            Payload::Copy(bytes) => (bytes, None),
            Payload::External(external) => (&[][..], Some(external)),
        };
        let layout = layout(inline.len()).ok_or(ErrorKind::NoMemory)?;
        let description = draft.description;
        let extra = (description.is_some() || external.is_some()).then(|| Box::new(Extra { description, external }));
        // SAFETY: the layout's size is at least the header's, so not 0.
        let memory = unsafe { alloc(layout) };
        let header = NonNull::new(memory.cast::<Header>()).ok_or(ErrorKind::NoMemory)?;
        // SAFETY: `header` is a fresh, exclusive block of `layout`: 64-byte aligned, long enough for the header and
        // then `inline.len()` bytes of payload; `inline` can't overlap it.
        unsafe {
            header.write(Header {
                refs: AtomicUsize::new(1),
                len,
                compute_ns: draft.compute_ns,
                expires_ms: draft.expires_ms,
                reservation,
                extra,
                content: AtomicPtr::new(ptr::null_mut()),
            });
            header.add(1).cast::<u8>().copy_from_nonoverlapping(NonNull::from(inline).cast(), inline.len());
        }
        Ok(Self { header })
    }

    fn header(&self) -> &Header {
        // SAFETY: this value holds one reference, so the block is alive and its header initialised.
        unsafe { self.header.as_ref() }
    }

    fn external(&self) -> Option<&External> {
        self.header().extra.as_ref()?.external.as_ref()
    }

    fn description(&self) -> Option<&Description> {
        self.header().extra.as_ref()?.description.as_ref()
    }

    /// Bytes of the payload, wherever it is.
    pub fn size(&self) -> usize {
        self.header().len
    }

    /// The payload; empty for device memory, which is never read.
    pub fn bytes(&self) -> &[u8] {
        let header = self.header();
        let data: *const u8 = match self.external() {
            None => payload_of(self.header),
            Some(external) if external.device || external.len == 0 => return &[],
            Some(external) => external.data.cast(),
        };
        // SAFETY: `len` bytes behind the header, initialised before publication, or external memory that its giver
        // promised to be readable and immutable as long as this value lives.
        unsafe { std::slice::from_raw_parts(data, header.len) }
    }

    /// Where device memory is; None for a payload in host memory.
    pub fn device_pointer(&self) -> Option<*const c_void> {
        self.external().filter(|external| external.device).map(|external| external.data)
    }

    /// How many tensors the value describes.
    pub fn tensors(&self) -> usize {
        self.description().map_or(0, Description::tensors)
    }

    /// The `n`th tensor it describes.
    pub fn tensor(&self, n: usize) -> Option<TensorSpec<'_>> {
        self.description()?.tensor(n)
    }

    /// The caller's blob.
    pub fn blob(&self) -> &[u8] {
        self.description().map_or(&[], Description::blob)
    }

    /// The digest of the content: made the first time someone asks, so that a chain of hits hashes only its first
    /// chunk and a plain put hashes nothing. Device memory has none.
    pub fn content(&self) -> Result<Digest> {
        let slot = &self.header().content;
        // SAFETY: once set, the content is set no more and freed only with the value.
        if let Some(content) = unsafe { slot.load(Ordering::Acquire).as_ref() } {
            return Ok(content.digest);
        }
        if self.device_pointer().is_some() {
            return Err(ErrorKind::NotSupported.into());
        }
        let tensors = self.description().map_or(Ok(Vec::new()), |description| description.tensor_digests(self.bytes()));
        let digest = digest::content(self.bytes(), &tensors?, self.blob());
        // Kept only if there is room for it.
        if let Some(reservation) = self.header().reservation.another(size_of::<Content>() as u64) {
            let content = Box::into_raw(Box::new(Content { digest, _reservation: reservation }));
            if slot.compare_exchange(ptr::null_mut(), content, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: another thread was first, so this box is still ours alone.
                drop(unsafe { Box::from_raw(content) });
            }
        }
        Ok(digest)
    }

    /// Nanoseconds its computation took, as the put said; 0 where unknown.
    pub fn compute_ns(&self) -> u64 {
        self.header().compute_ns
    }

    /// Whether it has a time to live, and that is over at `now()`.
    pub(crate) fn is_expired(&self, now: impl FnOnce() -> u64) -> bool {
        let expires = self.header().expires_ms;
        expires != 0 && now() >= expires
    }

    /// Bytes charged to the budget for it.
    pub(crate) fn charged(&self) -> u64 {
        self.header().reservation.bytes()
    }

    /// Whether anyone else holds a lease. Exact only where no one can clone from the holder's own reference.
    pub(crate) fn is_leased(&self) -> bool {
        self.header().refs.load(Ordering::Acquire) > 1
    }

    /// Moves a value that no one else holds out of the budget, into the gauge of detached ones.
    pub(crate) fn detach(mut self, budget: &Arc<Budget>) -> Result<Self> {
        assert!(!self.is_leased(), "only a value no one else holds can be detached");
        let detached = budget.reserve(self.charged(), Purpose::Detached).ok_or(ErrorKind::NoMemory)?;
        // SAFETY: this is the only reference, and it is exclusively borrowed.
        unsafe { self.header.as_mut() }.reservation = detached;
        Ok(self)
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
    /// `raw` must be NULL or come from `into_raw`, and its reference must not be taken twice.
    pub(crate) unsafe fn from_raw(raw: *const ()) -> Option<Self> {
        NonNull::new(raw.cast_mut().cast()).map(|header| Self { header })
    }
}

/// The payload behind a header.
fn payload_of(header: NonNull<Header>) -> *const u8 {
    header.as_ptr().wrapping_add(1).cast_const().cast()
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
        // SAFETY: this was the last reference (the fence orders every earlier reader's release before us). The header
        // is moved out first; the layout is the one it was allocated with; bytes go back only after their free.
        unsafe {
            let Header { len, reservation, extra, content, .. } = self.header.read();
            let inline = if extra.as_ref().is_some_and(|extra| extra.external.is_some()) { 0 } else { len };
            let layout = Layout::from_size_align_unchecked((inline + HEADER_BYTES).next_multiple_of(ALIGN), ALIGN);
            dealloc(self.header.as_ptr().cast(), layout);
            let content = content.into_inner();
            if !content.is_null() {
                drop(Box::from_raw(content));
            }
            drop(extra);
            drop(reservation);
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("size", &self.size()).field("compute_ns", &self.compute_ns()).finish()
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
