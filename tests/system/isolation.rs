//! Namespaces, capabilities, seccomp, masked paths, and what of the host can be reached.

use crate::support::{is_root, needs, part, skip};
use crate::{busybox, shell};
use std::fs;

/// podman's default set: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID,
/// SYS_CHROOT (containers-common, `default_capabilities`).
const DEFAULT_CAPABILITIES: u64 = 0x8004_05fb;

fn capabilities(sandbox: &crate::support::Sandbox, options: &[&str], set: &str) -> u64 {
    let outcome = shell(sandbox, options, &format!("grep {set} /proc/self/status")).succeeds();
    u64::from_str_radix(outcome.text().split_ascii_whitespace().nth(1).unwrap(), 16).unwrap()
}

#[test]
fn capabilities_are_podmans_default_set() {
    let sandbox = busybox!();
    for set in ["CapEff", "CapPrm", "CapBnd"] {
        assert_eq!(capabilities(&sandbox, &[], set), DEFAULT_CAPABILITIES, "{set}");
    }
    for set in ["CapInh", "CapAmb"] {
        assert_eq!(capabilities(&sandbox, &[], set), 0, "{set}");
    }
}

#[test]
fn capabilities_can_be_added_and_dropped() {
    let sandbox = busybox!();
    let effective = |options: &[&str]| capabilities(&sandbox, options, "CapEff");
    assert_eq!(effective(&["--cap-drop", "ALL"]), 0);
    assert_eq!(effective(&["--cap-drop=all", "--cap-add=CHOWN"]), 1);
    assert_eq!(effective(&["--cap-add", "NET_ADMIN"]), DEFAULT_CAPABILITIES | 1 << 12);
    assert_eq!(effective(&["--cap-add", "cap_net_raw"]), DEFAULT_CAPABILITIES | 1 << 13);
    assert_eq!(effective(&["--cap-drop", "CAP_CHOWN,setuid"]), DEFAULT_CAPABILITIES & !(1 | 1 << 7));
    let full = effective(&["--cap-add", "ALL"]);
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let bounding = own.lines().find_map(|line| line.strip_prefix("CapBnd:\t")).unwrap();
    assert_eq!(full, u64::from_str_radix(bounding, 16).unwrap(), "all that the caller's bounding set has");
    assert_eq!(effective(&["--privileged"]), full);
    shell(&sandbox, &["--cap-add", "NONSENSE"], "true").refuses(125, "NONSENSE");
    shell(&sandbox, &["--cap-add", "CHOWN", "--cap-drop", "CHOWN"], "true").exits(125);
}

#[test]
fn an_ordinary_user_inside_has_no_capabilities() {
    if !crate::support::has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    assert_eq!(capabilities(&sandbox, &["-u", "1234"], "CapEff"), 0);
    assert_eq!(capabilities(&sandbox, &["-u", "1234"], "CapBnd"), DEFAULT_CAPABILITIES);
    // Those asked for by name are given to it (podman-run(1), --cap-add).
    assert_eq!(capabilities(&sandbox, &["-u", "1234", "--cap-add", "NET_ADMIN"], "CapEff"), 1 << 12);
}

#[test]
fn no_new_privileges_is_set_on_request() {
    let sandbox = busybox!();
    let own = fs::read_to_string("/proc/self/status").unwrap();
    if own.lines().any(|line| line == "NoNewPrivs:\t1") {
        skip!("the tests themselves run without new privileges");
    }
    shell(&sandbox, &[], "grep NoNewPrivs /proc/self/status").prints("NoNewPrivs:\t0");
    shell(&sandbox, &["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status")
        .prints("NoNewPrivs:\t1");
    shell(&sandbox, &["--security-opt", "no-new-privileges:true"], "grep NoNewPrivs /proc/self/status")
        .prints("NoNewPrivs:\t1");
    shell(&sandbox, &["--security-opt", "nonsense"], "true").exits(125);
}

#[test]
fn system_calls_are_filtered() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "grep Seccomp: /proc/self/status").prints("Seccomp:\t2");
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let mode = own.lines().find(|line| line.starts_with("Seccomp:")).unwrap();
    shell(&sandbox, &["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status").prints(mode);
    shell(&sandbox, &["--privileged"], "grep Seccomp: /proc/self/status").prints(mode);
    // mount, unshare and pivot_root need CAP_SYS_ADMIN, filter or not.
    for script in ["mount -t tmpfs x /tmp", "unshare -m true", "unshare -U true", "umount /proc"] {
        let outcome = shell(&sandbox, &[], script);
        assert_ne!(outcome.code(), 0, "{script}");
    }
}

#[test]
fn a_profile_of_the_users_own_is_used() {
    let sandbox = busybox!();
    let profile = sandbox.file("profile.json", r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}"#);
    let option = format!("seccomp={profile}");
    shell(&sandbox, &["--security-opt", &option], "mkdir /tmp/x").exits(1).complains("No space left on device");
    shell(&sandbox, &["--security-opt", &option], "touch /tmp/x").succeeds();
    shell(&sandbox, &["--security-opt", "seccomp=/no/such/profile"], "true").refuses(125, "/no/such/profile");
    let asks =
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}"#;
    let asks = format!("seccomp={}", sandbox.file("asks.json", asks));
    shell(&sandbox, &["--security-opt", &asks], "true").refuses(125, "SCMP_ACT_NOTIFY");
    let broken = format!("seccomp={}", sandbox.file("broken.json", "{\"defaultAction\": \"NO_SUCH\"}"));
    shell(&sandbox, &["--security-opt", &broken], "true").exits(125);
}

#[test]
fn notified_calls_are_put_to_the_profiles_agent() {
    use std::io::{BufRead, BufReader};
    needs!("python3" from "python3");
    let sandbox = busybox!();
    let socket = sandbox.work().join("agent");
    let script = sandbox.file("agent.py", include_str!("agent.py"));
    let mut agent = std::process::Command::new("python3")
        .args([script.as_ref(), socket.as_os_str()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut said = BufReader::new(agent.stdout.take().expect("piped")).lines().map(Result::unwrap);
    assert_eq!(said.next().as_deref(), Some("ready"));
    let profile = |listener: &std::path::Path, call: &str| {
        let rule = serde_json::json!({"names": [call, "mkdirat"], "action": "SCMP_ACT_NOTIFY"});
        let profile = serde_json::json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule],
            "listenerPath": listener, "listenerMetadata": "words"});
        format!("seccomp={}", sandbox.file("notify.json", &profile.to_string()))
    };
    let option = profile(&socket, "mkdir");
    for options in [&["--security-opt", &option][..], &["--security-opt", &option, "--security-opt=no-new-privileges"]]
    {
        shell(&sandbox, options, "mkdir /tmp/x").exits(1).complains("No space left on device");
        assert_eq!(said.next().as_deref(), Some("words creating True"));
    }
    sandbox.run(["run", "-d", "--name", "asks", "--security-opt", &option, "busybox", "sleep", "1000"]).succeeds();
    sandbox.words("exec asks mkdir /tmp/x").exits(1).complains("No space left on device");
    sandbox.words("rm -f -t 0 asks").succeeds();
    assert_eq!(said.next().as_deref(), Some("words creating True"));
    assert_eq!(said.next().as_deref(), Some("words running True"));
    agent.kill().unwrap();
    agent.wait().unwrap();
    shell(&sandbox, &["--security-opt", &option], "true").refuses(125, "ask the seccomp agent at");
    let both = shell(&sandbox, &["--network=fast", "--security-opt", &option], "true").exits(125).errors();
    // Without a tun device there is no such network in the first place.
    assert!(both.contains("cannot be used together") || both.contains("/dev/net/tun"), "{both}");
    shell(&sandbox, &["--security-opt", &profile(&socket, "sendmsg")], "true").refuses(125, "the sendmsg syscall");
}

#[test]
fn kernel_files_are_masked_and_read_only() {
    let sandbox = busybox!();
    for path in [
        "/proc/kcore",
        "/proc/keys",
        "/proc/timer_list",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/interrupts",
    ] {
        shell(&sandbox, &[], &format!("cat {path} 2>/dev/null | wc -c")).prints("0");
    }
    for path in ["/proc/acpi", "/proc/scsi", "/sys/firmware", "/sys/fs/selinux"] {
        shell(&sandbox, &[], &format!("ls {path} 2>/dev/null | wc -l")).prints("0");
    }
    for path in ["/proc/sys/kernel/domainname", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity"] {
        shell(&sandbox, &[], &format!("test -e {path} || exit 1; echo x >{path}")).exits(1);
    }
    shell(&sandbox, &[], "touch /sys/x").exits(1).complains("Read-only file system");
    shell(&sandbox, &["--security-opt", "mask=/proc/meminfo:/etc"], "cat /proc/meminfo | wc -c; ls /etc | wc -l")
        .prints("0\n0");
    let host = fs::read_to_string("/proc/timer_list").is_ok();
    if host && is_root() {
        shell(&sandbox, &["--security-opt", "unmask=/proc/timer_list"], "head -c 5 /proc/timer_list | wc -c")
            .prints("5");
    }
    shell(&sandbox, &["--security-opt", "unmask=ALL"], "grep -c ' /proc/sys ' /proc/self/mountinfo")
        .exits(1)
        .prints("0");
}

#[test]
fn every_namespace_is_the_containers_own() {
    let sandbox = busybox!();
    let listed = shell(
        &sandbox,
        &["--network", "none"],
        "cd /proc/self/ns; for n in pid mnt ipc uts cgroup net user; do readlink $n; done",
    )
    .succeeds();
    for (name, found) in ["pid", "mnt", "ipc", "uts", "cgroup", "net", "user"].iter().zip(listed.lines()) {
        let host = fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        assert_ne!(host.to_str().unwrap(), found, "{name}");
    }
}

#[test]
fn namespaces_can_be_the_hosts() {
    let sandbox = busybox!();
    for (option, name) in [
        ("--pid=host", "pid"),
        ("--ipc=host", "ipc"),
        ("--uts=host", "uts"),
        ("--cgroupns=host", "cgroup"),
        ("--network=host", "net"),
    ] {
        let host = fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        shell(&sandbox, &[option], &format!("readlink /proc/self/ns/{name}")).succeeds().prints(host.to_str().unwrap());
    }
    let own = std::process::id();
    shell(&sandbox, &["--pid=host"], &format!("test -d /proc/{own} && echo seen")).prints("seen");
    for option in [
        "--pid=nonsense",
        "--ipc=nonsense",
        "--uts=nonsense",
        "--cgroupns=nonsense",
        "--network=ns:/no/such",
        "--pid=container:nobody",
    ] {
        shell(&sandbox, &[option], "true").exits(125);
    }
}

#[test]
fn namespaces_can_be_another_containers() {
    let sandbox = busybox!();
    sandbox.words("run -d --name first --ipc shareable --network none busybox sleep 1000").succeeds();
    for (option, name) in
        [("--pid=container:first", "pid"), ("--ipc=container:first", "ipc"), ("--uts=container:first", "uts")]
    {
        let first = sandbox.run(["inspect", "--format", "{{.State.Pid}}", "first"]).succeeds().text();
        let theirs = sandbox.run(["unshare", "readlink", &format!("/proc/{first}/ns/{name}")]);
        if theirs.code() == 0 {
            shell(&sandbox, &[option], &format!("readlink /proc/self/ns/{name}")).succeeds().prints(&theirs.text());
        } else {
            shell(&sandbox, &[option], "true").succeeds();
        }
    }
    sandbox.words("rm -f -t 0 first").succeeds();
}

#[test]
fn ipc_none_has_no_shared_memory() {
    let sandbox = busybox!();
    shell(&sandbox, &["--ipc", "none"], "grep -c ' /dev/shm ' /proc/self/mountinfo").prints("0");
}

#[test]
fn network_none_has_loopback_only() {
    let sandbox = busybox!();
    shell(
        &sandbox,
        &["--network", "none"],
        "ls /sys/class/net 2>/dev/null || grep : /proc/net/dev | cut -d: -f1 | tr -d ' '",
    )
    .prints("lo");
    shell(
        &sandbox,
        &["--network", "none"],
        "ping -c 1 -W 2 127.0.0.1 >/dev/null 2>&1; cat /proc/net/dev | grep lo: | wc -l",
    )
    .prints("1");
    // Up, not only there: a listener on loopback can be reached. It may not listen yet when first asked. Its own input stays
    // open: at the end of that it would hang up, and the other side with it.
    let exchange = "mkfifo /tmp/open; exec 3<>/tmp/open; nc -l -p 4321 <&3 >/tmp/received & \
        until echo hi | nc -w 5 127.0.0.1 4321 2>/dev/null; do kill -0 $! || exit 9; done; wait; cat /tmp/received";
    shell(&sandbox, &["--network", "none"], exchange).prints("hi");
}

#[test]
fn abstract_sockets_of_the_host_are_out_of_reach() {
    let sandbox = busybox!();
    let name = format!("coracle-test-{}", std::process::id());
    let address =
        <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(&name).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    assert!(fs::read_to_string("/proc/net/unix").unwrap().contains(&name));
    shell(&sandbox, &["--network", "none"], "cat /proc/net/unix").omits(&name);
}

#[test]
fn processes_of_the_host_are_not_seen() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "ls -d /proc/[0-9]* | wc -l").succeeds();
    let count: usize = shell(&sandbox, &[], "ls -d /proc/[0-9]* | wc -l").text().parse().unwrap();
    assert!(count <= 5, "{count} processes");
    shell(&sandbox, &[], "kill -0 -1 2>/dev/null; readlink /proc/1/exe").mentions("/bin/");
}

#[test]
fn the_program_itself_cannot_be_overwritten() {
    let sandbox = busybox!();
    let before = fs::read(crate::support::binary()).unwrap();
    // CVE-2019-5736: a container that runs /proc/self/exe, then writes to what it finds there.
    let script = "cp /bin/busybox /tmp/b; for p in /proc/[0-9]*/exe; do echo overwritten >\"$p\"; done 2>/dev/null; ls -l /proc/1/exe";
    shell(&sandbox, &[], script);
    sandbox.words("run --rm --entrypoint /proc/self/exe busybox --version");
    assert!(fs::read(crate::support::binary()).unwrap() == before);
}

#[test]
fn the_old_root_is_gone() {
    let sandbox = busybox!();
    let mounts = shell(&sandbox, &[], "cat /proc/self/mountinfo").succeeds().text();
    let home = sandbox.home().display().to_string();
    for line in mounts.lines() {
        let target = line.split(' ').nth(4).unwrap();
        let kernel = ["/", "/proc", "/sys", "/dev", "/etc/", "/run/"]
            .iter()
            .any(|place| target == *place || target.starts_with(&format!("{}/", place.trim_end_matches('/'))));
        assert!(kernel, "unexpected mount: {line}");
        assert!(!target.contains(&home), "{line}");
    }
    shell(&sandbox, &[], &format!("ls {home}")).exits(1);
}

#[test]
fn sysctls_of_the_containers_namespaces_can_be_set() {
    let sandbox = busybox!();
    if part() == "nested" {
        skip!("/proc/sys of a nested container is read-only");
    }
    shell(
        &sandbox,
        &["--network", "none", "--sysctl", "net.ipv4.ip_unprivileged_port_start=81"],
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
    )
    .prints("81");
    shell(&sandbox, &["--sysctl", "kernel.msgmax=65000"], "cat /proc/sys/kernel/msgmax").prints("65000");
    for sysctl in ["vm.swappiness=1", "kernel.panic=1", "nonsense", "net.ipv4.ip_forward"] {
        shell(&sandbox, &["--network", "none", "--sysctl", sysctl], "true").exits(125);
    }
    shell(&sandbox, &["--network", "host", "--sysctl", "net.ipv4.ip_forward=1"], "true").exits(125);
}
