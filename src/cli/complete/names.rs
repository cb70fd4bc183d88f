//! Names of what is in the store, as candidates.

use super::{Candidate, Directive, Offer, place};
use crate::cli::context::GlobalOptions;
use crate::cli::output::human;
use crate::engine::Engine;
use crate::engine::images::directory;
use crate::engine::images::list::{ListOptions, list};
use crate::store::containers::Status;

/// Registries worth offering where one is to be named.
const REGISTRIES: [&str; 4] = ["docker.io", "ghcr.io", "quay.io", "registry.fedoraproject.org"];
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
/// So many characters must be typed before IDs are offered among names, as in podman.
const ID_CHARACTERS: usize = 2;

/// The store whose names are offered.
pub(super) struct Names {
    engine: Engine,
}

impl Names {
    pub(super) fn new(global: &GlobalOptions) -> Self {
        Names { engine: Engine::for_user(global.root.clone(), global.runroot.clone(), None) }
    }

    /// Names of the kind that a usage line calls so, that begin as typed and that `verb` can do something with.
    pub(super) fn of(&self, kind: &str, verb: &str, typing: &str) -> Vec<Candidate> {
        let all = match kind {
            "CONTAINER" => self.containers(verb, typing),
            "POD" => self.pods(typing),
            "IMAGE" => self.images(typing),
            "NETWORK" => {
                let networks = self.engine.list_networks();
                networks
                    .into_iter()
                    .map(|summary| Candidate::new(summary.network.name, summary.network.driver))
                    .collect()
            }
            "VOLUME" => {
                let volumes = self.engine.volumes().list();
                volumes.into_iter().map(|volume| Candidate::new(volume.name, "")).collect()
            }
            "SECRET" => {
                let secrets = self.engine.secrets().list();
                secrets.into_iter().map(|secret| Candidate::new(secret.name, "")).collect()
            }
            "REGISTRY" => REGISTRIES.map(|name| Candidate::new(name, "")).to_vec(),
            _ => SHELLS.map(|name| Candidate::new(name, "")).to_vec(),
        };
        all.into_iter().filter(|candidate| candidate.text.starts_with(typing)).collect()
    }

    /// Paths in an image, for the words of its command.
    pub(super) fn paths_in_image(&self, image: &str, typing: &str) -> Offer {
        place::candidates(typing, |path| directory::list(&self.engine.paths, image, path).ok().flatten())
    }

    /// Paths in a container, for `CONTAINER:PATH`.
    pub(super) fn paths_in_container(&self, typing: &str) -> Offer {
        let nothing = (Vec::new(), Directive::Default);
        let Some((name, path)) = typing.split_once(':') else { return nothing };
        let Ok(files) = self.engine.container(name).and_then(|container| self.engine.files(&container)) else {
            return nothing;
        };
        let (mut found, directive) = place::candidates(path, |path| files.list(&format!("/{path}")).ok().flatten());
        found.iter_mut().for_each(|candidate| candidate.text.insert_str(0, &format!("{name}:")));
        (found, directive)
    }

    fn containers(&self, verb: &str, typing: &str) -> Vec<Candidate> {
        let fits = |status: Status| match verb {
            "pause" | "top" | "exec" | "attach" | "kill" | "stop" | "port" => status.is_alive(),
            "unpause" => status == Status::Paused,
            "start" => !status.is_alive(),
            _ => true,
        };
        let mut found = Vec::new();
        for container in self.engine.list_containers().into_iter().filter(|one| fits(one.state.status)) {
            let record = container.record;
            if typing.len() >= ID_CHARACTERS && record.id.starts_with(typing) {
                found.push(Candidate::new(human::short_id(&record.id), record.name.clone()));
            }
            found.push(Candidate::new(record.name, record.image));
        }
        found
    }

    fn pods(&self, typing: &str) -> Vec<Candidate> {
        let mut found = Vec::new();
        for summary in self.engine.list_pods() {
            if typing.len() >= ID_CHARACTERS && summary.pod.id.starts_with(typing) {
                found.push(Candidate::new(human::short_id(&summary.pod.id), summary.pod.name.clone()));
            }
            found.push(Candidate::new(summary.pod.name.clone(), summary.status()));
        }
        found
    }

    /// Whole names; what follows the registry and the path, too, once something is typed; IDs after two characters.
    fn images(&self, typing: &str) -> Vec<Candidate> {
        let mut found = Vec::new();
        for image in list(&self.engine.paths, &ListOptions::default()).unwrap_or_default() {
            let names: Vec<&String> = image.repo_tags.iter().flatten().collect();
            if typing.len() >= ID_CHARACTERS && image.id.starts_with(typing) {
                found.push(Candidate::new(human::short_id(&image.id), names.first().map_or("", |name| name.as_str())));
            }
            for name in names {
                if !typing.is_empty() {
                    let parts: Vec<&str> = name.split('/').collect();
                    found.extend((1..parts.len()).map(|from| Candidate::new(parts[from..].join("/"), "")));
                }
                found.push(Candidate::new(name.clone(), ""));
            }
        }
        found
    }
}
