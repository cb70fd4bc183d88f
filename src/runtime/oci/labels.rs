//! Labels of mandatory access control, where the host has one: AppArmor profile and SELinux context of the process.

use crate::runtime::failure::{Failure, Step};
use rustix::io::Errno;
use std::path::Path;

/// Has the next exec of this process change to an AppArmor profile. Whether the host has AppArmor.
///
/// `proc` is the path of a proc file system that shows this process as `thread-self`.
pub(super) fn enter_profile(profile: &str) -> Step<bool> {
    let enabled = std::fs::read_to_string("/sys/module/apparmor/parameters/enabled");
    if !enabled.is_ok_and(|text| text.starts_with('Y')) {
        return Ok(false);
    }
    let text = format!("exec {profile}");
    let written = ["/proc/thread-self/attr/apparmor/exec", "/proc/thread-self/attr/exec"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .map_or(Err(Errno::NOENT.into()), |path| std::fs::write(path, &text));
    match written {
        Ok(()) => Ok(true),
        Err(error) => Err(Failure::setup(format_args!("apply apparmor profile {profile:?}"), error)),
    }
}

/// Has the next exec of this process change to an SELinux context. Whether the host has SELinux.
pub(super) fn enter_context(context: &str) -> Step<bool> {
    if !Path::new("/sys/fs/selinux/enforce").exists() {
        return Ok(false);
    }
    std::fs::write("/proc/thread-self/attr/exec", context)
        .map(|()| true)
        .map_err(|error| Failure::setup(format_args!("set selinux label {context:?}"), error))
}
