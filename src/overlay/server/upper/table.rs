//! The inodes the kernel knows, one value each, kept from the first lookup to the last FORGET.
//!
//! A file's number is the lower one as long as it came from below (copied up or not), else [`UPPER`] and the backing
//! file's own. A child keeps its directory alive, so that its place can always be found; a directory that is forgotten
//! and looked up again while a child is still known is the same value again.

use super::record::{Origin, Record};
use super::target::Target;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Set in numbers of files that did not come from below.
const UPPER: u64 = 1 << 63;
/// Backing inode numbers below this fit beside [`UPPER`].
const LARGEST_BACKING: u64 = 1 << 48;

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
    pub record: Option<Record>,
    /// Where it was in the lower tree; of lower files, too.
    pub origin: Option<Origin>,
    /// Inode number of the backing file.
    pub backing: u64,
    /// The backing file after its last known name is gone.
    pub orphan: Option<Target>,
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

    /// The record of a file that has a backing file.
    pub(super) fn record(&self) -> Option<Record> {
        self.state().record.clone()
    }

    pub(super) fn name(&self) -> Option<Name> {
        self.state().names.first().cloned()
    }

    /// Path in the lower tree; `None` for what is not from there.
    pub(super) fn lower_path(&self) -> Option<Vec<u8>> {
        self.lower?;
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let mut origin = self.state().origin.clone();
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
                    origin = directory.origin.clone();
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
    /// Numbers for backing files whose own are too large.
    handed_out: HashMap<u64, u64>,
}

#[derive(Debug)]
struct Entry {
    inode: Weak<Inode>,
    /// While the kernel knows it.
    held: Option<Arc<Inode>>,
    lookups: u64,
}

impl Table {
    pub(super) fn new(root: &Arc<Inode>) -> Table {
        let held = Some(Arc::clone(root));
        // The kernel never forgets the root.
        let entry = Entry { inode: Arc::downgrade(root), held, lookups: u64::MAX };
        Table { known: HashMap::from([(root.number, entry)]), handed_out: HashMap::new() }
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<Inode>> {
        self.known.get(&number)?.inode.upgrade()
    }

    /// Counts a lookup of an inode, which is made if it is not known.
    pub(super) fn remember(&mut self, number: u64, make: impl FnOnce() -> Inode) -> (Arc<Inode>, bool) {
        let entry = self.known.entry(number);
        let entry = entry.or_insert_with(|| Entry { inode: Weak::new(), held: None, lookups: 0 });
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

    /// Takes lookups back; gives every inode that is gone for good.
    pub(super) fn forget(&mut self, number: u64, count: u64) -> Vec<Arc<Inode>> {
        let mut gone = Vec::new();
        let Some(entry) = self.known.get_mut(&number).filter(|entry| entry.lookups != u64::MAX) else { return gone };
        entry.lookups = entry.lookups.saturating_sub(count);
        if entry.lookups > 0 {
            return gone;
        }
        let mut next = entry.held.take();
        // A directory that lives only because this was its last known child goes with it.
        while let Some(inode) = next.take() {
            if Arc::strong_count(&inode) > 1 {
                break;
            }
            self.known.remove(&inode.number);
            next = self.forgotten_parent(&inode);
            inode.state().names.clear();
            gone.push(inode);
        }
        gone
    }

    /// The directory of `inode`, if the kernel does not know it any more.
    fn forgotten_parent(&self, inode: &Inode) -> Option<Arc<Inode>> {
        let name = inode.name()?;
        let entry = self.known.get(&name.directory.number)?;
        entry.held.is_none().then(|| Arc::clone(&name.directory))
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
