//! ICMP: echo at the gateway, and errors about packets that cannot go on (RFC 792, RFC 4443).

use super::core::Core;
use super::packet::build::Addresses;
use super::packet::parse::Packet;
use std::net::IpAddr;

/// Why a packet cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// No route to its network.
    Network,
    /// Its host does not answer.
    Host,
    /// Nobody listens on its port.
    Port,
    /// A rule forbids it.
    Prohibited,
    /// It is longer than the path takes, which is so many bytes.
    TooBig(u16),
}

impl Unreachable {
    /// Type, code and the second word, in IPv4.
    fn version4(self) -> (u8, u8, u32) {
        match self {
            Self::Network => (3, 0, 0),
            Self::Host => (3, 1, 0),
            Self::Port => (3, 3, 0),
            Self::Prohibited => (3, 13, 0),
            Self::TooBig(mtu) => (3, 4, mtu.into()),
        }
    }

    /// Type, code and the second word, in IPv6.
    fn version6(self) -> (u8, u8, u32) {
        match self {
            Self::Network => (1, 0, 0),
            Self::Host => (1, 3, 0),
            Self::Port => (1, 4, 0),
            Self::Prohibited => (1, 1, 0),
            Self::TooBig(mtu) => (2, 0, mtu.into()),
        }
    }
}

/// Tells the sender of `quoted`, an IP packet from its header on (a part is enough), that it cannot go on.
pub fn unreachable(core: &mut Core, to: IpAddr, mac: Option<[u8; 6]>, quoted: &[u8], why: Unreachable) {
    let Some(gateway) = core.gateway_like(to) else { return };
    // As much of the packet as fits the smallest MTU (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4).
    let ((kind, code, word), room) = if to.is_ipv4() { (why.version4(), 548) } else { (why.version6(), 1232) };
    let quoted = quoted.get(..room).unwrap_or(quoted);
    let mut message = Vec::with_capacity(8 + quoted.len());
    message.extend([kind, code, 0, 0]);
    message.extend(word.to_be_bytes());
    message.extend(quoted);
    core.send_icmp(&message, Addresses { source: gateway, destination: to }, mac);
}

/// Answers an echo request on behalf of its destination.
pub fn answer_echo(core: &mut Core, packet: &Packet<'_>) {
    let mut message = packet.payload.to_vec();
    if let Some(kind) = message.first_mut() {
        *kind = if packet.source.is_ipv4() { 0 } else { 129 };
        let addresses = Addresses { source: packet.destination, destination: packet.source };
        core.send_icmp(&message, addresses, Some(packet.mac));
    }
}
