//! From a remembered path to a descriptor, never through a link and never outside; and what is not shown.

use super::inodes::{Identity, identity};
use crate::sys::file_system;
use rustix::fs::{Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// The directory everything is resolved from.
#[derive(Debug)]
pub(in super::super) struct Root {
    descriptor: OwnedFd,
    /// Paths relative to the root.
    masked: Vec<Vec<u8>>,
    /// Directories whose children are all masked.
    masked_children: Vec<Vec<u8>>,
    /// The same directories, however they are reached (bind mounts).
    masked_identities: Vec<Identity>,
}

impl Root {
    pub(in super::super) fn new(descriptor: OwnedFd, masks: &[PathBuf]) -> Root {
        let mut root =
            Root { descriptor, masked: Vec::new(), masked_children: Vec::new(), masked_identities: Vec::new() };
        for mask in masks {
            let names = mask.as_os_str().as_bytes().split(|&byte| byte == b'/');
            let names: Vec<&[u8]> = names.filter(|name| !matches!(*name, b"" | b".")).collect();
            match names.split_last() {
                Some((&b"*", parents)) => root.masked_children.push(parents.join(&b'/')),
                Some(_) => root.mask(names.join(&b'/')),
                None => {}
            }
        }
        root
    }

    fn mask(&mut self, path: Vec<u8>) {
        // What does not exist now is masked by its name alone.
        if let Ok(opened) = self.open(&path, OFlags::PATH)
            && let Ok(stat) = rustix::fs::fstat(&opened)
        {
            self.masked_identities.push(identity(&stat));
        }
        self.masked.push(path);
    }

    pub(in super::super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Whether `path` is to appear as an empty directory.
    pub(super) fn is_masked(&self, path: &[u8], stat: &Stat) -> bool {
        let parent = path.iter().rposition(|&byte| byte == b'/').map_or(&b""[..], |slash| &path[..slash]);
        self.masked.iter().any(|masked| masked == path)
            || self.masked_children.iter().any(|masked| masked == parent)
            || self.masked_identities.contains(&identity(stat))
    }

    /// Opens a path below the root; the last component is not followed either.
    pub(in super::super) fn open(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&self.descriptor, path, flags, Mode::empty(), resolve) {
            // Before Linux 5.6, and under system call filters that do not know it.
            Err(Errno::NOSYS | Errno::PERM) => self.open_by_steps(path, flags),
            result => result,
        }
    }

    /// The same, one component after the other.
    fn open_by_steps(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut names = path.split(|&byte| byte == b'/').peekable();
        let mut directory: Option<OwnedFd> = None;
        while let Some(name) = names.next() {
            if name == b".." {
                return Err(Errno::XDEV);
            }
            let flags = if names.peek().is_some() { step } else { flags };
            let parent = directory.as_ref().unwrap_or(&self.descriptor);
            directory = Some(rustix::fs::openat(parent, name, flags, Mode::empty())?);
        }
        directory.ok_or(Errno::NOENT)
    }
}

/// File systems that show the kernel and not files, wherever they are mounted (linux/magic.h).
const PSEUDO: &[u64] = &[
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0xcafe_4a11, // bpf
    0x1cd1,      // devpts
    0x1980_0202, // mqueue
    0x9584_58f6, // hugetlbfs
    0x0187,      // autofs: looking inside would mount
    0x4249_4e4d, // binfmt_misc
    0x6573_5543, // fusectl
    0xf97c_ff8c, // selinuxfs
    0x4341_5d53, // smackfs
    0x5a3c_69f0, // AppArmor
    0x6e73_6673, // nsfs
    0x6759_6969, // rpc_pipefs
];

/// Whether a pseudo file system is mounted on `name`. What cannot be examined counts as one.
pub(super) fn is_pseudo(directory: BorrowedFd<'_>, name: &[u8]) -> bool {
    // O_PATH neither triggers an automount nor needs permission to read.
    let opened = rustix::fs::openat(directory, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    let kind = opened.and_then(file_system::kind_of);
    kind.map_or(true, |kind| PSEUDO.contains(&kind))
}
