//! Wire formats: what comes in is parsed without a copy, what goes out is written in front of its payload.
//!
//! Parsing is `etherparse`'s slices, which check every length before a field is read. Frames are written backwards:
//! a payload lies at least [`HEADROOM`] bytes into its buffer, and each header is put in front of the one before, so
//! that frame and payload are one range of bytes and leave in one system call. Nothing here does input or output.
//!
//! RFC 826 (ARP), 791 (IPv4), 8200 (IPv6), 9293 (TCP), 768 (UDP), 792 and 4443 (ICMP), 4861 (neighbour discovery);
//! `linux/virtio_net.h` for the offload header.

pub mod build;
pub mod parse;
pub mod vnet;

/// Room kept before every payload: virtio header 12, Ethernet 14, IPv6 40, TCP with options 40, and some.
pub const HEADROOM: usize = 128;

/// IP protocol numbers (IANA).
pub const ICMP: u8 = 1;
/// See [`ICMP`].
pub const TCP: u8 = 6;
/// See [`ICMP`].
pub const UDP: u8 = 17;
/// IPv6's fragment header.
pub const FRAGMENT: u8 = 44;
/// See [`ICMP`].
pub const ICMPV6: u8 = 58;

/// Ethernet's type of ARP.
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// Ethernet's type of IPv4.
pub const ETHERTYPE_IPV4: u16 = 0x0800;
/// Ethernet's type of IPv6.
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
