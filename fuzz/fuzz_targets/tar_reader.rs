//! Any bytes as a tar: an index or an error, and the same one however the stream is cut.
//!
//! Header checksums are put right first, or the fuzzer would spend its life guessing them.
#![no_main]

use coracle::store::layer_index::{LayerIndex, LayerIndexer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&cut, data)) = data.split_first() else { return };
    let mut tar = data.to_vec();
    for block in tar.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    let run = |chunk: usize| {
        let mut indexer = LayerIndexer::new();
        tar.chunks(chunk.max(1)).try_for_each(|chunk| indexer.push(chunk))?;
        indexer.finish()
    };
    let whole = run(tar.len());
    assert_eq!(whole, run(usize::from(cut)));
    if let Ok(index) = whole {
        let index = LayerIndex::parse(&index).expect("what was written can be read");
        for entry in index.entries() {
            let entry = entry.expect("what was written is sound");
            assert!(entry.extents().all(|extent| extent.tar_offset + extent.length <= index.tar_size()));
        }
    }
});
