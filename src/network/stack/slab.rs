//! Flows by number. A number that was given out before and freed since is told from its successor by a generation,
//! so an event that was already under way for a closed flow finds nothing.

/// The name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id {
    /// Place in the slab.
    pub index: u32,
    /// How many entries that place had before, modulo 2^24.
    pub generation: u32,
}

/// Entries with stable names; memory is given back when it empties.
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
    length: usize,
}

impl<T> Slab<T> {
    /// An empty slab.
    pub fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), length: 0 }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Adds an entry.
    pub fn insert(&mut self, value: T) -> Id {
        self.length += 1;
        if let Some(index) = self.free.pop()
            && let Some(place) = self.places.get_mut(index as usize)
        {
            place.1 = Some(value);
            return Id { index, generation: place.0 };
        }
        self.places.push((0, Some(value)));
        Id { index: (self.places.len() - 1) as u32, generation: 0 }
    }

    /// The entry of that name, if it still exists.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        let place = self.places.get_mut(id.index as usize)?;
        if place.0 == id.generation { place.1.as_mut() } else { None }
    }

    /// The entry of that name, if it still exists.
    pub fn get(&self, id: Id) -> Option<&T> {
        let place = self.places.get(id.index as usize)?;
        if place.0 == id.generation { place.1.as_ref() } else { None }
    }

    /// Removes an entry.
    pub fn remove(&mut self, id: Id) -> Option<T> {
        let place = self.places.get_mut(id.index as usize)?;
        if place.0 != id.generation {
            return None;
        }
        let value = place.1.take()?;
        place.0 = (place.0 + 1) & 0xff_ffff;
        self.free.push(id.index);
        self.length -= 1;
        // Places keep their generation for as long as an old event may be under way, so only the room beyond a small
        // table is given back, and only when nothing is left to be confused with.
        if self.length == 0 && self.places.len() > 1024 {
            self.free = Vec::new();
            let generation = (id.generation + 1) & 0xff_ffff;
            self.places = (0..64).map(|_| (generation.wrapping_add(1) & 0xff_ffff, None)).collect();
            self.free.extend(0..64);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_name_finds_nothing() {
        let mut slab = Slab::new();
        let first = slab.insert('a');
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert('b');
        assert_eq!(first.index, second.index);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.get(second), Some(&'b'));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.len(), 1);
    }
}
