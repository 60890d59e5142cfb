//! Stores, on the thread of whoever calls, which is a tier's own: over connections of its own, so that they don't delay
//! lookups, in portions that a server takes in one go.

use super::batch::Batch;
use super::config::Config;
use super::fault::Fault;
use super::gate::Gate;
use super::servers::Servers;
use super::settings::Settings;
use super::shared::Shared;
use crate::digest::Digest;
use crate::lock::Mutex;
use crate::tier::Sealed;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A portion: so many entries, and no more once they have so many bytes.
const ENTRIES: usize = 64;
const BYTES: usize = 1 << 20;

pub(super) struct Writer {
    servers: Mutex<Option<Servers>>,
    settings: Arc<Settings>,
    /// What may be on its way to the server at this moment.
    under_way: Gate<Vec<Digest>>,
    ttl_ms: u64,
    max_value_bytes: usize,
    timeout: Duration,
}

impl Writer {
    pub(super) fn new(config: &Config, settings: &Arc<Settings>) -> Self {
        Self {
            servers: Mutex::new(None),
            settings: settings.clone(),
            under_way: Gate::default(),
            ttl_ms: config.ttl_ms,
            max_value_bytes: config.max_value_bytes,
            timeout: Duration::from_millis(config.write_timeout_ms),
        }
    }

    /// Waits until no write of this key is on its way; whether that was in time.
    pub(super) fn wait_for(&self, key: &Digest, until: Instant) -> bool {
        !self.under_way.wait(Some(until), |keys| !keys.contains(key)).contains(key)
    }

    /// Stores what may be stored. How many were, and the last fault.
    pub(super) fn put(&self, shared: &Shared, entries: &[Sealed]) -> (usize, Result<(), Fault>) {
        let mut servers = self.servers.lock();
        let result = self.put_all(shared, &mut servers, entries);
        if self.settings.is_closed() {
            *servers = None;
        }
        result
    }

    /// Lets go of the connections: now, or when the store that is under way has ended.
    pub(super) fn close(&self) {
        if let Some(mut servers) = self.servers.try_lock() {
            *servers = None;
        }
    }

    fn put_all(
        &self, shared: &Shared, servers: &mut Option<Servers>, entries: &[Sealed],
    ) -> (usize, Result<(), Fault>) {
        let mut taken = 0;
        let mut outcome = Ok(());
        let mut rest = entries;
        while !rest.is_empty() {
            if let Err(fault) = self.admitted(shared) {
                return (taken, Err(fault));
            }
            let (portion, behind) = rest.split_at(portion(rest));
            rest = behind;
            let servers = servers.get_or_insert_with(|| Servers::new(&self.settings));
            let (stored, result) = self.put_portion(shared, servers, portion);
            taken += stored;
            match &result {
                Ok(()) if stored > 0 => shared.writes.answered(),
                Ok(()) => {}
                Err(fault) => shared.failed(&shared.writes, "stores", fault),
            }
            if result.is_err() {
                outcome = result;
            }
        }
        (taken, outcome)
    }

    /// Whether the server is to be asked: while it rests only when a probe is due and goes well.
    fn admitted(&self, shared: &Shared) -> Result<(), Fault> {
        if self.settings.is_closed() {
            return Err(Fault::Closed);
        }
        if shared.writes.probe() {
            // What is stored next is the probe: a server that is full answers everything else.
            shared.writes.recovered();
        }
        shared.writes.reason().map_or(Ok(()), |why| Err(Fault::Resting(why)))
    }

    fn put_portion(&self, shared: &Shared, servers: &mut Servers, portion: &[Sealed]) -> (usize, Result<(), Fault>) {
        // Declared first, looked at then: a removal that comes between waits for us.
        self.under_way.change(|keys| keys.extend(portion.iter().map(|entry| entry.key)));
        let _declared = Declared(&self.under_way);
        let mut batch = Batch::new(shared.settings.cluster);
        for entry in portion {
            if entry.bytes.len() > self.max_value_bytes {
                shared.tally.count_too_large();
                continue;
            }
            if let Some(ttl_ms) = self.ttl_ms(entry).filter(|_| shared.removals.allow(&entry.key, entry.epoch)) {
                batch.set(&shared.name(&entry.key), &entry.bytes, ttl_ms);
            }
        }
        if batch.is_empty() {
            return (0, Ok(()));
        }
        servers.tend();
        let mut stored = 0;
        let mut fault = None;
        let result = servers.ask(&batch, Instant::now() + self.timeout, &mut |_, answer| match answer {
            Ok(_) => stored += 1,
            Err(refused) => fault = Some(refused),
        });
        (stored, result.and_then(|()| fault.map_or(Ok(()), Err)))
    }

    /// What is left of an entry's life; None where that is nothing.
    fn ttl_ms(&self, entry: &Sealed) -> Option<u64> {
        if entry.expires_ms == 0 {
            return Some(self.ttl_ms);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        Some(entry.expires_ms.saturating_sub(now_ms).min(self.ttl_ms)).filter(|&left| left > 0)
    }
}

/// Takes back what is under way, also when a panic passes by.
struct Declared<'a>(&'a Gate<Vec<Digest>>);

impl Drop for Declared<'_> {
    fn drop(&mut self) {
        self.0.change_for_all(Vec::clear);
    }
}

/// How many entries from the first on are one portion.
fn portion(entries: &[Sealed]) -> usize {
    let mut bytes = 0;
    let count = entries.iter().take(ENTRIES).take_while(|entry| {
        let fits = bytes < BYTES;
        bytes += entry.bytes.len();
        fits
    });
    count.count()
}
