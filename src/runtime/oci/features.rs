//! What this runtime can do, as `features` tells it (specification, features.md).

use super::container::SPECIFICATION;
use crate::runtime::capabilities;
use serde_json::{Value, json};

/// Hooks, in the order of the life cycle.
const HOOKS: [&str; 6] = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/// Mount options that mean something here; others go to the file system as they are.
const MOUNT_OPTIONS: [&str; 65] = [
    "async",
    "atime",
    "bind",
    "copy",
    "defaults",
    "dev",
    "diratime",
    "exec",
    "idmap",
    "noatime",
    "nocopy",
    "nodev",
    "nodiratime",
    "noexec",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nosymfollow",
    "notmpcopyup",
    "private",
    "ratime",
    "rbind",
    "rdev",
    "rdiratime",
    "relatime",
    "rexec",
    "ridmap",
    "rnoatime",
    "rnodev",
    "rnodiratime",
    "rnoexec",
    "rnorelatime",
    "rnostrictatime",
    "rnosuid",
    "rnosymfollow",
    "ro",
    "rprivate",
    "rrelatime",
    "rro",
    "rrw",
    "rshared",
    "rslave",
    "rstrictatime",
    "rsuid",
    "rsymfollow",
    "runbindable",
    "rw",
    "shared",
    "slave",
    "strictatime",
    "suid",
    "symfollow",
    "sync",
    "dirsync",
    "iversion",
    "noiversion",
    "lazytime",
    "nolazytime",
    "mand",
    "nomand",
    "loud",
    "silent",
    "remount",
    "tmpcopyup",
    "unbindable",
];

/// Namespaces.
const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"];

/// Actions of filters of system calls.
const ACTIONS: [&str; 9] = [
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
];

/// Their comparisons.
const OPERATORS: [&str; 7] =
    ["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"];

/// Their flags.
const FLAGS: [&str; 4] = [
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
];

/// Memory policies (version 1.3 of the specification).
const MEMORY_MODES: [&str; 7] = [
    "MPOL_BIND",
    "MPOL_DEFAULT",
    "MPOL_INTERLEAVE",
    "MPOL_LOCAL",
    "MPOL_PREFERRED",
    "MPOL_PREFERRED_MANY",
    "MPOL_WEIGHTED_INTERLEAVE",
];

/// Their flags.
const MEMORY_FLAGS: [&str; 3] = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"];

/// Annotations of a configuration that change what is done; one that ends with a dot is a beginning.
const ANNOTATIONS: [&str; 2] = ["org.systemd.property.", "run.oci.keep_original_groups"];

/// Architectures a filter can be made for on this machine.
const ARCHITECTURES: &[&str] = match cfg!(target_arch = "x86_64") {
    true => &["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    false => &["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/// The features document.
pub fn features() -> Value {
    let capabilities: Vec<&str> = capabilities::names(capabilities::ALL).collect();
    let mut options = MOUNT_OPTIONS.to_vec();
    options.sort_unstable();
    json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": SPECIFICATION,
        "hooks": HOOKS,
        "mountOptions": options,
        "linux": {
            "namespaces": NAMESPACES,
            "capabilities": capabilities,
            "cgroup": {"v1": false, "v2": true, "systemd": true, "systemdUser": true, "rdma": true},
            "seccomp": {
                "enabled": true,
                "actions": ACTIONS,
                "operators": OPERATORS,
                "archs": ARCHITECTURES,
                "knownFlags": FLAGS,
                "supportedFlags": FLAGS,
            },
            "apparmor": {"enabled": true},
            "selinux": {"enabled": true},
            "intelRdt": {"enabled": false},
            "mountExtensions": {"idmap": {"enabled": true}},
            "netDevices": {"enabled": false},
            "memoryPolicy": {"modes": MEMORY_MODES, "flags": MEMORY_FLAGS},
        },
        "annotations": {
            "org.opencontainers.runc.checkpoint.enabled": "false",
            "run.oci.crun.wasm": "false",
        },
        "potentiallyUnsafeConfigAnnotations": ANNOTATIONS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::init::parse_mount_options;

    #[test]
    fn what_is_told_holds() {
        let as_data = |option: &&&str| parse_mount_options(&[(**option).to_owned()]).data == [(**option).to_owned()];
        // Options of file systems, which the kernel's own parser reads.
        let data: Vec<&&str> = MOUNT_OPTIONS.iter().filter(as_data).collect();
        let expected = ["sync", "dirsync", "lazytime", "nolazytime"];
        assert_eq!(data, expected.iter().collect::<Vec<_>>());
        assert_eq!(features()["linux"]["capabilities"].as_array().map(Vec::len), Some(41));
    }
}
