//! Messages to and from the kernel's routing socket (rtnetlink(7), netlink(7)).
//!
//! A [`Request`] is built by appending: the family's fixed header, then attributes, some of which hold attributes. A
//! [`Route`] sends several requests in one packet and then reads one answer for each; the kernel works on them in order
//! and goes on after one that failed.

use rustix::io::{Errno, Result};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use std::os::fd::OwnedFd;

/// Length of `struct nlmsghdr`, in bytes.
const HEADER: usize = 16;
/// Messages and attributes begin at multiples of this (`NLMSG_ALIGNTO`).
const ALIGNMENT: usize = 4;
/// Room for what is received at once, in bytes: the kernel makes dumps in pieces of at most 32 KiB.
const RECEIVE_BYTES: usize = 32 * 1024;

/// A message being built.
#[derive(Clone, Debug)]
pub struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A request of type `kind` (`RTM_*`) with further `flags` (`NLM_F_*`) and the family's fixed header.
    pub fn new(kind: u16, flags: i32, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&((libc::NLM_F_REQUEST | flags) as u16).to_ne_bytes());
        bytes.extend_from_slice(fixed);
        let mut request = Request { bytes };
        request.align();
        request
    }

    /// Appends an attribute.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = (ALIGNMENT + value.len()) as u16;
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.align();
        self
    }

    /// Appends a text attribute with its closing NUL.
    pub fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    /// Appends a number attribute.
    pub fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Appends an attribute that holds what `fill` appends.
    pub fn nested(mut self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        let mut filled = fill(self.attribute_header(kind));
        let length = (filled.bytes.len() - start) as u16;
        filled.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        filled
    }

    /// Appends plain bytes: the fixed header some nested attributes begin with.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.align();
        self
    }

    fn attribute_header(&mut self, kind: u16) -> Self {
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        Request { bytes: std::mem::take(&mut self.bytes) }
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }

    fn finish(&mut self, sequence: u32, more_flags: i32) -> &[u8] {
        let length = self.bytes.len() as u32;
        let flags = u16::from_ne_bytes([self.bytes[6], self.bytes[7]]) | more_flags as u16;
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        &self.bytes
    }
}

/// A routing socket of the network namespace it was opened in.
#[derive(Debug)]
pub struct Route {
    socket: OwnedFd,
    sequence: u32,
}

impl Route {
    /// Opens one.
    pub fn open() -> Result<Self> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?; // protocol 0 is NETLINK_ROUTE
        Ok(Route::from_socket(socket))
    }

    /// One that may have been opened by another process, in another namespace.
    ///
    /// Requests are sent with an explicit address: the kernel then asks for the rights of the sender and not for those of
    /// the opener (`netlink_ns_capable`, net/netlink/af_netlink.c).
    pub fn from_socket(socket: OwnedFd) -> Self {
        Route { socket, sequence: 0 }
    }

    /// The socket, for another process.
    pub fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// The number of the interface `name` in the socket's network namespace; `NODEV` when there is none.
    pub fn index_of(&mut self, name: &str) -> Result<u32> {
        let links = self.dump(Request::new(libc::RTM_GETLINK, 0, &[0; 16]), libc::RTM_NEWLINK)?;
        let is_it = |link: &&Vec<u8>| {
            let mut attributes = attributes(link.get(16..).unwrap_or_default());
            attributes
                .any(|(kind, value)| kind == libc::IFLA_IFNAME && value.strip_suffix(&[0]) == Some(name.as_bytes()))
        };
        let link = links.iter().find(is_it).ok_or(Errno::NODEV)?;
        Ok(link.get(4..8).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_ne_bytes(*bytes)))
    }

    fn send(&self, packet: &[u8]) -> Result<()> {
        sendto(&self.socket, packet, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).map(drop)
    }

    /// Carries one request out. `EXIST` where a thing to be made is there already, `NODEV` for an unknown interface, ...
    pub fn request(&mut self, request: Request) -> Result<()> {
        self.requests(vec![request]).into_iter().next().unwrap_or(Err(Errno::PROTO))
    }

    /// Carries several requests out in order; one result each. A failure does not stop those behind it.
    pub fn requests(&mut self, mut requests: Vec<Request>) -> Vec<Result<()>> {
        let first = self.sequence.wrapping_add(1);
        let mut packet = Vec::new();
        for request in &mut requests {
            self.sequence = self.sequence.wrapping_add(1);
            packet.extend_from_slice(request.finish(self.sequence, libc::NLM_F_ACK));
        }
        let mut results = vec![Err(Errno::PROTO); requests.len()];
        if let Err(error) = self.send(&packet) {
            return vec![Err(error); requests.len()];
        }
        let mut missing = requests.len();
        let mut buffer = vec![0; RECEIVE_BYTES];
        while missing > 0 {
            let length = match recv(&self.socket, &mut buffer, RecvFlags::empty()) {
                Ok((_, length)) => length,
                Err(Errno::INTR) => continue,
                Err(error) => return results.into_iter().map(|result| result.and(Err(error))).collect(),
            };
            for message in messages(&buffer[..length]).filter(|message| i32::from(message.kind) == libc::NLMSG_ERROR) {
                let index = message.sequence.wrapping_sub(first) as usize;
                if let Some(result) = results.get_mut(index) {
                    *result = outcome(message.body);
                    missing -= 1;
                }
            }
        }
        results
    }

    /// Sends a dump request and returns the bodies of all answers of type `kind`.
    pub fn dump(&mut self, mut request: Request, kind: u16) -> Result<Vec<Vec<u8>>> {
        self.sequence = self.sequence.wrapping_add(1);
        self.send(request.finish(self.sequence, libc::NLM_F_DUMP))?;
        let mut bodies = Vec::new();
        let mut buffer = vec![0; RECEIVE_BYTES];
        loop {
            let length = match recv(&self.socket, &mut buffer, RecvFlags::empty()) {
                Ok((_, length)) => length,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            for message in messages(&buffer[..length]).filter(|message| message.sequence == self.sequence) {
                match i32::from(message.kind) {
                    libc::NLMSG_DONE => return Ok(bodies),
                    libc::NLMSG_ERROR => return outcome(message.body).map(|()| bodies),
                    _ if message.kind == kind => bodies.push(message.body.to_vec()),
                    _ => {}
                }
            }
        }
    }
}

/// The result in the body of an `NLMSG_ERROR`: a negative error number, 0 for success.
fn outcome(body: &[u8]) -> Result<()> {
    match body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)) {
        Some(0) => Ok(()),
        Some(error) => Err(Errno::from_raw_os_error(error.wrapping_neg())),
        None => Err(Errno::PROTO),
    }
}

/// A message as received.
struct Received<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
}

/// The messages in a packet; ends at the first that makes no sense.
fn messages(mut packet: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let header = packet.get(..HEADER)?;
        let length = u32::from_ne_bytes(*header.first_chunk()?) as usize;
        let body = packet.get(HEADER..length)?;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let sequence = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
        packet = packet.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some(Received { kind, sequence, body })
    })
}

/// The attributes in `bytes`: type without its flag bits, and value. Ends at the first that makes no sense.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    /// `NLA_TYPE_MASK`: the two upper bits are flags.
    const TYPE: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let header = bytes.get(..ALIGNMENT)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = bytes.get(ALIGNMENT..length)?;
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE;
        bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some((kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_nested() {
        let mut request = Request::new(16, 0, &[1, 2, 3])
            .nested(18, |inner| inner.text(1, "veth").nested(2, |inner| inner.attribute(3, &[9])));
        let bytes = request.finish(7, libc::NLM_F_ACK).to_vec();
        let message = messages(&bytes).next().unwrap();
        assert_eq!((message.kind, message.sequence, &message.body[..4]), (16, 7, &[1, 2, 3, 0][..]));
        let outer: Vec<_> = attributes(&message.body[4..]).collect();
        assert_eq!(outer.len(), 1);
        let inner: Vec<_> = attributes(outer[0].1).collect();
        assert_eq!(inner[0], (1, &b"veth\0"[..]));
        assert_eq!(attributes(inner[1].1).collect::<Vec<_>>(), [(3, &[9][..])]);
    }

    #[test]
    fn nonsense_ends_a_list() {
        for bytes in [&[][..], &[0; 3], &[2, 0, 1, 0], &[9, 0, 1, 0, 1], &[0xff; 64]] {
            assert_eq!(attributes(bytes).count(), 0, "{bytes:?}");
            assert_eq!(messages(bytes).count(), 0, "{bytes:?}");
        }
    }

    #[test]
    fn the_loopback_device_is_listed() {
        let mut route = Route::open().unwrap();
        let links = route.dump(Request::new(libc::RTM_GETLINK, 0, &[0; 16]), libc::RTM_NEWLINK).unwrap();
        let names: Vec<&[u8]> = links
            .iter()
            .flat_map(|link| attributes(&link[16..]))
            .filter(|(kind, _)| *kind == libc::IFLA_IFNAME)
            .map(|(_, value)| value)
            .collect();
        assert!(names.contains(&&b"lo\0"[..]), "{names:?}");
    }
}
