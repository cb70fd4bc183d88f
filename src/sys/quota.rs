//! Project quotas: limits of what a tree of files may take on an ext4 or XFS that keeps account of projects.
//!
//! quotactl(2), ioctl_xfs_fsgetxattr(2), `linux/dqblk_xfs.h`. A file belongs to the project that its directory passes on.
//! Limits are for who has `CAP_SYS_ADMIN` in the initial user namespace; asking whether there are any is for everybody.

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::{Errno, Result};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};

/// `PRJQUOTA` (linux/quota.h).
const PROJECT: libc::c_int = 2;
/// `Q_GETQUOTA` and `Q_SETQUOTA` (linux/quota.h); the kernel translates them for XFS.
const GET: libc::c_int = 0x80_0007;
const SET: libc::c_int = 0x80_0008;
/// `Q_XGETQSTATV` (linux/dqblk_xfs.h); the kernel answers it for all file systems.
const GET_STATE: libc::c_int = (b'X' as libc::c_int) << 8 | 8;
/// `FS_QSTATV_VERSION1`.
const STATE_VERSION: i8 = 1;
/// `FS_QUOTA_PDQ_ENFD`: limits of projects are enforced.
const ENFORCED: u16 = 1 << 5;
/// `QIF_BLIMITS` (linux/quota.h): the limits of space are given.
const SPACE_LIMITS: u32 = 1;
/// `QIF_DQBLKSIZE`, the unit of limits in bytes.
const UNIT: u64 = 1024;
/// `FS_IOC_FSGETXATTR` and `FS_IOC_FSSETXATTR` (linux/fs.h), of 28 bytes.
const GET_ATTRIBUTES: libc::Ioctl = 0x801c_581f;
const SET_ATTRIBUTES: libc::Ioctl = 0x401c_5820;
/// `FS_XFLAG_PROJINHERIT`: what is made in the directory belongs to its project.
const PASSED_ON: u32 = 0x200;

/// `struct fsxattr` (linux/fs.h).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    flags: u32,
    extent_size: u32,
    extents: u32,
    project: u32,
    copy_extent_size: u32,
    padding: [u8; 8],
}

/// `struct fs_quota_statv` (linux/dqblk_xfs.h), of which the head matters.
#[repr(C)]
struct QuotaState {
    version: i8,
    padding: u8,
    flags: u16,
    rest: [u64; 20],
}

/// What the file system keeps of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Bytes that its files take.
    pub used_bytes: u64,
    /// Most that they may take; 0 is no limit.
    pub limit_bytes: u64,
    /// Its files.
    pub files: u64,
}

impl Account {
    /// Whether nobody has ever used the project, or everything of it is gone.
    pub fn is_free(&self) -> bool {
        *self == Account { used_bytes: 0, limit_bytes: 0, files: 0 }
    }
}

/// Whether the file system of `file` holds projects to their limits. `NOSYS` is no, too (and a kernel before 5.14).
pub fn is_enforced(file: impl AsFd) -> Result<bool> {
    let mut state = QuotaState { version: STATE_VERSION, padding: 0, flags: 0, rest: [0; 20] };
    control(file, GET_STATE, 0, (&raw mut state).cast())?;
    Ok(state.flags & ENFORCED != 0)
}

/// What is known of `project` on the file system of `file`. `PERM` for who may not set limits either.
pub fn account(file: impl AsFd, project: u32) -> Result<Account> {
    let mut found = MaybeUninit::<libc::dqblk>::zeroed();
    match control(file, GET, project, found.as_mut_ptr().cast()) {
        // XFS keeps nothing about what it has never met.
        Err(Errno::NOENT) => return Ok(Account { used_bytes: 0, limit_bytes: 0, files: 0 }),
        result => result?,
    }
    // SAFETY: plain integers, of which zeroes are a value; the kernel has written over them.
    let found = unsafe { found.assume_init() };
    Ok(Account {
        used_bytes: found.dqb_curspace,
        limit_bytes: found.dqb_bhardlimit.saturating_mul(UNIT),
        files: found.dqb_curinodes,
    })
}

/// Lets the files of `project` on the file system of `file` take at most `bytes`; 0 is no limit.
pub fn limit(file: impl AsFd, project: u32, bytes: u64) -> Result<()> {
    // SAFETY: plain integers, of which zeroes are a value.
    let mut wanted: libc::dqblk = unsafe { MaybeUninit::zeroed().assume_init() };
    wanted.dqb_bhardlimit = bytes.div_ceil(UNIT);
    wanted.dqb_bsoftlimit = wanted.dqb_bhardlimit;
    wanted.dqb_valid = SPACE_LIMITS;
    control(file, SET, project, (&raw mut wanted).cast())
}

/// Puts an empty directory into `project`, and with it all that will be made in it.
pub fn assign(directory: impl AsFd, project: u32) -> Result<()> {
    let mut attributes = Attributes::default();
    change(&directory, GET_ATTRIBUTES, &mut attributes)?;
    attributes.project = project;
    attributes.flags |= PASSED_ON;
    change(&directory, SET_ATTRIBUTES, &mut attributes)
}

/// quotactl_fd(2), Linux 5.14. `data` points to what `command` reads or writes.
fn control(file: impl AsFd, command: libc::c_int, project: u32, data: *mut libc::c_void) -> Result<()> {
    let command = command << 8 | PROJECT;
    let file = file.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open during the call, and each of the callers above hands a structure of the kind that the
    // kernel reads or fills for its command, alive and exclusively borrowed.
    match unsafe { libc::syscall(libc::SYS_quotactl_fd, file, command, project, data) } {
        -1 => Err(last_error()),
        _ => Ok(()),
    }
}

fn change(directory: &impl AsFd, request: libc::Ioctl, attributes: &mut Attributes) -> Result<()> {
    // SAFETY: both requests take a `struct fsxattr`, which `attributes` is in layout and size, exclusively borrowed.
    match unsafe { libc::ioctl(directory.as_fd().as_raw_fd(), request, std::ptr::from_mut(attributes)) } {
        -1 => Err(last_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_kernels_size() {
        assert_eq!(size_of::<Attributes>(), 28);
        assert!(size_of::<QuotaState>() >= 160);
        assert_eq!(size_of::<libc::dqblk>(), 72);
    }

    #[test]
    fn a_file_system_without_projects_says_so() {
        let proc = std::fs::File::open("/proc").unwrap();
        assert!(!is_enforced(&proc).unwrap_or(false));
        assert!(assign(&proc, 7).is_err());
    }
}
