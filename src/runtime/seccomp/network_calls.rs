//! The filter of `--network=fast`: calls that give sockets an address are put to a listener.
//!
//! It stands beside the container's own filter (the kernel takes the strictest answer of all), and beside a Landlock
//! domain in which no TCP socket can be bound or connected. The two belong together. The listener hands host sockets into
//! the container, and a call it lets through is read again by the kernel: arguments in memory may have changed by
//! then, and so may the file behind a descriptor. What a process could reach on a host socket with such a call is closed
//! by Landlock (connect, bind) or here, by what registers say: opening a connection by sending (TCP Fast Open), turning
//! a socket into one of another protocol (upper layer protocols), and calls whose arguments a filter cannot see at all
//! (io_uring, and socketcall of 32-bit ABIs).

use super::policy::{Action, Condition, Operator, Policy};
use super::{Arch, Program, SeccompError, compile};

/// `MSG_FASTOPEN` (include/linux/socket.h).
const FAST_OPEN: u64 = 0x2000_0000;
/// `TCP_ULP` (include/uapi/linux/tcp.h).
const UPPER_LAYER_PROTOCOL: u64 = 31;
/// The lower half of a register, for arguments of type `int`.
const INT: u64 = 0xffff_ffff;

/// The filter for this machine.
///
/// # Errors
/// An architecture without a table.
pub fn network_calls() -> Result<Program, SeccompError> {
    compile(&policy(Arch::native()?))
}

/// Calls are put to the listener on the native architecture only. Programs of its 32-bit ABIs keep what needs no
/// listener: Unix and UDP sockets, and no TCP.
fn policy(native: Arch) -> Policy {
    let mut policy = Policy::new(&[native], Action::Allow, Action::Allow);
    for name in ["connect", "bind", "listen"] {
        policy.decide(name, Vec::new(), Action::Notify);
    }
    let others: Vec<Arch> = native.with_subarchitectures().iter().copied().filter(|arch| *arch != native).collect();
    let mut foreign = Policy::new(&others, Action::Allow, Action::Allow);
    foreign.decide("listen", Vec::new(), UNKNOWN);
    policy.tables.extend(foreign.tables);
    close_side_doors(&mut policy);
    policy
}

const UNKNOWN: Action = Action::Errno(libc::ENOSYS as u16);

fn close_side_doors(policy: &mut Policy) {
    for (name, argument) in [("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3), ("send", 3)] {
        let opens = Condition { argument, operator: Operator::MaskedEqual(FAST_OPEN), value: FAST_OPEN };
        policy.decide(name, vec![opens], Action::Errno(libc::EOPNOTSUPP as u16));
    }
    let upper = [(1, libc::IPPROTO_TCP as u64), (2, UPPER_LAYER_PROTOCOL)];
    let upper = upper.map(|(argument, value)| Condition { argument, operator: Operator::MaskedEqual(INT), value });
    // As if the kernel had no such protocol.
    policy.decide("setsockopt", upper.into(), Action::Errno(libc::ENOENT as u16));
    for name in ["io_uring_setup", "io_uring_enter", "io_uring_register", "socketcall"] {
        policy.decide(name, Vec::new(), UNKNOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decision;
    use super::*;

    #[test]
    fn only_native_calls_are_put_to_the_listener() {
        let policy = policy(Arch::X86_64);
        let decision = |arch, number| policy.decision(arch, number);
        assert_eq!(decision(Arch::X86_64, 42), Some(Decision::Always(Action::Notify)));
        assert_eq!(decision(Arch::X32, 42), Some(Decision::Always(Action::Allow)));
        assert_eq!(decision(Arch::X86, 362), Some(Decision::Always(Action::Allow)));
        assert_eq!(decision(Arch::X86, 363), Some(Decision::Always(UNKNOWN)));
        assert_eq!(decision(Arch::X86, 102), Some(Decision::Always(UNKNOWN)));
        assert_eq!(decision(Arch::X86_64, 425), Some(Decision::Always(UNKNOWN)));
        assert_eq!(decision(Arch::X86_64, 1), Some(Decision::Always(Action::Allow)));
        assert!(matches!(decision(Arch::X86_64, 46), Some(Decision::FirstOf(_, Action::Allow))));
        compile(&policy).expect("it compiles");
    }
}
