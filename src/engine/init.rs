//! The program as init: what `main` runs when it was executed for a container.

use super::root::{RootMounter, RootPlan};
use crate::runtime::failure::Failure;
use crate::runtime::init;
use crate::runtime::plan::RuntimePlan;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::os::fd::OwnedFd;

/// What init reads: the runtime's plan and the root's.
#[derive(Debug, Serialize, Deserialize)]
pub struct InitPlan {
    /// For the runtime.
    pub runtime: RuntimePlan,
    /// The root file system.
    pub root: RootPlan,
}

/// Becomes init when this program was executed for that; otherwise returns.
pub fn enter() {
    if let Some((socket, plan)) = init::passed_descriptors() {
        let reporter = socket.try_clone();
        let failure = run(socket, plan);
        if let Ok(reporter) = reporter {
            init::report_failure(&reporter, failure);
        }
        crate::runtime::guard::exit(125);
    }
}

fn run(socket: OwnedFd, plan: OwnedFd) -> Failure {
    let mut text = Vec::new();
    if let Err(error) = std::fs::File::from(plan).read_to_end(&mut text) {
        return Failure::setup("read the plan", error);
    }
    match serde_json::from_slice::<InitPlan>(&text) {
        Ok(plan) => {
            let mut root = RootMounter::new(&plan.root, &plan.runtime.directory, &plan.runtime.id_maps);
            init::run(&plan.runtime, socket, &mut root)
        }
        Err(error) => Failure::message(format!("read the plan: {error}")),
    }
}
