//! Resource limits that need no cgroup (`--ulimit`).

use crate::{busybox, shell};

#[test]
fn resource_limits_are_set() {
    let sandbox = busybox!();
    shell(&sandbox, &["--ulimit", "nofile=100:200"], "ulimit -Sn; ulimit -Hn").prints("100\n200");
    shell(&sandbox, &["--ulimit", "nofile=150"], "ulimit -Sn; ulimit -Hn").prints("150\n150");
    shell(&sandbox, &["--ulimit", "core=0:0", "--ulimit", "cpu=7"], "ulimit -c; ulimit -t").prints("0\n7");
    shell(&sandbox, &["--ulimit", "fsize=4096"], "head -c 8192 /dev/zero >/tmp/f; stat -c %s /tmp/f").mentions("4096");
}

#[test]
fn the_callers_limits_can_be_kept() {
    let sandbox = busybox!();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let soft = limit.current.map_or("unlimited".to_owned(), |value| value.to_string());
    shell(&sandbox, &["--ulimit", "host"], "ulimit -Sn").prints(&soft);
}

#[test]
fn bad_limits_are_refused() {
    let sandbox = busybox!();
    for limit in ["nonsense=1", "nofile", "nofile=x", "nofile=5:2", "nofile=-2", "=1"] {
        let outcome = shell(&sandbox, &["--ulimit", limit], "true");
        assert_eq!(outcome.code(), 125, "--ulimit {limit}: {outcome:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_starts_where_limits_are_lower_than_where_it_was_made() {
    let sandbox = busybox!();
    sandbox.run(["create", "--name", "boat", "busybox", "sh", "-c", "ulimit -Hn"]).succeeds();
    sandbox.words("inspect --format {{.HostConfig.Ulimits}} boat").prints("[]");
    let mut command = sandbox.command([""; 0]);
    let environment: Vec<_> =
        command.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    let line = format!("ulimit -n 900 && exec {} start -a boat", crate::support::binary().display());
    let output = std::process::Command::new("sh").args(["-c", &line]).env_clear().envs(environment).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "900\n", "{output:?}");
    let format = "{{range .HostConfig.Ulimits}}{{if eq .Name \"RLIMIT_NOFILE\"}}{{.Soft}} {{.Hard}}{{end}}{{end}}";
    sandbox.run(["inspect", "--format", format, "boat"]).prints("900 900");
}
