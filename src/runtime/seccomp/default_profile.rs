//! The filter a container has unless told otherwise.
//!
//! A list of what is allowed, from the two profiles most containers run under: a call is allowed only where both
//! containers-common's and Docker's current profile allow it, given the same capabilities. What either of
//! them refuses by name fails with EPERM; everything else, and every call invented since, with ENOSYS, which makes
//! programs fall back to older calls instead of giving up; so do those that only Docker's profile knows (`cachestat`,
//! `futex_waitv`, `mseal`, `statmount` and their like). Three calls depend on their arguments:
//!
//! - `clone` must not create namespaces without CAP_SYS_ADMIN. `clone3` hides its flags behind a pointer, so it is
//!   ENOSYS then, and the C library uses `clone`.
//! - `personality` may only choose between Linux and Linux32, as they are or with an old uname(2) release.
//! - `socket` is refused for address families that reach the host (vsock), expose much of the kernel for nothing a
//!   container needs (alg) or no longer exist, and for the audit log without CAP_AUDIT_WRITE.

use super::arch::Arch;
use super::policy::{Action, Condition, Operator, Policy};
use crate::runtime::capabilities::CapabilitySet;

const REFUSE: Action = Action::Errno(libc::EPERM as u16);
const UNKNOWN: Action = Action::Errno(libc::ENOSYS as u16);

/// What the choice depends on.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Architecture of the kernel.
    pub native: Arch,
    /// The container's bounding set.
    pub capabilities: CapabilitySet,
    /// Kernel version, e.g. `(6, 1)`.
    pub kernel: (u32, u32),
}

/// Allowed to every container, whatever the arguments.
const ALLOWED: &str = "\
    _llseek _newselect accept accept4 access adjtimex alarm bind brk capget capset chdir chmod chown chown32 \
    clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep \
    clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 \
    epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit \
    exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 \
    fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat \
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_time64 futimesat get_robust_list \
    get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups \
    getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 \
    getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 \
    getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents \
    io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset \
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr llistxattr lremovexattr lseek \
    lsetxattr lstat lstat64 madvise membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock \
    mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 \
    mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap \
    name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 \
    pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 \
    process_mrelease pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv \
    recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr rename renameat renameat2 \
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend \
    rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min \
    sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval \
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield \
    seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto \
    set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 \
    setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid \
    setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr shmat shmctl shmdt shmget \
    shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs \
    statfs64 statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete \
    timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime \
    timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname \
    unlink unlinkat utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev";

/// Calls that belong to one architecture and are harmless there.
const ALLOWED_THERE: &str = "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush modify_ldt riscv_flush_icache \
    s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr set_tls sync_file_range2";

/// Allowed from Linux 4.8 on, where ptrace(2) can no longer be used to escape a filter.
const TRACING: &str = "process_vm_readv process_vm_writev ptrace";

/// Allowed with any one of these capabilities, else refused.
const WITH_CAPABILITY: [(CapabilitySet, &str); 14] = [
    (CapabilitySet::BPF, "bpf"),
    (CapabilitySet::DAC_READ_SEARCH, "open_by_handle_at"),
    (CapabilitySet::PERFMON, "perf_event_open"),
    (
        CapabilitySet::SYS_ADMIN,
        "bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules \
         lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname \
         sethostname setns syslog umount umount2 unshare",
    ),
    (CapabilitySet::SYS_BOOT, "reboot"),
    (CapabilitySet::SYS_CHROOT, "chroot"),
    (CapabilitySet::SYS_MODULE, "delete_module finit_module init_module"),
    (CapabilitySet::SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    (CapabilitySet::SYS_PACCT, "acct"),
    (CapabilitySet::SYS_PTRACE, "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
    (CapabilitySet::SYS_RAWIO, "ioperm iopl"),
    (CapabilitySet::SYS_TIME, "clock_settime clock_settime64 settimeofday stime"),
    (CapabilitySet::SYS_TTY_CONFIG, "vhangup"),
    (CapabilitySet::SYSLOG, "syslog"),
];

/// Refused to everyone, by name rather than as unknown.
const REFUSED: &str = "bdflush io_pgetevents kexec_file_load kexec_load keyctl migrate_pages move_pages nfsservctl nice \
    oldfstat oldlstat oldolduname oldstat olduname pciconfig_iobase pciconfig_read pciconfig_write \
    pivot_root query_module readdir sgetmask sigaction signal sigpending sigsuspend ssetmask swapcontext \
    swapoff swapon sysfs uselib userfaultfd ustat vm86 vm86old vmsplice";

/// The namespace flags of clone(2): CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
const NAMESPACE_FLAGS: u64 = 0x7e02_0000;
/// `PER_LINUX`, `PER_LINUX32`, both with `UNAME26`, and the question which one it is (personality(2)).
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/// Last address family with a meaning (`AF_MCTP`, include/linux/socket.h).
const LAST_FAMILY: u64 = 45;
/// Families refused below that: decnet, econet, atmsvc, irda, wanpipe, isdn, caif, alg and vsock.
const REFUSED_FAMILIES: [u64; 9] = [12, 19, 20, 23, 25, 34, 37, 38, 40];
/// `AF_NETLINK` and `NETLINK_AUDIT` (netlink(7)).
const AUDIT_SOCKET: (u64, u64) = (16, 9);
/// Arguments declared `int` or `unsigned int`: the kernel drops their upper half, so a comparison must as well.
const INT: Operator = Operator::MaskedEqual(0xffff_ffff);

/// The default filter for a container with these capabilities, for the native architecture and its 32-bit ABIs.
pub fn default_policy(context: Context) -> Policy {
    let mut policy = Policy::new(context.native.with_subarchitectures(), UNKNOWN, UNKNOWN);
    let mut decide = |names, action| policy.decide_all(names, action);
    decide(ALLOWED, Action::Allow);
    decide(ALLOWED_THERE, Action::Allow);
    if context.native != Arch::X86 {
        decide("arch_prctl", Action::Allow);
    }
    if context.kernel >= (4, 8) {
        decide(TRACING, Action::Allow);
    }
    let (granted, missing): (Vec<_>, Vec<_>) =
        WITH_CAPABILITY.iter().partition(|(capability, _)| context.capabilities.contains(*capability));
    granted.iter().for_each(|(_, names)| decide(names, Action::Allow));
    missing.iter().for_each(|(_, names)| decide(names, REFUSE));
    decide(REFUSED, REFUSE);
    clone_rules(&mut policy, context);
    personality_rules(&mut policy);
    socket_rules(&mut policy, context);
    policy
}

fn clone_rules(policy: &mut Policy, context: Context) {
    if context.capabilities.contains(CapabilitySet::SYS_ADMIN) {
        policy.decide("clone", Vec::new(), Action::Allow);
        policy.decide("clone3", Vec::new(), Action::Allow);
        return;
    }
    // s390 passes the stack first (clone(2), "C library/kernel differences").
    let argument = u8::from(context.native == Arch::S390x);
    let no_namespace = Condition { argument, operator: Operator::MaskedEqual(NAMESPACE_FLAGS), value: 0 };
    policy.decide("clone", vec![no_namespace], Action::Allow);
    policy.otherwise("clone", REFUSE);
    policy.decide("clone3", Vec::new(), UNKNOWN);
}

fn personality_rules(policy: &mut Policy) {
    for value in PERSONALITIES {
        policy.decide("personality", vec![Condition { argument: 0, operator: Operator::Equal, value }], Action::Allow);
    }
    policy.otherwise("personality", REFUSE);
}

fn socket_rules(policy: &mut Policy, context: Context) {
    if !context.capabilities.contains(CapabilitySet::AUDIT_WRITE) {
        let (family, protocol) = AUDIT_SOCKET;
        let audit = vec![
            Condition { argument: 0, operator: INT, value: family },
            Condition { argument: 2, operator: INT, value: protocol },
        ];
        policy.decide("socket", audit, Action::Errno(libc::EINVAL as u16));
    }
    let beyond = Condition { argument: 0, operator: Operator::Greater, value: LAST_FAMILY };
    policy.decide("socket", vec![beyond], REFUSE);
    for value in REFUSED_FAMILIES {
        policy.decide("socket", vec![Condition { argument: 0, operator: INT, value }], REFUSE);
    }
    policy.otherwise("socket", Action::Allow);
}
