//! `logout`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::check_authfile;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::registry;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// `logout [REGISTRY]`.
#[derive(Args, Debug)]
pub(crate) struct Logout {
    /// Forget all logins
    #[arg(short, long)]
    all: bool,
    /// File the login is kept in [default: $REGISTRY_AUTH_FILE, or auth.json in $XDG_RUNTIME_DIR/containers]
    #[arg(long, visible_alias = "compat-auth-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    authfile: Option<PathBuf>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Logout {
    const NAME: &'static str = "logout";
    const ABOUT: &'static str = "Log out of a registry";
    const DETAILS: &'static str = "Forgets the login that login has kept.";
    const ARGUMENTS: &'static str = "[REGISTRY]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle logout quay.io\ncoracle logout --all";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let authfile = self.authfile.as_deref();
        check_authfile(authfile)?;
        if self.all {
            if !self.arguments.is_empty() {
                return Err(Failure::Arguments("--all takes no arguments".to_owned()));
            }
            registry::log_out_everywhere(authfile)?;
            return output::print("Removed login credentials for all registries\n");
        }
        let registry = self.arguments.first().map_or("docker.io", String::as_str);
        registry::log_out(registry, authfile)?;
        output::print(&format!("Removed login credentials for {}\n", registry::key(registry)))
    }
}
