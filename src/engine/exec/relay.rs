//! Standard streams, terminal and signals between the command and a process it has started in a container.

use super::ExecSession;
use crate::engine::attach::{AttachOptions, Outcome, RawTerminal, hold_signals, proxied, terminal_size, write_all};
use crate::engine::detach_keys::DetachKeys;
use crate::runtime::guard::exit_code;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, fork_into};
use nix::sys::signal::Signal;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{Winsize, isatty, tcsetwinsize};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Bytes read at once from any stream.
const CHUNK: usize = 64 * 1024;
/// What a terminal takes for the end of input (termios(3), `VEOF`).
const END_OF_TRANSMISSION: u8 = 4;

/// Passes streams and signals until the process ends or the user detaches.
///
/// The terminal is put into raw mode meanwhile when both sides are terminals, and restored on every way out.
pub fn relay(session: ExecSession, options: &AttachOptions) -> Outcome {
    let _raw = (options.terminal && options.input && isatty(std::io::stdin())).then(RawTerminal::enter);
    hold_signals();
    let signals = SignalFd::with_flags(&proxied(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
    let ExecSession { process, waiter, streams: [input, output, error], terminal, .. } = session;
    if let Some(terminal) = &terminal {
        let _ = rustix::io::ioctl_fionbio(terminal, true); // a blocked write would then hold up output
    }
    let mut relay = Relay {
        process,
        waiter,
        reads_input: options.input && (input.is_some() || terminal.is_some()),
        input,
        outputs: [output, error],
        terminal,
        pending: Vec::new(),
        signals,
        keys: DetachKeys::new(if options.terminal { &options.detach_keys } else { &[] }),
    };
    relay.run()
}

struct Relay<'a> {
    process: OwnedFd,
    waiter: OwnedFd,
    /// Standard input of the process, where that is a pipe.
    input: Option<OwnedFd>,
    /// Standard output and error of the process, where those are pipes.
    outputs: [Option<OwnedFd>; 2],
    terminal: Option<OwnedFd>,
    reads_input: bool,
    /// Input that the process has not taken yet; nothing is read meanwhile.
    pending: Vec<u8>,
    signals: Option<SignalFd>,
    keys: DetachKeys<'a>,
}

/// What a descriptor in the poll set is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    End,
    Signal,
    Output(usize),
    Terminal,
    Sink,
    Input,
}

impl Relay<'_> {
    fn run(&mut self) -> Outcome {
        loop {
            for source in self.wait() {
                match source {
                    Source::End => {
                        self.drain();
                        return Outcome::Exited(exit_code(self.waiter.as_fd()));
                    }
                    Source::Signal => self.pass_signals(),
                    Source::Output(at) => {
                        self.pass_output(at);
                    }
                    Source::Terminal => {
                        self.pass_terminal();
                    }
                    Source::Sink => self.write_pending(),
                    Source::Input => {
                        if self.pass_input() {
                            self.leave_behind();
                            return Outcome::Detached;
                        }
                    }
                }
            }
        }
    }

    /// Blocks until something can be done. The end comes last, after output that is there already.
    fn wait(&self) -> Vec<Source> {
        let stdin = std::io::stdin();
        let mut sources: Vec<(Source, BorrowedFd<'_>, PollFlags)> = Vec::with_capacity(6);
        if let Some(signals) = &self.signals {
            sources.push((Source::Signal, signals.as_fd(), PollFlags::IN));
        }
        for (at, output) in self.outputs.iter().enumerate() {
            sources.extend(output.as_ref().map(|output| (Source::Output(at), output.as_fd(), PollFlags::IN)));
        }
        if let Some(terminal) = &self.terminal {
            sources.push((Source::Terminal, terminal.as_fd(), PollFlags::IN));
        }
        if !self.pending.is_empty() {
            let sink = self.terminal.as_ref().or(self.input.as_ref());
            sources.extend(sink.map(|sink| (Source::Sink, sink.as_fd(), PollFlags::OUT)));
        } else if self.reads_input {
            sources.push((Source::Input, stdin.as_fd(), PollFlags::IN));
        }
        sources.push((Source::End, self.waiter.as_fd(), PollFlags::IN));
        let mut watched: Vec<PollFd<'_>> =
            sources.iter().map(|(_, descriptor, flags)| PollFd::from_borrowed_fd(*descriptor, *flags)).collect();
        match poll(&mut watched, None) {
            Ok(_) => sources
                .iter()
                .zip(&watched)
                .filter(|(_, polled)| !polled.revents().is_empty())
                .map(|((source, ..), _)| *source)
                .collect(),
            Err(_) => Vec::new(),
        }
    }

    /// Passes one piece of output on; false when there is none now.
    fn pass_output(&mut self, at: usize) -> bool {
        let Some(output) = &self.outputs[at] else { return false };
        let mut buffer = Vec::with_capacity(CHUNK);
        match rustix::io::read(output, spare_capacity(&mut buffer)) {
            Ok(0) => self.outputs[at] = None,
            Ok(_) => {
                let data = buffer.as_slice();
                let shown =
                    if at == 0 { write_all(std::io::stdout(), data) } else { write_all(std::io::stderr(), data) };
                if shown.is_ok() {
                    return true;
                }
                // Nobody reads: closing makes the process see a broken pipe, as it would without a container around it.
                self.outputs[at] = None;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.outputs[at] = None,
        }
        false
    }

    fn pass_terminal(&mut self) -> bool {
        let Some(terminal) = &self.terminal else { return false };
        let mut buffer = Vec::with_capacity(CHUNK);
        match rustix::io::read(terminal, spare_capacity(&mut buffer)) {
            Ok(count) if count > 0 && write_all(std::io::stdout(), &buffer).is_ok() => return true,
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: every process has closed the other side.
            Ok(_) | Err(_) => self.terminal = None,
        }
        false
    }

    /// What was written before the end.
    fn drain(&mut self) {
        for at in 0..self.outputs.len() {
            while self.pass_output(at) {}
        }
        while self.pass_terminal() {}
    }

    /// Takes input; true when the user has detached.
    fn pass_input(&mut self) -> bool {
        let mut buffer = Vec::with_capacity(CHUNK);
        match rustix::io::read(std::io::stdin(), spare_capacity(&mut buffer)) {
            Ok(0) => {
                self.reads_input = false;
                self.end_input();
            }
            Ok(_) => {
                let (data, detached) = self.keys.find(&buffer);
                self.pending = data;
                self.write_pending();
                return detached;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.reads_input = false,
        }
        false
    }

    fn end_input(&mut self) {
        match self.terminal {
            Some(_) => {
                self.pending.push(END_OF_TRANSMISSION);
                self.write_pending();
            }
            None => self.input = None,
        }
    }

    fn write_pending(&mut self) {
        let Some(sink) = self.terminal.as_ref().or(self.input.as_ref()) else {
            self.pending.clear();
            return;
        };
        match rustix::io::write(sink, &self.pending) {
            Ok(count) => {
                self.pending.drain(..count);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => {
                // The process reads no more.
                self.pending.clear();
                self.input = None;
                self.reads_input = false;
            }
        }
    }

    fn pass_signals(&mut self) {
        let Some(signals) = &self.signals else { return };
        while let Ok(Some(signal)) = signals.read_signal() {
            let number = signal.ssi_signo as i32;
            match (number == Signal::SIGWINCH as i32, &self.terminal, terminal_size()) {
                (true, Some(terminal), Some((rows, columns))) => {
                    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                    let _ = tcsetwinsize(terminal, size); // cosmetic
                }
                (true, ..) => {}
                (false, ..) => {
                    let _ = crate::sys::signal::send(&self.process, number); // it may just have ended
                }
            }
        }
    }

    /// Leaves a process behind that holds the streams open and reads what nobody sees, until the end: without it the
    /// process in the container would be hung up on.
    fn leave_behind(&mut self) {
        if !matches!(fork_into(NewNamespaces::empty()), Ok(Fork::Child)) {
            return;
        }
        let _ = rustix::process::setsid(); // a fresh fork leads no group, so this cannot fail
        if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
            for stream in 0..3 {
                let _ = crate::sys::process::duplicate_to(null.as_raw_fd(), stream); // then output goes on being shown
            }
        }
        let streams = self.outputs.iter().chain([&self.terminal, &self.input]).flatten().map(AsRawFd::as_raw_fd);
        let keep: Vec<i32> = streams.chain([self.process.as_raw_fd()]).collect();
        close_all_except(3, &keep);
        self.reads_input = false;
        loop {
            let mut watched: Vec<PollFd<'_>> = vec![PollFd::new(&self.process, PollFlags::IN)];
            watched.extend(self.outputs.iter().flatten().map(|output| PollFd::new(output, PollFlags::IN)));
            watched.extend(self.terminal.iter().map(|terminal| PollFd::new(terminal, PollFlags::IN)));
            let has_ended = poll(&mut watched, None).is_ok() && !watched[0].revents().is_empty();
            drop(watched);
            self.drain();
            if has_ended {
                crate::runtime::guard::exit(0)
            }
        }
    }
}
