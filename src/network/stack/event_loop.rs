//! The loop: one thread, one epoll. Frames first, then sockets, then what is owed, then timers.

use super::address::{self, Destination};
use super::configuration::{Configuration, Forward};
use super::control::{Control, ForwardId, Handle, Interest, Readiness, Statistics};
use super::core::{Core, Token};
use super::error::Error;
use super::forward::Forwards;
use super::fragment::Fragments;
use super::packet::build::{self, Addresses};
use super::packet::parse::{self, Fragment, Frame, Packet};
use super::packet::{ICMP, ICMPV6, TCP, UDP, vnet};
use super::policy::Policy;
use super::services::Services;
use super::tap::FRAME;
use super::timers::Timer;
use super::{echo, icmp, link, tcp, udp};
use rustix::event::epoll::{self, EventFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Instant;

/// Most frames read in one turn, so that sockets have theirs.
const FRAMES: usize = 64;

/// Events taken at once.
const EVENTS: usize = 128;

/// Descriptors left to everything that is not a flow.
const RESERVED: u64 = 128;

/// Most flows, however many descriptors there are.
const FLOWS_MOST: u64 = 65_536;

/// A user-mode network stack on a tap device.
pub struct Stack {
    inner: Inner,
    buffer: Box<[u8]>,
}

/// All but the frame buffer, so that a frame can be read while the rest changes.
struct Inner {
    core: Core,
    tcp: tcp::Table,
    udp: udp::Table,
    echo: echo::Table,
    fragments: Fragments,
    forwards: Forwards,
}

impl Stack {
    /// A stack for the network on `tap`, an attached tap device with `IFF_NO_PI` and `IFF_VNET_HDR`. Raises this
    /// process's descriptor limit as far as allowed.
    pub fn new(
        configuration: Configuration,
        tap: OwnedFd,
        services: Box<dyn Services>,
        policy: Box<dyn Policy>,
    ) -> Result<Self, Error> {
        let mut core = Core::new(configuration, tap, services, policy)?;
        let most = raise_descriptor_limit();
        let tcp = tcp::Table::new(&mut core, most / 2);
        let udp = udp::Table::new(&mut core, most / 2);
        let echo = echo::Table::new(&mut core);
        let inner = Inner { core, tcp, udp, echo, fragments: Fragments::default(), forwards: Forwards::default() };
        Ok(Self { inner, buffer: vec![0; FRAME].into_boxed_slice() })
    }

    /// Runs until the control says so (`Ok`), or the tap is gone. Blocks.
    pub fn run(&mut self, control: &mut dyn Control) -> Result<(), Error> {
        let mut events = Vec::with_capacity(EVENTS);
        control.begin(&mut self.inner)?;
        loop {
            let timeout = self.timeout(control.deadline());
            let wait = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(self.inner.core.poll(), wait, timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::Poll(errno.into())),
            }
            self.inner.core.tick();
            for event in events.drain(..) {
                let Some(token) = Token::decode(event.data.u64()) else { continue };
                if self.event(token, event.flags, control)?.is_break() {
                    return Ok(());
                }
            }
            self.inner.finish_turn();
            if control.deadline().is_some_and(|deadline| deadline <= Instant::now())
                && control.expired(&mut self.inner).is_break()
            {
                return Ok(());
            }
        }
    }

    /// How long to wait for events: until the next timer, the control's deadline, or not at all if flows have more.
    fn timeout(&self, deadline: Option<Instant>) -> Option<rustix::event::Timespec> {
        let core = &self.inner.core;
        if !core.ready.is_empty() {
            return Some(rustix::event::Timespec::default());
        }
        let deadline = deadline.map(|deadline| core.moment(deadline));
        let next = [core.timers.next(), deadline].into_iter().flatten().min()?;
        let wait = std::time::Duration::from_millis(next.saturating_sub(core.now));
        rustix::event::Timespec::try_from(wait).ok()
    }

    fn event(&mut self, token: Token, flags: EventFlags, control: &mut dyn Control) -> Result<ControlFlow<()>, Error> {
        let Token::Control(number) = token else {
            self.flow_event(token, flags)?;
            return Ok(ControlFlow::Continue(()));
        };
        let failed = EventFlags::HUP | EventFlags::ERR | EventFlags::RDHUP;
        let readable = flags.intersects(EventFlags::IN | failed);
        let readiness = Readiness { readable, writable: flags.contains(EventFlags::OUT) };
        Ok(control.ready(number, readiness, &mut self.inner))
    }

    fn flow_event(&mut self, token: Token, flags: EventFlags) -> Result<(), Error> {
        let inner = &mut self.inner;
        match token {
            Token::Tap => self.frames()?,
            Token::Forward(number) => inner.forwards.accept(&mut inner.core, &mut inner.tcp, number),
            Token::Tcp(id) => inner.tcp.socket_event(&mut inner.core, id, flags),
            Token::Udp(id) => inner.udp.socket_event(&mut inner.core, id, flags),
            Token::Echo(id) => inner.echo.socket_event(&mut inner.core, id, flags),
            Token::Control(_) => {}
        }
        Ok(())
    }

    /// Reads frames for one turn.
    fn frames(&mut self) -> Result<(), Error> {
        for _ in 0..FRAMES {
            let Some((offload, length)) = self.inner.core.tap.receive(&mut self.buffer)? else { break };
            let start = self.inner.core.tap.header_length;
            let frame = self.buffer.get(start..start + length).unwrap_or_default();
            self.inner.frame(&offload, frame);
        }
        Ok(())
    }

    /// Takes one frame as if it came from the tap, and does what is due: what fuzzing and tests call.
    pub fn inject(&mut self, offload: &vnet::Header, frame: &[u8]) {
        self.inner.core.tick();
        self.inner.frame(offload, frame);
        self.inner.finish_turn();
    }

    /// Handles what is ready now, without a control and without waiting: what fuzzing and tests call.
    pub fn turn(&mut self) -> Result<(), Error> {
        let mut events = Vec::with_capacity(EVENTS);
        let now = rustix::event::Timespec::default();
        let wait = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(self.inner.core.poll(), wait, Some(&now)).map_err(|errno| Error::Poll(errno.into()))?;
        self.inner.core.tick();
        for event in events.drain(..) {
            if let Some(token) = Token::decode(event.data.u64()) {
                self.flow_event(token, event.flags)?;
            }
        }
        self.inner.finish_turn();
        Ok(())
    }

    /// What the stack holds and has carried.
    pub fn statistics(&self) -> Statistics {
        self.inner.statistics()
    }
}

impl Inner {
    fn frame(&mut self, offload: &vnet::Header, frame: &[u8]) {
        match parse::frame(frame) {
            Some(Frame::Arp(arp)) => link::arp(&mut self.core, arp),
            Some(Frame::Ip(packet)) => self.packet(offload, &packet),
            None => self.core.tap.dropped += 1,
        }
    }

    fn packet(&mut self, offload: &vnet::Header, packet: &Packet<'_>) {
        if let Some(fragment) = packet.fragment {
            return self.gather(packet, fragment);
        }
        if offload.flags & vnet::NEEDS_CSUM == 0 && !checksum_holds(packet) {
            self.core.tap.dropped += 1;
            return;
        }
        let core = &mut self.core;
        if core.configuration.is_local(packet.source) {
            core.learn(packet.source, packet.mac);
        }
        let joined = (offload.gso_type == vnet::GSO_UDP_L4 && offload.gso_size > 0).then_some(offload.gso_size);
        match packet.protocol {
            _ if packet.source.is_unspecified() && packet.protocol != ICMPV6 => {}
            TCP => self.tcp.input(core, packet),
            UDP => self.udp.input(core, packet, joined),
            ICMP if packet.source.is_ipv4() => self.icmp(packet),
            ICMPV6 if packet.source.is_ipv6() => self.icmp(packet),
            _ => {}
        }
    }

    /// A fragment: the packet goes on when it is whole.
    fn gather(&mut self, packet: &Packet<'_>, fragment: Fragment) {
        let was_gathering = self.fragments.tick(self.core.now);
        let whole = self.fragments.add(packet, fragment, self.core.now);
        if !was_gathering && whole.is_none() {
            self.core.timers.arm(self.core.now + 1000, Timer::Housekeeping);
        }
        if let Some(whole) = whole {
            let packet = Packet { payload: &whole.payload, whole: &whole.quote, fragment: None, ..*packet };
            self.packet(&vnet::Header::default(), &packet);
        }
    }

    fn icmp(&mut self, packet: &Packet<'_>) {
        // Type, code, checksum and a word in every message spoken here.
        if packet.payload.len() < 8 {
            self.core.tap.dropped += 1;
            return;
        }
        let core = &mut self.core;
        let to_us =
            core.configuration.is_gateway(packet.destination) || packet.destination == IpAddr::V6(core.link_local());
        let goes_out = address::destination(&core.configuration, packet.destination) == Destination::Out;
        match (packet.payload.first(), packet.protocol) {
            (Some(8), ICMP) | (Some(128), ICMPV6) if to_us => icmp::answer_echo(core, packet),
            (Some(8), ICMP) | (Some(128), ICMPV6) if goes_out => self.echo.input(core, packet),
            (Some(&(link::SOLICITATION | link::ADVERTISEMENT)), ICMPV6) => {
                link::neighbour_discovery(core, packet, packet.payload);
            }
            _ => {}
        }
    }

    /// What is due after the events of a turn: acknowledgments, flows with more to send, timers.
    fn finish_turn(&mut self) {
        self.udp.flush(&mut self.core);
        let mut owing = std::mem::take(&mut self.core.owing);
        for id in owing.drain(..) {
            self.tcp.acknowledge(&mut self.core, id);
        }
        // The list is reused; nothing was added to it meanwhile.
        self.core.owing = owing;
        for id in std::mem::take(&mut self.core.ready) {
            self.tcp.pump(&mut self.core, id);
        }
        while let Some((moment, timer)) = self.core.timers.pop(self.core.now) {
            match timer {
                Timer::Tcp(id) => self.tcp.timer(&mut self.core, id, moment),
                Timer::Udp(id) => self.udp.timer(&mut self.core, id),
                Timer::Echo(id) => self.echo.timer(&mut self.core, id),
                Timer::Accept(number) => self.forwards.resume(&mut self.core, number),
                Timer::Housekeeping => self.housekeeping(),
            }
        }
    }

    fn housekeeping(&mut self) {
        for address in self.core.neighbours.tick() {
            link::ask(&mut self.core, address);
        }
        if self.fragments.tick(self.core.now) || self.core.neighbours.is_asking() {
            self.core.timers.arm(self.core.now + 1000, Timer::Housekeeping);
        }
    }
}

impl Handle for Inner {
    fn watch(&mut self, descriptor: BorrowedFd<'_>, token: u32, interest: Interest) -> Result<(), Error> {
        self.core.watch(descriptor, Token::Control(token), flags(interest)).map_err(|errno| Error::Watch(errno.into()))
    }

    fn rewatch(&mut self, descriptor: BorrowedFd<'_>, token: u32, interest: Interest) -> Result<(), Error> {
        let data = epoll::EventData::new_u64(Token::Control(token).encode());
        epoll::modify(self.core.poll(), descriptor, data, flags(interest)).map_err(|errno| Error::Watch(errno.into()))
    }

    fn unwatch(&mut self, descriptor: BorrowedFd<'_>) -> Result<(), Error> {
        epoll::delete(self.core.poll(), descriptor).map_err(|errno| Error::Watch(errno.into()))
    }

    fn add_forward(&mut self, forward: Forward) -> Result<ForwardId, Error> {
        self.forwards.add(&mut self.core, &mut self.udp, forward)
    }

    fn remove_forward(&mut self, forward: ForwardId) -> bool {
        self.forwards.remove(&mut self.core, &mut self.udp, forward)
    }

    fn statistics(&self) -> Statistics {
        let (frames_in, frames_out) = self.core.tap.counts();
        Statistics {
            tcp_flows: self.tcp.len(),
            udp_flows: self.udp.len(),
            echo_flows: self.echo.len(),
            forwards: self.forwards.len(),
            frames_in,
            frames_out,
            frames_dropped: self.core.tap.dropped,
            buffered_bytes: self.core.pending_bytes + self.tcp.bytes_used(),
        }
    }
}

fn flags(interest: Interest) -> EventFlags {
    match interest {
        Interest::Read => EventFlags::IN,
        Interest::Write => EventFlags::OUT,
        Interest::Both => EventFlags::IN | EventFlags::OUT,
    }
}

/// Whether the checksum of a packet that came with one is right. Whole packets of TCP, UDP and ICMP only.
fn checksum_holds(packet: &Packet<'_>) -> bool {
    let addresses = Addresses { source: packet.source, destination: packet.destination };
    match packet.protocol {
        _ if packet.fragment.is_some() => true,
        ICMP => build::checksum(packet.payload) == [0, 0],
        // A UDP checksum of zero over IPv4 means none (RFC 768).
        UDP if packet.source.is_ipv4() && packet.payload.get(6..8) == Some(&[0, 0]) => true,
        TCP | UDP | ICMPV6 => build::transport_checksum(addresses, packet.protocol, packet.payload) == [0, 0],
        _ => true,
    }
}

/// Raises the soft limit of open descriptors to the hard one; how many flows fit.
fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    allowed.unwrap_or(FLOWS_MOST).saturating_sub(RESERVED).clamp(16, FLOWS_MOST) as usize
}
