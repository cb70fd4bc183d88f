//! The rights of the net process: almost none.
//!
//! Shed in this order: capabilities (a user's process has none, root's has all), the way to new ones (`no_new_privs`),
//! core dumps and tracing by others, files but for those that name the name servers (Landlock), system calls but for
//! those listed here (seccomp). What Landlock is missing for on an old kernel is still bounded by the list.
//!
//! A call that is not listed fails with `EPERM`; in debug builds it kills the process, so that tests notice.

use crate::network::dns;
use crate::sys::landlock;
use crate::sys::process::duplicate_to;
use crate::sys::seccomp::{FLAG_SPEC_ALLOW, Instruction, set_filter};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What a process may do beyond what all of them may.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::network) struct Further {
    /// System calls.
    pub calls: &'static [libc::c_long],
    /// `ioctl(2)` requests.
    pub requests: &'static [u32],
}

/// Gives the rights up, for good.
pub(in crate::network) fn enter(settings: &dns::Settings) -> Result<(), Errno> {
    shed()?;
    let readable: Vec<OwnedFd> = readable_directories(settings).iter().filter_map(|path| open(path)).collect();
    match landlock::restrict(&readable) {
        Err(error) if !landlock::is_missing(error) => return Err(error),
        _ => {}
    }
    drop(readable);
    filter(Further::default())
}

/// The same for a process that looks into others', which Landlock would not let it do (landlock(7), "Ptrace
/// restrictions"): files stay readable as far as the user may read them.
pub(in crate::network) fn enter_beside_others(further: Further) -> Result<(), Errno> {
    shed()?;
    filter(further)
}

/// Capabilities, the way to new ones, being looked at.
fn shed() -> Result<(), Errno> {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, none)?;
    rustix::thread::set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

fn filter(further: Further) -> Result<(), Errno> {
    let installed = set_filter(&program(further), FLAG_SPEC_ALLOW).map(drop);
    installed.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// Puts /dev/null where something might print: never a tap, a socket or somebody's terminal.
pub(in crate::network) fn silence() -> Result<(), Errno> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    for stream in 0..3 {
        duplicate_to(null.as_raw_fd(), stream)?;
    }
    Ok(())
}

fn open(path: &Path) -> Option<OwnedFd> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// Where resolv.conf is and where it may come to be: a new one is renamed into its directory, so the directories and not
/// the file must be readable.
fn readable_directories(settings: &dns::Settings) -> Vec<PathBuf> {
    /// Where the programs that keep resolv.conf have the file that `/etc/resolv.conf` leads to.
    const KEEPERS: [&str; 5] =
        ["/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/run/connman", "/mnt/wsl"];
    /// Links followed at most (`MAXSYMLINKS`).
    const MOST_LINKS: usize = 40;
    let mut directories: Vec<PathBuf> = settings.elsewhere.iter().cloned().collect();
    if settings.internal || !settings.servers.is_empty() {
        return directories;
    }
    directories.extend(KEEPERS.iter().map(PathBuf::from));
    let mut path = match settings.resolv_conf.as_os_str().is_empty() {
        true => PathBuf::from("/etc/resolv.conf"),
        false => settings.resolv_conf.clone(),
    };
    for _ in 0..MOST_LINKS {
        let Some(directory) = path.parent().map(Path::to_owned) else { break };
        directories.push(directory.clone());
        match std::fs::read_link(&path) {
            Ok(target) => path = directory.join(target),
            Err(_) => break,
        }
    }
    directories
}

/// Calls that are allowed whatever their arguments.
const ALLOWED: &[libc::c_long] = &[
    // packets and bytes
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_splice,
    libc::SYS_pipe2,
    libc::SYS_close,
    libc::SYS_fcntl,
    // sockets
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_accept,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    // waiting
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_eventfd2,
    libc::SYS_futex,
    libc::SYS_restart_syscall,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    // time, chance, memory
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // resolv.conf; opening is below
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_lseek,
    // itself: limits of descriptors, signals, its end
    libc::SYS_prlimit64,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Calls of this architecture that newer ones do not have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_OLD: &[libc::c_long] =
    &[libc::SYS_epoll_wait, libc::SYS_poll, libc::SYS_stat, libc::SYS_getrlimit, libc::SYS_setrlimit, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_OLD: &[libc::c_long] = &[];

/// Calls that open files, and which argument the flags are.
#[cfg(target_arch = "x86_64")]
const OPENING: &[(libc::c_long, u32)] = &[(libc::SYS_openat, 2), (libc::SYS_open, 1)];
#[cfg(not(target_arch = "x86_64"))]
const OPENING: &[(libc::c_long, u32)] = &[(libc::SYS_openat, 2)];

/// Offsets in `struct seccomp_data` (include/uapi/linux/seccomp.h).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// The lower half of argument `index`, on a little-endian machine.
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

/// `AUDIT_ARCH_*` of this machine (include/uapi/linux/audit.h).
#[cfg(target_arch = "x86_64")]
const THIS_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const THIS_ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const THIS_ARCHITECTURE: u32 = 0xc000_00f3;

/// The filter.
fn program(further: Further) -> Vec<Instruction> {
    let refuse = if cfg!(debug_assertions) {
        libc::SECCOMP_RET_KILL_PROCESS
    } else {
        libc::SECCOMP_RET_ERRNO | libc::EPERM as u32
    };
    let mut program = vec![
        load(ARCHITECTURE),
        jump(libc::BPF_JEQ, THIS_ARCHITECTURE, 1, 0),
        give(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    for number in ALLOWED.iter().chain(ALLOWED_OLD).chain(further.calls) {
        program.push(jump(libc::BPF_JEQ, *number as u32, 0, 1));
        program.push(give(libc::SECCOMP_RET_ALLOW));
    }
    // Sockets of the Internet and local ones; no raw packets, no netlink.
    one_of(&mut program, libc::SYS_socket, 0, &[libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_UNIX as u32]);
    // Non-blocking mode, bytes that wait, a tap's offloads, and the number of an interface in resolv.conf.
    let requests = [libc::FIONBIO, libc::FIONREAD, libc::SIOCGIFINDEX, libc::TUNSETOFFLOAD, libc::TUNSETVNETHDRSZ]
        .map(|request| request as u32);
    one_of(&mut program, libc::SYS_ioctl, 1, &[&requests, further.requests].concat());
    // Files, for reading only.
    let writing = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC) as u32;
    for (call, flags) in OPENING {
        program.extend([
            jump(libc::BPF_JEQ, *call as u32, 0, 4),
            load(argument(*flags)),
            jump(libc::BPF_JSET, writing, 1, 0),
            give(libc::SECCOMP_RET_ALLOW),
            give(refuse),
        ]);
    }
    // Memory, but never memory with code in it.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        program.extend([
            jump(libc::BPF_JEQ, call as u32, 0, 4),
            load(argument(2)),
            jump(libc::BPF_JSET, libc::PROT_EXEC as u32, 1, 0),
            give(libc::SECCOMP_RET_ALLOW),
            give(refuse),
        ]);
    }
    program.push(give(refuse));
    program
}

/// Allows `call` when its argument is one of `values`; otherwise what follows decides.
fn one_of(program: &mut Vec<Instruction>, call: libc::c_long, index: u32, values: &[u32]) {
    let length = values.len() as u8;
    program.push(jump(libc::BPF_JEQ, call as u32, 0, 2 * length + 2));
    program.push(load(argument(index)));
    for value in values {
        program.push(jump(libc::BPF_JEQ, *value, 0, 1));
        program.push(give(libc::SECCOMP_RET_ALLOW));
    }
    // The number again, for what follows.
    program.push(load(NUMBER));
}

fn load(offset: u32) -> Instruction {
    Instruction { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(kind: u32, value: u32, if_true: u8, if_false: u8) -> Instruction {
    Instruction { code: (libc::BPF_JMP | kind | libc::BPF_K) as u16, jt: if_true, jf: if_false, k: value }
}

fn give(action: u32) -> Instruction {
    Instruction { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: action }
}
