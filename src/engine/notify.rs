//! Telling the service manager that a container runs: sd_notify(3).
//!
//! One datagram to the socket that `$NOTIFY_SOCKET` names (`@` begins an abstract name), with the keeper as main process:
//! it lives as long as the container and is the manager's child once its starter has gone.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Whether somebody waits to be told.
pub fn is_wanted() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some_and(|path| !path.is_empty())
}

/// The manager's socket where it is a file.
pub fn socket() -> Option<String> {
    std::env::var("NOTIFY_SOCKET").ok().filter(|path| path.starts_with('/'))
}

/// Tells that everything is ready and that process `pid` is the main one. Does nothing when nobody waits.
///
/// # Errors
/// The socket cannot be reached.
pub fn ready(pid: i32) -> std::io::Result<()> {
    tell(&format!("MAINPID={pid}\nREADY=1"))
}

/// Tells that process `pid` is the main one; whether all is ready is said by somebody else.
///
/// # Errors
/// As [`ready`].
pub fn main_process(pid: i32) -> std::io::Result<()> {
    tell(&format!("MAINPID={pid}"))
}

fn tell(text: &str) -> std::io::Result<()> {
    let Ok(path) = std::env::var("NOTIFY_SOCKET") else { return Ok(()) };
    let address = match path.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(path)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.send_to_addr(text.as_bytes(), &address).map(|_| ())
}
