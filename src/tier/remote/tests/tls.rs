//! Servers under TLS, with a certificate of the test's own.

use super::server::{Folder, Server, free_port, redis};
use super::*;
use std::process::Command;

/// A certificate for 127.0.0.1 that vouches for itself.
fn certificate(folder: &Folder) -> bool {
    let path = |name: &str| folder.0.join(name).into_os_string();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=streamcache test", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(path("key.pem"))
        .arg("-out")
        .arg(path("cert.pem"))
        .output();
    made.is_ok_and(|made| made.status.success())
}

#[test]
fn tls_with_our_own_authority_works_and_with_the_systems_it_is_refused() {
    let Some(program) = redis() else { return };
    let folder = Folder::new();
    assert!(certificate(&folder), "openssl makes no certificate: script/bootstrap test installs it");
    let file = folder.0.join("cert.pem");
    let port = free_port().to_string();
    let arguments = ["--tls-port", &port, "--tls-cert-file", "{folder}/cert.pem", "--tls-key-file", "{folder}/key.pem"];
    let more = ["--tls-auth-clients", "no", "--requirepass", "s3cret"];
    let server = Server::start_on(&program, free_port(), folder, &[&arguments[..], &more[..]].concat());
    let mut raw = server.raw();
    let () = redis::cmd("AUTH").arg("s3cret").query(&mut raw).unwrap();
    let url = |host: &str| format!("rediss://:s3cret@{host}:{port}");

    let store = Remote::open(&Config { ca_file: Some(file.clone()), ..config(&url("127.0.0.1")) }).unwrap();
    assert_eq!(put(&store, 0..50, 20_000), 50);
    let found = get(&store, &(0..50).collect::<Vec<_>>(), soon());
    assert!(found.len() == 50 && found.iter().all(|(&n, bytes)| *bytes == sealed(n, 20_000).bytes));
    assert_eq!(store.stats().faults, 0);

    // A server that ends an idle connection says goodbye first: that is no reply, and no fault.
    let ended: u64 =
        redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes").query(&mut raw).unwrap();
    assert!(ended >= 2, "{ended}");
    sleep(Duration::from_millis(100));
    assert_eq!(get(&store, &[1, 2], soon()).len(), 2);
    assert_eq!(put(&store, [60], 100), 1);
    assert_eq!(store.stats().faults, 0, "{:?}", store.stats().last_fault);

    // A name the certificate is not for, an authority we don't know, and a server that speaks no TLS.
    let plain = format!("rediss://127.0.0.1:{}", server.port);
    for (url, own) in [(url("localhost"), true), (url("127.0.0.1"), false), (plain, true)] {
        let ca_file = own.then(|| file.clone());
        // Without any certificates of the system's, the option is asked for instead.
        let Ok(store) = Remote::open(&Config { ca_file, ..config(&url) }) else { continue };
        eventually("it rests", || store.stats().resting.is_some());
        let stats = store.stats();
        assert!(stats.faults > 0 && !format!("{stats:?}").contains("s3cret"));
        assert!(get(&store, &[1], soon()).is_empty());
    }
}
