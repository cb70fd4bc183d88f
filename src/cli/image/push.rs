//! `push`.

use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::{OptionError, check_authfile};
use crate::cli::output::PullProgress;
use crate::cli::tree::{Arity, Verb};
use crate::engine::images::transport::Outside;
use crate::engine::registry::{self, PushRequest};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// `push IMAGE [DESTINATION]`.
#[derive(Args, Debug)]
pub(crate) struct Push {
    /// File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    authfile: Option<PathBuf>,
    /// How new layers are compressed: gzip or zstd [default: gzip]
    #[arg(long, value_name = "FORMAT")]
    compression_format: Option<String>,
    /// Level of that
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true)]
    compression_level: Option<i32>,
    /// Credentials for the registry
    #[arg(long, value_name = "USER:PASSWORD")]
    creds: Option<String>,
    /// Write the digest of the pushed manifest to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    digestfile: Option<PathBuf>,
    /// Compress so even what the registry has in another form
    #[arg(long)]
    force_compression: bool,
    /// Form of the manifest: oci or v2s2 (also called docker) [default: the image's own]
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Print no progress
    #[arg(short, long)]
    quiet: bool,
    /// Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    tls_verify: Option<bool>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

/// Destinations that are no registry.
const OTHER_TRANSPORTS: [&str; 3] = ["docker-daemon:", "containers-storage:", "ostree:"];

impl Verb for Push {
    const NAME: &'static str = "push";
    const FOREIGN: &'static [compatibility::Row] = compatibility::PUSH;
    const ABOUT: &'static str = "Push an image to a registry";
    const DETAILS: &'static str = "Sends what the registry does not have yet: layers several at once, then the manifest, so that the \
        name never shows half an image. An image that was pulled keeps its digest when the registry has its layers in the same \
        form, also from another of its repositories. Without a destination the image goes where its name says.";
    const ARGUMENTS: &'static str = "IMAGE [DESTINATION]";
    const ARITY: Arity = Arity::Any;
    const EXAMPLES: &'static str = "coracle push registry.example.org/team/app:1.0\n\
        coracle push --creds user:password app docker://registry.example.org/team/app\n\
        # A registry on this machine that speaks plain HTTP\n\
        coracle push --tls-verify=false app localhost:5000/app";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let (source, destination) = match self.arguments.as_slice() {
            [source] => (source, None),
            [source, destination] => (source, Some(destination.clone())),
            [] => return Err(Failure::Arguments("accepts between 1 and 2 arg(s), received 0".to_owned())),
            more => {
                let complaint = format!("accepts between 1 and 2 arg(s), received {}", more.len());
                return Err(Failure::Arguments(complaint));
            }
        };
        if let Some(value) = destination.clone().filter(|to| OTHER_TRANSPORTS.iter().any(|other| to.starts_with(other)))
        {
            let reason = "push goes to registries (docker://), docker-archive:, oci-archive:, oci: and dir:";
            return Err(OptionError::RefusedValue { option: "destination", value, reason }.into());
        }
        check_authfile(self.authfile.as_deref())?;
        if let Some(outside) = destination.as_deref().and_then(Outside::parse) {
            outside.store(&context.paths(), source)?;
            return Ok(ExitCode::SUCCESS);
        }
        let request = PushRequest {
            source: source.clone(),
            destination,
            authfile: self.authfile,
            creds: self.creds,
            tls_verify: self.tls_verify,
            format: self.format,
            compression: self.compression_format,
            level: self.compression_level,
            force_compression: self.force_compression,
        };
        let digest = registry::push(&context.paths(), &request, &PullProgress::new(self.quiet))?;
        if let Some(path) = self.digestfile {
            std::fs::write(&path, digest.to_string()).map_err(|source| Failure::File {
                what: "write",
                path,
                source,
            })?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
