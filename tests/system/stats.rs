//! `stats`: what containers use, in podman's forms.

use crate::busybox;
use crate::support::process::eventually;
use std::time::Duration;

#[test]
fn a_busy_container_uses_something() {
    let sandbox = busybox!();
    sandbox.run(["run", "-d", "--name", "busy", "busybox", "sh", "-c", "while :; do :; done"]).succeeds();
    sandbox.words("create --name idle busybox true").succeeds();
    let fields = "{{.Name}} {{.PIDS}} {{.CPUNano}} {{.MemLimit}} {{.ContainerID}}";
    let look = || sandbox.run(["stats", "--no-stream", "--format", fields, "busy"]).succeeds().text();
    // Time is counted in ticks of ten milliseconds.
    let used = || look().split(' ').nth(2).is_some_and(|time| time != "0").then_some(());
    eventually(Duration::from_secs(60), used).expect("it uses the processor");
    let line = look();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!((words[0], words[1], words[4].len()), ("busy", "1", 64), "{line}");
    assert_ne!(words[3], "0", "{line}");
    let table = sandbox.words("stats --no-stream").succeeds().lines();
    let header = "ID            NAME        CPU %       MEM USAGE / LIMIT";
    assert!(table[0].starts_with(header) && table[0].ends_with("CPU TIME    AVG CPU %"), "{table:?}");
    assert_eq!(table.len(), 2, "{table:?}");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.words("stats --no-stream --format json busy").succeeds().text()).expect("JSON");
    assert_eq!((json[0]["name"].as_str(), json[0]["pids"].as_str()), (Some("busy"), Some("1")), "{json}");
    assert!(json[0]["cpu_percent"].as_str().is_some_and(|text| text.ends_with('%')), "{json}");
    assert!(json[0]["mem_usage"].as_str().is_some_and(|text| text.contains("B / ")), "{json}");
    let all = sandbox.run(["stats", "-a", "--no-stream", "--format", "{{.Name}} {{.PIDS}}"]).succeeds().lines();
    assert_eq!(all, ["busy 1", "idle 0"]);
    sandbox.words("rm -f -a -t 0").succeeds();
    sandbox.words("stats --no-stream --format {{.Name}}").succeeds().prints("");
    let unknown = sandbox.words("stats --no-stream nosuch").exits(125).errors();
    let expected =
        "Error: unable to get list of containers: unable to look up container nosuch: no container with name";
    assert!(unknown.starts_with(expected), "{unknown}");
    sandbox.words("stats -a nosuch").exits(125);
}

#[test]
fn stats_go_on_until_nobody_reads() {
    let sandbox = busybox!();
    sandbox.words("run -d --name s busybox sleep 1000").succeeds();
    let mut looks = sandbox.start(["stats", "-i", "1", "--format", "look {{.Name}}", "s"]);
    looks.wait_for_output("look s\nlook s\n");
    drop(looks);
    sandbox.words("rm -f -t 0 s").succeeds();
}
