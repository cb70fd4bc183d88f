//! Tap devices (the kernel's Documentation/networking/tuntap.rst, drivers/net/tun.c).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// The device that tap interfaces are made through.
pub const DEVICE: &str = "/dev/net/tun";

bitflags::bitflags! {
    /// What the kernel leaves to the reader of a tap (`TUNSETOFFLOAD`, include/uapi/linux/if_tun.h).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Offloads: u32 {
        /// Checksums may be missing (`TUN_F_CSUM`).
        const CHECKSUM = 0x01;
        /// TCP over IPv4 comes in packets larger than the MTU (`TUN_F_TSO4`).
        const TCP4 = 0x02;
        /// TCP over IPv6 likewise (`TUN_F_TSO6`).
        const TCP6 = 0x04;
        /// UDP over IPv4 likewise (`TUN_F_USO4`, Linux 6.2).
        const UDP4 = 0x20;
        /// UDP over IPv6 likewise (`TUN_F_USO6`, Linux 6.2).
        const UDP6 = 0x40;
    }
}

/// Opens the device; fails where a user may not or the kernel has no such driver.
pub fn open() -> Result<OwnedFd> {
    rustix::fs::open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())
}

/// Makes a tap interface called `name` in this network namespace; every packet carries a `virtio_net_hdr` of 10 bytes.
///
/// The interface exists as long as the descriptor. Needs `CAP_NET_ADMIN` over the network namespace. `NAMETOOLONG` for
/// a name of more than 15 bytes.
pub fn create(name: &str) -> Result<OwnedFd> {
    let device = open()?;
    // SAFETY: ifreq is plain data for which all zeroes is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(Errno::NAMETOOLONG);
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes an ifreq, which lives across the call.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF as libc::Ioctl, &raw mut request) };
    if result < 0 { Err(last_error()) } else { Ok(device) }
}

/// Asks the kernel for as many of `wanted` as it knows; returns what it gives. Needs no capability.
pub fn set_offloads(tap: impl AsFd, wanted: Offloads) -> Offloads {
    let without_udp = wanted - Offloads::UDP4 - Offloads::UDP6;
    for attempt in [wanted, without_udp, wanted & Offloads::CHECKSUM] {
        let descriptor = tap.as_fd().as_raw_fd();
        let bits = libc::c_ulong::from(attempt.bits());
        // SAFETY: TUNSETOFFLOAD takes a plain number.
        if unsafe { libc::ioctl(descriptor, libc::TUNSETOFFLOAD as libc::Ioctl, bits) } == 0 {
            return attempt;
        }
    }
    Offloads::empty()
}
