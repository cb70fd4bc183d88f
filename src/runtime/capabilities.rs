//! Linux capabilities: names, the sets of a container's process, and putting them on.
//!
//! Follows capabilities(7) and podman: the bounding set is the default of eleven changed by `--cap-add` and
//! `--cap-drop`; root inside has all of it, another user only what was added, which then must be inheritable and
//! ambient to survive the exec. Otherwise the inheritable set is empty: a set-user-ID or file-capability program in
//! the image must not find privileges lying in wait (CVE-2022-29162).
//!
//! Order in init, because each step needs what the next one takes away: seccomp when there is no `no_new_privs`,
//! [`Capabilities::limit_bounding`], change of user with `PR_SET_KEEPCAPS`, [`Capabilities::apply`], then exec.

use super::option_error::OptionError;
use oci_spec::runtime::{Capabilities as SpecSet, Capability as SpecCapability, LinuxCapabilities};
pub use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};

/// All names in the order of their numbers (include/uapi/linux/capability.h).
pub const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// What a container has unless told otherwise: the default of podman 5 (containers.conf(5), `default_capabilities`).
pub const DEFAULT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SYS_CHROOT);

/// Every capability known here.
pub const ALL: CapabilitySet = CapabilitySet::from_bits_retain((1 << NAMES.len()) - 1);

/// The capability with this name; case and the prefix `CAP_` do not matter.
pub fn from_name(name: &str) -> Option<CapabilitySet> {
    let wanted = normalize(name);
    let number = NAMES.iter().position(|known| *known == wanted)?;
    Some(CapabilitySet::from_bits_retain(1 << number))
}

/// The names of a set in the order of their numbers.
pub fn names(set: CapabilitySet) -> impl Iterator<Item = &'static str> {
    NAMES.iter().enumerate().filter(move |(number, _)| set.bits() >> number & 1 == 1).map(|(_, name)| *name)
}

/// The set with these names.
///
/// # Errors
/// A name that is no capability.
pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<CapabilitySet, OptionError> {
    let mut set = CapabilitySet::empty();
    for name in names {
        set |= from_name(name).ok_or_else(|| OptionError::UnknownCapability(normalize(name)))?;
    }
    Ok(set)
}

fn normalize(name: &str) -> String {
    let upper = name.trim().to_ascii_uppercase();
    if upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") }
}

/// The bounding set of this process: more than this nobody can give. One system call per capability.
pub fn bounding_set() -> CapabilitySet {
    let mut set = CapabilitySet::empty();
    for number in 0..NAMES.len() {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if rustix::thread::capability_is_in_bounding_set(one).unwrap_or(false) {
            set |= one;
        }
    }
    set
}

/// What the command line says about capabilities.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// What to start from; this program's default when absent.
    pub usual: Option<&'a [String]>,
    /// `--cap-add` as typed.
    pub add: &'a [String],
    /// `--cap-drop` as typed.
    pub drop: &'a [String],
    /// `--privileged`: start from everything instead of the default.
    pub privileged: bool,
    /// Whether the process runs as user 0 inside.
    pub root: bool,
}

/// The five sets of a process, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The most that any program started later can gain.
    pub bounding: u64,
    /// What the kernel checks.
    pub effective: u64,
    /// What may be made effective.
    pub permitted: u64,
    /// What survives an exec of a file that asks for it.
    pub inheritable: u64,
    /// What survives the exec of an ordinary file.
    pub ambient: u64,
}

impl Capabilities {
    /// The sets for a wish, with `available` as the bounding set of the caller ([`bounding_set`]).
    ///
    /// # Errors
    /// Unknown names; the same one added and dropped.
    pub fn choose(wish: Wish<'_>, available: CapabilitySet) -> Result<Self, OptionError> {
        let base = match wish.usual {
            _ if wish.privileged => available,
            Some(names) => merge(CapabilitySet::empty(), names, &[])?,
            None => DEFAULT,
        };
        let bounding = merge(base, wish.add, wish.drop)? & available;
        if wish.root {
            let bits = bounding.bits();
            return Ok(Capabilities { bounding: bits, effective: bits, permitted: bits, inheritable: 0, ambient: 0 });
        }
        let added = (merge(CapabilitySet::empty(), wish.add, &[])? & bounding).bits();
        Ok(Capabilities {
            bounding: bounding.bits(),
            effective: added,
            permitted: added,
            inheritable: added,
            ambient: added,
        })
    }

    /// The bounding set.
    pub fn bounding_set(&self) -> CapabilitySet {
        CapabilitySet::from_bits_retain(self.bounding)
    }

    /// Gives up all but the bounding set. Needs CAP_SETPCAP.
    ///
    /// # Errors
    /// The kernel's refusal.
    pub fn limit_bounding(&self) -> Result<(), OptionError> {
        // Counting past our own table: a newer kernel has capabilities we cannot name, and they must go too.
        for number in 0..u64::BITS {
            let one = CapabilitySet::from_bits_retain(1 << number);
            if self.bounding_set().contains(one) {
                continue;
            }
            match rustix::thread::remove_capability_from_bounding_set(one) {
                Ok(()) => {}
                Err(rustix::io::Errno::INVAL) => break,
                Err(errno) => return Err(OptionError::ApplyCapabilities { set: "bounding", source: errno.into() }),
            }
        }
        Ok(())
    }

    /// Sets effective, permitted, inheritable and ambient. After it the process has nothing else left.
    ///
    /// # Errors
    /// The kernel's refusal, e.g. of a capability that is not permitted now.
    pub fn apply(&self) -> Result<(), OptionError> {
        let sets = rustix::thread::CapabilitySets {
            effective: CapabilitySet::from_bits_retain(self.effective),
            permitted: CapabilitySet::from_bits_retain(self.permitted),
            inheritable: CapabilitySet::from_bits_retain(self.inheritable),
        };
        let ambient_error =
            |errno: rustix::io::Errno| OptionError::ApplyCapabilities { set: "ambient", source: errno.into() };
        rustix::thread::clear_ambient_capability_set().map_err(ambient_error)?;
        rustix::thread::set_capabilities(None, sets)
            .map_err(|errno| OptionError::ApplyCapabilities { set: "process", source: errno.into() })?;
        for number in (0..u64::BITS).filter(|number| self.ambient >> number & 1 == 1) {
            let one = CapabilitySet::from_bits_retain(1 << number);
            rustix::thread::configure_capability_in_ambient_set(one, true).map_err(ambient_error)?;
        }
        Ok(())
    }

    /// The same in the words of the runtime specification (`process.capabilities`).
    pub fn to_spec(&self) -> LinuxCapabilities {
        let mut spec = LinuxCapabilities::default();
        spec.set_bounding(Some(spec_set(self.bounding)))
            .set_effective(Some(spec_set(self.effective)))
            .set_permitted(Some(spec_set(self.permitted)))
            .set_inheritable(Some(spec_set(self.inheritable)))
            .set_ambient(Some(spec_set(self.ambient)));
        spec
    }

    /// From the runtime specification; an absent set is empty.
    pub fn from_spec(spec: &LinuxCapabilities) -> Self {
        Capabilities {
            bounding: bits(spec.bounding().as_ref()),
            effective: bits(spec.effective().as_ref()),
            permitted: bits(spec.permitted().as_ref()),
            inheritable: bits(spec.inheritable().as_ref()),
            ambient: bits(spec.ambient().as_ref()),
        }
    }
}

/// podman's rules for `--cap-add` and `--cap-drop` with `ALL`.
fn merge(base: CapabilitySet, add: &[String], drop: &[String]) -> Result<CapabilitySet, OptionError> {
    let (add_all, added) = split_all(add)?;
    let (drop_all, dropped) = split_all(drop)?;
    if add_all && drop_all {
        return Err(OptionError::AllAddedAndDropped);
    }
    if drop_all {
        return Ok(added);
    }
    if add_all {
        return Ok(ALL - dropped);
    }
    match names(added & dropped).next() {
        Some(name) => Err(OptionError::AddedAndDropped(name.to_owned())),
        None => Ok((base | added) - dropped),
    }
}

/// Whether `ALL` is among the words, and the set of the others.
fn split_all(words: &[String]) -> Result<(bool, CapabilitySet), OptionError> {
    // `--cap-add A,B` is one word with a comma, as podman takes it.
    let words = || words.iter().flat_map(|word| word.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let is_all = |word: &str| word.eq_ignore_ascii_case("ALL") || word.eq_ignore_ascii_case("CAP_ALL");
    Ok((words().any(is_all), from_names(words().filter(|word| !is_all(word)))?))
}

fn spec_set(bits: u64) -> SpecSet {
    let names = names(CapabilitySet::from_bits_retain(bits)).filter_map(|name| name.strip_prefix("CAP_"));
    names.filter_map(|name| name.parse::<SpecCapability>().ok()).collect()
}

fn bits(set: Option<&SpecSet>) -> u64 {
    let names = set.into_iter().flatten().map(ToString::to_string);
    names.filter_map(|name| from_name(&name)).fold(0, |bits, one| bits | one.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn choose(add: &[&str], drop: &[&str], privileged: bool, root: bool) -> Result<Capabilities, OptionError> {
        let (add, drop) = (words(add), words(drop));
        Capabilities::choose(Wish { usual: None, add: &add, drop: &drop, privileged, root }, ALL)
    }

    fn set(names: &[&str]) -> u64 {
        from_names(names.iter().copied()).unwrap().bits()
    }

    #[test]
    fn numbers_are_those_of_the_kernel() {
        for (name, expected) in [
            ("CAP_CHOWN", CapabilitySet::CHOWN),
            ("setfcap", CapabilitySet::SETFCAP),
            ("Cap_Sys_Admin", CapabilitySet::SYS_ADMIN),
            ("SYSLOG", CapabilitySet::SYSLOG),
            ("CAP_CHECKPOINT_RESTORE", CapabilitySet::CHECKPOINT_RESTORE),
        ] {
            assert_eq!(from_name(name), Some(expected), "{name}");
        }
        assert_eq!(from_name("CAP_"), None);
        assert_eq!(names(DEFAULT).count(), 11);
        assert_eq!(names(ALL).count(), NAMES.len());
        assert_eq!(DEFAULT.bits(), 0x8004_05fb, "what podman 5 shows as CapBnd");
    }

    #[test]
    fn adds_and_drops() {
        let default = DEFAULT.bits();
        type Case<'a> = (&'a [&'a str], &'a [&'a str], bool, u64);
        let cases: &[Case] = &[
            (&[], &[], false, default),
            (&["net_admin"], &[], false, default | set(&["NET_ADMIN"])),
            (&["net_admin,sys_time"], &[], false, default | set(&["NET_ADMIN", "SYS_TIME"])),
            (&[], &["CHOWN"], false, default & !set(&["CHOWN"])),
            (&[], &["all"], false, 0),
            (&["CHOWN"], &["ALL"], false, set(&["CHOWN"])),
            (&["ALL"], &[], false, ALL.bits()),
            (&["ALL"], &["SYS_ADMIN"], false, ALL.bits() & !set(&["SYS_ADMIN"])),
            (&["ALL", "CHOWN"], &[], false, ALL.bits()),
            (&[], &[], true, ALL.bits()),
            (&[], &["SYS_BOOT"], true, ALL.bits() & !set(&["SYS_BOOT"])),
        ];
        for (add, drop, privileged, expected) in cases {
            let chosen = choose(add, drop, *privileged, true).unwrap();
            let root = Capabilities {
                bounding: *expected,
                effective: *expected,
                permitted: *expected,
                inheritable: 0,
                ambient: 0,
            };
            assert_eq!(chosen, root, "{add:?} {drop:?}");
            assert_eq!(choose(add, drop, *privileged, false).unwrap().bounding, *expected);
        }
    }

    #[test]
    fn another_user_has_only_what_was_added() {
        let plain = choose(&[], &[], false, false).unwrap();
        assert_eq!((plain.effective, plain.permitted, plain.inheritable, plain.ambient), (0, 0, 0, 0));
        let raw = set(&["NET_RAW"]);
        let added = choose(&["NET_RAW"], &["ALL"], false, false).unwrap();
        assert_eq!(
            added,
            Capabilities { bounding: raw, effective: raw, permitted: raw, inheritable: raw, ambient: raw }
        );
        assert_eq!(choose(&[], &[], true, false).unwrap().effective, 0);
    }

    #[test]
    fn never_more_than_the_caller_has() {
        let add = words(&["ALL"]);
        let wish = Wish { add: &add, root: true, ..Wish::default() };
        assert_eq!(Capabilities::choose(wish, CapabilitySet::KILL).unwrap().bounding, CapabilitySet::KILL.bits());
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let cases: &[(&[&str], &[&str], &str)] = &[
            (&["bogus"], &[], "\"CAP_BOGUS\": unknown capability"),
            (&[], &["cap_x\ny"], "\"CAP_X\\nY\": unknown capability"),
            (&["CHOWN"], &["chown"], "capability \"CAP_CHOWN\" cannot be dropped and added"),
            (&["ALL"], &["ALL"], "adding all caps and removing all caps not allowed"),
        ];
        for (add, drop, expected) in cases {
            assert_eq!(choose(add, drop, false, true).unwrap_err().to_string(), *expected);
        }
    }

    /// Capabilities belong to a thread, so a thread of its own can give them up for good.
    #[test]
    fn a_thread_that_applied_them_has_no_others() {
        let chosen = choose(&["NET_RAW"], &["KILL"], false, true).unwrap();
        let chosen = Capabilities { inheritable: set(&["NET_RAW"]), ambient: set(&["NET_RAW"]), ..chosen };
        if !rustix::thread::capabilities(None).unwrap().permitted.contains(chosen.bounding_set()) {
            return; // skipped: needs the capabilities of root
        }
        let status = std::thread::spawn(move || {
            chosen.limit_bounding().unwrap();
            chosen.apply().unwrap();
            std::fs::read_to_string("/proc/thread-self/status").unwrap()
        });
        let status = status.join().unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        assert_eq!(field("CapBnd:"), chosen.bounding);
        assert_eq!(field("CapEff:"), chosen.effective);
        assert_eq!(field("CapPrm:"), chosen.permitted);
        assert_eq!(field("CapInh:"), chosen.inheritable);
        assert_eq!(field("CapAmb:"), chosen.ambient);
    }

    #[test]
    fn converts_to_the_specification_and_back() {
        let chosen = choose(&["ALL"], &["MKNOD"], false, false).unwrap();
        assert_eq!(Capabilities::from_spec(&chosen.to_spec()), chosen);
        assert_eq!(Capabilities::from_spec(&Capabilities::default().to_spec()), Capabilities::default());
    }
}
