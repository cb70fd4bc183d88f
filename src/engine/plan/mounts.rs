//! Everything mounted in a container: what each has, what the engine adds (hosts, resolv.conf, hostname), what the
//! request and the image ask for.

use super::ownership;
use super::{ImageDefaults, Others, Place, bad, parse_size, systemd};
use crate::engine::error::Error;
use crate::engine::host_files;
use crate::engine::network::NetworkMode;
use crate::engine::record::MountRecord;
use crate::engine::request::{ContainerRequest, MountKind, MountRequest, NamespaceMode, RootSource};
use crate::engine::volumes::options::{self, VolumeMount};
use crate::runtime::devices;
use crate::runtime::init::{BENEATH_OPTION, BORROWED, TOP_OPTION, parse_mount_options};
use crate::sys::mount::MountAttributes;
use oci_spec::runtime::{Mount, MountBuilder};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Size of /dev/shm when none is asked for, as podman's and Docker's: 64 MB.
const SHARED_MEMORY_BYTES: u64 = 65_536_000;

/// What images may declare no volume in.
const SYSTEM_DIRECTORIES: [&str; 2] = ["/proc", "/sys"];

/// Where in a container's directory the layers above host directories are (`-v DIR:DIR:O`).
pub const OVERLAYS: &str = "overlays";

/// A volume that a container uses; made before the container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeUse {
    /// Its name.
    pub name: String,
    /// It belongs to this container alone.
    pub anonymous: bool,
}

/// The mounts of a container.
#[derive(Clone, Debug, Default)]
pub struct PlannedMounts {
    /// For the runtime, in order.
    pub specified: Vec<Mount>,
    /// For `inspect`.
    pub records: Vec<MountRecord>,
    /// Volumes used.
    pub volumes: Vec<VolumeUse>,
    /// Names of the anonymous ones.
    pub anonymous: Vec<String>,
}

/// A mount at a destination, with what `inspect` says of it.
struct Entry {
    mount: Mount,
    record: Option<MountRecord>,
    volume: Option<VolumeUse>,
}

/// What is not of the request and bears on the mounts.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub others: &'a Others,
    pub network: &'a NetworkMode,
    /// The container's process is systemd.
    pub is_systemd: bool,
}

pub(super) fn plan(
    request: &ContainerRequest,
    image: &ImageDefaults,
    place: Place<'_>,
    surroundings: &Surroundings<'_>,
) -> Result<PlannedMounts, Error> {
    let Surroundings { others, network, is_systemd } = *surroundings;
    let asked = asked_for(request, image, place, others)?;
    let mut planned = PlannedMounts::default();
    let mut mounts: Vec<Mount> = system_mounts(request, network, is_systemd)?;
    mounts.extend(read_only_tmpfs(request)?);
    if is_systemd {
        let in_memory = for_systemd()?;
        mounts.retain(|mount| in_memory.iter().all(|other| other.destination() != mount.destination()));
        mounts.extend(in_memory);
    }
    mounts.extend(host_file_mounts(request, place, others)?);
    mounts.extend(device_mounts(request, is_systemd)?);
    // What the request puts at a place takes that place.
    mounts.retain(|mount| !asked.contains_key(mount.destination()));
    // What is mounted from elsewhere gets no file of ours.
    if asked.get(Path::new("/run")).is_some_and(|entry| entry.mount.typ().as_deref() == Some("bind")) {
        mounts.retain(|mount| mount.destination() != Path::new("/run/.containerenv"));
    }
    for entry in asked.into_values() {
        mounts.push(entry.mount);
        planned.records.extend(entry.record);
        if let Some(volume) = entry.volume {
            if volume.anonymous {
                planned.anonymous.push(volume.name.clone());
            }
            planned.volumes.push(volume);
        }
    }
    // Parents before children; otherwise the order of the plan stays.
    mounts.sort_by_key(|mount| mount.destination().components().count());
    planned.specified = mounts;
    Ok(planned)
}

fn mount(kind: &str, source: &str, destination: impl Into<PathBuf>, options: &[&str]) -> Result<Mount, Error> {
    let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
    build(kind, Path::new(source), destination.into(), options)
}

fn build(kind: &str, source: &Path, destination: PathBuf, options: Vec<String>) -> Result<Mount, Error> {
    MountBuilder::default().typ(kind).source(source).destination(destination).options(options).build().map_err(bad)
}

/// The file systems of the runtime specification ("Default Filesystems") with podman's options.
fn system_mounts(request: &ContainerRequest, network: &NetworkMode, is_systemd: bool) -> Result<Vec<Mount>, Error> {
    let writable = if request.privileged { "rw" } else { "ro" };
    let group = if request.privileged || is_systemd { "rw" } else { "ro" };
    let shared_memory = request.shm_size_bytes.unwrap_or(SHARED_MEMORY_BYTES);
    let mut mounts = vec![
        match request.pid {
            NamespaceMode::Host => mount("bind", "/proc", "/proc", &["rbind", "nosuid", "noexec", "nodev"])?,
            _ => mount("proc", "proc", "/proc", &["nosuid", "noexec", "nodev"])?,
        },
        mount("tmpfs", "tmpfs", "/dev", &["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"])?,
        match network {
            // A new sysfs shows the network namespace it is mounted in, and needs rights over that.
            NetworkMode::Host => mount("bind", "/sys", "/sys", &["rbind", "nosuid", "noexec", "nodev", "rro"])?,
            _ => mount("sysfs", "sysfs", "/sys", &["nosuid", "noexec", "nodev", writable])?,
        },
        mount(
            "devpts",
            "devpts",
            "/dev/pts",
            &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        )?,
    ];
    match request.ipc {
        NamespaceMode::Host => {
            mounts.push(mount("bind", "/dev/mqueue", "/dev/mqueue", &["rbind", "nosuid", "noexec", "nodev"])?);
            mounts.push(mount("bind", "/dev/shm", "/dev/shm", &["rbind", "nosuid", "noexec", "nodev"])?);
        }
        NamespaceMode::None => mounts.push(mount("mqueue", "mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"])?),
        // What System V and POSIX programs share goes together.
        NamespaceMode::Container(_) => {
            mounts.push(mount("mqueue", "mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"])?);
            mounts.push(mount(BORROWED, "/dev/shm", "/dev/shm", &["bind", "nosuid", "noexec", "nodev"])?);
        }
        _ => {
            let size = format!("size={shared_memory}");
            mounts.push(mount("mqueue", "mqueue", "/dev/mqueue", &["nosuid", "noexec", "nodev"])?);
            mounts.push(mount("tmpfs", "shm", "/dev/shm", &["nosuid", "noexec", "nodev", "mode=1777", &size])?);
        }
    }
    if matches!(request.pid, NamespaceMode::Host) || !Path::new("/dev/mqueue").exists() {
        mounts.retain(|mount| mount.source().as_deref() != Some(Path::new("/dev/mqueue")));
    }
    mounts.push(mount("cgroup", "cgroup", "/sys/fs/cgroup", &["nosuid", "noexec", "nodev", "relatime", group])?);
    if *network == NetworkMode::Host {
        // The host's /sys is shown read-only with all below it; nothing can be mounted on its cgroup directory.
        mounts.pop();
    }
    Ok(mounts)
}

/// Places that stay writable in a read-only container.
fn read_only_tmpfs(request: &ContainerRequest) -> Result<Vec<Mount>, Error> {
    if !request.read_only || !request.read_only_tmpfs {
        return Ok(Vec::new());
    }
    ["/run", "/tmp", "/var/tmp"]
        .into_iter()
        .map(|path| mount("tmpfs", "tmpfs", path, &["nosuid", "nodev", "rw", "mode=1777", "tmpcopyup"]))
        .collect()
}

/// What systemd wants to be writable and empty; with what the image has there, as podman does it.
fn for_systemd() -> Result<Vec<Mount>, Error> {
    systemd::IN_MEMORY
        .into_iter()
        .map(|path| mount("tmpfs", "tmpfs", path, &["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"]))
        .collect()
}

/// hosts, resolv.conf, hostname, .containerenv and localtime: files in the container's directory.
/// Those about the network are another container's when its network is shared.
fn host_file_mounts(request: &ContainerRequest, place: Place<'_>, others: &Others) -> Result<Vec<Mount>, Error> {
    let is_plain_directory = matches!(request.root, RootSource::Directory { overlay: false, .. } | RootSource::Nothing);
    host_files::names(request)
        .into_iter()
        .filter(|(_, destination)| !is_plain_directory || *destination != "/run/.containerenv")
        .map(|(name, destination)| {
            let shared = others.host_files.get(Path::new(destination));
            let source = shared.cloned().unwrap_or_else(|| place.directory.join(name));
            let options = ["bind", "rprivate", "nosuid", "nodev", "noexec"].map(str::to_owned).to_vec();
            build("bind", &source, PathBuf::from(destination), options)
        })
        .collect()
}

fn device_mounts(request: &ContainerRequest, is_systemd: bool) -> Result<Vec<Mount>, Error> {
    let mut devices = Vec::new();
    if request.privileged {
        let all = devices::all_of_host().into_iter();
        devices.extend(all.filter(|device| !is_systemd || !systemd::is_console(&device.destination)));
    }
    for text in &request.devices {
        let specification = devices::parse(text).map_err(bad)?;
        devices.extend(devices::find(&specification).map_err(bad)?);
    }
    devices
        .into_iter()
        .map(|device| {
            let mut options = vec!["bind".to_owned(), "nosuid".to_owned(), "noexec".to_owned()];
            if !device.writable {
                options.push("ro".to_owned());
            }
            build("bind", &device.source, device.destination, options)
        })
        .collect()
}

/// What request, other containers and image ask for, by destination; the request has the last word.
fn asked_for(
    request: &ContainerRequest,
    image: &ImageDefaults,
    place: Place<'_>,
    others: &Others,
) -> Result<BTreeMap<PathBuf, Entry>, Error> {
    let mut asked = BTreeMap::new();
    for destination in &image.volumes {
        if let Some(entry) = image_volume(request, place, destination)? {
            asked.insert(entry.mount.destination().clone(), entry);
        }
    }
    for text in &request.volumes_from {
        for entry in volumes_from(text, others)? {
            asked.insert(entry.mount.destination().clone(), entry);
        }
    }
    let mut seen = BTreeMap::new();
    for wanted in &request.mounts {
        let entry = requested(wanted, place, others)?;
        let destination = entry.mount.destination().clone();
        if seen.insert(destination.clone(), wanted).is_some_and(|before| before != wanted) {
            return Err(Error::BadRequest(format!("{}: duplicate mount destination", destination.display())));
        }
        asked.insert(destination, entry);
    }
    Ok(asked)
}

/// A volume the image declares (`VOLUME`), by `--image-volume`.
fn image_volume(request: &ContainerRequest, place: Place<'_>, destination: &str) -> Result<Option<Entry>, Error> {
    let destination = clean(destination)?;
    // What the kernel shows there confines the container; an image must not put its own in place of it (CVE-2019-16884).
    if SYSTEM_DIRECTORIES.iter().any(|system| destination.starts_with(system)) || destination == Path::new("/dev") {
        let shown = destination.display();
        return match request.image_volume.as_deref() {
            Some("ignore") => Ok(None),
            _ => Err(Error::BadRequest(format!("the image declares the volume \"{shown}\", which is the system's"))),
        };
    }
    match request.image_volume.as_deref().unwrap_or("anonymous") {
        "anonymous" | "bind" => Ok(Some(volume(&MountRequest::volume(), destination, place, &Others::default())?)),
        "tmpfs" => {
            let options = ["nosuid", "nodev", "rw", "mode=1777", "tmpcopyup"];
            Ok(Some(Entry { mount: mount("tmpfs", "tmpfs", destination, &options)?, record: None, volume: None }))
        }
        "ignore" => Ok(None),
        other => Err(Error::BadRequest(format!(
            "invalid image volume type \"{other}\": must be one of anonymous, bind, ignore or tmpfs"
        ))),
    }
}

fn volumes_from(text: &str, others: &Others) -> Result<Vec<Entry>, Error> {
    let (name, options) = text.split_once(':').unwrap_or((text, ""));
    let other =
        others.volumes_from.get(name).ok_or_else(|| Error::NotFound { kind: "container", name: name.to_owned() })?;
    let wanted = |kind: &str| kind == "bind" || kind == "volume";
    let specified = other.plan.spec.mounts().as_deref().unwrap_or_default();
    other
        .mounts
        .iter()
        .filter(|mount| wanted(&mount.kind))
        .map(|known| {
            let more = options.split(',').filter(|option| !option.is_empty()).map(str::to_owned);
            let mut record = known.clone();
            let same = specified.iter().find(|mount| mount.destination() == Path::new(&known.destination));
            // A layer above a directory is the other container's own: this one sees what is below it.
            if let Some(same) = same.filter(|mount| mount.typ().as_deref() != Some("overlay")) {
                let options: Vec<String> = same.options().iter().flatten().cloned().chain(more).collect();
                record.writable = is_writable(&options);
                let mut mount = same.clone();
                mount.set_options(Some(options));
                return Ok(Entry { mount, record: Some(record), volume: None });
            }
            let mut options: Vec<String> = known.options.iter().cloned().chain(more).collect();
            options.push("rbind".to_owned());
            record.writable = is_writable(&options);
            let kind = ownership::kind_of_bind(&mut options)?;
            let mount = build(kind, Path::new(&known.source), PathBuf::from(&known.destination), options)?;
            Ok(Entry { mount, record: Some(record), volume: None })
        })
        .collect()
}

fn requested(wanted: &MountRequest, place: Place<'_>, others: &Others) -> Result<Entry, Error> {
    let destination = clean(&wanted.destination)?;
    match wanted.kind {
        MountKind::Bind => bind(wanted, destination, place),
        MountKind::Volume => volume(wanted, destination, place, others),
        MountKind::Tmpfs => tmpfs(wanted, destination),
        MountKind::Devpts => {
            let mut options = vec!["nosuid".to_owned(), "noexec".to_owned(), "newinstance".to_owned()];
            options.extend(wanted.options.iter().cloned());
            Ok(Entry { mount: build("devpts", Path::new("devpts"), destination, options)?, record: None, volume: None })
        }
        MountKind::Image => Err(bad("mounts of type image are not available in this release")),
    }
}

fn bind(wanted: &MountRequest, destination: PathBuf, place: Place<'_>) -> Result<Entry, Error> {
    let source = wanted.source.as_deref().filter(|source| !source.is_empty());
    let typed = source.ok_or_else(|| bad("must set volume source: a bind mount needs a host path"))?;
    let source = std::path::absolute(typed).map_err(|source| Error::File {
        operation: "resolve",
        path: typed.into(),
        source,
    })?;
    if let Err(error) = std::fs::metadata(&source)
        && !(wanted.create_source && error.kind() == std::io::ErrorKind::NotFound)
    {
        let cause = crate::runtime::failure::in_words(&error);
        return Err(Error::BadRequest(format!("statfs {}: {cause}", source.display())));
    }
    if wanted.options.iter().any(|option| option == "idmap" || option.starts_with("idmap=")) {
        return Err(bad(
            "idmap is not possible here: only root on the host may make idmapped mounts; --userns=keep-id shows the files as the user's",
        ));
    }
    if wanted.options.iter().any(|option| option == "O") {
        ownership::refuse_with_overlay(&wanted.options)?;
        return overlay_volume(&source, destination, &wanted.options, place);
    }
    let mut options = wanted.options.clone();
    if !options.iter().any(|option| option == "bind") {
        options.insert(0, "rbind".to_owned());
    }
    if parse_mount_options(&options).propagation.is_none() {
        options.push("rprivate".to_owned());
    }
    if !options.iter().any(|option| option == "dev" || option == "nodev") {
        options.push("nodev".to_owned());
    }
    let record = record("bind", "", &source, &destination, &options);
    let kind = ownership::kind_of_bind(&mut options)?;
    Ok(Entry { mount: build(kind, &source, destination, options)?, record: Some(record), volume: None })
}

/// What of a mount's options concerns the overlay above a directory: whose the files are, and what may be done with them.
const OVERLAY_OPTIONS: [&str; 9] = ["U", "ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev"];

/// `-v DIR:DIR:O`: the directory below, a layer that goes with the container above.
fn overlay_volume(source: &Path, destination: PathBuf, options: &[String], place: Place<'_>) -> Result<Entry, Error> {
    if source.exists() && !source.is_dir() {
        let shown = source.display();
        return Err(Error::BadRequest(format!("an overlay (O) needs a directory, which \"{shown}\" is not")));
    }
    let name: String = destination.to_string_lossy().bytes().map(|byte| format!("{byte:02x}")).collect();
    let name = name.get(..100.min(name.len())).unwrap_or_default();
    let layer = place.directory.join(OVERLAYS).join(name);
    let path_option = |name: &str| options.iter().find_map(|option| option.strip_prefix(name)).map(PathBuf::from);
    let upper = path_option("upperdir=").unwrap_or_else(|| layer.join("upper"));
    let work = path_option("workdir=").unwrap_or_else(|| layer.join("work"));
    let kept = options.iter().filter(|option| OVERLAY_OPTIONS.contains(&option.as_str()));
    let shown: Vec<_> = ["O".to_owned()].into_iter().chain(kept.clone().cloned()).collect();
    let layers = [format!("upperdir={}", upper.display()), format!("workdir={}", work.display())];
    let options = layers.into_iter().chain(kept.cloned()).chain([TOP_OPTION.to_owned()]).collect();
    let record = record("bind", "", source, &destination, &shown);
    Ok(Entry { mount: build("overlay", source, destination, options)?, record: Some(record), volume: None })
}

fn volume(wanted: &MountRequest, destination: PathBuf, place: Place<'_>, others: &Others) -> Result<Entry, Error> {
    let (name, options, subpath) = (wanted.source.as_deref(), &wanted.options, wanted.subpath.as_deref());
    let anonymous = name.is_none_or(str::is_empty);
    let name = match name.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => anonymous_name(place.id, &destination),
    };
    let mut volume = place.volumes.join(&name).join("_data");
    let mut own_options = Vec::new();
    match others.volume_options.get(&name).map_or(VolumeMount::Directory, options::mount) {
        VolumeMount::Directory => {}
        VolumeMount::Bind(device, options) => (volume, own_options) = (device, options),
        VolumeMount::Memory(own) => return memory_volume(name, wanted, destination, own),
        VolumeMount::Privileged => {
            let reason = "cannot mount volumes without root privileges: operation requires root privileges";
            return Err(Error::BadRequest(format!("mounting volume {name}: {reason}")));
        }
    }
    let mut source = volume.clone();
    if let Some(subpath) = subpath {
        let subpath = subpath.trim_start_matches('/');
        if Path::new(subpath).components().any(|component| component == Component::ParentDir) {
            return Err(Error::BadRequest(format!("volume subpath \"{subpath}\" must stay inside the volume")));
        }
        source = source.join(subpath);
    }
    if options.iter().any(|option| option == "O") {
        ownership::refuse_with_overlay(options)?;
        let mut entry = overlay_volume(&source, destination, options, place)?;
        if let Some(record) = &mut entry.record {
            (record.kind, record.name) = ("volume".to_owned(), name.clone());
        }
        if subpath.is_some() {
            let beneath = format!("{BENEATH_OPTION}{}", volume.display());
            let options = entry.mount.options().iter().flatten().cloned().chain([beneath]).collect();
            entry.mount.set_options(Some(options));
        }
        entry.volume = Some(VolumeUse { name, anonymous });
        return Ok(entry);
    }
    let mut specified = vec!["rbind".to_owned()];
    specified.extend(own_options);
    specified.extend(options.iter().cloned());
    let copies = !options.iter().any(|option| option == "nocopy");
    if copies && subpath.is_none() {
        specified.push("copy".to_owned());
    }
    let record = record("volume", &name, &source, &destination, &specified[1..]);
    // As podman has it: what was written into a volume gives nobody another user's rights.
    for (word, opposite) in [("nosuid", "suid"), ("nodev", "dev")] {
        if !specified.iter().any(|option| option == word || option == opposite) {
            specified.push(word.to_owned());
        }
    }
    if subpath.is_some() {
        // What lies in a volume was written by containers: its links may lead anywhere.
        specified.push(format!("{BENEATH_OPTION}{}", volume.display()));
    }
    let kind = ownership::kind_of_bind(&mut specified)?;
    let mount = build(kind, &source, destination, specified)?;
    Ok(Entry { mount, record: Some(record), volume: Some(VolumeUse { name, anonymous }) })
}

/// A volume of memory (`type=tmpfs`): the container's own for as long as it runs.
fn memory_volume(
    name: String,
    wanted: &MountRequest,
    destination: PathBuf,
    own_options: Vec<String>,
) -> Result<Entry, Error> {
    let options = own_options.into_iter().chain(wanted.options.iter().cloned()).collect();
    let mut entry = tmpfs(&MountRequest { options, ..wanted.clone() }, destination)?;
    if let Some(record) = &mut entry.record {
        (record.kind, record.name) = ("volume".to_owned(), name.clone());
    }
    entry.volume = Some(VolumeUse { name, anonymous: false });
    Ok(entry)
}

/// 64 hexadecimal digits like an ID, the same for the same container and place.
fn anonymous_name(id: &str, destination: &Path) -> String {
    let text = format!("{id}:{}", destination.display());
    ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn tmpfs(wanted: &MountRequest, destination: PathBuf) -> Result<Entry, Error> {
    let typed = |option: &str| wanted.options.iter().any(|typed| typed == option);
    let mut options = vec!["nosuid".to_owned(), "nodev".to_owned()];
    if !wanted.options.iter().any(|option| option.starts_with("mode=")) {
        options.push("mode=1777".to_owned());
    }
    if !typed("notmpcopyup") {
        options.push("tmpcopyup".to_owned());
    }
    for option in &wanted.options {
        match option.strip_prefix("size=").map(|size| (size, parse_size(size))) {
            Some((_, Some(bytes))) => options.push(format!("size={bytes}")),
            Some((size, None)) if size.ends_with('%') => options.push(option.clone()),
            Some((size, None)) => return Err(Error::BadRequest(format!("invalid tmpfs size \"{size}\""))),
            None => options.push(option.clone()),
        }
    }
    let mut record = record("tmpfs", "", Path::new("tmpfs"), &destination, &options);
    // podman shows what was typed, then what holds without a word.
    record.options.clone_from(&wanted.options);
    for (usual, opposite) in
        [("rw", "ro"), ("rprivate", ""), ("nosuid", "suid"), ("nodev", "dev"), ("tmpcopyup", "notmpcopyup")]
    {
        if !typed(usual) && !typed(opposite) {
            record.options.push(usual.to_owned());
        }
    }
    Ok(Entry { mount: build("tmpfs", Path::new("tmpfs"), destination, options)?, record: Some(record), volume: None })
}

fn record(kind: &str, name: &str, source: &Path, destination: &Path, options: &[String]) -> MountRecord {
    let parsed = parse_mount_options(options);
    let propagation = parsed.propagation.map_or("rprivate", |(flags, _)| match flags {
        rustix::mount::MountPropagationFlags::SHARED => "rshared",
        rustix::mount::MountPropagationFlags::DOWNSTREAM => "rslave",
        _ => "rprivate",
    });
    MountRecord {
        kind: kind.to_owned(),
        name: name.to_owned(),
        source: source.to_string_lossy().into_owned(),
        destination: destination.to_string_lossy().into_owned(),
        options: options.iter().filter(|option| *option != "copy").cloned().collect(),
        propagation: propagation.to_owned(),
        writable: is_writable(options),
    }
}

fn is_writable(options: &[String]) -> bool {
    !parse_mount_options(options).set.contains(MountAttributes::READ_ONLY)
}

/// A destination as an absolute path without `.` and doubled slashes.
fn clean(destination: &str) -> Result<PathBuf, Error> {
    let path = Path::new(destination);
    if !path.is_absolute() {
        return Err(Error::BadRequest(format!("invalid container path \"{destination}\", must be an absolute path")));
    }
    let mut cleaned = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => cleaned.push(name),
            Component::ParentDir => drop(cleaned.pop()),
            _ => {}
        }
    }
    if cleaned == Path::new("/") {
        return Err(Error::BadRequest(format!(
            "invalid container path \"{destination}\": the root cannot be mounted over"
        )));
    }
    Ok(cleaned)
}
