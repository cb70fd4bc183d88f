//! Which directories need a journal, and opening one.

use super::log::{self, End, Log, NAME, NEW_NAME};
use super::nodes::{Kind, Node, Nodes, ROOT};
use super::objects::Objects;
use super::operation::Operation;
use super::{Open, State, Time, Tree, now, rewrite_at};
use crate::overlay::server::upper::Step;
use crate::overlay::server::upper::handle::host_names;
use crate::sys::file_system;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, XattrFlags};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The two directories of a tree.
const PARTS: [&[u8]; 2] = [b"upper", b"work"];
/// How long the end of an earlier server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// File systems that hold everything we need of one, so that nothing has to be tried (linux/magic.h and their own headers).
const SOUND: &[u64] = &[
    0xef53,      // ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlayfs
    0xf2f5_2010, // F2FS
    0x2fc1_2fc1, // ZFS
    0xca45_1a4e, // bcachefs
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x4750_4653, // GPFS
    0x1983_0326, // BeeGFS
    file_system::NFS,
];

/// File systems whose file numbers change, or may, which cannot be seen by trying.
const NUMBERLESS: &[u64] = &[
    0x4d44,      // FAT
    0x2011_bab0, // exFAT
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB
    0x517b,      // SMB
    0x786f_4256, // vboxsf
    0xbacb_acbc, // vmhgfs
];

/// Whether the changes in `upper` are kept in a journal, or have to be if there are none yet.
pub(in super::super) fn is_journalled(upper: &OwnedFd, work: &OwnedFd) -> Step<bool> {
    if exists(work, NAME)? || exists(work, NEW_NAME)? {
        return Ok(true);
    }
    if exists(work, "tmp")? || !host_names(upper)?.is_empty() {
        return Ok(false);
    }
    let kind = file_system::kind_of(upper)?;
    Ok(!SOUND.contains(&kind) && (NUMBERLESS.contains(&kind) || !holds_everything(work)))
}

fn exists(directory: &OwnedFd, name: &str) -> Step<bool> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tries what cannot be done without: letters of either case, any bytes in names, links of both kinds, attributes (elsewhere they
/// would be kept by file numbers, which a file system without attributes may well make up), files without a name.
fn holds_everything(work: &OwnedFd) -> bool {
    const FILE: &str = "Trial";
    const NAMES: [&[u8]; 4] = [b"trial", b"TRIAL", b"trial:\\\"<|>*?\xff ", b"trial. "];
    let all = || NAMES.iter().copied().chain([FILE.as_bytes()]);
    // Left by one that was interrupted.
    let clear = || all().for_each(|name| _ = rustix::fs::unlinkat(work, name, AtFlags::empty()));
    clear();
    let trial = || -> Step<bool> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = rustix::fs::openat(work, FILE, flags, Mode::from_raw_mode(0o600))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o640))?;
        rustix::fs::fsetxattr(&file, "user.coracle", b"trial", XattrFlags::empty())?;
        rustix::fs::symlinkat("text", work, NAMES[0])?;
        for name in &NAMES[1..] {
            rustix::fs::linkat(work, FILE, work, *name, AtFlags::empty())?;
        }
        let links = rustix::fs::fstat(&file)?.st_nlink;
        let found: BTreeSet<Vec<u8>> = host_names(work)?.into_iter().map(|(name, _)| name).collect();
        let has_names = all().all(|name| found.contains(name));
        clear();
        rustix::io::pwrite(&file, b"kept", 0)?;
        Ok(has_names && links as usize == NAMES.len() && rustix::fs::fstat(&file)?.st_nlink == 0)
    };
    let result = trial();
    clear();
    result.unwrap_or(false)
}

/// Why a journal cannot be used.
#[derive(Debug)]
pub(in super::super) enum Fault {
    /// It is none, or was changed by others.
    Damaged,
    /// Another server has it.
    InUse,
    /// A system call failed.
    System(Errno),
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Fault {
        Fault::System(error)
    }
}

/// Opens the tree whose contents are in `upper` and whose journal is in `work`, and makes it if there is none: the directories that
/// are to be used in their place. Waits for an earlier server to end.
pub(in super::super) fn start(upper: OwnedFd, work: OwnedFd, durable: bool) -> Result<[Arc<Open>; 2], Fault> {
    lock(&work)?;
    let objects = Objects(upper);
    let (old, mut nodes) = match read(&work, &objects)? {
        Some((file, end, nodes)) => (Some((file, end)), nodes),
        None => (None, fresh()),
    };
    find_contents(&mut nodes, &objects)?;
    let log = match (Log::write(&work, &nodes, durable), old) {
        (Ok(log), _) => log,
        // No room, perhaps: the old one will do.
        (Err(_), Some((file, end))) => Log::resume(file, end)?,
        (Err(error), None) => return Err(error.into()),
    };
    let parts = PARTS.map(|part| nodes.lookup(ROOT, part));
    let pattern = rustix::fs::fstat(&objects.0)?;
    let rewrite_at = rewrite_at(&log);
    let state = State { nodes, log, untold: None, told: (0, Time::default()), unsynced: BTreeSet::new(), rewrite_at };
    let tree = Arc::new(Tree { state: Mutex::new(state), objects, work, durable, pattern });
    let open = |part: Step<u64>| part.map_err(|_| Fault::Damaged).and_then(|id| Ok(tree.open(id)?));
    let [upper, work] = parts;
    Ok([open(upper)?, open(work)?])
}

/// One server at a time. Where there are no locks, there is no protection.
fn lock(work: &OwnedFd) -> Result<(), Fault> {
    let until = Instant::now() + PATIENCE;
    while let Err(Errno::WOULDBLOCK) = rustix::fs::flock(work, FlockOperation::NonBlockingLockExclusive) {
        if Instant::now() > until {
            return Err(Fault::InUse);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// The tree of the journal there is; `None` when nothing has been kept here yet.
fn read(work: &OwnedFd, objects: &Objects) -> Result<Option<(OwnedFd, End, Nodes)>, Fault> {
    for name in [NAME, NEW_NAME] {
        let file = match rustix::fs::openat(work, name, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(Fault::Damaged);
        }
        let reader = std::fs::File::from(file.try_clone().map_err(system)?);
        if let Some((nodes, end)) = log::replay(BufReader::new(reader)).map_err(system)? {
            return Ok(Some((file, end, nodes)));
        }
        if name == NAME && rustix::fs::fstat(&file)?.st_size > 0 {
            return Err(Fault::Damaged);
        }
    }
    // The first one had not been written when its writer was killed. With contents about, it was another one.
    if objects.all()?.is_empty() { Ok(None) } else { Err(Fault::Damaged) }
}

fn system(error: std::io::Error) -> Fault {
    Fault::System(Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// A tree with the two directories.
fn fresh() -> Nodes {
    let mut nodes = Nodes::new();
    for (id, part) in (ROOT + 1..).zip(PARTS) {
        let made = Operation::Make { at: (ROOT, part.into()), id, mode: libc::S_IFDIR | 0o700, text: Box::default() };
        nodes.carry_out(made, now());
    }
    nodes
}

/// Notes which files have contents, and removes the contents of files that are gone.
fn find_contents(nodes: &mut Nodes, objects: &Objects) -> Step<()> {
    for id in objects.all()? {
        match nodes.all.get_mut(&id) {
            Some(Node { kind: Kind::File { has_contents }, .. }) => *has_contents = true,
            _ => objects.remove(id),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_own_file_system_needs_no_journal() {
        let place = tempfile::tempdir().unwrap();
        for name in ["upper", "work"] {
            std::fs::create_dir(place.path().join(name)).unwrap();
        }
        let open = |name: &str| OwnedFd::from(std::fs::File::open(place.path().join(name)).unwrap());
        let (upper, work) = (open("upper"), open("work"));
        if SOUND.contains(&file_system::kind_of(&upper).unwrap()) {
            assert_eq!(is_journalled(&upper, &work), Ok(false));
        }
        // What has been begun goes on in its own way.
        std::fs::write(place.path().join("work/journal"), "").unwrap();
        assert_eq!(is_journalled(&upper, &work), Ok(true));
        std::fs::remove_file(place.path().join("work/journal")).unwrap();
        std::fs::write(place.path().join("upper/file"), "").unwrap();
        assert_eq!(is_journalled(&upper, &work), Ok(false));
        let _ = holds_everything(&work);
        assert_eq!(std::fs::read_dir(place.path().join("work")).unwrap().count(), 0, "a trial leaves nothing");
    }
}
