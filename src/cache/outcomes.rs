//! Reads for callers who don't wait: those under way, and how those ended that brought nothing to memory, kept until
//! their caller comes again.

use crate::digest::Digest;
use crate::lock::Mutex;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// More reads under way than these are not begun.
pub(super) const MOST_UNDER_WAY: usize = 1024;
/// No read is begun whose outcome could not be kept beside so many: its caller is told that there is nothing. If older
/// outcomes gave way instead, whoever comes for more keys than these in turn would be told of none, ever.
const MOST_KEPT: usize = 16_384;
/// Whose caller comes so late gives way all the same, and has it looked for once more. It is as long as lookups that don't
/// wait find nothing after so many were abandoned, and far longer than it takes to come for as many in turn.
const LATE: Duration = Duration::from_secs(5);

/// A key, and whether the remote store is asked for it, too.
pub(super) type Asked = (Digest, bool);

#[derive(Debug, Default)]
pub(super) struct Outcomes(Mutex<Inside>);

#[derive(Debug)]
struct Ended {
    number: u64,
    asked: Asked,
    at: Instant,
}

#[derive(Debug, Default)]
struct Inside {
    under_way: HashSet<Asked>,
    /// Looked for, and not in memory. With each the number of its entry in the order: an older one of the same key is void.
    ended: HashMap<Asked, u64>,
    order: VecDeque<Ended>,
    next: u64,
}

impl Inside {
    /// Whether another outcome can be kept; of those that are late the oldest goes for it.
    fn has_room(&mut self, now: Instant) -> bool {
        while self.ended.len() + self.under_way.len() >= MOST_KEPT {
            let Some(first) = self.order.front() else { return false };
            let is_void = self.ended.get(&first.asked) != Some(&first.number);
            if !is_void && now.saturating_duration_since(first.at) < LATE {
                return false;
            }
            if !is_void {
                self.ended.remove(&first.asked);
            }
            self.order.pop_front();
        }
        true
    }
}

/// How a read for a caller who doesn't wait stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It ended, and this caller is the one who is told; or it is not begun, for nobody could be told how it ends.
    Nothing,
    UnderWay,
    /// This caller is to send for it.
    New,
    /// There are too many already.
    Full,
}

impl Outcomes {
    /// Asks for a read. What was found nowhere at all was not found without the remote store, either.
    pub(super) fn ask(&self, (key, remote): Asked, now: Instant) -> Standing {
        let mut inside = self.0.lock();
        let asked = (key, remote);
        let ended = &mut inside.ended;
        if ended.remove(&asked).is_some() || (!remote && ended.remove(&(key, true)).is_some()) {
            return Standing::Nothing;
        }
        if inside.under_way.contains(&asked) {
            return Standing::UnderWay;
        }
        if inside.under_way.len() >= MOST_UNDER_WAY {
            return Standing::Full;
        }
        if !inside.has_room(now) {
            return Standing::Nothing;
        }
        inside.under_way.insert(asked);
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
        if !under_way.remove(&asked) || !tells {
            return;
        }
        *next += 1;
        ended.insert(asked, *next);
        order.push_back(Ended { number: *next, asked, at: Instant::now() });
        // What was told leaves the order when it is the larger part.
        if order.len() > 2 * ended.len() + 64 {
            order.retain(|one| ended.get(&one.asked) == Some(&one.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> Digest {
        crate::digest::chunk(&n.to_le_bytes())
    }

    fn ask(outcomes: &Outcomes, n: u64) -> Standing {
        outcomes.ask((key(n), true), Instant::now())
    }

    fn ends(outcomes: &Outcomes, n: u64) {
        assert_eq!(ask(outcomes, n), Standing::New);
        outcomes.end((key(n), true), true);
    }

    #[test]
    fn an_outcome_is_told_once_and_however_late() {
        let outcomes = Outcomes::default();
        // Thousands of others later.
        (0..MOST_KEPT as u64).for_each(|n| ends(&outcomes, n));
        assert_eq!(ask(&outcomes, 0), Standing::Nothing);
        assert_eq!(ask(&outcomes, 0), Standing::New);
        outcomes.end((key(0), true), false);
        assert_eq!(ask(&outcomes, 0), Standing::New, "it is in memory, or was");
    }

    #[test]
    fn what_was_looked_for_without_the_remote_store_may_be_there() {
        let (outcomes, now) = (Outcomes::default(), Instant::now());
        assert_eq!(outcomes.ask((key(1), false), now), Standing::New);
        outcomes.end((key(1), false), true);
        assert_eq!(outcomes.ask((key(1), true), now), Standing::New);
        assert_eq!(outcomes.ask((key(1), false), now), Standing::Nothing);
        outcomes.end((key(1), true), true);
        assert_eq!(outcomes.ask((key(1), false), now), Standing::Nothing);
        assert_eq!(outcomes.ask((key(1), true), now), Standing::New, "it was told");
    }

    #[test]
    fn whoever_comes_for_more_than_are_kept_is_told_of_all() {
        let (outcomes, all) = (Outcomes::default(), MOST_KEPT as u64 + 5000);
        let mut told = 0;
        // One round after the other, each read ended before the next is asked for.
        for _ in 0..2 {
            for n in 0..all {
                match ask(&outcomes, n) {
                    Standing::New => outcomes.end((key(n), true), true),
                    Standing::Nothing => told += 1,
                    standing => panic!("{standing:?}"),
                }
            }
        }
        assert!(told >= all, "{told} of {all}");
        assert!(outcomes.0.lock().ended.len() <= MOST_KEPT);
    }

    #[test]
    fn it_holds_a_bounded_number_and_what_nobody_comes_for_gives_way() {
        let outcomes = Outcomes::default();
        (0..MOST_KEPT as u64).for_each(|n| ends(&outcomes, n));
        let later = Instant::now() + LATE;
        let new = MOST_KEPT as u64;
        assert_eq!(ask(&outcomes, new), Standing::Nothing);
        for n in 0..MOST_UNDER_WAY as u64 {
            assert_eq!(outcomes.ask((key(new + n), true), later), Standing::New);
        }
        assert_eq!(outcomes.ask((key(u64::MAX), true), later), Standing::Full);
        let inside = outcomes.0.lock();
        assert_eq!(inside.ended.len() + inside.under_way.len(), MOST_KEPT);
        assert!(inside.order.len() <= 2 * inside.ended.len() + 64);
        assert_eq!(inside.ended.get(&(key(0), true)), None, "the oldest");
    }

    #[test]
    fn who_abandons_thousands_darkens_the_others_for_seconds() {
        let outcomes = Outcomes::default();
        (0..MOST_KEPT as u64).for_each(|n| ends(&outcomes, n));
        let (other, ended) = ((key(u64::MAX), true), Instant::now());
        assert_eq!(outcomes.ask(other, ended + Duration::from_secs(1)), Standing::Nothing);
        assert_eq!(outcomes.ask(other, ended + Duration::from_secs(5)), Standing::New);
    }

    #[test]
    fn what_was_told_is_not_kept() {
        let outcomes = Outcomes::default();
        for n in 0..4 * MOST_KEPT as u64 {
            ends(&outcomes, n);
            assert_eq!(ask(&outcomes, n), Standing::Nothing);
        }
        assert!(outcomes.0.lock().order.len() <= 64);
    }
}
