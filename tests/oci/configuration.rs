//! config.md and config-linux.md: what a configuration says holds for the process.

use crate::bundle::{Bundle, bundle, is_real_root};
use serde_json::{Value, json};

/// A section, a change of the configuration, a script, and what it prints.
type Case = (&'static str, fn(&mut Value), &'static str, &'static str);

fn add_mount(config: &mut Value, mount: Value) {
    config["mounts"].as_array_mut().expect("mounts are a list").push(mount);
}

const CASES: &[Case] = &[
    (
        "process.env",
        |config| config["process"]["env"] = json!(["PATH=/bin", "A=b c"]),
        "echo \"$A\" $HOME",
        "b c /root",
    ),
    ("process.cwd", |config| config["process"]["cwd"] = json!("/made/new"), "pwd", "/made/new"),
    ("process.user.umask", |config| config["process"]["user"]["umask"] = json!(0o077), "umask", "0077"),
    (
        "process.rlimits",
        |config| config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]),
        "ulimit -Sn; ulimit -Hn",
        "100\n200",
    ),
    (
        "process.noNewPrivileges",
        |config| config["process"]["noNewPrivileges"] = json!(true),
        "grep NoNewPrivs /proc/self/status",
        "NoNewPrivs:\t1",
    ),
    (
        "process.noNewPrivileges off",
        |config| config["process"]["noNewPrivileges"] = json!(false),
        "grep NoNewPrivs /proc/self/status",
        "NoNewPrivs:\t0",
    ),
    (
        "process.capabilities",
        |config| {
            config["process"]["capabilities"] = json!({
                "bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_FUTURE"], "effective": ["CAP_KILL"],
                "permitted": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"],
            });
        },
        "grep -E 'Cap(Inh|Prm|Bnd|Amb)' /proc/self/status | cut -f 2",
        // Under no_new_privs root's exec gives nothing beyond what was permitted.
        "0000000000000020\n0000000000000020\n0000000000000021\n0000000000000020",
    ),
    (
        "process.capabilities none",
        |config| config["process"]["capabilities"] = Value::Null,
        "grep CapBnd /proc/self/status",
        "CapBnd:\t0000000000000000",
    ),
    (
        "process.oomScoreAdj",
        |config| config["process"]["oomScoreAdj"] = json!(900),
        "cat /proc/self/oom_score_adj",
        "900",
    ),
    (
        "process.ioPriority",
        |config| config["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_IDLE", "priority": 0}),
        "ionice -p $$",
        "idle",
    ),
    (
        "process.scheduler",
        |config| config["process"]["scheduler"] = json!({"policy": "SCHED_BATCH", "nice": 5}),
        "cut -d ' ' -f 19,41 /proc/self/stat",
        "5 3",
    ),
    ("hostname", |config| config["hostname"] = json!("harbour"), "hostname", "harbour"),
    (
        "domainname",
        |config| config["domainname"] = json!("sea.example"),
        "cat /proc/sys/kernel/domainname",
        "sea.example",
    ),
    (
        "root.readonly",
        |config| config["root"]["readonly"] = json!(true),
        "touch /x 2>/dev/null || echo refused",
        "refused",
    ),
    (
        "mounts tmpfs",
        |config| {
            add_mount(
                config,
                json!({"destination": "/made/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["noexec", "size=64k", "mode=1770"]}),
            )
        },
        "grep ' /made/tmp ' /proc/mounts | grep -c 'noexec.*size=64k.*mode=1770'",
        "1",
    ),
    (
        "mounts bind, source relative to the bundle",
        |config| {
            add_mount(
                config,
                json!({"destination": "/made/config", "type": "bind", "source": "config.json", "options": ["bind", "ro"]}),
            )
        },
        "grep -c ociVersion /made/config; echo >/made/config 2>/dev/null || echo refused",
        "1\nrefused",
    ),
    (
        "mounts recursively read-only",
        |config| {
            add_mount(config, json!({"destination": "/made/a", "type": "tmpfs", "source": "tmpfs"}));
            add_mount(
                config,
                json!({"destination": "/made/tree", "type": "bind", "source": "tree", "options": ["rbind", "rro"]}),
            );
        },
        "touch /made/tree/x 2>/dev/null || echo refused; touch /made/a/x && echo fine",
        "refused\nfine",
    ),
    (
        "mounts source of a file system, which has no file",
        |config| add_mount(config, json!({"destination": "/made/tmp", "type": "tmpfs", "source": "a-name"})),
        "grep ' /made/tmp ' /proc/mounts | cut -d ' ' -f 1,3",
        "a-name tmpfs",
    ),
    (
        "mounts type is optional with bind",
        |config| {
            add_mount(config, json!({"destination": "/made/config", "source": "config.json", "options": ["rbind"]}))
        },
        "grep -c ociVersion /made/config",
        "1",
    ),
    (
        "mounts in the listed order",
        |config| {
            add_mount(
                config,
                json!({"destination": "/made/a", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0700"]}),
            );
            add_mount(config, json!({"destination": "/made/a/b", "type": "tmpfs", "source": "tmpfs"}));
            add_mount(
                config,
                json!({"destination": "/made/a", "type": "tmpfs", "source": "tmpfs", "options": ["mode=0750"]}),
            );
        },
        "stat -c %a /made/a; ls /made/a | wc -l; grep -c ' /made/a' /proc/mounts",
        "750\n0\n3",
    ),
    (
        "mounts options of the mount",
        |config| {
            for (name, options) in [
                ("one", json!(["ro", "nosuid", "nodev", "noexec", "noatime"])),
                ("two", json!(["strictatime", "nodiratime"])),
                ("three", json!(["ro", "rw", "noexec", "exec", "relatime", "nosuid", "suid"])),
            ] {
                let destination = format!("/made/{name}");
                add_mount(
                    config,
                    json!({"destination": destination, "type": "tmpfs", "source": "t", "options": options}),
                );
            }
        },
        "for n in one two three; do grep \" /made/$n \" /proc/self/mountinfo | cut -d ' ' -f 6; done",
        "ro,nosuid,nodev,noexec,noatime\nrw,nodiratime\nrw,relatime",
    ),
    (
        "mounts options without effect",
        |config| {
            let options = ["silent", "loud", "mand", "nomand", "iversion", "noiversion", "remount", "sync", "async"];
            add_mount(config, json!({"destination": "/made/one", "type": "tmpfs", "source": "t", "options": options}));
        },
        "grep -c ' /made/one ' /proc/mounts",
        "1",
    ),
    (
        "mounts recursive options",
        |config| {
            add_mount(
                config,
                json!({"destination": "/made/tree", "type": "bind", "source": "tree",
                "options": ["rbind", "rro", "rnosuid", "rnodev", "rnoexec"]}),
            );
        },
        "grep ' /made/tree ' /proc/self/mountinfo | grep -c 'ro,nosuid,nodev,noexec'",
        "1",
    ),
    (
        "mounts propagation",
        |config| {
            for (name, word) in [("s", "rshared"), ("p", "private"), ("u", "unbindable")] {
                let destination = format!("/made/{name}");
                add_mount(
                    config,
                    json!({"destination": destination, "type": "bind", "source": "tree", "options": ["bind", word]}),
                );
            }
        },
        "for n in s p u; do grep \" /made/$n \" /proc/self/mountinfo | grep -c 'shared:\\|unbindable'; done",
        "1\n0\n1",
    ),
    (
        "mounts tmpcopyup",
        |config| {
            add_mount(
                config,
                json!({"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}),
            );
        },
        "grep -c root /etc/passwd; touch /etc/x && echo fine",
        "1\nfine",
    ),
    (
        "Extensibility: what is not known is passed over",
        |config| {
            config["x-unknown"] = json!({"a": [1, 2]});
            config["process"]["x-unknown"] = json!(true);
            config["linux"]["x-unknown"] = json!("text");
        },
        "echo fine",
        "fine",
    ),
    (
        "process.commandLine and consoleSize without a terminal are passed over",
        |config| {
            config["process"]["consoleSize"] = json!({"height": 10, "width": 20});
            config["process"]["commandLine"] = json!("never");
        },
        "echo fine",
        "fine",
    ),
    (
        "process.apparmorProfile, process.selinuxLabel, linux.mountLabel where the host has neither: told, not refused",
        |config| {
            if !std::path::Path::new("/sys/module/apparmor/parameters/enabled").exists() {
                config["process"]["apparmorProfile"] = json!("a-profile");
            }
            if !std::path::Path::new("/sys/fs/selinux/enforce").exists() {
                config["process"]["selinuxLabel"] = json!("system_u:system_r:a_t:s0");
                config["linux"]["mountLabel"] = json!("system_u:object_r:a_t:s0");
            }
        },
        "echo fine",
        "fine",
    ),
    (
        "linux.namespaces: none of a kind is the runtime's own",
        |config| {
            let kept = ["pid", "mount", "user"];
            let namespaces = config["linux"]["namespaces"].as_array_mut().expect("a list");
            namespaces.retain(|namespace| kept.iter().any(|kind| namespace["type"] == **kind));
            config.as_object_mut().expect("an object").remove("hostname");
            // An instance of these belongs to who owns the namespace.
            let mounts = config["mounts"].as_array_mut().expect("a list");
            mounts.retain(|mount| !["mqueue", "sysfs"].iter().any(|kind| mount["type"] == **kind));
            let own = |name: &str| std::fs::read_link(format!("/proc/self/ns/{name}")).expect("it is there");
            let names = ["net", "ipc", "uts"].map(|name| own(name).display().to_string()).join("\n");
            config["process"]["env"] = json!(["PATH=/bin", format!("OWN={names}")]);
        },
        "for n in net ipc uts; do readlink /proc/self/ns/$n; done >/tmp/found; echo \"$OWN\" >/tmp/own; \
         test \"$(cat /tmp/found)\" = \"$(cat /tmp/own)\" && echo same",
        "same",
    ),
    (
        "linux.uidMappings, linux.gidMappings",
        |_| (),
        "test $(cat /proc/self/uid_map | wc -l) -ge 1 && test $(cat /proc/self/gid_map | wc -l) -ge 1 && id -u",
        "0",
    ),
    (
        "linux.cgroupsPath, linux.resources: what cannot be enforced is told, not refused",
        |config| {
            config["linux"]["resources"] = json!({
                "memory": {"limit": 1_073_741_824, "reservation": 536_870_912},
                "cpu": {"shares": 1024, "quota": 100_000, "period": 100_000}, "pids": {"limit": 1000},
                "unified": {"memory.high": "1073741824"},
            });
        },
        "echo fine",
        "fine",
    ),
    (
        "linux.timeOffsets",
        |config| {
            config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "time"}));
            config["linux"]["timeOffsets"] = json!({"monotonic": {"secs": 7200}, "boottime": {"secs": 86_400_000}});
        },
        "cat /proc/self/timens_offsets | tr -s ' ' | cut -d ' ' -f 1,2; test $(cut -d . -f 1 /proc/uptime) -gt 86400000 && echo later",
        "monotonic 7200\nboottime 86400000\nlater",
    ),
    (
        "linux.sysctl",
        |config| config["linux"]["sysctl"] = json!({"kernel.shmmni": "1234"}),
        "cat /proc/sys/kernel/shmmni",
        "1234",
    ),
    (
        "linux.seccomp",
        |config| {
            config["linux"]["seccomp"] = json!({
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}],
            });
        },
        "mkdir /tmp/x 2>&1 | grep -c 'nput/output error'; grep -w Seccomp /proc/self/status",
        "1\nSeccomp:\t2",
    ),
    (
        "linux.seccomp arguments",
        |config| {
            config["linux"]["seccomp"] = json!({
                "defaultAction": "SCMP_ACT_ALLOW",
                "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22,
                    "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}, {"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}],
            });
        },
        "linux64 echo allowed; linux32 echo allowed 2>/dev/null || echo refused",
        "allowed\nrefused",
    ),
    (
        "linux.seccomp default action with its own error, flags",
        |config| {
            config["linux"]["seccomp"] = json!({
                "defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
                "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO"}],
            });
        },
        "hostname other 2>&1 | grep -c 'not permitted'; grep -w Seccomp /proc/self/status",
        "1\nSeccomp:\t2",
    ),
    (
        "linux.maskedPaths",
        |config| config["linux"]["maskedPaths"] = json!(["/proc/meminfo", "/sys/class", "/no/such"]),
        "cat /proc/meminfo; ls /sys/class; echo end",
        "end",
    ),
    (
        "linux.readonlyPaths",
        |config| config["linux"]["readonlyPaths"] = json!(["/tmp", "/no/such"]),
        "touch /tmp/x 2>/dev/null || echo refused",
        "refused",
    ),
    (
        "linux.rootfsPropagation",
        |config| config["linux"]["rootfsPropagation"] = json!("private"),
        "grep -c ' / / .*shared:\\|master:' /proc/self/mountinfo",
        "0",
    ),
    (
        "linux.rootfsPropagation shared",
        |config| config["linux"]["rootfsPropagation"] = json!("shared"),
        "grep -c ' [^ ]* / [^ ]* shared:' /proc/self/mountinfo",
        "1",
    ),
    (
        "linux.rootfsPropagation unbindable",
        |config| config["linux"]["rootfsPropagation"] = json!("unbindable"),
        "grep -c ' [^ ]* / [^ ]* unbindable' /proc/self/mountinfo",
        "1",
    ),
    (
        "linux.personality",
        |config| config["linux"]["personality"] = json!({"domain": "LINUX32"}),
        "cat /proc/self/personality",
        "00000008",
    ),
    (
        "Default Devices",
        |_| (),
        "for name in null zero full random urandom tty; do test -c /dev/$name || echo $name; done; echo x >/dev/null && echo fine",
        "fine",
    ),
    (
        "Dev symbolic links",
        |_| (),
        "for name in fd stdin stdout stderr ptmx; do readlink /dev/$name; done",
        "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx",
    ),
    (
        "Default Filesystems that spec lists",
        |_| (),
        "for place in /proc:proc /sys:sysfs /dev/pts:devpts /dev/shm:tmpfs; do grep -q \" ${place%:*} ${place#*:} \" /proc/mounts || echo $place; done; echo end",
        "end",
    ),
    ("nothing of the caller's mounts", |_| (), "grep -c /rootfs /proc/mounts", "0"),
];

#[test]
fn what_it_says_holds() {
    let mut wrong = Vec::new();
    for (section, change, script, expected) in CASES {
        let mut bundle = bundle!();
        std::fs::create_dir(bundle.sandbox.work().join("tree")).expect("a directory is made");
        std::os::unix::fs::symlink("busybox", bundle.root().join("bin/tr")).expect("a link is made");
        let outcome = bundle.script(script).change(change).run();
        if outcome.text() != *expected {
            wrong.push(format!("{section}: {:?} {:?}", outcome.text(), outcome.errors()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A change of the configuration, and what is told when it is refused.
type Refusal = (fn(&mut Value), &'static str);

const REFUSED: &[Refusal] = &[
    (|config| config["ociVersion"] = json!("9.0.0"), "unsupported \"ociVersion\""),
    (|config| config["ociVersion"] = json!(""), "SemVer"),
    (|config| config["process"]["args"] = json!([]), "must not be empty"),
    (|config| config["process"]["cwd"] = json!("here"), "Cwd must be an absolute path"),
    (|config| config["process"]["user"]["gid"] = json!(u32::MAX), "which is no id"),
    (|config| config["linux"]["devices"] = json!([{"path": "/dev/x", "type": "p", "uid": u32::MAX}]), "which is no id"),
    (|config| config["root"]["path"] = json!("no-such"), "no such file or directory"),
    (|config| config["linux"]["intelRdt"] = json!({}), "intelRdt"),
    (|config| config["linux"]["sysctl"] = json!({"vm.swappiness": "1"}), "vm.swappiness"),
    (|config| config["linux"]["sysctl"] = json!({"kernel.hostname": "a"}), "conflicts with the OCI \"hostname\" field"),
    (|config| config["linux"]["netDevices"] = json!({"eth9": {}}), "netDevices"),
    (
        |config| config["linux"]["memoryPolicy"] = json!({"mode": "MPOL_BIND", "nodes": "0-9876543210"}),
        "invalid memory nodes",
    ),
    (|config| config["linux"]["rootfsPropagation"] = json!("sideways"), "rootfsPropagation=sideways is not supported"),
    (
        |config| add_mount(config, json!({"destination": "/proc/sys/kernel", "type": "tmpfs", "source": "tmpfs"})),
        "inside /proc",
    ),
    (
        |config| {
            add_mount(config, json!({"destination": "/x", "type": "bind", "source": "/no/such", "options": ["bind"]}))
        },
        "no such file or directory",
    ),
    (
        |config| config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "pid"})),
        "duplicated ns",
    ),
    (|config| config["linux"]["seccomp"] = json!({"defaultAction": "SCMP_ACT_PERHAPS"}), "SCMP_ACT_PERHAPS"),
    (|config| config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 9, "hard": 1}]), "nofile"),
];

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    for (change, told) in REFUSED {
        let mut bundle = bundle!();
        bundle.script("true").change(change);
        bundle.run().refuses(1, told);
        bundle.oci(&["list", "-q"]).prints("");
    }
}

/// Namespaces by path: those of a running container.
#[test]
fn namespaces_are_joined_by_path() {
    let mut first = bundle!();
    first.script("exec sleep 1000").change(|config| config["hostname"] = "harbour".into()).write();
    first.leave(&["run", "--detach", "one"]).succeeds();
    let pid = first.state("one")["pid"].to_string();
    let mut second = bundle!();
    second.change(|config| {
        config.as_object_mut().expect("an object").remove("hostname");
        let kinds = [("uts", "uts"), ("ipc", "ipc"), ("pid", "pid"), ("network", "net"), ("user", "user")];
        for namespace in config["linux"]["namespaces"].as_array_mut().expect("a list") {
            if let Some((_, file)) = kinds.iter().find(|(kind, _)| namespace["type"] == *kind) {
                namespace["path"] = json!(format!("/proc/{pid}/ns/{file}"));
            }
        }
        config["linux"].as_object_mut().expect("an object").remove("uidMappings");
        config["linux"].as_object_mut().expect("an object").remove("gidMappings");
    });
    let outcome = second
        .script("hostname; cat /proc/1/comm; readlink /proc/self/ns/uts; readlink /proc/self/ns/ipc")
        .run()
        .succeeds();
    let own =
        |name: &str| std::fs::read_link(format!("/proc/{pid}/ns/{name}")).expect("it lives").display().to_string();
    outcome.prints(&format!("harbour\nsleep\n{}\n{}", own("uts"), own("ipc")));
    first.oci(&["delete", "--force", "one"]).succeeds();
}

/// Devices of the configuration, with owner and mode: only real root makes nodes.
#[test]
fn devices_have_their_numbers() {
    let mut bundle = bundle!();
    bundle.change(|config| {
        config["linux"]["devices"] =
            json!([{"path": "/dev/zero2", "type": "c", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 0, "gid": 0}]);
        if !is_real_root() {
            config["linux"]["devices"][0]["path"] = json!("/dev/zero");
        }
    });
    let expected = if is_real_root() { "640 1:5" } else { "666 1:5" };
    let path = if is_real_root() { "/dev/zero2" } else { "/dev/zero" };
    bundle.script(&format!("stat -c '%a %t:%T' {path}")).run().succeeds().prints(expected);
}

/// In a user namespace the nodes are made outside of it.
#[test]
fn devices_in_a_user_namespace_of_roots_are_the_containers_own() {
    let mut bundle = bundle!();
    if !is_real_root() {
        crate::support::skip!("only real root makes device nodes");
    }
    bundle.change(|config| {
        let whole = json!([{"containerID": 0, "hostID": 0, "size": 4_294_967_295u32}]);
        config["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "user"}));
        config["linux"]["uidMappings"] = whole.clone();
        config["linux"]["gidMappings"] = whole;
        config["linux"]["devices"] =
            json!([{"path": "/dev/zero2", "type": "c", "major": 1, "minor": 5, "fileMode": 0o640, "uid": 10, "gid": 11}]);
    });
    bundle.script("stat -c '%a %t:%T %u:%g' /dev/zero2; grep -c ' /dev/zero2 ' /proc/mounts");
    bundle.run().succeeds().prints("640 1:5 10:11\n1");
}

/// config-linux.md "Namespaces": a type that is not listed is inherited, that of mounts as well.
#[test]
fn without_a_mount_namespace_mounts_are_the_runtimes_own_and_go_with_the_container() {
    let mut bundle = bundle!();
    bundle.change(|config| {
        config.as_object_mut().expect("an object").remove("hostname");
        let namespaces = config["linux"]["namespaces"].as_array_mut().expect("a list");
        namespaces.retain(|namespace| namespace["type"] == "user");
        // An instance of these belongs to who owns the other namespaces; hiding is for those who have their own.
        config["mounts"].as_array_mut().expect("mounts are a list").retain(|mount| mount["destination"] == "/dev");
        add_mount(config, json!({"destination": "/made/tmp", "type": "tmpfs", "source": "t"}));
        config["linux"]["maskedPaths"] = json!([]);
        config["linux"]["readonlyPaths"] = json!([]);
    });
    if !is_real_root() {
        bundle.script("echo fine");
        let outcome = bundle.run().exits(0).complains("has no mount namespace");
        assert_eq!(outcome.text(), "fine");
        return;
    }
    bundle.script("exec sleep 1000").write();
    // In a namespace that is this test's own: what is left behind goes with it.
    let script = r#"
states=$1 root=$(readlink -f rootfs)
oci() { "$BINARY" oci --root "$states" "$@"; }
own=$(readlink /proc/self/ns/mnt)
before=$(grep -c . /proc/self/mountinfo)
oci run --detach one </dev/null >/dev/null 2>&1 || echo "does not run"
pid=$(oci state one | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
test "$(readlink /proc/$pid/ns/mnt)" = "$own" && echo inherited
grep " $root/made/tmp " /proc/self/mountinfo | cut -d ' ' -f 4
oci exec one ls -d /bin/busybox /made/tmp /home
oci delete --force one
test "$(grep -c . /proc/self/mountinfo)" = "$before" && echo gone
"#;
    let states = bundle.sandbox.run_directory().join("oci");
    let output = std::process::Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .arg(&states)
        .env("BINARY", crate::support::binary())
        .current_dir(bundle.sandbox.work())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("unshare runs");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(text, "inherited\n/\n/bin/busybox\n/made/tmp\ngone\n", "{errors}");
    assert!(errors.contains("/home"), "only the container's root is to be seen: {errors}");
}

/// A user other than root, with groups; needs more than one mapped id.
#[test]
fn the_user_and_its_groups() {
    let mut bundle: Bundle = bundle!();
    if !is_real_root() {
        crate::support::skip!("only real root has ids to give without further helpers");
    }
    bundle.change(|config| config["process"]["user"] = json!({"uid": 1000, "gid": 1001, "additionalGids": [5, 7]}));
    let script = "id -u; id -g; id -G; echo fine >/dev/stdout";
    bundle.script(script).run().succeeds().prints("1000\n1001\n1001 5 7\nfine");
}
