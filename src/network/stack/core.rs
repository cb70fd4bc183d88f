//! What every protocol of the stack needs: the tap, the clock, the poll descriptor, timers, neighbours and the
//! configuration, with the few ways to send a frame.

use super::configuration::Configuration;
use super::error::Error;
use super::neighbours::Neighbours;
use super::packet::build::{self, Addresses};
use super::packet::{HEADROOM, ICMPV6, vnet};
use super::policy::Policy;
use super::services::Services;
use super::slab::Id;
use super::tap::Tap;
use super::timers::{Timer, Timers};
use rustix::event::epoll;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Instant;

/// What an event of the poll descriptor is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The tap has frames.
    Tap,
    /// A published port has clients or datagrams.
    Forward(u32),
    /// A TCP flow's socket.
    Tcp(Id),
    /// A socket of UDP flows.
    Udp(Id),
    /// A ping flow's socket.
    Echo(Id),
    /// A descriptor of the control.
    Control(u32),
}

impl Token {
    /// As the 64 bits that epoll keeps: kind 8, generation 24, number 32.
    pub fn encode(self) -> u64 {
        let (kind, generation, number) = match self {
            Self::Tap => (0, 0, 0),
            Self::Forward(number) => (1, 0, number),
            Self::Tcp(id) => (2, id.generation, id.index),
            Self::Udp(id) => (3, id.generation, id.index),
            Self::Echo(id) => (4, id.generation, id.index),
            Self::Control(number) => (5, 0, number),
        };
        kind << 56 | u64::from(generation) << 32 | u64::from(number)
    }

    /// The reverse of [`Token::encode`].
    pub fn decode(value: u64) -> Option<Self> {
        let number = value as u32;
        let id = Id { index: number, generation: (value >> 32) as u32 & 0xff_ffff };
        match value >> 56 {
            0 => Some(Self::Tap),
            1 => Some(Self::Forward(number)),
            2 => Some(Self::Tcp(id)),
            3 => Some(Self::Udp(id)),
            4 => Some(Self::Echo(id)),
            5 => Some(Self::Control(number)),
            _ => None,
        }
    }
}

/// Shared by all protocols.
pub struct Core {
    /// The network.
    pub configuration: Configuration,
    /// The link to it.
    pub tap: Tap,
    /// Moments to come.
    pub timers: Timers,
    /// Who is where on the link.
    pub neighbours: Neighbours,
    /// What the gateway answers.
    pub services: Box<dyn Services>,
    /// Which flows may leave.
    pub policy: Box<dyn Policy>,
    /// TCP flows with more to send to their guests when the others have had their turn.
    pub ready: Vec<Id>,
    /// TCP flows that owe their guests an acknowledgment at the end of this turn.
    pub owing: Vec<Id>,
    /// Bytes from guests that wait for their sockets, over all flows.
    pub pending_bytes: usize,
    /// Milliseconds since the stack began; moved once per turn of the loop.
    pub now: u64,
    poll: OwnedFd,
    began: Instant,
    random: u64,
}

impl Core {
    /// Takes over the tap and makes the poll descriptor.
    pub fn new(
        configuration: Configuration,
        device: OwnedFd,
        services: Box<dyn Services>,
        policy: Box<dyn Policy>,
    ) -> Result<Self, Error> {
        if configuration.mtu < 1280 {
            return Err(Error::Mtu(configuration.mtu));
        }
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|errno| Error::Poll(errno.into()))?;
        let mut seed = [0; 8];
        rustix::rand::getrandom(&mut seed, rustix::rand::GetRandomFlags::empty())
            .map_err(|errno| Error::Poll(errno.into()))?;
        let core = Self {
            configuration,
            tap: Tap::new(device)?,
            timers: Timers::default(),
            neighbours: Neighbours::default(),
            services,
            policy,
            ready: Vec::new(),
            owing: Vec::new(),
            pending_bytes: 0,
            now: 0,
            poll,
            began: Instant::now(),
            random: u64::from_ne_bytes(seed),
        };
        epoll::add(&core.poll, &core.tap, epoll::EventData::new_u64(Token::Tap.encode()), epoll::EventFlags::IN)
            .map_err(|errno| Error::Poll(errno.into()))?;
        Ok(core)
    }

    /// Reads the clock.
    pub fn tick(&mut self) {
        self.now = self.began.elapsed().as_millis() as u64;
    }

    /// The moment `instant` on the stack's clock.
    pub fn moment(&self, instant: Instant) -> u64 {
        instant.saturating_duration_since(self.began).as_millis() as u64 + 1
    }

    /// The poll descriptor.
    pub fn poll(&self) -> &OwnedFd {
        &self.poll
    }

    /// Watches a descriptor.
    pub fn watch(&self, descriptor: BorrowedFd<'_>, token: Token, flags: epoll::EventFlags) -> rustix::io::Result<()> {
        epoll::add(&self.poll, descriptor, epoll::EventData::new_u64(token.encode()), flags)
    }

    /// Watches a descriptor for something else.
    pub fn rewatch(
        &self,
        descriptor: BorrowedFd<'_>,
        token: Token,
        flags: epoll::EventFlags,
    ) -> rustix::io::Result<()> {
        epoll::modify(&self.poll, descriptor, epoll::EventData::new_u64(token.encode()), flags)
    }

    /// A number that a guest cannot guess well enough to matter (splitmix64 over a random seed): initial sequence
    /// numbers and hash seeds.
    pub fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The address errors and echo replies come from, in the family of `other`.
    pub fn gateway_like(&self, other: IpAddr) -> Option<IpAddr> {
        self.configuration.gateway_like(other)
    }

    /// The gateway's link-local IPv6 address, from its hardware address (RFC 4291 appendix A).
    pub fn link_local(&self) -> Ipv6Addr {
        let [a, b, c, d, e, f] = self.configuration.mac;
        Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
    }

    /// Sends the frame whose IP packet is `buffer[at..end]`: the link and offload headers are put before it. Waits for
    /// the neighbour when `mac` is `None` and nobody is known at the destination.
    pub fn send_packet(
        &mut self,
        buffer: &mut [u8],
        (at, end): (usize, usize),
        (destination, mac): (IpAddr, Option<[u8; 6]>),
        offload: &vnet::Header,
    ) {
        let known = mac.or_else(|| self.neighbours.find(destination));
        let ethertype = build::ethertype(destination);
        let at = build::ethernet(buffer, at, known.unwrap_or_default(), self.configuration.mac, ethertype);
        let at = build::offload(buffer, at, self.tap.header_length, offload);
        if known.is_some() {
            return self.tap.send(&buffer[at..end]);
        }
        let first_asked = !self.neighbours.is_asking();
        if self.neighbours.wait(destination, buffer[at..end].to_vec()) {
            super::link::ask(self, destination);
            if first_asked {
                self.timers.arm(self.now + 1000, Timer::Housekeeping);
            }
        }
    }

    /// Notes where a guest is, and sends what waited for it.
    pub fn learn(&mut self, address: IpAddr, mac: [u8; 6]) {
        let offset = self.tap.header_length;
        for mut frame in self.neighbours.learn(address, mac) {
            if let Some(destination) = frame.get_mut(offset..offset + 6) {
                destination.copy_from_slice(&mac);
                self.tap.send(&frame);
            }
        }
    }

    /// Sends one ICMP message, its checksum computed here, from the gateway's side of the link.
    pub fn send_icmp(&mut self, message: &[u8], addresses: Addresses, mac: Option<[u8; 6]>) {
        let mut buffer = vec![0; HEADROOM + message.len()];
        buffer[HEADROOM..].copy_from_slice(message);
        let end = buffer.len();
        let is_ipv4 = addresses.source.is_ipv4();
        buffer[HEADROOM + 2..HEADROOM + 4].fill(0);
        let sum = if is_ipv4 {
            build::checksum(&buffer[HEADROOM..])
        } else {
            build::transport_checksum(addresses, ICMPV6, &buffer[HEADROOM..])
        };
        buffer[HEADROOM + 2..HEADROOM + 4].copy_from_slice(&sum);
        let protocol = if is_ipv4 { super::packet::ICMP } else { ICMPV6 };
        let at = build::ip(&mut buffer, HEADROOM, end, protocol, addresses);
        self.send_packet(&mut buffer, (at, end), (addresses.destination, mac), &vnet::Header::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        let id = Id { index: u32::MAX, generation: 0xff_ffff };
        for token in
            [Token::Tap, Token::Forward(7), Token::Tcp(id), Token::Udp(id), Token::Echo(id), Token::Control(u32::MAX)]
        {
            assert_eq!(Token::decode(token.encode()), Some(token));
        }
        assert_eq!(Token::decode(u64::MAX), None);
    }
}
