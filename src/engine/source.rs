//! Finding what a container is made from: an image of the store, one that is pulled first, the host, a directory.

use super::error::Error;
use super::images::{LocalImage, root};
use super::plan::ImageDefaults;
use super::pull::{PullRequest, find_local, pull};
use super::request::{ContainerRequest, PullPolicy, RootSource};
use super::root::LowerPlan;
use super::{Engine, builtin, reserved};
use crate::image::progress::Progress;
use crate::runtime::failure::Failure;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, fork_into};
use serde::{Deserialize, Serialize};
use std::os::fd::AsFd;

/// How a pull in a child process ended, as far as its parent cannot see that in the store.
#[derive(Serialize, Deserialize)]
struct PullFailure {
    message: String,
    hint: Option<String>,
}

/// Longest message of a failed pull, in bytes.
const LONGEST_FAILURE: usize = 64 * 1024;

impl Engine {
    /// The defaults for a container of `request`: of its image, which is pulled when that is needed and wanted.
    ///
    /// A pull uses threads, so it runs in a child process: this one stays fit to fork. `progress` is called there.
    /// The caller must have one thread.
    pub fn image_defaults(&self, request: &ContainerRequest, progress: &dyn Progress) -> Result<ImageDefaults, Error> {
        let name = match &request.root {
            RootSource::Directory { .. } | RootSource::Nothing => return Ok(ImageDefaults::default()),
            RootSource::Image(name) => name,
        };
        let wanted = pull_request(request, name);
        let platform = request.platform.as_deref().map(str::parse).transpose();
        let platform = platform.map_err(|error| Error::BadRequest(format!("{error}")))?;
        let local = find_local(&self.paths, &wanted, platform.as_ref())?;
        let local = match (request.pull, local) {
            (PullPolicy::Missing | PullPolicy::Never, Some(local)) if !builtin::is_builtin(&local.image) => Some(local),
            (_, None) if name == reserved::HOST => return Ok(reserved::host(&self.paths)),
            (_, local)
                if name == reserved::HELLO && local.as_ref().is_none_or(|local| builtin::is_builtin(&local.image)) =>
            {
                builtin::resolve_or_builtin(&self.paths, name)?
            }
            (_, Some(local)) if builtin::is_builtin(&local.image) => Some(local),
            _ => {
                self.pull_in_child(&wanted, progress)?;
                find_local(&self.paths, &wanted, platform.as_ref())?
            }
        };
        let local = local.ok_or_else(|| Error::NotFound { kind: "image", name: name.clone() })?;
        self.defaults_of(&local)
    }

    /// Pulls in a forked child, so that its threads are gone afterwards.
    fn pull_in_child(&self, wanted: &PullRequest, progress: &dyn Progress) -> Result<(), Error> {
        let failed = |error: rustix::io::Errno| Error::from(Failure::setup("start the pull", error));
        let (parent, child) = message::pair().map_err(failed)?;
        match fork_into(NewNamespaces::empty()).map_err(failed)? {
            Fork::Child => {
                drop(parent);
                // A terminal's interrupt reaches the child by itself; a killed parent takes it along.
                let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
                let code = match pull(&self.paths, wanted, progress) {
                    Ok(_) => 0,
                    Err(error) => {
                        let failure = PullFailure { message: error.to_string(), hint: error.hint() };
                        let _ = message::send(&child, &serde_json::to_vec(&failure).unwrap_or_default(), &[]); // parent gone
                        1
                    }
                };
                crate::runtime::guard::exit(code)
            }
            Fork::Parent { pidfd, .. } => {
                drop(child);
                let said = message::receive(&parent, LONGEST_FAILURE).ok().flatten();
                let code = crate::runtime::guard::exit_code(pidfd.as_fd());
                match (code, said.and_then(|said| serde_json::from_slice::<PullFailure>(&said.bytes).ok())) {
                    (0, _) => Ok(()),
                    (_, Some(failure)) => Err(Error::Pull { message: failure.message, hint: failure.hint }),
                    (code, None) => Err(Error::Pull {
                        message: format!("the pull of \"{}\" ended with code {code}", wanted.name),
                        hint: None,
                    }),
                }
            }
        }
    }

    fn defaults_of(&self, local: &LocalImage) -> Result<ImageDefaults, Error> {
        let record = &local.image.record;
        let opened = root::open(&self.paths, &local.image)?;
        let mut defaults = ImageDefaults {
            id: record.id.hex(),
            name: local.display_name(),
            digest: record.manifests.first().map(|manifest| manifest.digest.to_string()).unwrap_or_default(),
            healthcheck: record.docker.healthcheck.clone(),
            lower: Some(LowerPlan::Image { tree: opened.tree_path, layers: opened.layers }),
            ..ImageDefaults::default()
        };
        if let Some(config) = record.configuration.config() {
            defaults.entrypoint = config.entrypoint().clone().unwrap_or_default();
            defaults.command = config.cmd().clone().unwrap_or_default();
            defaults.environment = config.env().clone().unwrap_or_default();
            defaults.user = config.user().clone().unwrap_or_default();
            defaults.workdir = config.working_dir().clone().unwrap_or_default();
            defaults.volumes = config.volumes().clone().unwrap_or_default();
            defaults.stop_signal = config.stop_signal().clone().unwrap_or_default();
            defaults.labels = config.labels().clone().unwrap_or_default().into_iter().collect();
            defaults.exposed_ports = config.exposed_ports().clone().unwrap_or_default();
        }
        Ok(defaults)
    }
}

fn pull_request(request: &ContainerRequest, name: &str) -> PullRequest {
    PullRequest {
        name: name.to_owned(),
        policy: request.pull,
        platform: request.platform.clone(),
        all_tags: false,
        authfile: request.authfile.clone(),
        creds: request.creds.clone(),
        tls_verify: request.tls_verify,
    }
}
