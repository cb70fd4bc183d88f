//! Bind mounts and volumes with a view of ownership (`map=user`, `map=UID:GID`): the right owner on both sides, and
//! everything a bind mount does.

use crate::support::{Sandbox, has_subordinate_ids, skip};
use crate::{busybox, shell};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Whether FUSE is here; without it a view works only where it equals a plain mount.
fn has_fuse() -> bool {
    fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_ok()
}

macro_rules! needs_fuse {
    () => {
        if !has_fuse() {
            skip!("a view that differs from a plain mount needs /dev/fuse");
        }
    };
}

/// Asserts that everything below `directory` belongs to the user who runs the tests.
fn assert_ours(directory: &str) {
    let ours = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let mut waiting = vec![Path::new(directory).to_owned()];
    while let Some(path) = waiting.pop() {
        let found = path.symlink_metadata().expect("it is there");
        assert_eq!((found.uid(), found.gid()), ours, "{}", path.display());
        if found.is_dir() {
            waiting.extend(path.read_dir().expect("it is readable").flatten().map(|entry| entry.path()));
        }
    }
}

const SCRIPT: &str =
    "stat -c '%u:%g' /w /w/old; touch /w/new; mkdir -p /w/d/e; ln -s old /w/l; stat -c '%u:%g' /w/new /w/d/e";

/// Runs [`SCRIPT`] under `options`; everything must be `owner`'s inside and ours outside.
fn both_sides(sandbox: &Sandbox, options: &[&str], map: &str, owner: &str) {
    let directory =
        sandbox.directory(&format!("view-{}-{map}", options.join("-").replace(['/', ':'], "_")).replace(':', "_"));
    fs::write(Path::new(&directory).join("old"), "old").unwrap();
    let mount = format!("{directory}:/w:map={map}");
    let expected = [owner; 4].join("\n");
    shell(sandbox, &[options, &["-v", &mount]].concat(), SCRIPT).prints(&expected);
    assert_ours(&directory);
}

#[test]
fn the_container_user_owns_the_files_inside_and_the_host_user_outside() {
    let sandbox = busybox!();
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    both_sides(&sandbox, &[], "user", "0:0");
    if uid != 0 {
        both_sides(&sandbox, &["--userns=keep-id"], "user", &format!("{uid}:{gid}"));
    }
    if !has_subordinate_ids() {
        return;
    }
    needs_fuse!();
    both_sides(&sandbox, &["--user", "33:44"], "user", "33:44");
    both_sides(&sandbox, &["--user", "tester"], "user", "1234:1234");
    both_sides(&sandbox, &[], "999:998", "999:998");
    both_sides(&sandbox, &["--user", "33"], "33:0", "33:0");
    if uid != 0 {
        both_sides(&sandbox, &["--userns=keep-id:uid=500,gid=501"], "user", "500:501");
        both_sides(&sandbox, &["--userns=nomap"], "user", "0:0");
        both_sides(&sandbox, &["--userns=auto:size=2000"], "user", "0:0");
    }
}

/// Whether a view of `directory` has files without a name: where its file system has them and the kernel asks for them.
fn unnamed_files(directory: &str) -> &'static str {
    use rustix::fs::{Mode, OFlags};
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let asks = (numbers.next(), numbers.next()) >= (Some(6), Some(2));
    let opened = rustix::fs::open(directory, OFlags::TMPFILE | OFlags::RDWR, Mode::RUSR);
    if asks && opened.is_ok() { "unnamed" } else { "no-unnamed" }
}

#[test]
fn what_a_file_system_does_a_view_does() {
    needs_fuse!();
    let sandbox = busybox!();
    if crate::support::program("python3").is_none() {
        skip!("needs python3 on the host");
    }
    let script = sandbox.file("view.py", include_str!("view.py"));
    for options in [&[][..], &["--user", "33:44"]] {
        if !options.is_empty() && !has_subordinate_ids() {
            continue;
        }
        let directory = sandbox.directory(&format!("posix{}", options.len()));
        let mounts = [format!("{directory}:/mnt:map=user"), format!("{script}:/tmp/view.py:ro")];
        let base = ["run", "--rm", "-v", &mounts[0], "-v", &mounts[1]];
        let command = ["host", "python3", "/tmp/view.py", "/mnt", unnamed_files(&directory)];
        sandbox.run([&base, options, &command].concat()).prints("done");
        assert_ours(&directory);
    }
    sandbox.assert_nothing_left();
}

#[test]
fn owners_stay_as_they_are() {
    needs_fuse!();
    let sandbox = busybox!();
    let directory = sandbox.directory("kept");
    fs::write(Path::new(&directory).join("f"), "x").unwrap();
    let mount = format!("{directory}:/w:map=user");
    shell(&sandbox, &["-v", &mount], "chown 0:0 /w/f && chmod 600 /w/f && stat -c %a /w/f").prints("600");
    if has_subordinate_ids() {
        shell(&sandbox, &["-v", &mount], "chown 5 /w/f").exits(1).complains("Operation not permitted");
    }
    assert_ours(&directory);
    assert_eq!(Path::new(&directory).join("f").metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn both_sides_see_each_others_changes() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    let path = |name: &str| Path::new(&directory).join(name);
    fs::write(path("f"), "first").unwrap();
    let mount = format!("{directory}:/w:map=user");
    sandbox.run(["run", "-d", "--name", "c", "-v", &mount, "busybox", "sleep", "1000"]).succeeds();
    // Each is read with no time between: what was just cached must not be shown again.
    for number in 0..20 {
        fs::write(path("f"), format!("text {number} {}", "x".repeat(number))).unwrap();
        sandbox.words("exec c cat /w/f").prints(&format!("text {number} {}", "x".repeat(number)));
        sandbox.run(["exec", "c", "sh", "-c", &format!("echo {number} >/w/g")]).succeeds();
        assert_eq!(fs::read_to_string(path("g")).unwrap(), format!("{number}\n"));
    }
    fs::write(path("new"), "").unwrap();
    sandbox.words("exec c ls /w").prints("f\ng\nnew");
    sandbox.words("exec c rm /w/new").succeeds();
    assert!(!path("new").exists());
    sandbox.words("rm -f -t 0 c").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn links_lead_nowhere_on_the_host() {
    let sandbox = busybox!();
    let (directory, outside) = (sandbox.directory("inside"), sandbox.file("outside/secret", "secret"));
    std::os::unix::fs::symlink("../outside", Path::new(&directory).join("up")).unwrap();
    std::os::unix::fs::symlink(&outside, Path::new(&directory).join("absolute")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", Path::new(&directory).join("passwd")).unwrap();
    let mount = format!("{directory}:/w:map=user");
    // A link is the container's to follow, in its own root.
    shell(&sandbox, &["-v", &mount], "cat /w/up/secret /w/absolute; grep -c tester /w/passwd")
        .prints("1")
        .omits("secret\n");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "secret");
}

#[test]
fn views_take_the_options_of_mounts() {
    let sandbox = busybox!();
    let directory = sandbox.directory("options");
    let file = sandbox.file("single", "one\n");
    let read_only = format!("type=bind,source={directory},target=/w,map=user,ro");
    shell(&sandbox, &["--mount", &read_only], "touch /w/x").exits(1).complains("Read-only file system");
    let flags = format!("{directory}:/w:map=user,nosuid,noexec,nodev,z");
    shell(&sandbox, &["-v", &flags], "cp /bin/busybox /w/b && /w/b true").exits(126);
    let single = format!("{file}:/etc/single:map=user");
    shell(&sandbox, &["-v", &single], "echo two >>/etc/single; cat /etc/single").prints("one\ntwo");
    shell(&sandbox, &["-v", "kept:/w:map=user"], "touch /w/v; stat -c %u /w/v").prints("0");
    assert_ours(sandbox.store().join("volumes/kept/_data").to_str().unwrap());
    for (options, part) in [
        ("map=me", "must be map=user or map=UID:GID"),
        ("map=user,U", "U changes the owners on the host"),
        ("map=user,O", "cannot be used together"),
    ] {
        shell(&sandbox, &["-v", &format!("{directory}:/w:{options}")], "true").refuses(125, part);
    }
    // For root every id is mapped.
    if !crate::support::is_root() {
        shell(&sandbox, &["-v", &format!("{directory}:/w:map=70000000:0")], "true").refuses(125, "is not mapped");
    }
}

#[test]
fn without_fuse_a_view_is_a_plain_mount_or_says_why_not() {
    if has_fuse() {
        skip!("/dev/fuse is here");
    }
    let sandbox = busybox!();
    let mount = format!("{}:/w:map=user", sandbox.directory("plain"));
    shell(&sandbox, &["-v", &mount], "touch /w/x; stat -c %u:%g /w/x").prints("0:0");
    if has_subordinate_ids() {
        let outcome = shell(&sandbox, &["--user", "33", "-v", &mount], "true").exits(125);
        assert!(outcome.errors().contains("needs FUSE") && outcome.errors().contains("Hint: "), "{}", outcome.errors());
    }
}

#[test]
fn changes_above_a_directory_or_volume_are_thrown_away() {
    let sandbox = busybox!();
    let directory = sandbox.directory("below");
    fs::write(Path::new(&directory).join("f"), "host").unwrap();
    let mount = format!("{directory}:/w:O");
    let script = "[ ! -e /w/g ] && echo more >/w/f && touch /w/g && ls /w";
    let outcome = shell(&sandbox, &["-v", &mount], script);
    if outcome.code() == 125 && outcome.errors().contains("overlay") {
        skip!("the kernel has no overlay for users here: {}", outcome.errors());
    }
    outcome.prints("f\ng");
    assert_eq!(fs::read_to_string(Path::new(&directory).join("f")).unwrap(), "host");
    assert!(!Path::new(&directory).join("g").exists());
    shell(&sandbox, &["-v", "vol:/w"], "echo volume >/w/f").succeeds();
    shell(&sandbox, &["-v", "vol:/w:O"], script).prints("f\ng");
    shell(&sandbox, &["-v", "vol:/w"], "cat /w/f; ls /w").prints("volume\nf");
    // Owner and mode of its top are the directory's, unless the container's user gets it: then everything but the directory changes.
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o751)).unwrap();
    shell(&sandbox, &["-v", &mount], "stat -c '%a %u' /w").prints("751 0");
    if has_subordinate_ids() {
        let given = format!("{mount},U");
        shell(&sandbox, &["-u", "5:6", "-v", &given], "stat -c %u:%g /w /w/f; touch /w/g").prints("5:6\n5:6");
        assert_ours(&directory);
    }
    shell(&sandbox, &["-v", &format!("{mount},ro")], "touch /w/g").exits(1).complains("Read-only file system");
    shell(&sandbox, &["-v", &format!("{mount},noexec")], "cp /bin/busybox /w/b && /w/b true").exits(126);
    // The next run of the same container begins anew.
    sandbox.run(["create", "--name", "again", "-v", &mount, "busybox", "sh", "-c", script]).succeeds();
    for _ in 0..2 {
        sandbox.words("start -a again").prints("f\ng");
        sandbox.run(["inspect", "-f", "{{.State.ExitCode}}", "again"]).prints("0");
    }
    sandbox.words("rm again").succeeds();
    sandbox.assert_nothing_left();
}
