//! The file system a path lies on.
//!
//! Follows proc_pid_mountinfo(5). The mount is found by path, the longest mount point that holds it; the last mount on
//! one point covers the earlier ones. Only statvfs(3) asks the file system itself.

use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// Type as the kernel names it, e.g. `ext4`, `nfs4`, `fuse.sshfs`.
    pub kind: String,
    /// Device or remote name.
    pub source: String,
    /// Options of the mount and of the file system.
    pub options: Vec<String>,
}

impl Mount {
    /// Whether an option such as `noexec` is set.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|known| known == option)
    }

    /// Whether files live on other machines: slow to look up, and often without what overlayfs and user namespaces
    /// need.
    pub fn is_remote(&self) -> bool {
        const REMOTE: [&str; 18] = [
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "cvmfs2",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
            "nfs",
            "nfs4",
            "ocfs2",
            "orangefs",
            "pvfs2",
            "smb3",
            "wekafs",
        ];
        let kind = self.kind.strip_prefix("fuse.").unwrap_or(&self.kind);
        REMOTE.contains(&kind) || matches!(kind, "sshfs" | "s3fs" | "rclone" | "mfs" | "beegfs-nodev")
    }
}

/// The mounts of this process.
pub fn all() -> Vec<Mount> {
    parse(&std::fs::read("/proc/self/mountinfo").unwrap_or_default())
}

/// The mount among `mounts` that holds `path`; links in the path are followed, missing last components ignored.
pub fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let existing = super::nearest_existing(path);
    let real = std::fs::canonicalize(existing).unwrap_or_else(|_| existing.to_owned());
    deepest(mounts, &real)
}

fn deepest<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    mounts.iter().filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.components().count())
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

/// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER-OPTIONS`.
fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let point = unescape(fields.nth(4)?);
    let options = fields.next()?;
    let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let kind = text(fields.next()?);
    let source = text(&unescape(fields.next()?));
    let all = [options, fields.next().unwrap_or_default()].map(text).join(",");
    let options = all.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect();
    Some(Mount { point: PathBuf::from(std::ffi::OsString::from_vec(point)), kind, source, options })
}

/// Blank, tab, newline and backslash are written as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match digits {
            Some(digits) => {
                plain.push(digits.iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0')));
                rest = &after[3..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

/// Space and inodes of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Size in bytes.
    pub total_bytes: u64,
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes an ordinary user can still write.
    pub available_bytes: u64,
    /// Inodes; 0 where the file system does not count them.
    pub total_inodes: u64,
    /// Inodes an ordinary user can still use.
    pub available_inodes: u64,
}

/// Space and inodes of the file system holding `path` or the nearest directory above it that exists.
pub fn space(path: &Path) -> Option<Space> {
    let vfs = rustix::fs::statvfs(super::nearest_existing(path).as_os_str().as_bytes()).ok()?;
    Some(Space {
        total_bytes: vfs.f_frsize.saturating_mul(vfs.f_blocks),
        used_bytes: vfs.f_frsize.saturating_mul(vfs.f_blocks.saturating_sub(vfs.f_bfree)),
        available_bytes: vfs.f_frsize.saturating_mul(vfs.f_bavail),
        total_inodes: vfs.f_files,
        available_inodes: vfs.f_favail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"22 27 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
        30 22 0:40 / /home rw,nosuid,nodev shared:2 master:3 - nfs4 server:/home rw,vers=4.2\n\
        31 30 0:41 / /home/a\\040b rw - fuse.sshfs x rw\n\
        32 22 0:42 / /home rw - tmpfs tmpfs rw\nbad line\n";

    #[test]
    fn the_deepest_and_last_mount_holds_a_path() {
        let mounts = parse(TEXT);
        assert_eq!(mounts.len(), 4);
        let kind = |path: &str| deepest(&mounts, Path::new(path)).map(|mount| mount.kind.as_str());
        assert_eq!(kind("/etc"), Some("ext4"));
        assert_eq!(kind("/home/ann"), Some("tmpfs"));
        assert_eq!(kind("/home/a b/c"), Some("fuse.sshfs"));
        assert_eq!(kind("/homely"), Some("ext4"));
    }

    #[test]
    fn options_of_mount_and_file_system_are_joined() {
        let mounts = parse(TEXT);
        assert!(mounts[1].has("nosuid") && mounts[1].has("vers=4.2") && !mounts[1].has("noexec"));
        assert!(mounts[1].is_remote() && mounts[2].is_remote() && !mounts[0].is_remote());
        assert_eq!(mounts[1].source, "server:/home");
    }
}
