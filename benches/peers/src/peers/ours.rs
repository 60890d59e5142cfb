//! streamcache: through its C ABI, called by pointer as by a C program, and through Rust.
#![allow(unsafe_code)]

use super::RUST;
use crate::library::{Cache, Filter, Key, Library, functions};
use crate::peer::{Peer, read};
use crate::tickets::Once;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::Arc;
use streamcache::{Digest, Flags, Options, PutOptions, UNLIMITED, digest};

type Status = i32;
const OK: Status = 0;
const PEEK: u32 = 1;

functions! { Functions:
    cache_get_chunk: fn(*const c_void, *const Key, u32, *mut *mut c_void) -> Status;
    cache_put_chunk: fn(*mut c_void, *const Key, *const c_void, usize, u32, *const c_void, *mut *mut c_void) -> Status;
    cache_set_max_chunks: fn(*mut c_void, u64) -> Status;
    filter_get_bytes: fn(*const c_void, *const c_void, usize, u32, *mut *mut c_void, *mut Key, *mut Key) -> Status;
    value_data: fn(*const c_void) -> *const c_void;
    value_release: fn(*mut c_void);
}

pub struct CAbi<'a> {
    name: &'static str,
    functions: Functions,
    /// Before the cache, so that it is released first.
    filter: Filter<'a>,
    cache: Cache<'a>,
}

// SAFETY: the library's handles may be used on any thread.
unsafe impl Sync for CAbi<'_> {}

impl<'a> CAbi<'a> {
    /// `more` are further options, as JSON has them, each with a comma before it.
    pub fn new(library: &'a Library, name: &'static str, capacity: usize, more: &str) -> Self {
        let cache = library.cache(&format!(r#"{{"max_chunks": {capacity}, "max_bytes": "unlimited"{more}}}"#));
        // SAFETY: the library that the cache is of.
        let functions = unsafe { Functions::find(cache.handles().0) };
        Self { name, functions, filter: cache.filter(b""), cache }
    }

    /// Its calls for many chunks at once.
    pub fn once(&self) -> Once<'_> {
        Once::new(&self.filter)
    }

    /// From now on no more entries than these.
    pub fn set_max_chunks(&self, max_chunks: usize) {
        // SAFETY: a live cache.
        unsafe {
            assert_eq!((self.functions.cache_set_max_chunks)(self.cache.handles().1, max_chunks as u64), OK);
        }
    }

    /// Reads the value's first byte and releases it.
    ///
    /// # Safety
    /// `value` is a lease on at least one byte, and the last use of it.
    unsafe fn read(&self, value: *mut c_void) -> u8 {
        // SAFETY: as the caller promises.
        unsafe {
            let data = (self.functions.value_data)(value).cast::<u8>();
            let byte = read(std::slice::from_raw_parts(data, 1));
            (self.functions.value_release)(value);
            byte
        }
    }
}

impl Peer for CAbi<'_> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn key(&self, chunk: &[u8]) -> Key {
        let (mut value, mut key) = (null_mut(), [0; 32]);
        let (data, len) = (chunk.as_ptr().cast(), chunk.len());
        // SAFETY: a live filter; the rest lives for the calls; the value is a lease or NULL.
        unsafe {
            (self.functions.filter_get_bytes)(
                self.filter.handles().1,
                data,
                len,
                PEEK,
                &mut value,
                &mut key,
                null_mut(),
            );
            (self.functions.value_release)(value);
        }
        key
    }

    fn get(&self, key: &Key) -> Option<u8> {
        let mut value = null_mut();
        // SAFETY: a live cache; the rest lives for the calls; OK comes with a lease, here on VALUE_BYTES.
        unsafe {
            let status = (self.functions.cache_get_chunk)(self.cache.handles().1, key, 0, &mut value);
            (status == OK).then(|| self.read(value))
        }
    }

    fn put(&self, key: &Key, value: &[u8]) {
        let (data, len) = (value.as_ptr().cast(), value.len());
        // SAFETY: a live cache; the rest lives for the call.
        unsafe {
            let put = self.functions.cache_put_chunk;
            assert_eq!(put(self.cache.handles().1, key, data, len, 0, null(), null_mut()), OK);
        }
    }

    /// As the header's example has it: all three answers wanted.
    fn hit(&self, chunk: &[u8]) -> bool {
        let (mut value, mut key, mut digest) = (null_mut(), MaybeUninit::<Key>::uninit(), MaybeUninit::<Key>::uninit());
        let (data, len, filter) = (chunk.as_ptr().cast(), chunk.len(), self.filter.handles().1);
        let (key, digest) = (key.as_mut_ptr(), digest.as_mut_ptr());
        // SAFETY: a live filter; the rest as above.
        unsafe {
            let status = (self.functions.filter_get_bytes)(filter, data, len, 0, &mut value, key, digest);
            (status == OK).then(|| self.read(value)).is_some()
        }
    }
}

pub struct InRust {
    filter: Arc<streamcache::Filter>,
    cache: Arc<streamcache::Cache>,
}

impl InRust {
    pub fn new(capacity: usize) -> Self {
        let options = Options { max_chunks: capacity as u64, max_bytes: UNLIMITED, ..Options::default() };
        let cache = streamcache::Cache::open(&options).expect("these options open");
        let filter = streamcache::Filter::open(&cache, "", digest::config_bytes(b""), true).expect("it opens");
        filter.load_state(b"").expect("no bytes fit");
        Self { filter, cache }
    }
}

impl Peer for InRust {
    fn name(&self) -> &'static str {
        RUST
    }

    fn key(&self, chunk: &[u8]) -> Key {
        self.filter.key(&digest::chunk(chunk)).expect("it has a state").0
    }

    fn get(&self, key: &Key) -> Option<u8> {
        let value = self.cache.get(&Digest(*key), Flags::default()).expect("it is open");
        value.map(|value| read(value.bytes()))
    }

    fn put(&self, key: &Key, value: &[u8]) {
        let put = self.cache.put(&Digest(*key), value, &PutOptions::default()).expect("it fits");
        assert!(put.stored);
    }

    fn hit(&self, chunk: &[u8]) -> bool {
        let lookup = self.filter.get(&digest::chunk(chunk), Flags::default()).expect("it has a state");
        lookup.value.map(|value| read(value.bytes())).is_some()
    }
}
