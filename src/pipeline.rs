//! Pipelines: one key for a chunk's result through a whole chain of filters, so that one lookup stands for all of them.

use crate::cache::Cache;
use crate::digest::{self, Digest, FilterDigest};
use crate::error::{Error, Result};
use crate::filter::{Filter, Snapshot};

/// The key under the present state of each filter, in the chain's order.
pub fn key(filters: &[&Filter], chunk: &Digest) -> Result<Digest> {
    of(filters.iter().map(|filter| (filter.cache(), filter.link())), chunk)
}

/// The key under the snapshots' states, in the chain's order.
pub fn snapshot_key(snapshots: &[&Snapshot], chunk: &Digest) -> Result<Digest> {
    of(snapshots.iter().map(|snapshot| (snapshot.cache(), snapshot.link())), chunk)
}

fn of<'a>(links: impl ExactSizeIterator<Item = (&'a Cache, Result<FilterDigest>)>, chunk: &Digest) -> Result<Digest> {
    if links.len() == 0 {
        return Err(Error::invalid("a pipeline has at least one filter"));
    }
    let mut first = None;
    let links = links.map(|(cache, link)| {
        if !std::ptr::eq(cache, *first.get_or_insert(cache)) {
            return Err(Error::invalid("the filters of a pipeline belong to one cache, whose key it is"));
        }
        link
    });
    Ok(digest::pipeline(links)?.output(chunk))
}
