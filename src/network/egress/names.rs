//! Which names our own DNS gave which addresses, for as long as the answers hold.

use super::rules::may_be_named;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long an answer counts beyond its time to live: programs resolve once and connect for a while.
const GRACE: Duration = Duration::from_secs(3600);
/// Longest time to live that is believed (a day), so that no table entry is for ever.
const LONGEST_TTL: Duration = Duration::from_secs(24 * 3600);
/// Most addresses that are kept, so that a container cannot fill memory by asking; the one that expires first goes first.
const MOST_ADDRESSES: usize = 4096;
/// Most names of one address.
const MOST_NAMES: usize = 16;

/// The table.
#[derive(Debug, Default)]
pub struct Names {
    by_address: HashMap<IpAddr, Vec<(Rc<str>, Instant)>>,
}

impl Names {
    /// Remembers that `name` has `address` for `ttl_seconds` from `now`.
    pub fn tie(&mut self, name: &Rc<str>, address: IpAddr, ttl_seconds: u32, now: Instant) {
        let address = address.to_canonical();
        if !may_be_named(address) {
            return;
        }
        let until = now + Duration::from_secs(u64::from(ttl_seconds)).min(LONGEST_TTL) + GRACE;
        if !self.by_address.contains_key(&address) && self.by_address.len() >= MOST_ADDRESSES {
            self.make_room(now);
        }
        let names = self.by_address.entry(address).or_default();
        names.retain(|(known, end)| known != name && *end > now);
        if names.len() >= MOST_NAMES {
            names.remove(0);
        }
        names.push((Rc::clone(name), until));
    }

    /// The names of an address, the latest one first.
    pub fn of(&self, address: IpAddr, now: Instant) -> impl Iterator<Item = &Rc<str>> {
        let names = self.by_address.get(&address.to_canonical()).map(Vec::as_slice).unwrap_or_default();
        names.iter().rev().filter(move |(_, until)| *until > now).map(|(name, _)| name)
    }

    fn make_room(&mut self, now: Instant) {
        let end = |names: &[(Rc<str>, Instant)]| names.iter().map(|(_, until)| *until).max();
        self.by_address.retain(|_, names| end(names).is_some_and(|end| end > now));
        if self.by_address.len() >= MOST_ADDRESSES {
            let first = self.by_address.iter().min_by_key(|(_, names)| end(names)).map(|(address, _)| *address);
            first.map(|address| self.by_address.remove(&address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &Names, address: &str, now: Instant) -> Vec<String> {
        names.of(address.parse().unwrap(), now).map(|name| name.to_string()).collect()
    }

    #[test]
    fn answers_hold_for_their_time_and_a_while() {
        let (mut names, now) = (Names::default(), Instant::now());
        let address = "192.0.2.1".parse().unwrap();
        names.tie(&"a".into(), address, 60, now);
        names.tie(&"b".into(), address, u32::MAX, now);
        assert_eq!(of(&names, "192.0.2.1", now), ["b", "a"]);
        assert_eq!(of(&names, "::ffff:192.0.2.1", now), ["b", "a"]);
        assert_eq!(of(&names, "192.0.2.1", now + Duration::from_secs(60) + GRACE), ["b"]);
        assert!(of(&names, "192.0.2.1", now + LONGEST_TTL + GRACE).is_empty());
    }

    #[test]
    fn the_host_and_its_neighbours_have_no_names() {
        let (mut names, now) = (Names::default(), Instant::now());
        for address in ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1"] {
            names.tie(&"a".into(), address.parse().unwrap(), 60, now);
            assert!(of(&names, address, now).is_empty(), "{address}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (mut names, now) = (Names::default(), Instant::now());
        for number in 0..(MOST_ADDRESSES as u32 + 100) {
            names.tie(&"a".into(), IpAddr::from((0x0b00_0000 + number).to_be_bytes()), number, now);
        }
        for number in 0..100 {
            names.tie(&format!("n{number}").into(), "192.0.2.1".parse().unwrap(), 60, now);
        }
        assert_eq!(names.by_address.len(), MOST_ADDRESSES);
        assert_eq!(of(&names, "192.0.2.1", now).len(), MOST_NAMES);
    }
}
