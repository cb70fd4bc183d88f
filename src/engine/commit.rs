//! `commit`, `export`, `import` and `diff`: images from containers and archives, and what a container has changed.

use super::error::Error;
use super::files::{Change, ChangeKind, PackOptions, changes};
use super::images::assemble::{Assembly, Format, Layer, assemble};
use super::images::load::Loaded;
use super::images::{change, names, resolve, root};
use super::lifecycle::Container;
use super::record::ContainerRecord;
use super::{Engine, events};
use crate::image::decompress::Decompressor;
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::runtime::failure::{Failure, in_words};
use crate::store::containers::Status;
use crate::store::digest::Digest;
use crate::store::images::StoredImage;
use crate::store::paths::Paths;
use crate::store::{blobs, layers, locks};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, Read, Write};

/// How a container becomes an image.
#[derive(Clone, Debug, Default)]
pub struct CommitRequest {
    /// Name as typed; none is fine.
    pub name: Option<String>,
    /// `--author`.
    pub author: String,
    /// `--message`.
    pub message: String,
    /// `--change`.
    pub changes: Vec<String>,
    /// `--format`.
    pub format: Format,
    /// One layer with everything.
    pub squash: bool,
    /// The container's volumes are noted in the image.
    pub include_volumes: bool,
    /// A container that runs is paused while its changes are read.
    pub pause: bool,
}

/// How an archive becomes an image.
#[derive(Clone, Debug, Default)]
pub struct ImportRequest {
    /// Name as typed; none is fine.
    pub name: Option<String>,
    /// `--message`.
    pub message: String,
    /// `--change`.
    pub changes: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
}

impl Engine {
    /// Makes an image of a container; returns its ID. The caller must have one thread.
    ///
    /// # Errors
    /// The name or a change is invalid; the container's files cannot be read; the store cannot be written.
    pub fn commit(&self, name: &str, request: &CommitRequest) -> Result<Digest, Error> {
        let container = self.container(name)?;
        let reference = request.name.as_deref().map(names::local_name).transpose()?;
        let base = base_image(&self.paths, &container.record)?;
        let mut config = match &base {
            Some(image) => read_config(&self.paths, image)?,
            None => empty_config(None)?,
        };
        settle_container(section(&mut config, "config"), &container.record, request.include_volumes);
        apply(section(&mut config, "config"), &request.changes)?;
        // From the first layer on, nothing may be swept away.
        let _kept = locks::keep_objects(&self.paths).map_err(super::images::Error::from)?;
        let whole = request.squash || base.is_none();
        let is_paused = request.pause && container.state.status == Status::Running;
        if is_paused {
            self.pause(&container.record.id)?;
        }
        let added = self.commit_layer(&container, whole);
        if is_paused {
            self.unpause(&container.record.id)?;
        }
        let added = added?;
        let mut layers = match &base {
            Some(image) if !whole => layers_of(image),
            _ => Vec::new(),
        };
        layers.push(added);
        let from = if container.record.image.is_empty() { "scratch" } else { &container.record.image };
        let comment = if request.message.is_empty() { format!("FROM {from}") } else { request.message.clone() };
        let created_by = "/bin/sh".to_owned();
        let step = Step { created_by, author: &request.author, comment: &comment, message: &request.message, whole };
        finish_config(&mut config, &layers, &step, request.format);
        let image = assemble(
            &self.paths,
            &Assembly {
                config: config.to_string().as_bytes(),
                layers: &layers,
                format: request.format,
                manifest: None,
                names: reference.as_slice(),
                parent: base.filter(|_| !request.squash).map(|image| image.record.id),
            },
        )?;
        self.tell_image(&image, reference.as_ref(), "commit");
        events::tell(&self.paths, &[events::container(&container.record, "commit")]);
        Ok(image.record.id)
    }

    fn commit_layer(&self, container: &Container, whole: bool) -> Result<Layer, Error> {
        let files = self.files(container)?;
        let (task, mut pipe) = match whole {
            true => files.pack(b"/", PackOptions { bare: true, ..PackOptions::default() })?,
            false => files.layer()?,
        };
        let taken = layers::ingest(&self.paths, &mut pipe);
        drop(pipe);
        task.wait()?;
        let (diff_id, size_bytes) = taken.map_err(super::images::Error::from)?;
        Ok(Layer { diff_id, size_bytes })
    }

    /// Makes an image of one layer from a tar, compressed or not; returns its ID.
    ///
    /// # Errors
    /// The name, platform or a change is invalid; it is no tar; the store cannot be written.
    pub fn import(&self, input: impl Read, request: &ImportRequest) -> Result<Digest, Error> {
        let reference = request.name.as_deref().map(names::local_name).transpose()?;
        let mut config = empty_config(request.platform.as_deref())?;
        apply(section(&mut config, "config"), &request.changes)?;
        let _kept = locks::keep_objects(&self.paths).map_err(super::images::Error::from)?;
        let failed = |error: io::Error| Failure::message(format!("importing image: {}", in_words(&error)));
        let mut input = Decompressor::new(input).map_err(failed)?;
        let (diff_id, size_bytes) = layers::ingest(&self.paths, &mut input).map_err(super::images::Error::from)?;
        let layers = [Layer { diff_id, size_bytes }];
        let comment = match request.message.as_str() {
            "" => "imported from tarball".to_owned(),
            message => message.to_owned(),
        };
        let created_by = format!("/bin/sh -c #(nop) ADD file:{} in /", diff_id.hex());
        let step = Step { created_by, author: "", comment: &comment, message: &comment, whole: true };
        finish_config(&mut config, &layers, &step, Format::Oci);
        let image = assemble(
            &self.paths,
            &Assembly {
                config: config.to_string().as_bytes(),
                layers: &layers,
                format: Format::Oci,
                manifest: None,
                names: reference.as_slice(),
                parent: None,
            },
        )?;
        self.tell_image(&image, reference.as_ref(), "import");
        Ok(image.record.id)
    }

    fn tell_image(&self, image: &StoredImage, name: Option<&Reference>, status: &'static str) {
        let id = image.record.id.hex();
        let name = name.map_or_else(|| id.clone(), ToString::to_string);
        events::tell(&self.paths, &[events::image(&id, &name, status)]);
    }

    /// Notes images that were loaded from the archive `from` among the events.
    pub fn tell_loaded(&self, loaded: &[Loaded], from: &std::path::Path) {
        let event = |image: &Loaded| events::image(&image.id.hex(), &from.to_string_lossy(), "loadfromarchive");
        events::tell(&self.paths, &loaded.iter().map(event).collect::<Vec<_>>());
    }

    /// Writes the root file system of a container as a tar. The caller must have one thread.
    ///
    /// # Errors
    /// The container's files cannot be read; `out` cannot be written.
    pub fn export(&self, name: &str, mut out: impl Write) -> Result<(), Error> {
        let container = self.container(name)?;
        let files = self.files(&container)?;
        let (task, mut pipe) = files.pack(b"/", PackOptions { bare: true, ..PackOptions::default() })?;
        let written = io::copy(&mut pipe, &mut out).and_then(|_| out.flush());
        drop(pipe);
        let packed = task.wait();
        written.map_err(|error| Failure::message(format!("exporting container: {}", in_words(&error))))?;
        Ok(packed?)
    }

    /// What the container or image `name` has that the one it is made from, or `other`, has not; a container wins over an
    /// image of its name. The caller must have one thread.
    ///
    /// # Errors
    /// There is neither; its files cannot be read.
    pub fn diff(&self, name: &str, other: Option<&str>, kind: DiffKind) -> Result<Vec<Change>, Error> {
        let container = match kind {
            DiffKind::Image => None,
            DiffKind::Container => Some(self.container(name)?),
            DiffKind::Any => match self.container(name) {
                Err(error) if error.kind() == super::Kind::NotFound => None,
                found => Some(found?),
            },
        };
        match (container, other) {
            (Some(container), None) => self.files(&container)?.changes(),
            (Some(_), Some(_)) => {
                Err(Error::BadRequest("a container can be compared with its own image only".to_owned()))
            }
            (None, other) => self.diff_image(name, other, kind),
        }
    }

    fn diff_image(&self, name: &str, other: Option<&str>, kind: DiffKind) -> Result<Vec<Change>, Error> {
        let image = match resolve(&self.paths, name) {
            Ok(Some(found)) => found.image,
            Ok(None) | Err(_) if kind == DiffKind::Any => {
                return Err(Error::BadRequest(format!("{name} not found: layer not known")));
            }
            Ok(None) => return Err(Error::BadRequest(format!("{name} not found: {name}: image not known"))),
            Err(error) => return Err(error.into()),
        };
        let newer = root::open(&self.paths, &image)?;
        let older = match other {
            Some(other) => Some(root::open(&self.paths, &super::images::expect(&self.paths, other)?.image)?.tree),
            // podman compares with the layer below the topmost.
            None => root::open_below(&self.paths, &image)?,
        };
        Ok(changes::between(older.as_ref(), &newer.tree))
    }
}

/// What `diff` may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// A container, else an image.
    Any,
    /// `container diff`.
    Container,
    /// `image diff`.
    Image,
}

/// Letters and paths, a line each, as `diff` prints them.
pub fn lines(changes: &[Change]) -> String {
    changes.iter().map(|change| format!("{} {}\n", change.kind.letter(), changes::shown(&change.path))).collect()
}

/// The three lists of `diff --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiffReport {
    /// In both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// New.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<String>,
}

impl DiffReport {
    /// Sorts changes into the lists.
    pub fn new(list: &[Change]) -> DiffReport {
        let mut report = DiffReport::default();
        for change in list {
            let list = match change.kind {
                ChangeKind::Changed => &mut report.changed,
                ChangeKind::Added => &mut report.added,
                ChangeKind::Deleted => &mut report.deleted,
            };
            list.push(changes::shown(&change.path));
        }
        report
    }
}

/// The image of a container; `None` when it was made from a directory.
fn base_image(paths: &Paths, record: &ContainerRecord) -> Result<Option<StoredImage>, Error> {
    let Ok(id) = Digest::from_hex(&record.image_id) else { return Ok(None) };
    let found = crate::store::images::find(paths, &id).map_err(super::images::Error::from)?;
    found.map(Some).ok_or_else(|| super::images::Error::NotKnown(record.image_id.clone()).into())
}

fn layers_of(image: &StoredImage) -> Vec<Layer> {
    let layer =
        |layer: &crate::store::images::LayerRecord| Layer { diff_id: layer.diff_id, size_bytes: layer.size_bytes };
    image.record.layers.iter().map(layer).collect()
}

/// The config of an image as it is in the store.
fn read_config(paths: &Paths, image: &StoredImage) -> Result<Value, Error> {
    let bytes = blobs::read(paths, &image.record.id).map_err(super::images::Error::from)?;
    let config = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(config.unwrap_or_else(|| json!(image.record.configuration)))
}

fn empty_config(platform: Option<&str>) -> Result<Value, Error> {
    let platform: Platform = match platform {
        Some(text) => text.parse().map_err(super::images::Error::from)?,
        // The level of the processor says nothing about what is in the image.
        None => Platform { variant: String::new(), ..Platform::host() },
    };
    let mut config = json!({"architecture": platform.architecture, "os": platform.os, "config": {}});
    if !platform.variant.is_empty() {
        config["variant"] = platform.variant.into();
    }
    Ok(config)
}

/// A section of a config as a map, made when it is none.
fn section<'a>(config: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !config.is_object() {
        *config = json!({});
    }
    if !config[name].is_object() {
        config[name] = json!({});
    }
    match &mut config[name] {
        Value::Object(section) => section,
        _ => unreachable!("it was made an object above"),
    }
}

fn apply(config: &mut Map<String, Value>, changes: &[String]) -> Result<(), Error> {
    change::apply(config, changes).map_err(|error| Error::BadRequest(error.to_string()))
}

/// What the container was given beyond its image.
fn settle_container(config: &mut Map<String, Value>, record: &ContainerRecord, include_volumes: bool) {
    let request = &record.request;
    for entry in &request.env {
        if let Some((name, value)) = entry.split_once('=') {
            change::environment(config, name, value);
        }
    }
    if let Some(entrypoint) = &request.entrypoint {
        config.insert("Entrypoint".to_owned(), json!(entrypoint));
        // An entry point of one's own makes the image's arguments meaningless.
        config.remove("Cmd");
    }
    if !request.command.is_empty() {
        config.insert("Cmd".to_owned(), json!(request.command));
    }
    if let Some(user) = request.user.as_deref().filter(|user| !user.is_empty()) {
        config.insert("User".to_owned(), user.into());
    }
    if let Some(process) = record.plan.spec.process() {
        config.insert("WorkingDir".to_owned(), process.cwd().to_string_lossy().into());
    }
    let mut insert = |section: &str, key: &str, value: Value| {
        let section = config.entry(section).or_insert_with(|| json!({}));
        if !section.is_object() {
            *section = json!({});
        }
        section[key] = value;
    };
    for (name, value) in &record.labels {
        insert("Labels", name, value.as_str().into());
    }
    for port in &record.exposed_ports {
        insert("ExposedPorts", port, json!({}));
    }
    for port in &request.publish {
        for number in 0..port.count.max(1) {
            insert("ExposedPorts", &format!("{}/{}", port.container_port + number, port.protocol), json!({}));
        }
    }
    if include_volumes {
        for mount in &record.mounts {
            insert("Volumes", &mount.destination, json!({}));
        }
    }
}

/// How the new layer came about.
struct Step<'a> {
    created_by: String,
    author: &'a str,
    /// In the step's history.
    comment: &'a str,
    /// In Docker's config.
    message: &'a str,
    /// It is the only one.
    whole: bool,
}

fn finish_config(config: &mut Value, layers: &[Layer], step: &Step<'_>, format: Format) {
    let now = jiff::Timestamp::now().to_string();
    let ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
    config["created"] = now.as_str().into();
    config["rootfs"] = json!({"type": "layers", "diff_ids": ids});
    if !step.author.is_empty() {
        config["author"] = step.author.into();
    }
    if format == Format::Docker {
        config["comment"] = step.message.into();
    }
    let mut entry = json!({"created": now});
    for (key, text) in [("created_by", step.created_by.as_str()), ("author", step.author), ("comment", step.comment)] {
        if !text.is_empty() {
            entry[key] = text.into();
        }
    }
    match config["history"].as_array_mut().filter(|_| !step.whole) {
        Some(history) => history.push(entry),
        None => config["history"] = json!([entry]),
    }
}
