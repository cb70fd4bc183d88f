//! `cp`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::tree::{Arity, Verb};
use crate::engine::files::copy::{CopyRequest, End};
use clap::Args;
use std::process::ExitCode;

/// `cp [CONTAINER:]SRC [CONTAINER:]DEST`.
#[derive(Args, Debug)]
pub(crate) struct Cp {
    /// Give what is copied into a container to the container's user; with --archive=false it keeps its owners [default: true]
    #[arg(short, long, default_value = "true")]
    archive: bool,
    /// Let a file replace a directory and a directory a file
    #[arg(long)]
    overwrite: bool,
    /// Follow links in the source; always done
    #[arg(short = 'L', long, hide = true)]
    follow_link: bool,
    /// Pause the container meanwhile; never done
    #[arg(long, hide = true, default_value = "true")]
    pause: bool,
    /// Unpack a tar; what - as source does
    #[arg(long, hide = true)]
    extract: bool,
    /// Print nothing; nothing is printed
    #[arg(short, long, hide = true)]
    quiet: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Cp {
    const NAME: &'static str = "cp";
    const ABOUT: &'static str = "Copy files between a container and the host, or between containers";
    const DETAILS: &'static str = "Copies files and directories into or out of a container, running or not, or from one container to \
        another. DIR/. means what is in the directory. With - as the source a tar, compressed or not, is read from standard input and \
        unpacked in the destination directory; with - as the destination a tar is written to standard output. Volumes and other mounts of \
        the container are seen. Relative paths of a container begin at its working directory. Links in a container lead nowhere outside of it. \
        On the host, files belong to the user and have no set-user-ID bits.";
    const ARGUMENTS: &'static str = "[CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle cp web:/etc/nginx/nginx.conf .\n\
        coracle cp site/. web:/usr/share/nginx/html\n\
        coracle cp one:/data/. two:/data\n\
        tar -c src | coracle cp - build:/work";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let [from, to] = self.arguments.as_slice() else { return Ok(ExitCode::FAILURE) };
        let (source, destination) = (end(from), end(to));
        if [&source, &destination].into_iter().any(lacks_path) {
            let text = format!("invalid arguments {from:?}, {to:?}: you must specify paths");
            return Err(Failure::Arguments(text));
        }
        if ![&source, &destination].into_iter().any(|end| matches!(end, End::Container { .. })) {
            let text = format!("invalid arguments {from:?}, {to:?}: exactly 1 container expected but 0 specified");
            return Err(Failure::Arguments(text));
        }
        let request = CopyRequest { source, destination, give_to_user: self.archive, overwrite: self.overwrite };
        context.engine().copy(&request)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What begins with a dot or a slash is never a container.
fn end(text: &str) -> End {
    if text == "-" {
        return End::Stream;
    }
    match text.split_once(':') {
        Some((name, path)) if !text.starts_with(['.', '/']) => {
            End::Container { name: name.to_owned(), path: path.to_owned() }
        }
        _ => End::Host(text.to_owned()),
    }
}

fn lacks_path(end: &End) -> bool {
    match end {
        End::Container { path, .. } | End::Host(path) => path.is_empty(),
        End::Stream => false,
    }
}
