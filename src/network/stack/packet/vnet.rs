//! The offload header before each frame on the tap (`virtio_net_hdr`, `linux/virtio_net.h`).
//!
//! Fields are in the machine's byte order, as `tun` has it unless `TUNSETVNETLE` says otherwise.

/// The checksum at `checksum_start + checksum_offset` is of the pseudo header only.
pub const NEEDS_CSUM: u8 = 1;

/// One IP packet of TCP over IPv4 longer than its segments.
pub const GSO_TCPV4: u8 = 1;
/// The same over IPv6.
pub const GSO_TCPV6: u8 = 4;
/// One IP packet of UDP holding several datagrams.
pub const GSO_UDP_L4: u8 = 5;

/// Length of the fields; the kernel's header may be longer.
pub const LENGTH: usize = 10;

/// What a tap says about a frame, and is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// [`NEEDS_CSUM`] or nothing.
    pub flags: u8,
    /// One of the `GSO_` constants, or 0.
    pub gso_type: u8,
    /// Length of all headers of the frame, bytes. Decides how much of a frame the kernel lays out linearly: without it
    /// the whole of a large frame, an allocation of 64 KiB in one piece.
    pub header_length: u16,
    /// Payload of one segment, bytes.
    pub gso_size: u16,
    /// Where the checksum begins, from the start of the frame.
    pub checksum_start: u16,
    /// Where it is stored, from `checksum_start`.
    pub checksum_offset: u16,
}

impl Header {
    /// Reads a header; `None` when `bytes` is too short.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields: &[u8; LENGTH] = bytes.first_chunk()?;
        let word = |at: usize| u16::from_ne_bytes([fields[at], fields[at + 1]]);
        Some(Self {
            flags: fields[0],
            // The top bit marks congestion notification, which does not concern us.
            gso_type: fields[1] & 0x7f,
            header_length: word(2),
            gso_size: word(4),
            checksum_start: word(6),
            checksum_offset: word(8),
        })
    }

    /// Writes the header to the start of `bytes`, which is at least [`LENGTH`] long.
    pub fn write(&self, bytes: &mut [u8]) {
        let Some(fields) = bytes.first_chunk_mut::<LENGTH>() else { return };
        fields[0] = self.flags;
        fields[1] = self.gso_type;
        fields[2..4].copy_from_slice(&self.header_length.to_ne_bytes());
        fields[4..6].copy_from_slice(&self.gso_size.to_ne_bytes());
        fields[6..8].copy_from_slice(&self.checksum_start.to_ne_bytes());
        fields[8..10].copy_from_slice(&self.checksum_offset.to_ne_bytes());
    }
}
