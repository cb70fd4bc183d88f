//! What commands that do something to several pods have in common.

use crate::cli::failure::Failure;
use crate::cli::{failure, output};
use crate::engine::pods::Done;
use crate::engine::{Error, Kind};
use std::process::ExitCode;

/// Does `action` to each pod, prints its ID (or its name as typed, `as_typed`), and tells what failed.
///
/// # Errors
/// [`Failure::Reported`], when something failed.
pub(super) fn each(
    names: &[String],
    ignore: bool,
    as_typed: bool,
    action: impl Fn(&str) -> Result<Done, Error>,
) -> Result<ExitCode, Failure> {
    failure::each(names, Failure::exit_code, |name| match action(name) {
        Ok(mut done) => {
            done.warnings.iter().for_each(|warning| output::note(warning));
            let Some(last) = done.failures.pop() else {
                return output::print(&format!("{}\n", if as_typed { name } else { &done.id })).map(|_| ());
            };
            for error in done.failures {
                Failure::from(error).report();
            }
            Err(last.into())
        }
        Err(error) if ignore && error.kind() == Kind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    })
}
