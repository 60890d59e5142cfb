//! Which machine and which compiler: a figure without them says nothing.

use serde_json::{Value as Json, json};
use std::fs::read_to_string;
use std::process::Command;

/// What figures depend on.
pub struct Machine {
    cpu: String,
    cores: usize,
    caches: String,
    features: Vec<&'static str>,
    huge_pages: String,
    compiler: String,
    load: f64,
}

impl Machine {
    /// Looks around; what can't be told is "unknown".
    pub fn look() -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into()),
            cores: cores(),
            caches: caches(),
            features: features(),
            huge_pages: huge_pages().unwrap_or_else(|| "unknown".into()),
            compiler: compiler().unwrap_or_else(|| "rustc unknown".into()),
            load: load().unwrap_or(0.0),
        }
    }

    /// Two lines at the top of a report, and a third when other work will disturb it.
    pub fn print(&self) {
        let features = if self.features.is_empty() { "no SIMD known here".into() } else { self.features.join(" ") };
        println!("{}, {} cores, {features}", self.cpu, self.cores);
        println!("caches {}; huge pages {}; {}; load {:.2}", self.caches, self.huge_pages, self.compiler, self.load);
        if self.load > self.cores as f64 / 2.0 {
            println!("The machine is busy: trust ratios, not times, and run again when it is quiet.");
        }
    }

    /// Whether its processor has this one of the features that BLAKE3 has code for.
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(&feature)
    }

    /// The same for machines.
    pub fn json(&self) -> Json {
        json!({
            "cpu": self.cpu, "cores": self.cores, "caches": self.caches, "features": self.features,
            "huge_pages": self.huge_pages, "compiler": self.compiler, "load": self.load,
        })
    }
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().into())
}

/// All of them, not only those this program is pinned to.
fn cores() -> usize {
    let of_the_kernel = read_to_string("/proc/cpuinfo").map_or(0, |text| text.matches("processor\t").count());
    of_the_kernel.max(std::thread::available_parallelism().map_or(1, Into::into))
}

/// Of the features that BLAKE3 has code for.
fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let known = [
            ("sse4.1", std::is_x86_feature_detected!("sse4.1")),
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
            ("avx512vl", std::is_x86_feature_detected!("avx512vl")),
        ];
        known.into_iter().filter_map(|(name, is_here)| is_here.then_some(name)).collect()
    }
    #[cfg(target_arch = "aarch64")]
    {
        vec!["neon"]
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        Vec::new()
    }
}

fn caches() -> String {
    let of = |index: u32, file: &str| {
        let text = read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{file}")).ok()?;
        Some(text.trim().to_owned())
    };
    let known: Vec<String> = (0..8)
        .filter(|&index| of(index, "type").is_some_and(|kind| kind != "Instruction"))
        .filter_map(|index| Some(format!("L{} {}", of(index, "level")?, of(index, "size")?)))
        .collect();
    if known.is_empty() { "unknown".into() } else { known.join(", ") }
}

/// The kernel's choice is the word in brackets.
fn huge_pages() -> Option<String> {
    let choices = read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok()?;
    Some(choices.split_once('[')?.1.split_once(']')?.0.into())
}

fn compiler() -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().into())
}

fn load() -> Option<f64> {
    read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
