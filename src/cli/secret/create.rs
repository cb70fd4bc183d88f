//! `secret create`.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{OptionError, label};
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine;
use crate::store::secrets::{NewSecret, SIZE_LIMIT_BYTES};
use clap::Args;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

/// `secret create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Where secrets are kept; file is the only driver
    #[arg(short, long, value_name = "DRIVER", default_value = "file", hide_default_value = true)]
    driver: String,
    /// Options of the driver, kept with the secret; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',')]
    driver_opts: Vec<String>,
    /// The second word is the name of a variable that holds the secret
    #[arg(long)]
    env: bool,
    /// Label the secret; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Take the place of a secret of this name
    #[arg(long)]
    replace: bool,
    /// Do not complain when there is a secret of this name
    #[arg(long)]
    ignore: bool,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const ABOUT: &'static str = "Create a secret";
    const DETAILS: &'static str = "Keeps the contents of a file, of standard input (-) or of a variable (--env) for containers \
        (run --secret), and prints the secret's ID. Secrets are stored for this user alone, not encrypted. They hold at least one \
        and less than 512,000 bytes.";
    const ARGUMENTS: &'static str = "NAME {FILE|-}";
    const ARITY: Arity = Arity::Exactly(2);
    const EXAMPLES: &'static str = "coracle secret create password ./password.txt\n\
        printf %s \"$PASSWORD\" | coracle secret create password -\n\
        coracle secret create --env --replace token API_TOKEN";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        if self.driver != "file" && !self.driver.is_empty() {
            let reason = "secrets are kept in files; other drivers are not available";
            return Err(OptionError::RefusedValue { option: "driver", value: self.driver, reason }.into());
        }
        if self.ignore && self.replace {
            return Err(OptionError::Together("ignore and replace").into());
        }
        let labels: BTreeMap<_, _> = self.label.iter().map(|text| label(text)).collect::<Result<_, _>>()?;
        let option = |text: &String| match text.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(Failure::Arguments(format!(
                "invalid argument {text:?} for \"--driver-opts\" flag: {text} must be formatted as key=value"
            ))),
        };
        let options: BTreeMap<_, _> = self.driver_opts.iter().map(option).collect::<Result<_, _>>()?;
        let [name, source] = self.arguments.as_slice() else { return Err(Failure::Arguments(String::new())) };
        let secrets = context.engine().secrets();
        if self.ignore
            && let Some(known) = secrets.list().into_iter().find(|secret| secret.name == *name)
        {
            return output::print(&format!("{}\n", known.id));
        }
        let data = if self.env { variable(source)? } else { contents(source)? };
        let wanted = NewSecret { name: name.clone(), data, labels, options, replace: self.replace };
        let id = secrets.create(wanted).map_err(engine::Error::from)?;
        engine::events::tell(&context.paths(), &[engine::events::secret(&id, "create")]);
        output::print(&format!("{id}\n"))
    }
}

fn variable(name: &str) -> Result<Vec<u8>, Failure> {
    use std::os::unix::ffi::OsStringExt;
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    let missing = || format!("cannot create store secret data: environment variable {name} is not set");
    value.map(OsStringExt::into_vec).ok_or_else(|| Failure::Arguments(missing()))
}

/// What is in the file, or comes from standard input: as much as shows that it is too much.
fn contents(source: &str) -> Result<Vec<u8>, Failure> {
    let mut data = Vec::new();
    let limit = SIZE_LIMIT_BYTES as u64;
    if source == "-" || source == "/dev/stdin" {
        let input = std::io::stdin();
        if input.is_terminal() {
            return Err(Failure::Arguments("if `-` is used, data must be passed into stdin".to_owned()));
        }
        input.lock().take(limit).read_to_end(&mut data).map_err(Failure::Input)?;
        return Ok(data);
    }
    let path = PathBuf::from(source);
    let read = std::fs::File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut data));
    match read {
        Ok(_) => Ok(data),
        Err(source) => Err(Failure::File { what: "read", path, source }),
    }
}
