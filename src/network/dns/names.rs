//! The table of names that are answered here: containers, their aliases, the host.

use super::message::{self, A, AAAA, ANY, NAME_ERROR, NO_ERROR, PTR, Question, wire_name};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The domain of containers, as aardvark-dns has it; their names are also known without it.
const DOMAIN: &str = "dns.podman";
/// Names in the table at most; a network has far fewer containers.
const MOST_NAMES: usize = 16 * 1024;
/// Addresses of one name at most: a reply of them fits 512 bytes.
const MOST_ADDRESSES: usize = 12;

/// Names, as on the wire and in lower case, and their addresses.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<Vec<u8>, Vec<IpAddr>>,
}

impl Names {
    /// Adds an address to a name.
    pub(super) fn add(&mut self, name: &str, address: IpAddr) {
        let Some(wire) = wire_name(name) else { return };
        if self.by_name.len() >= MOST_NAMES && !self.by_name.contains_key(&wire) {
            return;
        }
        let addresses = self.by_name.entry(wire).or_default();
        if addresses.len() < MOST_ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// Takes an address from a name.
    pub(super) fn remove(&mut self, name: &str, address: IpAddr) {
        let Some(wire) = wire_name(name) else { return };
        if let Some(addresses) = self.by_name.get_mut(&wire) {
            addresses.retain(|known| *known != address);
            if addresses.is_empty() {
                self.by_name.remove(&wire);
            }
        }
    }

    /// The reply to a question about something in the table.
    pub(super) fn answer(&self, query: &[u8], question: &Question) -> Option<Vec<u8>> {
        if !question.is_internet() {
            return None;
        }
        if question.kind == PTR {
            let address = reverse(&question.name)?;
            // The shortest name is the container's own rather than an alias with a domain.
            let named = self.by_name.iter().filter(|(_, addresses)| addresses.contains(&address));
            let name = named.map(|(name, _)| name).min_by_key(|name| (name.len(), name.as_slice()))?;
            return Some(message::pointer(query, question, name));
        }
        let domain = wire_name(DOMAIN)?;
        let bare = question.name.strip_suffix(domain.as_slice()).filter(|rest| ends_at_label(rest));
        match self.by_name.get(bare.unwrap_or(&question.name)) {
            Some(addresses) if matches!(question.kind, A | AAAA | ANY) => {
                Some(message::addresses(query, question, addresses))
            }
            // The name exists, with no record of this type.
            Some(_) => Some(message::reply(query, Some(question.end), NO_ERROR)),
            None => bare.map(|_| message::reply(query, Some(question.end), NAME_ERROR)),
        }
    }
}

/// Whether a piece of a name on the wire consists of whole labels.
fn ends_at_label(mut wire: &[u8]) -> bool {
    while let Some((length, rest)) = wire.split_first() {
        match rest.get(usize::from(*length)..) {
            Some(rest) => wire = rest,
            None => return false,
        }
    }
    true
}

/// The address a name below in-addr.arpa or ip6.arpa stands for (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse(name: &[u8]) -> Option<IpAddr> {
    let text = |label: &[u8]| std::str::from_utf8(label).ok().map(str::to_owned);
    let mut labels = Vec::with_capacity(34);
    let mut rest = name;
    while let Some((length, after)) = rest.split_first() {
        labels.push(text(after.get(..usize::from(*length))?)?);
        rest = after.get(usize::from(*length)..)?;
    }
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    match labels.as_slice() {
        [bytes @ .., "in-addr", "arpa"] if bytes.len() == 4 => {
            let mut octets = [0; 4];
            for (octet, label) in octets.iter_mut().rev().zip(bytes) {
                *octet = label.parse().ok()?;
            }
            Some(Ipv4Addr::from(octets).into())
        }
        [digits @ .., "ip6", "arpa"] if digits.len() == 32 => {
            let mut number: u128 = 0;
            for digit in digits.iter().rev() {
                let digit = (digit.len() == 1).then(|| u128::from_str_radix(digit, 16).ok()).flatten()?;
                number = number << 4 | digit;
            }
            Some(Ipv6Addr::from(number).into())
        }
        _ => None,
    }
}
