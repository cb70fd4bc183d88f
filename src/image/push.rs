//! From the store to a registry.
//!
//! Layers go first, several at once, then the config, then the manifest: a name never shows half an image. A layer that the
//! registry has, under the digest it was pulled by or under that of our own compression, is not sent; one that another
//! repository of the same registry may have is asked to be mounted from there. When all layers are the ones of a manifest
//! that the image was pulled by, those very bytes are pushed, so that the digest stays.
//!
//! A layer in the store is a plain tar. It is compressed into a temporary file, since a registry wants to know the digest of
//! the compressed bytes; the tar's own digest is verified meanwhile.

use super::error::Error;
use super::manifest::{self, DOCKER_MANIFEST, OCI_MANIFEST};
use super::progress::Progress;
use super::reference::Reference;
use super::registry::client::{Options, Repository};
use super::registry::configuration::Configuration;
use crate::store::digest::{Digest, Hasher};
use crate::store::images::{ImageRecord, LayerRecord, StoredImage};
use crate::store::paths::Paths;
use crate::store::temporary::Temporary;
use crate::store::{self, blobs, layers};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Layers compressed and sent at once.
const PARALLEL_LAYERS: usize = 3;

/// The form of the manifest that is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OCI image manifest.
    Oci,
    /// Docker's image manifest, version 2, schema 2.
    Docker,
}

/// How layers are compressed that the registry does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    #[default]
    Gzip,
    /// RFC 8878; OCI only.
    Zstd,
}

/// How to push.
pub struct PushOptions<'a> {
    /// The store, for temporary files.
    pub paths: &'a Paths,
    /// Credentials and TLS.
    pub registry: Options,
    /// Manifest form; the image's own when absent.
    pub format: Option<Format>,
    /// For new layers.
    pub compression: Compression,
    /// Level of that; its default when absent.
    pub level: Option<i32>,
    /// Compress so even what the registry has in another form.
    pub force_compression: bool,
    /// Other names of the image, whose repositories may have its layers.
    pub names: &'a [Reference],
    /// Whom to tell.
    pub progress: &'a dyn Progress,
}

/// A blob as the registry has it.
#[derive(Clone, Debug)]
struct Blob {
    digest: Digest,
    size: u64,
    compression: Option<Compression>,
}

/// Pushes an image; the digest of the manifest. Blocks; uses threads and the network.
///
/// # Errors
/// The registry cannot be reached or refuses; the store is damaged.
pub fn push(image: &StoredImage, target: &Reference, options: &PushOptions<'_>) -> Result<Digest, Error> {
    let repository = open(target, options)?;
    let record = &image.record;
    let config = blobs::read(&image.store, &record.id)?.ok_or(Error::MissingBlob(record.id))?;
    let own = own_manifest(image)?;
    let format = options.format.unwrap_or_else(|| own.as_ref().map_or(Format::Oci, |(_, format)| *format));
    let job = Job { image, repository: &repository, target, options, format };
    let blobs = job.put_layers()?;
    job.put_config(&config)?;
    let same = blobs.iter().zip(&record.layers).all(|(blob, layer)| blob.digest == layer.digest);
    let (content, media_type) = match own {
        Some((content, of)) if same && of == format => (content, media_type(format)),
        _ => (job.new_manifest(&blobs, config.len()), media_type(format)),
    };
    let digest = Digest::of(&content);
    options.progress.note("Writing manifest to image destination");
    let name = target.digest().map_or_else(|| target.wanted(), |_| digest.to_string());
    repository.put_manifest(&name, media_type, &content).map_err(|source| Error::WriteManifest {
        wanted: name.clone(),
        name: target.name(),
        source: Box::new(source),
    })?;
    Ok(digest)
}

/// Asks a registry whether it takes a login.
///
/// # Errors
/// It does not, or cannot be reached.
pub fn log_in(registry: &Reference, options: &Options, progress: &dyn Progress) -> Result<(), Error> {
    let setup = |error| Error::Setup(Box::new(error));
    let configuration = Configuration::load().map_err(setup)?;
    let endpoints = configuration.endpoints(registry).map_err(setup)?;
    let mut options = options.clone();
    if options.tls_verify.is_none() && endpoints.last().is_some_and(|endpoint| endpoint.insecure) {
        options.tls_verify = Some(false);
    }
    let repository = Repository::new(registry.clone(), &options, progress).map_err(setup)?.for_login();
    repository.ping().map_err(setup)
}

fn open<'a>(target: &Reference, options: &'a PushOptions<'_>) -> Result<Repository<'a>, Error> {
    let setup = |error| Error::Setup(Box::new(error));
    let endpoints = Configuration::load().map_err(setup)?.endpoints(target).map_err(setup)?;
    // Mirrors are for pulling; the last endpoint is the registry itself.
    let endpoint = endpoints.last();
    let mut registry = options.registry.clone();
    if registry.tls_verify.is_none() && endpoint.is_some_and(|endpoint| endpoint.insecure) {
        registry.tls_verify = Some(false);
    }
    let reference = endpoint.map_or_else(|| target.clone(), |endpoint| endpoint.reference.clone());
    Ok(Repository::new(reference, &registry, options.progress).map_err(setup)?.for_push())
}

/// The manifest that the image was pulled by.
fn own_manifest(image: &StoredImage) -> Result<Option<(Vec<u8>, Format)>, Error> {
    let is_manifest = |media_type: &str| matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST);
    let Some(known) = image.record.manifests.iter().find(|known| is_manifest(&known.media_type)) else {
        return Ok(None);
    };
    let format = if known.media_type == DOCKER_MANIFEST { Format::Docker } else { Format::Oci };
    Ok(blobs::read(&image.store, &known.digest)?.map(|content| (content, format)))
}

fn media_type(format: Format) -> &'static str {
    match format {
        Format::Oci => OCI_MANIFEST,
        Format::Docker => DOCKER_MANIFEST,
    }
}

/// One image on its way to one repository.
struct Job<'a> {
    image: &'a StoredImage,
    repository: &'a Repository<'a>,
    target: &'a Reference,
    options: &'a PushOptions<'a>,
    format: Format,
}

impl Job<'_> {
    fn record(&self) -> &ImageRecord {
        &self.image.record
    }

    /// All layers, in the image's order.
    fn put_layers(&self) -> Result<Vec<Blob>, Error> {
        let layers = &self.record().layers;
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Blob>>> = Mutex::new(vec![None; layers.len()]);
        let failure = Mutex::new(None);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(layer) = layers.get(number) else { return };
                match self.put_layer(layer) {
                    Ok(blob) => results.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(blob),
                    Err(error) => {
                        // The first one is told; the others stop at their next layer.
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        next.store(layers.len(), Ordering::Relaxed);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..layers.len().min(PARALLEL_LAYERS) {
                scope.spawn(work);
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()),
        }
    }

    fn put_layer(&self, layer: &LayerRecord) -> Result<Blob, Error> {
        let pulled = Blob {
            digest: layer.digest,
            size: layer.compressed_bytes,
            compression: if layer.media_type.ends_with("zstd") {
                Some(Compression::Zstd)
            } else {
                Some(Compression::Gzip)
            },
        };
        let fits = match pulled.compression {
            _ if layer.digest == layer.diff_id => false,
            Some(Compression::Zstd) if self.format == Format::Docker => false,
            compression => !self.options.force_compression || compression == Some(self.options.compression),
        };
        if fits && self.has(&pulled.digest)? {
            return Ok(pulled);
        }
        if let Some(from) = self.other_repository().filter(|_| fits)
            && self.mount(&pulled, &from)?
        {
            return Ok(pulled);
        }
        let (file, blob) = self.compress(layer)?;
        if self.has(&blob.digest)? {
            return Ok(blob);
        }
        let from = self.other_repository();
        self.repository.put_blob(&blob.digest, &file, blob.size, from.as_deref()).map_err(|source| {
            Error::WriteBlob { digest: blob.digest, name: self.target.name(), source: Box::new(source) }
        })?;
        self.options.progress.note(&format!("Copying blob {} done", blob.digest));
        Ok(blob)
    }

    fn has(&self, digest: &Digest) -> Result<bool, Error> {
        let found = self.repository.has_blob(digest).map_err(|source| match source {
            source @ super::registry::error::Error::Transport { .. } => Error::PingDestination {
                reference: self.target.to_string(),
                host: self.target.domain().to_owned(),
                source: Box::new(source),
            },
            source => Error::ReuseBlob { digest: *digest, name: self.target.name(), source: Box::new(source) },
        })?;
        if found {
            self.options.progress.note(&format!("Copying blob {digest} skipped: already exists"));
        }
        Ok(found)
    }

    /// Another repository of the same registry under which the image is known.
    fn other_repository(&self) -> Option<String> {
        let is_other = |name: &&Reference| name.domain() == self.target.domain() && name.path() != self.target.path();
        self.options.names.iter().find(is_other).map(|name| name.path().to_owned())
    }

    /// Asks for a blob of another repository without being able to send it.
    fn mount(&self, blob: &Blob, from: &str) -> Result<bool, Error> {
        let mounted = self.repository.mount_blob(&blob.digest, from).unwrap_or(false);
        if mounted {
            self.options.progress.note(&format!("Copying blob {} skipped: mounted from {from}", blob.digest));
        }
        Ok(mounted)
    }

    /// The layer as it will be at the registry, in a file without a name.
    fn compress(&self, layer: &LayerRecord) -> Result<(File, Blob), Error> {
        let compression = match self.format {
            Format::Docker => Compression::Gzip,
            Format::Oci => self.options.compression,
        };
        let path = layers::files(&self.image.store, &layer.diff_id).tar;
        let unreadable = |source| Error::Store(store::error::Error::file("read", &path)(source));
        let unwritable =
            |source| Error::Store(store::error::Error::file("write", &self.options.paths.temporary())(source));
        let mut tar = File::open(&path).map_err(unreadable)?;
        let temporary = Temporary::create(self.options.paths)?;
        let file = temporary.file().try_clone().map_err(unwritable)?;
        let output = Hashed { inner: BufWriter::new(&file), hasher: Hasher::default(), size: 0 };
        let mut encoder = match compression {
            Compression::Gzip => {
                let level = self.options.level.and_then(|level| u32::try_from(level).ok()).unwrap_or(6).min(9);
                Encoder::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::new(level)))
            }
            Compression::Zstd => {
                let level = self.options.level.unwrap_or(3);
                Encoder::Zstd(zstd::Encoder::new(output, level).map_err(unwritable)?)
            }
        };
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = tar.read(&mut buffer).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            encoder.write(&buffer[..count]).map_err(unwritable)?;
        }
        let actual = hasher.finish();
        if actual != layer.diff_id {
            return Err(Error::DamagedLayer { expected: layer.diff_id, actual });
        }
        let (digest, size) = encoder.finish().map_err(unwritable)?;
        Ok((file, Blob { digest, size, compression: Some(compression) }))
    }

    fn put_config(&self, config: &[u8]) -> Result<(), Error> {
        let id = self.record().id;
        let failed = |source| Error::WriteBlob { digest: id, name: self.target.name(), source: Box::new(source) };
        if !self.repository.has_blob(&id).map_err(failed)? {
            let temporary = Temporary::create(self.options.paths)?;
            let unwritable =
                |source| Error::Store(store::error::Error::file("write", &self.options.paths.temporary())(source));
            temporary.file().write_all(config).map_err(unwritable)?;
            self.repository.put_blob(&id, temporary.file(), config.len() as u64, None).map_err(failed)?;
        }
        self.options.progress.note(&format!("Copying config {id} done"));
        Ok(())
    }

    fn new_manifest(&self, blobs: &[Blob], config_bytes: usize) -> Vec<u8> {
        let (config_type, layer_type) = match self.format {
            Format::Oci => ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+"),
            Format::Docker => {
                ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.")
            }
        };
        let layer = |blob: &Blob| {
            let suffix = if blob.compression == Some(Compression::Zstd) { "zstd" } else { "gzip" };
            json!({
                "mediaType": format!("{layer_type}{suffix}"),
                "digest": blob.digest.to_string(),
                "size": blob.size,
            })
        };
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": media_type(self.format),
            "config": {
                "mediaType": config_type,
                "digest": self.record().id.to_string(),
                "size": config_bytes,
            },
            "layers": blobs.iter().map(layer).collect::<Vec<Value>>(),
        });
        if self.format == Format::Oci && !self.record().annotations.is_empty() {
            document["annotations"] = json!(self.record().annotations);
        }
        debug_assert!(manifest::parse(document.to_string().as_bytes(), Some(media_type(self.format))).is_ok());
        document.to_string().into_bytes()
    }
}

/// Counts and hashes what is written.
struct Hashed<W> {
    inner: W,
    hasher: Hasher,
    size: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(data)?;
        self.hasher.update(&data[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

enum Encoder<W: Write> {
    Gzip(flate2::write::GzEncoder<Hashed<W>>),
    Zstd(zstd::Encoder<'static, Hashed<W>>),
}

impl<W: Write> Encoder<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<()> {
        match self {
            Encoder::Gzip(encoder) => encoder.write_all(data),
            Encoder::Zstd(encoder) => encoder.write_all(data),
        }
    }

    /// Digest and size of everything that was written.
    fn finish(self) -> std::io::Result<(Digest, u64)> {
        let mut output = match self {
            Encoder::Gzip(encoder) => encoder.finish()?,
            Encoder::Zstd(encoder) => encoder.finish()?,
        };
        output.flush()?;
        Ok((output.hasher.finish(), output.size))
    }
}
