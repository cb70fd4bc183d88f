//! Attributes of the process that are neither rights nor limits: scheduling, I/O priority, personality, processors, memory.

use crate::runtime::failure::{Failure, Step};
use crate::sys::schedule::{SchedulerAttributes, set_io_priority, set_memory_policy, set_scheduler};
use oci_spec::runtime::{
    IOPriorityClass, LinuxIOPriority, LinuxMemoryPolicy, LinuxPersonality, LinuxPersonalityDomain, LinuxSchedulerFlag,
    LinuxSchedulerPolicy, MemoryPolicyFlagType, MemoryPolicyModeType, Scheduler,
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

/// Sets from which nodes the process gets memory (`linux.memoryPolicy`, since version 1.3 of the specification).
pub(super) fn place_memory(wish: &LinuxMemoryPolicy) -> Step<()> {
    let mode = match wish.mode() {
        MemoryPolicyModeType::MpolDefault => 0,
        MemoryPolicyModeType::MpolPreferred => 1,
        MemoryPolicyModeType::MpolBind => 2,
        MemoryPolicyModeType::MpolInterleave => 3,
        MemoryPolicyModeType::MpolLocal => 4,
        MemoryPolicyModeType::MpolPreferredMany => 5,
        MemoryPolicyModeType::MpolWeightedInterleave => 6,
    };
    let flag = |flag: &MemoryPolicyFlagType| match flag {
        MemoryPolicyFlagType::MpolFNumaBalancing => 1 << 13,
        MemoryPolicyFlagType::MpolFRelativeNodes => 1 << 14,
        MemoryPolicyFlagType::MpolFStaticNodes => 1 << 15,
    };
    let mode = wish.flags().iter().flatten().fold(mode, |mode, next| mode | flag(next));
    let list = wish.nodes().as_deref().unwrap_or_default().trim();
    let mut mask = vec![0u64; if list.is_empty() { 0 } else { MOST_NODES / 64 }];
    let nodes = numbers(list, MOST_NODES).ok_or_else(|| Failure::message(format!("invalid memory nodes {list:?}")))?;
    nodes.into_iter().for_each(|node| mask[node / 64] |= 1 << (node % 64));
    set_memory_policy(mode, &mask)
        .map_err(|error| Failure::setup(format_args!("set memory policy {} {list:?}", wish.mode()), error))
}

/// Nodes of memory that a kernel can have (`CONFIG_NODES_SHIFT` is at most 10).
const MOST_NODES: usize = 1024;

/// Binds this process to processors given as `0-3,7` (`process.execCPUAffinity`).
pub(super) fn bind_to_processors(list: &str) -> Step<()> {
    let set = processors(list)?;
    rustix::thread::sched_setaffinity(None, &set)
        .map_err(|error| Failure::setup(format_args!("set CPU affinity {list:?}"), error))
}

/// The same as a mask in hexadecimal digits, for messages.
pub(super) fn mask_of_processors(list: &str) -> Step<String> {
    let set = processors(list)?;
    let digit = |at: usize| (0..4).filter(|bit| set.is_set(at * 4 + bit)).fold(0, |digit, bit| digit | 1 << bit);
    let digits = (0..CpuSet::MAX_CPU / 4).rev().map(digit).skip_while(|digit| *digit == 0);
    Ok(digits.map(|digit| format!("{digit:x}")).collect())
}

fn processors(list: &str) -> Step<CpuSet> {
    let wrong = || Failure::message(format!("invalid CPU affinity {list:?}"));
    let mut set = CpuSet::new();
    numbers(list, CpuSet::MAX_CPU).ok_or_else(wrong)?.into_iter().for_each(|processor| set.set(processor));
    if set.count() == 0 { Err(wrong()) } else { Ok(set) }
}

/// The numbers of a list such as `0-3,7`, all below `limit`.
fn numbers(list: &str, limit: usize) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last >= limit {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        for wrong in ["", "x", "3-1", "0-99999999", "-1", "1-"] {
            assert!(bind_to_processors(wrong).is_err(), "{wrong}");
        }
        assert_eq!(mask_of_processors("0-1,4").unwrap(), "13");
        assert_eq!(mask_of_processors("1, 67").unwrap(), "80000000000000002");
    }

    #[test]
    fn lists_of_memory_nodes() {
        assert_eq!(numbers("", MOST_NODES), Some(vec![]));
        assert_eq!(numbers("0-2,1023", MOST_NODES), Some(vec![0, 1, 2, 1023]));
        for wrong in ["0-9876543210", "1024", "2-1", "a"] {
            assert_eq!(numbers(wrong, MOST_NODES), None, "{wrong}");
        }
    }
}
