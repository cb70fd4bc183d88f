//! `login`.

use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images;
use crate::engine::registry::{self, Credentials, LoginRequest};
use clap::{Args, ValueHint};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// `login [REGISTRY]`.
#[derive(Args, Debug)]
pub(crate) struct Login {
    /// File to keep the login in [default: $REGISTRY_AUTH_FILE, or auth.json in $XDG_RUNTIME_DIR/containers]
    #[arg(long, visible_alias = "compat-auth-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    authfile: Option<PathBuf>,
    /// Print the user logged in at the registry, and do nothing
    #[arg(long)]
    get_login: bool,
    /// Password
    #[arg(short, long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    tls_verify: Option<bool>,
    /// User name
    #[arg(short, long, value_name = "USER")]
    username: Option<String>,
    /// Say which file the login is kept in
    #[arg(short, long)]
    verbose: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// Where a login goes that names no registry.
const DEFAULT_REGISTRY: &str = "docker.io";
/// Most bytes of a password.
const LONGEST: u64 = 64 << 10;

impl Verb for Login {
    const NAME: &'static str = "login";
    const FOREIGN: &'static [compatibility::Row] = compatibility::LOGIN;
    const ABOUT: &'static str = "Log in to a registry";
    const DETAILS: &'static str = "Asks the registry whether it takes the login, and keeps it in the file that podman, skopeo and \
        buildah use too, or gives it to the credential helper named there. Without a user name the login that is there is tried, \
        then the terminal is asked.";
    const ARGUMENTS: &'static str = "[REGISTRY]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle login quay.io\n\
        printf %s \"$TOKEN\" | coracle login --username ci --password-stdin registry.example.org";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let registry = self.arguments.first().map_or(DEFAULT_REGISTRY, String::as_str);
        let known = registry::remembered(registry, self.authfile.as_deref())?;
        if self.get_login {
            return match known {
                Some(Credentials::Password { username, .. }) => output::print(&format!("{username}\n")),
                Some(Credentials::IdentityToken(_)) => output::print("<token>\n"),
                None => Err(images::Error::NotLoggedIn(registry::key(registry).to_owned()).into()),
            };
        }
        if self.password_stdin && self.password.is_some() {
            return Err(Failure::Arguments("can't specify both --password-stdin and --password".to_owned()));
        }
        if self.password_stdin && self.username.is_none() {
            return Err(Failure::Arguments("must provide --username with --password-stdin".to_owned()));
        }
        if let (None, None, Some(known)) = (&self.username, &self.password, known) {
            output::print(&format!("Authenticating with existing credentials for {registry}\n"))?;
            if registry::check(registry, known, self.tls_verify).is_ok() {
                let text = format!("Existing credentials are valid. Already logged in to {registry}\n");
                return output::print(&text);
            }
            output::note("Existing credentials are invalid, please enter valid username and password");
        }
        let username = match self.username {
            Some(username) => username,
            None => ask("Username: ", false)?,
        };
        let password = match self.password {
            Some(password) => password,
            None if self.password_stdin => password_from_stdin()?,
            None => ask("Password: ", true)?,
        };
        if username.is_empty() || password.is_empty() {
            return Err(Failure::Arguments("username and password must not be empty".to_owned()));
        }
        let request = LoginRequest {
            registry: registry.to_owned(),
            username,
            password,
            authfile: self.authfile,
            tls_verify: self.tls_verify,
        };
        let path = registry::log_in(&request)?;
        if self.verbose {
            output::print(&format!("Used:  {}\n", path.display()))?;
        }
        output::print("Login Succeeded!\n")
    }
}

/// All of standard input without the line break at its end.
fn password_from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(Failure::Input)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A line of the terminal, or of whatever standard input is; `secret` is not shown.
fn ask(question: &str, secret: bool) -> Result<String, Failure> {
    let stdin = std::io::stdin();
    let _ = std::io::stderr().write_all(question.as_bytes()); // who does not see it can still answer
    let shown = match secret && stdin.is_terminal() {
        true => hide_typing(),
        false => None,
    };
    let mut line = String::new();
    let read = stdin.lock().take(LONGEST).read_line(&mut line);
    if let Some(settings) = shown {
        let _ = tcsetattr(&stdin, OptionalActions::Now, &settings); // it is what was there before
        output::note("");
    }
    match read.map_err(Failure::Input)? {
        0 => {
            let what = question.trim_end_matches(": ").to_lowercase();
            Err(Failure::Arguments(format!("reading {what}: EOF: a {what} must be given")))
        }
        _ => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
    }
}

/// Turns the terminal's echo off; its settings before.
fn hide_typing() -> Option<Termios> {
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &hidden).ok()?;
    Some(before)
}
