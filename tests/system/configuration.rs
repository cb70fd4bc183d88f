//! `containers.conf`: defaults of options, in files shared with podman.

use crate::busybox;
use crate::support::Sandbox;

/// A sandbox whose commands read only this file.
fn with_file(sandbox: &mut Sandbox, text: &str) {
    let path = sandbox.work().join("containers.conf");
    std::fs::write(&path, text).unwrap();
    sandbox.set("CONTAINERS_CONF", path);
}

#[test]
fn defaults_are_taken_and_options_win() {
    let mut sandbox = busybox!();
    with_file(
        &mut sandbox,
        "[containers]\nenv=[\"A=conf\", \"PATH=/nowhere\"]\nannotations=[\"x=y\"]\numask=\"0027\"\nnetns=\"none\"\n\
         default_ulimits=[\"nofile=123:456\", \"core=0\"]\nlog_driver=\"journald\"\nshm_size=\"1m\"\nfuture=1\n\
         [engine]\nstop_timeout=3\ndetach_keys=\"ctrl-x\"\n[secrets]\ndriver=\"x\"\n",
    );
    sandbox
        .run(["run", "--rm", "busybox", "sh", "-c", "echo $A $(umask) $(ulimit -Sn) $(ls /sys/class/net)"])
        .prints("conf 0027 123 lo");
    sandbox
        .run([
            "run",
            "--rm",
            "-e",
            "A=mine",
            "--umask",
            "0077",
            "--ulimit",
            "nofile=99",
            "busybox",
            "sh",
            "-c",
            "echo $A $(umask) $(ulimit -Sn) $(ulimit -c)",
        ])
        .prints("mine 0077 99 0");
    sandbox.words("create --name one busybox true").succeeds();
    sandbox
        .words("inspect --format {{.Config.StopTimeout}}|{{.HostConfig.LogConfig.Type}}|{{.HostConfig.ShmSize}}|{{.Config.Annotations.x}} one")
        .prints("3|k8s-file|1048576|y");
    sandbox.words("rm one").succeeds();
}

#[test]
fn a_file_that_cannot_be_used_is_an_error_of_what_needs_it() {
    let mut sandbox = busybox!();
    with_file(&mut sandbox, "[containers]\ninit=\"maybe\"\n");
    sandbox.words("run --rm busybox true").refuses(125, "decode configuration ");
    sandbox.words("ps").succeeds();
    sandbox.set("CONTAINERS_CONF", "/not/there");
    sandbox
        .words("run --rm busybox true")
        .refuses(125, "CONTAINERS_CONF file: open /not/there: no such file or directory");
    sandbox.assert_nothing_left();
}

#[test]
fn where_events_go_is_said_by_a_file_or_an_option() {
    let mut sandbox = busybox!();
    let log = sandbox.work().join("elsewhere.log");
    let text = format!("[engine]\nevents_logger=\"file\"\nevents_logfile_path=\"{}\"\n", log.display());
    with_file(&mut sandbox, &text);
    // The keeper writes there as well.
    sandbox.words("run --network none --name told busybox true").succeeds();
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(["create", "died"].iter().all(|status| told.contains(&format!("\"Status\":\"{status}\""))), "{told}");
    let usual = std::fs::read_to_string(sandbox.store().join("events.log")).unwrap_or_default();
    assert!(!usual.contains("told"), "{usual}");
    let lines = sandbox.words("events --stream=false --filter container=told").succeeds().lines();
    assert_eq!(lines.len(), told.lines().filter(|line| line.contains("told")).count());
    sandbox.words("--events-backend none rm told").succeeds();
    assert_eq!(std::fs::read_to_string(&log).unwrap(), told);
    sandbox.words("--events-backend none events").refuses(125, "cannot read events with the \"none\" backend");
    with_file(&mut sandbox, "[engine]\nevents_logger=\"none\"\n");
    sandbox.words("events --stream=false").refuses(125, "cannot read events with the \"none\" backend");
    sandbox.words("info --format {{.Host.EventLogger}}").prints("none");
}

#[test]
fn capabilities_and_the_programs_own_variables_are_taken() {
    let mut sandbox = busybox!();
    with_file(
        &mut sandbox,
        "[engine]\nenv=[\"http_proxy=http://proxy.invalid\"]\n[containers]\ndefault_capabilities=[\"CHOWN\", \"KILL\"]\ninit=true\n",
    );
    sandbox.words("run --rm --network none busybox grep CapEff: /proc/self/status").prints("CapEff:\t0000000000000021");
    sandbox
        .words("run --rm --network none --cap-drop KILL --cap-add SETUID busybox grep CapEff: /proc/self/status")
        .prints("CapEff:\t0000000000000081");
    sandbox
        .run(["run", "--rm", "--network", "none", "busybox", "sh", "-c", "echo $http_proxy $$"])
        .prints("http://proxy.invalid 2");
    sandbox.run(["run", "--rm", "--network", "none", "--init=false", "busybox", "sh", "-c", "echo $$"]).prints("1");
}

#[test]
fn the_override_is_read_last() {
    let mut sandbox = busybox!();
    with_file(&mut sandbox, "[containers]\nenv=[\"A=1\"]\n");
    let last = sandbox.work().join("last.conf");
    std::fs::write(&last, "[containers]\nenv=[\"B=2\", {append=true}]\ninit=true\n").unwrap();
    sandbox.set("CONTAINERS_CONF_OVERRIDE", last);
    sandbox.run(["run", "--rm", "busybox", "sh", "-c", "echo $A$B $$"]).prints("12 2");
}

#[test]
fn settings_of_a_namespace_the_container_has_not_are_passed_over() {
    let mut sandbox = busybox!();
    with_file(&mut sandbox, "[containers]\ndefault_sysctls = [\"net.ipv4.ping_group_range=0 0\"]\n");
    let look = "cat /proc/sys/net/ipv4/ping_group_range";
    let own = sandbox.words(&format!("run --rm --network none busybox {look}")).succeeds().text();
    assert_eq!(own.split_ascii_whitespace().collect::<Vec<_>>(), ["0", "0"]);
    // Also where the default network is the host's, because none of its own can be made.
    for network in ["--network host", ""] {
        sandbox.words(&format!("run --rm {network} busybox true")).succeeds();
    }
    // Nor does one that the kernel refuses end the container: no group 0 may be mapped.
    sandbox.words("run --rm --network none --userns keep-id busybox true").succeeds();
    sandbox
        .run(["run", "--rm", "--network", "host", "--sysctl", "net.ipv4.ping_group_range=0 0", "busybox", "true"])
        .refuses(125, "Network Namespace set to host");
}

#[test]
fn the_hosts_names_may_be_another_files() {
    let mut sandbox = busybox!();
    let base = sandbox.file("base", "192.0.2.1 first # a comment\n\n# 192.0.2.9 nobody\n192.0.2.2 second\n");
    let text = format!(
        "[containers]\nbase_hosts_file=\"{base}\"\nhost_containers_internal_ip=\"192.0.2.7\"\nnetns=\"host\"\n"
    );
    with_file(&mut sandbox, &text);
    let common = "192.0.2.1\tfirst\n192.0.2.2\tsecond\n127.0.0.1\tlocalhost localhost.localdomain\n\
                  ::1\tlocalhost localhost.localdomain\n192.0.2.7\thost.containers.internal host.docker.internal";
    let hosts = |words: &str| {
        let line = format!("run --rm --hostname boat --name boat {words} busybox cat /etc/hosts");
        sandbox.words(&line).succeeds()
    };
    hosts("").prints(&format!("{common}\n127.0.0.1\tboat boat"));
    // What was asked for comes first; a name that is known already keeps its meaning.
    hosts("--add-host boat:192.0.2.5").prints(&format!("192.0.2.5\tboat\n{common}"));
    // An option wins over the file.
    hosts("--hosts-file none").prints(
        "127.0.0.1\tlocalhost localhost.localdomain\n::1\tlocalhost localhost.localdomain\n\
         192.0.2.7\thost.containers.internal host.docker.internal\n127.0.0.1\tboat boat",
    );
    with_file(
        &mut sandbox,
        "[containers]\nhost_containers_internal_ip=\"none\"\nnetns=\"host\"\nbase_hosts_file=\"none\"\n",
    );
    let line = "run --rm --hostname boat --name boat busybox grep -c . /etc/hosts";
    sandbox.words(line).prints("3");
    with_file(&mut sandbox, "[containers]\nhost_containers_internal_ip=\"nowhere\"\n");
    sandbox.words("run --rm busybox true").refuses(125, "nowhere");
    sandbox.assert_nothing_left();
}
