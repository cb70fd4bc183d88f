//! Handing calls that give sockets an address to the keeper (`--network=fast`).
//!
//! The filter and the Landlock domain belong together ([`seccomp::network_calls`] says why), so the domain is prepared first:
//! where either cannot be had, the container has its ordinary network and a line says so.

use crate::runtime::failure::{Failure, Step, in_words};
use crate::runtime::handshake::{Report, report};
use crate::runtime::seccomp::{self, SeccompError};
use crate::sys::landlock_tcp as landlock;
use std::os::fd::{AsFd, OwnedFd};

/// Puts filter and domain on this process, while it has the capability that needs.
pub(super) fn hand_over(keeper: &OwnedFd) -> Step<()> {
    let failed = |error| Failure::setup("pass the network's calls to the keeper", error);
    let reason = match landlock::without_tcp() {
        Ok(domain) => match listener() {
            Ok(Some(listener)) => {
                landlock::restrict_self(&domain).map_err(|error| Failure::setup("enter a Landlock domain", error))?;
                return report(keeper, &Report::NetworkCalls, Some(listener.as_fd())).map_err(failed);
            }
            Ok(None) => "no listener".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(error) => in_words(&error.into()),
    };
    let line = format!("--network=fast is not possible here ({reason}): using the default network");
    report(keeper, &Report::Warning(line), None).map_err(failed)
}

fn listener() -> Result<Option<OwnedFd>, SeccompError> {
    seccomp::install(&seccomp::network_calls()?, seccomp::USUAL_FLAGS)
}
