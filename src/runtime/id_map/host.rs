//! What the host lets this user map.

use super::super::subordinate::{self, IdKind, IdRange, Subordinate, between, subtract};
use super::newuidmap::{self, HelperProblem};
use super::{IdMapping, IdMaps};
use rustix::thread::CapabilitySet;
use std::fmt;
use std::path::PathBuf;

/// Why only one id of a kind can be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// No range is granted to the user.
    NoSubordinateIds(IdKind),
    /// Ranges are granted, but the namespace we run in does not have them (a container in a container).
    NotInThisNamespace(IdKind),
    /// The set-user-ID helper cannot do it.
    Helper(HelperProblem),
    /// The set-user-ID helper, or the kernel, would not write the map; what was said.
    Refused(String),
}

impl fmt::Display for Shortage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shortage::NoSubordinateIds(kind) => write!(formatter, "no subordinate {kind}s in {}", kind.file()),
            Shortage::NotInThisNamespace(kind) => {
                write!(formatter, "the subordinate {kind}s in {} are not mapped in this user namespace", kind.file())
            }
            Shortage::Helper(problem) => problem.fmt(formatter),
            Shortage::Refused(said) => formatter.write_str(said),
        }
    }
}

/// The caller's ids and everything it may map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostIds {
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Whether the caller is root with CAP_SETUID and CAP_SETGID, and so may write any map itself.
    pub privileged: bool,
    /// Intermediate id to host id: for root the identity over what its namespace has, else 0 is the caller and the
    /// subordinate ids follow.
    pub intermediate: IdMaps,
    /// Why there is only one user id, if so.
    pub uid_shortage: Option<Shortage>,
    /// Why there is only one group id, if so.
    pub gid_shortage: Option<Shortage>,
    pub(super) uid_helper: Option<PathBuf>,
    pub(super) gid_helper: Option<PathBuf>,
    /// The lines of the calling namespace's own maps, inner side: the kernel wants each line of a new map within one.
    pub(super) uid_namespace: Vec<IdRange>,
    pub(super) gid_namespace: Vec<IdRange>,
}

/// What [`HostIds::derive`] decides from, already read.
pub(super) struct Facts {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) privileged: bool,
    pub(super) subordinate: Subordinate,
    pub(super) uid_namespace: Vec<IdRange>,
    pub(super) gid_namespace: Vec<IdRange>,
    pub(super) uid_helper: Result<PathBuf, HelperProblem>,
    pub(super) gid_helper: Result<PathBuf, HelperProblem>,
}

impl HostIds {
    /// Reads the host: about six small files, a few microseconds each; forks only for users of a directory service.
    pub fn detect() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        let privileged = uid == 0 && may_set_ids();
        let (subordinate, uid_helper, gid_helper) = if privileged {
            (
                Subordinate::default(),
                Err(HelperProblem::NotInstalled(IdKind::Uid)),
                Err(HelperProblem::NotInstalled(IdKind::Gid)),
            )
        } else {
            (subordinate::of_user(uid), newuidmap::find(IdKind::Uid), newuidmap::find(IdKind::Gid))
        };
        HostIds::derive(Facts {
            uid,
            gid,
            privileged,
            subordinate,
            uid_namespace: namespace_ids(IdKind::Uid),
            gid_namespace: namespace_ids(IdKind::Gid),
            uid_helper,
            gid_helper,
        })
    }

    pub(super) fn derive(facts: Facts) -> Self {
        let mut host = HostIds {
            uid: facts.uid,
            gid: facts.gid,
            privileged: facts.privileged,
            intermediate: IdMaps::default(),
            uid_shortage: None,
            gid_shortage: None,
            uid_helper: facts.uid_helper.as_ref().ok().cloned(),
            gid_helper: facts.gid_helper.as_ref().ok().cloned(),
            uid_namespace: facts.uid_namespace,
            gid_namespace: facts.gid_namespace,
        };
        if facts.privileged {
            host.intermediate = IdMaps { uid: identity(&host.uid_namespace), gid: identity(&host.gid_namespace) };
            return host;
        }
        let uid = usable(IdKind::Uid, &facts.subordinate.uid, &host.uid_namespace, facts.uid, facts.uid_helper);
        let gid = usable(IdKind::Gid, &facts.subordinate.gid, &host.gid_namespace, facts.gid, facts.gid_helper);
        host.intermediate.uid = owner_first(facts.uid, uid.as_deref().unwrap_or_default());
        host.intermediate.gid = owner_first(facts.gid, gid.as_deref().unwrap_or_default());
        host.uid_shortage = uid.err();
        host.gid_shortage = gid.err();
        host
    }

    /// Why fewer ids than usual can be mapped: for one line on stderr and for `doctor`.
    pub fn shortage(&self) -> Option<&Shortage> {
        self.uid_shortage.as_ref().or(self.gid_shortage.as_ref())
    }

    /// The same host with one id of each kind only, for a second [`super::plan()`] after [`super::write()`] failed. A map that
    /// could not be written is still unwritten, so the process that waits for it can be given another.
    pub fn degraded(&self, error: &super::IdMapError) -> Self {
        let said = Some(Shortage::Refused(error.to_string()));
        HostIds {
            privileged: false,
            intermediate: IdMaps::one_id((0, self.uid), (0, self.gid)),
            uid_shortage: said.clone(),
            gid_shortage: said,
            uid_helper: None,
            gid_helper: None,
            ..self.clone()
        }
    }

    /// The lines of the calling namespace's map.
    pub(super) fn namespace(&self, kind: IdKind) -> &[IdRange] {
        match kind {
            IdKind::Uid => &self.uid_namespace,
            IdKind::Gid => &self.gid_namespace,
        }
    }

    /// The caller's own id of one kind.
    pub fn own(&self, kind: IdKind) -> u32 {
        match kind {
            IdKind::Uid => self.uid,
            IdKind::Gid => self.gid,
        }
    }
}

fn may_set_ids() -> bool {
    rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SETUID | CapabilitySet::SETGID))
}

/// The ids that exist in the namespace this process runs in; everything when /proc does not say.
fn namespace_ids(kind: IdKind) -> Vec<IdRange> {
    let text = std::fs::read_to_string(format!("/proc/self/{}", kind.map_file())).unwrap_or_default();
    let ranges = parse_map_file(&text);
    if ranges.is_empty() { vec![IdRange { start: 0, size: u32::MAX }] } else { ranges }
}

/// The inner side of a text of /proc/PID/uid_map, ascending.
pub(super) fn parse_map_file(text: &str) -> Vec<IdRange> {
    let mut ranges: Vec<IdRange> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let start = fields.next()?.parse().ok()?;
            let size = fields.nth(1)?.parse().ok()?;
            (size > 0).then_some(IdRange { start, size })
        })
        .collect();
    ranges.sort();
    ranges
}

fn identity(ranges: &[IdRange]) -> Vec<IdMapping> {
    ranges.iter().map(|range| IdMapping { container_id: range.start, host_id: range.start, size: range.size }).collect()
}

/// The granted ranges that can really be mapped from here.
fn usable(
    kind: IdKind,
    granted: &[IdRange],
    namespace: &[IdRange],
    own: u32,
    helper: Result<PathBuf, HelperProblem>,
) -> Result<Vec<IdRange>, Shortage> {
    if granted.is_empty() {
        return Err(Shortage::NoSubordinateIds(kind));
    }
    // The caller's id is mapped as intermediate 0; the kernel refuses the same id twice.
    let taken = [IdRange { start: own, size: 1 }];
    let ranges: Vec<IdRange> = granted
        .iter()
        .flat_map(|range| subtract(*range, &taken))
        .flat_map(|range| namespace.iter().filter_map(move |bounds| intersect(range, *bounds)))
        .collect();
    if ranges.is_empty() {
        return Err(Shortage::NotInThisNamespace(kind));
    }
    helper.map_err(Shortage::Helper)?;
    Ok(ranges)
}

fn intersect(range: IdRange, bounds: IdRange) -> Option<IdRange> {
    between(u64::from(range.start.max(bounds.start)), range.end().min(bounds.end()))
}

/// 0 is the owner, the ranges follow in order; ids past 2^32 - 2 are cut off.
fn owner_first(own: u32, ranges: &[IdRange]) -> Vec<IdMapping> {
    let mut map = vec![IdMapping { container_id: 0, host_id: own, size: 1 }];
    let mut next = 1_u32;
    for range in ranges {
        let size = range.size.min(u32::MAX - next);
        if size == 0 {
            break;
        }
        map.push(IdMapping { container_id: next, host_id: range.start, size });
        next += size;
    }
    map
}
