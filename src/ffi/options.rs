//! Section: options.

use super::border::{Answer, bytes, cleared, guard, guard_error, null, required, text, write_text};
use super::status::{STREAMCACHE_OK, streamcache_error, streamcache_status};
use crate::digest::MAX_THREADS;
use crate::digest::Secret;
use crate::options::{Options, Policy};
use core::ffi::{c_char, c_void};

/// What a cache is opened with. One thread at a time; reusable for any number of caches.
pub struct streamcache_options(Options);

/// No limit, said explicitly.
pub const STREAMCACHE_UNLIMITED: u64 = u64::MAX;

/// How the cache chooses what to evict.
pub type streamcache_policy = i32;

/// S3-FIFO (Yang et al., SOSP 2023): resists scans, a hit moves nothing, and the put is the fastest of the three.
pub const STREAMCACHE_POLICY_S3FIFO: streamcache_policy = 1;
/// Least recently used, exact within a shard.
pub const STREAMCACHE_POLICY_LRU: streamcache_policy = 2;
/// S3-FIFO where new keys also compete by frequency, and the room they get follows the traffic: more hits than S3-FIFO on
/// most recorded traffic, for a slower put and 24 bytes more an entry. A hit moves nothing. Where values have the time
/// their computation took, it keeps what is dear to compute again for its bytes. The default.
pub const STREAMCACHE_POLICY_ADAPTIVE: streamcache_policy = 3;

/// Options as C sees them.
///
/// # Safety
/// `options` is NULL or alive.
pub(super) unsafe fn borrow<'a>(options: *const streamcache_options) -> Option<&'a Options> {
    // SAFETY: as this function's own contract.
    unsafe { options.as_ref() }.map(|options| &options.0)
}

fn give(options: Options) -> *mut streamcache_options {
    Box::into_raw(Box::new(streamcache_options(options)))
}

/// Makes options with every default: 256 MiB, any number of results, the adaptive policy.
///
/// `*options` is owned by the caller, for streamcache_options_free(). Threads: any.
/// @param[out] options the options; NULL on failure
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_new(options: *mut *mut streamcache_options) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let options = cleared(options).ok_or_else(null)?;
        *options = give(Options::default());
        Ok(STREAMCACHE_OK)
    })
}

/// Makes options from a JSON object, such as {"max_bytes": 1073741824, "policy": "lru"}; what it doesn't name keeps
/// its default. Names: "name" (a string), "max_bytes" and "max_chunks" (a whole number, or "unlimited"), "policy"
/// ("adaptive", "s3fifo" or "lru"), "ttl_ms", "ticket_max_age_ms" and "hash_threads" (whole numbers), "namespace" (a
/// string), "secret" (hexadecimal digits, two a byte), "disk_directory" (a string, or null), "disk_max_bytes" (a whole
/// number, or null), "disk_allow_network" (true or false), "remote_urls" (a string or a list of strings),
/// "remote_prefix" (a string), "remote_ttl_ms", "remote_max_value_bytes" and "remote_timeout_ms" (whole numbers),
/// "remote_ca_file" (a string, or null), "write_behind_max_bytes" (a whole number).
///
/// `*options` is owned by the caller, for streamcache_options_free(). Threads: any.
/// @param[in]  json UTF-8, need not be NUL-terminated
/// @param[in]  len bytes of `json`
/// @param[out] options the options; NULL on failure
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, invalid JSON, an unknown name (the error offers the nearest
///         known one), or a value that name doesn't take
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_from_json(
    json: *const c_char, len: usize, options: *mut *mut streamcache_options, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        let options = cleared(options);
        guard_error(error, || {
            let options = options.ok_or_else(null)?;
            *options = give(Options::from_json(bytes(json.cast(), len)?)?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Writes every option as a JSON object that streamcache_options_from_json() reads back, and a NUL. A secret, and a URL
/// with a password, is written as "hidden", which is refused when it is read back: give it anew.
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in]  options the options; NULL for the defaults
/// @param[out] buffer where to; NULL only with capacity 0
/// @param[in]  capacity bytes at `buffer`
/// @param[out] len bytes of the text without the NUL, also when it doesn't fit
/// @retval STREAMCACHE_OK written
/// @retval STREAMCACHE_BUFFER_TOO_SMALL `*len` + 1 bytes are needed; nothing was written
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_to_json(
    options: *const streamcache_options, buffer: *mut c_char, capacity: usize, len: *mut usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let defaults = Options::default();
        write_text(buffer, capacity, len, || Ok(borrow(options).unwrap_or(&defaults).to_json()))
    })
}

pub(super) unsafe fn set(
    options: *mut streamcache_options, change: impl FnOnce(&mut Options) -> Answer,
) -> streamcache_status {
    // SAFETY: the callers' pointer, as documented.
    guard(|| change(&mut unsafe { required(options) }?.0))
}

/// Sets what people call the cache, in logs and stats. Default: "".
///
/// Borrows everything for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] name UTF-8, need not be NUL-terminated; NULL only with length 0
/// @param[in] name_len bytes of `name`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a name that is not UTF-8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_name(
    options: *mut streamcache_options, name: *const c_char, name_len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            options.name = text(name, name_len)?.into();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the hard limit in bytes on results, leased values, states and index together. 0 stores nothing, on purpose;
/// 1 to 4095 is refused when a cache is opened; STREAMCACHE_UNLIMITED is no limit. Default: 268435456 (256 MiB).
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] max_bytes bytes
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_max_bytes(
    options: *mut streamcache_options, max_bytes: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.max_bytes = max_bytes;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the hard limit on stored results. 0 stores nothing, on purpose. Default: STREAMCACHE_UNLIMITED.
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] max_chunks results
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_max_chunks(
    options: *mut streamcache_options, max_chunks: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.max_chunks = max_chunks;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the eviction policy. Default: STREAMCACHE_POLICY_ADAPTIVE.
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] policy STREAMCACHE_POLICY_S3FIFO, STREAMCACHE_POLICY_LRU or STREAMCACHE_POLICY_ADAPTIVE
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer or an unknown policy
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_policy(
    options: *mut streamcache_options, policy: streamcache_policy,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.policy = match policy {
                STREAMCACHE_POLICY_S3FIFO => Policy::S3Fifo,
                STREAMCACHE_POLICY_LRU => Policy::Lru,
                STREAMCACHE_POLICY_ADAPTIVE => Policy::Adaptive,
                _ => return Err(null()),
            };
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the longest time to live of a result, time asleep included. 0 is no limit. Default: 0.
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] ttl_ms milliseconds
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_ttl_ms(
    options: *mut streamcache_options, ttl_ms: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.ttl_ms = ttl_ms;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets how old a ticket may become before a caller who waits takes its right over: for owners that may die. Past it a
/// commit of the old ticket is not stored. 0 is no limit. Default: 0.
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] ticket_max_age_ms milliseconds
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_ticket_max_age_ms(
    options: *mut streamcache_options, ticket_max_age_ms: u64,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            options.ticket_max_age_ms = ticket_max_age_ms;
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets how many threads of the cache's own share the digesting of chunks of 1 MiB or more, in the functions of filters
/// that take the bytes of one chunk. They are started by streamcache_cache_open() and end with the cache. 1 starts none. Default: 1.
///
/// Borrows `options` for the call. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] threads 1 to 64
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a number out of range
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_hash_threads(
    options: *mut streamcache_options, threads: u32,
) -> streamcache_status {
    // SAFETY: the caller's pointer, as documented.
    unsafe {
        set(options, |options| {
            if !(1..=MAX_THREADS).contains(&u64::from(threads)) {
                return Err(null());
            }
            options.hash_threads = threads.into();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets the namespace, a part of every filter's key: caches of different namespaces share no result, wherever it is
/// kept. A version in it leaves old results behind. Default: "", no namespace.
///
/// Borrows everything for the call; the name is copied. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] name UTF-8, need not be NUL-terminated; NULL only with length 0
/// @param[in] name_len bytes of `name`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a name that is not UTF-8
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_namespace(
    options: *mut streamcache_options, name: *const c_char, name_len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            options.namespace = text(name, name_len)?.into();
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Sets a secret: without it nobody can predict, recognise or plant a key of a filter or a pipeline; caches of equal
/// namespace and secret make equal keys. streamcache_key_chunk() knows no secret: ask streamcache_filter_key(). Only a
/// digest of the secret is kept; it is in no message and no dump, and overwritten once nobody uses it. Default: none.
///
/// Borrows everything for the call; `secret` may be wiped afterwards. Threads: one at a time.
/// @param[in,out] options the options
/// @param[in] secret unpredictable bytes, best 32 of the system's random source
/// @param[in] len how many bytes, 16 or more
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or fewer than 16 bytes
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_set_secret(
    options: *mut streamcache_options, secret: *const c_void, len: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        set(options, |options| {
            options.secret = Some(Secret::new(bytes(secret, len)?)?);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// Frees options. A cache opened with them keeps its own copy.
///
/// Takes `options`; NULL is fine. Never fails.
/// @param[in] options the options, or NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_options_free(options: *mut streamcache_options) {
    guard(|| {
        if !options.is_null() {
            // SAFETY: `give` boxed it, and the caller gives it up.
            drop(unsafe { Box::from_raw(options) });
        }
        Ok(STREAMCACHE_OK)
    });
}
