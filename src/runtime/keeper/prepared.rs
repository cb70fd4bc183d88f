//! A container that is prepared and not started (`init`): everything is set up, init waits, and so does the keeper.
//!
//! Whoever starts it connects to the control socket and says so; from then on that client is the one that starts the
//! container, as if it had forked the keeper itself. A container that is ended meanwhile ends as one that ran.

use super::start::Starting;
use super::{Keeper, Milestone};
use crate::runtime::attach::{ClientFrame, KeeperFrame};
use crate::runtime::control::Control;
use crate::runtime::failure::{Failure, Step};
use crate::runtime::handshake::{Order, Report, order, receive};
use crate::store::containers::{ProcessId, Status};
use crate::sys::message;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::{AsFd, OwnedFd};

/// Longest packet of a client that has not started anything yet, in bytes.
const FIRST_WORDS: usize = 16;

impl Keeper<'_> {
    /// The socket for clients, in the first place where it can be made.
    pub(super) fn listen(&self) -> Option<Control> {
        self.control_directories.iter().find_map(|directory| Control::listen(directory).ok())
    }

    /// Says that the container is prepared, and waits until somebody starts it. Returns init's process.
    pub(super) fn wait_for_start(&mut self, init: Option<OwnedFd>, starting: &mut Starting) -> Step<OwnedFd> {
        let init = match init {
            Some(init) => init,
            None => match receive(&starting.guard).ok().flatten() {
                Some((Report::Cloned, Some(init))) => init,
                _ => return Err(Failure::message("the container's init process ended unexpectedly")),
            },
        };
        let control = self.listen().ok_or_else(|| {
            Failure::message("a prepared container cannot be started: there is no directory for its socket")
        })?;
        let pid = super::start::pid_of(&init).unwrap_or(0);
        self.note_prepared(pid, &control)?;
        self.tell_starter(&KeeperFrame::Started(pid));
        self.client = None;
        let mut callers: Vec<OwnedFd> = Vec::new();
        let (client, is_foreground) = loop {
            let (has_ended, ready) = wait(&starting.guard, &control, &callers);
            if has_ended {
                return Err(self.note_unstarted(starting));
            }
            match ready {
                Some(at) => {
                    let caller = callers.swap_remove(at);
                    let words = message::receive(&caller, FIRST_WORDS).ok().flatten();
                    if let Some(ClientFrame::Start(is_foreground)) =
                        words.and_then(|words| ClientFrame::decode(&words.bytes))
                    {
                        break (caller, is_foreground);
                    }
                }
                None => callers.extend(control.accept()),
            }
        };
        self.client = Some(client);
        self.is_foreground = is_foreground;
        starting.control = Some(control);
        // An init that has ended has said why, or the guard does.
        let _ = order(&starting.init_socket, Order::Start);
        Ok(init)
    }

    fn note_prepared(&mut self, pid: i32, control: &Control) -> Step<()> {
        self.state.control = Some(control.directory().to_owned());
        self.state.process = ProcessId::of(pid);
        self.state.status = Status::Initialized;
        self.write_state()?;
        self.services.tell(Milestone::Prepared);
        Ok(())
    }

    /// It was ended before anybody started it.
    fn note_unstarted(&mut self, starting: &Starting) -> Failure {
        let code = match receive(&starting.guard).ok().flatten() {
            Some((Report::Exited(code), _)) => code,
            _ => 137,
        };
        self.services.leave_networks();
        self.note_end(code, false);
        if self.plan.remove && self.services.remove_container().is_err() {
            // Files of subordinate ids; the next command that looks removes what is left.
            if order(&starting.guard, Order::Remove).is_ok() {
                let _ = receive(&starting.guard);
            }
            let _ = self.services.remove_container();
        }
        let is_removed = self.plan.remove;
        self.services.tell(if is_removed { Milestone::Removed(code) } else { Milestone::CleanedUp });
        Failure::message(format!("the container was ended with code {code} before it was started"))
    }
}

/// Blocks until the guard has something to say, or a caller (which), or somebody connects.
fn wait(guard: &OwnedFd, control: &Control, callers: &[OwnedFd]) -> (bool, Option<usize>) {
    let mut watched = vec![PollFd::new(guard, PollFlags::IN), PollFd::new(&control.listener, PollFlags::IN)];
    watched.extend(callers.iter().map(|caller| PollFd::from_borrowed_fd(caller.as_fd(), PollFlags::IN)));
    loop {
        if poll(&mut watched, None).is_err() {
            continue;
        }
        let ready = |at: usize| !watched[at].revents().is_empty();
        if ready(0) {
            return (true, None);
        }
        if let Some(at) = (2..watched.len()).find(|at| ready(*at)) {
            return (false, Some(at - 2));
        }
        return (false, None);
    }
}
