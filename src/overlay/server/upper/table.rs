//! The inodes the kernel knows, one value each, kept from the first lookup to the last FORGET.
//!
//! A file's number is the lower one as long as it came from below (copied up or not), else [`UPPER`] and the backing
//! file's own. A child keeps its directory alive, so that its place can always be found; a directory that is forgotten
//! and looked up again while a child is still known is the same value again.
//!
//! Most files the kernel knows are of no interest at the moment. Those that something was done to lately are whole; the
//! others are *settled*, a few bytes each (`settled`), from which they are made whole when something is done to them again.

use super::compact::Compact;
use super::record::{Origin, Record};
use super::settled::{Counted as _, Made, Untouched};
use super::target::Target;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Set in numbers of files that did not come from below.
pub(super) const UPPER: u64 = 1 << 63;
/// Backing inode numbers below this fit beside [`UPPER`].
pub(super) const LARGEST_BACKING: u64 = 1 << 48;
/// Files kept whole after something was done to them: as many as are likely to be in use at one moment; hardly any in a
/// build for tests, which would not meet a settled file otherwise.
const RECENT: usize = if cfg!(debug_assertions) { 2 } else { 128 };

/// A name in a directory.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub directory: Arc<Inode>,
    pub name: Box<[u8]>,
}

impl Name {
    pub(super) fn is(&self, directory: &Inode, name: &[u8]) -> bool {
        self.directory.number == directory.number && *self.name == *name
    }
}

/// One file.
#[derive(Debug)]
pub(super) struct Inode {
    pub number: u64,
    /// The inode of the lower tree that it is or was.
    pub lower: Option<u64>,
    state: Mutex<State>,
    /// Held while it is copied up.
    pub copying: Mutex<()>,
}

/// What changes about a file.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Names by which it can be reached; none for the root and for what was unlinked.
    pub names: Vec<Name>,
    /// What is kept beside the backing file; `None` as long as there is none.
    pub record: Option<Box<Record>>,
    /// Inode number of the backing file.
    pub backing: u64,
    /// The backing file after its last known name is gone.
    pub orphan: Option<Box<Target>>,
    /// Whether the record may be kept beside the backing file.
    pub attribute: Known,
    /// Whether the backing file may have `security.capability`.
    pub capability: Known,
    /// Whether a default access list may be there to be inherited.
    pub default_acl: Known,
    /// Whether an access list may be there that chmod must change.
    pub access_acl: Known,
    /// Names of a lower file that were removed.
    pub lost_names: u32,
    /// Bytes counted for it against the container's limit.
    pub charged: u64,
}

/// What is known about an attribute without asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Known {
    #[default]
    Perhaps,
    Absent,
}

impl State {
    pub(super) fn is_upper(&self) -> bool {
        self.record.is_some()
    }

    /// Where it was in the lower tree, or is as long as it has no backing file; `None` for what is not from there.
    pub(super) fn origin(&self) -> Option<Origin> {
        match &self.record {
            Some(record) => record.origin.clone(),
            None => Some(Origin::Here),
        }
    }
}

impl Inode {
    pub(super) fn new(number: u64, lower: Option<u64>, state: State) -> Inode {
        Inode { number, lower, state: Mutex::new(state), copying: Mutex::default() }
    }

    /// Nothing that holds the lock can panic half-way, so a poisoned state is a whole one.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_upper(&self) -> bool {
        self.state().is_upper()
    }

    /// Whether it has a backing file that lacks the contents.
    pub(super) fn has_contents_below(&self) -> bool {
        self.state().record.as_ref().is_some_and(|record| record.contents_below)
    }

    /// Its directory, if name, origin and contents can be asked for below and all the rest beside the backing file.
    fn settled_directory(&self) -> Option<Arc<Inode>> {
        let state = self.state();
        let record = state.record.as_ref().filter(|record| record.contents_below)?;
        match (&state.names[..], &state.orphan, &record.origin) {
            ([name], None, Some(Origin::Here)) => Some(Arc::clone(&name.directory)),
            _ => None,
        }
    }

    /// The record of a file that has a backing file.
    pub(super) fn record(&self) -> Option<Record> {
        self.state().record.as_deref().cloned()
    }

    pub(super) fn name(&self) -> Option<Name> {
        self.state().names.first().cloned()
    }

    /// Path in the lower tree; `None` for what is not from there.
    pub(super) fn lower_path(&self) -> Option<Vec<u8>> {
        self.lower?;
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let mut origin = self.state().origin();
        let mut name = self.name();
        loop {
            match (origin, name) {
                (Some(Origin::Path(path)), _) => {
                    names.push(path);
                    break;
                }
                (Some(Origin::Here), Some(place)) => {
                    names.push(place.name);
                    let directory = place.directory.state();
                    origin = directory.origin();
                    name = directory.names.first().cloned();
                }
                _ => return None,
            }
        }
        names.reverse();
        let names: Vec<&[u8]> = names.iter().map(|name| &**name).filter(|name| !name.is_empty()).collect();
        Some(names.join(&b'/'))
    }
}

impl Drop for Inode {
    /// A directory may live by its child alone, and so its own, many thousands deep: not one call per level.
    fn drop(&mut self) {
        let mut names = std::mem::take(&mut self.state().names);
        while let Some(name) = names.pop() {
            if let Some(directory) = Arc::into_inner(name.directory) {
                names.append(&mut directory.state().names);
            }
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Table {
    known: HashMap<u64, Entry>,
    /// Files that nothing has happened to, or nothing but a change of attributes, which are most.
    untouched: Compact<Untouched>,
    /// Files that were made here.
    made: Compact<Made>,
    /// Files that became whole lately, the latest last.
    recent: VecDeque<u64>,
    /// Numbers for backing files whose own are too large.
    handed_out: HashMap<u64, u64>,
    /// Whether what files take is counted.
    is_limited: bool,
    /// Files that were forgotten since room was given back.
    forgotten: u32,
}

/// So many forgotten files leave room on the heap that is worth looking for.
const MANY: u32 = 2048;

#[derive(Debug, Default)]
struct Entry {
    inode: Weak<Inode>,
    /// While the kernel knows it.
    held: Option<Arc<Inode>>,
    lookups: u64,
}

/// An inode the kernel asks about.
#[derive(Debug)]
pub(super) enum Found {
    Whole(Arc<Inode>),
    /// Untouched, in this directory.
    Untouched(Arc<Inode>),
    /// The same, but for its attributes.
    Raised(Arc<Inode>),
}

impl Table {
    pub(super) fn new(root: &Arc<Inode>, is_limited: bool) -> Table {
        let held = Some(Arc::clone(root));
        // The kernel never forgets the root.
        let entry = Entry { inode: Arc::downgrade(root), held, lookups: u64::MAX };
        let known = HashMap::from([(root.number, entry)]);
        let (untouched, made) = (Compact::default(), Compact::default());
        Table { known, untouched, made, recent: VecDeque::new(), handed_out: HashMap::new(), is_limited, forgotten: 0 }
    }

    pub(super) fn find(&mut self, number: u64) -> Option<Found> {
        if let Some(untouched) = self.untouched.get(number) {
            let directory = Arc::clone(&untouched.directory);
            return Some(if untouched.is_upper() { Found::Raised(directory) } else { Found::Untouched(directory) });
        }
        if let Some(inode) = self.revive(number) {
            return Some(Found::Whole(inode));
        }
        self.get(number).map(Found::Whole)
    }

    /// One that is not settled, as every directory.
    pub(super) fn get(&self, number: u64) -> Option<Arc<Inode>> {
        self.known.get(&number)?.inode.upgrade()
    }

    /// What is known to be kept beside a file that did not come from below.
    pub(super) fn record(&self, number: u64) -> Option<Record> {
        match self.made.get(number) {
            Some(made) => Some(made.record()),
            None => self.get(number)?.record(),
        }
    }

    /// Whether it is as it is below.
    pub(super) fn is_untouched(&self, number: u64) -> bool {
        self.untouched.get(number).is_some_and(|untouched| !untouched.is_upper())
    }

    /// Whether its contents are as they are below, and no more is known about it than that.
    pub(super) fn has_untouched_contents(&self, number: u64) -> bool {
        self.untouched.get(number).is_some()
    }

    /// Makes a settled file whole.
    fn revive(&mut self, number: u64) -> Option<Arc<Inode>> {
        let mut made = self.made.remove(number)?;
        let inode = Arc::new(made.inode());
        let entry = self.known.entry(number).or_default();
        entry.lookups = made.lookups();
        entry.inode = Arc::downgrade(&inode);
        entry.held = Some(Arc::clone(&inode));
        self.used(number);
        Some(inode)
    }

    /// A file became whole; the one for which that is longest ago settles.
    fn used(&mut self, number: u64) {
        // Two, since one that somebody is at work on comes back.
        for _ in 0..2 {
            if self.recent.len() >= RECENT
                && let Some(oldest) = self.recent.pop_front()
            {
                self.settle(oldest);
            }
        }
        self.recent.push_back(number);
    }

    /// Forgets what can be asked or made again about a file.
    fn settle(&mut self, number: u64) {
        let Some(Entry { held: Some(inode), lookups, .. }) = self.known.get(&number) else { return };
        // Nobody may have it who could be doing something to it; nobody can get it while the table is locked.
        let is_in_use = Arc::strong_count(inode) > 1;
        let made = Made::new(inode, *lookups);
        // Under a limit it must be known what a file takes.
        let directory = if self.is_limited { None } else { inode.settled_directory() };
        let raised = directory.and_then(|directory| Untouched::new(number, &directory, *lookups, true));
        match (made, raised) {
            (None, None) => {}
            _ if is_in_use => self.recent.push_back(number),
            (Some(made), _) => {
                self.known.remove(&number);
                self.made.insert(made);
            }
            (None, Some(raised)) => {
                self.known.remove(&number);
                self.untouched.insert(raised);
            }
        }
    }

    /// Counts a lookup of a file below that has one name; false when more than that must be known about it.
    pub(super) fn remember_untouched(&mut self, number: u64, directory: &Arc<Inode>) -> bool {
        if self.known.contains_key(&number) {
            return false;
        }
        if let Some(untouched) = self.untouched.get_mut(number) {
            return untouched.count();
        }
        let Some(untouched) = Untouched::new(number, directory, 1, false) else { return false };
        self.untouched.insert(untouched);
        true
    }

    /// Counts a lookup of a settled file that was made here, and gives its record.
    pub(super) fn remember_made(&mut self, number: u64, directory: &Inode, name: &[u8]) -> Option<Record> {
        let made = self.made.get_mut(number).filter(|made| made.is(directory, name))?;
        made.count().then(|| made.record())
    }

    /// The entry of `number` for all that can be known, its lookups kept.
    fn whole(&mut self, number: u64) -> &mut Entry {
        if self.revive(number).is_none() && !self.known.contains_key(&number) {
            self.used(number);
        }
        let lookups = self.untouched.remove(number).map_or(0, |mut untouched| untouched.lookups());
        let entry = self.known.entry(number).or_default();
        entry.lookups = entry.lookups.saturating_add(lookups);
        entry
    }

    /// Something is about to happen to an untouched file, or to a raised one: it is made whole.
    pub(super) fn touch(&mut self, number: u64, make: impl FnOnce() -> Inode) -> Arc<Inode> {
        let entry = self.whole(number);
        let inode = entry.inode.upgrade().unwrap_or_else(|| Arc::new(make()));
        entry.inode = Arc::downgrade(&inode);
        entry.held = Some(Arc::clone(&inode));
        inode
    }

    /// Counts a lookup of an inode, which is made if it is not known.
    pub(super) fn remember(&mut self, number: u64, make: impl FnOnce() -> Inode) -> (Arc<Inode>, bool) {
        let entry = self.whole(number);
        let found = entry.inode.upgrade();
        let is_new = found.is_none();
        let inode = found.unwrap_or_else(|| Arc::new(make()));
        if is_new {
            entry.inode = Arc::downgrade(&inode);
        }
        entry.held = Some(Arc::clone(&inode));
        entry.lookups = entry.lookups.saturating_add(1);
        (inode, is_new)
    }

    /// Gives back the room of files that were forgotten, when they were many; false when they were not, and nothing is left
    /// to be given back by the heap.
    pub(super) fn shrink(&mut self) -> bool {
        let were_many = self.forgotten >= MANY;
        if were_many {
            self.forgotten = 0;
        }
        // All, whatever the first says.
        shrink(&mut self.known) | self.untouched.shrink() | self.made.shrink() | were_many
    }

    /// Takes lookups back; gives every inode that is gone for good.
    pub(super) fn forget(&mut self, number: u64, count: u64) -> Vec<Arc<Inode>> {
        let mut gone = Vec::new();
        let mut next = if let Some(untouched) = self.untouched.get_mut(number) {
            if untouched.uncount(count) {
                return gone;
            }
            self.forgotten += 1;
            self.untouched.remove(number).and_then(|untouched| self.unless_held(untouched.directory))
        } else if let Some(made) = self.made.get_mut(number) {
            if made.uncount(count) {
                return gone;
            }
            self.forgotten += 1;
            self.made.remove(number).map(|made| Arc::new(made.inode()))
        } else {
            let Some(entry) = self.known.get_mut(&number).filter(|entry| entry.lookups != u64::MAX) else {
                return gone;
            };
            entry.lookups = entry.lookups.saturating_sub(count);
            if entry.lookups > 0 {
                return gone;
            }
            self.forgotten += 1;
            entry.held.take()
        };
        // A directory that lives only because this was its last known child goes with it.
        while let Some(inode) = next.take() {
            if Arc::strong_count(&inode) > 1 {
                break;
            }
            self.known.remove(&inode.number);
            next = inode.name().and_then(|name| self.unless_held(name.directory));
            inode.state().names.clear();
            gone.push(inode);
        }
        gone
    }

    /// A directory that the kernel does not know any more.
    fn unless_held(&self, directory: Arc<Inode>) -> Option<Arc<Inode>> {
        let entry = self.known.get(&directory.number)?;
        entry.held.is_none().then_some(directory)
    }

    /// The number of a file that exists above only.
    pub(super) fn upper_number(&mut self, backing: u64) -> u64 {
        if backing < LARGEST_BACKING {
            return UPPER | backing;
        }
        let next = UPPER | LARGEST_BACKING | self.handed_out.len() as u64;
        *self.handed_out.entry(backing).or_insert(next)
    }
}

/// A map that has room for eight times as much as is in it is halved at least, so doing that is rare.
fn shrink<V>(map: &mut HashMap<u64, V>) -> bool {
    const SMALL: usize = 1024;
    let is_sparse = map.capacity() > SMALL && map.len() < map.capacity() / 8;
    if is_sparse {
        map.shrink_to(map.len() * 2);
    }
    is_sparse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inode(number: u64, directory: Option<&Arc<Inode>>) -> Inode {
        let names = directory.map(|directory| Name { directory: Arc::clone(directory), name: (*b"n").into() });
        Inode::new(number, Some(number), State { names: names.into_iter().collect(), ..State::default() })
    }

    #[test]
    fn a_forgotten_directory_goes_with_its_last_child() {
        let root = Arc::new(inode(1, None));
        let mut table = Table::new(&root, false);
        let (directory, is_new) = table.remember(2, || inode(2, Some(&root)));
        assert!(is_new);
        assert!(table.remember_untouched(3, &directory) && table.remember_untouched(3, &directory));
        assert!(table.remember_untouched(4, &directory));
        let raised = Record::parse(b"0:0:100640:b:o.").map(Box::new);
        let names = vec![Name { directory: Arc::clone(&directory), name: (*b"n").into() }];
        let make = || Inode::new(5, Some(5), State { names, record: raised, ..State::default() });
        let (settling, _) = table.remember(5, make);
        table.settle(5);
        assert!(matches!(table.find(5), Some(Found::Whole(_))), "somebody has it");
        drop(settling);
        table.settle(5);
        assert!(matches!(table.find(5), Some(Found::Raised(_))));
        assert!(!table.is_untouched(5) && table.has_untouched_contents(5));
        drop(directory);
        assert!(table.forget(5, 1).is_empty(), "nothing but the entry goes");
        assert!(table.find(5).is_none());
        assert!(table.forget(2, 1).is_empty(), "its children keep it");
        assert!(table.forget(4, 1).is_empty());
        assert!(table.is_untouched(3));
        let Some(Found::Untouched(directory)) = table.find(3) else { unreachable!() };
        let touched = table.touch(3, || inode(3, Some(&directory)));
        drop(directory);
        assert!(!table.is_untouched(3) && !table.remember_untouched(3, &root));
        drop(touched);
        assert!(table.forget(3, 1).is_empty(), "it was looked up twice");
        let gone: Vec<u64> = table.forget(3, 1).iter().map(|inode| inode.number).collect();
        assert_eq!(gone, [3, 2]);
        assert_eq!(table.known.len(), 1);
    }

    #[test]
    fn many_that_are_forgotten_leave_no_room_behind() {
        let root = Arc::new(inode(1, None));
        let mut table = Table::new(&root, false);
        for number in 2..10_000 {
            assert!(table.remember_untouched(number, &root) && !table.shrink());
        }
        let shrunk = (2..10_000).filter(|number| table.forget(*number, 1).is_empty() && table.shrink()).count();
        assert!((4..10).contains(&shrunk), "{shrunk}");
    }
}
