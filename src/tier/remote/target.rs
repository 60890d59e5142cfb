//! One server as a URL names it.

use crate::error::{Error, Result};
use redis::{ConnectionAddr, IntoConnectionInfo};
use std::fmt;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// Where a server is and who we are there. Shows itself without the latter.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) database: i64,
}

const SCHEMES: &str =
    "a remote URL begins with redis://, rediss://, unix://, redis+unix://, redis+cluster:// or rediss+cluster://";

impl Target {
    /// The server, and whether the URL says that it is one of a cluster. No message repeats the URL.
    pub(super) fn parse(url: &str) -> Result<(Self, bool)> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| Error::invalid(SCHEMES))?;
        let (plain, tls, cluster) = match scheme {
            "redis" | "valkey" => ("redis", false, false),
            "rediss" | "valkeys" => ("redis", true, false),
            "redis+cluster" | "valkey+cluster" => ("redis", false, true),
            "rediss+cluster" | "valkeys+cluster" => ("redis", true, true),
            "unix" | "redis+unix" | "valkey+unix" => ("unix", false, false),
            _ => return Err(Error::invalid(SCHEMES)),
        };
        if plain == "redis" && rest.contains('#') {
            return Err(Error::invalid("a remote URL has a fragment ('#'): write %23 if it belongs to the password"));
        }
        let mistaken = |e: redis::RedisError| Error::invalid(format!("a remote URL can't be used: {}", reason(&e)));
        let info = Zeroizing::new(format!("{plain}://{rest}")).as_str().into_connection_info().map_err(mistaken)?;
        let address = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Address::Tcp(host.clone(), *port),
            ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
            _ => return Err(Error::invalid(SCHEMES)),
        };
        let settings = info.redis_settings();
        let target = Self {
            address,
            tls,
            user: settings.username().map(Into::into),
            password: settings.password().map(|password| Zeroizing::new(password.into())),
            database: settings.db(),
        };
        if target.user.is_some() && target.password.is_none() {
            return Err(Error::invalid("a remote URL has a user without a password: write user:password@host"));
        }
        Ok((target, cluster))
    }

    pub(super) fn fits_a_cluster(&self) -> bool {
        matches!(self.address, Address::Tcp(..)) && self.database == 0
    }

    /// Another node, with the same name and password.
    pub(super) fn sibling(&self, host: &str, port: u16) -> Self {
        Self { address: Address::Tcp(host.into(), port), ..self.clone() }
    }
}

/// What the URL's reader says, without what it read.
fn reason(e: &redis::RedisError) -> &'static str {
    const KNOWN: [&str; 4] = ["Missing hostname", "Invalid database number", "Missing path", "wildcard"];
    let text = e.to_string();
    KNOWN.into_iter().find(|known| text.contains(known)).unwrap_or("it is not well formed")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp(host, port) => {
                let scheme = if self.tls { "rediss" } else { "redis" };
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{scheme}://{open}{host}{close}:{port}")
            }
            Address::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
