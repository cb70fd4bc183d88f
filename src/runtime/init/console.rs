//! The container's terminal (`pty(7)`): made in its own devpts instance, its master handed to the keeper.

use super::mounts::bind_at;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::handshake::{Report, report};
use crate::runtime::rooted::Rooted;
use oci_spec::runtime::Process;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// Makes a terminal, sends its master side to the keeper and returns the other side, mounted as `/dev/console`.
///
/// The master is opened through the container's own `/dev/pts`, so the terminal's name is right inside.
pub fn open(root: &Rooted, process: &Process, keeper: &OwnedFd) -> Step<OwnedFd> {
    let (master, terminal) = make(root, process)?;
    bind_console(root, &terminal).map_err(failed)?;
    report(keeper, &Report::Terminal, Some(master.as_fd())).map_err(failed)?;
    Ok(terminal)
}

/// The same for a further process: `/dev/console` stays the first one's.
pub fn open_another(root: &Rooted, process: &Process, client: &OwnedFd) -> Step<OwnedFd> {
    let (master, terminal) = make(root, process)?;
    report(client, &Report::Terminal, Some(master.as_fd())).map_err(failed)?;
    Ok(terminal)
}

fn failed(error: Errno) -> Failure {
    Failure::setup("create the container's terminal", error)
}

/// Both sides of a terminal.
#[derive(Debug)]
pub struct Terminal {
    /// The side of who watches.
    pub master: OwnedFd,
    /// The side of the process.
    pub other: OwnedFd,
}

/// A terminal of the container's own devpts.
pub fn make_terminal(root: &Rooted, process: &Process) -> Step<Terminal> {
    make(root, process).map(|(master, other)| Terminal { master, other })
}

/// Mounts the process's side as `/dev/console`.
pub fn attach(root: &Rooted, terminal: &OwnedFd) -> Step<()> {
    bind_console(root, terminal).map_err(failed)
}

fn make(root: &Rooted, process: &Process) -> Step<(OwnedFd, OwnedFd)> {
    let master = root.open("/dev/pts/ptmx", OFlags::RDWR | OFlags::NOCTTY, 0).map_err(failed)?;
    unlockpt(&master).map_err(failed)?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = ioctl_tiocgptpeer(&master, flags).map_err(failed)?;
    if let Some(size) = process.console_size() {
        let size = Winsize { ws_row: size.height() as u16, ws_col: size.width() as u16, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).map_err(failed)?;
    }
    Ok((master, terminal))
}

/// `/dev/console` is the terminal itself, reached through its number in the container's `/dev/pts`.
fn bind_console(root: &Rooted, terminal: &OwnedFd) -> rustix::io::Result<()> {
    let name = rustix::fs::readlink(format!("/proc/self/fd/{}", terminal.as_raw_fd()), Vec::new())?;
    let number = name.to_str().ok().and_then(|name| name.rsplit('/').next()).ok_or(Errno::INVAL)?;
    let handle = root.handle(format!("/dev/pts/{number}"))?;
    bind_at(root, &handle, "/dev/console")
}

/// Makes `terminal` this session's controlling terminal and its standard streams.
pub fn take(terminal: OwnedFd) -> Step<()> {
    let failed = |error: Errno| Failure::setup("take the container's terminal", error);
    let _ = rustix::process::setsid(); // already a session's leader: that is what is wanted
    rustix::process::ioctl_tiocsctty(&terminal).map_err(failed)?;
    rustix::stdio::dup2_stdin(&terminal)
        .and_then(|()| rustix::stdio::dup2_stdout(&terminal))
        .and_then(|()| rustix::stdio::dup2_stderr(&terminal))
        .map_err(failed)
}
