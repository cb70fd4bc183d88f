//! `diff`, `commit`, `export`, `import`, `save` and `load`: what a container has changed, and images made here.

use crate::busybox;
use crate::support::{Layer, Sandbox, has_subordinate_ids};

const CHANGES: &str = "echo new > /etc/new; rm /etc/group; mkdir -p /opt/d; echo x > /opt/d/f; ln /opt/d/f /opt/d/g; ln -s x /opt/l; \
                       chmod 700 /home; mkdir /tmp/t; mount | grep -q ' /proc '";

/// A container that has changed something and ended.
fn changed(sandbox: &Sandbox, driver: &str) {
    sandbox
        .command(["run", "--name", "one", "-v", "/vol", "busybox", "sh", "-c", CHANGES])
        .env("CORACLE_STORAGE_DRIVER", driver)
        .run()
        .succeeds();
}

const DIFFERENCES: &str =
    "C /etc\nD /etc/group\nA /etc/new\nC /home\nA /opt\nA /opt/d\nA /opt/d/f\nA /opt/d/g\nA /opt/l\nC /tmp\nA /tmp/t";

#[test]
fn changes_are_the_same_whatever_the_storage_driver() {
    let sandbox = busybox!();
    for driver in ["fuse+overlay", "fuse", "overlay", "copy"] {
        let works = sandbox.words("run --rm busybox true");
        let tried = sandbox.command(["run", "--rm", "busybox", "true"]).env("CORACLE_STORAGE_DRIVER", driver).run();
        if crate::support::is_refused_driver(&tried, driver) {
            continue;
        }
        works.succeeds();
        changed(&sandbox, driver);
        let lines: Vec<String> = sandbox.words("diff one").succeeds().lines();
        // What is made for mounts differs with what the host has.
        let lines: Vec<String> =
            lines.into_iter().filter(|line| !line.ends_with("/vol") && !line.contains("/run")).collect();
        assert_eq!(lines.join("\n"), DIFFERENCES, "{driver}");
        sandbox.words("commit one made").succeeds().quietly();
        let script = "cat /etc/new; test ! -e /etc/group && ls -d /opt/d; stat -c %h:%a /opt/d/f; stat -c %a /home; readlink /opt/l";
        let seen = sandbox.command(["run", "--rm", "made", "sh", "-c", script]).run();
        seen.succeeds().prints("new\n/opt/d\n2:644\n700\nx");
        // What was committed is no change of a container made from it.
        sandbox.words("create --name two made true").succeeds();
        assert_eq!(sandbox.words("diff two").succeeds().text(), "", "{driver}");
        sandbox.words("rm one two").succeeds();
        sandbox.words("rmi made").succeeds();
    }
    sandbox.assert_nothing_left();
}

#[test]
fn a_running_container_is_compared_and_committed_without_its_mounts() {
    let sandbox = busybox!();
    let script = "echo a > /etc/added; echo b > /data/in-volume; echo up; exec sleep 1000";
    sandbox
        .run(["run", "-d", "--name", "one", "-v", "data:/data", "--tmpfs", "/scratch", "busybox", "sh", "-c", script])
        .succeeds();
    crate::support::process::eventually(std::time::Duration::from_secs(60), || {
        sandbox.words("logs one").text().contains("up").then_some(())
    })
    .expect("it runs");
    let changes = sandbox.words("diff one").succeeds().lines();
    assert!(changes.contains(&"A /etc/added".to_owned()), "{changes:?}");
    assert!(changes.iter().all(|line| !line.contains("in-volume") && !line.contains("/proc")), "{changes:?}");
    let report: serde_json::Value = serde_json::from_str(&sandbox.words("diff --format json one").text()).unwrap();
    assert!(report["added"].as_array().unwrap().contains(&"/etc/added".into()));
    sandbox.words("commit one made").succeeds();
    sandbox
        .run(["run", "--rm", "made", "sh", "-c", "cat /etc/added; ls -A /data /scratch 2>/dev/null; true"])
        .succeeds()
        .mentions("a")
        .omits("in-volume");
    sandbox.words("rm -f -t 0 one").succeeds();
}

#[test]
fn contents_that_hide_behind_size_and_time_are_changes() {
    let sandbox = busybox!();
    sandbox.run(["run", "--name", "one", "busybox", "sh", "-c", "cp -p /etc/passwd /p; printf X | dd of=/etc/passwd conv=notrunc 2>/dev/null; touch -r /p /etc/passwd; rm /p"]).succeeds();
    sandbox.words("diff one").succeeds().mentions("C /etc/passwd");
    sandbox.words("rm one").succeeds();
}

#[test]
fn commit_takes_over_and_changes_the_configuration() {
    if std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun").is_err() {
        crate::support::skip!("/dev/net/tun cannot be opened here, and a published port needs a network");
    }
    let sandbox = busybox!();
    sandbox
        .run([
            "create",
            "--name",
            "one",
            "--env",
            "GIVEN=1",
            "--workdir",
            "/tmp",
            "--label",
            "l=1",
            "-p",
            "8080",
            "busybox",
            "echo",
            "hello",
        ])
        .succeeds();
    let id = sandbox
        .run([
            "commit",
            "-q",
            "--author",
            "me <me@example.org>",
            "--change",
            "ENV=EXTRA=2",
            "-c",
            "EXPOSE 80/udp",
            "-c",
            "USER nobody:x",
            "-c",
            "LABEL a=b",
            "-c",
            "VOLUME /v",
            "-c",
            "STOPSIGNAL SIGUSR1",
            "-c",
            "ONBUILD RUN true",
            "--iidfile",
            "iid",
            "one",
            "made:tag",
        ])
        .succeeds()
        .quietly()
        .text();
    assert_eq!(std::fs::read_to_string(sandbox.work().join("iid")).unwrap(), id);
    let config: serde_json::Value =
        serde_json::from_str(&sandbox.run(["image", "inspect", "--format", "{{json .Config}}", "made:tag"]).text())
            .unwrap();
    assert_eq!(config["Cmd"], serde_json::json!(["echo", "hello"]));
    assert_eq!(
        (&config["WorkingDir"], &config["User"], &config["StopSignal"]),
        (&"/tmp".into(), &"nobody:x".into(), &"10".into())
    );
    let environment = config["Env"].as_array().unwrap();
    assert!(environment.contains(&"GIVEN=1".into()) && environment.contains(&"EXTRA=2".into()), "{config}");
    assert_eq!(config["Labels"], serde_json::json!({"a": "b", "l": "1"}));
    assert_eq!(config["ExposedPorts"], serde_json::json!({"8080/tcp": {}, "80/udp": {}}));
    assert_eq!(config["Volumes"], serde_json::json!({"/v": {}}));
    sandbox
        .run(["image", "inspect", "--format", "{{.Id}} {{.Author}} {{.RepoTags}}", "made:tag"])
        .prints(&format!("{id} me <me@example.org> [localhost/made:tag]"));
    sandbox.run(["history", "--format", "{{.CreatedBy}}|{{.Comment}}", "made:tag"]).mentions("/bin/sh|FROM ");
    let squashed = sandbox.words("commit --squash -f docker -m remark one squashed").succeeds().text();
    assert_eq!(squashed.len(), 64);
    sandbox
        .run(["image", "inspect", "--format", "{{len .RootFS.Layers}} {{.Comment}} {{.ManifestType}}", "squashed"])
        .prints("1 remark application/vnd.docker.distribution.manifest.v2+json");
    for (words, complaint) in [
        ("commit -f bad one", "Error: unrecognized image format \"bad\""),
        ("commit -m x one", "Error: messages are only compatible with the docker image format (-f docker)"),
        ("commit -c RUN=x one", "Error: invalid change \"RUN=x\" - invalid instruction RUN"),
        ("commit one UPPER", "lowercase"),
        ("commit nobody", "no such container"),
        ("diff nobody", "Error: nobody not found: layer not known"),
        ("image diff nobody", "Error: nobody not found: nobody: image not known"),
        ("diff --format xml one", "json"),
    ] {
        sandbox.words(words).refuses(125, complaint);
    }
    sandbox.words("rm one").succeeds();
}

#[test]
fn exported_files_come_back_as_an_image() {
    let sandbox = busybox!();
    let owner = if has_subordinate_ids() { "chown 7:8 /opt/f" } else { "true" };
    let script = format!("mkdir /opt; echo text > /opt/f; {owner}; chmod 4750 /opt/f; mkfifo /opt/pipe");
    sandbox.run(["run", "--name", "one", "-v", "/vol", "busybox", "sh", "-c", &script]).succeeds();
    sandbox.words("export -o out.tar one").succeeds().quietly();
    let tar = sandbox.words("export one").succeeds().stdout;
    assert!(std::fs::read(sandbox.work().join("out.tar")).unwrap() == tar, "both ways give the same");
    let id = sandbox.run(["import", "-q", "-c", "CMD [\"cat\", \"/opt/f\"]", "out.tar", "made"]).succeeds().text();
    assert!(id.starts_with("sha256:"), "{id}");
    sandbox.words("run --rm made").succeeds().prints("text");
    let expected = if has_subordinate_ids() { "7:8:4750" } else { "0:0:4750" };
    sandbox.words("run --rm made stat -c %u:%g:%a /opt/f").prints(expected);
    sandbox.words("run --rm made stat -c %F /opt/pipe").prints("fifo");
    sandbox
        .command(["import", "--os", "linux", "--arch", "arm64", "-m", "remark", "-", "other:1"])
        .input(&tar)
        .run()
        .succeeds();
    sandbox
        .run(["image", "inspect", "--format", "{{.Os}}/{{.Architecture}} {{(index .History 0).Comment}}", "other:1"])
        .prints("linux/arm64 remark");
    sandbox.words("import nope.tar").refuses(125, "Error: open nope.tar: no such file or directory");
    sandbox.words("import http://:80/x.tar").refuses(125, "not a valid address");
    sandbox.command(["import", "-"]).input("no archive, but long enough to fill a block".repeat(20)).run().exits(125);
    sandbox.words("export nobody").refuses(125, "no such container");
    sandbox.words("rm one").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn saved_images_are_loaded_with_the_same_ids_and_names() {
    let sandbox = busybox!();
    sandbox.words("tag busybox made:1 made:2").succeeds();
    let id = sandbox.run(["image", "inspect", "--format", "{{.Id}}", "made:1"]).text();
    for format in ["docker-archive", "oci-archive", "oci-dir", "docker-dir"] {
        sandbox.run(["save", "-q", "--format", format, "-o", format, "made:1", "made:2"]).succeeds().quietly();
        let other = Sandbox::new();
        let from = sandbox.work().join(format);
        let loaded = other.run(["load", "-i", from.to_str().unwrap()]).succeeds().text();
        let expected = match format {
            "docker-dir" => format!("Loaded image: sha256:{id}"),
            _ => "Loaded image: localhost/made:1\nLoaded image: localhost/made:2".to_owned(),
        };
        assert_eq!(loaded, expected, "{format}");
        other.run(["run", "--rm", &id, "echo", "works"]).succeeds().prints("works");
    }
    // Through pipes, compressed; several images.
    let tar = sandbox.words("save -m busybox made:1").succeeds().stdout;
    let other = Sandbox::new();
    other.command(["load"]).input(&tar).run().succeeds().mentions("localhost/made:1");
    sandbox.words("save nope").refuses(125, "Error: nope: image not known");
    sandbox.words("save --format x made:1").refuses(125, "unknown format \"x\"");
    sandbox.words("load -i nope").refuses(125, "Error: stat nope: no such file or directory");
    sandbox.words("image tree made:1").succeeds().mentions("Image Layers").mentions("Top Layer of: [");
}

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    let sandbox = busybox!();
    let secret = sandbox.file("secret", "{}");
    let config = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}"#;
    let manifest =
        |config: &str, layer: &str| format!(r#"[{{"Config":"{config}","RepoTags":["evil:1"],"Layers":["{layer}"]}}]"#);
    let cases = [
        ("no image", Layer::new().file("x", 0o644, "y")),
        ("a config outside", Layer::new().file("manifest.json", 0o644, manifest(&secret, "l.tar"))),
        ("a config above", Layer::new().file("manifest.json", 0o644, manifest("../../../../../../etc/passwd", "l.tar"))),
        ("a link outside", Layer::new().symlink("c.json", &secret).file("manifest.json", 0o644, manifest("c.json", "l.tar"))),
        ("links in circles", Layer::new().symlink("c.json", "c.json").file("manifest.json", 0o644, manifest("c.json", "l.tar"))),
        ("a missing layer", Layer::new().file("c.json", 0o644, config).file("manifest.json", 0o644, manifest("c.json", "l.tar"))),
        ("another layer", Layer::new().file("c.json", 0o644, config).file("l.tar", 0o644, Layer::new().file("x", 0o644, "").tar()).file("manifest.json", 0o644, manifest("c.json", "l.tar"))),
        ("a pipe", Layer::new().fifo("manifest.json")),
        ("no JSON", Layer::new().file("manifest.json", 0o644, "[[[[")),
        ("an index that names itself", Layer::new().file("oci-layout", 0o644, "{}").file("index.json", 0o644, r#"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:../../../../etc/passwd","size":1}]}"#)),
    ];
    for (what, archive) in cases {
        let outcome = sandbox.command(["load"]).input(archive.tar()).run();
        assert_eq!(outcome.code(), 125, "{what}: {}", outcome.text());
        assert!(outcome.errors().lines().count() <= 2, "{what}: {}", outcome.errors());
    }
    sandbox.words("image exists evil:1").exits(1);
    // A layer of an imported archive cannot reach the host either: it is only ever an image.
    let tar = Layer::new().symlink("l", sandbox.work().to_str().unwrap()).file("l/secret", 0o644, "overwritten").tar();
    sandbox.command(["import", "-", "evil:2"]).input(&tar).run();
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "{}");
}

#[test]
fn a_running_container_is_paused_while_it_is_read_when_asked() {
    let sandbox = busybox!();
    sandbox.words("run -d --name one --network none busybox sleep 1000").succeeds();
    let told = |event: &str| {
        let filter = format!("event={event}");
        let words = ["events", "--stream=false", "--filter", &filter, "--format", "{{.Name}}"];
        sandbox.run(words).succeeds().lines().len()
    };
    sandbox.words("commit -q one plain").succeeds();
    assert_eq!((told("pause"), told("unpause")), (0, 0));
    sandbox.words("commit -q --pause one paused").succeeds();
    assert_eq!((told("pause"), told("unpause")), (1, 1));
    sandbox.words("inspect --format {{.State.Status}} one").succeeds().prints("running");
    // What could not be committed goes on as well.
    sandbox.words("commit --pause --change NONSENSE=1 one").exits(125);
    sandbox.words("inspect --format {{.State.Status}} one").succeeds().prints("running");
    sandbox.words("rm -f -t 0 one").succeeds();
}
