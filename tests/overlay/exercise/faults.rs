//! What goes wrong around a mount: its keeper is killed in the middle of work, the disk is full, descriptors run out.

use crate::oracle::obstacle;
use crate::oracle::sides::{JOURNALLED, keep_in_journal};
use crate::support::process::{self, Process, survivors};
use crate::support::{Sandbox, binary, is_root, skip};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Writes and syncs files and says how far it is; started again, says how many of them are as they were written.
const WRITER: &str = "if [ -d /w ]; then i=1; while [ \"$(cat /w/$i 2>/dev/null)\" = \"text $i\" ]; do i=$((i+1)); done; echo $((i-1)); exit; fi
    mkdir /w; (while :; do cp -a /etc /w/etc; chmod -R 700 /w/etc; mv /w/etc /w/moved; rm -rf /w/moved; done) & i=1
    while :; do echo text $i | dd of=/w/$i conv=fsync 2>/dev/null; echo at $i; i=$((i+1)); done";

fn survives_the_death_of_the_keeper(driver: &'static str, rounds: usize) {
    let sandbox = match Sandbox::with_busybox() {
        Ok(sandbox) => sandbox,
        Err(reason) => skip!("{reason}"),
    };
    for round in 0..rounds {
        let mark = 1 + round * 13 % 40;
        let options =
            |driver| ["--name", "one", "--network", "none", "--storage-driver", driver, "busybox", "sh", "-c", WRITER];
        let mut run = if driver == JOURNALLED {
            let id = sandbox.run([&["create"], &options("fuse")[..]].concat()).succeeds().text();
            keep_in_journal(&sandbox, &id);
            sandbox.start(["start", "-a", "one"])
        } else {
            sandbox.start([&["run"], &options(driver)[..]].concat())
        };
        run.wait_for_output(&format!("at {mark}\n"));
        let keeper = sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", "one"]).succeeds().text();
        let keeper = Process::read(keeper.parse().expect("a number")).expect("the keeper runs");
        let mut tree = process::descendants(keeper.pid);
        tree.push(keeper.clone());
        keeper.signal(9);
        assert_eq!(survivors(&tree, Duration::from_secs(10)), [], "{driver}: processes outlive the keeper");
        assert_ne!(run.wait().code(), 0);
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        let place = sandbox.store().display().to_string();
        assert!(!mounts.contains(&place), "{driver}: a mount is left");
        let kept: usize = sandbox.words("start -a one").succeeds().text().trim().parse().expect("a number");
        assert!(kept >= mark, "{driver}: {mark} files were synced, {kept} are there");
        sandbox.words("rm one").succeeds();
    }
    sandbox.assert_nothing_left();
}

/// Runs a script in the image `host` with the store in a file system of 24 MiB, in a user namespace that may mount one.
fn in_little_space(driver: &str, limit: &str, script: &str) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let outer = format!(
        "mount -t tmpfs -o size=24m,mode=755 small \"$0\" || exit 77; {limit} exec \"$1\" --root \"$0/s\" --runroot \"$0/r\" run --rm \
         --network none --storage-driver {driver} host sh -c \"$2\""
    );
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &outer])
        .arg(directory.path())
        .arg(binary())
        .arg(script);
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(77) => Err("this user may not mount a tmpfs".to_owned()),
        Some(0) => Ok(text(&output.stdout)),
        code => panic!("{driver}: exit code {code:?}: {}{}", text(&output.stdout), text(&output.stderr)),
    }
}

macro_rules! faulty {
    ($($module:ident = $name:expr),*) => {
        $(mod $module {
            use super::*;

            #[test]
            fn the_keepers_death_leaves_changes_that_the_next_start_can_use() {
                if let Some(reason) = obstacle($name).filter(|_| !is_root()) {
                    skip!("{reason}");
                }
                let rounds = if std::env::var_os("CORACLE_TEST_LONG").is_some() { 25 } else { 2 };
                survives_the_death_of_the_keeper($name, rounds);
            }
        })*
    };
}

faulty!(fuse_overlay = "fuse+overlay", fuse = "fuse", fuse_journalled = JOURNALLED, overlay = "overlay", copy = "copy");

/// The space of a removed file is free when the kernel has forgotten it, which is told to the server a moment later.
#[test]
fn a_full_disk_is_enospc_and_passes() {
    if let Some(reason) = obstacle("fuse") {
        skip!("{reason}");
    }
    let script = "cd /var/tmp; dd if=/dev/zero of=big bs=64k count=2000 conv=fsync 2>&1 | grep -o 'No space left on device' | head -n 1
        rm -f big; i=0; until { echo text >after && sync after; } 2>/dev/null || [ $i -gt 100 ]; do sleep 0.1; i=$((i+1)); done; cat after";
    for driver in ["fuse", "fuse+overlay"] {
        match in_little_space(driver, "", script) {
            Ok(text) => assert_eq!(text, "No space left on device\ntext\n", "{driver}"),
            Err(reason) => skip!("{reason}"),
        }
    }
}

#[test]
fn few_descriptors_are_enough_for_many_open_files() {
    if let Some(reason) = obstacle("fuse") {
        skip!("{reason}");
    }
    let script = "cd /var/tmp; i=3; while [ $i -lt 10 ]; do eval \"exec $i<>f$i\"; i=$((i+1)); done
        for j in $(seq 300); do echo $j >g$j; done; cat g* | wc -l; for i in 3 4 5 6 7 8 9; do echo x >&$i; done; cat f* | wc -l
        find /usr/bin | head -n 500 | xargs stat -c %s | wc -l";
    for driver in ["fuse", "fuse+overlay"] {
        match in_little_space(driver, "ulimit -n 64;", script) {
            Ok(text) => assert_eq!(text, "300\n7\n500\n", "{driver}"),
            Err(reason) => skip!("{reason}"),
        }
    }
}
