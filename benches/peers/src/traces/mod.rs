//! Hit ratios on recorded traffic, and compute time saved on a made one.
//!
//! - `trace`: files of requests; `players`: the caches; `belady`: the best there could be
//! - `replay`: the table of hits; `costed`: results that differ in size and cost
//! - `least`: goals

pub mod belady;
pub mod costed;
pub mod least;
pub mod players;
pub mod replay;
pub mod trace;
