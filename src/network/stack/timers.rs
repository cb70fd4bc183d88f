//! When to look at a flow again. One heap of moments; a flow keeps its own deadline and re-arms lazily, so moving a
//! deadline further away, which every acknowledgment does, costs nothing.

use super::slab::Id;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Whose moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A TCP flow.
    Tcp(Id),
    /// A UDP flow.
    Udp(Id),
    /// A ping flow.
    Echo(Id),
    /// A published port whose clients could not be accepted.
    Accept(u32),
    /// Neighbours being asked for, fragments being gathered.
    Housekeeping,
}

/// Moments in milliseconds since the stack began, earliest first.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(u64, u64, Entry)>>,
    sequence: u64,
}

/// A timer without an order of its own.
#[derive(Debug, Clone, Copy)]
struct Entry(Timer);

impl PartialEq for Entry {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Timers {
    /// Wakes `timer` at `moment`. Several moments for one timer are allowed; its owner tells which one counts.
    pub fn arm(&mut self, moment: u64, timer: Timer) {
        self.sequence += 1;
        self.heap.push(Reverse((moment, self.sequence, Entry(timer))));
    }

    /// The next moment.
    pub fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((moment, ..))| *moment)
    }

    /// Takes a moment that is not later than `now`.
    pub fn pop(&mut self, now: u64) -> Option<(u64, Timer)> {
        if self.next()? > now {
            return None;
        }
        let Reverse((moment, _, Entry(timer))) = self.heap.pop()?;
        if self.heap.is_empty() {
            self.heap.shrink_to(256);
        }
        Some((moment, timer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_in_order() {
        let mut timers = Timers::default();
        timers.arm(30, Timer::Housekeeping);
        timers.arm(10, Timer::Tcp(Id { index: 1, generation: 0 }));
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.pop(9), None);
        assert_eq!(timers.pop(40).map(|(moment, _)| moment), Some(10));
        assert_eq!(timers.pop(40), Some((30, Timer::Housekeeping)));
        assert_eq!(timers.pop(40), None);
    }
}
