//! The shared library as a C program sees it: opened at run time, called by pointer, declared as in streamcache.h.
#![allow(unsafe_code)]

use serde_json::Value as Json;
use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

pub type Key = [u8; 32];
type Status = i32;
const OK: Status = 0;

macro_rules! functions {
    ($set:ident: $($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        pub(crate) struct $set {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl $set {
            /// # Safety
            /// `library` is a handle of dlopen's, of a library with these functions.
            pub(crate) unsafe fn find(library: *mut std::ffi::c_void) -> Self {
                let symbol = $crate::library::symbol;
                // SAFETY: a symbol of this name in that library is a function of this type.
                unsafe { Self { $($name: std::mem::transmute::<*mut std::ffi::c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>(symbol(library, stringify!($name))),)* } }
            }
        }
    };
}
pub(crate) use functions;

functions! { Functions:
    version_string: fn() -> *const c_char;
    options_from_json: fn(*const c_char, usize, *mut *mut c_void, *mut *mut c_void) -> Status;
    options_free: fn(*mut c_void);
    cache_open: fn(*const c_void, *mut *mut c_void, *mut *mut c_void) -> Status;
    cache_release: fn(*mut c_void);
    cache_put_chunk: fn(*mut c_void, *const Key, *const c_void, usize, u32, *const c_void, *mut *mut c_void) -> Status;
    digest_config_bytes: fn(*const c_void, usize, *mut Key) -> Status;
    filter_open: fn(*mut c_void, *const c_char, usize, *const Key, u32, *mut *mut c_void, *mut *mut c_void) -> Status;
    filter_load_state: fn(*mut c_void, *const c_void, usize, *mut *mut c_void) -> Status;
    filter_release: fn(*mut c_void);
    filter_put_bytes: fn(*mut c_void, *const c_void, usize, *const Key, *const c_void, usize, u32, *const c_void,
        *mut *mut c_void) -> Status;
    filter_get_bytes: fn(*const c_void, *const c_void, usize, u32, *mut *mut c_void, *mut Key, *mut Key) -> Status;
    value_release: fn(*mut c_void);
}

/// What a cache counts, as far as it is needed here.
pub struct Stats {
    pub entries: u64,
    pub bytes: u64,
    pub evictions: u64,
}

const FORMAT_JSON: i32 = 1;

pub(crate) fn symbol(library: *mut c_void, name: &str) -> *mut c_void {
    let name = CString::new(format!("streamcache_{name}")).expect("a C name");
    // SAFETY: a handle of dlopen's and a C string.
    let address = unsafe { libc::dlsym(library, name.as_ptr()) };
    assert!(!address.is_null(), "the library has no {name:?}");
    address
}

pub struct Library {
    functions: Functions,
    library: *mut c_void,
}

impl Library {
    /// cargo puts this program into `deps` and the library one folder up, in any target directory.
    pub fn beside_this_program() -> Self {
        let program = std::env::current_exe().expect("a running program has a path");
        let folder = program.parent().and_then(Path::parent).map_or_else(PathBuf::new, Path::to_path_buf);
        Self::open(&folder.join("libstreamcache.so"))
    }

    /// Any other one. It stays loaded.
    pub fn open(path: &Path) -> Self {
        let name = CString::new(path.as_os_str().as_bytes()).expect("a path without NUL");
        // SAFETY: opening a library runs its initialisers, and this one's are Rust's own.
        let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            // SAFETY: after a failure dlerror has a message.
            let reason = unsafe { CStr::from_ptr(libc::dlerror()) };
            panic!("{reason:?}; script/bench builds it: cargo build --release --lib");
        }
        // SAFETY: this is streamcache's library.
        Self { functions: unsafe { Functions::find(library) }, library }
    }

    /// Whether the two were loaded apart.
    pub fn is_other_than(&self, other: &Self) -> bool {
        self.library != other.library
    }

    pub fn version(&self) -> String {
        // SAFETY: a static C string.
        unsafe { CStr::from_ptr((self.functions.version_string)()) }.to_string_lossy().into_owned()
    }

    /// Opens a cache with options in JSON.
    pub fn cache(&self, options: &str) -> Cache<'_> {
        let (functions, library) = (&self.functions, self.library);
        let (mut parsed, mut cache) = (null_mut(), null_mut());
        // SAFETY: pointers to memory that lives for the calls.
        unsafe {
            let json = options.as_ptr().cast();
            assert_eq!((functions.options_from_json)(json, options.len(), &mut parsed, null_mut()), OK);
            assert_eq!((functions.cache_open)(parsed, &mut cache, null_mut()), OK);
            (functions.options_free)(parsed);
        }
        Cache { functions, library, cache }
    }
}

pub struct Cache<'a> {
    functions: &'a Functions,
    library: *mut c_void,
    cache: *mut c_void,
}

impl<'a> Cache<'a> {
    /// The library and the handle, for functions that not every library has.
    pub fn handles(&self) -> (*mut c_void, *mut c_void) {
        (self.library, self.cache)
    }

    /// Opens a filter with this configuration and a state of no bytes.
    pub fn filter(&self, config: &[u8]) -> Filter<'a> {
        let (functions, text, mut config, mut filter) = (self.functions, config, [0; 32], null_mut());
        // SAFETY: as above; NULL goes with length 0.
        unsafe {
            assert_eq!((functions.digest_config_bytes)(text.as_ptr().cast(), text.len(), &mut config), OK);
            assert_eq!((functions.filter_open)(self.cache, null(), 0, &config, 0, &mut filter, null_mut()), OK);
            assert_eq!((functions.filter_load_state)(filter, null(), 0, null_mut()), OK);
        }
        Filter { functions, library: self.library, filter }
    }

    /// Stores a copy under a ready key; says whether it is stored.
    pub fn put(&self, key: &Key, data: &[u8]) -> bool {
        let (data, len) = (data.as_ptr().cast(), data.len());
        // SAFETY: a live cache; the rest lives for the call.
        unsafe { (self.functions.cache_put_chunk)(self.cache, key, data, len, 0, null(), null_mut()) == OK }
    }

    /// Read as JSON: by name, so that it goes on working when the struct grows. Looked for when it is called: the first
    /// libraries had no such function.
    pub fn stats(&self) -> Stats {
        type WriteStats = unsafe extern "C" fn(*const c_void, i32, *mut c_char, usize, *mut usize) -> Status;
        let ((library, cache), mut text, mut len) = (self.handles(), vec![0u8; 1 << 16], 0);
        // SAFETY: the function of this name has this type; a live cache, and as many writable bytes as said.
        let status = unsafe {
            let write_stats = std::mem::transmute::<*mut c_void, WriteStats>(symbol(library, "cache_write_stats"));
            write_stats(cache, FORMAT_JSON, text.as_mut_ptr().cast(), text.len(), &mut len)
        };
        assert_eq!(status, OK);
        let stats: Json = serde_json::from_slice(&text[..len]).expect("JSON, as the format says");
        let number = |name: &str| stats[name].as_u64().expect("a whole number");
        Stats { entries: number("entries"), bytes: number("bytes"), evictions: number("evictions") }
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the one reference.
        unsafe { (self.functions.cache_release)(self.cache) }
    }
}

pub struct Filter<'a> {
    functions: &'a Functions,
    library: *mut c_void,
    filter: *mut c_void,
}

impl Filter<'_> {
    /// The library and the handle, for functions that not every library has.
    pub fn handles(&self) -> (*mut c_void, *mut c_void) {
        (self.library, self.filter)
    }

    /// The whole hit as the header's example has it: all three answers wanted, and the lease released. Says whether it
    /// was one.
    pub fn hit(&self, chunk: &[u8]) -> bool {
        let (mut value, mut key, mut digest) = (null_mut(), MaybeUninit::<Key>::uninit(), MaybeUninit::<Key>::uninit());
        let (data, len) = (chunk.as_ptr().cast(), chunk.len());
        let (key, digest) = (key.as_mut_ptr(), digest.as_mut_ptr());
        // SAFETY: a live filter; the rest lives for the calls; the value is a lease or NULL.
        unsafe {
            let status = (self.functions.filter_get_bytes)(self.filter, data, len, 0, &mut value, key, digest);
            (self.functions.value_release)(value);
            status == OK
        }
    }

    /// Stores a copy as a chunk's result; says whether it is stored.
    pub fn put(&self, chunk: &[u8], data: &[u8]) -> bool {
        let (chunk, chunk_len) = (chunk.as_ptr().cast(), chunk.len());
        let (data, len) = (data.as_ptr().cast(), data.len());
        // SAFETY: a live filter; the rest lives for the call; no key is needed before the first swap.
        unsafe {
            let put = self.functions.filter_put_bytes;
            put(self.filter, chunk, chunk_len, null(), data, len, 0, null(), null_mut()) == OK
        }
    }
}

impl Drop for Filter<'_> {
    fn drop(&mut self) {
        // SAFETY: this is the one reference.
        unsafe { (self.functions.filter_release)(self.filter) }
    }
}
