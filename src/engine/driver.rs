//! Which root file system drivers a container may get.

use super::error::Error;
use crate::overlay::probe::{self, Driver};
use crate::store::projects::Obstacle;
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
/// The kernel's overlay and plain directories need a project quota on the file system below: all of them work where
/// there is no `obstacle` to one. Else only our own driver does, which counts by itself.
pub fn limited(drivers: Vec<Driver>, obstacle: Option<Obstacle>) -> Result<Vec<Driver>, Error> {
    let Some(obstacle) = obstacle else { return Ok(drivers) };
    if drivers.contains(&Driver::Fuse) {
        return Ok(vec![Driver::Fuse]);
    }
    let driver = drivers.first().copied().unwrap_or(Driver::Copy).name();
    let reason = match obstacle {
        Obstacle::NotEnforced => "the host's file system enforces no project quotas",
        Obstacle::NotPermitted => "project quotas are for the administrator only",
    };
    Err(Error::BadRequest(format!(
        "storage option \"size\" does not work with storage driver \"{driver}\" here: {reason}; use --storage-driver fuse, \
         which counts by itself"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_driver_counts_without_a_quota() {
        for obstacle in [Obstacle::NotEnforced, Obstacle::NotPermitted] {
            assert_eq!(limited(Driver::ALL.to_vec(), Some(obstacle)).unwrap(), [Driver::Fuse]);
            for driver in [Driver::FuseOverlay, Driver::Overlay, Driver::Copy] {
                let refused = limited(vec![driver], Some(obstacle)).unwrap_err().to_string();
                assert!(refused.contains("--storage-driver fuse"), "{refused}");
            }
        }
    }

    #[test]
    fn all_do_above_a_quota() {
        assert_eq!(limited(Driver::ALL.to_vec(), None).unwrap(), Driver::ALL);
        assert_eq!(limited(vec![Driver::Overlay], None).unwrap(), [Driver::Overlay]);
    }
}
