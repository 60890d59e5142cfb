//! What all connections of a store share.

use super::config::Config;
use super::socket;
use super::target::Target;
use super::threads::Threads;
use crate::error::{Error, Result};
use rustls::ClientConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Settings {
    /// One server, or nodes of a cluster to begin with.
    pub(super) targets: Vec<Target>,
    pub(super) cluster: bool,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) max_value_bytes: usize,
    pub(super) lookup_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) doubt: Duration,
    pub(super) first_rest: Duration,
    pub(super) longest_rest: Duration,
    /// Set once: whoever waits for a socket stops.
    pub(super) closed: Arc<AtomicBool>,
    pub(super) threads: Threads,
}

impl Settings {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let (targets, cluster) = config.targets()?;
        let tls = if targets.iter().any(|target| target.tls) {
            Some(socket::tls(config.ca_file.as_deref()).map_err(Error::invalid)?)
        } else {
            None
        };
        Ok(Self {
            targets,
            cluster,
            tls,
            max_value_bytes: config.max_value_bytes,
            lookup_timeout: Duration::from_millis(config.lookup_timeout_ms),
            doubt: Duration::from_millis(config.doubt_ms),
            connect_timeout: Duration::from_millis(config.connect_timeout_ms),
            first_rest: Duration::from_millis(config.first_rest_ms),
            longest_rest: Duration::from_millis(config.longest_rest_ms),
            closed: Arc::new(AtomicBool::new(false)),
            threads: Threads::default(),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}
