//! Heavy use of one mount, inside a container under every storage driver: many threads, one file in every way, and the
//! programs people run; and what goes wrong meanwhile.

mod faults;
mod one_file;
mod programs;
mod threads;

use crate::oracle::sides::{JOURNALLED, Stage, inside_root};
use crate::oracle::{fixture, obstacle};
use crate::support::skip;
use std::path::Path;

/// The half inside the container.
#[test]
#[ignore = "started by the other tests, inside a container"]
fn inside() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1);
    let (seed, rounds) = (number("CORACLE_TEST_SEED"), number("CORACLE_TEST_ROUNDS") as usize);
    let root = Path::new("/").join(fixture::TOP);
    match std::env::var("CORACLE_TEST_SIDE").expect("started by a test").as_str() {
        "threads" => inside_root(&root, false, || threads::run(rounds)),
        _ => inside_root(&root, false, || {
            // One that the layers hold, one with holes, and one that is new.
            std::fs::write("new", "").unwrap();
            for (number, path) in ["big", "sparse", "new"].into_iter().enumerate() {
                one_file::run(path, seed + number as u64, rounds);
            }
        }),
    }
}

fn run(driver: &'static str, side: &str, rounds: usize) -> Option<String> {
    if let Some(reason) = obstacle(driver) {
        return Some(reason);
    }
    let long = std::env::var_os("CORACLE_TEST_LONG").is_some();
    let (seeds, rounds) = if long { (1..=5, rounds * 5) } else { (1..=1, rounds) };
    let stage = Stage::new();
    for seed in seeds {
        let variables = [format!("CORACLE_TEST_SEED={seed}"), format!("CORACLE_TEST_ROUNDS={rounds}")];
        let variables = variables.each_ref().map(String::as_str);
        stage.start_container(driver, "exercise::inside", side, &variables);
    }
    None
}

/// Whether the program under test knows the driver.
pub fn exists(driver: &str) -> bool {
    driver.parse::<coracle::overlay::probe::Driver>().is_ok()
}

macro_rules! exercised {
    ($($driver:ident = $name:expr),*) => {
        $(mod $driver {
            use super::*;

            #[test]
            fn many_threads_keep_their_books() {
                if let Some(reason) = run($name, "threads", 1200) {
                    skip!("{reason}");
                }
            }

            #[test]
            fn one_file_holds_what_was_written_in_every_way() {
                if let Some(reason) = run($name, "one-file", 700) {
                    skip!("{reason}");
                }
            }
        })*
    };
}

exercised!(
    fuse_overlay = "fuse+overlay",
    fuse = "fuse",
    fuse_journalled = JOURNALLED,
    overlay = "overlay",
    copy = "copy"
);
