//! The part of `run`, `start --attach` and `attach` in which this process stands between the user and the container.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::engine::attach::{self, AttachOptions, Outcome};
use crate::engine::detach_keys;
use crate::engine::health::Verdict;
use crate::engine::lifecycle::{Condition, Container};
use crate::engine::notify;
use crate::engine::request::{ContainerRequest, NotifyMode};
use crate::engine::start::Session;
use crate::engine::{ContainerRecord, Engine};
use crate::runtime::attach::ClientFrame;
use std::process::ExitCode;
use std::time::Duration;

/// Keys that detach when nothing else was asked for; podman's and docker's.
const DETACH_KEYS: &str = "ctrl-p,ctrl-q";

/// Between two looks at a container's health.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Exit code of a container whose keeper was killed: what podman shows for one that was.
const KILLED: u8 = 137;

/// The bytes that detach.
///
/// # Errors
/// Keys that cannot be typed.
pub(crate) fn detach_keys(text: Option<&str>) -> Result<Vec<u8>, Failure> {
    let text = text.unwrap_or(DETACH_KEYS);
    detach_keys::parse(text).ok_or_else(|| Failure::Arguments(format!("invalid detach keys: {text:?}")))
}

/// podman's warning when a terminal was asked for and there is none to type on.
pub(super) fn warn_without_terminal(context: &Context, tty: bool, interactive: bool) {
    if tty && interactive && !rustix::termios::isatty(std::io::stdin()) {
        context.warn("The input device is not a TTY. The --tty and --interactive flags might not work properly");
    }
}

/// Keeps signals for the container that is about to start.
pub(crate) fn hold_signals(request: &ContainerRequest) {
    if request.sig_proxy {
        attach::hold_signals();
    }
}

/// Rows and columns for the container's terminal, when it gets one.
pub(crate) fn terminal_size(request: &ContainerRequest) -> Option<(u16, u16)> {
    attach::terminal_size().filter(|_| request.tty)
}

/// Which streams are passed: those of `--attach`, else output, errors and, with `--interactive`, input.
pub(crate) fn options(request: &ContainerRequest, detach_keys: Vec<u8>) -> AttachOptions {
    let asked = |stream: &str| request.attach.is_empty() || request.attach.iter().any(|given| given == stream);
    AttachOptions {
        input: request.interactive && (asked("stdin") || request.tty),
        output: asked("stdout"),
        error: asked("stderr"),
        terminal: request.tty,
        proxy_signals: request.sig_proxy,
        detach_keys,
    }
}

/// Tells a service manager that waits for it that a container has been started, where that `is_due`; with
/// `--sdnotify=healthy` once it is healthy, if this command `stays_until` then.
///
/// # Errors
/// It has ended before it was healthy; the manager cannot be reached.
pub(crate) fn notify(engine: &Engine, session: &Session, is_due: bool, stays: bool) -> Result<(), Failure> {
    if !notify::is_wanted() {
        return Ok(());
    }
    let waits = session.record.request.sdnotify == NotifyMode::Healthy;
    if waits && stays {
        engine.wait(&session.record.id, &[Condition::Health(Verdict::Healthy)], LOOK_INTERVAL)?;
    }
    let told = match session.record.request.sdnotify {
        NotifyMode::Container => notify::main_process(session.keeper_pid),
        _ if is_due || (waits && stays) => notify::ready(session.keeper_pid),
        _ => Ok(()),
    };
    told.map_err(|source| Failure::File { what: "notify", path: "$NOTIFY_SOCKET".into(), source })
}

/// Passes streams and signals until the container ends; its exit code.
///
/// # Errors
/// The container's keeper was killed, and the container with it.
pub(crate) fn attach(engine: &Engine, session: &Session, options: &AttachOptions) -> Result<ExitCode, Failure> {
    let outcome = attach::attach(&session.keeper, options);
    conclude(engine, &session.record, outcome)
}

/// Attaches to a container that runs already; its exit code, when it ends meanwhile.
///
/// # Errors
/// It does not run or cannot be attached to; its keeper was killed.
pub(crate) fn join(engine: &Engine, container: &Container, options: &AttachOptions) -> Result<ExitCode, Failure> {
    let keeper = attach::connect(container)?;
    let wants = ClientFrame::Attach([options.output, options.error]);
    let outcome = match wants.send(&keeper) {
        Ok(()) => attach::attach(&keeper, options),
        Err(_) => Outcome::Lost,
    };
    conclude(engine, &container.record, outcome)
}

/// What the command ends with.
fn conclude(engine: &Engine, record: &ContainerRecord, outcome: Outcome) -> Result<ExitCode, Failure> {
    let code = |code: i32| Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX)));
    match outcome {
        Outcome::Exited(number) => code(number),
        Outcome::Detached => Ok(ExitCode::SUCCESS),
        Outcome::Interrupted(signal) => code(128 + signal),
        // One that did not listen to the last words finds them in the container's state.
        Outcome::Lost => match engine.container(&record.id) {
            Ok(container) if container.state.is_ended_by_itself() => code(container.state.exit_code),
            _ => Err(Failure::Killed { container: record.name.clone(), code: KILLED }),
        },
    }
}
