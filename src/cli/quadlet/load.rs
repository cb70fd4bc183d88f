//! Finding Quadlet files and their drop-ins, and the links that `[Install]` asks for.

use super::convert::{Service, Source};
use super::unit::Unit;
use crate::cli::failure::describe;
use crate::cli::output;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings of the files.
const ENDINGS: [&str; 7] = ["container", "volume", "network", "image", "pod", "build", "kube"];
/// Levels of directories looked into.
const DEPTH: usize = 8;

/// Where files are looked for, the most important first.
pub(super) fn directories() -> Vec<PathBuf> {
    if let Some(given) = std::env::var_os("QUADLET_UNIT_DIRS").filter(|given| !given.is_empty()) {
        return std::env::split_paths(&given).filter(|directory| directory.is_absolute()).collect();
    }
    let uid = rustix::process::getuid().as_raw();
    let own = [std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from), dirs::config_dir()];
    let shared = PathBuf::from("/etc/containers/systemd/users");
    let own = own.into_iter().flatten().map(|directory| directory.join("containers/systemd"));
    own.chain([shared.join(uid.to_string()), shared]).collect()
}

/// The files, by name: one of a directory that comes earlier hides those of the same name. `mistakes` gets a line for each
/// that cannot be read.
pub(super) fn sources(directories: &[PathBuf], mistakes: &mut Vec<String>, verbose: bool) -> Vec<Source> {
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for directory in directories {
        let mut here = Vec::new();
        collect(directory, DEPTH, &mut here);
        for (name, path) in here {
            found.entry(name).or_insert(path);
        }
    }
    let mut sources = Vec::new();
    for (name, path) in found {
        if verbose {
            output::note(&format!("Loading source unit file {}", path.display()));
        }
        match read(&name, &path, directories) {
            Ok(unit) => sources.push(Source { name, path, unit }),
            Err(reason) => mistakes.push(reason),
        }
    }
    sources
}

fn collect(directory: &Path, depth: usize, found: &mut Vec<(String, PathBuf)>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if ENDINGS.contains(&ending) && path.is_file() {
            found.push((name.to_owned(), path));
        } else if depth > 0 && ending != "d" && !name.starts_with('.') && path.is_dir() {
            collect(&path, depth - 1, found);
        }
    }
}

/// A file with its drop-ins: those of its ending (`container.d`), of its template (`t@.container.d`) and its own, by name.
fn read(name: &str, path: &Path, directories: &[PathBuf]) -> Result<Unit, String> {
    let parse = |path: &Path| {
        let text =
            fs::read_to_string(path).map_err(|error| format!("reading {}: {}", path.display(), describe(&error)))?;
        Unit::parse(&text).map_err(|reason| format!("error loading {:?}, {reason}", path.display().to_string()))
    };
    let mut unit = parse(path)?;
    let (base, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut places = vec![format!("{ending}.d")];
    if let Some((template, instance)) = base.split_once('@')
        && !instance.is_empty()
    {
        places.push(format!("{template}@.{ending}.d"));
    }
    places.push(format!("{name}.d"));
    let mut drop_ins: BTreeMap<String, PathBuf> = BTreeMap::new();
    let beside = path.parent().map(Path::to_path_buf);
    for place in places.iter().rev() {
        for directory in beside.iter().chain(directories) {
            for entry in fs::read_dir(directory.join(place)).into_iter().flatten().flatten() {
                let file = entry.file_name().to_string_lossy().into_owned();
                if file.ends_with(".conf") {
                    drop_ins.entry(file).or_insert(entry.path());
                }
            }
        }
    }
    for path in drop_ins.values() {
        unit.merge(parse(path)?);
    }
    Ok(unit)
}

/// Links below the directory of services, and what they lead to: `WantedBy=`, `RequiredBy=`, `UpheldBy=`, `Alias=`.
pub(super) fn links(service: &Service) -> Vec<(PathBuf, String)> {
    let mut name = service.name.clone();
    if let Some(template) = service.name.strip_suffix("@.service") {
        // A template is wanted only as an instance.
        match service.unit.last("Install", "DefaultInstance") {
            Some(instance) => name = format!("{template}@{instance}.service"),
            None => return Vec::new(),
        }
    }
    let is_name = |word: &String| !word.contains('/') && !word.is_empty();
    let mut links = Vec::new();
    for alias in service.unit.words("Install", "Alias").into_iter().filter(is_name) {
        links.push((PathBuf::from(alias), service.name.clone()));
    }
    for (key, ending) in [("WantedBy", "wants"), ("RequiredBy", "requires"), ("UpheldBy", "upholds")] {
        for target in service.unit.words("Install", key).into_iter().filter(is_name) {
            links.push((PathBuf::from(format!("{target}.{ending}")).join(&name), format!("../{}", service.name)));
        }
    }
    links
}
