//! Values: a 64-byte header, and a 64-byte aligned payload after it or external memory, immutable once published and
//! counted by reference. Holding a [`Value`] is holding a lease: it outlives eviction, purge and the cache.
#![allow(unsafe_code)]

mod block;
mod content;
mod draft;
mod external;
#[cfg(test)]
pub(crate) mod tests;

use crate::budget::{Budget, Purpose, Reservation};
use crate::description::{Description, Plan, TensorSpec};
use crate::error::{ErrorKind, Result};
use block::payload_of;
pub(crate) use block::{Buffer, prefetch, try_box};
use content::Content;
pub(crate) use draft::{Draft, Payload};
pub use external::External;
use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

/// One cache line, and the payload's alignment.
const ALIGN: usize = 64;

/// What every allocator aligns to by itself. Asking glibc for more makes a put with eviction twice as dear: its aligned
/// blocks pass by its lists of free ones and are cut out of larger ones, which then fall to pieces.
const BLOCK_ALIGN: usize = 16;

/// The most there is in front of a payload: the header, and what aligns the payload.
pub const HEADER_BYTES: usize = size_of::<Header>() + ALIGN - BLOCK_ALIGN;
const _: () = assert!(HEADER_BYTES == 112);

const ORIGIN_SHIFT: u32 = 62;
/// More than a hundred years.
const MAX_COMPUTE_NS: u64 = (1 << ORIGIN_SHIFT) - 1;

/// Of longer values the processor itself fetches what follows.
const MOST_PREFETCHED: usize = 384;

/// Lies at the block's beginning. What a hit reads comes first.
#[repr(C, align(16))]
struct Header {
    refs: AtomicUsize,
    /// The end of its time to live by the boot-time clock, or 0.
    expires_ms: u64,
    /// Nanoseconds that computing this took, or 0 where unknown; in the topmost bits the tier it was read from.
    cost: u64,
    len: usize,
    /// Holds the bytes of everything behind this value until they are freed.
    reservation: Reservation,
    extra: Option<Box<Extra>>,
    /// The content digest, once someone asked for it.
    content: AtomicPtr<Content>,
}

/// What few values have.
struct Extra {
    description: Option<Box<Description>>,
    external: Option<Box<External>>,
    /// What goes with it and leaves with it: a stream's next state beside the step's output.
    companion: Option<Value>,
    /// Why there is no result, in the caller's own numbers.
    rejection: Option<i32>,
}

impl Extra {
    /// Apart from the other values, whose making it would slow down.
    #[cold]
    fn make(
        plan: Option<Plan<'_>>, external: Option<Box<External>>, companion: Option<Value>, rejection: Option<i32>,
    ) -> Result<Box<Self>> {
        let description = plan.map(|plan| try_box(plan.make()?)).transpose()?;
        try_box(Self { description, external, companion, rejection })
    }
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
        debug_assert!(draft.charge().is_some_and(|it| it <= reservation.bytes()), "reserved before it is allocated");
        let len = draft.payload.len();
        let needs_extra = draft.needs_extra();
        let Draft { payload, description, compute_ns, expires_ms, companion, rejection, origin } = draft;
        let cost = compute_ns.min(MAX_COMPUTE_NS) | u64::from(origin) << ORIGIN_SHIFT;
        let (buffer, inline, external) = match payload {
            Payload::Copy(bytes) => (Buffer::new(bytes.len())?, bytes, None),
            Payload::External(external) => (Buffer::new(0)?, &[][..], Some(external)),
            Payload::Written(buffer, written) => {
                debug_assert_eq!(buffer.capacity, written, "its block is freed by the value's length");
                (buffer, &[][..], None)
            }
        };
        let extra = if needs_extra { Some(Extra::make(description, external, companion, rejection)?) } else { None };
        let header = ManuallyDrop::new(buffer).block;
        let (refs, content) = (AtomicUsize::new(1), AtomicPtr::new(ptr::null_mut()));
        // SAFETY: `header` is an exclusive block of `layout(inline.len())` or the written buffer's: aligned for the
        // header, and long enough for it, for what aligns the payload, and for `inline.len()` bytes of payload; `inline`
        // can't overlap it.
        unsafe {
            header.write(Header { refs, len, cost, expires_ms, reservation, extra, content });
            payload_of(header).copy_from_nonoverlapping(inline.as_ptr(), inline.len());
        }
        Ok(Self { header })
    }

    fn header(&self) -> &Header {
        // SAFETY: this value holds one reference, so the block is alive and its header initialised.
        unsafe { self.header.as_ref() }
    }

    fn external(&self) -> Option<&External> {
        self.header().extra.as_ref()?.external.as_deref()
    }

    fn description(&self) -> Option<&Description> {
        self.header().extra.as_ref()?.description.as_deref()
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

    /// Nanoseconds its computation took, as the put said; 0 where unknown.
    pub fn compute_ns(&self) -> u64 {
        self.header().cost & MAX_COMPUTE_NS
    }

    /// The number of the tier it was read from; 0 for none, it was computed in this process.
    pub(crate) fn origin(&self) -> u8 {
        (self.header().cost >> ORIGIN_SHIFT) as u8
    }

    /// Whether it has a time to live, and that is over at `now()`.
    pub(crate) fn is_expired(&self, now: impl FnOnce() -> u64) -> bool {
        let expires = self.header().expires_ms;
        expires != 0 && now() >= expires
    }

    /// The end of its time to live by the boot-time clock, or 0.
    pub(crate) fn expires_ms(&self) -> u64 {
        self.header().expires_ms
    }

    /// Bytes charged to the budget for it and what goes with it.
    pub(crate) fn charged(&self) -> u64 {
        let header = self.header();
        let companion = header.extra.as_ref().and_then(|extra| extra.companion.as_ref());
        header.reservation.bytes() + companion.map_or(0, Self::charged)
    }

    /// What goes with it: a stream's next state beside the step's output.
    pub(crate) fn companion(&self) -> Option<&Value> {
        self.header().extra.as_ref()?.companion.as_ref()
    }

    /// Why there is no result, in the caller's own numbers; None for a result.
    pub fn rejection(&self) -> Option<i32> {
        self.header().extra.as_ref()?.rejection
    }

    /// Whether anyone else holds a lease. Exact only where no one can clone from the holder's own reference.
    pub(crate) fn is_leased(&self) -> bool {
        self.header().refs.load(Ordering::Acquire) > 1
    }

    /// Moves a value that no one else holds out of the budget, into the gauge of detached ones.
    pub(crate) fn detach(mut self, budget: &Arc<Budget>) -> Result<Self> {
        assert!(!self.is_leased(), "only a value no one else holds can be detached");
        let detached =
            budget.reserve(self.header().reservation.bytes(), Purpose::Detached).ok_or(ErrorKind::NoMemory)?;
        // SAFETY: this is the only reference, and it is exclusively borrowed.
        unsafe { self.header.as_mut() }.reservation = detached;
        Ok(self)
    }

    /// Asks for the first `bytes` of its block, which is soon to be freed and used again: a put then waits neither for
    /// this header nor for the memory it copies into. Reads nothing, so the value may be in any cache level or none.
    pub(crate) fn prefetch(&self, bytes: usize) {
        // What the allocator writes about a block lies in front of it, often in the line before.
        let before = self.header.as_ptr().wrapping_byte_sub(BLOCK_ALIGN);
        for line in (0..bytes.min(MOST_PREFETCHED) + BLOCK_ALIGN).step_by(ALIGN) {
            prefetch(before.wrapping_byte_add(line));
        }
    }

    /// Asks for its header and the payload's beginning, which are soon read.
    pub(crate) fn foresee(&self) {
        prefetch(self.header.as_ptr());
        prefetch(payload_of(self.header));
    }

    /// The pointer that [`Value::into_raw`] would give, its reference not given away.
    pub(crate) fn as_raw(&self) -> *const () {
        self.header.as_ptr().cast_const().cast()
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

impl Clone for Value {
    fn clone(&self) -> Self {
        // Relaxed, as in std's Arc: the new reference is made from one that is alive.
        if self.header().refs.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            std::process::abort(); // 2^63 leaked leases: a wrapped count would free under a reader
        }
        Self { header: self.header }
    }
}

impl Value {
    /// Frees the value, if no one else holds it, and keeps its bytes reserved for the next; also its block, where that is
    /// as the next needs it, for a payload of `len` bytes.
    pub(crate) fn into_parts(self, len: usize) -> (Option<Reservation>, Option<Buffer>) {
        // SAFETY: forgotten, so its reference is given up once.
        match unsafe { ManuallyDrop::new(self).release() } {
            Some((reservation, buffer)) => (Some(reservation), Some(buffer).filter(|buffer| buffer.capacity == len)),
            None => (None, None),
        }
    }

    /// Gives up this reference; the last one frees everything but the bytes it had reserved and its block.
    ///
    /// # Safety
    /// Nothing may use this value afterwards.
    #[inline]
    unsafe fn release(&self) -> Option<(Reservation, Buffer)> {
        // SAFETY: the second is reached by whoever gave up the last reference.
        (self.header().refs.fetch_sub(1, Ordering::Release) == 1).then(|| unsafe { self.parts() })
    }

    /// Frees everything but the bytes it had reserved and its block.
    ///
    /// # Safety
    /// The last reference was given up by this thread, and nothing may use this value afterwards.
    unsafe fn parts(&self) -> (Reservation, Buffer) {
        fence(Ordering::Acquire);
        // SAFETY: there is no other reference (the fence orders every earlier reader's release before us). The header
        // is moved out first; the buffer has the capacity the block was allocated for; bytes go back only after their
        // free.
        unsafe {
            let Header { len, reservation, extra, content, .. } = self.header.read();
            let inline = if extra.as_ref().is_some_and(|extra| extra.external.is_some()) { 0 } else { len };
            let content = content.into_inner();
            if !content.is_null() {
                drop(Box::from_raw(content));
            }
            drop(extra);
            (reservation, Buffer { block: self.header, capacity: inline })
        }
    }
}

impl Drop for Value {
    /// As a rule another reference is left: a lease is given back while the cache keeps its own.
    #[inline]
    fn drop(&mut self) {
        if self.header().refs.fetch_sub(1, Ordering::Release) == 1 {
            // SAFETY: dropped once, and that was the last reference.
            drop_parts(unsafe { self.parts() });
        }
    }
}

/// The block goes before the bytes that are reserved for it.
#[inline(never)]
fn drop_parts((reservation, buffer): (Reservation, Buffer)) {
    drop(buffer);
    drop(reservation);
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("size", &self.size()).field("compute_ns", &self.compute_ns()).finish()
    }
}
