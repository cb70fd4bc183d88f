//! What every front end calls: requests in, plans carried out, values back.
//!
//! [`Engine`] holds where things are. A container's life is in [`create`] (request to plan to directory), [`start`]
//! (the keeper) and [`lifecycle`] (everything about containers that exist); [`root`] joins the overlay to the runtime.

mod activation;
pub mod attach;
pub mod builtin;
mod clone;
pub mod commit;
pub mod create;
pub mod detach_keys;
mod disk;
pub mod doctor;
mod driver;
mod environment;
pub mod error;
pub mod events;
pub mod exec;
pub mod files;
pub mod health;
pub mod hello;
pub mod host;
mod host_files;
mod hosts;
pub mod images;
pub mod info;
pub mod init;
pub mod inspect;
pub mod lifecycle;
pub mod limits;
mod listed;
mod log_source;
pub mod logs;
pub mod mounted;
mod names;
pub mod network;
pub mod networks;
pub mod notify;
pub mod pause;
pub mod plan;
pub mod pods;
pub mod processes;
pub mod pull;
pub mod record;
pub mod registry;
mod removal;
pub mod request;
pub mod reserved;
mod reset;
pub mod restart;
pub mod root;
pub mod secrets;
pub mod source;
pub mod start;
pub mod usage;
pub mod volumes;
mod waiting;

pub use error::{Error, Kind};
pub use record::ContainerRecord;

use crate::store::containers::Containers;
use crate::store::networks::Networks;
use crate::store::paths::Paths;
use crate::store::pods::Pods;
use crate::store::secrets::Secrets;
use crate::store::volumes::Volumes;
use std::path::PathBuf;

/// The engine on one store.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Where things are.
    pub paths: Paths,
    /// `--storage-driver`, as typed.
    pub storage_driver: Option<String>,
}

impl Engine {
    /// An engine for the store at `paths`; touches nothing.
    pub fn new(paths: Paths, storage_driver: Option<String>) -> Self {
        Engine { paths, storage_driver }
    }

    /// An engine for the usual store of this user: `root` and `run_root` when given, else `CORACLE_ROOT`, else
    /// `~/.local/share/coracle`; see [`crate::store::paths`].
    pub fn for_user(root: Option<PathBuf>, run_root: Option<PathBuf>, storage_driver: Option<String>) -> Self {
        let storage_driver = storage_driver.or_else(|| std::env::var("CORACLE_STORAGE_DRIVER").ok());
        Engine::new(Paths::for_user(root, run_root), storage_driver)
    }

    /// The containers of the store.
    pub fn containers(&self) -> Containers {
        Containers::new(&self.paths)
    }

    /// The volumes of the store.
    pub fn volumes(&self) -> Volumes {
        Volumes::new(&self.paths)
    }

    /// The pods of the store.
    pub fn pods(&self) -> Pods {
        Pods::new(&self.paths)
    }

    /// The secrets of the store.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(&self.paths)
    }

    /// The networks of the store.
    pub fn networks(&self) -> Networks {
        Networks::new(&self.paths)
    }
}
pub mod unshare;
pub mod update;
