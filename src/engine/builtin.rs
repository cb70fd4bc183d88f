//! The image `hello`: one layer that holds this program itself.
//!
//! It is made in the store from the running executable and is from then on an image like any other, so that running it
//! tries every part of the machinery that a pulled image needs, without a network. It is listed as
//! `localhost/hello:latest`. An annotation says which executable it was made from; another executable makes it anew.
//! An image that somebody else gave this name is left alone, and used.

use super::images::{Error, LocalImage, resolve, root};
use crate::store::images::{self, DockerConfig, ImageRecord, LayerRecord, ManifestRecord, Name, StoredImage};
use crate::store::paths::Paths;
use crate::store::{blobs, layers, locks};
use oci_spec::image::ImageConfiguration;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{Cursor, Read};
use std::os::unix::fs::MetadataExt;

/// The short name.
pub const HELLO: &str = "hello";
/// The name in the store.
pub const HELLO_IN_FULL: &str = "localhost/hello:latest";
/// The annotation that marks a built-in image; its value tells executables apart.
const ANNOTATION: &str = "coracle.builtin.executable";
/// The running program, even when its file has been replaced meanwhile.
const EXECUTABLE: &str = "/proc/self/exe";
/// Tar's unit (ustar, POSIX.1-2024 pax, "ustar Interchange Format").
const BLOCK: usize = 512;

/// Like [`resolve()`], and for `hello` the built-in image when no other has that name.
pub fn resolve_or_builtin(paths: &Paths, typed: &str) -> Result<Option<LocalImage>, Error> {
    let found = resolve(paths, typed)?;
    if typed != HELLO {
        return Ok(found);
    }
    let executable = open_executable()?;
    let identity = identity(&executable.1);
    match found {
        Some(found) if found.image.record.annotations.get(ANNOTATION).is_none_or(|known| *known == identity) => {
            Ok(Some(found))
        }
        _ => make(paths, executable, &identity).map(Some),
    }
}

/// Whether an image is a built-in one, which no registry has.
pub fn is_builtin(image: &StoredImage) -> bool {
    image.record.annotations.contains_key(ANNOTATION)
}

fn open_executable() -> Result<(File, Metadata), Error> {
    let open = || {
        let file = File::open(EXECUTABLE)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    };
    open().map_err(|source| Error::Open { path: EXECUTABLE.into(), source })
}

/// Changes whenever the executable does, without reading it.
fn identity(metadata: &Metadata) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "{version} {}:{} {} {}.{}",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec()
    )
}

fn make(paths: &Paths, executable: (File, Metadata), identity: &str) -> Result<LocalImage, Error> {
    let _kept = locks::keep_objects(paths)?;
    let modified = u64::try_from(executable.1.mtime()).unwrap_or(0);
    let (diff_id, size_bytes) = layers::ingest(paths, &mut layer(executable.0, executable.1.len(), modified))?;
    let created = jiff::Timestamp::from_second(executable.1.mtime()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string();
    let configuration = json!({
        "architecture": crate::image::platform::Platform::host().architecture,
        "os": "linux",
        "created": created,
        "config": {
            "Entrypoint": ["/coracle", "__hello"],
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/"],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": created, "created_by": "this program", "comment": "built in"}],
    });
    let config = configuration.to_string();
    let id = blobs::write(paths, config.as_bytes())?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": crate::image::manifest::OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": id, "size": config.len()},
        "layers": [{"mediaType": LAYER_TYPE, "digest": diff_id, "size": size_bytes}],
    })
    .to_string();
    let parse = |source| crate::store::error::Error::Record { path: images::directory(paths, &id), source };
    let record = ImageRecord {
        id,
        configuration: serde_json::from_value::<ImageConfiguration>(configuration).map_err(parse)?,
        docker: DockerConfig::default(),
        layers: vec![LayerRecord {
            diff_id,
            size_bytes,
            digest: diff_id,
            compressed_bytes: size_bytes,
            media_type: LAYER_TYPE.to_owned(),
        }],
        manifests: vec![ManifestRecord {
            digest: blobs::write(paths, manifest.as_bytes())?,
            media_type: crate::image::manifest::OCI_MANIFEST.to_owned(),
            size_bytes: manifest.len() as u64,
        }],
        annotations: BTreeMap::from([(ANNOTATION.to_owned(), identity.to_owned())]),
        names_history: vec![HELLO_IN_FULL.to_owned()],
        parent: None,
    };
    let name = Name { reference: HELLO_IN_FULL.to_owned(), image: id, manifest: Some(record.manifests[0].digest) };
    images::write_record(paths, record.clone())?;
    images::set_name(paths, &name)?;
    let store = Paths { additional: Vec::new(), ..paths.clone() };
    let image = StoredImage { record, store, read_only: false };
    root::prepare(paths, &image)?;
    Ok(LocalImage { name: Some(name.reference), image })
}

/// The media type of a plain tar.
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// The layer as a tar: a few directories to mount on, the account of root, and the program.
fn layer(executable: File, size_bytes: u64, modified: u64) -> impl Read {
    let mut head = Vec::new();
    for (path, mode) in [
        ("dev/", 0o755),
        ("etc/", 0o755),
        ("proc/", 0o555),
        ("root/", 0o700),
        ("run/", 0o755),
        ("sys/", 0o555),
        ("tmp/", 0o1777),
    ] {
        head.extend(header(&Entry { path, mode, size_bytes: 0, kind: b'5', modified }));
    }
    for (path, content) in [("etc/passwd", "root:x:0:0:root:/root:/coracle\n"), ("etc/group", "root:x:0:\n")] {
        head.extend(header(&Entry { path, mode: 0o644, size_bytes: content.len() as u64, kind: b'0', modified }));
        head.extend(content.as_bytes());
        head.resize(head.len().next_multiple_of(BLOCK), 0);
    }
    head.extend(header(&Entry { path: "coracle", mode: 0o755, size_bytes, kind: b'0', modified }));
    let padding = size_bytes.next_multiple_of(BLOCK as u64) - size_bytes;
    // Two blocks of zeros end an archive.
    let tail = vec![0; padding as usize + 2 * BLOCK];
    Cursor::new(head).chain(executable.take(size_bytes)).chain(Cursor::new(tail))
}

struct Entry<'a> {
    path: &'a str,
    mode: u32,
    size_bytes: u64,
    kind: u8,
    modified: u64,
}

/// A ustar header. Paths here are short, so that name and number fields always suffice.
fn header(entry: &Entry<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, entry.path.as_bytes());
    put(100, format!("{:07o}\0", entry.mode).as_bytes());
    put(108, b"0000000\x000000000\0");
    put(124, format!("{:011o}\0{:011o}\0", entry.size_bytes, entry.modified).as_bytes());
    // The checksum counts its own field as blanks.
    put(148, b"        ");
    put(156, &[entry.kind]);
    put(257, b"ustar\x0000");
    put(265, b"root");
    put(297, b"root");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::tree::ROOT;

    #[test]
    fn hello_is_made_once_and_gives_way_to_another_image_of_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { root: directory.path().into(), run_root: "/nowhere".into(), additional: Vec::new() };
        let hello = resolve_or_builtin(&paths, HELLO).unwrap().unwrap();
        assert_eq!(hello.name.as_deref(), Some(HELLO_IN_FULL));
        let root = root::open(&paths, &hello.image).unwrap();
        let directory = root.tree.node(ROOT).unwrap();
        let program = root.tree.node(root.tree.lookup(&directory, b"coracle").unwrap()).unwrap();
        assert_eq!(program.permissions, 0o755);
        let again = resolve_or_builtin(&paths, HELLO).unwrap().unwrap();
        assert_eq!(again.image.record.id, hello.image.record.id);
        assert_eq!(images::list(&paths).unwrap().len(), 1);

        let mut other = hello.image.record.clone();
        other.id = crate::store::digest::Digest::of(b"other");
        other.annotations.clear();
        images::write_record(&paths, other.clone()).unwrap();
        images::set_name(&paths, &Name { reference: HELLO_IN_FULL.into(), image: other.id, manifest: None }).unwrap();
        assert_eq!(resolve_or_builtin(&paths, HELLO).unwrap().unwrap().image.record.id, other.id);
        assert!(resolve_or_builtin(&paths, "nothing").unwrap().is_none());
    }
}
