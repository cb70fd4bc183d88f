//! How much disk space containers and volumes take.

use super::Engine;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

impl Engine {
    /// Bytes on disk of what a container has written, as `du(1)` counts them. Directories that this user may not read
    /// (they belong to subordinate ids) count nothing.
    pub fn written_bytes(&self, id: &str) -> u64 {
        tree_bytes(&self.containers().directory(id).join("upper"))
    }

    /// Bytes on disk of a volume's data, likewise.
    pub fn volume_bytes(&self, name: &str) -> u64 {
        tree_bytes(&self.volumes().data(name))
    }
}

/// Bytes of all that is below `directory`, without following links. Uses no stack for depth, and each file with several
/// names counts once for each.
fn tree_bytes(directory: &Path) -> u64 {
    let mut bytes = 0_u64;
    let mut waiting: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                waiting.push(entry.path());
            } else {
                bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_and_directories_do_not() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/b")).unwrap();
        assert_eq!(tree_bytes(home.path()), 0);
        fs::write(home.path().join("a/b/file"), [1; 5000]).unwrap();
        fs::write(home.path().join("file"), [1; 1]).unwrap();
        std::os::unix::fs::symlink("/", home.path().join("a/link")).unwrap();
        let bytes = tree_bytes(home.path());
        assert!((5001..100_000).contains(&bytes), "{bytes}");
        assert_eq!(tree_bytes(&home.path().join("missing")), 0);
    }
}
