//! `exec`.

use super::selection::IdFiles;
use super::session;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::variables;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::engine::attach::{AttachOptions, Outcome, hold_signals, terminal_size};
use crate::engine::exec::{ExecRequest, relay};
use crate::engine::{Engine, Kind};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit code of podman for an attached process whose container cannot take it.
const IMPROPER_STATE: u8 = 255;
/// Time between two looks at a container that `--wait` waits for.
const WAIT_INTERVAL: Duration = Duration::from_millis(50);

/// `exec CONTAINER COMMAND [ARG...]`.
#[derive(Args, Debug)]
pub(crate) struct Exec {
    /// Leave the process running in the background and print the session's ID
    #[arg(short, long)]
    detach: bool,
    /// Keys that detach the terminal from the process; "" is none [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Set a variable, or copy the caller's (NAME, or PREFIX* for all that begin so); may be repeated
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read variables from this file, one a line; may be repeated
    #[arg(long, value_name = "FILE", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    env_file: Vec<PathBuf>,
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Act on the most recently created container
    #[arg(short, long)]
    latest: bool,
    #[command(flatten)]
    files: IdFiles,
    /// Pass so many descriptors on, from 3
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned, default_value = "0", hide_default_value = true)]
    preserve_fds: u32,
    /// Pass this descriptor on; may be repeated
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = values::unsigned)]
    preserve_fd: Vec<u32>,
    /// Give the process all capabilities and no system call filter
    #[arg(long)]
    privileged: bool,
    /// Give the process a terminal
    #[arg(short, long)]
    tty: bool,
    /// User, and group, the process runs as [default: the container's]
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Wait so many seconds for the container to run
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned, default_value = "0", hide_default_value = true)]
    wait: u32,
    /// Working directory in the container [default: the container's]
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Exec {
    const NAME: &'static str = "exec";
    const ABOUT: &'static str = "Run a process in a running container";
    const DETAILS: &'static str = "Starts COMMAND beside the container's first process, in the same namespaces and with the \
        same limits. Signals are passed on to it. When the command is interrupted for good (SIGKILL), the process goes on \
        without its streams.\n\n\
        The exit code is that of the process; 125 when coracle itself failed, 126 when the command cannot be invoked, 127 when \
        it was not found, 128 and the signal's number when a signal ended it, 255 when the container does not run.";
    const ARGUMENTS: &'static str = "CONTAINER COMMAND [ARG...]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "\
coracle exec web nginx -s reload\n\
# A shell in a running container\n\
coracle exec -it web sh\n\
# As another user, elsewhere\n\
coracle exec --user postgres --workdir /var/lib/postgresql db psql -c 'select 1'";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let engine = context.engine();
        let (name, command) = self.target(&engine)?;
        let surroundings = context.surroundings();
        let request = ExecRequest {
            command,
            environment: variables(&self.env_file, &self.env, &surroundings)?,
            user: self.user.filter(|user| !user.is_empty()),
            workdir: self.workdir.filter(|directory| !directory.is_empty()),
            interactive: self.interactive,
            tty: self.tty,
            terminal_size: terminal_size().filter(|_| self.tty),
            privileged: self.privileged,
            preserve_fds: self.preserve_fds,
            preserve_fd: self.preserve_fd,
            detached: self.detach,
            untold: false,
        };
        wait_until_running(&engine, &name, self.wait)?;
        let container = engine.container_to_join(&name)?;
        if self.detach {
            let session = engine.exec(container, &request)?;
            return output::print(&format!("{}\n", session.id));
        }
        let keys = self.detach_keys.as_deref().unwrap_or(&container.record.detach_keys);
        let options = AttachOptions {
            input: self.interactive,
            output: true,
            error: true,
            terminal: self.tty,
            proxy_signals: true,
            detach_keys: session::detach_keys(Some(keys))?,
        };
        session::warn_without_terminal(context, self.tty, self.interactive);
        // From here on a signal is the process's.
        hold_signals();
        let session = match engine.exec(container, &request) {
            Ok(session) => session,
            Err(error) if error.kind() == Kind::Conflict => {
                let failure = Failure::from(error);
                failure.report();
                return Err(Failure::Reported(IMPROPER_STATE));
            }
            Err(error) => return Err(error.into()),
        };
        match relay(session, &options) {
            Outcome::Exited(code) => Ok(ExitCode::from(u8::try_from(code & 0xff).unwrap_or(u8::MAX))),
            Outcome::Detached | Outcome::Lost | Outcome::Interrupted(_) => Ok(ExitCode::SUCCESS),
        }
    }
}

impl Exec {
    /// The container and the command.
    fn target(&self, engine: &Engine) -> Result<(String, Vec<String>), Failure> {
        let complain = |text: &str| Err(Failure::Arguments(text.to_owned()));
        let (name, command) = match (self.latest, self.files.cidfile.as_slice()) {
            (true, [_, ..]) => return complain("--latest and --cidfile cannot be used together"),
            (true, []) => {
                let all = engine.list_containers();
                let Some(latest) = all.last() else { return complain("no containers to act on") };
                (latest.record.id.clone(), self.arguments.clone())
            }
            (false, [.., path]) => {
                let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
                    what: "read",
                    path: path.clone(),
                    source,
                })?;
                (text.trim().to_owned(), self.arguments.clone())
            }
            (false, []) => match self.arguments.split_first() {
                Some((name, command)) => (name.clone(), command.to_vec()),
                None => {
                    return complain("exec requires the name or ID of a container or the --latest or --cidfile flag");
                }
            },
        };
        if command.is_empty() {
            return complain("must provide a non-empty command to start an exec session: invalid argument");
        }
        Ok((name, command))
    }
}

/// `--wait`: until the container runs.
fn wait_until_running(engine: &Engine, name: &str, seconds: u32) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(u64::from(seconds));
    let runs = || engine.container(name).is_ok_and(|container| container.state.status.is_alive());
    while seconds > 0 && !runs() {
        if Instant::now() >= deadline {
            return Err(Failure::Arguments(format!("timed out waiting for container: {name}")));
        }
        std::thread::sleep(WAIT_INTERVAL);
    }
    Ok(())
}
