//! The last steps: giving the streams to the user, finding the command and executing it (`execve(2)`, search as in POSIX
//! `execvp`).

use crate::runtime::failure::{Failure, FailureKind};
use rustix::io::Errno;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Where commands are looked for when the environment has no `PATH`.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Gives the standard streams that are pipes to the process's user, who could not open `/dev/stdout` or
/// `/proc/self/fd/1` again otherwise, as runc and crun do. Files and terminals of the caller's stay as they are.
pub fn give_streams_to(uid: u32) {
    for stream in [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()] {
        let Ok(status) = rustix::fs::fstat(stream) else { continue };
        let is_pipe = rustix::fs::FileType::from_raw_mode(status.st_mode) == rustix::fs::FileType::Fifo;
        if is_pipe && status.st_uid != uid {
            // Not possible where the user, or whoever made the pipe, is not mapped.
            let _ = rustix::fs::fchown(stream, Some(rustix::fs::Uid::from_raw(uid)), None);
        }
    }
}

/// Replaces this process by `arguments[0]`, found through `PATH` of `environment`. Returns only on failure.
pub fn execute(arguments: &[String], environment: &[String]) -> Failure {
    let Some(command) = arguments.first().filter(|command| !command.is_empty()) else {
        return failed("", Errno::NOENT);
    };
    let (Ok(argv), Ok(envp)) = (c_strings(arguments), c_strings(environment)) else {
        return Failure::message("arguments and environment cannot hold a NUL character");
    };
    let path = environment.iter().rev().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut worst = Errno::NOENT;
    for candidate in candidates(command, path) {
        let Ok(program) = CString::new(candidate) else { continue };
        let error = match nix::unistd::execve(&program, &argv, &envp) {
            Ok(never) => match never {},
            Err(error) => Errno::from_raw_os_error(error as i32),
        };
        match refine(error, &program) {
            Errno::NOENT | Errno::NOTDIR => {}
            Errno::ACCESS => worst = Errno::ACCESS,
            error => return failed(command, error),
        }
    }
    failed(command, worst)
}

fn c_strings(texts: &[String]) -> Result<Vec<CString>, std::ffi::NulError> {
    texts.iter().map(|text| CString::new(text.as_str())).collect()
}

/// The paths to try: the command itself when it has a slash, else in each directory of `PATH`.
fn candidates(command: &str, path: &str) -> Vec<Vec<u8>> {
    if command.contains('/') {
        return vec![command.as_bytes().to_vec()];
    }
    path.split(':')
        .map(|directory| if directory.is_empty() { "." } else { directory })
        .map(|directory| Path::new(directory).join(OsStr::new(command)).as_os_str().as_bytes().to_vec())
        .collect()
}

/// `ENOENT` for a file that is there means that its interpreter is missing: that is not "command not found".
fn refine(error: Errno, program: &CString) -> Errno {
    if error == Errno::NOENT && rustix::fs::stat(program.as_c_str()).is_ok() { Errno::NOEXEC } else { error }
}

fn failed(command: &str, error: Errno) -> Failure {
    let cause = crate::runtime::failure::in_words(&error.into());
    match error {
        Errno::NOENT | Errno::NOTDIR => {
            let place = if command.contains('/') { "" } else { " in $PATH" };
            let found = if command.contains('/') { "stat" } else { "executable file" };
            let line = match command.contains('/') {
                true => format!("{found} `{command}`: No such file or directory"),
                false => format!("{found} `{command}` not found{place}: No such file or directory"),
            };
            Failure::message(format!("{line}: OCI runtime attempted to invoke a command that was not found"))
                .of_kind(FailureKind::CommandNotFound)
        }
        Errno::ACCESS => {
            Failure::message(format!("open executable `{command}`: Permission denied: OCI permission denied"))
                .of_kind(FailureKind::CannotInvoke)
        }
        Errno::NOEXEC => Failure::message(format!("exec `{command}`: Exec format error: OCI runtime error"))
            .of_kind(FailureKind::CannotInvoke)
            .with_hint("the file is for another architecture, or the interpreter it names is not in the image"),
        _ => {
            Failure::message(format!("exec `{command}`: {cause}: OCI runtime error")).of_kind(FailureKind::CannotInvoke)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_by_kind() {
        let cases = [
            ("/no/such", FailureKind::CommandNotFound),
            ("surely-not-a-command", FailureKind::CommandNotFound),
            ("/etc", FailureKind::CannotInvoke),
            ("/etc/passwd", FailureKind::CannotInvoke),
            ("", FailureKind::CommandNotFound),
        ];
        for (command, kind) in cases {
            assert_eq!(execute(&[command.to_owned()], &[]).kind, kind, "{command}");
        }
    }
}
