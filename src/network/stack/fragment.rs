//! Fragments: gathered until the packet is whole, and made for packets longer than the link takes (RFC 791 section
//! 3.2, RFC 8200 section 4.5).
//!
//! Memory is bounded by what has arrived, not by what fragments claim: [`PACKETS`] packets of at most 64 KiB. Overlapping
//! fragments have no honest use and drop their packet (RFC 5722).

use super::core::Core;
use super::packet::build::{self, Addresses};
use super::packet::parse::{Fragment, Packet};
use super::packet::{HEADROOM, vnet};
use std::net::IpAddr;

/// Most packets being gathered; a new one displaces the oldest.
const PACKETS: usize = 32;

/// Most fragments of one packet: 64 KiB over the smallest MTU of IPv6.
const PIECES: usize = 64;

/// Longest packet payload, bytes.
const LONGEST: usize = 65_535;

/// How long to wait for the rest, milliseconds (RFC 8200 section 4.5 says 60 s; on this link it is there or lost).
const PATIENCE: u64 = 15_000;

/// Start of the first fragment, which errors quote, bytes.
const QUOTED: usize = 64;

/// Whose fragments belong together.
type Name = (IpAddr, IpAddr, u8, u32);

/// A packet being gathered.
#[derive(Debug)]
struct Gathering {
    name: Name,
    since: u64,
    pieces: Vec<(usize, Vec<u8>)>,
    /// Payload of the whole packet, known once the last fragment is there.
    total: Option<usize>,
    quote: Vec<u8>,
}

/// A packet made whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Its payload.
    pub payload: Vec<u8>,
    /// The start of its first fragment.
    pub quote: Vec<u8>,
}

/// All packets being gathered.
#[derive(Debug, Default)]
pub struct Fragments {
    packets: Vec<Gathering>,
}

impl Fragments {
    /// Takes a fragment; the whole packet if this was the last one missing.
    pub fn add(&mut self, packet: &Packet<'_>, fragment: Fragment, now: u64) -> Option<Whole> {
        self.packets.retain(|gathering| now.saturating_sub(gathering.since) < PATIENCE);
        let end = fragment.offset + packet.payload.len();
        let is_sound = end <= LONGEST && !packet.payload.is_empty() && (!fragment.more || end.is_multiple_of(8));
        let name = (packet.source, packet.destination, packet.protocol, fragment.identification);
        let place = self.packets.iter().position(|gathering| gathering.name == name);
        if !is_sound {
            return None;
        }
        let place = place.unwrap_or_else(|| self.begin(name, now));
        let gathering = self.packets.get_mut(place)?;
        let overlaps =
            gathering.pieces.iter().any(|(offset, bytes)| *offset < end && fragment.offset < offset + bytes.len());
        let contradicts = gathering.total.is_some_and(|total| if fragment.more { end > total } else { end != total });
        if overlaps || contradicts || gathering.pieces.len() >= PIECES {
            // A fragment that came twice does no harm; anything else ends the packet.
            let repeats = gathering.pieces.iter().any(|(at, bytes)| *at == fragment.offset && bytes == packet.payload);
            if !repeats {
                self.packets.swap_remove(place);
            }
            return None;
        }
        if !fragment.more {
            gathering.total = Some(end);
        }
        if fragment.offset == 0 {
            gathering.quote = packet.whole.get(..QUOTED).unwrap_or(packet.whole).to_vec();
        }
        gathering.pieces.push((fragment.offset, packet.payload.to_vec()));
        let received: usize = gathering.pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        (gathering.total == Some(received)).then(|| whole(self.packets.swap_remove(place)))
    }

    fn begin(&mut self, name: Name, now: u64) -> usize {
        if self.packets.len() >= PACKETS {
            self.packets.remove(0);
        }
        self.packets.push(Gathering { name, since: now, pieces: Vec::new(), total: None, quote: Vec::new() });
        self.packets.len() - 1
    }

    /// Forgets packets that stay incomplete; whether any are left.
    pub fn tick(&mut self, now: u64) -> bool {
        self.packets.retain(|gathering| now.saturating_sub(gathering.since) < PATIENCE);
        if self.packets.is_empty() {
            self.packets = Vec::new();
        }
        !self.packets.is_empty()
    }
}

/// Joins the pieces, which do not overlap and leave no gap.
fn whole(mut gathering: Gathering) -> Whole {
    gathering.pieces.sort_by_key(|(offset, _)| *offset);
    let payload = gathering.pieces.into_iter().flat_map(|(_, bytes)| bytes).collect();
    Whole { payload, quote: gathering.quote }
}

/// Sends a packet's payload in fragments that fit the link.
pub fn send(core: &mut Core, payload: &[u8], protocol: u8, addresses: Addresses, mac: Option<[u8; 6]>) {
    let identification = core.random() as u32;
    let headers = if addresses.source.is_ipv4() { 20 } else { 48 };
    let room = (usize::from(core.configuration.mtu) - headers) / 8 * 8;
    let mut buffer = vec![0; HEADROOM + room];
    let mut offset = 0;
    for piece in payload.chunks(room) {
        let end = HEADROOM + piece.len();
        buffer[HEADROOM..end].copy_from_slice(piece);
        let more = offset + piece.len() < payload.len();
        let fragment = Fragment { identification, offset, more };
        let at = build::fragment(&mut buffer, HEADROOM, end, protocol, (addresses, fragment));
        core.send_packet(&mut buffer, (at, end), (addresses.destination, mac), &vnet::Header::default());
        offset += piece.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: &[u8]) -> Packet<'_> {
        Packet {
            mac: [2; 6],
            source: IpAddr::from([10, 0, 0, 2]),
            destination: IpAddr::from([10, 0, 0, 1]),
            protocol: 17,
            payload,
            whole: payload,
            fragment: None,
            dont_fragment: false,
            hops: 64,
        }
    }

    fn piece(offset: usize, more: bool) -> Fragment {
        Fragment { identification: 7, offset, more }
    }

    #[test]
    fn pieces_in_any_order_make_the_packet() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(&packet(b"end"), piece(16, false), 0), None);
        assert_eq!(fragments.add(&packet(b"89abcdef"), piece(8, true), 0), None);
        assert_eq!(fragments.add(&packet(b"89abcdef"), piece(8, true), 0), None, "a repetition does no harm");
        let whole = fragments.add(&packet(b"01234567"), piece(0, true), 0).unwrap();
        assert_eq!(whole.payload, b"0123456789abcdefend");
        assert!(!fragments.tick(0));
    }

    #[test]
    fn overlaps_and_contradictions_drop_the_packet() {
        let mut fragments = Fragments::default();
        fragments.add(&packet(b"0123456789abcdef"), piece(0, true), 0);
        fragments.add(&packet(b"89abcdef"), piece(8, true), 0);
        assert_eq!(fragments.add(&packet(b"end"), piece(16, false), 0), None);
        assert_eq!(fragments.add(&packet(b"01234567"), piece(65_528, true), 0), None, "longer than a packet");
        assert_eq!(fragments.add(&packet(b"0123"), piece(0, true), 0), None, "not a multiple of eight");
        assert!(fragments.tick(PATIENCE - 1));
        assert!(!fragments.tick(PATIENCE));
    }

    #[test]
    fn a_flood_displaces_the_oldest() {
        let mut fragments = Fragments::default();
        for identification in 0..1000 {
            fragments.add(&packet(b"01234567"), Fragment { identification, offset: 0, more: true }, 0);
        }
        assert_eq!(fragments.packets.len(), PACKETS);
    }
}
