//! A table of many small values by number, without room between them.
//!
//! A `HashMap` has a slot for every value it could take, and touches all of them; its values are at most seven eighths of it, and
//! after each growth less than half. Here the values lie one after the other, and what has room to spare is the index alone: one
//! `u32` per slot, probed linearly. Numbers come from the file system's inodes, and so from what a container does: the hash
//! has a secret.

use std::hash::{BuildHasher as _, RandomState};

/// A value that knows its number.
pub(super) trait Numbered {
    fn number(&self) -> u64;
}

/// The table.
#[derive(Debug)]
pub(super) struct Compact<T> {
    values: Vec<T>,
    /// Position of a value, and one; 0 where there is none. The length is a power of two, or 0.
    index: Vec<u32>,
    secret: RandomState,
}

impl<T> Default for Compact<T> {
    fn default() -> Self {
        Compact { values: Vec::new(), index: Vec::new(), secret: RandomState::new() }
    }
}

impl<T: Numbered> Compact<T> {
    pub(super) fn get(&self, number: u64) -> Option<&T> {
        self.values.get(self.find(number)?.1)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (_, position) = self.find(number)?;
        self.values.get_mut(position)
    }

    /// Adds a value, or takes the place of the one of that number.
    pub(super) fn insert(&mut self, value: T) {
        if let Some(known) = self.get_mut(value.number()) {
            *known = value;
            return;
        }
        // Three quarters are full at most: a search for what is not there stays short.
        if (self.values.len() + 1) * 4 > self.index.len() * 3 {
            self.rebuild((self.index.len() * 2).max(SMALLEST_INDEX));
        }
        let Ok(entry) = u32::try_from(self.values.len() + 1) else { return };
        let free = self.probe(value.number()).find(|slot| self.index.get(*slot) == Some(&0));
        if let Some(slot) = free.and_then(|slot| self.index.get_mut(slot)) {
            *slot = entry;
            self.values.push(value);
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let (slot, position) = self.find(number)?;
        let last = self.values.len() - 1;
        let moved = self.values.get(last).and_then(|value| self.find(value.number()));
        let removed = self.values.swap_remove(position);
        if let Some((slot, _)) = moved {
            self.index[slot] = position as u32 + 1;
        }
        self.close(slot);
        Some(removed)
    }

    /// Gives back the room of values that were removed, when they were many; false when they were not.
    pub(super) fn shrink(&mut self) -> bool {
        let is_sparse = self.values.capacity() > SMALL && self.values.len() < self.values.capacity() / 8;
        if is_sparse {
            self.values.shrink_to(self.values.len() * 2);
            self.rebuild((self.values.len() * 2).next_power_of_two().max(SMALLEST_INDEX));
        }
        is_sparse
    }

    /// Slot and position of a value.
    fn find(&self, number: u64) -> Option<(usize, usize)> {
        for slot in self.probe(number) {
            let position = (*self.index.get(slot)?).checked_sub(1)? as usize;
            if self.values.get(position)?.number() == number {
                return Some((slot, position));
            }
        }
        None
    }

    /// The slots in which a number may be, the likeliest first.
    fn probe(&self, number: u64) -> impl Iterator<Item = usize> + use<T> {
        let mask = self.index.len().wrapping_sub(1);
        let first = self.secret.hash_one(number) as usize;
        (0..self.index.len()).map(move |step| first.wrapping_add(step) & mask)
    }

    /// Empties a slot; what was put behind it because it was full moves up.
    fn close(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut slot = hole;
        loop {
            slot = (slot + 1) & mask;
            let Some(position) = self.index[slot].checked_sub(1) else { break };
            let Some(value) = self.values.get(position as usize) else { break };
            let home = self.secret.hash_one(value.number()) as usize & mask;
            // Not if its own place comes after the hole.
            if slot.wrapping_sub(home) & mask >= slot.wrapping_sub(hole) & mask {
                self.index[hole] = position + 1;
                hole = slot;
            }
        }
        self.index[hole] = 0;
    }

    fn rebuild(&mut self, slots: usize) {
        self.index = Vec::new(); // first, so that not both are in memory
        self.index = vec![0; slots];
        for position in 0..self.values.len() {
            let number = self.values[position].number();
            let free = self.probe(number).find(|slot| self.index.get(*slot) == Some(&0));
            if let Some(slot) = free {
                self.index[slot] = position as u32 + 1;
            }
        }
    }
}

/// Slots of a table that holds something.
const SMALLEST_INDEX: usize = 64;
/// Fewer values than this are not worth moving.
const SMALL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    impl Numbered for (u64, u64) {
        fn number(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn it_holds_what_a_map_holds() {
        let (mut compact, mut map) = (Compact::default(), HashMap::new());
        let mut random = 1_u64;
        for step in 0..200_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = (random >> 33) % 3000;
            match random >> 62 {
                0 | 1 => {
                    compact.insert((number, step));
                    map.insert(number, step);
                }
                2 => assert_eq!(compact.remove(number).map(|value| value.1), map.remove(&number)),
                _ => assert_eq!(compact.get(number).map(|value| value.1), map.get(&number).copied()),
            }
            assert_eq!(compact.values.len(), map.len());
        }
        for (number, step) in &map {
            assert_eq!(compact.get_mut(*number), Some(&mut (*number, *step)));
        }
    }

    #[test]
    fn many_that_are_removed_leave_no_room_behind() {
        let mut compact = Compact::default();
        (0..10_000).for_each(|number| compact.insert((number, number)));
        assert!(!compact.shrink());
        let shrunk = (10..10_000).filter(|number| compact.remove(*number).is_some() && compact.shrink()).count();
        assert!((1..5).contains(&shrunk), "{shrunk}");
        assert!(compact.values.capacity() <= SMALL && compact.index.len() <= 2 * SMALL);
        assert!((0..10).all(|number| compact.get(number) == Some(&(number, number))));
        assert_eq!(compact.get(10), None);
    }
}
