//! An interpreter of classic BPF runs compiled programs over every number of every architecture and compares them with
//! a direct reading of the profile; one filter is really installed.

use super::arch::X32_BIT;
use super::syscall_numbers::{NONE, TABLE};
use super::*;
use crate::runtime::capabilities::{self, ALL, DEFAULT};
use std::collections::BTreeSet;

/// What a filter sees of a call.
#[derive(Clone, Copy)]
struct Call {
    arch: Arch,
    number: u32,
    arguments: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch.audit_number(),
            16..64 if offset.is_multiple_of(4) => {
                let argument = self.arguments[(offset as usize - 16) / 8];
                let first = offset.is_multiple_of(8);
                if first == self.arch.is_big_endian() { (argument >> 32) as u32 } else { argument as u32 }
            }
            _ => panic!("load at {offset}"),
        }
    }
}

/// Runs a program as the kernel would, and checks what its verifier checks: jumps forward and inside, an end.
fn run(program: &Program, call: Call) -> u32 {
    let (mut accumulator, mut next) = (0_u32, 0_usize);
    loop {
        let one = program.instructions.get(next).expect("the program runs off its end");
        next += 1;
        let code = u32::from(one.code);
        if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS {
            accumulator = call.word(one.k);
        } else if code == libc::BPF_ALU | libc::BPF_AND | libc::BPF_K {
            accumulator &= one.k;
        } else if code == libc::BPF_RET | libc::BPF_K {
            return one.k;
        } else if code == libc::BPF_JMP | libc::BPF_JA {
            next += one.k as usize;
        } else {
            let holds = match code & !libc::BPF_JMP {
                test if test == libc::BPF_JEQ => accumulator == one.k,
                test if test == libc::BPF_JGT => accumulator > one.k,
                test if test == libc::BPF_JGE => accumulator >= one.k,
                _ => panic!("opcode {code:#x}"),
            };
            next += usize::from(if holds { one.jt } else { one.jf });
        }
    }
}

/// The action of a policy, read without compiling it.
fn expected(policy: &Policy, call: Call) -> Action {
    let number = call.number & !call.arch.marker();
    match policy.decision(call.arch, number).expect("the architecture is in the policy") {
        Decision::Always(action) => action,
        Decision::FirstOf(rules, otherwise) => {
            let first = rules.iter().find(|rule| rule.conditions.iter().all(|one| holds(*one, call)));
            first.map_or(otherwise, |rule| rule.action)
        }
    }
}

fn holds(condition: Condition, call: Call) -> bool {
    let width = if call.arch.is_32_bit() { u64::from(u32::MAX) } else { u64::MAX };
    let argument = call.arguments[usize::from(condition.argument)] & width;
    let value = condition.value & width;
    match condition.operator {
        Operator::NotEqual => argument != value,
        Operator::Less => argument < value,
        Operator::LessOrEqual => argument <= value,
        Operator::Equal => argument == value,
        Operator::GreaterOrEqual => argument >= value,
        Operator::Greater => argument > value,
        Operator::MaskedEqual(mask) => argument & mask & width == value,
    }
}

const ARCHES: [Arch; 9] = [
    Arch::X86_64,
    Arch::X32,
    Arch::X86,
    Arch::Aarch64,
    Arch::Arm,
    Arch::Riscv64,
    Arch::S390x,
    Arch::Ppc64le,
    Arch::Loongarch64,
];
const NATIVES: [Arch; 6] = [Arch::X86_64, Arch::Aarch64, Arch::Riscv64, Arch::S390x, Arch::Ppc64le, Arch::Loongarch64];

fn context(native: Arch, capabilities: CapabilitySet) -> Context {
    Context { native, capabilities, kernel: (6, 1) }
}

/// Values at and beside everything a profile compares some arguments with, in both halves.
fn values(policy: &Policy, arch: Arch, number: u32, arguments: &[u8]) -> Vec<u64> {
    let mut values = BTreeSet::from([0, 1, u64::MAX, 1 << 32]);
    if let Some(Decision::FirstOf(rules, _)) = policy.decision(arch, number) {
        let conditions = rules.iter().flat_map(|rule| &rule.conditions);
        for condition in conditions.filter(|one| arguments.contains(&one.argument)) {
            let mask = if let Operator::MaskedEqual(mask) = condition.operator { mask } else { 0 };
            for value in [condition.value, mask, condition.value | 1 << 32] {
                values.extend([value, value.wrapping_add(1), value.wrapping_sub(1), value | mask, value ^ mask]);
            }
        }
    }
    values.into_iter().collect()
}

/// Every call worth trying: all numbers to well past the last, each with all pairs of values for arguments 0, 3, 5 and
/// for arguments 1, 2, 4.
fn calls(policy: &Policy, arch: Arch) -> Vec<Call> {
    let mut calls = Vec::new();
    for number in (0..700).chain(0xf_0000..0xf_0008).chain([0x3fff_ffff]) {
        let conditional = matches!(policy.decision(arch, number), Some(Decision::FirstOf(..)));
        let of = |arguments| if conditional { values(policy, arch, number, arguments) } else { vec![0] };
        let others = of(&[1, 2, 4]);
        for first in of(&[0, 3, 5]) {
            for &other in &others {
                let number = number | arch.marker();
                calls.push(Call { arch, number, arguments: [first, other, other, first, other, first] });
            }
        }
    }
    calls
}

fn check_program(policy: &Policy, arches: &[Arch]) {
    let program = compile(policy).unwrap();
    for &arch in arches {
        for call in calls(policy, arch) {
            let (got, wanted) = (run(&program, call), expected(policy, call).raw());
            assert_eq!(got, wanted, "{arch:?} {} {:x?}", call.number, call.arguments);
        }
    }
}

#[test]
fn default_programs_decide_as_their_tables_say() {
    for native in NATIVES {
        for set in [DEFAULT, ALL, CapabilitySet::empty()] {
            check_program(&default_policy(context(native, set)), native.with_subarchitectures());
        }
    }
}

#[test]
fn every_operator_decides_as_arithmetic_says() {
    let operators = [
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Equal,
        Operator::GreaterOrEqual,
        Operator::Greater,
        Operator::MaskedEqual(0xff00_0000_00ff),
        Operator::MaskedEqual(0xf0),
    ];
    let edges = [0, 5, 0x10, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 0x1200_0000_0034, u64::MAX];
    for native in NATIVES {
        for operator in operators {
            for value in edges {
                let mut policy = Policy::new(native.with_subarchitectures(), Action::Errno(1), Action::KillThread);
                let first = Condition { argument: 0, operator, value };
                let second = Condition { argument: 5, operator: Operator::NotEqual, value: 7 };
                policy.decide("ioctl", vec![first, second], Action::Trap);
                policy.decide("ioctl", vec![second, first, second], Action::Trace(9));
                policy.decide("read", Vec::new(), Action::Allow);
                check_program(&policy, native.with_subarchitectures());
            }
        }
    }
}

#[test]
fn a_foreign_architecture_is_killed() {
    let program = compile(&default_policy(context(Arch::X86_64, DEFAULT))).unwrap();
    for arch in ARCHES {
        let known = Arch::X86_64.with_subarchitectures().contains(&arch);
        let call = Call { arch, number: 0, arguments: [0; 6] };
        assert_eq!(run(&program, call) == Action::KillProcess.raw(), !known, "{arch:?}");
    }
    // A filter without x32 must not let its calls through as if they were large numbers of x86_64.
    let only = compile(&Policy::new(&[Arch::X86_64], Action::Allow, Action::Allow)).unwrap();
    let call = |number| Call { arch: Arch::X86_64, number, arguments: [0; 6] };
    assert_eq!(run(&only, call(X32_BIT - 1)), Action::Allow.raw());
    assert_eq!(run(&only, call(X32_BIT)), Action::KillProcess.raw());
    let other = compile(&Policy::new(&[Arch::X32], Action::Allow, Action::Allow)).unwrap();
    assert_eq!(run(&other, call(0)), Action::KillProcess.raw());
    assert_eq!(run(&other, call(X32_BIT)), Action::Allow.raw());
}

#[test]
fn a_profile_of_alternating_actions_needs_long_jumps_and_still_fits() {
    let mut policy = Policy::new(Arch::X86_64.with_subarchitectures(), Action::Allow, Action::Allow);
    for (index, (name, _)) in TABLE.iter().enumerate() {
        policy.decide(name, Vec::new(), Action::Errno(u16::try_from(index % 4000).unwrap()));
    }
    check_program(&policy, Arch::X86_64.with_subarchitectures());
    let many: Vec<Condition> =
        (0..6).map(|argument| Condition { argument, operator: Operator::Greater, value: 1 }).collect();
    for (name, _) in TABLE.iter() {
        let mut policy = Policy::new(&[Arch::X86_64], Action::Allow, Action::Allow);
        policy.decide(name, many.clone(), Action::Log);
        compile(&policy).unwrap();
    }
    let mut long = Policy::new(&[Arch::X86_64], Action::Allow, Action::Allow);
    TABLE.iter().for_each(|(name, _)| long.decide(name, many.clone(), Action::Log));
    assert!(matches!(compile(&long), Err(SeccompError::TooLong(_))));
}

/// Calls that containers-common 0.50 answers as unknown because it is older than they are, or for lack of the finer
/// capabilities CAP_BPF and CAP_PERFMON; Docker's current profile allows them as we do.
const NEWER_THAN_REFERENCE: &str = "bpf fchmodat2 lsm_get_self_attr lsm_list_modules lsm_set_self_attr perf_event_open \
    quotactl_fd riscv_flush_icache set_mempolicy_home_node";

/// Calls that containers-common allows and Docker's current profile refuses without a capability, or always.
const REFUSED_LIKE_DOCKER: &str = "clone clone3 fsconfig fsmount fsopen fspick get_mempolicy keyctl mbind mount \
    mount_setattr move_mount open_tree pidfd_getfd pivot_root query_module readdir reboot set_mempolicy setns sigaction signal \
    sigpending sigsuspend socket syslog timerfd umount umount2 unshare personality";

/// Compares with the profile of containers-common, where it is installed, for every number, several sets of capabilities
/// and the arguments at all edges of both filters.
#[test]
fn default_is_never_weaker_than_containers_common() {
    let Ok(reference) = Profile::read(std::path::Path::new("/usr/share/containers/seccomp.json")) else {
        return; // skipped: /usr/share/containers/seccomp.json is not installed
    };
    let one_by_one = capabilities::names(ALL).map(|name| capabilities::from_name(name).unwrap());
    let sets = [DEFAULT, ALL, CapabilitySet::empty()].into_iter().chain(one_by_one);
    let newer: Vec<&str> = NEWER_THAN_REFERENCE.split_ascii_whitespace().collect();
    let refused: Vec<&str> = REFUSED_LIKE_DOCKER.split_ascii_whitespace().collect();
    for set in sets {
        for native in [Arch::X86_64, Arch::Aarch64, Arch::S390x] {
            let context = context(native, set);
            let (ours, theirs) = (default_policy(context), reference.policy(context).unwrap());
            for &arch in native.with_subarchitectures() {
                for call in calls(&ours, arch).into_iter().chain(calls(&theirs, arch)) {
                    let (mine, other) = (expected(&ours, call), expected(&theirs, call));
                    if mine == other {
                        continue;
                    }
                    let number = call.number & !arch.marker();
                    let named = |list: &[&str]| {
                        list.iter().any(|name| syscall_numbers::find(name).unwrap().1[arch.column()] == number)
                    };
                    let accepted = match (mine, other) {
                        (Action::Allow, _) => named(&newer),
                        (_, Action::Allow) => named(&refused),
                        _ => named(&newer) || named(&refused),
                    };
                    assert!(accepted, "{arch:?} {number} {:x?}: {mine:?}, reference {other:?}", call.arguments);
                }
            }
        }
    }
}

fn answer(native: Arch, set: CapabilitySet, name: &str, arguments: [u64; 6]) -> Action {
    let number = syscall_numbers::find(name).unwrap().1[native.column()];
    assert_ne!(number, NONE, "{name}");
    expected(&default_policy(context(native, set)), Call { arch: native, number, arguments })
}

#[test]
fn default_answers() {
    let eperm = Action::Errno(libc::EPERM as u16);
    let enosys = Action::Errno(libc::ENOSYS as u16);
    let admin = DEFAULT | CapabilitySet::SYS_ADMIN;
    let first = |value| [value, 0, 0, 0, 0, 0];
    let newuser = libc::CLONE_NEWUSER as u64;
    type Case<'a> = (CapabilitySet, &'a str, [u64; 6], Action);
    let cases: &[Case] = &[
        (DEFAULT, "read", first(0), Action::Allow),
        (DEFAULT, "clone", first(libc::SIGCHLD as u64), Action::Allow),
        (DEFAULT, "clone", first(newuser | libc::SIGCHLD as u64), eperm),
        (DEFAULT, "clone", first(1 << 40), Action::Allow),
        (admin, "clone", first(newuser), Action::Allow),
        (DEFAULT, "clone3", first(0), enosys),
        (admin, "clone3", first(0), Action::Allow),
        (DEFAULT, "unshare", first(newuser), eperm),
        (DEFAULT, "mount", first(0), eperm),
        (admin, "mount", first(0), Action::Allow),
        (DEFAULT, "personality", first(0xffff_ffff), Action::Allow),
        (DEFAULT, "personality", first(0x4_0000), eperm),
        (DEFAULT, "socket", [2, 1, 0, 0, 0, 0], Action::Allow),
        (DEFAULT, "socket", [libc::AF_NETLINK as u64, 3, 0, 0, 0, 0], Action::Allow),
        (DEFAULT, "socket", [libc::AF_NETLINK as u64, 3, 9, 0, 0, 0], Action::Errno(libc::EINVAL as u16)),
        (DEFAULT, "socket", [16 | 1 << 32, 3, 9 | 1 << 32, 0, 0, 0], Action::Errno(libc::EINVAL as u16)),
        (CapabilitySet::AUDIT_WRITE, "socket", [libc::AF_NETLINK as u64, 3, 9, 0, 0, 0], Action::Allow),
        (DEFAULT, "socket", first(libc::AF_VSOCK as u64), eperm),
        (DEFAULT, "socket", first(libc::AF_VSOCK as u64 | 1 << 32), eperm),
        (ALL, "socket", first(libc::AF_ALG as u64), eperm),
        (ALL, "socket", first(46), eperm),
        (DEFAULT, "ptrace", first(0), Action::Allow),
        (DEFAULT, "bpf", first(0), eperm),
        (CapabilitySet::BPF, "bpf", first(0), Action::Allow),
        (CapabilitySet::PERFMON, "perf_event_open", first(0), Action::Allow),
        (DEFAULT, "keyctl", first(0), eperm),
        (DEFAULT, "add_key", first(0), enosys),
        (ALL, "userfaultfd", first(0), eperm),
        (ALL, "io_uring_setup", first(0), enosys),
        (DEFAULT, "chroot", first(0), Action::Allow),
    ];
    for (set, name, arguments, wanted) in cases {
        assert_eq!(answer(Arch::X86_64, *set, name, *arguments), *wanted, "{name} {arguments:x?}");
    }
    let old = default_policy(Context { kernel: (4, 7), ..context(Arch::X86_64, DEFAULT) });
    let ptrace = syscall_numbers::find("ptrace").unwrap().1[0];
    assert_eq!(old.decision(Arch::X86_64, ptrace), Some(Decision::Always(Action::Errno(libc::EPERM as u16))));
    assert_eq!(answer(Arch::S390x, DEFAULT, "clone", [newuser, 0, 0, 0, 0, 0]), Action::Allow, "s390 has flags second");
    assert_eq!(answer(Arch::S390x, DEFAULT, "clone", [0, newuser, 0, 0, 0, 0]), eperm);
}

#[test]
fn profiles_answer_calls_newer_than_themselves_with_enosys() {
    let policy = |text: &str| Profile::parse(text.as_bytes()).unwrap().policy(context(Arch::X86_64, DEFAULT)).unwrap();
    let decide = |text: &str, number| policy(text).decision(Arch::X86_64, number).unwrap();
    let enosys = Decision::Always(Action::Errno(libc::ENOSYS as u16));
    let eperm = Decision::Always(Action::Errno(libc::EPERM as u16));
    let close = r#"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["close"],"action":"SCMP_ACT_ALLOW"}]}"#;
    assert_eq!(decide(close, 2), eperm);
    assert_eq!(decide(close, 3), Decision::Always(Action::Allow));
    assert_eq!(decide(close, 4), enosys);
    let strict = close.replace("\"syscalls\"", "\"defaultErrnoRet\":1,\"syscalls\"");
    assert_eq!(decide(&strict, 4), eperm);
    let open = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"close","action":"SCMP_ACT_KILL"}]}"#;
    assert_eq!(decide(open, 4), Decision::Always(Action::Allow));
    assert_eq!(decide(open, 3), Decision::Always(Action::KillThread));
}

#[test]
fn profile_conditions_and_precedence() {
    let text = r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
        "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
                   {"architecture":"SCMP_ARCH_MIPS64"}],
        "syscalls":[
            {"names":["read","no_such_call"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
            {"names":["write"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}},
            {"names":["open"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"6.2"}},
            {"names":["close"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["arm64"]}},
            {"names":["ioctl"],"action":"SCMP_ACT_ALLOW","args":[
                {"index":1,"value":5,"op":"SCMP_CMP_EQ"},{"index":1,"value":6,"op":"SCMP_CMP_EQ"}]},
            {"names":["dup"],"action":"SCMP_ACT_TRAP","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
            {"names":["dup"],"action":"SCMP_ACT_ALLOW"},
            {"names":["dup"],"action":"SCMP_ACT_KILL"}]}"#;
    let profile = Profile::parse(text.as_bytes()).unwrap();
    let policy = profile.policy(context(Arch::X86_64, DEFAULT)).unwrap();
    assert_eq!(policy.tables.iter().map(|table| table.arch).collect::<Vec<_>>(), [Arch::X86_64, Arch::X86]);
    let unknown = Action::Errno(38);
    let cases = [
        (0, [0; 6], unknown),
        (1, [0; 6], Action::Allow),
        (2, [0; 6], unknown),
        (3, [0; 6], unknown),
        (16, [0, 5, 0, 0, 0, 0], Action::Allow),
        (16, [0, 6, 0, 0, 0, 0], Action::Allow),
        (16, [0, 7, 0, 0, 0, 0], unknown),
        (32, [1; 6], Action::Allow),
    ];
    for (number, arguments, wanted) in cases {
        assert_eq!(expected(&policy, Call { arch: Arch::X86_64, number, arguments }), wanted, "{number}");
    }
    check_program(&policy, &[Arch::X86_64, Arch::X86]);
    let admin = profile.policy(context(Arch::X86_64, ALL)).unwrap();
    assert_eq!(admin.decision(Arch::X86_64, 0), Some(Decision::Always(Action::Allow)));
    assert_eq!(admin.decision(Arch::X86_64, 1), Some(Decision::Always(unknown)));
}

#[test]
fn refuses_profiles_that_mean_nothing() {
    let rule = |text: &str| format!(r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{text}]}}"#);
    let cases = [
        (r#"{"defaultAction":"nonsense"}"#.to_owned(), "unknown seccomp action \"nonsense\""),
        (rule(r#"{"names":["read"],"action":"SCMP_ACT_X"}"#), "unknown seccomp action \"SCMP_ACT_X\""),
        (
            rule(r#"{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}"#),
            "seccomp rule for \"read\" has argument 6: there are six, from 0",
        ),
        (
            rule(r#"{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":0,"op":"~"}]}"#),
            "unknown seccomp operator \"~\"",
        ),
        (
            rule(r#"{"names":["read"],"action":"SCMP_ACT_LOG","includes":{"caps":["CAP_X"]}}"#),
            "unknown capability \"CAP_X\" in the seccomp profile",
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["VAX"]}"#.to_owned(),
            "unknown seccomp architecture \"VAX\"",
        ),
    ];
    for (text, wanted) in cases {
        let profile = Profile::parse(text.as_bytes()).unwrap();
        assert_eq!(profile.policy(context(Arch::X86_64, DEFAULT)).unwrap_err().to_string(), wanted);
    }
    for text in ["", "[]", "{", r#"{"defaultAction":7}"#] {
        assert!(matches!(Profile::parse(text.as_bytes()), Err(SeccompError::Decode(_))), "{text}");
    }
    let missing = Profile::read(std::path::Path::new("/nonexistent")).unwrap_err();
    assert_eq!(missing.to_string(), "opening seccomp profile failed: open /nonexistent: no such file or directory");
    let flags = |list: &str| {
        Profile::parse(format!(r#"{{"defaultAction":"SCMP_ACT_LOG","flags":[{list}]}}"#).as_bytes()).unwrap().options()
    };
    assert_eq!(Profile::parse(br#"{"defaultAction":"SCMP_ACT_LOG"}"#).unwrap().options().unwrap().flags, USUAL_FLAGS);
    assert_eq!(flags(r#""SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_TSYNC""#).unwrap().flags, 2);
    assert!(matches!(flags(r#""X""#), Err(SeccompError::UnknownFlag(_))));
}

#[test]
fn the_specification_reads_as_the_file_does() {
    let text = r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":5,"flags":["SECCOMP_FILTER_FLAG_LOG"],
        "architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],"listenerPath":"/run/x","syscalls":[
        {"names":["read","write"],"action":"SCMP_ACT_NOTIFY"},
        {"names":["open"],"action":"SCMP_ACT_KILL_PROCESS","args":[
            {"index":1,"value":3,"valueTwo":2,"op":"SCMP_CMP_MASKED_EQ"},{"index":0,"value":3,"op":"SCMP_CMP_GT"}]}]}"#;
    let spec: oci_spec::runtime::LinuxSeccomp = serde_json::from_str(text).unwrap();
    let (one, other) = (Profile::from_spec(&spec), Profile::parse(text.as_bytes()).unwrap());
    let context = context(Arch::X86_64, DEFAULT);
    assert_eq!(one.policy(context).unwrap(), other.policy(context).unwrap());
    assert_eq!(one.options().unwrap(), other.options().unwrap());
    assert_eq!(one.options().unwrap().listener_path.as_deref(), Some(std::path::Path::new("/run/x")));
}

/// A filter belongs to a thread, so a thread of its own can live under one.
#[test]
fn an_installed_filter_works_on_this_kernel() {
    let result = std::thread::spawn(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let program = default_program(DEFAULT).unwrap();
        assert!(install(&program, USUAL_FLAGS).unwrap().is_none());
        let vsock =
            rustix::net::socket(rustix::net::AddressFamily::from_raw(40), rustix::net::SocketType::STREAM, None);
        let inet = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None);
        let unix = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None);
        (vsock.map(drop), inet.map(drop), unix.map(drop), nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER))
    });
    let (vsock, inet, unix, unshare) = result.join().unwrap();
    assert_eq!((vsock, inet, unix), (Err(rustix::io::Errno::PERM), Ok(()), Ok(())));
    assert_eq!(unshare, Err(nix::errno::Errno::EPERM));
}

/// The C library falls back from clone3 to clone, the shell makes processes and pipes, and namespaces stay out of reach.
#[test]
fn ordinary_programs_run_under_the_default_filter() {
    let output = std::thread::spawn(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        install(&default_program(DEFAULT).unwrap(), USUAL_FLAGS).unwrap();
        let script = "echo one | cat; (sleep 0 & wait); ls / >/dev/null; grep ^Seccomp: /proc/self/status; \
            unshare --user true 2>/dev/null || echo refused";
        std::process::Command::new("sh").args(["-c", script]).output().unwrap()
    });
    let output = output.join().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "one\nSeccomp:\t2\nrefused\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_filter_that_notifies_returns_its_descriptor() {
    let descriptor = std::thread::spawn(|| {
        rustix::thread::set_no_new_privs(true).unwrap();
        let native = Arch::native().unwrap();
        let mut policy = Policy::new(&[native], Action::Allow, Action::Allow);
        policy.decide("sethostname", Vec::new(), Action::Notify);
        install(&compile(&policy).unwrap(), 0).unwrap()
    });
    let descriptor = descriptor.join().unwrap().expect("a descriptor");
    assert!(rustix::io::fcntl_getfd(&descriptor).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
}
