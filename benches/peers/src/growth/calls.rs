//! Calls by digest through filters whose number grows, and tickets that stay open.
#![allow(unsafe_code)]

use crate::library::{Cache, Filter, Key, functions};
use crate::peer::read;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

type Status = i32;
const OK: Status = 0;
const FILL: Status = 4;
const A_MINUTE: u32 = u32::MAX;
/// Compute anew, whatever is there.
const REFRESH: u32 = 4;

functions! { Functions:
    filter_get: fn(*const c_void, *const Key, u32, *mut *mut c_void, *mut Key) -> Status;
    filter_put: fn(*mut c_void, *const Key, *const Key, *const c_void, usize, u32, *const c_void, *mut *mut c_void) -> Status;
    filter_begin: fn(*mut c_void, *const Key, u32, u32, *mut *mut c_void, *mut *mut c_void) -> Status;
    ticket_commit_copy: fn(*mut c_void, *const c_void, usize, *const c_void, *mut *mut c_void) -> Status;
    ticket_release: fn(*mut c_void);
    value_data: fn(*const c_void) -> *const c_void;
    value_release: fn(*mut c_void);
}

/// The functions of one library.
pub struct Calls(Functions);

/// The right to compute, given up when it is dropped.
pub struct Ticket<'a> {
    calls: &'a Calls,
    ticket: *mut c_void,
}

impl Calls {
    pub fn of(cache: &Cache<'_>) -> Self {
        // SAFETY: the library that the cache is of.
        Self(unsafe { Functions::find(cache.handles().0) })
    }

    /// Looks up, reads the first byte, and releases; says whether it was a hit.
    pub fn get(&self, filter: &Filter<'_>, chunk: &Key) -> bool {
        let mut value = null_mut();
        // SAFETY: a live filter; the rest lives for the calls; OK comes with a lease, here on one byte or more.
        unsafe {
            let status = (self.0.filter_get)(filter.handles().1, chunk, 0, &mut value, null_mut());
            if status == OK {
                let data = (self.0.value_data)(value).cast::<u8>();
                read(std::slice::from_raw_parts(data, 1));
                (self.0.value_release)(value);
            }
            status == OK
        }
    }

    /// Stores a copy.
    pub fn put(&self, filter: &Filter<'_>, chunk: &Key, data: &[u8]) {
        let (data, len, filter) = (data.as_ptr().cast(), data.len(), filter.handles().1);
        // SAFETY: a live filter; the rest lives for the call; no key is needed before the first swap.
        unsafe {
            assert_eq!((self.0.filter_put)(filter, chunk, null(), data, len, 0, null(), null_mut()), OK);
        }
    }

    /// Begins what nobody else computes.
    pub fn begin(&self, filter: &Filter<'_>, chunk: &Key) -> Ticket<'_> {
        let (mut value, mut ticket) = (null_mut(), null_mut());
        // SAFETY: a live filter; the rest lives for the call; FILL comes with a ticket.
        unsafe {
            let begin = self.0.filter_begin;
            assert_eq!(begin(filter.handles().1, chunk, A_MINUTE, REFRESH, &mut value, &mut ticket), FILL);
        }
        Ticket { calls: self, ticket }
    }
}

impl Ticket<'_> {
    /// Stores a copy.
    pub fn commit(self, data: &[u8]) {
        let (data, len) = (data.as_ptr().cast(), data.len());
        // SAFETY: an open ticket; the rest lives for the call.
        unsafe {
            assert_eq!((self.calls.0.ticket_commit_copy)(self.ticket, data, len, null(), null_mut()), OK);
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the one reference.
        unsafe { (self.calls.0.ticket_release)(self.ticket) }
    }
}
