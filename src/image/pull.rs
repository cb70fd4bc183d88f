//! From a name to an image in the store.
//!
//! The names a short name may stand for are tried in order, and for each the places registries.conf gives. At one
//! place: manifest (through nested indexes), config, then all layers in parallel, then - with everything verified and
//! synced - the record and last the name. From the first layer to the name a shared lock keeps
//! [`crate::store::sweep`] away. A pull that fails at any point leaves the store as it was, but for whole layers, which
//! the next pull finds and a sweep deletes.

use super::error::Error;
use super::layer::{self, LayerJob, LayerProblem};
use super::manifest::{self, Document, ManifestError, ParsedConfig};
use super::platform::Platform;
use super::progress::Progress;
use super::reference::Reference;
use super::registry::client::{Options, Received, Repository};
use super::registry::configuration::{Configuration, Endpoint};
use crate::store::digest::Digest;
use crate::store::images::{self, ImageRecord, LayerRecord, ManifestRecord, Name};
use crate::store::paths::Paths;
use crate::store::{blobs, locks, sweep};
use oci_spec::image::ImageManifest;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Layers fetched at once, as other clients do.
const PARALLEL_LAYERS: usize = 6;
/// Indexes within an index.
const INDEX_DEPTH_LIMIT: u32 = 4;

/// How to pull.
pub struct PullOptions<'a> {
    /// The store.
    pub paths: &'a Paths,
    /// Which image of an index.
    pub platform: Platform,
    /// Credentials and TLS.
    pub registry: Options,
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

/// An image that has been pulled.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its ID.
    pub id: Digest,
    /// The name it has in the store.
    pub name: Reference,
    /// Digest of the manifest or index that the name stands for.
    pub manifest: Digest,
}

/// Pulls an image. Blocks; uses the network, threads, and locks of the store.
///
/// Every thread ends before this returns. Must not be called from an async runtime.
pub fn pull(reference: &Reference, options: &PullOptions<'_>) -> Result<Pulled, Error> {
    let configuration = Configuration::load().map_err(setup)?;
    let mut errors = Vec::new();
    for candidate in configuration.candidates(reference) {
        options.progress.note(&format!("Trying to pull {candidate}..."));
        match pull_candidate(&candidate, &configuration, options) {
            Ok(pulled) => return Ok(pulled),
            // A full disk is full for the next candidate too.
            Err(error @ Error::Store(_)) => return Err(error),
            Err(error) => errors.push(error),
        }
    }
    Err(match errors.len() {
        1 => errors.remove(0),
        _ => Error::Several(errors),
    })
}

/// Pulls every tag of a repository, one after the other.
pub fn pull_all_tags(reference: &Reference, options: &PullOptions<'_>) -> Result<Vec<Pulled>, Error> {
    if reference.tag().is_some() || reference.digest().is_some() {
        return Err(Error::TagWithAllTags);
    }
    let configuration = Configuration::load().map_err(setup)?;
    let mut failure = None;
    for candidate in configuration.candidates(reference) {
        let endpoints = configuration.endpoints(&candidate).map_err(setup)?;
        for endpoint in endpoints {
            let listed = open(&endpoint, options).and_then(|repository| {
                repository.tags().map_err(|source| Error::ListTags { name: candidate.name(), source: Box::new(source) })
            });
            match listed {
                Ok(tags) => {
                    return tags.iter().map(|tag| pull(&candidate.with_tag(tag), options)).collect();
                }
                Err(error) => failure = Some(error),
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(Vec::new()),
    }
}

/// Asks for the digest that a name stands for now, without pulling; `None` when no registry answers.
pub fn remote_digest(reference: &Reference, options: &PullOptions<'_>) -> Result<Digest, Error> {
    let configuration = Configuration::load().map_err(setup)?;
    let mut failure = None;
    for candidate in configuration.candidates(reference) {
        for endpoint in configuration.endpoints(&candidate).map_err(setup)? {
            match open(&endpoint, options).and_then(|repository| top_manifest(&repository, &candidate)) {
                Ok(received) => return Ok(received.digest),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    Err(failure.unwrap_or(Error::Several(Vec::new())))
}

fn setup(error: super::registry::error::Error) -> Error {
    Error::Setup(Box::new(error))
}

fn open<'a>(endpoint: &Endpoint, options: &'a PullOptions<'_>) -> Result<Repository<'a>, Error> {
    let mut registry = options.registry.clone();
    if registry.tls_verify.is_none() && endpoint.insecure {
        registry.tls_verify = Some(false);
    }
    Repository::new(endpoint.reference.clone(), &registry, options.progress).map_err(setup)
}

fn pull_candidate(
    candidate: &Reference,
    configuration: &Configuration,
    options: &PullOptions<'_>,
) -> Result<Pulled, Error> {
    let endpoints = configuration.endpoints(candidate).map_err(setup)?;
    let last = endpoints.len() - 1;
    for (number, endpoint) in endpoints.iter().enumerate() {
        let result = open(endpoint, options).and_then(|repository| pull_from(&repository, candidate, options));
        match result {
            Err(error) if number < last && !matches!(error, Error::Store(_)) => {
                options.progress.note(&format!("mirror {}: {error}", endpoint.reference.domain()));
            }
            result => return result,
        }
    }
    // Not reached: the last endpoint returns.
    Err(Error::Several(Vec::new()))
}

fn pull_from(repository: &Repository<'_>, candidate: &Reference, options: &PullOptions<'_>) -> Result<Pulled, Error> {
    let top = top_manifest(repository, candidate)?;
    let (image, documents) = choose(repository, candidate, top, options)?;
    let bad = |source| Error::Manifest { reference: candidate.to_string(), source };
    let blob_digests = manifest::check_image(&image).map_err(bad)?;
    let id = manifest::digest_of(image.config()).map_err(bad)?;
    let content = repository.small_blob(&id, manifest::CONFIG_LIMIT_BYTES).map_err(|source| Error::ReadConfig {
        reference: candidate.to_string(),
        digest: id,
        source: Box::new(source),
    })?;
    let config = manifest::parse_config(&content).map_err(bad)?;
    if config.diff_ids.len() != blob_digests.len() {
        return Err(bad(ManifestError::LayerCount { layers: blob_digests.len(), diff_ids: config.diff_ids.len() }));
    }
    note_platform(&config, options);

    let kept = locks::keep_objects(options.paths)?;
    crate::store::temporary::reclaim(options.paths);
    let layers = fetch_layers(repository, &image, &blob_digests, &config, options)?;
    blobs::write(options.paths, &content)?;
    options.progress.config_done(&id);
    let manifests = store_documents(options.paths, &documents)?;
    let top = manifests.last().map_or(id, |manifest| manifest.digest);
    let name = match candidate.digest() {
        Some(digest) => candidate.with_digest(*digest),
        None => candidate.clone(),
    };
    let record = ImageRecord {
        id,
        configuration: config.configuration,
        docker: config.docker,
        layers,
        manifests,
        annotations: image.annotations().clone().unwrap_or_default().into_iter().collect(),
        names_history: vec![name.to_string()],
        parent: None,
    };
    images::write_record(options.paths, record)?;
    images::set_name(options.paths, &Name { reference: name.to_string(), image: id, manifest: Some(top) })?;
    options.progress.manifest_done();
    drop(kept);
    // Somebody may have wanted to sweep meanwhile and left it to us. A failure of that is not one of the pull.
    let _ = sweep::sweep(options.paths);
    Ok(Pulled { id, name, manifest: top })
}

fn top_manifest(repository: &Repository<'_>, candidate: &Reference) -> Result<Received, Error> {
    let wanted = repository.reference().wanted();
    repository.manifest(&wanted).map_err(|source| match source {
        source @ super::registry::error::Error::Transport { .. } => Error::Ping {
            reference: candidate.to_string(),
            host: repository.reference().domain().to_owned(),
            source: Box::new(source),
        },
        source => Error::ReadManifest {
            reference: candidate.to_string(),
            wanted,
            name: repository.reference().name(),
            source: Box::new(source),
        },
    })
}

/// A manifest or index as it goes into the store.
struct StoredDocument {
    content: Vec<u8>,
    media_type: String,
}

/// Follows indexes down to one image. Returns its manifest, and all documents on the way, the manifest first.
fn choose(
    repository: &Repository<'_>,
    candidate: &Reference,
    top: Received,
    options: &PullOptions<'_>,
) -> Result<(ImageManifest, Vec<StoredDocument>), Error> {
    let bad = |source| Error::Manifest { reference: candidate.to_string(), source };
    let mut documents = Vec::new();
    let mut received = top;
    for _ in 0..=INDEX_DEPTH_LIMIT {
        let document = manifest::parse(&received.content, received.content_type.as_deref()).map_err(bad)?;
        let (media_type, chosen) = match document {
            Document::Manifest(image) => {
                let media_type = image.media_type().as_ref().map_or(manifest::OCI_MANIFEST.into(), ToString::to_string);
                documents.insert(0, StoredDocument { content: received.content, media_type });
                return Ok((*image, documents));
            }
            Document::Index(index) => {
                let media_type = index.media_type().as_ref().map_or(manifest::OCI_INDEX.into(), ToString::to_string);
                let chosen = options.platform.choose(index.manifests()).ok_or_else(|| Error::NoPlatform {
                    reference: candidate.to_string(),
                    platform: options.platform.clone(),
                })?;
                (media_type, manifest::digest_of(chosen).map_err(bad)?)
            }
        };
        documents.insert(0, StoredDocument { content: received.content, media_type });
        received = repository.manifest(&chosen.to_string()).map_err(|source| Error::ReadManifest {
            reference: candidate.to_string(),
            wanted: chosen.to_string(),
            name: repository.reference().name(),
            source: Box::new(source),
        })?;
    }
    Err(bad(ManifestError::TooDeep))
}

/// An image that is not one of several is taken for whatever platform it is, as podman does, but not silently.
fn note_platform(config: &ParsedConfig, options: &PullOptions<'_>) {
    let configuration = &config.configuration;
    let (os, architecture) = (configuration.os().to_string(), configuration.architecture().to_string());
    let actual = Platform::of(&os, &architecture, configuration.variant().as_deref());
    if !architecture.is_empty() && options.platform.rank(&actual).is_none() {
        options.progress.note(&format!(
            "WARNING: image platform ({actual}) does not match the expected platform ({})",
            options.platform
        ));
    }
}

fn store_documents(paths: &Paths, documents: &[StoredDocument]) -> Result<Vec<ManifestRecord>, Error> {
    let store = |document: &StoredDocument| {
        Ok(ManifestRecord {
            digest: blobs::write(paths, &document.content)?,
            media_type: document.media_type.clone(),
            size_bytes: document.content.len() as u64,
        })
    };
    documents.iter().map(store).collect()
}

/// Fetches all layers, several at once, and returns them in the image's order.
fn fetch_layers(
    repository: &Repository<'_>,
    image: &ImageManifest,
    digests: &[Digest],
    config: &ParsedConfig,
    options: &PullOptions<'_>,
) -> Result<Vec<LayerRecord>, Error> {
    let cancelled = AtomicBool::new(false);
    let job = |number: usize| LayerJob {
        paths: options.paths,
        repository,
        digest: digests[number],
        compressed_bytes: image.layers()[number].size(),
        media_type: image.layers()[number].media_type().to_string(),
        diff_id: config.diff_ids[number],
        progress: options.progress,
        cancelled: &cancelled,
    };
    // The same layer may occur several times; it is fetched once.
    let mut waiting: Vec<LayerJob<'_>> = Vec::new();
    for number in (0..digests.len()).rev() {
        if !config.diff_ids[..number].contains(&config.diff_ids[number]) {
            waiting.push(job(number));
        }
    }
    let workers = waiting.len().min(PARALLEL_LAYERS);
    let waiting = Mutex::new(waiting);
    let results = Mutex::new((HashMap::new(), None));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(&waiting, &results, &cancelled));
        }
    });
    match results.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (_, Some(error)) => Err(error),
        (fetched, None) => Ok(config.diff_ids.iter().filter_map(|id| fetched.get(id).cloned()).collect()),
    }
}

type Results = (HashMap<Digest, LayerRecord>, Option<Error>);

/// One of the threads that fetch layers. The first failure is kept and stops the others.
fn work(waiting: &Mutex<Vec<LayerJob<'_>>>, results: &Mutex<Results>, cancelled: &AtomicBool) {
    while !cancelled.load(Ordering::Relaxed) {
        let Some(job) = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop() else { return };
        let result = layer::fetch(&job);
        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(record) => {
                results.0.insert(job.diff_id, record);
            }
            Err(problem) => {
                cancelled.store(true, Ordering::Relaxed);
                let is_consequence = matches!(problem, LayerProblem::Cancelled);
                if !is_consequence && results.1.is_none() {
                    results.1 = Some(Error::Layer { digest: job.digest, source: Box::new(problem) });
                }
            }
        }
    }
}
