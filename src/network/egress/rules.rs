//! The rules of `--egress`, as typed and as matched.
//!
//! ```text
//! --egress deny                          nothing leaves
//! --egress allow=DESTINATION[,...]       nothing but these leaves; repeatable
//!
//! DESTINATION = WHAT[:PORT[-PORT]][/tcp|/udp]
//! WHAT        = NAME | *.NAME | * | IPV4[/PREFIX] | IPV6[/PREFIX] | [IPV6][/PREFIX]
//! ```
//!
//! Names are compared without regard to case or a final dot, as they are on the wire (no IDNA translation: write the
//! `xn--` form). `*.example.org` admits every name below `example.org`, at any depth, and not `example.org` itself.

use super::error::EgressError;
use crate::network::egress::Transport;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// Longest host name, in bytes (RFC 1035 section 2.3.4, without the final dot).
pub(super) const LONGEST_NAME: usize = 253;

/// All rules of a container. An empty list admits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    allowed: Vec<Destination>,
}

/// One destination that is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Destination {
    what: What,
    /// First and last port; `None` is all.
    ports: Option<(u16, u16)>,
    /// `None` is all.
    transport: Option<Transport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    /// `*`
    Anything,
    /// A name, lower case, without final dot.
    Name(String),
    /// `*.` and this name.
    Below(String),
    /// An address and the number of its leading bits that count.
    Network(IpAddr, u8),
}

/// Where something wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The protocol.
    pub transport: Transport,
    /// The address; one mapped from IPv4 counts as IPv4.
    pub address: IpAddr,
    /// The port; 0 for ICMP.
    pub port: u16,
}

impl Rules {
    /// Reads the values of all `--egress` options, in order.
    ///
    /// # Errors
    /// The first word that makes no sense.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Rules, EgressError> {
        let mut allowed = Vec::new();
        for word in words.iter().map(AsRef::as_ref) {
            match word.split_once('=') {
                None if word == "deny" => {}
                Some(("allow", list)) => {
                    for item in list.split(',') {
                        if item.is_empty() {
                            return Err(EgressError::Empty(word.to_owned()));
                        }
                        allowed.push(Destination::parse(item)?);
                    }
                }
                _ => return Err(EgressError::Word(word.to_owned())),
            }
        }
        Ok(Rules { allowed })
    }

    /// Rules that admit all there is, for logging it.
    pub fn everything() -> Rules {
        let all = |ports| Destination { what: What::Anything, ports, transport: None };
        Rules { allowed: vec![all(None), all(Some((1, u16::MAX)))] }
    }

    /// Whether an address is allowed by itself, whatever name led to it.
    pub fn allow_address(&self, target: &Target) -> bool {
        self.allowed
            .iter()
            .any(|rule| rule.admits(target.transport, target.port) && rule.what.holds_address(target.address))
    }

    /// Whether `name` is allowed with this protocol and port.
    pub fn allow_name(&self, name: &str, transport: Transport, port: u16) -> bool {
        let name = normal(name);
        self.allowed.iter().any(|rule| rule.admits(transport, port) && rule.what.holds_name(&name))
    }

    /// Whether `name` is allowed with any protocol and port, so that it may be looked up.
    pub fn allow_lookup(&self, name: &str) -> bool {
        let name = normal(name);
        self.allowed.iter().any(|rule| rule.what.holds_name(&name))
    }

    /// Whether a rule names this port itself, rather than admitting all.
    pub fn names_port(&self, target: &Target) -> bool {
        self.allowed.iter().any(|rule| rule.ports.is_some() && rule.admits(target.transport, target.port))
    }

    /// Whether an address is allowed only because everything is, by a rule that names neither it nor its port.
    pub fn is_open_to(&self, target: &Target) -> bool {
        let admitting =
            |rule: &&Destination| rule.admits(target.transport, target.port) && rule.what.holds_address(target.address);
        self.allowed.iter().filter(admitting).all(|rule| rule.what == What::Anything && rule.ports.is_none())
    }
}

impl Destination {
    fn parse(text: &str) -> Result<Destination, EgressError> {
        let (rest, transport) = match text.rsplit_once('/') {
            Some((rest, "tcp")) => (rest, Some(Transport::Tcp)),
            Some((rest, "udp")) => (rest, Some(Transport::Udp)),
            _ => (text, None),
        };
        let (what, port) = split_port(rest);
        let ports = port.map(|port| ports(port).ok_or_else(|| EgressError::Port(text.to_owned()))).transpose()?;
        Ok(Destination { what: What::parse(what, text)?, ports, transport })
    }

    fn admits(&self, transport: Transport, port: u16) -> bool {
        let has_port = transport != Transport::Icmp;
        self.transport.is_none_or(|own| own == transport)
            && self.ports.is_none_or(|(first, last)| has_port && RangeInclusive::new(first, last).contains(&port))
    }
}

/// Splits `:PORT` off. An IPv6 address without brackets has no port.
fn split_port(text: &str) -> (&str, Option<&str>) {
    let after_bracket = text.rfind(']').map_or(0, |end| end + 1);
    let colons = text[after_bracket..].matches(':').count();
    match text.rsplit_once(':') {
        Some((what, port)) if colons == 1 => (what, Some(port)),
        _ => (text, None),
    }
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| is_plain && *number > 0)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

impl What {
    fn parse(what: &str, whole: &str) -> Result<What, EgressError> {
        if what == "*" {
            return Ok(What::Anything);
        }
        let (host, prefix) = match what.split_once('/') {
            Some((host, prefix)) => (host, Some(prefix)),
            None => (what, None),
        };
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        let bare = if is_bracketed { &host[1..host.len() - 1] } else { host };
        let Ok(address) = bare.parse::<IpAddr>() else {
            if is_bracketed || host.contains(':') {
                return Err(EgressError::Address(whole.to_owned()));
            }
            return if prefix.is_some() { Err(EgressError::Suffix(whole.to_owned())) } else { What::name(host, whole) };
        };
        if is_bracketed && address.is_ipv4() {
            return Err(EgressError::Address(whole.to_owned()));
        }
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let length = match prefix {
            None => width,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|length| *length <= width && prefix.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| EgressError::Suffix(whole.to_owned()))?,
        };
        Ok(What::Network(address, length))
    }

    fn name(text: &str, whole: &str) -> Result<What, EgressError> {
        let (is_wildcard, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let name = normal(name);
        // Four numbers with dots that are no address are a slip of the pen, not a name (RFC 1123 section 2.1).
        let is_numeric = name.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_host_name(&name) || is_numeric {
            return Err(EgressError::Name(whole.to_owned()));
        }
        Ok(if is_wildcard { What::Below(name) } else { What::Name(name) })
    }

    fn holds_name(&self, name: &str) -> bool {
        match self {
            What::Anything => true,
            What::Name(own) => own == name,
            What::Below(own) => {
                name.strip_suffix(own.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            What::Network(..) => false,
        }
    }

    fn holds_address(&self, address: IpAddr) -> bool {
        match self {
            What::Anything => true,
            What::Name(_) | What::Below(_) => false,
            What::Network(network, length) => is_within(address.to_canonical(), *network, *length),
        }
    }
}

/// Whether the first `length` bits of both addresses are the same.
pub(crate) fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            (address.to_bits() ^ network.to_bits()) & mask == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            (address.to_bits() ^ network.to_bits()) & mask == 0
        }
        _ => false,
    }
}

/// Lower case, without the final dot.
pub(super) fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Letters, digits, hyphens and underscores (service names have them) in labels of 1 to 63.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= LONGEST_NAME && name.split('.').all(is_label)
}

/// Whether an address may be tied to a name at all. A name's owner must not lead the container to the host itself, to
/// its neighbours by link or to a cloud's metadata service; an address rule can.
pub(super) fn may_be_named(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !(address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address == Ipv4Addr::BROADCAST
                || address.octets()[0] == 0)
        }
        IpAddr::V6(address) => {
            let is_link_local = address.segments()[0] & 0xffc0 == 0xfe80;
            !(address.is_loopback() || is_link_local || address.is_multicast() || address == Ipv6Addr::UNSPECIFIED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(words: &[&str]) -> Rules {
        Rules::parse(words).expect("rules")
    }

    fn target(transport: Transport, address: &str, port: u16) -> Target {
        Target { transport, address: address.parse().expect("an address"), port }
    }

    #[test]
    fn addresses() {
        use Transport::{Icmp, Tcp, Udp};
        let rules = rules(&["allow=10.0.0.0/8,192.0.2.7:80/tcp", "allow=[2001:db8::]/32:8000-8100/udp,2001:db8:1::5"]);
        let cases = [
            (Tcp, "10.255.0.1", 1, true),
            (Icmp, "10.255.0.1", 0, true),
            (Tcp, "11.0.0.1", 1, false),
            (Tcp, "192.0.2.7", 80, true),
            (Udp, "192.0.2.7", 80, false),
            (Tcp, "192.0.2.7", 81, false),
            (Icmp, "192.0.2.7", 0, false),
            (Udp, "2001:db8:ffff::1", 8050, true),
            (Udp, "2001:db8:ffff::1", 8101, false),
            (Tcp, "2001:db8:1::5", 22, true),
            (Tcp, "2001:db8:1::6", 22, false),
            (Tcp, "::ffff:10.0.0.1", 22, true),
        ];
        for (transport, address, port, expected) in cases {
            assert_eq!(
                rules.allow_address(&target(transport, address, port)),
                expected,
                "{transport:?} {address} {port}"
            );
        }
        assert!(Rules::default().allowed.is_empty());
        assert!(super::Rules::parse(&["allow=0.0.0.0/0"]).unwrap().allow_address(&target(Tcp, "198.51.100.1", 1)));
        assert!(super::Rules::parse(&["allow=*"]).unwrap().allow_address(&target(Icmp, "::2", 0)));
    }

    #[test]
    fn names() {
        use Transport::{Tcp, Udp};
        let rules = rules(&["deny", "allow=Example.COM.,*.example.org:443,_x._tcp.test/udp"]);
        let cases = [
            ("example.com", Tcp, 80, true),
            ("EXAMPLE.com.", Udp, 1, true),
            ("www.example.com", Tcp, 80, false),
            ("badexample.com", Tcp, 80, false),
            ("a.example.org", Tcp, 443, true),
            ("a.b.Example.org.", Tcp, 443, true),
            ("a.example.org", Tcp, 80, false),
            ("example.org", Tcp, 443, false),
            (".example.org", Tcp, 443, false),
            ("badexample.org", Tcp, 443, false),
            ("_x._tcp.test", Udp, 9, true),
            ("_x._tcp.test", Tcp, 9, false),
        ];
        for (name, transport, port, expected) in cases {
            assert_eq!(rules.allow_name(name, transport, port), expected, "{name} {transport:?} {port}");
        }
        assert!(rules.allow_lookup("b.example.org") && !rules.allow_lookup("example.net"));
    }

    #[test]
    fn refused_in_one_line() {
        let cases = [
            ("", "invalid --egress \"\": must be `deny` or `allow=DESTINATION[,...]`"),
            ("allow", "invalid --egress \"allow\": must be `deny` or `allow=DESTINATION[,...]`"),
            ("deny=x", "invalid --egress \"deny=x\": must be `deny` or `allow=DESTINATION[,...]`"),
            ("allow=", "invalid --egress \"allow=\": a destination is empty"),
            ("allow=a,,b", "invalid --egress \"allow=a,,b\": a destination is empty"),
        ];
        for (word, expected) in cases {
            assert_eq!(Rules::parse(&[word]).unwrap_err().to_string(), expected);
        }
        type Variant = fn(String) -> EgressError;
        let cases: [(&str, Variant); 14] = [
            ("a.example:0", EgressError::Port),
            ("a.example:65536", EgressError::Port),
            ("a.example:9-3", EgressError::Port),
            ("a.example:+3", EgressError::Port),
            ("a.example:", EgressError::Port),
            ("10.0.0.0/33", EgressError::Suffix),
            ("10.0.0.0/8/sctp", EgressError::Suffix),
            ("a.example/sctp", EgressError::Suffix),
            ("2001:db8::zz", EgressError::Address),
            ("[10.0.0.1]:80", EgressError::Address),
            ("[::1", EgressError::Address),
            ("300.1.1.1", EgressError::Name),
            ("a..b", EgressError::Name),
            ("a.*.b", EgressError::Name),
        ];
        for (item, variant) in cases {
            assert_eq!(Rules::parse(&[format!("allow={item}")]).unwrap_err(), variant(item.to_owned()), "{item}");
        }
    }
}
