//! The part of `run` and `start --attach` in which this process stands between the user and the container.

use crate::cli::failure::Failure;
use crate::engine::attach::{self, AttachOptions, Outcome};
use crate::engine::detach_keys;
use crate::engine::request::ContainerRequest;
use crate::engine::start::Session;
use std::process::ExitCode;

/// Keys that detach when nothing else was asked for; podman's and docker's.
const DETACH_KEYS: &str = "ctrl-p,ctrl-q";

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

/// Passes streams and signals until the container ends; its exit code.
///
/// # Errors
/// The container's keeper was killed, and the container with it.
pub(crate) fn attach(session: &Session, options: &AttachOptions) -> Result<ExitCode, Failure> {
    match attach::attach(session, options) {
        Outcome::Exited(code) => Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX))),
        Outcome::Detached => Ok(ExitCode::SUCCESS),
        Outcome::Lost => Err(Failure::Killed { container: session.record.name.clone(), code: KILLED }),
    }
}
