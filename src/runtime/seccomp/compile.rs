//! From decisions to a program for the kernel's classic BPF machine.
//!
//! ```text
//! load architecture
//! for each architecture: not this one? jump over its block
//!     load number
//!     binary search over runs of numbers with the same decision (jump if >=)
//!         leaf: return the action, or test arguments, then return
//! kill the process
//! ```
//!
//! Neighbouring numbers with the same decision are one leaf, so the common profile is a tree of depth seven. Leaves that
//! look at no argument let the kernel remember the answer per number (seccomp's action cache, Linux 5.11) and skip the
//! program. Arguments have 64 bits and the machine 32, so they are compared in two halves. Jumps reach 255
//! instructions; a longer one goes over an unconditional jump.

use super::SeccompError;
use super::arch::{Arch, X32_BIT};
use super::policy::{Action, Condition, Decision, Operator, Policy, Rule, Table};
use crate::sys::seccomp::Instruction;

/// BPF_MAXINSNS (include/uapi/linux/bpf_common.h).
const MOST_INSTRUCTIONS: usize = 4096;
/// Offsets in `struct seccomp_data` (include/uapi/linux/seccomp.h).
const NUMBER_OFFSET: u32 = 0;
const ARCHITECTURE_OFFSET: u32 = 4;
const ARGUMENTS_OFFSET: u32 = 16;

/// A program for [`super::install`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub(super) instructions: Vec<Instruction>,
}

/// Compiles a policy.
///
/// The code is made from its end to its beginning, so that the length of what is jumped over is always known, and
/// turned around at last.
///
/// # Errors
/// More instructions than the kernel takes.
pub fn compile(policy: &Policy) -> Result<Program, SeccompError> {
    let mut architectures: Vec<u32> = Vec::new();
    for number in policy.tables.iter().map(|table| table.arch.audit_number()) {
        if !architectures.contains(&number) {
            architectures.push(number);
        }
    }
    let mut reversed = Vec::with_capacity(1024);
    reversed.push(give(Action::KillProcess));
    for number in architectures.into_iter().rev() {
        let behind = reversed.len();
        architecture_block(policy, number, &mut reversed);
        let length = reversed.len() - behind;
        reversed.push(jump_over(length));
        reversed.push(jump(libc::BPF_JEQ, number, 1, 0));
    }
    reversed.push(load(ARCHITECTURE_OFFSET));
    if reversed.len() > MOST_INSTRUCTIONS {
        return Err(SeccompError::TooLong(reversed.len()));
    }
    reversed.reverse();
    Ok(Program { instructions: reversed })
}

/// From `start` up to the next run the same decision holds.
struct Run<'a> {
    start: u32,
    arch: Arch,
    leaf: Leaf<'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum Leaf<'a> {
    Always(Action),
    Rules(&'a [Rule], Action),
}

/// The block of all tables with this architecture number: one, or x86_64 and x32.
fn architecture_block(policy: &Policy, audit_number: u32, reversed: &mut Vec<Instruction>) {
    let mut runs = Vec::new();
    let mut tables: Vec<&Table> =
        policy.tables.iter().filter(|table| table.arch.audit_number() == audit_number).collect();
    tables.sort_by_key(|table| table.arch.marker());
    for table in &tables {
        add_runs(&mut runs, table);
    }
    // A filter for one of the two x86 ABIs must not decide calls of the other.
    let (first, last) = (tables.first().map(|table| table.arch), tables.last().map(|table| table.arch));
    if first == Some(Arch::X32) {
        runs.insert(0, Run { start: 0, arch: Arch::X32, leaf: Leaf::Always(Action::KillProcess) });
    } else if last == Some(Arch::X86_64) {
        push(&mut runs, Run { start: X32_BIT, arch: Arch::X86_64, leaf: Leaf::Always(Action::KillProcess) });
    }
    search(&runs, reversed);
    reversed.push(load(NUMBER_OFFSET));
}

fn add_runs<'a>(runs: &mut Vec<Run<'a>>, table: &'a Table) {
    let (arch, marker) = (table.arch, table.arch.marker());
    let mut next = 0_u32;
    for (number, decision) in table.calls.iter() {
        if number > next {
            push(runs, Run { start: next + marker, arch, leaf: Leaf::Always(table.default) });
        }
        let leaf = match decision {
            Decision::Always(action) => Leaf::Always(*action),
            Decision::FirstOf(rules, otherwise) => Leaf::Rules(rules, *otherwise),
        };
        push(runs, Run { start: number + marker, arch, leaf });
        next = number + 1;
    }
    push(runs, Run { start: next + marker, arch, leaf: Leaf::Always(table.beyond) });
}

/// Adds a run unless it continues the last one.
fn push<'a>(runs: &mut Vec<Run<'a>>, run: Run<'a>) {
    let continues = runs.last().is_some_and(|last| last.leaf == run.leaf && matches!(run.leaf, Leaf::Always(_)));
    if !continues {
        runs.push(run);
    }
}

/// A balanced tree of comparisons; as deep as the logarithm of the number of runs.
fn search(runs: &[Run<'_>], reversed: &mut Vec<Instruction>) {
    let (lower, upper) = runs.split_at(runs.len() / 2);
    let Some(pivot) = upper.first() else { return };
    if lower.is_empty() {
        leaf(pivot, reversed);
        return;
    }
    search(upper, reversed);
    let behind = reversed.len();
    search(lower, reversed);
    let length = reversed.len() - behind;
    match u8::try_from(length) {
        Ok(distance) => reversed.push(jump(libc::BPF_JGE, pivot.start, distance, 0)),
        Err(_) => {
            reversed.push(jump_over(length));
            reversed.push(jump(libc::BPF_JGE, pivot.start, 0, 1));
        }
    }
}

fn leaf(run: &Run<'_>, reversed: &mut Vec<Instruction>) {
    match run.leaf {
        Leaf::Always(action) => reversed.push(give(action)),
        Leaf::Rules(rules, otherwise) => {
            reversed.push(give(otherwise));
            rules.iter().rev().for_each(|rule| test(rule, run.arch, reversed));
        }
    }
}

/// Returns the action when all conditions hold, else goes on behind the code. At most 6 times 7 instructions.
fn test(rule: &Rule, arch: Arch, reversed: &mut Vec<Instruction>) {
    let behind = reversed.len();
    reversed.push(give(rule.action));
    for condition in rule.conditions.iter().rev() {
        let to_fail = reversed.len() - behind;
        reversed.extend(compare(*condition, arch, to_fail).into_iter().rev());
    }
}

/// Where a comparison goes.
#[derive(Clone, Copy)]
enum To {
    Next,
    Pass,
    Fail,
}

/// One step of a comparison.
enum Step {
    Load(u32),
    And(u32),
    Jump(u32, u32, To, To),
}

/// Goes on behind the code when the condition holds, and `to_fail` instructions further when not.
fn compare(condition: Condition, arch: Arch, to_fail: usize) -> Vec<Instruction> {
    let offset = ARGUMENTS_OFFSET + 8 * u32::from(condition.argument.min(5));
    let (low, high) = if arch.is_big_endian() { (offset + 4, offset) } else { (offset, offset + 4) };
    let mut steps = Vec::with_capacity(7);
    if !arch.is_32_bit() {
        upper_half(&mut steps, condition, high);
    }
    lower_half(&mut steps, condition, low);
    resolve(&steps, to_fail)
}

fn halves(value: u64) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

/// Decides by the upper half when it differs, and falls through when the lower one decides.
fn upper_half(steps: &mut Vec<Step>, condition: Condition, offset: u32) {
    let (value, _) = halves(condition.value);
    match condition.operator {
        Operator::MaskedEqual(mask) => {
            let (mask, _) = halves(mask);
            if mask == 0 && value == 0 {
                return;
            }
            steps.push(Step::Load(offset));
            steps.push(Step::And(mask));
            steps.push(Step::Jump(libc::BPF_JEQ, value, To::Next, To::Fail));
        }
        Operator::Equal => {
            steps.push(Step::Load(offset));
            steps.push(Step::Jump(libc::BPF_JEQ, value, To::Next, To::Fail));
        }
        Operator::NotEqual => {
            steps.push(Step::Load(offset));
            steps.push(Step::Jump(libc::BPF_JEQ, value, To::Next, To::Pass));
        }
        Operator::Greater | Operator::GreaterOrEqual => {
            steps.push(Step::Load(offset));
            steps.push(Step::Jump(libc::BPF_JGT, value, To::Pass, To::Next));
            steps.push(Step::Jump(libc::BPF_JEQ, value, To::Next, To::Fail));
        }
        Operator::Less | Operator::LessOrEqual => {
            steps.push(Step::Load(offset));
            steps.push(Step::Jump(libc::BPF_JGT, value, To::Fail, To::Next));
            steps.push(Step::Jump(libc::BPF_JEQ, value, To::Next, To::Pass));
        }
    }
}

fn lower_half(steps: &mut Vec<Step>, condition: Condition, offset: u32) {
    let (_, value) = halves(condition.value);
    steps.push(Step::Load(offset));
    if let Operator::MaskedEqual(mask) = condition.operator {
        steps.push(Step::And(halves(mask).1));
    }
    steps.push(match condition.operator {
        Operator::Equal | Operator::MaskedEqual(_) => Step::Jump(libc::BPF_JEQ, value, To::Pass, To::Fail),
        Operator::NotEqual => Step::Jump(libc::BPF_JEQ, value, To::Fail, To::Pass),
        Operator::Greater => Step::Jump(libc::BPF_JGT, value, To::Pass, To::Fail),
        Operator::GreaterOrEqual => Step::Jump(libc::BPF_JGE, value, To::Pass, To::Fail),
        Operator::Less => Step::Jump(libc::BPF_JGE, value, To::Fail, To::Pass),
        Operator::LessOrEqual => Step::Jump(libc::BPF_JGT, value, To::Fail, To::Pass),
    });
}

/// Turns names of targets into distances. A rule is far shorter than 255 instructions.
fn resolve(steps: &[Step], to_fail: usize) -> Vec<Instruction> {
    let distance = |index: usize, to: To| {
        let behind = steps.len() - index - 1;
        let distance = match to {
            To::Next => 0,
            To::Pass => behind,
            To::Fail => behind + to_fail,
        };
        u8::try_from(distance).unwrap_or(u8::MAX)
    };
    let one = |(index, step): (usize, &Step)| match *step {
        Step::Load(offset) => load(offset),
        Step::And(mask) => {
            Instruction { code: (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16, jt: 0, jf: 0, k: mask }
        }
        Step::Jump(test, value, yes, no) => jump(test, value, distance(index, yes), distance(index, no)),
    };
    steps.iter().enumerate().map(one).collect()
}

fn load(offset: u32) -> Instruction {
    Instruction { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(test: u32, value: u32, yes: u8, no: u8) -> Instruction {
    Instruction { code: (libc::BPF_JMP | test | libc::BPF_K) as u16, jt: yes, jf: no, k: value }
}

/// Unconditional. A length that does not fit is far above what [`compile`] accepts.
fn jump_over(length: usize) -> Instruction {
    let distance = u32::try_from(length).unwrap_or(u32::MAX);
    Instruction { code: (libc::BPF_JMP | libc::BPF_JA) as u16, jt: 0, jf: 0, k: distance }
}

fn give(action: Action) -> Instruction {
    Instruction { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: action.raw() }
}
