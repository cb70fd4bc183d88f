//! Any bytes as indexes of layers: a sound tree or an error.
//!
//! The input is cut in two layers at the place its first two bytes name.
#![no_main]

use coracle::overlay::tree::{ROOT, Tree, merge};
use coracle::store::layer_index::LayerIndex;
use coracle::store::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first_chunk::<2>() else { return };
    let cut = usize::from(u16::from_le_bytes(*cut)).min(data.len());
    let (lower, upper) = data.split_at(cut);
    let repaired = [lower, upper].map(|layer| {
        let mut layer = layer.to_vec();
        if let Some((header, body)) = layer.split_first_chunk_mut::<64>() {
            header[..8].copy_from_slice(b"coracleL");
            header[40..48].copy_from_slice(&record::checksum(body).to_le_bytes());
        }
        layer
    });
    let layers: Vec<_> = repaired.iter().filter_map(|layer| LayerIndex::parse(layer).ok()).collect();
    let Ok(tree) = merge(&layers) else { return };
    let tree = Tree::from_bytes(tree).expect("what was written can be read");
    assert!(tree.verify());
    for number in 0..tree.node_count() {
        let node = tree.node(number).expect("every node can be read");
        for at in 0..tree.child_count(&node) {
            let (name, child) = tree.child(&node, at).expect("every name can be read");
            assert_eq!(tree.lookup(&node, name), Some(child));
            assert_ne!(child, ROOT);
        }
    }
});
