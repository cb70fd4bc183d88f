//! What the kernel really permits, tried in a child that ends at once.
//!
//! First with this user's own id alone, as every user may; all steps run in this one child. A second child exists only
//! to see whether newuidmap and newgidmap write the full maps.

use crate::engine::host;
use crate::runtime::id_map::{self, HostIds, IdMaps};
use crate::store::paths::Paths;
use crate::sys::trial::{Step, in_user_namespace};
use rustix::io::Errno;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Outcome of one trial; `None` when it could not be made.
pub(super) type Tried = Option<Result<(), Errno>>;

/// What was tried and what came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// A user namespace of one's own.
    pub(super) user_namespace: Tried,
    /// Mapping one's own id in it.
    pub(super) own_map: Option<Result<(), String>>,
    /// The other namespaces a container needs: name and outcome.
    pub(super) namespaces: Vec<(&'static str, Result<(), Errno>)>,
    /// Mounting a tmpfs.
    pub(super) mount: Tried,
    /// Mounting a FUSE file system.
    pub(super) fuse: Tried,
    /// A tap device.
    pub(super) tap: Tried,
    /// The kernel's overlayfs with its upper directory on the store's file system.
    pub(super) overlay: Tried,
    /// Whether there was a place for the overlayfs trial.
    pub(super) has_scratch: bool,
    /// The full maps written by newuidmap and newgidmap.
    pub(super) full_map: Option<Result<(), String>>,
}

const NAMESPACES: [(&str, i32); 6] = [
    ("mount", libc::CLONE_NEWNS),
    ("network", libc::CLONE_NEWNET),
    ("ipc", libc::CLONE_NEWIPC),
    ("uts", libc::CLONE_NEWUTS),
    ("pid", libc::CLONE_NEWPID),
    ("cgroup", libc::CLONE_NEWCGROUP),
];

/// Makes the trials.
pub(super) fn make(paths: &Paths, ids: &HostIds) -> Findings {
    let scratch = Scratch::make(&paths.root);
    let mut steps: Vec<Step> = NAMESPACES.iter().map(|(_, flag)| Step::Namespace(*flag)).collect();
    let target = CString::from(c"/tmp");
    steps.push(Step::Mount { kind: c"tmpfs".into(), target: target.clone(), options: c"size=4k".into() });
    steps.push(Step::Fuse { target });
    steps.push(Step::Tap);
    steps.extend(scratch.as_ref().and_then(Scratch::overlay));

    let own = IdMaps::one_id((0, ids.uid), (0, ids.gid));
    let mut findings = Findings { has_scratch: scratch.is_some(), ..Findings::default() };
    let Ok(outcome) = in_user_namespace(&steps, |pid| written(pid, &own, ids)) else { return findings };
    findings.user_namespace = Some(outcome.entered);
    findings.own_map = outcome.maps;
    let mut results = outcome.steps.into_iter();
    for ((name, _), result) in NAMESPACES.iter().zip(results.by_ref()) {
        findings.namespaces.push((name, result));
    }
    findings.mount = results.next();
    findings.fuse = results.next();
    findings.tap = results.next();
    findings.overlay = results.next();
    if !ids.privileged && ids.shortage().is_none() && outcome.entered.is_ok() {
        let full = in_user_namespace(&[], |pid| written(pid, &ids.intermediate, ids)).ok();
        findings.full_map = full.and_then(|outcome| outcome.maps);
    }
    findings
}

fn written(pid: u32, maps: &IdMaps, ids: &HostIds) -> Result<(), String> {
    id_map::write(pid, maps, ids).map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

/// Empty directories on the store's file system for overlayfs to use; removed when dropped.
struct Scratch {
    directory: PathBuf,
}

impl Scratch {
    /// In the store, or in the nearest directory above where it will be.
    fn make(root: &Path) -> Option<Scratch> {
        let name = format!(".coracle-doctor-{}", std::process::id());
        let directory = host::nearest_existing(root).join(name);
        std::fs::create_dir(&directory).ok()?;
        let scratch = Scratch { directory };
        for name in ["lower", "upper", "work", "merged"] {
            std::fs::create_dir(scratch.directory.join(name)).ok()?;
        }
        Some(scratch)
    }

    fn overlay(&self) -> Option<Step> {
        let text = |name: &str| self.directory.join(name).into_os_string();
        let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(text);
        let options = [
            OsStr::new("userxattr,lowerdir="),
            &lower,
            OsStr::new(",upperdir="),
            &upper,
            OsStr::new(",workdir="),
            &work,
        ];
        // A colon, comma or backslash in a path would need escapes; then it is not tried.
        if self.directory.as_os_str().as_bytes().iter().any(|byte| b":,\\".contains(byte)) {
            return None;
        }
        let options: Vec<u8> = options.iter().flat_map(|part| part.as_bytes()).copied().collect();
        Some(Step::Mount {
            kind: c"overlay".into(),
            target: CString::new(merged.as_bytes()).ok()?,
            options: CString::new(options).ok()?,
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Overlayfs leaves "work/work", and on success an "index" too; both belong to this user and are empty. What
        // cannot be removed is left: there is nobody to tell while dropping, and it is empty.
        for name in ["work/work", "work/index", "work", "lower", "upper", "merged", ""] {
            let _ = std::fs::remove_dir(self.directory.join(name));
        }
    }
}
