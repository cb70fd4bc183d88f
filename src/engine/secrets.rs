//! Secrets of containers.
//!
//! A container gets a copy of a secret when it is created, in its directory but outside its layers, so that neither `secret
//! rm` nor `commit` changes or carries it. A secret that is a variable is in no record: it is added to the plan in memory
//! when a process starts.

use super::Engine;
use super::error::Error;
use super::record::{ContainerRecord, SecretRecord};
use super::request::{ContainerRequest, SecretUse};
use crate::runtime::plan::SecretPlan;
use crate::store::containers::make_directory;
use crate::store::secrets::write_private;
use std::path::{Path, PathBuf};

/// Where in a container's directory its copies are, by their place in the request.
const COPIES: &str = "secrets";

/// Where secrets are in a container.
const MOUNT_DIRECTORY: &str = "/run/secrets";

impl Engine {
    /// The secrets that `request` asks for.
    pub(super) fn find_secrets(&self, request: &ContainerRequest) -> Result<Vec<SecretRecord>, Error> {
        let find = |name: &str| {
            let secret = self.secrets().find(name)?;
            Ok(SecretRecord { id: secret.id, name: secret.name })
        };
        request.secrets.iter().map(|wanted| find(&wanted.source)).collect()
    }

    /// Copies a container's secrets into its directory.
    pub(super) fn copy_secrets(&self, record: &ContainerRecord) -> Result<(), Error> {
        if record.secrets.is_empty() {
            return Ok(());
        }
        make_directory(&record.plan.directory.join(COPIES))?;
        for (place, secret) in record.secrets.iter().enumerate() {
            write_private(&copy(&record.plan.directory, place), &self.secrets().data(&secret.id)?)?;
        }
        Ok(())
    }
}

fn copy(directory: &Path, place: usize) -> PathBuf {
    directory.join(COPIES).join(place.to_string())
}

/// The secrets that are files. `names` are those of the secrets in the request's order.
pub(super) fn files(request: &ContainerRequest, names: &[SecretRecord], directory: &Path) -> Vec<SecretPlan> {
    let wanted = request.secrets.iter().zip(names).enumerate();
    wanted
        .filter(|(_, (wanted, _))| wanted.kind == SecretUse::Mount)
        .map(|(place, (wanted, secret))| SecretPlan {
            source: copy(directory, place),
            // An absolute target takes the place of the directory.
            destination: Path::new(MOUNT_DIRECTORY).join(chosen(&wanted.target, &secret.name)),
            uid: wanted.uid,
            gid: wanted.gid,
            mode: wanted.mode,
        })
        .collect()
}

fn chosen<'a>(target: &'a str, name: &'a str) -> &'a str {
    if target.is_empty() { name } else { target }
}

/// The secrets that are variables, as `NAME=value`.
pub(super) fn variables(record: &ContainerRecord) -> Result<Vec<String>, Error> {
    let wanted = record.request.secrets.iter().zip(&record.secrets).enumerate();
    wanted
        .filter(|(_, (wanted, _))| wanted.kind == SecretUse::Env)
        .map(|(place, (wanted, secret))| {
            let path = copy(&record.plan.directory, place);
            let data = std::fs::read(&path);
            let data = data.map_err(|source| Error::File { operation: "read", path, source })?;
            let value = String::from_utf8(data).ok().filter(|value| !value.contains('\0'));
            let value = value.ok_or_else(|| {
                Error::BadRequest(format!("secret {:?} is not text, which a variable must be", secret.name))
            })?;
            Ok(format!("{}={value}", chosen(&wanted.target, &wanted.source)))
        })
        .collect()
}
