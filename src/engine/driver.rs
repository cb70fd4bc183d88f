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
