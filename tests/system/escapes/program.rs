//! The runtime's own executable and descriptors.

use super::{Host, evil, or_skip, own_copy, with_program};
use crate::support::{Layer, Sandbox, probe, process};
use std::time::Duration;

/// An image in which running `/bin/again` runs the runtime's own executable again.
fn again() -> Layer {
    Layer::new().file("bin/again", 0o755, "#!/proc/self/exe\n").symlink("bin/link", "/proc/self/exe")
}

/// Reads what the overwriting probe found, once it has been told to stop.
fn found(text: &str) {
    // "other" is an error that would not be this program's doing. Whether a process was caught in time is chance.
    assert!(text.contains("written 0, other 0"), "{text:?}");
}

#[test]
fn run_and_exec_leave_the_program_as_it_is() {
    let sandbox = or_skip!(evil(again()));
    let probe = or_skip!(probe::mounted(&sandbox));
    let copy = own_copy(&sandbox);
    let before = std::fs::read(&copy).unwrap();
    // With --init the first process of the container is this program for as long as the container lives; those of exec
    // below run it again.
    let words =
        ["run", "-d", "--name", "victim", "--init", "--network=none", &probe, "evil", "/probe", "overwrite", "/stop"];
    let output = with_program(&sandbox, &copy, &words);
    assert!(output.status.success(), "{output:?}");
    for command in ["/bin/again", "/bin/link", "/proc/self/exe", "true"] {
        with_program(&sandbox, &copy, &["exec", "victim", command, "--version"]);
    }
    with_program(&sandbox, &copy, &["exec", "victim", "touch", "/stop"]);
    sandbox.words("wait victim").succeeds();
    found(&sandbox.words("logs victim").succeeds().text());
    for entry in ["/bin/again", "/bin/link", "/proc/self/exe"] {
        with_program(&sandbox, &copy, &["run", "--rm", "--network=none", "--entrypoint", entry, "evil", "x"]);
    }
    assert!(std::fs::read(&copy).unwrap() == before, "the program was overwritten");
    sandbox.words("rm -f victim").succeeds();
}

#[test]
fn the_runtime_interface_leaves_the_program_as_it_is() {
    let sandbox = or_skip!(evil(Layer::new()));
    let program = or_skip!(probe::compiled(&sandbox));
    let copy = own_copy(&sandbox);
    let before = std::fs::read(&copy).unwrap();
    let bundle = sandbox.work().join("bundle");
    let root = bundle.join("rootfs");
    for name in ["bin", "dev", "proc", "sys", "tmp"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| std::fs::exists(path).unwrap()).unwrap();
    std::fs::copy(busybox, root.join("bin/busybox")).unwrap();
    std::os::unix::fs::symlink("busybox", root.join("bin/touch")).unwrap();
    std::fs::copy(&program, root.join("bin/probe")).unwrap();
    std::fs::write(root.join("bin/again"), "#!/proc/self/exe\n").unwrap();
    std::fs::set_permissions(root.join("bin/again"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let place = bundle.display().to_string();
    let rootless = if crate::support::is_root() { "--rootless=false" } else { "--rootless=true" };
    let oci = |words: &[&str]| {
        let state = sandbox.run_directory().join("oci").display().to_string();
        let words: Vec<&str> = [&["oci", "--root", state.as_str()], words].concat();
        let mut command = std::process::Command::new(&copy);
        command.args(&words).current_dir(&bundle).env_clear().env("HOME", sandbox.home()).env("PATH", "/usr/bin:/bin");
        let streams = std::fs::OpenOptions::new().create(true).append(true).open(bundle.join("said")).unwrap();
        command.stdin(std::process::Stdio::null()).stdout(streams.try_clone().unwrap()).stderr(streams);
        command.status().unwrap()
    };
    assert!(oci(&[rootless, "spec", "--bundle", &place]).success());
    let path = bundle.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    config["process"]["terminal"] = false.into();
    config["root"]["readonly"] = false.into();
    config["process"]["args"] = serde_json::json!(["/bin/probe", "overwrite", "/tmp/stop"]);
    std::fs::write(&path, config.to_string()).unwrap();
    let said = || std::fs::read_to_string(bundle.join("said")).unwrap_or_default();
    assert!(oci(&["create", "--bundle", &place, "victim"]).success(), "{}", said());
    assert!(oci(&["start", "victim"]).success(), "{}", said());
    for command in ["/bin/again", "/proc/self/exe", "/bin/again"] {
        oci(&["exec", "victim", command, "--version"]);
    }
    // The container may end, and this with it, before it has said that it is done.
    oci(&["exec", "victim", "/bin/touch", "/tmp/stop"]);
    let ended = process::eventually(Duration::from_secs(60), || said().contains("looked").then_some(()));
    assert!(ended.is_some(), "{}", said());
    assert!(said().contains("written 0, other 0"), "{}", said());
    assert!(std::fs::read(&copy).unwrap() == before, "the program was overwritten");
    oci(&["delete", "--force", "victim"]);
}

#[test]
fn no_descriptor_of_the_runtime_or_its_caller_is_passed_on() {
    let sandbox = or_skip!(evil(Layer::new()));
    let probe = or_skip!(probe::mounted(&sandbox));
    let host = Host::new(&sandbox);
    sandbox.run(["run", "-d", "--name", "victim", "--network=none", &probe, "evil", "sleep", "1000"]).succeeds();
    let secret = host.path("secret");
    let program = crate::support::binary().display().to_string();
    let inherit = format!("exec 7</ 8<{secret} 9<{}; exec \"$@\"", host.path(""));
    for words in [
        vec!["run", "--rm", "--network=none", &probe, "evil", "/probe", "descriptors"],
        vec!["run", "--rm", "--init", "--network=none", &probe, "evil", "/probe", "descriptors"],
        vec!["run", "--rm", "-t", "--network=none", &probe, "evil", "/probe", "descriptors"],
        vec!["run", "--rm", "--log-driver=passthrough", "--network=none", &probe, "evil", "/probe", "descriptors"],
        vec!["run", "--rm", &probe, "evil", "/probe", "descriptors"],
        vec!["exec", "victim", "/probe", "descriptors"],
    ] {
        let mut invocation = sandbox.command([""; 0]);
        let environment: Vec<_> =
            invocation.inner().get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
        let output = std::process::Command::new("sh")
            .args(["-c", &inherit, "sh", &program])
            .args(&words)
            .env_clear()
            .envs(environment)
            .current_dir(sandbox.work())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{words:?}");
    }
    sandbox.words("rm -f -t 0 victim").succeeds();
}

/// Where a working directory through a descriptor of the runtime would lead.
fn leads_nowhere(sandbox: &Sandbox, words: &[&str], host: &Host) {
    let script = "cd . && pwd -P && readlink /proc/self/cwd && ls ../../../../../../../../..; cat ../../../../../../../../../..$0";
    let secret = host.path("secret");
    let outcome = sandbox.run([words, &["sh", "-c", script, &secret]].concat());
    // Refused because there is no such directory, or one of the container's own.
    assert!(matches!(outcome.code(), 0 | 1 | 125 | 126 | 127), "{words:?}: {outcome:?}");
    assert!(
        !outcome.text().contains(super::SECRET) && !outcome.text().contains("unreachable"),
        "{words:?}: {outcome:?}"
    );
}

#[test]
fn a_working_directory_through_a_descriptor_leads_nowhere() {
    let links = (3..10)
        .fold(Layer::new(), |layer, number| layer.symlink(format!("l{number}"), format!("/proc/self/fd/{number}")));
    let sandbox = or_skip!(evil(links));
    let host = Host::new(&sandbox);
    sandbox.words("run -d --name victim --network=none evil sleep 1000").succeeds();
    for number in 3..10 {
        let places =
            [format!("/proc/self/fd/{number}"), format!("/l{number}/../.."), format!("/proc/1/fd/{number}/..")];
        leads_nowhere(&sandbox, &["run", "--rm", "--network=none", "-w", &places[number % 3], "evil"], &host);
        leads_nowhere(&sandbox, &["exec", "-w", &places[(number + 1) % 3], "victim"], &host);
    }
    sandbox.words("rm -f -t 0 victim").succeeds();
    host.is_untouched();
}
