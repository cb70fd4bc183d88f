//! Attributes of the process that are neither rights nor limits: scheduling, I/O priority, personality, processors.

use crate::runtime::failure::{Failure, Step};
use crate::sys::schedule::{SchedulerAttributes, set_io_priority, set_scheduler};
use oci_spec::runtime::{
    IOPriorityClass, LinuxIOPriority, LinuxPersonality, LinuxPersonalityDomain, LinuxSchedulerFlag,
    LinuxSchedulerPolicy, Scheduler,
};
use rustix::thread::CpuSet;

/// Sets policy and priority of processor time (`process.scheduler`).
pub(super) fn schedule(wish: &Scheduler) -> Step<()> {
    let policy = match wish.policy() {
        LinuxSchedulerPolicy::SchedOther => libc::SCHED_OTHER,
        LinuxSchedulerPolicy::SchedFifo => libc::SCHED_FIFO,
        LinuxSchedulerPolicy::SchedRr => libc::SCHED_RR,
        LinuxSchedulerPolicy::SchedBatch => libc::SCHED_BATCH,
        // Reserved in the kernel, and refused by it.
        LinuxSchedulerPolicy::SchedIso => 4,
        LinuxSchedulerPolicy::SchedIdle => libc::SCHED_IDLE,
        LinuxSchedulerPolicy::SchedDeadline => libc::SCHED_DEADLINE,
    };
    let attributes = SchedulerAttributes {
        policy: policy as u32,
        flags: wish.flags().iter().flatten().fold(0, |flags, flag| flags | scheduler_flag(*flag)),
        nice: wish.nice().unwrap_or(0),
        priority: wish.priority().and_then(|priority| u32::try_from(priority).ok()).unwrap_or(0),
        runtime: wish.runtime().unwrap_or(0),
        deadline: wish.deadline().unwrap_or(0),
        period: wish.period().unwrap_or(0),
        ..SchedulerAttributes::default()
    };
    set_scheduler(&attributes)
        .map_err(|error| Failure::setup(format_args!("set scheduler policy {}", wish.policy()), error))
}

/// `SCHED_FLAG_*` (include/uapi/linux/sched.h).
fn scheduler_flag(flag: LinuxSchedulerFlag) -> u64 {
    match flag {
        LinuxSchedulerFlag::SchedResetOnFork => 0x01,
        LinuxSchedulerFlag::SchedFlagReclaim => 0x02,
        LinuxSchedulerFlag::SchedFlagDLOverrun => 0x04,
        LinuxSchedulerFlag::SchedFlagKeepPolicy => 0x08,
        LinuxSchedulerFlag::SchedFlagKeepParams => 0x10,
        LinuxSchedulerFlag::SchedFlagUtilClampMin => 0x20,
        LinuxSchedulerFlag::SchedFlagUtilClampMax => 0x40,
    }
}

/// Sets the priority of disk access (`process.ioPriority`).
pub(super) fn prioritize_io(wish: &LinuxIOPriority) -> Step<()> {
    let class = match wish.class() {
        IOPriorityClass::IoprioClassRt => 1,
        IOPriorityClass::IoprioClassBe => 2,
        IOPriorityClass::IoprioClassIdle => 3,
    };
    let level = u32::try_from(wish.priority()).ok().filter(|level| *level < 8);
    let level = level.ok_or_else(|| Failure::message(format!("invalid I/O priority {}: 0 to 7", wish.priority())))?;
    set_io_priority(class, level).map_err(|error| Failure::setup("set I/O priority", error))
}

/// Sets the execution domain (`linux.personality`).
pub(super) fn personate(wish: &LinuxPersonality) -> Step<()> {
    if let Some(flag) = wish.flags().iter().flatten().next() {
        return Err(Failure::message(format!("personality flag {flag:?} is unknown: the specification has none")));
    }
    let domain = match wish.domain() {
        LinuxPersonalityDomain::PerLinux => 0,
        LinuxPersonalityDomain::PerLinux32 => 8,
    };
    crate::sys::process::set_personality(domain).map_err(|error| Failure::setup("set the personality", error))
}

/// Binds this process to processors given as `0-3,7` (`process.execCPUAffinity`).
pub(super) fn bind_to_processors(list: &str) -> Step<()> {
    let wrong = || Failure::message(format!("invalid CPU affinity {list:?}"));
    let mut set = CpuSet::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) =
            (first.trim().parse().map_err(|_| wrong())?, last.trim().parse().map_err(|_| wrong())?);
        if first > last || last >= CpuSet::MAX_CPU {
            return Err(wrong());
        }
        (first..=last).for_each(|processor| set.set(processor));
    }
    if set.count() == 0 {
        return Err(wrong());
    }
    rustix::thread::sched_setaffinity(None, &set)
        .map_err(|error| Failure::setup(format_args!("set CPU affinity {list:?}"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        for wrong in ["", "x", "3-1", "0-99999999", "-1", "1-"] {
            assert!(bind_to_processors(wrong).is_err(), "{wrong}");
        }
    }
}
