//! Facts about the machine, read from /proc, /sys, /etc and the kernel; nothing is changed and nothing runs.
//!
//! `distribution` reads os-release(5) and knows each distribution's package command; `cgroups` says which control
//! groups there are and what may be done with them; `mounts` finds the file system of a path; `nesting` says what this
//! process already runs in; here is the rest. Parsers take text, so they are tested without the machine.
//!
//! Every function is best effort: what cannot be read is absent from its answer, never an error.

pub mod cgroups;
pub mod distribution;
pub mod mounts;
pub mod nesting;

use std::path::{Path, PathBuf};

/// Memory and swap in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All memory.
    pub total_bytes: u64,
    /// Unused memory (not counting caches).
    pub free_bytes: u64,
    /// All swap.
    pub swap_total_bytes: u64,
    /// Unused swap.
    pub swap_free_bytes: u64,
}

/// Memory and swap now, from /proc/meminfo.
pub fn memory() -> Memory {
    parse_meminfo(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default())
}

fn parse_meminfo(text: &str) -> Memory {
    let bytes = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|value| value.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
            .unwrap_or(0)
            .saturating_mul(1024)
    };
    Memory {
        total_bytes: bytes("MemTotal"),
        free_bytes: bytes("MemFree"),
        swap_total_bytes: bytes("SwapTotal"),
        swap_free_bytes: bytes("SwapFree"),
    }
}

/// Seconds since boot.
pub fn uptime_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    text.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0)
}

/// `1h 2m 3.00s`, with the hours in words too once there is a day, as podman prints it.
pub fn uptime_text(seconds: f64) -> String {
    let (hours, minutes) = ((seconds / 3600.0).floor(), (seconds % 3600.0 / 60.0).floor());
    let text = format!("{hours}h {minutes}m {:.2}s", seconds % 60.0);
    if hours < 24.0 { text } else { format!("{text} (Approximately {:.2} days)", hours / 24.0) }
}

/// Shares of processor time since boot, in percent: user, system, idle.
pub fn processor_use() -> Option<[f64; 3]> {
    parse_processor_use(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// The `cpu` line of proc_stat(5): user nice system idle iowait irq softirq steal.
fn parse_processor_use(text: &str) -> Option<[f64; 3]> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    let [user, _, system, idle, ..] = ticks[..] else { return None };
    let total = user + system + idle;
    let percent = |part: f64| if total > 0.0 { (part * 10_000.0 / total).round() / 100.0 } else { 0.0 };
    Some([percent(user), percent(system), percent(idle)])
}

/// Processors this process may run on.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Kernel release, e.g. `6.8.0-45-generic`.
pub fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// Major and minor number of a kernel release.
pub fn kernel_version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit()).map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next())
}

/// The machine's name.
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The processor architecture as images name it (`amd64`, `arm64`, ...).
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        "mips64" if cfg!(target_endian = "little") => "mips64le",
        other => other,
    }
}

/// The value of a sysctl by its dotted name, trimmed; `None` where the kernel has no such setting.
pub fn sysctl(name: &str) -> Option<String> {
    let path = Path::new("/proc/sys").join(name.replace('.', "/"));
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// A field of /proc/self/status, e.g. `Seccomp`.
pub fn status_field(status: &str, name: &str) -> Option<String> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// Whether AppArmor is active in the kernel.
pub fn has_apparmor() -> bool {
    std::fs::read("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with(b"Y"))
}

/// Whether SELinux is active in the kernel, enforcing or not.
pub fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

/// The user's home directory: `$HOME`, else the password file's.
pub fn home() -> Option<PathBuf> {
    dirs::home_dir().filter(|home| home.is_absolute())
}

/// `path`, or the nearest directory above it that exists.
pub fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_in_kilobytes() {
        let text = "MemTotal:       24684000 kB\nMemFree:        100 kB\nSwapTotal: 0 kB\nSwapFree:  0 kB\n";
        let memory = parse_meminfo(text);
        assert_eq!((memory.total_bytes, memory.free_bytes, memory.swap_total_bytes), (25_276_416_000, 102_400, 0));
        assert_eq!(parse_meminfo(""), Memory::default());
    }

    #[test]
    fn uptime_reads_like_podman() {
        for (seconds, text) in
            [(1155.0, "0h 19m 15.00s"), (3.5, "0h 0m 3.50s"), (90_061.0, "25h 1m 1.00s (Approximately 1.04 days)")]
        {
            assert_eq!(uptime_text(seconds), text);
        }
    }

    #[test]
    fn processor_use_is_a_share_of_three() {
        assert_eq!(parse_processor_use("cpu  50 0 25 25 9 0 0 0\ncpu0 1 2 3 4\n"), Some([50.0, 25.0, 25.0]));
        assert_eq!(parse_processor_use("cpu  1 2\n"), None);
    }

    #[test]
    fn kernel_versions_are_two_numbers() {
        for (release, version) in
            [("6.8.0-45-generic", (6, 8)), ("5.10", (5, 10)), ("4.18.0-553.el8", (4, 18)), ("x", (0, 0))]
        {
            assert_eq!(kernel_version(release), version, "{release}");
        }
    }

    #[test]
    fn status_fields_are_found_by_whole_name() {
        let status = "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(status_field(status, "Seccomp").as_deref(), Some("2"));
        assert_eq!(status_field(status, "NoNewPrivs"), None);
    }
}
