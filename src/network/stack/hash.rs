//! Hash tables for flows: multiply and rotate over a random seed. Flow keys are a few words, and the standard hash
//! costs more than the rest of the look-up. Guests choose keys, so the seed is random: collisions cannot be prepared.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

/// A map with the fast hash.
pub type FastMap<K, V> = HashMap<K, V, Seed>;

/// Makes hashers from a seed.
#[derive(Debug, Clone, Copy)]
pub struct Seed(u64);

/// The hash.
#[derive(Debug)]
pub struct Fast(u64);

/// An odd number without pattern: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// An empty map.
pub fn map<K: Eq + Hash, V>(seed: u64) -> FastMap<K, V> {
    HashMap::with_hasher(Seed(seed))
}

impl BuildHasher for Seed {
    type Hasher = Fast;

    fn build_hasher(&self) -> Fast {
        Fast(self.0)
    }
}

impl Fast {
    fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(MULTIPLIER);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Fast {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_ne_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.add(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.add(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.add(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
