//! Secrets: made, shown, given to containers, and nowhere else.

use crate::support::{Outcome, Sandbox};
use crate::{busybox, shell};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CONTENTS: &str = "s3cr3t-c0ntents";

fn create(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.command([&["secret", "create"], words].concat()).input(CONTENTS).run()
}

#[test]
fn a_secret_is_made_listed_looked_at_and_removed() {
    let sandbox = Sandbox::new();
    let id = create(&sandbox, &["-l", "tier=db", "a", "-"]).succeeds().text();
    let id = id.trim();
    assert_eq!(id.len(), 25);
    create(&sandbox, &["a", "-"]).refuses(125, "a: secret name in use");
    sandbox.words("secret ls --noheading --format {{.ID}}|{{.Name}}|{{.Driver}}").prints(&format!("{id}|a|file"));
    sandbox.words("secret ls -q --filter name=b").prints("");
    sandbox
        .run(["secret", "inspect", "--format", "{{.ID}} {{.Spec.Name}} {{.Spec.Labels.tier}}", &id[..10]])
        .prints(&format!("{id} a db"));
    let whole = sandbox.words("secret inspect a").succeeds().text();
    assert!(whole.starts_with("[\n    {\n        \"ID\"") && !whole.contains(CONTENTS), "{whole}");
    sandbox.words("secret inspect --showsecret --format {{.SecretData}} a").prints(CONTENTS);
    let replaced = create(&sandbox, &["--replace", "a", "-"]).succeeds().text();
    assert_ne!(replaced.trim(), id);
    sandbox.words(&format!("secret inspect {id}")).exits(125).complains("inspecting secret: no secret with name or id");
    sandbox.words("secret exists a").succeeds();
    sandbox.words("secret rm a").prints(replaced.trim());
    sandbox.words("secret exists a").exits(1);
    sandbox.words("secret rm a").refuses(125, "no secret with name or id \"a\": no such secret");
    sandbox.words("secret rm --ignore a").succeeds();
    sandbox.words("secret rm --all").succeeds();
}

#[test]
fn a_secret_comes_from_a_file_or_a_variable() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("secret", CONTENTS);
    sandbox.run(["secret", "create", "--driver-opts", "opt1=val", "f", &file]).succeeds();
    sandbox.words("secret inspect --format {{.Spec.Driver.Options.opt1}} f").prints("val");
    sandbox.command(["secret", "create", "--env", "v", "MINE"]).env("MINE", "x").run().succeeds();
    sandbox.words("secret create --env w MINE").refuses(125, "environment variable MINE is not set");
    sandbox.words("secret create x /dev/null").refuses(125, "secret data must be larger than 0");
    sandbox.words("secret create --driver shell x -").refuses(125, "--driver");
    create(&sandbox, &["a=b", "-"]).refuses(125, "invalid secret name");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let secrets = sandbox.store().join("secrets");
    assert_eq!(mode(&secrets), 0o700);
    for entry in secrets.read_dir().expect("it is a directory").flatten().filter(|entry| entry.path().is_dir()) {
        assert_eq!((mode(&entry.path()), mode(&entry.path().join("data"))), (0o700, 0o600));
    }
}

#[test]
fn a_container_gets_a_secret_as_a_file() {
    let sandbox = busybox!();
    create(&sandbox, &["a", "-"]).succeeds();
    shell(&sandbox, &["--secret", "a"], "cat /run/secrets/a; stat -c ' %a %u' /run/secrets/a")
        .prints(&format!("{CONTENTS} 444 0"));
    shell(&sandbox, &["--secret", "source=a,target=deep/b,mode=0400"], "stat -c %a /run/secrets/deep/b").prints("400");
    shell(&sandbox, &["--secret", "a,target=/etc/b"], "cat /etc/b").prints(CONTENTS);
    shell(&sandbox, &["--secret", "a", "--read-only"], "cat /run/secrets/a").prints(CONTENTS);
    shell(&sandbox, &["--secret", "nothing"], "true")
        .refuses(125, "no secret with name or id \"nothing\": no such secret");
    shell(&sandbox, &["--secret", "a,mode=9"], "true").refuses(125, "mode 9 invalid: parsing secret");
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_gets_a_secret_as_a_variable() {
    let sandbox = busybox!();
    create(&sandbox, &["a", "-"]).succeeds();
    shell(&sandbox, &["--secret", "a,type=env"], "echo $a").prints(CONTENTS);
    shell(&sandbox, &["--secret", "a,type=env,target=B"], "echo $B").prints(CONTENTS);
    sandbox.words("run -d --name c --secret a,type=env,target=B busybox sleep 1000").succeeds();
    sandbox.run(["exec", "c", "sh", "-c", "echo $B"]).prints(CONTENTS);
    assert!(!sandbox.words("inspect c").succeeds().text().contains(CONTENTS));
    sandbox.words("rm -f -t 0 c").succeeds();
}

#[test]
fn a_container_keeps_what_it_was_given_and_shows_it_to_nobody() {
    let sandbox = busybox!();
    create(&sandbox, &["a", "-"]).succeeds();
    sandbox.words("create --name c --secret a,uid=7 --secret a,type=env busybox cat /run/secrets/a").succeeds();
    sandbox.words("secret rm a").succeeds();
    for _ in 0..2 {
        sandbox.words("start -a c").prints(CONTENTS);
    }
    let inspected = sandbox.words("inspect c").succeeds().text();
    assert!(!inspected.contains(CONTENTS), "{inspected}");
    sandbox
        .run(["inspect", "--format", "{{range .Config.Secrets}}{{.Name}} {{.UID}} {{.Mode}}{{end}}", "c"])
        .prints("a 7 292");
    // Nothing of it is in the container's layer, where `commit` and `export` look.
    let id = sandbox.words("inspect --format {{.Id}} c").succeeds().text();
    let layer = sandbox.store().join("containers").join(id.trim()).join("upper");
    for path in files_below(&layer) {
        let content = std::fs::read(&path).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&content).contains(CONTENTS), "{}", path.display());
    }
    sandbox.words("rm c").succeeds();
    sandbox.assert_nothing_left();
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in directory.read_dir().into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found
}
