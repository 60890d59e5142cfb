//! A socket with one deadline for everything that is done with it: a server that sends a byte now and then is as late
//! as one that sends none. That is why the crate's own connections are not used: theirs is a limit on each read.

use super::fault::Fault;
use super::target::{Address, Target};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often whoever waits for a socket looks at the clock, and whether the store was closed.
const SLICE: Duration = Duration::from_millis(10);

/// How often a server may have said something of TLS itself since it was asked.
const TICKETS: usize = 16;

/// The store was closed while someone waited.
#[derive(Debug)]
pub(super) struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Fault::Closed.fmt(f)
    }
}

impl std::error::Error for Closed {}

enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Plain {
    fn socket(&self) -> socket2::SockRef<'_> {
        match self {
            Self::Tcp(stream) => stream.into(),
            Self::Unix(stream) => stream.into(),
        }
    }

    /// How much of a byte there is to read, 0 where that is the end or a failure; None for nothing so far.
    fn peek(&self, flags: libc::c_int) -> Option<usize> {
        match self.socket().recv_with_flags(&mut [MaybeUninit::uninit()], libc::MSG_PEEK | flags) {
            Err(e) if is_passing(&e) => None,
            come => Some(come.unwrap_or(0)),
        }
    }
}

/// Whether a socket may do later what it did not now.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A host in C dies of SIGPIPE where nothing ignores it, and std's own writes to a Unix socket cause it. On macOS
/// sockets are made so that they don't.
#[cfg(not(target_os = "macos"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(target_os = "macos")]
const NO_SIGNAL: libc::c_int = 0;

/// The socket itself, with the deadline that is in force; None waits for nothing.
struct Timed {
    plain: Plain,
    until: Option<Instant>,
    closed: Arc<AtomicBool>,
}

enum Layer {
    Clear(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

pub(super) struct Socket(Layer);

impl Socket {
    /// Resolves, connects, and prepares TLS, whose handshake is a part of the first write.
    pub(super) fn open(
        target: &Target, tls: Option<&Arc<ClientConfig>>, until: Instant, closed: &Arc<AtomicBool>,
    ) -> Result<Self, Fault> {
        let plain = match &target.address {
            Address::Tcp(host, port) => Plain::Tcp(dial(host, *port, until)?),
            Address::Unix(path) => Plain::Unix(dial_unix(path)?),
        };
        let timed = Timed { plain, until: Some(until), closed: closed.clone() };
        let (Some(tls), Address::Tcp(host, _)) = (tls.filter(|_| target.tls), &target.address) else {
            return Ok(Self(Layer::Clear(timed)));
        };
        let name = ServerName::try_from(host.clone()).map_err(|e| Fault::Io(e.to_string()))?;
        let client = ClientConnection::new(tls.clone(), name).map_err(|e| Fault::Io(e.to_string()))?;
        Ok(Self(Layer::Tls(Box::new(StreamOwned::new(client, timed)))))
    }

    /// From now on nothing takes longer than that.
    pub(super) fn set_deadline(&mut self, until: Instant) {
        self.set_until(Some(until));
    }

    /// From now on nothing waits: what can't be done at once would block.
    pub(super) fn set_impatient(&mut self) {
        self.set_until(None);
    }

    fn set_until(&mut self, until: Option<Instant>) {
        match &mut self.0 {
            Layer::Clear(timed) => timed.until = until,
            Layer::Tls(stream) => stream.sock.until = until,
        }
    }

    /// Whether the other side is still there, and silent: whatever it has to say to no question is not for us. Under
    /// TLS it may send tickets unasked, and a goodbye.
    pub(super) fn is_quiet(&mut self) -> bool {
        for _ in 0..TICKETS {
            match self.plain().peek(libc::MSG_DONTWAIT) {
                None => return true,
                Some(0) => return false,
                Some(_) => {}
            }
            self.set_deadline(Instant::now() + SLICE);
            let Layer::Tls(stream) = &mut self.0 else { return false };
            let StreamOwned { conn, sock } = &mut **stream;
            let state = conn.read_tls(sock).ok().and_then(|_| conn.process_new_packets().ok());
            if state.is_none_or(|state| state.peer_has_closed() || state.plaintext_bytes_to_read() > 0) {
                return false;
            }
        }
        false
    }

    fn plain(&self) -> &Plain {
        match &self.0 {
            Layer::Clear(timed) => &timed.plain,
            Layer::Tls(stream) => &stream.sock.plain,
        }
    }

    /// Waits for news, or until then, and a little longer.
    pub(super) fn wait_for_news(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() && self.plain().socket().set_read_timeout(Some(left)).is_ok() {
            self.plain().peek(0);
            let _ = self.plain().socket().set_read_timeout(Some(SLICE));
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Layer::Clear(timed) => timed.read(buffer),
            Layer::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Layer::Clear(timed) => timed.write(bytes),
            Layer::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Layer::Clear(_) => Ok(()),
            Layer::Tls(stream) => stream.flush(),
        }
    }
}

impl Timed {
    fn patiently(&mut self, mut step: impl FnMut(&mut Plain) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(io::Error::other(Closed));
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Err(ErrorKind::TimedOut.into());
            }
            match step(&mut self.plain) {
                Err(e) if is_passing(&e) && self.until.is_some() => {}
                Err(e) if is_passing(&e) => return Err(ErrorKind::WouldBlock.into()),
                done => return done,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waits = self.until.is_some();
        self.patiently(|plain| match plain {
            plain if !waits && plain.peek(libc::MSG_DONTWAIT).is_none() => Err(ErrorKind::WouldBlock.into()),
            Plain::Tcp(stream) => stream.read(buffer),
            Plain::Unix(stream) => stream.read(buffer),
        })
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let flags = if self.until.is_some() { NO_SIGNAL } else { NO_SIGNAL | libc::MSG_DONTWAIT };
        self.patiently(|plain| plain.socket().send_with_flags(bytes, flags))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn dial(host: &str, port: u16, until: Instant) -> Result<TcpStream, Fault> {
    let mut last = Fault::Io("its name has no address".into());
    for address in (host, port).to_socket_addrs()? {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::Late);
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                // What is given up is not sent any more: else a write would arrive long after its connection's end.
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                stream.set_read_timeout(Some(SLICE))?;
                stream.set_write_timeout(Some(SLICE))?;
                return Ok(stream);
            }
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// Std's would wait for ever where a server's queue is full.
fn dial_unix(path: &Path) -> Result<UnixStream, Fault> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.set_read_timeout(Some(SLICE))?;
    socket.set_write_timeout(Some(SLICE))?;
    socket.connect(&socket2::SockAddr::unix(path)?)?;
    Ok(socket.into())
}

/// Where systems keep the certificates they trust, in one file: Debian, Fedora, SUSE, Alpine, the BSDs and macOS.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// TLS with those who may vouch for a server: of a file, or the system's. What is wrong with it, in words.
pub(super) fn tls(file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let file = match file {
        Some(file) => file,
        None => SYSTEM.iter().map(Path::new).find(|path| path.exists()).ok_or(
            "this system has no certificates where they usually are: name a file of them for the remote store",
        )?,
    };
    let unusable = |e: &dyn std::fmt::Display| format!("{} holds no usable certificates: {e}", file.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|e| unusable(&e))?;
    roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    if roots.is_empty() {
        return Err(unusable(&"none could be read"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
