//! What a transaction may still change. SQLite writes each changed page to the log once, at the commit (`cache_spill` is
//! off), so a bound on pages bounds the log's growth. Envelopes lie in the order written: what is put or evicted
//! together shares its pages. Entries lie in no order: each changes a page of its own, but never more pages than the
//! table has.

use super::layout::Layout;

/// The most an entry takes in its table, and the share of a page that is in use at least: SQLite joins pages with less.
const ENTRY_BYTES: u64 = 20;
const LEAST_FILLED: u64 = 3;
/// Around an envelope that shares its page.
const ROW_BYTES: u64 = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    /// In bytes of pages.
    left: u64,
    half: u64,
    page: u64,
    /// Pages of the table of entries, inner ones and what its growth may add included.
    table: u64,
    touched: u64,
}

impl Tally {
    /// For so many pages, in a store of so many entries.
    pub(super) fn new(layout: &Layout, pages: u64, entries: u64) -> Self {
        let table = entries.saturating_mul(ENTRY_BYTES * LEAST_FILLED) / layout.page + 8;
        Self { left: pages * layout.page, half: pages * layout.page / 2, page: layout.page, table, touched: 0 }
    }

    /// Bytes of pages for an envelope that shares them with its neighbours.
    fn in_order(&self, size: u64) -> u64 {
        let row = size + ROW_BYTES;
        if row <= self.page / 2 { row * 2 } else { row.div_ceil(self.page - 4) * self.page + self.page }
    }

    /// For an entry: a page of its table, and one for every fourth where pages split or join.
    fn out_of_order(&self) -> u64 {
        if self.touched < self.table { self.page + self.page / 4 } else { 0 }
    }

    fn spend(&mut self, bytes: u64) -> bool {
        let enough = bytes <= self.left;
        if enough {
            self.left -= bytes;
            self.touched += 1;
        }
        enough
    }

    /// Takes what storing an envelope may change; false where that is too much.
    pub(super) fn put(&mut self, size: u64) -> bool {
        self.spend(self.in_order(size) + self.out_of_order())
    }

    /// The same for evicting one at the hand. The pages of a long one are only freed, not written.
    pub(super) fn evict(&mut self, size: u64) -> bool {
        self.spend(self.in_order(size).min(2 * self.page) + self.out_of_order())
    }

    /// The same for one the hand passes: what it evicts lies the further apart. At most half goes to these.
    pub(super) fn pass(&mut self, size: u64) -> bool {
        let bytes = self.in_order(size).min(2 * self.page);
        let enough = self.left >= self.half + bytes;
        if enough {
            self.left -= bytes;
        }
        enough
    }

    /// The same for deleting one anywhere.
    pub(super) fn delete(&mut self) -> bool {
        self.spend(2 * self.page + self.out_of_order())
    }

    /// Lays half of it aside, in whole pages.
    pub(super) fn half(&mut self) -> u64 {
        self.left /= 2;
        self.half /= 2;
        self.left / self.page
    }
}
