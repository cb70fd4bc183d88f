//! What this process already runs in: a container, a virtual machine of a kind that matters, or nothing.
//!
//! The signs are those systemd-detect-virt(1) goes by, and the marker files and variables the engines leave.

use std::path::Path;

/// The innermost surroundings recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// A container of coracle.
    Coracle,
    /// A pod of Kubernetes.
    Kubernetes,
    /// A container of Podman (or Buildah).
    Podman,
    /// A container of Docker.
    Docker,
    /// LXC or LXD or Incus.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// The Windows Subsystem for Linux.
    Wsl,
    /// Some other container.
    Other,
}

impl Nesting {
    /// The name people use.
    pub fn name(self) -> &'static str {
        match self {
            Nesting::Coracle => "coracle",
            Nesting::Kubernetes => "Kubernetes",
            Nesting::Podman => "Podman",
            Nesting::Docker => "Docker",
            Nesting::Lxc => "LXC",
            Nesting::Nspawn => "systemd-nspawn",
            Nesting::Wsl => "WSL",
            Nesting::Other => "a container",
        }
    }
}

/// The signs, already read.
#[derive(Debug, Default)]
struct Signs {
    /// `$container`, which engines set for pid 1 and often for all.
    variable: String,
    /// `$KUBERNETES_SERVICE_HOST` is set.
    kubernetes: bool,
    /// /run/.containerenv, which Podman and coracle make; its text.
    containerenv: Option<String>,
    /// /.dockerenv exists.
    dockerenv: bool,
    /// /run/systemd/container, written by systemd inside a container.
    systemd: String,
    /// The kernel's release.
    release: String,
    /// /proc/1/cgroup.
    cgroup: String,
}

/// Looks for the signs of every kind.
pub fn detect() -> Option<Nesting> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    decide(&Signs {
        variable: std::env::var("container").unwrap_or_default(),
        kubernetes: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        containerenv: std::fs::read_to_string("/run/.containerenv").ok(),
        dockerenv: Path::new("/.dockerenv").exists(),
        systemd: read("/run/systemd/container"),
        release: super::kernel_release(),
        cgroup: read("/proc/1/cgroup"),
    })
}

fn decide(signs: &Signs) -> Option<Nesting> {
    let named = [signs.variable.trim(), signs.systemd.trim()];
    let is = |name: &str| named.contains(&name);
    // Podman sets the variable to its own name; coracle, like other engines, to `oci`.
    let marked = signs.containerenv.is_some();
    if is("coracle")
        || (marked && is("oci"))
        || signs.containerenv.as_deref().is_some_and(|text| text.contains("coracle"))
    {
        return Some(Nesting::Coracle);
    }
    if signs.kubernetes || signs.cgroup.contains("kubepods") {
        return Some(Nesting::Kubernetes);
    }
    if is("podman") || marked {
        return Some(Nesting::Podman);
    }
    if is("docker") || signs.dockerenv || signs.cgroup.contains("/docker/") {
        return Some(Nesting::Docker);
    }
    if is("lxc") || is("lxc-libvirt") || signs.cgroup.contains("/lxc/") {
        return Some(Nesting::Lxc);
    }
    if is("systemd-nspawn") {
        return Some(Nesting::Nspawn);
    }
    if signs.release.to_ascii_lowercase().contains("microsoft") {
        return Some(Nesting::Wsl);
    }
    named.iter().any(|name| !name.is_empty()).then_some(Nesting::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_sign() {
        let none = Signs::default;
        let cases = [
            (none(), None),
            (Signs { variable: "coracle".into(), dockerenv: true, ..none() }, Some(Nesting::Coracle)),
            (Signs { kubernetes: true, ..none() }, Some(Nesting::Kubernetes)),
            (Signs { variable: "oci".into(), containerenv: Some(String::new()), ..none() }, Some(Nesting::Coracle)),
            (Signs { variable: "podman".into(), containerenv: Some(String::new()), ..none() }, Some(Nesting::Podman)),
            (Signs { dockerenv: true, ..none() }, Some(Nesting::Docker)),
            (Signs { systemd: "lxc\n".into(), ..none() }, Some(Nesting::Lxc)),
            (Signs { variable: "systemd-nspawn".into(), ..none() }, Some(Nesting::Nspawn)),
            (Signs { release: "5.15.0-microsoft-standard-WSL2".into(), ..none() }, Some(Nesting::Wsl)),
            (Signs { variable: "rkt".into(), ..none() }, Some(Nesting::Other)),
        ];
        for (signs, expected) in cases {
            assert_eq!(decide(&signs), expected, "{signs:?}");
        }
    }
}
