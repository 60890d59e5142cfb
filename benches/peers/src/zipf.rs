//! Ranks as popular as Zipf's law has it: the n-th in proportion to 1 / n^0.99, as YCSB does.

use crate::random::Random;

const EXPONENT: f64 = 0.99;

pub struct Zipf {
    /// The share of the first ranks up to each.
    cumulative: Vec<f64>,
    random: Random,
}

impl Zipf {
    pub fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += (rank as f64).powf(-EXPONENT);
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|share| *share /= sum);
        Self { cumulative, random: Random(3) }
    }

    /// The next rank, from 0.
    pub fn rank(&mut self) -> usize {
        let point = self.chance();
        self.cumulative.partition_point(|share| *share <= point).min(self.cumulative.len() - 1)
    }

    /// Anything from 0 to 1, 1 excluded.
    pub fn chance(&mut self) -> f64 {
        (self.random.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
