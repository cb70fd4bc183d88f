//! Pods: containers that share namespaces and a life.

use crate::busybox;
use crate::support::{Sandbox, process::eventually, skip};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Far more than anything here takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

fn state(sandbox: &Sandbox, pod: &str) -> String {
    sandbox.run(["pod", "inspect", "--format", "{{.State}}", pod]).succeeds().text()
}

/// Runs `sleep` in the pod in the background.
fn sleeper(sandbox: &Sandbox, name: &str, pod: &str) {
    sandbox
        .words(&format!("run -d --name {name} --stop-signal KILL --pod {pod} busybox sleep 1000"))
        .succeeds()
        .quietly();
}

#[test]
fn a_pod_is_made_listed_looked_at_and_removed() {
    let sandbox = Sandbox::new();
    let file = sandbox.work().join("id");
    let id = sandbox
        .run(["pod", "create", "--network", "none", "-l", "a=b", "--pod-id-file", "id", "web"])
        .succeeds()
        .quietly()
        .text();
    let id = id.trim();
    assert_eq!((id.len(), std::fs::read_to_string(&file).expect("the file is there").as_str()), (64, id));
    let short = &id[..12];
    sandbox
        .words("pod ps --noheading --format {{.Id}}|{{.Name}}|{{.Status}}|{{.NumberOfContainers}}|{{.Labels.a}}")
        .prints(&format!("{short}|web|Created|1|b"));
    sandbox.words("pod ps -q --no-trunc --filter label=a=b --filter name=we --filter status=created").prints(id);
    sandbox.words("pod ps -q --filter status=running").prints("");
    sandbox.words("pod ps --filter foo=bar").refuses(125, "foo is an invalid filter");
    sandbox
        .run([
            "pod",
            "inspect",
            "--format",
            "{{.Name}} {{.State}} {{.CreateInfra}} {{.NumContainers}} {{.SharedNamespaces}}",
            short,
        ])
        .prints("web Created true 1 [ipc net uts]");
    sandbox
        .words("ps -a --noheading --format {{.Names}}|{{.Pod}}|{{.PodName}}|{{.IsInfra}}")
        .prints(&format!("{short}-infra|{short}|web|true"));
    sandbox.words("pod create web").refuses(125, "adding pod to state: name \"web\" is in use: pod already exists");
    sandbox.words("pod exists web").succeeds();
    sandbox.words(&format!("rm {short}-infra")).refuses(125, "cannot be removed without removing the pod");
    sandbox.words("pod rm web").prints(id);
    sandbox.words("pod exists web").exits(1);
    sandbox.words("pod rm web").refuses(1, "no pod with name or ID web found: no such pod");
    sandbox.words("pod rm --force web").succeeds();
    sandbox.words("pod inspect web").exits(125).complains("Error: no such pod web");
    sandbox.assert_nothing_left();
}

#[test]
fn what_makes_no_sense_for_a_pod_is_refused() {
    let sandbox = Sandbox::new();
    for (words, complaint) in [
        ("pod create --infra=false --share net x", "cannot set share(net) namespaces without an infra container"),
        ("pod create --infra=false -p 80 x", "you must have an infra container to publish port bindings to the host"),
        ("pod create --infra=false --dns 1.1.1.1 x", "NoInfra and DNSServer are mutually exclusive pod options"),
        ("pod create --share bogus x", "invalid kernel namespace to share: bogus"),
        ("pod create --exit-policy bogus x", "running pod create option: invalid pod exit policy: \"bogus\""),
        ("pod create --name a b", "cannot specify --name and NAME at the same time"),
        ("pod create --replace", "cannot replace pod without --name being set"),
        ("pod start", "you must provide at least one name or id"),
        ("pod stop nothing", "no pod with name or ID nothing found: no such pod"),
        ("run --pod nothing hello", "no pod with name or ID nothing found: no such pod"),
    ] {
        sandbox.words(words).refuses(125, complaint);
    }
    sandbox.words("pod ps -q").prints("");
    sandbox.words("pod create --infra=false bare").succeeds();
    sandbox.words("pod start bare").refuses(125, "have no dependencies, cannot start pod: no such container");
    sandbox.words("pod rm bare").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn containers_of_a_pod_reach_each_other_on_localhost() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none --hostname inside talk").succeeds();
    let server = "mkdir /www; echo hello >/www/answer; exec httpd -f -p 5000 -h /www";
    let run = ["run", "-d", "--name", "server", "--pod", "talk", "busybox", "sh", "-c", server];
    sandbox.run(run).succeeds().quietly();
    let client = "until wget -q -O - http://127.0.0.1:5000/answer 2>/dev/null; do :; done; hostname";
    sandbox.run(["run", "--rm", "--pod", "talk", "busybox", "sh", "-c", client]).prints("hello\ninside");
    // Compared with a container that lives: the number of a namespace that is gone may be another's soon.
    sleeper(&sandbox, "other", "talk");
    let kinds = [("net", true), ("ipc", true), ("uts", true), ("user", true), ("pid", false), ("mnt", false)];
    for (kind, is_shared) in kinds {
        let link = format!("/proc/self/ns/{kind}");
        let own = sandbox.run(["run", "--rm", "--pod", "talk", "busybox", "readlink", &link]).succeeds().text();
        let others = sandbox.run(["exec", "other", "readlink", &link]).succeeds().text();
        assert_eq!(own == others, is_shared, "{kind}");
    }
    sandbox
        .words("run --rm --pod talk -p 80 busybox true")
        .refuses(125, "network cannot be configured when it is shared with a pod");
    sandbox.words("pod rm -f -t 0 talk").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_pod_publishes_ports_of_its_containers() {
    if let Err(error) = std::fs::File::options().read(true).write(true).open("/dev/net/tun") {
        skip!("/dev/net/tun cannot be opened: {error}");
    }
    let sandbox = busybox!();
    let server = "mkdir /www; echo from the pod >/www/answer; exec httpd -f -p 80 -h /www";
    let run = ["run", "-d", "--name", "web", "--pod", "new:site", "-p", "127.0.0.1::80", "busybox", "sh", "-c", server];
    sandbox.run(run).succeeds().quietly();
    let text = sandbox.run(["ps", "--filter", "name=web", "--format", "{{.Ports}}"]).succeeds().text();
    let address: SocketAddr = text.split("->").next().unwrap_or_default().parse().expect("an address is shown");
    let fetch = || {
        let mut stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
        stream.set_read_timeout(Some(LIMIT)).ok()?;
        stream.write_all(b"GET /answer HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.ends_with("from the pod\n").then_some(())
    };
    eventually(LIMIT, fetch).expect("the container answers");
    let script = "cat /etc/resolv.conf; wget -q -O - http://localhost/answer";
    sandbox
        .run(["run", "--rm", "--pod", "site", "busybox", "sh", "-c", script])
        .succeeds()
        .mentions("nameserver 10.")
        .mentions("from the pod");
    sandbox.words("pod rm -f -t 0 site").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_pod_is_started_stopped_and_restarted_as_a_whole() {
    let sandbox = busybox!();
    let id = sandbox.words("pod create --network none work").succeeds().text();
    sleeper(&sandbox, "a", "work");
    sleeper(&sandbox, "b", "work");
    assert_eq!(state(&sandbox, "work"), "Running");
    sandbox.words("pod rm work").refuses(125, "running or paused containers cannot be removed without force");
    sandbox.words("stop a").succeeds();
    assert_eq!(state(&sandbox, "work"), "Degraded");
    sandbox.words("pod stop work").prints("work");
    assert_eq!(state(&sandbox, "work"), "Exited");
    sandbox.words("start a").succeeds();
    assert_eq!(state(&sandbox, "work"), "Degraded", "the namespaces' holder is started with the first container");
    sandbox.words("pod start work").prints("work");
    assert_eq!(state(&sandbox, "work"), "Running");
    sandbox.words("pod restart work").prints(id.trim());
    assert_eq!(state(&sandbox, "work"), "Running");
    sandbox.words("pod top work pid args").succeeds().mentions("sleep 1000");
    sandbox.words("pod kill work").prints(id.trim());
    eventually(LIMIT, || (state(&sandbox, "work") == "Exited").then_some(())).expect("the pod has exited");
    sandbox.words("pod prune -f").prints(id.trim());
    sandbox.words("ps -aq").prints("");
    sandbox.assert_nothing_left();
}

#[test]
fn processes_are_shared_when_asked_for() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none --share +pid seen").succeeds();
    sleeper(&sandbox, "a", "seen");
    sandbox.run(["run", "--rm", "--pod", "seen", "busybox", "ps", "-o", "args"]).succeeds().mentions("sleep 1000");
    sandbox.words("pod rm -f -t 0 seen").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_pod_may_stop_with_its_last_container() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none --exit-policy stop brief").succeeds();
    sleeper(&sandbox, "a", "brief");
    sandbox.words("run --name b --pod brief busybox true").succeeds();
    assert_eq!(state(&sandbox, "brief"), "Degraded");
    sandbox.words("stop a").succeeds();
    eventually(LIMIT, || (state(&sandbox, "brief") == "Exited").then_some(())).expect("the pod has exited");
    sandbox.words("system prune -f").succeeds().mentions("Deleted Pods\n");
    sandbox.words("pod ps -q").prints("");
    sandbox.assert_nothing_left();
}

#[test]
fn logs_of_a_pod_are_those_of_its_containers() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none talk").succeeds();
    for name in ["a", "b"] {
        sandbox.run(["run", "--name", name, "--pod", "talk", "busybox", "echo", &format!("of {name}")]).succeeds();
    }
    let lines = sandbox.words("pod logs --names talk").succeeds().lines();
    assert_eq!(lines, ["a of a", "b of b"]);
    sandbox.words("pod logs -c b talk").prints("of b");
    sandbox.words("pod rm -f talk").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn shared_memory_is_the_pods() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none work").succeeds();
    sandbox.run(["run", "--rm", "--pod", "work", "busybox", "sh", "-c", "echo kept >/dev/shm/file"]).succeeds();
    sandbox.words("run --rm --pod work busybox cat /dev/shm/file").prints("kept");
    sandbox.words("run --rm busybox ls -A /dev/shm").prints("");
    sandbox.words("pod rm -f work").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_pod_is_paused_and_goes_on() {
    let sandbox = busybox!();
    let id = sandbox.words("pod create --network none work").succeeds().text();
    sleeper(&sandbox, "one", "work");
    sandbox.words("pod pause work").prints(id.trim());
    assert_eq!(state(&sandbox, "work").trim(), "Paused");
    sandbox.words("pod unpause --all").prints(id.trim());
    assert_eq!(state(&sandbox, "work").trim(), "Running");
    let figures = sandbox.words("pod stats --no-stream --format {{.Pod}}|{{.Name}} work").succeeds().lines();
    assert!(figures.contains(&format!("{}|one", &id[..12])), "{figures:?}");
    sandbox.words("pod stats --no-stream nobody").refuses(125, "no pod with name or ID nobody found");
    sandbox.words("pod rm -f -t 0 work").succeeds();
    sandbox
        .words("events --stream=false --filter type=pod --format {{.Status}}")
        .prints("create\npause\nunpause\nremove");
    sandbox.assert_nothing_left();
}

#[test]
fn a_pods_restart_policy_is_its_containers() {
    let sandbox = busybox!();
    sandbox.words("pod create --network none --restart on-failure:2 work").succeeds();
    sandbox.words("create --pod work --name one busybox true").succeeds();
    sandbox.words("create --pod work --name two --restart no busybox true").succeeds();
    sandbox
        .words("inspect --format {{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}} one two")
        .prints("on-failure:2\nno:0");
    sandbox.words("pod create --restart sometimes").refuses(125, "\"sometimes\" is not a valid restart policy");
    sandbox.words("pod rm -f work").succeeds();
}

#[test]
fn containers_of_a_pod_know_each_others_names() {
    let sandbox = busybox!();
    sandbox.words("pod create --name harbour --infra-name quay --network none").succeeds();
    let hosts = |name: &str| sandbox.words(&format!("exec {name} cat /etc/hosts")).succeeds().text();
    sleeper(&sandbox, "tug", "harbour");
    let alone = hosts("tug");
    assert!(alone.ends_with("\tharbour quay\n127.0.0.1\ttug"), "{alone}");
    sleeper(&sandbox, "ferry", "harbour");
    // The same file, at once.
    assert_eq!(hosts("tug"), format!("{alone}\n127.0.0.1\tferry"));
    assert_eq!(hosts("ferry"), hosts("tug"));
    // A line that a program has written stays.
    sandbox.run(["exec", "ferry", "sh", "-c", "echo 192.0.2.1 lighthouse >>/etc/hosts"]).succeeds();
    sandbox.words("rm -f -t 0 ferry").succeeds();
    assert_eq!(hosts("tug"), format!("{alone}\n192.0.2.1 lighthouse"));
    // One that does not start leaves no name.
    sandbox.words("run --rm --name wreck --pod harbour busybox /not/there").exits(127);
    assert_eq!(hosts("tug"), format!("{alone}\n192.0.2.1 lighthouse"));
    sandbox.words("pod rm -f -t 0 harbour").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn containers_that_prepare_a_pod_run_to_their_end_first() {
    let sandbox = busybox!();
    sandbox.words("create --init-ctr once busybox true").refuses(125, "must specify pod value with init-ctr");
    sandbox.words("pod create --network none ready").succeeds();
    sandbox
        .words("create --init-ctr soon --pod ready busybox true")
        .refuses(125, "init-ctr value must be 'always' or 'once'");
    let prepare = |name: &str, kind: &str, line: &str| {
        let words = format!("create --name {name} --init-ctr {kind} --pod ready -v log:/log busybox sh -c");
        let words: Vec<&str> = words.split(' ').chain([line]).collect();
        sandbox.run(words).succeeds();
    };
    prepare("each-time", "always", "echo each-time >>/log/lines");
    prepare("first-time", "once", "echo first-time >>/log/lines");
    sandbox.words("create --name main --stop-signal KILL --pod ready -v log:/log busybox sleep 1000").succeeds();
    sandbox.words("pod start ready").succeeds();
    sandbox.words("exec main cat /log/lines").prints("each-time\nfirst-time");
    assert_eq!(state(&sandbox, "ready").trim(), "Running", "one that has done its work makes no pod degraded");
    sandbox.words("container exists first-time").exits(1);
    sandbox.words("inspect --format {{.State.Status}}{{.State.ExitCode}} each-time").prints("exited0");
    sandbox.words("pod stop -t 0 ready").succeeds();
    sandbox.words("pod start ready").succeeds();
    sandbox.words("exec main cat /log/lines").prints("each-time\nfirst-time\neach-time");
    sandbox.words("pod rm -f -t 0 ready").succeeds();
    sandbox.words("pod create --network none ready").succeeds();
    prepare("fails", "always", "exit 3");
    sandbox.words("create --name main --pod ready busybox sleep 1000").succeeds();
    sandbox.words("pod start ready").refuses(125, "exited with code 3");
    sandbox.words("inspect --format {{.State.Status}} main").prints("created");
    sandbox.words("pod rm -f -t 0 ready").succeeds();
    sandbox.words("volume rm log").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_shared_network_is_a_shared_file_of_names() {
    let sandbox = busybox!();
    sandbox.words("run -d --name tug --network none --stop-signal KILL busybox sleep 1000").succeeds();
    let line = "run --rm --name ferry --hostname deck --network container:tug busybox tail -n 1 /etc/hosts";
    sandbox.words(line).prints("127.0.0.1\tdeck ferry");
    sandbox.words("exec tug grep -c ferry /etc/hosts").exits(1);
    sandbox.words("rm -f -t 0 tug").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_new_pod_goes_when_its_container_cannot_be_made() {
    let sandbox = busybox!();
    for words in ["run", "create"] {
        sandbox
            .words(&format!("{words} --network none --pod new:fresh --cap-add nonsense busybox true"))
            .refuses(125, "unknown capability");
        sandbox.words("pod ps -q").prints("");
    }
    sandbox.assert_nothing_left();
}
