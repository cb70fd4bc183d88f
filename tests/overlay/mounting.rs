//! Mounting an image costs the same however many files it has.

use crate::harness;
use coracle::overlay::server::Lower;
use coracle::overlay::tree::{Tree, merge};
use coracle::store::layer_index::{LayerIndex, LayerIndexer};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

/// From opening the tree to the mounted overlay on a quiet machine (issue: 2 ms for 20,000 files).
const MOST: Duration = Duration::from_millis(2);
/// Sizes of the images, in files.
const SIZES: [u32; 3] = [2_000, 20_000, 100_000];

/// A tar of `count` empty files in directories of a hundred.
fn tar(count: u32) -> Vec<u8> {
    let mut tar = Vec::new();
    for number in 0..count {
        let mut header = [0; 512];
        let name = format!("usr/{}/{number}", number / 100);
        header[..name.len()].copy_from_slice(name.as_bytes());
        for (at, text) in [(100, "0000644\0"), (108, "0000000\0"), (116, "0000000\0"), (124, "00000000000\0")] {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].fill(b' ');
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
    }
    tar.extend_from_slice(&[0; 1024]);
    tar
}

/// An image of one layer, as the store keeps it: `layer.tar` and `tree`.
fn store(directory: &Path, count: u32) {
    let tar = tar(count);
    let mut indexer = LayerIndexer::new();
    indexer.push(&tar).unwrap();
    let index = indexer.finish().unwrap();
    fs::write(directory.join("tree"), merge(&[LayerIndex::parse(&index).unwrap()]).unwrap()).unwrap();
    fs::write(directory.join("layer.tar"), tar).unwrap();
}

/// How long it takes until the image's overlay can be used.
fn mount(directory: &Path, count: u32) -> Duration {
    let began = Instant::now();
    let tree = Tree::open(&File::open(directory.join("tree")).unwrap()).unwrap();
    let layers = vec![File::open(directory.join("layer.tar")).unwrap()];
    let opened = began.elapsed();
    assert!(tree.node_count() > count);
    harness::run(Lower::Image { tree, layers }, directory, "test -e merged/usr/0/0");
    let mounted: u64 = fs::read_to_string(directory.join("mounted")).unwrap().parse().unwrap();
    opened + Duration::from_micros(mounted)
}

#[test]
fn mounting_takes_no_longer_with_more_files() {
    if let Some(reason) = harness::obstacle() {
        eprintln!("skipped: {reason}");
        return;
    }
    let fastest: Vec<Duration> = SIZES
        .iter()
        .map(|count| {
            let directory = tempfile::tempdir().unwrap();
            store(directory.path(), *count);
            (0..5).map(|_| mount(directory.path(), *count)).min().unwrap()
        })
        .collect();
    println!("mounting {SIZES:?} files takes {fastest:?}");
    // Others may use the machine meanwhile; something that grows with the files would be fifty times as long.
    assert!(fastest[2] < fastest[0] * 4 + MOST, "{fastest:?} for {SIZES:?} files");
    if !cfg!(debug_assertions) {
        assert!(fastest[1] <= MOST * 2, "{fastest:?} for {SIZES:?} files");
    }
}
