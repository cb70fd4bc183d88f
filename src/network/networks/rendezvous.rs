//! Where the processes of one network find each other: a socket in the runtime directory.
//!
//! Its name is made from the store and the network, so several stores can share a runtime directory. It is bound and
//! connected through a descriptor of the directory: a socket's path may have 107 bytes (unix(7)), a directory's more.

use super::Error;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, unlinkat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Connections that may wait for the holder: joining is one at a time, leaving is not.
const BACKLOG: i32 = 128;

/// The place of one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous {
    directory: PathBuf,
    name: String,
}

impl Rendezvous {
    /// For a network known by `key`, in `directory`, which only the user may enter.
    pub fn new(directory: &Path, key: &str) -> Self {
        Rendezvous { directory: directory.to_owned(), name: format!("{key}.sock") }
    }

    fn directory(&self) -> Result<OwnedFd, Errno> {
        rustix::fs::open(&self.directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    }

    fn address(&self, directory: &OwnedFd) -> Result<SocketAddrUnix, Errno> {
        SocketAddrUnix::new(format!("/proc/self/fd/{}/{}", directory.as_raw_fd(), self.name))
    }

    /// A socket that listens here; whatever was here before is gone. The caller holds the network's lock.
    pub fn listen(&self) -> Result<OwnedFd, Error> {
        let failed = Error::step("listen for containers of the network");
        let bound = || {
            // The last container of another network may just have removed it.
            let _ = rustix::fs::mkdir(&self.directory, Mode::RWXU);
            let directory = self.directory()?;
            let _ = unlinkat(&directory, &self.name, AtFlags::empty()); // a new one must not exist
            let socket = new_socket()?;
            bind(&socket, &self.address(&directory)?)?;
            listen(&socket, BACKLOG)?;
            Ok(socket)
        };
        bound().map_err(failed)
    }

    /// A connection to who listens here; `None` when nobody does.
    pub fn connect(&self) -> Result<Option<OwnedFd>, Error> {
        let connected = || {
            let directory = self.directory()?;
            let socket = new_socket()?;
            connect(&socket, &self.address(&directory)?)?;
            Ok(socket)
        };
        match connected() {
            Ok(socket) => Ok(Some(socket)),
            Err(Errno::NOENT | Errno::CONNREFUSED) => Ok(None),
            Err(source) => Err(Error::Step { step: "connect to the network's process", source }),
        }
    }

    /// Removes what is left of a holder that has ended. The caller holds the network's lock.
    pub fn clear(&self) {
        let _ = unlinkat(CWD, self.directory.join(&self.name), AtFlags::empty()); // there may be nothing
        let _ = unlinkat(CWD, &self.directory, AtFlags::REMOVEDIR); // other networks may be there
    }
}

fn new_socket() -> Result<OwnedFd, Errno> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_directory_is_no_obstacle() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("x".repeat(120)).join("y".repeat(120));
        std::fs::create_dir_all(&directory).unwrap();
        let place = Rendezvous::new(&directory, &"0".repeat(32));
        assert!(place.connect().unwrap().is_none());
        let listener = place.listen().unwrap();
        assert!(place.connect().unwrap().is_some());
        drop(listener);
        assert!(place.connect().unwrap().is_none());
        place.clear();
        assert!(!directory.exists());
    }
}
