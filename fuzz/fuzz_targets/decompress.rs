//! Any bytes as a compressed layer: bytes or an error, in bounded memory.
#![no_main]

use coracle::image::decompress::Decompressor;
use libfuzzer_sys::fuzz_target;
use std::io::Read;

/// Read at most; a bomb goes on for ever.
const MOST: u64 = 8 << 20;

fuzz_target!(|data: &[u8]| {
    if let Ok(input) = Decompressor::new(data) {
        let _ = std::io::copy(&mut input.take(MOST), &mut std::io::sink());
    }
});
