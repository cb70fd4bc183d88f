//! The container's standard streams, both sides.

use crate::runtime::failure::{Failure, Step};
use crate::runtime::plan::RuntimePlan;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsFd, OwnedFd};

/// Capacity asked for pipes, in bytes: fewer switches between container and keeper. The kernel's default is 64 KiB, an
/// unprivileged process may have up to `/proc/sys/fs/pipe-max-size` (1 MiB).
const PIPE_CAPACITY: usize = 256 * 1024;

/// Both sides of the streams.
#[derive(Debug)]
pub struct Streams {
    /// Descriptors 0 to 2 of init.
    pub inside: [OwnedFd; 3],
    /// The keeper's side of standard input, when it is kept open.
    pub input: Option<OwnedFd>,
    /// The keeper's side of standard output.
    pub output: Option<OwnedFd>,
    /// The keeper's side of standard error.
    pub error: Option<OwnedFd>,
}

impl Streams {
    /// Makes the streams of `plan`: pipes, nothing (a terminal comes later), or the caller's own.
    pub fn make(plan: &RuntimePlan) -> Step<Self> {
        let failed = |error: Errno| Failure::setup("create the container's standard streams", error);
        let has_terminal = plan.spec.process().as_ref().and_then(|process| process.terminal()).unwrap_or(false);
        if plan.passthrough {
            return Streams::callers().map_err(failed);
        }
        if has_terminal {
            return Ok(Streams {
                inside: [null().map_err(failed)?, null().map_err(failed)?, null().map_err(failed)?],
                input: None,
                output: None,
                error: None,
            });
        }
        let (inside_input, input) = if plan.interactive {
            let (reader, writer) = pipe().map_err(failed)?;
            rustix::io::ioctl_fionbio(&writer, true).map_err(failed)?;
            (reader, Some(writer))
        } else {
            (null().map_err(failed)?, None)
        };
        let (output, inside_output) = pipe().map_err(failed)?;
        let (error, inside_error) = pipe().map_err(failed)?;
        for reader in [&output, &error] {
            rustix::io::ioctl_fionbio(reader, true).map_err(failed)?;
        }
        Ok(Streams {
            inside: [inside_input, inside_output, inside_error],
            input,
            output: Some(output),
            error: Some(error),
        })
    }

    /// Streams of a process that nobody listens to.
    pub fn nowhere() -> Step<Self> {
        let null = || null().map_err(|error| Failure::setup("create the container's standard streams", error));
        Ok(Streams { inside: [null()?, null()?, null()?], input: None, output: None, error: None })
    }

    fn callers() -> Result<Self, Errno> {
        let copy = |stream: std::os::fd::BorrowedFd<'_>| rustix::io::fcntl_dupfd_cloexec(stream, 3);
        let inside =
            [copy(std::io::stdin().as_fd())?, copy(std::io::stdout().as_fd())?, copy(std::io::stderr().as_fd())?];
        Ok(Streams { inside, input: None, output: None, error: None })
    }
}

/// A pipe: reading side, writing side.
fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    let _ = rustix::pipe::fcntl_setpipe_size(&writer, PIPE_CAPACITY); // a user over the pipe quota keeps the default
    Ok((reader, writer))
}

/// `/dev/null`, open for both.
pub fn null() -> Result<OwnedFd, Errno> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}
