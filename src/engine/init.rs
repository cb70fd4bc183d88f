//! The program as init: what `main` runs when it was executed for a container.

use super::network::{Joint, NamespacePlan};
use super::root::{RootMounter, RootPlan};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::init::{self, Role};
use crate::runtime::plan::RuntimePlan;
use serde::de::DeserializeOwned;
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
    /// The network namespace; `None` when the container has none of its own.
    pub network: Option<NamespacePlan>,
}

/// Becomes init when this program was executed for that; otherwise returns.
pub fn enter() {
    if let Some((role, socket, plan)) = init::passed_descriptors() {
        let reporter = socket.try_clone();
        let failure = match role {
            Role::Init => run(socket, plan),
            Role::Exec => run_joined(socket, plan),
            Role::OciInit => crate::runtime::oci::init::run(socket, plan),
            Role::OciExec => crate::runtime::oci::init::run_joined(socket, plan),
        };
        if let Ok(reporter) = reporter {
            init::report_failure(&reporter, failure);
        }
        crate::runtime::guard::exit(125);
    }
}

fn run(socket: OwnedFd, plan: OwnedFd) -> Failure {
    match read::<InitPlan>(plan) {
        Ok(plan) => {
            let mut root = RootMounter::new(&plan.root, &plan.runtime.directory, &plan.runtime.id_maps);
            let mut network = Joint::new(plan.network.as_ref(), &plan.runtime.id_maps);
            init::run(&plan.runtime, socket, &mut root, &mut network)
        }
        Err(failure) => failure,
    }
}

fn run_joined(socket: OwnedFd, plan: OwnedFd) -> Failure {
    match read::<RuntimePlan>(plan) {
        Ok(plan) => init::run_joined(&plan, socket),
        Err(failure) => failure,
    }
}

fn read<Plan: DeserializeOwned>(file: OwnedFd) -> Step<Plan> {
    let mut text = Vec::new();
    std::fs::File::from(file).read_to_end(&mut text).map_err(|error| Failure::setup("read the plan", error))?;
    serde_json::from_slice(&text).map_err(|error| Failure::message(format!("read the plan: {error}")))
}
