//! Where the image comes from.

use super::OptionError;
use crate::cli::configuration::EngineDefaults;
use crate::engine::request::{ContainerRequest, PullPolicy, RootSource};
use clap::{Args, ValueHint};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub(crate) struct ImageOptions {
    /// When to ask the registry: always, missing, never or newer [default: missing]
    #[arg(long, value_name = "POLICY")]
    pull: Option<String>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// The first argument is not an image but a directory that holds a root file system; with :O it is left unchanged
    #[arg(long)]
    rootfs: bool,
    /// What becomes of the image's volumes: bind (also called anonymous), tmpfs or ignore [default: bind]
    #[arg(long, value_name = "MODE")]
    image_volume: Option<String>,
}

/// Which image of an index, and how its registry is spoken to; shared with `pull`.
#[derive(Args, Debug)]
pub(crate) struct RegistryOptions {
    /// Platform of the image, e.g. linux/arm64/v8 [default: this machine's]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub(crate) platform: Option<String>,
    /// Operating system of the image
    #[arg(long, value_name = "OS")]
    pub(crate) os: Option<String>,
    /// Processor architecture of the image
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Option<String>,
    /// Variant of the architecture
    #[arg(long, value_name = "VARIANT")]
    pub(crate) variant: Option<String>,
    /// File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) authfile: Option<PathBuf>,
    /// Credentials for the registry
    #[arg(long, value_name = "USER:PASSWORD")]
    pub(crate) creds: Option<String>,
    /// Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::cli::values::boolean)]
    pub(crate) tls_verify: Option<bool>,
    /// Print no progress of pulling
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl RegistryOptions {
    /// `os/arch[/variant]`, from `--platform` or from the three options it is made of; `None` is this machine's.
    ///
    /// # Errors
    /// Both ways at once.
    pub(crate) fn platform(&self) -> Result<Option<String>, OptionError> {
        let parts = self.os.is_some() || self.arch.is_some() || self.variant.is_some();
        match (&self.platform, parts) {
            (Some(_), true) => Err(OptionError::PlatformTwice("platform")),
            (Some(platform), false) => Ok(Some(platform.clone())),
            (None, false) => Ok(None),
            (None, true) => {
                let os = self.os.as_deref().unwrap_or("linux");
                let arch = self.arch.as_deref().unwrap_or(MACHINE);
                let variant = self.variant.as_deref().map(|variant| format!("/{variant}")).unwrap_or_default();
                Ok(Some(format!("{os}/{arch}{variant}")))
            }
        }
    }
}

/// This machine's architecture in Go's words, which images use (OCI image specification, "image index", `GOARCH`).
const MACHINE: &str = match std::env::consts::ARCH.as_bytes() {
    b"x86_64" => "amd64",
    b"aarch64" => "arm64",
    b"x86" => "386",
    b"loongarch64" => "loong64",
    b"powerpc64" => "ppc64le",
    _ => std::env::consts::ARCH,
};

/// A file of credentials that was named must be there.
///
/// # Errors
/// It is not.
pub(crate) fn check_authfile(path: Option<&Path>) -> Result<(), OptionError> {
    let Some(path) = path else { return Ok(()) };
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(OptionError::AuthFile { path: path.to_owned(), source }),
    }
}

impl ImageOptions {
    pub(super) fn fill(&mut self, defaults: &EngineDefaults) {
        for (given, default) in
            [(&mut self.pull, &defaults.pull_policy), (&mut self.image_volume, &defaults.image_volume_mode)]
        {
            if given.is_none() {
                *given = default.clone().filter(|word| !word.is_empty());
            }
        }
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        check_authfile(self.registry.authfile.as_deref())?;
        if self.rootfs {
            request.root = directory(&request.root);
        }
        request.pull = self.pull.as_deref().map(pull_policy).transpose()?.unwrap_or_default();
        request.platform = self.registry.platform()?;
        request.authfile = self.registry.authfile;
        request.creds = self.registry.creds;
        request.tls_verify = self.registry.tls_verify;
        request.quiet = self.registry.quiet;
        if let Some(mode) = self.image_volume {
            request.image_volume = Some(image_volume(mode)?);
        }
        Ok(())
    }
}

/// `--rootfs DIR[:O]`: the first argument is a directory.
fn directory(first: &RootSource) -> RootSource {
    let RootSource::Image(text) = first else { return first.clone() };
    match text.strip_suffix(":O") {
        Some(path) => RootSource::Directory { path: PathBuf::from(path), overlay: true },
        None => RootSource::Directory { path: PathBuf::from(text), overlay: false },
    }
}

/// A `--pull` policy; docker's and podman's older booleans too.
pub(crate) fn pull_policy(text: &str) -> Result<PullPolicy, OptionError> {
    match text.to_ascii_lowercase().as_str() {
        "always" | "true" | "1" => Ok(PullPolicy::Always),
        "missing" | "ifmissing" | "ifnotpresent" | "false" | "0" | "" => Ok(PullPolicy::Missing),
        "never" => Ok(PullPolicy::Never),
        "newer" | "ifnewer" => Ok(PullPolicy::Newer),
        _ => Err(OptionError::PullPolicy(text.to_owned())),
    }
}

fn image_volume(mode: String) -> Result<String, OptionError> {
    match mode.as_str() {
        "bind" | "anonymous" => Ok("anonymous".to_owned()),
        "tmpfs" | "ignore" => Ok(mode),
        _ => Err(OptionError::ImageVolume(mode)),
    }
}
