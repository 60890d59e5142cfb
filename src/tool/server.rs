//! A look at what a Redis or Valkey server has: names by SCAN, of each the length and the head alone.

use super::{Entry, HEAD_BYTES};
use crate::error::{Error, ErrorKind, Result};
use redis::{Client, RedisError};
use std::time::Duration;

/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Names asked for at once: the server's other callers wait meanwhile.
const AT_ONCE: usize = 512;

/// Calls `each` for every entry on a server whose name begins with `prefix` and goes on as a key. Of a cluster it sees
/// the one node.
pub fn scan_server(
    url: &str, prefix: &str, each: &mut dyn FnMut(std::result::Result<Entry, &'static str>),
) -> Result<()> {
    let failed = |error: RedisError| Error::new(ErrorKind::Io, format!("the server can't be asked: {error}"));
    let mut server =
        Client::open(url).and_then(|client| client.get_connection_with_timeout(PATIENCE)).map_err(failed)?;
    server.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    server.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let pattern = pattern(prefix);
    let mut cursor = 0u64;
    loop {
        let (next, names): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(&pattern)
            .arg("COUNT")
            .arg(AT_ONCE)
            .query(&mut server)
            .map_err(failed)?;
        let mut asked = redis::pipe();
        for name in &names {
            asked.cmd("STRLEN").arg(name).cmd("GETRANGE").arg(name).arg(0).arg(HEAD_BYTES - 1);
        }
        let answers: Vec<(u64, Vec<u8>)> =
            if names.is_empty() { Vec::new() } else { asked.query(&mut server).map(pairs).map_err(failed)? };
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
