//! How a cluster spreads keys over its nodes: 16,384 slots, each with one node.

use redis::Value;

pub(super) const SLOTS: usize = 16_384;

/// CRC-16 (XMODEM) of each byte: asked for every key of a cluster.
const CRC: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = ((byte as u16) << 8, 0);
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// The slot of a name without braces.
pub(super) fn slot(name: &[u8]) -> u16 {
    let crc = name.iter().fold(0u16, |crc, &byte| crc << 8 ^ CRC[usize::from((crc >> 8) as u8 ^ byte)]);
    crc % SLOTS as u16
}

/// The slots of one node.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u16,
    pub(super) last: u16,
    /// None: the node that was asked.
    pub(super) host: Option<String>,
    pub(super) port: u16,
}

/// Reads the reply to `CLUSTER SLOTS`, of which only the primaries matter; None for anything else.
pub(super) fn ranges(reply: Value) -> Option<Vec<Range>> {
    let Value::Array(rows) = reply else { return None };
    rows.into_iter().map(range).collect()
}

fn range(row: Value) -> Option<Range> {
    let Value::Array(row) = row else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = &row[..] else { return None };
    let [host, Value::Int(port), ..] = &primary[..] else { return None };
    let host = match host {
        Value::Nil => None,
        Value::BulkString(host) if host.is_empty() => None,
        Value::BulkString(host) if host != b"?" => Some(String::from_utf8(host.clone()).ok()?),
        _ => return None,
    };
    let slot = |n: &i64| u16::try_from(*n).ok().filter(|&n| usize::from(n) < SLOTS);
    Some(Range { first: slot(first)?, last: slot(last)?, host, port: u16::try_from(*port).ok()? })
}

/// Where a server sends us: `details` of MOVED and ASK are a slot and an address. The host may be missing: the same.
pub(super) fn redirection(details: &str) -> Option<(u16, Option<&str>, u16)> {
    let (slot, address) = details.split_once(' ')?;
    let (host, port) = address.rsplit_once(':')?;
    let slot = slot.parse().ok().filter(|&slot| usize::from(slot) < SLOTS)?;
    Some((slot, Some(host).filter(|host| !host.is_empty()), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot(b"123456789"), 0x31C3);
        assert_eq!(slot(b""), 0);
        assert_eq!(slot(b"foo"), 12_182);
    }

    #[test]
    fn a_cluster_describes_itself() {
        let reply = b"*2\r\n*3\r\n:0\r\n:8191\r\n*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n\
            *4\r\n:8192\r\n:16383\r\n*2\r\n$0\r\n\r\n:7001\r\n*2\r\n$1\r\nx\r\n:7002\r\n";
        let range = |first, last, host: Option<&str>, port| Range { first, last, host: host.map(Into::into), port };
        assert_eq!(
            ranges(redis::parse_redis_value(reply).unwrap()),
            Some(vec![range(0, 8191, Some("127.0.0.1"), 7000), range(8192, 16_383, None, 7001)])
        );
        for nonsense in [&b"*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n"[..], b"*1\r\n:1\r\n", b"$-1\r\n"] {
            assert_eq!(ranges(redis::parse_redis_value(nonsense).unwrap()), None);
        }
    }

    #[test]
    fn a_server_sends_us_elsewhere() {
        assert_eq!(redirection("3999 127.0.0.1:6381"), Some((3999, Some("127.0.0.1"), 6381)));
        assert_eq!(redirection("3999 ::1:6381"), Some((3999, Some("::1"), 6381)));
        assert_eq!(redirection("3999 :6381"), Some((3999, None, 6381)));
        assert!(["", "3999", "99999 a:1", "1 a", "1 a:b", "1 a:99999"].iter().all(|text| redirection(text).is_none()));
    }
}
