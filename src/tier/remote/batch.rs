//! Commands on their way, packed one behind the other, and what answers fit them.

use super::fault::Fault;
use super::replies::Reply;
use super::slots::slot;
use redis::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Get,
    Set,
    Remove,
}

/// What a key is called at the server.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) prefix: &'a str,
    pub(super) hex: [u8; 64],
}

impl Name<'_> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        pack_head(b'$', self.prefix.len() + self.hex.len(), bytes);
        bytes.extend_from_slice(self.prefix.as_bytes());
        bytes.extend_from_slice(&self.hex);
        bytes.extend_from_slice(END);
    }
}

pub(super) struct Batch {
    cluster: bool,
    /// All are GETs, and go as one MGET: a server has half the work with it.
    is_gathered: bool,
    bytes: Vec<u8>,
    commands: Vec<Command>,
}

struct Command {
    end: usize,
    kind: Kind,
    /// 0 where there is no cluster to ask.
    slot: u16,
}

const END: &[u8] = b"\r\n";

fn pack_head(kind: u8, number: usize, bytes: &mut Vec<u8>) {
    let (mut digits, mut first, mut rest) = ([0; 20], 20, number);
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    bytes.push(kind);
    bytes.extend_from_slice(&digits[first..]);
    bytes.extend_from_slice(END);
}

fn pack_argument(argument: &[u8], bytes: &mut Vec<u8>) {
    pack_head(b'$', argument.len(), bytes);
    bytes.extend_from_slice(argument);
    bytes.extend_from_slice(END);
}

impl Batch {
    pub(super) fn new(cluster: bool) -> Self {
        Self { cluster, is_gathered: false, bytes: Vec::new(), commands: Vec::new() }
    }

    /// Of so many GETs, and of nothing else: one server has all of them.
    pub(super) fn gathered(gets: usize) -> Self {
        let mut bytes = Vec::with_capacity(128 * (1 + gets));
        pack_head(b'*', 1 + gets, &mut bytes);
        pack_argument(b"MGET", &mut bytes);
        Self { cluster: false, is_gathered: true, bytes, commands: Vec::with_capacity(gets) }
    }

    pub(super) fn is_gathered(&self) -> bool {
        self.is_gathered
    }

    pub(super) fn get(&mut self, name: &Name<'_>) {
        self.pack(Kind::Get, name, |_| {});
    }

    pub(super) fn remove(&mut self, name: &Name<'_>) {
        self.pack(Kind::Remove, name, |_| {});
    }

    pub(super) fn set(&mut self, name: &Name<'_>, value: &[u8], ttl_ms: u64) {
        self.pack(Kind::Set, name, |bytes| {
            pack_argument(value, bytes);
            pack_argument(b"PX", bytes);
            pack_argument(ttl_ms.to_string().as_bytes(), bytes);
        });
    }

    fn pack(&mut self, kind: Kind, name: &Name<'_>, arguments: impl FnOnce(&mut Vec<u8>)) {
        debug_assert!(kind == Kind::Get || !self.is_gathered);
        let (verb, parts): (&[u8], _) = match kind {
            Kind::Get => (b"GET", 2),
            Kind::Set => (b"SET", 5),
            Kind::Remove => (b"DEL", 2),
        };
        if !self.is_gathered {
            pack_head(b'*', parts, &mut self.bytes);
            pack_argument(verb, &mut self.bytes);
        }
        name.pack(&mut self.bytes);
        let its_end = self.bytes.len() - END.len();
        let slot =
            if self.cluster { slot(&self.bytes[its_end - name.prefix.len() - name.hex.len()..its_end]) } else { 0 };
        arguments(&mut self.bytes);
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
    pub(super) fn check(&self, n: usize, reply: &Reply<'_>, max_value_bytes: usize) -> Result<(), Fault> {
        if !self.fits(n, reply) {
            return Err(Fault::Garbage("it answers another command"));
        }
        if matches!(reply, Reply::Bytes(value) if value.len() > max_value_bytes) {
            return Err(Fault::Garbage("it is larger than anything stored"));
        }
        Ok(())
    }

    /// One that can't be is another's: the connection is out of step.
    fn fits(&self, n: usize, reply: &Reply<'_>) -> bool {
        match (self.commands[n].kind, reply) {
            // Also among the parts of an MGET's answer, as a proxy has it: their places say whose it is.
            (_, Reply::Other(Value::ServerError(_))) => true,
            (Kind::Get, reply) => matches!(reply, Reply::Nothing | Reply::Bytes(_)),
            (Kind::Set, reply) => *reply == Reply::Other(Value::Okay),
            (Kind::Remove, reply) => matches!(reply, Reply::Other(Value::Int(_))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::{Cmd, cmd};

    #[test]
    fn commands_are_those_of_the_crate() {
        let name = |n: u8| Name { prefix: "p:", hex: [n; 64] };
        let named = |verb: &str, names: &[u8]| {
            let mut command = cmd(verb);
            names.iter().for_each(|&n| _ = command.arg([&b"p:"[..], &[n; 64]].concat()));
            command
        };
        let packed = |commands: &[Cmd]| commands.iter().flat_map(Cmd::get_packed_command).collect::<Vec<u8>>();
        let mut one = Batch::new(false);
        one.get(&name(b'a'));
        one.remove(&name(b'b'));
        one.set(&name(b'c'), &[b'v'; 1234], 60_000);
        let all = [
            named("GET", b"a"),
            named("DEL", b"b"),
            named("SET", b"c").arg(&[b'v'; 1234][..]).arg("PX").arg(60_000).clone(),
        ];
        assert_eq!(one.bytes(), packed(&all));
        assert_eq!(one.command(1), packed(&all[1..2]));
        let mut many = Batch::gathered(12);
        (b'a'..b'a' + 12).for_each(|n| many.get(&name(n)));
        assert_eq!(many.bytes(), packed(&[named("MGET", b"abcdefghijkl")]));
    }
}
