//! Labels of mandatory access control, where the host has one: AppArmor profile and SELinux context of the process.

use crate::runtime::failure::{Failure, Step};
use rustix::io::Errno;
use std::path::Path;

/// Has the next exec of this process change to an AppArmor profile. Whether the host has AppArmor.
///
/// `proc` is the path of a proc file system that shows this process as `thread-self`.
pub fn enter_profile(profile: &str) -> Step<bool> {
    if !has_apparmor() {
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
pub fn enter_context(context: &str) -> Step<bool> {
    if !has_selinux() {
        return Ok(false);
    }
    std::fs::write("/proc/thread-self/attr/exec", context)
        .map(|()| true)
        .map_err(|error| Failure::setup(format_args!("set selinux label {context:?}"), error))
}

/// Whether the host has AppArmor.
pub fn has_apparmor() -> bool {
    std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with('Y'))
}

/// Whether the host has SELinux.
fn has_selinux() -> bool {
    Path::new("/sys/fs/selinux/enforce").exists()
}

/// The SELinux context of this process; `None` on a host without SELinux.
pub fn own_context() -> Option<String> {
    if !has_selinux() {
        return None;
    }
    std::fs::read_to_string("/proc/thread-self/attr/current").ok()
}
