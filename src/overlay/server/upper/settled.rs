//! What is kept of a file that nothing is going on with: enough to make the whole [`Inode`] again.
//!
//! A container that has unpacked an archive, or walked through its image, makes the kernel know tens of thousands of files, and each
//! must be remembered until it is forgotten. Whole, one takes some 250 bytes.

use super::compact::Numbered;
use super::record::Record;
use super::table::{Inode, Known, LARGEST_BACKING, Name, State, UPPER};
use std::sync::Arc;

/// Bits of a count of lookups; a file that was looked up more often stays whole.
const LOOKUP_BITS: u32 = u16::BITS;
const LOOKUPS: u64 = (1 << LOOKUP_BITS) - 1;
/// Numbers that fit beside the lookups and one mark.
const LARGEST_NUMBER: u64 = 1 << (u64::BITS - LOOKUP_BITS - 1);
/// Unit in which a charge is kept (`st_blocks` of inode(7)).
const BLOCK: u64 = 512;

/// A file with one name, which is where it is below and can be asked for there. Its contents are those from below, too.
#[derive(Debug)]
pub(super) struct Untouched {
    pub directory: Arc<Inode>,
    /// Number, mark of a backing file, lookups.
    packed: u64,
}

impl Numbered for Untouched {
    fn number(&self) -> u64 {
        self.packed >> (LOOKUP_BITS + 1)
    }
}

impl Untouched {
    /// `None` for a number or a count that does not fit. `is_upper`: it has a backing file, with other attributes.
    pub(super) fn new(number: u64, directory: &Arc<Inode>, lookups: u64, is_upper: bool) -> Option<Untouched> {
        if number >= LARGEST_NUMBER || lookups > LOOKUPS {
            return None;
        }
        let packed = number << (LOOKUP_BITS + 1) | u64::from(is_upper) << LOOKUP_BITS | lookups;
        Some(Untouched { directory: Arc::clone(directory), packed })
    }

    pub(super) fn is_upper(&self) -> bool {
        self.packed >> LOOKUP_BITS & 1 == 1
    }
}

/// A file that was made here and has one name; not a directory.
#[derive(Debug)]
pub(super) struct Made {
    directory: Arc<Inode>,
    /// Backing file's number and lookups.
    packed: u64,
    /// See [`Made::new`].
    details: Box<[u8]>,
}

impl Numbered for Made {
    fn number(&self) -> u64 {
        UPPER | self.packed >> LOOKUP_BITS
    }
}

/// Marks in the first byte of the details.
const ATTRIBUTE: u8 = 1;
const CAPABILITY: u8 = 2;
const DEFAULT_ACL: u8 = 4;
const ACCESS_ACL: u8 = 8;
const HAS_OWNER: u8 = 16;
const HAS_CHARGE: u8 = 32;

impl Made {
    /// All there is to know about `inode`, if it fits: marks, mode (2 bytes), owner (8, where it is not the container's
    /// root), charge in blocks (4, where there is one), name.
    pub(super) fn new(inode: &Inode, lookups: u64) -> Option<Made> {
        let backing = inode.number & !UPPER;
        let state = inode.state();
        let record = state.record.as_ref()?;
        let [Name { directory, name }] = &state.names[..] else { return None };
        let is_plain =
            !record.is_directory() && record.device == 0 && record.origin.is_none() && !record.contents_below;
        let is_own = inode.lower.is_none() && inode.number & UPPER != 0 && backing < LARGEST_BACKING;
        let is_as_made = state.backing == backing && state.orphan.is_none() && state.lost_names == 0;
        if !is_plain || !is_own || !is_as_made || lookups > LOOKUPS {
            return None;
        }
        let mark = |known: Known, mark: u8| if known == Known::Perhaps { mark } else { 0 };
        let charge = u32::try_from(state.charged / BLOCK).ok()?;
        let has_owner = (record.uid, record.gid) != (0, 0);
        let marks = mark(state.attribute, ATTRIBUTE)
            | mark(state.capability, CAPABILITY)
            | mark(state.default_acl, DEFAULT_ACL)
            | mark(state.access_acl, ACCESS_ACL)
            | if has_owner { HAS_OWNER } else { 0 }
            | if charge != 0 { HAS_CHARGE } else { 0 };
        let mut details = Vec::with_capacity(15 + name.len());
        details.push(marks);
        details.extend(u16::try_from(record.mode).ok()?.to_le_bytes());
        if has_owner {
            details.extend(record.uid.to_le_bytes());
            details.extend(record.gid.to_le_bytes());
        }
        if charge != 0 {
            details.extend(charge.to_le_bytes());
        }
        details.extend_from_slice(name);
        let packed = backing << LOOKUP_BITS | lookups;
        Some(Made { directory: Arc::clone(directory), packed, details: details.into() })
    }

    /// Record and name, and the charge in bytes.
    fn details(&self) -> (Record, &[u8], u64) {
        let mut rest = self.details.get(1..).unwrap_or_default();
        let mut record = Record { uid: 0, gid: 0, mode: 0, device: 0, contents_below: false, origin: None };
        record.mode = take(&mut rest).map_or(0, u16::from_le_bytes).into();
        if self.has(HAS_OWNER) {
            record.uid = take(&mut rest).map_or(0, u32::from_le_bytes);
            record.gid = take(&mut rest).map_or(0, u32::from_le_bytes);
        }
        let has_charge = self.has(HAS_CHARGE);
        let charge = if has_charge { take(&mut rest).map_or(0, u32::from_le_bytes) } else { 0 };
        (record, rest, u64::from(charge) * BLOCK)
    }

    fn has(&self, mark: u8) -> bool {
        self.details.first().is_some_and(|marks| marks & mark != 0)
    }

    pub(super) fn record(&self) -> Record {
        self.details().0
    }

    /// Whether this is its place.
    pub(super) fn is(&self, directory: &Inode, name: &[u8]) -> bool {
        self.directory.number == directory.number && self.details().1 == name
    }

    /// The whole inode again.
    pub(super) fn inode(&self) -> Inode {
        let (record, name, charged) = self.details();
        let known = |mark| if self.has(mark) { Known::Perhaps } else { Known::Absent };
        let state = State {
            names: vec![Name { directory: Arc::clone(&self.directory), name: name.into() }],
            record: Some(Box::new(record)),
            backing: self.packed >> LOOKUP_BITS,
            attribute: known(ATTRIBUTE),
            capability: known(CAPABILITY),
            default_acl: known(DEFAULT_ACL),
            access_acl: known(ACCESS_ACL),
            charged,
            ..State::default()
        };
        Inode::new(self.number(), None, state)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

/// Counting lookups in the low bits of a packed word.
pub(super) trait Counted {
    fn packed(&mut self) -> &mut u64;

    fn lookups(&mut self) -> u64 {
        *self.packed() & LOOKUPS
    }

    /// Counts one more; false when it does not fit.
    fn count(&mut self) -> bool {
        let fits = self.lookups() < LOOKUPS;
        *self.packed() += u64::from(fits);
        fits
    }

    /// Takes some back, and tells whether any are left.
    fn uncount(&mut self, count: u64) -> bool {
        let lookups = self.lookups();
        *self.packed() -= lookups.min(count);
        lookups > count
    }
}

impl Counted for Untouched {
    fn packed(&mut self) -> &mut u64 {
        &mut self.packed
    }
}

impl Counted for Made {
    fn packed(&mut self) -> &mut u64 {
        &mut self.packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_file_comes_back_as_it_was() {
        let root = Arc::new(Inode::new(1, Some(1), State::default()));
        for (owner, mode, charged) in [(0, 0o100644, 0), (7, 0o104755, 4096), (u32::MAX, 0o120777, 0)] {
            let record = Record { uid: owner, gid: owner, mode, device: 0, contents_below: false, origin: None };
            let names = vec![Name { directory: Arc::clone(&root), name: (*b"a name").into() }];
            let (capability, default_acl) = (Known::Absent, Known::Absent);
            let state = State { names, record: Some(Box::new(record)), backing: 12, charged, ..State::default() };
            let inode = Inode::new(UPPER | 12, None, State { capability, default_acl, ..state });
            let mut made = Made::new(&inode, 3).unwrap();
            assert!(made.is(&root, b"a name") && !made.is(&root, b"a nam") && !made.is(&inode, b"a name"));
            assert!(made.count() && made.uncount(3) && !made.uncount(9));
            assert_eq!((made.number(), made.lookups()), (UPPER | 12, 0));
            assert_eq!(format!("{:?}", made.inode()), format!("{inode:?}"));
            assert_eq!(Made::new(&inode, LOOKUPS + 1).map(|made| made.packed), None);
            inode.state().names.clear();
            assert_eq!(Made::new(&inode, 1).map(|made| made.packed), None, "it has no name");
        }
    }

    #[test]
    fn what_is_more_than_plain_stays_whole() {
        let root = Arc::new(Inode::new(1, Some(1), State::default()));
        let cases: [(&[u8], u64, bool); 6] = [
            (b"0:0:100644", UPPER | 12, true),
            (b"0:0:40755", UPPER | 12, false),
            (b"0:0:20666:d103", UPPER | 12, false),
            (b"0:0:100644:b:o.", UPPER | 12, false),
            (b"0:0:100644", 12, false),
            (b"0:0:100644", UPPER | LARGEST_BACKING | 12, false),
        ];
        for (text, number, settles) in cases {
            let names = vec![Name { directory: Arc::clone(&root), name: (*b"n").into() }];
            let record = Record::parse(text).map(Box::new);
            let inode = Inode::new(number, None, State { names, record, backing: 12, ..State::default() });
            assert_eq!(Made::new(&inode, 1).is_some(), settles, "{text:?}");
        }
    }

    #[test]
    fn an_untouched_file_is_its_number_and_its_lookups() {
        let root = Arc::new(Inode::new(1, Some(1), State::default()));
        let mut untouched = Untouched::new(LARGEST_NUMBER - 1, &root, LOOKUPS - 1, true).unwrap();
        assert!(untouched.count() && !untouched.count() && untouched.is_upper());
        assert_eq!((untouched.number(), untouched.lookups()), (LARGEST_NUMBER - 1, LOOKUPS));
        assert!(!untouched.uncount(u64::MAX) && untouched.is_upper());
        assert!(Untouched::new(LARGEST_NUMBER, &root, 1, false).is_none());
        assert!(Untouched::new(5, &root, LOOKUPS + 1, false).is_none());
    }
}
