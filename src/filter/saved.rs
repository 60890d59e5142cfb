//! States that outlive the process: their bytes lie beside the results, under a key of the state's digest, and whoever
//! reads them digests them again.

use super::Filter;
use crate::cache::tell_refused;
use crate::digest::Digest;
use crate::error::Result;

impl Filter {
    /// Queues the present state's bytes for the stores behind memory; false where only its digest is known. Whether a
    /// store took them, the tiers' stats tell: one may be too long for it.
    pub fn save_state(&self) -> Result<bool> {
        let (bytes, state) = self.state()?;
        let Some(bytes) = bytes else { return Ok(false) };
        self.cache().save_state(&state, &bytes)?;
        Ok(true)
    }

    /// Loads the state of this digest from wherever it was saved; false where no store has it, and the old state stays.
    pub fn restore_state(&self, state: &Digest) -> Result<bool> {
        self.cache().check_open()?;
        if self.holds(state) {
            return Ok(true);
        }
        // Before the lock, as every load.
        let saved = self.cache().saved_state(state).inspect_err(|e| tell_refused(self.id(), e))?;
        let Some(bytes) = saved else { return Ok(false) };
        self.adopt(*state, bytes)?;
        Ok(true)
    }
}
