//! Neighbours on the link: ARP for IPv4, neighbour discovery for IPv6 (RFC 826, RFC 4861).
//!
//! The stack answers for the gateway's addresses only, so a guest that looks for an address of its own prefix that
//! nobody has learns so at once from its own kernel.

use super::core::Core;
use super::packet::build::{self, Addresses};
use super::packet::parse::{Arp, Packet};
use super::packet::{HEADROOM, vnet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Neighbour solicitation.
pub const SOLICITATION: u8 = 135;
/// Neighbour advertisement.
pub const ADVERTISEMENT: u8 = 136;

const BROADCAST: [u8; 6] = [0xff; 6];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// An ARP packet came in.
pub fn arp(core: &mut Core, arp: Arp) {
    if core.configuration.is_local(arp.sender.into()) {
        core.learn(arp.sender.into(), arp.sender_mac);
    }
    if arp.is_request && core.configuration.is_gateway(arp.target.into()) {
        send_arp(core, 2, arp.target, (arp.sender_mac, arp.sender));
    }
}

fn send_arp(core: &mut Core, operation: u8, sender: Ipv4Addr, target: ([u8; 6], Ipv4Addr)) {
    let mut buffer = [0; HEADROOM + 28];
    let known = if operation == 1 { [0; 6] } else { target.0 };
    let packet = build::arp(operation, (core.configuration.mac, sender), (known, target.1));
    buffer[HEADROOM..].copy_from_slice(&packet);
    let at = build::ethernet(&mut buffer, HEADROOM, target.0, core.configuration.mac, build::arp_ethertype());
    let at = build::offload(&mut buffer, at, core.tap.header_length, &vnet::Header::default());
    core.tap.send(&buffer[at..]);
}

/// Asks the link who has `address`.
pub fn ask(core: &mut Core, address: IpAddr) {
    match (address, core.gateway_like(address)) {
        (IpAddr::V4(address), Some(IpAddr::V4(gateway))) => send_arp(core, 1, gateway, (BROADCAST, address)),
        (IpAddr::V6(address), Some(gateway)) => {
            let mut message = vec![SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
            message.extend(address.octets());
            // Source link-layer address (RFC 4861 section 4.6.1).
            message.extend([1, 1]);
            message.extend(core.configuration.mac);
            let octets = address.octets();
            let group = solicited_node(octets);
            let mac = [0x33, 0x33, 0xff, octets[13], octets[14], octets[15]];
            core.send_icmp(&message, Addresses { source: gateway, destination: group.into() }, Some(mac));
        }
        _ => {}
    }
}

/// The group that listens for questions about an address (RFC 4291 section 2.7.1).
fn solicited_node(octets: [u8; 16]) -> Ipv6Addr {
    let [high, middle, low] = [octets[13], octets[14], octets[15]];
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, high, middle, low])
}

/// The link-layer address option of the given kind (RFC 4861 section 4.6.1).
fn link_address(mut options: &[u8], kind: u8) -> Option<[u8; 6]> {
    while let [found, units, ..] = *options {
        let length = usize::from(units) * 8;
        let option = options.get(..length).filter(|_| length > 0)?;
        if found == kind {
            return option.get(2..8)?.try_into().ok();
        }
        options = options.get(length..)?;
    }
    None
}

/// A neighbour discovery message came in: `message` is ICMPv6 from its type on, its checksum verified.
pub fn neighbour_discovery(core: &mut Core, packet: &Packet<'_>, message: &[u8]) {
    // A hop limit below 255 came from beyond the link (RFC 4861 section 7.1).
    let (Some(&kind), Some(target)) = (message.first(), message.get(8..24)) else { return };
    let Ok(octets) = <[u8; 16]>::try_from(target) else { return };
    if packet.hops != 255 {
        return;
    }
    let target = Ipv6Addr::from(octets);
    let options = message.get(24..).unwrap_or_default();
    if kind == ADVERTISEMENT {
        // The target's own address comes in the option, or is the sender's.
        core.learn(target.into(), link_address(options, 2).unwrap_or(packet.mac));
        return;
    }
    if !packet.source.is_unspecified() {
        core.learn(packet.source, link_address(options, 1).unwrap_or(packet.mac));
    }
    if core.configuration.is_gateway(target.into()) || target == core.link_local() {
        advertise(core, target, packet);
    }
}

fn advertise(core: &mut Core, target: Ipv6Addr, question: &Packet<'_>) {
    // A question without a source is a test for duplicates: everybody hears the answer.
    let is_test = question.source.is_unspecified();
    let destination = if is_test { ALL_NODES.into() } else { question.source };
    let mac = if is_test { [0x33, 0x33, 0, 0, 0, 1] } else { question.mac };
    // Router, solicited (not for a test), override (RFC 4861 section 4.4).
    let mut message = vec![ADVERTISEMENT, 0, 0, 0, if is_test { 0xa0 } else { 0xe0 }, 0, 0, 0];
    message.extend(target.octets());
    message.extend([2, 1]);
    message.extend(core.configuration.mac);
    core.send_icmp(&message, Addresses { source: target.into(), destination }, Some(mac));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_where_they_say_or_not_at_all() {
        let option = [1, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(link_address(&option, 1), Some([2, 3, 4, 5, 6, 7]));
        assert_eq!(link_address(&[&[14, 1, 0, 0, 0, 0, 0, 0][..], &option].concat(), 1), Some([2, 3, 4, 5, 6, 7]));
        assert_eq!(link_address(&[0, 0, 0], 1), None);
        assert_eq!(link_address(&option[..7], 1), None);
    }
}
