//! Device rules (`linux.resources.devices`) as a program for the kernel (`BPF_PROG_TYPE_CGROUP_DEVICE`).
//!
//! The rules are a list in which the last match decides, as in the files of version 1; the program asks them from the
//! end. What every container needs (specification, "Default Devices") is allowed after them all.

use crate::sys::bpf::Instruction;
use oci_spec::runtime::{LinuxDeviceCgroup, LinuxDeviceType};

/// `BPF_DEVCG_ACC_MKNOD`, `_READ`, `_WRITE` (include/uapi/linux/bpf.h).
const MAKE: u32 = 1;
const READ: u32 = 2;
const WRITE: u32 = 4;
/// `BPF_DEVCG_DEV_BLOCK`, `_CHAR`.
const BLOCK: u32 = 1;
const CHARACTER: u32 = 2;

/// One rule; `None` matches all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    kind: Option<u32>,
    major: Option<u32>,
    minor: Option<u32>,
    access: u32,
}

/// What every container may open: null, zero, full, random, urandom, tty, console, ptmx and pseudo-terminals; and it
/// may make nodes, which by itself opens nothing.
const ALWAYS: [Rule; 11] = [
    make(BLOCK),
    make(CHARACTER),
    character(1, Some(3)),
    character(1, Some(5)),
    character(1, Some(7)),
    character(1, Some(8)),
    character(1, Some(9)),
    character(5, Some(0)),
    character(5, Some(1)),
    character(5, Some(2)),
    character(136, None),
];

const fn make(kind: u32) -> Rule {
    Rule { allow: true, kind: Some(kind), major: None, minor: None, access: MAKE }
}

const fn character(major: u32, minor: Option<u32>) -> Rule {
    Rule { allow: true, kind: Some(CHARACTER), major: Some(major), minor, access: MAKE | READ | WRITE }
}

/// The program for `rules`.
pub(super) fn program(rules: &[LinuxDeviceCgroup]) -> Vec<Instruction> {
    let rules: Vec<Rule> = rules.iter().filter_map(rule).chain(ALWAYS).collect();
    let mut code = vec![
        // r2 = access << 16 | type, r4 = major, r5 = minor; r3 = access.
        instruction(LOAD_WORD, 2, 1, 0, 0),
        instruction(LOAD_WORD, 4, 1, 4, 0),
        instruction(LOAD_WORD, 5, 1, 8, 0),
        instruction(MOVE, 3, 2, 0, 0),
        instruction(SHIFT_RIGHT_CONSTANT, 3, 0, 0, 16),
        instruction(AND_CONSTANT, 2, 0, 0, 0xffff),
    ];
    rules.iter().rev().for_each(|rule| add(rule, &mut code));
    code.push(instruction(MOVE_CONSTANT, 0, 0, 0, 0));
    code.push(instruction(EXIT, 0, 0, 0, 0));
    code
}

fn rule(rule: &LinuxDeviceCgroup) -> Option<Rule> {
    let kind = match rule.typ() {
        None | Some(LinuxDeviceType::A) => None,
        Some(LinuxDeviceType::B) => Some(BLOCK),
        Some(LinuxDeviceType::C | LinuxDeviceType::U) => Some(CHARACTER),
        Some(LinuxDeviceType::P) => return None,
    };
    let number = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    let access = match rule.access().as_deref() {
        None | Some("") => MAKE | READ | WRITE,
        Some(letters) => letters.chars().fold(0, |access, letter| {
            access
                | match letter {
                    'm' => MAKE,
                    'r' => READ,
                    'w' => WRITE,
                    _ => 0,
                }
        }),
    };
    Some(Rule { allow: rule.allow(), kind, major: number(rule.major()), minor: number(rule.minor()), access })
}

/// `BPF_LDX | BPF_MEM | BPF_W`, and so on (Documentation/bpf/standardization/instruction-set.rst).
const LOAD_WORD: u8 = 0x61;
const MOVE: u8 = 0xbf;
const MOVE_CONSTANT: u8 = 0xb7;
const AND_CONSTANT: u8 = 0x57;
const SHIFT_RIGHT_CONSTANT: u8 = 0x77;
const JUMP_IF_EQUAL: u8 = 0x15;
const JUMP_UNLESS_EQUAL: u8 = 0x55;
const EXIT: u8 = 0x95;

fn instruction(code: u8, destination: u8, source: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction { code, registers: source << 4 | destination, offset, immediate }
}

/// Adds one rule: if it matches, its word is final.
fn add(rule: &Rule, code: &mut Vec<Instruction>) {
    let mut tests = Vec::new();
    for (register, value) in [(2, rule.kind), (4, rule.major), (5, rule.minor)] {
        if let Some(value) = value {
            tests.push(instruction(JUMP_UNLESS_EQUAL, register, 0, 0, value as i32));
        }
    }
    tests.push(instruction(MOVE, 1, 3, 0, 0));
    if rule.allow {
        // All that is asked for must be allowed.
        tests.push(instruction(AND_CONSTANT, 1, 0, 0, (!rule.access & 7) as i32));
        tests.push(instruction(JUMP_UNLESS_EQUAL, 1, 0, 0, 0));
    } else {
        // One thing that is denied suffices.
        tests.push(instruction(AND_CONSTANT, 1, 0, 0, rule.access as i32));
        tests.push(instruction(JUMP_IF_EQUAL, 1, 0, 0, 0));
    }
    // A test that fails jumps over the rest of them and over the two instructions of the verdict.
    let length = tests.len();
    for (at, test) in tests.iter_mut().enumerate() {
        if matches!(test.code, JUMP_UNLESS_EQUAL | JUMP_IF_EQUAL) {
            test.offset = (length - at - 1 + 2) as i16;
        }
    }
    code.extend(tests);
    code.push(instruction(MOVE_CONSTANT, 0, 0, 0, i32::from(rule.allow)));
    code.push(instruction(EXIT, 0, 0, 0, 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program as the kernel would.
    fn judge(code: &[Instruction], kind: u32, access: u32, major: u32, minor: u32) -> bool {
        let context = [access << 16 | kind, major, minor];
        let mut registers = [0i64; 11];
        let mut at = 0usize;
        loop {
            let one = code[at];
            let (to, from) = (usize::from(one.registers & 15), usize::from(one.registers >> 4));
            at += 1;
            let jump = |at: usize| at.checked_add_signed(one.offset.into()).unwrap();
            match one.code {
                LOAD_WORD => registers[to] = context[one.offset as usize / 4].into(),
                MOVE => registers[to] = registers[from],
                MOVE_CONSTANT => registers[to] = one.immediate.into(),
                AND_CONSTANT => registers[to] &= i64::from(one.immediate),
                SHIFT_RIGHT_CONSTANT => registers[to] >>= one.immediate,
                JUMP_IF_EQUAL if registers[to] == i64::from(one.immediate) => at = jump(at),
                JUMP_UNLESS_EQUAL if registers[to] != i64::from(one.immediate) => at = jump(at),
                JUMP_IF_EQUAL | JUMP_UNLESS_EQUAL => {}
                EXIT => return registers[0] != 0,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn the_last_match_decides() {
        let rules: Vec<LinuxDeviceCgroup> = serde_json::from_value(serde_json::json!([
            {"allow": false, "access": "rwm"},
            {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
            {"allow": true, "type": "b", "major": 8, "access": "r"},
            {"allow": false, "type": "b", "major": 8, "minor": 16},
        ]))
        .unwrap();
        let code = program(&rules);
        let cases = [
            (CHARACTER, READ | WRITE, 1, 3, true),
            (CHARACTER, READ | WRITE, 10, 229, true),
            (BLOCK, READ, 10, 229, false),
            (CHARACTER, READ, 10, 200, false),
            (BLOCK, READ, 8, 0, true),
            (BLOCK, READ | WRITE, 8, 0, false),
            (BLOCK, READ, 8, 16, false),
            (BLOCK, MAKE, 8, 16, true),
            (CHARACTER, READ | WRITE, 136, 4, true),
        ];
        for (kind, access, major, minor, expected) in cases {
            assert_eq!(judge(&code, kind, access, major, minor), expected, "{kind} {access} {major}:{minor}");
        }
    }
}
