//! `init`, `container cleanup` and `container clone`: containers that are set up, cleaned up after, and copied.

use crate::busybox;
use crate::support::Sandbox;

fn field(sandbox: &Sandbox, name: &str, field: &str) -> String {
    sandbox.run(["inspect", "--format", &format!("{{{{.{field}}}}}"), name]).succeeds().text()
}

#[test]
fn a_prepared_container_has_everything_but_its_process() {
    let sandbox = busybox!();
    let id = sandbox
        .run(["create", "--name", "prep", "-v", "data:/data", "busybox", "sh", "-c", "cat /data/x; echo run; exit 3"])
        .succeeds()
        .text();
    sandbox.words("init prep").succeeds().prints("prep");
    assert_eq!(field(&sandbox, "prep", "State.Status"), "initialized");
    assert_ne!(field(&sandbox, "prep", "State.Pid"), "0");
    sandbox.words("ps -a --format {{.State}}").prints("initialized");
    sandbox.words("ps -a --filter status=initialized --format {{.Names}}").prints("prep");
    // What cannot be done with it, and changes nothing.
    let improper = format!("container {id} has already been created in runtime: container state improper");
    sandbox.words("init prep").refuses(125, &improper);
    sandbox.words("init --all").succeeds().prints(&id);
    sandbox.words("exec prep true").exits(255);
    sandbox.words("kill prep").refuses(125, "is in state initialized");
    // Its files can be reached, and are the container's own.
    let file = sandbox.file("x", "from outside\n");
    sandbox.run(["cp", &file, "prep:/data/x"]).succeeds();
    sandbox.run(["cp", &file, "prep:/root.txt"]).succeeds();
    assert!(!std::path::Path::new("/root.txt").exists());
    sandbox.words("start --attach prep").exits(3).prints("from outside\nrun");
    assert_eq!(field(&sandbox, "prep", "State.ExitCode"), "3");
    // And once more, after it has run.
    sandbox.words("container init --latest").succeeds();
    assert_eq!(field(&sandbox, "prep", "State.Status"), "initialized");
    sandbox.words("start prep").succeeds().prints("prep");
    sandbox.words("wait prep").succeeds();
    assert_eq!(sandbox.words("logs prep").succeeds().text(), "from outside\nrun\nfrom outside\nrun");
    sandbox.words("rm prep").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_prepared_container_is_ended_and_removed_without_force() {
    let sandbox = busybox!();
    sandbox.words("create --name gone busybox sleep 1000").succeeds();
    sandbox.words("create --name ended --network none busybox sleep 1000").succeeds();
    sandbox.words("create --name again --restart always busybox sleep 1000").succeeds();
    sandbox.words("create --rm --name short busybox true").succeeds();
    sandbox.words("init --all").succeeds();
    sandbox.words("rm gone").succeeds();
    sandbox.words("stop -t 60 ended").succeeds();
    assert_eq!(field(&sandbox, "ended", "State.Status"), "exited");
    assert_eq!(field(&sandbox, "ended", "State.ExitCode"), "137");
    sandbox.words("stop short").succeeds();
    sandbox.words("container exists short").exits(1);
    sandbox.words("start --all").succeeds();
    assert_eq!(field(&sandbox, "again", "State.Status"), "running");
    sandbox.words("rm -f -t 0 ended again").succeeds();
    for (words, complaint) in [
        ("init", "you must provide at least one name or id"),
        ("init nothing", "no container with name or ID \"nothing\" found: no such container"),
    ] {
        sandbox.words(words).refuses(125, complaint);
    }
    sandbox.assert_nothing_left();
}

#[test]
fn cleanup_passes_over_what_runs_and_what_is_not_there() {
    let sandbox = busybox!();
    let made = sandbox.words("create --name made busybox true").succeeds().text();
    sandbox.words("run -d --name runs busybox sleep 1000").succeeds();
    sandbox.words("container cleanup nothing").succeeds().prints("");
    sandbox.words("container cleanup made").succeeds().prints(&made);
    sandbox.words("container cleanup --stopped-only made").succeeds().prints("");
    sandbox.words("container cleanup runs").succeeds().prints("");
    sandbox.words("container cleanup --all").succeeds().prints(&made);
    assert_eq!(field(&sandbox, "runs", "State.Status"), "running");
    sandbox.words("container cleanup --all --exec x").refuses(125, "exec and all options conflict");
    // A keeper that was killed leaves nothing that stays.
    let keeper: u32 = field(&sandbox, "runs", "State.ConmonPid").parse().unwrap();
    crate::support::process::Process::read(keeper).unwrap().signal(9);
    sandbox.words("wait runs").succeeds();
    sandbox.words("container cleanup --rm runs").succeeds();
    sandbox.words("container exists runs").exits(1);
    sandbox.words("container cleanup --rm --rmi made").succeeds().prints(&made);
    sandbox.words("image exists busybox").exits(1);
    sandbox.assert_nothing_left();
}

#[test]
fn a_clone_is_made_as_its_original_was() {
    let sandbox = busybox!();
    sandbox
        .run([
            "run",
            "--name",
            "first",
            "-e",
            "A=1=2",
            "--memory",
            "256m",
            "busybox",
            "sh",
            "-c",
            "echo $A >>/f; cat /f",
        ])
        .succeeds()
        .prints("1=2");
    let copy = sandbox.words("container clone first").succeeds().text();
    assert_eq!(field(&sandbox, &copy, "Name"), "first-clone");
    sandbox.words("start -a first-clone").succeeds().prints("1=2");
    sandbox.words("container clone --memory 128m first-clone").succeeds();
    assert_eq!(field(&sandbox, "first-clone1", "HostConfig.Memory"), (128 << 20).to_string());
    assert_eq!(field(&sandbox, "first-clone", "HostConfig.Memory"), (256 << 20).to_string());
    let complaint = "cannot set --force without --destroy: invalid argument";
    sandbox.words("container clone --force first").refuses(125, complaint);
    sandbox.words("container clone first first-clone").refuses(125, "is already in use");
    sandbox.words("container clone").exits(125);
    sandbox.words("container clone a b c d").exits(125);
    // In a pod, from a container that runs, in its place.
    sandbox.words("run -d --pod new:house --name member busybox sleep 1000").succeeds();
    sandbox.words("container clone --destroy member other").exits(125);
    sandbox.words("rm -f -t 0 other").succeeds();
    sandbox.words("container clone --destroy --force --run member moved busybox").succeeds();
    sandbox.words("container exists member").exits(1);
    assert_eq!(field(&sandbox, "moved", "State.Status"), "running");
    assert_ne!(field(&sandbox, "moved", "Pod"), "");
    sandbox.words("pod rm -f -t 0 house").succeeds();
    sandbox.words("rm -a").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn what_others_use_is_not_removed_before_them() {
    let sandbox = busybox!();
    let base = sandbox.words("create --name base --network none busybox sleep 1000").succeeds().text();
    let above = sandbox.words("create --name above --network container:base busybox sleep 1000").succeeds().text();
    let top = sandbox.words("create --name top --network none --requires above busybox true").succeeds().text();
    let refusal = |id: &str, dependents: &str| {
        format!(
            "container {id} has dependent containers which must be removed before it: {dependents}: container already exists"
        )
    };
    sandbox.words("rm base").refuses(125, &refusal(&base, &above));
    sandbox.words("rm -f base").refuses(125, &refusal(&base, &above));
    sandbox.words("rm above").refuses(125, &refusal(&above, &top));
    sandbox.words("rm base above top").succeeds();
    sandbox.words("create --name base --network none busybox true").succeeds();
    sandbox.words("create --name above --network container:base busybox true").succeeds();
    sandbox.words("rm -f -a").succeeds();
    sandbox.words("create --name base --network none busybox true").succeeds();
    sandbox.words("create --name above --network container:base busybox true").succeeds();
    assert_eq!(sandbox.words("container prune -f").succeeds().lines().len(), 2);
    sandbox.words("ps --filter restart-policy=x").refuses(125, "x invalid restart policy");
    sandbox
        .words("ps --filter restart-policy=x --filter restart-policy=no --filter restart-policy=y")
        .refuses(125, "x, y invalid restart policies");
    sandbox.assert_nothing_left();
}

#[test]
fn an_image_is_saved_compressed_and_shows_what_is_made_of_it() {
    let sandbox = busybox!();
    sandbox
        .words("save --compress -o x.tar busybox")
        .refuses(125, "--compress can only be set when --format is 'docker-dir'");
    sandbox.words("save --compress --format docker-dir -o saved busybox").succeeds();
    let manifest = std::fs::read(sandbox.work().join("saved/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    assert!(!layers.is_empty());
    for layer in layers {
        assert_eq!(layer["mediaType"], "application/vnd.docker.image.rootfs.diff.tar.gzip");
        let name = layer["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
        let bytes = std::fs::read(sandbox.work().join("saved").join(&name)).unwrap();
        assert_eq!((&bytes[..2], bytes.len() as u64), (&[0x1f, 0x8b][..], layer["size"].as_u64().unwrap()));
    }
    let id = |name: &str| sandbox.run(["image", "inspect", "--format", "{{.Id}}", name]).succeeds().text();
    let before = id("busybox");
    sandbox.words("tag busybox kept").succeeds();
    sandbox.words("load -i saved").succeeds();
    assert_eq!(id("busybox"), before);
    sandbox.words("image tree --whatrequires busybox").succeeds().omits("──");
    sandbox.words("run --name change busybox touch /new").succeeds();
    sandbox.words("commit -q change child").succeeds();
    let tree = sandbox.words("image tree --whatrequires busybox").succeeds().text();
    assert!(
        tree.contains("Image Layers\n└── ID: ") && tree.ends_with(" Top Layer of: [localhost/child:latest]"),
        "{tree}"
    );
    sandbox.words("rm change").succeeds();
    sandbox.assert_nothing_left();
}
