//! What scripts read: fields of `inspect` and of lists, in podman's names and forms.

use crate::busybox;
use crate::support::{Image, Sandbox, skip};
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_containers_configuration_reads_as_podmans() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let sandbox = Sandbox::new();
    let image = image.with("Entrypoint", json!(["/bin/busybox"])).with("Cmd", json!(["true"]));
    sandbox.add("entry", &image);
    let create = [
        "create",
        "--name",
        "c",
        "--network",
        "none",
        "--expose",
        "80",
        "-l",
        "a=b",
        "--annotation",
        "x=y",
        "entry",
        "echo",
        "hi",
    ];
    sandbox.run(create).succeeds();
    let format = "{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Path}} {{.Args}} {{.Config.StopSignal}} {{.Config.ExposedPorts}} \
        {{.HostConfig.Annotations.x}} {{.HostConfig.IpcMode}} {{index .Config.Labels \"a\"}} {{.State.StartedAt}}";
    sandbox.run(["inspect", "--format", format, "c"]).prints(
        "[/bin/busybox] [echo hi] /bin/busybox [echo hi] SIGTERM map[80/tcp:map[]] y shareable b 0001-01-01 00:00:00 +0000 UTC",
    );
    let document = parsed(&sandbox.words("inspect c").succeeds().text());
    let container = &document[0];
    for (path, expected) in [
        ("/State/Status", json!("created")),
        ("/State/StartedAt", json!("0001-01-01T00:00:00Z")),
        ("/Config/Entrypoint", json!(["/bin/busybox"])),
        ("/Config/ExposedPorts", json!({"80/tcp": {}})),
        ("/NetworkSettings/Ports", json!({"80/tcp": null})),
        ("/HostConfig/AutoRemoveImage", json!(false)),
        ("/KubeExitCodePropagation", json!("invalid")),
        ("/UseImageHosts", json!(false)),
        ("/ExecIDs", json!([])),
        ("/Dependencies", json!([])),
    ] {
        assert_eq!(container.pointer(path), Some(&expected), "{path}");
    }
    assert!(container.get("SizeRw").is_none());
    let sized = parsed(&sandbox.words("inspect --size c").succeeds().text());
    assert!(sized[0]["SizeRw"].is_u64() && sized[0]["SizeRootFs"].is_u64(), "{sized}");
}

#[test]
fn lists_have_the_fields_of_podmans() {
    let sandbox = busybox!();
    sandbox
        .words("create --name c --network none --label a=b -v data:/data -v other:/other --cidfile cid busybox true")
        .succeeds();
    sandbox
        .run([
            "ps",
            "-a",
            "--format",
            "{{.CIDFile}}|{{.Restarts}}|{{.Mounts}}|{{.Label \"a\"}}|{{.ExposedPorts}}|{{.Labels}}",
        ])
        .prints(&format!("{}/cid|0|[/data /other]|b|map[]|map[a:b]", sandbox.work().display()));
    let created = sandbox.words("ps -a --format {{.CreatedAt}}").succeeds().text();
    assert!(created.ends_with(" +0000 UTC") && created.contains('.'), "{created}");
    let listed = parsed(&sandbox.words("ps -a --format json").succeeds().text());
    for field in [
        "AutoRemove",
        "CIDFile",
        "Command",
        "CreatedAt",
        "Exited",
        "ExitedAt",
        "ExitCode",
        "ExposedPorts",
        "Id",
        "Image",
        "ImageID",
        "IsInfra",
        "Labels",
        "Mounts",
        "Names",
        "Namespaces",
        "Networks",
        "Pid",
        "Pod",
        "PodName",
        "Ports",
        "Restarts",
        "Size",
        "StartedAt",
        "State",
        "Status",
        "Created",
    ] {
        assert!(listed[0].get(field).is_some(), "{field}: {listed}");
    }
    sandbox
        .words("volume ls --filter name=data --format {{.Name}}|{{.Status}}|{{.UID}}|{{.Scope}}")
        .prints("data|map[]|0|local");
    let created = sandbox.words("images --format {{.CreatedAt}}").succeeds().text();
    assert!(created.ends_with(" +0000 UTC") && !created.contains('.'), "{created}");
    let history = parsed(&sandbox.words("history --format json busybox").succeeds().text());
    assert!(history[0]["created"].is_string() && history[0]["Created"].is_string(), "{history}");
}

#[test]
fn published_ports_and_mounts_print_as_gos_structs() {
    if let Err(error) = std::fs::File::options().read(true).write(true).open("/dev/net/tun") {
        skip!("/dev/net/tun cannot be opened: {error}");
    }
    let sandbox = busybox!();
    // Nothing is bound before the container is started.
    sandbox.words("create --name c -p 127.0.0.1:5001:80 busybox true").succeeds();
    sandbox.words("inspect --format {{.HostConfig.PortBindings}} c").prints("map[80/tcp:[{127.0.0.1 5001}]]");
    sandbox
        .run(["inspect", "--format", "{{json .HostConfig.PortBindings}}", "c"])
        .prints("{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"5001\"}]}");
}
