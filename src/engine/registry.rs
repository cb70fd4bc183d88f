//! `push`, `login` and `logout`.

use super::events;
use super::images::{Error, resolve};
use crate::image::progress::{Progress, Silent};
use crate::image::push::{self as registry, Compression, Format, PushOptions};
use crate::image::reference::Reference;
use crate::image::registry::authfile;
use crate::image::registry::client::Options;
pub use crate::image::registry::credentials::Credentials;
use crate::image::registry::token::CredentialSource;
use crate::store::digest::Digest;
use crate::store::images;
use crate::store::paths::Paths;
use std::path::{Path, PathBuf};

/// What to push, and how.
#[derive(Clone, Debug, Default)]
pub struct PushRequest {
    /// The image, as typed.
    pub source: String,
    /// Where to, as typed; the image's own name when absent.
    pub destination: Option<String>,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// `--creds`: `user[:password]`.
    pub creds: Option<String>,
    /// `--tls-verify`.
    pub tls_verify: Option<bool>,
    /// `--format`: `oci`, or `v2s2` and `docker`.
    pub format: Option<String>,
    /// `--compression-format`.
    pub compression: Option<String>,
    /// `--compression-level`.
    pub level: Option<i32>,
    /// `--force-compression`.
    pub force_compression: bool,
}

/// Who logs in where.
#[derive(Clone, Debug, Default)]
pub struct LoginRequest {
    /// The registry, or a repository in it.
    pub registry: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// `--tls-verify`.
    pub tls_verify: Option<bool>,
}

/// Pushes an image and returns the digest of its manifest. Uses threads and the network.
///
/// # Errors
/// No such image; the registry refuses.
pub fn push(paths: &Paths, request: &PushRequest, progress: &dyn Progress) -> Result<Digest, Error> {
    let found = resolve::expect(paths, &request.source)?;
    let id = found.image.record.id;
    let target = match &request.destination {
        Some(destination) => destination.strip_prefix("docker://").unwrap_or(destination),
        None => found.name.as_deref().unwrap_or(&request.source),
    };
    let target = target.parse::<Reference>()?.with_default_tag();
    let all = images::names(paths)?;
    let names: Vec<Reference> =
        all.iter().filter(|name| name.image == id).filter_map(|name| name.reference.parse().ok()).collect();
    let compression = match request.compression.as_deref() {
        None | Some("gzip") => Compression::Gzip,
        Some("zstd") => Compression::Zstd,
        Some(other) => return Err(Error::Compression(other.to_owned())),
    };
    let format = match request.format.as_deref() {
        None | Some("") => None,
        Some("oci") => Some(Format::Oci),
        Some("v2s2" | "docker") => Some(Format::Docker),
        Some(other) => return Err(Error::ManifestFormat(other.to_owned())),
    };
    let options = PushOptions {
        paths,
        registry: Options {
            tls_verify: request.tls_verify,
            credentials: source(request.creds.as_deref(), request.authfile.as_deref())?,
        },
        // Only an OCI manifest can name a layer compressed by zstd.
        format: format.or((compression == Compression::Zstd).then_some(Format::Oci)),
        compression,
        level: request.level,
        force_compression: request.force_compression || request.compression.is_some(),
        names: &names,
        progress,
    };
    let digest = registry::push(&found.image, &target, &options)?;
    events::tell(paths, &[events::image(&id.hex(), &target.to_string(), "push")]);
    Ok(digest)
}

fn source(creds: Option<&str>, authfile: Option<&Path>) -> Result<CredentialSource, Error> {
    let given = creds.map(Credentials::from_option).transpose();
    let given = given.map_err(|error| crate::image::Error::Setup(Box::new(error)))?;
    Ok(CredentialSource { given, authfile: authfile.map(Path::to_owned) })
}

/// Asks the registry whether it takes the login, and remembers it; the file it was written to.
///
/// # Errors
/// The registry refuses; the file cannot be written.
pub fn log_in(request: &LoginRequest) -> Result<PathBuf, Error> {
    let credentials = Credentials::Password { username: request.username.clone(), password: request.password.clone() };
    check(&request.registry, credentials, request.tls_verify)?;
    let path = authfile::path(request.authfile.as_deref());
    authfile::store(&path, key(&request.registry), &request.username, &request.password).map_err(setup)?;
    Ok(path)
}

/// Whether the login remembered for `registry` is still taken.
///
/// # Errors
/// The registry refuses it.
pub fn check(registry: &str, credentials: Credentials, tls_verify: Option<bool>) -> Result<(), Error> {
    let options = Options { tls_verify, credentials: CredentialSource { given: Some(credentials), authfile: None } };
    let target = repository(registry)?;
    match registry::log_in(&target, &options, &Silent) {
        Err(crate::image::Error::Setup(source)) if source.is_refused_login() => {
            Err(Error::Login { registry: key(registry).to_owned(), reason: "invalid username/password".to_owned() })
        }
        Err(error) => Err(Error::Login { registry: key(registry).to_owned(), reason: error.to_string() }),
        Ok(()) => Ok(()),
    }
}

/// Forgets a login.
///
/// # Errors
/// There is none.
pub fn log_out(registry: &str, authfile: Option<&Path>) -> Result<(), Error> {
    let path = authfile::path(authfile);
    match authfile::remove(&path, key(registry)).map_err(setup)? {
        true => Ok(()),
        false => Err(Error::NotLoggedIn(key(registry).to_owned())),
    }
}

/// Forgets all logins.
///
/// # Errors
/// The file cannot be written.
pub fn log_out_everywhere(authfile: Option<&Path>) -> Result<(), Error> {
    authfile::remove_all(&authfile::path(authfile)).map_err(setup)
}

/// The login remembered for `registry`.
///
/// # Errors
/// A file cannot be read; a helper fails.
pub fn remembered(registry: &str, authfile: Option<&Path>) -> Result<Option<Credentials>, Error> {
    authfile::user(key(registry), authfile).map_err(setup)
}

fn setup(error: crate::image::registry::error::Error) -> Error {
    crate::image::Error::Setup(Box::new(error)).into()
}

/// A registry as auth files name it: without scheme and what follows the name in docker's old URLs.
pub fn key(registry: &str) -> &str {
    let name = registry.strip_prefix("https://").or_else(|| registry.strip_prefix("http://")).unwrap_or(registry);
    match name.trim_end_matches('/') {
        "index.docker.io/v1" | "index.docker.io" | "registry-1.docker.io" => "docker.io",
        name => name,
    }
}

/// Some repository of a registry: a login is asked for there.
fn repository(registry: &str) -> Result<Reference, Error> {
    let name = key(registry);
    let full = if name.contains('/') { name.to_owned() } else { format!("{name}/login") };
    Ok(Reference::at_registry(&full)?)
}
