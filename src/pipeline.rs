//! Pipelines: one key for a chunk's result through a whole chain of filters, so that one lookup stands for all of them.

use crate::cache::Cache;
use crate::digest::{self, Digest, FilterDigest};
use crate::error::{Error, Result};
use crate::filter::{Filter, Snapshot};

/// The key under the present state of each filter, in the chain's order.
pub fn key(filters: &[&Filter], chunk: &Digest) -> Result<Digest> {
    of(filters.iter().map(|filter| (filter.cache(), filter.digest())), chunk)
}

/// The key under the snapshots' states, in the chain's order.
pub fn snapshot_key(snapshots: &[&Snapshot], chunk: &Digest) -> Result<Digest> {
    of(snapshots.iter().map(|snapshot| (snapshot.cache(), snapshot.digest())), chunk)
}

fn of<'a>(stages: impl ExactSizeIterator<Item = (&'a Cache, Result<FilterDigest>)>, chunk: &Digest) -> Result<Digest> {
    if stages.len() == 0 {
        return Err(Error::invalid("a pipeline has at least one filter"));
    }
    let mut first = None;
    let digests = stages.map(|(cache, digest)| {
        if !std::ptr::eq(cache, *first.get_or_insert(cache)) {
            return Err(Error::invalid("the filters of a pipeline belong to one cache, whose key it is"));
        }
        digest
    });
    Ok(digest::pipeline(digests)?.output(chunk))
}
