//! The socket by which commands reach a container's keeper: `attach` in the container's runtime directory.
//!
//! A `SOCK_SEQPACKET` socket that only the user can connect to. It is bound and connected through `/proc/self/fd`, so
//! that a long path (`--runroot` may be anything) does not meet the limit of 108 bytes (unix(7)).

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The socket's name in its directory.
const NAME: &str = "attach";
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 16;

/// A listening socket, removed with its directory when dropped.
#[derive(Debug)]
pub struct Control {
    /// To be watched; readable when somebody connects.
    pub listener: OwnedFd,
    directory: PathBuf,
}

impl Control {
    /// Listens in `directory`, which is made when it is not there, for the user alone.
    pub fn listen(directory: &Path) -> Result<Self, Errno> {
        crate::store::paths::create_directory(directory).map_err(|_| Errno::ACCESS)?;
        let opened = open(directory)?;
        let address = address(&opened)?;
        match rustix::fs::unlinkat(&opened, NAME, rustix::fs::AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
        let listener = socket()?;
        // Before it has a name: the file is made with the socket's mode.
        rustix::fs::fchmod(&listener, Mode::RUSR | Mode::WUSR)?;
        bind(&listener, &address)?;
        listen(&listener, BACKLOG)?;
        Ok(Control { listener, directory: directory.to_owned() })
    }

    /// Where a client finds it.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The next client, if there is one that is this user (or root).
    pub fn accept(&self) -> Option<OwnedFd> {
        let client = accept_with(&self.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok()?;
        let peer = socket_peercred(&client).ok()?.uid;
        (peer == rustix::process::getuid() || peer.is_root()).then_some(client)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.directory.join(NAME)); // another keeper's listen removes a left-over
        let _ = std::fs::remove_dir(&self.directory); // not when it is the container's own directory, which is not empty
    }
}

/// Connects to the keeper that listens in `directory`; blocks only while its backlog is full.
pub fn connect_to(directory: &Path) -> Result<OwnedFd, Errno> {
    let opened = open(directory)?;
    let connection = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    connect(&connection, &address(&opened)?)?;
    Ok(connection)
}

fn open(directory: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn address(directory: &OwnedFd) -> Result<SocketAddrUnix, Errno> {
    SocketAddrUnix::new(format!("/proc/self/fd/{}/{NAME}", directory.as_raw_fd()))
}

fn socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn a_long_path_is_no_obstacle_and_nothing_is_left_behind() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("d".repeat(200)).join("run");
        let control = Control::listen(&directory).unwrap();
        let file = std::fs::symlink_metadata(directory.join(NAME)).unwrap();
        assert_eq!(file.permissions().mode() & 0o077, 0);
        assert_eq!(file.uid(), rustix::process::getuid().as_raw());
        assert!(control.accept().is_none());
        let _client = connect_to(&directory).unwrap();
        assert!(control.accept().is_some());
        // A left-over of one that was killed is no obstacle either.
        let again = Control::listen(&directory).unwrap();
        drop(again);
        assert!(!directory.exists());
        assert!(connect_to(&directory).is_err());
    }
}
