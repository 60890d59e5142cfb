//! Commands on their way, packed one behind the other, and what answers fit them.

use super::fault::Fault;
use super::slots::slot;
use redis::{Cmd, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Get,
    Set,
    Remove,
}

pub(super) struct Batch {
    cluster: bool,
    /// Where commands are put together, one after the other.
    command: Cmd,
    bytes: Vec<u8>,
    commands: Vec<Command>,
}

struct Command {
    end: usize,
    kind: Kind,
    /// 0 where there is no cluster to ask.
    slot: u16,
}

impl Batch {
    pub(super) fn new(cluster: bool) -> Self {
        Self { cluster, command: Cmd::new(), bytes: Vec::new(), commands: Vec::new() }
    }

    pub(super) fn get(&mut self, name: &[u8]) {
        self.command.arg("GET").arg(name);
        self.pack(Kind::Get, name);
    }

    pub(super) fn remove(&mut self, name: &[u8]) {
        self.command.arg("DEL").arg(name);
        self.pack(Kind::Remove, name);
    }

    pub(super) fn set(&mut self, name: &[u8], value: &[u8], ttl_ms: u64) {
        self.command.arg("SET").arg(name).arg(value).arg("PX").arg(ttl_ms);
        self.pack(Kind::Set, name);
    }

    fn pack(&mut self, kind: Kind, name: &[u8]) {
        self.command.write_packed_command(&mut self.bytes);
        self.command.clear();
        let slot = if self.cluster { slot(name) } else { 0 };
        self.commands.push(Command { end: self.bytes.len(), kind, slot });
    }

    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// All of them, packed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One of them, packed.
    pub(super) fn command(&self, n: usize) -> &[u8] {
        let start = if n == 0 { 0 } else { self.commands[n - 1].end };
        &self.bytes[start..self.commands[n].end]
    }

    pub(super) fn slot(&self, n: usize) -> u16 {
        self.commands[n].slot
    }

    /// Whether a reply may be the answer to command `n`, with a value no longer than that.
    pub(super) fn check(&self, n: usize, reply: &Value, max_value_bytes: usize) -> Result<(), Fault> {
        if !self.fits(n, reply) {
            return Err(Fault::Garbage("it answers another command"));
        }
        if matches!(reply, Value::BulkString(value) if value.len() > max_value_bytes) {
            return Err(Fault::Garbage("it is larger than anything stored"));
        }
        Ok(())
    }

    /// One that can't be is another's: the connection is out of step.
    fn fits(&self, n: usize, reply: &Value) -> bool {
        match self.commands[n].kind {
            _ if matches!(reply, Value::ServerError(_)) => true,
            Kind::Get => matches!(reply, Value::Nil | Value::BulkString(_)),
            Kind::Set => *reply == Value::Okay,
            Kind::Remove => matches!(reply, Value::Int(_)),
        }
    }
}
