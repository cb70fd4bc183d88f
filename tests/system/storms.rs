//! kill -9 of whatever a container consists of, at any moment, and many containers one after the other: what is shown
//! afterwards is what is, and nothing is left. `CORACLE_TEST_LONG=1` makes it 300 rounds and 1,000 containers.

use crate::busybox;
use crate::cleanup::Numbers;
use crate::support::Sandbox;
use crate::support::process::{self, Process, eventually, survivors};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn rounds(short: u64, long: u64) -> u64 {
    if std::env::var_os("CORACLE_TEST_LONG").is_some() { long } else { short }
}

/// The keeper of a container and everything below it.
fn tree(sandbox: &Sandbox, name: &str) -> Vec<Process> {
    let keeper = sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", name]).text();
    let Some(keeper) = keeper.parse().ok().and_then(Process::read) else { return Vec::new() };
    let mut all = process::descendants(keeper.pid);
    all.insert(0, keeper);
    all
}

/// `ps` tells of each container what is: one that runs has its process, one that does not has none.
fn ps_is_true(sandbox: &Sandbox) -> bool {
    let lines = sandbox.run(["ps", "-a", "--format", "{{.State}} {{.Pid}}"]).succeeds().lines();
    lines.iter().all(|line| {
        let (state, pid) = line.split_once(' ').unwrap();
        let lives = pid.parse().ok().and_then(Process::read).is_some();
        match state {
            "running" => lives,
            "exited" | "created" => pid == "0",
            // On the way somewhere.
            _ => false,
        }
    })
}

#[test]
fn whatever_is_killed_the_truth_is_shown_and_nothing_is_left() {
    let sandbox = busybox!();
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let mut seen: Vec<Process> = Vec::new();
    for round in 0..rounds(24, 300) {
        let kind = round % 4;
        let policy = if numbers.below(2) == 0 { "no" } else { "always" };
        let words =
            ["run", "-d", "--name", "victim", "--restart", policy, "busybox", "sh", "-c", "sleep 0.3; sleep 1000"];
        if kind == 0 {
            // While it is started: the command, and with it what it has forked so far.
            let run = sandbox.start(words);
            std::thread::sleep(Duration::from_micros(numbers.below(40_000)));
            let mut all = process::descendants(run.pid());
            all.extend(Process::read(run.pid()));
            all.iter().for_each(|process| process.signal(9));
            seen.extend(all);
            run.wait();
        } else {
            sandbox.run(words).succeeds();
            let all = tree(&sandbox, "victim");
            seen.extend(all.clone());
            let victim = all[numbers.below(all.len() as u64) as usize].clone();
            match kind {
                1 => all[0].signal(9),
                2 => victim.signal(9),
                _ => {
                    // While it is stopped or removed.
                    let verb = if numbers.below(2) == 0 { "stop" } else { "restart" };
                    let command = sandbox.start([verb, "-t", "0", "victim"]);
                    std::thread::sleep(Duration::from_micros(numbers.below(20_000)));
                    Process::read(command.pid()).iter().for_each(|process| process.signal(9));
                    victim.signal(9);
                    command.wait();
                }
            }
        }
        let settled = eventually(LIMIT, || ps_is_true(&sandbox).then_some(()));
        assert!(settled.is_some(), "round {round}: {:?}", sandbox.words("ps -a"));
        seen.extend(tree(&sandbox, "victim"));
        sandbox.words("system check").succeeds();
        sandbox.words("rm -f -t 0 -a").succeeds();
        sandbox.words("ps -aq").succeeds().prints("");
    }
    assert_eq!(survivors(&seen, LIMIT), [], "processes are left");
    sandbox.words("system check").succeeds();
    // What was killed before it had taken its lock is left alone for ten seconds.
    let is_clean = || {
        sandbox.words("system prune -f").succeeds();
        sandbox.leftovers().is_empty().then_some(())
    };
    assert!(eventually(LIMIT, is_clean).is_some(), "left behind: {:#?}", sandbox.leftovers());
}

/// Every file below a directory, with its size where that must not grow.
fn files(directory: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in std::fs::read_dir(&path).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name().into_string().unwrap();
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
            // The log of events grows, and begins anew.
            if !name.starts_with("events.log") {
                found.insert(entry.path(), if metadata.is_dir() { 0 } else { metadata.len() });
            }
        }
    }
    found
}

#[test]
fn many_containers_one_after_the_other_leave_nothing() {
    let sandbox = busybox!();
    let once = |number: u64| {
        sandbox.words("create --name one-of-many -v /anonymous busybox true").succeeds();
        sandbox.words("start --attach one-of-many").succeeds();
        if number.is_multiple_of(2) {
            sandbox.words("run -d --name beside busybox sleep 1000").succeeds();
            let all = tree(&sandbox, "beside");
            sandbox.words("rm -f -t 0 beside").succeeds();
            assert_eq!(survivors(&all, LIMIT), [], "{number}: processes are left");
        }
        sandbox.words("rm -v one-of-many").succeeds();
    };
    once(0);
    let (store, run) = (files(&sandbox.store()), files(&sandbox.run_directory()));
    (0..rounds(10, 1000)).for_each(once);
    assert_eq!(files(&sandbox.store()), store);
    assert_eq!(files(&sandbox.run_directory()), run);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&sandbox.store().display().to_string()), "{mounts}");
    sandbox.words("system prune -f").succeeds();
    sandbox.assert_nothing_left();
}
