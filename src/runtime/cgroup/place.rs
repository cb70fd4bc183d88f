//! Where the control group of a container is made, and what stands in where none can be.
//!
//! A user may make groups only in a part of the tree that was given to it ("Delegation" in the kernel's cgroup-v2.rst): below
//! a directory of its own, and a process may move only within such a part. So the group is made in the nearest group above this
//! process that the user may write and that passes controllers on; root uses a group of its own at the top.

use super::{Group, GroupError, Hierarchy};
use crate::runtime::plan::{GroupMode, GroupPlan};
use oci_spec::runtime::LinuxResources;
use rustix::fs::Access;
use std::path::{Path, PathBuf};

/// Group of root's containers.
const ROOTS_GROUP: &str = "/coracle";

/// A container's group, and what is to be said of it.
#[derive(Debug, Default)]
pub struct Placed {
    /// The group; `None` where the user may make none.
    pub group: Option<Group>,
    /// Lines for the user.
    pub notes: Vec<String>,
}

/// Makes the group of the container `id` and writes its limits.
///
/// # Errors
/// Limits that contradict each other, values the kernel refuses, a parent that does not take groups.
pub fn make(plan: &GroupPlan, id: &str, resources: Option<&LinuxResources>) -> Result<Placed, GroupError> {
    let none = |reason: &str| Placed { group: None, notes: not_enforced(plan, reason) };
    if plan.mode == GroupMode::Disabled {
        return Ok(none("--cgroups=disabled"));
    }
    let Some(hierarchy) = Hierarchy::find() else {
        return Ok(none(FIRST_VERSION));
    };
    let wanted = resources.map(controllers).unwrap_or_default();
    let place = match place(&hierarchy, plan, id, &wanted) {
        Some((place, true)) => Some(place),
        // The manager is asked only for limits that would not hold otherwise: a question takes milliseconds.
        other => match ask_manager(&hierarchy, plan, id) {
            Some(Err(error)) => return Ok(none(&format!("the user's service manager: {error}"))),
            Some(Ok(())) => place(&hierarchy, &plan.without_slice(), id, &wanted).map(|(place, _)| place),
            None => other.map(|(place, _)| place),
        },
    };
    let Some(place) = place else {
        return Ok(none(if hierarchy.is_beside_first_version() { FIRST_VERSION } else { NOT_DELEGATED }));
    };
    let created = match Group::create(&hierarchy, &place) {
        // Of an earlier start whose keeper was killed: whatever is left in it is on its way out.
        Err(GroupError::NotEmpty(_)) => {
            Group::at(hierarchy.directory(&place)).remove()?;
            Group::create(&hierarchy, &place)
        }
        created => created,
    };
    let Some(group) = created? else {
        return Ok(none(NOT_DELEGATED));
    };
    let mut placed = Placed { group: Some(group), notes: Vec::new() };
    if let (Some(group), Some(resources)) = (&placed.group, resources) {
        let written = apply(group, plan, resources);
        match written {
            Ok(notes) => placed.notes = notes,
            Err(error) => {
                let _ = group.remove(); // what is wrong with the limits is the real failure
                return Err(error);
            }
        }
    }
    Ok(placed)
}

/// podman's words for hosts whose controllers are bound to version 1.
const FIRST_VERSION: &str = "Resource limits are not supported and ignored on cgroups V1 rootless systems";
const NOT_DELEGATED: &str = "this user may not make control groups; `coracle doctor` names the remedy";

fn not_enforced(plan: &GroupPlan, reason: &str) -> Vec<String> {
    if reason == FIRST_VERSION && !plan.asked.is_empty() {
        return vec![reason.to_owned()];
    }
    // No limit needs nobody to enforce it.
    let asked: Vec<&str> = plan.asked.iter().map(String::as_str).filter(|option| !option.ends_with("=0")).collect();
    match asked.is_empty() {
        true => Vec::new(),
        false => vec![format!("Warning: resource limits are not enforced: {}: {reason}", asked.join(", "))],
    }
}

/// The usual limit of processes, which nobody asked for, is written where that may be; the rest is said when it is not.
fn apply(group: &Group, plan: &GroupPlan, resources: &LinuxResources) -> Result<Vec<String>, GroupError> {
    let mut usual = LinuxResources::default();
    let mut asked = resources.clone();
    if !plan.asked.iter().any(|option| option == "--pids-limit") {
        usual.set_pids(*asked.pids());
        asked.set_pids(None);
    }
    usual.set_devices(None);
    let _ = group.apply(&usual); // where it may not be written, there is no such limit
    let notes = group.apply(&asked)?;
    Ok(notes.into_iter().map(|note| format!("Warning: {note}")).collect())
}

/// Controllers that limits need.
fn controllers(resources: &LinuxResources) -> Vec<&'static str> {
    let cpu = resources.cpu().as_ref();
    let sets = cpu.is_some_and(|cpu| cpu.cpus().is_some() || cpu.mems().is_some());
    [
        ("memory", resources.memory().is_some()),
        ("cpu", cpu.is_some()),
        ("cpuset", sets),
        ("pids", resources.pids().is_some()),
        ("io", resources.block_io().is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_wanted)| is_wanted.then_some(name))
    .collect()
}

/// Has systemd's manager of the user give this process a part of the tree; `None` where it is not to be asked.
fn ask_manager(hierarchy: &Hierarchy, plan: &GroupPlan, id: &str) -> Option<std::io::Result<()>> {
    let slice = plan.slice();
    let is_wanted = slice.is_some() || (plan.parent.is_none() && !plan.asked.is_empty());
    if !is_wanted || plan.mode == GroupMode::Split || hierarchy.is_beside_first_version() {
        return None;
    }
    super::systemd::enter_scope(id, slice)
}

impl GroupPlan {
    /// The parent, where it is a unit of systemd's and not a directory.
    fn slice(&self) -> Option<&str> {
        self.parent
            .as_deref()
            .and_then(Path::to_str)
            .filter(|parent| parent.ends_with(".slice") && !parent.contains('/'))
    }

    fn without_slice(&self) -> GroupPlan {
        let parent = if self.slice().is_some() { None } else { self.parent.clone() };
        GroupPlan { parent, ..self.clone() }
    }
}

/// The group to make, and whether limits will hold in it as far as can be seen from outside.
fn place(hierarchy: &Hierarchy, plan: &GroupPlan, id: &str, wanted: &[&str]) -> Option<(PathBuf, bool)> {
    let name = format!("coracle-{id}");
    if plan.slice().is_some() {
        return None;
    }
    if let Some(parent) = &plan.parent {
        return Some((parent.join(name), true));
    }
    let own = hierarchy.own();
    if plan.mode == GroupMode::Split {
        return Some((own.join(name), true));
    }
    if rustix::process::geteuid().is_root() && may_write(&hierarchy.directory(Path::new("/"))) {
        return Some((Path::new(ROOTS_GROUP).join(name), true));
    }
    let mine: Vec<&Path> = own.ancestors().take_while(|path| may_write(&hierarchy.directory(path))).collect();
    let passes_on = |path: &&&Path| passes_on(&hierarchy.directory(path), wanted);
    match mine.iter().find(passes_on) {
        Some(base) => Some((base.join(name), true)),
        None => mine.first().map(|base| (base.join(name), false)),
    }
}

/// Whether groups can be made in a directory, and processes be moved below it.
fn may_write(directory: &Path) -> bool {
    let may = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
    may(directory) && may(&directory.join("cgroup.procs"))
}

/// Whether groups in a directory have these controllers, or can be given them: only a group without processes may.
fn passes_on(directory: &Path, wanted: &[&str]) -> bool {
    let words = |file: &str| std::fs::read_to_string(directory.join(file)).unwrap_or_default();
    let has = |text: &str| wanted.iter().all(|name| text.split_ascii_whitespace().any(|word| word == *name));
    has(&words("cgroup.subtree_control")) || (has(&words("cgroup.controllers")) && words("cgroup.procs").is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::runtime::{LinuxCpuBuilder, LinuxMemoryBuilder};

    #[test]
    fn controllers_are_those_of_the_limits() {
        let mut resources = LinuxResources::default();
        assert!(controllers(&resources).is_empty());
        resources.set_memory(LinuxMemoryBuilder::default().limit(1_i64 << 20).build().ok());
        resources.set_cpu(LinuxCpuBuilder::default().cpus("0").build().ok());
        assert_eq!(controllers(&resources), ["memory", "cpu", "cpuset"]);
    }

    #[test]
    fn a_directory_passes_on_what_it_has_switched_on_or_can() {
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
        write("cgroup.controllers", "cpu memory pids\n");
        write("cgroup.subtree_control", "pids\n");
        write("cgroup.procs", "12\n");
        assert!(passes_on(directory.path(), &["pids"]));
        assert!(!passes_on(directory.path(), &["memory"]));
        write("cgroup.procs", "");
        assert!(passes_on(directory.path(), &["memory", "pids"]));
        assert!(!passes_on(directory.path(), &["io"]));
    }

    #[test]
    fn only_limits_that_were_asked_for_are_said_not_to_hold() {
        let mut plan = GroupPlan { mode: GroupMode::Disabled, ..GroupPlan::default() };
        let notes = |plan: &GroupPlan| make(plan, "x", None).unwrap().notes;
        assert!(notes(&plan).is_empty());
        plan.asked = vec!["--memory".to_owned(), "--cpus".to_owned()];
        assert_eq!(notes(&plan), ["Warning: resource limits are not enforced: --memory, --cpus: --cgroups=disabled"]);
    }
}
