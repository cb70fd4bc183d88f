//! What a container's root is made of: the merged index of its image, and the layers' tars.
//!
//! The merged index is built once per image, at the end of a pull or at the first use, and put in place in one step.
//! One of another version, or damaged, is built again, and so are the layers' indexes it is made from.

use super::Error;
use crate::overlay::tree::{self, Tree};
use crate::store::digest::Digest;
use crate::store::images::{self, StoredImage};
use crate::store::layer_index::LayerIndex;
use crate::store::layers::{self, LayerFiles};
use crate::store::paths::Paths;
use crate::store::temporary;
use std::fs::File;
use std::path::PathBuf;

/// Everything needed to serve an image's files.
#[derive(Debug)]
pub struct ImageRoot {
    /// The merged index, open.
    pub tree: Tree,
    /// Where it is.
    pub tree_path: PathBuf,
    /// The layers' tars, bottom first.
    pub layers: Vec<PathBuf>,
}

/// Opens the merged index of an image, building it if need be.
pub fn open(paths: &Paths, image: &StoredImage) -> Result<ImageRoot, Error> {
    let id = &image.record.id;
    let files = find_layers(paths, image)?;
    let layers = files.iter().map(|files| files.tar.clone()).collect();
    for tree_path in [images::tree(paths, id), images::tree(&image.store, id)] {
        // Absent, of another version or damaged: each is a reason to build it.
        if let Ok(tree) = File::open(&tree_path).map_err(|_| ()).and_then(|file| Tree::open(&file).map_err(|_| ())) {
            return Ok(ImageRoot { tree, tree_path, layers });
        }
    }
    let tree_path = images::tree(paths, id);
    let bytes = merge(paths, image, &files)?;
    temporary::write_whole(paths, &tree_path, &bytes)?;
    Ok(ImageRoot { tree: Tree::from_bytes(bytes)?, tree_path, layers })
}

/// The merged index of an image without its topmost layer, which is not kept; `None` when there is no other.
pub fn open_below(paths: &Paths, image: &StoredImage) -> Result<Option<Tree>, Error> {
    let mut below = image.clone();
    below.record.layers.pop();
    if below.record.layers.is_empty() {
        return Ok(None);
    }
    let files = find_layers(paths, &below)?;
    Ok(Some(Tree::from_bytes(merge(paths, &below, &files)?)?))
}

/// Builds the merged index if it is not there.
pub fn prepare(paths: &Paths, image: &StoredImage) -> Result<(), Error> {
    open(paths, image).map(drop)
}

fn find_layers(paths: &Paths, image: &StoredImage) -> Result<Vec<LayerFiles>, Error> {
    let find = |diff_id: &Digest| layers::find(paths, diff_id).ok_or(Error::MissingLayer(*diff_id));
    image.record.layers.iter().map(|layer| find(&layer.diff_id)).collect()
}

/// The bytes of the merged index, from the layers' indexes.
pub(crate) fn merge(paths: &Paths, image: &StoredImage, files: &[LayerFiles]) -> Result<Vec<u8>, Error> {
    let read = |files: &LayerFiles| {
        std::fs::read(&files.index).map_err(|source| Error::Open { path: files.index.clone(), source })
    };
    let mut indexes = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    for (bytes, layer) in indexes.iter_mut().zip(&image.record.layers) {
        if LayerIndex::parse(bytes).is_err() {
            *bytes = layers::index_again(paths, &layer.diff_id)?;
        }
    }
    let parsed: Vec<LayerIndex<'_>> = indexes.iter().filter_map(|bytes| LayerIndex::parse(bytes).ok()).collect();
    if parsed.len() != indexes.len() {
        return Err(crate::overlay::Error::Tree.into());
    }
    Ok(tree::merge(&parsed)?)
}
