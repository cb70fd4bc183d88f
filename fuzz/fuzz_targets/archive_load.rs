//! Any bytes as an archive that `load` reads: an image or an error, and nothing but the store is written.
#![no_main]

use coracle::engine::images::load;
use coracle::store::paths::Paths;
use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = Path::new("/dev/shm").join(format!("coracle-fuzz-load-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory is made");
    place
});

fuzz_target!(|data: &[u8]| {
    let mut tar = data.to_vec();
    for block in tar.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let root = PLACE.join("store");
    let _ = std::fs::remove_dir_all(&root);
    let paths = Paths { root: root.clone(), run_root: PLACE.join("store/run"), additional: Vec::new() };
    let _ = load::from_stream(&paths, tar.as_slice());
    assert!(std::fs::read_dir(&*PLACE).expect("it is there").count() <= 1, "something was written beside the store");
});
