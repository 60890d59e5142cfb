//! Section: batch.

use super::border::{
    Handle, Subject, bytes, cleared, give, guard, guard_error, list, null, on, plain, release, required,
};
use super::chunk::streamcache_put_options;
use super::digest::streamcache_digest;
use super::digest_many::{buffers, streamcache_buffer};
use super::filter::streamcache_filter;
use super::said::{put_error, put_options};
use super::status::{
    STREAMCACHE_BUFFER_TOO_SMALL, STREAMCACHE_BUSY, STREAMCACHE_DUPLICATE, STREAMCACHE_ENDED, STREAMCACHE_FILL,
    STREAMCACHE_OK, STREAMCACHE_PENDING, STREAMCACHE_REJECTED, streamcache_status,
};
use super::ticket::{patience, streamcache_ticket};
use super::value::streamcache_value;
use crate::batch::{Batch, Item, Waited};
use crate::cache::Cache;
use crate::call::Flags;
use crate::digest::Digest;
use crate::error::{Error, Result};
use core::ffi::c_void;
use std::mem::offset_of;
use std::ptr::null_mut;
use std::sync::Arc;

/// The most items of one batch.
const MAX_ITEMS: usize = 1 << 20;

/// A batch: chunks that were looked up together. Any thread, any time; one owner.
pub struct streamcache_batch {
    _opaque: [u8; 0],
}

impl Handle for streamcache_batch {
    type Object = Batch;
}

impl Subject for Batch {
    fn cache(&self) -> &Cache {
        self.cache()
    }
}

/// One chunk of a batch, as it stands. It may grow: streamcache_batch_get_items() is told its size.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_batch_item {
    /// STREAMCACHE_OK: it has its result. STREAMCACHE_REJECTED: it has a rejection. STREAMCACHE_FILL: it is this batch's
    /// to compute. STREAMCACHE_PENDING: another caller computes it. STREAMCACHE_DUPLICATE: an earlier item has its key,
    /// and it will have its result (never where nothing is shared, as with STREAMCACHE_BYPASS). STREAMCACHE_ENDED: its
    /// ticket, or that of the earlier item, was aborted.
    pub status: streamcache_status,
    /// For STREAMCACHE_DUPLICATE the index of the first item with this key, else the item's own.
    pub same_as: u32,
    /// The result or the rejection, borrowed from the batch; NULL otherwise.
    pub value: *mut streamcache_value,
    /// The ticket of STREAMCACHE_FILL, borrowed from the batch; NULL otherwise.
    pub ticket: *mut streamcache_ticket,
}

fn item_of(at: usize, item: &Item) -> streamcache_batch_item {
    let (status, same_as) = match item {
        Item::Here(value) if value.rejection().is_some() => (STREAMCACHE_REJECTED, at),
        Item::Here(_) => (STREAMCACHE_OK, at),
        Item::Fill(_) => (STREAMCACHE_FILL, at),
        Item::Pending => (STREAMCACHE_PENDING, at),
        Item::SameAs(first) => (STREAMCACHE_DUPLICATE, *first),
        Item::Aborted => (STREAMCACHE_ENDED, at),
    };
    let value = if let Item::Here(value) = item { value.as_raw().cast_mut().cast() } else { null_mut() };
    let ticket = if let Item::Fill(ticket) = item { Arc::as_ptr(ticket).cast_mut().cast() } else { null_mut() };
    streamcache_batch_item { status, same_as: same_as as u32, value, ticket }
}

/// What an item of the first header, 0.1, has.
const FIRST_ITEM: usize = offset_of!(streamcache_batch_item, ticket) + size_of::<*mut streamcache_ticket>();

fn check_count(count: usize) -> Result<()> {
    match count {
        0..=MAX_ITEMS => Ok(()),
        _ => Err(Error::invalid(format!("a batch of {count} chunks: at most {MAX_ITEMS}"))),
    }
}

/// Looks up the results of many chunks under the present state, without waiting for anyone who computes: each shard is
/// locked once for each 256 of its chunks, and what memory has not is read from the stores behind it all at once, for as
/// long as one lookup. What is missing shrinks to one ticket for each distinct key. With STREAMCACHE_BYPASS, and
/// of a filter that is not deterministic, nothing is shared: each item has a ticket of its own, also where several have
/// the same key.
///
/// Borrows everything for the call; `*batch` receives the batch, for streamcache_batch_free(). Threads: any.
/// @param[in]  filter the filter
/// @param[in]  chunks their digests, `count` of them; NULL only with count 0
/// @param[in]  count how many, at most 2^20
/// @param[in]  flags 0, or STREAMCACHE_BYPASS, _REFRESH, _READ_ONLY, _MEMORY_ONLY, _NO_REMOTE; with STREAMCACHE_NO_WAIT
///             no store behind memory is read
/// @param[out] batch the batch; NULL on failure
/// @retval STREAMCACHE_OK done: see streamcache_batch_get_items()
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, too many chunks, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_begin_batch(
    filter: *mut streamcache_filter, chunks: *const streamcache_digest, count: usize, flags: u32,
    batch: *mut *mut streamcache_batch,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let batch = cleared(batch).ok_or_else(null)?;
        check_count(count)?;
        // Digests are 32 plain bytes on either side of the border.
        let (chunks, flags) = (list(chunks.cast::<Digest>(), count)?, Flags::from_bits(flags)?);
        on(filter, |filter| {
            *batch = give(filter.begin_batch(chunks, flags)?);
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Digests many chunks and looks them up: streamcache_digest_chunks() and streamcache_filter_begin_batch() in one.
///
/// Borrows everything for the call; `*batch` receives the batch, for streamcache_batch_free(). Threads: any.
/// @param[in]  filter the filter
/// @param[in]  chunks the chunks, `count` of them; NULL only with count 0
/// @param[in]  count how many, at most 2^20
/// @param[in]  flags as streamcache_filter_begin_batch() has them
/// @param[out] batch the batch; NULL on failure
/// @retval STREAMCACHE_OK done: see streamcache_batch_get_items()
/// @retval STREAMCACHE_NO_STATE no state was loaded
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, too many chunks, an unknown flag or STREAMCACHE_PEEK
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_filter_begin_batch_bytes(
    filter: *mut streamcache_filter, chunks: *const streamcache_buffer, count: usize, flags: u32,
    batch: *mut *mut streamcache_batch,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let batch = cleared(batch).ok_or_else(null)?;
        check_count(count)?;
        let (chunks, flags) = (buffers(chunks, count)?, Flags::from_bits(flags)?);
        on(filter, |filter| {
            let mut digests = Vec::new();
            digests.try_reserve_exact(chunks.len())?;
            digests.resize(chunks.len(), Digest([0; 32]));
            crate::digest::chunks(chunks.iter().copied(), &mut digests);
            *batch = give(filter.begin_batch(&digests, flags)?);
            Ok(STREAMCACHE_OK)
        })
    })
}

/// Frees a batch: its open tickets are aborted, and its borrowed values are its no more.
///
/// Takes `batch`; NULL is fine. Threads: any, but no other may still use it. Never fails, never waits.
/// @param[in] batch the batch, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_batch_free(batch: *mut streamcache_batch) {
    // SAFETY: the caller's reference, as documented.
    guard(|| unsafe { release(batch) });
}

/// How many chunks a batch has.
///
/// Borrows `batch`. Threads: any.
/// @param[in] batch the batch; NULL answers 0
/// @return how many
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_batch_get_count(batch: *const streamcache_batch) -> usize {
    let mut count = 0;
    // SAFETY: the caller's handle, as documented.
    plain(0, || unsafe {
        on(batch, |batch| {
            count = batch.count();
            Ok(STREAMCACHE_OK)
        })
        .map(|_| count)
    })
}

/// Writes the items as they stand now, in the order of the chunks.
///
/// Borrows everything for the call; values and tickets in the items are the batch's, until it is freed (retain those
/// that are to live longer). Threads: any.
/// @param[in]  batch the batch
/// @param[out] items where to; NULL only with capacity 0
/// @param[in]  item_size sizeof(streamcache_batch_item), which is how far apart they are; one of an older header is filled
///             as far as it goes, and what is unknown here is 0 in one of a newer header
/// @param[in]  capacity how many items fit
/// @param[out] count how many there are; NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_BUFFER_TOO_SMALL there are more: as many as fit were written
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a wrong item_size
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_batch_get_items(
    batch: *const streamcache_batch, items: *mut streamcache_batch_item, item_size: usize, capacity: usize,
    count: *mut usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented; item_size bounds what is written.
    guard(|| unsafe {
        if items.is_null() && capacity > 0 || !items.is_aligned() {
            return Err(null());
        }
        if !(FIRST_ITEM..=4096).contains(&item_size) || item_size % align_of::<streamcache_batch_item>() != 0 {
            return Err(Error::invalid("item_size is wrong: set it to sizeof(streamcache_batch_item)"));
        }
        let known = item_size.min(size_of::<streamcache_batch_item>());
        on(batch, |batch| {
            batch.each(capacity, |at, item| {
                let (to, item) = (items.cast::<u8>().add(at * item_size), item_of(at, item));
                to.copy_from((&raw const item).cast(), known);
                to.add(known).write_bytes(0, item_size - known);
            });
            let all = batch.count();
            if let Some(count) = count.as_mut() {
                *count = all;
            }
            Ok(if capacity < all { STREAMCACHE_BUFFER_TOO_SMALL } else { STREAMCACHE_OK })
        })
    })
}

/// Waits for what other callers compute. Compute and commit this batch's own items first: others may wait for them.
///
/// Borrows `batch`. Threads: any; a wait holds no lock.
/// @param[in] batch the batch
/// @param[in] timeout_ms how long at most; 0 not at all, STREAMCACHE_TIMEOUT_DEFAULT 60 seconds
/// @retval STREAMCACHE_OK nothing is pending any more
/// @retval STREAMCACHE_FILL the owner of an item gave up, and it is this batch's to compute now, even if others are
///         pending: see streamcache_batch_get_items(), commit it, and wait again
/// @retval STREAMCACHE_BUSY the time was up
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL batch
/// @retval STREAMCACHE_CLOSED the cache was closed, also during the wait
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_batch_wait(batch: *mut streamcache_batch, timeout_ms: u32) -> streamcache_status {
    // SAFETY: the caller's handle, as documented.
    guard(|| unsafe {
        on(batch, |batch| {
            Ok(match batch.wait(patience(timeout_ms))? {
                Waited::Done => STREAMCACHE_OK,
                Waited::Fill => STREAMCACHE_FILL,
                Waited::Busy => STREAMCACHE_BUSY,
            })
        })
    })
}

/// Publishes the results of this batch's own items from one buffer, as a model that ran over them leaves it: row r is at
/// `data + r * stride`. Each row is copied once, and given to those who wait.
///
/// Borrows everything for the call. Threads: any. Locks one shard at a time, once for each row.
/// @param[in]  batch the batch
/// @param[in]  items the index of each row's item, which must be STREAMCACHE_FILL; NULL for all of those, in order
/// @param[in]  count how many rows; with items NULL it must be the number of those items
/// @param[in]  data the rows
/// @param[in]  stride bytes from one row to the next, at least `len`
/// @param[in]  len bytes of a row
/// @param[in]  options NULL for none; tensors and blob are every row's, and compute_ns of one row: where it is 0, the
///             time since the batch began, or since its last commit, is shared by these rows
/// @param[out] stored how many were stored, also on failure; NULL if not wanted
/// @retval STREAMCACHE_OK done: these items, and those of the same keys, have their results now
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, an item that is not this batch's to compute or comes twice, a
///         wrong count, a stride below `len`, or wrong options: nothing was committed. Or another thread was in a call
///         on one of these tickets at that moment: the rows before it are committed, see `stored`
/// @retval STREAMCACHE_ENDED another thread committed or aborted one of these tickets; the rows before it are committed
/// @retval STREAMCACHE_NO_MEMORY the allocator refused; the rows before are committed, the others stay open
/// @retval STREAMCACHE_CLOSED the cache was closed
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_batch_commit(
    batch: *mut streamcache_batch, items: *const u32, count: usize, data: *const c_void, stride: usize, len: usize,
    options: *const streamcache_put_options, stored: *mut usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(put_error(options), || {
            let mut unwanted = 0;
            let stored = required(stored).unwrap_or(&mut unwanted);
            *stored = 0;
            let rows = rows(data, count, stride, len)?;
            let items = if items.is_null() { None } else { Some(list(items, count)?) };
            let said = put_options(options, 0, true)?;
            let row = |n: usize| &rows[n * stride..n * stride + len];
            on(batch, |batch| batch.commit(items, count, row, &said.options(), stored).map(|()| STREAMCACHE_OK))
        })
    }
}

/// The bytes of `count` rows: the last one ends where it ends, not where another would begin.
///
/// # Safety
/// `data` is NULL or readable for that many bytes.
unsafe fn rows<'a>(data: *const c_void, count: usize, stride: usize, len: usize) -> Result<&'a [u8]> {
    let before = count.saturating_sub(1).checked_mul(stride);
    let all = before.and_then(|before| before.checked_add(len)).filter(|_| stride >= len && count <= MAX_ITEMS);
    let all = all.ok_or_else(|| Error::invalid("rows of more bytes than their stride, or of more than memory has"))?;
    // SAFETY: as this function's own contract.
    unsafe { bytes(data, if count == 0 { 0 } else { all }) }
}
