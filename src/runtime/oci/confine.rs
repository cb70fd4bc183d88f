//! Giving up: limits, attributes, working directory, groups, ids, capabilities, labels, `no_new_privs`, seccomp.
//!
//! A filter needs either `no_new_privs` or a capability that is about to go: without the former it is installed first and
//! must then allow what follows, as the ecosystem's profiles do; with it, it comes last.

use super::attributes;
use super::conversation::{Report, report};
use super::init::{group, open_directory};
use crate::runtime::capabilities::{Capabilities, CapabilitySet, bounding_set};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::labels;
use crate::runtime::rlimits::{self, Limit};
use crate::runtime::rooted::Rooted;
use crate::runtime::seccomp;
use oci_spec::runtime::{LinuxMemoryPolicy, LinuxPersonality, LinuxSeccomp, PosixRlimit, Process};
use rustix::fs::{Gid, Mode, Uid};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// What a process is confined to.
pub(super) struct Confinement<'a> {
    /// The process.
    pub(super) process: &'a Process,
    /// The filter of system calls.
    pub(super) seccomp: Option<&'a LinuxSeccomp>,
    /// The execution domain.
    pub(super) personality: Option<&'a LinuxPersonality>,
    /// From where it gets memory.
    pub(super) memory: Option<&'a LinuxMemoryPolicy>,
    /// A first process: its working directory was made if it could be.
    pub(super) makes_cwd: bool,
    /// The supplementary groups are left as they are.
    pub(super) keeps_groups: bool,
}

/// Confines this process. `socket` gets warnings and the listener of the filter.
pub(super) fn confine(confinement: &Confinement<'_>, root: &Rooted, socket: &OwnedFd) -> Step<()> {
    let process = confinement.process;
    limit(process, socket)?;
    if let Some(wish) = process.scheduler() {
        attributes::schedule(wish)?;
    }
    if let Some(wish) = process.io_priority() {
        attributes::prioritize_io(wish)?;
    }
    if let Some(wish) = confinement.personality {
        attributes::personate(wish)?;
    }
    if let Some(wish) = confinement.memory {
        attributes::place_memory(wish)?;
    }
    label(process, socket)?;
    // As in a container of `run`: handles of the host's directories are open until the exec (CVE-2016-9962).
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|error| Failure::setup("become unreadable for others", error))?;
    let entered = enter_directory(root, confinement);
    let capabilities = grantable(process, socket);
    let filter = Filter::of(confinement.seccomp, &capabilities)?;
    let no_new_privileges = process.no_new_privileges().unwrap_or(false);
    if !no_new_privileges {
        filter.install(socket)?;
    }
    let told = |error: crate::runtime::option_error::OptionError| Failure::message(error.to_string());
    capabilities.limit_bounding().map_err(told)?;
    rustix::thread::set_keep_capabilities(true)
        .map_err(|error| Failure::setup("keep capabilities over the change of user", error))?;
    take_identity(process, confinement.keeps_groups)?;
    // A directory that only the user may enter: its own rights decide.
    if entered.is_err() {
        enter_directory(root, confinement)?;
    }
    capabilities.apply().map_err(told)?;
    let mask = process.user().umask().unwrap_or(0o022);
    rustix::process::umask(Mode::from_raw_mode(mask));
    if no_new_privileges {
        rustix::thread::set_no_new_privs(true).map_err(|error| Failure::setup("set no_new_privs", error))?;
        filter.install(socket)?;
    }
    Ok(())
}

/// Sets resource limits; one above the caller's own is lowered to it, and told, where raising is not permitted.
fn limit(process: &Process, socket: &OwnedFd) -> Step<()> {
    let known = |limit: &PosixRlimit| Limit::new(&limit.typ().to_string(), limit.soft(), limit.hard());
    for limit in process.rlimits().iter().flatten().filter_map(known) {
        let Err(error) = rlimits::apply(&[limit]) else { continue };
        let (lowered, clamped) = rlimits::resolve(&rlimits::Wish::Limits(vec![limit]), false);
        let own: Vec<Limit> = lowered.into_iter().filter(|other| other.name == limit.name).collect();
        match clamped.first() {
            Some(note) if rlimits::apply(&own).is_ok() => {
                report(socket, &Report::Warning(note.to_string()), None);
            }
            _ => return Err(Failure::message(error.to_string())),
        }
    }
    Ok(())
}

fn label(process: &Process, socket: &OwnedFd) -> Step<()> {
    let given = |label: &Option<String>| label.clone().filter(|label| !label.is_empty());
    if let Some(profile) = given(process.apparmor_profile())
        && !labels::enter_profile(&profile)?
    {
        report(
            socket,
            &Report::Warning(format!("apparmor profile {profile:?} is not applied: the host has no AppArmor")),
            None,
        );
    }
    if let Some(context) = given(process.selinux_label())
        && !labels::enter_context(&context)?
    {
        report(
            socket,
            &Report::Warning(format!("selinux label {context:?} is not applied: the host has no SELinux")),
            None,
        );
    }
    Ok(())
}

/// Enters the working directory; it must lie in the container (CVE-2024-21626).
fn enter_directory(root: &Rooted, confinement: &Confinement<'_>) -> Step<()> {
    let directory = confinement.process.cwd();
    let shown = directory.display();
    let failed = |error: Errno| match confinement.makes_cwd {
        true => Failure::setup(format_args!("chdir to cwd ({shown:?}) set in config.json failed"), error),
        false => Failure::setup(format_args!("chdir to cwd ({shown:?}) failed"), error),
    };
    let opened = open_directory(root, directory).map_err(failed)?;
    rustix::process::fchdir(opened).map_err(failed)?;
    let reached = rustix::process::getcwd(Vec::new()).map_err(failed)?;
    if reached.to_bytes().starts_with(b"/") { Ok(()) } else { Err(failed(Errno::PERM)) }
}

/// The capabilities of the process without those that this one has not ("cannot be granted": a warning).
fn grantable(process: &Process, socket: &OwnedFd) -> Capabilities {
    let wish = process.capabilities().as_ref().map(Capabilities::from_spec).unwrap_or_default();
    let own = rustix::thread::capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.permitted);
    let bounding = wish.bounding & bounding_set().bits();
    let permitted = wish.permitted & own.bits();
    let effective = wish.effective & permitted;
    // Beyond what is permitted, inheritable ones must be in the bounding set (capabilities(7)).
    let inheritable = wish.inheritable & (own.bits() | bounding);
    let ambient = wish.ambient & permitted & inheritable;
    let granted = Capabilities { bounding, effective, permitted, inheritable, ambient };
    if granted != wish {
        let text = "some capabilities of the configuration cannot be granted here and were left out".to_owned();
        report(socket, &Report::Warning(text), None);
    }
    granted
}

fn take_identity(process: &Process, keeps_groups: bool) -> Step<()> {
    let user = process.user();
    let unmapped = |error: Errno, kind: &str, id: u32| {
        let failure = Failure::setup(format_args!("become {kind} {id}"), error);
        match error {
            Errno::INVAL => {
                failure.with_hint(format!("{kind} id {id} is not mapped in the container's user namespace"))
            }
            _ => failure,
        }
    };
    let gid = Gid::from_raw(user.gid());
    rustix::thread::set_thread_res_gid(gid, gid, gid).map_err(|error| unmapped(error, "group", user.gid()))?;
    let groups: Vec<Gid> = user.additional_gids().iter().flatten().copied().map(group).collect();
    match if keeps_groups { Ok(()) } else { rustix::thread::set_thread_groups(&groups) } {
        // A map of one id forbids setgroups(2) for good (user_namespaces(7)); there are no other groups then.
        Ok(()) | Err(Errno::PERM | Errno::INVAL) => {}
        Err(error) => return Err(Failure::setup("set supplementary groups", error)),
    }
    let uid = Uid::from_raw(user.uid());
    rustix::thread::set_thread_res_uid(uid, uid, uid).map_err(|error| unmapped(error, "user", user.uid()))
}

/// A compiled filter.
struct Filter(Option<(seccomp::Program, u32)>);

impl Filter {
    fn of(spec: Option<&LinuxSeccomp>, capabilities: &Capabilities) -> Step<Self> {
        let failed = |error: seccomp::SeccompError| Failure::message(format!("install the seccomp filter: {error}"));
        let Some(spec) = spec else { return Ok(Filter(None)) };
        let profile = seccomp::Profile::from_spec(spec);
        let flags = profile.options().map_err(failed)?.flags;
        let context = seccomp::Context::here(capabilities.bounding_set()).map_err(failed)?;
        let program = profile.policy(context).and_then(|policy| seccomp::compile(&policy)).map_err(failed)?;
        Ok(Filter(Some((program, flags))))
    }

    /// Installs it; the listener, where the filter notifies, goes to the command, which passes it on.
    fn install(&self, socket: &OwnedFd) -> Step<()> {
        let Filter(Some((program, flags))) = self else { return Ok(()) };
        let listener = seccomp::install(program, *flags)
            .map_err(|error| Failure::message(format!("install the seccomp filter: {error}")))?;
        if let Some(listener) = listener {
            report(socket, &Report::Listener, Some(listener.as_fd()));
        }
        Ok(())
    }
}
