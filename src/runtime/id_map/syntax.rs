//! The text of `--uidmap` and `--gidmap`: `[FLAGS]CONTAINER:[@]FROM[:SIZE]`, several triples may follow one another.
//!
//! Flags: `+` replaces what earlier entries (or, first of all, the default map) say about these ids instead of adding
//! to it, `u` and `g` limit an entry to one kind. `FROM` is an intermediate id, `@FROM` an id of the host.

use super::super::subordinate::{IdKind, IdRange, between, subtract};
use super::{IdMapError, IdMapping};

/// One triple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Triple {
    extends: bool,
    users: bool,
    groups: bool,
    container_id: u32,
    from: u32,
    from_host: bool,
    size: u32,
}

impl Triple {
    fn applies_to(self, kind: IdKind) -> bool {
        match kind {
            IdKind::Uid => self.users || !self.groups,
            IdKind::Gid => self.groups || !self.users,
        }
    }
}

/// Reads all entries of one option into a map from container to intermediate ids.
///
/// `parent` is the map from intermediate to host ids. When the very first entry extends and `fill` is set, the ids it
/// leaves unused fill the container ids from 0 on, so that `+1000:@1000` reads as "the default, but with this change".
pub(super) fn parse(
    kind: IdKind,
    entries: &[String],
    parent: &[IdMapping],
    fill: bool,
) -> Result<Vec<IdMapping>, IdMapError> {
    let mut map = Vec::new();
    let mut filling = false;
    for entry in entries.iter().filter(|entry| !entry.is_empty()) {
        for triple in parse_entry(kind, entry)? {
            if triple.size == 0 || !triple.applies_to(kind) {
                continue;
            }
            for line in lines(kind, triple, parent)? {
                if triple.extends {
                    filling |= map.is_empty() && fill;
                    map = replace(&map, line);
                } else {
                    map.push(line);
                }
            }
        }
    }
    if filling {
        map = fill_up(map, parent);
    }
    Ok(map)
}

/// One `uidmapping=` or `gidmapping=` of `--userns=auto`: a single triple without flags.
pub(super) fn parse_single(kind: IdKind, entry: &str, parent: &[IdMapping]) -> Result<Vec<IdMapping>, IdMapError> {
    let triples = parse_entry(kind, entry)?;
    match triples.as_slice() {
        [triple] if !triple.extends && !triple.users && !triple.groups => lines(kind, *triple, parent),
        _ => Err(IdMapError::Malformed { kind, entry: entry.to_owned() }),
    }
}

fn parse_entry(kind: IdKind, entry: &str) -> Result<Vec<Triple>, IdMapError> {
    let malformed = || IdMapError::Malformed { kind, entry: entry.to_owned() };
    let mut fields: Vec<&str> = entry.split(':').collect();
    if fields.len() == 2 {
        fields.push("1");
    }
    let triples = fields.chunks(3).map(parse_triple).collect::<Option<Vec<_>>>();
    triples.ok_or_else(malformed)
}

fn parse_triple(fields: &[&str]) -> Option<Triple> {
    let &[first, from, size] = fields else { return None };
    let digits = first.trim_start_matches(['+', 'u', 'g']);
    let flags = &first[..first.len() - digits.len()];
    let (from_host, from) = from.strip_prefix('@').map_or((false, from), |id| (true, id));
    Some(Triple {
        extends: flags.contains('+'),
        users: flags.contains('u'),
        groups: flags.contains('g'),
        container_id: number(digits)?,
        from: number(from)?,
        from_host,
        size: number(size)?,
    })
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The lines of one triple in intermediate ids; host ids may fall into several ranges.
fn lines(kind: IdKind, triple: Triple, parent: &[IdMapping]) -> Result<Vec<IdMapping>, IdMapError> {
    let Triple { container_id, from, size, .. } = triple;
    let malformed = || IdMapError::Malformed { kind, entry: format!("{container_id}:{from}:{size}") };
    // The last id of either side would not be an id.
    if container_id.checked_add(size).is_none() || from.checked_add(size).is_none() {
        return Err(malformed());
    }
    if !triple.from_host {
        return Ok(vec![IdMapping { container_id, host_id: from, size }]);
    }
    let wanted = IdRange { start: from, size };
    let mut owned = Vec::new();
    let mut lines = Vec::new();
    for part in parent {
        let Some(common) = between(u64::from(from.max(part.host_id)), wanted.end().min(part.host().end())) else {
            continue;
        };
        owned.push(common);
        lines.push(IdMapping {
            container_id: container_id + (common.start - from),
            host_id: part.container_id + (common.start - part.host_id),
            size: common.size,
        });
    }
    match subtract(wanted, &owned).first() {
        Some(missing) => Err(IdMapError::NotDelegated { kind, id: missing.start.into() }),
        None => Ok(lines),
    }
}

/// Takes the ids of `line` away from all lines, on both sides, and adds it.
fn replace(map: &[IdMapping], line: IdMapping) -> Vec<IdMapping> {
    let mut result: Vec<IdMapping> = map.iter().flat_map(|piece| carve(*piece, line)).collect();
    result.push(line);
    result
}

/// What is left of `piece` without the container ids and the outer ids of `line`.
fn carve(piece: IdMapping, line: IdMapping) -> Vec<IdMapping> {
    let same_container = offsets(piece.container(), line.container());
    let same_host = offsets(piece.host(), line.host());
    let holes: Vec<IdRange> = same_container.into_iter().chain(same_host).collect();
    subtract(IdRange { start: 0, size: piece.size }, &holes)
        .into_iter()
        .map(|left| IdMapping {
            container_id: piece.container_id + left.start,
            host_id: piece.host_id + left.start,
            size: left.size,
        })
        .collect()
}

/// The common ids of both ranges, counted from the start of the first.
fn offsets(range: IdRange, other: IdRange) -> Option<IdRange> {
    let common = between(u64::from(range.start.max(other.start)), range.end().min(other.end()))?;
    Some(IdRange { start: common.start - range.start, size: common.size })
}

/// Maps the intermediate ids not used yet, in order, to the container ids not used yet, from 0 on.
pub(super) fn fill_up(mut map: Vec<IdMapping>, parent: &[IdMapping]) -> Vec<IdMapping> {
    let used: Vec<IdRange> = map.iter().map(|line| line.host()).collect();
    let taken: Vec<IdRange> = map.iter().map(|line| line.container()).collect();
    let free: Vec<IdRange> = parent.iter().flat_map(|part| subtract(part.container(), &used)).collect();
    let slots = subtract(IdRange { start: 0, size: u32::MAX }, &taken);
    map.extend(zip(&slots, &free));
    map
}

/// Pairs the ids of both lists in order until one of them ends.
pub(super) fn zip(container: &[IdRange], outer: &[IdRange]) -> Vec<IdMapping> {
    let mut lines = Vec::new();
    let (mut slots, mut sources) = (container.iter().copied(), outer.iter().copied());
    let (mut slot, mut source) = (slots.next(), sources.next());
    while let (Some(inside), Some(outside)) = (slot, source) {
        let size = inside.size.min(outside.size);
        lines.push(IdMapping { container_id: inside.start, host_id: outside.start, size });
        slot = between(u64::from(inside.start) + u64::from(size), inside.end()).or_else(|| slots.next());
        source = between(u64::from(outside.start) + u64::from(size), outside.end()).or_else(|| sources.next());
    }
    lines
}
