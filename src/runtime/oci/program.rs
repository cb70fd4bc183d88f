//! Finding the container's program before it is started, so that `create` can say what is wrong with it.

use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::init::launch::DEFAULT_PATH;
use crate::runtime::rooted::Rooted;
use rustix::fs::{FileType, OFlags, fstat};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Checks that the command can be found as the process will look for it: by its path, or in the directories of `PATH`.
pub(super) fn check(root: &Rooted, arguments: &[String], environment: &[String], cwd: &Path) -> Step<()> {
    let command = arguments.first().map_or("", String::as_str);
    let missing = |cause: &str| {
        Err(Failure::message(format!("exec: {command:?}: {cause}")).of_kind(FailureKind::CommandNotFound))
    };
    let denied =
        |cause: String| Err(Failure::message(format!("exec: {command:?}: {cause}")).of_kind(FailureKind::CannotInvoke));
    if command.contains('/') {
        return match judge(root, &cwd.join(command)) {
            Ok(()) => Ok(()),
            Err(Errno::NOENT | Errno::NOTDIR) => missing(&format!("stat {command}: no such file or directory")),
            Err(Errno::ISDIR) => denied("is a directory".to_owned()),
            Err(Errno::ACCESS) => denied("permission denied".to_owned()),
            // What cannot be judged here may be executed all the same.
            Err(_) => Ok(()),
        };
    }
    let path = environment.iter().rev().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut is_denied = false;
    for directory in path.split(':') {
        let candidate: PathBuf = cwd.join(directory).join(command);
        match judge(root, &candidate) {
            Ok(()) => return Ok(()),
            Err(Errno::ACCESS) => is_denied = true,
            Err(_) => {}
        }
    }
    match is_denied && !command.is_empty() {
        true => denied("permission denied".to_owned()),
        false => missing("executable file not found in $PATH"),
    }
}

fn judge(root: &Rooted, path: &Path) -> rustix::io::Result<()> {
    let status = fstat(root.open(path, OFlags::PATH, 0)?)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => Err(Errno::ISDIR),
        _ if status.st_mode & 0o111 == 0 => Err(Errno::ACCESS),
        _ => Ok(()),
    }
}
