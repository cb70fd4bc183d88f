//! `pull`, and the pull before a `run`.
//!
//! Uses threads and the network; a caller that must stay single-threaded (`run` before its forks) calls it in a child
//! process. What was pulled is in the store for anybody afterwards, so nothing but success has to be handed back.

use super::events;
use super::images::{Error, LocalImage, resolve, root};
use super::request::PullPolicy;
use crate::image::platform::Platform;
use crate::image::progress::Progress;
use crate::image::pull::{self as registry, PullOptions, Pulled};
use crate::image::reference::Reference;
use crate::image::registry::client::Options;
use crate::image::registry::credentials::Credentials;
use crate::image::registry::token::CredentialSource;
use crate::store::events::Event;
use crate::store::images::{self, StoredImage};
use crate::store::paths::Paths;
use std::path::PathBuf;

/// What to pull, and how.
#[derive(Clone, Debug, Default)]
pub struct PullRequest {
    /// As typed.
    pub name: String,
    /// When to ask the registry.
    pub policy: PullPolicy,
    /// `--platform`, as typed.
    pub platform: Option<String>,
    /// `--all-tags`.
    pub all_tags: bool,
    /// `--authfile`.
    pub authfile: Option<PathBuf>,
    /// `--creds`: `user[:password]`.
    pub creds: Option<String>,
    /// `--tls-verify`.
    pub tls_verify: Option<bool>,
}

/// Makes sure, as the policy says, that the image is in the store, and returns it (all of them for `all_tags`).
pub fn pull(paths: &Paths, request: &PullRequest, progress: &dyn Progress) -> Result<Vec<LocalImage>, Error> {
    let platform = request.platform.as_deref().map(str::parse::<Platform>).transpose()?;
    let local = if request.all_tags { None } else { find_local(paths, request, platform.as_ref())? };
    match (request.policy, local) {
        (PullPolicy::Missing | PullPolicy::Never, Some(local)) => return Ok(vec![local]),
        (PullPolicy::Never, None) => return Err(Error::NotKnown(request.name.clone())),
        (PullPolicy::Newer, Some(local)) => return pull_newer(paths, request, platform, local, progress),
        _ => {}
    }
    fetch(paths, request, platform, progress)
}

/// The image in the store that would do, if there is one. Asks no registry.
pub fn find_local(
    paths: &Paths,
    request: &PullRequest,
    platform: Option<&Platform>,
) -> Result<Option<LocalImage>, Error> {
    let found = match resolve(paths, &request.name) {
        // Names with a transport are not names of the store.
        Err(Error::Reference(_)) if request.name.contains("://") => None,
        other => other?,
    };
    Ok(found.filter(|found| platform.is_none_or(|wanted| wanted.rank(&platform_of(&found.image)).is_some())))
}

fn platform_of(image: &StoredImage) -> Platform {
    let configuration = &image.record.configuration;
    let variant = configuration.variant().as_deref();
    Platform::of(&configuration.os().to_string(), &configuration.architecture().to_string(), variant)
}

/// An unreachable registry is no error when there is an image.
fn pull_newer(
    paths: &Paths,
    request: &PullRequest,
    platform: Option<Platform>,
    local: LocalImage,
    progress: &dyn Progress,
) -> Result<Vec<LocalImage>, Error> {
    let reference = local.name.as_deref().unwrap_or(&request.name).parse::<Reference>()?;
    let options = options(paths, request, platform.clone(), progress)?;
    match registry::remote_digest(&reference, &options) {
        Ok(digest) if !local.image.record.manifests.iter().any(|manifest| manifest.digest == digest) => {
            fetch(paths, &PullRequest { name: reference.to_string(), ..request.clone() }, platform, progress)
        }
        _ => Ok(vec![local]),
    }
}

fn options<'a>(
    paths: &'a Paths,
    request: &PullRequest,
    platform: Option<Platform>,
    progress: &'a dyn Progress,
) -> Result<PullOptions<'a>, Error> {
    let setup = |error| crate::image::Error::Setup(Box::new(error));
    let given = request.creds.as_deref().map(Credentials::from_option).transpose().map_err(setup)?;
    let credentials = CredentialSource { given, authfile: request.authfile.clone() };
    Ok(PullOptions {
        paths,
        platform: platform.unwrap_or_else(Platform::host),
        registry: Options { tls_verify: request.tls_verify, credentials },
        progress,
    })
}

fn fetch(
    paths: &Paths,
    request: &PullRequest,
    platform: Option<Platform>,
    progress: &dyn Progress,
) -> Result<Vec<LocalImage>, Error> {
    let reference: Reference = request.name.parse()?;
    let options = options(paths, request, platform, progress)?;
    let pulled = if request.all_tags {
        registry::pull_all_tags(&reference, &options)?
    } else {
        vec![registry::pull(&reference, &options)?]
    };
    let done: Vec<LocalImage> = pulled.into_iter().map(|pulled| finish(paths, pulled)).collect::<Result<_, Error>>()?;
    let told: Vec<Event> = done
        .iter()
        .map(|image| {
            let name = image.name.as_deref().filter(|_| request.all_tags).unwrap_or(&request.name);
            events::image(&image.image.record.id.hex(), name, "pull")
        })
        .collect();
    events::tell(paths, &told);
    Ok(done)
}

/// Builds the merged index, so that the first start does not have to.
fn finish(paths: &Paths, pulled: Pulled) -> Result<LocalImage, Error> {
    let name = pulled.name.to_string();
    let image = images::find(paths, &pulled.id)?.ok_or_else(|| Error::NotKnown(name.clone()))?;
    if let Err(error) = root::prepare(paths, &image) {
        if !images::tree(paths, &pulled.id).exists() {
            // Layers that do not fit together, or a full disk: half an image is none. The cause is worth telling.
            let _ = images::remove_name(paths, &name);
            let _ = images::remove(paths, &pulled.id);
        }
        return Err(error);
    }
    Ok(LocalImage { name: Some(name), image })
}
