//! `generate systemd`.

use super::command::{Words, escaped};
use super::service::Service;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Verb};
use crate::cli::values;
use crate::engine::lifecycle::Container;
use crate::engine::pods::PodSummary;
use crate::engine::request::RootSource;
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// What systemd takes for `Restart=` (systemd.service(5)).
const RESTARTS: [&str; 7] = ["no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"];
/// When nothing else was asked for.
const RESTART: &str = "on-failure";
/// Seconds that systemd waits longer than we do before it kills everything, so that we can clean up.
const STOP_MARGIN: u32 = 60;

/// `generate systemd CONTAINER|POD`.
#[derive(Args, Debug)]
pub(crate) struct Systemd {
    /// Call services and containers by names instead of IDs
    #[arg(short, long)]
    name: bool,
    /// Write files into the working directory and print their paths
    #[arg(short, long)]
    files: bool,
    /// Make the container anew at each start, and remove it at each stop
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean)]
    new: Option<bool>,
    /// Make a template for services NAME@INSTANCE; implies --new
    #[arg(long)]
    template: bool,
    /// Leave out the lines that say who made the file and when
    #[arg(long)]
    no_header: bool,
    /// Seconds a start may take; 0 is systemd's default
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned)]
    start_timeout: Option<u32>,
    /// Seconds the container has to stop [default: the container's own]
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned)]
    stop_timeout: Option<u32>,
    /// Old name of --stop-timeout
    #[arg(short, long, hide = true, value_name = "SECONDS", value_parser = values::unsigned)]
    time: Option<u32>,
    /// When systemd starts it again: no, on-success, on-failure, on-abnormal, on-watchdog, on-abort or always [default: the
    /// container's policy, else on-failure]
    #[arg(long, value_name = "POLICY")]
    restart_policy: Option<String>,
    /// Seconds before that
    #[arg(long, value_name = "SECONDS", value_parser = values::unsigned)]
    restart_sec: Option<u32>,
    /// What services of containers begin with
    #[arg(long, value_name = "PREFIX", default_value = "container")]
    container_prefix: String,
    /// What services of pods begin with
    #[arg(long, value_name = "PREFIX", default_value = "pod")]
    pod_prefix: String,
    /// What stands between that and the name
    #[arg(long, value_name = "TEXT", default_value = "-")]
    separator: String,
    /// Unit that is started as well; may be repeated
    #[arg(long, value_name = "UNIT")]
    wants: Vec<String>,
    /// Unit after which it is started; may be repeated
    #[arg(long, value_name = "UNIT")]
    after: Vec<String>,
    /// Unit without which it does not run; may be repeated
    #[arg(long, value_name = "UNIT")]
    requires: Vec<String>,
    /// Variable of the service's commands; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// How the services are printed: json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    #[arg(hide = true)]
    arguments: Vec<String>,
}

impl Verb for Systemd {
    const NAME: &'static str = "systemd";
    const ABOUT: &'static str = "Generate systemd units for a container or a pod";
    const DETAILS: &'static str = "Prints a service that starts and stops the container; of a pod, one for it and one for each of \
        its containers. They belong into ~/.config/systemd/user. With --new the service makes the container anew by the \
        command that made it and removes it at the end. Services of type notify learn the container's keeper as their main \
        process. Quadlet files (coracle quadlet) are easier to keep.";
    const ARGUMENTS: &'static str = "CONTAINER|POD";
    const ARITY: Arity = Arity::Exactly(1);
    const EXAMPLES: &'static str = "coracle generate systemd --new --name web >~/.config/systemd/user/web.service\n\
        coracle generate systemd --files --name my-pod";

    fn run(mut self, context: &Context) -> Result<ExitCode, Failure> {
        self.check()?;
        let engine = context.engine();
        let name = self.arguments.first().map(String::as_str).unwrap_or_default();
        let making = Making { options: &self, context, program: program() };
        let services = match (engine.container(name), engine.pod(name)) {
            (Ok(container), _) => vec![making.container(&container, None)?],
            (_, Ok(pod)) => making.pod(&pod)?,
            (Err(container), Err(pod)) => {
                return Err(Failure::Arguments(format!(
                    "{name} does not refer to a container or pod: {pod}: {container}"
                )));
            }
        };
        self.print(&services)
    }
}

/// This program, as systemd is to start it.
fn program() -> String {
    std::env::current_exe().map_or_else(|_| "/usr/bin/coracle".to_owned(), |path| path.display().to_string())
}

impl Systemd {
    fn check(&mut self) -> Result<(), Failure> {
        let wrong = |text: String| Err(Failure::Arguments(text));
        match self.new {
            Some(false) if self.template => return wrong("--template cannot be set with --new=false".to_owned()),
            _ if self.template => self.new = Some(true),
            _ => {}
        }
        if self.stop_timeout.is_some() && self.time.is_some() {
            return wrong("stop-timeout and time are redundant and cannot be used together".to_owned());
        }
        self.stop_timeout = self.stop_timeout.or(self.time);
        if let Some(policy) = self.restart_policy.as_deref().filter(|policy| !RESTARTS.contains(policy)) {
            return wrong(format!("{policy} is not a valid restart policy"));
        }
        if let Some(format) = self.format.as_deref().filter(|format| !format.is_empty() && !output::is_json(format)) {
            return wrong(format!("unknown --format argument: {format}"));
        }
        Ok(())
    }

    fn print(&self, services: &[Service]) -> Result<ExitCode, Failure> {
        let is_json = self.format.as_deref().is_some_and(output::is_json);
        let mut units = serde_json::Map::new();
        let mut plain = String::new();
        for service in services {
            let mut text = service.text();
            if self.files {
                text = write(service, &text)?;
                plain.push_str(&format!("{text}\n"));
            } else {
                plain.push_str(&text);
            }
            units.insert(service.name.clone(), text.into());
        }
        match is_json {
            true => output::print(&(output::json(&units, output::JsonLayout::Indented(1)) + "\n")),
            false => output::print(&plain),
        }
    }
}

/// Writes a service into the working directory; the file's path.
fn write(service: &Service, text: &str) -> Result<String, Failure> {
    let file = format!("{}.service", service.name);
    let path = std::env::current_dir().map_or_else(|_| Path::new(&file).to_owned(), |here| here.join(&file));
    std::fs::write(&path, text).map_err(|source| Failure::File { what: "write", path: path.clone(), source })?;
    Ok(path.display().to_string())
}

/// What all services of one command have in common.
struct Making<'a> {
    options: &'a Systemd,
    context: &'a Context,
    program: String,
}

impl Making<'_> {
    fn is_new(&self) -> bool {
        self.options.new == Some(true)
    }

    fn service_name(&self, prefix: &str, id: &str, name: &str) -> String {
        let called = if self.options.name { name } else { id };
        if prefix.is_empty() { called.to_owned() } else { format!("{prefix}{}{called}", self.options.separator) }
    }

    fn of_container(&self, container: &Container) -> String {
        self.service_name(&self.options.container_prefix, &container.record.id, &container.record.name)
    }

    /// What does not depend on whether it is a container or a pod.
    fn begin(&self, name: String, stop_seconds: u32) -> Service {
        let options = self.options;
        let program = if self.context.program == "docker" { "coracle" } else { &self.context.program };
        let now = jiff::Zoned::now().strftime("%a %b %e %H:%M:%S %Z %Y").to_string();
        let title = if program == "podman" { "Podman" } else { program };
        let header = vec![format!("autogenerated by {title} {}", env!("CARGO_PKG_VERSION")), now];
        Service {
            name,
            program: program.to_owned(),
            header: if options.no_header { Vec::new() } else { header },
            is_template: options.template,
            run_root: match self.is_new() {
                true => "%t/coracle".to_owned(),
                false => self.context.paths().run_root.display().to_string(),
            },
            wants: options.wants.clone(),
            after: options.after.clone(),
            requires: options.requires.clone(),
            environment: options.env.iter().map(|variable| escaped(variable)).collect(),
            restart: options.restart_policy.clone().unwrap_or_else(|| RESTART.to_owned()),
            restart_seconds: options.restart_sec,
            start_seconds: options.start_timeout.unwrap_or(0),
            stop_seconds: STOP_MARGIN + stop_seconds,
            ..Service::default()
        }
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        std::iter::once(self.program.as_str()).chain(words.iter().copied()).map(str::to_owned).collect()
    }

    /// The service of a container; `pod` is the service of its pod.
    fn container(&self, container: &Container, pod: Option<&str>) -> Result<Service, Failure> {
        let record = &container.record;
        let called = if self.options.name { &record.name } else { &record.id };
        let stop_seconds = self.options.stop_timeout.unwrap_or(record.stop_timeout_seconds);
        let mut service = self.begin(self.of_container(container), stop_seconds);
        service.bound_to = pod.map(str::to_owned).into_iter().collect();
        if self.is_new() {
            return self.new_container(service, container, pod, stop_seconds);
        }
        let policy = record.restart_policy().parts().0;
        if policy != "no" {
            self.context.warn(&format!(
                "Container {} has restart policy {policy:?} which can lead to issues on shutdown: consider recreating the container without a restart policy and use systemd's restart mechanism instead",
                record.id
            ));
        }
        service.start = self.words(&["start", called]);
        service.stop = self.words(&["stop", "-t", &stop_seconds.to_string(), called]);
        service.stopped = service.stop.clone();
        service.pid_file = record.request.keeper_pidfile.as_ref().map(|path| path.display().to_string());
        Ok(service)
    }

    fn new_container(
        &self,
        mut service: Service,
        container: &Container,
        pod: Option<&str>,
        stop_seconds: u32,
    ) -> Result<Service, Failure> {
        let (record, request) = (&container.record, &container.record.request);
        let after_options = usize::from(request.root != RootSource::Nothing) + request.command.len();
        let mut typed = Words::of_container(&request.create_command, after_options).ok_or_else(|| {
            let words = request.create_command.join(" ");
            Failure::Arguments(format!("container's create command is too short or invalid: [{words}]"))
        })?;
        self.take_policy(&mut service, &typed);
        let variables = typed.inherited_variables();
        let own = record.plan.spec.process().as_ref().and_then(|process| process.env().clone()).unwrap_or_default();
        let is_inherited =
            |variable: &&String| variable.split_once('=').is_some_and(|(name, _)| variables.contains(&name));
        service.environment.splice(0..0, own.iter().filter(is_inherited).map(|variable| escaped(variable)));
        typed.without_replaced();
        let mut added = vec!["--cidfile=%t/%n.ctr-id", "--cgroups=no-conmon", "--rm"];
        let pod_file = pod.map(|pod| format!("%t/{pod}.pod-id"));
        if let Some(file) = &pod_file {
            added.extend(["--pod-id-file", file]);
            typed.without_pod();
        }
        if !matches!(typed.value("--sdnotify"), Some("conmon" | "healthy" | "container")) {
            typed.remove("--sdnotify", true);
            added.push("--sdnotify=conmon");
        }
        if !typed.detaches() {
            typed.remove_denied("--detach", Some("-d"));
            added.push("-d");
        }
        if typed.has("--name") && !typed.is_on("--replace") {
            typed.remove_denied("--replace", None);
            added.push("--replace");
        }
        if self.options.template {
            name_instances(&mut typed, &service.name);
        }
        let escape = |word: &String| escaped(word);
        service.start = self.words(&[]);
        service.start.extend(typed.global.iter().map(escape));
        service.start.push("run".to_owned());
        service.start.extend(added.into_iter().map(str::to_owned));
        // What is put in for an instance is systemd's to read.
        service.start.extend(typed.options.iter().map(|word| escaped(word).replace("-%%i", "-%i")));
        service.start.extend(typed.rest.iter().map(escape));
        let seconds = stop_seconds.to_string();
        service.before = vec![["/bin/rm", "-f", "%t/%n.ctr-id"].map(str::to_owned).to_vec()];
        service.stop = self.words(&["stop", "--ignore", "-t", &seconds, "--cidfile=%t/%n.ctr-id"]);
        service.stopped = self.words(&["rm", "-f", "--ignore", "-t", &seconds, "--cidfile=%t/%n.ctr-id"]);
        Ok(service)
    }

    /// A policy the container has becomes systemd's.
    fn take_policy(&self, service: &mut Service, typed: &Words) {
        let Some(policy) = typed.value("--restart").filter(|_| self.options.restart_policy.is_none()) else { return };
        match policy.split_once(':') {
            Some((policy, limit)) => {
                service.restart = policy.to_owned();
                service.start_limit = Some(limit.to_owned());
            }
            None if policy == "unless-stopped" => service.restart = "always".to_owned(),
            None if policy.is_empty() => {}
            None => service.restart = policy.to_owned(),
        }
    }

    /// The services of a pod and of its containers.
    fn pod(&self, pod: &PodSummary) -> Result<Vec<Service>, Failure> {
        if self.options.template {
            return Err(Failure::Arguments("--template is not supported for pods".to_owned()));
        }
        let infra = pod.infra().ok_or_else(|| {
            Failure::Arguments(format!("generating systemd unit files: Pod {:?} has no infra container", pod.pod.name))
        })?;
        let record = &infra.record;
        let stop_seconds = self.options.stop_timeout.unwrap_or(record.stop_timeout_seconds);
        let name = self.service_name(&self.options.pod_prefix, &pod.pod.id, &pod.pod.name);
        let mut service = self.begin(name.clone(), stop_seconds);
        let members: Vec<&Container> = pod.members.iter().filter(|member| member.record.id != record.id).collect();
        service.members = members.iter().map(|member| self.of_container(member)).collect();
        service.members.sort();
        if self.is_new() {
            self.new_pod(&mut service, pod, stop_seconds)?;
        } else {
            let called = if self.options.name { &record.name } else { &record.id };
            service.start = self.words(&["start", called]);
            service.stop = self.words(&["stop", "-t", &stop_seconds.to_string(), called]);
            service.stopped = service.stop.clone();
        }
        let mut services = vec![service];
        for member in members {
            services.push(self.container(member, Some(&name))?);
        }
        Ok(services)
    }

    fn new_pod(&self, service: &mut Service, pod: &PodSummary, stop_seconds: u32) -> Result<(), Failure> {
        let mut typed = Words::of_pod(&pod.pod.create_command).ok_or_else(|| {
            let words = pod.pod.create_command.join(" ");
            Failure::Arguments(format!("pod does not appear to be created via `podman pod create`: [{words}]"))
        })?;
        typed.without_pod();
        let global: Vec<String> = typed.global.iter().map(|word| escaped(word)).collect();
        let (pid, id) = (format!("%t/{}.pid", service.name), format!("%t/{}.pod-id", service.name));
        let pod_verb = |words: &[&str]| {
            let mut line = self.words(&[]);
            line.extend(global.iter().cloned());
            line.push("pod".to_owned());
            line.extend(words.iter().map(|word| (*word).to_owned()));
            line
        };
        let mut create = pod_verb(&["create", "--infra-conmon-pidfile", &pid, "--pod-id-file", &id]);
        if !typed.has("--exit-policy") {
            create.push("--exit-policy=stop".to_owned());
        }
        let replaces = typed.has("--name") && !typed.is_on("--replace");
        if replaces {
            typed.remove_denied("--replace", None);
        }
        create.extend(typed.options.iter().map(|word| escaped(word)));
        create.extend(replaces.then(|| "--replace".to_owned()));
        service.before = vec![["/bin/rm", "-f", &pid, &id].map(str::to_owned).to_vec(), create];
        service.start = pod_verb(&["start", "--pod-id-file", &id]);
        service.stop = pod_verb(&["stop", "--ignore", "--pod-id-file", &id, "-t", &stop_seconds.to_string()]);
        service.stopped = pod_verb(&["rm", "--ignore", "-f", "--pod-id-file", &id]);
        service.pid_file = Some(pid);
        Ok(())
    }
}

/// Each instance of a template has a container of its own name.
fn name_instances(typed: &mut Words, service: &str) {
    let at = typed.options.iter().position(|word| word == "--name" || word.starts_with("--name="));
    match at {
        Some(at) if typed.options[at] == "--name" => {
            if let Some(name) = typed.options.get_mut(at + 1) {
                name.push_str("-%i");
            }
        }
        Some(at) => typed.options[at].push_str("-%i"),
        None => typed.options.insert(0, format!("--name={service}-%i")),
    }
}
