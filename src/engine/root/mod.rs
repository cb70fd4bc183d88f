//! The container's root file system: the plan for it, init's half (mounting) and the keeper's half (serving).

mod mount;
mod serve;
mod view;

pub use mount::RootMounter;
pub(super) use serve::open_tree;
pub use serve::serve_root;
pub use view::serve_mount;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What lies below the writable layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LowerPlan {
    /// An image.
    Image {
        /// Its merged tree.
        tree: PathBuf,
        /// Its layers' tars, bottom first.
        layers: Vec<PathBuf>,
    },
    /// A host directory.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Directories shown empty, as absolute paths inside it.
        masked: Vec<PathBuf>,
    },
}

/// How the root comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootPlan {
    /// The lower is served by FUSE, the kernel's overlay on it takes the writes (`fuse+overlay`).
    FuseOverlay {
        /// What is served.
        lower: LowerPlan,
        /// The writes need not survive a crash of the machine.
        volatile: bool,
    },
    /// FUSE serves the lower and takes the writes (`fuse`).
    Fuse {
        /// What lies below.
        lower: LowerPlan,
        /// Most that the writes may take, in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_bytes: Option<u64>,
        /// The writes need not survive a crash of the machine.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        volatile: bool,
    },
    /// The kernel's overlay over layers extracted to directories (`overlay`).
    Overlay {
        /// What is extracted, once.
        lower: LowerPlan,
        /// Where extracted trees are kept.
        extracted: PathBuf,
        /// The writes need not survive a crash of the machine.
        volatile: bool,
    },
    /// A copy of the image in the container's own directory (`copy`).
    Copy {
        /// What is copied.
        lower: LowerPlan,
    },
    /// A host directory as it is (`--rootfs DIR`).
    Directory {
        /// The directory.
        path: PathBuf,
    },
}

impl RootPlan {
    /// The driver's name as in `--storage-driver` and `info`.
    pub fn driver(&self) -> &'static str {
        match self {
            RootPlan::FuseOverlay { .. } => "fuse+overlay",
            RootPlan::Fuse { .. } => "fuse",
            RootPlan::Overlay { .. } => "overlay",
            RootPlan::Copy { .. } => "copy",
            RootPlan::Directory { .. } => "directory",
        }
    }

    /// What lies below, where there is such a thing.
    pub fn lower(&self) -> Option<&LowerPlan> {
        match self {
            RootPlan::FuseOverlay { lower, .. }
            | RootPlan::Fuse { lower, .. }
            | RootPlan::Overlay { lower, .. }
            | RootPlan::Copy { lower } => Some(lower),
            RootPlan::Directory { .. } => None,
        }
    }
}
