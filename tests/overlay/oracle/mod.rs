//! The kernel's overlayfs, and a plain directory, as oracles for every storage driver.
//!
//! A sequence of random operations ([`generate`]) is carried out ([`execute`]) by the same program over the same layers
//! ([`fixture`]) on several [`sides`]; every answer, the descriptors left open, and the whole tree before and after
//! mounting again must agree.
//!
//! * Sequences of [`Range::Common`] keep away from the three known limits of an unprivileged kernel overlay (named
//!   in [`generate`]). There the kernel's overlay and the plain directory must agree with each other and with every driver.
//! * Sequences of [`Range::Free`] may do anything. `overlay` and `fuse+overlay` are then compared with the kernel's overlay,
//!   whose limits they share; `copy` and `fuse` with the plain directory.
//!
//! A sequence that fails is shrunk and printed. `CORACLE_TEST_SEED` runs one seed, `CORACLE_TEST_OPERATIONS` names a file
//! with operations, one a line as printed.

mod execute;
pub mod fixture;
pub mod generate;
pub mod mapped;
mod operation;
pub mod sides;

use crate::support::{has_subordinate_ids, is_root, skip};
use generate::{Range, sequence};
use operation::{Operation, from_lines, to_lines};
use sides::{JOURNALLED, Outcome, Side, Stage};
use std::time::{Duration, Instant};

/// A failing sequence is made shorter for at most this long.
const SHRINKING: Duration = Duration::from_secs(90);

/// Why the oracle cannot be used here.
pub fn obstacle(driver: &str) -> Option<String> {
    if is_root() && std::env::var_os("CORACLE_TEST_LONG").is_none() {
        return Some("compared as an ordinary user; as root with CORACLE_TEST_LONG=1".to_owned());
    }
    if !has_subordinate_ids() {
        return Some("sequences use several ids, and this user has no subordinate ids".to_owned());
    }
    if driver.starts_with("fuse")
        && let Some(reason) = coracle::overlay::probe::fuse_obstacle()
    {
        return Some(reason);
    }
    coracle::overlay::probe::overlay_obstacle(&std::env::temp_dir())
}

fn compare(driver: &'static str) -> Option<String> {
    if let Some(reason) = obstacle(driver) {
        return Some(reason);
    }
    let stage = Stage::new();
    let side = Side::Driver(driver);
    let limitless = matches!(driver, "fuse" | JOURNALLED | "copy");
    let own_oracle = if limitless { Side::Plain } else { Side::Kernel };
    let compared = |range| Pair {
        oracle: own_oracle.clone(),
        side: side.clone(),
        // Which of the numbers of the third limit is shown depends on what the kernel has in its cache.
        identity: limitless || range == Range::Common,
    };
    if let Some(path) = std::env::var_os("CORACLE_TEST_OPERATIONS") {
        let operations = from_lines(&std::fs::read_to_string(path).expect("the file of operations is there"));
        check(&stage, &compared(Range::Free), &operations, "these operations");
        return None;
    }
    let long = std::env::var_os("CORACLE_TEST_LONG").is_some();
    let (count, length) = if long { (60, 1500) } else { (3, 700) };
    let first = std::env::var("CORACLE_TEST_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let sequence = |seed, range| {
        let operations = sequence(seed, range, length);
        if matches!(driver, "fuse" | JOURNALLED) { generate::within_fuse(operations) } else { operations }
    };
    let seeds = first.map_or(1..=count, |seed| seed..=seed);
    for seed in seeds {
        let name = |range| format!("CORACLE_TEST_SEED={seed} ({range:?}, {length} operations)");
        let common = sequence(seed, Range::Common);
        if driver == "copy" {
            // Once is enough for all drivers.
            let oracles = Pair { oracle: Side::Kernel, side: Side::Plain, identity: true };
            check(&stage, &oracles, &common, &name(Range::Common));
        }
        check(&stage, &compared(Range::Common), &common, &name(Range::Common));
        let free = sequence(seed, Range::Free);
        check(&stage, &compared(Range::Free), &free, &name(Range::Free));
    }
    None
}

/// Two sides that must do the same.
struct Pair {
    oracle: Side,
    side: Side,
    /// Also by which names lead to one inode.
    identity: bool,
}

/// Fails with the shortest sequence found on which the two sides differ.
fn check(stage: &Stage, pair: &Pair, operations: &[Operation], name: &str) {
    let Pair { oracle, side, .. } = pair;
    let differ = |operations: &[Operation]| {
        let (expected, found) = (stage.run(oracle, operations), stage.run(side, operations));
        difference(pair, operations, &expected, &found)
    };
    let Some((end, what)) = differ(operations) else { return };
    println!("{side:?} differs from {oracle:?} on {name}: {what}\n{}", to_lines(&operations[end.max(1) - 1..end]));
    if std::env::var_os("CORACLE_TEST_SURVEY").is_some() {
        return;
    }
    let shortest =
        shortened(&operations[..end], |operations| differ(operations).is_some()).unwrap_or_else(|| operations.to_vec());
    let (_, what) = differ(&shortest).unwrap_or((0, "it does not fail every time".to_owned()));
    panic!(
        "{side:?} differs from {oracle:?} on {name}. {} operations are enough:\n{}\n{what}",
        shortest.len(),
        to_lines(&shortest)
    );
}

/// Leaves out what can be left out, in pieces of half the length and less; `None` when they do not fail again.
fn shortened(operations: &[Operation], fails: impl Fn(&[Operation]) -> bool) -> Option<Vec<Operation>> {
    let until = Instant::now() + SHRINKING;
    let mut shortest = operations.to_vec();
    if !fails(&shortest) {
        return None;
    }
    let mut piece = shortest.len() / 2;
    while piece > 0 && Instant::now() < until {
        let mut at = 0;
        while at < shortest.len() && Instant::now() < until {
            let mut fewer = shortest.clone();
            fewer.drain(at..(at + piece).min(shortest.len()));
            if fails(&fewer) {
                shortest = fewer;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    Some(shortest)
}

/// How many operations it takes to see the first difference, and what it is.
fn difference(pair: &Pair, operations: &[Operation], expected: &Outcome, found: &Outcome) -> Option<(usize, String)> {
    let total = expected.answers.len();
    for (number, (left, right)) in expected.answers.iter().zip(&found.answers).enumerate() {
        if left != right && !equivalent(pair, &operations[number], (left, right)) {
            return Some((number + 1, format!("operation {}: expected {left:?}, found {right:?}", number + 1)));
        }
    }
    let parts = [
        ("open descriptors", &expected.open, &found.open),
        ("tree", &expected.tree, &found.tree),
        ("tree after mounting again", &expected.again, &found.again),
    ];
    let matters = |line: &&String| pair.identity || !line.starts_with(execute::SAME_INODE);
    for (name, left, right) in parts {
        let (left, right): (Vec<_>, Vec<_>) =
            (left.iter().filter(matters).collect(), right.iter().filter(matters).collect());
        if left != right {
            let only = |these: &[&String], others: &[&String]| {
                let lines = these.iter().filter(|line| !others.contains(line)).take(5);
                lines.map(|line| line.as_str()).collect::<Vec<_>>().join("\n    ")
            };
            let (left, right) = (only(&left, &right), only(&right, &left));
            return Some((total, format!("{name}:\n  expected\n    {left}\n  found\n    {right}")));
        }
    }
    None
}

/// Answers that may differ and leave both trees the same: each with the reason.
fn equivalent(pair: &Pair, operation: &Operation, (expected, found): (&str, &str)) -> bool {
    let access_list = |name: &str| name.starts_with("system.posix_acl_");
    // An overlay that has let go of a file between two looks at it no longer knows where it came from, and shows the copy's own
    // number (`ovl_can_decode_fh`); the kernel lets go when memory is short.
    let without = |answer: &str| answer.strip_suffix(execute::ANOTHER_INODE).unwrap_or(answer).to_owned();
    if pair.oracle == Side::Kernel && without(expected) == without(found) {
        return true;
    }
    match ((&pair.oracle, &pair.side), operation) {
        // ext4 removes an access list that is not there; an overlay looks first (`ovl_set_or_remove_acl`).
        ((Side::Kernel, Side::Plain), Operation::RemoveAttribute { name, .. }) => {
            access_list(name) && (expected, found) == ("ENODATA", "done")
        }
        ((Side::Plain, Side::Driver("fuse" | JOURNALLED)), Operation::RemoveAttribute { name, .. }) => {
            access_list(name) && (expected, found) == ("done", "ENODATA")
        }
        // An overlay counts the links of a file that is open and gone from below only when it has copied it.
        ((Side::Kernel, Side::Plain), Operation::StatusOpen { .. }) => {
            expected.contains(" 1 links ") && expected.replace(" 1 links ", " 0 links ") == found
        }
        // See `mapped`.
        ((Side::Kernel, Side::Plain), Operation::WriteMapped { shared: false, .. }) => expected == "EFAULT",
        // Images have no access lists, and so a served lower layer says, until the file is copied up.
        (
            (Side::Kernel, Side::Driver("fuse+overlay")),
            Operation::RemoveAttribute { name, .. } | Operation::GetAttribute { name, .. },
        ) => access_list(name) && (expected, found) == ("ENODATA", "EOPNOTSUPP"),
        // The end of a directory: ext4 says there is none, the kernel's FUSE takes the size for it.
        ((Side::Plain, Side::Driver("fuse" | JOURNALLED)), Operation::Seek { whence: 2, .. }) => expected == "EINVAL",
        (_, Operation::Same { .. }) => !pair.identity,
        _ => false,
    }
}

macro_rules! driver {
    ($test:ident, $name:expr) => {
        #[test]
        fn $test() {
            if let Some(reason) = compare($name) {
                skip!("{reason}");
            }
        }
    };
}

driver!(fuse_overlay_does_what_the_kernels_overlay_does, "fuse+overlay");
driver!(overlay_does_what_the_kernels_overlay_does, "overlay");
driver!(fuse_does_what_a_plain_directory_does, "fuse");
driver!(fuse_with_a_journal_does_what_a_plain_directory_does, JOURNALLED);
driver!(copy_does_what_a_plain_directory_does, "copy");
