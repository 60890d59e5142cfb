//! The seed's states: one under each filter's id, with the caller's own key. Filter handles have theirs apart.

use super::{Cache, tell_refused};
use crate::digest::Digest;
use crate::error::Result;
use crate::log::{self, Level};
use crate::value::Value;

/// What a named state costs the budget beside its bytes and its name: the map's entry and its slack.
const NAMED_STATE_COST: u64 = 256;

#[derive(Debug)]
pub(super) struct NamedState {
    key: Digest,
    value: Value,
}

impl Cache {
    /// Keeps a state under a filter's id with the caller's key; replaces the id's old one. On failure that one stays.
    pub fn load_state(&self, id: &str, key: Digest, bytes: &[u8]) -> Result<()> {
        let value = self.hold_state(bytes, NAMED_STATE_COST + id.len() as u64).inspect_err(|e| tell_refused(id, e))?;
        let mut name = String::new();
        name.try_reserve_exact(id.len())?;
        name.push_str(id);
        let mut states = self.states.lock();
        self.check_open()?; // under the lock that a close takes to forget the states
        states.try_reserve(1)?;
        let old = states.insert(name.into(), NamedState { key, value });
        drop(states);
        if old.is_some() {
            log::say(Level::Info, "cache", || format!("state {id:?}: replaced"));
        }
        drop(old); // a free of any size, without the lock
        Ok(())
    }

    /// The state and key kept under a filter's id.
    pub fn get_state(&self, id: &str) -> Result<Option<(Value, Digest)>> {
        self.check_open()?;
        Ok(self.states.lock().get(id).map(|state| (state.value.clone(), state.key)))
    }

    /// Forgets the state under a filter's id; says whether there was one.
    pub fn unload_state(&self, id: &str) -> Result<bool> {
        self.check_open()?;
        let old = self.states.lock().remove(id);
        Ok(old.is_some())
    }
}
