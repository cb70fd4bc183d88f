//! A filter's meaning: for every architecture and number, what happens. The compiler turns it into a program.

use super::arch::Arch;
use super::syscall_numbers::{self, NONE};
use std::collections::BTreeMap;

/// What the kernel does with a call (seccomp(2), "Return values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Carry it out.
    Allow,
    /// Fail with this error number.
    Errno(u16),
    /// Kill the process.
    KillProcess,
    /// Kill the thread.
    KillThread,
    /// Send SIGSYS.
    Trap,
    /// Tell a tracer, with this value.
    Trace(u16),
    /// Carry it out and log it.
    Log,
    /// Ask the listener.
    Notify,
}

impl Action {
    /// The value a program returns.
    pub(super) fn raw(self) -> u32 {
        match self {
            Action::Allow => libc::SECCOMP_RET_ALLOW,
            Action::Errno(number) => libc::SECCOMP_RET_ERRNO | u32::from(number),
            Action::KillProcess => libc::SECCOMP_RET_KILL_PROCESS,
            Action::KillThread => libc::SECCOMP_RET_KILL_THREAD,
            Action::Trap => libc::SECCOMP_RET_TRAP,
            Action::Trace(value) => libc::SECCOMP_RET_TRACE | u32::from(value),
            Action::Log => libc::SECCOMP_RET_LOG,
            Action::Notify => libc::SECCOMP_RET_USER_NOTIF,
        }
    }
}

/// How an argument is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Equal.
    Equal,
    /// Greater or equal.
    GreaterOrEqual,
    /// Greater.
    Greater,
    /// Equal after masking with this value.
    MaskedEqual(u64),
}

/// A condition on one argument; comparisons are unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Argument, 0 to 5.
    pub argument: u8,
    /// Comparison.
    pub operator: Operator,
    /// What the argument is compared with.
    pub value: u64,
}

/// An action if all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// All of them; never empty.
    pub conditions: Vec<Condition>,
    /// What then happens.
    pub action: Action,
}

/// What happens to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Always this.
    Always(Action),
    /// The first rule that holds.
    FirstOf(
        /// In order.
        Vec<Rule>,
        /// When none holds.
        Action,
    ),
}

/// Numbers below this are kept in an array; above are only the private calls of 32-bit arm.
const DENSE: u32 = 1024;

/// Room for the numbers of today's kernels at once.
const TYPICAL: usize = 512;

/// Decisions by number. Filling it is most of the work of making the default filter, so it is an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    low: Vec<Option<Decision>>,
    high: BTreeMap<u32, Decision>,
}

impl Calls {
    pub(super) fn get(&self, number: u32) -> Option<&Decision> {
        if number < DENSE { self.low.get(number as usize)?.as_ref() } else { self.high.get(&number) }
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Decision> {
        if number < DENSE { self.low.get_mut(number as usize)?.as_mut() } else { self.high.get_mut(&number) }
    }

    fn insert(&mut self, number: u32, decision: Decision) {
        if number >= DENSE {
            self.high.insert(number, decision);
            return;
        }
        let index = number as usize;
        if index >= self.low.len() {
            self.low.reserve(TYPICAL.saturating_sub(self.low.len()));
            self.low.resize(index + 1, None);
        }
        if let Some(slot) = self.low.get_mut(index) {
            *slot = Some(decision);
        }
    }

    /// All, by ascending number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Decision)> {
        let low = (0..).zip(&self.low).filter_map(|(number, decision)| Some((number, decision.as_ref()?)));
        low.chain(self.high.iter().map(|(number, decision)| (*number, decision)))
    }

    fn highest(&self) -> Option<u32> {
        let low = self.low.len().checked_sub(1).and_then(|index| u32::try_from(index).ok());
        self.high.last_key_value().map(|(number, _)| *number).or(low)
    }
}

/// The decisions of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Which.
    pub arch: Arch,
    /// By number, without the marker bit.
    pub(super) calls: Calls,
    /// For every number not in `calls` up to the highest one there.
    pub default: Action,
    /// For every number above.
    pub beyond: Action,
}

/// A whole filter. Calls of other architectures kill the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// One per architecture.
    pub tables: Vec<Table>,
}

impl Policy {
    /// No decisions yet, `default` for everything.
    pub fn new(architectures: &[Arch], default: Action, beyond: Action) -> Self {
        let table = |&arch| Table { arch, calls: Calls::default(), default, beyond };
        Policy { tables: architectures.iter().map(table).collect() }
    }

    /// Decides a call by name on every architecture that has it, unless it is decided. Unknown names are skipped: a
    /// kernel that knows them is newer than we are, and numbers we do not know get the default.
    ///
    /// As in libseccomp, an unconditional rule outweighs conditional ones whatever the order, and the first of two
    /// unconditional ones stays.
    pub fn decide(&mut self, name: &str, conditions: Vec<Condition>, action: Action) {
        let Some((_, numbers)) = syscall_numbers::find(name) else { return };
        for table in &mut self.tables {
            let Some(&number) = numbers.get(table.arch.column()).filter(|number| **number != NONE) else { continue };
            table.decide(number, &conditions, action);
        }
    }

    /// Decides many calls, separated by blanks, without conditions; fastest when they are sorted.
    pub fn decide_all(&mut self, names: &str, action: Action) {
        let mut finder = syscall_numbers::Finder::default();
        for numbers in names.split_ascii_whitespace().filter_map(|name| finder.find(name)) {
            for table in &mut self.tables {
                let Some(&number) = numbers.get(table.arch.column()).filter(|number| **number != NONE) else {
                    continue;
                };
                table.decide(number, &[], action);
            }
        }
    }

    /// What happens to a call with conditional rules when none of them holds.
    pub fn otherwise(&mut self, name: &str, action: Action) {
        let Some((_, numbers)) = syscall_numbers::find(name) else { return };
        for table in &mut self.tables {
            let number = numbers.get(table.arch.column());
            if let Some(Decision::FirstOf(_, otherwise)) = number.and_then(|number| table.calls.get_mut(*number)) {
                *otherwise = action;
            }
        }
    }

    /// The decision for a call, as the compiled program takes it.
    pub fn decision(&self, arch: Arch, number: u32) -> Option<Decision> {
        let table = self.tables.iter().find(|table| table.arch == arch)?;
        let above = table.calls.highest().is_none_or(|highest| number > highest);
        let other = if above { table.beyond } else { table.default };
        Some(table.calls.get(number).cloned().unwrap_or(Decision::Always(other)))
    }
}

impl Table {
    fn decide(&mut self, number: u32, conditions: &[Condition], action: Action) {
        let default = self.default;
        let unconditional = conditions.is_empty();
        let rule = || Rule { conditions: conditions.to_vec(), action };
        match self.calls.get_mut(number) {
            Some(Decision::Always(_)) => {}
            Some(Decision::FirstOf(rules, _)) if !unconditional => rules.push(rule()),
            _ if unconditional => {
                self.calls.insert(number, Decision::Always(action));
            }
            _ => {
                self.calls.insert(number, Decision::FirstOf(vec![rule()], default));
            }
        }
    }
}
