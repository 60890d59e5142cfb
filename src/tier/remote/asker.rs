//! A connection for a tool that asks questions of its own: TLS, names and passwords are those of a cache.

use super::Config;
use super::connection::Connection;
use super::fault::Fault;
use super::replies::Reply;
use super::settings::Settings;
use super::target::{Address, Target};
use crate::error::{Error, ErrorKind, Result};
use redis::{Cmd, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Asker {
    settings: Arc<Settings>,
    target: Target,
    connection: Connection,
}

impl Asker {
    /// Connects to the server of a URL as a cache's options have it.
    pub(crate) fn open(url: &str, ca_file: Option<PathBuf>) -> Result<Self> {
        let config = Config { urls: vec![url.into()], ca_file, ..Config::default() };
        let settings = Arc::new(Settings::new(&config)?);
        let target = settings.targets[0].clone();
        Self::connect(settings, target)
    }

    fn connect(settings: Arc<Settings>, target: Target) -> Result<Self> {
        let connection = Connection::open(&settings, &target, Instant::now() + PATIENCE);
        let connection = connection.map_err(|fault| told(&target, &fault))?;
        Ok(Self { settings, target, connection })
    }

    /// Whether the URL said that it is a node of a cluster.
    pub(crate) fn is_of_a_cluster(&self) -> bool {
        self.settings.cluster
    }

    /// Another node of the same cluster; an empty host is this node's own.
    pub(crate) fn sibling(&self, host: &str, port: u16) -> Result<Self> {
        let own = if let Address::Tcp(own, _) = &self.target.address { own } else { "" };
        let target = self.target.sibling(if host.is_empty() { own } else { host }, port);
        Self::connect(Arc::clone(&self.settings), target)
    }

    /// The answers to some commands, an error of the server's among them.
    pub(crate) fn ask(&mut self, commands: &[Cmd]) -> Result<Vec<Value>> {
        let until = Instant::now() + PATIENCE;
        let packed: Vec<u8> = commands.iter().flat_map(Cmd::get_packed_command).collect();
        let answers =
            self.connection.send(&packed, until).and_then(|()| self.connection.receive_number(until)).and_then(|()| {
                commands.iter().map(|_| self.connection.receive_nested(until).map(Reply::into_value)).collect()
            });
        answers.map_err(|fault| told(&self.target, &fault))
    }
}

fn told(target: &Target, fault: &Fault) -> Error {
    Error::new(ErrorKind::Io, format!("{target} can't be asked: {fault}"))
}
