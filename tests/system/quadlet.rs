//! Quadlet files become services whose commands work.

use crate::busybox;
use crate::support::{Outcome, Sandbox};

/// `quadlet WORDS` on the files in the working directory's `q`.
fn quadlet(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    let place = sandbox.directory("q");
    sandbox.command([&["quadlet"], words].concat()).env("QUADLET_UNIT_DIRS", place).run()
}

/// The command of a service, as systemd would run it: specifiers filled in.
fn command(sandbox: &Sandbox, service: &str, key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.work().join("out").join(service)).expect("the service is there");
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).expect("it has the key");
    let name = service.trim_end_matches(".service");
    let line = line.replace("%N", name).replace("%t", sandbox.run_directory().to_str().expect("UTF-8"));
    line.trim_start_matches('-').split(' ').skip(1).map(str::to_owned).collect()
}

#[test]
fn services_of_a_container_its_volume_and_network_work() {
    let sandbox = busybox!();
    let container = "[Unit]\nDescription=Web\n[Container]\nImage=localhost/busybox\nExec=sleep 1000\nEnvironment=A=b\n\
                     Volume=data.volume:/data\nNetwork=none\nStopTimeout=0\nHealthCmd=true\nHealthInterval=disable\nReadOnly=true\n\
                     [Install]\nWantedBy=default.target\n";
    sandbox.file("q/web.container", container);
    sandbox.file("q/web.container.d/10.conf", "[Container]\nContainerName=web\nLabel=over=1\n");
    sandbox.file("q/data.volume", "[Volume]\nLabel=a=b\n");
    let out = sandbox.directory("out");
    quadlet(&sandbox, &[&out]).succeeds().prints("").quietly();
    let link = std::fs::read_link(sandbox.work().join("out/default.target.wants/web.service")).expect("a link");
    assert_eq!(link.to_str(), Some("../web.service"));
    sandbox.run(command(&sandbox, "data-volume.service", "ExecStart")).succeeds();
    sandbox.run(["volume", "ls", "--filter", "label=a=b", "--format", "{{.Name}}"]).prints("systemd-data");
    sandbox.run(command(&sandbox, "web.service", "ExecStart")).succeeds();
    let pid = std::fs::read_to_string(sandbox.run_directory().join("web.pid")).expect("the keeper's pid");
    let shown = "{{.State.ConmonPid}} {{.Config.Labels.over}} {{(index .Mounts 0).Name}}";
    sandbox.run(["inspect", "--format", shown, "web"]).succeeds().prints(&format!("{pid} 1 systemd-data"));
    sandbox.words("healthcheck run web").succeeds();
    sandbox.run(command(&sandbox, "web.service", "ExecStop")).succeeds();
    sandbox.run(command(&sandbox, "web.service", "ExecStopPost")).succeeds();
    sandbox.words("ps -aq").succeeds().prints("");
}

#[test]
fn mistakes_do_not_keep_other_files_from_being_converted() {
    let sandbox = Sandbox::new();
    let nothing = quadlet(&sandbox, &["--dryrun"]).succeeds().prints("");
    assert!(nothing.errors().starts_with("No files parsed from ["), "{nothing:?}");
    sandbox.file("q/good.container", "[Container]\nImage=quay.io/a/b\n");
    sandbox.file("q/bad.container", "[Container]\nImage=quay.io/a/b\nBogus=1\n");
    sandbox.file("q/b.build", "[Build]\nImageTag=x\n");
    let outcome =
        quadlet(&sandbox, &["--dryrun"]).exits(1).mentions("---good.service---\n[X-Container]\nImage=quay.io/a/b\n");
    let errors = outcome.errors();
    assert!(
        errors.contains(r#"converting "bad.container": unsupported key 'Bogus' in group 'Container' in "#),
        "{errors}"
    );
    assert!(errors.contains(r#"converting "b.build": coracle does not build images"#), "{errors}");
    quadlet(&sandbox, &[]).exits(125);
}
