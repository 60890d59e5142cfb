//! Writing entries, and tidying up: as many bounded transactions as it takes, the writer free for others between two.

use super::Inner;
use super::faults::is_full;
use super::layout::{ENTRY_PAGES, Layout};
use super::slots;
use super::state::same_store;
use super::writer::{WAIT, Work, Writer, id_of};
use crate::error::Result;
use crate::tier::Sealed;
use rusqlite::params;
use std::time::Instant;

/// What became of the first entries of a batch in one transaction.
#[derive(Default)]
struct Step {
    done: usize,
    stored: usize,
    /// Whether it did anything at all.
    moved: bool,
}

impl Inner {
    pub(super) fn put(&self, entries: &[Sealed]) -> Result<usize> {
        let stored = self.put_all(entries);
        self.faults.tell();
        stored
    }

    /// A full disk drops what does not fit, and says so in the stats.
    fn put_all(&self, mut entries: &[Sealed]) -> Result<usize> {
        let (mut stored, mut full) = (0, false);
        while !entries.is_empty() {
            self.give_way();
            let writer = self.writer(Instant::now() + WAIT)?;
            match self.step(&writer, entries) {
                Ok(Step { moved: false, .. }) => break,
                Ok(step) => {
                    stored += step.stored;
                    entries = &entries[step.done..];
                    if let Err(error) = writer.renew_long_log() {
                        self.faults.count("emptying the log", &error);
                    }
                }
                // The log's own bytes may be what is missing: without them there may be room for one more try.
                Err(error) if is_full(&error) => {
                    self.faults.count("a write", &error);
                    if full || !writer.empty_log().unwrap_or(false) {
                        break;
                    }
                    full = true;
                }
                Err(error) => return Err(self.faults.count("a write", &error)),
            }
        }
        Ok(stored)
    }

    fn step(&self, writer: &Writer, entries: &[Sealed]) -> rusqlite::Result<Step> {
        let first = &entries[0];
        let pages = |layout: &Layout| match layout.longest() >= first.len() {
            true => layout.budget().max(layout.pages_of(first.len()) + ENTRY_PAGES),
            false => layout.budget(),
        };
        let Some(mut work) = self.begin(writer, pages, false, Instant::now() + WAIT)? else {
            return Ok(Step::default());
        };
        let mut step = Step::default();
        if work.shrink(self)? {
            step.moved = true;
        } else {
            for entry in entries {
                if work.wants(entry)? {
                    if !work.make_room(self, entry.len())? || !work.put(entry)? {
                        break;
                    }
                    step.stored += 1;
                }
                step.done += 1;
            }
            step.moved = step.done > 0 || work.evicted > 0;
            if !step.moved {
                self.faults.refuse("the store has no room and nothing to evict: raise disk_max_bytes");
            }
        }
        if work.changed {
            self.commit(work)?;
        }
        Ok(step)
    }

    /// One bounded step of what waits for a quiet moment; says whether there is more.
    pub(super) fn tidy(&self) -> Result<bool> {
        let more = self
            .writer(Instant::now() + WAIT)
            .and_then(|writer| self.tidy_step(&writer).map_err(|error| self.faults.count("tidying up", &error)));
        self.faults.tell();
        more
    }

    fn tidy_step(&self, writer: &Writer) -> rusqlite::Result<bool> {
        let Some(mut work) = self.begin(writer, Layout::budget, false, Instant::now() + WAIT)? else {
            return Ok(false);
        };
        let more = work.shrink(self)? || work.sweep()?;
        if work.changed {
            self.commit(work)?;
        } else {
            drop(work);
        }
        if !more && self.place.log_len() > 0 {
            writer.empty_log()?;
        }
        Ok(more)
    }
}

impl Sealed {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Work<'_> {
    /// Whether an entry may be stored: it is not too long, and nothing was removed or purged since its epoch that covers
    /// it. An epoch of another store says nothing about this one.
    fn wants(&self, entry: &Sealed) -> rusqlite::Result<bool> {
        Ok(entry.len() <= self.layout.longest()
            && same_store(entry.epoch, self.state.epoch)
            && self.swept.lets(entry.tag, entry.epoch)
            && entry.epoch >= slots::get(&self.transaction, slots::of_key(&entry.key))?)
    }

    /// Stores an entry in place of an older one; false where that takes another transaction.
    fn put(&mut self, sealed: &Sealed) -> rusqlite::Result<bool> {
        let id = id_of(&sealed.key);
        let older = self.entry(id)?;
        let mut tally = self.tally;
        if older.is_some() && !tally.delete() || !tally.put(sealed.len()) {
            return Ok(false);
        }
        self.tally = tally;
        if let Some(older) = older {
            self.delete(&older)?;
        }
        self.changed = true;
        self.state.last += 1;
        let (n, connection) = (self.state.last as i64, &self.transaction);
        connection.prepare_cached("INSERT OR REPLACE INTO entry VALUES(?, ?)")?.execute(params![id, n])?;
        connection.prepare_cached("INSERT OR REPLACE INTO data VALUES(?, ?, ?, ?, ?, ?)")?.execute(params![
            n,
            id,
            sealed.tag as i64,
            sealed.epoch as i64,
            sealed.expires_ms as i64,
            sealed.bytes
        ])?;
        self.state.entries += 1;
        self.state.bytes += sealed.len();
        Ok(true)
    }
}
