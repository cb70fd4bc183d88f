//! Hooks (runtime specification, config.md "POSIX-platform Hooks").
//!
//! Each gets the container's state on standard input and is waited for, at most as long as it says. They run with the
//! rights of who calls the runtime (`prestart`, `createRuntime`, `poststart`, `poststop`) or of the container's init.

use super::container::StateDocument;
use super::error::OciError;
use crate::sys::process::{close_on_exec_from, duplicate_to, is_inherited, open_descriptors};
use oci_spec::runtime::{Hook, Hooks};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io::{Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How much of what a hook said is shown.
const MOST_SAID: u64 = 4096;

/// A place in the life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Deprecated; with the next.
    Prestart,
    /// In the runtime's namespaces, after mounts, before the root is entered.
    CreateRuntime,
    /// The same moment in the container's namespaces.
    CreateContainer,
    /// In the container, before its process.
    StartContainer,
    /// After its process was started.
    Poststart,
    /// After it was deleted.
    Poststop,
}

impl Point {
    /// The name in the specification.
    pub(super) fn name(self) -> &'static str {
        match self {
            Point::Prestart => "prestart",
            Point::CreateRuntime => "createRuntime",
            Point::CreateContainer => "createContainer",
            Point::StartContainer => "startContainer",
            Point::Poststart => "poststart",
            Point::Poststop => "poststop",
        }
    }

    /// The hooks of this point.
    #[allow(deprecated)] // prestart is deprecated but must be supported
    pub(super) fn of(self, hooks: Option<&Hooks>) -> &[Hook] {
        let Some(hooks) = hooks else { return &[] };
        let list = match self {
            Point::Prestart => hooks.prestart(),
            Point::CreateRuntime => hooks.create_runtime(),
            Point::CreateContainer => hooks.create_container(),
            Point::StartContainer => hooks.start_container(),
            Point::Poststart => hooks.poststart(),
            Point::Poststop => hooks.poststop(),
        };
        list.as_deref().unwrap_or_default()
    }
}

/// Runs the hooks of a point in their order; the first failure ends it. One without `env` has this process's environment, as with
/// runc and crun.
///
/// # Errors
/// A hook that could not be run, took too long or did not end with 0.
pub(super) fn run(point: Point, hooks: Option<&Hooks>, state: &StateDocument) -> Result<(), OciError> {
    run_with(point, hooks, state, None)
}

/// The same with `environment` for hooks without `env`.
pub(super) fn run_with(
    point: Point,
    hooks: Option<&Hooks>,
    state: &StateDocument,
    environment: Option<&[String]>,
) -> Result<(), OciError> {
    let hooks = point.of(hooks);
    if hooks.is_empty() {
        return Ok(());
    }
    let state = serde_json::to_vec(state).unwrap_or_default(); // of plain strings and numbers
    // What the caller left open is not the hook's, even where it is the container's.
    let inherited: Vec<i32> = open_descriptors().into_iter().filter(|one| *one > 2 && is_inherited(*one)).collect();
    close_on_exec_from(3);
    let result = hooks.iter().enumerate().try_for_each(|(number, hook)| {
        run_one(hook, &state, environment).map_err(|cause| OciError::Hook { point: point.name(), number, cause })
    });
    for descriptor in inherited {
        let _ = duplicate_to(descriptor, descriptor); // it is open, so this cannot fail
    }
    result
}

fn run_one(hook: &Hook, state: &[u8], environment: Option<&[String]>) -> Result<(), String> {
    if !hook.path().is_absolute() {
        return Err(format!("path {:?} is not absolute", hook.path().display()));
    }
    let said = said_file()?;
    let mut command = Command::new(hook.path());
    let arguments = hook.args().as_deref().unwrap_or_default();
    if let Some((first, rest)) = arguments.split_first() {
        command.arg0(first).args(rest);
    }
    if let Some(environment) = hook.env().as_deref().or(environment) {
        command.env_clear();
        command.envs(environment.iter().filter_map(|entry| entry.split_once('=')));
    }
    let copy = || said.try_clone().map_err(in_words);
    command.stdin(Stdio::piped()).stdout(copy()?).stderr(copy()?);
    let mut child = command
        .spawn()
        .map_err(|error| format!("fork/exec {}: {}", hook.path().display(), crate::sys::errno::Words(&error)))?;
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(state); // a hook need not read it
    }
    let timeout = hook.timeout().and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
    let in_time = timeout.is_none_or(|seconds| ends_within(child.id(), Duration::from_secs(seconds)));
    if !in_time {
        let _ = child.kill(); // it may just have ended
    }
    let status = child.wait().map_err(in_words)?;
    match (in_time, status.success()) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("hook ran past specified timeout of {}.0s", timeout.unwrap_or_default())),
        _ => Err(format!("{}{}", ended(status), shown(said))),
    }
}

fn in_words(error: std::io::Error) -> String {
    crate::sys::errno::Words(&error).to_string()
}

/// Where a hook's output goes: memory, so that a hook that says much is not held up and nobody has to read meanwhile.
fn said_file() -> Result<std::fs::File, String> {
    let file = rustix::fs::memfd_create("hook output", MemfdFlags::CLOEXEC);
    file.map(std::fs::File::from).map_err(|error| in_words(error.into()))
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(libc::SIGSYS)) => "signal: bad system call".to_owned(),
        (None, Some(signal)) => format!("signal {signal}"),
        _ => "an unknown status".to_owned(),
    }
}

fn shown(mut said: std::fs::File) -> String {
    let mut text = Vec::new();
    let read = said.rewind().and_then(|()| said.take(MOST_SAID).read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text).trim().replace('\n', " ");
    match read {
        Ok(_) if !text.is_empty() => format!(", output: {text}"),
        _ => String::new(),
    }
}

/// Whether a child ends in time.
fn ends_within(pid: u32, limit: Duration) -> bool {
    // One beyond all clocks is none.
    let until = Instant::now().checked_add(limit);
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(Ok(process)) = process.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { return true };
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) => {
                let _ = pidfd_send_signal(&process, Signal::KILL); // it may just have ended
                return false;
            }
            Err(rustix::io::Errno::INTR) => {}
            _ => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::oci::container::SPECIFICATION;

    fn hook(script: &str, timeout: Option<i64>) -> Hooks {
        let mut hook = Hook::default();
        hook.set_path("/bin/sh".into());
        hook.set_args(Some(vec!["sh".into(), "-c".into(), script.into()]));
        hook.set_env(Some(vec!["WORD=bird".into()]));
        hook.set_timeout(timeout);
        let mut hooks = Hooks::default();
        hooks.set_poststop(Some(vec![hook]));
        hooks
    }

    fn outcome(script: &str, timeout: Option<i64>) -> Result<(), String> {
        let state = StateDocument {
            oci_version: SPECIFICATION.to_owned(),
            id: "example".to_owned(),
            pid: 7,
            status: "stopped".to_owned(),
            bundle: "/bundle".into(),
            rootfs: "/bundle/rootfs".into(),
            created: String::new(),
            annotations: std::collections::HashMap::new(),
            owner: "root".to_owned(),
            systemd_scope: None,
        };
        run(Point::Poststop, Some(&hook(script, timeout)), &state).map_err(|error| error.to_string())
    }

    #[test]
    fn a_hook_has_the_state_and_its_environment_alone() {
        assert_eq!(outcome("grep -q '\"id\":\"example\"' && test \"$WORD\" = bird && test -z \"$HOME\"", None), Ok(()));
    }

    #[test]
    fn what_a_failing_hook_said_is_told() {
        let error = outcome("echo broken >&2; exit 3", Some(60)).unwrap_err();
        assert_eq!(error, "error running hook: error running poststop hook #0: exit status 3, output: broken");
    }

    #[test]
    fn a_hook_that_takes_too_long_is_killed() {
        let error = outcome("exec sleep 600", Some(1)).unwrap_err();
        assert!(error.ends_with("timeout of 1.0s"), "{error}");
        assert_eq!(outcome("exit 0", Some(i64::MAX)), Ok(()), "a limit beyond all clocks is none");
    }
}
