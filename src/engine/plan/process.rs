//! Command, environment and capabilities.

use super::{ImageDefaults, bad};
use crate::engine::environment::host_variables;
use crate::engine::error::Error;
use crate::engine::request::{ContainerRequest, RootSource};
use crate::runtime::capabilities::{Capabilities, Wish, bounding_set, names};
use crate::runtime::failure::{Failure, FailureKind};
use crate::runtime::init::launch::DEFAULT_PATH;
use crate::runtime::plan::CapabilityPlan;
use std::collections::HashMap;

/// Entrypoint and command. An entrypoint from the request makes the image's command meaningless, as in podman.
pub(super) fn arguments(request: &ContainerRequest, image: &ImageDefaults) -> Result<Vec<String>, Error> {
    let (entrypoint, default_command) = match &request.entrypoint {
        Some(entrypoint) => (entrypoint, &Vec::new()),
        None => (&image.entrypoint, &image.command),
    };
    let command = if request.command.is_empty() { default_command } else { &request.command };
    let arguments: Vec<String> = entrypoint.iter().chain(command).cloned().collect();
    if arguments.is_empty() && matches!(request.root, RootSource::Directory { .. }) {
        let message = "executable file `` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command \
                       that was not found";
        return Err(Failure::message(message).of_kind(FailureKind::CommandNotFound).into());
    }
    if arguments.is_empty() {
        return Err(Error::BadRequest(
            "no command or entrypoint provided, and no CMD or ENTRYPOINT from image: invalid argument".to_owned(),
        ));
    }
    Ok(arguments)
}

/// The environment, weakest first: what every container has, `containers.conf`, the image, the host's proxies, the host, the request.
/// `uuid` is for systemd, which makes it the machine's id.
pub(super) fn environment(
    request: &ContainerRequest,
    image: &ImageDefaults,
    hostname: &str,
    uuid: Option<&str>,
) -> Vec<String> {
    let mut environment = Environment::default();
    if let Some(uuid) = uuid {
        environment.set("container_uuid", uuid);
    }
    environment.set("PATH", DEFAULT_PATH);
    environment.set("container", if request.is_made_by_podman() { "podman" } else { "oci" });
    if request.tty {
        environment.set("TERM", "xterm");
    }
    if request.http_proxy {
        environment.extend(host_variables(|name| PROXY_VARIABLES.contains(&name)));
    }
    environment.extend(request.base_env.iter().cloned());
    environment.extend(image.environment.iter().cloned());
    if request.env_host {
        environment.extend(host_variables(|_| true));
    }
    let merged: Vec<String> = request.env_merge.iter().map(|entry| environment.expand(entry)).collect();
    environment.extend(merged);
    environment.set("HOSTNAME", hostname);
    environment.extend(request.env.iter().cloned());
    if request.unset_env_all {
        environment.entries.retain(|(name, _)| request.env.iter().any(|entry| entry.split('=').next() == Some(name)));
    }
    environment.entries.retain(|(name, _)| !request.unset_env.contains(name));
    environment.entries.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Variables that `--http-proxy` passes on.
const PROXY_VARIABLES: [&str; 8] =
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"];

/// The environment of a further process: the container's, a terminal's, what was asked for.
pub(in crate::engine) fn further_environment(container: &[String], tty: bool, asked: &[String]) -> Vec<String> {
    let mut environment = Environment::default();
    environment.extend(container.iter().cloned());
    if tty && !container.iter().any(|entry| entry.starts_with("TERM=")) {
        environment.set("TERM", "xterm");
    }
    environment.extend(asked.iter().cloned());
    environment.entries.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[derive(Default)]
struct Environment {
    entries: Vec<(String, String)>,
    /// Where each name is: an image may have very many.
    places: HashMap<String, usize>,
}

impl Environment {
    fn set(&mut self, name: &str, value: &str) {
        match self.places.get(name).and_then(|place| self.entries.get_mut(*place)) {
            Some((_, known)) => *known = value.to_owned(),
            None => {
                self.places.insert(name.to_owned(), self.entries.len());
                self.entries.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn extend(&mut self, entries: impl IntoIterator<Item = String>) {
        for entry in entries {
            let (name, value) = entry.split_once('=').unwrap_or((&entry, ""));
            self.set(name, value);
        }
    }

    /// `NAME=text with ${OTHER}` (`--env-merge`).
    fn expand(&self, entry: &str) -> String {
        let mut text = entry.to_owned();
        for (name, value) in &self.entries {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        text
    }
}

/// Capabilities as root and as anybody else, and root's names for `inspect`.
pub(super) fn capabilities(request: &ContainerRequest) -> Result<(CapabilityPlan, Vec<String>), Error> {
    let choose = |root| {
        let wish = Wish {
            usual: request.default_capabilities.as_deref(),
            add: &request.cap_add,
            drop: &request.cap_drop,
            privileged: request.privileged,
            root,
        };
        // The new user namespace starts with all; its bounding set is the caller's.
        Capabilities::choose(wish, bounding_set()).map_err(bad)
    };
    let plan = CapabilityPlan { root: choose(true)?, other: choose(false)? };
    let listed = names(plan.root.bounding_set()).map(str::to_owned).collect();
    Ok((plan, listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> ContainerRequest {
        ContainerRequest::new(RootSource::Image("x".into()))
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn entrypoint_and_command() {
        let image = ImageDefaults { entrypoint: words("/e"), command: words("c d"), ..ImageDefaults::default() };
        let cases = [
            (None, "", "/e c d"),
            (None, "x", "/e x"),
            (Some("/n"), "", "/n"),
            (Some("/n"), "y", "/n y"),
            (Some(""), "z", "z"),
        ];
        for (entrypoint, command, expected) in cases {
            let request = ContainerRequest { entrypoint: entrypoint.map(words), command: words(command), ..request() };
            assert_eq!(arguments(&request, &image).unwrap(), words(expected));
        }
        assert!(arguments(&ContainerRequest { entrypoint: Some(vec![]), ..request() }, &image).is_err());
    }

    #[test]
    fn the_request_has_the_last_word_on_the_environment() {
        let image = ImageDefaults { environment: vec!["A=1".into(), "B=2".into()], ..ImageDefaults::default() };
        let request = ContainerRequest {
            env: vec!["B=3".into(), "C=".into()],
            env_merge: vec!["A=${A}:x".into()],
            unset_env: vec!["container".into()],
            http_proxy: false,
            ..request()
        };
        let environment = environment(&request, &image, "host", None);
        assert_eq!(environment[1..], ["A=1:x", "B=3", "HOSTNAME=host", "C="].map(str::to_owned));
    }
}
