//! One thread and two, among 100,000 entries: each thread has keys of its own, and at last all have the same one. Times
//! are the wall's, divided by the operations of all threads: what does not scale stays at 1, what stands in its own way
//! is above.

use crate::cell::Cell;
use crate::library::{Key, Library};
use crate::peer::{Operation, Peer, VALUE};
use crate::peers::{self, Shared};
use crate::shuffle::interleave;
use crate::steady::{key, popular, shuffled};
use std::thread;

const ENTRIES: usize = 100_000;
const QUICK_ENTRIES: usize = 2_000;
const ROUNDS: usize = 41;
const QUICK_ROUNDS: usize = 31;
/// Of each thread in a round: enough that starting it is a few hundredths of the time.
const A_ROUND: usize = 5_000;
const QUICK_A_ROUND: usize = 1_000;

pub const ONE: &str = "1 thread";
pub const TWO: &str = "2 threads";
/// The cells are these by [`ONE`] and by [`TWO`].
pub const KINDS: [&str; 4] = ["lookup", "put", "90/10 Zipf", "lookup, one hot key"];

struct Scale {
    entries: usize,
    rounds: usize,
    a_round: usize,
}

/// Where two threads have one core, there is nothing to measure.
pub fn measure(library: &Library, quick: bool) -> Vec<Cell> {
    if thread::available_parallelism().map_or(1, Into::into) < 2 {
        return Vec::new();
    }
    let scale = match quick {
        true => Scale { entries: QUICK_ENTRIES, rounds: QUICK_ROUNDS, a_round: QUICK_A_ROUND },
        false => Scale { entries: ENTRIES, rounds: ROUNDS, a_round: A_ROUND },
    };
    KINDS.iter().flat_map(|kind| kind_of(kind, library, &scale)).collect()
}

fn kind_of(kind: &str, library: &Library, &Scale { entries, rounds, a_round }: &Scale) -> [Cell; 2] {
    let puts = kind == KINDS[1];
    let capacity = if puts { entries } else { 2 * entries };
    let peers = peers::shared(library, capacity);
    let warm_up = if puts { 2 * entries } else { entries };
    for peer in &peers {
        (0..warm_up as u64).for_each(|n| peer.put(&key(n), &VALUE));
        peer.settle();
    }
    match kind {
        "lookup" => {
            let keys = shuffled(entries);
            let halves: Vec<&[Key]> = keys.chunks(entries / 2).collect();
            compare(kind, &peers, rounds, a_round, &|peer, thread, _| look_up(peer, halves[thread], a_round))
        }
        "put" => {
            // Three lots a round: one thread's, and those of two.
            let keys: Vec<Key> = (0..3 * rounds * a_round).map(|n| key((warm_up + n) as u64)).collect();
            let lots: Vec<&[Key]> = keys.chunks(a_round).collect();
            compare(kind, &peers, rounds, a_round, &|peer, thread, lot| {
                peer.puts(lots[3 * lot.round + lot.first + thread], &VALUE)
            })
        }
        "90/10 Zipf" => {
            let (_, operations) = popular(entries, 2 * a_round);
            let halves: Vec<&[Operation]> = operations.chunks(a_round).collect();
            compare(kind, &peers, rounds, a_round, &|peer, thread, _| {
                peer.mix(halves[thread], &VALUE);
            })
        }
        _ => {
            let hot = [key(0)];
            compare(kind, &peers, rounds, a_round, &|peer, _, _| look_up(peer, &hot, a_round))
        }
    }
}

/// So many lookups of these keys, round and round.
fn look_up(peer: &dyn Peer, keys: &[Key], count: usize) {
    let mut left = count;
    while left > 0 {
        let some = &keys[..left.min(keys.len())];
        assert_eq!(peer.gets(some), some.len(), "{} has them all", peer.name());
        left -= some.len();
    }
}

/// Which of a round's keys are meant.
struct Lot {
    round: usize,
    /// 0 for one thread, 1 for two.
    first: usize,
}

type Part<'a> = &'a (dyn Fn(&dyn Peer, usize, &Lot) + Sync);

/// Each peer by one thread and by two, all of them in the same rounds.
fn compare(kind: &str, peers: &[Shared<'_>], rounds: usize, a_round: usize, part: Part<'_>) -> [Cell; 2] {
    let mut sides: Vec<_> = [1, 2]
        .into_iter()
        .flat_map(|threads| peers.iter().map(move |peer| (threads, peer)))
        .map(|(threads, peer)| {
            move |round: usize| {
                let lot = &Lot { round, first: threads - 1 };
                thread::scope(|scope| {
                    for thread in 0..threads {
                        scope.spawn(move || part(&**peer, thread, lot));
                    }
                });
                threads * a_round
            }
        })
        .collect();
    let mut times = interleave(rounds, &mut sides);
    let two = times.split_off(peers.len());
    let names = || peers.iter().map(|peer| peer.name());
    [Cell::new(format!("{kind}, {ONE}"), names(), times), Cell::new(format!("{kind}, {TWO}"), names(), two)]
}
