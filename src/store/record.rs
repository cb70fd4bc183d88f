//! Little-endian fields of fixed-size records, and the checksum of our own index files.
//!
//! Reading never panics: a field outside the bytes is `None`.

/// The two bytes at `at`.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The four bytes at `at`.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The eight bytes at `at`.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// `length` bytes from `start`.
pub fn slice(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let end = start.checked_add(length)?;
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A 64-bit checksum against damage (not against malice): multiply and fold, eight bytes at a time.
pub fn checksum(bytes: &[u8]) -> u64 {
    // Odd constants with well mixed bits: the fractions of the golden ratio and of the square root of 2.
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const FACTOR: u64 = 0x6a09_e667_f3bc_c909;
    let fold = |value: u64, word: u64| {
        let product = u128::from(value ^ word) * u128::from(FACTOR);
        (product as u64 ^ (product >> 64) as u64).wrapping_add(SEED)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let value = words.iter().fold(SEED, |value, word| fold(value, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(value, u64::from_le_bytes(last)), bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_outside_are_none() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(u16_at(&bytes, 7), Some(0x0908));
        assert_eq!(u32_at(&bytes, 6), None);
        assert_eq!(u64_at(&bytes, 1), Some(0x0908_0706_0504_0302));
        assert_eq!(u64_at(&bytes, usize::MAX), None);
        assert_eq!(slice(&bytes, 8, 1), Some(&bytes[8..]));
        assert_eq!(slice(&bytes, 9, 0), Some(&bytes[9..]));
        assert_eq!(slice(&bytes, u64::MAX, 2), None);
    }

    #[test]
    fn every_bit_changes_the_checksum() {
        let bytes: Vec<u8> = (0..100).collect();
        let whole = checksum(&bytes);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert_ne!(checksum(&changed), whole);
            }
        }
        assert_ne!(checksum(&bytes[..99]), whole);
        assert_ne!(checksum(&[]), checksum(&[0]));
    }
}
