//! `container mount` and `image mount`: inside `unshare` for an ordinary user, anywhere for root.

use crate::busybox;
use crate::support::{Sandbox, is_root};

/// Runs a shell where mounting is allowed; `$coracle` is the program under test.
fn inside(sandbox: &Sandbox, script: &str) -> crate::support::Outcome {
    let script = format!("set -eu; {script}");
    sandbox.command(["unshare", "sh", "-c", &script]).env("coracle", crate::support::binary()).run()
}

#[test]
fn files_of_a_container_are_mounted_read_changed_and_unmounted() {
    let sandbox = busybox!();
    sandbox.run(["run", "--name", "wrote", "busybox", "sh", "-c", "echo from inside >/note"]).succeeds();
    inside(
        &sandbox,
        "m=$($coracle mount wrote); cat $m/note; echo more >>$m/note; test -x $m/bin/busybox
         $coracle mount | grep -q \"^[0-9a-f]\\{12\\}  *$m\\$\"
         $coracle container mount --no-trunc | grep -q '^[0-9a-f]\\{64\\} '
         test \"$($coracle mount wrote)\" = \"$m\"
         $coracle mount --format json | grep -q '\"mountpoint\": \"'
         $coracle umount wrote; test ! -e $m/note
         if $coracle umount wrote; then exit 1; fi
         $coracle umount --all; $coracle mount",
    )
    .succeeds()
    .prints("from inside\nwrote")
    .complains("layer is not mounted");
    sandbox.run(["cp", "wrote:/note", "note"]).succeeds();
    assert_eq!(std::fs::read_to_string(sandbox.work().join("note")).unwrap(), "from inside\nmore\n");
    // What nobody unmounts is gone with the namespace, and so is what served it.
    inside(&sandbox, "ls $($coracle mount wrote) >/dev/null").succeeds();
    sandbox.words("start -a wrote").succeeds();
    sandbox.words("rm wrote").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn an_image_is_mounted_read_only() {
    let sandbox = busybox!();
    let id = sandbox.run(["image", "inspect", "--format", "{{.ID}}", "busybox"]).succeeds().text();
    let expected = format!("localhost/busybox:latest\n{id}\n");
    let outcome = inside(
        &sandbox,
        "m=$($coracle image mount busybox); test -x $m/bin/busybox
         $coracle image mount | while read name path; do test $path = $m; echo $name; done
         $coracle image mount --all --format json | grep -q '\"Repositories\": \\['
         $coracle image umount busybox; test ! -e $m/bin; $coracle image unmount busybox; $coracle image mount
         if $coracle image umount nothing; then exit 1; fi",
    );
    outcome.succeeds().prints(expected.trim_end()).complains("Error: nothing: image not known");
    sandbox.assert_nothing_left();
}

#[test]
fn outside_of_unshare_an_ordinary_user_is_told_where_to_mount() {
    let sandbox = busybox!();
    sandbox.words("create --name made busybox true").succeeds();
    if !is_root() {
        for words in ["mount made", "container mount", "umount made", "image mount busybox", "image umount -a"] {
            let place = "in rootless mode, must execute `coracle unshare` first";
            sandbox.words(words).refuses(125, place);
        }
    }
    sandbox.words("run -d --name runs busybox sleep 1000").succeeds();
    inside(&sandbox, "if $coracle mount runs nothing; then exit 1; fi; $coracle mount --format x || true")
        .succeeds()
        .complains("no such container")
        .complains("unknown --format argument");
    sandbox.words("rm -f -t 0 made runs").succeeds();
    sandbox.assert_nothing_left();
}
