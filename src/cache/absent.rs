//! What was lately looked for and found in no store, so that a caller who does not wait, and comes again, computes.

use crate::digest::Digest;
use crate::lock::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A caller who comes later has it looked for once more.
const REMEMBERED: Duration = Duration::from_secs(1);
const MOST: usize = 4096;

#[derive(Debug)]
pub(super) struct Absent(Mutex<HashMap<Digest, Instant>>);

impl Default for Absent {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl Absent {
    pub(super) fn add(&self, key: &Digest) {
        let now = Instant::now();
        let mut keys = self.0.lock();
        if keys.len() >= MOST {
            keys.retain(|_, since| now.duration_since(*since) < REMEMBERED);
        }
        if keys.len() >= MOST {
            keys.clear(); // they come again, and are looked for again
        }
        keys.insert(*key, now);
    }

    pub(super) fn has(&self, key: &Digest) -> bool {
        self.0.lock().get(key).is_some_and(|since| since.elapsed() < REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_a_bounded_number() {
        let absent = Absent::default();
        for n in 0..=MOST as u64 {
            absent.add(&crate::digest::chunk(&n.to_le_bytes()));
        }
        assert!(absent.0.lock().len() <= MOST);
        assert!(absent.has(&crate::digest::chunk(&(MOST as u64).to_le_bytes())));
        assert!(!absent.has(&crate::digest::chunk(b"another")));
    }
}
