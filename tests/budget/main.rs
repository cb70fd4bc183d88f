//! What the shipped program may cost: size, start, memory, dependencies. Ratios to peers are in `bench/run`, since a test
//! must not depend on how busy the machine is; what is timed here is the fastest of many, with room.

#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};
use support::process::{Process, descendants};
use support::{Sandbox, binary, skip};

/// Bytes of the stripped release program (issue: 15 MB).
const MAX_BYTES: u64 = 15_000_000;
/// `--version` takes a millisecond on a quiet machine; five leave room for a busy one.
const MAX_START: Duration = Duration::from_millis(5);
/// Proportional set size of all processes of one idle container.
const MAX_IDLE_KIB: u64 = 6 * 1024;
/// Memory of the keeper that is not a mapped file, after it has served a great deal.
const MAX_SERVER_KIB: u64 = 4 * 1024;
/// Packages in the lock file; a new dependency is a decision, made by changing this number too.
const MAX_PACKAGES: usize = 290;

/// Skips unless the release program is under test.
macro_rules! release {
    () => {
        if !binary().components().any(|part| part.as_os_str() == "release") {
            skip!("not the release program: tests/run sets CORACLE_BIN");
        }
    };
}

/// Little-endian numbers of an ELF file (elf(5)); 64 bits only.
fn number(bytes: &[u8], at: usize, size: usize) -> usize {
    bytes[at..at + size].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

#[test]
fn the_program_is_small() {
    release!();
    let size = std::fs::metadata(binary()).expect("the program exists").len();
    assert!(size <= MAX_BYTES, "{size} bytes, more than {MAX_BYTES}");
}

#[test]
fn the_program_is_static_and_stripped() {
    release!();
    const PT_DYNAMIC: usize = 2;
    const PT_INTERP: usize = 3;
    const SHT_SYMTAB: usize = 2;
    let bytes = std::fs::read(binary()).expect("the program is readable");
    assert_eq!((&bytes[..4], bytes[4], bytes[5]), (b"\x7fELF".as_slice(), 2, 1), "64-bit little-endian ELF");
    let table = |offset: usize, size: usize, count: usize| -> Vec<usize> {
        let (start, step, entries) = (number(&bytes, offset, 8), number(&bytes, size, 2), number(&bytes, count, 2));
        (0..entries).map(|index| start + index * step).collect()
    };
    let segments: Vec<usize> = table(32, 54, 56).into_iter().map(|at| number(&bytes, at, 4)).collect();
    assert!(!segments.contains(&PT_INTERP), "it asks for a dynamic loader");
    assert!(!segments.contains(&PT_DYNAMIC), "it has a dynamic section");
    let sections: Vec<usize> = table(40, 58, 60).into_iter().map(|at| number(&bytes, at + 4, 4)).collect();
    assert!(!sections.contains(&SHT_SYMTAB), "it has a symbol table");
}

#[test]
fn the_program_starts_at_once() {
    release!();
    let sandbox = Sandbox::new();
    let once = || {
        let began = Instant::now();
        sandbox.run(["--version"]).succeeds();
        began.elapsed()
    };
    let fastest = (0..40).map(|_| once()).min().expect("forty runs");
    assert!(fastest <= MAX_START, "--version takes {fastest:?}");
}

#[test]
fn an_idle_container_is_light() {
    release!();
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    sandbox.words("run -d --name idle --network none busybox sleep 1000").succeeds();
    let keeper: u32 =
        sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", "idle"]).text().parse().expect("a number");
    // Those below the user namespace can be read by its owner; where not, root's run of this test counts them.
    let measure = || -> Vec<(String, Option<u64>)> {
        let mut tree: Vec<Process> = Process::read(keeper).into_iter().collect();
        tree.extend(descendants(keeper));
        tree.iter().map(|process| (process.command.clone(), process.pss_kib())).collect()
    };
    let total = |sizes: &[(String, Option<u64>)]| sizes.iter().filter_map(|(_, size)| *size).sum::<u64>();
    // Idle begins with the first quiet second, when keeper and guard give back what only the start needed.
    let begun = std::time::Instant::now();
    let mut sizes = measure();
    while total(&sizes) > MAX_IDLE_KIB && begun.elapsed() < std::time::Duration::from_secs(10) {
        std::thread::sleep(std::time::Duration::from_millis(100));
        sizes = measure();
    }
    sandbox.words("rm -f -t 0 idle").succeeds();
    let sum = total(&sizes);
    assert!(sizes.len() >= 2 && sum > 0, "{sizes:?}");
    assert!(sum <= MAX_IDLE_KIB, "{sum} KiB, more than {MAX_IDLE_KIB}: {sizes:?}");
}

/// Reads and writes everything in all sizes, and lists and removes it.
const WORK: &str = "mkdir /w; i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo $i >/w/$i; done; cat /bin/* /w/* >/dev/null; \
    dd if=/dev/zero of=/w/large bs=1M count=64; dd if=/w/large of=/dev/null bs=1M; dd if=/w/large of=/w/more bs=4k count=2000; \
    find / -xdev >/dev/null; rm -rf /w";

#[test]
fn a_server_is_light_after_work() {
    release!();
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    for driver in ["fuse+overlay", "fuse"] {
        let run = ["--storage-driver", driver, "run", "-d", "--name", "served", "--network", "none", "busybox"];
        sandbox.run(run.into_iter().chain(["sleep", "1000"])).succeeds();
        sandbox.run(["exec", "served", "sh", "-c", WORK]).succeeds();
        let keeper = sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", "served"]).text();
        let status = std::fs::read_to_string(format!("/proc/{keeper}/status")).expect("the keeper lives");
        let kib = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).expect("proc_pid_status(5)");
            line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
        };
        sandbox.words("rm -f -t 0 served").succeeds();
        let own = kib("RssAnon:") + kib("RssShmem:");
        println!("{driver}: {own} KiB");
        assert!(own <= MAX_SERVER_KIB, "{driver}: {own} KiB, more than {MAX_SERVER_KIB}");
    }
}

#[test]
fn dependencies_are_few() {
    let lock = include_str!("../../Cargo.lock");
    let count = lock.matches("[[package]]").count();
    assert!(count <= MAX_PACKAGES, "{count} packages, more than {MAX_PACKAGES}");
}
