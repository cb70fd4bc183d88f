//! A keeper and an init in miniature.
//!
//! The test process keeps its own user namespace and serves FUSE, like the keeper. The other half is this same test program,
//! started again under `unshare(1)`: it mounts, hands the device over through its standard input and runs a shell script.

use coracle::overlay::mount::{OverlayMount, mount_fuse, mount_overlay, mount_writable_fuse, open_fuse_device};
use coracle::overlay::server::{Changes, Lower, Server, ServerOptions, serve, serve_writable};
use coracle::overlay::tree::{Tree, merge};
use coracle::store::layer_index::{LayerIndex, LayerIndexer};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use std::fs::{self, File};
use std::io::{IoSlice, IoSliceMut, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why these tests cannot run here, if they cannot.
pub fn obstacle() -> Option<String> {
    if let Some(reason) = coracle::overlay::probe::fuse_obstacle() {
        return Some(reason);
    }
    let unshared = unshare().arg("true").stderr(Stdio::null()).status();
    (!unshared.is_ok_and(|status| status.success())).then(|| "no unprivileged user namespaces".to_owned())
}

/// `unshare` with a mount namespace and, for an ordinary user, a user namespace with all ids the user has.
pub fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
        if has_subordinate_ids() {
            command.arg("--map-auto");
        }
    }
    command.arg("--mount");
    command
}

/// Whether this user has subordinate ids, so that ids other than 0 exist in the namespace.
fn has_subordinate_ids() -> bool {
    let uid = rustix::process::getuid().as_raw();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find(|line| line.split(':').nth(2) == Some(&uid.to_string()));
    let name = name.and_then(|line| line.split(':').next()).unwrap_or("?").to_owned();
    let listed = fs::read_to_string("/etc/subuid").unwrap_or_default();
    listed.lines().any(|line| line.starts_with(&format!("{name}:")))
}

/// Whether ids other than 0 exist inside.
pub fn has_many_ids() -> bool {
    rustix::process::getuid().is_root() || has_subordinate_ids()
}

/// The ids that exist inside.
pub fn options() -> ServerOptions {
    if has_many_ids() {
        let ids = 0..65536;
        return ServerOptions { uids: vec![ids.clone()], gids: vec![ids], ..Default::default() };
    }
    let root = 0..1;
    ServerOptions { uids: vec![root.clone()], gids: vec![root], ..Default::default() }
}

/// Merges layers given as files of tar.
pub fn image(tars: &[PathBuf]) -> Lower {
    let mut indexes = Vec::new();
    for tar in tars {
        let mut indexer = LayerIndexer::new();
        let mut file = File::open(tar).unwrap();
        let mut chunk = vec![0; 1 << 20];
        loop {
            match file.read(&mut chunk).unwrap() {
                0 => break,
                length => indexer.push(&chunk[..length]).unwrap(),
            }
        }
        indexes.push(indexer.finish().unwrap());
    }
    let indexes: Vec<_> = indexes.iter().map(|index| LayerIndex::parse(index).unwrap()).collect();
    let tree = Tree::from_bytes(merge(&indexes).unwrap()).unwrap();
    Lower::Image { tree, layers: tars.iter().map(|tar| File::open(tar).unwrap()).collect() }
}

/// Runs `script` with `sh -eu` in `directory`, where `lower` (the FUSE mount) and `merged` (the overlay) are mounted, and returns
/// what it printed. Panics when it fails.
pub fn run(lower: Lower, directory: &Path, script: &str) -> String {
    run_served(directory, script, false, |device| serve(lower, device, options()).unwrap())
}

/// The same with our own writable layer (driver `fuse`), mounted on `merged`; changes of an earlier run are kept.
pub fn run_writable(lower: Lower, directory: &Path, size_bytes: Option<u64>, script: &str) -> String {
    run_served(directory, script, true, |device| {
        let changes = Changes::open(&directory.join("upper"), &directory.join("work"), size_bytes).unwrap();
        serve_writable(lower, changes, device, options()).unwrap()
    })
}

fn run_served(directory: &Path, script: &str, writable: bool, serve: impl FnOnce(OwnedFd) -> Server) -> String {
    for name in ["lower", "upper", "work", "merged"] {
        fs::create_dir_all(directory.join(name)).unwrap();
    }
    let (keeper, init) = UnixStream::pair().unwrap();
    let mut command = unshare();
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "harness::inside", "--ignored", "--nocapture", "--quiet"]);
    command.env("CORACLE_TEST_DIRECTORY", directory).env("CORACLE_TEST_SCRIPT", script);
    if writable {
        command.env("CORACLE_TEST_WRITABLE", "1");
    }
    command.stdin(OwnedFd::from(init)).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let child = command.spawn().unwrap();
    drop(command);
    let device = receive(&keeper);
    let started = std::time::Instant::now();
    let server = device.map(serve);
    if std::env::var_os("CORACLE_BENCH_LAYERS").is_some() {
        println!("serve: {:?}", started.elapsed());
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed:\n{}", String::from_utf8_lossy(&output.stdout));
    server.expect("init sends the device").wait().unwrap();
    String::from_utf8_lossy(&fs::read(directory.join("output")).unwrap()).into_owned()
}

/// Runs `script` like [`run`], with the layers unpacked into `lower` and no FUSE.
pub fn run_extracted(tars: &[PathBuf], directory: &Path, script: &str) -> String {
    let mut command = unshare();
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "harness::inside_without_fuse", "--ignored", "--nocapture", "--quiet"]);
    command.env("CORACLE_TEST_DIRECTORY", directory).env("CORACLE_TEST_SCRIPT", script);
    command.env("CORACLE_TEST_LAYERS", std::env::join_paths(tars).unwrap());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the script failed:\n{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&fs::read(directory.join("output")).unwrap()).into_owned()
}

/// The half inside the namespaces, unpacking.
#[test]
#[ignore = "started by the other tests, inside namespaces"]
fn inside_without_fuse() {
    let directory = PathBuf::from(std::env::var_os("CORACLE_TEST_DIRECTORY").expect("started by a test"));
    let tars = std::env::var_os("CORACLE_TEST_LAYERS").unwrap();
    let tars: Vec<_> = std::env::split_paths(&tars).collect();
    let lower = directory.join("lower");
    fs::create_dir_all(&lower).unwrap();
    let Lower::Image { tree, layers } = image(&tars) else { unreachable!() };
    let target = File::open(&lower).unwrap();
    coracle::overlay::extract::extract(&tree, &layers, &target, &options()).unwrap();
    script(&directory);
}

fn script(directory: &Path) {
    let output = File::create(directory.join("output")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-euc", &std::env::var("CORACLE_TEST_SCRIPT").unwrap()]);
    let status = shell.current_dir(directory).stdin(Stdio::null()).stdout(output).status().unwrap();
    assert!(status.success());
}

/// The half inside the namespaces.
#[test]
#[ignore = "started by the other tests, inside namespaces"]
fn inside() {
    let directory = PathBuf::from(std::env::var_os("CORACLE_TEST_DIRECTORY").expect("started by a test"));
    let [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map(|name| directory.join(name));
    let began = std::time::Instant::now();
    let device = open_fuse_device().unwrap();
    if std::env::var_os("CORACLE_TEST_WRITABLE").is_some() {
        mount_writable_fuse(&device, &merged).unwrap();
        send(std::io::stdin(), &device);
        drop(device);
        return script(&directory);
    }
    mount_fuse(&device, &lower).unwrap();
    send(std::io::stdin(), &device);
    drop(device);
    let overlay =
        OverlayMount { lower: &lower, upper: &upper, work: &work, target: &merged, volatile: true, read_only: false };
    mount_overlay(&overlay).unwrap();
    fs::write(directory.join("mounted"), began.elapsed().as_micros().to_string()).unwrap();
    // A container that is started again.
    nix::mount::umount(&merged).unwrap();
    mount_overlay(&overlay).unwrap();
    script(&directory);
    // Only inside may files of other ids be removed.
    let clean = "umount merged; rm -rf upper/* upper/.[!.]* work/*";
    Command::new("sh").args(["-c", clean]).current_dir(&directory).status().unwrap();
}

fn send(socket: impl AsFd, device: &OwnedFd) {
    let descriptors = [device.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
    rustix::net::sendmsg(socket, &[IoSlice::new(b"d")], &mut ancillary, SendFlags::empty()).unwrap();
}

/// `None` when the other side is gone.
fn receive(socket: &UnixStream) -> Option<OwnedFd> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    rustix::net::recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
    ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    })
}
