//! What goes wrong with a server, in words that hold no key, no data and no password.

use super::socket::Closed;
use std::borrow::Cow;
use std::fmt;
use std::io;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It took longer than it may.
    Late,
    /// The operating system's or TLS's own words.
    Io(String),
    /// It hung up.
    Cut,
    /// It said what no such server says.
    Garbage(&'static str),
    /// It answered with an error. Only its code: the rest may repeat what it was sent.
    Refused(String),
    /// It is not asked: why.
    Resting(String),
    /// A cluster that can't be used.
    Cluster(Cow<'static, str>),
    /// A write broke off that may still take effect.
    InDoubt,
    /// A fault of our own.
    Panic,
    /// The store was closed meanwhile.
    Closed,
}

impl Fault {
    pub(super) fn refused(error: &redis::ServerError) -> Self {
        let code = error.code().chars().take(24).filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        Self::Refused(code)
    }

    /// Whether the server as such works: another request may fare better.
    pub(super) fn concerns_one_entry(&self) -> bool {
        matches!(self, Self::Refused(code) if code == "WRONGTYPE")
    }

    /// Whether another command for the same may fare better: not every user, proxy or node of a cluster takes each, and
    /// each refuses in words of its own. These are of whoever refuses everything.
    pub(super) fn concerns_the_command(&self) -> bool {
        const ALL: [&str; 9] =
            ["LOADING", "NOAUTH", "MOVED", "ASK", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "OOM", "BUSY"];
        matches!(self, Self::Refused(code) if !ALL.contains(&code.as_str()))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<Closed>()) {
            return Self::Closed;
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Late,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Cut,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("it did not answer in time"),
            Self::Io(text) => f.write_str(text),
            Self::Cut => f.write_str("it closed the connection"),
            Self::Garbage(what) => write!(f, "its reply makes no sense: {what}"),
            Self::Refused(code) => match advice(code) {
                Some(advice) => write!(f, "it answered {code}: {advice}"),
                None => write!(f, "it answered with the error {code}"),
            },
            Self::Resting(why) => write!(f, "it is not asked at present: {why}"),
            Self::Cluster(what) => f.write_str(what),
            Self::InDoubt => f.write_str(
                "a write broke off and may still take effect; it is removed again when the server answers: try then",
            ),
            Self::Panic => f.write_str("a panic was contained on the thread that speaks to it"),
            Self::Closed => f.write_str("the store was closed"),
        }
    }
}

fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "OOM" => "its memory is full; give it a maxmemory-policy that evicts, such as allkeys-lru",
        "NOAUTH" => "it wants a password; write it into the URL, as in redis://:password@host",
        "WRONGPASS" => "user or password in the URL is wrong",
        "NOPERM" => "the user in the URL may not use PING, GET, SET and DEL with this prefix",
        "READONLY" => "it is a replica; name the primary in the URL",
        "LOADING" => "it is still reading its data from disk",
        "MISCONF" => "it can't save to its own disk and takes no writes",
        "MOVED" | "ASK" => "it is a node of a cluster; write redis+cluster:// in the URL",
        "CLUSTERDOWN" => "its cluster is down",
        "WRONGTYPE" => "what lies under an entry's name is not a string; choose another prefix",
        _ => return None,
    })
}
