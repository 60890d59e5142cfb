//! The program `streamcache`, as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use streamcache::{Cache, Flags, Options, PutOptions, digest};

const SOON: Duration = Duration::from_secs(30);
const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("streamcache-cli-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().into()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn options(directory: &str) -> Options {
    Options { disk_directory: Some(directory.into()), ..Options::default() }
}

/// Puts results into a store.
fn fill(options: &Options, numbers: std::ops::Range<u32>, bytes: usize, ttl_ms: u64) {
    let cache = Cache::open(options).unwrap();
    for n in numbers {
        let put = PutOptions { ttl_ms, ..PutOptions::default() };
        assert!(cache.put(&digest::chunk(&n.to_le_bytes()), &vec![n as u8; bytes], &put).unwrap().stored);
        if n % 100 == 0 {
            assert!(cache.flush(SOON).unwrap());
        }
    }
    assert_eq!(cache.close(SOON).unwrap(), 0);
}

/// Its exit code, and what it wrote to standard output and error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_streamcache")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn done(arguments: &[&str]) -> String {
    let (code, out, error) = run(arguments);
    assert_eq!((code, &error[..]), (0, ""), "{arguments:?}: {out}");
    out
}

fn fails(code: i32, words: &str, arguments: &[&str]) {
    let (its_code, out, error) = run(arguments);
    assert!(its_code == code && error.contains(words), "{arguments:?}: {its_code}, {out}{error}");
}

#[test]
fn a_store_is_inspected_verified_and_carried_to_another() {
    let directory = Directory::new();
    let (from, to, file) = (directory.path("from"), directory.path("to"), directory.path("results"));
    fill(&options(&from), 0..1000, 3000, 0);
    fill(&options(&from), 1000..1010, 10, 3_600_000);
    let inspected = done(&["inspect", &from]);
    assert!(inspected.starts_with("1010 entries, "), "{inspected}");
    let all = inspected.lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!((all[0], all[1], *all.last().unwrap()), ("all", "1010", "10"));
    assert_eq!(done(&["verify", &from]), "1010 results check\n");
    assert!(done(&["export", &from, &file]).starts_with("1010 results exported"));
    assert_eq!(done(&["verify", &file]), "1010 results check\n");
    assert_eq!(done(&["import", &file, &to]), "1010 results written to the store\n");
    let cache = Cache::open(&options(&to)).unwrap();
    for n in 0..1000u32 {
        let value = cache.get(&digest::chunk(&n.to_le_bytes()), Flags::default()).unwrap().unwrap();
        assert!(value.size() == 3000 && value.bytes().iter().all(|&byte| byte == n as u8));
    }
}

#[test]
fn a_secret_comes_from_a_file_and_without_it_nothing_checks() {
    let directory = Directory::new();
    let (from, to, file) = (directory.path("from"), directory.path("to"), directory.path("results"));
    let (secret, other) = (directory.path("secret"), directory.path("other"));
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::write(&other, SECRET.replace('0', "f")).unwrap();
    let its = Some(digest::Secret::from_hex(SECRET).unwrap());
    fill(&Options { secret: its, ..options(&from) }, 0..20, 100, 0);
    assert_eq!(done(&["verify", &from, "--secret-file", &secret]), "20 results check\n");
    fails(1, "--secret-file", &["verify", &from]);
    fails(1, "20 results don't check", &["verify", &from, "--secret-file", &other]);
    fails(1, "20 results did not check", &["export", &from, &file, "--secret-file", &other]);
    done(&["export", &from, &file, "--secret-file", &secret]);
    fails(1, "--secret-file", &["import", &file, &to]);
    assert_eq!(done(&["import", &file, &to, "--secret-file", &secret]), "20 results written to the store\n");
    fails(3, "name a file with the secret", &["verify", &from, "--secret-file", &directory.path("none")]);
    fs::write(&other, "not digits").unwrap();
    fails(3, "hexadecimal", &["verify", &from, "--secret-file", &other]);
}

fn bytes_of(directory: &str) -> u64 {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn what_is_over_is_collected_and_a_lower_limit_kept() {
    let directory = Directory::new();
    let store = directory.path("store");
    fill(&options(&store), 0..1000, 20_000, 1);
    fill(&options(&store), 1000..1500, 20_000, 0);
    let before = bytes_of(&store);
    let collected = done(&["gc", &store]);
    assert!(collected.starts_with("1000 expired or purged results deleted, 0 evicted, 500 left\n"), "{collected}");
    let after = bytes_of(&store);
    assert!(before > 25_000_000 && after < 14_000_000, "{before} {after}");
    let limit = 6 << 20;
    done(&["gc", &store, "--max-bytes", &limit.to_string()]);
    assert!(bytes_of(&store) <= limit, "{}", bytes_of(&store));
    let checked = done(&["verify", &store]);
    let left: u32 = checked.split_whitespace().next().unwrap().parse().unwrap();
    assert!((100..300).contains(&left), "{checked}");
    assert!(done(&["inspect", &store]).contains("of at most 6.0 MiB"));
    fails(3, "at least", &["gc", &store, "--max-bytes", "1000"]);
}

#[test]
fn damage_and_mistakes_have_exit_codes_and_say_what_to_do() {
    let directory = Directory::new();
    let (store, file, none) = (directory.path("store"), directory.path("results"), directory.path("none"));
    fill(&options(&store), 0..50, 1000, 0);
    done(&["export", &store, &file]);
    let mut bytes = fs::read(&file).unwrap();
    let len = bytes.len();
    bytes[len / 2] ^= 1;
    fs::write(&file, &bytes).unwrap();
    fails(3, "changed after it was written", &["verify", &file]);
    assert!(run(&["verify", &file]).1.contains("49 results check\n1 don't: "));
    fails(3, "changed after it was written", &["import", &file, &none]);
    fs::write(&file, &bytes[..len / 2]).unwrap();
    fails(3, "cut off", &["verify", &file]);
    fs::write(&file, "hello").unwrap();
    fails(3, "was cut off", &["verify", &file]);
    fs::write(&file, "hello, this is text").unwrap();
    fails(3, "no file of results", &["verify", &file]);
    for verb in ["inspect", "gc"] {
        fails(3, "has no store", &[verb, &file]);
    }
    fails(3, "can't be read", &["import", &directory.path("nothing"), &none]);
    fails(3, "has no store", &["export", &directory.path("nothing"), &file]);
    fails(3, "can't be asked", &["inspect", "redis://127.0.0.1:1"]);
    fails(3, "TLS", &["inspect", "rediss://127.0.0.1:1"]);
    fails(2, "Usage", &["verify"]);
    assert!(done(&["--help"]).contains("Exit codes: 0 done"));
    assert!(!Path::new(&directory.path("nothing")).exists(), "looking makes nothing");
}

/// On a real server of its own, where one can be started.
#[test]
fn a_server_is_inspected() {
    let directory = Directory::new();
    let socket = directory.path("socket");
    let server = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--unixsocket", &socket, "--dir", directory.0.to_str().unwrap()])
        .stdout(std::process::Stdio::null())
        .spawn();
    let Ok(mut server) = server else { return eprintln!("redis-server is not here") };
    let until = std::time::Instant::now() + SOON;
    while !Path::new(&socket).exists() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let url = format!("unix://{socket}");
    let inspected = std::panic::catch_unwind(|| {
        let options = Options {
            remote_urls: vec![url.as_str().into()],
            remote_prefix: "a*[b]:".into(),
            remote_timeout_ms: 5000,
            ..Options::default()
        };
        std::thread::sleep(Duration::from_millis(100));
        fill(&options, 0..700, 100, 0);
        (done(&["inspect", &url, "--prefix", "a*[b]:"]), done(&["inspect", &url]))
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let (its, others) = inspected.unwrap();
    assert_eq!(its.lines().last().unwrap().split_whitespace().nth(1), Some("700"), "{its}");
    assert_eq!(others.lines().last().unwrap().split_whitespace().nth(1), Some("0"), "{others}");
}
