//! What lies in a directory of an image, for completion: read from the merged index, nothing is mounted.

use super::{Error, resolve, root};
use crate::engine::files::Entry;
use crate::overlay::tree::{NodeKind, ROOT, Tree};
use crate::store::paths::Paths;

/// Most links on one way: `MAXSYMLINKS` of Linux (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The entries of the directory that `path` leads to in the image `typed`, links followed inside the image. `None` when there is no
/// such image or directory.
///
/// # Errors
/// The store cannot be read.
pub fn list(paths: &Paths, typed: &str, path: &str) -> Result<Option<Vec<Entry>>, Error> {
    let Some(found) = resolve(paths, typed)? else { return Ok(None) };
    Ok(entries(&root::open(paths, &found.image)?.tree, path.as_bytes()))
}

fn entries(tree: &Tree, path: &[u8]) -> Option<Vec<Entry>> {
    let mut pending: Vec<Vec<u8>> = names(path);
    let (mut directory, mut links) = (ROOT, 0);
    while let Some(name) = pending.pop() {
        let node = tree.node(directory).filter(|node| node.kind == NodeKind::Directory)?;
        if name == b".." {
            directory = tree.parent(&node);
            continue;
        }
        let number = tree.lookup(&node, &name)?;
        let target = tree.node(number)?;
        match tree.link_target(&target) {
            None => directory = number,
            Some(text) => {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                if text.starts_with(b"/") {
                    directory = ROOT;
                }
                pending.extend(names(text));
            }
        }
    }
    let node = tree.node(directory).filter(|node| node.kind == NodeKind::Directory)?;
    let entry = |at: u32| {
        let (name, number) = tree.child(&node, at)?;
        let is_directory = tree.node(number)?.kind == NodeKind::Directory;
        Some(Entry { name: name.to_vec(), is_directory })
    };
    Some((0..tree.child_count(&node)).filter_map(entry).collect())
}

/// The names of a path, the last one first.
fn names(path: &[u8]) -> Vec<Vec<u8>> {
    let names = path.split(|byte| *byte == b'/').filter(|name| !matches!(name, [] | [b'.']));
    let mut names: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).collect();
    names.reverse();
    names
}
