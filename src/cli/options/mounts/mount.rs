//! `--mount KEY[=VALUE],...`: the keys of podman and docker for each type.
//!
//! A field may be quoted as in CSV (`"src=/a,b"`), quotes doubled inside. What comes out are options in the words of `-v`
//! and `--tmpfs`, so the engine knows one vocabulary.

use super::super::is_valid_name;
use super::{MountError, check_options, destination};
use crate::cli::values;
use crate::engine::request::{MountKind, MountRequest};
use std::path::PathBuf;

/// Parses one `--mount`; `type=glob` is one mount for each path of the host that fits.
///
/// # Errors
/// An unknown key or type, a missing or bad value; no path that fits.
pub(super) fn parse(text: &str) -> Result<Vec<MountRequest>, MountError> {
    let fields = fields(text)?;
    let is_glob = type_of(&fields) == Some("glob");
    let kind = if is_glob { MountKind::Bind } else { kind(&fields)? };
    let mut mount = Builder { kind, source: None, destination: None, options: Vec::new(), subpath: None };
    for field in &fields {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (field.as_str(), None),
        };
        mount.field(key, value)?;
    }
    match is_glob {
        true => mount.expand(),
        false => Ok(vec![mount.finish()?]),
    }
}

/// The last `type=`.
fn type_of(fields: &[String]) -> Option<&str> {
    fields.iter().rev().find_map(|field| field.strip_prefix("type="))
}

/// Splits a line of CSV.
fn fields(text: &str) -> Result<Vec<String>, MountError> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().ok_or(MountError::MountFormat)?;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            _ => field.push(character),
        }
    }
    match quoted || (fields.len() == 1 && !text.contains('=')) {
        true => Err(MountError::MountFormat),
        false => Ok(fields),
    }
}

/// A volume without a type.
fn kind(fields: &[String]) -> Result<MountKind, MountError> {
    match type_of(fields) {
        None | Some("volume") => Ok(MountKind::Volume),
        Some("bind") => Ok(MountKind::Bind),
        Some("tmpfs" | "ramfs") => Ok(MountKind::Tmpfs),
        Some("devpts") => Ok(MountKind::Devpts),
        Some("image") => Ok(MountKind::Image),
        Some(kind @ ("artifact" | "npipe" | "cluster")) => {
            Err(MountError::KindNotAvailable(format!("--mount type={kind}")))
        }
        Some(kind) => Err(MountError::Kind(kind.to_owned())),
    }
}

/// A mount whose fields are being read.
#[derive(Clone)]
struct Builder {
    kind: MountKind,
    source: Option<String>,
    destination: Option<String>,
    options: Vec<String>,
    subpath: Option<String>,
}

impl Builder {
    /// One mount for each path that the source fits: below the destination, or where it is on the host.
    fn expand(self) -> Result<Vec<MountRequest>, MountError> {
        let pattern = self.source.clone().ok_or(MountError::MissingSource)?;
        let one = |path: PathBuf| {
            let source = path.to_string_lossy().into_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let place = self.destination.as_ref().map_or(source.clone(), |directory| format!("{directory}/{name}"));
            let destination = Some(destination(&place)?);
            Builder { source: Some(source), destination, ..self.clone() }.finish()
        };
        match super::glob::paths(&pattern) {
            None => Err(MountError::TooManyPaths(pattern)),
            Some(paths) if paths.is_empty() => Err(MountError::NoPath(pattern)),
            Some(paths) => paths.into_iter().map(one).collect(),
        }
    }

    fn field(&mut self, key: &str, value: Option<&str>) -> Result<(), MountError> {
        use MountKind::{Bind, Devpts, Image, Tmpfs, Volume};
        match (self.kind, key) {
            (_, "type") => Ok(()),
            (Tmpfs, "source" | "src") => Err(MountError::SourceNotSupported("tmpfs")),
            (Devpts, "source" | "src") => Err(MountError::SourceNotSupported("devpts")),
            (_, "source" | "src") => argument(key, value).map(|source| self.source = Some(source.to_owned())),
            (_, "destination" | "dst" | "target") => {
                self.destination = Some(destination(argument(key, value)?)?);
                Ok(())
            }
            (Bind | Volume | Tmpfs | Devpts, "ro" | "readonly") => self.read_only(value, true),
            (Image, "readonly" | "ro") => self.read_only(value, true),
            (_, "rw" | "readwrite") => self.read_only(value, false),
            (Bind, "bind-propagation") => argument(key, value).map(|word| self.options.push(word.to_owned())),
            (Bind, "bind-nonrecursive") => self.flag(value, "bind"),
            (Bind, "relabel") => self.relabel(argument(key, value)?),
            (Bind | Volume | Tmpfs, "U" | "chown") => self.chown(value),
            (Bind | Volume, "idmap") => {
                self.options.push(value.map_or("idmap".to_owned(), |map| format!("idmap={map}")));
                Ok(())
            }
            (Bind | Volume, "map") => argument(key, value).map(|map| self.options.push(format!("map={map}"))),
            (_, "consistency") => argument(key, value).map(|_| ()),
            (Volume, "volume-opt" | "volume-label" | "volume-driver") => {
                Err(MountError::KindNotAvailable(format!("--mount {key}")))
            }
            (Volume, "volume-nocopy" | "nocopy") => self.flag(value, "nocopy"),
            (Volume, "volume-subpath" | "subpath") | (Image, "subpath") | (Bind, "subpath") => {
                argument(key, value).map(|path| self.subpath = Some(path.to_owned()))
            }
            (Tmpfs, "tmpfs-size" | "size") => self.tmpfs_size(argument(key, value)?),
            (Tmpfs, "tmpfs-mode" | "mode") | (Devpts, "mode") => self.mode(argument(key, value)?),
            (Tmpfs | Devpts, "uid" | "gid") | (Devpts, "max") => {
                self.options.push(format!("{key}={}", argument(key, value)?));
                Ok(())
            }
            (Tmpfs, "tmpcopyup" | "notmpcopyup") => self.flag(value, key),
            (_, word) if value.is_none() => self.word(word),
            _ => Err(MountError::UnknownMountOption(key.to_owned())),
        }
    }

    /// An option of `-v` given by itself: `nosuid`, `rshared`, `Z`.
    fn word(&mut self, word: &str) -> Result<(), MountError> {
        let option = [word.to_owned()];
        let known = match self.kind {
            MountKind::Tmpfs => super::is_tmpfs_option(word),
            MountKind::Devpts | MountKind::Image => false,
            MountKind::Bind | MountKind::Volume => check_options(&option).is_ok(),
        };
        match known {
            true => self.options.extend(option),
            false => return Err(MountError::UnknownMountOption(word.to_owned())),
        }
        Ok(())
    }

    fn read_only(&mut self, value: Option<&str>, meaning: bool) -> Result<(), MountError> {
        let given = value.map_or(Ok(true), values::boolean);
        let given = given.map_err(|_| MountError::ReadOnlyArgument(value.unwrap_or_default().to_owned()))?;
        self.options.push(if given == meaning { "ro" } else { "rw" }.to_owned());
        Ok(())
    }

    fn chown(&mut self, value: Option<&str>) -> Result<(), MountError> {
        let given = value.map_or(Ok(true), values::boolean);
        match given {
            Ok(true) => self.options.push("U".to_owned()),
            Ok(false) => {}
            Err(_) => return Err(MountError::ChownArgument(value.unwrap_or_default().to_owned())),
        }
        Ok(())
    }

    /// An option that is `word` when its value, if any, is true.
    fn flag(&mut self, value: Option<&str>, word: &str) -> Result<(), MountError> {
        match value.map_or(Ok(true), values::boolean) {
            Ok(true) => self.options.push(word.to_owned()),
            Ok(false) => {}
            Err(_) => return Err(MountError::UnknownMountOption(word.to_owned())),
        }
        Ok(())
    }

    fn relabel(&mut self, value: &str) -> Result<(), MountError> {
        let option = match value {
            "private" => "Z",
            "shared" => "z",
            _ => return Err(MountError::Relabel),
        };
        self.options.push(option.to_owned());
        Ok(())
    }

    fn tmpfs_size(&mut self, value: &str) -> Result<(), MountError> {
        let percentage = value.strip_suffix('%').is_some_and(|number| number.parse::<u8>().is_ok());
        if !percentage && values::size_bytes(value).is_err() {
            return Err(MountError::Size(value.to_owned()));
        }
        self.options.push(format!("size={value}"));
        Ok(())
    }

    fn mode(&mut self, value: &str) -> Result<(), MountError> {
        match u32::from_str_radix(value, 8) {
            Ok(0..=0o7777) => self.options.push(format!("mode={value}")),
            _ => return Err(MountError::Mode(value.to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<MountRequest, MountError> {
        let Some(destination) = self.destination else { return Err(MountError::MissingDestination) };
        let bad_name = |name: &String| self.kind == MountKind::Volume && !is_valid_name(name);
        match &self.source {
            None if matches!(self.kind, MountKind::Bind | MountKind::Image) => return Err(MountError::MissingSource),
            Some(source) if source.is_empty() => return Err(MountError::EmptySource),
            Some(name) if bad_name(name) => return Err(MountError::VolumeName(name.clone())),
            _ => {}
        }
        if matches!(self.kind, MountKind::Bind | MountKind::Volume) {
            check_options(&self.options)?;
        }
        Ok(MountRequest {
            kind: self.kind,
            source: self.source,
            destination,
            options: self.options,
            create_source: false,
            subpath: self.subpath,
        })
    }
}

fn argument<'a>(key: &str, value: Option<&'a str>) -> Result<&'a str, MountError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| MountError::MissingArgument(key.to_owned()))
}
