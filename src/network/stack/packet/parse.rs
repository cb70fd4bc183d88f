//! Frames from the tap, taken apart. Every byte is hostile; nothing here panics or allocates.

use super::{ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6};
use etherparse::{
    ArpPacketSlice, Ethernet2HeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice,
    Ipv6HeaderSlice,
};
use std::net::{IpAddr, Ipv4Addr};

/// A frame by its contents.
#[derive(Debug)]
pub enum Frame<'a> {
    /// ARP for Ethernet and IPv4.
    Arp(Arp),
    /// An IP packet or a fragment of one.
    Ip(Packet<'a>),
}

/// An ARP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// A question (otherwise an answer).
    pub is_request: bool,
    /// Hardware address of the sender.
    pub sender_mac: [u8; 6],
    /// IPv4 address of the sender.
    pub sender: Ipv4Addr,
    /// The address asked for, or the asker's.
    pub target: Ipv4Addr,
}

/// An IP packet.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Hardware address of the sender.
    pub mac: [u8; 6],
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// The protocol of `payload`.
    pub protocol: u8,
    /// What the IP header carries, extension headers removed.
    pub payload: &'a [u8],
    /// The whole packet from its IP header on, as errors quote it.
    pub whole: &'a [u8],
    /// Where this piece belongs, if the packet came in fragments.
    pub fragment: Option<Fragment>,
    /// Must not be fragmented (IPv4's DF; always so in IPv6).
    pub dont_fragment: bool,
    /// Hops left.
    pub hops: u8,
}

/// A piece of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Which packet.
    pub identification: u32,
    /// Where the piece begins in it, bytes.
    pub offset: usize,
    /// Pieces follow.
    pub more: bool,
}

/// Takes a frame apart; `None` for what this stack does not speak and for everything malformed.
pub fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let ethernet = Ethernet2HeaderSlice::from_slice(bytes).ok()?;
    let rest = bytes.get(14..)?;
    match ethernet.ether_type().0 {
        ETHERTYPE_ARP => arp(rest).map(Frame::Arp),
        ETHERTYPE_IPV4 => ipv4(rest, ethernet.source()).map(Frame::Ip),
        ETHERTYPE_IPV6 => ipv6(rest, ethernet.source()).map(Frame::Ip),
        _ => None,
    }
}

fn arp(bytes: &[u8]) -> Option<Arp> {
    let packet = ArpPacketSlice::from_slice(bytes).ok()?;
    let sender: [u8; 4] = packet.sender_protocol_addr().try_into().ok()?;
    let target: [u8; 4] = packet.target_protocol_addr().try_into().ok()?;
    Some(Arp {
        is_request: packet.operation().0 == 1,
        sender_mac: packet.sender_hw_addr().try_into().ok()?,
        sender: sender.into(),
        target: target.into(),
    })
}

fn ipv4(bytes: &[u8], mac: [u8; 6]) -> Option<Packet<'_>> {
    let header = Ipv4HeaderSlice::from_slice(bytes).ok()?;
    let whole = bytes.get(..usize::from(header.total_len()))?;
    let payload = whole.get(header.slice().len()..)?;
    let fragment = header.is_fragmenting_payload().then(|| Fragment {
        identification: header.identification().into(),
        offset: usize::from(header.fragments_offset().value()) * 8,
        more: header.more_fragments(),
    });
    Some(Packet {
        mac,
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.protocol().0,
        payload,
        whole,
        fragment,
        dont_fragment: header.dont_fragment(),
        hops: header.ttl(),
    })
}

fn ipv6(bytes: &[u8], mac: [u8; 6]) -> Option<Packet<'_>> {
    let header = Ipv6HeaderSlice::from_slice(bytes).ok()?;
    let whole = bytes.get(..40 + usize::from(header.payload_length()))?;
    let packet = Packet {
        mac,
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        protocol: header.next_header().0,
        payload: whole.get(40..)?,
        whole,
        fragment: None,
        dont_fragment: true,
        hops: header.hop_limit(),
    };
    if matches!(packet.protocol, super::TCP | super::UDP | super::ICMPV6) { Some(packet) } else { extensions(packet) }
}

/// Skips IPv6 extension headers, noting a fragment header.
fn extensions(packet: Packet<'_>) -> Option<Packet<'_>> {
    let (headers, next, payload) = Ipv6ExtensionsSlice::from_slice(IpNumber(packet.protocol), packet.payload).ok()?;
    let fragment = headers.into_iter().find_map(|header| match header {
        Ipv6ExtensionSlice::Fragment(fragment) if fragment.is_fragmenting_payload() => Some(Fragment {
            identification: fragment.identification(),
            offset: usize::from(fragment.fragment_offset().value()) * 8,
            more: fragment.more_fragments(),
        }),
        _ => None,
    });
    Some(Packet { protocol: next.0, payload, fragment, ..packet })
}
