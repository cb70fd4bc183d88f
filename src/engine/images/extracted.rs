//! Images' files on the disk for the driver `overlay` (see [`crate::engine::root`]): how much they take, and their end.
//!
//! One directory for each image and id map, named `<image>-<maps>`; its name with a dot in front and the container's ID
//! behind while it is made. Files may belong to subordinate ids.

use crate::engine::lifecycle::with_ids;
use crate::engine::record::ContainerRecord;
use crate::engine::removal::remove_tree;
use crate::runtime::id_map::HostIds;
use crate::store::containers::Containers;
use crate::store::images;
use crate::store::paths::Paths;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The trees of image `image` (hexadecimal), unfinished ones included.
pub(super) fn of_image(paths: &Paths, image: &str) -> Vec<PathBuf> {
    let prefix = format!("{image}-");
    let is_its = |name: &str| name.trim_start_matches('.').starts_with(&prefix);
    names(paths).into_iter().filter(|name| is_its(name)).map(|name| paths.extracted().join(name)).collect()
}

/// Removes the trees of images that are no longer there, and those that were never finished. What cannot be removed is
/// found again by the next call.
pub(super) fn sweep(paths: &Paths) {
    let names = names(paths);
    if names.is_empty() {
        return;
    }
    // Without a list nothing can be told to be superfluous.
    let Ok(known) = images::list(paths) else { return };
    let known: BTreeSet<String> = known.iter().map(|image| image.record.id.hex()).collect();
    let containers = Containers::new(paths);
    let left: Vec<PathBuf> = names
        .iter()
        .filter(|name| is_superfluous(name, &known, |id| containers.exists(id)))
        .filter_map(|name| take_away(paths, &containers, name))
        .filter(|tree| remove_tree(tree).is_err())
        .collect();
    // Other ids are taken in a child, which only a process with one thread may make.
    if !left.is_empty() && crate::sys::process::thread_count() == 1 {
        let remove = || left.iter().map(|tree| remove_tree(tree)).fold(Ok(()), Result::and);
        let _ = with_ids(&HostIds::detect().intermediate, remove); // see above
    }
}

/// Takes the tree's name away and returns where it is then; `None` when a container was made from its image meanwhile, which
/// keeps it. First the name, then the look at the containers: one that is made later finds no tree, and one that has
/// it mounted was made before.
fn take_away(paths: &Paths, containers: &Containers, name: &str) -> Option<PathBuf> {
    let tree = paths.extracted().join(name);
    let Some((image, _maps)) = name.split_once('-').filter(|_| !name.starts_with('.')) else { return Some(tree) };
    let aside = paths.extracted().join(format!(".{name}.removed"));
    if std::fs::rename(&tree, &aside).is_err() {
        return None; // gone, or the name is in use since a sweep that was killed: this one removes that, the next one the tree
    }
    let is_used = containers
        .list()
        .iter()
        .any(|id| containers.read_config::<ContainerRecord>(id).is_ok_and(|record| record.image_id == image));
    if is_used && std::fs::rename(&aside, &tree).is_ok() {
        return None;
    }
    Some(aside)
}

fn names(paths: &Paths) -> Vec<String> {
    let entries = std::fs::read_dir(paths.extracted()).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn is_superfluous(name: &str, images: &BTreeSet<String>, is_container: impl Fn(&str) -> bool) -> bool {
    let (tree, maker) = match name.strip_prefix('.') {
        Some(unfinished) => unfinished.rsplit_once('.').unwrap_or((unfinished, "")),
        None => (name, ""),
    };
    // Anything else in this directory is not ours.
    let Some((image, _maps)) = tree.split_once('-') else { return false };
    let is_image = image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_image && (!images.contains(image) || (name.starts_with('.') && !is_container(maker)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_without_an_image_and_unfinished_ones_without_a_maker_go() {
        let (known, gone) = ("a".repeat(64), "b".repeat(64));
        let images = BTreeSet::from([known.clone()]);
        let superfluous = |name: String| is_superfluous(&name, &images, |id| id == "alive");
        assert!(!superfluous(format!("{known}-0123")));
        assert!(superfluous(format!("{gone}-0123")));
        assert!(!superfluous(format!(".{known}-0123.alive")));
        assert!(superfluous(format!(".{known}-0123.dead")));
        assert!(superfluous(format!(".{gone}-0123.alive")));
        assert!(!superfluous("notes".to_owned()));
        assert!(!superfluous("my-notes".to_owned()));
    }
}
