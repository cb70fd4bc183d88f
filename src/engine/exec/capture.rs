//! Collecting what a process in a container writes, within a time.

use super::ExecSession;
use crate::runtime::guard::exit_code;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Reads from one stream before the other and the clock are looked at.
const READS: usize = 64;

/// What came of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// Its exit code; `None` when its time was up and it was killed.
    pub code: Option<i32>,
    /// What it wrote to standard output and error, cut at the limit.
    pub output: Vec<u8>,
}

impl ExecSession {
    /// Waits for the process for at most `timeout` (zero is for ever), and keeps up to `limit` bytes of its output.
    pub fn capture(self, timeout: Duration, limit: usize) -> Captured {
        let ExecSession { process, waiter, streams: [input, output, error], .. } = self;
        drop(input);
        let mut outputs = [output, error];
        let deadline = (!timeout.is_zero()).then(|| Instant::now() + timeout);
        let mut captured = Captured::default();
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                let _ = pidfd_send_signal(&process, Signal::KILL); // it may just have ended
                exit_code(waiter.as_fd());
                return captured;
            }
            let has_ended = wait(&waiter, &outputs, left);
            for stream in &mut outputs {
                read(stream, &mut captured.output, limit);
            }
            // What its own children go on writing is nobody's.
            if has_ended {
                captured.code = Some(exit_code(waiter.as_fd()));
                return captured;
            }
        }
    }
}

/// Blocks until something can be read, the process has ended (true) or the time is up.
fn wait(waiter: &OwnedFd, outputs: &[Option<OwnedFd>; 2], left: Option<Duration>) -> bool {
    let left = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) });
    let mut watched = vec![PollFd::new(waiter, PollFlags::IN)];
    watched.extend(outputs.iter().flatten().map(|stream| PollFd::new(stream, PollFlags::IN)));
    poll(&mut watched, left.as_ref()).is_ok_and(|count| count > 0) && !watched[0].revents().is_empty()
}

/// Reads what is there; the stream is given up at its end.
fn read(stream: &mut Option<OwnedFd>, output: &mut Vec<u8>, limit: usize) {
    let mut buffer = [0; 4096];
    // Who writes without end must not keep us from looking at the clock.
    for _ in 0..READS {
        let Some(open) = stream else { return };
        match rustix::io::read(&*open, &mut buffer) {
            Ok(count) if count > 0 => {
                let room = limit.saturating_sub(output.len());
                output.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return,
            Ok(_) | Err(_) => *stream = None,
        }
    }
}
