//! `secret inspect`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Object};
use crate::cli::tree::{Arity, Verb};
use crate::engine::{self, Engine, inspect};
use clap::Args;
use std::process::ExitCode;

/// What `--pretty` prints of each.
const PRETTY: &str = "ID:              {{.ID}}\n\
Name:              {{.Spec.Name}}\n\
{{- if .Spec.Labels}}\nLabels:\n{{- range $k, $v := .Spec.Labels}}\n - {{$k}}{{if $v}}={{$v}}{{end}}{{end}}{{end}}\n\
Driver:            {{.Spec.Driver.Name}}\n\
Created at:        {{.CreatedAt}}\n\
Updated at:        {{.UpdatedAt}}\n";

/// `secret inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print in lines for people
    #[arg(long)]
    pretty: bool,
    /// Add the secret's contents
    #[arg(long)]
    showsecret: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Inspect {
    const NAME: &'static str = "inspect";
    const ABOUT: &'static str = "Display what is known about secrets";
    const DETAILS: &'static str = "Prints everything about secrets as a JSON array, or by a template for each. Contents are shown \
        with --showsecret only, as .SecretData.";
    const ARGUMENTS: &'static str = "SECRET [SECRET...]";
    const ARITY: Arity = Arity::AtLeast(1);
    const EXAMPLES: &'static str = "coracle secret inspect password\n\
        coracle secret inspect --showsecret --format '{{.SecretData}}' password";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.pretty && self.format.is_some() {
            return Err(Failure::Arguments("--pretty and --format cannot be used together".to_owned()));
        }
        let engine = context.engine();
        let format = if self.pretty { Some(PRETTY) } else { self.format.as_deref() };
        let look = |name: &str| look(&engine, name, self.showsecret);
        output::inspect_as("inspecting secret: ", 4, format, &self.arguments, look)
    }
}

fn look(engine: &Engine, name: &str, shown: bool) -> Result<Object, Failure> {
    let secrets = engine.secrets();
    let secret = secrets.find(name).map_err(engine::Error::from)?;
    let data = match shown {
        true => Some(secrets.data(&secret.id).map_err(engine::Error::from)?),
        false => None,
    };
    Ok(Object::Document(inspect::secret(&secret, secrets.directory(), data.as_deref())))
}
