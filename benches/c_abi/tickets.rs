//! Tickets and batches as a C program uses them, beside the plain calls by a chunk's digest.
#![allow(unsafe_code)]

use super::library::{Filter, Key, functions};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

type Status = i32;
const OK: Status = 0;
const FILL: Status = 4;
const A_MINUTE: u32 = u32::MAX;

/// As in the header.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Item {
    status: Status,
    same_as: u32,
    value: *mut c_void,
    ticket: *mut c_void,
}

/// As in the header.
#[repr(C)]
pub(crate) struct Buffer {
    data: *const c_void,
    len: usize,
}

functions! { Functions:
    filter_get: fn(*const c_void, *const Key, u32, *mut *mut c_void, *mut Key) -> Status;
    filter_put: fn(*mut c_void, *const Key, *const Key, *const c_void, usize, u32, *const c_void, *mut *mut c_void) -> Status;
    filter_begin: fn(*mut c_void, *const Key, u32, u32, *mut *mut c_void, *mut *mut c_void) -> Status;
    ticket_buffer: fn(*mut c_void, usize, *mut *mut c_void) -> Status;
    ticket_commit: fn(*mut c_void, usize, *const c_void, *mut *mut c_void) -> Status;
    ticket_commit_copy: fn(*mut c_void, *const c_void, usize, *const c_void, *mut *mut c_void) -> Status;
    ticket_release: fn(*mut c_void);
    filter_begin_bytes: fn(*mut c_void, *const c_void, usize, u32, u32, *mut *mut c_void, *mut *mut c_void, *mut Key) -> Status;
    filter_begin_batch_bytes: fn(*mut c_void, *const Buffer, usize, u32, *mut *mut c_void) -> Status;
    filter_begin_batch: fn(*mut c_void, *const Key, usize, u32, *mut *mut c_void) -> Status;
    batch_get_items: fn(*const c_void, *mut Item, usize, usize, *mut usize) -> Status;
    batch_free: fn(*mut c_void);
    value_data: fn(*const c_void) -> *const c_void;
    value_release: fn(*mut c_void);
}

/// A filter's calls by digest.
pub struct Once<'a> {
    functions: Functions,
    filter: &'a Filter<'a>,
}

// SAFETY: the library's handles may be used on any thread.
unsafe impl Sync for Once<'_> {}

impl<'a> Once<'a> {
    pub fn new(filter: &'a Filter<'a>) -> Self {
        // SAFETY: the library that the filter is of.
        Self { functions: unsafe { Functions::find(filter.handles().0) }, filter }
    }

    /// Looks up, reads the first byte, and releases; says whether it was a hit.
    pub fn get(&self, chunk: &Key) -> bool {
        let (mut value, mut key) = (null_mut(), MaybeUninit::<Key>::uninit());
        // SAFETY: a live filter; the rest lives for the calls; the value is a lease or NULL.
        unsafe {
            let status = (self.functions.filter_get)(self.filter.handles().1, chunk, 0, &mut value, key.as_mut_ptr());
            std::hint::black_box((self.functions.value_data)(value).cast::<u8>().read());
            (self.functions.value_release)(value);
            status == OK
        }
    }

    /// The same by a begin.
    pub fn begin_hit(&self, chunk: &Key) -> bool {
        let (mut value, mut ticket) = (null_mut(), null_mut());
        // SAFETY: as above; a hit has no ticket.
        unsafe {
            let begin = self.functions.filter_begin;
            let status = begin(self.filter.handles().1, chunk, A_MINUTE, 0, &mut value, &mut ticket);
            std::hint::black_box((self.functions.value_data)(value).cast::<u8>().read());
            (self.functions.value_release)(value);
            status == OK
        }
    }

    /// Stores a copy.
    pub fn put(&self, chunk: &Key, data: &[u8]) -> bool {
        let (data, len) = (data.as_ptr().cast(), data.len());
        // SAFETY: a live filter; the rest lives for the call; no key is needed before the first swap.
        unsafe {
            let put = self.functions.filter_put;
            put(self.filter.handles().1, chunk, null(), data, len, 0, null(), null_mut()) == OK
        }
    }

    /// Gets a ticket, writes the value into its buffer, commits it there and releases; says whether it is stored.
    pub fn begin_and_commit(&self, chunk: &Key, data: &[u8]) -> bool {
        let (mut value, mut ticket, mut buffer) = (null_mut(), null_mut(), null_mut());
        // SAFETY: as above; the buffer has as many bytes as were asked for.
        unsafe {
            let begin = self.functions.filter_begin;
            assert_eq!(begin(self.filter.handles().1, chunk, A_MINUTE, 0, &mut value, &mut ticket), FILL);
            assert_eq!((self.functions.ticket_buffer)(ticket, data.len(), &mut buffer), OK);
            buffer.cast::<u8>().copy_from_nonoverlapping(data.as_ptr(), data.len());
            let status = (self.functions.ticket_commit)(ticket, data.len(), null(), null_mut());
            (self.functions.ticket_release)(ticket);
            status == OK
        }
    }

    /// Gets the value of one byte, or computes it where no one else does; says whether it did.
    pub fn compute_once(&self, chunk: &Key, compute: impl FnOnce() -> u8) -> bool {
        let (mut value, mut ticket) = (null_mut(), null_mut());
        // SAFETY: as above; the value is a lease on one byte.
        unsafe {
            let begin = self.functions.filter_begin;
            let status = begin(self.filter.handles().1, chunk, A_MINUTE, 0, &mut value, &mut ticket);
            if status == FILL {
                let byte = compute();
                let data = (&raw const byte).cast();
                assert_eq!((self.functions.ticket_commit_copy)(ticket, data, 1, null(), &mut value), OK);
                (self.functions.ticket_release)(ticket);
            }
            assert_eq!((self.functions.value_data)(value).cast::<u8>().read(), 7);
            (self.functions.value_release)(value);
            status == FILL
        }
    }

    /// A begin by the chunk's bytes that hits.
    pub fn begin_bytes_hit(&self, chunk: &[u8]) -> bool {
        let (mut value, mut ticket) = (null_mut(), null_mut());
        // SAFETY: as above; a hit has no ticket.
        unsafe {
            let begin = self.functions.filter_begin_bytes;
            let (data, len) = (chunk.as_ptr().cast(), chunk.len());
            let status = begin(self.filter.handles().1, data, len, A_MINUTE, 0, &mut value, &mut ticket, null_mut());
            std::hint::black_box((self.functions.value_data)(value).cast::<u8>().read());
            (self.functions.value_release)(value);
            status == OK
        }
    }

    /// Looks all of them up in one batch, reads the first byte of each, and releases; says how many were hits.
    pub fn batch_hits(&self, chunks: &[Key]) -> usize {
        let mut batch = null_mut();
        // SAFETY: a live filter.
        unsafe {
            let begin = self.functions.filter_begin_batch;
            assert_eq!(begin(self.filter.handles().1, chunks.as_ptr(), chunks.len(), 0, &mut batch), OK);
            self.read_and_free(batch, chunks.len())
        }
    }

    /// The same by the chunks' bytes.
    pub fn batch_bytes_hits<'b>(&self, chunks: impl Iterator<Item = &'b [u8]>) -> usize {
        let buffers: Vec<Buffer> =
            chunks.map(|chunk| Buffer { data: chunk.as_ptr().cast(), len: chunk.len() }).collect();
        let mut batch = null_mut();
        // SAFETY: a live filter; the buffers are slices.
        unsafe {
            let begin = self.functions.filter_begin_batch_bytes;
            assert_eq!(begin(self.filter.handles().1, buffers.as_ptr(), buffers.len(), 0, &mut batch), OK);
            self.read_and_free(batch, buffers.len())
        }
    }

    /// # Safety
    /// `batch` is a batch of `count` chunks, given up here.
    unsafe fn read_and_free(&self, batch: *mut c_void, count: usize) -> usize {
        let mut items: Vec<Item> = Vec::with_capacity(count);
        // SAFETY: as many items are written as there are chunks.
        unsafe {
            let get_items = self.functions.batch_get_items;
            assert_eq!(get_items(batch, items.as_mut_ptr(), size_of::<Item>(), count, null_mut()), OK);
            items.set_len(count);
            for item in items.iter().filter(|item| item.status == OK) {
                std::hint::black_box((self.functions.value_data)(item.value).cast::<u8>().read());
            }
            (self.functions.batch_free)(batch);
        }
        items.iter().filter(|item| item.status == OK && item.ticket.is_null() && item.same_as < u32::MAX).count()
    }
}
