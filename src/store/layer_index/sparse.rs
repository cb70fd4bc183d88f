//! Sparse files: which bytes of a file are in the archive.
//!
//! Four encodings exist (GNU tar manual, "Storing Sparse Files"): old GNU (type `S`, map in the header and in extension
//! blocks), and pax 0.0 (repeated records), 0.1 (one record), 1.0 (map in front of the data). All end up as a list of
//! `(offset, length)` pairs that [`extents`] turns into [`Extent`]s.

use super::limits;
use serde::{Deserialize, Serialize};

/// A run of bytes of a file and where it is in the tar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// First byte in the file.
    pub file_offset: u64,
    /// Where that byte is in the tar.
    pub tar_offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// Turns a sparse map into extents whose data lies in the tar from `tar_offset` on, `stored` bytes long.
///
/// Pairs must ascend without overlap, end inside the file, and add up to what is stored.
pub(super) fn extents(map: &[(u64, u64)], size: u64, tar_offset: u64, stored: u64) -> Option<Vec<Extent>> {
    let mut extents = Vec::new();
    let mut end = 0u64;
    let mut used = 0u64;
    for &(file_offset, length) in map {
        if file_offset < end || length > size {
            return None;
        }
        end = file_offset.checked_add(length)?;
        if length > 0 {
            extents.push(Extent { file_offset, tar_offset: tar_offset.checked_add(used)?, length });
            used = used.checked_add(length)?;
        }
    }
    (end <= size && used == stored && size <= limits::FILE_BYTES).then_some(extents)
}

/// Reads the map of pax format 1.0: decimal numbers ended by newlines, first the number of pairs.
#[derive(Debug, Default)]
pub(super) struct MapParser {
    count: Option<u64>,
    values: Vec<u64>,
    current: u64,
    digits: u32,
}

impl MapParser {
    /// Takes the next block. `Ok(true)` when the map is complete; the rest of the block is padding.
    pub(super) fn push(&mut self, block: &[u8]) -> Result<bool, ()> {
        for &byte in block {
            match byte {
                b'0'..=b'9' if self.digits < 19 => {
                    self.current = self.current * 10 + u64::from(byte - b'0');
                    self.digits += 1;
                }
                b'\n' if self.digits > 0 => {
                    let value = std::mem::take(&mut self.current);
                    self.digits = 0;
                    match self.count {
                        None => self.count = Some(value),
                        Some(_) => self.values.push(value),
                    }
                    if self.complete() {
                        return Ok(true);
                    }
                }
                _ => return Err(()),
            }
        }
        Ok(false)
    }

    fn complete(&self) -> bool {
        self.count.is_some_and(|count| self.values.len() as u64 / 2 >= count && self.values.len().is_multiple_of(2))
    }

    /// How many numbers are held.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The pairs read.
    pub(super) fn pairs(&self) -> Vec<(u64, u64)> {
        pairs(&self.values)
    }
}

/// Joins a flat list of offsets and lengths.
pub(super) fn pairs(values: &[u64]) -> Vec<(u64, u64)> {
    values.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_become_extents_or_are_refused() {
        let extent = |file_offset, tar_offset, length| Extent { file_offset, tar_offset, length };
        assert_eq!(extents(&[], 100, 512, 0), Some(vec![]));
        assert_eq!(extents(&[(10, 5), (100, 0)], 100, 512, 5), Some(vec![extent(10, 512, 5)]));
        assert_eq!(extents(&[(0, 5), (5, 5)], 100, 512, 10), Some(vec![extent(0, 512, 5), extent(5, 517, 5)]));
        for (map, size, stored) in [
            (vec![(0, 5), (4, 1)], 100, 6),
            (vec![(96, 5)], 100, 5),
            (vec![(0, 5)], 100, 6),
            (vec![(u64::MAX, 5)], 100, 5),
            (vec![(1, u64::MAX)], u64::MAX, u64::MAX),
            (vec![], limits::FILE_BYTES + 1, 0),
        ] {
            assert_eq!(extents(&map, size, 512, stored), None, "{map:?}");
        }
    }

    #[test]
    fn map_of_format_1_0_is_read_across_blocks() {
        let mut parser = MapParser::default();
        assert_eq!(parser.push(b"2\n0\n5\n1"), Ok(false));
        assert_eq!(parser.push(b"0\n5\n\0\0\0"), Ok(true));
        assert_eq!(parser.pairs(), [(0, 5), (10, 5)]);
        assert_eq!(MapParser::default().push(b"0\n"), Ok(true));
        assert_eq!(MapParser::default().push(b"\n"), Err(()));
        assert_eq!(MapParser::default().push(b"-1\n"), Err(()));
        assert_eq!(MapParser::default().push(b"99999999999999999999\n"), Err(()));
    }
}
