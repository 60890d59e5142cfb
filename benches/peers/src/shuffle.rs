//! Rounds of many sides, each in an order of its own: who always came after the same neighbour would pay for what that one
//! does to the processor's caches.

use crate::random::Random;
use crate::rounds::time;

/// Runs all sides `rounds` times; returns nanoseconds an operation, by side and round.
pub fn interleave(rounds: usize, sides: &mut [impl FnMut(usize) -> usize]) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); sides.len()];
    let mut order: Vec<usize> = (0..sides.len()).collect();
    let mut random = Random(4);
    for round in 0..rounds {
        random.shuffle(&mut order);
        for &side in &order {
            times[side].push(time(&mut sides[side], round));
        }
    }
    times
}
