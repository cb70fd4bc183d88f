//! Creating a container: the request and its image become a record in the store. Nothing runs yet.

use super::error::Error;
use super::network::{self, NameAddresses, NetworkMode};
use super::plan::{ImageDefaults, Others, Place, Planned, VolumeUse, plan};
use super::record::ContainerRecord;
use super::request::{ContainerRequest, MountKind, NamespaceMode, RootSource, UserNamespaceMode};
use super::{Engine, events, host_files, names, removal};
use crate::overlay::probe::Driver;
use crate::runtime::id_map::HostIds;
use crate::runtime::plan::JoinPlan;
use crate::runtime::subordinate::Subordinate;
use crate::store::containers::{self, Durability, State, make_directories};
use crate::store::projects;
use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// How many names are tried before giving up.
const NAME_ATTEMPTS: usize = 16;

/// A container that has just been created.
#[derive(Debug)]
pub struct Created {
    /// Its record.
    pub record: ContainerRecord,
    /// Its lock, for who goes on to start it.
    pub lock: OwnedFd,
    /// Lines worth showing.
    pub warnings: Vec<String>,
}

/// What may make the root of a container.
struct Drivers {
    /// The preferred one first.
    candidates: Vec<Driver>,
    /// Most that the container may write, if a project quota is to keep it to that.
    quota_bytes: Option<u64>,
}

/// A container that is about to be written.
struct NewContainer<'a> {
    request: &'a ContainerRequest,
    image: &'a ImageDefaults,
    id: &'a str,
    name: &'a str,
    drivers: Drivers,
    host: &'a HostIds,
    others: &'a Others,
}

impl Engine {
    /// Creates a container from `request` and the defaults of its image.
    ///
    /// On failure everything made for it is gone again. Blocks for a few small files.
    pub fn create(&self, request: &ContainerRequest, image: &ImageDefaults) -> Result<Created, Error> {
        check_request(request)?;
        self.check_id_file(request)?;
        let in_pod = self.in_pod(request)?;
        let request = in_pod.as_ref().unwrap_or(request);
        let host = HostIds::detect();
        let others = self.others(request)?;
        if request.replace
            && let Some(name) = &request.name
        {
            self.remove_existing(name)?;
        }
        let containers = self.containers();
        let (id, lock) = containers.allocate_locked()?;
        let mut name = String::new();
        let result = self.drivers(request, &id).and_then(|drivers| {
            name = self.register_name(request.name.as_deref(), &id)?;
            let new = NewContainer { request, image, id: &id, name: &name, drivers, host: &host, others: &others };
            let (record, mut warnings) = self.write_container(new)?;
            if warnings.iter().any(|_| record.network.mode == NetworkMode::Host && request.network.is_empty())
                && (request.quiet || !self.tells_first_time("no-tun"))
            {
                warnings.clear();
            }
            warnings.extend(shortage_warnings(self, request, &host));
            events::tell(&self.paths, &[events::container(&record, "create")]);
            Ok(Created { record, lock, warnings })
        });
        if result.is_err() {
            // The error that is returned is the one worth telling.
            let _ = removal::remove_files(&self.paths, &id, &name, &[]);
        }
        result
    }

    /// A file that holds the ID of a container is that one's; any other, such as one that a crash has left, is written over.
    fn check_id_file(&self, request: &ContainerRequest) -> Result<(), Error> {
        let Some(path) = request.cidfile.as_deref().filter(|_| !request.replace) else { return Ok(()) };
        match removal::id_in(path) {
            Some(id) if self.containers().exists(&id) => Err(Error::BadRequest(format!(
                "container ID file exists. Ensure another container is not using it or delete {}",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    fn register_name(&self, wanted: Option<&str>, id: &str) -> Result<String, Error> {
        let containers = self.containers();
        if let Some(name) = wanted {
            containers.register_name(name, id)?;
            return Ok(name.to_owned());
        }
        let mut last = None;
        for attempt in 0..NAME_ATTEMPTS {
            let name = names::generate(id, attempt);
            match containers.register_name(&name, id) {
                Ok(()) => return Ok(name),
                Err(error @ containers::Error::NameInUse { .. }) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.map_or_else(|| Error::BadRequest("no free name".to_owned()), Error::from))
    }

    /// The drivers for container `id`.
    fn drivers(&self, request: &ContainerRequest, id: &str) -> Result<Drivers, Error> {
        let directory = self.containers().directory(id);
        let asked = request.storage_driver.as_deref().or(self.storage_driver.as_deref());
        let drivers = super::driver::candidates(asked, &directory)?;
        if request.storage_size_bytes.is_none() {
            return Ok(Drivers { candidates: drivers, quota_bytes: None });
        }
        let obstacle = projects::obstacle(&directory);
        let drivers = super::driver::limited(drivers, obstacle)?;
        let quota_bytes = request.storage_size_bytes.filter(|_| obstacle.is_none() && drivers != [Driver::Fuse]);
        Ok(Drivers { candidates: drivers, quota_bytes })
    }

    fn write_container(&self, new: NewContainer<'_>) -> Result<(ContainerRecord, Vec<String>), Error> {
        let NewContainer { request, image, id, name, drivers, host, others } = new;
        let containers = self.containers();
        let directory = containers.directory(id);
        let (volumes, extracted) = (self.paths.volumes(), self.paths.extracted());
        let place = Place {
            id,
            name,
            directory: &directory,
            volumes: &volumes,
            extracted: &extracted,
            drivers: &drivers.candidates,
        };
        let Planned { mut record, volumes, warnings } = plan(request, image, place, host, others)?;
        network::choose_random_ports(&mut record.network.ports)?;
        make_parts(&record)?;
        if let Some(bytes) = drivers.quota_bytes {
            projects::limit(&self.paths, id, &[&directory.join("upper"), &directory.join("work")], bytes)?;
        }
        self.copy_secrets(&record)?;
        self.make_volumes(&volumes)?;
        make_missing_sources(request)?;
        // The container's addresses are chosen at its start.
        let files = match record.network.mode {
            NetworkMode::Private(_) | NetworkMode::Named if request.start_at_once => {
                host_files::Which::WithoutAddresses
            }
            _ => host_files::Which::All,
        };
        host_files::write(&record, &NameAddresses::default(), files)?;
        let durability = if request.remove { Durability::Volatile } else { Durability::Durable };
        if request.remove && request.start_at_once {
            removal::mark_disposable(&directory)?;
        }
        containers.write_state(id, &State::default(), durability)?;
        if let Some(path) = &request.cidfile {
            write_id_file(path, id)?;
        }
        containers.write_config(id, &record, durability)?;
        let joined = record.plan.join.iter().map(|join| &join.container).filter(|joined| !joined.is_empty());
        for needed in joined.chain(&record.requires) {
            containers.note_dependent(needed, id)?;
        }
        Ok((record, warnings))
    }

    /// Whether something that is said once per store has not been said yet; it counts as said from now on.
    fn tells_first_time(&self, what: &str) -> bool {
        let told = self.paths.root.join(format!(".told-{what}"));
        fs::OpenOptions::new().write(true).create_new(true).open(told).is_ok()
    }

    fn make_volumes(&self, volumes: &[VolumeUse]) -> Result<(), Error> {
        for volume in volumes {
            if self.volumes().ensure(&volume.name, volume.anonymous)? {
                events::tell(&self.paths, &[events::volume(&volume.name, "create")]);
            }
        }
        Ok(())
    }

    /// Options of the volumes that the request names, of those that have some.
    fn volume_options(&self, request: &ContainerRequest) -> BTreeMap<String, BTreeMap<String, String>> {
        let volumes = self.volumes();
        let named = request.mounts.iter().filter(|mount| mount.kind == MountKind::Volume);
        let described = named.filter_map(|mount| {
            // One that is not there will be made, without options.
            let volume = volumes.get(mount.source.as_deref()?)?;
            (!volume.options.is_empty()).then_some((volume.name, volume.options))
        });
        described.collect()
    }

    /// Host ids that containers with automatic maps have; those are nobody else's while the container exists.
    fn automatic_ids(&self) -> Subordinate {
        let containers = self.containers();
        let mut used = Subordinate::default();
        for id in containers.list() {
            let Ok(record) = containers.read_config::<ContainerRecord>(&id) else { continue };
            if matches!(record.request.userns, UserNamespaceMode::Auto { .. }) {
                used.uid.extend(record.plan.id_maps.uid.iter().map(|map| map.host()));
                used.gid.extend(record.plan.id_maps.gid.iter().map(|map| map.host()));
            }
        }
        used
    }

    /// The containers whose namespaces or volumes the request uses.
    fn others(&self, request: &ContainerRequest) -> Result<Others, Error> {
        let mut others = Others::default();
        let containers = self.containers();
        let user = match &request.userns {
            UserNamespaceMode::Container(name) => Some(name),
            _ => None,
        };
        let modes = [&request.pid, &request.ipc, &request.uts, &request.cgroup];
        let named = modes.into_iter().filter_map(|mode| match mode {
            NamespaceMode::Container(name) => Some(name),
            _ => None,
        });
        let network = request.network.iter().filter_map(|text| text.strip_prefix("container:").map(str::to_owned));
        for name in named.chain(user).cloned().chain(network) {
            let name = &name;
            let id = containers.find(name)?;
            // Its process is looked up when the new container starts.
            others.joined.insert(name.clone(), JoinPlan { container: id.clone(), ..JoinPlan::default() });
            let joined: ContainerRecord = containers.read_config(&id)?;
            if joined.request.ipc == NamespaceMode::Private
                && request.ipc == NamespaceMode::Container(name.clone())
                && !joined.request.holds_namespaces
            {
                return Err(Error::BadRequest(format!(
                    "joining IPC namespace of container {id} is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the \
                     donor container)"
                )));
            }
            if request.network.iter().any(|text| text.strip_prefix("container:") == Some(name)) {
                others.host_files = network_files(&joined);
            }
            others.id_maps = Some(joined.plan.id_maps);
            others.hostname = Some(joined.hostname);
            others.ids.insert(name.clone(), id);
        }
        others.required = request.requires.iter().map(|name| containers.find(name)).collect::<Result<_, _>>()?;
        others.pod = self.membership(request);
        others.secrets = self.find_secrets(request)?;
        for path in request.network.iter().filter_map(|text| text.strip_prefix("ns:")) {
            match network::find_namespace(Path::new(path))? {
                network::Found::Own => others.is_own_network = true,
                network::Found::Process(join, maps) => {
                    others.joined.insert(format!("ns:{path}"), join);
                    others.id_maps = Some(maps);
                }
            }
        }
        others.networks = super::networks::wanted(request, &self.networks())?;
        if matches!(request.userns, UserNamespaceMode::Auto { .. }) {
            others.automatic_ids = self.automatic_ids();
        }
        others.volume_options = self.volume_options(request);
        for text in &request.volumes_from {
            let name = text.split(':').next().unwrap_or_default();
            let id = containers.find(name).map_err(|error| {
                Error::BadRequest(format!("looking up container {name:?} for volumes-from: {error}"))
            })?;
            others.volumes_from.insert(name.to_owned(), containers.read_config(&id)?);
        }
        Ok(others)
    }
}

/// The files of a container that say where it is in its network, by destination.
fn network_files(record: &ContainerRecord) -> BTreeMap<PathBuf, PathBuf> {
    let mounts = record.plan.spec.mounts().as_deref().unwrap_or_default().iter();
    let is_told =
        |destination: &Path| ["/etc/hosts", "/etc/resolv.conf"].iter().any(|known| destination == Path::new(known));
    let file = |mount: &oci_spec::runtime::Mount| {
        is_told(mount.destination()).then(|| Some((mount.destination().clone(), mount.source().clone()?))).flatten()
    };
    mounts.filter_map(file).collect()
}

/// What needs no host to be seen wrong.
fn check_request(request: &ContainerRequest) -> Result<(), Error> {
    let refuse = |line: String| Err(Error::BadRequest(line));
    if let Some(name) = request.name.as_deref().filter(|name| !names::is_valid(name)) {
        return refuse(format!(
            "invalid container name \"{name}\": names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument"
        ));
    }
    check_text(request)?;
    if request.replace && request.name.is_none() {
        return refuse("cannot replace container without --name being set".to_owned());
    }
    if let RootSource::Directory { path, .. } = &request.root
        && !path.is_dir()
    {
        return refuse(format!("rootfs \"{}\" is not a directory", path.display()));
    }
    if request.detach_keys.as_deref().is_some_and(|keys| super::detach_keys::parse(keys).is_none()) {
        return refuse(format!("invalid detach keys \"{}\"", request.detach_keys.as_deref().unwrap_or_default()));
    }
    Ok(())
}

/// Words that end up as lines of files, or that exclude one another.
fn check_text(request: &ContainerRequest) -> Result<(), Error> {
    let lines = [
        ("hostname", &request.hostname),
        ("passwd entry", &request.passwd_entry),
        ("group entry", &request.group_entry),
    ];
    for (what, text) in lines {
        if let Some(text) = text.as_deref().filter(|text| text.chars().any(char::is_control)) {
            let shown = text.escape_default();
            return Err(Error::BadRequest(format!("invalid {what} \"{shown}\": control characters are not allowed")));
        }
    }
    if request.group_add.len() > 1 && request.group_add.iter().any(|group| group == "keep-groups") {
        return Err(Error::BadRequest(
            "the '--group-add keep-groups' option is not allowed with any other --group-add options".to_owned(),
        ));
    }
    Ok(())
}

/// Directories of the container's root, and of the layers above host directories (`-v ...:O`).
fn make_parts(record: &ContainerRecord) -> Result<(), Error> {
    let directory = &record.plan.directory;
    for part in ["root", "lower", "upper", "work"] {
        containers::make_container_directory(&directory.join(part))?;
    }
    make_overlays(record)
}

/// The directories of the layers above host directories, where they are the container's own.
pub(super) fn make_overlays(record: &ContainerRecord) -> Result<(), Error> {
    let directory = &record.plan.directory;
    for mount in record.plan.spec.mounts().iter().flatten().filter(|mount| mount.typ().as_deref() == Some("overlay")) {
        for option in mount.options().iter().flatten() {
            if let Some(path) = option.strip_prefix("upperdir=").or_else(|| option.strip_prefix("workdir="))
                && Path::new(path).starts_with(directory)
            {
                make_directories(Path::new(path))?;
            }
        }
    }
    Ok(())
}

/// Docker's `-v` makes a host directory that is missing; the front end says where that is wanted.
fn make_missing_sources(request: &ContainerRequest) -> Result<(), Error> {
    for mount in request.mounts.iter().filter(|mount| mount.create_source) {
        if let Some(source) = mount.source.as_deref().map(PathBuf::from).filter(|source| !source.exists()) {
            fs::create_dir_all(&source).map_err(|error| Error::File {
                operation: "create directory",
                path: source,
                source: error,
            })?;
        }
    }
    Ok(())
}

/// Writes the file of `--cidfile` over whatever was there.
fn write_id_file(path: &Path, id: &str) -> Result<(), Error> {
    fs::write(path, id).map_err(|error| {
        let cause = crate::runtime::failure::in_words(&error);
        Error::BadRequest(format!("creating idfile: open {}: {cause}", path.display()))
    })
}

/// Fewer ids than usual is worth a line, once per store.
fn shortage_warnings(engine: &Engine, request: &ContainerRequest, host: &HostIds) -> Vec<String> {
    let Some(shortage) = host.shortage() else { return Vec::new() };
    if request.quiet || !engine.tells_first_time("one-id") {
        return Vec::new();
    }
    vec![format!(
        "only one user id is available inside containers: {shortage}; files of other users appear as root's (see `coracle doctor`; this is said once)"
    )]
}
