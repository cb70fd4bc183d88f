//! Device nodes of a container, and `--device`.
//!
//! A user namespace cannot make device nodes, so every device is the host's own node, bound over an empty file in the
//! container's /dev: the host's permissions keep deciding who may open it, which is why the `m` of a mode means nothing
//! here and a mode without `w` becomes a read-only bind.

use super::option_error::OptionError;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Nodes every container has (runtime specification, config-linux.md "Default Devices"; `console`, `ptmx` and `pts` belong
/// to the terminal).
pub const DEFAULT: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Links every container has in /dev, and what they point to.
pub const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];

/// Entries of /dev that `--privileged` does not pass on: the container has its own.
const OWN: [&str; 11] = ["console", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "tty", "urandom", "zero"];

/// Most device nodes taken from one directory; the largest real ones (a disk array) have some hundreds.
const MOST_DEVICES: usize = 4096;
/// Deepest directory below the one given; /dev has three levels.
const MOST_LEVELS: usize = 8;

/// `--device`, read but not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specification {
    /// Path on the host.
    pub source: String,
    /// Absolute path in the container.
    pub destination: String,
    /// Whether the container may write.
    pub writable: bool,
    /// The mode as `inspect` shows it, e.g. `rwm`.
    pub mode: String,
}

/// A host node to bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceBind {
    /// The node on the host, links resolved.
    pub source: PathBuf,
    /// Where in the container.
    pub destination: PathBuf,
    /// Whether the bind is writable.
    pub writable: bool,
}

/// Reads `HOST[:CONTAINER][:MODE]`, MODE being any of `r`, `w`, `m` once each.
///
/// # Errors
/// Text of another form.
pub fn parse(text: &str) -> Result<Specification, OptionError> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, destination, mode) = match *parts.as_slice() {
        [source] => (source, source, "rwm"),
        [source, mode] if is_mode(mode) => (source, source, mode),
        [source, destination] => (source, destination, "rwm"),
        [source, destination, mode] if is_mode(mode) => (source, destination, mode),
        [_, _, mode] => return Err(OptionError::DeviceMode(mode.to_owned())),
        _ => return Err(OptionError::DeviceSpecification(text.to_owned())),
    };
    if !destination.starts_with('/') {
        return Err(OptionError::DeviceMode(destination.to_owned()));
    }
    Ok(Specification {
        source: source.to_owned(),
        destination: destination.to_owned(),
        writable: mode.contains('w'),
        mode: mode.to_owned(),
    })
}

fn is_mode(text: &str) -> bool {
    let once = |letter| text.matches(letter).count() == 1;
    !text.is_empty() && text.chars().all(|letter| "rwm".contains(letter) && once(letter))
}

/// The host nodes a specification stands for: one, or all below a directory.
///
/// # Errors
/// A path that does not exist, is no device, or a directory without any.
pub fn find(specification: &Specification) -> Result<Vec<DeviceBind>, OptionError> {
    let typed = &specification.source;
    let stat = |source| OptionError::DeviceStat { path: typed.clone(), source };
    let source = Path::new(typed).canonicalize().map_err(stat)?;
    let metadata = source.metadata().map_err(stat)?;
    let destination = PathBuf::from(&specification.destination);
    let writable = specification.writable;
    if is_device(&metadata) {
        return Ok(vec![DeviceBind { source, destination, writable }]);
    }
    if !metadata.is_dir() {
        return Err(OptionError::NotADevice(typed.clone()));
    }
    let binds: Vec<DeviceBind> = nodes_below(&source, &[])
        .into_iter()
        .filter_map(|node| {
            let destination = destination.join(node.strip_prefix(&source).ok()?);
            Some(DeviceBind { source: node, destination, writable })
        })
        .collect();
    if binds.is_empty() { Err(OptionError::NoDevices(typed.clone())) } else { Ok(binds) }
}

/// The device nodes of the host for `--privileged`, as far as this user can see them.
pub fn all_of_host() -> Vec<DeviceBind> {
    let bind = |node: PathBuf| DeviceBind { destination: node.clone(), source: node, writable: true };
    nodes_below(Path::new("/dev"), &OWN).into_iter().map(bind).collect()
}

fn is_device(metadata: &std::fs::Metadata) -> bool {
    metadata.file_type().is_char_device() || metadata.file_type().is_block_device()
}

/// All device nodes below a directory, without following links. What cannot be read is left out: a privileged container
/// has what its user has.
fn nodes_below(directory: &Path, without: &[&str]) -> Vec<PathBuf> {
    let mut nodes = Vec::new();
    let mut waiting = vec![(directory.to_owned(), 0)];
    while let Some((current, level)) = waiting.pop() {
        for entry in std::fs::read_dir(&current).into_iter().flatten().flatten() {
            let excluded = level == 0 && entry.file_name().to_str().is_some_and(|name| without.contains(&name));
            let Ok(kind) = entry.file_type() else { continue };
            if excluded || nodes.len() >= MOST_DEVICES {
                continue;
            }
            if kind.is_char_device() || kind.is_block_device() {
                nodes.push(entry.path());
            } else if kind.is_dir() && level < MOST_LEVELS {
                waiting.push((entry.path(), level + 1));
            }
        }
    }
    nodes.sort();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let cases = [
            ("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"),
            ("/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r"),
            ("/dev/fuse:/dev/x", "/dev/fuse", "/dev/x", "rwm"),
            ("/dev/fuse:/dev/x:mr", "/dev/fuse", "/dev/x", "mr"),
        ];
        for (text, source, destination, mode) in cases {
            let read = parse(text).unwrap();
            assert_eq!(
                (read.source.as_str(), read.destination.as_str(), read.mode.as_str()),
                (source, destination, mode),
                "{text}"
            );
            assert_eq!(read.writable, mode.contains('w'));
        }
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let cases = [
            ("/dev/null:x:q", "invalid device mode: q"),
            ("/dev/null:/dev/x:rwq", "invalid device mode: rwq"),
            ("/dev/null:/dev/x:rr", "invalid device mode: rr"),
            ("/dev/null:x", "invalid device mode: x"),
            ("/dev/null:", "invalid device mode: "),
            ("/dev/null:/x:r:w", "invalid device specification: /dev/null:/x:r:w"),
            ("null", "invalid device mode: null"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err().to_string(), expected, "{text}");
        }
        let find = |text: &str| find(&parse(text).unwrap()).unwrap_err().to_string();
        assert_eq!(find("/nonexistent"), "stat /nonexistent: no such file or directory");
        assert_eq!(find("/etc/passwd"), "/etc/passwd is not a valid device: not a device node");
        let empty = tempfile::tempdir().unwrap();
        let path = empty.path().display();
        assert_eq!(find(&format!("{path}")), format!("no devices found in {path}"));
    }

    #[test]
    fn finds_nodes_through_links_and_in_directories() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let found = find(&parse(&format!("{}:/dev/x:r", link.display())).unwrap()).unwrap();
        let expected = DeviceBind { source: "/dev/null".into(), destination: "/dev/x".into(), writable: false };
        assert_eq!(found, [expected]);
        let all = find(&parse("/dev:/inside").unwrap()).unwrap();
        assert!(
            all.iter()
                .any(|bind| bind.source == Path::new("/dev/null") && bind.destination == Path::new("/inside/null"))
        );
    }

    #[test]
    fn privileged_gets_all_but_what_is_its_own() {
        let all = all_of_host();
        assert!(!all.iter().any(|bind| bind.source == Path::new("/dev/null") || bind.source.starts_with("/dev/pts")));
        assert!(all.iter().all(|bind| bind.source == bind.destination && bind.writable));
    }
}
