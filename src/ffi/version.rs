//! Section: version. The macros come from Cargo.toml through build.rs.

use super::border::plain;
use core::ffi::c_char;

/// The library's version, such as "0.1.0".
///
/// The string is static. Threads: any. Never fails.
/// @return a NUL-terminated string, never NULL
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn streamcache_version_string() -> *const c_char {
    plain(c"".as_ptr(), || Ok(concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()))
}

/// The library's version as major * 1000000 + minor * 1000 + patch, to compare with STREAMCACHE_VERSION_NUMBER, the
/// header's. Before 1.0 a program needs a library of the same minor version, which the SONAME ensures.
///
/// Threads: any. Never fails.
/// @return the number
/// @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn streamcache_version_number() -> u32 {
    const fn number(text: &str) -> u32 {
        let (mut n, mut at, digits) = (0, 0, text.as_bytes());
        while at < digits.len() {
            n = n * 10 + (digits[at] - b'0') as u32;
            at += 1;
        }
        n
    }
    const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 1000
        + number(env!("CARGO_PKG_VERSION_PATCH"));
    plain(0, || Ok(NUMBER))
}
