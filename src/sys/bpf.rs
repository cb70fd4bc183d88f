//! Device rules of a control group: loading and attaching a `BPF_PROG_TYPE_CGROUP_DEVICE` program (`bpf(2)`).

#![allow(unsafe_code)]

use super::process::last_error;
use rustix::io::Result;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// One instruction (`struct bpf_insn`, include/uapi/linux/bpf.h).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Operation code.
    pub code: u8,
    /// Destination register in the low four bits, source in the high.
    pub registers: u8,
    /// Offset of a jump or of memory.
    pub offset: i16,
    /// Immediate value.
    pub immediate: i32,
}

/// `BPF_PROG_LOAD`.
const PROGRAM_LOAD: libc::c_long = 5;
/// `BPF_PROG_ATTACH`.
const PROGRAM_ATTACH: libc::c_long = 8;
/// `BPF_PROG_TYPE_CGROUP_DEVICE`.
const CGROUP_DEVICE_PROGRAM: u32 = 15;
/// `BPF_CGROUP_DEVICE`, an attach type.
const CGROUP_DEVICE: u32 = 6;
/// `BPF_F_ALLOW_MULTI`: programs of groups above go on being asked, too.
const ALLOW_MULTI: u32 = 1 << 1;

/// The part of `union bpf_attr` that `BPF_PROG_LOAD` reads.
#[repr(C)]
#[derive(Default)]
struct LoadAttributes {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    program_flags: u32,
}

/// The part of `union bpf_attr` that `BPF_PROG_ATTACH` reads.
#[repr(C)]
struct AttachAttributes {
    target: u32,
    program: u32,
    attach_type: u32,
    flags: u32,
}

/// Loads a program that judges the opening of devices. Needs `CAP_BPF` or `CAP_SYS_ADMIN` outside any user namespace.
pub fn load_device_program(instructions: &[Instruction]) -> Result<OwnedFd> {
    let attributes = LoadAttributes {
        program_type: CGROUP_DEVICE_PROGRAM,
        instruction_count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        ..LoadAttributes::default()
    };
    // SAFETY: the attributes, the instructions and the licence they point to live until the call returns, and the
    // kernel only reads them.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, PROGRAM_LOAD, std::ptr::from_ref(&attributes), size_of::<LoadAttributes>())
    };
    if result < 0 {
        return Err(last_error());
    }
    // SAFETY: the kernel has just made this descriptor, close-on-exec, for the caller alone.
    Ok(unsafe { OwnedFd::from_raw_fd(result as i32) })
}

/// Attaches a loaded program to the control group that `group` is a directory of.
pub fn attach_device_program(group: impl AsFd, program: impl AsFd) -> Result<()> {
    let attributes = AttachAttributes {
        target: group.as_fd().as_raw_fd() as u32,
        program: program.as_fd().as_raw_fd() as u32,
        attach_type: CGROUP_DEVICE,
        flags: ALLOW_MULTI,
    };
    // SAFETY: the attributes live until the call returns, and the kernel only reads them.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, PROGRAM_ATTACH, std::ptr::from_ref(&attributes), size_of::<AttachAttributes>())
    };
    if result < 0 { Err(last_error()) } else { Ok(()) }
}
