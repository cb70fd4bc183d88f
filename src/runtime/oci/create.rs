//! `create`: from a bundle to a process that waits for `start`.

use super::bundle::{Bundle, check_process, has};
use super::container::{Container, Status, check_id, in_user_namespace};
use super::conversation::{Report, let_go, receive};
use super::error::OciError;
use super::hooks::{self, Point};
use super::init::{InitPlan, hand_over_plan};
use super::spawn::{Forked, Namespaces, Start, fork};
use super::{Runtime, device_nodes, groups, host_mounts, idmap};
use crate::runtime::failure::Failure;
use crate::runtime::id_map::{HostIds, IdMaps, write};
use crate::runtime::sysctl::{self, OwnNamespaces};
use crate::store::containers::ProcessId;
use crate::sys::message;
use crate::sys::process::is_inherited;
use oci_spec::runtime::{LinuxNamespaceType, Spec};
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Where the container's terminal goes, when it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Terminal {
    /// There must not be one.
    #[default]
    None,
    /// Its master side is sent to this socket (`--console-socket`).
    Socket(PathBuf),
    /// Its master side stays with the caller.
    Own,
}

impl Terminal {
    /// Whether what it shows is copied to something that is no terminal.
    pub(super) fn goes_to_pipe(&self) -> bool {
        *self == Terminal::Own && !rustix::termios::isatty(std::io::stdout())
    }
}

/// What `create` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CreateOptions {
    /// The container's ID.
    pub id: String,
    /// Directory of the bundle.
    pub bundle: PathBuf,
    /// Configuration other than the bundle's own.
    pub config: Option<PathBuf>,
    /// File that gets the process id.
    pub pid_file: Option<PathBuf>,
    /// The terminal.
    pub terminal: Terminal,
    /// How many descriptors from 3 on the process keeps.
    pub preserve_fds: u32,
    /// Enter the root without pivot_root(2).
    pub no_pivot: bool,
    /// Keep the caller's session keyring.
    pub no_new_keyring: bool,
    /// The container is killed when the caller is, which waits for it: nobody else would know of it.
    pub ends_with_caller: bool,
}

/// A container that waits for `start`.
#[derive(Debug)]
pub struct Created {
    /// The container.
    pub container: Container,
    /// Its configuration.
    pub spec: Spec,
    /// Its process, a child of the caller.
    pub pid: Pid,
    /// Descriptor of the process.
    pub pidfd: OwnedFd,
    /// Master side of its terminal ([`Terminal::Own`]).
    pub terminal: Option<OwnedFd>,
}

impl Runtime<'_> {
    /// Creates a container. Forks; the caller must have a single thread. Blocks until the hooks have run.
    ///
    /// # Errors
    /// Anything; nothing is left behind then.
    pub fn create(&self, options: &CreateOptions) -> Result<Created, OciError> {
        check_id(&options.id)?;
        let preserved = Preserved::of(options.preserve_fds + listening_sockets())?;
        let mut bundle = Bundle::read(&options.bundle, options.config.as_deref())?;
        bundle.warnings.iter().for_each(|warning| (self.warn)(warning));
        check_terminal(&bundle.spec, &options.terminal)?;
        check_sysctls(&bundle.spec)?;
        pass_listening_sockets(&mut bundle.spec);
        let mut container = Container::reserve(&self.root, &options.id, &bundle)?;
        let _lock = container.lock_while_creating();
        let mut forked = None;
        let made = self.make(options, &bundle, preserved.count, &mut container, &mut forked);
        match made {
            Ok((pid, pidfd, terminal)) => Ok(Created { container, spec: bundle.spec, pid, pidfd, terminal }),
            Err(error) => {
                undo(&container, forked);
                Err(error)
            }
        }
    }

    fn make(
        &self,
        options: &CreateOptions,
        bundle: &Bundle,
        preserved: u32,
        container: &mut Container,
        forked: &mut Option<(Pid, OwnedFd)>,
    ) -> Result<(Pid, OwnedFd, Option<OwnedFd>), OciError> {
        let linux = bundle.spec.linux().clone().unwrap_or_default();
        let process = bundle.spec.process().as_ref();
        if let Some(process) = process {
            check_process(process)?;
        }
        let mut namespaces = Namespaces::of(&linux, keeps_groups(&bundle.spec));
        let maps = id_maps(&bundle.spec, &mut namespaces, self.warn)?;
        if !namespaces.has_mounts() {
            container.record.root_mount = self.mount_root(&mut namespaces, &bundle.root)?;
        }
        let listener = listen_at(&container.start_socket())?;
        container.record.scope = groups::scope(self.manager, &bundle.spec, container);
        if container.record.scope.is_none() {
            container.record.group = groups::make(self.manager, &bundle.spec, container, self.warn)?;
        }
        container.save()?;
        let mapped = idmap::mounts(&bundle.spec)?;
        let nodes = device_nodes::make(&linux, maps.as_ref())?;
        let wants_terminal = process.and_then(|process| process.terminal()).unwrap_or(false);
        let (console, terminal) = if wants_terminal { console(&options.terminal)? } else { (None, None) };
        let (socket, init_socket) = message::pair().map_err(|error| OciError::system("make a socket", error))?;
        let plan = InitPlan {
            spec: bundle.spec.clone(),
            id: options.id.clone(),
            bundle: bundle.directory.clone(),
            root: bundle.root.clone(),
            state: container.state_as(Status::Created, Some(&bundle.spec)),
            listener: listener.as_raw_fd(),
            console: console.as_ref().map(AsRawFd::as_raw_fd),
            mapped: mapped.iter().map(|(at, tree)| (*at, tree.as_raw_fd())).collect(),
            nodes: nodes.as_ref().map(AsRawFd::as_raw_fd),
            preserved,
            no_pivot: options.no_pivot,
            no_new_keyring: options.no_new_keyring,
            ends_with_caller: options.ends_with_caller,
            to_pipe: options.terminal.goes_to_pipe(),
            new_user: namespaces.has_new_user() || has(&linux, LinuxNamespaceType::User),
            root_mount: container.record.root_mount,
            runtime_hooks: [Point::Prestart, Point::CreateRuntime]
                .iter()
                .any(|point| !point.of(bundle.spec.hooks().as_ref()).is_empty()),
        };
        let start = Start {
            // What has a terminal has no other stream: a caller that reads ours to the end must not wait for the container.
            standard: if wants_terminal { null_streams()? } else { standard_streams()? },
            socket: init_socket,
            plan: hand_over_plan(&plan)?,
            kept: [listener]
                .into_iter()
                .chain(console)
                .chain(nodes)
                .chain(mapped.into_iter().map(|(_, tree)| tree))
                .collect(),
        };
        let child = fork(&namespaces, container.record.group.as_ref(), start)?;
        (self.debug)("nsexec container setup: namespaces are made");
        let road = Road { socket: &socket, maps: maps.as_ref(), spec: &bundle.spec };
        let (pid, pidfd) = self.guide(child, &road, container, forked)?;
        (self.debug)(&format!("child process in init(): it is process {}", pid.as_raw_nonzero()));
        self.accompany(&socket, pid, bundle, container)?;
        if let Some(path) = &options.pid_file {
            write_pid_file(path, pid)?;
        }
        Ok((pid, pidfd, terminal))
    }

    /// Mounts the root of a container without a mount namespace where we are; where that cannot be, it gets one.
    fn mount_root(&self, namespaces: &mut Namespaces, root: &Path) -> Result<Option<u64>, OciError> {
        if !namespaces.has_user() && host_mounts::are_ours() {
            return host_mounts::bind(root).map(Some);
        }
        (self.warn)("the configuration has no mount namespace, which its mounts need without privilege: one was added");
        namespaces.add_mounts();
        Ok(None)
    }

    /// Leads the new process, and the helper where there is one, to the point where init begins its work.
    fn guide(
        &self,
        child: Forked,
        road: &Road<'_>,
        container: &mut Container,
        forked: &mut Option<(Pid, OwnedFd)>,
    ) -> Result<(Pid, OwnedFd), OciError> {
        let Forked { pid, pidfd, is_helper, is_at_home } = child;
        let spare = pidfd.try_clone().map_err(|error| OciError::system("keep a process", error))?;
        *forked = Some((pid, spare));
        let socket = road.socket;
        if !is_at_home {
            self.settle_in(pid, road.spec, container)?;
        }
        if !is_helper {
            road.map(pid, &pidfd)?;
            self.take_up(pid, road.spec, container)?;
            let_go(socket);
            return Ok((pid, pidfd));
        }
        loop {
            match next(socket)? {
                (Report::Unshared, _) => {
                    road.map(pid, &pidfd)?;
                    let_go(socket);
                }
                (Report::Forked(number), Some(descriptor)) => {
                    // The helper has nothing more to do than to end.
                    let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
                    let pid =
                        Pid::from_raw(number).ok_or_else(|| OciError::system("find init", rustix::io::Errno::SRCH))?;
                    let spare = descriptor.try_clone().map_err(|error| OciError::system("keep a process", error))?;
                    *forked = Some((pid, spare));
                    self.take_up(pid, road.spec, container)?;
                    let_go(socket);
                    return Ok((pid, descriptor));
                }
                (Report::Warning(text), _) => (self.warn)(&text),
                (Report::Failed(failure), _) => return Err(failure.into()),
                _ => return Err(Failure::message("the helper that joins namespaces said something unexpected").into()),
            }
        }
    }

    /// Control group, which everything that the process forks inherits.
    fn settle_in(&self, pid: Pid, spec: &Spec, container: &mut Container) -> Result<(), OciError> {
        let number = pid.as_raw_nonzero().get();
        if let Some(scope) = &container.record.scope {
            container.record.group = Some(groups::start_scope(scope, number, spec, self.warn)?);
            return Ok(());
        }
        if let Some(group) = &container.record.group
            && let Err(error) = group.enter(number)
        {
            match in_user_namespace() || !rustix::process::geteuid().is_root() {
                true => (self.warn)(&format!("limits are not enforced: {error}")),
                false => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Records the process.
    fn take_up(&self, pid: Pid, spec: &Spec, container: &mut Container) -> Result<(), OciError> {
        let number = pid.as_raw_nonzero().get();
        let score = spec.process().as_ref().and_then(|process| process.oom_score_adj());
        if let Some(score) = score
            && let Err(error) = std::fs::write(format!("/proc/{number}/oom_score_adj"), score.to_string())
        {
            // Lowering it below one's own is a privilege (proc(5)).
            (self.warn)(&format!("oomScoreAdj {score} is not set: {}", crate::sys::errno::Words(&error)));
        }
        container.record.process = ProcessId::of(number);
        container.save()
    }

    /// Listens to init until it waits for `start`.
    fn accompany(&self, socket: &OwnedFd, pid: Pid, bundle: &Bundle, container: &Container) -> Result<(), OciError> {
        loop {
            match next(socket)? {
                (Report::Mounted, _) => {
                    let mut state = container.state_as(Status::Creating, Some(&bundle.spec));
                    state.pid = pid.as_raw_nonzero().get();
                    let hooks = bundle.spec.hooks().as_ref();
                    hooks::run(Point::Prestart, hooks, &state)?;
                    hooks::run(Point::CreateRuntime, hooks, &state)?;
                    let_go(socket);
                }
                (Report::Ready, _) => {
                    (self.debug)("init: closing the pipe to signal completion: it waits for start");
                    return Ok(());
                }
                (Report::Warning(text), _) => (self.warn)(&text),
                (Report::Failed(failure), _) => return Err(failure.into()),
                _ => return Err(Failure::message("init said something unexpected").into()),
            }
        }
    }
}

/// What leads a new process to the point where init begins its work.
struct Road<'a> {
    socket: &'a OwnedFd,
    maps: Option<&'a IdMaps>,
    spec: &'a Spec,
}

impl Road<'_> {
    /// Writes the id maps, where a user namespace was made. A process that has failed meanwhile, which is why they cannot be
    /// written, has said so: that is the error then.
    fn map(&self, pid: Pid, pidfd: &OwnedFd) -> Result<(), OciError> {
        let Some(Err(error)) = self.maps.map(|maps| write_maps(pid, maps)) else { return Ok(()) };
        let _ = pidfd_send_signal(pidfd, Signal::KILL); // what cannot be mapped goes no further
        while let Ok(Some((report, _))) = receive(self.socket) {
            if let Report::Failed(failure) = report {
                return Err(failure.into());
            }
        }
        Err(error)
    }
}

fn next(socket: &OwnedFd) -> Result<(Report, Option<OwnedFd>), OciError> {
    match receive(socket) {
        Ok(Some(received)) => Ok(received),
        Ok(None) => Err(Failure::message("the container's init died").into()),
        Err(error) => Err(OciError::system("listen to the container's init", error)),
    }
}

/// Takes everything back.
fn undo(container: &Container, forked: Option<(Pid, OwnedFd)>) {
    if let Some((_, pidfd)) = forked {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL); // it may have ended
        let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED); // or be no child of ours yet
    }
    if let Some(group) = &container.record.group {
        let _ = group.remove(); // the error that led here is the one to tell
    }
    if let Some(scope) = &container.record.scope {
        scope.remove();
    }
    container.unmount();
    let _ = container.remove(); // likewise
}

/// Descriptors from 3 on that are the process's.
///
/// Numbers among them that are not open are held meanwhile, or descriptors of our own would stand in their place.
pub(super) struct Preserved {
    /// How many.
    pub(super) count: u32,
    _held: Vec<OwnedFd>,
}

impl Preserved {
    /// `wish` of them.
    pub(super) fn of(wish: u32) -> Result<Self, OciError> {
        let failed = |error: std::io::Error| OciError::system(format!("preserve {wish} descriptors"), error);
        let mut held = Vec::new();
        for number in (3..).take(wish as usize).filter(|number| !is_inherited(*number)) {
            let null = std::fs::File::open("/dev/null").map_err(failed)?;
            // Of one that is ours and open, for example the log, the copy is another; it stands in the way of nothing.
            held.push(rustix::io::fcntl_dupfd_cloexec(null, number).map_err(|error| failed(error.into()))?);
        }
        Ok(Preserved { count: wish, _held: held })
    }
}

/// Number of sockets that systemd passed to the caller (sd_listen_fds(3)).
fn listening_sockets() -> u32 {
    let count = std::env::var("LISTEN_FDS").ok().and_then(|text| text.parse().ok());
    count.filter(|count| *count < 1024).unwrap_or(0)
}

/// Whether the process keeps the caller's supplementary groups (crun's annotation, which podman sets for
/// `--group-add keep-groups`).
pub(super) fn keeps_groups(spec: &Spec) -> bool {
    let annotations = spec.annotations().as_ref();
    annotations.and_then(|all| all.get("run.oci.keep_original_groups")).is_some_and(|value| value == "1")
}

/// The variables that tell the process of such sockets.
fn pass_listening_sockets(spec: &mut Spec) {
    let count = listening_sockets();
    if count == 0 {
        return;
    }
    if let Some(process) = spec.process_mut().as_mut() {
        let mut environment = process.env().clone().unwrap_or_default();
        environment.push(format!("LISTEN_FDS={count}"));
        environment.push("LISTEN_PID=1".to_owned());
        process.set_env(Some(environment));
    }
}

fn check_terminal(spec: &Spec, terminal: &Terminal) -> Result<(), OciError> {
    let wanted = spec.process().as_ref().and_then(|process| process.terminal()).unwrap_or(false);
    judge_terminal(wanted, terminal)
}

/// A process with a terminal needs somebody who takes it, and only that.
pub(super) fn judge_terminal(wanted: bool, terminal: &Terminal) -> Result<(), OciError> {
    let wrong = |text: &str| Err(OciError::Configuration(text.to_owned()));
    match (wanted, terminal) {
        (true, Terminal::None) => wrong("cannot allocate tty if runc will detach without setting console socket"),
        (false, Terminal::Socket(_)) => wrong("cannot use console socket if runc will not detach or allocate tty"),
        _ => Ok(()),
    }
}

fn check_sysctls(spec: &Spec) -> Result<(), OciError> {
    let Some(linux) = spec.linux() else { return Ok(()) };
    let settings: Vec<(String, String)> =
        linux.sysctl().iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    if settings.iter().any(|(name, _)| matches!(name.as_str(), "kernel.hostname" | "kernel/hostname")) {
        let text = "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field";
        return Err(OciError::Configuration(text.to_owned()));
    }
    let own = own_namespaces(spec);
    sysctl::check(&settings, own).map(drop).map_err(|error| OciError::Configuration(error.to_string()))
}

/// Which namespaces with parameters of their own the container has.
pub(super) fn own_namespaces(spec: &Spec) -> OwnNamespaces {
    let has = |kind| spec.linux().as_ref().is_some_and(|linux| has(linux, kind));
    OwnNamespaces {
        network: has(LinuxNamespaceType::Network),
        ipc: has(LinuxNamespaceType::Ipc),
        uts: has(LinuxNamespaceType::Uts),
    }
}

/// The maps of a new user namespace; without privilege one is added where the configuration has none.
fn id_maps(spec: &Spec, namespaces: &mut Namespaces, warn: &dyn Fn(&str)) -> Result<Option<IdMaps>, OciError> {
    let linux = spec.linux().as_ref();
    let is_listed = linux.is_some_and(|linux| has(linux, LinuxNamespaceType::User));
    let mut maps = idmap::maps(
        linux.and_then(|linux| linux.uid_mappings().as_ref()),
        linux.and_then(|linux| linux.gid_mappings().as_ref()),
    );
    let own = (rustix::process::geteuid(), rustix::process::getegid());
    if !is_listed {
        if !maps.uid.is_empty() || !maps.gid.is_empty() {
            let text = "user namespace mappings specified, but user namespace isn't enabled in the config";
            return Err(OciError::Configuration(text.to_owned()));
        }
        let capable = rustix::thread::capabilities(None)
            .is_ok_and(|sets| sets.effective.contains(rustix::thread::CapabilitySet::SYS_ADMIN));
        if own.0.is_root() || capable {
            return Ok(None);
        }
        warn(
            "the configuration has no user namespace, which an ordinary user needs: one was added for the caller's own id",
        );
        namespaces.add_user();
    } else if !namespaces.has_new_user() {
        return Ok(None);
    }
    if maps.uid.is_empty() || maps.gid.is_empty() {
        if is_listed && own.0.is_root() {
            let text = "User namespaces enabled, but no uid or gid mappings found";
            return Err(OciError::Configuration(text.to_owned()));
        }
        maps = IdMaps::one_id((0, own.0.as_raw()), (0, own.1.as_raw()));
    }
    Ok(Some(maps))
}

fn write_maps(pid: Pid, maps: &IdMaps) -> Result<(), OciError> {
    write(pid.as_raw_nonzero().get().unsigned_abs(), maps, &HostIds::detect())
        .map_err(|error| Failure::message(format!("write the id maps: {error}")).into())
}

/// A socket that listens at `path`, whatever its length: the address is written relative to the directory's descriptor.
fn listen_at(path: &Path) -> Result<OwnedFd, OciError> {
    let failed = |error: rustix::io::Errno| OciError::file("listen at", path, error);
    let directory = path.parent().unwrap_or(Path::new("."));
    let directory = rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let address =
        SocketAddrUnix::new(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()).as_str()).map_err(failed)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)?;
    bind(&socket, &address).and_then(|()| listen(&socket, 1)).map_err(failed)?;
    Ok(socket)
}
/// Where init sends the terminal's master side, and where the caller finds it when it stays here.
pub(super) fn console(terminal: &Terminal) -> Result<(Option<OwnedFd>, Option<OwnedFd>), OciError> {
    match terminal {
        Terminal::None => Ok((None, None)),
        Terminal::Socket(path) => {
            let socket = message::connect_to(path, SocketType::STREAM)
                .map_err(|error| OciError::file("connect to console socket", path, error))?;
            Ok((Some(socket), None))
        }
        Terminal::Own => {
            let (here, there) = message::pair().map_err(|error| OciError::system("make a socket", error))?;
            Ok((Some(there), Some(here)))
        }
    }
}

/// Copies of descriptors 0 to 2; what is closed is the null device.
pub(super) fn standard_streams() -> Result<[OwnedFd; 3], OciError> {
    let failed = |error: std::io::Error| OciError::system("pass the standard streams on", error);
    let copy = |stream: BorrowedFd<'_>| stream.try_clone_to_owned().map_err(failed);
    let (input, output, error) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    Ok([copy(input.as_fd())?, copy(output.as_fd())?, copy(error.as_fd())?])
}

/// The null device three times.
pub(super) fn null_streams() -> Result<[OwnedFd; 3], OciError> {
    let failed = |error: std::io::Error| OciError::file("open", "/dev/null", error);
    let null: OwnedFd = std::fs::File::options().read(true).write(true).open("/dev/null").map_err(failed)?.into();
    Ok([null.try_clone().map_err(failed)?, null.try_clone().map_err(failed)?, null])
}

/// Writes a process id, whole or not at all.
pub(super) fn write_pid_file(path: &Path, pid: Pid) -> Result<(), OciError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    std::fs::write(&temporary, pid.as_raw_nonzero().to_string())
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|source| OciError::file("write pid file", path, source))
}
