//! The keeper's second half: output to the log and to clients, input and signals to the container, until it ends.
//!
//! One thread, one `poll(2)`; nothing wakes it when nothing happens. Output is read only while every client keeps up
//! (at most [`QUEUE_LIMIT`] bytes wait for one), so a slow terminal slows the container as a pipe would, and memory
//! stays bounded.

use super::Keeper;
use super::jobs::{Job, Verdict, earliest, until};
use super::log::{Log, Stream};
use super::start::Running;
use crate::runtime::attach::{ClientFrame, KeeperFrame, LARGEST_DATA};
use crate::runtime::handshake::{Order, Report, order, receive};
use crate::sys::message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::{Signal, pidfd_send_signal};
use rustix::termios::{Winsize, tcsetwinsize};
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Output that may wait for one client, in bytes.
const QUEUE_LIMIT: usize = 1 << 20;
/// Input that may wait for the container, in bytes; above it the client is not read.
const INPUT_LIMIT: usize = 1 << 20;

/// What waits for the client; its socket is the keeper's.
#[derive(Default)]
struct Client {
    queue: VecDeque<Vec<u8>>,
    queued_bytes: usize,
    gone: bool,
}

/// What a watched descriptor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    Guard,
    Client,
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
    client: Client,
    log: Option<Log>,
    input: VecDeque<u8>,
    input_ended: bool,
    exit_code: Option<i32>,
    deadline: Option<Instant>,
    jobs: Vec<Box<dyn Job>>,
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
            client: Client::default(),
            log,
            input: VecDeque::new(),
            input_ended: false,
            exit_code: None,
            deadline,
            jobs,
            has_settled: false,
            buffer: vec![0; LARGEST_DATA],
        };
        let _ = rustix::io::ioctl_fionbio(&event_loop.keeper.client, true); // a stuck client would then stall output
        if let Some(terminal) = &event_loop.running.terminal {
            let _ = rustix::io::ioctl_fionbio(terminal, true); // likewise
        }
        event_loop.tell(KeeperFrame::Started(pid).encode());
        event_loop
    }

    /// Runs until the container has ended and its output is delivered; returns the keeper's own exit code.
    pub fn run(mut self) -> i32 {
        while !self.is_finished() {
            self.turn();
        }
        let code = self.exit_code.unwrap_or(255);
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
        }
        if polled.is_ok() {
            for (what, events) in ready.into_iter().filter(|(_, events)| !events.is_empty()) {
                self.handle(what, events);
            }
        }
        self.enforce_deadline();
        self.run_due_jobs();
        if self.exit_code.is_some() {
            self.drain();
        }
    }

    fn interest(&self) -> Vec<(Watched, PollFlags)> {
        let keeps_up = self.client.queued_bytes < QUEUE_LIMIT;
        let mut interest = Vec::with_capacity(7);
        if self.exit_code.is_none() {
            interest.push((Watched::Guard, PollFlags::IN));
            if self.running.network.is_some() {
                interest.push((Watched::Network, PollFlags::IN));
            }
            let waiting = self.jobs.iter().enumerate().filter(|(_, job)| job.descriptor().is_some());
            interest.extend(waiting.map(|(at, _)| (Watched::Job(at), PollFlags::IN)));
        }
        if !self.client.gone {
            let mut flags = PollFlags::empty();
            if self.input.len() < INPUT_LIMIT {
                flags |= PollFlags::IN;
            }
            if !self.client.queue.is_empty() {
                flags |= PollFlags::OUT;
            }
            interest.push((Watched::Client, flags));
        }
        if keeps_up {
            for (what, stream) in [(Watched::Output, 1), (Watched::Error, 2)] {
                if self.running.streams[stream].is_some() {
                    interest.push((what, PollFlags::IN));
                }
            }
        }
        if self.running.terminal.is_some() {
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
            Watched::Client => self.keeper.client.as_fd(),
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
        earliest(self.deadline.into_iter().chain(jobs)).map(until)
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
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.deadline = None;
            let _ = pidfd_send_signal(&self.running.init, Signal::KILL); // it may just have ended
        }
    }

    fn handle(&mut self, what: Watched, events: PollFlags) {
        match what {
            Watched::Guard => self.hear_guard(),
            Watched::Client => {
                if events.contains(PollFlags::OUT) {
                    self.client.flush(&self.keeper.client);
                }
                if events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                    self.hear_client();
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

    fn hear_client(&mut self) {
        loop {
            match recv(&self.keeper.client, &mut self.buffer, RecvFlags::DONTWAIT) {
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR | Errno::CONNRESET) => continue,
                Ok((_, 0)) | Err(_) => return self.lose_client(),
                Ok((_, count)) => match ClientFrame::decode(&self.buffer[..count]) {
                    Some(frame) => self.obey(frame),
                    None => return self.lose_client(),
                },
            }
            if self.client.gone || self.input.len() >= INPUT_LIMIT {
                return;
            }
        }
    }

    fn obey(&mut self, frame: ClientFrame) {
        match frame {
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
            ClientFrame::Detach => self.client.gone = true,
            // The writer then gets SIGPIPE, as it would without a container around it.
            ClientFrame::OutputLost(is_error) => self.running.streams[1 + usize::from(is_error)] = None,
        }
    }

    fn signal(&mut self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            let _ = pidfd_send_signal(&self.running.init, signal); // it may just have ended
        }
    }

    /// A client that vanished without a word was killed. One that was all a disposable container ran for takes it along.
    fn lose_client(&mut self) {
        let was_there = !std::mem::replace(&mut self.client.gone, true);
        self.client.queue.clear();
        self.client.queued_bytes = 0;
        if was_there && self.keeper.is_foreground && self.keeper.plan.remove && self.exit_code.is_none() {
            let _ = pidfd_send_signal(&self.running.init, Signal::KILL); // it may just have ended
        } else if was_there && self.keeper.is_foreground {
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
            Err(Errno::IO) if self.exit_code.is_none() => wait_a_moment(),
            Ok(_) | Err(_) => self.running.terminal = None,
        }
    }

    fn deliver(&mut self, stream: Stream, count: usize) {
        let data = &self.buffer[..count];
        if let Some(log) = &mut self.log {
            let _ = log.write(stream, data); // a full disk must not stop the container
        }
        if !self.client.gone && self.keeper.is_foreground {
            let frame = match stream {
                Stream::Output => KeeperFrame::Output(data.to_vec()),
                Stream::Error => KeeperFrame::Error(data.to_vec()),
            };
            self.tell(frame.encode());
        }
    }

    fn tell(&mut self, packet: Vec<u8>) {
        if self.client.gone {
            return;
        }
        self.client.queued_bytes += packet.len();
        self.client.queue.push_back(packet);
        self.client.flush(&self.keeper.client);
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
        if (self.input_ended && self.input.is_empty()) || broken {
            self.running.streams[0] = None;
        }
    }

    /// The container has ended: what is still in pipes and terminal is read without waiting for more.
    fn drain(&mut self) {
        for (index, stream) in [(1, Stream::Output), (2, Stream::Error)] {
            while self.client.queued_bytes < QUEUE_LIMIT
                && let Some(descriptor) = &self.running.streams[index]
            {
                match rustix::io::read(descriptor, &mut self.buffer[..LARGEST_DATA]) {
                    Ok(count) if count > 0 => self.deliver(stream, count),
                    Err(Errno::INTR) => {}
                    Ok(_) | Err(_) => self.running.streams[index] = None,
                }
            }
        }
        while self.client.queued_bytes < QUEUE_LIMIT
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
        self.keeper.note_end(code);
        if self.keeper.plan.remove && self.keeper.services.remove_container().is_err() {
            // Files of subordinate ids: the guard can delete them. Its report is awaited, its failure is not fatal:
            // the next command that looks removes the rest.
            if order(&self.running.guard, Order::Remove).is_ok() {
                let _ = receive(&self.running.guard);
            }
            let _ = self.keeper.services.remove_container();
        }
        let _ = order(&self.running.guard, Order::Quit); // a guard that is gone has nothing left to do
        let _ = rustix::io::ioctl_fionbio(&self.keeper.client, false); // then the rest is lost with the queue
        let packet = KeeperFrame::Exited(code).encode();
        self.client.queue.push_back(packet);
        while let Some(packet) = self.client.queue.pop_front() {
            if message::send(&self.keeper.client, &packet, &[]).is_err() {
                break;
            }
        }
        self.keeper.services.finished();
    }
}

impl Client {
    /// Sends what the socket takes now.
    fn flush(&mut self, socket: &OwnedFd) {
        while let Some(packet) = self.queue.front() {
            match send(socket, packet, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(_) => {
                    self.queued_bytes -= packet.len();
                    self.queue.pop_front();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => {
                    self.gone = true;
                    self.queue.clear();
                    self.queued_bytes = 0;
                    return;
                }
            }
        }
    }
}

/// A terminal that nobody has open reports hang-up without end until somebody opens it again; asking ten times a
/// second is enough then. It happens only between a program that closed its terminal and the container's end.
fn wait_a_moment() {
    std::thread::sleep(Duration::from_millis(100));
}
