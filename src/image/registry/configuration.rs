//! Where a name leads: registries.conf, version 2 (containers-registries.conf(5)).
//!
//! One main file - `CONTAINERS_REGISTRIES_CONF`, else the user's, else the system's - and then the drop-ins of the
//! system and of the user, later ones winning per prefix, per alias and for the search list. From it come the names
//! a short name stands for ([`Configuration::candidates`]) and the places to try for one name
//! ([`Configuration::endpoints`]): mirrors in order, then the registry itself. Unknown keys are ignored, as other
//! programs add some.

use super::error::Error;
use crate::image::reference::Reference;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The merged files.
#[derive(Debug, Default)]
pub struct Configuration {
    search: Vec<String>,
    registries: BTreeMap<String, Registry>,
    aliases: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    unqualified_search_registries: Option<Vec<String>>,
    registry: Vec<Registry>,
    aliases: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Registry {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<Mirror>,
    /// The file it came from, for messages.
    #[serde(skip)]
    file: PathBuf,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Mirror {
    location: String,
    insecure: bool,
    pull_from_mirror: String,
}

/// One place to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What to ask for, rewritten to this place.
    pub reference: Reference,
    /// Whether certificates are not verified and plain HTTP will do.
    pub insecure: bool,
}

impl Configuration {
    /// Reads all files. Blocks on the disk only.
    pub fn load() -> Result<Self, Error> {
        let user = dirs::config_dir().map(|dir| dir.join("containers"));
        let system = Path::new("/etc/containers");
        let from_environment =
            std::env::var_os("CONTAINERS_REGISTRIES_CONF").filter(|path| !path.is_empty()).map(PathBuf::from);
        let main = from_environment
            .or_else(|| user.as_ref().map(|dir| dir.join("registries.conf")).filter(|path| path.exists()))
            .unwrap_or_else(|| system.join("registries.conf"));
        let mut configuration = Configuration::default();
        configuration.read(&main)?;
        for directory in [Some(system.to_owned()), user].into_iter().flatten() {
            for file in drop_ins(&directory.join("registries.conf.d")) {
                configuration.read(&file)?;
            }
        }
        Ok(configuration)
    }

    /// The registries a short name is looked for in, in order; empty when no file says.
    pub fn search(&self) -> &[String] {
        &self.search
    }

    fn read(&mut self, path: &Path) -> Result<(), Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => self.add(&text, path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(Error::File { path: path.to_owned(), source }),
        }
    }

    /// Merges the text of one file.
    fn add(&mut self, text: &str, path: &Path) -> Result<(), Error> {
        let file: File = toml::from_str(text)
            .map_err(|source| Error::Configuration { path: path.to_owned(), source: Box::new(source) })?;
        if let Some(search) = file.unqualified_search_registries {
            self.search = search;
        }
        for mut registry in file.registry {
            if registry.prefix.is_empty() {
                registry.prefix.clone_from(&registry.location);
            }
            registry.file = path.to_owned();
            self.registries.insert(registry.prefix.clone(), registry);
        }
        for (alias, target) in file.aliases {
            // An empty target takes an alias of an earlier file away.
            if target.is_empty() {
                self.aliases.remove(&alias)
            } else {
                self.aliases.insert(alias, target)
            };
        }
        Ok(())
    }

    /// The full names that `reference` may stand for, in the order to try. Never empty.
    pub fn candidates(&self, reference: &Reference) -> Vec<Reference> {
        let reference = reference.clone().with_default_tag();
        if !reference.is_short() {
            return vec![reference];
        }
        let short = reference.short_path();
        let targets: Vec<String> = match self.aliases.get(short) {
            Some(target) => vec![target.clone()],
            None => self.search.iter().map(|registry| format!("{registry}/{short}")).collect(),
        };
        let found: Vec<Reference> = targets.iter().filter_map(|name| reference.on_repository(name).ok()).collect();
        if found.is_empty() { vec![reference] } else { found }
    }

    /// The places to try for a full name, in order. Never empty.
    ///
    /// # Errors
    /// [`Error::Blocked`].
    pub fn endpoints(&self, reference: &Reference) -> Result<Vec<Endpoint>, Error> {
        let name = reference.name();
        let matching = self.registries.values().filter(|registry| prefix_length(&registry.prefix, &name).is_some());
        let Some(registry) = matching.max_by_key(|registry| registry.prefix.len()) else {
            return Ok(vec![Endpoint { reference: reference.clone(), insecure: false }]);
        };
        if registry.blocked {
            return Err(Error::Blocked { name: registry.prefix.clone(), path: registry.file.clone() });
        }
        let by_digest = reference.digest().is_some();
        let mirrors = registry.mirror.iter().filter(|mirror| match mirror.pull_from_mirror.as_str() {
            "digest-only" => by_digest,
            "tag-only" => !by_digest,
            _ => by_digest || !registry.mirror_by_digest_only,
        });
        let places = mirrors.map(|m| (&m.location, m.insecure)).chain([(&registry.location, registry.insecure)]);
        let rewritten = places.filter_map(|(location, insecure)| {
            let reference = reference.on_repository(&rewrite(&registry.prefix, location, &name)?).ok()?;
            Some(Endpoint { reference, insecure })
        });
        let endpoints: Vec<Endpoint> = rewritten.collect();
        Ok(if endpoints.is_empty() {
            vec![Endpoint { reference: reference.clone(), insecure: registry.insecure }]
        } else {
            endpoints
        })
    }
}

fn drop_ins(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|path| path.extension().is_some_and(|e| e == "conf")).collect();
    files.sort_unstable();
    files
}

/// How much of `name` (`host/path`) a prefix covers, if it applies: up to a `/`, or up to a port after a wildcard.
fn prefix_length(prefix: &str, name: &str) -> Option<usize> {
    if let Some(suffix) = prefix.strip_prefix('*') {
        let host_end = name.find('/')?;
        let host = &name[..host_end];
        let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
        let matches = suffix.starts_with('.') && [host, bare].iter().any(|host| host.ends_with(suffix));
        return matches.then_some(host_end);
    }
    let rest = name.strip_prefix(prefix)?;
    (!prefix.is_empty() && (rest.is_empty() || rest.starts_with('/'))).then_some(prefix.len())
}

fn rewrite(prefix: &str, location: &str, name: &str) -> Option<String> {
    if location.is_empty() {
        return Some(name.to_owned());
    }
    let covered = prefix_length(prefix, name)?;
    Some(format!("{}{}", location.trim_end_matches('/'), &name[covered..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
unqualified-search-registries = ["quay.io", "docker.io"]
short-name-mode = "enforcing"

[[registry]]
prefix = "example.com/team"
location = "internal:5000/moved"
insecure = true
[[registry.mirror]]
location = "mirror-a/x"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "mirror-b:5000"
insecure = true
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "mirror-c:5000/y/"

[[registry]]
location = "example.com"

[[registry]]
prefix = "*.corp.test"
location = "cache.test"

[[registry]]
location = "bad.test"
blocked = true

[[registry]]
location = "plain.test:80"
insecure = true

[aliases]
"thing" = "registry.test/some/thing"
"#;

    fn configuration() -> Configuration {
        let mut configuration = Configuration::default();
        configuration.add(TEXT, Path::new("/t.conf")).unwrap();
        configuration
    }

    #[test]
    fn names_lead_where_the_file_says() {
        let configuration = configuration();
        let digest = "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let with_digest = format!("example.com/team/app{digest}");
        for (name, expected) in [
            (
                "example.com/team/app:1",
                "mirror-b:5000/app:1! mirror-c:5000/y/app:1 internal:5000/moved/app:1!".to_owned(),
            ),
            (
                &with_digest,
                format!("mirror-a.t/x/app{digest} mirror-c:5000/y/app{digest} internal:5000/moved/app{digest}!"),
            ),
            ("example.com/teammate/app:1", "example.com/teammate/app:1".into()),
            ("example.com:80/team/app:1", "example.com:80/team/app:1".into()),
            ("a.corp.test/x/y:1", "cache.test/x/y:1".into()),
            ("a.b.corp.test:5000/y:1", "cache.test/y:1".into()),
            ("corp.test/y:1", "corp.test/y:1".into()),
            ("plain.test:80/y:1", "plain.test:80/y:1!".into()),
        ] {
            let endpoints = configuration.endpoints(&name.parse().unwrap()).unwrap();
            let show = |e: &Endpoint| format!("{}{}", e.reference, if e.insecure { "!" } else { "" });
            let shown = endpoints.iter().map(show).collect::<Vec<_>>().join(" ");
            // A first component without a dot is no host, so docker.io/mirror-a/x is what that entry means.
            assert_eq!(shown.replace("docker.io/mirror-a/x", "mirror-a.t/x"), expected, "{name}");
        }
        let blocked = configuration.endpoints(&"bad.test/x:1".parse().unwrap()).unwrap_err();
        assert_eq!(blocked.to_string(), "registry bad.test is blocked in /t.conf");
    }

    #[test]
    fn short_names_follow_aliases_then_the_search_list() {
        let show = |configuration: &Configuration, name: &str| {
            let candidates = configuration.candidates(&name.parse().unwrap());
            candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let configuration = configuration();
        for (name, expected) in [
            ("thing:2", "registry.test/some/thing:2"),
            ("nginx", "quay.io/nginx:latest docker.io/library/nginx:latest"),
            ("a/b:1", "quay.io/a/b:1 docker.io/a/b:1"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            ("localhost/x", "localhost/x:latest"),
        ] {
            assert_eq!(show(&configuration, name), expected, "{name}");
        }
        assert_eq!(show(&Configuration::default(), "nginx"), "docker.io/library/nginx:latest");
    }

    #[test]
    fn a_broken_file_is_named() {
        let error = Configuration::default().add("[[registry]\n", Path::new("/t.conf")).unwrap_err().to_string();
        assert!(error.starts_with("invalid registries configuration \"/t.conf\": "), "{error}");
    }
}
