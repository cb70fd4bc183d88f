//! What the container's /etc/passwd is to say about users of the host.

use crate::engine::error::Error;
use crate::engine::plan::ImageDefaults;
use crate::engine::request::ContainerRequest;
use crate::runtime::failure::{Failure, FailureKind};
use oci_spec::runtime::Mount;
use std::path::Path;

/// Home directory of the caller who keeps the own id inside (`--userns=keep-id`): the one on the host where that is
/// mounted at the same place, else the working directory, as podman has it.
pub(super) fn kept_home(request: &ContainerRequest, image: &ImageDefaults, mounts: &[Mount]) -> Option<String> {
    let own = std::env::var("HOME").unwrap_or_default();
    let is_mounted = |path: &Path| path != Path::new("/") && mounts.iter().any(|mount| mount.destination() == path);
    if own.starts_with('/') && Path::new(&own).ancestors().any(is_mounted) {
        return Some(own);
    }
    let workdir = request.workdir.as_deref().filter(|workdir| !workdir.is_empty()).unwrap_or(&image.workdir);
    (!workdir.is_empty()).then(|| workdir.to_owned())
}

/// The lines of the host's /etc/passwd for `--hostuser`: names or numbers.
///
/// # Errors
/// A user that is not there.
pub(super) fn host_entries(users: &[String]) -> Result<Vec<String>, Error> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = std::fs::read("/etc/passwd").unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let find = |user: &String| {
        let is_meant = |line: &&str| {
            let mut fields = line.split(':');
            fields.next() == Some(user) || fields.nth(1) == Some(user)
        };
        let line = text.lines().find(is_meant).and_then(entry);
        let message = || format!("unable to find host user {user}: user: unknown user {user}");
        // podman finds this out when the container starts, and scripts know it by that exit code.
        line.ok_or_else(|| Failure::message(message()).of_kind(FailureKind::CannotInvoke).into())
    };
    users.iter().map(find).collect()
}

/// The line as the container gets it: without a password, and with a shell that is likely to exist there.
fn entry(line: &str) -> Option<String> {
    let mut fields = line.split(':');
    let (name, _password) = (fields.next()?, fields.next()?);
    let (uid, gid, gecos, home) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    Some(format!("{name}:*:{uid}:{gid}:{gecos}:{home}:/bin/sh"))
}
