//! `volume create`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{OptionError, is_valid_name, label};
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::volumes::VolumeRequest;
use crate::engine::volumes::options::VolumeOptions;
use clap::Args;
use std::process::ExitCode;

/// `volume create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Volume driver; local is the only one
    #[arg(short, long, value_name = "DRIVER", default_value = "local", hide_default_value = true)]
    driver: String,
    /// Label the volume; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Option: type=tmpfs, or type=bind with device=DIR, and o=OPTIONS for the mount, uid= and gid= among them; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    opt: Vec<String>,
    /// Owner of the volume's directory, as containers see it
    #[arg(long, value_name = "UID")]
    uid: Option<u32>,
    /// Group of the volume's directory, as containers see it
    #[arg(long, value_name = "GID")]
    gid: Option<u32>,
    /// Do not complain when the volume exists
    #[arg(long)]
    ignore: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Create a volume";
    const DETAILS: &'static str = "Makes a directory that containers mount by name, and prints the name. Without a name a random \
        one is chosen. A new volume gets the contents, owner and mode of the place in the image where it is first mounted. With \
        type=tmpfs a container gets memory of its own by that name; with type=bind a directory of the host.";
    const ARGUMENTS: &'static str = "[NAME]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle volume create data\n\
        coracle volume create --label tier=db data\n\
        coracle volume create --opt type=bind --opt device=/srv/site --opt o=ro site";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.driver != "local" && !self.driver.is_empty() {
            return Err(refused("driver", self.driver, "only local volumes are available"));
        }
        let name = self.arguments.into_iter().next();
        if name.as_deref().is_some_and(|name| !is_valid_name(name)) {
            return Err(OptionError::VolumeName.into());
        }
        let engine = context.engine();
        if let Some(name) = name.as_deref().filter(|name| self.ignore && engine.volumes().exists(name)) {
            return output::print(&format!("{name}\n"));
        }
        let labels = self.label.iter().map(|text| label(text)).collect::<Result<_, _>>()?;
        let mut options = VolumeOptions::parse(&self.opt)?;
        options.uid = self.uid.or(options.uid);
        options.gid = self.gid.or(options.gid);
        let name = engine.create_volume(VolumeRequest { name, labels, options })?;
        output::print(&format!("{name}\n"))
    }
}

fn refused(option: &'static str, value: String, reason: &'static str) -> Failure {
    OptionError::RefusedValue { option, value, reason }.into()
}
