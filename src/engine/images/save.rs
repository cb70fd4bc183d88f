//! `save`: images as an archive or a directory.
//!
//! Layers go out as they are in the store, uncompressed, so the manifests written here are made for that; what `load` gets
//! back has the same image IDs, since those are digests of the configs. docker-archive: `manifest.json` beside configs and
//! layers (Docker's image-spec v1.2). OCI: image-layout.md of the OCI image specification. docker-dir: the layout of the
//! containers-transports(5) `dir:`.

use super::assemble::{Format, Layer, make_manifest};
use super::{Error, resolve};
use crate::engine::events;
use crate::store::archive::{ArchiveWriter, Member};
use crate::store::blobs;
use crate::store::digest::Digest;
use crate::store::images::StoredImage;
use crate::store::layer_index::EntryKind;
use crate::store::layers;
use crate::store::paths::Paths;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What an archive looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Docker's.
    #[default]
    DockerArchive,
    /// OCI's, in a tar.
    OciArchive,
    /// OCI's, a directory.
    OciDirectory,
    /// One image as a directory of blobs.
    DockerDirectory,
}

/// An image to be saved, and the names it is saved under.
#[derive(Clone, Debug)]
pub struct Saved {
    image: StoredImage,
    names: Vec<String>,
}

/// Tells the log of events that images were saved to the file or directory `to`.
pub fn tell(paths: &Paths, saved: &[Saved], to: &Path) {
    let event = |saved: &Saved| events::image(&saved.image.record.id.hex(), &to.to_string_lossy(), "save");
    events::tell(paths, &saved.iter().map(event).collect::<Vec<_>>());
}

/// Finds images by what was typed. With `names_only` all after the first are further names for it.
pub fn choose(paths: &Paths, typed: &[String], names_only: bool) -> Result<Vec<Saved>, Error> {
    let mut chosen: Vec<Saved> = Vec::new();
    for (number, text) in typed.iter().enumerate() {
        if names_only && number > 0 {
            let name = super::names::local_name(text)?.to_string();
            if let Some(first) = chosen.first_mut() {
                first.names.push(name);
            }
            continue;
        }
        let found = resolve::expect(paths, text)?;
        let name = found.name.filter(|name| !name.contains('@'));
        match chosen.iter_mut().find(|known| known.image.record.id == found.image.record.id) {
            Some(known) => known.names.extend(name),
            None => chosen.push(Saved { image: found.image, names: name.into_iter().collect() }),
        }
    }
    Ok(chosen)
}

/// Where files of an archive go.
enum Output<W: Write> {
    Archive(ArchiveWriter<W>),
    Directory(PathBuf),
}

impl<W: Write> Output<W> {
    fn bytes(&mut self, path: &str, contents: &[u8]) -> Result<(), Error> {
        self.file(path, contents.len() as u64, &mut &*contents)
    }

    fn file(&mut self, path: &str, size: u64, contents: &mut impl Read) -> Result<(), Error> {
        match self {
            Output::Archive(archive) => {
                let member = Member::plain(path.as_bytes(), EntryKind::File, 0o644, size);
                archive.add_file(&member, contents).map_err(|source| Error::Archive { operation: "write", source })
            }
            Output::Directory(directory) => {
                let path = directory.join(path);
                let mut write = || {
                    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
                    std::io::copy(contents, &mut File::create(&path)?)
                };
                write().map(drop).map_err(|source| Error::Write { path: path.clone(), source })
            }
        }
    }
}

/// Writes an archive of `images` to `out`.
pub fn to_archive(paths: &Paths, images: &[Saved], layout: Layout, out: impl Write) -> Result<(), Error> {
    let mut output = Output::Archive(ArchiveWriter::new(out));
    match layout {
        Layout::OciArchive => oci(paths, images, &mut output)?,
        _ => docker(paths, images, &mut output)?,
    }
    match output {
        Output::Archive(archive) => {
            archive.finish().map(drop).map_err(|source| Error::Archive { operation: "write", source })
        }
        Output::Directory(_) => Ok(()),
    }
}

/// Writes `images` into the directory `directory`; with `compress` the layers of a docker-dir are compressed by gzip.
pub fn to_directory(
    paths: &Paths,
    images: &[Saved],
    layout: Layout,
    compress: bool,
    directory: &Path,
) -> Result<(), Error> {
    let mut output: Output<std::io::Sink> = Output::Directory(directory.to_owned());
    match layout {
        Layout::OciDirectory => oci(paths, images, &mut output),
        _ if compress => compressed_directory(paths, images, directory),
        _ => docker_directory(paths, images, &mut output),
    }
}

fn config_of(paths: &Paths, image: &StoredImage) -> Result<Vec<u8>, Error> {
    blobs::read(paths, &image.record.id)?.ok_or(Error::MissingConfig(image.record.id))
}

fn layers_of(image: &StoredImage) -> Vec<Layer> {
    let layer =
        |layer: &crate::store::images::LayerRecord| Layer { diff_id: layer.diff_id, size_bytes: layer.size_bytes };
    image.record.layers.iter().map(layer).collect()
}

fn add_layer<W: Write>(paths: &Paths, output: &mut Output<W>, layer: &Layer, path: &str) -> Result<(), Error> {
    let files = layers::find(paths, &layer.diff_id).ok_or(Error::MissingLayer(layer.diff_id))?;
    let mut file = File::open(&files.tar).map_err(|source| Error::Open { path: files.tar.clone(), source })?;
    output.file(path, layer.size_bytes, &mut file)
}

fn docker<W: Write>(paths: &Paths, images: &[Saved], output: &mut Output<W>) -> Result<(), Error> {
    let mut written: BTreeSet<Digest> = BTreeSet::new();
    let mut manifest = Vec::new();
    for saved in images {
        let id = saved.image.record.id;
        let name = |layer: &Layer| format!("{}.tar", layer.diff_id.hex());
        let layers = layers_of(&saved.image);
        for layer in &layers {
            if written.insert(layer.diff_id) {
                add_layer(paths, output, layer, &name(layer))?;
            }
        }
        let config = format!("{}.json", id.hex());
        output.bytes(&config, &config_of(paths, &saved.image)?)?;
        let layers: Vec<String> = layers.iter().map(name).collect();
        manifest.push(json!({"Config": config, "RepoTags": saved.names, "Layers": layers}));
    }
    output.bytes("manifest.json", Value::Array(manifest).to_string().as_bytes())
}

fn oci<W: Write>(paths: &Paths, images: &[Saved], output: &mut Output<W>) -> Result<(), Error> {
    let mut written: BTreeSet<Digest> = BTreeSet::new();
    let path = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
    let mut entries = Vec::new();
    output.bytes("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    for saved in images {
        let layers = layers_of(&saved.image);
        for layer in &layers {
            if written.insert(layer.diff_id) {
                add_layer(paths, output, layer, &path(&layer.diff_id))?;
            }
        }
        let config = config_of(paths, &saved.image)?;
        let manifest = make_manifest(&config, &layers, Format::Oci);
        let digest = Digest::of(manifest.as_bytes());
        for (digest, bytes) in [(saved.image.record.id, config.as_slice()), (digest, manifest.as_bytes())] {
            if written.insert(digest) {
                output.bytes(&path(&digest), bytes)?;
            }
        }
        let entry = json!({"mediaType": Format::Oci.manifest_type(), "digest": digest, "size": manifest.len()});
        if saved.names.is_empty() {
            entries.push(entry.clone());
        }
        for name in &saved.names {
            let mut named = entry.clone();
            named["annotations"] = json!({"org.opencontainers.image.ref.name": name});
            entries.push(named);
        }
    }
    let index = json!({"schemaVersion": 2, "mediaType": crate::image::manifest::OCI_INDEX, "manifests": entries});
    output.bytes("index.json", index.to_string().as_bytes())
}

fn docker_directory<W: Write>(paths: &Paths, images: &[Saved], output: &mut Output<W>) -> Result<(), Error> {
    let Some(saved) = images.first() else { return Ok(()) };
    let layers = layers_of(&saved.image);
    for layer in &layers {
        add_layer(paths, output, layer, &layer.diff_id.hex())?;
    }
    let config = config_of(paths, &saved.image)?;
    output.bytes(&saved.image.record.id.hex(), &config)?;
    output.bytes("version", b"Directory Transport Version: 1.1\n")?;
    output.bytes("manifest.json", make_manifest(&config, &layers, Format::Docker).as_bytes())
}

/// A docker-dir with compressed layers: each gets the name of what it is then.
fn compressed_directory(paths: &Paths, images: &[Saved], directory: &Path) -> Result<(), Error> {
    let Some(saved) = images.first() else { return Ok(()) };
    let mut output: Output<std::io::Sink> = Output::Directory(directory.to_owned());
    output.bytes("version", b"Directory Transport Version: 1.1\n")?;
    let compressed = |layer: &Layer| compress(paths, layer, directory);
    let layers = layers_of(&saved.image).iter().map(compressed).collect::<Result<Vec<Layer>, Error>>()?;
    let config = config_of(paths, &saved.image)?;
    output.bytes(&saved.image.record.id.hex(), &config)?;
    let plain = format!("{}\"", Format::Docker.layer_type());
    let manifest = make_manifest(&config, &layers, Format::Docker);
    output.bytes("manifest.json", manifest.replace(&plain, &plain.replace('"', ".gzip\"")).as_bytes())
}

/// Writes a layer compressed into `directory`; what it is then.
fn compress(paths: &Paths, layer: &Layer, directory: &Path) -> Result<Layer, Error> {
    let files = layers::find(paths, &layer.diff_id).ok_or(Error::MissingLayer(layer.diff_id))?;
    let mut tar = File::open(&files.tar).map_err(|source| Error::Open { path: files.tar.clone(), source })?;
    let temporary = directory.join(format!(".{}", layer.diff_id.hex()));
    let failed = |source| Error::Write { path: temporary.clone(), source };
    let file = File::create(&temporary).map_err(failed)?;
    let mut encoder = flate2::write::GzEncoder::new(std::io::BufWriter::new(file), flate2::Compression::default());
    std::io::copy(&mut tar, &mut encoder).map_err(failed)?;
    encoder.finish().and_then(|mut rest| rest.flush()).map_err(failed)?;
    let mut hasher = crate::store::digest::Hasher::default();
    let mut written = File::open(&temporary).map_err(failed)?;
    let mut buffer = vec![0; 256 << 10];
    let mut size_bytes = 0;
    loop {
        let count = written.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        size_bytes += count as u64;
        hasher.update(&buffer[..count]);
    }
    let digest = hasher.finish();
    std::fs::rename(&temporary, directory.join(digest.hex())).map_err(failed)?;
    Ok(Layer { diff_id: digest, size_bytes })
}
