//! From `--userns` and `--uidmap` to one checked map per kind. Pure: everything known about the host is in [`HostIds`].

use super::super::subordinate::{self, IdKind, IdRange, Subordinate, subtract};
use super::{HostIds, IdMapError, IdMapping, IdMaps, merge, render, syntax};

/// Lines the kernel takes since 4.15 (user_namespaces(7), "Defining user and group ID mappings").
const MOST_LINES: usize = 340;
/// Fewest ids of an automatic range, so that every system user of a distribution's image is mapped.
const AUTO_MINIMUM: u32 = 1024;
/// Where the real root takes automatic ranges when /etc/subuid gives it none: the upper half, which no distribution
/// hands out to users.
const ROOT_POOL: IdRange = IdRange { start: 0x8000_0000, size: 0x7fff_0000 };

/// `--userns`, without the modes that join another namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Root inside is the caller, the subordinate ids follow.
    #[default]
    Host,
    /// The caller keeps an id inside, its own unless given.
    KeepId {
        /// User id inside.
        uid: Option<u32>,
        /// Group id inside.
        gid: Option<u32>,
        /// Number of ids to map.
        size: Option<u32>,
    },
    /// The caller is not mapped.
    NoMap,
    /// A range that no other container has.
    Auto {
        /// Number of ids.
        size: Option<u32>,
        /// `uidmapping=` entries as typed.
        uid_mapping: Vec<String>,
        /// `gidmapping=` entries as typed.
        gid_mapping: Vec<String>,
    },
}

/// For `--userns=auto`: what the image needs and what is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// One more than the highest id in the image's /etc/passwd, /etc/group and user; used when no size is given.
    pub image_ids: u32,
    /// Host ids in use by other automatic containers.
    pub used: Subordinate,
}

/// Everything the command line says about ids.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `--userns`.
    pub mode: Mode,
    /// `--uidmap` as typed.
    pub uid_map: Vec<String>,
    /// `--gidmap` as typed.
    pub gid_map: Vec<String>,
    /// `--subuidname`.
    pub subuid_name: Option<String>,
    /// `--subgidname`.
    pub subgid_name: Option<String>,
    /// For automatic ranges.
    pub pool: Pool,
}

/// The maps of a container, and who it runs as when neither user nor image says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to write.
    pub maps: IdMaps,
    /// `(uid, gid)` inside that the mode itself implies (`keep-id`).
    pub user: Option<(u32, u32)>,
}

/// Chooses the maps.
///
/// # Errors
/// Text that is no map, ids the user does not own, overlapping lines, too many lines, no free range. Touches the
/// file system only for `--subuidname` and `--subgidname`.
pub fn plan(host: &HostIds, wish: &Wish) -> Result<Plan, IdMapError> {
    let by_hand = !wish.uid_map.is_empty()
        || !wish.gid_map.is_empty()
        || wish.subuid_name.is_some()
        || wish.subgid_name.is_some();
    if by_hand && wish.mode != Mode::Host {
        return Err(IdMapError::Exclusive);
    }
    let uid = map_of(IdKind::Uid, host, wish, by_hand)?;
    let gid = map_of(IdKind::Gid, host, wish, by_hand)?;
    let user = match wish.mode {
        Mode::KeepId { uid, gid, .. } if host.privileged => Some((uid.unwrap_or(0), gid.unwrap_or(0))),
        Mode::KeepId { uid, gid, .. } => Some((uid.unwrap_or(host.uid), gid.unwrap_or(host.gid))),
        _ => None,
    };
    Ok(Plan { maps: IdMaps { uid, gid }, user })
}

fn map_of(kind: IdKind, host: &HostIds, wish: &Wish, by_hand: bool) -> Result<Vec<IdMapping>, IdMapError> {
    let parent = host.intermediate.of(kind);
    let map = match &wish.mode {
        Mode::Host if by_hand => return finish(kind, host, map_by_hand(kind, host, wish)?),
        Mode::Host => parent.iter().map(|part| IdMapping { host_id: part.container_id, ..*part }).collect(),
        Mode::KeepId { uid, gid, size } => keep_id(host, kind, if kind == IdKind::Uid { *uid } else { *gid }, *size),
        Mode::NoMap if host.privileged => return Err(IdMapError::NoMapAsRoot),
        Mode::NoMap => shift_down(parent).ok_or(IdMapError::NoMapWithoutIds)?,
        Mode::Auto { size, uid_mapping, gid_mapping } => {
            let entries = if kind == IdKind::Uid { uid_mapping } else { gid_mapping };
            automatic(kind, host, &wish.pool, *size, entries)?
        }
    };
    finish(kind, host, to_host(kind, &map, parent)?)
}

/// The caller at its own id, the subordinate ids around it.
fn keep_id(host: &HostIds, kind: IdKind, wanted: Option<u32>, size: Option<u32>) -> Vec<IdMapping> {
    let parent = host.intermediate.of(kind);
    if host.privileged {
        return parent.iter().map(|part| IdMapping { host_id: part.container_id, ..*part }).collect();
    }
    let own = wanted.unwrap_or(host.own(kind));
    let others = parent.last().map_or(0, |last| last.container().end().saturating_sub(1));
    let others = u32::try_from(others).unwrap_or(u32::MAX - 1);
    let others = size.map_or(others, |size| others.min(size.saturating_sub(1)));
    let mut map = vec![IdMapping { container_id: own, host_id: 0, size: 1 }];
    if own > 0 && others > 0 {
        map.push(IdMapping { container_id: 0, host_id: 1, size: own.min(others) });
    }
    if others > own {
        map.push(IdMapping { container_id: own + 1, host_id: own + 1, size: others - own });
    }
    map
}

/// The subordinate ids from 0 on, without the caller; `None` when there are none.
fn shift_down(parent: &[IdMapping]) -> Option<Vec<IdMapping>> {
    let map: Vec<IdMapping> = parent
        .iter()
        .filter(|part| part.container_id > 0)
        .map(|part| IdMapping { container_id: part.container_id - 1, host_id: part.container_id, size: part.size })
        .collect();
    (!map.is_empty()).then_some(map)
}

/// A range of the intermediate ids that no other automatic container uses.
fn automatic(
    kind: IdKind,
    host: &HostIds,
    pool: &Pool,
    size: Option<u32>,
    entries: &[String],
) -> Result<Vec<IdMapping>, IdMapError> {
    let parent = host.intermediate.of(kind);
    let mut map = Vec::new();
    for entry in entries {
        map.extend(syntax::parse_single(kind, entry, parent)?);
    }
    let wanted = size.unwrap_or(pool.image_ids.max(AUTO_MINIMUM));
    let taken: Vec<IdRange> = map.iter().map(|line| line.container()).collect();
    let slots = subtract(IdRange { start: 0, size: wanted.max(1) }, &taken);
    let needed: u64 = slots.iter().map(|slot| u64::from(slot.size)).sum();
    let mut used = used_intermediate(parent, if kind == IdKind::Uid { &pool.used.uid } else { &pool.used.gid });
    used.extend(map.iter().map(|line| line.host()));
    let free: Vec<IdRange> =
        automatic_pool(host, parent).into_iter().flat_map(|range| subtract(range, &used)).collect();
    let available: u64 = free.iter().map(|range| u64::from(range.size)).sum();
    // A size nobody asked for may shrink to what the user owns; a size asked for may not.
    if available == 0 && needed > 0 || size.is_some() && available < needed {
        return Err(IdMapError::NotEnough { kind, wanted: needed, available });
    }
    map.extend(syntax::zip(&slots, &free));
    Ok(map)
}

/// Intermediate ids that automatic ranges are taken from: never the caller itself.
fn automatic_pool(host: &HostIds, parent: &[IdMapping]) -> Vec<IdRange> {
    let outside: Vec<IdRange> = if host.privileged {
        let below = IdRange { start: 0, size: ROOT_POOL.start };
        let above =
            IdRange { start: ROOT_POOL.start + ROOT_POOL.size, size: u32::MAX - ROOT_POOL.start - ROOT_POOL.size };
        vec![below, above]
    } else {
        vec![IdRange { start: 0, size: 1 }]
    };
    parent.iter().flat_map(|part| subtract(part.container(), &outside)).collect()
}

/// Host ids in use, as intermediate ids.
fn used_intermediate(parent: &[IdMapping], used: &[IdRange]) -> Vec<IdRange> {
    let mut ranges = Vec::new();
    for part in parent {
        for range in used {
            let common =
                subordinate::between(u64::from(range.start.max(part.host_id)), range.end().min(part.host().end()));
            if let Some(common) = common {
                ranges.push(IdRange { start: part.container_id + (common.start - part.host_id), size: common.size });
            }
        }
    }
    ranges
}

/// `--uidmap`, `--gidmap`, `--subuidname`, `--subgidname`, in host ids. If only one kind is given it holds for both; a
/// kind that no entry applies to (flags `u`, `g`) gets the default map.
fn map_by_hand(kind: IdKind, host: &HostIds, wish: &Wish) -> Result<Vec<IdMapping>, IdMapError> {
    let (mine, other) = match kind {
        IdKind::Uid => (&wish.uid_map, &wish.gid_map),
        IdKind::Gid => (&wish.gid_map, &wish.uid_map),
    };
    let (name, other_name) = match kind {
        IdKind::Uid => (&wish.subuid_name, &wish.subgid_name),
        IdKind::Gid => (&wish.subgid_name, &wish.subuid_name),
    };
    let mut map = match name.as_deref().or(other_name.as_deref()) {
        Some(name) => named(kind, name)?,
        None => Vec::new(),
    };
    let parent = host.intermediate.of(kind);
    let entries = if mine.is_empty() { other } else { mine };
    let typed = syntax::parse(kind, entries, parent, !host.privileged)?;
    map.extend(to_host(kind, &typed, parent)?);
    if map.is_empty() {
        map = to_host(kind, &syntax::fill_up(Vec::new(), parent), parent)?;
    }
    Ok(map)
}

/// All ranges of a name in /etc/subuid or /etc/subgid, from container id 0 on.
fn named(kind: IdKind, name: &str) -> Result<Vec<IdMapping>, IdMapError> {
    let granted = subordinate::of_name(name);
    let mut ranges = if kind == IdKind::Uid { granted.uid } else { granted.gid };
    if ranges.is_empty() {
        return Err(IdMapError::NoRangesFor { kind, name: name.to_owned() });
    }
    ranges.sort();
    Ok(syntax::zip(&[IdRange { start: 0, size: u32::MAX }], &ranges))
}

/// Replaces intermediate by host ids, splitting lines where the parent map changes.
fn to_host(kind: IdKind, map: &[IdMapping], parent: &[IdMapping]) -> Result<Vec<IdMapping>, IdMapError> {
    let mut lines = Vec::new();
    for line in map {
        let mut found = Vec::new();
        for part in parent {
            let start = line.host_id.max(part.container_id);
            let end = line.host().end().min(part.container().end());
            let Some(common) = subordinate::between(u64::from(start), end) else { continue };
            found.push(common);
            lines.push(IdMapping {
                container_id: line.container_id + (common.start - line.host_id),
                host_id: part.host_id + (common.start - part.container_id),
                size: common.size,
            });
        }
        if let Some(missing) = subtract(line.host(), &found).first() {
            let available = parent.iter().map(|part| u64::from(part.size)).sum();
            return Err(IdMapError::BeyondIntermediate { kind, id: missing.start.into(), available });
        }
    }
    Ok(lines)
}

/// Sorts, merges and checks what the kernel would refuse with a bare EINVAL or EPERM.
fn finish(kind: IdKind, host: &HostIds, map: Vec<IdMapping>) -> Result<Vec<IdMapping>, IdMapError> {
    let map = split(merge(map), host.namespace(kind));
    // 4294967295 means "no id" to the kernel.
    if let Some(line) = map.iter().find(|line| line.container().end().max(line.host().end()) > u64::from(u32::MAX)) {
        return Err(IdMapError::Malformed { kind, entry: show(*line) });
    }
    check_overlap(kind, &map, IdMapping::container)?;
    check_overlap(kind, &map, IdMapping::host)?;
    let page = rustix::param::page_size();
    if map.len() > MOST_LINES || render(&map).len() >= page {
        return Err(IdMapError::TooLong { kind, lines: map.len(), page });
    }
    Ok(map)
}

/// Cuts lines where a line of the calling namespace's own map ends: the kernel looks both ends of a range up in one line
/// (kernel/user_namespace.c, `map_id_range_down`). Ids in none of them stay for the kernel to refuse.
fn split(map: Vec<IdMapping>, namespace: &[IdRange]) -> Vec<IdMapping> {
    let mut lines = Vec::with_capacity(map.len());
    for line in map {
        let mut inside = Vec::new();
        for bounds in namespace {
            let start = u64::from(line.host_id.max(bounds.start));
            inside.extend(subordinate::between(start, line.host().end().min(bounds.end())));
        }
        let outside = subtract(line.host(), &inside);
        lines.extend(inside.into_iter().chain(outside).map(|part| IdMapping {
            container_id: line.container_id + (part.start - line.host_id),
            host_id: part.start,
            size: part.size,
        }));
    }
    lines.sort_by_key(|line| line.container_id);
    lines
}

fn check_overlap(kind: IdKind, map: &[IdMapping], side: impl Fn(IdMapping) -> IdRange) -> Result<(), IdMapError> {
    let mut sorted = map.to_vec();
    sorted.sort_by_key(|line| side(*line).start);
    for pair in sorted.windows(2) {
        let [first, second] = pair else { continue };
        if side(*first).end() > u64::from(side(*second).start) {
            return Err(IdMapError::Overlap { kind, first: show(*first), second: show(*second) });
        }
    }
    Ok(())
}

fn show(line: IdMapping) -> String {
    format!("{}:{}:{}", line.container_id, line.host_id, line.size)
}
