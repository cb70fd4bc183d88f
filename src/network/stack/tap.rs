//! The tap: whole frames in and out, each with its offload header (`Documentation/networking/tuntap.rst`).

use super::error::Error;
use super::packet::vnet;
use crate::sys::tun::{self, Offloads};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Longest frame either way, bytes: offload header, Ethernet, and the longest IP packet (IPv6's length does not count
/// its header of 40 bytes).
pub const FRAME: usize = 12 + 14 + 40 + 65_535;

/// A tap device that was attached by whoever may (`IFF_TAP | IFF_NO_PI | IFF_VNET_HDR`).
#[derive(Debug)]
pub struct Tap {
    device: OwnedFd,
    /// Length of the offload header, bytes.
    pub header_length: usize,
    /// The kernel takes and gives several UDP datagrams in one frame.
    pub segments_udp: bool,
    frames_in: u64,
    frames_out: u64,
    /// Frames lost on the way in or out.
    pub dropped: u64,
}

impl Tap {
    /// Takes the device over, makes it non-blocking and asks for every offload the kernel has.
    pub fn new(device: OwnedFd) -> Result<Self, Error> {
        rustix::io::ioctl_fionbio(&device, true).map_err(|errno| Error::Tap(errno.into()))?;
        let given = tun::set_offloads(&device, Offloads::all());
        let segments_udp = given.contains(Offloads::UDP4 | Offloads::UDP6);
        Ok(Self { device, header_length: vnet::LENGTH, segments_udp, frames_in: 0, frames_out: 0, dropped: 0 })
    }

    /// Reads one frame into `buffer` ([`FRAME`] long): its offload header and its length, both without the offload
    /// header's bytes, which stay at the start of `buffer`. `None` when no frame waits.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<(vnet::Header, usize)>, Error> {
        loop {
            match rustix::io::read(&self.device, &mut *buffer) {
                Ok(length) => {
                    self.frames_in += 1;
                    let header = buffer.get(..length).and_then(vnet::Header::parse).unwrap_or_default();
                    return Ok(Some((header, length.saturating_sub(self.header_length))));
                }
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                // The interface is down; it may come up again.
                Err(Errno::IO) => return Ok(None),
                Err(errno) => return Err(Error::TapGone(errno.into())),
            }
        }
    }

    /// Writes one frame, offload header included. A frame the kernel does not take is lost, as on any link.
    pub fn send(&mut self, frame: &[u8]) {
        match rustix::io::write(&self.device, frame) {
            Ok(_) => self.frames_out += 1,
            Err(_) => self.dropped += 1,
        }
    }

    /// Frames received and sent.
    pub fn counts(&self) -> (u64, u64) {
        (self.frames_in, self.frames_out)
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}
