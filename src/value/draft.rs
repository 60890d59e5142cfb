//! A value to be made, and what it will be charged.

use super::block::{Buffer, layout};
use super::{ALIGN, Content, External, Extra, Value};
use crate::description::Plan;

/// From this size on a value is charged for its content digest from the start, so that a full cache can keep it.
pub(super) const CONTENT_IS_CHARGED: usize = 4096;

/// Where a new value's payload comes from.
pub(crate) enum Payload<'a> {
    Copy(&'a [u8]),
    /// Boxed, for it is rare and large, and a draft is passed on and on.
    External(Box<External>),
    /// The first bytes of a buffer that was written in place.
    Written(Buffer, usize),
}

impl Payload<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Copy(bytes) => bytes.len(),
            Self::External(external) => external.len,
            Self::Written(_, len) => *len,
        }
    }
}

/// A value to be made.
pub(crate) struct Draft<'a> {
    pub(crate) payload: Payload<'a>,
    pub(crate) description: Option<Plan<'a>>,
    pub(crate) compute_ns: u64,
    pub(crate) expires_ms: u64,
    pub(crate) companion: Option<Value>,
    pub(crate) rejection: Option<i32>,
    /// The number of the tier it was read from, 0 for none.
    pub(crate) origin: u8,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(payload: Payload<'a>) -> Self {
        Self { payload, description: None, compute_ns: 0, expires_ms: 0, companion: None, rejection: None, origin: 0 }
    }

    pub(crate) fn copy_of(bytes: &'a [u8]) -> Self {
        Self::new(Payload::Copy(bytes))
    }

    /// What a plain value of `len` bytes will be charged.
    pub(crate) fn charge_of(len: usize) -> Option<u64> {
        charge(len, len, 0)
    }

    #[inline]
    pub(super) fn needs_extra(&self) -> bool {
        let Self { payload, description, companion, rejection, .. } = self;
        let external = matches!(payload, Payload::External(_));
        external || description.is_some() || companion.is_some() || rejection.is_some()
    }

    /// What the value will be charged, or None beyond the address space.
    #[inline]
    pub(crate) fn charge(&self) -> Option<u64> {
        match self.payload {
            Payload::Copy(bytes) if !self.needs_extra() => Self::charge_of(bytes.len()),
            _ => self.charge_in_all(),
        }
    }

    /// Of a value that has more than its payload.
    fn charge_in_all(&self) -> Option<u64> {
        let (inline, external) = match &self.payload {
            Payload::Copy(bytes) => (bytes.len(), None),
            Payload::External(external) => (0, Some(external.charge)),
            Payload::Written(_, len) => (*len, None),
        };
        let extra = if self.needs_extra() {
            let description = self.description.as_ref().map_or(0, Plan::bytes);
            (size_of::<(Extra, External)>() + description).checked_next_multiple_of(ALIGN)?
        } else {
            0
        };
        charge(inline, self.payload.len(), extra)?.checked_add(external.unwrap_or(0))
    }
}

/// For a block with `inline` bytes of payload, a content digest of `len` bytes, and `extra`.
#[inline]
fn charge(inline: usize, len: usize, extra: usize) -> Option<u64> {
    let content = if len >= CONTENT_IS_CHARGED { size_of::<Content>().next_multiple_of(ALIGN) } else { 0 };
    (layout(inline)?.size() as u64).checked_add((extra + content) as u64)
}
