//! From the command to init: namespaces made and joined.
//!
//! Without namespaces to join, init is cloned straight into its new ones. Otherwise a helper, forked first, joins what
//! has a path, and clones init as its own sibling, so that the command's engine reaps it:
//!
//! 1. joins that the caller's present rights allow (a network made by root for a container with ids of its own),
//! 2. the user namespace, joined or new (its maps are written by the command),
//! 3. joins that only the rights in that one allow (the other namespaces of a pod without root),
//! 4. clocks, which are set before the first process is in their namespace,
//! 5. init, in all that is new.

use super::conversation::{Report, report, wait};
use super::error::OciError;
use crate::runtime::cgroup::{Group, fork_at_home};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::init::{Role, execute_as, protected_program};
use crate::sys::process::{Fork, NewNamespaces, exit_now, fork_into, fork_sibling_into, unshare};
use oci_spec::runtime::{Linux, LinuxNamespaceType};
use rustix::fs::{Gid, Mode, OFlags, Uid};
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

/// The namespaces of a configuration.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// Made new when init is cloned. The control group's is not among them: init makes it once it is in its group.
    new: NewNamespaces,
    /// Joined by path.
    joined: Vec<(LinuxNamespaceType, PathBuf)>,
    /// Clocks, `NAME SECONDS NANOSECONDS` a line.
    clocks: String,
    /// The caller's supplementary groups stay.
    keeps_groups: bool,
}

impl Default for NewNamespaces {
    fn default() -> Self {
        NewNamespaces::empty()
    }
}

impl Namespaces {
    /// Reads them from a configuration.
    pub(super) fn of(linux: &Linux, keeps_groups: bool) -> Self {
        let mut namespaces = Namespaces { keeps_groups, ..Namespaces::default() };
        for namespace in linux.namespaces().iter().flatten() {
            match namespace.path() {
                Some(path) => namespaces.joined.push((namespace.typ(), path.clone())),
                None => namespaces.new |= flag(namespace.typ()),
            }
        }
        for (clock, offset) in linux.time_offsets().iter().flatten() {
            let (seconds, rest) = (offset.secs().unwrap_or(0), offset.nanosecs().unwrap_or(0));
            namespaces.clocks.push_str(&format!("{clock} {seconds} {rest}\n"));
        }
        namespaces
    }

    /// Whether a user namespace is made.
    pub(super) fn has_new_user(&self) -> bool {
        self.new.contains(NewNamespaces::USER)
    }

    /// Adds a user namespace.
    pub(super) fn add_user(&mut self) {
        self.new |= NewNamespaces::USER;
    }

    /// Whether there is one for mounts, new or joined.
    pub(super) fn has_mounts(&self) -> bool {
        self.has(LinuxNamespaceType::Mount)
    }

    /// Whether there is one for users, new or joined.
    pub(super) fn has_user(&self) -> bool {
        self.has(LinuxNamespaceType::User)
    }

    fn has(&self, kind: LinuxNamespaceType) -> bool {
        self.new.contains(flag(kind)) || self.joined.iter().any(|(joined, _)| *joined == kind)
    }

    /// Adds a mount namespace.
    pub(super) fn add_mounts(&mut self) {
        self.new |= NewNamespaces::MOUNT;
    }

    fn needs_helper(&self) -> bool {
        !self.joined.is_empty() || self.new.contains(NewNamespaces::TIME)
    }
}

fn flag(kind: LinuxNamespaceType) -> NewNamespaces {
    match kind {
        LinuxNamespaceType::Mount => NewNamespaces::MOUNT,
        LinuxNamespaceType::Cgroup => NewNamespaces::empty(),
        LinuxNamespaceType::Uts => NewNamespaces::UTS,
        LinuxNamespaceType::Ipc => NewNamespaces::IPC,
        LinuxNamespaceType::User => NewNamespaces::USER,
        LinuxNamespaceType::Pid => NewNamespaces::PID,
        LinuxNamespaceType::Network => NewNamespaces::NETWORK,
        LinuxNamespaceType::Time => NewNamespaces::TIME,
    }
}

/// What init is executed with.
#[derive(Debug)]
pub(super) struct Start {
    /// Descriptors 0 to 2.
    pub(super) standard: [OwnedFd; 3],
    /// To the command.
    pub(super) socket: OwnedFd,
    /// The plan.
    pub(super) plan: OwnedFd,
    /// Others that it finds by the numbers in its plan.
    pub(super) kept: Vec<OwnedFd>,
}

/// The process that was forked.
#[derive(Debug)]
pub(super) struct Forked {
    /// init, or the helper.
    pub(super) pid: Pid,
    /// Its descriptor.
    pub(super) pidfd: OwnedFd,
    /// It is the helper.
    pub(super) is_helper: bool,
    /// It is in the container's control group.
    pub(super) is_at_home: bool,
}

/// Forks init or the helper, where that can be in `group`.
pub(super) fn fork(namespaces: &Namespaces, group: Option<&Group>, start: Start) -> Result<Forked, OciError> {
    let is_helper = namespaces.needs_helper();
    let new = if is_helper { NewNamespaces::empty() } else { namespaces.new };
    let at_home = group.map_or(Ok(None), |group| fork_at_home(group, new));
    let (forked, is_at_home) = match at_home {
        Ok(Some(fork)) => (Ok(fork), true),
        Ok(None) => (fork_into(new), false),
        Err(error) => (Err(error), false),
    };
    match forked {
        Ok(Fork::Child) => {
            match is_helper {
                true => help(namespaces, start),
                false => become_init(start),
            };
            exit_now(125)
        }
        Ok(Fork::Parent { pid, pidfd }) => Ok(Forked { pid, pidfd, is_helper, is_at_home }),
        Err(error) => Err(OciError::system("create the container's namespaces", error)),
    }
}

/// Executes this program afresh as init. Returns only when that failed, which has been reported.
fn become_init(start: Start) {
    let Start { standard, socket, plan, kept } = start;
    let failure = match keep(&kept).and_then(|()| protected_program()) {
        Ok(program) => execute_as(Role::OciInit, &program, &standard, &socket, &plan),
        Err(failure) => failure,
    };
    report(&socket, &Report::Failed(failure), None);
}

/// Has descriptors survive exec.
pub(super) fn keep(kept: &[OwnedFd]) -> Step<()> {
    kept.iter().try_for_each(|descriptor| {
        rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())
            .map_err(|error| Failure::setup("pass descriptors to init", error))
    })
}

/// The helper's life.
fn help(namespaces: &Namespaces, start: Start) {
    let _ = rustix::thread::set_name(c"coracle-stage"); // only cosmetic
    let forked = enter(namespaces, &start.socket).and_then(|new| {
        fork_sibling_into(new).map_err(|error| Failure::setup("create the container's namespaces", error))
    });
    match forked {
        Ok(Fork::Child) => {
            become_init(start);
            exit_now(125)
        }
        Ok(Fork::Parent { pid, pidfd }) => {
            report(&start.socket, &Report::Forked(pid.as_raw_nonzero().get()), Some(pidfd.as_fd()));
        }
        Err(failure) => report(&start.socket, &Report::Failed(failure), None),
    }
    exit_now(0)
}

/// Joins and makes what comes before init; returns what is new for init.
fn enter(namespaces: &Namespaces, socket: &OwnedFd) -> Step<NewNamespaces> {
    let mut files = Vec::new();
    for (kind, path) in &namespaces.joined {
        let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| join_failure(*kind, path, error))?;
        files.push((*kind, path, file));
    }
    // Mounts last of all: the other files are found by then, but /proc may not be.
    files.sort_by_key(|(kind, ..)| *kind == LinuxNamespaceType::Mount);
    let mut later = Vec::new();
    let mut user = None;
    for (kind, path, file) in files {
        match kind {
            LinuxNamespaceType::User => user = Some((kind, path, file)),
            LinuxNamespaceType::Mount => later.push((kind, path, file)),
            _ if join(kind, &file).is_err() => later.push((kind, path, file)),
            _ => {}
        }
    }
    if let Some((kind, path, file)) = &user {
        // A process cannot join the user namespace it is in.
        if !is_own_user_namespace(file) {
            join(*kind, file).map_err(|error| join_failure(*kind, path, error))?;
        }
    }
    let mut new = namespaces.new;
    if new.contains(NewNamespaces::USER) {
        unshare(NewNamespaces::USER).map_err(|error| Failure::setup("create a user namespace", error))?;
        report(socket, &Report::Unshared, None);
        wait(socket)?;
        new -= NewNamespaces::USER;
    }
    if new.contains(NewNamespaces::TIME) {
        unshare(NewNamespaces::TIME).map_err(|error| Failure::setup("create a time namespace", error))?;
        new -= NewNamespaces::TIME;
        if !namespaces.clocks.is_empty() {
            std::fs::write("/proc/self/timens_offsets", &namespaces.clocks)
                .map_err(|error| Failure::setup("set the clocks of the time namespace", error))?;
        }
    }
    // Only now: a process that has changed its ids may not write its own files in /proc (proc(5), dumpable).
    if user.is_some() || namespaces.has_new_user() {
        become_root(namespaces.keeps_groups);
    }
    for (kind, path, file) in later {
        join(kind, &file).map_err(|error| join_failure(kind, path, error))?;
    }
    Ok(new)
}

fn join(kind: LinuxNamespaceType, file: &OwnedFd) -> rustix::io::Result<()> {
    let kind = match kind {
        LinuxNamespaceType::Mount => LinkNameSpaceType::Mount,
        LinuxNamespaceType::Cgroup => LinkNameSpaceType::ControlGroup,
        LinuxNamespaceType::Uts => LinkNameSpaceType::HostNameAndNISDomainName,
        LinuxNamespaceType::Ipc => LinkNameSpaceType::InterProcessCommunication,
        LinuxNamespaceType::User => LinkNameSpaceType::User,
        LinuxNamespaceType::Pid => LinkNameSpaceType::ProcessID,
        LinuxNamespaceType::Network => LinkNameSpaceType::Network,
        LinuxNamespaceType::Time => LinkNameSpaceType::Time,
    };
    move_into_link_name_space(file.as_fd(), Some(kind))
}

fn join_failure(kind: LinuxNamespaceType, path: &std::path::Path, error: rustix::io::Errno) -> Failure {
    Failure::setup(format_args!("join {kind} namespace {:?}", path.display()), error)
}

fn is_own_user_namespace(file: &OwnedFd) -> bool {
    let identity = |status: rustix::fs::Stat| (status.st_dev, status.st_ino);
    let own = rustix::fs::stat("/proc/self/ns/user").map(identity);
    own.is_ok() && own == rustix::fs::fstat(file).map(identity)
}

/// Becomes the root of the user namespace, where it maps one; who has all capabilities needs it only for what belongs
/// to whom.
pub(super) fn become_root(keeps_groups: bool) {
    if !keeps_groups {
        let _ = rustix::thread::set_thread_groups(&[]); // forbidden under a map of one id
    }
    let _ = rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT); // may not be mapped
    let _ = rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT); // may not be mapped
}
