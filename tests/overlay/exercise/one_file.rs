//! One file, every way of reading and changing it, and a copy in memory that says what it must hold: what the File System
//! Exerciser (fsx) does.

use crate::oracle::generate::Random;
use crate::oracle::mapped;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

const LARGEST: usize = 400_000;

/// Changes `path` (which must exist; what it holds is the beginning) `count` times.
pub fn run(path: &str, seed: u64, count: usize) {
    let mut random = Random(seed);
    let mut model = std::fs::read(path).unwrap();
    model.truncate(LARGEST);
    let mut file = File::options().read(true).write(true).open(path).unwrap();
    file.set_len(model.len() as u64).unwrap();
    for step in 0..count {
        let what = change(&mut random, &mut file, path, &mut model);
        let (at, length) = (random.below(LARGEST), random.below(60_000));
        let mut found = vec![0; length];
        let read = file.read_at(&mut found, at as u64).unwrap();
        let expected = model.get(at..(at + length).min(model.len())).unwrap_or_default();
        assert!(found[..read] == *expected, "seed {seed}, step {step}: wrong after {what} at {at}+{length}");
        if step % 200 == 199 {
            assert!(
                std::fs::read(path).unwrap() == model,
                "seed {seed}, step {step}: the whole file is wrong after {what}"
            );
        }
    }
    assert!(std::fs::read(path).unwrap() == model, "seed {seed}: the whole file is wrong");
}

fn change(random: &mut Random, file: &mut File, path: &str, model: &mut Vec<u8>) -> &'static str {
    let at = random.below(LARGEST - 70_000);
    let length = 1 + random.below(60_000);
    let byte = random.below(256) as u8;
    let end = at + length;
    match random.below(12) {
        0..=3 => {
            grow(model, end);
            for (number, place) in model[at..end].iter_mut().enumerate() {
                *place = byte.wrapping_add(number as u8);
            }
            file.write_all_at(&model[at..end], at as u64).unwrap();
            "a write"
        }
        4 => {
            model.resize(at, 0);
            file.set_len(at as u64).unwrap();
            "a truncation"
        }
        5 | 6 => {
            let page = at / 4096 * 4096;
            let there = model.len().saturating_sub(page).min(length);
            if there > 0 {
                assert!(mapped::fill(file, page as u64, there, byte, true).unwrap());
                model[page..page + there].fill(byte);
            }
            "a mapped write"
        }
        7 => punch(file, model, at, end, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE),
        8 => punch(file, model, at, end, FallocateFlags::ZERO_RANGE),
        9 => {
            if rustix::fs::fallocate(&*file, FallocateFlags::empty(), at as u64, length as u64).is_ok() {
                grow(model, end);
            }
            "an allocation"
        }
        10 => {
            let (mut from, mut to) = (at as u64, random.below(LARGEST - 70_000) as u64);
            let overlap = from.abs_diff(to) < length as u64;
            if !overlap && at < model.len() {
                let start = to as usize;
                let copied =
                    rustix::fs::copy_file_range(&*file, Some(&mut from), &*file, Some(&mut to), length).unwrap();
                let source = model[at..at + copied].to_vec();
                grow(model, start + copied);
                model[start..start + copied].copy_from_slice(&source);
            }
            "a copied range"
        }
        _ => {
            file.sync_data().unwrap();
            *file = File::options().read(true).write(true).open(path).unwrap();
            "closing and opening"
        }
    }
}

fn punch(file: &File, model: &mut Vec<u8>, at: usize, end: usize, flags: FallocateFlags) -> &'static str {
    match rustix::fs::fallocate(file, flags, at as u64, (end - at) as u64) {
        Ok(()) => {
            if flags == FallocateFlags::ZERO_RANGE {
                grow(model, end);
            }
            let end = end.min(model.len());
            if at < end {
                model[at..end].fill(0);
            }
        }
        Err(Errno::OPNOTSUPP) => {}
        Err(error) => panic!("fallocate {flags:?}: {error}"),
    }
    "a hole or zeros"
}

fn grow(model: &mut Vec<u8>, end: usize) {
    if model.len() < end {
        model.resize(end, 0);
    }
}
