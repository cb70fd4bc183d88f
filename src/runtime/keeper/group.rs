//! The container's control group: made before its first process, which starts in it, and removed after its last.
//!
//! The guard is in it as well, since a control group namespace shows as its root the group of the process that makes
//! it. Where no group can be had, a set of processors and a weight are stood in for by affinity and niceness.

use super::Keeper;
use crate::runtime::attach::KeeperFrame;
use crate::runtime::cgroup;
use crate::runtime::failure::{Failure, Step};
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use oci_spec::runtime::LinuxCpu;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

/// Weight of a process without niceness, in `--cpu-shares`.
const USUAL_SHARES: f64 = 1024.0;
/// Each step of niceness changes a process's weight by this factor (`sched_prio_to_weight` in kernel/sched/core.c).
const STEP: f64 = 1.25;

impl Keeper<'_> {
    /// Makes the group and writes its limits; says what does not hold.
    pub(super) fn make_group(&mut self) -> Step<()> {
        let resources = self.plan.spec.linux().as_ref().and_then(|linux| linux.resources().as_ref());
        let placed =
            cgroup::make(&self.plan.group, &self.id, resources).map_err(|error| Failure::message(error.to_string()))?;
        for note in placed.notes {
            self.tell_starter(&KeeperFrame::Warning(note));
        }
        self.state.group = placed.group.as_ref().map(|group| group.directory().to_owned());
        self.state.out_of_memory = false;
        self.group = placed.group;
        Ok(())
    }

    /// Forks the guard into the group. A group it cannot get to is given up.
    pub(super) fn fork_into_group(&mut self, namespaces: NewNamespaces) -> Result<Fork, Errno> {
        let Some(group) = &self.group else { return fork_into(namespaces) };
        let (fork, is_inside) = cgroup::fork_into_own(group, namespaces)?;
        if !is_inside && matches!(fork, Fork::Parent { .. }) {
            self.remove_group();
            self.state.group = None;
        }
        Ok(fork)
    }

    /// What stands in for limits without a group, on the process that all of the container's come from.
    pub(super) fn limit_without_group(&self, guard: Pid) {
        let resources = self.plan.spec.linux().as_ref().and_then(|linux| linux.resources().as_ref());
        let Some(cpu) = resources.and_then(|resources| resources.cpu().as_ref()) else { return };
        let has = |file: &str| self.group.as_ref().is_some_and(|group| group.directory().join(file).exists());
        if let Some(set) = cpu.cpus().as_deref().and_then(processors).filter(|_| !has("cpuset.cpus")) {
            let _ = sched_setaffinity(Some(guard), &set); // none of these processors is there
        }
        if let Some(steps) = niceness(cpu).filter(|_| !has("cpu.weight")) {
            let _ = rustix::process::setpriority_process(Some(guard), steps); // then it keeps the caller's
        }
    }

    /// Removes the group, with whatever is left in it.
    pub(super) fn remove_group(&mut self) {
        if let Some(group) = self.group.take() {
            let _ = group.remove(); // an empty directory stays, and is used again by the next start
        }
    }
}

/// `0-2,7`.
fn processors(list: &str) -> Option<CpuSet> {
    let mut set = CpuSet::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        (first..=last).take_while(|number| *number < CpuSet::MAX_CPU).for_each(|number| set.set(number));
    }
    Some(set)
}

/// Niceness of about the same weight; a user can only give way.
fn niceness(cpu: &LinuxCpu) -> Option<i32> {
    let shares = cpu.shares().filter(|shares| *shares > 0)? as f64;
    let steps = (USUAL_SHARES / shares).ln() / STEP.ln();
    (steps >= 1.0).then_some(steps.round().min(19.0) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::runtime::LinuxCpuBuilder;

    #[test]
    fn sets_of_processors() {
        let set = processors("0-2,7").unwrap();
        let found: Vec<usize> = (0..16).filter(|number| set.is_set(*number)).collect();
        assert_eq!(found, [0, 1, 2, 7]);
        assert!(processors("x").is_none());
        assert!(!processors("5000-4000000000").unwrap().is_set(0));
    }

    #[test]
    fn few_shares_are_nice_and_many_are_not() {
        let nice = |shares: u64| niceness(&LinuxCpuBuilder::default().shares(shares).build().unwrap());
        assert_eq!((nice(1024), nice(4096), nice(0)), (None, None, None));
        assert_eq!((nice(512), nice(2)), (Some(3), Some(19)));
    }
}
