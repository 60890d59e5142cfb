//! A look at what a Redis or Valkey server has: names by SCAN, of each the length and the head alone.

use super::{Entry, HEAD_BYTES};
use crate::error::{Error, ErrorKind, Result};
use crate::tier::remote::Asker;
use redis::{FromRedisValue, Value, cmd, from_redis_value};
use std::collections::HashSet;
use std::path::PathBuf;

/// Names asked for at once: the server's other callers wait meanwhile.
const AT_ONCE: usize = 512;

/// Calls `each` once for every entry on a server whose name begins with `prefix` and goes on as a key: of a cluster, on all
/// its nodes. URLs are written as for a cache; `ca_file` has the certificates of those who may vouch for a server.
pub fn scan_server(
    url: &str, ca_file: Option<PathBuf>, prefix: &str, each: &mut dyn FnMut(std::result::Result<Entry, &'static str>),
) -> Result<()> {
    let mut server = Asker::open(url, ca_file)?;
    let mut seen = HashSet::new();
    if !server.is_of_a_cluster() {
        return scan_node(&mut server, prefix, &mut seen, each);
    }
    let nodes: String = answer(server.ask(&[cmd("CLUSTER").arg("NODES").clone()])?.pop())?;
    primaries(&nodes).try_for_each(|(host, port)| scan_node(&mut server.sibling(host, port)?, prefix, &mut seen, each))
}

/// What an answer says, if that is what it should.
fn answer<T: FromRedisValue>(answer: Option<Value>) -> Result<T> {
    let told = |why: String| Error::new(ErrorKind::Io, format!("the server refused: {why}"));
    match answer {
        Some(Value::ServerError(error)) => Err(told(error.code().into())),
        Some(answer) => from_redis_value(answer).map_err(|_| told("its answer is of another kind".into())),
        None => Err(told("it did not answer".into())),
    }
}

/// Every node of a cluster that has slots of its own: "id host:port@bus[,name] flags ...", the host empty for a node that
/// does not know its own.
fn primaries(nodes: &str) -> impl Iterator<Item = (&str, u16)> {
    nodes.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (address, flags) = (fields.next()?, fields.next()?);
        let (host, port) = address.split('@').next()?.rsplit_once(':')?;
        let is_primary = flags.split(',').any(|flag| flag == "master");
        is_primary.then_some((host, port.parse().ok()?))
    })
}

fn scan_node(
    server: &mut Asker, prefix: &str, seen: &mut HashSet<Vec<u8>>,
    each: &mut dyn FnMut(std::result::Result<Entry, &'static str>),
) -> Result<()> {
    let pattern = pattern(prefix);
    let mut cursor = 0u64;
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(AT_ONCE).arg("TYPE").arg("string");
        let (next, mut names): (u64, Vec<Vec<u8>>) = answer(server.ask(&[scan])?.pop())?;
        // A server may return a name twice.
        names.retain(|name| seen.insert(name[name.len().min(prefix.len())..].to_vec()));
        let lengths = names.iter().map(|name| cmd("STRLEN").arg(name).clone());
        let heads = names.iter().map(|name| cmd("GETRANGE").arg(name).arg(0).arg(HEAD_BYTES - 1).clone());
        let mut lengths = server.ask(&lengths.collect::<Vec<_>>())?;
        let heads = server.ask(&heads.collect::<Vec<_>>())?;
        for (len, head) in lengths.drain(..).zip(heads) {
            // What is no string, or ended between two questions, has no length.
            let len: u64 = from_redis_value(len).unwrap_or(0);
            if len > 0 {
                each(Entry::read(&from_redis_value::<Vec<u8>>(head).unwrap_or_default(), len));
            }
        }
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

/// The prefix, with what SCAN takes for more than itself escaped, and any 64 characters.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::new();
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + &"?".repeat(64)
}
