//! Stores, on the thread of whoever calls, which is a tier's own: over connections of its own, so that they don't delay
//! lookups, in portions that a server takes in one go.

use super::batch::Batch;
use super::config::Config;
use super::fault::Fault;
use super::gate::Gate;
use super::servers::Servers;
use super::settings::Settings;
use super::shared::{Rest, Shared};
use crate::digest::Digest;
use crate::lock::Mutex;
use crate::tier::{Sealed, Written};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A portion: so many entries, and no more once they have so many bytes.
const ENTRIES: usize = 64;
const BYTES: usize = 1 << 20;
/// Removals in one go.
const REMOVED: usize = 256;

/// What became of entries that were to be stored, and the last fault.
#[derive(Debug, Default)]
pub(super) struct Put {
    pub(super) written: Written,
    pub(super) fault: Option<Fault>,
}

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

    /// Stores what may be stored.
    pub(super) fn put(&self, shared: &Shared, entries: &[Sealed]) -> Put {
        let mut rests = Vec::new();
        let mut servers = self.servers.lock();
        let put = self.put_all(shared, &mut servers, entries, &mut rests);
        if self.settings.is_closed() {
            *servers = None;
        }
        drop(servers);
        shared.tell(rests);
        put
    }

    /// Removes what is in doubt, as far as its time has come; whether there is more of it.
    pub(super) fn settle(&self, shared: &Shared) -> bool {
        if shared.doubts.are_none() {
            return false;
        }
        let mut rests = Vec::new();
        let mut servers = self.servers.lock();
        if !shared.doubts.due(self.settings.doubt).is_empty() && self.admitted(shared).is_ok() {
            let servers = servers.get_or_insert_with(|| Servers::new(&self.settings));
            let result = self.remove_doubts(shared, servers);
            self.account(shared, servers, result.as_ref().err(), &mut rests);
        }
        if self.settings.is_closed() {
            *servers = None;
        }
        drop(servers);
        shared.tell(rests);
        !shared.doubts.are_none()
    }

    /// Lets go of the connections: now, or when the store that is under way has ended.
    pub(super) fn close(&self) {
        if let Some(mut servers) = self.servers.try_lock() {
            *servers = None;
        }
    }

    fn put_all(
        &self, shared: &Shared, servers: &mut Option<Servers>, entries: &[Sealed], rests: &mut Vec<Rest>,
    ) -> Put {
        let mut put = Put::default();
        let mut rest = entries;
        while !rest.is_empty() {
            if let Err(fault) = self.admitted(shared) {
                put.written.failed += rest.len();
                put.fault = Some(fault);
                break;
            }
            let (portion, behind) = rest.split_at(portion(rest));
            rest = behind;
            let servers = servers.get_or_insert_with(|| Servers::new(&self.settings));
            let (taken, before) = (put.written.taken, put.fault.take());
            let result = match self.remove_doubts(shared, servers) {
                Ok(()) => self.put_portion(shared, servers, portion, &mut put),
                Err(fault) => {
                    put.written.failed += portion.len();
                    Err(fault)
                }
            };
            if result.is_ok() && put.written.taken > taken {
                shared.writes.answered();
            }
            shared.count(put.fault.as_slice()); // a node's
            self.account(shared, servers, result.as_ref().err(), rests);
            put.fault = result.err().or(put.fault.take()).or(before);
        }
        put
    }

    /// Remembers what went wrong with the server, or with the cluster as a whole.
    fn account(&self, shared: &Shared, servers: &mut Servers, fault: Option<&Fault>, rests: &mut Vec<Rest>) {
        rests.extend(fault.and_then(|fault| shared.failed(&shared.writes, "stores", fault)));
        shared.count(&servers.failures());
        if let Some(fault) = servers.rests().filter(|_| !shared.writes.rests()) {
            rests.extend(shared.rest(&shared.writes, "stores", &fault));
        }
    }

    /// Removes what is in doubt and due. Answers of single nodes are theirs.
    fn remove_doubts(&self, shared: &Shared, servers: &mut Servers) -> Result<(), Fault> {
        for keys in shared.doubts.due(self.settings.doubt).chunks(REMOVED) {
            let mut batch = Batch::new(shared.settings.cluster);
            keys.iter().for_each(|key| batch.remove(&shared.name(key)));
            servers.ask(&batch, Instant::now() + self.timeout, &mut |n, answer| {
                if answer.is_ok() {
                    shared.doubts.removed(&keys[n]);
                }
            })?;
        }
        Ok(())
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

    /// Stores a portion. A fault is the server's, or the cluster's as a whole; that of a node is in `put`.
    fn put_portion(
        &self, shared: &Shared, servers: &mut Servers, portion: &[Sealed], put: &mut Put,
    ) -> Result<(), Fault> {
        // Declared first, looked at then: a removal that comes between waits for us.
        self.under_way.change(|keys| keys.extend(portion.iter().map(|entry| entry.key)));
        let _declared = Declared(&self.under_way);
        let mut batch = Batch::new(shared.settings.cluster);
        let mut keys = Vec::new();
        for entry in portion {
            let allowed = shared.removals.allow(&entry.key, entry.epoch);
            match self.ttl_ms(entry).filter(|_| allowed) {
                _ if entry.bytes.len() > self.max_value_bytes => {
                    shared.tally.count_too_large();
                    put.written.too_large += 1;
                }
                None => put.written.outdated += 1,
                Some(_) if shared.doubts.has(&entry.key) => put.written.failed += 1,
                Some(ttl_ms) => {
                    batch.set(&shared.name(&entry.key), &entry.bytes, ttl_ms);
                    keys.push(entry.key);
                }
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        servers.tend();
        let mut answers: Vec<Option<Result<(), Fault>>> = keys.iter().map(|_| None).collect();
        let result = servers.ask(&batch, Instant::now() + self.timeout, &mut |n, answer| {
            answers[n] = Some(answer.map(drop));
        });
        let mut fault = None;
        for (n, (key, answer)) in keys.iter().zip(answers).enumerate() {
            match answer {
                Some(Ok(())) => {
                    put.written.taken += 1;
                    continue;
                }
                Some(Err(refused @ (Fault::Refused(_) | Fault::Resting(_)))) => fault = Some(refused),
                broken => {
                    if servers.has_sent(n) {
                        shared.doubts.add(key);
                    }
                    fault = broken.and_then(Result::err).or(fault);
                }
            }
            put.written.failed += 1;
        }
        if shared.settings.cluster {
            put.fault = fault;
            result
        } else {
            result.and(fault.map_or(Ok(()), Err))
        }
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

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::log::{self, Level};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn who_hears_of_a_rest_may_store() {
        let config = Config { urls: vec!["redis://127.0.0.1:1".into()], ..Config::default() };
        let shared = Arc::new(Shared::new(&config).unwrap());
        let (theirs, free) = (shared.clone(), Arc::new(AtomicUsize::new(0)));
        let (heard, thread) = (free.clone(), std::thread::current().id());
        log::set(Level::Warning, move |_, _, _| {
            if std::thread::current().id() == thread {
                heard.fetch_add(1 + usize::from(theirs.writer.servers.try_lock().is_some()), Ordering::Relaxed);
            }
        });
        let entry = Sealed { key: Digest([1; 32]), tag: 0, expires_ms: 0, epoch: 0, bytes: vec![1] };
        for _ in 0..3 {
            assert_eq!(shared.writer.put(&shared, std::slice::from_ref(&entry)).written.failed, 1);
        }
        log::unset();
        assert!(shared.writes.rests());
        assert_eq!(free.load(Ordering::Relaxed), 2, "told once, and under no lock");
    }
}
