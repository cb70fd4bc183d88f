//! The keeper's first half: from the fork to the container's process.

use super::event_loop::EventLoop;
use super::streams::{Streams, null};
use super::{Keeper, Services};
use crate::runtime::attach::KeeperFrame;
use crate::runtime::cgroup;
use crate::runtime::control::Control;
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::guard::{Guard, exit};
use crate::runtime::handshake::{Order, Report, order, receive};
use crate::runtime::seccomp::agent;
use crate::runtime::{id_map, namespaces};
use crate::store::containers::{ProcessId, Status, boot_id};
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, close_all_except};
use oci_spec::runtime::LinuxNamespaceType;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, pidfd_send_signal};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// A container whose process runs.
pub(super) struct Running {
    pub guard: OwnedFd,
    pub init: OwnedFd,
    pub streams: [Option<OwnedFd>; 3],
    pub terminal: Option<OwnedFd>,
    /// Ready for reading when the process of the network has ended.
    pub network: Option<OwnedFd>,
    /// Where clients attach; without it they cannot.
    pub control: Option<Control>,
    /// Keeps the root file system mounted.
    pub root: Option<OwnedFd>,
}

/// Sockets and process of the guard, before init has reported.
pub(super) struct Starting {
    pub guard: OwnedFd,
    guard_process: OwnedFd,
    pub init_socket: OwnedFd,
    streams: [Option<OwnedFd>; 3],
    network: Option<OwnedFd>,
    /// Of a container that was prepared before it is started.
    pub control: Option<Control>,
    /// Keeps the root file system mounted.
    root: Option<OwnedFd>,
}

impl Keeper<'_> {
    /// Runs the keeper in a process that was forked for it. Never returns; no destructor of the caller runs.
    pub fn run(mut self) -> ! {
        let _ = rustix::thread::set_name(c"coracle-keeper"); // only cosmetic
        let _ = rustix::process::setsid(); // a fresh fork leads no group, so this cannot fail
        ignore_terminal_signals();
        // Until a failure has been told, too.
        let mut root = None;
        match self.start(&mut root) {
            Ok(running) => {
                let code = EventLoop::new(&mut self, running).run();
                exit(code)
            }
            Err(failure) => {
                // Not that of one that was ended while it waited to be started.
                if self.state.status.is_alive() {
                    self.note_failure(&failure);
                }
                self.tell_starter(&KeeperFrame::Failed(failure));
                drop(root); // while the FUSE server still answers
                exit(125)
            }
        }
    }

    pub(super) fn tell_starter(&self, frame: &KeeperFrame) {
        if let Some(client) = &self.client {
            let _ = message::send(client, &frame.encode(), &[]); // it may be gone
        }
    }

    /// `root` is where a failed start leaves the root file system, which it may take the kernel long to unmount.
    fn start(&mut self, root: &mut Option<OwnedFd>) -> Step<Running> {
        self.make_group()?;
        self.note_beginning()?;
        let mut starting = self.fork_guard()?;
        match self.bring_up(&mut starting) {
            Ok(running) => Ok(running),
            Err(failure) => {
                *root = starting.root.take();
                // The guard cleans up when its socket closes; ending it here makes that sure.
                let _ = pidfd_send_signal(&starting.guard_process, Signal::KILL);
                crate::runtime::guard::exit_code(starting.guard_process.as_fd());
                self.remove_group();
                Err(failure)
            }
        }
    }

    fn note_beginning(&mut self) -> Step<()> {
        self.state.status = Status::Initialized;
        self.state.keeper = ProcessId::of(std::process::id() as i32);
        self.state.boot_id = boot_id();
        // Readers must find the keeper alive as soon as anything of the container is; durable comes with the start.
        let durability = crate::store::containers::Durability::Volatile;
        self.containers
            .write_state(&self.id, &self.state, durability)
            .map_err(|error| Failure::message(error.to_string()))
    }

    fn fork_guard(&mut self) -> Step<Starting> {
        let failed = |error| Failure::setup("start the container's guard", error);
        let streams = Streams::make(self.plan)?;
        let (guard, guard_inside) = message::pair().map_err(failed)?;
        let (init_socket, init_inside) = message::pair().map_err(failed)?;
        let namespaces = match self.plan.join {
            Some(_) => NewNamespaces::empty(),
            // In the host's pid namespace there can be none around init's: its end is then tied to the guard's by signal.
            None if !namespaces::has(&self.plan.spec, LinuxNamespaceType::Pid) => NewNamespaces::USER,
            None => NewNamespaces::USER | NewNamespaces::PID,
        };
        // The guard is in the group, and a group is removed from outside.
        let own = self.group.as_ref().filter(|_| self.plan.remove).and_then(|_| cgroup::own());
        let init_plan = self.init_plan.try_clone().map_err(|error| Failure::setup("pass the plan", error))?;
        match self.fork_into_group(namespaces) {
            Ok(Fork::Child) => {
                drop((guard, init_socket));
                let mut for_init: Vec<OwnedFd> = streams.inside.into();
                for_init.push(init_plan);
                let guard = Guard { plan: self.plan, keeper: guard_inside, init_socket: init_inside, for_init };
                let services: &dyn Services = &*self.services;
                guard.run(
                    |socket, descriptors| services.become_init(socket, descriptors),
                    || services.remove_container(),
                    || {
                        if let (Some(own), Some(group)) = (&own, &self.group) {
                            let _ = own.enter(0).and_then(|()| group.remove()); // an empty directory harms nobody
                        }
                    },
                )
            }
            Ok(Fork::Parent { pid, pidfd }) => {
                // Before everything unknown is closed: an owner must not find its descriptor gone.
                drop((guard_inside, init_inside, init_plan, streams.inside));
                self.limit_without_group(pid);
                let starting = Starting {
                    guard,
                    guard_process: pidfd,
                    init_socket,
                    streams: [streams.input, streams.output, streams.error],
                    // Now, while the guard is busy making namespaces.
                    network: self.services.fork_network()?,
                    control: None,
                    root: None,
                };
                self.let_go_of_the_caller(&starting);
                if self.plan.join.is_none() {
                    self.write_maps(pid.as_raw_nonzero().get() as u32, &starting)?;
                }
                // An init that has failed already has said why: that is heard next.
                let _ = order(&starting.init_socket, Order::Mapped);
                Ok(starting)
            }
            Err(error) => Err(user_namespace_failure(error)),
        }
    }

    fn write_maps(&self, guard: u32, starting: &Starting) -> Step<()> {
        id_map::write(guard, &self.plan.id_maps, self.host_ids).map_err(|error| {
            let _ = pidfd_send_signal(&starting.guard_process, Signal::KILL); // it must not wait for ever
            Failure::message(error.to_string())
                .with_hint("`coracle doctor` shows what this user may map, and how to get more")
        })
    }

    /// Closes everything of the caller's: standard streams, preserved descriptors, whatever else was inherited. A shell
    /// that waits for the end of `$(coracle run -d ...)` must not wait for the container.
    fn let_go_of_the_caller(&self, starting: &Starting) {
        if let Ok(null) = null() {
            for stream in 0..3 {
                let _ = crate::sys::process::duplicate_to(null.as_raw_fd(), stream); // then the stream stays as it is
            }
        }
        let streams = starting.streams.iter().flatten().map(AsRawFd::as_raw_fd);
        let own = [&starting.guard, &starting.guard_process, &starting.init_socket, &self.init_plan];
        let own = own.into_iter().chain(&self.client);
        let network = starting.network.iter().map(AsRawFd::as_raw_fd).chain(self.services.network_descriptors());
        let keep: Vec<i32> = streams.chain(own.map(AsRawFd::as_raw_fd)).chain(network).collect();
        close_all_except(3, &keep);
    }

    /// Serves init's reports until its process is executed.
    fn bring_up(&mut self, starting: &mut Starting) -> Step<Running> {
        let mut init = None;
        let mut terminal = None;
        let gone = || Failure::message("the container's init process ended unexpectedly");
        loop {
            let (from_guard, from_init, is_abandoned) =
                wait_for_any(&starting.guard, &starting.init_socket, self.client.as_ref());
            if is_abandoned {
                // Nobody would ever learn that the container runs.
                return Err(Failure::message("the command that started the container has gone away"));
            }
            if from_guard {
                match receive(&starting.guard).ok().flatten() {
                    Some((Report::Cloned, descriptor)) => init = descriptor,
                    Some((Report::Failed(failure), _)) => return Err(failure),
                    Some((Report::Exited(code), _)) => {
                        return Err(self.last_words(starting).unwrap_or_else(|| ended_early(code)));
                    }
                    _ => return Err(gone()),
                }
                continue;
            }
            if !from_init {
                continue;
            }
            match receive(&starting.init_socket).map_err(|error| Failure::setup("hear from init", error))? {
                Some((Report::FuseDevice, Some(device))) => {
                    let served = self.services.serve_file_system(device);
                    served.map_err(|failure| match failure.kind {
                        // What is to be served cannot be opened: init can only miss it.
                        FailureKind::Setup => failure,
                        // When init has failed meanwhile, its reason is the real one.
                        _ => self.last_words(starting).unwrap_or(failure),
                    })?;
                }
                Some((Report::View { mount, owner }, Some(device))) => {
                    let served = self.services.serve_view(mount, owner, device);
                    served.map_err(|failure| self.last_words(starting).unwrap_or(failure))?;
                }
                Some((Report::Root, Some(mounted))) => starting.root = Some(mounted),
                Some((Report::Terminal, Some(master))) => terminal = Some(master),
                Some((Report::Tap, Some(tap))) => self.services.connect_network(tap)?,
                Some((Report::NetworkCalls, Some(listener))) => self.services.answer_network_calls(listener)?,
                Some((Report::SystemCalls, Some(listener))) => {
                    let pid = init.as_ref().and_then(pid_of).unwrap_or(0);
                    agent::ask(self.plan, &self.id, pid, "creating", &listener)?;
                }
                Some((Report::Route, Some(route))) => {
                    self.services.join_networks(route)?;
                    let _ = order(&starting.init_socket, Order::Connected); // one that has failed says why next
                }
                Some((Report::Prepared, _)) => {
                    init = Some(self.wait_for_start(init, starting)?);
                }
                Some((Report::Warning(line), _)) => {
                    self.tell_starter(&KeeperFrame::Warning(line));
                }
                Some((Report::Failed(failure), _)) => return Err(failure),
                Some(_) => return Err(gone()),
                None => break,
            }
        }
        let init = match init {
            Some(init) => init,
            None => match receive(&starting.guard).ok().flatten() {
                Some((Report::Cloned, Some(init))) => init,
                Some((Report::Failed(failure), _)) => return Err(failure),
                _ => return Err(gone()),
            },
        };
        // None when it ran and has ended already: its exit status is with the guard.
        let pid = pid_of(&init).unwrap_or(0);
        let control = starting.control.take().or_else(|| self.listen());
        self.note_start(pid, control.as_ref())?;
        let guard = starting.guard.try_clone().map_err(|error| Failure::setup("watch the container", error))?;
        let (network, root) = (starting.network.take(), starting.root.take());
        Ok(Running { guard, init, streams: std::mem::take(&mut starting.streams), terminal, network, control, root })
    }

    /// What init said before it ended.
    fn last_words(&self, starting: &Starting) -> Option<Failure> {
        while let Some((report, _)) = receive(&starting.init_socket).ok().flatten() {
            if let Report::Failed(failure) = report {
                return Some(failure);
            }
        }
        None
    }
}

fn ended_early(code: i32) -> Failure {
    Failure::message(format!("the container's init process ended with code {code} before it could start the command"))
}

/// Blocks until one of the sockets has something (which: guard, init) or the client has gone.
fn wait_for_any(guard: &OwnedFd, init: &OwnedFd, client: Option<&OwnedFd>) -> (bool, bool, bool) {
    let mut watched = vec![PollFd::new(guard, PollFlags::IN), PollFd::new(init, PollFlags::IN)];
    watched.extend(client.map(|client| PollFd::new(client, PollFlags::empty())));
    match poll(&mut watched, None) {
        // init first: what it says explains what the guard sees.
        Ok(_) if !watched[1].revents().is_empty() => (false, true, false),
        Ok(_) => {
            (!watched[0].revents().is_empty(), false, watched.get(2).is_some_and(|client| !client.revents().is_empty()))
        }
        Err(_) => (false, false, false),
    }
}

/// The pid, on the host, of the process `pidfd` is open on; `None` when it has been reaped (`pidfd_open(2)`).
pub fn pid_of(pidfd: &OwnedFd) -> Option<i32> {
    let information = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).ok()?;
    let pid = information.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()?;
    (pid > 0).then_some(pid)
}

/// A keeper outlives the terminal it was started from; a write to a client that is gone is an error, not its end.
fn ignore_terminal_signals() {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
    let mut ignored = SigSet::empty();
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGPIPE, Signal::SIGTSTP] {
        ignored.add(signal);
    }
    // Blocked, not ignored: nothing handles them, and init's program starts with the caller's dispositions.
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ignored), None);
}

fn user_namespace_failure(error: rustix::io::Errno) -> Failure {
    use rustix::io::Errno;
    let failure = Failure::setup("create a user namespace", error).of_kind(FailureKind::Setup);
    match error {
        Errno::PERM | Errno::ACCESS => {
            failure.with_hint("this host restricts user namespaces: `coracle doctor` names the setting and the remedy")
        }
        Errno::NOSPC | Errno::USERS => failure.with_hint("the limit in /proc/sys/user/max_user_namespaces is reached"),
        _ => failure,
    }
}
