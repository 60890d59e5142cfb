//! Options in and out of JSON.

use super::*;

#[test]
fn json_sets_what_it_names_and_leaves_the_rest() {
    let text = br#"{"max_bytes": 8192, "max_chunks": "unlimited", "policy": "lru", "ttl_ms": 5, "name": "n"}"#;
    let options = Options::from_json(text).unwrap();
    assert_eq!((options.max_bytes, options.max_chunks, options.policy), (8192, UNLIMITED, Policy::Lru));
    assert_eq!((options.ttl_ms, &*options.name), (5, "n"));
    assert_eq!(Options::from_json(b"{}").unwrap(), Options::default());
}

#[test]
fn what_json_says_comes_back_the_same() {
    let all = Options {
        name: "é\"".into(),
        max_bytes: 0,
        max_chunks: 7,
        policy: Policy::Lru,
        ttl_ms: u64::MAX,
        ticket_max_age_ms: 9,
        hash_threads: 2,
        namespace: "a\0".into(),
        secret: None,
        disk_directory: Some("/d".into()),
        disk_max_bytes: Some(4 << 20),
        disk_allow_network: true,
        remote_urls: vec!["redis://h:1".into(), "redis://i".into()],
        remote_prefix: "p:".into(),
        remote_ttl_ms: 1,
        remote_max_value_bytes: 2,
        remote_timeout_ms: 3,
        remote_ca_file: Some("ca".into()),
        write_behind_max_bytes: 4,
    };
    for options in [all, Options::default()] {
        assert_eq!(Options::from_json(options.to_json().as_bytes()).unwrap(), options);
    }
}

#[test]
fn no_mistake_no_dump_and_no_debug_output_repeats_the_secret() {
    let digits = "7357".repeat(8);
    let options = Options::from_json(format!(r#"{{"secret": "{digits}"}}"#).as_bytes()).unwrap();
    assert!(options.secret.is_some() && options != Options::default());
    assert!(!format!("{options:?} {}", options.to_json()).contains("7357"));
    let urls = ["redis://:7357@host", "unix:///s?pass=7357", "rediss://me:7357@[::1]:1/0"].map(Into::into).to_vec();
    let with_urls = Options { remote_urls: urls, name: "its name".into(), ..options.clone() };
    let shown = format!("{with_urls:?} {}", with_urls.to_json());
    assert!(!shown.contains("7357") && shown.starts_with("Options{") && shown.contains("its name"), "{shown}");
    let again = Options::from_json(options.to_json().as_bytes()).unwrap_err();
    assert!(again.message().contains("secret is \"hidden\": it takes hexadecimal digits"), "{again}");
    for text in [
        format!(r#"{{"secret": "{digits}x"}}"#),
        format!(r#"{{"secret": "{digits}xy"}}"#),
        format!(r#"{{"secret": ["{digits}"]}}"#),
        format!(r#"{{"secret": {digits}}}"#), // the quotes forgotten
        format!(r#"{{"secret": {digits}e4}}"#),
        format!(r#"{{"secret": "{digits}}}"#),
        format!(r#"{{"secret": "{digits}", "secret": "{digits}"}}"#),
        format!(r#"{{"secret": "{digits}", "policy": 1}}"#),
    ] {
        let refused = Options::from_json(text.as_bytes()).unwrap_err();
        assert!(!format!("{refused:?}").contains("7357"), "{refused:?}");
    }
}

#[test]
fn a_mistake_is_named_with_its_mend() {
    let refused = |text: &str| Options::from_json(text.as_bytes()).unwrap_err().message().to_owned();
    assert!(refused(r#"{"maxbytes": 1}"#).contains("did you mean \"max_bytes\""));
    assert!(refused(r#"{"polcy": "lru"}"#).contains("did you mean \"policy\""));
    assert!(refused(r#"{"max_chunks": -1}"#).contains("max_chunks is -1"));
    assert!(refused(r#"{"max_chunks": 1.5}"#).contains("whole number"));
    assert!(refused(r#"{"max_bytes": 99999999999999999999999}"#).contains("max_bytes is 1e+23"));
    assert!(refused(r#"{"policy": "fifo"}"#).contains("s3fifo"));
    assert!(refused(r#"{"policy": 1}"#).contains("s3fifo"));
    assert!(refused(r#"{"namespace": 1}"#).contains("namespace is 1"));
    assert!(refused(r#"{"secrets": "00"}"#).contains("did you mean \"secret\""));
    assert!(refused(r#"{"secret": "00112233445566778899aabbccddee"}"#).contains("16 bytes or more"));
    assert!(refused("[]").contains("object"));
    assert!(refused(r#"{"max_bytes": 1, "max_bytes": 2}"#).contains("twice"));
}

#[test]
fn max_bytes_of_1_is_a_mistake_and_of_0_a_wish() {
    let with = |max_bytes| Options { max_bytes, ..Options::default() }.check();
    assert!(with(1).unwrap_err().message().contains("0 to store nothing"));
    assert!(with(4095).is_err());
    assert!(with(4096).is_ok() && with(0).is_ok() && with(UNLIMITED).is_ok());
}

/// The README's table is this one. To renew it: `UPDATE_README=1 cargo test`.
#[test]
fn the_readme_has_the_table_of_options() {
    const BEGIN: &str = "<!-- options: made by src/options.rs -->\n";
    const END: &str = "<!-- /options -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has the table's beginning");
    let (_, after) = rest.split_once(END).expect("README.md has the table's end");
    let made = format!("{before}{BEGIN}{}{END}{after}", Options::documentation());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, &made).unwrap();
    } else {
        assert!(readme == made, "README.md's table of options is old: run UPDATE_README=1 cargo test readme");
    }
}
