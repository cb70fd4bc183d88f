//! Starting a container: the fork of its keeper, and the first words between them.

use super::error::Error;
use super::health::HealthJob;
use super::host_files::{self, Which};
use super::hosts;
use super::init::InitPlan;
use super::lifecycle::with_ids;
use super::network::{self, NetworkMode, Prepared};
use super::plan::resource_limits;
use super::record::ContainerRecord;
use super::request::RootSource;
use super::root::{LowerPlan, RootPlan, serve_mount, serve_root};
use super::{Engine, activation, events, health, hello, networks, pods, removal, reserved, restart, secrets};
use crate::network::fast;
use crate::network::process::{self, Message, NetProcess, Settings};
use crate::overlay::probe;
use crate::overlay::server::Server;
use crate::runtime::attach::{ClientFrame, KeeperFrame};
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::id_map::HostIds;
use crate::runtime::init::{execute_init, report_failure};
use crate::runtime::keeper::{Job, Keeper, Milestone, Services};
use crate::runtime::subordinate::IdKind;
use crate::store::containers::{Containers, Durability, State, Status};
use crate::store::paths::Paths;
use crate::store::projects;
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use oci_spec::runtime::BoxBuilder;
use rustix::fs::MemfdFlags;
use serde::Serialize;
use std::convert::Infallible;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::Duration;

/// A container that has just been started.
#[derive(Debug)]
pub struct Session {
    /// Its record.
    pub record: ContainerRecord,
    /// Connection to its keeper.
    pub keeper: OwnedFd,
    /// The pid of its keeper.
    pub keeper_pid: i32,
    /// The pid of its process on the host.
    pub pid: i32,
    /// Lines worth showing.
    pub warnings: Vec<String>,
}

/// How a container is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct StartOptions {
    /// The caller shows the container's output and stays.
    pub foreground: bool,
    /// Rows and columns of the caller's terminal.
    pub terminal_size: Option<(u16, u16)>,
    /// Set everything up, but do not execute the container's process until it is started once more (`init`).
    pub prepare: bool,
    /// What the service manager has handed to the caller goes on to the container.
    pub passes_on: bool,
    /// By the container's keeper, for another run: its own limits are no user's.
    pub in_place: bool,
}

impl Engine {
    /// Starts container `id`: forks its keeper and returns when its process runs, or with the reason why not.
    ///
    /// The caller must have one thread. `lock` is the container's lock when the caller has it already.
    pub fn start(&self, id: &str, options: StartOptions, lock: Option<OwnedFd>) -> Result<Session, Error> {
        let containers = self.containers();
        let lock = lock.map_or_else(|| containers.lock(id), Ok)?;
        let mut state = containers.read_state(id)?;
        if state.status == Status::Restarting {
            super::lifecycle::end_waiting_keeper(&state);
            state = containers.read_state(id)?;
        }
        if state.is_prepared() && !options.prepare {
            return self.start_prepared(id, &state, options);
        }
        if state.status.is_alive() {
            return Err(Error::Conflict(format!("container {id} is already {}", state.status.word())));
        }
        (state.restarts, state.restart_delay_ms) = (0, 0);
        if state.starts > 0 {
            containers.clear_marks(id);
        }
        let Ready { record, host_ids, mut prepared } = self.make_ready(id, &state, options)?;
        let mut warnings = Vec::new();
        let mut roots = usable_roots(&record).into_iter().peekable();
        while let Some(root) = roots.next() {
            let session = fork_keeper(self, &record, root, &state, &host_ids, &mut prepared, options)?;
            let words = first_words(session);
            match words {
                // What the probe could not see: the next driver may do.
                Err(Error::Start(failure)) if failure.kind == FailureKind::RootFileSystem && roots.peek().is_some() => {
                    warnings.push(format!("storage driver {} does not work here: {failure}", root.driver()));
                }
                Ok(mut session) => {
                    session.warnings.splice(0..0, warnings);
                    keep_driver(&record, root);
                    drop(prepared); // the keeper has its own copies of what is in it
                    if !options.prepare {
                        write_pid_files(&session.record, session.pid, session.keeper_pid)?;
                    }
                    drop(lock);
                    return Ok(session);
                }
                Err(error) => {
                    networks::give_back(&self.paths, id, prepared.joinings);
                    let _ = hosts::share(&record, hosts::Sharing::Ends); // the failure to start is what is worth telling
                    self.remove_unstarted(&record);
                    return Err(error);
                }
            }
        }
        Err(Error::BadRequest(format!("container {id} has no root file system")))
    }

    /// Lets the process of a container run that is set up and waits.
    fn start_prepared(&self, id: &str, state: &State, options: StartOptions) -> Result<Session, Error> {
        let record: ContainerRecord = self.containers().read_config(id)?;
        let directory = state.control.clone().unwrap_or_default();
        let unreachable = |source: rustix::io::Errno| Error::File {
            operation: "connect to the container's keeper in",
            path: directory.clone(),
            source: source.into(),
        };
        let keeper = crate::runtime::control::connect_to(&directory).map_err(unreachable)?;
        ClientFrame::Start(options.foreground).send(&keeper).map_err(unreachable)?;
        let keeper_pid = state.keeper.map_or(0, |keeper| keeper.pid);
        let session = first_words(Session { record, keeper, keeper_pid, pid: 0, warnings: Vec::new() })?;
        write_pid_files(&session.record, session.pid, session.keeper_pid)?;
        Ok(session)
    }

    /// Everything a start needs but a process.
    fn make_ready(&self, id: &str, state: &State, options: StartOptions) -> Result<Ready, Error> {
        let containers = self.containers();
        let mut record: ContainerRecord = containers.read_config(id)?;
        if !options.in_place {
            self.settle_limits(&mut record)?;
        }
        if let (Some((rows, columns)), Some(process)) = (options.terminal_size, record.plan.spec.process_mut()) {
            let size = BoxBuilder::default().height(u64::from(rows)).width(u64::from(columns)).build();
            process.set_console_size(size.ok());
        }
        if state.starts > 0 {
            discard_overlays(&record)?;
        }
        self.start_required(&record)?;
        self.find_joined(&mut record)?;
        if networks::become_named(&mut record) {
            containers.write_config(id, &record, Durability::Volatile)?;
        }
        let host_ids = HostIds::detect();
        let prepared = match self.prepare_network(&mut record, state, options.foreground) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.remove_unstarted(&record);
                return Err(error);
            }
        };
        if record.request.remove && !record.request.start_at_once {
            removal::mark_disposable(&record.plan.directory)?;
        }
        health::begin(&record)?;
        give_to_container_root(&record, &host_ids)?;
        record.plan.waits = options.prepare;
        if options.passes_on {
            activation::pass_on(&mut record);
        }
        self.begin_volume_use(&mut record);
        Ok(Ready { record, host_ids, prepared })
    }

    /// Starts container `id` with this process as its keeper, which it is already; returns only when it cannot.
    ///
    /// The caller must have one thread and be the keeper that `state` names.
    pub(super) fn start_in_place(
        &self,
        id: &str,
        state: State,
        options: StartOptions,
        lock: OwnedFd,
    ) -> Result<(), Error> {
        let Ready { record, host_ids, mut prepared } = self.make_ready(id, &state, options)?;
        let roots = usable_roots(&record);
        let Some(root) = roots.first() else {
            return Err(Error::BadRequest(format!("container {id} has no root file system")));
        };
        let launch = launch(&record, root, &state, &prepared)?;
        // Released with the caller's descriptors, when the state says that the container is being set up.
        std::mem::forget(lock);
        run_keeper(self, &record, launch, &host_ids, &mut prepared, None)
    }

    /// The session that starts a container may have lower limits than the one that made it, or higher ones.
    fn settle_limits(&self, record: &mut ContainerRecord) -> Result<(), Error> {
        let limits = Some(resource_limits(&record.request)?);
        if let Some(process) = record.plan.spec.process_mut().as_mut().filter(|process| *process.rlimits() != limits) {
            process.set_rlimits(limits);
            self.containers().write_config(&record.id, record, Durability::Volatile)?;
        }
        Ok(())
    }

    /// Addresses, bound ports, and the container's files that tell of them.
    fn prepare_network(
        &self,
        record: &mut ContainerRecord,
        state: &State,
        is_foreground: bool,
    ) -> Result<Prepared, Error> {
        let mut prepared = match record.network.mode {
            NetworkMode::Named => networks::prepare(&self.paths, record)?,
            _ => network::prepare(&record.id, &mut record.network, &record.request)?,
        };
        hosts::share(record, hosts::Sharing::Begins)?;
        network::prepare_egress(&record.network, &mut prepared, is_foreground)?;
        if prepared.ports_changed {
            self.containers().write_config(&record.id, record, Durability::Volatile)?;
        }
        // What the host says may have changed since the last start; before the first it was written a moment ago.
        let files = match record.network.mode {
            _ if state.starts > 0 || !record.request.start_at_once => Which::All,
            NetworkMode::Private(_) | NetworkMode::Named => Which::WithAddresses,
            _ => return Ok(prepared),
        };
        host_files::write(record, &prepared.names, files)?;
        Ok(prepared)
    }
}

/// `--pidfile` and `--conmon-pidfile`. A container whose pid cannot be told as asked is ended again.
fn write_pid_files(record: &ContainerRecord, pid: i32, keeper_pid: i32) -> Result<(), Error> {
    let request = &record.request;
    for (path, number) in [(&request.pidfile, pid), (&request.keeper_pidfile, keeper_pid)] {
        let Some(path) = path else { continue };
        if let Err(source) = std::fs::write(path, number.to_string()) {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL); // it may have ended by itself
            }
            return Err(Error::File { operation: "write", path: path.clone(), source });
        }
    }
    Ok(())
}

/// A container that is ready to start.
struct Ready {
    record: ContainerRecord,
    host_ids: HostIds,
    prepared: Prepared,
}

/// What one attempt to start is made from.
struct Launch {
    init_plan: InitPlan,
    plan_file: OwnedFd,
    state: State,
}

fn launch(record: &ContainerRecord, root: &RootPlan, state: &State, prepared: &Prepared) -> Result<Launch, Error> {
    let mut init_plan =
        InitPlan { runtime: record.plan.clone(), root: root.clone(), network: prepared.namespace.clone() };
    tell_hello(record, &mut init_plan);
    tell_secrets(record, &mut init_plan)?;
    let plan_file = in_memory(&init_plan)?;
    let state = State { driver: root.driver().to_owned(), networks: prepared.attachments.clone(), ..state.clone() };
    Ok(Launch { init_plan, plan_file, state })
}

/// Is the keeper, in a process that has become one. `client` is the command that starts the container, and whether it
/// stays. Never returns.
fn run_keeper(
    engine: &Engine,
    record: &ContainerRecord,
    launch: Launch,
    host_ids: &HostIds,
    prepared: &mut Prepared,
    client: Option<(OwnedFd, bool)>,
) -> ! {
    let (client, is_foreground) = client.map_or((None, false), |(client, is_foreground)| (Some(client), is_foreground));
    let mut services = ContainerServices {
        paths: engine.paths.clone(),
        root: launch.init_plan.root,
        record: record.clone(),
        servers: Vec::new(),
        // This process has a copy of its own; the sockets stay open in the other for the next attempt.
        network: prepared.settings.take(),
        net: None,
        calls: None,
        joinings: std::mem::take(&mut prepared.joinings),
    };
    let keeper = Keeper {
        plan: &record.plan,
        init_plan: launch.plan_file,
        host_ids,
        containers: engine.containers(),
        id: record.id.clone(),
        state: launch.state,
        client,
        control_directories: vec![engine.paths.container_run(&record.id), record.plan.directory.clone()],
        is_foreground,
        group: None,
        services: &mut services,
    };
    keeper.run()
}

fn fork_keeper(
    engine: &Engine,
    record: &ContainerRecord,
    root: &RootPlan,
    state: &State,
    host_ids: &HostIds,
    prepared: &mut Prepared,
    options: StartOptions,
) -> Result<Session, Error> {
    let (keeper, client) =
        crate::sys::message::pair().map_err(|error| Failure::setup("connect to the container's keeper", error))?;
    let launch = launch(record, root, state, prepared)?;
    match fork_into(NewNamespaces::empty()) {
        Ok(Fork::Child) => {
            drop(keeper);
            run_keeper(engine, record, launch, host_ids, prepared, Some((client, options.foreground)))
        }
        Ok(Fork::Parent { pid, .. }) => {
            let keeper_pid = pid.as_raw_nonzero().get();
            Ok(Session { record: record.clone(), keeper, keeper_pid, pid: 0, warnings: Vec::new() })
        }
        Err(error) => Err(Failure::setup("start the container's keeper", error).into()),
    }
}

impl Engine {
    /// A disposable container that could not be started is gone, as if it had run.
    fn remove_unstarted(&self, record: &ContainerRecord) {
        if record.request.remove && removal::remove_record(&self.paths, record).is_err() {
            let maps = &record.plan.id_maps;
            // What is left is removed by the next command that looks; the failure to start is what is worth telling.
            let _ = with_ids(maps, || removal::remove_record(&self.paths, record));
        }
    }
}

/// File in a container's directory with the name of the storage driver that made its changes.
const DRIVER_FILE: &str = "driver";

/// The ways to make the root: all before the first start, afterwards the one that worked, because each writes changes in a
/// form of its own.
pub(super) fn usable_roots(record: &ContainerRecord) -> Vec<&RootPlan> {
    let kept = std::fs::read_to_string(record.plan.directory.join(DRIVER_FILE)).ok();
    let is_kept = |root: &&RootPlan| kept.as_deref().is_none_or(|kept| kept == root.driver());
    record.roots.iter().filter(is_kept).collect()
}

/// Notes the driver, where there was a choice and may be another start.
pub(super) fn keep_driver(record: &ContainerRecord, root: &RootPlan) {
    if record.roots.len() > 1 && !record.request.remove {
        // Without the note the next start tries them in the same order, and the first that works is the same one.
        let _ = std::fs::write(record.plan.directory.join(DRIVER_FILE), root.driver());
    }
}

/// What was changed above a directory mounted with `O` lasts for one run of the container.
fn discard_overlays(record: &ContainerRecord) -> Result<(), Error> {
    let overlays = record.plan.directory.join(super::plan::OVERLAYS);
    if !overlays.exists() {
        return Ok(());
    }
    let remove = || removal::remove_tree(&overlays);
    if remove().is_err() {
        with_ids(&record.plan.id_maps, remove)
            .map_err(|reason| Failure::message(format!("remove \"{}\": {reason}", overlays.display())))?;
    }
    super::create::make_overlays(record)
}

/// Under a map without the user, the writable layer must belong to the container's root before init can use it.
pub(super) fn give_to_container_root(record: &ContainerRecord, host: &HostIds) -> Result<(), Error> {
    let maps = &record.plan.id_maps;
    // FUSE writes as the user, whatever the map.
    if maps.to_container(IdKind::Uid, host.uid).is_some() || matches!(record.roots.first(), Some(RootPlan::Fuse { .. }))
    {
        return Ok(());
    }
    // Real root changes owners by their host ids; a user does it where its subordinate ids are mapped.
    let owner = |kind| {
        let id = maps.to_host(kind, 0)?;
        if host.privileged { Some(id) } else { host.intermediate.to_container(kind, id) }
    };
    let (Some(uid), Some(gid)) = (owner(IdKind::Uid), owner(IdKind::Gid)) else { return Ok(()) };
    let directory = &record.plan.directory;
    let give = || {
        let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
        ["upper", "work"].iter().try_for_each(|part| rustix::fs::chown(directory.join(part), Some(uid), Some(gid)))
    };
    let given = match host.privileged {
        true => give().map_err(|error| crate::runtime::failure::in_words(&error.into())),
        false => with_ids(&host.intermediate, give),
    };
    given.map_err(|error| Failure::message(format!("prepare the writable layer: {error}")).into())
}

/// Waits until the container's process runs.
fn first_words(mut session: Session) -> Result<Session, Error> {
    loop {
        match KeeperFrame::receive(&session.keeper) {
            Ok(Some(KeeperFrame::Started(pid))) => {
                session.pid = pid;
                return Ok(session);
            }
            Ok(Some(KeeperFrame::Warning(line))) => session.warnings.push(line),
            Ok(Some(KeeperFrame::Failed(failure))) => return Err(failure.into()),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                return Err(Failure::message("the container's keeper ended before the container started").into());
            }
        }
    }
}

/// The embedded image's program prints what its container is; what it cannot see it is told.
fn tell_hello(record: &ContainerRecord, plan: &mut InitPlan) {
    if !matches!(&record.request.root, RootSource::Image(name) if name == reserved::HELLO) {
        return;
    }
    let layers = match plan.root.lower() {
        Some(LowerPlan::Image { layers, .. }) => layers.as_slice(),
        _ => &[],
    };
    let digest = |layer: &PathBuf| format!("sha256:{}", layer.file_stem().unwrap_or_default().display());
    let refused = probe::probe(&record.plan.directory).refused;
    let told = hello::Told {
        driver: plan.root.driver().to_owned(),
        reason: refused.first().map(|(driver, reason)| format!("{}: {reason}", driver.name())).unwrap_or_default(),
        layers: layers.iter().map(digest).collect(),
        image: record.image.clone(),
    };
    if let (Some(process), Ok(told)) = (plan.runtime.spec.process_mut(), serde_json::to_string(&told)) {
        let mut environment = process.env().clone().unwrap_or_default();
        environment.push(format!("{}={told}", hello::TOLD));
        process.set_env(Some(environment));
    }
}

/// Variables that are secrets go no other way than with the plan in memory.
fn tell_secrets(record: &ContainerRecord, plan: &mut InitPlan) -> Result<(), Error> {
    let variables = secrets::variables(record)?;
    if let (Some(process), false) = (plan.runtime.spec.process_mut(), variables.is_empty()) {
        let mut environment = process.env().clone().unwrap_or_default();
        environment.extend(variables);
        process.set_env(Some(environment));
    }
    Ok(())
}

/// The plan as a file that init can read after its exec, without a name anywhere.
pub(super) fn in_memory(plan: &impl Serialize) -> Result<OwnedFd, Error> {
    let failed = |error: std::io::Error| Failure::setup("pass the plan to init", error);
    let file = rustix::fs::memfd_create("coracle-plan", MemfdFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    let mut file = File::from(file);
    let text = serde_json::to_vec(plan).map_err(|error| failed(error.into()))?;
    file.write_all(&text).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok(file.into())
}

/// What the engine does inside the keeper.
struct ContainerServices {
    paths: Paths,
    root: RootPlan,
    record: ContainerRecord,
    /// Of the root and of mounts; they live as long as this process.
    servers: Vec<Server>,
    network: Option<Settings>,
    net: Option<NetProcess>,
    calls: Option<fast::Calls>,
    joinings: Vec<networks::Joining>,
}

impl Services for ContainerServices {
    fn tell(&self, milestone: Milestone) {
        events::tell(&self.paths, &events::milestone(&self.paths, &self.record, milestone));
    }

    fn serve_file_system(&mut self, device: OwnedFd) -> Step<()> {
        self.servers.push(serve_root(&self.root, &self.record.plan.directory, &self.record.plan.id_maps, device)?);
        Ok(())
    }

    fn serve_view(&mut self, mount: usize, owner: (u32, u32), device: OwnedFd) -> Step<()> {
        self.servers.push(serve_mount(&self.record.plan, mount, owner, device)?);
        Ok(())
    }

    fn fork_network(&mut self) -> Step<Option<OwnedFd>> {
        let Some(settings) = self.network.take() else { return Ok(None) };
        if self.record.plan.network_calls {
            let failed = |error| Failure::setup("start the process that makes the container's connections", error);
            self.calls = Some(network::fast_settings(&settings).and_then(fast::start).map_err(failed)?);
        }
        let failed = |error| Failure::setup("start the process of the container's network", error);
        let net = process::fork(settings).map_err(failed)?;
        let watched =
            net.process.try_clone().map_err(|error| Failure::setup("watch the container's network", error))?;
        self.net = Some(net);
        Ok(Some(watched))
    }

    fn network_descriptors(&self) -> Vec<i32> {
        let net = self.net.iter().flat_map(|net| [net.control.as_raw_fd(), net.process.as_raw_fd()]);
        let joinings = self.joinings.iter().flat_map(networks::Joining::descriptors);
        net.chain(self.calls.iter().map(|calls| calls.control.as_raw_fd())).chain(joinings).collect()
    }

    fn answer_network_calls(&mut self, listener: OwnedFd) -> Step<()> {
        let Some(calls) = &self.calls else { return Err(Failure::message("nobody makes the container's connections")) };
        calls.serve(&listener).map_err(|error| Failure::setup("hand the container's connections over", error))
    }

    fn join_networks(&mut self, route: OwnedFd) -> Step<()> {
        networks::plug_in(&self.paths, std::mem::take(&mut self.joinings), &route)
    }

    fn leave_networks(&mut self) {
        if let Some(net) = self.net.take() {
            net.end();
        }
        networks::leave_all(&self.paths, &self.record);
        let _ = hosts::share(&self.record, hosts::Sharing::Ends); // the other container may be gone
    }

    fn connect_network(&mut self, tap: OwnedFd) -> Step<()> {
        let Some(net) = &self.net else { return Err(Failure::message("the container has no network process")) };
        net.control
            .send(&Message::Tap, Some(tap.as_fd()))
            .map_err(|error| Failure::setup("hand the container's network over", error))
    }

    fn become_init(&self, socket: OwnedFd, descriptors: Vec<OwnedFd>) -> Infallible {
        let mut descriptors = descriptors.into_iter();
        let failure = match (descriptors.next(), descriptors.next(), descriptors.next(), descriptors.next()) {
            (Some(input), Some(output), Some(error), Some(plan)) => {
                execute_init([input, output, error], &socket, &plan)
            }
            _ => Failure::message("init was not given its descriptors"),
        };
        report_failure(&socket, failure);
        crate::runtime::guard::exit(125)
    }

    fn remove_container(&self) -> Result<(), String> {
        removal::remove_record(&self.paths, &self.record).map_err(|error| error.to_string())
    }

    fn jobs(&mut self) -> Vec<Box<dyn Job>> {
        HealthJob::new(&self.paths, &self.record).map(|job| Box::new(job) as Box<dyn Job>).into_iter().collect()
    }

    fn next_start(&self, state: &State, exit_code: i32) -> Option<Duration> {
        restart::next_start(&Containers::new(&self.paths), &self.record, state, exit_code)
    }

    fn start_again(&self) -> Failure {
        restart::execute(&self.paths, &self.record.id)
    }

    fn runs_again(&self, pid: i32) {
        let keeper_pid = std::process::id() as i32;
        let _ = write_pid_files(&self.record, pid, keeper_pid); // nobody is there to hear of it
    }

    fn finished(&self) {
        pods::after_end(&self.paths, &self.record);
        removal::sweep(&self.paths);
        if self.record.request.storage_size_bytes.is_some() {
            projects::sweep(&self.paths);
        }
        if let (true, RootSource::Image(image)) = (self.record.request.remove_image, &self.record.request.root)
            && !Containers::new(&self.paths).exists(&self.record.id)
        {
            // Not from here: there are threads by now, and files of other ids may have to go.
            let mut command = std::process::Command::new("/proc/self/exe");
            command.arg0("coracle").arg("--root").arg(&self.paths.root).arg("--runroot").arg(&self.paths.run_root);
            let _ = command.args(["rmi", image]).exec(); // nobody is left to be told
        }
    }
}
