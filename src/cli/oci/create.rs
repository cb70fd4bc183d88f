//! `oci create`, and the options it shares with `oci run`.

use super::OciOptions;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::runtime::oci::{CreateOptions, Terminal};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a new container is made from.
#[derive(Args, Clone, Debug)]
pub(crate) struct BundleOptions {
    /// Directory of the bundle [default: .]
    #[arg(short, long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) bundle: Option<PathBuf>,
    /// Configuration to use instead of the bundle's config.json
    #[arg(short = 'f', long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Write the process ID to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) pid_file: Option<PathBuf>,
    /// Send the terminal to the process that listens at this socket
    #[arg(long, value_name = "SOCKET")]
    pub(crate) console_socket: Option<PathBuf>,
    /// Pass so many descriptors, from 3 on, to the process
    #[arg(long, value_name = "COUNT", default_value = "0")]
    pub(crate) preserve_fds: u32,
    /// Enter the root without pivot_root(2), which an initramfs does not take
    #[arg(long)]
    pub(crate) no_pivot: bool,
    /// Keep the caller's session keyring
    #[arg(long)]
    pub(crate) no_new_keyring: bool,
}

impl BundleOptions {
    /// As the runtime takes them; `terminal` is where a terminal goes without a socket.
    pub(crate) fn request(&self, id: &str, terminal: Terminal) -> CreateOptions {
        CreateOptions {
            id: id.to_owned(),
            bundle: self.bundle.clone().unwrap_or_else(|| PathBuf::from(".")),
            config: self.config.clone(),
            pid_file: self.pid_file.clone(),
            terminal: match &self.console_socket {
                Some(path) if !path.as_os_str().is_empty() => Terminal::Socket(path.clone()),
                _ => terminal,
            },
            preserve_fds: self.preserve_fds,
            no_pivot: self.no_pivot,
            no_new_keyring: self.no_new_keyring,
            ends_with_caller: false,
        }
    }
}

/// `oci create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    bundle: BundleOptions,
    #[command(flatten)]
    common: OciOptions,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Create a container from a bundle; its process waits for start";
    const DETAILS: &'static str = "Makes the container that the config.json of a bundle describes, up to the point where its \
        process could be executed, and returns. --root, before or after the verb, names the directory of states: \
        $XDG_RUNTIME_DIR/coracle-oci, or /run/coracle-oci for root, unless given.";
    const ARGUMENTS: &'static str = "ID";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle oci --root /run/user/1000/job create --bundle . job1";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let request = self.bundle.request(&self.arguments[0], Terminal::None);
        self.common.act(context, 1, |runtime| runtime.create(&request).map(drop))?;
        Ok(ExitCode::SUCCESS)
    }
}
