//! `pod create`, and `run --pod new:NAME`.

use crate::cli::compatibility;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::PodOptions;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::engine::Engine;
use crate::engine::lifecycle::RemoveOptions;
use crate::engine::pods::{DEFAULT_SHARED, PodRequest};
use crate::engine::request::{ContainerRequest, RootSource};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// `pod create`.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    options: PodOptions,
    /// Write the pod's ID to this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pod_id_file: Option<PathBuf>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Create {
    const NAME: &'static str = "create";
    const FOREIGN: &'static [compatibility::Row] = compatibility::POD;
    const ABOUT: &'static str = "Create a pod";
    const DETAILS: &'static str = "Makes a pod, into which run --pod puts containers, and prints its ID. They share network, host \
        name and IPC: one reaches the other on localhost, and ports are published by the pod. The namespaces are held by a small \
        process of coracle's, which is started with the first container and listed as one more container, POD-infra; it needs no \
        image.";
    const ARGUMENTS: &'static str = "[NAME]";
    const ARITY: Arity = Arity::AtMost(1);
    const EXAMPLES: &'static str = "coracle pod create -p 8080:80 web\n\
        coracle run -d --pod web nginx\n\
        coracle run -d --pod web redis";

    fn run(mut self, context: &Context) -> Result<ExitCode, Failure> {
        if let Some(name) = self.arguments.pop() {
            if self.options.name.is_some() {
                return Err(Failure::Arguments("cannot specify --name and NAME at the same time".to_owned()));
            }
            self.options.name = Some(name);
        }
        let mut request = self.options.into_request(&context.surroundings())?;
        request.create_command.clone_from(&context.words);
        if let Some(infra) = &mut request.infra {
            context.fill(infra);
        }
        let engine = context.engine();
        let (pod, warnings) = engine.create_pod(request)?;
        warnings.iter().for_each(|warning| output::note(warning));
        if let Some(path) = self.pod_id_file {
            std::fs::write(&path, &pod.id).map_err(|source| Failure::File { what: "write", path, source })?;
        }
        output::print(&format!("{}\n", pod.id))
    }
}

/// Makes the pod that `run --pod new:NAME` asks for, then the container by `create`; without the container no pod is left.
///
/// # Errors
/// As of [`Engine::create_pod`], and of `create`.
pub(crate) fn with_new_pod<T>(
    engine: &Engine,
    request: &mut ContainerRequest,
    create: impl FnOnce(&ContainerRequest) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let is_new = request.pod.as_deref().is_some_and(|pod| pod.starts_with("new:"));
    new_pod(engine, request)?;
    let created = create(request);
    if let (true, Err(_), Some(pod)) = (is_new, &created, &request.pod) {
        // The first error is the one worth telling.
        let _ = engine.remove_pod(pod, RemoveOptions { force: true, ..RemoveOptions::default() });
    }
    created
}

/// What concerns the pod's network goes from the container to the pod.
fn new_pod(engine: &Engine, request: &mut ContainerRequest) -> Result<(), Failure> {
    let Some(name) = request.pod.as_deref().and_then(|pod| pod.strip_prefix("new:")) else { return Ok(()) };
    if name.is_empty() {
        return Err(Failure::Arguments("new pod name must be at least one character".to_owned()));
    }
    let take = std::mem::take::<Vec<String>>;
    let infra = ContainerRequest {
        network: take(&mut request.network),
        network_alias: take(&mut request.network_alias),
        publish: std::mem::take(&mut request.publish),
        ip: request.ip.take(),
        ip6: request.ip6.take(),
        mac_address: request.mac_address.take(),
        hostname: request.hostname.take(),
        dns: take(&mut request.dns),
        dns_search: take(&mut request.dns_search),
        dns_option: take(&mut request.dns_option),
        add_host: take(&mut request.add_host),
        userns: std::mem::take(&mut request.userns),
        uid_map: take(&mut request.uid_map),
        gid_map: take(&mut request.gid_map),
        storage_driver: request.storage_driver.clone(),
        create_command: request.create_command.clone(),
        quiet: request.quiet,
        ..ContainerRequest::new(RootSource::Nothing)
    };
    let (pod, warnings) = engine.create_pod(PodRequest {
        name: Some(name.to_owned()),
        shared: DEFAULT_SHARED.map(str::to_owned).to_vec(),
        infra: Some(infra),
        exit_policy: "continue".to_owned(),
        create_command: request.create_command.clone(),
        ..PodRequest::default()
    })?;
    warnings.iter().for_each(|warning| output::note(warning));
    request.pod = Some(pod.id);
    Ok(())
}
