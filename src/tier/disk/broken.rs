//! Entries that can't be read or deleted because their pages are broken. Whoever goes over the entries, to evict, sweep or
//! collect, goes around them: met again and again, one of them would end all writing. They keep their place in the file.

use super::evict::Entry;
use super::faults::is_corrupt;
use super::writer::Work;
use std::collections::BTreeMap;

/// Runs of numbers that are kept: with more of them the store as a whole is damaged.
const MOST: usize = 4096;

/// Runs of entries' numbers, as this process met them.
#[derive(Debug, Default)]
pub(super) struct Broken(BTreeMap<u64, u64>);

impl Broken {
    /// Takes note of a run; false where there are too many.
    pub(super) fn add(&mut self, first: u64, last: u64) -> bool {
        let enough = self.0.len() < MOST;
        if enough {
            let known = self.0.entry(first).or_insert(last);
            *known = last.max(*known);
        }
        enough
    }

    pub(super) fn has(&self, n: u64) -> bool {
        self.0.range(..=n).next_back().is_some_and(|(_, last)| *last >= n)
    }

    /// The first number from `n` on that is in none of them.
    fn after(&self, mut n: u64) -> u64 {
        while let Some((_, last)) = self.0.range(..=n).next_back().filter(|(_, last)| **last >= n && n < u64::MAX) {
            n = last.saturating_add(1);
        }
        n
    }
}

impl Work<'_> {
    /// The first entry with a number in a range that can be read, and deleted as far as is known.
    pub(super) fn between(&self, mut from: u64, till: u64) -> rusqlite::Result<Option<Entry>> {
        loop {
            from = self.writer.broken.borrow().after(from);
            if from > till {
                return Ok(None);
            }
            match self.first(from, till) {
                Ok(Some(entry)) if self.writer.broken.borrow().has(entry.n) => from = entry.n,
                Err(error) if is_corrupt(&error) => {
                    self.faults.found("a look at the oldest results", &error, from);
                    let last = past_broken(from, till, |n| self.first(n, till))? - 1;
                    if !self.writer.broken.borrow_mut().add(from, last) {
                        return Err(error);
                    }
                }
                found => return found,
            }
        }
    }
}

/// From which number on entries can be read again, if `first` can't read any from `from` on: in ever longer strides beyond
/// it, and back by halves. More than `till` where none can be.
pub(super) fn past_broken<T>(
    from: u64, till: u64, first: impl Fn(u64) -> rusqlite::Result<T>,
) -> rusqlite::Result<u64> {
    let reads = |n| match first(n) {
        Ok(_) => Ok(true),
        Err(error) if is_corrupt(&error) => Ok(false),
        Err(error) => Err(error),
    };
    let (mut broken, mut stride) = (from, 1u64);
    let mut sound = loop {
        let at = broken.saturating_add(stride);
        if at > till {
            return Ok(till.saturating_add(1));
        } else if reads(at)? {
            break at;
        }
        (broken, stride) = (at, stride.saturating_mul(2));
    };
    while sound - broken > 1 {
        let middle = broken + (sound - broken) / 2;
        if reads(middle)? { sound = middle } else { broken = middle }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_gone_around() {
        let mut broken = Broken::default();
        assert!(broken.add(5, 7) && broken.add(8, 8) && broken.add(5, 6) && broken.add(20, u64::MAX));
        let after = [4, 5, 7, 8, 9, 19].map(|n| broken.after(n));
        assert_eq!(after, [4, 9, 9, 9, 9, 19]);
        assert_eq!([4, 5, 8, 9, 20, u64::MAX].map(|n| broken.has(n)), [false, true, true, false, true, true]);
        assert_eq!(broken.after(20), u64::MAX);
    }
}
