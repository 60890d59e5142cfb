//! Plain C structs that begin with their size, so that they can grow. Not a section of the header.

use super::border::null;
use crate::error::{Error, ErrorKind, Result};

/// A plain C struct that begins with its size. One of a newer header is longer: what this library doesn't know must be
/// 0. (Once a struct has grown, the size it had first is the least it may have, and what an older caller lacks is 0.)
///
/// # Safety
/// `from` is NULL or readable for the size it begins with; `T` is repr(C) and begins with that `usize`.
pub(super) unsafe fn sized<T: Copy>(from: *const T) -> Result<T> {
    // SAFETY: readable by contract, and the size is looked at before anything behind it.
    unsafe {
        let size = *from.cast::<usize>().as_ref().ok_or_else(null)?;
        if !is_size_of::<T>(size) {
            return Err(Error::invalid("struct_size is wrong: set it to sizeof of the struct"));
        }
        let unknown = std::slice::from_raw_parts(from.add(1).cast::<u8>(), size - size_of::<T>());
        if unknown.iter().any(|&byte| byte != 0) {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "the struct has fields set that this library is too old for",
            ));
        }
        Ok(*from)
    }
}

/// Whether a caller's struct may be so long.
pub(super) fn is_size_of<T>(size: usize) -> bool {
    (size_of::<T>()..=4096).contains(&size)
}

/// `len` plain C structs that begin with their size, which is how far apart they are: all have the first one's.
///
/// # Safety
/// `items` is NULL or readable for `len` times the size it begins with; `T` is as for [`sized`].
pub(super) unsafe fn sized_list<T: Copy>(items: *const T, len: usize) -> Result<Vec<T>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let wrong = || Error::invalid("struct_size is wrong: set it to sizeof of the struct, in each of an array");
    // SAFETY: as this function's own contract; a size that can't be one is refused before anything behind it is read.
    unsafe {
        if !items.is_aligned() {
            return Err(null());
        }
        let stride = *items.cast::<usize>().as_ref().ok_or_else(null)?;
        if !is_size_of::<T>(stride) || stride % align_of::<T>() != 0 || len > isize::MAX as usize / stride {
            return Err(wrong());
        }
        let mut list = Vec::new();
        list.try_reserve_exact(len)?;
        for n in 0..len {
            let item = items.byte_add(n * stride);
            list.push(if *item.cast::<usize>() == stride { sized(item)? } else { return Err(wrong()) });
        }
        Ok(list)
    }
}
