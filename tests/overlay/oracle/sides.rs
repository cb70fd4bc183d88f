//! Where a sequence is carried out: over the kernel's overlayfs, in a plain directory, or in a container.
//!
//! All three are this same test program, started again: under `unshare(1)` for the first two, by coracle for the third.
//! Operations go in and answers come out by files in a directory, one for each part of a sequence between two
//! [`Operation::Restart`].

use super::execute::{self, Executor};
use super::fixture;
use super::operation::{Operation, from_lines, to_lines};
use crate::harness::unshare;
use crate::support::Sandbox;
use crate::support::process::eventually;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::fs::{Mode, OFlags};
use rustix::mount::{FsPickFlags, fsconfig_reconfigure, fspick};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// One side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// The kernel's overlayfs, mounted by an ordinary user (`userxattr`) over the unpacked layers.
    Kernel,
    /// A directory of this machine's own file system.
    Plain,
    /// A container under this storage driver.
    Driver(&'static str),
}

/// What a sequence did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// An answer for each operation.
    pub answers: Vec<String>,
    /// What the descriptors still open held, at each end of a part.
    pub open: Vec<String>,
    /// The tree afterwards.
    pub tree: Vec<String>,
    /// The tree after it was mounted again (the container started again).
    pub again: Vec<String>,
}

/// A home with the image in its store, and a place for the other sides' layers.
pub struct Stage {
    sandbox: Sandbox,
    place: PathBuf,
}

const IMAGE: &str = "oracle";

/// The driver `fuse` as it is where the file system cannot hold a container's files.
pub const JOURNALLED: &str = "fuse, journalled";

/// Makes a container that was never started keep its changes in a journal: an empty one is there already.
pub fn keep_in_journal(sandbox: &Sandbox, id: &str) {
    fs::write(sandbox.store().join("containers").join(id.trim()).join("work/journal"), "").unwrap();
}

impl Stage {
    /// Pulls the image and unpacks the layers.
    pub fn new() -> Stage {
        let sandbox = Sandbox::new();
        sandbox.add(IMAGE, &fixture::image());
        let place = PathBuf::from(sandbox.directory("place"));
        fs::create_dir(place.join("io")).unwrap();
        let stage = Stage { sandbox, place };
        stage.start_unshared("unpack");
        stage
    }

    /// Carries `operations` out on a fresh tree.
    pub fn run(&self, side: &Side, operations: &[Operation]) -> Outcome {
        let io = self.place.join("io");
        fs::write(io.join("operations"), to_lines(operations)).unwrap();
        for name in results(operations).chain(["again".to_owned()]) {
            let _ = fs::remove_file(io.join(name));
        }
        match side {
            Side::Kernel => self.start_unshared("kernel"),
            Side::Plain => self.start_unshared("plain"),
            Side::Driver(driver) => self.run_in_container(driver, parts(operations).count()),
        }
        let read = |name: &str| fs::read(io.join(name)).unwrap_or_else(|error| panic!("{side:?}: {name}: {error}"));
        let mut outcome = Outcome::default();
        for name in results(operations) {
            let part: Outcome = serde_json::from_slice(&read(&name)).unwrap();
            outcome.answers.extend(part.answers);
            outcome.open.extend(part.open);
            outcome.tree = part.tree;
        }
        outcome.again = serde_json::from_slice(&read("again")).unwrap();
        outcome
    }

    fn start_unshared(&self, side: &str) {
        let mut command = unshare();
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", "oracle::sides::inside", "--ignored", "--nocapture", "--quiet", "--test-threads=1"]);
        command.env("CORACLE_TEST_SIDE", side).env("CORACLE_TEST_PLACE", &self.place).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // A signal says nothing on any stream.
        let (status, said, errors) = (output.status, text(&output.stdout), text(&output.stderr));
        assert!(status.success(), "{side}: {status}: {said}{errors}");
    }

    fn run_in_container(&self, driver: &str, parts: usize) {
        self.start(driver, "oracle::sides::inside", &["CORACLE_TEST_SIDE=container"], |sandbox| {
            (0..parts).for_each(|_| drop(sandbox.words("start -a one").succeeds()));
        });
    }

    /// Runs one ignored test of this program in a container of its own, where `side` is told to it.
    pub fn start_container(&self, driver: &str, test: &str, side: &str, variables: &[&str]) {
        let side = format!("CORACLE_TEST_SIDE={side}");
        self.start(driver, test, &[&[side.as_str()], variables].concat(), |_| {});
    }

    fn start(&self, driver: &str, test: &str, variables: &[&str], afterwards: impl FnOnce(&Sandbox)) {
        let volumes = [
            format!("{}:/x:ro", std::env::current_exe().unwrap().display()),
            format!("{}/io:/io", self.place.display()),
        ];
        let (program, io) = (volumes[0].as_str(), volumes[1].as_str());
        let verb = if driver == JOURNALLED { "create" } else { "run" };
        let driver = Some(driver).filter(|driver| *driver != JOURNALLED).unwrap_or("fuse");
        // The right to make the kernel forget; who carries operations out does without it.
        let run = [verb, "--network", "none", "--name", "one", "--cap-add", "SYS_ADMIN", "--storage-driver", driver];
        let run = [&run[..], &["-v", program, "-v", io]].concat();
        let mut variables: Vec<_> = variables.iter().flat_map(|variable| ["-e", variable]).collect();
        variables.extend(["-e", "CORACLE_TEST_PLACE=/", "-e", "RUST_BACKTRACE=1"]);
        let command = ["/x", "--exact", test, "--ignored", "--nocapture", "--quiet", "--test-threads=1"];
        let mut first = self.sandbox.run([&run[..], &variables, &[IMAGE], &command].concat());
        if verb == "create" {
            keep_in_journal(&self.sandbox, &first.succeeds().text());
            first = self.sandbox.words("start -a one");
        }
        if first.code() == 0 {
            afterwards(&self.sandbox);
        }
        self.sandbox.words("rm -f one").succeeds();
        first.succeeds();
    }
}

/// The half inside the namespaces.
#[test]
#[ignore = "started by the other tests, inside namespaces or a container"]
fn inside() {
    let place = PathBuf::from(std::env::var_os("CORACLE_TEST_PLACE").expect("started by a test"));
    match std::env::var("CORACLE_TEST_SIDE").unwrap().as_str() {
        "unpack" => fixture::unpack(&place),
        "kernel" => in_kernel_overlay(&place),
        "plain" => in_plain_directory(&place),
        _ => in_container(&place),
    }
}

/// Runs `work` in `root` as its root directory, with a container's rights; nothing of that reaches the caller.
pub fn inside_root<T: Send>(root: &Path, own_root: bool, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Where a container's filter forbids it, the whole process goes into the root, which is no harm there.
            if own_root {
                nix::sched::unshare(nix::sched::CloneFlags::CLONE_FS).unwrap();
            }
            nix::unistd::chroot(root).unwrap();
            nix::unistd::chdir("/").unwrap();
            rustix::process::umask(rustix::fs::Mode::empty());
            execute::drop_rights();
            work()
        });
        thread.join().expect("the sequence ends")
    })
}

/// The pieces between restarts, each with the restart that ends it.
fn parts(operations: &[Operation]) -> impl Iterator<Item = &[Operation]> {
    // A sequence without operations has one part, too.
    let whole: &[&[Operation]] = if operations.is_empty() { &[&[]] } else { &[] };
    whole.iter().copied().chain(operations.split_inclusive(|operation| *operation == Operation::Restart))
}

/// The names of their results.
fn results(operations: &[Operation]) -> impl Iterator<Item = String> {
    (0..parts(operations).count()).map(|number| format!("results-{number}"))
}

/// Makes the kernel drop what nobody uses of the names and inodes of the file system that is mounted at `root`, as it does when
/// memory is short: changing a mounted file system, here to what it is, begins with that (`reconfigure_super`). Nothing
/// happens where the file system is not this user's: a plain directory.
fn forget(root: &OwnedFd) {
    let foreign = |error: &rustix::io::Errno| [rustix::io::Errno::PERM, rustix::io::Errno::INVAL].contains(error);
    match fspick(root, "", FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_EMPTY_PATH) {
        Ok(file_system) => match fsconfig_reconfigure(file_system) {
            Err(error) if !foreign(&error) || is_mounted_by_user(root) => panic!("nothing was forgotten: {error}"),
            _ => {}
        },
        Err(error) if !foreign(&error) || is_mounted_by_user(root) => panic!("nothing was forgotten: {error}"),
        Err(_) => {}
    }
}

/// Whether that is FUSE or an overlay (linux/magic.h).
fn is_mounted_by_user(root: &OwnedFd) -> bool {
    rustix::fs::fstatfs(root).is_ok_and(|found| [0x6573_5546, 0x794c_7630].contains(&(found.f_type as u64)))
}

/// Runs one part of a sequence in `root`; `mounted` is where its file system is mounted.
fn carry_out(root: &Path, mounted: &Path, own_root: bool, operations: &[Operation]) -> Outcome {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mounted = rustix::fs::open(mounted, flags, Mode::empty()).unwrap();
    // Asked by a thread that gives its rights up, done by one that keeps them.
    let (ask, asked) = std::sync::mpsc::sync_channel::<()>(0);
    let (say, said) = std::sync::mpsc::sync_channel::<()>(0);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for () in asked {
                forget(&mounted);
                say.send(()).unwrap();
            }
        });
        inside_root(root, own_root, move || {
            let forgotten = || {
                ask.send(()).unwrap();
                said.recv().unwrap();
            };
            let mut executor = Executor::new(&forgotten);
            let answers = operations.iter().map(|operation| executor.run(operation)).collect();
            executor.run(&Operation::As { id: 0 });
            Outcome { answers, open: executor.open_files(), tree: execute::dump(), again: Vec::new() }
        })
    })
}

fn operations(place: &Path) -> Vec<Operation> {
    from_lines(&fs::read_to_string(place.join("io/operations")).unwrap())
}

fn save(place: &Path, name: &str, value: &impl Serialize) {
    fs::write(place.join("io").join(name), serde_json::to_vec(value).unwrap()).unwrap();
}

fn in_kernel_overlay(place: &Path) {
    let own = |name: &str| place.join(name);
    for name in ["upper", "work", "merged"] {
        let _ = fs::remove_dir_all(own(name));
        fs::create_dir(own(name)).unwrap();
    }
    fixture::dress_root(&own("upper"));
    let layers: Vec<String> =
        (0..fixture::layers().len()).rev().map(|number| own(&number.to_string()).display().to_string()).collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr,xino=on",
        layers.join(":"),
        own("upper").display(),
        own("work").display()
    );
    let merged = own("merged");
    let attach = || mount(Some("overlay"), &merged, Some("overlay"), MsFlags::empty(), Some(options.as_str())).unwrap();
    let operations = operations(place);
    for (name, part) in results(&operations).zip(parts(&operations)) {
        attach();
        save(place, &name, &carry_out(&merged, &merged, true, part));
        detach(&merged);
    }
    attach();
    save(place, "again", &inside_root(&merged, true, execute::dump));
    detach(&merged);
    for name in ["upper", "work", "merged"] {
        fs::remove_dir_all(own(name)).unwrap();
    }
}

/// A thread that was waited for is gone a moment before its root directory is (`do_exit` wakes who waits before `exit_fs`).
fn detach(merged: &Path) {
    let detached = eventually(Duration::from_secs(60), || match umount2(merged, MntFlags::empty()) {
        Err(Errno::EBUSY) => None,
        other => Some(other),
    });
    detached.expect("nobody uses it for ever").unwrap();
}

fn in_plain_directory(place: &Path) {
    let root = place.join("plain");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir(&root).unwrap();
    fixture::unpack_merged(&root);
    fixture::dress_root(&root);
    let operations = operations(place);
    for (name, part) in results(&operations).zip(parts(&operations)) {
        save(place, &name, &carry_out(&root, &root, true, part));
    }
    save(place, "again", &inside_root(&root, true, execute::dump));
    fs::remove_dir_all(&root).unwrap();
}

fn in_container(place: &Path) {
    let root = place.join(fixture::TOP);
    let operations = operations(place);
    let io = place.join("io");
    let next = results(&operations).zip(parts(&operations)).find(|(name, _)| !io.join(name).exists());
    // The results are written by a descriptor that was opened before the root changed.
    let create = |name: &str| fs::File::create(io.join(name)).unwrap();
    match next {
        Some((name, part)) => {
            let file = create(&name);
            serde_json::to_writer(file, &carry_out(&root, place, false, part)).unwrap();
        }
        None => {
            let file = create("again");
            serde_json::to_writer(file, &inside_root(&root, false, execute::dump)).unwrap();
        }
    }
}
