//! The reserved image name `host`: the machine's own userland as a read-only lower directory.
//!
//! Everything is served by the keeper with the user's own rights, so what the user may not read stays unreadable.
//! What is private, alive or pseudo is shown empty: other people's homes and the user's own, sockets and locks of
//! running services, devices and kernel interfaces, temporary files, other mounted media, coracle's own store.

use super::plan::ImageDefaults;
use super::root::LowerPlan;
use crate::runtime::init::launch::DEFAULT_PATH;
use crate::store::paths::Paths;
use std::path::{Path, PathBuf};

/// The name.
pub const HOST: &str = "host";
/// The name of the embedded image.
pub const HELLO: &str = "hello";

/// Directories that a sandbox of the host shows empty.
const HIDDEN: [&str; 14] = [
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/var/run",
    "/tmp",
    "/var/tmp",
    "/root",
    "/mnt",
    "/media",
    "/lost+found",
    "/boot/efi",
    "/var/lib/docker",
    "/var/lib/containers",
];

/// What a container of the host's userland starts from.
pub fn host(paths: &Paths) -> ImageDefaults {
    let mut masked: Vec<PathBuf> = HIDDEN.iter().map(PathBuf::from).collect();
    masked.extend(homes());
    masked.extend([paths.root.clone(), paths.run_root.clone()]);
    masked.extend(dirs::home_dir());
    masked.retain(|path| path.is_absolute() && path != Path::new("/"));
    masked.sort();
    masked.dedup();
    let shell = std::env::var("SHELL").ok().filter(|shell| Path::new(shell).is_absolute() && Path::new(shell).exists());
    ImageDefaults {
        name: HOST.to_owned(),
        command: vec![shell.unwrap_or_else(|| "/bin/sh".to_owned())],
        environment: vec![format!("PATH={DEFAULT_PATH}")],
        lower: Some(LowerPlan::Directory { path: PathBuf::from("/"), masked }),
        ..ImageDefaults::default()
    }
}

/// Every home directory: those below /home, and where the password file says there are others.
fn homes() -> Vec<PathBuf> {
    let below_home = std::fs::read_dir("/home").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut homes: Vec<PathBuf> = below_home.collect();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let (Some(uid), Some(home)) = (fields.get(2).and_then(|uid| uid.parse::<u32>().ok()), fields.get(5)) else {
            continue;
        };
        let home = PathBuf::from(home);
        // System accounts "live" in /usr/sbin, /var/www, / and so on: those are no one's private place.
        if (1000..60_000).contains(&uid) && home.components().count() > 2 {
            homes.push(home);
        }
    }
    homes
}
