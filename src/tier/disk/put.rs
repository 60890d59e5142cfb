//! Writing entries, and tidying up: as many bounded transactions as it takes, the writer free for others between two.

use super::Inner;
use super::evict::Entry;
use super::faults::{is_corrupt, is_full};
use super::layout::{ENTRY_PAGES, Layout};
use super::slots;
use super::state::same_store;
use super::writer::{WAIT, Work, Writer, id_of};
use crate::error::Result;
use crate::tier::{Sealed, Written};
use rusqlite::params;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// What became of the first entries of a batch in one transaction.
#[derive(Default)]
struct Step {
    done: usize,
    written: Written,
    /// Whether it did anything at all.
    moved: bool,
}

/// Whether an entry may be stored.
enum Verdict {
    Welcome,
    Outdated,
    TooLarge,
}

/// Broken places that one batch may meet.
const MOST_BROKEN: usize = 64;

impl Inner {
    pub(super) fn put(&self, entries: &[Sealed]) -> Result<Written> {
        let mut written = Written::default();
        let put = self.put_all(entries.iter().collect(), &mut written);
        self.faults.tell();
        written.failed = entries.len() - written.taken - written.outdated - written.too_large;
        self.too_large.fetch_add(written.too_large as u64, Relaxed);
        // Of what was committed before something failed, nobody is told that it failed.
        if written.failed == entries.len() { put.map(|()| written) } else { Ok(written) }
    }

    /// A full disk drops what does not fit, and says so in the stats. What is broken costs what belongs there.
    fn put_all(&self, mut entries: Vec<&Sealed>, written: &mut Written) -> Result<()> {
        let (mut from, mut full, mut broken) = (0, false, 0);
        while from < entries.len() {
            self.give_way();
            let writer = self.writer(Instant::now() + WAIT)?;
            let mut step = Step::default();
            match self.step(&writer, &entries[from..], &mut step) {
                Ok(()) if !step.moved => break,
                Ok(()) => {
                    written.add(&step.written);
                    from += step.done;
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
                Err(error) if is_corrupt(&error) && broken < MOST_BROKEN => {
                    broken += 1;
                    let at = from + step.done;
                    match writer.deleting.take() {
                        // Tried again without deleting that one.
                        Some(n) if writer.broken.borrow_mut().add(n, n) => {
                            self.faults.found("a write", &error, n);
                        }
                        _ if at < entries.len() => {
                            let left_out = entries.remove(at);
                            self.faults.found("a write", &error, id_of(&left_out.key) as u64);
                        }
                        _ => return Err(self.faults.count("a write", &error)),
                    }
                }
                Err(error) => return Err(self.faults.count("a write", &error)),
            }
        }
        Ok(())
    }

    /// One transaction. Where it fails nothing of it is done, and `step` says at which entry it was.
    fn step(&self, writer: &Writer, entries: &[&Sealed], step: &mut Step) -> rusqlite::Result<()> {
        let first = entries[0];
        let pages = |layout: &Layout| match layout.longest() >= first.len() {
            true => layout.budget().max(layout.pages_of(first.len()) + ENTRY_PAGES),
            false => layout.budget(),
        };
        let Some(mut work) = self.begin(writer, pages, false, Instant::now() + WAIT)? else {
            return Ok(());
        };
        if work.shrink(self)? {
            step.moved = true;
        } else {
            for entry in entries {
                match work.verdict(entry)? {
                    Verdict::Welcome => {
                        if !work.make_room(self, entry.len())? || !work.put(entry)? {
                            break;
                        }
                        step.written.taken += 1;
                    }
                    Verdict::Outdated => step.written.outdated += 1,
                    Verdict::TooLarge => step.written.too_large += 1,
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
        Ok(())
    }

    /// One bounded step of what waits for a quiet moment; says whether there is more.
    pub(super) fn tidy(&self) -> Result<bool> {
        let more = self
            .writer(Instant::now() + WAIT)
            .and_then(|writer| self.set_aside(&writer, "tidying up", self.tidy_step(&writer)));
        self.faults.tell();
        more
    }

    /// Where an entry could not be deleted, it is gone around the next time, and there is more to do.
    pub(super) fn set_aside(&self, writer: &Writer, what: &str, done: rusqlite::Result<bool>) -> Result<bool> {
        match (done, writer.deleting.take()) {
            (Err(error), Some(n)) if is_corrupt(&error) && writer.broken.borrow_mut().add(n, n) => {
                self.faults.found(what, &error, n);
                Ok(true)
            }
            (done, _) => done.map_err(|error| self.faults.count(what, &error)),
        }
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

impl Written {
    fn add(&mut self, other: &Self) {
        self.taken += other.taken;
        self.outdated += other.outdated;
        self.too_large += other.too_large;
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
    fn verdict(&self, entry: &Sealed) -> rusqlite::Result<Verdict> {
        if entry.len() > self.layout.longest() {
            return Ok(Verdict::TooLarge);
        }
        // As a rule nothing was removed meanwhile, and no slot has a later epoch than the store.
        let is_current = same_store(entry.epoch, self.state.epoch)
            && self.swept.lets(entry.tag, entry.epoch)
            && (entry.epoch >= self.state.epoch
                || entry.epoch >= slots::get(&self.transaction, slots::of_key(&entry.key))?);
        Ok(if is_current { Verdict::Welcome } else { Verdict::Outdated })
    }

    /// The entry of a key that may be deleted. None where there is none, or where it is broken: it keeps its place then, and
    /// nothing is to lead to it any more.
    pub(super) fn older(&self, id: i64) -> rusqlite::Result<Option<Entry>> {
        match self.entry(id) {
            Err(error) if is_corrupt(&error) => self.number_of(id).map(|_| None),
            Ok(Some(older)) if self.writer.broken.borrow().has(older.n) => Ok(None),
            older => older,
        }
    }

    /// Stores an entry in place of an older one; false where that takes another transaction.
    fn put(&mut self, sealed: &Sealed) -> rusqlite::Result<bool> {
        let (id, n) = (id_of(&sealed.key), self.state.last + 1);
        let mut tally = self.tally;
        if !tally.put(sealed.len()) {
            return Ok(false);
        }
        // As a rule there is no older one: the first statement finds that out, and has done its work then.
        let sql = "INSERT INTO entry VALUES(?, ?) ON CONFLICT DO NOTHING";
        if self.transaction.prepare_cached(sql)?.execute(params![id, n as i64])? == 0 {
            let older = self.older(id)?;
            if older.is_some() && !tally.delete() {
                return Ok(false);
            }
            self.changed = true;
            if let Some(older) = older {
                self.delete(&older)?;
            }
            let sql = "INSERT OR REPLACE INTO entry VALUES(?, ?)";
            self.transaction.prepare_cached(sql)?.execute(params![id, n as i64])?;
        }
        self.tally = tally;
        self.changed = true;
        self.state.last = n;
        let sql = "INSERT OR REPLACE INTO data VALUES(?, ?, ?, ?, ?, ?)";
        self.transaction.prepare_cached(sql)?.execute(params![
            n as i64,
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
