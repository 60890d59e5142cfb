//! Alternating rounds: whatever the machine does meanwhile, it does to all sides.

use serde_json::{Value as Json, json};
use std::time::Instant;

/// Runs all sides `rounds` times, each round beginning with another side; returns nanoseconds an operation, by side and
/// round. A side does a small piece of work for the n-th round and says how many operations that was.
pub fn alternate<const N: usize>(rounds: usize, mut sides: [impl FnMut(usize) -> usize; N]) -> [Vec<f64>; N] {
    let mut times = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for round in 0..rounds {
        for turn in 0..N {
            let side = (round + turn) % N;
            times[side].push(time(&mut sides[side], round));
        }
    }
    times
}

/// Nanoseconds an operation of one side's piece of work.
pub fn time(side: &mut impl FnMut(usize) -> usize, round: usize) -> f64 {
    let begin = Instant::now();
    let operations = side(round);
    begin.elapsed().as_nanos() as f64 / operations as f64
}

/// A sample, described by what survives a few disturbed rounds.
#[derive(Clone, Copy)]
pub struct Spread {
    pub min: f64,
    pub p25: f64,
    pub median: f64,
    pub p75: f64,
}

impl Spread {
    pub fn of(sample: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = sample.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| sorted[(sorted.len() - 1) * quarters / 4];
        Self { min: sorted[0], p25: at(1), median: at(2), p75: at(3) }
    }

    /// `a` / `b` round by round, so that a slow moment for both is none for their ratio.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Self {
        Self::of(a.iter().zip(b).map(|(a, b)| a / b))
    }

    /// `a` − `b` round by round.
    pub fn of_differences(a: &[f64], b: &[f64]) -> Self {
        Self::of(a.iter().zip(b).map(|(a, b)| a - b))
    }

    pub fn json(&self) -> Json {
        json!({ "min": self.min, "p25": self.p25, "median": self.median, "p75": self.p75 })
    }
}
