//! Filtering of system calls, without libseccomp.
//!
//! ```text
//! default_policy(context) ─┐
//!                          ├─ Policy ── compile ── Program ── install
//! Profile::read, from_spec ┘  (by architecture    (classic BPF)
//!                              and number)
//! ```
//!
//! What must stay true: the default is never weaker than Docker's or containers-common's profile (a test compares every
//! number with the latter), a call we do not know is ENOSYS, and no architecture the kernel can run goes unfiltered.
//! References: seccomp(2), the kernel's Documentation/userspace-api/seccomp_filter.rst, the runtime
//! specification's config-linux.md "Seccomp".
//!
//! A filter outlives exec and cannot be removed. Without `no_new_privs` installing one needs CAP_SYS_ADMIN, so it must be
//! done before capabilities are dropped, and the filter then also judges what init still has to do.

pub mod agent;
mod arch;
mod compile;
mod default_profile;
mod error;
mod network_calls;
mod policy;
mod profile;
mod syscall_numbers;
#[cfg(test)]
mod tests;

pub use arch::Arch;
pub use compile::{Program, compile};
pub use default_profile::{Context, default_policy};
pub use error::SeccompError;
pub use network_calls::network_calls;
pub use policy::{Action, Condition, Decision, Operator, Policy, Rule, Table};
pub use profile::{Options, Profile};

use crate::runtime::capabilities::CapabilitySet;
use std::os::fd::OwnedFd;

impl Context {
    /// For this machine and kernel.
    ///
    /// # Errors
    /// An architecture without a table.
    pub fn here(capabilities: CapabilitySet) -> Result<Self, SeccompError> {
        let name = rustix::system::uname();
        let release = name.release().to_string_lossy();
        let mut parts = release.split(|letter: char| !letter.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        let kernel = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        Ok(Context { native: Arch::native()?, capabilities, kernel })
    }
}

/// The default filter, compiled for this machine: what `run` uses without `--security-opt seccomp=`.
///
/// # Errors
/// An architecture without a table.
pub fn default_program(capabilities: CapabilitySet) -> Result<Program, SeccompError> {
    compile(&default_policy(Context::here(capabilities)?))
}

/// Flags for a filter that asks for none: before Linux 5.16 a filter otherwise switches off speculation past stores for all
/// programs under it, which costs them up to a third of their speed and protects only programs that interpret
/// hostile code themselves. The same choice as runc's.
pub const USUAL_FLAGS: u32 = crate::sys::seccomp::FLAG_SPEC_ALLOW;

/// Puts a program on this thread for good. With an action that notifies, the descriptor to listen on is returned.
///
/// # Errors
/// The kernel's refusal: without `no_new_privs` and CAP_SYS_ADMIN, permission denied.
pub fn install(program: &Program, flags: u32) -> Result<Option<OwnedFd>, SeccompError> {
    let notifies = libc::SECCOMP_RET_USER_NOTIF;
    let listener = program.instructions.iter().any(|one| one.code == RETURN && one.k == notifies);
    let flags = if listener { flags | crate::sys::seccomp::FLAG_NEW_LISTENER } else { flags };
    match crate::sys::seccomp::set_filter(&program.instructions, flags) {
        // Linux before 4.17 does not know the flag.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) && flags & USUAL_FLAGS != 0 => {
            crate::sys::seccomp::set_filter(&program.instructions, flags & !USUAL_FLAGS)
        }
        result => result,
    }
    .map_err(SeccompError::Install)
}

/// Opcode of "return this constant".
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

impl Program {
    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Never true of a compiled program.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
}
