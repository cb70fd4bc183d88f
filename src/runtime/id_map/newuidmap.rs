//! Finding newuidmap and newgidmap, and knowing beforehand whether they can work.
//!
//! They need privilege from the set-user-ID bit or from file capabilities; both are void on a mount with `nosuid`
//! (mount(2)) and for a process with `no_new_privs` (prctl(2)), as containers and some job runners set it.

use super::super::subordinate::IdKind;
use rustix::fs::StatVfsMountFlags;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where distributions install the helpers when `$PATH` does not say.
const USUAL_DIRECTORIES: [&str; 4] = ["/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"];

/// Why a helper cannot give more than one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelperProblem {
    /// Not in `$PATH` nor the usual directories.
    NotInstalled(IdKind),
    /// No set-user-ID bit of root and no file capabilities.
    NotPrivileged(PathBuf),
    /// On a file system mounted `nosuid`.
    NosuidMount(PathBuf),
    /// This process has `no_new_privs` set.
    NoNewPrivileges,
}

impl fmt::Display for HelperProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelperProblem::NotInstalled(kind) => write!(formatter, "{} is not installed", kind.helper()),
            HelperProblem::NotPrivileged(path) => {
                write!(formatter, "\"{}\" is neither set-user-ID root nor has file capabilities", path.display())
            }
            HelperProblem::NosuidMount(path) => {
                write!(formatter, "\"{}\" is on a file system mounted nosuid", path.display())
            }
            HelperProblem::NoNewPrivileges => {
                formatter.write_str("this process may not gain privileges (no_new_privs)")
            }
        }
    }
}

/// The first usable helper of this kind, or what is wrong with the first one found.
pub(super) fn find(kind: IdKind) -> Result<PathBuf, HelperProblem> {
    if rustix::thread::no_new_privs().unwrap_or(false) {
        return Err(HelperProblem::NoNewPrivileges);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(USUAL_DIRECTORIES.map(PathBuf::from));
    let mut problem = HelperProblem::NotInstalled(kind);
    for directory in directories.filter(|directory| directory.is_absolute()) {
        match examine(&directory.join(kind.helper())) {
            Some(Ok(found)) => return Ok(found),
            Some(Err(reason)) if matches!(problem, HelperProblem::NotInstalled(_)) => problem = reason,
            _ => {}
        }
    }
    Err(problem)
}

/// Judges one file; `None` when it is no executable file.
fn examine(path: &Path) -> Option<Result<PathBuf, HelperProblem>> {
    let stat = rustix::fs::stat(path).ok()?;
    let mode = rustix::fs::Mode::from_raw_mode(stat.st_mode);
    let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile;
    if !regular || !mode.intersects(rustix::fs::Mode::XUSR | rustix::fs::Mode::XGRP | rustix::fs::Mode::XOTH) {
        return None;
    }
    let set_user_id = mode.contains(rustix::fs::Mode::SUID) && stat.st_uid == 0;
    if !set_user_id && !has_file_capabilities(path) {
        return Some(Err(HelperProblem::NotPrivileged(path.to_owned())));
    }
    let nosuid = rustix::fs::statvfs(path).is_ok_and(|vfs| vfs.f_flag.contains(StatVfsMountFlags::NOSUID));
    Some(if nosuid { Err(HelperProblem::NosuidMount(path.to_owned())) } else { Ok(path.to_owned()) })
}

fn has_file_capabilities(path: &Path) -> bool {
    let mut probe = [0_u8; 64];
    rustix::fs::getxattr(path, "security.capability", &mut probe[..]).is_ok_and(|length| length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn judges_a_plain_file_as_unprivileged_and_a_data_file_as_absent() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("newuidmap");
        assert_eq!(examine(&path), None);
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(examine(&path), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(examine(&path), Some(Err(HelperProblem::NotPrivileged(path.clone()))));
        assert_eq!(examine(directory.path()), None);
    }

    #[test]
    fn problems_read_as_sentences() {
        let cases = [
            (HelperProblem::NotInstalled(IdKind::Gid), "newgidmap is not installed"),
            (HelperProblem::NosuidMount("/x".into()), "\"/x\" is on a file system mounted nosuid"),
        ];
        for (problem, text) in cases {
            assert_eq!(problem.to_string(), text);
        }
    }
}
