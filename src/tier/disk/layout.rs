//! How a store's limit is shared out: so many pages for the database, so many bytes for its write-ahead log, and a bound
//! on what one transaction may append to it. Everything the limit promises is arithmetic in this file.
//!
//! The bound on a transaction is one on the pages it changes; `tally` adds them up.

/// Of the sizes tried, 8 KiB reads and writes 16 KiB envelopes at nearly the speed of 16 KiB pages, reads small ones
/// faster, and wastes half as much at the ends of overflow chains.
pub(super) const PAGE: u64 = 8192;
/// Below this the shares are too small to hold anything.
pub(super) const MIN_BYTES: u64 = 4 << 20;
/// Beyond this a longer log only takes longer to read after a crash.
const MAX_LOG: u64 = 128 << 20;
/// A log with so much in it is copied into the database and begun anew.
const CHECKPOINT: u64 = 32 << 20;
/// A page in the log has a header.
const FRAME_HEADER: u64 = 24;
/// SQLite's index of the log grows by 32 KiB for each 4,096 frames.
const INDEX_PART: u64 = 32 << 10;
/// A transaction is committed when it may have changed this much, unless one envelope alone is longer.
const TRANSACTION: u64 = 16 << 20;

/// Pages one entry may change at most beyond its envelope's own: what `tally` takes for a put and for an older entry of
/// the same key.
pub(super) const ENTRY_PAGES: u64 = 8;
/// The row of the store's state, paths to the roots, and splits that come together.
const FIXED_PAGES: u64 = 16;
/// Pages a transaction leaves free in the database, for its tables' inner nodes.
const SPARE_PAGES: u64 = 16;

/// The shares of one limit at one page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) max_bytes: u64,
    pub(super) page: u64,
    /// `max_page_count`.
    pub(super) pages: u64,
    log: u64,
}

impl Layout {
    pub(super) fn new(max_bytes: u64, page: u64) -> Self {
        let max_bytes = max_bytes.max(MIN_BYTES);
        let log = (max_bytes / 8).clamp(MIN_BYTES / 4, MAX_LOG);
        let index = INDEX_PART * (log / (page + FRAME_HEADER) / 4096 + 2);
        Self { max_bytes, page, pages: (max_bytes - log - index) / page, log }
    }

    fn frames(&self, bytes: u64) -> u64 {
        bytes / (self.page + FRAME_HEADER)
    }

    /// The same page size under another limit.
    pub(super) fn with_limit(&self, max_bytes: u64) -> Self {
        Self::new(max_bytes, self.page)
    }

    /// Frames of a transaction whose statements change so many pages: those, what every transaction changes, and where
    /// pages are taken or freed also the map that `auto_vacuum` keeps, 5 bytes for each page.
    fn with_overhead(&self, pages: u64) -> u64 {
        FIXED_PAGES + pages + self.map().min(pages)
    }

    fn map(&self) -> u64 {
        self.pages / (self.page / 5) + 1
    }

    /// The most pages that statements may change in this many frames: the inverse of [`Layout::with_overhead`].
    fn without_overhead(&self, frames: u64) -> u64 {
        let rest = frames.saturating_sub(FIXED_PAGES);
        rest.saturating_sub(self.map()).max(rest / 2)
    }

    /// Pages the longest transaction may change.
    fn most(&self) -> u64 {
        self.without_overhead(self.frames(self.log * 3 / 8))
    }

    /// Pages a transaction's statements may change before it is committed, unless one envelope alone needs more.
    pub(super) fn budget(&self) -> u64 {
        self.most().min(self.without_overhead(self.frames(TRANSACTION)))
    }

    /// Pages an envelope fills.
    pub(super) fn pages_of(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.page - 4)
    }

    /// Free pages that must be there before an envelope is written.
    pub(super) fn room_for(&self, bytes: u64) -> u64 {
        self.taken_by(bytes) + SPARE_PAGES
    }

    /// Of these, the most that it takes.
    pub(super) fn taken_by(&self, bytes: u64) -> u64 {
        self.pages_of(bytes) + ENTRY_PAGES
    }

    /// The longest envelope that can be stored: it must go into one transaction, and leave room for others.
    pub(super) fn longest(&self) -> u64 {
        self.most().saturating_sub(ENTRY_PAGES).min(self.pages / 2) * (self.page - 4)
    }

    /// Bytes that a transaction whose statements change so many pages may append to the log.
    pub(super) fn appended(&self, pages: u64) -> u64 {
        self.with_overhead(pages) * (self.page + FRAME_HEADER)
    }

    /// Whether a log of so many frames should be begun anew.
    pub(super) fn is_long(&self, frames: u64) -> bool {
        frames >= self.frames(CHECKPOINT.min(self.log / 2))
    }

    /// Whether the log's file may take so many more bytes. It may hold less than its length: then this asks too much, and
    /// it is cut. The last eighth is for removals and purges: they matter more.
    pub(super) fn fits(&self, log: u64, more: u64, removal: bool) -> bool {
        log + more <= if removal { self.log } else { self.log / 8 * 7 }
    }

    /// What SQLite may keep of an emptied log.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_every_limit_fit_into_it() {
        for max_bytes in [0, MIN_BYTES, 5_000_000, 64 << 20, 1 << 30, 50 << 30, 4 << 40] {
            let layout = Layout::new(max_bytes, PAGE);
            let limit = max_bytes.max(MIN_BYTES);
            let index = INDEX_PART * (layout.frames(layout.log) / 4096 + 2);
            assert!(layout.pages * PAGE + layout.log + index <= limit, "{max_bytes}");
            assert!(layout.pages * PAGE >= limit / 2, "{max_bytes}");
            let one = layout.pages_of(layout.longest()) + ENTRY_PAGES;
            // Just before a log is begun anew, the longest transaction still fits.
            assert!(layout.fits(CHECKPOINT.min(layout.log / 2), layout.appended(one), false), "{max_bytes}");
            assert!(layout.longest() > 8 * PAGE && layout.budget() > 2 * ENTRY_PAGES, "{max_bytes}");
            assert!(layout.with_overhead(layout.most()) <= layout.frames(layout.log * 3 / 8), "{max_bytes}");
        }
    }
}
