//! What an entry costs: the time to compute it again, for the bytes it takes up.

use crate::value::Value;

/// A doubling beyond this decides any contest of estimates.
const MOST_DOUBLINGS: u64 = 32;

#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    compute_ns: u64,
    /// In whatever a cache's size is counted in.
    size: u64,
}

/// How often one worth is twice another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Less than twice as much either way.
    Alike,
    /// Unknown: only the sizes count, for what is larger displaces several.
    Unknown {
        size: u64,
        other: u64,
    },
    Dearer(u64),
    Cheaper(u64),
}

impl Worth {
    pub(super) const UNKNOWN: Self = Self { compute_ns: 0, size: 1 };

    pub(super) fn new(compute_ns: u64, size: u64) -> Self {
        Self { compute_ns, size }
    }

    pub(super) fn of(value: Option<&Value>, size: u64) -> Self {
        Self::new(value.map_or(0, Value::compute_ns), size)
    }

    pub(super) fn is_known(self) -> bool {
        self.compute_ns > 0
    }

    /// In whole doublings, for measured times are never twice the same: what is alike must compete by frequency alone.
    pub(super) fn compared_with(self, other: Self) -> Compared {
        if !self.is_known() || !other.is_known() {
            return Compared::Unknown { size: self.size, other: other.size };
        }
        let this = self.compute_ns as f64 * other.size.max(1) as f64;
        let that = other.compute_ns as f64 * self.size.max(1) as f64;
        match (doublings(this / that), doublings(that / this)) {
            (0, 0) => Compared::Alike,
            (0, cheaper) => Compared::Cheaper(cheaper),
            (dearer, _) => Compared::Dearer(dearer),
        }
    }
}

/// The whole part of a ratio's binary logarithm, from 0 to [`MOST_DOUBLINGS`]: its exponent.
fn doublings(ratio: f64) -> u64 {
    (ratio.to_bits() >> 52).saturating_sub(1023).min(MOST_DOUBLINGS)
}

impl Compared {
    /// Whether a key with the first estimate matters more than one with the second.
    pub(super) fn is_more(self, estimate: u64, other: u64) -> bool {
        match self {
            Self::Alike => estimate > other,
            Self::Unknown { size, other: its } if size > its => estimate * its > other * size,
            Self::Unknown { .. } => estimate > other,
            Self::Dearer(by) => estimate << by > other,
            Self::Cheaper(by) => estimate > other << by,
        }
    }

    pub(super) fn is_dearer(self) -> bool {
        matches!(self, Self::Dearer(_))
    }

    pub(super) fn is_cheaper(self) -> bool {
        matches!(self, Self::Cheaper(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worth_is_time_for_bytes_in_whole_doublings() {
        let compared = |a: (u64, u64), b: (u64, u64)| Worth::new(a.0, a.1).compared_with(Worth::new(b.0, b.1));
        assert_eq!(compared((100, 1), (199, 1)), Compared::Alike);
        assert_eq!(compared((100, 1), (200, 1)), Compared::Cheaper(1));
        assert_eq!(compared((200, 1), (100, 1)), Compared::Dearer(1));
        assert_eq!(compared((100, 1), (100, 8)), Compared::Dearer(3));
        assert_eq!(compared((800, 8), (100, 1)), Compared::Alike);
        assert_eq!(compared((u64::MAX, 1), (1, u64::MAX)), Compared::Dearer(MOST_DOUBLINGS));
        assert_eq!(compared((1, u64::MAX), (u64::MAX, 0)), Compared::Cheaper(MOST_DOUBLINGS));
    }

    #[test]
    fn an_unknown_cost_is_no_cost() {
        let unknown = Compared::Unknown { size: 1, other: 1 };
        assert_eq!(Worth::new(0, 1).compared_with(Worth::new(u64::MAX, 1)), unknown);
        assert_eq!(Worth::new(u64::MAX, 1).compared_with(Worth::UNKNOWN), unknown);
        assert!(unknown.is_more(2, 1) && !unknown.is_more(2, 2));
    }

    #[test]
    fn what_displaces_several_must_be_seen_as_often_as_they_are_together() {
        let three_times_as_large = Compared::Unknown { size: 6, other: 2 };
        assert!(three_times_as_large.is_more(4, 1) && !three_times_as_large.is_more(3, 1));
        let smaller = Compared::Unknown { size: 2, other: 6 };
        assert!(smaller.is_more(2, 1) && !smaller.is_more(1, 1));
    }

    #[test]
    fn a_doubling_weighs_as_much_as_being_seen_twice_as_often() {
        assert!(Compared::Alike.is_more(2, 1) && !Compared::Alike.is_more(2, 2));
        assert!(Compared::Dearer(1).is_more(2, 3) && !Compared::Dearer(1).is_more(2, 4));
        assert!(Compared::Cheaper(2).is_more(5, 1) && !Compared::Cheaper(2).is_more(4, 1));
        assert!(
            !Compared::Dearer(32).is_more(0, 0) && Compared::Cheaper(32).is_more(1, 0),
            "what was not seen is nothing"
        );
    }
}
