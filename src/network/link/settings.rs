//! Parameters of a network namespace that containers expect (`net.*` of sysctl(8)).

use rustix::fs::{Mode, OFlags};
use rustix::io::Result;

/// First port that needs no capability (ip(7)); 0 inside, as Docker has it: the namespace's ports are the container's.
pub const UNPRIVILEGED_PORTS: &str = "net/ipv4/ip_unprivileged_port_start";
/// Groups whose members may open ICMP echo sockets without a capability (icmp(7)).
pub const PING_GROUPS: &str = "net/ipv4/ping_group_range";

/// Writes a parameter of the calling process's network namespace through the `/proc` it sees.
///
/// Fails where `/proc/sys` is read-only (inside another container) or this kernel has no such parameter.
pub fn write_setting(name: &str, value: &str) -> Result<()> {
    let path = format!("/proc/sys/{name}");
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, value.as_bytes()).map(drop)
}
