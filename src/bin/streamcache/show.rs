//! Numbers for people, and bars.

use indicatif::{ProgressBar, ProgressStyle};

/// Bytes in the largest unit that leaves a digit before the point.
pub fn bytes(bytes: u64) -> String {
    let (mut rest, mut unit) = (bytes as f64, 0);
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    while rest >= 1024.0 && unit + 1 < UNITS.len() {
        rest /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{rest:.1} {}", UNITS[unit]) }
}

/// How long ago something was.
pub fn age(ms: u64) -> String {
    match ms / 1000 {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3600 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// A bar on the terminal, where standard error is one.
pub fn bar(total: u64, in_bytes: bool) -> ProgressBar {
    let template = if in_bytes {
        "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "{bar:40} {human_pos}/{human_len} {per_sec} {eta}"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}
