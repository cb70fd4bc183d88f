//! The subordinate user and group ids the host grants to a user.
//!
//! Sources, as `newuidmap` itself consults them (subuid(5), subgid(5), nsswitch.conf(5)): when the first word of the
//! `subid:` line of /etc/nsswitch.conf names anything but `files`, what `getsubids` prints and nothing else, because
//! the set-uid helper would refuse ranges that only the files know; otherwise every line of /etc/subuid and
//! /etc/subgid that carries the user's name or number, in the order of the file.
//!
//! A user's name comes from /etc/passwd, else from `getent passwd` (directories such as LDAP), else from `$USER`, which
//! is only a hint: the helpers check ownership of every range again.
//!
//! Ranges returned never overlap, never wrap and never hold the reserved id 4294967295.

use std::fmt;
use std::process::{Command, Stdio};

/// User ids or group ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// User ids.
    Uid,
    /// Group ids.
    Gid,
}

impl IdKind {
    /// The file that lists the ranges.
    pub fn file(self) -> &'static str {
        match self {
            IdKind::Uid => "/etc/subuid",
            IdKind::Gid => "/etc/subgid",
        }
    }

    /// The set-uid helper of shadow-utils that writes this kind's map.
    pub fn helper(self) -> &'static str {
        match self {
            IdKind::Uid => "newuidmap",
            IdKind::Gid => "newgidmap",
        }
    }

    /// The file of /proc/PID that holds this kind's map.
    pub fn map_file(self) -> &'static str {
        match self {
            IdKind::Uid => "uid_map",
            IdKind::Gid => "gid_map",
        }
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            IdKind::Uid => "UID",
            IdKind::Gid => "GID",
        })
    }
}

/// A run of consecutive ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdRange {
    /// First id.
    pub start: u32,
    /// Number of ids, at least 1 in every range this module returns.
    pub size: u32,
}

impl IdRange {
    /// One past the last id.
    pub fn end(self) -> u64 {
        u64::from(self.start) + u64::from(self.size)
    }

    /// Whether `id` is in the range.
    pub fn contains(self, id: u32) -> bool {
        id >= self.start && u64::from(id) < self.end()
    }
}

/// Both kinds of ranges of one user, in the order they are granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subordinate {
    /// User id ranges.
    pub uid: Vec<IdRange>,
    /// Group id ranges.
    pub gid: Vec<IdRange>,
}

/// The ranges of the user with this number. Reads up to four small files; forks only where a directory service is in use.
pub fn of_user(uid: u32) -> Subordinate {
    let name = user_name(uid);
    let number = uid.to_string();
    let names: Vec<&str> = name.as_deref().into_iter().chain([number.as_str()]).collect();
    of_names(&names)
}

/// The ranges of a user by name (`--subuidname`, `--subgidname`).
pub fn of_name(name: &str) -> Subordinate {
    of_names(&[name])
}

fn of_names(names: &[&str]) -> Subordinate {
    let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    Subordinate { uid: granted(IdKind::Uid, names, &switch), gid: granted(IdKind::Gid, names, &switch) }
}

fn granted(kind: IdKind, names: &[&str], switch: &str) -> Vec<IdRange> {
    if uses_directory(switch)
        && let Some(ranges) = names.first().and_then(|name| ask_getsubids(kind, name))
    {
        return ranges;
    }
    let bytes = std::fs::read(kind.file()).unwrap_or_default();
    parse(&String::from_utf8_lossy(&bytes), names)
}

/// Whether nsswitch.conf gives subordinate ids to a plug-in; shadow-utils looks at the first source only.
fn uses_directory(switch: &str) -> bool {
    switch
        .lines()
        .filter_map(|line| line.split('#').next()?.trim_start().strip_prefix("subid:"))
        .filter_map(|sources| sources.split_whitespace().next())
        .any(|first| !first.eq_ignore_ascii_case("files"))
}

/// Runs `getsubids [-g] NAME`; `None` when it is not installed or fails.
fn ask_getsubids(kind: IdKind, name: &str) -> Option<Vec<IdRange>> {
    let mut command = Command::new("getsubids");
    if kind == IdKind::Gid {
        command.arg("-g");
    }
    let output = command.arg("--").arg(name).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| parse_getsubids(&String::from_utf8_lossy(&output.stdout)))
}

/// The ranges in a text of subuid(5) that belong to one of `names`.
///
/// Lines that are not `name:start:count` are skipped, as the helpers skip them. Ids already granted by an earlier
/// line are left out, so the result never overlaps.
pub fn parse(text: &str, names: &[&str]) -> Vec<IdRange> {
    let mut ranges = Vec::new();
    for line in text.lines() {
        let mut fields = line.trim().split(':');
        let (Some(owner), Some(start), Some(size), None) = (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if names.contains(&owner) {
            push_range(&mut ranges, start, size);
        }
    }
    ranges
}

/// The ranges in the output of getsubids(1): `INDEX: NAME START COUNT`.
fn parse_getsubids(text: &str) -> Vec<IdRange> {
    let mut ranges = Vec::new();
    for line in text.lines() {
        let mut fields = line.split_whitespace().rev();
        if let (Some(size), Some(start)) = (fields.next(), fields.next()) {
            push_range(&mut ranges, start, size);
        }
    }
    ranges
}

fn push_range(ranges: &mut Vec<IdRange>, start: &str, size: &str) {
    let (Ok(start), Ok(size)) = (start.parse::<u32>(), size.parse::<u32>()) else { return };
    let size = size.min(u32::MAX - start);
    if size > 0 {
        let fresh = subtract(IdRange { start, size }, ranges);
        ranges.extend(fresh);
    }
}

/// The parts of `range` that no range of `taken` holds, ascending.
pub fn subtract(range: IdRange, taken: &[IdRange]) -> Vec<IdRange> {
    let mut left = vec![range];
    for hole in taken {
        left = left.into_iter().flat_map(|piece| cut(piece, *hole)).collect();
    }
    left
}

fn cut(piece: IdRange, hole: IdRange) -> impl Iterator<Item = IdRange> {
    let below = between(u64::from(piece.start), piece.end().min(u64::from(hole.start)));
    let above = between(u64::from(piece.start).max(hole.end()), piece.end());
    // A hole outside the piece leaves it whole on one side and gives nothing on the other.
    below.into_iter().chain(above)
}

/// The range from `start` up to and without `end`; `None` when empty.
pub(super) fn between(start: u64, end: u64) -> Option<IdRange> {
    let size = end.checked_sub(start)?;
    match (u32::try_from(start), u32::try_from(size)) {
        (Ok(start), Ok(size)) if size > 0 => Some(IdRange { start, size }),
        _ => None,
    }
}

/// The login name of a user id. Reads /etc/passwd; runs `getent` for a user that is not there.
pub fn user_name(uid: u32) -> Option<String> {
    let bytes = std::fs::read("/etc/passwd").unwrap_or_default();
    name_in_passwd(&String::from_utf8_lossy(&bytes), uid)
        .or_else(|| ask_getent(uid))
        .or_else(|| std::env::var("USER").ok())
}

/// The first name with this number in a text of passwd(5).
pub fn name_in_passwd(text: &str, uid: u32) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

fn ask_getent(uid: u32) -> Option<String> {
    let output = Command::new("getent")
        .args(["passwd", &uid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    name_in_passwd(&String::from_utf8_lossy(&output.stdout), uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(u32, u32)]) -> Vec<IdRange> {
        pairs.iter().map(|&(start, size)| IdRange { start, size }).collect()
    }

    #[test]
    fn parses_lines_of_the_user_only() {
        let cases: &[(&str, &[(u32, u32)])] = &[
            ("", &[]),
            ("ann:100000:65536\n", &[(100_000, 65536)]),
            ("bob:100000:65536\n", &[]),
            ("ann:100000:65536\nbob:165536:65536\nann:300000:10\n", &[(100_000, 65536), (300_000, 10)]),
            ("1000:500:5\nann:100:5\n", &[(500, 5), (100, 5)]),
            ("# ann\n\nann:1\nann:1:2:3\nann:x:5\nann:5:x\nann:-1:5\nann:7:0\n", &[]),
            ("ann:100:10\nann:100:10\n1000:105:10\n", &[(100, 10), (110, 5)]),
            ("ann:105:2\nann:100:10\n", &[(105, 2), (100, 5), (107, 3)]),
            ("ann:4294967290:65536\n", &[(4_294_967_290, 5)]),
            ("ann:4294967295:1\n", &[]),
            ("ann:99999999999:1\n", &[]),
            ("  ann:100:10\r\n", &[(100, 10)]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, &["ann", "1000"]), ranges(expected), "{text:?}");
        }
    }

    #[test]
    fn parses_getsubids() {
        let text = "0: ann 100000 65536\n1: ann 300000 10\nError fetching ranges\n";
        assert_eq!(parse_getsubids(text), ranges(&[(100_000, 65536), (300_000, 10)]));
    }

    #[test]
    fn first_source_of_nsswitch_decides() {
        let cases = [
            ("", false),
            ("passwd: files sss\n", false),
            ("subid: files\n", false),
            ("subid: files sss\n", false),
            ("subid: sss\n", true),
            ("  subid:\tsss files # comment\n", true),
            ("# subid: sss\n", false),
            ("subid:\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(uses_directory(text), expected, "{text:?}");
        }
    }

    #[test]
    fn finds_names_in_passwd() {
        let text =
            "root:x:0:0::/root:/bin/sh\nbad\nann:x:1000:1000::/:/bin/sh\nalias:x:1000:1000::/:/bin/sh\n:x:7:7::/:\n";
        let cases = [(0, Some("root")), (1000, Some("ann")), (7, None), (8, None)];
        for (uid, expected) in cases {
            assert_eq!(name_in_passwd(text, uid).as_deref(), expected, "{uid}");
        }
    }

    #[test]
    fn subtracts_ranges() {
        let whole = IdRange { start: 10, size: 10 };
        type Case<'a> = (&'a [(u32, u32)], &'a [(u32, u32)]);
        let cases: &[Case] = &[
            (&[], &[(10, 10)]),
            (&[(0, 10)], &[(10, 10)]),
            (&[(20, 5)], &[(10, 10)]),
            (&[(10, 10)], &[]),
            (&[(0, 100)], &[]),
            (&[(12, 2)], &[(10, 2), (14, 6)]),
            (&[(5, 7), (18, 9)], &[(12, 6)]),
        ];
        for (holes, expected) in cases {
            assert_eq!(subtract(whole, &ranges(holes)), ranges(expected), "{holes:?}");
        }
    }
}
