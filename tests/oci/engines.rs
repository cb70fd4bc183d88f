//! Engines of Debian that run containers by coracle: containerd, podman and Slurm, as root on this machine.
//!
//! Each has directories, sockets and a mount namespace of its own, in which control groups of version 2 are mounted (Slurm: a
//! network and a host name of its own, too), and runs BusyBox from an archive that the test makes, and Python, which it gets
//! from the host's `/usr`.

use crate::bundle::is_real_root;
use crate::support::{Sandbox, binary, program, skip};
use std::process::{Command, Stdio};

/// What the script in the engine's mount namespace needs.
struct Stage {
    sandbox: Sandbox,
    script: String,
}

impl Stage {
    /// A sandbox with a root file system and the runtime's link, and the beginning of a script; or why not.
    fn new(tools: &[&str]) -> Result<Self, String> {
        if !is_real_root() {
            return Err("needs root".to_owned());
        }
        if !std::path::Path::new("/usr/bin/python3").exists() {
            return Err("python3 is not installed".to_owned());
        }
        let missing = ["unshare", "busybox", "timeout", "tar"].iter().chain(tools).find(|tool| program(tool).is_none());
        if let Some(tool) = missing {
            return Err(format!("{tool} is not installed"));
        }
        let sandbox = Sandbox::new();
        let work = sandbox.work();
        let root = work.join("rootfs/bin");
        std::fs::create_dir_all(&root).expect("a directory is made");
        std::fs::copy(program("busybox").expect("it is there"), root.join("busybox")).expect("it is copied");
        for name in ["sh", "echo", "sleep", "id", "true"] {
            std::os::unix::fs::symlink("busybox", root.join(name)).expect("a link is made");
        }
        for name in ["usr", "proc", "sys", "dev", "tmp"] {
            std::fs::create_dir_all(work.join("rootfs").join(name)).expect("a directory is made");
        }
        for name in ["lib", "lib64"] {
            std::os::unix::fs::symlink(format!("usr/{name}"), work.join("rootfs").join(name)).expect("a link is made");
        }
        std::os::unix::fs::symlink(binary(), work.join("coracle-runtime")).expect("a link is made");
        let work = work.display();
        let script = format!("set -u\ncd {work}\nmount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77\n");
        Ok(Stage { sandbox, script })
    }

    /// Runs the script with more lines in a mount namespace of its own; `None` when it says that it cannot be run here.
    fn run(self, lines: &str) -> Option<String> {
        let script = self.script + lines;
        let path = self.sandbox.file("stage.sh", &script);
        let output = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "timeout", "--kill-after=5", "240", "bash", &path])
            .stdin(Stdio::null())
            .output()
            .expect("unshare runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(77) => None,
            _ => Some(text),
        }
    }
}

/// Asserts that lines stand in a text in their order.
fn assert_in_order(text: &str, lines: &[&str]) {
    let mut rest = text.lines();
    for line in lines {
        assert!(rest.any(|found| found.trim_end() == *line), "{line:?} is missing in:\n{text}");
    }
}

#[test]
fn podman_runs_containers_by_this_runtime() {
    let stage = match Stage::new(&["podman", "conmon"]) {
        Ok(stage) => stage,
        Err(reason) => skip!("{reason}"),
    };
    let text = stage.run(
        r#"
p() {
    podman --root "$PWD/storage" --runroot "$PWD/run" --runtime "$PWD/coracle-runtime" --cgroup-manager cgroupfs \
        --storage-driver vfs --events-backend file "$@"
}
tar -C rootfs -cf image.tar . && p import -q image.tar bird >/dev/null || exit 77
p run --rm --network none bird sh -c 'echo runs as $(id -u)'
p run --rm --network none bird sh -c 'exit 7'; echo "code $?"
p run --rm --network none -v /usr:/usr:ro bird /usr/bin/python3 -c 'import os, json; print("python", json.dumps(os.getpid()))'
p run -d --name boat --network none bird sleep 1000 >/dev/null
p exec boat echo within; echo "code $?"
p run --rm --network none bird no-such; echo "code $?"
p kill boat >/dev/null; p wait boat; p rm -f boat >/dev/null; echo "code $?"
"#,
    );
    let Some(text) = text else { skip!("podman has no place to keep images in here") };
    assert_in_order(&text, &["runs as 0", "code 7", "python 1", "within", "code 0", "code 127", "137", "code 0"]);
}

#[test]
fn containerd_runs_containers_by_this_runtime() {
    let stage = match Stage::new(&["containerd", "ctr", "containerd-shim-runc-v2"]) {
        Ok(stage) => stage,
        Err(reason) => skip!("{reason}"),
    };
    let text = stage.run(
        r#"
cat >config.toml <<END
version = 2
root = "$PWD/root"
state = "$PWD/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$PWD/socket"
END
containerd -c config.toml >containerd.log 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon' EXIT
c() { ctr -a "$PWD/socket" "$@"; }
until c version >/dev/null 2>&1; do kill -0 $daemon || { tail -n 5 containerd.log; exit 77; }; sleep 0.1; done
# The shims' directory is the machine's: names are this test's own.
me=$(basename "$(dirname "$PWD")")
r() { c run --runc-binary "$PWD/coracle-runtime" --rootfs "$@"; }
r --rm "$PWD/rootfs" "one-$me" sh -c 'echo runs as $(id -u)'
r --rm "$PWD/rootfs" "two-$me" sh -c 'exit 7'; echo "code $?"
r --rm --mount type=bind,src=/usr,dst=/usr,options=rbind:ro "$PWD/rootfs" "snake-$me" \
    /usr/bin/python3 -c 'import os, json; print("python", json.dumps(os.getpid()))'
r -d "$PWD/rootfs" "three-$me" sleep 1000; echo "code $?"
c task exec --exec-id e "three-$me" echo within; echo "code $?"
c task kill -s KILL "three-$me"; until c task ls | grep -q STOPPED; do sleep 0.1; done
c task rm "three-$me"; c container rm "three-$me"; c container ls -q; echo "left"
"#,
    );
    let Some(text) = text else { skip!("containerd does not start here") };
    assert_in_order(&text, &["runs as 0", "code 7", "python 1", "code 0", "within", "code 0", "left"]);
}

/// The configuration that is shipped, but for the place of the states.
#[test]
fn slurm_runs_and_cancels_containers_by_this_runtime() {
    let stage = match Stage::new(&["slurmctld", "slurmd", "srun", "scancel", "squeue", "sinfo", "ip", "hostname"]) {
        Ok(stage) => stage,
        Err(reason) => skip!("{reason}"),
    };
    let shipped = include_str!("../../packaging/slurm/oci.conf");
    let states = stage.sandbox.work().join("states").display().to_string();
    stage.sandbox.file("oci.conf", &shipped.replace("/tmp/coracle-oci", &states));
    stage.sandbox.run(["oci", "--rootless=false", "spec"]).succeeds();
    let text = stage.run(
        r#"
# All within has a network, a host name and process numbers of its own: names and ports are free, and nothing is left.
cat >slurm.sh <<'END'
hostname harbour; ip link set lo up; ip addr add 10.88.0.1/32 dev lo
export PATH="$PWD:$PATH" SLURM_CONF="$PWD/slurm.conf"
sed -e 's/"terminal": true/"terminal": false/' -e 's/"readonly": true/"readonly": false/' config.json >bundle/config.json
mv rootfs bundle/rootfs
cat >slurm.conf <<CONF
ClusterName=boat
SlurmctldHost=harbour(127.0.0.1)
SlurmUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool
SlurmctldPidFile=$PWD/ctld.pid
SlurmdPidFile=$PWD/d.pid
SlurmctldLogFile=$PWD/ctld.log
SlurmdLogFile=$PWD/d.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=1
SlurmdParameters=config_overrides
NodeName=harbour NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=harbour Default=YES MaxTime=INFINITE State=UP
CONF
# Nothing of it is used; the other version refuses a host that has both.
printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' >cgroup.conf
slurmctld -D -f slurm.conf >ctld.out 2>&1 & ctld=$!
slurmd -D -f slurm.conf -N harbour >d.out 2>&1 & d=$!
until [ "$(timeout 5 sinfo -h -o %t 2>/dev/null)" = idle ]; do
    kill -0 $ctld && kill -0 $d || { tail -n 5 ctld.log d.log; exit 77; }
    sleep 0.1
done 2>/dev/null
srun --container="$PWD/bundle" sh -c 'echo runs as $(id -u)'
srun --quiet --container="$PWD/bundle" sh -c 'exit 7'; echo "code $?"
sed -i 's#"mounts": \[#&{"destination": "/usr", "type": "none", "source": "/usr", "options": ["rbind", "ro"]},#' bundle/config.json
srun --container="$PWD/bundle" /usr/bin/python3 -c 'import os, json; print("python", json.dumps(os.getpid()))'
srun --quiet --job-name=long --container="$PWD/bundle" sh -c 'echo begun >/tmp/begun; exec sleep 1000' &
until [ -e bundle/rootfs/tmp/begun ]; do kill -0 $! || break; sleep 0.1; done
pidof sleep >/dev/null && echo begun
scancel --name=long; wait $!
until [ -z "$(squeue -h)" ]; do sleep 0.1; done
pgrep -f 'sleep 1000' || echo ended
ls states-root
echo "left"
END
mkdir bundle state spool
# The first process must reap others' children, which a shell does: Slurm waits for those of its steps.
timeout --signal=KILL 200 unshare --net --uts --pid --fork --kill-child --mount-proc bash slurm.sh
"#,
    );
    let Some(text) = text else { skip!("Slurm does not start here") };
    assert_in_order(&text, &["runs as 0", "code 7", "python 1", "begun", "ended", "left"]);
}
