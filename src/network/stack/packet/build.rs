//! Frames for the tap, written backwards: each function puts one header before `at` and returns where it begins.
//!
//! Buffers keep [`super::HEADROOM`] bytes before the payload, so there is always room; a caller that broke this would
//! meet an index panic in a test, not a guest.

use super::parse::Fragment;
use super::vnet;
use super::{ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6};
use etherparse::checksum::u64_16bit_word;
use std::net::{IpAddr, Ipv4Addr};

/// Hops a packet of ours may take: the guest is the next one, or behind a nested network.
const HOPS: u8 = 64;

/// Who speaks to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Sender.
    pub source: IpAddr,
    /// Receiver, of the same family.
    pub destination: IpAddr,
}

/// The fields of a TCP header.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Sequence number of the first payload byte.
    pub sequence: u32,
    /// Next byte expected.
    pub acknowledgment: u32,
    /// `FIN` and the rest of [`flag`].
    pub flags: u8,
    /// As in the header: already scaled.
    pub window: u16,
    /// Largest segment and window scale, for a SYN.
    pub options: Option<(u16, Option<u8>)>,
}

/// Flags of TCP (RFC 9293 section 3.1).
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment field is valid.
    pub const ACK: u8 = 0x10;
}

/// Puts `bytes` before `at`.
fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let start = at - bytes.len();
    buffer[start..at].copy_from_slice(bytes);
    start
}

/// The sum over a pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1), not folded.
fn pseudo_header(addresses: Addresses, protocol: u8, length: usize) -> u64 {
    let sum = match (addresses.source, addresses.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            u64_16bit_word::add_4bytes(u64_16bit_word::add_4bytes(0, source.octets()), destination.octets())
        }
        (source, destination) => {
            let both = [source, destination].map(|address| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            });
            u64_16bit_word::add_slice(u64_16bit_word::add_slice(0, &both[0]), &both[1])
        }
    };
    let sum = u64_16bit_word::add_4bytes(sum, (length as u32).to_be_bytes());
    u64_16bit_word::add_2bytes(sum, [0, protocol])
}

/// The Internet checksum of `bytes` under a pseudo header, in wire order. Zero means: correct, when the field itself
/// is part of `bytes`.
pub fn transport_checksum(addresses: Addresses, protocol: u8, bytes: &[u8]) -> [u8; 2] {
    let sum = u64_16bit_word::add_slice(pseudo_header(addresses, protocol, bytes.len()), bytes);
    u64_16bit_word::ones_complement(sum).to_ne_bytes()
}

/// The Internet checksum of `bytes` (RFC 1071), in wire order.
pub fn checksum(bytes: &[u8]) -> [u8; 2] {
    u64_16bit_word::ones_complement(u64_16bit_word::add_slice(0, bytes)).to_ne_bytes()
}

/// The checksum field of a packet whose checksum the kernel completes: the folded pseudo header, not inverted.
fn partial_checksum(addresses: Addresses, protocol: u8, length: usize) -> [u8; 2] {
    (!u64_16bit_word::ones_complement(pseudo_header(addresses, protocol, length))).to_ne_bytes()
}

/// A TCP header before the payload at `at..end`; its checksum is left to the kernel.
pub fn tcp(buffer: &mut [u8], at: usize, end: usize, header: &Tcp, addresses: Addresses) -> usize {
    let mut start = at;
    if let Some((segment, scale)) = header.options {
        if let Some(scale) = scale {
            // No-operation, then window scale (RFC 7323 section 2.2).
            start = put(buffer, start, &[1, 3, 3, scale]);
        }
        let [high, low] = segment.to_be_bytes();
        start = put(buffer, start, &[2, 4, high, low]);
    }
    let length = 20 + (at - start);
    let mut fields = [0; 20];
    fields[0..2].copy_from_slice(&header.source_port.to_be_bytes());
    fields[2..4].copy_from_slice(&header.destination_port.to_be_bytes());
    fields[4..8].copy_from_slice(&header.sequence.to_be_bytes());
    fields[8..12].copy_from_slice(&header.acknowledgment.to_be_bytes());
    fields[12] = (length as u8 / 4) << 4;
    fields[13] = header.flags;
    fields[14..16].copy_from_slice(&header.window.to_be_bytes());
    fields[16..18].copy_from_slice(&partial_checksum(addresses, super::TCP, length + end - at));
    put(buffer, start, &fields)
}

/// A UDP header before the payload at `at..end`; its checksum is left to the kernel.
pub fn udp(buffer: &mut [u8], at: usize, end: usize, ports: (u16, u16), addresses: Addresses) -> usize {
    let length = 8 + end - at;
    let mut fields = [0; 8];
    fields[0..2].copy_from_slice(&ports.0.to_be_bytes());
    fields[2..4].copy_from_slice(&ports.1.to_be_bytes());
    fields[4..6].copy_from_slice(&(length as u16).to_be_bytes());
    fields[6..8].copy_from_slice(&partial_checksum(addresses, super::UDP, length));
    put(buffer, at, &fields)
}

/// An IP header before what is at `at..end`, which must fit in 65,535 bytes with it.
pub fn ip(buffer: &mut [u8], at: usize, end: usize, protocol: u8, addresses: Addresses) -> usize {
    match (addresses.source, addresses.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut fields = [0; 20];
            fields[0] = 0x45;
            fields[2..4].copy_from_slice(&((20 + end - at) as u16).to_be_bytes());
            // An atomic datagram: never fragmented, so its identification is free (RFC 6864 section 4).
            fields[6] = 0x40;
            fields[8] = HOPS;
            fields[9] = protocol;
            fields[12..16].copy_from_slice(&source.octets());
            fields[16..20].copy_from_slice(&destination.octets());
            let sum = checksum(&fields);
            fields[10..12].copy_from_slice(&sum);
            put(buffer, at, &fields)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut fields = [0; 40];
            fields[0] = 0x60;
            fields[4..6].copy_from_slice(&((end - at) as u16).to_be_bytes());
            fields[6] = protocol;
            // Neighbour discovery is dropped unless its hop limit is 255 (RFC 4861 section 7.1); all ICMPv6 gets it.
            fields[7] = if protocol == super::ICMPV6 { 255 } else { HOPS };
            fields[8..24].copy_from_slice(&source.octets());
            fields[24..40].copy_from_slice(&destination.octets());
            put(buffer, at, &fields)
        }
        // Families are never mixed: both come from one packet or one flow.
        _ => at,
    }
}

/// The headers of a fragment before the piece at `at..end` of a packet's payload.
pub fn fragment(
    buffer: &mut [u8],
    at: usize,
    end: usize,
    protocol: u8,
    (addresses, fragment): (Addresses, Fragment),
) -> usize {
    let units = (fragment.offset / 8) as u16;
    if addresses.source.is_ipv4() {
        let start = ip(buffer, at, end, protocol, addresses);
        let [_, _, high, low] = fragment.identification.to_be_bytes();
        buffer[start + 4..start + 6].copy_from_slice(&[high, low]);
        let flags = units | if fragment.more { 0x2000 } else { 0 };
        buffer[start + 6..start + 8].copy_from_slice(&flags.to_be_bytes());
        buffer[start + 10..start + 12].fill(0);
        let sum = checksum(&buffer[start..at]);
        buffer[start + 10..start + 12].copy_from_slice(&sum);
        return start;
    }
    let mut fields = [protocol, 0, 0, 0, 0, 0, 0, 0];
    fields[2..4].copy_from_slice(&(units << 3 | u16::from(fragment.more)).to_be_bytes());
    fields[4..8].copy_from_slice(&fragment.identification.to_be_bytes());
    let start = put(buffer, at, &fields);
    ip(buffer, start, end, super::FRAGMENT, addresses)
}

/// An Ethernet header before `at`.
pub fn ethernet(buffer: &mut [u8], at: usize, destination: [u8; 6], source: [u8; 6], ethertype: u16) -> usize {
    let start = put(buffer, at, &ethertype.to_be_bytes());
    let start = put(buffer, start, &source);
    put(buffer, start, &destination)
}

/// The offload header of `length` bytes before `at`.
pub fn offload(buffer: &mut [u8], at: usize, length: usize, header: &vnet::Header) -> usize {
    let start = at - length;
    buffer[start..at].fill(0);
    header.write(&mut buffer[start..at]);
    start
}

/// Ethernet's type for packets to `address`.
pub fn ethertype(address: IpAddr) -> u16 {
    if address.is_ipv4() { ETHERTYPE_IPV4 } else { ETHERTYPE_IPV6 }
}

/// An ARP packet (RFC 826), without its Ethernet header.
pub fn arp(operation: u8, sender: ([u8; 6], Ipv4Addr), target: ([u8; 6], Ipv4Addr)) -> [u8; 28] {
    let mut fields = [0; 28];
    fields[0..8].copy_from_slice(&[0, 1, 8, 0, 6, 4, 0, operation]);
    fields[8..14].copy_from_slice(&sender.0);
    fields[14..18].copy_from_slice(&sender.1.octets());
    fields[18..24].copy_from_slice(&target.0);
    fields[24..28].copy_from_slice(&target.1.octets());
    fields
}

/// Ethernet's type of an ARP packet, for [`ethernet`].
pub const fn arp_ethertype() -> u16 {
    ETHERTYPE_ARP
}
