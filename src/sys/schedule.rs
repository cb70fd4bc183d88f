//! Scheduling of the calling process: policy (`sched_setattr(2)`), I/O priority (`ioprio_set(2)`), and which memory it
//! gets (`set_mempolicy(2)`).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::Result;

/// `struct sched_attr`, first published size (include/uapi/linux/sched/types.h). Times are in nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchedulerAttributes {
    /// Size of this structure; set by [`set_scheduler`].
    pub size: u32,
    /// `SCHED_*`.
    pub policy: u32,
    /// `SCHED_FLAG_*`.
    pub flags: u64,
    /// For `SCHED_OTHER` and `SCHED_BATCH`.
    pub nice: i32,
    /// For `SCHED_FIFO` and `SCHED_RR`.
    pub priority: u32,
    /// For `SCHED_DEADLINE`.
    pub runtime: u64,
    /// For `SCHED_DEADLINE`.
    pub deadline: u64,
    /// For `SCHED_DEADLINE`.
    pub period: u64,
}

/// Sets policy and parameters of the calling thread; they survive exec.
pub fn set_scheduler(attributes: &SchedulerAttributes) -> Result<()> {
    let attributes = SchedulerAttributes { size: size_of::<SchedulerAttributes>() as u32, ..*attributes };
    // SAFETY: the structure is live and of the size it says; the other arguments are numbers.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, std::ptr::from_ref(&attributes), 0) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// Sets the I/O priority of the calling process: `class` is `IOPRIO_CLASS_*`, `level` 0 (first) to 7.
pub fn set_io_priority(class: u32, level: u32) -> Result<()> {
    /// `IOPRIO_WHO_PROCESS`.
    const PROCESS: libc::c_int = 1;
    /// `IOPRIO_CLASS_SHIFT` (include/uapi/linux/ioprio.h).
    const CLASS_SHIFT: u32 = 13;
    // SAFETY: plain numbers; process 0 is the caller.
    let result = unsafe { libc::syscall(libc::SYS_ioprio_set, PROCESS, 0, class << CLASS_SHIFT | level & 7) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

/// Sets the memory policy of the calling thread, which survives exec: `mode` is `MPOL_*` with its flags, `nodes` a mask.
pub fn set_memory_policy(mode: u32, nodes: &[u64]) -> Result<()> {
    // The kernel takes one bit less than it is told (get_nodes() of mm/mempolicy.c).
    let bits = if nodes.is_empty() { 0 } else { nodes.len() * 64 + 1 };
    // SAFETY: the mask is live and as long as said; without nodes it is not looked at.
    let result = unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, nodes.as_ptr(), bits) };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}
