//! `cp`: what goes where, by podman's rules (podman-cp(1), `cmd/podman/containers/cp.go`).
//!
//! - `dir/.` means what is in the directory; `dir` and `dir/` mean the directory.
//! - Into a directory that exists things go by their name; a path that does not exist becomes the name.
//! - Links in a source or destination as typed are followed, a container's inside the container; links further down
//!   are copied as they are.

use super::{Files, Owner, PackOptions, Resolved, UnpackOptions, pack, unpack};
use crate::engine::Engine;
use crate::engine::error::{Error, Kind};
use crate::engine::lifecycle::Container;
use crate::image::decompress::Decompressor;
use crate::runtime::failure::{Failure, in_words};
use crate::runtime::id_map::HostIds;
use crate::runtime::rooted::Rooted;
use crate::store::layer_index::begins_as_tar;
use rustix::fs::{Mode, OFlags};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One side of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// `CONTAINER:PATH`.
    Container {
        /// As typed.
        name: String,
        /// As typed; relative ones belong to the working directory.
        path: String,
    },
    /// A path of the host.
    Host(String),
    /// `-`: a tar on standard input or output.
    Stream,
}

/// A copy to be made.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// From.
    pub source: End,
    /// To.
    pub destination: End,
    /// Files in the destination container get its user as owner; otherwise they keep theirs.
    pub give_to_user: bool,
    /// A directory may be replaced by a file, and a file by a directory.
    pub overwrite: bool,
}

/// Something to be copied.
struct Source {
    is_directory: bool,
    /// Only what is in the directory.
    contents_only: bool,
    /// Last name of the path, links resolved; empty for the root.
    name: Vec<u8>,
}

/// Where it goes: a directory and the name there, empty for the contents alone.
struct Target {
    directory: PathBuf,
    name: Vec<u8>,
}

impl Engine {
    /// Copies files. The caller must have one thread.
    ///
    /// # Errors
    /// In podman's words; what was copied before stays.
    pub fn copy(&self, request: &CopyRequest) -> Result<(), Error> {
        match (&request.source, &request.destination) {
            (End::Container { name: from, path }, End::Container { name: to, path: target }) => {
                self.copy_between((from, path), (to, target), request)
            }
            (End::Container { name, path }, End::Stream) => self.copy_to_stream(name, path),
            (End::Container { name, path }, End::Host(target)) => self.copy_to_host(name, path, target, request),
            (End::Stream, End::Container { name, path }) => self.copy_from_stream(name, path, request),
            (End::Host(source), End::Container { name, path }) => self.copy_from_host(source, name, path, request),
            _ => Err(Error::BadRequest("exactly 1 container expected but 0 specified".to_owned())),
        }
    }

    fn copied_container(&self, name: &str) -> Result<Container, Error> {
        self.container(name).map_err(|error| match error.kind() {
            Kind::NotFound => Error::BadRequest(format!("container \"{name}\" does not exist")),
            _ => error,
        })
    }

    fn copy_from_host(&self, source: &str, name: &str, path: &str, request: &CopyRequest) -> Result<(), Error> {
        let container = self.copied_container(name)?;
        let (from, at) = host_source(source)?;
        let files = self.files(&container)?;
        let target = container_target(&files, &container, name, path, Some(&from))?;
        let host = HostIds::detect();
        let owner = if host.privileged { Owner::AsIs } else { Owner::RootInsteadOf(host.uid, host.gid) };
        let options = PackOptions { name: target.name, owner, ..PackOptions::default() };
        let root = host_root(Path::new("/"))?;
        let (task, pipe) = files.unpack(target.directory.as_os_str().as_bytes(), into_container(&files, request)?)?;
        let packed = pack(&root, &at, &options, io::BufWriter::new(pipe));
        task.wait().map_err(to_container)?;
        packed.map_err(|failure| prefixed("copying from host", failure))
    }

    fn copy_from_stream(&self, name: &str, path: &str, request: &CopyRequest) -> Result<(), Error> {
        let container = self.copied_container(name)?;
        let files = self.files(&container)?;
        let target = container_target(&files, &container, name, path, None)?;
        let (first, mut input) = archive_from(io::stdin().lock())?;
        let (task, mut pipe) =
            files.unpack(target.directory.as_os_str().as_bytes(), into_container(&files, request)?)?;
        let fed = pipe.write_all(&first).and_then(|()| io::copy(&mut input, &mut pipe));
        drop(pipe);
        task.wait().map_err(to_container)?;
        fed.map(drop).map_err(|error| prefixed("copying from stdin", Failure::message(in_words(&error))))
    }

    fn copy_to_host(&self, name: &str, path: &str, target: &str, request: &CopyRequest) -> Result<(), Error> {
        let container = self.copied_container(name)?;
        let files = self.files(&container)?;
        let (from, at) = container_source(&files, &container, name, path)?;
        let target = host_target(target, &from)?;
        let options = from_container(&container, &from, target.name, Owner::AsIs);
        let root = host_root(&target.directory)?;
        let (task, pipe) = files.pack(&at.path, options)?;
        let unpacking = UnpackOptions { keep_own: true, strip_set_id: true, overwrite: request.overwrite, owner: None };
        let unpacked = unpack(&root, Path::new("/"), &unpacking, pipe);
        let packed = task.wait();
        unpacked.map_err(|failure| prefixed("copying to host", failure))?;
        packed.map_err(|failure| prefixed("copying from container", failure))
    }

    fn copy_to_stream(&self, name: &str, path: &str) -> Result<(), Error> {
        let container = self.copied_container(name)?;
        let files = self.files(&container)?;
        let (from, at) = container_source(&files, &container, name, path)?;
        let (uid, gid) = files.user()?;
        let member = if from.contents_only { Vec::new() } else { from.name.clone() };
        let options = from_container(&container, &from, member, Owner::Fixed(uid, gid));
        let (task, mut pipe) = files.pack(&at.path, options)?;
        let written = io::copy(&mut pipe, &mut io::stdout().lock());
        drop(pipe);
        let packed = task.wait();
        written.map_err(|error| prefixed("copying to stdout", Failure::message(in_words(&error))))?;
        packed.map_err(|failure| prefixed("copying from container", failure))
    }

    fn copy_between(&self, from: (&str, &str), to: (&str, &str), request: &CopyRequest) -> Result<(), Error> {
        let (source, destination) = (self.copied_container(from.0)?, self.copied_container(to.0)?);
        let source_files = self.files(&source)?;
        let (item, at) = container_source(&source_files, &source, from.0, from.1)?;
        // Within one container one view of its files does for both.
        let other = match source.record.id == destination.record.id {
            true => None,
            false => Some(self.files(&destination)?),
        };
        let Some(files) = &other else { return self.copy_within(&source_files, &source, (&item, &at), to, request) };
        let target = container_target(files, &destination, to.0, to.1, Some(&item))?;
        let options = from_container(&source, &item, target.name, Owner::AsIs);
        let (packing, pipe) = source_files.pack(&at.path, options)?;
        let into = target.directory.as_os_str().as_bytes();
        let unpacking = files.unpack_from(into, into_container(files, request)?, pipe.into())?;
        let unpacked = unpacking.wait();
        let packed = packing.wait();
        unpacked.map_err(to_container)?;
        packed.map_err(|failure| prefixed("copying from container", failure))
    }

    /// One worker does one thing at a time, so the archive waits in a file without a name.
    fn copy_within(
        &self,
        files: &Files,
        container: &Container,
        (item, at): (&Source, &Resolved),
        to: (&str, &str),
        request: &CopyRequest,
    ) -> Result<(), Error> {
        use std::io::Seek;
        let failed = |error: io::Error| prefixed("copying from container", Failure::message(in_words(&error)));
        let target = container_target(files, container, to.0, to.1, Some(item))?;
        let (task, mut pipe) = files.pack(&at.path, from_container(container, item, target.name, Owner::AsIs))?;
        let mut kept = tempfile::tempfile().map_err(failed)?;
        let copied = io::copy(&mut pipe, &mut kept);
        drop(pipe);
        task.wait().map_err(|failure| prefixed("copying from container", failure))?;
        copied.and_then(|_| kept.rewind()).map_err(failed)?;
        let into = target.directory.as_os_str().as_bytes();
        files.unpack_from(into, into_container(files, request)?, kept.into())?.wait().map_err(to_container)
    }
}

fn prefixed(what: &str, failure: Failure) -> Error {
    Failure { message: format!("{what}: {}", failure.message), ..failure }.into()
}

fn to_container(failure: Failure) -> Error {
    prefixed("copying to container", failure)
}

fn into_container(files: &Files, request: &CopyRequest) -> Result<UnpackOptions, Error> {
    let owner = if request.give_to_user { Some(files.user()?) } else { None };
    Ok(UnpackOptions { owner, overwrite: request.overwrite, ..UnpackOptions::default() })
}

fn from_container(container: &Container, from: &Source, name: Vec<u8>, owner: Owner) -> PackOptions {
    // Devices of the host in a running container belong to nobody there.
    let skip_unreadable = container.state.status.is_alive();
    let is_root = from.is_directory && from.name.is_empty();
    let excluded = if is_root { ["dev", "proc", "sys"].map(str::to_owned).to_vec() } else { Vec::new() };
    PackOptions { name, owner, excluded, skip_unreadable, bare: false }
}

/// Whether a path means what is in the directory.
fn means_contents(path: &str) -> bool {
    path == "." || path == "/" || path.ends_with("/.")
}

fn host_root(directory: &Path) -> Result<Rooted, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(directory, flags, Mode::empty())
        .map(Rooted::new)
        .map_err(|error| Failure::setup(format_args!("open \"{}\"", directory.display()), error).into())
}

fn not_on_host(path: &str, error: &io::Error) -> Error {
    Error::BadRequest(format!("\"{path}\" could not be found on the host: {}", in_words(error)))
}

fn not_in_container(path: &str, name: &str) -> Error {
    Error::BadRequest(format!("\"{path}\" could not be found on container {name}: no such file or directory"))
}

fn last_name(path: &Path) -> Vec<u8> {
    path.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default()
}

fn host_source(path: &str) -> Result<(Source, PathBuf), Error> {
    let failed = |error: io::Error| not_on_host(path, &error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    let at = std::fs::canonicalize(path).map_err(failed)?;
    let is_directory = metadata.is_dir();
    let source = Source { is_directory, contents_only: is_directory && means_contents(path), name: last_name(&at) };
    Ok((source, at))
}

fn host_target(path: &str, from: &Source) -> Result<Target, Error> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let name = if from.contents_only { Vec::new() } else { from.name.clone() };
            Ok(Target { directory: PathBuf::from(path), name })
        }
        Ok(found) if !found.is_file() => {
            Err(Error::BadRequest(format!("invalid destination: \"{path}\" must be a directory or a regular file")))
        }
        Ok(_) if from.is_directory => Err(needs_directory()),
        Ok(_) => {
            let at = std::fs::canonicalize(path).map_err(|error| not_on_host(path, &error))?;
            Ok(Target { directory: at.parent().unwrap_or(Path::new("/")).to_owned(), name: last_name(&at) })
        }
        Err(error) if path.ends_with('/') => Err(not_on_host(path, &error)),
        Err(error) => {
            let at = Path::new(path);
            let parent = at.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            match std::fs::metadata(parent) {
                Ok(found) if found.is_dir() && at.file_name().is_some() => {
                    Ok(Target { directory: parent.to_owned(), name: last_name(at) })
                }
                _ => Err(not_on_host(path, &error)),
            }
        }
    }
}

fn needs_directory() -> Error {
    Error::BadRequest("destination must be a directory when copying a directory".to_owned())
}

/// A path in a container, absolute.
fn absolute(container: &Container, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let directory = container.record.plan.spec.process().as_ref().map(|process| process.cwd().clone());
    let directory = directory.unwrap_or_else(|| PathBuf::from("/"));
    // Joined as text: what the path ends in matters.
    format!("{}/{path}", directory.to_string_lossy().trim_end_matches('/'))
}

fn container_source(files: &Files, container: &Container, name: &str, path: &str) -> Result<(Source, Resolved), Error> {
    // podman expands no patterns, and finds no file that has this character in its name either.
    let found = if path.contains('*') { None } else { files.resolve(&absolute(container, path))? };
    let found = found.filter(|found| found.status.is_some() && (found.is_directory() || !path.ends_with('/')));
    let found = found.ok_or_else(|| not_in_container(path, name))?;
    let is_directory = found.is_directory();
    let source =
        Source { is_directory, contents_only: is_directory && means_contents(path), name: last_name(found.as_path()) };
    Ok((source, found))
}

/// Where things go in a container; `from` is `None` for an archive on standard input.
fn container_target(
    files: &Files,
    container: &Container,
    name: &str,
    path: &str,
    from: Option<&Source>,
) -> Result<Target, Error> {
    let found = files.resolve(&absolute(container, path))?;
    if let Some(found) = found.as_ref().filter(|found| found.is_directory()) {
        let name = from.filter(|from| !from.contents_only).map(|from| from.name.clone());
        return Ok(Target { directory: found.as_path().to_owned(), name: name.unwrap_or_default() });
    }
    let exists = found.as_ref().is_some_and(|found| found.status.is_some());
    if !exists && path.ends_with('/') {
        return Err(not_in_container(path, name));
    }
    let Some(from) = from else {
        return Err(Error::BadRequest("destination must be a directory when copying from stdin".to_owned()));
    };
    let found = found.ok_or_else(|| not_in_container(path, name))?;
    if exists && from.is_directory {
        return Err(needs_directory());
    }
    let at = found.as_path();
    Ok(Target { directory: at.parent().unwrap_or(Path::new("/")).to_owned(), name: last_name(at) })
}

/// The uncompressed archive that `input` is: its first bytes and the rest.
fn archive_from(input: impl Read) -> Result<(Vec<u8>, impl Read), Error> {
    let no_archive =
        || Error::BadRequest("source must be a (compressed) tar archive when copying from stdin".to_owned());
    let mut input = Decompressor::new(input).map_err(|_| no_archive())?;
    let mut first = Vec::new();
    input.by_ref().take(512).read_to_end(&mut first).map_err(|_| no_archive())?;
    if begins_as_tar(&first) { Ok((first, input)) } else { Err(no_archive()) }
}
