//! Named and anonymous volumes, `--volumes-from`, `--image-volume`.

use crate::support::{Image, Sandbox, skip};
use crate::{busybox, shell};
use serde_json::json;

#[test]
fn a_named_volume_is_made_on_first_use_and_kept() {
    let sandbox = busybox!();
    shell(&sandbox, &["-v", "data:/data"], "echo kept >/data/file").succeeds();
    shell(&sandbox, &["--mount", "type=volume,source=data,target=/d"], "cat /d/file").prints("kept");
    shell(&sandbox, &["-v", "data:/data:ro"], "touch /data/x").exits(1).complains("Read-only file system");
    assert!(sandbox.store().join("volumes/data").exists());
    sandbox.assert_nothing_left();
}

#[test]
fn a_new_volume_is_filled_from_the_image_once() {
    let sandbox = busybox!();
    shell(&sandbox, &["-v", "etc:/etc"], "cut -d: -f1 /etc/passwd; echo changed >/etc/passwd")
        .prints("root\nnobody\ntester");
    shell(&sandbox, &["-v", "etc:/etc"], "cat /etc/passwd; stat -c %a /etc").prints("changed\n755");
    shell(&sandbox, &["-v", "empty:/etc:nocopy"], "ls /etc | grep -c group").exits(1);
    // Mode of the mount point comes along.
    shell(&sandbox, &["-v", "tmp:/tmp"], "stat -c %a /tmp").prints("1777");
}

#[test]
fn bad_volume_names_are_refused() {
    let sandbox = busybox!();
    for name in [".hidden", "a b", "..", "a\nb", "-x"] {
        shell(&sandbox, &["--mount", &format!("type=volume,source={name},target=/m")], "true").exits(125);
    }
    assert!(!sandbox.store().join("volumes").read_dir().is_ok_and(|mut entries| entries.next().is_some()));
}

#[test]
fn an_anonymous_volume_goes_with_rm() {
    let sandbox = busybox!();
    shell(&sandbox, &["-v", "/scratch"], "touch /scratch/x && grep -c ' /scratch ' /proc/self/mountinfo").prints("1");
    let volumes = sandbox.store().join("volumes");
    assert_eq!(volumes.read_dir().map_or(0, Iterator::count), 0);
    sandbox.words("run --name kept -v /scratch busybox touch /scratch/x").succeeds();
    assert_eq!(volumes.read_dir().map_or(0, Iterator::count), 1);
    sandbox.words("rm -v kept").succeeds();
    assert_eq!(volumes.read_dir().map_or(0, Iterator::count), 0);
}

#[test]
fn volumes_of_another_container_are_shared() {
    let sandbox = busybox!();
    let directory = sandbox.directory("bound");
    let bound = format!("{directory}:/bound");
    sandbox
        .run(["create", "--name", "source", "-v", "/anonymous", "-v", "named:/named", "-v", &bound, "busybox", "true"])
        .succeeds();
    shell(&sandbox, &["--volumes-from", "source"], "touch /anonymous/a /named/n /bound/b").succeeds();
    shell(&sandbox, &["--volumes-from", "source"], "ls /anonymous /named /bound | tr '\\n' ' '")
        .succeeds()
        .mentions("a ")
        .mentions("n ")
        .mentions("b");
    shell(&sandbox, &["--volumes-from", "source:ro"], "touch /named/x").exits(1).complains("Read-only file system");
    shell(&sandbox, &["--volumes-from", "nobody"], "true").refuses(125, "nobody");
}

#[test]
fn volumes_of_the_image_are_made_as_asked() {
    let Ok(image) = Image::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let sandbox = Sandbox::new();
    sandbox.add("busybox", &image.with("Volumes", json!({"/vol": {}})));
    let kind = "grep ' /vol ' /proc/self/mountinfo | wc -l; touch /vol/x && stat -f -c %T /vol";
    let lines = shell(&sandbox, &[], kind).succeeds().lines();
    assert_eq!(lines[0], "1", "an anonymous volume by default");
    assert_eq!(shell(&sandbox, &["--image-volume", "tmpfs"], kind).succeeds().lines(), ["1", "tmpfs"]);
    assert_eq!(
        shell(&sandbox, &["--image-volume", "ignore"], "grep ' /vol ' /proc/self/mountinfo | wc -l").succeeds().lines(),
        ["0"]
    );
    shell(&sandbox, &["--image-volume", "nonsense"], "true").exits(125);
    // A mount of the user's own at that place wins.
    shell(&sandbox, &["-v", "mine:/vol"], "touch /vol/mine").succeeds();
    assert!(sandbox.store().join("volumes/mine/_data/mine").exists());
}

#[test]
fn a_part_of_a_volume_can_be_mounted() {
    let sandbox = busybox!();
    shell(&sandbox, &["-v", "data:/d"], "mkdir -p /d/sub && echo part >/d/sub/f && ln -s / /d/out").succeeds();
    shell(&sandbox, &["--mount", "type=volume,source=data,target=/m,subpath=sub"], "cat /m/f").prints("part");
    // A link in the volume leads nowhere outside it.
    let outcome = shell(&sandbox, &["--mount", "type=volume,source=data,target=/m,subpath=out"], "ls /m");
    assert!(outcome.code() != 0 || !outcome.text().contains("proc"), "{outcome:?}");
    shell(&sandbox, &["--mount", "type=volume,source=data,target=/m,subpath=../.."], "true").exits(125);
}

#[test]
fn what_is_in_a_volume_goes_out_and_in_again() {
    let sandbox = busybox!();
    let owner = if crate::support::has_subordinate_ids() { "5:6" } else { "0:0" };
    sandbox.words("volume create one").succeeds();
    sandbox.words("volume create two").succeeds();
    let script = format!("mkdir /v/d; echo text > /v/d/f; chown {owner} /v/d/f; chmod 600 /v/d/f; ln -s d /v/l");
    sandbox.run(["run", "--rm", "-v", "one:/v", "busybox", "sh", "-c", &script]).succeeds();
    let tar = sandbox.words("volume export one").succeeds().stdout;
    sandbox.words("volume export -o out.tar one").succeeds().quietly();
    assert!(std::fs::read(sandbox.work().join("out.tar")).unwrap() == tar, "both ways give the same");
    sandbox.command(["volume", "import", "two", "-"]).input(&tar).run().succeeds().quietly();
    sandbox.words("volume import two out.tar").succeeds();
    sandbox
        .run(["run", "--rm", "-v", "two:/v", "busybox", "sh", "-c", "cat /v/l/f; stat -c %u:%g:%a /v/d/f"])
        .prints(&format!("text\n{owner}:600"));
    sandbox.words("volume export nope").refuses(125, "no such volume");
    sandbox.words("volume import nope out.tar").refuses(125, "no such volume");
    sandbox.words("volume import two nope.tar").refuses(125, "Error: open nope.tar: no such file or directory");
    sandbox
        .command(["volume", "import", "two", "-"])
        .input("no archive")
        .run()
        .refuses(125, "must be a (compressed) tar archive");
    // What an archive says stays in the volume.
    let secret = sandbox.file("secret", "secret");
    let hostile =
        crate::support::Layer::new().symlink("out", "/").file(format!("out{secret}"), 0o644, "overwritten").tar();
    sandbox.command(["volume", "import", "two", "-"]).input(hostile).run();
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "secret");
    sandbox.words("volume reload").succeeds().prints("");
    if !crate::support::is_root() {
        sandbox.words("volume mount one").refuses(125, "in rootless mode, must execute `coracle unshare` first");
    }
    sandbox.words("volume rm one two").succeeds();
}

#[test]
fn a_new_volume_belongs_to_the_first_containers_user() {
    if !crate::support::has_subordinate_ids() {
        skip!("needs subordinate ids");
    }
    let sandbox = busybox!();
    // The image has no such place: the volume is its user's, once.
    shell(&sandbox, &["-u", "5:6", "-v", "data:/not/there"], "stat -c %u:%g /not/there; touch /not/there/x")
        .prints("5:6");
    shell(&sandbox, &["-u", "7:8", "-v", "data:/d"], "stat -c %u:%g /d").prints("5:6");
    // The image has it: the volume is like the place.
    shell(&sandbox, &["-u", "5:6", "-v", "tmp:/tmp"], "stat -c %u:%g:%a /tmp").prints("0:0:1777");
    shell(&sandbox, &["--userns=keep-id", "-v", "kept:/kept"], "touch /kept/x").succeeds();
    // Everything in it is given away when the volume itself is another's, and not looked at again when it is not.
    shell(&sandbox, &["-u", "9", "-v", "data:/d:U"], "stat -c %u /d /d/x").prints("9\n9");
    shell(&sandbox, &["-v", "data:/d"], "chown 3 /d/x").succeeds();
    shell(&sandbox, &["-u", "9", "-v", "data:/d:U"], "stat -c %u /d /d/x").prints("9\n3");
}

#[test]
fn what_a_volume_still_needs_is_shown() {
    let sandbox = busybox!();
    sandbox.words("volume create data").succeeds();
    let needs = "volume inspect --format {{.NeedsCopyUp}}:{{.NeedsChown}} data";
    sandbox.words(needs).prints("true:true");
    shell(&sandbox, &["-v", "data:/empty"], "true").succeeds();
    sandbox.words(needs).prints("true:false");
    shell(&sandbox, &["-v", "data:/etc"], "true").succeeds();
    sandbox.words(needs).prints("false:false");
}

#[test]
fn a_volume_can_be_memory_or_a_directory_of_the_host() {
    let sandbox = busybox!();
    sandbox.words("volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,nodev memory").prints("memory");
    shell(&sandbox, &["-v", "memory:/m"], "stat -f -c %T /m; df -k /m | tail -1 | awk '{print $2}'")
        .prints("tmpfs\n1024");
    let directory = sandbox.directory("site");
    std::fs::write(std::path::Path::new(&directory).join("index"), "here").unwrap();
    let device = format!("device={directory}");
    sandbox.run(["volume", "create", "-o", "type=none", "-o", "o=bind,ro", "-o", &device, "site"]).prints("site");
    shell(&sandbox, &["-v", "site:/s"], "cat /s/index").prints("here");
    shell(&sandbox, &["-v", "site:/s"], "touch /s/x").exits(1).complains("Read-only file system");
    sandbox.words("volume inspect --format {{.Options.type}} site").prints("none");
    sandbox
        .words("volume create -o type=bind -o device=/bogus x")
        .refuses(125, "invalid volume option device for driver 'local': stat /bogus: no such file or directory");
    sandbox.words("volume create -o a=b x").refuses(125, "invalid mount option a for driver 'local': invalid argument");
    sandbox.words("volume create -o type=nfs -o device=:/x nfs").succeeds();
    shell(&sandbox, &["-v", "nfs:/n"], "true").refuses(125, "cannot mount volumes without root privileges");
    sandbox.words("volume exists x").exits(1);
    assert!(std::path::Path::new(&directory).join("index").exists());
    sandbox.words("volume rm site memory nfs").succeeds();
    assert!(std::path::Path::new(&directory).join("index").exists(), "removing the volume leaves the host's directory");
}

#[test]
fn a_volumes_owner_can_be_chosen() {
    if !crate::support::has_subordinate_ids() {
        skip!("needs subordinate ids");
    }
    let sandbox = busybox!();
    sandbox.words("volume create -o o=uid=5,gid=6 data").succeeds();
    shell(&sandbox, &["-v", "data:/tmp"], "stat -c %u:%g /tmp").prints("5:6");
    sandbox.words("volume inspect --format {{.UID}}:{{.GID}} data").prints("5:6");
}
