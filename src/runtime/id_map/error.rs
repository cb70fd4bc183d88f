//! What can go wrong with id maps.

use super::super::subordinate::IdKind;
use std::io;
use std::path::PathBuf;

/// A map that cannot be made or written.
#[derive(Debug, thiserror::Error)]
pub enum IdMapError {
    /// `--userns` together with maps given by hand.
    #[error("--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive")]
    Exclusive,
    /// `--uidmap` or `--gidmap` that is not `[+ug]C:[@]H[:N]`.
    #[error(
        r#"initializing ID mappings: {kind} setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : {entry:?}"#
    )]
    Malformed {
        /// Which option.
        kind: IdKind,
        /// The entry as typed.
        entry: String,
    },
    /// An `@` id that the user does not own.
    #[error("parent ID {kind} {id} is not mapped/delegated")]
    NotDelegated {
        /// Which kind of id.
        kind: IdKind,
        /// The host id.
        id: u64,
    },
    /// An intermediate id beyond the user's subordinate ids.
    #[error("cannot map intermediate {kind} {id}: the user has {available} of them")]
    BeyondIntermediate {
        /// Which kind of id.
        kind: IdKind,
        /// The first id that is missing.
        id: u64,
        /// Number of intermediate ids.
        available: u64,
    },
    /// Two lines share an id.
    #[error(r#"{kind} mapping "{second}" overlaps "{first}""#)]
    Overlap {
        /// Which kind of id.
        kind: IdKind,
        /// `container:host:size` of the line with the smaller id.
        first: String,
        /// Of the other.
        second: String,
    },
    /// More lines or text than the kernel takes.
    #[error("{kind} mapping has {lines} lines: the kernel takes at most 340 lines and {page} bytes")]
    TooLong {
        /// Which kind of id.
        kind: IdKind,
        /// Number of lines.
        lines: usize,
        /// Bytes in a memory page.
        page: usize,
    },
    /// `--userns=nomap` as root.
    #[error("nomap is only supported in rootless mode")]
    NoMapAsRoot,
    /// `--userns=nomap` without subordinate ids.
    #[error("nomap requires additional UIDs or GIDs defined in /etc/subuid and /etc/subgid to function correctly")]
    NoMapWithoutIds,
    /// `--userns=auto` finds no free ids.
    #[error("could not find enough available IDs: {wanted} {kind}s wanted, {available} free")]
    NotEnough {
        /// Which kind of id.
        kind: IdKind,
        /// Number asked for.
        wanted: u64,
        /// Number that no other container uses.
        available: u64,
    },
    /// `--subuidname` or `--subgidname` without ranges.
    #[error(r#"no {0} ranges found for {1} "{name}" in {file}"#, if *.kind == IdKind::Uid { "subuid" } else { "subgid" }, if *.kind == IdKind::Uid { "user" } else { "group" }, file = .kind.file())]
    NoRangesFor {
        /// Which file.
        kind: IdKind,
        /// The name as typed.
        name: String,
    },
    /// newuidmap or newgidmap cannot be started.
    #[error(r#"cannot run "{}": {}"#, .path.display(), crate::sys::errno::Words(.source))]
    HelperStart {
        /// The helper.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// newuidmap or newgidmap refused.
    #[error(r#"cannot set up namespace using "{}": {said}"#, .path.display())]
    HelperRefused {
        /// The helper.
        path: PathBuf,
        /// What it said, one line.
        said: String,
    },
    /// Only a helper could write the map, and there is none.
    #[error("cannot write the {kind} map: {} cannot be used", .kind.helper())]
    NoHelper {
        /// Which map.
        kind: IdKind,
    },
    /// Writing a file of /proc/PID.
    #[error(r#"cannot write "{}": {}"#, .path.display(), crate::sys::errno::Words(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
