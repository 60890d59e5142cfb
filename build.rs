//! Makes the header (in OUT_DIR; script/header commits it) and gives the shared library its SONAME.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The header's sections: a file of src/ffi, and its banner.
const SECTIONS: [(&str, &str); 23] = [
    ("version", "Version"),
    ("status", "Status and error"),
    ("log", "Log"),
    ("digest", "Digest"),
    ("digest_many", "Digest: many at once"),
    ("hasher", "Hasher and barrier: digests made piece by piece"),
    ("options", "Options"),
    ("cache", "Cache"),
    ("value", "Value"),
    ("chunk", "State and chunk: callers who make their keys themselves"),
    ("filter", "Filter"),
    ("filter_get", "Filter: looking up, forgetting, taking a snapshot"),
    ("filter_put", "Filter: storing"),
    ("snapshot", "Snapshot"),
    ("key", "Key: of a filter, a snapshot, a pipeline"),
    ("ticket", "Ticket: compute once"),
    ("commit", "Ticket: committing"),
    ("batch", "Batch"),
    ("stream", "Stream"),
    ("tier", "Tier: the disk, and a store that a fleet shares"),
    ("transfer", "Transfer: results carried in a file"),
    ("saved", "Filter: states that outlive the process"),
    ("stats", "Stats"),
];

fn main() {
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    if env::var_os("CARGO_FEATURE_CAPI").is_some() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        fs::write(out.join("streamcache.h"), header()).expect("the header can't be written to OUT_DIR");
    }
    link();
}

fn header() -> String {
    let mut header = fs::read_to_string("src/ffi/head.h").expect("src/ffi/head.h can't be read");
    for (file, title) in SECTIONS {
        let rule = "-".repeat(108 - title.len());
        writeln!(header, "\n/* ---- {title} {rule} */\n").expect("a String takes everything");
        if file == "version" {
            header += &version_macros();
        }
        header += &section(&Path::new("src/ffi").join(file).with_extension("rs"));
    }
    header + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* STREAMCACHE_H */\n"
}

/// cbindgen prints a file's types before its functions, so each section is a run of its own.
fn section(source: &Path) -> String {
    let config = cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml can't be read");
    let bindings = cbindgen::Builder::new().with_config(config).with_src(source).generate();
    let mut text = Vec::new();
    bindings.unwrap_or_else(|e| panic!("cbindgen failed on {}: {e}", source.display())).write(&mut text);
    compact(&String::from_utf8(text).expect("cbindgen writes UTF-8"))
}

/// A comment of one line on one line, a negative number in parentheses, and types by their typedef.
fn compact(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let (line, indent) = (lines[at], lines[at].len() - lines[at].trim_start().len());
        let alone = line.trim() == "/**" && lines.get(at + 2).is_some_and(|end| end.trim() == "*/");
        if alone {
            let _ = writeln!(out, "{:indent$}/** {} */", "", lines[at + 1].trim().trim_start_matches("* "));
            at += 3;
            continue;
        }
        match line.split_once(" -").filter(|_| line.starts_with("#define ")) {
            Some((name, number)) => out += &format!("{name} (-{number})\n"),
            None if line.starts_with("typedef ") => out += &format!("{line}\n"),
            None => out += &format!("{}\n", line.replace("struct streamcache_", "streamcache_")),
        }
        at += 1;
    }
    out
}

fn version_macros() -> String {
    let part = |name: &str| env::var(format!("CARGO_PKG_VERSION{name}")).expect("cargo sets the version");
    format!(
        "/** The header's version, whose three parts these are. */\n#define STREAMCACHE_VERSION_MAJOR {major}\n\
         /** Before 1.0 another minor version is another ABI. */\n#define STREAMCACHE_VERSION_MINOR {minor}\n\
         /** Another patch only mends. */\n#define STREAMCACHE_VERSION_PATCH {patch}\n\
         /** major * 1000000 + minor * 1000 + patch. */\n\
         #define STREAMCACHE_VERSION_NUMBER \\\n  (STREAMCACHE_VERSION_MAJOR * 1000000 + STREAMCACHE_VERSION_MINOR * 1000 + STREAMCACHE_VERSION_PATCH)\n\
         /** The header's version, to print. */\n#define STREAMCACHE_VERSION_STRING \"{whole}\"\n\n",
        major = part("_MAJOR"),
        minor = part("_MINOR"),
        patch = part("_PATCH"),
        whole = part("")
    )
}

/// Before 1.0 each minor version is an ABI of its own. `nodelete` keeps the library loaded after dlclose: destructors
/// of thread-local data, and values leased to a garbage collector, may still need its code. (macOS: by the book, not
/// tested.)
fn link() {
    let part = |name: &str| env::var(format!("CARGO_PKG_VERSION_{name}")).expect("cargo sets the version");
    let abi = if part("MAJOR") == "0" { format!("0.{}", part("MINOR")) } else { part("MAJOR") };
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libstreamcache.so.{abi}");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        Ok("macos") => println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libstreamcache.{abi}.dylib"),
        _ => {}
    }
}
