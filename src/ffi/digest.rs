//! Section: digest.

use super::border::{bytes, guard, guard_error, list, null, required, text};
use super::sized::sized;
use super::status::{STREAMCACHE_OK, streamcache_error, streamcache_status};
use crate::digest::{self, Digest, Dtype, Role, Tensor};
use crate::error::{Error, Result};
use core::ffi::{c_char, c_void};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A BLAKE3-256 digest: of content, or naming a computation (then it is called a key). Plain bytes: copy it, compare
/// it with memcmp, store it where you like; the formulas don't change within a major version of the keys ("v1").
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_digest {
    /// The digest's bytes.
    pub bytes: [u8; 32],
}

/// A type code as DLPack writes it.
pub type streamcache_dtype_code = i32;

/// Signed integers.
pub const STREAMCACHE_DTYPE_INT: streamcache_dtype_code = 0;
/// Unsigned integers, and plain bytes.
pub const STREAMCACHE_DTYPE_UINT: streamcache_dtype_code = 1;
/// IEEE 754 floats: 16, 32 or 64 bits.
pub const STREAMCACHE_DTYPE_FLOAT: streamcache_dtype_code = 2;
/// Opaque handles.
pub const STREAMCACHE_DTYPE_OPAQUE: streamcache_dtype_code = 3;
/// bfloat16.
pub const STREAMCACHE_DTYPE_BFLOAT: streamcache_dtype_code = 4;
/// Complex numbers; bits counts both parts.
pub const STREAMCACHE_DTYPE_COMPLEX: streamcache_dtype_code = 5;
/// Booleans, 8 bits each.
pub const STREAMCACHE_DTYPE_BOOL: streamcache_dtype_code = 6;

/// A dense tensor in C order (row-major, the last dimension is the fastest), to be digested. Strided data must be
/// made contiguous first. A Julia array of size (a, b) has dims {b, a}. DLPack's further type codes, 7 (float8_e3m4)
/// to 17 (float4_e2m1fn), are taken as they are; elements of less than a byte are packed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct streamcache_tensor {
    /// sizeof(streamcache_tensor).
    pub struct_size: usize,
    /// The input's name in UTF-8, not NUL-terminated; NULL with length 0 for none.
    pub name: *const c_char,
    /// Bytes of `name`.
    pub name_len: usize,
    /// The type code, 0 to 17.
    pub dtype_code: streamcache_dtype_code,
    /// Bits of one lane, 1 to 255.
    pub dtype_bits: u32,
    /// Lanes of one element, 1 to 65535; 1 for a scalar type.
    pub dtype_lanes: u32,
    /// How many dimensions, 0 (a scalar) to 64.
    pub rank: u32,
    /// The dimensions, none negative; NULL with rank 0.
    pub dims: *const i64,
    /// The elements; floats count by their bits. NULL with length 0.
    pub data: *const c_void,
    /// Bytes of `data`: exactly what the dimensions and the type need.
    pub data_len: usize,
}

/// What a caller's own digest stands for.
pub type streamcache_role = i32;

/// A chunk of the stream.
pub const STREAMCACHE_ROLE_CHUNK: streamcache_role = 1;
/// A filter's configuration.
pub const STREAMCACHE_ROLE_CONFIG: streamcache_role = 2;
/// A filter's trained state.
pub const STREAMCACHE_ROLE_STATE: streamcache_role = 3;

/// A caller's digest.
///
/// # Safety
/// `digest` is NULL or readable.
pub(super) unsafe fn borrow<'a>(digest: *const streamcache_digest) -> Result<&'a Digest> {
    const { assert!(size_of::<streamcache_digest>() == size_of::<Digest>()) };
    // SAFETY: readable by contract, and both are 32 plain bytes of alignment 1.
    unsafe { digest.cast::<Digest>().as_ref() }.ok_or_else(null)
}

/// Writes a digest out where the caller asked for it.
///
/// # Safety
/// `out` is NULL or writable.
pub(super) unsafe fn write(out: *mut streamcache_digest, digest: &Digest) {
    if !out.is_null() {
        // SAFETY: not NULL, and writable by contract.
        unsafe { out.write(streamcache_digest { bytes: digest.0 }) };
    }
}

/// The role a number of the caller's stands for.
pub(super) fn role(role: streamcache_role) -> Result<Role> {
    match role {
        STREAMCACHE_ROLE_CHUNK => Ok(Role::Chunk),
        STREAMCACHE_ROLE_CONFIG => Ok(Role::Config),
        STREAMCACHE_ROLE_STATE => Ok(Role::State),
        _ => Err(null()),
    }
}

/// A function from bytes to a digest, at the border.
unsafe fn of_bytes(
    data: *const c_void, len: usize, out: *mut streamcache_digest, make: impl FnOnce(&[u8]) -> Result<Digest>,
) -> Result<streamcache_status> {
    if out.is_null() {
        return Err(null());
    }
    // SAFETY: both pointers are the callers' of this file, under the same contracts. The digest is made before `out` is
    // touched: it may be part of `data`.
    unsafe {
        let digest = make(bytes(data, len)?)?;
        write(out, &digest);
    }
    Ok(STREAMCACHE_OK)
}

/// Digests a chunk: one unit of input, by its bytes. A public formula: it can be made anywhere, before a cache exists.
///
/// Borrows everything for the call. Threads: any. Reads `data` once, copies and locks nothing.
/// @param[in]  data the chunk, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] digest keyed(K_chunk, data)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_chunk(
    data: *const c_void, len: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { of_bytes(data, len, digest, |data| Ok(digest::chunk(data))) })
}

/// Digests a chunk by a file's bytes: the same digest as of those bytes in memory. The file is read in pieces of
/// 1 MiB, never mapped.
///
/// Borrows everything for the call. Threads: any. Blocks for the reading; locks nothing.
/// @param[in]  path the file's path, need not be NUL-terminated
/// @param[in]  path_len bytes of `path`
/// @param[out] digest keyed(K_chunk, the file's bytes)
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_IO no such file, not a regular file, not readable, or it changed while it was read
/// @retval STREAMCACHE_NO_MEMORY the allocator refused the 1 MiB
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_chunk_file(
    path: *const c_char, path_len: usize, digest: *mut streamcache_digest, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe { guard_error(error, || of_bytes(path.cast(), path_len, digest, |path| digest::chunk_file(file(path)))) }
}

/// A path of the caller's, as the system takes it.
fn file(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// Digests a tensor as a chunk: name, type, shape and data, so that the same bytes in another shape are another chunk.
///
/// Borrows everything for the call. Threads: any. Reads the data once, copies and locks nothing.
/// @param[in]  tensor the tensor
/// @param[out] digest keyed(K_tensor, keyed(K_header, name, type, rank, dims) || chunk(data))
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, a struct_size that is too small, a type or dimension out of
///         range, or a data_len that the shape and the type don't need
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_tensor(
    tensor: *const streamcache_tensor, digest: *mut streamcache_digest, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe {
        guard_error(error, || {
            if digest.is_null() {
                return Err(null());
            }
            let made = digest::tensor(&described(&sized(tensor)?)?)?;
            write(digest, &made);
            Ok(STREAMCACHE_OK)
        })
    }
}

/// A caller's tensor, its numbers checked against their types.
unsafe fn described<'a>(tensor: &streamcache_tensor) -> Result<Tensor<'a>> {
    // SAFETY: each pointer is readable for its length by contract.
    unsafe {
        Ok(Tensor {
            name: text(tensor.name, tensor.name_len)?,
            dtype: dtype(tensor.dtype_code, tensor.dtype_bits, tensor.dtype_lanes)?,
            dims: dims(tensor.dims, tensor.rank)?,
            data: bytes(tensor.data, tensor.data_len)?,
        })
    }
}

/// An element type, its numbers checked against their ranges.
pub(super) fn dtype(code: streamcache_dtype_code, bits: u32, lanes: u32) -> Result<Dtype> {
    let range = |what| move |_| Error::invalid(format!("the dtype's {what} is out of range; see streamcache_tensor"));
    Ok(Dtype {
        code: u8::try_from(code).map_err(range("code"))?,
        bits: u8::try_from(bits).map_err(range("bits"))?,
        lanes: u16::try_from(lanes).map_err(range("lanes"))?,
    })
}

/// A shape; the rank is checked before anything is read.
///
/// # Safety
/// `dims` is NULL or readable for `rank` items.
pub(super) unsafe fn dims<'a>(dims: *const i64, rank: u32) -> Result<&'a [i64]> {
    if rank > digest::MAX_RANK {
        return Err(Error::invalid(format!("rank {rank} is above {}", digest::MAX_RANK)));
    }
    // SAFETY: as this function's own contract.
    unsafe { list(dims, rank as usize) }
}

/// Digests a list of digests as one chunk: a model's inputs, say, in an order of the caller's that never changes.
///
/// Borrows everything for the call; `digest` may be one of `digests`. Threads: any. Copies and locks nothing.
/// @param[in]  digests the digests, one after another; NULL only with 0 of them
/// @param[in]  n how many
/// @param[out] digest keyed(K_inputs, n || digests[0] || ... || digests[n - 1])
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or an impossible count
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_inputs(
    digests: *const streamcache_digest, n: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let inputs = digest::inputs(list(digests.cast::<Digest>(), n)?);
        required(digest)?.bytes = inputs.0;
        Ok(STREAMCACHE_OK)
    })
}

/// Digests a filter's configuration in JSON by its RFC 8785 form: key order, white space and 1.0 or 1e0 don't matter.
/// What changes an answer belongs in it: model and version, engine and its version, precision, device, instruction
/// set, shapes, requested outputs.
///
/// Borrows everything for the call. Threads: any. Copies the text, locks nothing.
/// @param[in]  json UTF-8, need not be NUL-terminated
/// @param[in]  len bytes of `json`
/// @param[out] digest keyed(K_config, canonical form)
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, invalid JSON, a key twice in one object, or an integer beyond
///         +-(2^53 - 1): the canonical form would merge it with its neighbour, so write it as a string
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_config_json(
    json: *const c_char, len: usize, digest: *mut streamcache_digest, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe { guard_error(error, || of_bytes(json.cast(), len, digest, digest::config_json)) }
}

/// Digests a filter's configuration in any other form, byte by byte; never equal to one in JSON.
///
/// Borrows everything for the call. Threads: any. Copies and locks nothing.
/// @param[in]  data the configuration, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] digest keyed(K_config_bytes, data)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_config_bytes(
    data: *const c_void, len: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { of_bytes(data, len, digest, |data| Ok(digest::config_bytes(data))) })
}

/// Digests a trained state by its bytes: what streamcache_filter_load_state() does itself.
///
/// Borrows everything for the call. Threads: any. Reads `data` once, copies and locks nothing.
/// @param[in]  data the state, `len` bytes; NULL only with length 0
/// @param[in]  len how many bytes
/// @param[out] digest keyed(K_state, data)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a length above SIZE_MAX / 2
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_state(
    data: *const c_void, len: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { of_bytes(data, len, digest, |data| Ok(digest::state(data))) })
}

/// Digests a trained state by a file's bytes: the same digest as of those bytes in memory. The file is read in pieces
/// of 1 MiB, never mapped.
///
/// Borrows everything for the call. Threads: any. Blocks for the reading; locks nothing.
/// @param[in]  path the file's path, need not be NUL-terminated
/// @param[in]  path_len bytes of `path`
/// @param[out] digest keyed(K_state, the file's bytes)
/// @param[out] error details of a failure, for streamcache_error_free(); NULL if not wanted
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @retval STREAMCACHE_IO no such file, not a regular file, not readable, or it changed while it was read
/// @retval STREAMCACHE_NO_MEMORY the allocator refused the 1 MiB
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_state_file(
    path: *const c_char, path_len: usize, digest: *mut streamcache_digest, error: *mut *mut streamcache_error,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    unsafe { guard_error(error, || of_bytes(path.cast(), path_len, digest, |path| digest::state_file(file(path)))) }
}

/// Takes the caller's own digest (a SHA-256 of the model file, say) in place of content, under a constant of its role,
/// so that it never equals a digest made from content here.
///
/// Borrows everything for the call. Threads: any. Copies and locks nothing.
/// @param[in]  role what it stands for: STREAMCACHE_ROLE_CHUNK, _CONFIG or _STATE
/// @param[in]  data the caller's digest, of any length; it should be a strong one, of 16 bytes or more
/// @param[in]  len how many bytes
/// @param[out] digest keyed(K_raw_<role>, data)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT an unknown role, a NULL pointer, or length 0
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_raw(
    role: streamcache_role, data: *const c_void, len: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    let of_role = |data: &[u8]| digest::raw(self::role(role)?, data);
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { of_bytes(data, len, digest, of_role) })
}

/// Writes a digest as 64 lower-case hexadecimal digits and a NUL.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  digest the digest
/// @param[out] hex 65 bytes or more
/// @param[in]  capacity bytes at `hex`
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, or a capacity below 65; `hex` is untouched
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_to_hex(
    digest: *const streamcache_digest, hex: *mut c_char, capacity: usize,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        let digits = borrow(digest)?.to_hex();
        if hex.is_null() || capacity <= digits.len() {
            return Err(null());
        }
        hex.cast::<u8>().copy_from(digits.as_ptr(), digits.len());
        hex.add(digits.len()).write(0);
        Ok(STREAMCACHE_OK)
    })
}

/// Reads a digest from exactly 64 hexadecimal digits of either case.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  hex the digits, need not be NUL-terminated
/// @param[in]  len 64
/// @param[out] digest the digest
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer, another length, or another character; `digest` is untouched
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_digest_from_hex(
    hex: *const c_char, len: usize, digest: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe { of_bytes(hex.cast(), len, digest, Digest::from_hex) })
}

/// The key of a trained state by its provenance: which configuration was trained on which data.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  config the filter's configuration
/// @param[in]  training_data the data it was trained on
/// @param[out] key keyed(K_provenance, config || training_data)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_key_state(
    config: *const streamcache_digest, training_data: *const streamcache_digest, key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        required(key)?.bytes = digest::key_state(borrow(config)?, borrow(training_data)?).0;
        Ok(STREAMCACHE_OK)
    })
}

/// The key of a chunk's result: exactly the one a filter of this configuration and state uses, in a cache without
/// namespace and secret, so both ways meet in one entry.
///
/// Borrows everything for the call. Threads: any. Locks nothing.
/// @param[in]  config the filter's configuration
/// @param[in]  state the state's digest
/// @param[in]  chunk the chunk's digest
/// @param[out] key keyed(keyed(K_filter, namespace "" || config || state), chunk)
/// @retval STREAMCACHE_OK done
/// @retval STREAMCACHE_INVALID_ARGUMENT a NULL pointer
/// @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn streamcache_key_chunk(
    config: *const streamcache_digest, state: *const streamcache_digest, chunk: *const streamcache_digest,
    key: *mut streamcache_digest,
) -> streamcache_status {
    // SAFETY: the caller's pointers, as documented.
    guard(|| unsafe {
        required(key)?.bytes = digest::key_chunk(borrow(config)?, borrow(state)?, borrow(chunk)?).0;
        Ok(STREAMCACHE_OK)
    })
}
