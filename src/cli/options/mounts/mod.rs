//! Mounts, devices and what of the root may be written: `-v`, `--mount`, `--tmpfs` and their kin.

mod error;
mod glob;
mod mount;
mod volume;

pub(crate) use error::MountError;

use super::{OptionError, Surroundings};
use crate::cli::configuration::Containers;
use crate::cli::values;
use crate::engine::request::{ContainerRequest, MountKind, MountRequest};
use clap::Args;
use std::collections::HashMap;

#[derive(Args, Debug, Default)]
pub(crate) struct MountOptions {
    /// Mount a directory (SOURCE is a path: /... or ./...) or a volume (SOURCE is its name), OPTIONS as ro, O (changes are
    /// thrown away), map=user (files belong to the container's user inside and to you outside); may be repeated
    #[arg(short, long, value_name = "[SOURCE:]DIR[:OPTIONS]")]
    pub(super) volume: Vec<String>,
    /// Mount something: type=bind|volume|tmpfs|devpts|image,src=SOURCE,dst=DIR[,OPTION...]; may be repeated
    #[arg(long, value_name = "MOUNT")]
    pub(super) mount: Vec<String>,
    /// Mount an empty file system in memory; may be repeated
    #[arg(long, value_name = "DIR[:OPTIONS]")]
    pub(super) tmpfs: Vec<String>,
    /// Mount all volumes of another container; may be repeated
    #[arg(long, value_name = "CONTAINER[:OPTIONS]", value_delimiter = ',')]
    pub(super) volumes_from: Vec<String>,
    /// Make the root file system read-only
    #[arg(long)]
    pub(super) read_only: bool,
    /// With --read-only, keep /run, /tmp and /var/tmp writable in memory [default: true]
    #[arg(long, default_value = "true")]
    pub(super) read_only_tmpfs: bool,
    /// Size of /dev/shm, e.g. 64m [default: 64m]
    #[arg(long, value_name = "SIZE")]
    pub(super) shm_size: Option<String>,
    /// Option of the storage driver: size=SIZE limits what the container may write, e.g. size=10g; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) storage_opt: Vec<String>,
    /// Give the container a device; may be repeated
    #[arg(long, value_name = "HOST[:CONTAINER[:rwm]]", value_delimiter = ',')]
    pub(super) device: Vec<String>,
}

impl MountOptions {
    pub(super) fn fill(&mut self, defaults: &Containers) {
        self.read_only |= defaults.read_only;
        if self.shm_size.is_none() {
            self.shm_size = defaults.shm_size.clone().filter(|size| !size.is_empty());
        }
        self.device.splice(0..0, defaults.devices.iter().cloned());
        self.mount.splice(0..0, defaults.mounts.iter().cloned());
        let place = |text: &str| {
            let mut parts = text.splitn(3, ':');
            let first = parts.next().unwrap_or_default();
            clean(parts.next().unwrap_or(first))
        };
        let given: Vec<String> = self.volume.iter().map(|text| place(text)).collect();
        let others = defaults.volumes.iter().filter(|text| !given.contains(&place(text))).cloned();
        self.volume.splice(0..0, others.collect::<Vec<_>>());
    }

    pub(super) fn apply(self, request: &mut ContainerRequest, surroundings: &Surroundings) -> Result<(), OptionError> {
        let mut mounts = Vec::new();
        for text in &self.mount {
            mounts.extend(mount::parse(text)?);
        }
        for text in &self.volume {
            mounts.push(volume::parse(text, surroundings.as_docker)?);
        }
        for text in &self.tmpfs {
            mounts.push(tmpfs(text)?);
        }
        check_destinations(&mounts)?;
        request.mounts = mounts;
        request.volumes_from = self.volumes_from;
        request.read_only = self.read_only;
        request.read_only_tmpfs = self.read_only_tmpfs;
        request.shm_size_bytes = match self.shm_size.as_deref() {
            Some(text) => Some(values::size_bytes(text).map_err(OptionError::ShmSize)?),
            None => None,
        };
        for option in &self.storage_opt {
            let size = option.strip_prefix("size=").ok_or_else(|| OptionError::StorageOption(option.clone()))?;
            request.storage_size_bytes = Some(values::size_bytes(size).map_err(OptionError::StorageSize)?);
        }
        request.devices = self.device;
        Ok(())
    }
}

fn check_destinations(mounts: &[MountRequest]) -> Result<(), MountError> {
    let mut seen = HashMap::new();
    for mount in mounts {
        // The same mount twice says nothing new: wrappers add what the user gave already.
        if seen.insert(mount.destination.as_str(), mount).is_some_and(|before| before != mount) {
            return Err(MountError::DuplicateDestination(mount.destination.clone()));
        }
    }
    Ok(())
}

/// `--tmpfs DIR[:OPTIONS]`.
fn tmpfs(text: &str) -> Result<MountRequest, MountError> {
    let (directory, options) = text.split_once(':').unwrap_or((text, ""));
    let options: Vec<String> = options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    if let Some(option) = options.iter().find(|option| !is_tmpfs_option(option)) {
        return Err(MountError::UnknownTmpfsOption(option.clone()));
    }
    Ok(MountRequest {
        kind: MountKind::Tmpfs,
        source: None,
        destination: destination(directory)?,
        options,
        create_source: false,
        subpath: None,
    })
}

/// Options of tmpfs(5) and of mount(8) that make sense for it.
fn is_tmpfs_option(option: &str) -> bool {
    const WORDS: [&str; 20] = [
        "ro",
        "rw",
        "exec",
        "noexec",
        "suid",
        "nosuid",
        "dev",
        "nodev",
        "sync",
        "async",
        "noatime",
        "relatime",
        "strictatime",
        "noswap",
        "tmpcopyup",
        "notmpcopyup",
        "U",
        "private",
        "rprivate",
        "diratime",
    ];
    const KEYS: [&str; 7] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge"];
    match option.split_once('=') {
        Some((key, value)) => KEYS.contains(&key) && !value.is_empty(),
        None => WORDS.contains(&option),
    }
}

/// An absolute path in the container, without superfluous slashes and dots.
fn destination(text: &str) -> Result<String, MountError> {
    if text.is_empty() {
        return Err(MountError::EmptyDestination);
    }
    if !text.starts_with('/') {
        return Err(MountError::RelativeDestination(text.to_owned()));
    }
    Ok(clean(text))
}

/// An absolute path in its shortest form; `..` is taken as text, as podman does (the engine resolves links beneath the
/// container's root).
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Checks the options of a bind or volume mount, and that those of which only one can be meant do not contradict.
fn check_options(options: &[String]) -> Result<(), MountError> {
    const WORDS: [&str; 37] = [
        "ro",
        "rw",
        "z",
        "Z",
        "O",
        "U",
        "shared",
        "rshared",
        "private",
        "rprivate",
        "slave",
        "rslave",
        "unbindable",
        "runbindable",
        "bind",
        "rbind",
        "nocopy",
        "copy",
        "exec",
        "noexec",
        "suid",
        "nosuid",
        "dev",
        "nodev",
        "idmap",
        "noatime",
        "relatime",
        "strictatime",
        "diratime",
        "nodiratime",
        "sync",
        "async",
        "consistent",
        "cached",
        "delegated",
        "no-dereference",
        "norelatime",
    ];
    const KEYS: [&str; 4] = ["upperdir", "workdir", "idmap", "map"];
    const CHOICES: [(&str, &[&str]); 6] = [
        ("'rw' or 'ro'", &["rw", "ro"]),
        ("'z', 'Z', or 'O'", &["z", "Z", "O"]),
        ("'dev' or 'nodev'", &["dev", "nodev"]),
        ("'suid' or 'nosuid'", &["suid", "nosuid"]),
        ("'exec' or 'noexec'", &["exec", "noexec"]),
        (
            "'[r]shared', '[r]private', '[r]slave' or '[r]unbindable'",
            &["shared", "rshared", "private", "rprivate", "slave", "rslave", "unbindable", "runbindable"],
        ),
    ];
    for option in options {
        let known = match option.split_once('=') {
            Some((key, _)) => KEYS.contains(&key),
            None => WORDS.contains(&option.as_str()),
        };
        if !known {
            return Err(MountError::UnknownVolumeOption(option.clone()));
        }
    }
    for (choice, words) in CHOICES {
        if options.iter().filter(|option| words.contains(&option.as_str())).count() > 1 {
            return Err(MountError::Contradiction { options: options.join(", "), choice });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
