//! Layers: an uncompressed tar named by its diff ID, and its index beside it.
//!
//! The index is renamed into place last, after both files were synced: a layer is present exactly when its index is.
//! Removal goes the other way round. A tar without an index is the rest of an interrupted writer; it is replaced by
//! the next one or deleted by [`super::sweep`].

use super::digest::{Digest, Hasher};
use super::error::Error;
use super::layer_index::{LayerIndexer, TarError};
use super::paths::Paths;
use super::temporary::{self, Temporary};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of a tar read at once.
const READ_BYTES: usize = 512 << 10;

/// The files of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerFiles {
    /// The layer, uncompressed.
    pub tar: PathBuf,
    /// Its index.
    pub index: PathBuf,
}

/// Where a layer's files are or would be in the user's own store.
pub fn files(paths: &Paths, diff_id: &Digest) -> LayerFiles {
    let hex = diff_id.hex();
    let directory = paths.layers();
    LayerFiles { tar: directory.join(format!("{hex}.tar")), index: directory.join(format!("{hex}.index")) }
}

/// The files of a present layer, from the first store that has it.
pub fn find(paths: &Paths, diff_id: &Digest) -> Option<LayerFiles> {
    paths.readable().map(|store| files(&store, diff_id)).find(|files| files.index.exists())
}

/// Puts a layer in place: the tar and the bytes of its index. Both are synced here; blocks for as long as that takes.
pub fn put(paths: &Paths, diff_id: &Digest, tar: Temporary, index: &[u8]) -> Result<(), Error> {
    let files = files(paths, diff_id);
    tar.sync()?;
    tar.put(&files.tar)?;
    temporary::write_whole(paths, &files.index, index)?;
    temporary::sync_directory(&paths.layers())
}

/// Takes in a layer made here: an uncompressed tar, as it is read. Returns its diff ID and size in bytes.
///
/// Does not hold the layer's lock: its name is known only at the end, and a second copy of the same bytes does no harm.
/// The caller holds [`super::locks::keep_objects`].
pub fn ingest(paths: &Paths, tar: &mut impl Read) -> Result<(Digest, u64), Error> {
    let temporary = Temporary::create(paths)?;
    let target = paths.layers();
    let mut size = 0;
    let (diff_id, index) = scan(tar, &target, |bytes| {
        size += bytes.len() as u64;
        temporary.file().write_all(bytes).map_err(Error::file("write a layer in", &target))
    })?;
    let index = index.map_err(|source| Error::Layer { diff_id, source })?;
    if find(paths, &diff_id).is_none() {
        put(paths, &diff_id, temporary, &index)?;
    }
    Ok((diff_id, size))
}

/// Verifies a layer's tar and makes its index again, in the user's own store. Returns the index. Reads the whole tar.
///
/// # Errors
/// [`Error::Corrupt`] when the tar is not the layer; nothing is changed then.
pub fn index_again(paths: &Paths, diff_id: &Digest) -> Result<Vec<u8>, Error> {
    let Some(found) = find(paths, diff_id) else {
        let path = files(paths, diff_id).index;
        return Err(Error::file("open", &path)(std::io::ErrorKind::NotFound.into()));
    };
    let (actual, index) = read_tar(&found.tar)?;
    match index {
        Ok(index) if actual == *diff_id => {
            temporary::write_whole(paths, &files(paths, diff_id).index, &index)?;
            Ok(index)
        }
        _ => Err(Error::Corrupt { digest: *diff_id, actual }),
    }
}

/// The digest of a tar and its index.
pub fn read_tar(path: &Path) -> Result<(Digest, Result<Vec<u8>, TarError>), Error> {
    let mut file = std::fs::File::open(path).map_err(Error::file("open", path))?;
    scan(&mut file, path, |_| Ok(()))
}

/// Reads a tar to its end, hashing and indexing it, and shows every piece to `each`. `path` is for messages.
fn scan(
    tar: &mut impl Read,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(Digest, Result<Vec<u8>, TarError>), Error> {
    let (mut hasher, mut indexer) = (Hasher::default(), Ok(LayerIndexer::new()));
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let piece = match tar.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        hasher.update(piece);
        indexer = indexer.and_then(|mut indexer| indexer.push(piece).map(|()| indexer));
        each(piece)?;
    }
    Ok((hasher.finish(), indexer.and_then(LayerIndexer::finish)))
}

/// Deletes a layer from the user's own store. Fine when it is absent. The caller holds
/// [`super::locks::delete_objects`].
pub fn remove(paths: &Paths, diff_id: &Digest) -> Result<(), Error> {
    let files = files(paths, diff_id);
    for path in [&files.index, &files.tar] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::file("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The diff IDs of all files in the user's own `layers/`, with or without an index, in no order.
pub fn list(paths: &Paths) -> Result<Vec<Digest>, Error> {
    let directory = paths.layers();
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.map_err(Error::file("read", &directory))?,
    };
    let mut found: Vec<Digest> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let (hex, _) = name.to_str()?.split_once('.')?;
            Digest::from_hex(hex).ok()
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_present_with_its_index_and_may_come_from_another_store() {
        let directory = tempfile::tempdir().unwrap();
        let own = Paths { root: directory.path().join("own"), run_root: "/nowhere".into(), additional: Vec::new() };
        let both = Paths { root: directory.path().join("empty"), additional: vec![own.root.clone()], ..own.clone() };
        let id = Digest::of(b"tar");
        let tar = Temporary::create(&own).unwrap();
        tar.file().write_all(b"tar").unwrap();
        assert_eq!(find(&own, &id), None);
        put(&own, &id, tar, b"index").unwrap();
        assert_eq!(find(&own, &id), Some(files(&own, &id)));
        assert_eq!(find(&both, &id), Some(files(&own, &id)));
        assert_eq!(list(&own).unwrap(), [id]);
        remove(&own, &id).unwrap();
        remove(&own, &id).unwrap();
        assert_eq!((find(&both, &id), list(&own).unwrap()), (None, vec![]));
    }
}
