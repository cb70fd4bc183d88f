//! Any bytes as a merged tree: every question has an answer, and none reaches outside.
#![no_main]

use coracle::overlay::tree::Tree;
use coracle::store::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    if let Some(header) = bytes.get_mut(..128) {
        header[..8].copy_from_slice(b"coracleT");
        let checksum = record::checksum(&header[..120]);
        header[120..].copy_from_slice(&checksum.to_le_bytes());
    }
    let Ok(tree) = Tree::from_bytes(bytes) else { return };
    tree.verify();
    for number in 0..tree.node_count().min(1000) {
        let Some(node) = tree.node(number) else { continue };
        tree.lookup(&node, b"name");
        tree.link_target(&node);
        tree.parent(&node);
        tree.xattrs(&node).take(1000).count();
        for extent in tree.extents(&node, 100..10_000).take(1000) {
            assert!(extent.file_offset >= 100 && extent.file_offset + extent.length <= 10_000);
        }
        for at in 0..tree.child_count(&node).min(1000) {
            tree.child(&node, at);
        }
    }
});
