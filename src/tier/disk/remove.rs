//! Removals and purges: what they name is gone for all processes when they return, and what is still to be written of an
//! earlier epoch is left out when it comes.

use super::Inner;
use super::faults::is_corrupt;
use super::slots;
use super::writer::{Work, id_of};
use crate::digest::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::tier::Purged;
use std::time::Instant;

/// Pages that any of these changes: an entry and its free pages' list, and all slots of tags.
const PAGES: u64 = 32;

impl Inner {
    pub(super) fn remove(&self, key: &Digest, until: Instant) -> Result<()> {
        self.change(until, "a removal", |work| {
            slots::set(&work.transaction, slots::of_key(key), work.state.epoch)?;
            let id = id_of(key);
            match work.older(id)? {
                Some(entry) => work.delete(&entry),
                None => work.forget(id),
            }
        })
    }

    /// What was purged stays in the file until its place is needed, or [`super::Disk::tidy`] comes by.
    pub(super) fn purge(&self, purged: Purged<'_>, until: Instant) -> Result<()> {
        self.change(until, "a purge", |work| {
            work.state.swept = work.state.epoch;
            match purged {
                Purged::Everything => {
                    work.state.purged = work.state.epoch;
                    work.state.dead += std::mem::take(&mut work.state.entries);
                    work.state.bytes = 0;
                    Ok(())
                }
                Purged::Tags(tags) => {
                    tags.iter().try_for_each(|tag| slots::set(&work.transaction, slots::of_tag(*tag), work.state.epoch))
                }
            }
        })
    }

    /// One transaction in the next epoch.
    fn change(&self, until: Instant, what: &str, change: impl Fn(&mut Work<'_>) -> rusqlite::Result<()>) -> Result<()> {
        let until = self.patience(until);
        let changed = self.writer(until).and_then(|writer| {
            let once = || {
                let Some(mut work) = self.begin(&writer, |_| PAGES, true, until)? else { return Ok(false) };
                work.state.epoch += 1;
                change(&mut work)?;
                self.commit(work).map(|()| true)
            };
            let mut done = once();
            if done.as_ref().is_err_and(is_corrupt) {
                // An entry that can't be deleted is gone around.
                if writer.deleting.take().is_some_and(|n| writer.broken.borrow_mut().add(n, n)) {
                    done = once();
                }
            }
            match done {
                Ok(true) => Ok(()),
                Ok(false) => Err(Error::new(ErrorKind::Io, self.faults.last())),
                Err(error) => Err(self.faults.count(what, &error)),
            }
        });
        self.faults.tell();
        changed
    }
}
