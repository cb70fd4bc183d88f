//! Which root file system drivers a container may get.

use super::error::Error;
use crate::overlay::probe::{self, Driver};
use std::path::Path;

/// The driver asked for, or those that a quick look at the host allows, the preferred one first
/// (see [`crate::overlay::probe`]).
///
/// podman's names are understood: `vfs` is `copy`.
pub fn candidates(asked: Option<&str>, directory: &Path) -> Result<Vec<Driver>, Error> {
    let forced = match asked {
        None | Some("" | "auto") => None,
        Some("vfs") => Some(Driver::Copy),
        Some(name) => Some(name.parse().map_err(|()| {
            let known: Vec<&str> = Driver::ALL.into_iter().map(Driver::name).collect();
            Error::BadRequest(format!("unknown storage driver \"{name}\": must be one of {}", known.join(", ")))
        })?),
    };
    probe::choose(forced, directory)
        .map(|choice| choice.candidates)
        .map_err(|error| Error::BadRequest(error.to_string()))
}

/// Those of `drivers` that can limit what a container writes (`--storage-opt size=`).
///
/// The kernel's overlay and plain directories would need a project quota on the file system below, which only the
/// administrator can set (`FS_IOC_FSSETXATTR` and `quotactl(2)` want CAP_SYS_ADMIN in the initial user namespace).
pub fn limited(drivers: &[Driver]) -> Result<Vec<Driver>, Error> {
    if drivers.contains(&Driver::Fuse) {
        return Ok(vec![Driver::Fuse]);
    }
    let driver = drivers.first().copied().unwrap_or(Driver::Copy).name();
    Err(Error::BadRequest(format!(
        "storage option \"size\" does not work with storage driver \"{driver}\": a quota on the host's file system is for \
         the administrator only; use --storage-driver fuse, which counts by itself"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_driver_counts() {
        assert_eq!(limited(&Driver::ALL).unwrap(), [Driver::Fuse]);
        for driver in [Driver::FuseOverlay, Driver::Overlay, Driver::Copy] {
            assert!(limited(&[driver]).unwrap_err().to_string().contains("--storage-driver fuse"));
        }
    }
}
