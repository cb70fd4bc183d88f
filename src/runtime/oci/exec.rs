//! `exec`: a further process in a running container.
//!
//! A helper joins the container's namespaces and clones the process as its own sibling, so that the command (or, once it
//! has gone, the engine) is its parent. Joining and the protection of the program are those of
//! [`crate::runtime::exec`].

use super::bundle::{check_process, decode_process, read_file};
use super::container::{Container, Status};
use super::conversation::{Report, receive, report};
use super::create::{
    Preserved, Terminal, console, judge_terminal, keeps_groups, null_streams, standard_streams, write_pid_file,
};
use super::error::OciError;
use super::init::{ExecPlan, hand_over_plan};
use super::spawn::keep;
use super::{Runtime, attributes, host_mounts};
use crate::runtime::capabilities::{self, Capabilities};
use crate::runtime::cgroup::{Group, GroupError, Hierarchy, Scope};
use crate::runtime::failure::Failure;
use crate::runtime::init::{Role, execute_as};
use crate::store::containers::ProcessId;
use crate::sys::errno::Words;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, exit_now, fork_into, fork_sibling_into};
use oci_spec::runtime::{LinuxNamespaceType, Process, Spec};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

/// What `exec` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ExecOptions {
    /// The container.
    pub id: String,
    /// Process in the form of the specification; the other fields are for when there is none.
    pub process_file: Option<PathBuf>,
    /// Arguments.
    pub arguments: Vec<String>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Variables added to those of the container's process.
    pub environment: Vec<String>,
    /// `UID[:GID]`.
    pub user: Option<String>,
    /// Further groups.
    pub additional_gids: Vec<u32>,
    /// Capabilities added.
    pub capabilities: Vec<String>,
    /// Set `no_new_privs`; `None` as the container's process.
    pub no_new_privileges: Option<bool>,
    /// AppArmor profile.
    pub apparmor: Option<String>,
    /// SELinux context.
    pub label: Option<String>,
    /// Give it a terminal.
    pub tty: bool,
    /// Where the terminal goes, when there is one.
    pub terminal: Terminal,
    /// File that gets the process id.
    pub pid_file: Option<PathBuf>,
    /// How many descriptors from 3 on the process keeps.
    pub preserve_fds: u32,
    /// Start it in a container that is frozen, too.
    pub ignore_paused: bool,
    /// Group below the container's that it is put into.
    pub group: Option<PathBuf>,
}

/// A process that was executed.
#[derive(Debug)]
pub struct ExecProcess {
    /// Its number; a child of the caller.
    pub pid: Pid,
    /// Its descriptor.
    pub pidfd: OwnedFd,
    /// Master side of its terminal ([`Terminal::Own`]).
    pub terminal: Option<OwnedFd>,
}

impl Runtime<'_> {
    /// Starts a further process; returns once it has been executed. Forks; the caller must have a single thread.
    ///
    /// # Errors
    /// The container does not run; the process cannot be executed.
    pub fn exec(&self, options: &ExecOptions) -> Result<ExecProcess, OciError> {
        let preserved = Preserved::of(options.preserve_fds)?;
        let container = self.container(&options.id)?;
        let refuse = |reason: &str| {
            Err(OciError::State { operation: "exec in", id: options.id.clone(), reason: reason.to_owned() })
        };
        match container.status() {
            Status::Running | Status::Created => {}
            Status::Paused if options.ignore_paused => {}
            Status::Paused => return refuse("cannot exec in a paused container (use --ignore-paused to override)"),
            Status::Stopped => return refuse("cannot exec in a stopped container: container not running"),
            Status::Creating => return refuse("it is still being created"),
        }
        let Some(target) = container.process() else { return refuse("container not running") };
        let spec = container.spec()?;
        let process = process(options, &spec, self.warn)?;
        check_process(&process)?;
        let wants_terminal = process.terminal().unwrap_or(false);
        judge_terminal(wants_terminal, &options.terminal)?;
        let destination = if wants_terminal { options.terminal.clone() } else { Terminal::None };
        let (console, terminal) = console(&destination)?;
        let linux = spec.linux().as_ref();
        let state = container.state_as(Status::Running, Some(&spec));
        let plan = ExecPlan {
            seccomp: linux.and_then(|linux| linux.seccomp().clone()),
            personality: linux.and_then(|linux| linux.personality().clone()),
            memory: linux.and_then(|linux| linux.memory_policy().clone()),
            console: console.as_ref().map(AsRawFd::as_raw_fd),
            preserved: preserved.count,
            new_user: linux.is_some_and(|linux| super::bundle::has(linux, LinuxNamespaceType::User))
                || !rustix::process::geteuid().is_root(),
            state: state.clone(),
            keeps_groups: keeps_groups(&spec),
            to_pipe: options.terminal.goes_to_pipe(),
            process,
        };
        let (socket, other) = message::pair().map_err(|error| OciError::system("make a socket", error))?;
        let helper = Helper {
            target,
            standard: if wants_terminal { null_streams()? } else { standard_streams()? },
            socket: other,
            plan: hand_over_plan(&plan)?,
            kept: console.into_iter().collect(),
            affinity: plan.process.exec_cpu_affinity().clone(),
            group: container.record.group.clone(),
            scope: container.record.scope.clone(),
            root: container.record.root_mount.map(|mount| (container.record.root.clone(), mount)),
            group_below: group_below(options, &container)?,
        };
        let (pid, pidfd) = self.fork_helper(helper, &socket)?;
        if let Some(score) = plan.process.oom_score_adj() {
            // Lowering it below one's own is a privilege (proc(5)).
            let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), score.to_string());
        }
        let affinity = plan.process.exec_cpu_affinity().as_ref().and_then(|affinity| affinity.initial().as_deref());
        if let Some(mask) = affinity.and_then(|list| attributes::mask_of_processors(list).ok()) {
            (self.debug)(&format!("nsexec: affinity: 0x{mask}"));
        }
        (self.debug)("nsexec container setup: namespaces are joined");
        (self.debug)(&format!("child process in init(): it is process {}", pid.as_raw_nonzero()));
        (self.debug)("setns_init: about to exec");
        let heard = self.hear(&socket, &spec, &state);
        if let Err(error) = heard {
            let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            return Err(error);
        }
        if let Some(path) = &options.pid_file {
            write_pid_file(path, pid)?;
        }
        Ok(ExecProcess { pid, pidfd, terminal })
    }

    /// Forks the helper; returns the process it has cloned.
    fn fork_helper(&self, helper: Helper, socket: &OwnedFd) -> Result<(Pid, OwnedFd), OciError> {
        let forked = fork_into(NewNamespaces::empty());
        let pidfd = match forked.map_err(|error| OciError::system("fork", error))? {
            Fork::Child => helper.run(),
            Fork::Parent { pidfd, .. } => pidfd,
        };
        drop(helper);
        let result = loop {
            match receive(socket) {
                Ok(Some((Report::Forked(number), Some(process)))) => {
                    let pid = Pid::from_raw(number);
                    break pid.map(|pid| (pid, process)).ok_or_else(|| Failure::message("no process was made").into());
                }
                Ok(Some((Report::Warning(text), _))) => (self.warn)(&text),
                Ok(Some((Report::Failed(failure), _))) => break Err(failure.into()),
                _ => break Err(Failure::message("the helper that joins the container died").into()),
            }
        };
        let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED); // it ends by itself
        result
    }
}

/// What the helper works with.
struct Helper {
    target: ProcessId,
    standard: [OwnedFd; 3],
    socket: OwnedFd,
    plan: OwnedFd,
    kept: Vec<OwnedFd>,
    affinity: Option<oci_spec::runtime::ExecCPUAffinity>,
    /// The container's.
    group: Option<Group>,
    /// The scope that it is.
    scope: Option<Scope>,
    /// The root and the number of its mount, where the container's mounts are the runtime's own.
    root: Option<(PathBuf, u64)>,
    /// The one that was asked for.
    group_below: Option<Group>,
}

impl Helper {
    fn run(self) -> ! {
        let _ = rustix::thread::set_name(c"coracle-stage"); // only cosmetic
        match self.join_and_fork() {
            Ok(()) => exit_now(0),
            Err(failure) => {
                report(&self.socket, &Report::Failed(failure), None);
                exit_now(1)
            }
        }
    }

    fn join_and_fork(&self) -> Result<(), Failure> {
        self.bind(oci_spec::runtime::ExecCPUAffinity::initial)?;
        self.enter_group()?;
        self.bind(oci_spec::runtime::ExecCPUAffinity::cpu_affinity_final)?;
        let root = self.root.as_ref().map(|(root, mount)| host_mounts::open(root, *mount)).transpose()?;
        let program = crate::runtime::exec::join(self.target)?;
        if let Some(root) = root {
            let failed = |error| Failure::setup("enter the root file system", error);
            rustix::process::fchdir(&root).and_then(|()| rustix::process::chroot(".")).map_err(failed)?;
        }
        match fork_sibling_into(NewNamespaces::empty()) {
            Ok(Fork::Child) => {
                let failure = match keep(&self.kept) {
                    Ok(()) => execute_as(Role::OciExec, &program, &self.standard, &self.socket, &self.plan),
                    Err(failure) => failure,
                };
                report(&self.socket, &Report::Failed(failure), None);
                exit_now(255)
            }
            Ok(Fork::Parent { pid, pidfd }) => {
                report(&self.socket, &Report::Forked(pid.as_raw_nonzero().get()), Some(pidfd.as_fd()));
                Ok(())
            }
            Err(error) => Err(Failure::setup("start a process in the container", error)),
        }
    }

    /// Enters the container's control group, or the one below it that was asked for.
    fn enter_group(&self) -> Result<(), Failure> {
        let own = std::process::id();
        if let Some(group) = &self.group_below {
            return group.enter(0).map_err(|error| match error {
                // runc's words, which scripts look for.
                GroupError::File { path, source, .. } => {
                    let (path, cause) = (path.display(), Words(&source));
                    Failure::message(format!("adding pid {own} to cgroups: write {path}: {cause}"))
                }
                error => Failure::message(format!("adding pid {own} to cgroups: {error}")),
            });
        }
        let Some(Err(error)) = self.group.as_ref().map(|group| group.enter(0)) else { return Ok(()) };
        // A group that has passed controllers on takes no processes: the first process's is below it then.
        let first = Hierarchy::find().and_then(|hierarchy| Group::of_process(&hierarchy, self.target.pid));
        let is_taken = || self.scope.as_ref().is_some_and(|scope| scope.take(own).is_ok());
        if first.is_none_or(|group| group.enter(0).is_err()) && !is_taken() {
            report(&self.socket, &Report::Warning(format!("limits are not enforced: {error}")), None);
        }
        Ok(())
    }

    /// Binds this process to processors, where that is asked for.
    fn bind(&self, of: impl Fn(&oci_spec::runtime::ExecCPUAffinity) -> &Option<String>) -> Result<(), Failure> {
        match self.affinity.as_ref().and_then(|affinity| of(affinity).as_deref()) {
            Some(list) => attributes::bind_to_processors(list),
            None => Ok(()),
        }
    }
}

/// The control group that `--cgroup` names, below the container's.
fn group_below(options: &ExecOptions, container: &Container) -> Result<Option<Group>, OciError> {
    let Some(path) = &options.group else { return Ok(None) };
    let wrong = || OciError::Configuration(format!("bad --cgroup: {} is not a sub cgroup path", path.display()));
    let group = container.record.group.as_ref().ok_or(OciError::Group(GroupError::None("exec in a group below")))?;
    group.below(path).map(Some).ok_or_else(wrong)
}

/// The process that is asked for: a whole one from a file, or the container's own with changes.
fn process(options: &ExecOptions, spec: &Spec, warn: &dyn Fn(&str)) -> Result<Process, OciError> {
    if let Some(path) = &options.process_file {
        let text = read_file(path)?;
        return decode_process(&text).map_err(|source| OciError::Json { path: path.clone(), source });
    }
    let mut process = spec.process().clone().unwrap_or_default();
    process.set_args(Some(options.arguments.clone()));
    process.set_terminal(Some(options.tty));
    if let Some(directory) = &options.cwd {
        process.set_cwd(directory.clone());
    }
    let mut environment = process.env().clone().unwrap_or_default();
    for entry in &options.environment {
        let name = entry.split_once('=').map_or(entry.as_str(), |(name, _)| name);
        environment.retain(|other| other.split_once('=').map_or(other.as_str(), |(name, _)| name) != name);
        environment.push(entry.clone());
    }
    process.set_env(Some(environment));
    if let Some(user) = &options.user {
        let wrong = || OciError::Configuration(format!("parsing {user:?} as an ID: invalid syntax, want UID[:GID]"));
        let (uid, gid) = user.split_once(':').map_or((user.as_str(), None), |(uid, gid)| (uid, Some(gid)));
        process.user_mut().set_uid(uid.parse().map_err(|_| wrong())?);
        if let Some(gid) = gid {
            process.user_mut().set_gid(gid.parse().map_err(|_| wrong())?);
        }
    }
    if !options.additional_gids.is_empty() {
        let mut groups = process.user().additional_gids().clone().unwrap_or_default();
        groups.extend(&options.additional_gids);
        process.user_mut().set_additional_gids(Some(groups));
    }
    if let Some(wish) = options.no_new_privileges {
        process.set_no_new_privileges(Some(wish));
    }
    if let Some(profile) = &options.apparmor {
        process.set_apparmor_profile(Some(profile.clone()));
    }
    if let Some(label) = &options.label {
        process.set_selinux_label(Some(label.clone()));
    }
    add_capabilities(&mut process, &options.capabilities, warn);
    Ok(process)
}

/// Adds capabilities: to those that can be had, and to the ambient ones where the process has inheritable ones.
/// Unknown ones are left out and told, like those of a configuration.
fn add_capabilities(process: &mut Process, names: &[String], warn: &dyn Fn(&str)) {
    if names.is_empty() {
        return;
    }
    let mut added = 0;
    for name in names {
        match capabilities::from_name(name) {
            Some(capability) => added |= capability.bits(),
            None => warn(&format!("capability {name:?} is unknown and was ignored")),
        }
    }
    let mut sets = process.capabilities().as_ref().map(Capabilities::from_spec).unwrap_or_default();
    sets.bounding |= added;
    sets.effective |= added;
    sets.permitted |= added;
    if sets.inheritable != 0 {
        sets.ambient |= added & sets.inheritable;
    }
    process.set_capabilities(Some(sets.to_spec()));
}

impl Container {
    /// Whether `exec` can be asked for.
    pub fn is_running(&self) -> bool {
        matches!(self.status(), Status::Running | Status::Created)
    }
}
