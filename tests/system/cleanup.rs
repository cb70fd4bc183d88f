//! Whatever is killed, and whenever: no process, mount or file is left.

use crate::support::process::{self, Process, eventually, survivors};
use crate::support::{Image, Registry, Sandbox, skip};
use crate::{busybox, shell};
use std::time::Duration;

#[test]
fn rm_leaves_nothing() {
    let sandbox = busybox!();
    shell(
        &sandbox,
        &["--init", "-v", "/scratch", "--tmpfs", "/t"],
        "mkdir -p /a/b; chmod 0 /a; echo x >/etc/passwd; mknod /p p",
    )
    .succeeds();
    shell(&sandbox, &[], "exit 3").exits(3);
    sandbox.words("run --rm busybox no-such-command").exits(127);
    sandbox.words("run --rm --user no-such-user busybox true");
    sandbox.words("run --rm -w /no/such/dir busybox true");
    sandbox.assert_nothing_left();
}

/// The processes of one running container, from the command line down: the command's own last.
fn running(sandbox: &Sandbox, options: &[&str]) -> (crate::support::sandbox::Running, Vec<Process>) {
    let mut running =
        sandbox.start([&["run"], options, &["busybox", "sh", "-c", "echo up; sleep 1000 & sleep 1000"]].concat());
    running.wait_for_output("up");
    let mut tree = vec![running.process()];
    tree.extend(process::descendants(running.pid()));
    (running, tree)
}

#[test]
fn killing_any_process_of_a_container_ends_all_of_it() {
    let sandbox = busybox!();
    let (first, tree) = running(&sandbox, &["--rm"]);
    let count = tree.len();
    assert!(count >= 3, "{tree:#?}");
    first.signal(9);
    first.wait();
    // Detached from its command line or not, a container with --rm ends when that is killed, or goes on with a keeper
    // that can still end it; either way nothing is left after rm.
    sandbox.words("rm -f -a -t 0").succeeds();
    assert_eq!(survivors(&tree, Duration::from_secs(10)), []);
    sandbox.assert_nothing_left();

    for index in 1..count {
        let (run, tree) = running(&sandbox, &["--rm"]);
        let Some(victim) = tree.get(index) else { continue };
        victim.signal(9);
        if victim.command.contains("sleep") {
            // One of the container's own children; the rest goes on until it is ended.
            sandbox.words("rm -f -a -t 0").succeeds();
        }
        run.wait();
        let left = survivors(&tree, Duration::from_secs(10));
        assert_eq!(left, [], "after killing {victim:?} of {tree:#?}");
        eventually(Duration::from_secs(5), || sandbox.leftovers().is_empty().then_some(()));
        sandbox.words("rm -f -a -t 0").succeeds();
        sandbox.assert_nothing_left();
    }
}

#[test]
fn a_container_whose_keeper_was_killed_can_be_removed_and_its_name_used_again() {
    let sandbox = busybox!();
    sandbox.words("run -d --name boat busybox sleep 1000").succeeds();
    let keeper: u32 =
        sandbox.run(["inspect", "--format", "{{.State.ConmonPid}}", "boat"]).succeeds().text().parse().unwrap();
    let mut tree = vec![Process::read(keeper).expect("the keeper runs")];
    tree.extend(process::descendants(keeper));
    tree[0].signal(9);
    assert_eq!(survivors(&tree, Duration::from_secs(10)), [], "a container outlives its keeper");
    let status = sandbox.run(["inspect", "--format", "{{.State.Running}}", "boat"]).succeeds().text();
    assert_eq!(status, "false");
    sandbox.words("rm boat").succeeds();
    sandbox.words("run --rm --name boat busybox true").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn an_interrupted_pull_leaves_nothing_and_ends_soon() {
    let sandbox = Sandbox::new();
    let registry = Registry::start();
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    registry.put("thing", "latest", &image);
    let layer = crate::support::image::digest(&image.layers[0].blob());
    registry.trouble(&layer, crate::support::registry::Fault::Hang, 100);
    let reference = format!("{}/thing", registry.address());
    for signal in [2, 15] {
        let pull = sandbox.start(["pull", "--tls-verify=false", &reference]);
        let asked = || registry.requests().iter().any(|request| request.path.contains(&layer)).then_some(());
        eventually(Duration::from_secs(20), asked).expect("the layer is asked for");
        pull.signal(signal);
        let outcome = pull.wait();
        assert!(outcome.took < Duration::from_secs(10) && outcome.code() != 0, "{outcome:?}");
        let place = sandbox.store().join("tmp");
        assert_eq!(place.read_dir().map_or(0, Iterator::count), 0, "temporary files are left");
    }
    sandbox.words("system check").succeeds();
}

/// A small generator of repeatable numbers (Marsaglia's xorshift).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn a_storm_of_kills_leaves_a_clean_store() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let turns = if std::env::var_os("CORACLE_TEST_LONG").is_some() { 200 } else { 24 };
    let registry = Registry::start();
    let sandbox = Sandbox::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut seen: Vec<Process> = Vec::new();
    for turn in 0..turns {
        let name = format!("storm-{}", turn % 7);
        let image = image.clone().with("Labels", serde_json::json!({ "turn": (turn % 7).to_string() }));
        let image = image.layer(crate::support::Layer::new().file("turn", 0o644, (turn % 7).to_string()));
        registry.put(&name, "latest", &image);
        let reference = format!("{}/{name}", registry.address());
        let run = if turn % 2 == 0 {
            sandbox.start(["pull", "-q", "--tls-verify=false", &reference])
        } else {
            sandbox.start(["run", "--rm", "--tls-verify=false", &reference, "sh", "-c", "echo x >/etc/y; sleep 0.02"])
        };
        let delay = Duration::from_micros(numbers.below(60_000));
        std::thread::sleep(delay);
        let mut tree = process::descendants(run.pid());
        tree.extend(Process::read(run.pid()));
        if !tree.is_empty() {
            let victim = tree[numbers.below(tree.len() as u64) as usize].clone();
            victim.signal(9);
        }
        seen.extend(tree);
        run.wait();
    }
    assert_eq!(survivors(&seen, Duration::from_secs(10)), [], "processes are left");
    sandbox.words("rm -f -a -t 0").succeeds();
    sandbox.words("system check").succeeds();
    for number in 0..7 {
        let reference = format!("{}/storm-{number}", registry.address());
        sandbox.run(["pull", "-q", "--tls-verify=false", &reference]).succeeds();
        sandbox.run(["run", "--rm", &reference, "cat", "/turn"]).succeeds().prints(&number.to_string());
    }
    sandbox.words("system check").succeeds();
    sandbox.words("system prune -a -f").succeeds();
    sandbox.assert_nothing_left();
}
