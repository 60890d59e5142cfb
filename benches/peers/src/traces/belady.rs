//! What the best choice would be for who knows the future (Belady, 1966): the entry whose next use is farthest leaves.

use std::collections::{BTreeSet, HashMap};

/// How many requests hit in a cache with room for so many.
pub fn hits(requests: &[u32], room: u64) -> u64 {
    let mut next = vec![usize::MAX; requests.len()];
    let mut later: HashMap<u32, usize> = HashMap::new();
    for (at, &id) in requests.iter().enumerate().rev() {
        next[at] = later.insert(id, at).unwrap_or(usize::MAX);
    }
    // By next use; each here is in both.
    let mut uses: BTreeSet<(usize, u32)> = BTreeSet::new();
    let mut here: HashMap<u32, usize> = HashMap::new();
    let mut hits = 0;
    for (&id, &next) in requests.iter().zip(&next) {
        if let Some(old) = here.insert(id, next) {
            hits += 1;
            uses.remove(&(old, id));
        }
        uses.insert((next, id));
        if uses.len() as u64 > room {
            let (_, farthest) = uses.pop_last().expect("there is one too many");
            here.remove(&farthest);
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_farthest_leaves() {
        // 3 never comes again, so 1 and 2 stay.
        assert_eq!(super::hits(&[1, 2, 3, 1, 2], 2), 2);
        assert_eq!(super::hits(&[1, 2, 3, 1, 2, 3], 2), 2);
        assert_eq!(super::hits(&[1, 1, 1], 1), 2);
    }
}
