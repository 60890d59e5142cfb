//! A look at what a Redis or Valkey server has: names by SCAN, of each the length and the head alone.

use super::{Entry, HEAD_BYTES};
use crate::error::{Error, ErrorKind, Result};
use redis::{Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError};
use std::collections::HashSet;
use std::time::Duration;

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Names asked for at once: the server's other callers wait meanwhile.
const AT_ONCE: usize = 512;

/// Calls `each` once for every entry on a server whose name begins with `prefix` and goes on as a key: of a cluster, on all
/// its nodes. URLs are written as for a cache; under TLS none is asked.
pub fn scan_server(
    url: &str, prefix: &str, each: &mut dyn FnMut(std::result::Result<Entry, &'static str>),
) -> Result<()> {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let is_cluster = scheme.ends_with("+cluster");
    let plain = match scheme {
        "redis" | "valkey" | "redis+cluster" | "valkey+cluster" => "redis",
        "unix" | "redis+unix" | "valkey+unix" => "unix",
        "rediss" | "valkeys" | "rediss+cluster" | "valkeys+cluster" => {
            let text = "a server under TLS can't be inspected: name it by redis:// or unix:// where it offers that";
            return Err(Error::new(ErrorKind::NotSupported, text));
        }
        _ => return Err(Error::invalid("a server's URL begins with redis://, redis+cluster:// or unix://")),
    };
    // What goes wrong with it is told without it: a password may be in it.
    let info = format!("{plain}://{rest}").into_connection_info();
    let info = info.map_err(|e| Error::invalid(format!("the URL can't be used: {:?}", e.kind())))?;
    let mut nodes = vec![info.clone()];
    if is_cluster {
        nodes = primaries(&mut connect(&info)?, &info)?;
    }
    let mut seen = HashSet::new();
    nodes.iter().try_for_each(|node| scan_node(&mut connect(node)?, prefix, &mut seen, each))
}

fn failed(error: RedisError) -> Error {
    Error::new(ErrorKind::Io, format!("the server can't be asked: {error}"))
}

fn connect(node: &ConnectionInfo) -> Result<Connection> {
    let server = Client::open(node.clone()).and_then(|client| client.get_connection_with_timeout(PATIENCE));
    let server = server.map_err(failed)?;
    server.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    server.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    Ok(server)
}

/// Every node of a cluster that has slots of its own, asked as `info` says.
fn primaries(server: &mut Connection, info: &ConnectionInfo) -> Result<Vec<ConnectionInfo>> {
    let text: String = redis::cmd("CLUSTER").arg("NODES").query(server).map_err(failed)?;
    // "id host:port@bus[,name] flags ...", the host empty for a node that does not know its own.
    let node = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let (address, flags) = (fields.next()?, fields.next()?);
        let is_primary = flags.split(',').any(|flag| flag == "master");
        let (host, port) = address.split('@').next()?.rsplit_once(':')?;
        let ConnectionAddr::Tcp(asked, _) = info.addr() else { return None };
        let host = if host.is_empty() { asked } else { host };
        is_primary.then(|| Some(info.clone().set_addr(ConnectionAddr::Tcp(host.into(), port.parse().ok()?))))?
    };
    Ok(text.lines().filter_map(node).collect())
}

fn scan_node(
    server: &mut Connection, prefix: &str, seen: &mut HashSet<Vec<u8>>,
    each: &mut dyn FnMut(std::result::Result<Entry, &'static str>),
) -> Result<()> {
    let pattern = pattern(prefix);
    let mut cursor = 0u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(AT_ONCE).arg("TYPE").arg("string");
        let (next, mut names): (u64, Vec<Vec<u8>>) = scan.query(server).map_err(failed)?;
        // A server may return a name twice.
        names.retain(|name| seen.insert(name[name.len().min(prefix.len())..].to_vec()));
        let mut asked = redis::pipe();
        for name in &names {
            asked.cmd("STRLEN").arg(name).cmd("GETRANGE").arg(name).arg(0).arg(HEAD_BYTES - 1);
        }
        let answers: Vec<(u64, Vec<u8>)> =
            if names.is_empty() { Vec::new() } else { asked.query(server).map(pairs).map_err(failed)? };
        // What ended between the two questions has no length.
        answers.iter().filter(|(len, _)| *len > 0).for_each(|(len, head)| each(Entry::read(head, *len)));
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

fn pairs(answers: Vec<redis::Value>) -> Vec<(u64, Vec<u8>)> {
    let pair = |pair: &[redis::Value]| {
        let len = redis::from_redis_value(pair[0].clone()).unwrap_or(0);
        (len, redis::from_redis_value(pair[1].clone()).unwrap_or_default())
    };
    answers.chunks_exact(2).map(pair).collect()
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
