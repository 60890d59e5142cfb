//! The digest of a value's content, which it keeps once someone made it.

use super::draft::CONTENT_IS_CHARGED;
use super::{Value, try_box};
use crate::budget::Reservation;
use crate::digest::{self, Digest};
use crate::error::{ErrorKind, Result};
use std::ptr;
use std::sync::atomic::Ordering;

pub(super) struct Content {
    digest: Digest,
    _reservation: Reservation,
}

impl Value {
    /// The digest of the content: made the first time someone asks, so that a chain of hits hashes only its first
    /// chunk and a plain put hashes nothing. Device memory has none.
    pub fn content(&self) -> Result<Digest> {
        if let Some(digest) = self.known_content() {
            return Ok(digest);
        }
        if self.device_pointer().is_some() {
            return Err(ErrorKind::NotSupported.into());
        }
        let digest = self.content_over(&digest::chunk(self.bytes()))?;
        self.keep_content(digest);
        Ok(digest)
    }

    /// The digest of the content, if it is at hand.
    pub(crate) fn known_content(&self) -> Option<Digest> {
        // SAFETY: once set, the content is set no more and freed only with the value.
        unsafe { self.header().content.load(Ordering::Acquire).as_ref() }.map(|content| content.digest)
    }

    /// The digest of the content of a value in host memory, whose payload's chunk is `payload`; not kept.
    pub(crate) fn content_over(&self, payload: &Digest) -> Result<Digest> {
        let tensors = self.description().map_or(Ok(Vec::new()), |description| description.tensor_digests(self.bytes()));
        Ok(digest::content(payload, &tensors?, self.blob()))
    }

    /// Tells a value the digest of its content, so that [`Value::content`] need not make it. A small one has no place
    /// that it is charged for, and makes it soon enough.
    pub(crate) fn know_content(&self, digest: Digest) {
        if self.size() >= CONTENT_IS_CHARGED && self.known_content().is_none() {
            self.keep_content(digest);
        }
    }

    fn keep_content(&self, digest: Digest) {
        // Of a small value it is kept only if there is room for it: made again, it costs little. The same where the
        // allocator has no memory for it.
        let is_charged = self.size() >= CONTENT_IS_CHARGED;
        let more = if is_charged { 0 } else { size_of::<Content>() as u64 };
        let kept = self.header().reservation.another(more);
        if let Some(Ok(kept)) = kept.map(|reservation| try_box(Content { digest, _reservation: reservation })) {
            let (slot, content) = (&self.header().content, Box::into_raw(kept));
            if slot.compare_exchange(ptr::null_mut(), content, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: another thread was first, so this box is still ours alone.
                drop(unsafe { Box::from_raw(content) });
            }
        }
    }
}
