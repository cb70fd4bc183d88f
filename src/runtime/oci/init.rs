//! init: from a fresh program in new namespaces to a process that waits for `start`, and from there to the container's.
//!
//! The order is the specification's (runtime.md "Lifecycle"): mounts and devices, the hooks before the root is entered,
//! the root; `start`; rights given up, the last hook, exec. Host paths are opened with the caller's own id, everything in
//! the container is resolved beneath its root.

use super::confine::{Confinement, confine};
use super::container::StateDocument;
use super::conversation::{Report, report, wait};
use super::create::keeps_groups;
use super::devices;
use super::hooks::{self, Point};
use super::host_mounts;
use super::program;
use super::spawn::become_root;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::init::{
    Accounts, HostDevices, PreparedMount, Terminal, User, attach, attach_console, launch, make_read_only,
    make_terminal, mask, open_handle, prepare,
};
use crate::runtime::plan::UserPlan;
use crate::runtime::rooted::Rooted;
use crate::runtime::sysctl;
use crate::sys::message;
use crate::sys::mount::{MountAttributes, set_attributes, set_propagation};
use crate::sys::process::{NewNamespaces, close_on_exec_from, inherited, unshare};
use oci_spec::runtime::{Linux, LinuxNamespaceType, LinuxSeccomp, Process, Spec};
use rustix::fs::{Gid, MemfdFlags, Mode, OFlags, Uid};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, OpenTreeFlags, UnmountFlags, mount_change, open_tree, unmount};
use rustix::net::SocketFlags;
use rustix::process::Signal;
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr};
use serde::{Deserialize, Serialize};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What init needs to know.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct InitPlan {
    /// The configuration.
    pub(super) spec: Spec,
    /// The container's ID.
    pub(super) id: String,
    /// Directory of the bundle.
    pub(super) bundle: PathBuf,
    /// The root file system.
    pub(super) root: PathBuf,
    /// The state for hooks; the process id is filled in.
    pub(super) state: StateDocument,
    /// Socket on which to wait for `start`.
    pub(super) listener: i32,
    /// Socket to which the terminal goes.
    pub(super) console: Option<i32>,
    /// Mounts that were made by the command: position, and the detached tree.
    pub(super) mapped: Vec<(usize, i32)>,
    /// Device nodes that the command has made.
    pub(super) nodes: Option<i32>,
    /// How many descriptors from 3 on are the process's.
    pub(super) preserved: u32,
    /// Enter the root without pivot_root(2).
    pub(super) no_pivot: bool,
    /// Keep the caller's session keyring.
    pub(super) no_new_keyring: bool,
    /// The caller's end is the container's, too.
    pub(super) ends_with_caller: bool,
    /// The container has a user namespace, new or joined.
    pub(super) new_user: bool,
    /// Number of the mount that is the root, where the mounts are the runtime's own ([`host_mounts`]).
    pub(super) root_mount: Option<u64>,
    /// There are hooks to wait for before the root is entered.
    pub(super) runtime_hooks: bool,
    /// What a terminal shows is read by a program.
    pub(super) to_pipe: bool,
}

/// What a further process needs to know.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExecPlan {
    /// The process.
    pub(super) process: Process,
    /// The container's filter of system calls.
    pub(super) seccomp: Option<LinuxSeccomp>,
    /// Its execution domain.
    pub(super) personality: Option<oci_spec::runtime::LinuxPersonality>,
    /// From where it gets memory.
    pub(super) memory: Option<oci_spec::runtime::LinuxMemoryPolicy>,
    /// Socket to which the terminal goes.
    pub(super) console: Option<i32>,
    /// How many descriptors from 3 on are the process's.
    pub(super) preserved: u32,
    /// The container has a user namespace.
    pub(super) new_user: bool,
    /// The container's state, for who listens to its system calls.
    pub(super) state: StateDocument,
    /// The caller's supplementary groups stay.
    pub(super) keeps_groups: bool,
    /// What a terminal shows is read by a program.
    pub(super) to_pipe: bool,
}

/// Writes a plan to memory for the process that will read it.
pub(super) fn hand_over_plan(plan: &impl Serialize) -> Result<OwnedFd, super::OciError> {
    let failed = |error: std::io::Error| super::OciError::system("pass the plan on", error);
    let file = rustix::fs::memfd_create("plan", MemfdFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    let mut file = std::fs::File::from(file);
    let text = serde_json::to_vec(plan).map_err(|error| failed(error.into()))?;
    file.write_all(&text).and_then(|()| file.rewind()).map_err(failed)?;
    Ok(file.into())
}

fn read_plan<Plan: serde::de::DeserializeOwned>(file: OwnedFd) -> Step<Plan> {
    let mut text = Vec::new();
    std::fs::File::from(file).read_to_end(&mut text).map_err(|error| Failure::setup("read the plan", error))?;
    serde_json::from_slice(&text).map_err(|error| Failure::message(format!("read the plan: {error}")))
}

/// Becomes the first process of a container: what `main` runs when it was executed for that.
///
/// Returns only when something failed, which has been reported.
pub fn run(socket: OwnedFd, plan: OwnedFd) -> Failure {
    let failure = match read_plan::<InitPlan>(plan).and_then(|plan| Init::prepare(plan, &socket)) {
        Ok(init) => match init.set_up() {
            Ok(ready) => {
                report(&socket, &Report::Ready, None);
                drop(socket);
                return ready.wait_and_start();
            }
            Err(failure) => failure,
        },
        Err(failure) => failure,
    };
    report(&socket, &Report::Failed(failure.clone()), None);
    drop(socket);
    crate::sys::process::exit_now(1)
}

/// Becomes a further process of a container. Returns only when something failed, which has been reported.
pub fn run_joined(socket: OwnedFd, plan: OwnedFd) -> Failure {
    let failure = match read_plan::<ExecPlan>(plan).and_then(|plan| join(plan, &socket)) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    report(&socket, &Report::Failed(failure), None);
    crate::sys::process::exit_now(255)
}

fn join(plan: ExecPlan, socket: &OwnedFd) -> Step<std::convert::Infallible> {
    let _ = rustix::process::setsid(); // a fresh fork leads no group, so this cannot fail
    let console = plan.console.and_then(inherited);
    if plan.new_user {
        become_root(plan.keeps_groups);
    }
    let root = Rooted::new(open_handle(Path::new("/"))?);
    let arguments = plan.process.args().as_deref().unwrap_or_default();
    let environment = plan.process.env().as_deref().unwrap_or_default();
    program::check(&root, arguments, environment, plan.process.cwd())?;
    let terminal = match console {
        Some(console) => {
            Some(send_terminal(&root, &plan.process, &console, Goes { is_console: false, to_pipe: plan.to_pipe })?)
        }
        None => None,
    };
    let ends = Ends { process: &plan.process, terminal, preserved: plan.preserved, hooks: None, is_tied: false };
    let confinement = Confinement {
        process: &plan.process,
        seccomp: plan.seccomp.as_ref(),
        personality: plan.personality.as_ref(),
        memory: plan.memory.as_ref(),
        makes_cwd: false,
        keeps_groups: plan.keeps_groups,
    };
    Err(ends.execute(&root, &confinement, socket))
}

/// Makes the terminal and sends its master side off.
fn send_terminal(root: &Rooted, process: &Process, console: &OwnedFd, goes: Goes) -> Step<OwnedFd> {
    let Terminal { master, other } = make_terminal(root, process)?;
    if goes.is_console {
        attach_console(root, &other)?;
    }
    if goes.to_pipe
        && let Ok(mut modes) = tcgetattr(&other)
    {
        modes.output_modes.remove(OutputModes::ONLCR);
        let _ = tcsetattr(&other, OptionalActions::Now, &modes); // carriage returns are a nuisance and no harm
    }
    message::send(console, b"/dev/ptmx", &[master.as_fd()])
        .map_err(|error| Failure::setup("send the terminal to the console socket", error))?;
    Ok(other)
}

/// Where a terminal goes.
#[derive(Clone, Copy, Debug)]
struct Goes {
    /// It is the container's `/dev/console`, too.
    is_console: bool,
    /// What it shows is read by a program: lines end as it expects.
    to_pipe: bool,
}

/// What is left to do for a process once its root has been entered.
struct Ends<'a> {
    process: &'a Process,
    terminal: Option<OwnedFd>,
    preserved: u32,
    hooks: Option<(&'a Spec, &'a StateDocument)>,
    is_tied: bool,
}

impl Ends<'_> {
    /// Gives up what is to be given up and executes the process. Returns only on failure.
    fn execute(self, root: &Rooted, confinement: &Confinement<'_>, socket: &OwnedFd) -> Failure {
        match self.become_process(root, confinement, socket) {
            Ok(environment) => launch::execute(self.process.args().as_deref().unwrap_or_default(), &environment),
            Err(failure) => failure,
        }
    }

    fn become_process(&self, root: &Rooted, confinement: &Confinement<'_>, socket: &OwnedFd) -> Step<Vec<String>> {
        let environment = environment(root, self.process);
        if let Some(terminal) = &self.terminal {
            let user = self.process.user();
            // Not possible where the user is not mapped; who holds it open has it all the same.
            let _ = rustix::fs::fchown(terminal, Some(Uid::from_raw(user.uid())), None);
            let copy = terminal.try_clone().map_err(|error| Failure::setup("take the terminal", error))?;
            crate::runtime::init::take_terminal(copy)?;
        }
        launch::give_streams_to(self.process.user().uid());
        confine(confinement, root, socket)?;
        if self.is_tied {
            // After the change of ids, which clears it. The caller lives: it has just told us to start.
            let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)); // a filter may forbid it
        }
        crate::sys::signal::reset_all();
        if let Some((spec, state)) = self.hooks {
            let mut state = state.clone();
            state.pid = std::process::id() as i32;
            hooks::run_with(Point::StartContainer, spec.hooks().as_ref(), &state, Some(&environment))
                .map_err(|error| Failure::message(error.to_string()))?;
        }
        close_on_exec_from(3 + self.preserved as i32);
        Ok(environment)
    }
}

/// The environment of the process, with `HOME` from the container's password file where there is none.
fn environment(root: &Rooted, process: &Process) -> Vec<String> {
    let mut environment = process.env().clone().unwrap_or_default();
    if !environment.iter().any(|entry| entry.starts_with("HOME=")) {
        let plan = UserPlan { user: Some(process.user().uid().to_string()), ..UserPlan::default() };
        let home = Accounts::read(root).resolve(&plan).map_or("/".to_owned(), |User { home, .. }| home);
        environment.push(format!("HOME={home}"));
    }
    environment
}

struct Init<'a> {
    plan: InitPlan,
    socket: &'a OwnedFd,
    listener: OwnedFd,
    console: Option<OwnedFd>,
    mounts: Vec<PreparedMount>,
    nodes: Option<OwnedFd>,
    /// Memory file systems that become read-only when all is made in them.
    read_only: Vec<PathBuf>,
    devices: HostDevices,
}

/// init once it can be told to start.
struct Ready {
    plan: InitPlan,
    listener: OwnedFd,
    root: Rooted,
    terminal: Option<OwnedFd>,
}

impl<'a> Init<'a> {
    /// What needs the caller's own id, and can be done while the maps are written.
    fn prepare(plan: InitPlan, socket: &'a OwnedFd) -> Step<Self> {
        let missing = || Failure::message("a descriptor of init's was not passed on");
        let listener = inherited(plan.listener).ok_or_else(missing)?;
        let console = plan.console.map(|number| inherited(number).ok_or_else(missing)).transpose()?;
        let nodes = plan.nodes.map(|number| inherited(number).ok_or_else(missing)).transpose()?;
        let mut trees = Vec::new();
        for (at, number) in &plan.mapped {
            trees.push((*at, inherited(*number).ok_or_else(missing)?));
        }
        let _ = rustix::process::setsid(); // pid 1 of a new namespace may be its session's leader already
        if !plan.no_new_keyring {
            // Not every host has keys; what cannot be joined cannot be reached either.
            let _ = crate::sys::process::join_new_session_keyring();
        }
        rustix::process::umask(Mode::empty());
        let listed = plan.spec.mounts().clone().unwrap_or_default();
        let mut mounts = prepare(&listed)?;
        for (at, tree) in trees {
            if let Some(mount) = mounts.get_mut(at) {
                mount.use_tree(tree);
            }
        }
        mounts.iter_mut().for_each(PreparedMount::take_mode_of_place);
        let put_off =
            mounts.iter_mut().filter_map(|mount| mount.put_off_read_only().then(|| mount.destination().into()));
        let read_only = put_off.collect();
        Ok(Init { plan, socket, listener, console, mounts, nodes, read_only, devices: HostDevices::open() })
    }

    fn linux(&self) -> Step<&Linux> {
        self.plan.spec.linux().as_ref().ok_or_else(|| Failure::message("the configuration has no \"linux\""))
    }

    fn has_new(&self, kind: LinuxNamespaceType) -> bool {
        let listed = self.plan.spec.linux().as_ref().and_then(|linux| linux.namespaces().as_ref());
        listed.into_iter().flatten().any(|namespace| namespace.typ() == kind && namespace.path().is_none())
    }

    /// Everything up to the point where `start` is waited for.
    fn set_up(self) -> Step<Ready> {
        wait(self.socket)?;
        if self.plan.new_user {
            become_root(keeps_groups(&self.plan.spec));
        }
        if self.has_new(LinuxNamespaceType::Cgroup) {
            unshare(NewNamespaces::CGROUP).map_err(|error| Failure::setup("create a cgroup namespace", error))?;
        }
        let root = self.mount_root()?;
        self.name_host()?;
        if self.has_new(LinuxNamespaceType::Network) {
            crate::sys::interface::bring_loopback_up()
                .map_err(|error| Failure::setup("bring the loopback device up", error))?;
        }
        self.mount_all(&root)?;
        let process = self.plan.spec.process().as_ref();
        let terminal = match (&self.console, process) {
            (Some(console), Some(process)) => {
                let goes = Goes { is_console: true, to_pipe: self.plan.to_pipe };
                Some(send_terminal(&root, process, console, goes)?)
            }
            _ => None,
        };
        self.run_hooks(&root)?;
        self.write_sysctls()?;
        self.hide_paths(&root)?;
        self.make_working_directory(&root);
        self.enter(&root)?;
        let root = Rooted::new(open_handle(Path::new("/"))?);
        if let Some(process) = process {
            let arguments = process.args().as_deref().unwrap_or_default();
            let environment = process.env().as_deref().unwrap_or_default();
            program::check(&root, arguments, environment, process.cwd())?;
        }
        Ok(Ready { plan: self.plan, listener: self.listener, root, terminal })
    }

    /// Separates the mounts from the host's and mounts the root onto itself, so that it can be entered.
    fn mount_root(&self) -> Step<Rooted> {
        if let Some(mount) = self.plan.root_mount {
            // All that is mounted here is everybody's: nothing but what lies below this one may be touched.
            let root = host_mounts::open(&self.plan.root, mount)?;
            if let Some((propagation, recursive)) = self.propagation()? {
                set_propagation(&root, propagation, recursive)
                    .map_err(|error| Failure::setup("set the propagation of the root file system", error))?;
            }
            return Ok(Rooted::new(root));
        }
        let failed = |error: Errno| {
            Failure::setup(format_args!("mount the root file system {:?}", self.plan.root.display()), error)
        };
        let (propagation, _) = self.propagation()?.unwrap_or((MountPropagationFlags::DOWNSTREAM, true));
        // The root is bound first; it becomes unbindable at the end.
        let propagation = match propagation {
            MountPropagationFlags::UNBINDABLE => MountPropagationFlags::PRIVATE,
            other => other,
        };
        mount_change("/", propagation | MountPropagationFlags::REC)
            .map_err(|error| Failure::setup("separate the mounts from the host's", error))?;
        if propagation == MountPropagationFlags::SHARED {
            // pivot_root(2) wants the mount that holds the root not to be shared.
            let parent = mount_point(&self.plan.root);
            mount_change(&parent, MountPropagationFlags::PRIVATE).map_err(failed)?;
        }
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = open_tree(rustix::fs::CWD, &self.plan.root, flags).map_err(failed)?;
        attach(&tree, open_handle(&self.plan.root)?).map_err(failed)?;
        Ok(Rooted::new(tree))
    }

    fn propagation(&self) -> Step<Option<(MountPropagationFlags, bool)>> {
        let Some(word) = self.linux()?.rootfs_propagation().as_deref().filter(|word| !word.is_empty()) else {
            return Ok(None);
        };
        let parsed = crate::runtime::init::parse_mount_options(&[word.to_owned()]);
        match parsed.propagation {
            Some(propagation) => Ok(Some(propagation)),
            None => Err(Failure::message(format!("rootfsPropagation={word} is not supported"))),
        }
    }

    fn name_host(&self) -> Step<()> {
        let spec = &self.plan.spec;
        if let Some(name) = spec.hostname().as_ref().filter(|name| !name.is_empty()) {
            rustix::system::sethostname(name.as_bytes())
                .map_err(|error| Failure::setup(format_args!("set host name {name:?}"), error))?;
        }
        if let Some(name) = spec.domainname().as_ref().filter(|name| !name.is_empty()) {
            rustix::system::setdomainname(name.as_bytes())
                .map_err(|error| Failure::setup(format_args!("set domain name {name:?}"), error))?;
        }
        Ok(())
    }

    fn mount_all(&self, root: &Rooted) -> Step<()> {
        for mount in &self.mounts {
            if matches!(mount.kind(), "proc" | "sysfs") {
                judge_directory(root, mount.destination(), mount.kind())?;
            }
            mount.mount_where(root, &|place| judge_place(place, mount.destination()))?;
        }
        let has_host_devices =
            self.mounts.iter().any(|mount| mount.is_bind() && mount.destination() == Path::new("/dev"));
        if has_host_devices { Ok(()) } else { self.place_devices(root) }
    }

    fn place_devices(&self, root: &Rooted) -> Step<()> {
        let linux = self.linux()?;
        let Some(directory) = &self.nodes else { return devices::place(root, linux, None) };
        // Only what is attached can be bound from (open_tree(2), before Linux 6.15): anywhere, out of the way again at once.
        let attached = attach(directory, open_handle(&self.plan.bundle)?).is_ok();
        let placed = devices::place(root, linux, attached.then_some(&devices::Made { directory }));
        if attached {
            let _ = unmount(format!("/proc/self/fd/{}", directory.as_raw_fd()), UnmountFlags::DETACH); // or with the old root
        }
        placed
    }

    fn run_hooks(&self, root: &Rooted) -> Step<()> {
        if self.plan.runtime_hooks {
            report(self.socket, &Report::Mounted, None);
            wait(self.socket)?;
        }
        let mut state = self.plan.state.clone();
        "creating".clone_into(&mut state.status);
        state.pid = std::process::id() as i32;
        // As in runc, these hooks work in the root file system.
        rustix::process::fchdir(root.as_root()).map_err(|error| Failure::setup("enter the root file system", error))?;
        hooks::run(Point::CreateContainer, self.plan.spec.hooks().as_ref(), &state)
            .map_err(|error| Failure::message(error.to_string()))
    }

    /// Through the host's `/proc`, which shows the parameters of who opens them.
    fn write_sysctls(&self) -> Step<()> {
        let Some(settings) = self.linux()?.sysctl().as_ref().filter(|settings| !settings.is_empty()) else {
            return Ok(());
        };
        let settings: Vec<(String, String)> =
            settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let own = super::create::own_namespaces(&self.plan.spec);
        sysctl::check(&settings, own)
            .and_then(|parameters| {
                let proc = open_handle(Path::new("/proc")).map_err(|_| {
                    crate::runtime::option_error::OptionError::SysctlNotAllowed("/proc is missing".to_owned())
                })?;
                sysctl::write(&proc, &parameters)
            })
            .map_err(|error| Failure::message(error.to_string()))
    }

    /// Read-only and masked paths, then the root itself when it is to be read-only.
    fn hide_paths(&self, root: &Rooted) -> Step<()> {
        let linux = self.linux()?;
        for path in linux.readonly_paths().iter().flatten() {
            make_read_only(root, path)
                .map_err(|error| Failure::setup(format_args!("make {path:?} read-only"), error))?;
        }
        for path in linux.masked_paths().iter().flatten() {
            let Some(null) = self.devices.null() else {
                return Err(Failure::setup("mask paths: /dev/null", Errno::NOENT));
            };
            mask(root, path, null).map_err(|error| Failure::setup(format_args!("mask {path:?}"), error))?;
        }
        for path in &self.read_only {
            open_directory(root, path)
                .and_then(|mount| set_attributes(mount, MountAttributes::READ_ONLY, MountAttributes::empty(), false))
                .map_err(|error| Failure::setup(format_args!("make \"{}\" read-only", path.display()), error))?;
        }
        Ok(())
    }

    /// A missing working directory is made, as runc does; one that cannot be shows when it is entered.
    fn make_working_directory(&self, root: &Rooted) {
        if let Some(process) = self.plan.spec.process() {
            let _ = root.make_directories(process.cwd());
        }
    }

    /// Makes the container's root this process's.
    fn enter(&self, root: &Rooted) -> Step<()> {
        let failed = |error: Errno| Failure::setup("enter the root file system", error);
        if self.plan.spec.root().as_ref().and_then(|root| root.readonly()).unwrap_or(false) {
            set_attributes(root.as_root(), MountAttributes::READ_ONLY, MountAttributes::empty(), false)
                .map_err(|error| Failure::setup("make the root file system read-only", error))?;
        }
        let hosts = open_handle(Path::new("/"))?;
        rustix::process::fchdir(root.as_root()).map_err(failed)?;
        if self.plan.root_mount.is_some() {
            rustix::process::chroot(".").map_err(failed)?;
            return rustix::process::chdir("/").map_err(failed);
        }
        let pivoted = match self.plan.no_pivot {
            true => Err(Errno::INVAL),
            false => rustix::process::pivot_root(".", "."),
        };
        match pivoted {
            Ok(()) => {
                // What is unmounted here must not be so on the host: by its handle, since "." is still the new root.
                rustix::process::fchdir(&hosts).map_err(failed)?;
                mount_change(".", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC).map_err(failed)?;
                unmount(".", UnmountFlags::DETACH).map_err(failed)?;
            }
            // Asked for, or the host's root is the initramfs, which cannot be pivoted away from.
            Err(Errno::INVAL) => {
                hide_system_mounts(&self.plan.root);
                rustix::mount::mount_move(".", "/").map_err(failed)?;
                rustix::process::chroot(".").map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        rustix::process::chdir("/").map_err(failed)?;
        if let Some((propagation, recursive)) = self.propagation()? {
            let below = if recursive { MountPropagationFlags::REC } else { MountPropagationFlags::empty() };
            mount_change("/", propagation | below)
                .map_err(|error| Failure::setup("set the propagation of the root file system", error))?;
        }
        Ok(())
    }
}

impl Ready {
    /// Waits for `start` and becomes the process. Returns only on failure, which has been reported.
    fn wait_and_start(self) -> Failure {
        rustix::process::umask(Mode::from_raw_mode(0o022));
        let connection = loop {
            match rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC) {
                Ok(connection) => break connection,
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(_) => crate::sys::process::exit_now(1),
            }
        };
        let Ready { plan, listener, root, terminal } = self;
        drop(listener);
        let failure = match plan.spec.process() {
            None => Failure::message("the configuration has no \"process\", which start needs"),
            Some(process) => {
                let linux = plan.spec.linux().as_ref();
                let hooks = Some((&plan.spec, &plan.state));
                let ends = Ends { process, terminal, preserved: plan.preserved, hooks, is_tied: plan.ends_with_caller };
                let confinement = Confinement {
                    process,
                    seccomp: linux.and_then(|linux| linux.seccomp().as_ref()),
                    personality: linux.and_then(|linux| linux.personality().as_ref()),
                    memory: linux.and_then(|linux| linux.memory_policy().as_ref()),
                    makes_cwd: true,
                    keeps_groups: keeps_groups(&plan.spec),
                };
                ends.execute(&root, &confinement, &connection)
            }
        };
        report(&connection, &Report::Failed(failure), None);
        crate::sys::process::exit_now(1)
    }
}

/// Files of `/proc` that may be covered: engines show a container its limits there.
const COVERABLE: [&str; 10] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
];

/// Refuses to cover what lies in `/proc`, where a mount could hide what confines the process (CVE-2019-16884); an image
/// chooses what a path leads to, so the place itself is asked.
fn judge_place(place: &OwnedFd, destination: &Path) -> Step<()> {
    /// `PROC_SUPER_MAGIC` (include/uapi/linux/magic.h).
    const PROC: u64 = 0x9fa0;
    let lies_in_proc = rustix::fs::fstatfs(place).is_ok_and(|status| u64::try_from(status.f_type).ok() == Some(PROC));
    let is_allowed =
        destination == Path::new("/proc") || COVERABLE.iter().any(|allowed| destination == Path::new(allowed));
    match lies_in_proc && !is_allowed {
        true => {
            Err(Failure::message(format!("{:?} cannot be mounted because it is inside /proc", destination.display())))
        }
        false => Ok(()),
    }
}

/// Refuses a link where the system's own file systems go: what is masked in them would lie elsewhere (CVE-2019-19921).
fn judge_directory(root: &Rooted, destination: &Path, kind: &str) -> Step<()> {
    let place = root.open(destination, OFlags::PATH | OFlags::NOFOLLOW, 0);
    let is_link = place
        .and_then(rustix::fs::fstat)
        .is_ok_and(|status| rustix::fs::FileType::from_raw_mode(status.st_mode) == rustix::fs::FileType::Symlink);
    match is_link {
        true => Err(Failure::message(format!("filesystem {kind:?} must be mounted on ordinary directory"))),
        false => Ok(()),
    }
}

/// Takes the host's `/proc` and `/sys` out of this namespace before the root is moved over it: they stay reachable there,
/// and as long as a whole one is, the kernel lets a process in the container mount another without what is masked.
fn hide_system_mounts(root: &Path) {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut points: Vec<PathBuf> = Vec::new();
    for line in text.lines() {
        let kind = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next());
        let point = line.split(' ').nth(4).map(PathBuf::from).filter(|point| !point.starts_with(root));
        points.extend(point.filter(|_| matches!(kind, Some("proc" | "sysfs"))));
    }
    for point in points.iter().rev() {
        let detached = mount_change(point, MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
            .and_then(|()| unmount(point, UnmountFlags::DETACH));
        if detached.is_err() {
            // Locked by a user namespace: an empty directory above it hides it as well.
            let _ = rustix::mount::mount("tmpfs", point, "tmpfs", rustix::mount::MountFlags::empty(), c"");
        }
    }
}

/// The mount point that holds `path`: the longest one that it begins with.
fn mount_point(path: &Path) -> PathBuf {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = text.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    points
        .filter(|point| path.starts_with(point))
        .max_by_key(|point| point.components().count())
        .unwrap_or_else(|| PathBuf::from("/"))
}

/// A group id for what takes one.
pub(super) fn group(id: u32) -> Gid {
    Gid::from_raw(id)
}

/// Opens a directory of the container.
pub(super) fn open_directory(root: &Rooted, path: &Path) -> rustix::io::Result<OwnedFd> {
    root.open(path, OFlags::PATH | OFlags::DIRECTORY, 0)
}
