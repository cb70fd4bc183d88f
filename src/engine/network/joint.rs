//! init's side: the interface and the parameters of the container's network namespace.

use crate::network::link::{self, Interface};
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::id_map::IdMaps;
use crate::runtime::init::{Made, Network};
use crate::runtime::subordinate::IdKind;
use serde::{Deserialize, Serialize};

/// A network namespace of the container's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespacePlan {
    /// The interface to be made; `None` for `--network none`.
    pub interface: Option<Interface>,
    /// The keeper plugs the container into networks with names.
    #[serde(default)]
    pub is_named: bool,
}

/// What init does about the network.
pub struct Joint<'a> {
    plan: Option<&'a NamespacePlan>,
    ping_groups: Option<String>,
}

impl<'a> Joint<'a> {
    /// For a container with this network namespace, or none of its own, and these ids.
    pub fn new(plan: Option<&'a NamespacePlan>, maps: &IdMaps) -> Self {
        Joint { plan, ping_groups: ping_groups(maps) }
    }
}

impl Network for Joint<'_> {
    fn make(&mut self) -> Step<Option<Made>> {
        let Some(plan) = self.plan else { return Ok(None) };
        // Best effort, here and below: a nested container may find /proc/sys read-only.
        let _ = link::write_setting(link::UNPRIVILEGED_PORTS, "0");
        if plan.is_named {
            let route =
                link::Route::open().map_err(|error| Failure::setup("ask the kernel about the network", error))?;
            return Ok(Some(Made::Route(route.into_socket())));
        }
        let Some(interface) = &plan.interface else { return Ok(None) };
        link::create_tap(interface).map(|tap| Some(Made::Tap(tap))).map_err(|error| match error {
            link::Error::Device(_) | link::Error::Interface { step: "create", .. } => {
                super::plan::no_network(&error.to_string()).of_kind(FailureKind::Network)
            }
            error => Failure::message(error.to_string()),
        })
    }

    fn adjust(&mut self) {
        if let (Some(_), Some(groups)) = (self.plan, &self.ping_groups) {
            let _ = link::write_setting(link::PING_GROUPS, groups);
        }
    }
}

/// The widest range of groups the kernel takes: both ends must be mapped, and ordered outside as they are inside.
fn ping_groups(maps: &IdMaps) -> Option<String> {
    let ranges = maps.container_ranges(IdKind::Gid);
    let first = ranges.first()?.start;
    let last = u32::try_from(ranges.last()?.end()).ok()?.checked_sub(1)?;
    let outside = |id| maps.to_host(IdKind::Gid, id);
    let last = if outside(first)? <= outside(last)? { last } else { first };
    Some(format!("{first} {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_groups_is_ordered_outside_too() {
        let maps = |lines: &[(u32, u32, u32)]| {
            let mut maps = IdMaps::one_id((0, 0), lines.first().map_or((0, 0), |line| (line.0, line.1)));
            let template = maps.gid[0];
            maps.gid = lines
                .iter()
                .map(|(container_id, host_id, size)| {
                    let mut line = template;
                    (line.container_id, line.host_id, line.size) = (*container_id, *host_id, *size);
                    line
                })
                .collect();
            maps
        };
        assert_eq!(ping_groups(&maps(&[(0, 1000, 1), (1, 100_000, 65535)])).unwrap(), "0 65535");
        assert_eq!(ping_groups(&maps(&[(0, 200_000, 1), (1, 100_000, 65535)])).unwrap(), "0 0");
        assert_eq!(ping_groups(&maps(&[(1000, 1000, 1)])).unwrap(), "1000 1000");
    }
}
