//! The process that sees a container's files, and the one that serves them when the container does not run.

use super::changes;
use super::{Files, LONGEST, PackOptions, Reply, Request, Resolved, pack, resolve, unpack};
use crate::engine::Engine;
use crate::engine::error::Error;
use crate::engine::lifecycle::Container;
use crate::engine::record::ContainerRecord;
use crate::engine::root::{LowerPlan, RootMounter, RootPlan, open_tree, serve_root};
use crate::engine::start::{give_to_container_root, keep_driver, usable_roots};
use crate::overlay::tree::Tree;
use crate::runtime::failure::{Failure, FailureKind, Step};
use crate::runtime::guard::exit;
use crate::runtime::handshake::{Order, Report, order, receive};
use crate::runtime::id_map::{self, HostIds};
use crate::runtime::init::{self, Accounts};
use crate::runtime::plan::RuntimePlan;
use crate::runtime::rooted::Rooted;
use crate::store::containers::ProcessId;
use crate::sys::message;
use crate::sys::process::{Fork, NewNamespaces, close_all_except, fork_into};
use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Bytes collected before they go into a pipe: a pipe's usual capacity (pipe(7)).
const PIPE_BYTES: usize = 64 << 10;

impl Engine {
    /// A connection to the files of `container`, running or not. The caller must have one thread.
    ///
    /// One that does not run cannot be started while the connection lasts.
    ///
    /// # Errors
    /// Its namespaces cannot be entered; its root cannot be mounted.
    pub fn files(&self, container: &Container) -> Result<Files, Error> {
        let running = |container: &Container| container.state.process.filter(|_| container.state.status.is_alive());
        if let Some(target) = running(container) {
            return join(&container.record, target);
        }
        let id = &container.record.id;
        let lock = self.containers().lock(id)?;
        // It may have been started while we waited.
        let state = self.containers().read_state(id)?;
        let now = Container { record: container.record.clone(), state };
        match running(&now) {
            Some(target) => join(&now.record, target),
            None => mount(&now.record, lock),
        }
    }
}

/// The image's tree and layers, open, where the container has an image.
type Image = Option<(Tree, Vec<File>)>;

fn image_of(record: &ContainerRecord) -> Step<Image> {
    match record.roots.first().and_then(RootPlan::lower) {
        Some(LowerPlan::Image { tree, layers }) => open_tree(tree, layers).map(Some),
        _ => Ok(None),
    }
}

fn join(record: &ContainerRecord, target: ProcessId) -> Result<Files, Error> {
    let failed = |error| Failure::setup("start a process in the container", error);
    let image = image_of(record)?;
    let (socket, inside) = message::pair().map_err(failed)?;
    match fork_into(NewNamespaces::empty()).map_err(failed)? {
        Fork::Child => {
            let worker = Worker { record, image, root: Err(Errno::NOENT), is_running: true, places: Vec::new() };
            drop(socket);
            worker.run(&inside, || init::join_files(&record.plan, target))
        }
        Fork::Parent { pidfd, .. } => {
            drop(inside);
            ready(Files { socket, _lock: None, process: pidfd })
        }
    }
}

fn ready(files: Files) -> Result<Files, Error> {
    match files.hear()? {
        Reply::Ready => Ok(files),
        Reply::Failed(failure) => Err(failure.into()),
        _ => Err(Failure::message("unexpected answer from the process in the container").into()),
    }
}

fn mount(record: &ContainerRecord, lock: OwnedFd) -> Result<Files, Error> {
    let host = HostIds::detect();
    give_to_container_root(record, &host)?;
    let mut roots = usable_roots(record).into_iter().peekable();
    let mut lock = Some(lock);
    while let Some(root) = roots.next() {
        match ready(fork_server(record, root, &host, lock.take())?) {
            // What the probe could not see: the next driver may do.
            Err(Error::Start(failure)) if failure.kind == FailureKind::RootFileSystem && roots.peek().is_some() => {}
            Ok(files) => {
                keep_driver(record, root);
                return Ok(files);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::BadRequest(format!("container {} has no root file system", record.id)))
}

fn fork_server(
    record: &ContainerRecord,
    root: &RootPlan,
    host: &HostIds,
    lock: Option<OwnedFd>,
) -> Result<Files, Error> {
    let failed = |error| Failure::setup("start a process for the container's files", error);
    let image = image_of(record)?;
    let (socket, inside) = message::pair().map_err(failed)?;
    match fork_into(NewNamespaces::empty()).map_err(failed)? {
        Fork::Child => {
            drop((socket, lock));
            let failure = serve(record, root, host, image, &inside);
            say(&inside, &Reply::Failed(failure), None);
            exit(1)
        }
        Fork::Parent { pidfd, .. } => {
            drop(inside);
            Ok(Files { socket, _lock: lock, process: pidfd })
        }
    }
}

/// The server's life: forks the worker, maps its ids, serves its file system, and ends with it.
fn serve(record: &ContainerRecord, root: &RootPlan, host: &HostIds, image: Image, client: &OwnedFd) -> Failure {
    let failed = |error| Failure::setup("start a process for the container's files", error);
    let _ = rustix::thread::set_name(c"coracle-files"); // only cosmetic
    let _ = rustix::process::setsid(); // the terminal's signals are for the command, whose end ends this
    let (server, inside) = match message::pair() {
        Ok(pair) => pair,
        Err(error) => return failed(error),
    };
    let (pid, worker) = match fork_into(NewNamespaces::USER | NewNamespaces::MOUNT) {
        Ok(Fork::Parent { pid, pidfd }) => (pid, pidfd),
        Err(error) => return failed(error),
        Ok(Fork::Child) => {
            drop(server);
            let mut worker = Worker { record, image, root: Err(Errno::NOENT), is_running: false, places: Vec::new() };
            let places = places(record);
            worker.places = places;
            let mut mounter = RootMounter::new(root, &record.plan.directory, &record.plan.id_maps);
            worker.run(client, || init::mount_still(&record.plan, &inside, &mut mounter))
        }
    };
    drop(inside);
    keep_only(&[client, &server, &worker], image);
    let served = id_map::write(pid.as_raw_nonzero().get() as u32, &record.plan.id_maps, host)
        .map_err(|error| Failure::message(error.to_string()))
        .and_then(|()| order(&server, Order::Mapped).map_err(failed))
        .and_then(|()| serve_devices(record, root, &server));
    if let Err(failure) = served {
        let _ = pidfd_send_signal(&worker, Signal::KILL); // it may have ended by itself
        return failure;
    }
    exit(crate::runtime::guard::exit_code(worker.as_fd()))
}

/// Serves the devices the worker hands over, until it has ended.
fn serve_devices(record: &ContainerRecord, root: &RootPlan, worker: &OwnedFd) -> Step<()> {
    let mut servers = Vec::new();
    loop {
        match receive(worker).map_err(|error| Failure::setup("hear from the process with the files", error))? {
            Some((Report::FuseDevice, Some(device))) => {
                servers.push(serve_root(root, &record.plan.directory, &record.plan.id_maps, device)?);
            }
            Some(_) => {}
            None => return Ok(()),
        }
    }
}

/// Closes everything but `kept` and the standard streams. What `rest` had open is gone.
fn keep_only(kept: &[&OwnedFd], rest: Image) {
    let numbers: Vec<i32> = kept.iter().map(|kept| kept.as_raw_fd()).collect();
    std::mem::forget(rest);
    close_all_except(3, &numbers);
}

fn say(client: &OwnedFd, reply: &Reply, descriptor: Option<&OwnedFd>) {
    if let Ok(bytes) = serde_json::to_vec(reply) {
        let descriptor = descriptor.map(AsFd::as_fd);
        let _ = message::send(client, &bytes, descriptor.as_slice()); // a dead client needs no answer
    }
}

/// A volume or host path that a container which does not run has mounted when it does.
struct Place {
    /// Where the container sees it.
    destination: PathBuf,
    /// Its directory.
    root: Rooted,
    /// Name of the file in that directory, when it is a file.
    file: Option<PathBuf>,
    is_writable: bool,
}

/// Opens the volumes and host paths of a container, as this user. One that cannot be opened is not there.
fn places(record: &ContainerRecord) -> Vec<Place> {
    let mounts = record.plan.spec.mounts().iter().flatten();
    let mut places: Vec<Place> = mounts
        .filter_map(|mount| {
            let shown = record.mounts.iter().find(|shown| Path::new(&shown.destination) == mount.destination())?;
            if !matches!(shown.kind.as_str(), "bind" | "volume") || mount.typ().as_deref() == Some("overlay") {
                return None;
            }
            let source = init::open_source(mount).ok()?;
            let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&source).ok()?.st_mode);
            let (root, file) = match kind {
                rustix::fs::FileType::Directory => (source, None),
                _ => {
                    let path = mount.source().as_ref()?;
                    (init::open_handle(path.parent()?).ok()?, Some(Path::new("/").join(path.file_name()?)))
                }
            };
            let destination = clean(mount.destination());
            Some(Place { destination, root: Rooted::new(root), file, is_writable: shown.writable })
        })
        .collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.destination.components().count()));
    places
}

/// A path without `.` and `..`, absolute.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

struct Worker<'a> {
    record: &'a ContainerRecord,
    image: Image,
    root: Result<Rooted, Errno>,
    is_running: bool,
    places: Vec<Place>,
}

/// Where a path of a container is to be looked for.
struct Located<'a> {
    root: &'a Rooted,
    path: PathBuf,
    /// Where that root is in the container.
    above: &'a Path,
    is_writable: bool,
}

impl Worker<'_> {
    /// The worker's life: sees the files by `begin`, then does what it is asked until nobody asks any more.
    fn run(mut self, client: &OwnedFd, begin: impl FnOnce() -> Step<Rooted>) -> ! {
        let _ = rustix::thread::set_name(c"coracle-files"); // only cosmetic
        let _ = rustix::process::setsid(); // the terminal's signals are for the command, whose end ends this
        match begin() {
            Ok(root) => self.root = Ok(root),
            Err(failure) => {
                say(client, &Reply::Failed(failure), None);
                exit(1)
            }
        }
        say(client, &Reply::Ready, None);
        while let Ok(Some(message)) = message::receive(client, LONGEST) {
            let descriptor = message.descriptors.into_iter().next();
            let (reply, handed) = match serde_json::from_slice(&message.bytes) {
                Ok(request) => self.answer(request, descriptor),
                Err(_) => (Reply::Errno(Errno::BADMSG.raw_os_error()), None),
            };
            say(client, &reply, handed.as_ref());
        }
        exit(0)
    }

    fn answer(&self, request: Request, descriptor: Option<OwnedFd>) -> (Reply, Option<OwnedFd>) {
        let done = |step: Step<()>| match step {
            Ok(()) => Reply::Done,
            Err(failure) => Reply::Failed(failure),
        };
        let reply = match (request, descriptor) {
            (Request::Resolve { path }, _) => match self.resolve(Path::new(&path)) {
                Ok(resolved) => Reply::Resolved(resolved),
                Err(error) => Reply::Errno(error.raw_os_error()),
            },
            (Request::List { path }, Some(out)) => done(self.list(&path, out)),
            (Request::User, _) => self.user(),
            (Request::Pack { path, options }, Some(out)) => done(self.pack(&path, &options, out)),
            (Request::Unpack { path, options }, Some(input)) => {
                let located = self.locate(Path::new(OsStr::from_bytes(&path)));
                done(located.and_then(|located| match located.is_writable {
                    true => unpack(located.root, &located.path, &options, File::from(input)),
                    false => Err(Failure::setup(
                        format_args!("write to \"{}\"", String::from_utf8_lossy(&path)),
                        Errno::ROFS,
                    )),
                }))
            }
            (Request::Changes, Some(out)) => done(self.changes(out)),
            (Request::Layer, Some(out)) => done(self.layer(out)),
            _ => Reply::Errno(Errno::BADMSG.raw_os_error()),
        };
        (reply, None)
    }

    fn root(&self) -> Step<&Rooted> {
        self.root.as_ref().map_err(|error| Failure::setup("open the container's root", *error))
    }

    /// The root or mounted volume that a path lies in, by the names it is made of.
    fn locate(&self, path: &Path) -> Step<Located<'_>> {
        let path = clean(path);
        for place in &self.places {
            let Ok(inside) = path.strip_prefix(&place.destination) else { continue };
            let path = match &place.file {
                Some(file) => file.join(inside),
                None => Path::new("/").join(inside),
            };
            // A file is in a directory of the host, whose name means nothing in the container.
            let above = if place.file.is_some() { Path::new("") } else { place.destination.as_path() };
            return Ok(Located { root: &place.root, path, above, is_writable: place.is_writable });
        }
        Ok(Located { root: self.root()?, path, above: Path::new("/"), is_writable: true })
    }

    fn resolve(&self, path: &Path) -> rustix::io::Result<Resolved> {
        // A link in the container's root may lead into a volume.
        let mut path = Cow::Borrowed(path);
        for _ in 0..2 {
            let located = self.locate(&path).map_err(|_| Errno::NOENT)?;
            let found = resolve(located.root, &located.path)?;
            if located.above.as_os_str().is_empty() {
                return Ok(Resolved { path: clean(&path).as_os_str().as_bytes().to_vec(), status: found.status });
            }
            let inside = found.as_path().strip_prefix("/").unwrap_or(found.as_path());
            let full = clean(&located.above.join(inside));
            let settled =
                located.above != Path::new("/") || self.locate(&full).is_ok_and(|now| now.above == located.above);
            if settled {
                return Ok(Resolved { path: full.as_os_str().as_bytes().to_vec(), status: found.status });
            }
            path = Cow::Owned(full);
        }
        Err(Errno::LOOP)
    }

    fn list(&self, path: &str, out: OwnedFd) -> Step<()> {
        let failed = |error: Errno| Failure::setup(format_args!("list \"{path}\""), error);
        let resolved = self.resolve(Path::new(path)).map_err(failed)?;
        let located = self.locate(resolved.as_path())?;
        let directory = located.root.open(&located.path, OFlags::RDONLY | OFlags::DIRECTORY, 0).map_err(failed)?;
        let mut out = BufWriter::with_capacity(PIPE_BYTES, File::from(out));
        let mut write = |bytes: &[u8]| {
            out.write_all(bytes).map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))
        };
        for entry in Dir::read_from(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let status = statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW);
            let is_directory =
                status.is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Directory);
            write(name.to_bytes())?;
            write(if is_directory { b"/\0" } else { b"\0" })?;
        }
        out.flush().map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }

    fn user(&self) -> Reply {
        let plan: &RuntimePlan = &self.record.plan;
        match self.root().and_then(|root| Accounts::read(root).resolve(&plan.user)) {
            Ok(user) => Reply::User(user.uid, user.gid),
            Err(failure) => Reply::Failed(failure),
        }
    }

    fn pack(&self, path: &[u8], options: &PackOptions, out: OwnedFd) -> Step<()> {
        let out = BufWriter::with_capacity(PIPE_BYTES, File::from(out));
        let path = Path::new(OsStr::from_bytes(path));
        if options.bare {
            return pack(&self.bare_root()?, path, options, out);
        }
        let located = self.locate(path)?;
        pack(located.root, &located.path, options, out)
    }

    /// The container's root without what is mounted in it.
    fn bare(&self) -> Step<OwnedFd> {
        init::bare(self.root()?).map_err(|error| Failure::setup("look at the root file system alone", error))
    }

    fn bare_root(&self) -> Step<Rooted> {
        match self.is_running {
            true => self.bare().map(Rooted::new),
            // Nothing is mounted in it.
            false => self
                .root()?
                .open("/", OFlags::PATH | OFlags::DIRECTORY, 0)
                .map(Rooted::new)
                .map_err(|error| Failure::setup("open the container's root", error)),
        }
    }

    fn comparison<'a>(&'a self, root: &'a Rooted) -> Step<changes::Comparison<'a>> {
        let (tree, layers) = self
            .image
            .as_ref()
            .ok_or_else(|| Failure::message("a container without an image has nothing to be compared with"))?;
        Ok(changes::Comparison { root, tree, layers, record: self.record })
    }

    fn changes(&self, out: OwnedFd) -> Step<()> {
        let root = self.bare_root()?;
        self.comparison(&root)?.list(BufWriter::with_capacity(PIPE_BYTES, File::from(out)))
    }

    fn layer(&self, out: OwnedFd) -> Step<()> {
        let root = self.bare_root()?;
        self.comparison(&root)?.layer(BufWriter::with_capacity(PIPE_BYTES, File::from(out)))
    }
}
