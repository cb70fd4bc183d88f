//! `containers.conf`: defaults of options for `run` and `create`, shared with podman (containers.conf(5)).
//!
//! ```text
//! /usr/share/containers/containers.conf
//! /etc/containers/containers.conf           containers.conf.d/*.conf beside it, by name
//! ~/.config/containers/containers.conf      likewise
//! $CONTAINERS_CONF                          instead of all of these
//! $CONTAINERS_CONF_OVERRIDE                 last
//! ```
//!
//! A later file's value replaces an earlier one's; a list that holds `{append=true}` is added to what was there. Keys that mean
//! nothing here are ignored, as podman ignores those it does not know: one file serves both. What the keys change stands with the
//! options (`fill` in [`super::options`]); an option on the command line always wins, and a list on it is added to the file's where
//! podman does so.

use crate::store::events;
use serde::Deserialize;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use toml::{Table, Value};

/// The variable that names the one file to read.
const ONLY: &str = "CONTAINERS_CONF";
/// The variable that names a file to read last.
const LAST: &str = "CONTAINERS_CONF_OVERRIDE";
/// Far more than such a file is long, in bytes.
const LIMIT_BYTES: u64 = 1 << 20;

/// What the files say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    /// `[containers]`.
    pub(crate) containers: Containers,
    /// `[engine]`.
    pub(crate) engine: EngineDefaults,
}

/// `[containers]`; the names are the file's, and the options' for most.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Containers {
    pub(crate) annotations: Vec<String>,
    pub(crate) base_hosts_file: Option<String>,
    pub(crate) cgroupns: Option<String>,
    pub(crate) cgroups: Option<String>,
    pub(crate) default_capabilities: Option<Vec<String>>,
    pub(crate) default_sysctls: Vec<String>,
    pub(crate) default_ulimits: Vec<String>,
    pub(crate) devices: Vec<String>,
    pub(crate) dns_options: Vec<String>,
    pub(crate) dns_searches: Vec<String>,
    pub(crate) dns_servers: Vec<String>,
    pub(crate) env: Vec<String>,
    pub(crate) env_host: bool,
    pub(crate) host_containers_internal_ip: Option<String>,
    pub(crate) http_proxy: Option<bool>,
    pub(crate) init: bool,
    pub(crate) ipcns: Option<String>,
    pub(crate) log_driver: Option<String>,
    pub(crate) log_size_max: Option<i64>,
    pub(crate) mounts: Vec<String>,
    pub(crate) netns: Option<String>,
    pub(crate) no_hosts: bool,
    pub(crate) oom_score_adj: Option<i64>,
    pub(crate) pidns: Option<String>,
    pub(crate) pids_limit: Option<i64>,
    pub(crate) privileged: bool,
    pub(crate) read_only: bool,
    pub(crate) seccomp_profile: Option<String>,
    pub(crate) shm_size: Option<String>,
    pub(crate) tz: Option<String>,
    pub(crate) umask: Option<String>,
    pub(crate) userns: Option<String>,
    pub(crate) utsns: Option<String>,
    pub(crate) volumes: Vec<String>,
}

/// `[engine]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct EngineDefaults {
    pub(crate) detach_keys: Option<String>,
    /// Variables of the program itself.
    pub(crate) env: Vec<String>,
    pub(crate) events_logfile_max_size: Option<Value>,
    pub(crate) events_logfile_path: Option<PathBuf>,
    pub(crate) events_logger: Option<String>,
    pub(crate) image_volume_mode: Option<String>,
    pub(crate) pull_policy: Option<String>,
    pub(crate) stop_timeout: Option<u32>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigurationError {
    /// One that a variable names is not there, or any cannot be read.
    #[error("{what}: open {}: {}", .path.display(), super::failure::describe(.source))]
    File {
        /// Whose file it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or a key has a value of another type.
    #[error("decode configuration {}: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// In one line.
        reason: String,
    },
}

impl Configuration {
    /// Reads the files of this user. Blocks for a few small files.
    ///
    /// # Errors
    /// A file that cannot be read or understood; those that are not there say nothing, unless a variable names them.
    pub(crate) fn load() -> Result<Self, ConfigurationError> {
        let mut merged = Table::new();
        for Source { what, path, text } in sources() {
            match text {
                Ok(text) => add(&mut merged, text, path)?,
                Err(error) => {
                    let source =
                        error.raw_os_error().map_or_else(|| error.kind().into(), std::io::Error::from_raw_os_error);
                    return Err(ConfigurationError::File { what, path: path.clone(), source });
                }
            }
        }
        Ok(typed(merged).unwrap_or_default()) // each file was tried by itself
    }
}

/// What concerns every command: where events go, for which `backend` (`--events-backend`) has the last word, and variables of the
/// program itself. Files that say nothing of it are not parsed, and those that cannot be used are told of by `run`. The process
/// has one thread.
pub(crate) fn prepare(backend: Option<&str>) {
    let engine = match speaks_of_engine() {
        true => Configuration::load().unwrap_or_default().engine,
        false => EngineDefaults::default(),
    };
    for (name, value) in engine.env.iter().filter_map(|text| text.split_once('=')) {
        if !name.is_empty() && !name.contains('\0') && !value.contains('\0') && std::env::var_os(name).is_none() {
            crate::sys::environment::set(name, value);
        }
    }
    let limit_bytes = engine.events_logfile_max_size.and_then(|size| match size {
        Value::Integer(bytes) => u64::try_from(bytes).ok(),
        Value::String(text) => super::values::size_bytes(&text).ok(),
        _ => None,
    });
    let path = engine.events_logfile_path.filter(|path| path.is_absolute());
    let is_off = backend.or(engine.events_logger.as_deref()) == Some("none");
    if is_off || path.is_some() || limit_bytes.is_some() {
        events::configure(events::Settings { is_off, path, limit_bytes });
    }
}

fn speaks_of_engine() -> bool {
    let keys = ["events_logger", "events_logfile", "env"];
    // Files that a variable names may be written in any way; it is the usual ones that every command meets.
    let is_named = [ONLY, LAST].into_iter().any(|name| variable(name).is_some());
    let speaks = |text: &String| text.lines().any(|line| keys.iter().any(|key| line.trim_start().starts_with(key)));
    is_named || sources().iter().any(|source| source.text.as_ref().is_ok_and(speaks))
}

/// A file that says something, or cannot be read.
struct Source {
    /// What it is to the user.
    what: &'static str,
    path: PathBuf,
    text: std::io::Result<String>,
}

/// The files, the weakest first. They are read once in a process: what every command looks for and what `run` takes is the same.
fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let source = |what, path: PathBuf| Source { what, text: read(&path), path };
        let is_there = |source: &Source| !source.text.as_ref().is_err_and(is_absent);
        let mut sources: Vec<Source> = match variable(ONLY) {
            Some(path) => vec![source("CONTAINERS_CONF file", path)],
            None => {
                let usual = usual_files().into_iter().map(|path| source("reading configuration", path));
                usual.filter(is_there).collect()
            }
        };
        sources.extend(variable(LAST).map(|path| source("CONTAINERS_CONF_OVERRIDE file", path)));
        sources
    })
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A file that nobody wrote, or whose directory is closed to this user, as under a home that is not there.
fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

/// The files that are read when no variable says otherwise, the weakest first.
fn usual_files() -> Vec<PathBuf> {
    let user = dirs::config_dir().map(|directory| directory.join("containers"));
    let mut files = vec![PathBuf::from("/usr/share/containers/containers.conf")];
    for directory in [Some(PathBuf::from("/etc/containers")), user].into_iter().flatten() {
        files.push(directory.join("containers.conf"));
        let drop_ins = std::fs::read_dir(directory.join("containers.conf.d")).into_iter().flatten().flatten();
        let mut drop_ins: Vec<PathBuf> = drop_ins.map(|entry| entry.path()).collect();
        drop_ins.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
        drop_ins.sort();
        files.extend(drop_ins);
    }
    files
}

fn read(path: &Path) -> std::io::Result<String> {
    let file = std::fs::File::open(path)?;
    let length_bytes = file.metadata()?.len().min(LIMIT_BYTES);
    let mut text = Vec::with_capacity(length_bytes as usize + 1); // and one to find the end by
    file.take(LIMIT_BYTES).read_to_end(&mut text)?;
    String::from_utf8(without_comments(&text)).map_err(|_| std::io::ErrorKind::InvalidData.into())
}

/// The text without lines that are comments: most of what distributions ship, and not worth being parsed by every command.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let line = match rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            Some(at) if rest[at] == b'#' => {
                // The C library's search for the newline: several times as fast as a loop over bytes.
                let _ = rest.skip_until(b'\n'); // reading from memory cannot fail
                continue;
            }
            Some(at) => &rest[at..],
            None => break,
        };
        rest = line;
        let length = rest.skip_until(b'\n').unwrap_or_default();
        let line = &line[..length];
        kept.extend_from_slice(line);
        // A text of several lines may hold what looks like a comment.
        if [b"\"\"\"", b"'''"].iter().any(|quotes| line.windows(3).any(|window| window == *quotes)) {
            break;
        }
    }
    kept.extend_from_slice(rest);
    kept
}

/// Merges the text of one file.
fn add(merged: &mut Table, text: &str, path: &Path) -> Result<(), ConfigurationError> {
    let wrong = |error: toml::de::Error| ConfigurationError::Content {
        path: path.to_owned(),
        reason: error.message().lines().collect::<Vec<_>>().join(" "),
    };
    let table: Table = toml::from_str(text).map_err(wrong)?;
    typed(table.clone()).map_err(wrong)?;
    merge(merged, table);
    Ok(())
}

fn typed(table: Table) -> Result<Configuration, toml::de::Error> {
    let sections = table.into_iter().map(|(name, section)| match section {
        Value::Table(keys) => (name, Value::Table(keys.into_iter().map(|(key, value)| (key, plain(value))).collect())),
        other => (name, other),
    });
    Value::Table(sections.collect()).try_into()
}

/// A list without its `{append=true}`.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().filter(|item| !item.is_table()).collect()),
        other => other,
    }
}

fn appends(items: &[Value]) -> bool {
    items.iter().any(|item| item.get("append").and_then(Value::as_bool) == Some(true))
}

/// Puts the keys of the sections of `over` into those of `base`.
fn merge(base: &mut Table, over: Table) {
    for (name, section) in over {
        match (base.get_mut(&name), section) {
            (Some(Value::Table(known)), Value::Table(keys)) => {
                for (key, value) in keys {
                    match (known.get_mut(&key), value) {
                        (Some(Value::Array(before)), Value::Array(items)) if appends(&items) => before.extend(items),
                        (_, value) => drop(known.insert(key, value)),
                    }
                }
            }
            (_, section) => drop(base.insert(name, section)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Result<Configuration, String> {
        let mut merged = Table::new();
        for text in texts {
            add(&mut merged, text, Path::new("/c.conf")).map_err(|error| error.to_string())?;
        }
        typed(merged).map_err(|error| error.to_string())
    }

    #[test]
    fn later_files_win_and_lists_may_be_added_to() {
        let first = "[containers]\nenv=[\"A=1\"]\ninit=true\ntz=\"local\"\n[engine]\nstop_timeout=3\nunknown={a=1}\n";
        let found = of(&[first, "[containers]\nenv=[\"B=2\", {append=true}]\ntz=\"UTC\"\n"]).unwrap();
        assert_eq!(found.containers.env, ["A=1", "B=2"]);
        assert_eq!((found.containers.tz.as_deref(), found.containers.init), (Some("UTC"), true));
        assert_eq!(found.engine.stop_timeout, Some(3));
        assert_eq!(of(&[first, "[containers]\nenv=[]\n"]).unwrap().containers.env, [""; 0]);
    }

    #[test]
    fn comments_are_left_out_where_they_are_none_of_a_text() {
        let without = |text: &str| String::from_utf8(without_comments(text.as_bytes())).unwrap();
        let text = "# one\n[containers]\n  # two\n\n  env = [\n# three\n\"A=1\", # four\n]\n  \n# end";
        assert_eq!(without(text), "[containers]\nenv = [\n\"A=1\", # four\n]\n");
        for quotes in ["\"\"\"", "'''"] {
            let text = format!("[containers]\ntz = {quotes}\n# no comment\n{quotes}\n");
            assert_eq!(without(&text), text);
        }
    }

    #[test]
    fn what_is_no_configuration_is_told_in_one_line() {
        for text in ["[containers\n", "[containers]\ninit=\"maybe\"\n", "containers=1\n"] {
            let error = of(&[text]).unwrap_err();
            assert!(error.starts_with("decode configuration /c.conf: ") && !error.contains('\n'), "{error}");
        }
        assert_eq!(of(&["[secrets]\ndriver=\"x\"\n[containers]\nfuture_key=[1]\n"]), Ok(Configuration::default()));
    }
}
