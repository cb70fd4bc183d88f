//! Which hardware address has which guest: learned from what guests send, asked for when a published port needs one
//! (ARP, RFC 826; neighbour discovery, RFC 4861). Bounded: garbage on the link cannot grow it.

use std::collections::HashMap;
use std::net::IpAddr;

/// Most neighbours remembered; a bridge with more guests asks again.
const MOST: usize = 4096;

/// Most addresses asked for at one time.
const MOST_ASKED: usize = 256;

/// Frames kept per address while it is asked for (RFC 1122 section 2.3.2.2 wants at least one).
const FRAMES_EACH: usize = 4;

/// Questions before giving up, one a second (RFC 4861 section 10).
const QUESTIONS: u8 = 3;

/// Frames that wait for an address.
#[derive(Debug, Default)]
struct Waiting {
    frames: Vec<Vec<u8>>,
    asked: u8,
}

/// The table.
#[derive(Debug, Default)]
pub struct Neighbours {
    known: HashMap<IpAddr, [u8; 6]>,
    waiting: HashMap<IpAddr, Waiting>,
    last: Option<(IpAddr, [u8; 6])>,
}

impl Neighbours {
    /// Notes who has `address`; frames that waited for it are returned.
    pub fn learn(&mut self, address: IpAddr, mac: [u8; 6]) -> Vec<Vec<u8>> {
        if self.last == Some((address, mac)) || mac[0] & 1 != 0 {
            return Vec::new();
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.last = Some((address, mac));
        self.known.insert(address, mac);
        self.waiting.remove(&address).map(|waiting| waiting.frames).unwrap_or_default()
    }

    /// The hardware address of `address`, if known.
    pub fn find(&self, address: IpAddr) -> Option<[u8; 6]> {
        match self.last {
            Some((last, mac)) if last == address => Some(mac),
            _ => self.known.get(&address).copied(),
        }
    }

    /// Keeps a frame for an address that is not known; whether the address must be asked for now.
    pub fn wait(&mut self, address: IpAddr, frame: Vec<u8>) -> bool {
        if self.waiting.len() >= MOST_ASKED && !self.waiting.contains_key(&address) {
            return false;
        }
        let waiting = self.waiting.entry(address).or_default();
        if waiting.frames.len() < FRAMES_EACH {
            waiting.frames.push(frame);
        }
        let first = waiting.asked == 0;
        waiting.asked = waiting.asked.max(1);
        first
    }

    /// A second has passed: which addresses to ask for again. Those that never answered are given up.
    pub fn tick(&mut self) -> Vec<IpAddr> {
        self.waiting.retain(|_, waiting| {
            waiting.asked += 1;
            waiting.asked <= QUESTIONS
        });
        self.waiting.keys().copied().collect()
    }

    /// Whether anybody is being asked for.
    pub fn is_asking(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_wait_until_the_neighbour_is_known_or_given_up() {
        let mut neighbours = Neighbours::default();
        let address = IpAddr::from([10, 0, 0, 2]);
        assert!(neighbours.wait(address, vec![1]));
        assert!(!neighbours.wait(address, vec![2]));
        assert_eq!(neighbours.tick(), vec![address]);
        assert_eq!(neighbours.learn(address, [2; 6]), vec![vec![1], vec![2]]);
        assert_eq!(neighbours.find(address), Some([2; 6]));
        let absent = IpAddr::from([10, 0, 0, 3]);
        assert!(neighbours.wait(absent, vec![1]));
        while neighbours.is_asking() {
            neighbours.tick();
        }
        assert!(neighbours.learn(absent, [4; 6]).is_empty());
    }
}
