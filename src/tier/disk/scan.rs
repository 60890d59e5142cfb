//! Going through a store from one end to the other: bounded pages by the envelopes' numbers, each a short reading
//! transaction of its own, so that the log can be emptied between two.

use super::Inner;
use super::faults::{is_busy, is_corrupt};
use super::get::is_over;
use super::writer::WAIT;
use crate::error::{Error, ErrorKind, Result};
use crate::tier::Page;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::time::{Duration, Instant};

/// What a page holds at most, unless one envelope alone is longer.
const ENTRIES: usize = 256;
const BYTES: usize = 4 << 20;

/// An envelope's number, tag, epoch and end.
type Row = (u64, u64, u64, u64);

impl Inner {
    pub(super) fn scan(&self, page: &mut Page) -> Result<bool> {
        page.envelopes.clear();
        let scanned = self.scan_page(page);
        self.faults.tell();
        scanned
    }

    fn scan_page(&self, page: &mut Page) -> Result<bool> {
        if self.readers.is_closed() {
            return Err(ErrorKind::Closed.into());
        }
        if self.faults.is_resting() {
            return Err(self.faults.resting());
        }
        let failed = |error: &rusqlite::Error| self.faults.count("a look through the store", error);
        let until = Instant::now() + WAIT;
        loop {
            match self.readers.lend(&self.place) {
                Ok(Some(mut lent)) => match self.read_page(lent.connection(), page) {
                    Err(error) if is_busy(&error) => {}
                    read => {
                        return read.map_err(|error| {
                            lent.give_up();
                            failed(&error)
                        });
                    }
                },
                Err(error) if !is_busy(&error) => return Err(failed(&error)),
                // Lookups come first: they don't wait.
                Ok(None) | Err(_) => {}
            }
            if Instant::now() >= until {
                return Err(Error::new(ErrorKind::Io, "the disk tier's readers are all in use; try again"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn read_page(&self, connection: &Connection, page: &mut Page) -> rusqlite::Result<bool> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let state = super::State::read(&transaction)?;
        let swept = self.known.swept(state.swept, &transaction)?;
        let rows = rows(&transaction, page.after)?;
        let is_last = rows.len() < ENTRIES;
        let mut bytes = 0;
        for (n, tag, epoch, expires) in rows {
            if bytes >= BYTES {
                return Ok(true);
            }
            page.after = n;
            if !swept.lets(tag, epoch) || is_over(expires) {
                continue;
            }
            match envelope(&transaction, n) {
                Ok(None) => {}
                Ok(Some(envelope)) => {
                    bytes += envelope.len();
                    page.envelopes.push(envelope);
                }
                // Its own pages are broken; the others are read on.
                Err(error) if is_corrupt(&error) => {
                    self.faults.count("a look through the store", &error);
                    page.broken += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(!is_last)
    }
}

fn rows(connection: &Connection, after: u64) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT n, tag, epoch, expires FROM data WHERE n > ? ORDER BY n LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let number = |row: &rusqlite::Row<'_>, n| row.get::<_, i64>(n).map(|number| number as u64);
    let rows = statement.query_map([after as i64, ENTRIES as i64], |row| {
        Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?, number(row, 3)?))
    })?;
    rows.collect()
}

/// None for one that no key leads to: it was replaced or removed and could not be deleted.
fn envelope(connection: &Connection, n: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection
        .prepare_cached("SELECT envelope FROM data d JOIN entry e ON e.id = d.id AND e.n = d.n WHERE d.n = ?")?;
    statement.query_row([n as i64], |row| Ok(row.get_ref(0)?.as_blob()?.to_vec())).optional()
}
