//! Manifests, indexes and configs: small files named by their digest, byte for byte as the registry sent them.

use super::digest::Digest;
use super::error::Error;
use super::paths::Paths;
use super::temporary;
use std::io::Read;
use std::path::PathBuf;

/// The most a blob may have: configs and manifests are capped lower when they are fetched.
pub const MAXIMUM_BYTES: u64 = 16 << 20;

/// Where the blob is in the user's own store.
pub fn path(paths: &Paths, digest: &Digest) -> PathBuf {
    paths.blobs().join(digest.hex())
}

/// Stores `content` and returns its digest. Does nothing when it is there already.
pub fn write(paths: &Paths, content: &[u8]) -> Result<Digest, Error> {
    let digest = Digest::of(content);
    let target = path(paths, &digest);
    if std::fs::metadata(&target).is_ok_and(|found| found.len() == content.len() as u64) {
        return Ok(digest);
    }
    temporary::write_whole(paths, &target, content)?;
    Ok(digest)
}

/// The content of a blob from the first store that has it, verified; `None` when none has.
pub fn read(paths: &Paths, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
    for store in paths.readable() {
        let path = path(&store, digest);
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::file("open", &path)(error)),
        };
        let mut content = Vec::new();
        file.take(MAXIMUM_BYTES).read_to_end(&mut content).map_err(Error::file("read", &path))?;
        let actual = Digest::of(&content);
        return if actual == *digest { Ok(Some(content)) } else { Err(Error::Corrupt { digest: *digest, actual }) };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_blob_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths { root: directory.path().into(), run_root: "/nowhere".into(), additional: Vec::new() };
        let digest = write(&paths, b"content").unwrap();
        assert_eq!(read(&paths, &digest).unwrap().unwrap(), b"content");
        assert_eq!(read(&paths, &Digest::of(b"other")).unwrap(), None);
        std::fs::write(path(&paths, &digest), b"changed").unwrap();
        assert!(matches!(read(&paths, &digest), Err(Error::Corrupt { .. })));
    }
}
