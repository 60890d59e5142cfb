//! To forget: a key, what bears a tag, everything. Fences first, then what is kept, and once more what was read from a
//! store before the store had forgotten it.

use super::Cache;
use crate::digest::Digest;
use crate::error::Result;
use crate::tier::fences::Fences;

impl Cache {
    /// Forgets the result under a ready key, in every store too; says whether memory had it. An error says of a store
    /// that may have it still.
    pub fn remove(&self, key: &Digest) -> Result<bool> {
        self.check_open()?;
        self.imports.tell(|fences| fences.remove(key));
        let forget = || {
            self.flights.fence_key(key);
            self.memory.remove(key)
        };
        let Some(backing) = &self.backing else { return Ok(forget()) };
        backing.reads.fence_key(key);
        let here = forget();
        let removed = backing.stores.remove(key);
        // What was read before the stores had removed it.
        backing.reads.fence_key(key);
        let here = here | forget();
        removed.map(|()| here)
    }

    /// Forgets the results that bear one of these tags, on disk too; says how many memory had.
    pub(crate) fn remove_tagged(&self, tags: &[u64]) -> Result<u64> {
        self.check_open()?;
        if tags.is_empty() {
            return Ok(0); // and no store is asked for nothing
        }
        self.imports.tell(|fences| fences.tags(tags));
        let matches = |tag: u64| tags.contains(&tag);
        let forget = || {
            self.flights.fence(&matches);
            self.memory.remove_tagged(&matches)
        };
        let Some(backing) = &self.backing else { return Ok(forget()) };
        backing.reads.fence(&|_| true); // under a ready key no one knows whose it is
        let here = forget();
        let removed = backing.stores.remove_tagged(tags);
        backing.reads.fence(&|_| true);
        let here = here + forget();
        removed.map(|()| here)
    }

    /// Forgets every result in memory. States and leases stay.
    pub fn purge(&self) -> Result<()> {
        self.check_open()?;
        self.imports.tell(Fences::purge);
        self.flights.fence(&|_| true);
        self.memory.purge();
        Ok(())
    }

    /// Forgets every result in memory and on disk, for all who share that; what the remote store has, stays.
    pub fn purge_disk(&self) -> Result<()> {
        self.check_open()?;
        let Some(backing) = &self.backing else { return self.purge() };
        backing.reads.fence(&|_| true);
        self.purge()?;
        let purged = backing.stores.purge();
        backing.reads.fence(&|_| true);
        self.purge()?;
        purged
    }
}
