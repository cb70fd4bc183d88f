//! The keeper's part of health checks: when the next one is due.

use super::{active, time};
use crate::engine::record::ContainerRecord;
use crate::runtime::keeper::{Job, Verdict};
use crate::store::paths::Paths;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Exit code of a scheduled check after which the startup check is still to be passed.
pub const PENDING: u8 = 3;

/// Checks the health of one container by the clock.
#[derive(Debug)]
pub struct HealthJob {
    /// What is run for a check, the program's name first.
    arguments: Vec<OsString>,
    /// Time between two checks; `None` when only startup checks are made by the clock.
    interval: Option<Duration>,
    /// The same until the startup check has passed.
    startup_interval: Option<Duration>,
    /// The same within the start period, and when that ends.
    start_interval: Option<(Duration, Instant)>,
    is_startup: bool,
    next: Option<Instant>,
    running: Option<(Child, OwnedFd)>,
}

impl HealthJob {
    /// The job for a container that has just been started; `None` when nothing is to be done by the clock.
    pub fn new(paths: &Paths, record: &ContainerRecord) -> Option<Self> {
        let check = active(record)?;
        let now = Instant::now();
        let some = |nanoseconds: i64| (nanoseconds > 0).then(|| time(nanoseconds));
        let startup = record.request.health.startup.as_ref();
        let startup_interval = startup.and_then(|startup| some(startup.interval));
        let interval = some(check.interval);
        let first = if startup.is_some() { startup_interval } else { interval };
        first?;
        let option = |name: &str, value: &std::path::Path| [OsString::from(name), value.as_os_str().to_owned()];
        let mut arguments = vec![OsString::from("coracle")];
        arguments.extend(option("--root", &paths.root));
        arguments.extend(option("--runroot", &paths.run_root));
        arguments.extend(["healthcheck", "run", "--scheduled", &record.id].map(OsString::from));
        Some(HealthJob {
            arguments,
            interval,
            startup_interval,
            start_interval: some(check.start_interval).map(|interval| (interval, now + time(check.start_period))),
            is_startup: startup.is_some(),
            next: Some(now),
            running: None,
        })
    }

    /// Starts the program afresh: this process has threads.
    fn begin(&mut self) {
        let mut command = Command::new("/proc/self/exe");
        command.arg0(&self.arguments[0]).args(&self.arguments[1..]);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let watched = started.ok().and_then(|child| {
            let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok()?;
            Some((child, process))
        });
        self.next = None;
        match watched {
            Some(running) => self.running = Some(running),
            // No room for a process: the next one may have it.
            None => self.schedule(),
        }
    }

    fn schedule(&mut self) {
        let now = Instant::now();
        let early = self.start_interval.filter(|(_, end)| now < *end).map(|(interval, _)| interval);
        let interval = if self.is_startup { self.startup_interval } else { self.interval.and(early).or(self.interval) };
        self.next = interval.map(|interval| now + interval);
    }
}

impl Job for HealthJob {
    fn deadline(&self) -> Option<Instant> {
        self.next
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.running.as_ref().map(|(_, process)| process.as_fd())
    }

    fn run(&mut self) -> Verdict {
        match &mut self.running {
            Some((child, _)) => {
                if let Ok(Some(status)) = child.try_wait() {
                    self.running = None;
                    self.is_startup &= status.code() == Some(i32::from(PENDING));
                    self.schedule();
                }
            }
            None if self.next.is_some_and(|next| next <= Instant::now()) => self.begin(),
            None => {}
        }
        Verdict::GoOn
    }

    /// A check ends with the container it is in; the one that has ended the container may be about to start it again.
    fn end(&mut self) {}
}
