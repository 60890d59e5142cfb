//! Reads for callers who don't wait: those under way, and how those ended that brought nothing to memory, kept until
//! their caller comes again.

use crate::digest::Digest;
use crate::lock::Mutex;
use std::collections::{HashMap, HashSet, VecDeque};

/// More reads under way than these are not begun.
pub(super) const MOST_UNDER_WAY: usize = 1024;
/// The oldest outcomes give way: whose caller comes so late has it looked for once more.
const MOST_KEPT: usize = 16_384;

/// A key, and whether the remote store is asked for it, too.
pub(super) type Asked = (Digest, bool);

#[derive(Debug, Default)]
pub(super) struct Outcomes(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    under_way: HashSet<Asked>,
    /// Looked for, and not in memory. With each the number of its entry in the order: an older one of the same key is void.
    ended: HashMap<Asked, u64>,
    order: VecDeque<(u64, Asked)>,
    next: u64,
}

/// How a read for a caller who doesn't wait stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It ended, and this caller is the one who is told.
    Nothing,
    UnderWay,
    /// This caller is to send for it.
    New,
    /// There are too many already.
    Full,
}

impl Outcomes {
    /// Asks for a read. What was found nowhere at all was not found without the remote store, either.
    pub(super) fn ask(&self, (key, remote): Asked) -> Standing {
        let mut inside = self.0.lock();
        let Inside { under_way, ended, .. } = &mut *inside;
        let asked = (key, remote);
        if ended.remove(&asked).is_some() || (!remote && ended.remove(&(key, true)).is_some()) {
            return Standing::Nothing;
        }
        if under_way.contains(&asked) {
            return Standing::UnderWay;
        }
        if under_way.len() >= MOST_UNDER_WAY {
            return Standing::Full;
        }
        under_way.insert(asked);
        Standing::New
    }

    /// There may be something by now.
    pub(super) fn forget(&self, key: &Digest) {
        let mut inside = self.0.lock();
        if !inside.ended.is_empty() {
            inside.ended.remove(&(*key, true));
            inside.ended.remove(&(*key, false));
        }
    }

    /// A read has ended, or was never begun; `tells` says that whoever comes again is to be told that there is nothing.
    pub(super) fn end(&self, asked: Asked, tells: bool) {
        let mut inside = self.0.lock();
        let Inside { under_way, ended, order, next } = &mut *inside;
        under_way.remove(&asked);
        if !tells {
            return;
        }
        *next += 1;
        ended.insert(asked, *next);
        order.push_back((*next, asked));
        while order.len() > MOST_KEPT {
            if let Some((number, oldest)) = order.pop_front() {
                if ended.get(&oldest) == Some(&number) {
                    ended.remove(&oldest);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Digest {
        crate::digest::chunk(&n.to_le_bytes())
    }

    #[test]
    fn an_outcome_is_told_once_and_however_late() {
        let outcomes = Outcomes::default();
        let asked = (key(0), true);
        assert_eq!(outcomes.ask(asked), Standing::New);
        assert_eq!(outcomes.ask(asked), Standing::UnderWay);
        outcomes.end(asked, true);
        // Thousands of others later.
        for n in 1..MOST_KEPT as u64 {
            assert_eq!(outcomes.ask((key(n), true)), Standing::New);
            outcomes.end((key(n), true), true);
        }
        assert_eq!(outcomes.ask(asked), Standing::Nothing);
        assert_eq!(outcomes.ask(asked), Standing::New);
        outcomes.end(asked, false);
        assert_eq!(outcomes.ask(asked), Standing::New, "it is in memory, or was");
    }

    #[test]
    fn what_was_looked_for_without_the_remote_store_may_be_there() {
        let outcomes = Outcomes::default();
        outcomes.end((key(1), false), true);
        assert_eq!(outcomes.ask((key(1), true)), Standing::New);
        assert_eq!(outcomes.ask((key(1), false)), Standing::Nothing);
        outcomes.end((key(1), true), true);
        assert_eq!(outcomes.ask((key(1), false)), Standing::Nothing);
        assert_eq!(outcomes.ask((key(1), true)), Standing::New, "it was told");
    }

    #[test]
    fn it_holds_a_bounded_number() {
        let outcomes = Outcomes::default();
        for n in 0..2 * MOST_KEPT as u64 {
            outcomes.end((key(n), true), true);
        }
        let most = |inside: &Inside| inside.ended.len().max(inside.order.len());
        assert_eq!(most(&outcomes.0.lock()), MOST_KEPT);
        for n in 0..MOST_UNDER_WAY as u64 {
            assert_eq!(outcomes.ask((key(n), true)), Standing::New);
        }
        assert_eq!(outcomes.ask((key(u64::MAX), true)), Standing::Full);
    }
}
