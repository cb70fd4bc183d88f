//! `load`: images from an archive or a directory, in any of the layouts that `save` writes and Docker, podman, skopeo and
//! buildkit write.
//!
//! The archive is hostile: members are found by normalised name, links lead to members only, nothing is read beyond
//! its limit, and a layer must have the diff ID its config says. Images are named only when they are whole.

use super::assemble::{Assembly, Format, Layer, assemble};
use super::{Error, LoadProblem, names};
use crate::image::decompress::Decompressor;
use crate::image::manifest::{self, CONFIG_LIMIT_BYTES, Document, MANIFEST_LIMIT_BYTES, check_image, parse_config};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::image::registry::download;
pub use crate::image::registry::download::is_url;
use crate::runtime::rooted::Rooted;
use crate::store::digest::Digest;
use crate::store::layer_index::{EntryKind, TarStream};
use crate::store::paths::Paths;
use crate::store::temporary::Temporary;
use crate::store::{layers, locks};
use rustix::fs::{Mode, OFlags};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Most members of an archive that are remembered: far above the few hundred of a large image.
const MEMBERS: usize = 100_000;
/// Most links followed from one member to another.
const LINKS: usize = 8;
/// Most indexes within indexes.
const INDEX_DEPTH: usize = 4;

/// One image that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its ID.
    pub id: Digest,
    /// The names it got, in full.
    pub names: Vec<String>,
    /// Its layers, the lowest first.
    pub layers: Vec<Digest>,
}

/// Loads every image of `input`, an archive, compressed or not.
pub fn from_stream(paths: &Paths, input: impl Read) -> Result<Vec<Loaded>, Error> {
    let read = |source| Error::Archive { operation: "read", source };
    let kept = Temporary::create(paths)?;
    let mut file = kept.file();
    let mut input = Decompressor::new(input).map_err(read)?;
    io::copy(&mut input, &mut file).map_err(read)?;
    file.rewind().map_err(read)?;
    load(paths, &Archive::read(kept.file().try_clone().map_err(read)?)?)
}

/// The bytes of the file at `url`, as they come. Blocks until the server answers.
///
/// # Errors
/// No answer, or no such file.
pub fn open_url(url: &str) -> Result<impl Read, Error> {
    download::open(url).map_err(|error| crate::image::Error::Download(Box::new(error)).into())
}

/// Loads every image of the file or directory `path`.
pub fn from_path(paths: &Paths, path: &Path) -> Result<Vec<Loaded>, Error> {
    let open = |source| Error::Open { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(open)?.is_dir() {
        let root = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        return load(paths, &Archive::Directory(Rooted::new(root.map_err(|error| open(error.into()))?)));
    }
    from_stream(paths, File::open(path).map_err(open)?)
}

/// A member of a tar.
struct Found {
    kind: EntryKind,
    link: Vec<u8>,
    offset: u64,
    size: u64,
}

/// Where files are found by name.
enum Archive {
    Tar { file: File, members: BTreeMap<Vec<u8>, Found> },
    Directory(Rooted),
}

impl Archive {
    fn read(file: File) -> Result<Archive, Error> {
        let unusable = |_| Error::Load(LoadProblem::Format);
        let mut stream = TarStream::new(&file);
        let mut members = BTreeMap::new();
        while let Some(entry) = stream.next_entry().map_err(unusable)? {
            if members.len() >= MEMBERS || entry.extents.len() > 1 {
                return Err(Error::Load(LoadProblem::Format));
            }
            let offset = entry.extents.first().map_or(0, |extent| extent.tar_offset);
            members.insert(entry.path, Found { kind: entry.kind, link: entry.link, offset, size: entry.size });
        }
        drop(stream);
        Ok(Archive::Tar { file, members })
    }

    /// The contents of a member; `None` when there is none of this name.
    fn open(&self, name: &str) -> Result<Option<Box<dyn Read + '_>>, Error> {
        match self {
            Archive::Directory(root) => match root.open(name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0) {
                Ok(file) => Ok(Some(Box::new(File::from(file)))),
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
                Err(error) => Err(Error::Open { path: name.into(), source: error.into() }),
            },
            Archive::Tar { file, members } => {
                let mut path = normal(name.as_bytes());
                for _ in 0..LINKS {
                    let Some(found) = members.get(&path) else { return Ok(None) };
                    path = match found.kind {
                        EntryKind::File => {
                            return Ok(Some(Box::new(Section { file, at: found.offset, left: found.size })));
                        }
                        EntryKind::HardLink => found.link.clone(),
                        // Old docker archives: `../OTHER/layer.tar`, relative to the link's directory.
                        EntryKind::Symlink => {
                            let parent = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                            normal(&[&path[..parent], found.link.as_slice()].concat())
                        }
                        _ => return Ok(None),
                    };
                }
                Ok(None)
            }
        }
    }

    /// The whole of a small member.
    fn bytes(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(member) = self.open(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        member
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::Archive { operation: "read", source })?;
        match bytes.len() as u64 > limit {
            true => Err(Error::Load(LoadProblem::TooLarge(name.to_owned()))),
            false => Ok(Some(bytes)),
        }
    }

    fn expect(&self, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
        self.bytes(name, limit)?.ok_or_else(|| Error::Load(LoadProblem::Missing(name.to_owned())))
    }
}

/// A path without `.`, `..` and empty components; what leads above stays at the top.
fn normal(path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join(&b'/')
}

/// A part of a file.
struct Section<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..want], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// One image of a docker-archive.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

fn load(paths: &Paths, archive: &Archive) -> Result<Vec<Loaded>, Error> {
    // Nothing that was put into the store here may be swept away before it is named.
    let _kept = locks::keep_objects(paths)?;
    let docker = archive.bytes("manifest.json", MANIFEST_LIMIT_BYTES)?;
    // Archives of Docker 25 and later are both; its own file says the names as they were typed.
    if let Some(entries) = docker.as_deref().and_then(|bytes| serde_json::from_slice::<Vec<DockerEntry>>(bytes).ok()) {
        return entries.into_iter().map(|entry| load_docker(paths, archive, &entry)).collect();
    }
    if let Some(index) = archive.bytes("index.json", MANIFEST_LIMIT_BYTES)? {
        return load_layout(paths, archive, &index);
    }
    match docker {
        Some(bytes) => {
            let blob = |digest: &Digest| digest.hex();
            Ok(vec![load_manifest(paths, archive, &bytes, Vec::new(), &blob)?])
        }
        None => Err(Error::Load(LoadProblem::Format)),
    }
}

fn load_docker(paths: &Paths, archive: &Archive, entry: &DockerEntry) -> Result<Loaded, Error> {
    let config = archive.expect(&entry.config, CONFIG_LIMIT_BYTES)?;
    let names = entry.repo_tags.iter().flatten().map(|tag| full_name(tag)).collect::<Result<Vec<_>, _>>()?;
    let layers = load_layers(paths, archive, &config, &entry.layers)?;
    finish(paths, &Parts { config: &config, layers: &layers, format: Format::Docker, manifest: None }, &names)
}

fn full_name(tag: &str) -> Result<Reference, Error> {
    let reference: Reference = tag.parse()?;
    Ok(reference.with_default_tag())
}

/// Puts layers into the store and checks that they are those of the config.
fn load_layers(paths: &Paths, archive: &Archive, config: &[u8], names: &[String]) -> Result<Vec<Layer>, Error> {
    let invalid = |source| Error::from(crate::image::Error::Manifest { reference: "(archive)".to_owned(), source });
    let parsed = parse_config(config).map_err(invalid)?;
    let (count, diff_ids) = (names.len(), parsed.diff_ids.len());
    if count != diff_ids {
        return Err(invalid(manifest::ManifestError::LayerCount { layers: count, diff_ids }));
    }
    let load = |(name, expected): (&String, &Digest)| {
        if let Some(files) = layers::find(paths, expected)
            && let Ok(metadata) = std::fs::metadata(&files.tar)
        {
            return Ok(Layer { diff_id: *expected, size_bytes: metadata.len() });
        }
        let read = |source| Error::Archive { operation: "read", source };
        let member = archive.open(name)?.ok_or_else(|| Error::Load(LoadProblem::Missing(name.clone())))?;
        let mut member = Decompressor::new(member).map_err(read)?;
        let (diff_id, size_bytes) = layers::ingest(paths, &mut member)?;
        match diff_id == *expected {
            true => Ok(Layer { diff_id, size_bytes }),
            false => Err(Error::Load(LoadProblem::DiffId { expected: *expected, actual: diff_id })),
        }
    };
    names.iter().zip(&parsed.diff_ids).map(load).collect()
}

fn load_layout(paths: &Paths, archive: &Archive, index: &[u8]) -> Result<Vec<Loaded>, Error> {
    let invalid = |source| Error::from(crate::image::Error::Manifest { reference: "index.json".to_owned(), source });
    let Document::Index(index) = manifest::parse(index, Some(manifest::OCI_INDEX)).map_err(invalid)? else {
        return Err(Error::Load(LoadProblem::Format));
    };
    let path = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
    let mut loaded: Vec<Loaded> = Vec::new();
    for descriptor in index.manifests() {
        let annotation = |key: &str| descriptor.annotations().as_ref().and_then(|all| all.get(key).cloned());
        let name = annotation("io.containerd.image.name").or_else(|| annotation("org.opencontainers.image.ref.name"));
        let names = match name.as_deref() {
            Some(name) => vec![names::local_name(name)?],
            None => Vec::new(),
        };
        let mut digest = manifest::digest_of(descriptor).map_err(invalid)?;
        let mut bytes = blob(archive, &path(&digest), &digest)?;
        for _ in 0..INDEX_DEPTH {
            let Document::Index(inner) = manifest::parse(&bytes, None).map_err(invalid)? else { break };
            let chosen = Platform::host().choose(inner.manifests()).cloned();
            let chosen = chosen.ok_or(Error::Load(LoadProblem::Platform))?;
            digest = manifest::digest_of(&chosen).map_err(invalid)?;
            bytes = blob(archive, &path(&digest), &digest)?;
        }
        let image = load_manifest(paths, archive, &bytes, names, &path)?;
        match loaded.iter_mut().find(|known| known.id == image.id) {
            Some(known) => known.names.extend(image.names),
            None => loaded.push(image),
        }
    }
    Ok(loaded)
}

/// A manifest or config by its digest, checked.
fn blob(archive: &Archive, path: &str, digest: &Digest) -> Result<Vec<u8>, Error> {
    let bytes = archive.expect(path, CONFIG_LIMIT_BYTES)?;
    let actual = Digest::of(&bytes);
    match actual == *digest {
        true => Ok(bytes),
        false => Err(crate::store::error::Error::Corrupt { digest: *digest, actual }.into()),
    }
}

fn load_manifest(
    paths: &Paths,
    archive: &Archive,
    bytes: &[u8],
    names: Vec<Reference>,
    path: &dyn Fn(&Digest) -> String,
) -> Result<Loaded, Error> {
    let invalid = |source| Error::from(crate::image::Error::Manifest { reference: "(archive)".to_owned(), source });
    let Document::Manifest(manifest) = manifest::parse(bytes, None).map_err(invalid)? else {
        return Err(invalid(manifest::ManifestError::TooDeep));
    };
    let digests = check_image(&manifest).map_err(invalid)?;
    let id = manifest::digest_of(manifest.config()).map_err(invalid)?;
    let config = blob(archive, &path(&id), &id)?;
    let members: Vec<String> = digests.iter().map(path).collect();
    let layers = load_layers(paths, archive, &config, &members)?;
    let media_type = manifest.media_type().as_ref().map_or(manifest::OCI_MANIFEST.to_owned(), ToString::to_string);
    let format = if media_type.contains("docker") { Format::Docker } else { Format::Oci };
    let parts = Parts { config: &config, layers: &layers, format, manifest: Some((bytes, &media_type)) };
    finish(paths, &parts, &names)
}

/// What an image is put together from.
struct Parts<'a> {
    config: &'a [u8],
    layers: &'a [Layer],
    format: Format,
    manifest: Option<(&'a [u8], &'a str)>,
}

fn finish(paths: &Paths, parts: &Parts<'_>, names: &[Reference]) -> Result<Loaded, Error> {
    let Parts { config, layers, format, manifest } = *parts;
    let image = assemble(paths, &Assembly { config, layers, format, manifest, names, parent: None })?;
    Ok(Loaded {
        id: image.record.id,
        names: names.iter().map(ToString::to_string).collect(),
        layers: layers.iter().map(|layer| layer.diff_id).collect(),
    })
}
