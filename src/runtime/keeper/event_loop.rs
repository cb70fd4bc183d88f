//! The keeper's second half: output to the log and to clients, input and signals to the container, until it ends.
//!
//! One thread, one `poll(2)`; nothing wakes it when nothing happens. Output is read only while no client holds it back
//! ([`super::clients`]), so a slow pipe slows the container as any pipe would, and memory stays bounded.

use super::clients::Clients;
use super::jobs::{Job, Verdict, earliest, until};
use super::log::{Log, Stream};
use super::start::Running;
use super::{Keeper, Milestone};
use crate::runtime::attach::{ClientFrame, KeeperFrame, LARGEST_DATA};
use crate::runtime::control::Control;
use crate::runtime::handshake::{Order, Report, order, receive};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Signal, pidfd_send_signal};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Input that may wait for the container, in bytes; above it no client is read.
const INPUT_LIMIT: usize = 1 << 20;

/// Room for input that is kept once all of it was passed on, in bytes.
const INPUT_KEPT: usize = 64 << 10;

/// A terminal that nobody has open reports hang-up without end until somebody opens it again; it is looked at this often
/// then. It happens only between a program that closed its terminal and the container's end.
const HANG_UP_INTERVAL: Duration = Duration::from_millis(100);

/// What a watched descriptor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    Guard,
    Listener,
    Client(usize),
    Output,
    Error,
    Terminal,
    Input,
    Network,
    Job(usize),
}

pub(super) struct EventLoop<'a, 'k> {
    keeper: &'a mut Keeper<'k>,
    running: Running,
    clients: Clients,
    log: Option<Log>,
    input: VecDeque<u8>,
    input_ended: bool,
    exit_code: Option<i32>,
    deadline: Option<Instant>,
    /// The deadline (`--timeout`) came before the end.
    timed_out: bool,
    jobs: Vec<Box<dyn Job>>,
    /// The terminal hangs up; not looked at before this moment.
    terminal_rests: Option<Instant>,
    /// The first quiet moment has come, and what only the start needed is given back.
    has_settled: bool,
    buffer: Vec<u8>,
}

impl<'a, 'k> EventLoop<'a, 'k> {
    pub fn new(keeper: &'a mut Keeper<'k>, running: Running) -> Self {
        let pid = keeper.state.process.map_or(0, |process| process.pid);
        let deadline = (keeper.plan.timeout_seconds > 0)
            .then(|| Instant::now() + Duration::from_secs(u64::from(keeper.plan.timeout_seconds)));
        let log = Log::open(&keeper.plan.log).ok();
        let jobs = keeper.services.jobs();
        let mut event_loop = EventLoop {
            keeper,
            running,
            clients: Clients::default(),
            log,
            input: VecDeque::new(),
            input_ended: false,
            exit_code: None,
            deadline,
            timed_out: false,
            jobs,
            terminal_rests: None,
            has_settled: false,
            buffer: vec![0; LARGEST_DATA],
        };
        if let Some(terminal) = &event_loop.running.terminal {
            let _ = rustix::io::ioctl_fionbio(terminal, true); // likewise
        }
        let is_foreground = event_loop.keeper.is_foreground;
        if let Some(client) = event_loop.keeper.client.take() {
            event_loop.clients.add_starter(client, is_foreground);
        }
        match event_loop.clients.get_mut(0) {
            Some(starter) => starter.tell(Rc::new(KeeperFrame::Started(pid).encode())),
            None => event_loop.keeper.services.runs_again(pid),
        }
        event_loop
    }

    /// Runs until the container has ended and its output is delivered; returns the keeper's own exit code.
    pub fn run(mut self) -> i32 {
        while !self.is_finished() {
            self.turn();
        }
        // Scripts tell a time-out by this code, 255 to a shell, from a kill by somebody else; it is podman's.
        let code = if self.timed_out { -1 } else { self.exit_code.unwrap_or(255) };
        self.finish(code);
        0
    }

    fn is_finished(&self) -> bool {
        self.exit_code.is_some()
            && self.running.streams[1..].iter().all(Option::is_none)
            && self.running.terminal.is_none()
    }

    fn turn(&mut self) {
        let interest = self.interest();
        let mut watched: Vec<PollFd<'_>> = Vec::with_capacity(interest.len());
        for (what, flags) in &interest {
            if let Some(descriptor) = self.descriptor(*what) {
                watched.push(PollFd::from_borrowed_fd(descriptor, *flags));
            }
        }
        let timeout = self.timeout();
        let polled = poll(&mut watched, timeout.as_ref());
        let ready: Vec<(Watched, PollFlags)> =
            interest.iter().zip(&watched).map(|((what, _), polled)| (*what, polled.revents())).collect();
        drop(watched);
        if polled == Ok(0) && !self.has_settled {
            self.has_settled = true;
            crate::sys::memory::release_program_code();
            crate::sys::memory::release_heap();
        }
        if polled.is_ok() {
            for (what, events) in ready.into_iter().filter(|(_, events)| !events.is_empty()) {
                self.handle(what, events);
            }
        }
        self.clients.forget_gone();
        self.clients.pass_over_the_slow();
        self.enforce_deadline();
        self.run_due_jobs();
        if self.exit_code.is_some() {
            self.drain();
        }
    }

    fn interest(&self) -> Vec<(Watched, PollFlags)> {
        let keeps_up = !self.clients.hold_back();
        let mut interest = Vec::with_capacity(7);
        if self.exit_code.is_none() {
            interest.push((Watched::Guard, PollFlags::IN));
            if self.running.network.is_some() {
                interest.push((Watched::Network, PollFlags::IN));
            }
            let waiting = self.jobs.iter().enumerate().filter(|(_, job)| job.descriptor().is_some());
            interest.extend(waiting.map(|(at, _)| (Watched::Job(at), PollFlags::IN)));
        }
        if self.exit_code.is_none() && self.running.control.is_some() {
            interest.push((Watched::Listener, PollFlags::IN));
        }
        let clients = self.clients.interest(self.input.len() < INPUT_LIMIT);
        interest.extend(clients.map(|(at, flags)| (Watched::Client(at), flags)));
        if keeps_up {
            for (what, stream) in [(Watched::Output, 1), (Watched::Error, 2)] {
                if self.running.streams[stream].is_some() {
                    interest.push((what, PollFlags::IN));
                }
            }
        }
        if self.running.terminal.is_some() && self.terminal_rests.is_none() {
            let mut flags = if keeps_up { PollFlags::IN } else { PollFlags::empty() };
            if !self.input.is_empty() {
                flags |= PollFlags::OUT;
            }
            interest.push((Watched::Terminal, flags));
        }
        if self.running.streams[0].is_some() && !self.input.is_empty() {
            interest.push((Watched::Input, PollFlags::OUT));
        }
        interest
    }

    fn descriptor(&self, what: Watched) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(match what {
            Watched::Guard => self.running.guard.as_fd(),
            Watched::Listener => self.running.control.as_ref()?.listener.as_fd(),
            Watched::Client(at) => self.clients.get(at)?.socket.as_fd(),
            Watched::Input => self.running.streams[0].as_ref()?.as_fd(),
            Watched::Output => self.running.streams[1].as_ref()?.as_fd(),
            Watched::Error => self.running.streams[2].as_ref()?.as_fd(),
            Watched::Terminal => self.running.terminal.as_ref()?.as_fd(),
            Watched::Network => self.running.network.as_ref()?.as_fd(),
            Watched::Job(at) => self.jobs.get(at)?.descriptor()?,
        })
    }

    fn timeout(&self) -> Option<Timespec> {
        if !self.has_settled {
            return Some(crate::runtime::guard::SETTLE_AFTER);
        }
        let jobs = self.jobs.iter().filter(|_| self.exit_code.is_none()).filter_map(|job| job.deadline());
        let own = [self.deadline, self.clients.deadline(), self.terminal_rests];
        earliest(own.into_iter().flatten().chain(jobs)).map(until)
    }

    fn run_due_jobs(&mut self) {
        let now = Instant::now();
        for at in 0..self.jobs.len() {
            if self.exit_code.is_none() && self.jobs[at].deadline().is_some_and(|deadline| deadline <= now) {
                self.run_job(at);
            }
        }
    }

    fn run_job(&mut self, at: usize) {
        let verdict = self.jobs.get_mut(at).map(|job| job.run()).unwrap_or_default();
        match verdict {
            Verdict::GoOn => {}
            Verdict::Kill => self.signal(Signal::KILL.as_raw()),
        }
    }

    fn enforce_deadline(&mut self) {
        self.terminal_rests = self.terminal_rests.filter(|moment| *moment > Instant::now());
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.deadline = None;
            self.timed_out = self.exit_code.is_none();
            let _ = pidfd_send_signal(&self.running.init, Signal::KILL); // it may just have ended
        }
    }

    fn handle(&mut self, what: Watched, events: PollFlags) {
        match what {
            Watched::Guard => self.hear_guard(),
            Watched::Listener => {
                if let Some(client) = self.running.control.as_ref().and_then(Control::accept) {
                    self.clients.add(client);
                }
            }
            Watched::Client(at) => {
                if events.contains(PollFlags::OUT)
                    && let Some(client) = self.clients.get_mut(at)
                {
                    client.flush();
                }
                if events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                    self.hear_client(at);
                }
            }
            Watched::Output => self.read_stream(1, Stream::Output),
            Watched::Error => self.read_stream(2, Stream::Error),
            Watched::Terminal => {
                if events.contains(PollFlags::OUT) {
                    self.write_input();
                }
                if events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                    self.read_terminal();
                }
            }
            Watched::Input => self.write_input(),
            Watched::Network => self.lose_network(),
            Watched::Job(at) => self.run_job(at),
        }
    }

    /// The container goes on without its network; `inspect` shows why under `State.Error`.
    fn lose_network(&mut self) {
        let Some(process) = self.running.network.take() else { return };
        let code = crate::runtime::guard::exit_code(process.as_fd());
        // The end of the container ends its network too: that is no news.
        if self.exit_code.is_none() {
            self.keeper.note_network_loss(code);
        }
    }

    fn hear_guard(&mut self) {
        match receive(&self.running.guard) {
            Ok(Some((Report::Exited(code), _))) => self.exit_code = Some(code),
            Ok(Some(_)) | Err(Errno::AGAIN | Errno::INTR) => {}
            // The guard was killed, and with it the container.
            Ok(None) | Err(_) => self.exit_code = Some(137),
        }
    }

    fn hear_client(&mut self, at: usize) {
        loop {
            let Some(client) = self.clients.get(at) else { return };
            match recv(&client.socket, &mut self.buffer, RecvFlags::DONTWAIT) {
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR | Errno::CONNRESET) => continue,
                Ok((_, 0)) | Err(_) => return self.lose_client(at),
                Ok((_, count)) => match ClientFrame::decode(&self.buffer[..count]) {
                    Some(frame) => self.obey(at, frame),
                    None => return self.lose_client(at),
                },
            }
            if self.input.len() >= INPUT_LIMIT {
                return;
            }
        }
    }

    fn obey(&mut self, at: usize, frame: ClientFrame) {
        match frame {
            ClientFrame::Attach(wants) => self.attach(at, wants),
            // Only before it runs.
            ClientFrame::Start(_) => self.lose_client(at),
            ClientFrame::Input(data) => {
                self.input.extend(data);
                self.write_input();
            }
            ClientFrame::InputEnd => {
                self.input_ended = true;
                self.write_input();
            }
            ClientFrame::Resize(rows, columns) => {
                if let Some(terminal) = &self.running.terminal {
                    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                    let _ = tcsetwinsize(terminal, size); // cosmetic
                }
            }
            ClientFrame::Signal(number) => self.signal(number),
            ClientFrame::Detach => {
                if let Some(client) = self.clients.get_mut(at) {
                    client.leave();
                }
            }
            ClientFrame::OutputLost(is_error) => self.lose_reader(at, is_error),
        }
    }

    fn attach(&mut self, at: usize, wants: [bool; 2]) {
        let pid = self.keeper.state.process.map_or(0, |process| process.pid);
        if let Some(client) = self.clients.get_mut(at) {
            client.wants = wants;
            client.tell(Rc::new(KeeperFrame::Started(pid).encode()));
        }
    }

    /// Nobody reads one of a client's streams any more. When that was the command in the foreground and nobody else
    /// listens, the writer gets SIGPIPE, as it would without a container around it.
    fn lose_reader(&mut self, at: usize, is_error: bool) {
        let Some(client) = self.clients.get_mut(at) else { return };
        client.wants[usize::from(is_error)] = false;
        if client.is_starter && !self.clients.want(is_error) {
            self.running.streams[1 + usize::from(is_error)] = None;
        }
    }

    fn signal(&mut self, number: i32) {
        let _ = crate::sys::signal::send(&self.running.init, number); // it may just have ended
    }

    /// A client that vanished without a word was killed. One that was all a disposable container ran for takes it along.
    fn lose_client(&mut self, at: usize) {
        let Some(client) = self.clients.get_mut(at) else { return };
        client.leave();
        if !client.is_starter || !self.keeper.is_foreground {
            return;
        }
        if self.keeper.plan.remove && self.exit_code.is_none() {
            let _ = pidfd_send_signal(&self.running.init, Signal::KILL); // it may just have ended
        } else {
            self.input_ended = true;
            self.write_input();
        }
    }

    fn read_stream(&mut self, index: usize, stream: Stream) {
        let Some(descriptor) = &self.running.streams[index] else { return };
        match rustix::io::read(descriptor, &mut self.buffer[..LARGEST_DATA]) {
            Ok(0) => self.running.streams[index] = None,
            Ok(count) => self.deliver(stream, count),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.running.streams[index] = None,
        }
    }

    fn read_terminal(&mut self) {
        let Some(terminal) = &self.running.terminal else { return };
        match rustix::io::read(terminal, &mut self.buffer[..LARGEST_DATA]) {
            Ok(count) if count > 0 => self.deliver(Stream::Output, count),
            Err(Errno::AGAIN | Errno::INTR) => {}
            // EIO: every process has closed the other side. One may open it again as long as the container lives.
            Err(Errno::IO) if self.exit_code.is_none() => {
                self.terminal_rests = Some(Instant::now() + HANG_UP_INTERVAL);
            }
            Ok(_) | Err(_) => self.running.terminal = None,
        }
    }

    fn deliver(&mut self, stream: Stream, count: usize) {
        let data = &self.buffer[..count];
        if let Some(log) = &mut self.log {
            let _ = log.write(stream, data); // a full disk must not stop the container
        }
        let is_error = stream == Stream::Error;
        if self.clients.want(is_error) {
            let data = data.to_vec();
            let frame = if is_error { KeeperFrame::Error(data) } else { KeeperFrame::Output(data) };
            self.clients.show(is_error, frame.encode());
        }
    }

    fn write_input(&mut self) {
        let target = match (&self.running.terminal, &self.running.streams[0]) {
            (Some(terminal), _) => terminal.as_fd(),
            (None, Some(pipe)) => pipe.as_fd(),
            (None, None) => {
                self.input.clear();
                return;
            }
        };
        let mut broken = false;
        while !self.input.is_empty() {
            match rustix::io::write(target, self.input.as_slices().0) {
                Ok(count) => drop(self.input.drain(..count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        if broken {
            self.input.clear();
        }
        if self.input.is_empty() {
            self.input.shrink_to(INPUT_KEPT);
        }
        if (self.input_ended && self.input.is_empty()) || broken {
            self.running.streams[0] = None;
        }
    }

    /// The container has ended: what is still in pipes and terminal is read without waiting for more.
    fn drain(&mut self) {
        for (index, stream) in [(1, Stream::Output), (2, Stream::Error)] {
            while !self.clients.hold_back()
                && let Some(descriptor) = &self.running.streams[index]
            {
                match rustix::io::read(descriptor, &mut self.buffer[..LARGEST_DATA]) {
                    Ok(count) if count > 0 => self.deliver(stream, count),
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(_) => self.running.streams[index] = None,
                }
            }
        }
        while !self.clients.hold_back()
            && let Some(terminal) = &self.running.terminal
        {
            match rustix::io::read(terminal, &mut self.buffer[..LARGEST_DATA]) {
                Ok(count) if count > 0 => self.deliver(Stream::Output, count),
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => self.running.terminal = None,
            }
        }
    }

    /// State first, then the directory, then the client: when the command returns, all is as it will stay.
    fn finish(mut self, code: i32) {
        self.jobs.iter_mut().for_each(|job| job.end());
        self.keeper.services.leave_networks();
        self.running.control = None;
        let again = self.keeper.services.next_start(&self.keeper.state, code);
        self.keeper.note_end(code, again.is_some());
        if again.is_none() && self.keeper.plan.remove && self.keeper.services.remove_container().is_err() {
            // Files of subordinate ids: the guard can delete them. Its report is awaited, its failure is not fatal:
            // the next command that looks removes the rest.
            if order(&self.running.guard, Order::Remove).is_ok() {
                let _ = receive(&self.running.guard);
            }
            let _ = self.keeper.services.remove_container();
        }
        let is_removed = again.is_none() && self.keeper.plan.remove;
        self.keeper.services.tell(if is_removed { Milestone::Removed(code) } else { Milestone::CleanedUp });
        let _ = order(&self.running.guard, Order::Quit); // a guard that is gone has nothing left to do
        self.keeper.remove_group();
        self.clients.dismiss(KeeperFrame::Exited(code).encode());
        self.keeper.services.finished();
        // Only now, and while the FUSE server still answers: the kernel may take its time for writing back.
        self.running.root = None;
        if let Some(delay) = again {
            // Until the guard has gone: it is this process's child, which the next run must not find running.
            while receive(&self.running.guard).is_ok_and(|report| report.is_some()) {}
            std::thread::sleep(delay);
            let failure = self.keeper.services.start_again();
            self.keeper.note_failure(&failure);
        }
    }
}
