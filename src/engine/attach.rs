//! The client side of an attached container: the terminal, standard streams and signals of the command that waits.

use super::detach_keys::DetachKeys;
use super::error::Error;
use super::lifecycle::Container;
use crate::runtime::attach::{ClientFrame, KeeperFrame, LARGEST_DATA};
use crate::runtime::control;
use crate::runtime::plan::LogDriver;
use crate::store::containers::Status;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use std::os::fd::{AsFd, OwnedFd};

/// How a client attaches.
#[derive(Clone, Debug)]
pub struct AttachOptions {
    /// Pass standard input on.
    pub input: bool,
    /// Show standard output.
    pub output: bool,
    /// Show standard error.
    pub error: bool,
    /// The container has a terminal.
    pub terminal: bool,
    /// Pass signals on.
    pub proxy_signals: bool,
    /// Bytes that detach; empty is none.
    pub detach_keys: Vec<u8>,
}

/// How an attachment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The container has ended with this exit code.
    Exited(i32),
    /// The user detached; the container goes on.
    Detached,
    /// The keeper vanished, or did not get to say more.
    Lost,
    /// This process was asked to end by this signal, which it does not pass on. The container goes on.
    Interrupted(i32),
}

/// Signals that mean something to this process itself, or that no handler can see.
const OWN_SIGNALS: [Signal; 9] = [
    Signal::SIGCHLD,
    Signal::SIGPIPE,
    Signal::SIGKILL,
    Signal::SIGSTOP,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGSEGV,
    Signal::SIGURG,
];

/// Blocks the signals that will be passed on, so that none is lost between start and attachment.
pub fn hold_signals() {
    // Cannot fail with these arguments (sigprocmask(2)).
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&proxied()), None);
}

pub(super) fn proxied() -> SigSet {
    let mut signals = SigSet::all();
    for own in OWN_SIGNALS {
        signals.remove(own);
    }
    signals
}

/// Signals that end a process by default and that may come while the terminal is in raw mode.
const ENDING_SIGNALS: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// The signals an attached client takes: those it passes on, or those that would end it with the terminal in raw mode.
fn taken(proxy: bool) -> SigSet {
    if proxy {
        return proxied();
    }
    let mut signals = SigSet::empty();
    for signal in ENDING_SIGNALS.into_iter().chain([Signal::SIGWINCH, Signal::SIGCONT]) {
        signals.add(signal);
    }
    signals
}

/// Connects to the keeper of a running container.
///
/// # Errors
/// It does not run, or cannot be attached to.
pub fn connect(container: &Container) -> Result<OwnedFd, Error> {
    let conflict = |text: &str| Err(Error::Conflict(text.to_owned()));
    match container.state.status {
        Status::Running | Status::Paused | Status::Stopping => {}
        _ => {
            let id = &container.record.id;
            return conflict(&format!("attaching to container {id}: you can only attach to running containers"));
        }
    }
    if container.record.plan.log.driver == LogDriver::Passthrough {
        return conflict("this container is using the 'passthrough' log driver, cannot attach: no logs available");
    }
    let Some(directory) = &container.state.control else {
        return conflict("the container's keeper cannot be attached to: it had no directory for its socket");
    };
    control::connect_to(directory).map_err(|source| Error::File {
        operation: "connect to the container's keeper in",
        path: directory.clone(),
        source: source.into(),
    })
}

/// Rows and columns of the caller's terminal, if it has one.
pub fn terminal_size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(std::io::stdin()).or_else(|_| tcgetwinsize(std::io::stdout())).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// The caller's terminal in raw mode; as it was when dropped.
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    pub(super) fn enter() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let terminal = RawTerminal { before };
        terminal.renew().then_some(terminal)
    }

    /// Raw mode again: a shell that continues a stopped job sets the terminal as it likes it.
    fn renew(&self) -> bool {
        let mut raw = self.before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Drain, &raw).is_ok()
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &self.before); // the terminal is gone
    }
}

/// Passes streams and signals until the container ends, the user detaches or the keeper vanishes.
///
/// The terminal is put into raw mode meanwhile when both sides are terminals, and restored on every way out.
pub fn attach(keeper: &OwnedFd, options: &AttachOptions) -> Outcome {
    let signals = taken(options.proxy_signals);
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), None); // cannot fail with these arguments
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
    // After that: a signal that comes now finds a terminal that will be restored.
    let is_raw = options.terminal && options.input && isatty(std::io::stdin());
    let mut client = Client {
        keeper,
        options,
        raw: is_raw.then(RawTerminal::enter).flatten(),
        signals,
        reads_input: options.input,
        lost: [false; 2],
        keys: DetachKeys::new(if options.terminal { &options.detach_keys } else { &[] }),
    };
    if let Some((rows, columns)) = terminal_size().filter(|_| options.terminal) {
        let _ = ClientFrame::Resize(rows, columns).send(keeper); // an ended container shows below
    }
    client.run()
}

struct Client<'a> {
    keeper: &'a OwnedFd,
    options: &'a AttachOptions,
    raw: Option<RawTerminal>,
    signals: Option<SignalFd>,
    reads_input: bool,
    /// Whether standard output and standard error have lost their readers.
    lost: [bool; 2],
    keys: DetachKeys<'a>,
}

impl Client<'_> {
    fn run(&mut self) -> Outcome {
        loop {
            let (keeper, input, signal) = self.wait();
            if signal && let Some(outcome) = self.take_signals() {
                return outcome;
            }
            if input && let Some(outcome) = self.pass_input() {
                return outcome;
            }
            if keeper && let Some(outcome) = self.hear() {
                return outcome;
            }
        }
    }

    fn wait(&self) -> (bool, bool, bool) {
        let stdin = std::io::stdin();
        let mut watched = vec![PollFd::new(self.keeper, PollFlags::IN)];
        if self.reads_input {
            watched.push(PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN));
        }
        if let Some(signals) = &self.signals {
            watched.push(PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN));
        }
        if poll(&mut watched, None).is_err() {
            return (false, false, self.signals.is_some());
        }
        let ready = |at: usize| watched.get(at).is_some_and(|polled| !polled.revents().is_empty());
        let signal_at = 1 + usize::from(self.reads_input);
        (ready(0), self.reads_input && ready(1), self.signals.is_some() && ready(signal_at))
    }

    fn hear(&mut self) -> Option<Outcome> {
        match KeeperFrame::receive(self.keeper) {
            Ok(Some(KeeperFrame::Output(data))) if self.options.output => self.show(&data, false),
            Ok(Some(KeeperFrame::Error(data))) if self.options.error => self.show(&data, true),
            Ok(Some(KeeperFrame::Exited(code))) => return Some(Outcome::Exited(code)),
            Ok(Some(_)) | Err(Errno::AGAIN) => {}
            Ok(None) | Err(_) => return Some(Outcome::Lost),
        }
        None
    }

    /// A reader that has gone is told to the container's writer, as a pipe would.
    fn show(&mut self, data: &[u8], to_error: bool) {
        if self.lost[usize::from(to_error)] {
            return;
        }
        let shown = if to_error { write_all(std::io::stderr(), data) } else { write_all(std::io::stdout(), data) };
        if shown.is_err() {
            self.lost[usize::from(to_error)] = true;
            let _ = ClientFrame::OutputLost(to_error).send(self.keeper); // an ended container shows as such
        }
    }

    fn pass_input(&mut self) -> Option<Outcome> {
        let mut buffer = [0; LARGEST_DATA / 2];
        match rustix::io::read(std::io::stdin(), &mut buffer) {
            Ok(0) => {
                self.reads_input = false;
                let _ = ClientFrame::InputEnd.send(self.keeper); // an ended container shows as such
            }
            Ok(count) => {
                let (data, detach) = self.keys.find(&buffer[..count]);
                if !data.is_empty() {
                    let _ = ClientFrame::Input(data).send(self.keeper); // likewise
                }
                if detach {
                    let _ = ClientFrame::Detach.send(self.keeper); // likewise
                    return Some(Outcome::Detached);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.reads_input = false,
        }
        None
    }

    /// Passes signals on; one that is meant for this process ends the attachment.
    fn take_signals(&mut self) -> Option<Outcome> {
        let signals = self.signals.as_ref()?;
        while let Ok(Some(signal)) = signals.read_signal() {
            let number = signal.ssi_signo as i32;
            if number == Signal::SIGCONT as i32 {
                self.raw.as_ref().map(RawTerminal::renew);
            }
            let frame = match (number == Signal::SIGWINCH as i32, terminal_size()) {
                (true, Some((rows, columns))) if self.options.terminal => ClientFrame::Resize(rows, columns),
                (true, _) => continue,
                (false, _) if self.options.proxy_signals => ClientFrame::Signal(number),
                (false, _) if number == Signal::SIGCONT as i32 => continue,
                (false, _) => {
                    let _ = ClientFrame::Detach.send(self.keeper); // an ended container needs no word
                    return Some(Outcome::Interrupted(number));
                }
            };
            let _ = frame.send(self.keeper); // an ended container shows as such
        }
        None
    }
}

/// Writes past the buffer of `std`, which holds partial lines back.
pub(super) fn write_all(stream: impl AsFd, mut data: &[u8]) -> Result<(), Errno> {
    while !data.is_empty() {
        match rustix::io::write(&stream, data) {
            Ok(count) => data = &data[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // The caller's stream is non-blocking: wait as a blocking one would.
                let _ = poll(&mut [PollFd::new(&stream, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
