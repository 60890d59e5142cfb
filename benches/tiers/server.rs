//! The server that is measured.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub struct Server {
    port: u16,
    child: Child,
}

impl Server {
    /// A redis-server on a free port that keeps nothing on disk; None where there is none.
    pub fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let folder = std::env::temp_dir();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dbfilename", "streamcache-never-written.rdb", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self { port, child };
        let begun = Instant::now();
        while redis::Client::open(server.url()).ok()?.get_connection().is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "redis-server does not start");
            sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection of the crate's own.
    pub fn connect(&self) -> redis::Connection {
        redis::Client::open(self.url()).and_then(|client| client.get_connection()).expect("the server answers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
