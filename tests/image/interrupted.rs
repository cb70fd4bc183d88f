//! Pulls in a process of their own, so that they can be killed and have an environment.

use crate::fixture::{Image, Layer, Store, noise, request, tar};
use crate::server::Server;
use coracle::image::progress::Silent;
use coracle::store::paths::Paths;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The process that pulls: this test binary again, running only this.
#[test]
#[ignore = "started by other tests"]
fn child() {
    let (Ok(root), Ok(name)) = (std::env::var("TEST_STORE"), std::env::var("TEST_IMAGE")) else { return };
    let paths = Paths { root: root.into(), run_root: "/nowhere".into(), additional: Vec::new() };
    if let Err(error) = coracle::engine::pull::pull(&paths, &request(&name), &Silent) {
        println!("Error: {error}");
        println!("Hint: {}", error.hint().unwrap_or_default());
        std::process::exit(125);
    }
}

fn spawn(root: &Path, name: &str, adjust: impl FnOnce(&mut Command)) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "interrupted::child", "--ignored"])
        .env("TEST_STORE", root)
        .env("TEST_IMAGE", name)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    adjust(&mut command);
    command.spawn().unwrap()
}

/// Pulls in a child process that finds programs in `directory` too.
pub fn with_path(directory: PathBuf, name: &str, adjust: impl FnOnce(&mut Command)) {
    let store = Store::new();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let mut child = spawn(&store.paths.root, name, |command| {
        command.env("PATH", path);
        adjust(command);
    });
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_killed_pull_leaves_nothing_that_counts() {
    let layers: Vec<Layer> = (0..3).map(|n| Layer::gzip(&tar(&[("noise", &noise(8 << 20, n))]))).collect();
    let image = Image::new(&layers);
    let server = Server::start();
    server.put_image("k", "latest", &image);
    let store = Store::new();
    let mut finished = 0;
    for round in 0..24u64 {
        let mut child = spawn(&store.paths.root, &server.name("k"), |_| {});
        // Killed at a moment that differs from round to round: after so many requests have come in.
        let wanted = server.requests("").len() + (round % 6) as usize;
        while server.requests("").len() < wanted && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let signal = [rustix::process::Signal::KILL, rustix::process::Signal::INT, rustix::process::Signal::TERM];
        if child.try_wait().unwrap().is_none() {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, signal[round as usize % 3]).unwrap();
        }
        finished += u32::from(child.wait().unwrap().success());
        assert_eq!(store.files(&store.paths.temporary()), [""; 0]);
        store.assert_layers_sound();
        if finished > 0 {
            break;
        }
    }
    store.pull(&server.name("k")).unwrap();
    let swept = coracle::store::sweep::sweep(&store.paths).unwrap();
    assert_eq!((swept.layers, swept.blobs), (0, 0));
}

#[test]
fn processes_that_pull_at_once_share_the_work() {
    let image = Image::new(&[Layer::gzip(&tar(&[("noise", &noise(4 << 20, 1))]))]);
    let server = Server::start();
    server.put_image("s", "latest", &image);
    let store = Store::new();
    let children: Vec<Child> = (0..4).map(|_| spawn(&store.paths.root, &server.name("s"), |_| {})).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.requests(&image.layers[0].digest().to_string()).len(), 1);
    store.assert_layers_sound();
}

#[test]
fn registries_configuration_is_followed() {
    let image = crate::fixture::small();
    let (mirror, broken) = (Server::start(), Server::with(|_, _| Some(crate::server::Response::new(404, ""))));
    mirror.put_image("moved/app", "1", &image);
    let store = Store::new();
    let file = store.beside("registries.conf");
    let text = format!(
        "unqualified-search-registries = [\"{}\", \"example.invalid\"]\n\
         [[registry]]\nprefix = \"example.invalid\"\nlocation = \"{}/moved\"\n\
         [[registry.mirror]]\nlocation = \"{}\"\n[[registry]]\nlocation = \"blocked.invalid\"\nblocked = true\n",
        broken.address, mirror.address, broken.address
    );
    std::fs::write(&file, text).unwrap();
    let run = |name: &str| {
        let mut child = spawn(&store.paths.root, name, |command| {
            command.env("CONTAINERS_REGISTRIES_CONF", &file);
        });
        child.wait().unwrap().success()
    };
    assert!(run("example.invalid/app:1"));
    assert!(run("app:1"));
    assert!(!run("blocked.invalid/app:1"));
    // The name is the one asked for, not where it was found.
    assert_eq!(store.files(&store.paths.names()), ["example.invalid+app:1"]);
}

#[test]
fn a_full_disk_is_one_line_and_leaves_nothing() {
    // Half of every byte is noise: 6 MB that compress to more than three and less than six.
    let content: Vec<u8> = noise(6 << 20, 1).iter().map(|byte| byte & 15).collect();
    let image = Image::new(&[Layer::gzip(&tar(&[("content", &content)]))]);
    let server = Server::start();
    server.put_image("f", "latest", &image);
    let store = Store::new();
    std::fs::create_dir(store.beside("small")).unwrap();
    // A file system of its own in a user namespace; a pull leaves 32 MB of any to others.
    let script = "mount -t tmpfs -o size=$SIZE none \"$0\" && \"$@\"; code=$?; \
                  find \"$0\" -type f ! -name lock -printf '%P\\n'; exit $code";
    let run = |size: &str| {
        let output = Command::new("unshare")
            .args(["-rm", "sh", "-c", script])
            .arg(store.beside("small"))
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "interrupted::child", "--ignored", "--nocapture"])
            .env("SIZE", size)
            .env("TEST_STORE", store.beside("small/store"))
            .env("TEST_IMAGE", server.name("f"))
            .output();
        output.map(|output| (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    match run("100m") {
        Ok((Some(0), _)) => {}
        other => return println!("skipped: no file system can be mounted in a user namespace: {other:?}"),
    }
    for (size, expected) in
        [("34m", "cannot write layer: no space left on device\n"), ("38m", "layer expands to more than ")]
    {
        let (code, output) = run(size).unwrap();
        assert_eq!(code, Some(125), "{output}");
        let digest = image.layers[0].digest();
        assert!(output.contains(&format!("Error: reading blob {digest}: {expected}")), "{output}");
        assert!(output.contains("\nHint: "), "{output}");
        assert!(!output.contains("store/"), "files are left: {output}");
    }
}

#[test]
fn a_proxy_from_the_environment_is_used() {
    let image = crate::fixture::small();
    // A proxy is asked for whole URLs; this one serves them itself. There is no other way to such a host.
    let proxy = Server::start();
    let host = "http://registry.invalid";
    let manifest = image.manifest.to_string();
    proxy.put(&format!("{host}/v2/"), "application/json", "{}");
    proxy.put(&format!("{host}/v2/p/manifests/1"), crate::fixture::OCI_MANIFEST, manifest);
    for blob in [image.layers[0].blob.clone(), image.config.to_string().into_bytes()] {
        let digest = coracle::store::digest::Digest::of(&blob);
        proxy.put(&format!("{host}/v2/p/blobs/{digest}"), "application/octet-stream", blob);
    }
    let store = Store::new();
    let file = store.beside("registries.conf");
    std::fs::write(&file, "[[registry]]\nlocation = \"registry.invalid\"\ninsecure = true\n").unwrap();
    let mut child = spawn(&store.paths.root, "registry.invalid/p:1", |command| {
        command
            .env("CONTAINERS_REGISTRIES_CONF", &file)
            .env("http_proxy", format!("http://{}", proxy.address))
            // Nothing listens there: https to the registry fails at once.
            .env("https_proxy", "http://127.0.0.1:1");
    });
    assert!(child.wait().unwrap().success());
}
