//! Keys of writes that broke off: what was sent may lie at the server still, unread, and take effect after a later removal,
//! which comes over another connection. So they are removed when the server answers again, and once more when it has had
//! the time to read what it had; until then nobody is told that they are gone, and nothing is written under them.

use crate::digest::Digest;
use crate::lock::Mutex;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The oldest give way. Nothing is written before a server has answered the removals, so there are not that many.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// With the time of the first removal that was answered since.
    keys: Mutex<VecDeque<(Digest, Option<Instant>)>>,
}

impl Doubts {
    pub(super) fn has(&self, key: &Digest) -> bool {
        self.keys.lock().iter().any(|(doubted, _)| doubted == key)
    }

    pub(super) fn are_none(&self) -> bool {
        self.keys.lock().is_empty()
    }

    /// A write broke off.
    pub(super) fn add(&self, key: &Digest) {
        let mut keys = self.keys.lock();
        keys.retain(|(doubted, _)| doubted != key);
        if keys.len() == MOST {
            keys.pop_front();
        }
        keys.push_back((*key, None));
    }

    /// What is to be removed now: for the first time, or when so much time has gone since.
    pub(super) fn due(&self, wait: Duration) -> Vec<Digest> {
        let is_due = |first: &Option<Instant>| first.is_none_or(|first| first.elapsed() >= wait);
        self.keys.lock().iter().filter(|(_, first)| is_due(first)).map(|(key, _)| *key).collect()
    }

    /// The server has answered the removal of a key that was due.
    pub(super) fn removed(&self, key: &Digest) {
        let mut keys = self.keys.lock();
        let Some(place) = keys.iter().position(|(doubted, _)| doubted == key) else { return };
        match &mut keys[place].1 {
            Some(_) => drop(keys.remove(place)),
            first => *first = Some(Instant::now()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_ends_with_a_second_removal() {
        let (doubts, key, wait) = (Doubts::default(), Digest([1; 32]), Duration::from_millis(20));
        doubts.add(&key);
        assert!(doubts.has(&key) && doubts.due(wait) == [key]);
        doubts.removed(&key);
        assert!(doubts.has(&key) && doubts.due(wait).is_empty());
        std::thread::sleep(wait);
        assert_eq!(doubts.due(wait), [key]);
        doubts.removed(&key);
        assert!(doubts.are_none() && !doubts.has(&key));
    }

    #[test]
    fn they_are_bounded() {
        let doubts = Doubts::default();
        let key = |n: usize| crate::digest::chunk(&n.to_le_bytes());
        (0..MOST + 1).for_each(|n| doubts.add(&key(n)));
        assert!(!doubts.has(&key(0)) && doubts.has(&key(1)) && doubts.due(Duration::ZERO).len() == MOST);
    }
}
