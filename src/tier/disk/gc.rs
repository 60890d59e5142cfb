//! Giving space back, in bounded transactions: what is over or was purged is deleted from one end of the store to the
//! other, what is beyond a lowered limit evicted, and then unused pages leave the file.

use super::Inner;
use super::evict::VACUUM_PAGES;
use super::get::is_over;
use super::layout::Layout;
use super::writer::{WAIT, Work, Writer};
use crate::error::Result;
use std::time::Instant;

/// How far it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    /// The number of the last entry it has looked at.
    after: u64,
    is_swept: bool,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

/// Entries looked at in one transaction.
const ENTRIES: usize = 4096;

impl Inner {
    pub(super) fn collect(&self, collected: &mut Collected) -> Result<bool> {
        let more = self
            .writer(Instant::now() + WAIT)
            .and_then(|writer| self.set_aside(&writer, "collecting", self.collect_step(&writer, collected)));
        self.faults.tell();
        more
    }

    fn collect_step(&self, writer: &Writer, collected: &mut Collected) -> rusqlite::Result<bool> {
        let Some(mut work) = self.begin(writer, Layout::budget, false, Instant::now() + WAIT)? else {
            return Ok(false);
        };
        let more = if !collected.is_swept {
            // Where it fails, nothing of it is done.
            let mut so_far = collected.clone();
            work.collect(&mut so_far)?;
            *collected = so_far;
            true
        } else {
            work.shrink(self)? || work.give_back()?
        };
        if work.changed {
            self.commit(work)?;
        } else {
            drop(work);
        }
        if self.place.log_len() > 0 {
            writer.empty_log()?;
        }
        Ok(more)
    }
}

impl Work<'_> {
    fn collect(&mut self, collected: &mut Collected) -> rusqlite::Result<()> {
        for _ in 0..ENTRIES {
            let Some(entry) = self.between(collected.after + 1, i64::MAX as u64)? else {
                collected.is_swept = true;
                return Ok(());
            };
            let is_dead = !self.swept.lets(entry.tag, entry.epoch) || is_over(entry.expires_ms);
            if is_dead && !self.tally.delete() {
                return Ok(());
            }
            collected.after = entry.n;
            if is_dead {
                self.delete(&entry)?;
                collected.entries += 1;
                collected.bytes += entry.size;
            }
        }
        Ok(())
    }

    /// Says whether there was anything to give back.
    fn give_back(&mut self) -> rusqlite::Result<bool> {
        let pages = self.unused()?.min(self.tally.half() / VACUUM_PAGES);
        if pages == 0 {
            return Ok(false);
        }
        self.vacuum(pages)?;
        Ok(true)
    }
}
