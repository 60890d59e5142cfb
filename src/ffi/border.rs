//! Where pointers become typed references and results become statuses. Nothing beyond this folder sees a raw pointer.

use super::contain::{contain, inside};
use super::status::{
    STREAMCACHE_BUFFER_TOO_SMALL, STREAMCACHE_INVALID_ARGUMENT, STREAMCACHE_OK, streamcache_error, streamcache_status,
};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::value::Value;
use core::ffi::{c_char, c_void};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An opaque C type that is a reference-counted object of this library.
pub(super) trait Handle {
    type Object: Subject;
}

/// An object that belongs to a cache, which a contained panic poisons and which knows its process.
pub(super) trait Subject {
    fn cache(&self) -> &Cache;
}

impl Subject for Cache {
    fn cache(&self) -> &Cache {
        self
    }
}

impl Subject for crate::filter::Filter {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

impl Subject for crate::filter::Snapshot {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

/// The answer of a body: an outcome (0 or positive), or an error.
pub(super) type Answer = Result<streamcache_status>;

/// Runs `body`, keeping panics on this side.
pub(super) fn guard(body: impl FnOnce() -> Answer) -> streamcache_status {
    inside(body, drop)
}

/// [`guard`], with the details of a failure for a caller who asked for them.
///
/// # Safety
/// `error` is NULL or points to writable memory for one pointer.
pub(super) unsafe fn guard_error(
    error: *mut *mut streamcache_error, body: impl FnOnce() -> Answer,
) -> streamcache_status {
    // SAFETY: as this function's own contract.
    let slot = unsafe { cleared(error) };
    inside(body, |error| {
        if let Some(slot) = slot {
            *slot = streamcache_error::give(&error);
        }
    })
}

/// [`guard`] for a plain getter, which has no status: it answers `otherwise` instead of an error.
pub(super) fn plain<T>(otherwise: T, body: impl FnOnce() -> Result<T>) -> T {
    let mut answer = otherwise;
    guard(|| {
        answer = body()?;
        Ok(STREAMCACHE_OK)
    });
    answer
}

/// [`plain`] for the few steps in which nothing can panic. Marking the thread would cost these more than they do.
pub(super) fn leaf<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    if cfg!(feature = "test-panic") { plain(otherwise, || Ok(body())) } else { contain(body).unwrap_or(otherwise) }
}

/// Whether this process ever gave the library memory of its own, with a destructor.
static DESTRUCTORS: AtomicBool = AtomicBool::new(false);

/// From now on a call may run a caller's destructor.
pub(super) fn expect_destructors() {
    DESTRUCTORS.store(true, Ordering::Relaxed);
}

/// Relaxed: the handle that a destructor releases last is no other thread's any more, so that all this thread may evict
/// was put before.
fn expects_destructors() -> bool {
    DESTRUCTORS.load(Ordering::Relaxed)
}

/// Runs `body` on a handle's object, and holds that for as long: what the call evicts or forgets may be a value whose
/// destructor releases the last handle, and so may the log hook. With [`on_put`] and [`on_lookup`] the only way to an
/// object, so that no call reaches one of a parent process, and a panic on the way poisons its cache.
///
/// # Safety
/// `handle` is NULL or a live handle.
pub(super) unsafe fn on<H: Handle>(handle: *const H, body: impl FnOnce(&Arc<H::Object>) -> Answer) -> Answer {
    // SAFETY: as this function's own contract.
    unsafe { on_holding(handle, |_| true, body) }
}

/// [`on`] for puts, in which every nanosecond counts: they log nothing, and hold the object only where there are
/// destructors.
///
/// # Safety
/// As [`on`].
pub(super) unsafe fn on_put<H: Handle>(handle: *const H, body: impl FnOnce(&Arc<H::Object>) -> Answer) -> Answer {
    // SAFETY: as this function's own contract.
    unsafe { on_holding(handle, |_| expects_destructors(), body) }
}

/// [`on_put`] for lookups: they free nothing, unless results have a time to live or there are stores behind memory.
///
/// # Safety
/// As [`on`].
pub(super) unsafe fn on_lookup<H: Handle>(handle: *const H, body: impl FnOnce(&Arc<H::Object>) -> Answer) -> Answer {
    // SAFETY: as this function's own contract.
    unsafe { on_holding(handle, |cache| expects_destructors() && cache.lookups_free(), body) }
}

/// # Safety
/// As [`on`].
#[inline]
unsafe fn on_holding<H: Handle>(
    handle: *const H, holds: impl FnOnce(&Cache) -> bool, body: impl FnOnce(&Arc<H::Object>) -> Answer,
) -> Answer {
    // SAFETY: as this function's own contract.
    let object = unsafe { borrow(handle) }?;
    object.cache().birth().check()?;
    let _held = holds(object.cache()).then(|| Arc::clone(&object));
    run(&object, body)
}

fn run<T: Subject>(object: &Arc<T>, body: impl FnOnce(&Arc<T>) -> Answer) -> Answer {
    /// Dropped only by a panic on its way to the border.
    struct Poison<'a>(&'a Cache);
    impl Drop for Poison<'_> {
        fn drop(&mut self) {
            self.0.poison();
        }
    }
    let poison = Poison(object.cache());
    #[cfg(feature = "test-panic")]
    super::test_panic::on_an_object();
    let answer = body(object);
    std::mem::forget(poison);
    answer
}

/// The object behind a handle, for the call.
///
/// # Safety
/// `handle` is NULL or a live handle, whose reference outlives the result.
unsafe fn borrow<H: Handle>(handle: *const H) -> Result<ManuallyDrop<Arc<H::Object>>> {
    if handle.is_null() {
        return Err(null());
    }
    // SAFETY: `give` made the pointer by `Arc::into_raw`; ManuallyDrop leaves its reference with the caller.
    Ok(ManuallyDrop::new(unsafe { Arc::from_raw(handle.cast()) }))
}

/// The error for a NULL that must not be.
pub(super) fn null() -> Error {
    ErrorKind::InvalidArgument.into()
}

/// Gives one reference to C.
pub(super) fn give<H: Handle>(object: Arc<H::Object>) -> *mut H {
    Arc::into_raw(object).cast_mut().cast()
}

/// Adds a reference to a handle.
///
/// # Safety
/// `handle` is NULL or a live handle.
pub(super) unsafe fn retain<H: Handle>(handle: *const H) -> Answer {
    // SAFETY: as this function's own contract.
    unsafe {
        on(handle, |object| {
            std::mem::forget(Arc::clone(object));
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Drops one reference of a handle. In a forked child it leaks on purpose: what the handle stands for may be half
/// changed there, and its locks held for ever.
///
/// # Safety
/// `handle` is NULL or a live handle, whose reference the caller gives up.
pub(super) unsafe fn release<H: Handle>(handle: *const H) -> Answer {
    // SAFETY: as this function's own contract.
    match unsafe { borrow(handle) } {
        Ok(object) if object.cache().birth().is_here() => drop(ManuallyDrop::into_inner(object)),
        _ => {}
    }
    Ok(STREAMCACHE_OK)
}

/// An out parameter for a pointer, set to NULL at once so that every failure leaves it so.
///
/// # Safety
/// `out` is NULL or points to writable memory for one pointer.
pub(super) unsafe fn cleared<'a, T>(out: *mut *mut T) -> Option<&'a mut *mut T> {
    if out.is_null() {
        return None;
    }
    // SAFETY: not NULL, and writable by contract; written before a reference to it is made.
    unsafe {
        out.write(std::ptr::null_mut());
        Some(&mut *out)
    }
}

/// An out parameter, or INVALID_ARGUMENT.
///
/// # Safety
/// `out` is NULL or points to a writable, initialised or plain-data `T`.
pub(super) unsafe fn required<'a, T>(out: *mut T) -> Result<&'a mut T> {
    // SAFETY: as this function's own contract.
    unsafe { out.as_mut() }.ok_or_else(null)
}

/// `len` bytes at `data`; NULL only with length 0.
///
/// # Safety
/// As [`list`].
pub(super) unsafe fn bytes<'a>(data: *const c_void, len: usize) -> Result<&'a [u8]> {
    // SAFETY: as this function's own contract.
    unsafe { list(data.cast(), len) }
}

/// `len` bytes of UTF-8 at `text`; NULL only with length 0.
///
/// # Safety
/// As [`bytes`].
pub(super) unsafe fn text<'a>(text: *const c_char, len: usize) -> Result<&'a str> {
    // SAFETY: as this function's own contract.
    let bytes = unsafe { bytes(text.cast(), len) }?;
    std::str::from_utf8(bytes)
        .map_err(|e| Error::invalid(format!("an id or name is not UTF-8: {e}; pass bytes as hexadecimal or base64")))
}

/// `len` items at `items`; NULL only with length 0.
///
/// # Safety
/// `items` is NULL or points to `len` readable items that nothing writes during `'a`.
pub(super) unsafe fn list<'a, T>(items: *const T, len: usize) -> Result<&'a [T]> {
    if items.is_null() {
        return if len == 0 { Ok(&[]) } else { Err(null()) };
    }
    if !items.is_aligned() || len > isize::MAX as usize / size_of::<T>() {
        return Err(null());
    }
    // SAFETY: not NULL, aligned, no longer than isize::MAX bytes, and readable by contract.
    Ok(unsafe { std::slice::from_raw_parts(items, len) })
}

/// Copies text and a NUL into the caller's buffer.
///
/// # Safety
/// `buffer` is NULL or writable for `capacity` bytes, `len` NULL or writable.
pub(super) unsafe fn write_text(
    buffer: *mut c_char, capacity: usize, len: *mut usize, make: impl FnOnce() -> Result<String>,
) -> Answer {
    // SAFETY: as this function's own contract.
    let len = unsafe { required(len) }?;
    *len = 0;
    if buffer.is_null() && capacity > 0 {
        return Err(null());
    }
    let text = make()?;
    *len = text.len();
    if capacity <= text.len() {
        return Ok(STREAMCACHE_BUFFER_TOO_SMALL);
    }
    // SAFETY: writable for more than the text's bytes by contract; the text is ours, so they don't overlap.
    unsafe {
        buffer.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(STREAMCACHE_OK)
}

/// Flags that must be among `known`.
pub(super) fn only(flags: u32, known: u32) -> Result<()> {
    match flags & !known {
        0 => Ok(()),
        unknown => Err(Error::invalid(format!("unknown flags {unknown:#x}"))),
    }
}

/// A lease as C holds it: the value's own address.
pub(super) fn lease(value: Option<Value>) -> *mut super::value::streamcache_value {
    value.map_or(std::ptr::null_mut(), |value| value.into_raw().cast_mut().cast())
}

const _: () = assert!(ErrorKind::InvalidArgument as i32 == STREAMCACHE_INVALID_ARGUMENT);
