//! Profiles as files: the JSON format of Docker and containers-common, and the runtime specification's `linux.seccomp`.
//!
//! The first is the second plus conditions: rules for some architectures, capabilities or kernels only, and a map of
//! sub-architectures. [`Profile::policy`] keeps the rules that apply and looks their names up. Follows
//! containers-common (pkg/seccomp), moby (profiles/seccomp) and runc in two details libseccomp does not have:
//! two conditions on the same argument of one rule mean either of them, and calls newer than any that the profile
//! names fail with ENOSYS where the profile's default would be another error or death, unless it sets
//! `defaultErrnoRet` itself.

use super::SeccompError;
use super::arch::Arch;
use super::default_profile::Context;
use super::policy::{Action, Condition, Operator, Policy};
use crate::runtime::capabilities;
use oci_spec::runtime::LinuxSeccomp;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Largest profile read; the common ones have 30 KB.
const MOST_BYTES: u64 = 4 << 20;

/// The action that puts a call to an agent.
const NOTIFY: &str = "SCMP_ACT_NOTIFY";

/// Calls by which the descriptor is sent off and its installer goes on: who waits for their answer would wait for ever.
const OWN_CALLS: [&str; 2] = ["write", "sendmsg"];

/// A profile, read but not resolved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    architectures: Option<Vec<String>>,
    arch_map: Option<Vec<ArchMap>>,
    flags: Option<Vec<String>>,
    listener_path: Option<PathBuf>,
    listener_metadata: Option<String>,
    syscalls: Option<Vec<Syscalls>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    sub_architectures: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Syscalls {
    name: String,
    names: Option<Vec<String>>,
    action: String,
    errno_ret: Option<u32>,
    args: Option<Vec<Argument>>,
    includes: Option<Filter>,
    excludes: Option<Filter>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u64,
    value: u64,
    #[serde(default)]
    value_two: Option<u64>,
    op: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    caps: Option<Vec<String>>,
    arches: Option<Vec<String>>,
    min_kernel: Option<String>,
}

/// What a profile asks of seccomp(2) besides its program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `SECCOMP_FILTER_FLAG_*` to set.
    pub flags: u32,
    /// Unix socket of a listener that gets the notify descriptor.
    pub listener_path: Option<PathBuf>,
    /// Text passed to that listener.
    pub listener_metadata: Option<String>,
}

impl Profile {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be opened or is no profile.
    pub fn read(path: &Path) -> Result<Self, SeccompError> {
        use std::io::Read;
        let open = |source| SeccompError::Open { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(open)?;
        let mut text = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut text).map_err(open)?;
        Profile::parse(&text)
    }

    /// Reads JSON text.
    ///
    /// # Errors
    /// Text that is no profile.
    pub fn parse(text: &[u8]) -> Result<Self, SeccompError> {
        serde_json::from_slice(text).map_err(SeccompError::Decode)
    }

    /// The socket of who answers the notified calls; `None` where no call is notified.
    ///
    /// # Errors
    /// A profile that names nobody, or has calls notified without which no container would start.
    pub fn agent(&self) -> Result<Option<&Path>, SeccompError> {
        if self.default_action == NOTIFY {
            return Err(SeccompError::NotifiedByDefault);
        }
        let mut notified = self.syscalls.iter().flatten().filter(|rule| rule.action == NOTIFY).peekable();
        if notified.peek().is_none() {
            return Ok(None);
        }
        for rule in notified {
            let named = |call: &str| rule.name == call || rule.names.iter().flatten().any(|name| name == call);
            if let Some(own) = OWN_CALLS.into_iter().find(|own| named(own)) {
                return Err(SeccompError::NotifiedOwn(own));
            }
        }
        match self.listener_path.as_deref() {
            Some(path) if !path.as_os_str().is_empty() => Ok(Some(path)),
            _ => Err(SeccompError::NoAgent),
        }
    }

    /// From a bundle's `linux.seccomp`.
    pub fn from_spec(spec: &LinuxSeccomp) -> Self {
        let syscalls = spec.syscalls().iter().flatten().map(|rule| Syscalls {
            names: Some(rule.names().clone()),
            action: rule.action().to_string(),
            errno_ret: rule.errno_ret(),
            args: rule.args().as_ref().map(|args| args.iter().map(Argument::from_spec).collect()),
            ..Syscalls::default()
        });
        let words = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Profile {
            default_action: spec.default_action().to_string(),
            default_errno_ret: spec.default_errno_ret(),
            architectures: words(spec.architectures().iter().flatten().map(ToString::to_string).collect()),
            arch_map: None,
            flags: words(spec.flags().iter().flatten().map(ToString::to_string).collect()),
            listener_path: spec.listener_path().clone(),
            listener_metadata: spec.listener_metadata().clone(),
            syscalls: Some(syscalls.collect()),
        }
    }

    /// The flags and the listener.
    ///
    /// # Errors
    /// Unknown flags.
    pub fn options(&self) -> Result<Options, SeccompError> {
        // A profile that names flags means exactly those, as runc reads it.
        let mut flags = if self.flags.is_none() { super::USUAL_FLAGS } else { 0 };
        for name in self.flags.iter().flatten() {
            flags |= match name.as_str() {
                // The filter is installed by a process with one thread, so there is nobody to synchronise.
                "SECCOMP_FILTER_FLAG_TSYNC" => 0,
                "SECCOMP_FILTER_FLAG_LOG" => crate::sys::seccomp::FLAG_LOG,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => crate::sys::seccomp::FLAG_SPEC_ALLOW,
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => crate::sys::seccomp::FLAG_WAIT_KILLABLE_RECV,
                _ => return Err(SeccompError::UnknownFlag(name.clone())),
            };
        }
        Ok(Options {
            flags,
            listener_path: self.listener_path.clone(),
            listener_metadata: self.listener_metadata.clone(),
        })
    }

    /// The decisions of this profile for a container.
    ///
    /// # Errors
    /// Words of the profile that mean nothing.
    pub fn policy(&self, context: Context) -> Result<Policy, SeccompError> {
        let default = action(&self.default_action, self.default_errno_ret)?;
        let stub = self.default_errno_ret.is_none()
            && !matches!(default, Action::Allow | Action::Log | Action::Trace(_) | Action::Notify);
        let beyond = if stub { Action::Errno(libc::ENOSYS as u16) } else { default };
        let mut policy = Policy::new(&self.arches(context.native)?, default, beyond);
        for rule in self.syscalls.iter().flatten() {
            if rule.applies(context)? {
                rule.add_to(&mut policy)?;
            }
        }
        Ok(policy)
    }

    fn arches(&self, native: Arch) -> Result<Vec<Arch>, SeccompError> {
        let maps = self.arch_map.as_deref().unwrap_or_default();
        let listed = self.architectures.as_deref().unwrap_or_default();
        if !maps.is_empty() && !listed.is_empty() {
            return Err(SeccompError::BothArchitectures);
        }
        let mut found = Vec::new();
        let mut add = |name: &str| -> Result<(), SeccompError> {
            if let Some(arch) = Arch::from_profile_name(name, native)?
                && !found.contains(&arch)
            {
                found.push(arch);
            }
            Ok(())
        };
        for name in listed {
            add(name)?;
        }
        for map in maps {
            if Arch::from_profile_name(&map.architecture, native)? == Some(native) {
                add(&map.architecture)?;
                map.sub_architectures.iter().flatten().try_for_each(|name| add(name))?;
            }
        }
        // libseccomp has the native one whatever is said; profiles for runc and crun rely on that.
        if !found.contains(&native) {
            found.push(native);
        }
        Ok(found)
    }
}

impl Syscalls {
    fn applies(&self, context: Context) -> Result<bool, SeccompError> {
        let native = context.native.go_name();
        let has = |name: &String| match capabilities::from_name(name) {
            Some(capability) => Ok(context.capabilities.contains(capability)),
            None => Err(SeccompError::UnknownCapability(name.clone())),
        };
        if let Some(filter) = &self.includes {
            let arches = filter.arches.as_deref().unwrap_or_default();
            if !arches.is_empty() && !arches.iter().any(|arch| arch == native) {
                return Ok(false);
            }
            for name in filter.caps.iter().flatten() {
                if !has(name)? {
                    return Ok(false);
                }
            }
            if filter.min_kernel.as_deref().is_some_and(|text| context.kernel < version(text)) {
                return Ok(false);
            }
        }
        if let Some(filter) = &self.excludes {
            if filter.arches.iter().flatten().any(|arch| arch == native) {
                return Ok(false);
            }
            for name in filter.caps.iter().flatten() {
                if has(name)? {
                    return Ok(false);
                }
            }
            if filter.min_kernel.as_deref().is_some_and(|text| context.kernel >= version(text)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn add_to(&self, policy: &mut Policy) -> Result<(), SeccompError> {
        let action = action(&self.action, self.errno_ret)?;
        let one = Some(&self.name).filter(|name| !name.is_empty());
        for name in self.names.iter().flatten().chain(one) {
            let conditions = self.args.iter().flatten().map(|argument| argument.condition(name));
            let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
            if repeats_an_argument(&conditions) {
                conditions.into_iter().for_each(|condition| policy.decide(name, vec![condition], action));
            } else {
                policy.decide(name, conditions, action);
            }
        }
        Ok(())
    }
}

fn repeats_an_argument(conditions: &[Condition]) -> bool {
    let count = |argument| conditions.iter().filter(|other| other.argument == argument).count();
    conditions.iter().any(|condition| count(condition.argument) > 1)
}

impl Argument {
    fn from_spec(spec: &oci_spec::runtime::LinuxSeccompArg) -> Self {
        Argument {
            index: spec.index() as u64,
            value: spec.value(),
            value_two: spec.value_two(),
            op: spec.op().to_string(),
        }
    }

    fn condition(&self, syscall: &str) -> Result<Condition, SeccompError> {
        let Some(argument) = u8::try_from(self.index).ok().filter(|index| *index < 6) else {
            return Err(SeccompError::ArgumentIndex { syscall: syscall.to_owned(), index: self.index });
        };
        let plain = |operator| Condition { argument, operator, value: self.value };
        Ok(match self.op.as_str() {
            "SCMP_CMP_NE" => plain(Operator::NotEqual),
            "SCMP_CMP_LT" => plain(Operator::Less),
            "SCMP_CMP_LE" => plain(Operator::LessOrEqual),
            "SCMP_CMP_EQ" => plain(Operator::Equal),
            "SCMP_CMP_GE" => plain(Operator::GreaterOrEqual),
            "SCMP_CMP_GT" => plain(Operator::Greater),
            "SCMP_CMP_MASKED_EQ" => {
                let value = self.value_two.unwrap_or(0);
                Condition { argument, operator: Operator::MaskedEqual(self.value), value }
            }
            _ => return Err(SeccompError::UnknownOperator(self.op.clone())),
        })
    }
}

fn action(name: &str, errno: Option<u32>) -> Result<Action, SeccompError> {
    // The kernel takes error numbers up to MAX_ERRNO only and would cut others off itself.
    let number = |missing: u16| errno.map_or(missing, |errno| u16::try_from(errno).unwrap_or(u16::MAX));
    Ok(match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
        "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
        "SCMP_ACT_TRAP" => Action::Trap,
        "SCMP_ACT_ERRNO" => Action::Errno(number(libc::EPERM as u16).min(4095)),
        "SCMP_ACT_TRACE" => Action::Trace(number(libc::EPERM as u16)),
        "SCMP_ACT_LOG" => Action::Log,
        "SCMP_ACT_ALLOW" => Action::Allow,
        "SCMP_ACT_NOTIFY" => Action::Notify,
        _ => return Err(SeccompError::UnknownAction(name.to_owned())),
    })
}

/// `MAJOR.MINOR`; text that is none is a version no kernel has.
fn version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(u32::MAX));
    (parts.next().unwrap_or(u32::MAX), parts.next().unwrap_or(0))
}
