//! The name of a filter's present state, read without a lock by every lookup: a sequence lock over plain atomics, a few
//! nanoseconds where a counted pointer costs four times that. A reading torn by a swap is seen and made again.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// How often a reading that a swap disturbs is made again before it is given up.
const TRIES: u32 = 64;

#[derive(Default)]
pub(crate) struct Present<const WORDS: usize> {
    /// Odd while a swap is under way, 0 before the first.
    version: AtomicU64,
    words: Words<WORDS>,
}

struct Words<const WORDS: usize>([AtomicU64; WORDS]);

impl<const WORDS: usize> Default for Words<WORDS> {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; WORDS])
    }
}

impl<const WORDS: usize> Present<WORDS> {
    /// What was written last; None before the first [`Present::write`], or when swaps disturb every reading.
    pub(crate) fn read(&self) -> Option<[u64; WORDS]> {
        for _ in 0..TRIES {
            let before = self.version.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            let words = self.words.0.each_ref().map(|word| word.load(Ordering::Relaxed));
            // Orders the words before the second look at the version.
            fence(Ordering::Acquire);
            if before % 2 == 0 && self.version.load(Ordering::Relaxed) == before {
                return Some(words);
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Publishes other words. One writer at a time: the caller holds the filter's lock.
    pub(crate) fn write(&self, words: [u64; WORDS]) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        // Orders the odd version before the words.
        fence(Ordering::Release);
        for (place, word) in self.words.0.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
        self.version.store(version + 2, Ordering::Release);
    }
}

/// With a secret the words are a key: they are not shown.
impl<const WORDS: usize> fmt::Debug for Present<WORDS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Present")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_never_torn() {
        let present = Present::<5>::default();
        assert!(present.read().is_none());
        present.write([0; 5]);
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut read = 0;
                        while read < 200_000 {
                            let Some(words) = present.read() else { continue };
                            assert!(words.iter().all(|&word| word == words[0]), "{words:?}");
                            read += 1;
                        }
                    })
                })
                .collect();
            let mut n = 0u64;
            while readers.iter().any(|reader| !reader.is_finished()) {
                n += 1;
                present.write([n; 5]);
                if n % 64 == 0 {
                    std::thread::yield_now();
                }
            }
        });
    }
}
