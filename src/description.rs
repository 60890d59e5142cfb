//! What a value says about itself: the tensors in its payload, and a small blob of the caller's.

use crate::digest::{Digest, Dtype, Tensor, tensor_bytes};
use crate::error::{Error, Result};

/// More tensors than any model has outputs.
pub(crate) const MAX_TENSORS: usize = 1024;
/// The blob is for a few bytes of bookkeeping (a score, a shape class), not for results.
pub(crate) const MAX_BLOB: usize = 64 << 10;

/// One tensor of a payload, as a put describes it.
#[derive(Clone, Copy, Debug)]
pub struct TensorSpec<'a> {
    /// The element type.
    pub dtype: Dtype,
    /// The dimensions in C order; none for a scalar.
    pub dims: &'a [i64],
    /// Where its elements begin in the payload.
    pub offset: usize,
    /// How many bytes they are.
    pub length: usize,
}

impl TensorSpec<'_> {
    /// Whether it lies within a payload of `payload_len` bytes and has the bytes its shape needs; `n` is its place, for
    /// the message.
    pub(crate) fn check(&self, n: usize, payload_len: usize) -> Result<()> {
        let needed = tensor_bytes(self.dtype, self.dims)?;
        let end = self.offset.checked_add(self.length);
        if needed != self.length as u64 || end.is_none_or(|end| end > payload_len) {
            return Err(Error::invalid(format!(
                "tensor {n} needs {needed} bytes by its shape and is described as {} at offset {} of a payload of {payload_len}",
                self.length, self.offset
            )));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Place {
    dtype: Dtype,
    /// Where its dimensions end in the list of all.
    dims_end: usize,
    offset: usize,
    length: usize,
}

/// A description that was checked and is not yet made: its bytes are reserved first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    tensors: &'a [TensorSpec<'a>],
    blob: &'a [u8],
}

impl<'a> Plan<'a> {
    /// Checks that each tensor lies within a payload of `payload_len` bytes and has the bytes its shape needs. None
    /// when there is nothing to say.
    #[inline]
    pub(crate) fn new(tensors: &'a [TensorSpec<'a>], blob: &'a [u8], payload_len: usize) -> Result<Option<Self>> {
        if tensors.is_empty() && blob.is_empty() {
            Ok(None)
        } else {
            Self::checked(tensors, blob, payload_len).map(Some)
        }
    }

    fn checked(tensors: &'a [TensorSpec<'a>], blob: &'a [u8], payload_len: usize) -> Result<Self> {
        if tensors.len() > MAX_TENSORS {
            return Err(Error::invalid(format!("{} tensors in one value: at most {MAX_TENSORS}", tensors.len())));
        }
        if blob.len() > MAX_BLOB {
            return Err(Error::invalid(format!("a blob of {} bytes: at most {MAX_BLOB}", blob.len())));
        }
        tensors.iter().enumerate().try_for_each(|(n, tensor)| tensor.check(n, payload_len))?;
        Ok(Self { tensors, blob })
    }

    fn dims(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.dims.len()).sum()
    }

    /// Bytes of the description and of what it has on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let Self { tensors, blob } = self;
        size_of::<Description>() + size_of::<Place>() * tensors.len() + size_of::<i64>() * self.dims() + blob.len()
    }

    pub(crate) fn make(&self) -> Result<Description> {
        let (mut dims, mut places, mut blob) = (Vec::new(), Vec::new(), Vec::new());
        dims.try_reserve_exact(self.dims())?;
        places.try_reserve_exact(self.tensors.len())?;
        blob.try_reserve_exact(self.blob.len())?;
        blob.extend_from_slice(self.blob);
        for &TensorSpec { dtype, dims: its_dims, offset, length } in self.tensors {
            dims.extend_from_slice(its_dims);
            places.push(Place { dtype, dims_end: dims.len(), offset, length });
        }
        Ok(Description { places: places.into(), dims: dims.into(), blob: blob.into() })
    }
}

/// A checked description, kept with its value.
#[derive(Debug)]
pub(crate) struct Description {
    places: Box<[Place]>,
    dims: Box<[i64]>,
    blob: Box<[u8]>,
}

impl Description {
    pub(crate) fn tensors(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(crate) fn tensor(&self, n: usize) -> Option<TensorSpec<'_>> {
        let place = self.places.get(n)?;
        let dims_begin = n.checked_sub(1).map_or(0, |before| self.places[before].dims_end);
        let dims = &self.dims[dims_begin..place.dims_end];
        Some(TensorSpec { dtype: place.dtype, dims, offset: place.offset, length: place.length })
    }

    /// The digest of each tensor over `payload`, names empty.
    pub(crate) fn tensor_digests(&self, payload: &[u8]) -> Result<Vec<Digest>> {
        let mut digests = Vec::new();
        digests.try_reserve_exact(self.places.len())?;
        for TensorSpec { dtype, dims, offset, length } in (0..self.places.len()).filter_map(|n| self.tensor(n)) {
            let data = &payload[offset..offset + length];
            digests.push(crate::digest::tensor(&Tensor { name: "", dtype, dims, data })?);
        }
        Ok(digests)
    }
}
