//! Room for new entries: first in, first out, but who was found meanwhile goes to the end of the queue once more. Each
//! step is an entry at the queue's head, and each transaction a bounded number of steps.

use super::Inner;
use super::get::is_over;
use super::layout::{EVICT_PAGES, MOVE_PAGES};
use super::writer::Work;
use rusqlite::{OptionalExtension, params};

/// Pages that moving one page to the front of the file changes.
const VACUUM_PAGES: u64 = 4;

/// An entry's row.
pub(super) struct Entry {
    pub(super) id: i64,
    n: i64,
    seq: i64,
    size: u64,
    tag: u64,
    epoch: u64,
    expires_ms: u64,
}

impl Work<'_> {
    pub(super) fn entry(&self, id: i64) -> rusqlite::Result<Option<Entry>> {
        let sql = "SELECT n, seq, size, tag, epoch, expires FROM entry WHERE id = ?";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let number = |row: &rusqlite::Row<'_>, n| row.get::<_, i64>(n).map(|number| number as u64);
        statement
            .query_row([id], |row| {
                Ok(Entry {
                    id,
                    n: row.get(0)?,
                    seq: row.get(1)?,
                    size: number(row, 2)?,
                    tag: number(row, 3)?,
                    epoch: number(row, 4)?,
                    expires_ms: number(row, 5)?,
                })
            })
            .optional()
    }

    /// Deletes an entry and takes it off the counts, on which those before a purge of everything no longer are.
    pub(super) fn delete(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        self.changed = true;
        let connection = &self.transaction;
        connection.prepare_cached("DELETE FROM data WHERE n = ?")?.execute([entry.n])?;
        connection.prepare_cached("DELETE FROM queue WHERE seq = ?")?.execute([entry.seq])?;
        connection.prepare_cached("DELETE FROM entry WHERE id = ?")?.execute([entry.id])?;
        if entry.epoch >= self.state.purged {
            self.state.entries = self.state.entries.saturating_sub(1);
            self.state.bytes = self.state.bytes.saturating_sub(entry.size);
        }
        Ok(())
    }

    /// The entry at the queue's head. A place without one, which only a damaged file has, is taken away.
    fn head(&mut self) -> rusqlite::Result<Option<Entry>> {
        loop {
            let sql = "SELECT seq, id FROM queue ORDER BY seq LIMIT 1";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let head = self.transaction.prepare_cached(sql)?.query_row([], row).optional()?;
            let Some((seq, id)) = head else { return Ok(None) };
            match self.entry(id)? {
                Some(entry) if entry.seq == seq => return Ok(Some(entry)),
                _ if self.left < EVICT_PAGES => return Ok(None),
                _ => {
                    self.transaction.prepare_cached("DELETE FROM queue WHERE seq = ?")?.execute([seq])?;
                    self.left -= EVICT_PAGES;
                    self.changed = true;
                }
            }
        }
    }

    fn is_dead(&self, entry: &Entry) -> bool {
        !self.swept.lets(entry.tag, entry.epoch) || is_over(entry.expires_ms)
    }

    /// Takes the next entry out, giving those before it that were found their second chance. False where there is none,
    /// or no budget.
    pub(super) fn evict(&mut self, inner: &Inner) -> rusqlite::Result<bool> {
        while self.left >= EVICT_PAGES {
            let Some(entry) = self.head()? else { return Ok(false) };
            if self.chances > 0 && !self.is_dead(&entry) && inner.touched.take(entry.id) {
                self.chances -= 1;
                self.left -= MOVE_PAGES;
                self.requeue(&entry)?;
            } else {
                self.left -= EVICT_PAGES;
                self.delete(&entry)?;
                self.evicted += 1;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn requeue(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        self.changed = true;
        self.state.last += 1;
        let (seq, connection) = (self.state.last as i64, &self.transaction);
        connection.prepare_cached("DELETE FROM queue WHERE seq = ?")?.execute([entry.seq])?;
        connection.prepare_cached("INSERT OR REPLACE INTO queue VALUES(?, ?)")?.execute(params![seq, entry.id])?;
        connection.prepare_cached("UPDATE entry SET seq = ? WHERE id = ?")?.execute(params![seq, entry.id])?;
        Ok(())
    }

    fn number(&self, sql: &str) -> rusqlite::Result<u64> {
        self.transaction.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)).map(|number| number as u64)
    }

    /// Pages of the file that hold nothing.
    fn unused(&self) -> rusqlite::Result<u64> {
        self.number("PRAGMA freelist_count")
    }

    /// Pages beyond the limit, after it was lowered.
    fn surplus(&self) -> rusqlite::Result<u64> {
        Ok(self.number("PRAGMA page_count")?.saturating_sub(self.layout.pages))
    }

    /// Evicts until an envelope has room; false where that takes another transaction.
    pub(super) fn make_room(&mut self, inner: &Inner, size: u64) -> rusqlite::Result<bool> {
        let needed = self.layout.room_for(size);
        loop {
            let unwritten = self.layout.pages.saturating_sub(self.number("PRAGMA page_count")?);
            if unwritten + self.unused()? >= needed {
                return Ok(true);
            }
            if !self.evict(inner)? {
                return Ok(false);
            }
        }
    }

    /// Gives pages back until the file keeps to a lowered limit, at half the budget each for evicting and for moving
    /// what remains to the front. Says whether there was anything to do.
    pub(super) fn shrink(&mut self, inner: &Inner) -> rusqlite::Result<bool> {
        let surplus = self.surplus()?;
        if surplus == 0 {
            return Ok(false);
        }
        let half = self.left / 2;
        while self.left > half && self.unused()? < surplus && self.evict(inner)? {}
        let pages = surplus.min(self.unused()?).min(half / VACUUM_PAGES);
        self.left = 0;
        if pages > 0 {
            self.changed = true;
            // One page a step.
            let mut statement = self.transaction.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(pages > 0 || self.evicted > 0)
    }

    /// Takes entries off the queue's head that nobody may see any more; says whether there are others behind.
    pub(super) fn sweep(&mut self) -> rusqlite::Result<bool> {
        while let Some(entry) = self.head()?.filter(|entry| self.is_dead(entry)) {
            if self.left < EVICT_PAGES {
                return Ok(true);
            }
            self.left -= EVICT_PAGES;
            self.delete(&entry)?;
        }
        Ok(false)
    }
}
