//! `run`.

use super::{Users, session};
use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::image::outside;
use crate::cli::options::{CreateOptions, OptionError};
use crate::cli::output::{self, PullProgress};
use crate::cli::pod;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::remove;
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::notify;
use crate::engine::record::ContainerRecord;
use crate::engine::request::{ContainerRequest, NotifyMode, RootSource};
use crate::engine::start::StartOptions;
use crate::engine::{Engine, network};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use std::process::ExitCode;

/// `run IMAGE [COMMAND [ARG...]]`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Leave the container running in the background and print its ID
    #[arg(short, long)]
    detach: bool,
    /// Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Pass signals coracle receives on to the process [default: true]
    #[arg(long, default_value = "true")]
    sig_proxy: bool,
    /// Remove the image when the container has exited, unless another container uses it; implies --rm
    #[arg(long)]
    rmi: bool,
    #[command(flatten)]
    create: CreateOptions,
    #[arg(hide = true, trailing_var_arg = true)]
    arguments: Vec<String>,
}

impl Verb for Run {
    const NAME: &'static str = "run";
    const FOREIGN: &'static [compatibility::Row] = compatibility::CREATE;
    const ABOUT: &'static str = "Run a command in a new container";
    const DETAILS: &'static str = "Pulls the image if it is not in the store, makes a container of it and runs COMMAND, or the \
        image's own command, in it. Two names need no registry: hello shows what a container gets here, and host runs a command \
        in a disposable copy of this machine's own userland.\n\n\
        The exit code is that of the command; 125 when coracle itself failed, 126 when the command cannot be invoked, 127 when \
        it was not found, 128 and the signal's number when a signal ended it.\n\n\
        With map=user, a directory or volume mounted by -v or --mount shows your files as owned by the container's process \
        user, and with map=UID:GID by that one; what is made or changed there is yours on the host. No owner on the host is \
        changed, so chown inside succeeds only where it changes nothing (for tar as root: --no-same-owner). Locks and inotify \
        events hold inside the container, not between it and the host.\n\n\
        With O, what is changed in a directory or volume is thrown away when the container ends, or kept with \
        upperdir=DIR,workdir=DIR; with U its files are the container user's there and stay as they are on the host.";
    const ARGUMENTS: &'static str = "IMAGE [COMMAND [ARG...]]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "\
# See what a container gets on this machine\n\
coracle run --rm hello\n\
# A shell in a disposable copy of this machine\n\
coracle run --rm -it host\n\
# The working directory as seen from a Debian image, with files owned by the caller\n\
coracle run --rm -it -v .:/work -w /work --userns=keep-id debian bash\n\
# The same for an image that insists on a user of its own: its files there are yours outside\n\
coracle run --rm -it -u postgres -v ./data:/var/lib/postgresql/data:map=user postgres\n\
# In the background, with a volume that is kept\n\
coracle run -d --name db -v data:/var/lib/postgresql/data -e POSTGRES_PASSWORD=secret postgres";

    fn review(matches: &ArgMatches) -> Result<(), Failure> {
        let keeps_container = matches.value_source("rm") == Some(ValueSource::CommandLine) && !matches.get_flag("rm");
        if keeps_container && matches.get_flag("rmi") {
            return Err(OptionError::RemoveImageAlone.into());
        }
        Ok(())
    }

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let removes_image = self.rmi;
        let (mut request, detach) = self.into_request(context)?;
        let engine = context.engine();
        let keys = session::detach_keys(request.detach_keys.as_deref())?;
        outside::settle(context, &mut request)?;
        let (image, mut created) = pod::with_new_pod(&engine, &mut request, |request| {
            let image = engine.image_defaults(request, &PullProgress::new(request.quiet))?;
            if !detach {
                // From here on a signal is the container's.
                session::hold_signals(request);
            }
            session::warn_without_terminal(context, request.tty && !detach, request.interactive);
            let created = engine.create(request, &image)?;
            Ok((image, created))
        })?;
        created.warnings.iter().for_each(|warning| output::note(warning));
        let options = StartOptions {
            foreground: !detach,
            terminal_size: session::terminal_size(&request),
            passes_on: true,
            ..StartOptions::default()
        };
        let started = match engine.start(&created.record.id, options, Some(created.lock)) {
            Ok(started) => started,
            Err(error) => {
                let line = network::without_own_network(&mut request, &error).ok_or(error)?;
                output::note(&line);
                discard(&engine, &created.record)?;
                created = engine.create(&request, &image)?;
                engine.start(&created.record.id, options, Some(created.lock))?
            }
        };
        started.warnings.iter().for_each(|warning| output::note(warning));
        context.log("debug", &format!("Created container {}, process {}", created.record.id, started.pid));
        context.log("debug", &format!("Kept by process {}", started.keeper_pid));
        session::notify(&engine, &started, request.sdnotify == NotifyMode::Started, detach)?;
        match detach {
            true => output::print(&format!("{}\n", created.record.id)),
            false => {
                if !request.attach.is_empty() && request.attach.iter().all(|stream| stream == "stdin") {
                    // Nothing else will be seen of it.
                    output::print(&format!("{}\n", created.record.id))?;
                }
                let code = session::attach(&engine, &started, &session::options(&request, keys))?;
                if removes_image {
                    remove_image(&request, context);
                }
                Ok(code)
            }
        }
    }
}

/// Removes a container that did not start, and the note of its ID.
fn discard(engine: &Engine, record: &ContainerRecord) -> Result<(), Failure> {
    if !record.request.remove {
        engine.remove(&record.id, RemoveOptions::default())?;
    }
    if let Some(file) = &record.request.cidfile {
        let _ = std::fs::remove_file(file); // what is still there is told when the next one is written
    }
    Ok(())
}

/// `--rmi`. The exit code stays the container's: what cannot be removed is told and no more.
fn remove_image(request: &ContainerRequest, context: &Context) {
    let RootSource::Image(name) = &request.root else { return };
    let paths = context.paths();
    match remove::remove(&paths, name, false, &Users::new(context)) {
        Ok(_) => drop(remove::free_space(&paths)),
        Err(error) if error.is_not_found() => {}
        Err(error) => context.warn(&error.to_string()),
    }
}

impl Run {
    /// The container to make, and whether to leave it in the background.
    fn into_request(self, context: &Context) -> Result<(ContainerRequest, bool), Failure> {
        let surroundings = context.surroundings_with_defaults()?;
        let mut request = self.create.into_request(self.arguments, &surroundings)?;
        request.remove |= self.rmi;
        if let (NotifyMode::Container, Some(socket)) = (request.sdnotify, notify::socket()) {
            request.show_notify_socket(&socket);
        }
        request.remove_image = self.rmi && self.detach;
        if self.detach && !request.attach.is_empty() {
            return Err(OptionError::AttachAndDetach.into());
        }
        request.detach_keys = self.detach_keys.or(request.detach_keys);
        request.sig_proxy = self.sig_proxy;
        request.start_at_once = true;
        context.fill(&mut request);
        Ok((request, self.detach))
    }
}
