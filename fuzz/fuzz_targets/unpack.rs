//! Any bytes as a tar that `cp`, `import` or `volume import` unpacks: whatever it says, nothing is written elsewhere.
#![no_main]

use coracle::engine::files::{UnpackOptions, unpack};
use coracle::runtime::rooted::Rooted;
use libfuzzer_sys::fuzz_target;
use rustix::fs::{Mode, OFlags};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Where it happens: a directory of memory, with a file beside it that must stay.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = Path::new("/dev/shm").join(format!("coracle-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(place.join("outside")).expect("a directory is made");
    std::fs::write(place.join("outside/kept"), "kept").expect("a file is written");
    place
});

fuzz_target!(|data: &[u8]| {
    let Some((&flags, data)) = data.split_first() else { return };
    let mut tar = data.to_vec();
    for block in tar.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let root = PLACE.join("root");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir(&root).expect("a directory is made");
    // What an earlier entry might have left, or a container.
    std::os::unix::fs::symlink(PLACE.join("outside"), root.join("l")).expect("a link is made");
    std::os::unix::fs::symlink("../outside", root.join("u")).expect("a link is made");
    let handle = rustix::fs::open(&root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).expect("it opens");
    let options = UnpackOptions { overwrite: flags & 1 != 0, keep_own: flags & 2 != 0, strip_set_id: true, owner: None };
    let _ = unpack(&Rooted::new(handle), Path::new("/"), &options, tar.as_slice());
    let names: Vec<_> = std::fs::read_dir(PLACE.join("outside")).expect("it is there").map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["kept"], "something was made outside");
    assert_eq!(std::fs::read(PLACE.join("outside/kept")).expect("it is there"), b"kept", "it was written");
    assert_eq!(std::fs::read_dir(&*PLACE).expect("it is there").count(), 2);
});
