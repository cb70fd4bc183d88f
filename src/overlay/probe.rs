//! Which storage driver works here, and why not the others.
//!
//! | driver | root file system |
//! |---|---|
//! | `fuse+overlay` | FUSE server over the layers' tars, the kernel's overlay on top. Nothing is unpacked |
//! | `fuse` | FUSE server over the layers' tars that takes the writes, too |
//! | `overlay` | the image unpacked once into a directory, the kernel's overlay on top |
//! | `copy` | the image unpacked into each container |
//!
//! The probe looks (device, kernel version, type of the file system that would hold the changes) and tries nothing: it costs three
//! system calls, so every `run` makes it. What it cannot see (a security module's veto, a module that is not installed) shows
//! when mounting: then the runtime takes the next of [`Choice::candidates`], as with a driver that the probe ruled
//! out, and says so once. A driver that the user forced has no next one.
//!
//! Sources: `ovl_mount_dir_check` and `ovl_get_upper` in fs/overlayfs (which upper file systems are refused),
//! Documentation/filesystems/overlayfs.rst; unprivileged overlay mounts are in Linux 5.11, unprivileged FUSE mounts in 4.18.

use super::Error;
use super::mount::FUSE_DEVICE;
use crate::sys::file_system;
use rustix::fs::Access;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::str::FromStr;

/// How a container's root is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Driver {
    /// `fuse+overlay`.
    #[serde(rename = "fuse+overlay")]
    FuseOverlay,
    /// `fuse`.
    #[serde(rename = "fuse")]
    Fuse,
    /// `overlay`.
    #[serde(rename = "overlay")]
    Overlay,
    /// `copy`.
    #[serde(rename = "copy")]
    Copy,
}

impl Driver {
    /// All drivers, the preferred one first.
    pub const ALL: [Driver; 4] = [Driver::FuseOverlay, Driver::Fuse, Driver::Overlay, Driver::Copy];

    /// The name used in options and output.
    pub fn name(self) -> &'static str {
        match self {
            Driver::FuseOverlay => "fuse+overlay",
            Driver::Fuse => "fuse",
            Driver::Overlay => "overlay",
            Driver::Copy => "copy",
        }
    }
}

impl FromStr for Driver {
    type Err = ();

    fn from_str(name: &str) -> Result<Driver, ()> {
        Driver::ALL.into_iter().find(|driver| driver.name() == name).ok_or(())
    }
}

/// What the probe found.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Drivers that should work, the preferred one first; empty only where nothing at all can keep a container's files.
    pub candidates: Vec<Driver>,
    /// Drivers that do not work, with the reason in words.
    pub refused: Vec<(Driver, String)>,
}

/// Looks which drivers work for a container whose changes lie in `upper_parent`, an existing directory.
pub fn probe(upper_parent: &Path) -> Choice {
    let fuse = fuse_obstacle();
    let overlay = overlay_obstacle(upper_parent);
    let files = files_obstacle(upper_parent);
    let mut choice = Choice { candidates: Vec::new(), refused: Vec::new() };
    for driver in Driver::ALL {
        let obstacle = match driver {
            Driver::FuseOverlay => fuse.as_ref().or(overlay.as_ref()),
            Driver::Fuse => fuse.as_ref(),
            Driver::Overlay => overlay.as_ref(),
            Driver::Copy => files.as_ref(),
        };
        match obstacle {
            None => choice.candidates.push(driver),
            Some(reason) => choice.refused.push((driver, reason.clone())),
        }
    }
    choice
}

/// The probe's result narrowed to the driver the user asked for, if any.
pub fn choose(forced: Option<Driver>, upper_parent: &Path) -> Result<Choice, Error> {
    let mut choice = probe(upper_parent);
    let none = if choice.candidates.is_empty() { Some(Driver::Copy) } else { None };
    let Some(forced) = forced.or(none) else { return Ok(choice) };
    if let Some((driver, reason)) = choice.refused.iter().find(|(driver, _)| *driver == forced) {
        return Err(Error::Driver { driver: driver.name(), reason: reason.clone() });
    }
    choice.candidates = vec![forced];
    Ok(choice)
}

/// Why FUSE cannot be used, if it cannot.
pub fn fuse_obstacle() -> Option<String> {
    if kernel_version() < (4, 18) {
        return Some("unprivileged FUSE mounts need Linux 4.18".to_owned());
    }
    match rustix::fs::access(FUSE_DEVICE, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => None,
        Err(error) => Some(format!("{FUSE_DEVICE}: {}", crate::sys::errno::Words(&error.into()))),
    }
}

/// Why the kernel's overlay cannot keep changes below `upper_parent`, if it cannot.
pub fn overlay_obstacle(upper_parent: &Path) -> Option<String> {
    let version = kernel_version();
    if version < (5, 11) {
        return Some("unprivileged overlay mounts need Linux 5.11".to_owned());
    }
    match file_system::kind_at(upper_parent) {
        Ok(kind) => unsuitable_upper(kind, version),
        Err(error) => Some(format!("{}: {}", upper_parent.display(), crate::sys::errno::Words(&error.into()))),
    }
}

/// Why a container's files cannot be plain files below `upper_parent`, if they cannot. `fuse` keeps them in another form there.
fn files_obstacle(upper_parent: &Path) -> Option<String> {
    let kind = file_system::kind_at(upper_parent).ok()?;
    let name = LINKLESS.iter().find(|(magic, _)| *magic == kind)?.1;
    Some(format!("{name} keeps no owners or links; only the driver fuse can use it, or --root names another place"))
}

/// File systems without owners, links, and letters of either case (linux/magic.h, fs/exfat/exfat_raw.h).
const LINKLESS: &[(u64, &str)] = &[(0x4d44, "FAT"), (0x2011_bab0, "exFAT")];

/// File systems the kernel refuses for changes: remote ones, stacked ones, those without whiteouts or attributes. Magic
/// numbers from linux/magic.h, statfs(2) and the file systems' own headers.
const UNSUITABLE: &[(u64, &str)] = &[
    (file_system::NFS, "NFS"),
    (0x794c_7630, "overlayfs"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9p"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0xf15f, "eCryptfs"),
    (0x4d44, "FAT"),
    (0x2011_bab0, "exFAT"),
    (0x5346_544e, "NTFS"),
    (0x7366_746e, "NTFS"),
    (0x786f_4256, "vboxsf"),
    (0xbacb_acbc, "vmhgfs"),
    (0x8584_58f6, "ramfs"),
];

fn unsuitable_upper(kind: u64, version: (u32, u32)) -> Option<String> {
    if kind == 0x0102_1994 && version < (6, 6) {
        return Some("tmpfs keeps user extended attributes from Linux 6.6 on".to_owned());
    }
    let name = UNSUITABLE.iter().find(|(magic, _)| *magic == kind)?.1;
    Some(format!("the kernel cannot keep an overlay's changes on {name}"))
}

/// Major and minor version of the running kernel; zeros when it hides them.
fn kernel_version() -> (u32, u32) {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_unknown() {
        for driver in Driver::ALL {
            assert_eq!(driver.name().parse(), Ok(driver));
        }
        assert_eq!("overlay2".parse::<Driver>(), Err(()));
        assert_eq!("vfs".parse::<Driver>(), Err(()));
    }

    #[test]
    fn file_systems_that_cannot_hold_changes() {
        assert_eq!(unsuitable_upper(0xef53, (5, 11)), None);
        assert_eq!(unsuitable_upper(0x0102_1994, (6, 6)), None);
        assert!(unsuitable_upper(0x0102_1994, (6, 5)).is_some());
        assert!(unsuitable_upper(0x6969, (6, 18)).is_some());
        assert!(unsuitable_upper(0xff53_4d42, (6, 18)).is_some());
    }

    #[test]
    fn copying_always_remains() {
        let choice = probe(Path::new("/nonexistent"));
        assert_eq!(choice.candidates.last(), Some(&Driver::Copy));
        assert!(choose(Some(Driver::Overlay), Path::new("/nonexistent")).is_err());
    }
}
