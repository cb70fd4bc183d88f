//! Where a sequence is carried out: over the kernel's overlayfs, in a plain directory, or in a container.
//!
//! All three are this same test program, started again: under `unshare(1)` for the first two, by coracle for the third.
//! Operations go in and answers come out by files in a directory.

use super::execute::{self, Executor};
use super::fixture;
use super::operation::{Operation, from_lines, to_lines};
use crate::harness::unshare;
use crate::support::Sandbox;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

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
    /// What the descriptors still open held.
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
        for name in ["results", "again"] {
            let _ = fs::remove_file(io.join(name));
        }
        match side {
            Side::Kernel => self.start_unshared("kernel"),
            Side::Plain => self.start_unshared("plain"),
            Side::Driver(driver) => self.run_in_container(driver),
        }
        let read = |name: &str| fs::read(io.join(name)).unwrap_or_else(|error| panic!("{side:?}: {name}: {error}"));
        let mut outcome: Outcome = serde_json::from_slice(&read("results")).unwrap();
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

    fn run_in_container(&self, driver: &str) {
        self.start(driver, "oracle::sides::inside", &["CORACLE_TEST_SIDE=container"], |sandbox| {
            sandbox.words("start -a one").succeeds();
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
        let run = ["run", "--network", "none", "--name", "one", "--storage-driver", driver, "-v", program, "-v", io];
        let mut variables: Vec<_> = variables.iter().flat_map(|variable| ["-e", variable]).collect();
        variables.extend(["-e", "CORACLE_TEST_PLACE=/", "-e", "RUST_BACKTRACE=1"]);
        let command = ["/x", "--exact", test, "--ignored", "--nocapture", "--quiet", "--test-threads=1"];
        let first = self.sandbox.run([&run[..], &variables, &[IMAGE], &command].concat());
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

fn carry_out(root: &Path, own_root: bool, operations: &[Operation]) -> Outcome {
    inside_root(root, own_root, || {
        let mut executor = Executor::default();
        let answers = operations.iter().map(|operation| executor.run(operation)).collect();
        executor.run(&Operation::As { id: 0 });
        Outcome { answers, open: executor.open_files(), tree: execute::dump(), again: Vec::new() }
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
    attach();
    save(place, "results", &carry_out(&merged, true, &operations(place)));
    umount2(&merged, MntFlags::empty()).unwrap();
    attach();
    save(place, "again", &inside_root(&merged, true, execute::dump));
    umount2(&merged, MntFlags::empty()).unwrap();
    for name in ["upper", "work", "merged"] {
        fs::remove_dir_all(own(name)).unwrap();
    }
}

fn in_plain_directory(place: &Path) {
    let root = place.join("plain");
    let _ = fs::remove_dir_all(&root);
    fs::create_dir(&root).unwrap();
    fixture::unpack_merged(&root);
    fixture::dress_root(&root);
    save(place, "results", &carry_out(&root, true, &operations(place)));
    save(place, "again", &inside_root(&root, true, execute::dump));
    fs::remove_dir_all(&root).unwrap();
}

fn in_container(place: &Path) {
    // The results are written by a descriptor that was opened before the root changed.
    let root = place.join(fixture::TOP);
    let first = !place.join("io/results").exists();
    let file = fs::File::create(place.join("io").join(if first { "results" } else { "again" })).unwrap();
    let operations = operations(place);
    if first {
        serde_json::to_writer(file, &carry_out(&root, false, &operations)).unwrap();
    } else {
        serde_json::to_writer(file, &inside_root(&root, false, execute::dump)).unwrap();
    }
}
