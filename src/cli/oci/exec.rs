//! `oci exec`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::{ExecOptions, OciError, Runtime, Terminal, wait_for};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// `oci exec`.
#[derive(Args, Debug)]
pub(crate) struct Exec {
    /// Send the terminal to the process that listens at this socket
    #[arg(long, value_name = "SOCKET")]
    console_socket: Option<PathBuf>,
    /// Working directory
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Set an environment variable, NAME=VALUE
    #[arg(short, long, value_name = "NAME=VALUE", action = clap::ArgAction::Append)]
    env: Vec<String>,
    /// Give the process a terminal
    #[arg(short, long)]
    tty: bool,
    /// Who the process runs as
    #[arg(short, long, value_name = "UID[:GID]")]
    user: Option<String>,
    /// Further group of the process
    #[arg(short = 'g', long, value_name = "GID", action = clap::ArgAction::Append)]
    additional_gids: Vec<u32>,
    /// Take the process from this file, in the form of the specification
    #[arg(short, long, value_name = "FILE")]
    process: Option<PathBuf>,
    /// Return once the process runs
    #[arg(short, long)]
    detach: bool,
    /// Write the process ID to this file
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// SELinux context of the process
    #[arg(long, value_name = "LABEL")]
    process_label: Option<String>,
    /// AppArmor profile of the process
    #[arg(long, value_name = "PROFILE")]
    apparmor: Option<String>,
    /// The process cannot gain privileges
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", value_parser = crate::cli::values::boolean)]
    no_new_privs: Option<bool>,
    /// Add a capability
    #[arg(short, long, value_name = "CAP", action = clap::ArgAction::Append)]
    cap: Vec<String>,
    /// Pass so many descriptors, from 3 on, to the process
    #[arg(long, value_name = "COUNT", default_value = "0")]
    preserve_fds: u32,
    /// Start the process in a paused container, too; it runs when the container does
    #[arg(long)]
    ignore_paused: bool,
    /// Put the process into this control group, below the container's
    #[arg(long, value_name = "GROUP")]
    cgroup: Option<PathBuf>,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Exec {
    const NAME: &'static str = "exec";
    const ABOUT: &'static str = "Run a further process in a running container";
    const DETAILS: &'static str = "The exit code is that of the process; 255 when it could not be executed.";
    const ARGUMENTS: &'static str = "ID [COMMAND [ARG...]]";
    const ARITY: Arity = Arity::AtLeast(1);

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.arguments.len() < 2 && self.process.is_none() {
            return Err(Failure::Arguments("process args cannot be empty".to_owned()));
        }
        let code = self.common.act(context, 255, |runtime| self.carry_out(runtime))?;
        Ok(ExitCode::from(code))
    }
}

impl Exec {
    fn carry_out(&self, runtime: &Runtime<'_>) -> Result<u8, OciError> {
        let socket = self.console_socket.clone().filter(|path| !path.as_os_str().is_empty());
        let started = runtime.exec(&ExecOptions {
            id: self.arguments[0].clone(),
            process_file: self.process.clone(),
            arguments: self.arguments[1..].to_vec(),
            cwd: self.cwd.clone(),
            environment: self.env.clone(),
            user: self.user.clone(),
            additional_gids: self.additional_gids.clone(),
            capabilities: self.cap.clone(),
            no_new_privileges: self.no_new_privs,
            apparmor: self.apparmor.clone(),
            label: self.process_label.clone(),
            tty: self.tty,
            terminal: match socket {
                Some(path) => Terminal::Socket(path),
                None if self.detach => Terminal::None,
                None => Terminal::Own,
            },
            pid_file: self.pid_file.clone(),
            preserve_fds: self.preserve_fds,
            ignore_paused: self.ignore_paused,
            group: self.cgroup.clone(),
        })?;
        if self.detach {
            return Ok(0);
        }
        let code = wait_for(&started.pidfd, started.terminal)?;
        Ok(u8::try_from(code).unwrap_or(255))
    }
}
