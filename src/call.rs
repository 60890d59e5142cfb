//! What a single call may ask for.

use crate::description::TensorSpec;
use crate::error::{Error, Result};

/// How a call departs from looking, counting and storing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// Look without counting, and without marking the entry as used.
    pub const PEEK: Self = Self(1);
    /// Don't look, don't store: for a result that must be fresh and is not worth keeping.
    pub const BYPASS: Self = Self(2);
    /// Don't look, but store: compute anew and replace.
    pub const REFRESH: Self = Self(4);
    /// Look, but don't store.
    pub const READ_ONLY: Self = Self(8);

    /// Wait for no one and no store: for callers whose scheduler must not block. Only where a call could wait.
    pub const NO_WAIT: Self = Self(16);
    /// Neither read nor write what is behind memory.
    pub const MEMORY_ONLY: Self = Self(32);
    /// Neither read nor write the remote store.
    pub const NO_REMOTE: Self = Self(64);
    /// Look everywhere, but count nothing: to ask for a size. No caller's.
    pub(crate) const UNCOUNTED: Self = Self(1 << 31);

    const ALL: u32 = 127;

    /// The flags in `bits`.
    pub fn from_bits(bits: u32) -> Result<Self> {
        if bits & !Self::ALL != 0 {
            return Err(Error::invalid(format!("unknown flags {:#x}", bits & !Self::ALL)));
        }
        Ok(Self(bits))
    }

    pub(crate) fn waits(self) -> bool {
        !self.has(Self::NO_WAIT)
    }

    /// Whether it reads and writes a store, the remote one or that on disk.
    pub(crate) fn asks(self, remote: bool) -> bool {
        !self.has(Self::MEMORY_ONLY) && (!remote || !self.has(Self::NO_REMOTE))
    }

    fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub(crate) fn without(self, flag: Self) -> Self {
        Self(self.0 & !flag.0)
    }

    pub(crate) fn with(self, flag: Self) -> Self {
        Self(self.0 | flag.0)
    }

    /// Whether it counts in memory's counters and those of its filter.
    pub(crate) fn counts(self) -> bool {
        self.0 & (Self::PEEK.0 | Self::UNCOUNTED.0) == 0
    }

    pub(crate) fn peeks(self) -> bool {
        self.has(Self::PEEK)
    }

    pub(crate) fn looks(self) -> bool {
        self.0 & (Self::BYPASS.0 | Self::REFRESH.0) == 0
    }

    pub(crate) fn stores(self) -> bool {
        !self.has(Self::BYPASS) && !self.has(Self::READ_ONLY)
    }
}

/// What a put may say about its value.
#[derive(Clone, Copy, Debug, Default)]
pub struct PutOptions<'a> {
    /// Nanoseconds the computation took, credited as time saved on every later hit; 0 where unknown.
    pub compute_ns: u64,
    /// Milliseconds until the result is no longer found, time asleep included; 0 for the cache's own limit, which
    /// always holds.
    pub ttl_ms: u64,
    /// The tensors in the payload.
    pub tensors: &'a [TensorSpec<'a>],
    /// A few bytes of the caller's, kept beside the payload.
    pub blob: &'a [u8],
    /// Whether the caller wants a lease on what was put.
    pub lease: bool,
    /// How the call departs from storing.
    pub flags: Flags,
}
