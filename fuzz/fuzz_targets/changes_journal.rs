//! Any operations as a journal of changes: a tree that can be written and read again, or a refusal.
//!
//! Lengths and checksums are put right, or the fuzzer would spend its life guessing them.
#![no_main]

use coracle::overlay::server::replay_operations;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut operations = Vec::new();
    let mut rest = data;
    while let Some((&length, after)) = rest.split_first() {
        let (operation, after) = after.split_at(usize::from(length).min(after.len()));
        operations.push(operation);
        rest = after;
    }
    // The end of the snapshot, without which nothing is accepted: no time, kind 4, the largest number.
    let last = [&[0; 12][..], &[4], &(1_u64 << 47).to_le_bytes()].concat();
    operations.push(&last);
    assert_ne!(replay_operations(operations), Some(false));
});
