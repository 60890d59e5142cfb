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
    fails(3, "can't be asked", &["inspect", "rediss://127.0.0.1:1"]);
    fails(3, "begins with redis://", &["inspect", "http://127.0.0.1:1"]);
    fs::write(&file, "redis://:pass5word@127.0.0.1:1/\n").unwrap();
    fails(3, "can't be asked", &["inspect", "--url-file", &file]);
    fs::write(&file, "redis://:pass5word@:x/y").unwrap();
    let (code, out, error) = run(&["inspect", "--url-file", &file]);
    assert!(code == 3 && !out.contains("pass5word") && !error.contains("pass5word"), "{code} {out}{error}");
    fails(2, "cannot be used with", &["inspect", &store, "--url-file", &file]);
    fails(2, "required", &["inspect"]);
    fails(2, "Usage", &["verify"]);
    assert!(done(&["--help"]).contains("Exit codes: 0 done"));
    assert!(!Path::new(&directory.path("nothing")).exists(), "looking makes nothing");
}

#[test]
fn an_import_past_the_limit_says_what_is_missing() {
    let directory = Directory::new();
    let (from, small, large) = (directory.path("from"), directory.path("small"), directory.path("large"));
    let file = directory.path("results");
    fill(&options(&from), 0..600, 20_000, 0);
    done(&["export", &from, &file]);
    fails(3, "raise it with --max-bytes", &["import", &file, &small, "--max-bytes", "8388608"]);
    assert!(bytes_of(&small) <= 8 << 20);
    let kept = done(&["verify", &small]).split_whitespace().next().unwrap().parse::<u32>().unwrap();
    assert!((200..500).contains(&kept), "{kept}");
    assert_eq!(done(&["import", &file, &large, "--max-bytes", "33554432"]), "600 results written to the store\n");
    assert!(done(&["inspect", &large]).contains("of at most 32.0 MiB"));
    assert_eq!(done(&["verify", &large]), "600 results check\n");
    // One result that no transaction of a store with this limit can take.
    fill(&options(&directory.path("long")), 0..1, 6_000_000, 0);
    done(&["export", &directory.path("long"), &file]);
    fails(3, "too large for the store", &["import", &file, &small]);
}

/// The tool beside a process that goes on using the store.
#[test]
fn a_store_in_use_is_looked_into_and_tidied() {
    let directory = Directory::new();
    let (store, file) = (directory.path("store"), directory.path("results"));
    let cache = Cache::open(&options(&store)).unwrap();
    let put = |n: u32, bytes: usize| {
        let key = digest::chunk(&n.to_le_bytes());
        assert!(cache.put(&key, &vec![n as u8; bytes], &PutOptions::default()).unwrap().stored);
    };
    let found = |numbers: std::ops::Range<u32>| {
        cache.purge().unwrap();
        let get = |n: &u32| cache.get(&digest::chunk(&n.to_le_bytes()), Flags::default()).unwrap();
        numbers.filter(|n| get(n).is_some_and(|value| value.bytes().iter().all(|byte| *byte == *n as u8))).count()
    };
    (0..200).for_each(|n| put(n, 10_000));
    assert!(cache.flush(SOON).unwrap());
    let is_busy = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 200.. {
                put(n % 400 + 200, 10_000);
                std::thread::sleep(Duration::from_micros(500));
                if !is_busy.load(Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..3 {
            assert!(done(&["inspect", &store]).contains("of at most 1.0 GiB"));
            assert!(done(&["verify", &store]).contains("results check"));
            done(&["export", &store, &file]);
            done(&["verify", &file]);
            assert!(done(&["gc", &store]).contains(" left\n"));
        }
        is_busy.store(false, Relaxed);
    });
    assert!(cache.flush(SOON).unwrap());
    assert_eq!(found(0..200), 200);
    // A lower limit, which the cache learns of.
    done(&["gc", &store, "--max-bytes", "4194304"]);
    put(1000, 10_000);
    assert!(cache.flush(SOON).unwrap() && found(1000..1001) == 1);
    let stats = cache.tier_stats(streamcache::Tier::Disk).unwrap();
    assert_eq!((stats.max_bytes(), stats.faults()), (Some(4 << 20), 0), "{stats:?}");
    assert_eq!(cache.close(SOON).unwrap(), 0);
    assert!(bytes_of(&store) <= 4 << 20);
}

#[test]
fn a_damaged_store_is_told_of_and_what_is_whole_is_carried() {
    let directory = Directory::new();
    let (store, file, to) = (directory.path("store"), directory.path("results"), directory.path("to"));
    fill(&options(&store), 0..300, 30_000, 0);
    let path = Path::new(&store).join("streamcache.db");
    let mut bytes = fs::read(&path).unwrap();
    // Pages in the midst of it, among which are results' own and the table's.
    for page in (200..bytes.len() / 8192).step_by(97) {
        bytes[page * 8192..(page + 1) * 8192].fill(0xA5);
    }
    fs::write(&path, &bytes).unwrap();
    let (code, out, error) = run(&["verify", &store]);
    let sound: u32 = out.split_whitespace().next().unwrap().parse().unwrap();
    assert!(code == 1 && (200..300).contains(&sound) && error.contains("don't check"), "{code} {out}{error}");
    let (code, ..) = run(&["inspect", &store]);
    assert!(code == 0 || code == 1, "{code}");
    let (code, out, error) = run(&["export", &store, &file]);
    assert!(code == 1 && out.contains(&format!("{sound} results exported")), "{code} {out}{error}");
    assert_eq!(done(&["verify", &file]), format!("{sound} results check\n"));
    assert_eq!(done(&["import", &file, &to]), format!("{sound} results written to the store\n"));
    let (code, out, error) = run(&["gc", &store]);
    assert!(code == 0 && out.contains("left"), "{code} {out}{error}");
    // The head itself.
    bytes[..16].fill(0);
    fs::write(&path, &bytes).unwrap();
    for verb in ["inspect", "verify", "gc"] {
        fails(3, "not a store", &[verb, &store]);
    }
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
        // Of another kind, under a name like an entry's.
        let name = format!("a*[b]:{}", "0".repeat(64));
        let pushed = Command::new("redis-cli").args(["-s", &socket, "RPUSH", &name, "x"]).output().unwrap();
        assert!(pushed.status.success());
        (done(&["inspect", &url, "--prefix", "a*[b]:"]), done(&["inspect", &url]))
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let (its, others) = inspected.unwrap();
    assert_eq!(its.lines().last().unwrap().split_whitespace().nth(1), Some("700"), "{its}");
    assert_eq!(others.lines().last().unwrap().split_whitespace().nth(1), Some("0"), "{others}");
}

/// A cluster of one node, which has all slots: asked for its nodes, and then each of them.
#[test]
fn a_cluster_is_inspected() {
    let directory = Directory::new();
    // The nodes' own port is this one and 10,000.
    let port = loop {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < 55_000 {
            break port.to_string();
        }
    };
    let server = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--cluster-enabled", "yes"])
        .args(["--requirepass", "pass", "--dir", directory.0.to_str().unwrap()])
        .stdout(std::process::Stdio::null())
        .spawn();
    let Ok(mut server) = server else { return eprintln!("redis-server is not here") };
    let inspected = std::panic::catch_unwind(|| {
        let until = std::time::Instant::now() + SOON;
        let ask = |arguments: &[&str]| {
            let mut asked = Command::new("redis-cli");
            asked.args(["-p", &port, "--no-auth-warning", "-a", "pass"]).args(arguments);
            String::from_utf8(asked.output().unwrap().stdout).unwrap()
        };
        while !ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).starts_with("OK") {
            assert!(std::time::Instant::now() < until);
            std::thread::sleep(Duration::from_millis(20));
        }
        while !ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
            assert!(std::time::Instant::now() < until);
            std::thread::sleep(Duration::from_millis(20));
        }
        let url = format!("redis+cluster://:pass@127.0.0.1:{port}");
        let options = Options { remote_urls: vec![url.as_str().into()], remote_timeout_ms: 5000, ..Options::default() };
        fill(&options, 0..50, 100, 0);
        fs::write(directory.path("url"), &url).unwrap();
        done(&["inspect", "--url-file", &directory.path("url")])
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let inspected = inspected.unwrap();
    assert_eq!(inspected.lines().last().unwrap().split_whitespace().nth(1), Some("50"), "{inspected}");
}

#[test]
fn a_server_under_tls_is_inspected() {
    let directory = Directory::new();
    fs::create_dir_all(&directory.0).unwrap();
    let (key, certificate) = (directory.path("key.pem"), directory.path("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=streamcache test", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key, "-out", &certificate])
        .output();
    let Ok(made) = made else { return eprintln!("SKIPPED: openssl is not here") };
    assert!(made.status.success());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port, "--tls-auth-clients", "no", "--save", ""])
        .args(["--tls-cert-file", &certificate, "--tls-key-file", &key, "--requirepass", "pass"])
        .args(["--dir", &directory.path("")])
        .stdout(std::process::Stdio::null())
        .spawn();
    let Ok(mut server) = server else { return eprintln!("SKIPPED: redis-server is not here") };
    let url = format!("rediss://:pass@127.0.0.1:{port}");
    let inspected = std::panic::catch_unwind(|| {
        let until = std::time::Instant::now() + SOON;
        while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
            assert!(std::time::Instant::now() < until);
            std::thread::sleep(Duration::from_millis(20));
        }
        let options = Options {
            remote_urls: vec![url.as_str().into()],
            remote_ca_file: Some(certificate.as_str().into()),
            remote_timeout_ms: 5000,
            ..Options::default()
        };
        fill(&options, 0..50, 100, 0);
        fails(3, "can't be asked", &["inspect", &url]);
        done(&["inspect", &url, "--ca-file", &certificate])
    });
    server.kill().unwrap();
    server.wait().unwrap();
    let inspected = inspected.unwrap();
    assert_eq!(inspected.lines().last().unwrap().split_whitespace().nth(1), Some("50"), "{inspected}");
}
