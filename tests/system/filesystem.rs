//! The root file system, bind mounts, tmpfs, /dev, read-only containers, `--rootfs`.

use crate::support::{Image, Layer, Sandbox, has_subordinate_ids, is_root, needs, skip};
use crate::{busybox, shell};
use std::fs;
use std::os::unix::fs::MetadataExt;

#[test]
fn writes_stay_in_the_container() {
    let sandbox = busybox!();
    shell(&sandbox, &[], "echo x >/etc/new && rm /etc/passwd && mv /bin/cat /bin/dog && mkdir -p /a/b && cat /etc/new")
        .prints("x");
    shell(&sandbox, &[], "ls /etc/new; ls /etc/passwd /bin/cat").prints("/bin/cat\n/etc/passwd");
}

#[test]
fn the_usual_changes_work() {
    let sandbox = busybox!();
    let script =
        "set -e; cd /tmp; echo 1 >f; ln f g; ln -s f s; mkfifo p; mkdir d; mv f d/; chmod 600 d/f; touch -d @1000 d/f
        echo 2 >>d/f; truncate -s 5 g; stat -c '%a %h %s %Y' d/f; cat s 2>/dev/null || echo dangling; rm -r d; ls";
    let lines = shell(&sandbox, &[], script).succeeds().lines();
    assert!(lines[0].starts_with("600 2 5 "), "{lines:?}");
    assert_eq!(lines[1..], ["dangling", "g", "p", "s"]);
    // A directory of the image can be removed and made again, and is empty then; one can be renamed.
    shell(&sandbox, &[], "rm -rf /home && mkdir /home && ls -A /home && mv /var /moved && ls -d /moved && ls /var")
        .exits(1)
        .prints("/moved");
}

/// The space of a removed file is free when the kernel has forgotten it, which is told to the server a moment later.
#[test]
fn a_container_with_a_size_gets_enospc_at_it_and_goes_on_after_removing() {
    if fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_err() {
        skip!("without /dev/fuse the size is a matter of project quotas");
    }
    let sandbox = busybox!();
    let script = "df -P -k / | tail -n 1 | awk '{ print $2 }'
        dd if=/dev/zero of=/f bs=64k count=1000 2>&1 | grep -o 'No space left on device'; rm /f
        i=0; until dd if=/dev/zero of=/g bs=64k count=100 2>/dev/null || [ $i -gt 600 ]; do sleep 0.1; i=$((i+1)); done
        stat -c %s /g";
    // Counted by the driver itself, whatever the file system.
    let options = ["--storage-driver", "fuse", "run", "--rm", "--network", "none", "--storage-opt", "size=8m"];
    sandbox
        .run([&options[..], &["busybox", "sh", "-c", script]].concat())
        .prints("8192\nNo space left on device\n6553600");
}

#[test]
fn owners_of_the_image_are_shown_and_can_be_changed() {
    let Ok(layer) = Layer::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = Sandbox::new();
    let layer = layer.owned_by(1234, 4321).file("owned", 0o4750, "x").directory("dir", 0o2770);
    sandbox.add("busybox", &Image::new(vec![layer]));
    shell(&sandbox, &[], "stat -c '%u:%g %a' /owned /dir /bin/busybox")
        .prints("1234:4321 4750\n1234:4321 2770\n0:0 755");
    shell(&sandbox, &[], "chown 7:8 /owned && stat -c %u:%g /owned && chown -R 9:9 /dir && stat -c %u /dir")
        .prints("7:8\n9");
    shell(&sandbox, &["-u", "1234:4321"], "echo y >/dir/new && stat -c %u:%g /dir/new").prints("1234:4321");
}

#[test]
fn a_bind_mount_shows_the_hosts_directory() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    fs::write(format!("{directory}/from-host"), "hello").unwrap();
    let volume = format!("{directory}:/mnt/deep/place");
    shell(&sandbox, &["-v", &volume], "cat /mnt/deep/place/from-host; echo back >/mnt/deep/place/from-container")
        .prints("hello");
    assert_eq!(fs::read_to_string(format!("{directory}/from-container")).unwrap(), "back\n");
    // Root inside is the caller outside.
    let owner = fs::metadata(format!("{directory}/from-container")).unwrap().uid();
    assert_eq!(owner, rustix::process::geteuid().as_raw());
}

#[test]
fn a_read_only_bind_mount_cannot_be_written() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    for option in [
        format!("-v={directory}:/m:ro"),
        format!("--mount=type=bind,source={directory},target=/m,readonly"),
        format!("--mount=type=bind,src={directory},dst=/m,ro=true"),
    ] {
        shell(&sandbox, &[&option], "touch /m/x").exits(1).complains("Read-only file system");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_file_can_be_bound_and_a_relative_path_used() {
    let sandbox = busybox!();
    let file = sandbox.file("one/file", "content");
    shell(&sandbox, &["-v", &format!("{file}:/etc/passwd:ro")], "cat /etc/passwd").prints("content");
    shell(&sandbox, &["-v", "./one:/m"], "cat /m/file").prints("content");
    shell(&sandbox, &["-v", &format!("{file}:/new/file")], "cat /new/file").prints("content");
}

#[test]
fn a_missing_source_is_refused() {
    let sandbox = busybox!();
    shell(&sandbox, &["-v", "/no/such/dir:/m"], "true").refuses(125, "/no/such/dir");
    shell(&sandbox, &["--mount", "type=bind,source=/no/such/dir,target=/m"], "true").refuses(125, "/no/such/dir");
    sandbox.assert_nothing_left();
}

#[test]
fn mounts_that_make_no_sense_are_refused() {
    let sandbox = busybox!();
    let directory = sandbox.directory("d");
    for options in [
        vec!["-v".to_owned(), format!("{directory}:relative")],
        vec!["-v".to_owned(), format!("{directory}:/m:nonsense")],
        vec!["-v".to_owned(), format!("{directory}:/m:ro,rw")],
        vec!["-v".to_owned(), format!("{directory}:/m"), "-v".to_owned(), "/tmp:/m/".to_owned()],
        vec!["-v".to_owned(), format!("{directory}:/")],
        vec!["--mount".to_owned(), "type=nonsense,target=/m".to_owned()],
        vec!["--mount".to_owned(), "type=bind,target=/m".to_owned()],
        vec!["--mount".to_owned(), format!("type=bind,source={directory}")],
        vec!["--mount".to_owned(), format!("type=bind,source={directory},target=/m,nonsense=1")],
        vec!["--tmpfs".to_owned(), "relative".to_owned()],
    ] {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let outcome = shell(&sandbox, &options, "true");
        assert_eq!(outcome.code(), 125, "{options:?}: {outcome:?}");
    }
    sandbox.assert_nothing_left();
}

#[test]
fn mount_flags_take_effect() {
    let sandbox = busybox!();
    let directory = sandbox.directory("shared");
    fs::write(format!("{directory}/script"), "#!/bin/sh\necho ran\n").unwrap();
    fs::set_permissions(format!("{directory}/script"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    shell(&sandbox, &["-v", &format!("{directory}:/m")], "/m/script").prints("ran");
    shell(&sandbox, &["-v", &format!("{directory}:/m:noexec")], "/m/script").exits(126);
    let flags = shell(
        &sandbox,
        &["-v", &format!("{directory}:/m:nosuid,nodev,noexec,ro")],
        "grep ' /m ' /proc/self/mountinfo | cut -d' ' -f6",
    )
    .succeeds()
    .text();
    for flag in ["ro", "nosuid", "nodev", "noexec"] {
        assert!(flags.split(',').any(|found| found == flag), "{flags}");
    }
}

#[test]
fn an_overlay_mount_keeps_the_source_as_it_is() {
    let sandbox = busybox!();
    let directory = sandbox.directory("source");
    fs::write(format!("{directory}/file"), "old").unwrap();
    shell(
        &sandbox,
        &["-v", &format!("{directory}:/m:O")],
        "echo new >/m/file; touch /m/more; cat /m/file; rm /m/file; ls /m",
    )
    .prints("new\nmore");
    assert_eq!(fs::read_to_string(format!("{directory}/file")).unwrap(), "old");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    shell(&sandbox, &["-v", &format!("{directory}/file:/m:O")], "true")
        .refuses(125, "an overlay (O) needs a directory");
}

#[test]
fn mounts_are_made_in_the_order_of_their_depth() {
    let sandbox = busybox!();
    let (outer, inner) = (sandbox.directory("outer"), sandbox.directory("inner"));
    fs::write(format!("{inner}/here"), "").unwrap();
    shell(&sandbox, &["-v", &format!("{inner}:/a/b"), "-v", &format!("{outer}:/a")], "ls /a; ls /a/b")
        .prints("b\nhere");
    shell(&sandbox, &["-v", &format!("{inner}:/t/b"), "--tmpfs", "/t"], "ls /t; ls /t/b").prints("b\nhere");
}

#[test]
fn a_recursive_bind_can_be_limited() {
    let sandbox = busybox!();
    let directory = sandbox.directory("d");
    let mount = format!("type=bind,source={directory},target=/m,bind-nonrecursive");
    shell(&sandbox, &["--mount", &mount], "grep -c ' /m ' /proc/self/mountinfo").prints("1");
    for propagation in ["private", "rprivate", "slave", "rslave", "shared", "rshared"] {
        shell(&sandbox, &["-v", &format!("{directory}:/m:{propagation}")], "test -d /m").succeeds();
    }
}

#[test]
fn ownership_is_changed_on_request() {
    if !has_subordinate_ids() {
        skip!("this user has no subordinate ids, so there is one id only");
    }
    let sandbox = busybox!();
    let directory = sandbox.directory("given");
    fs::write(format!("{directory}/file"), "").unwrap();
    shell(&sandbox, &["-u", "1234:4321", "-v", &format!("{directory}:/m:U")], "stat -c %u:%g /m /m/file; touch /m/new")
        .prints("1234:4321\n1234:4321");
    sandbox.run(["unshare", "chown", "-R", "0:0", &directory]).succeeds();
}

#[test]
fn tmpfs_mounts_have_their_options() {
    let sandbox = busybox!();
    shell(
        &sandbox,
        &["--tmpfs", "/t:size=1m,mode=1777"],
        "stat -c %a /t; df -k /t | tail -n 1 | awk '{print $2}'; stat -f -c %T /t",
    )
    .prints("1777\n1024\ntmpfs");
    shell(
        &sandbox,
        &["--mount", "type=tmpfs,destination=/t,tmpfs-size=2097152,tmpfs-mode=0700"],
        "stat -c %a /t; df -k /t | tail -n 1 | awk '{print $2}'",
    )
    .prints("700\n2048");
    // What the image has there is copied up, unless it is not wanted.
    shell(&sandbox, &["--tmpfs", "/etc"], "grep -c root: /etc/passwd").succeeds();
    shell(&sandbox, &["--mount", "type=tmpfs,destination=/etc,notmpcopyup"], "test -s /etc/group").exits(1);
    shell(&sandbox, &["--tmpfs", "/t:size=64k"], "head -c 200000 /dev/zero >/t/f").exits(1);
}

#[test]
fn a_read_only_container_cannot_write_its_root() {
    let sandbox = busybox!();
    shell(&sandbox, &["--read-only"], "touch /x").exits(1).complains("Read-only file system");
    shell(&sandbox, &["--read-only"], "touch /tmp/x /run/x /var/tmp/x /dev/shm/x 2>&1 && echo fine").prints("fine");
    shell(&sandbox, &["--read-only", "--read-only-tmpfs=false"], "touch /tmp/x")
        .exits(1)
        .complains("Read-only file system");
    let directory = sandbox.directory("d");
    shell(&sandbox, &["--read-only", "-v", &format!("{directory}:/new/place")], "touch /new/place/x").succeeds();
}

#[test]
fn dev_is_the_containers_own() {
    let sandbox = busybox!();
    let script = "ls /dev | tr '\\n' ' '; for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done
        echo x >/dev/null; head -c 2 /dev/zero | wc -c; for l in fd stdin ptmx; do readlink /dev/$l; done; stat -f -c %T /dev /dev/shm";
    let text = shell(&sandbox, &[], script).succeeds().text();
    for name in [
        "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom",
        "zero",
    ] {
        assert!(text.lines().next().unwrap().split(' ').any(|found| found == name), "{name} is not in /dev: {text}");
    }
    assert!(
        text.ends_with("2\n/proc/self/fd\n/proc/self/fd/0\npts/ptmx\ntmpfs\ntmpfs") && !text.contains("no "),
        "{text}"
    );
    for hidden in ["kmsg", "mem", "vda", "sda", "loop0"] {
        assert!(!text.lines().next().unwrap().split(' ').any(|found| found == hidden), "{hidden} is in /dev: {text}");
    }
}

#[test]
fn devices_can_be_added() {
    let sandbox = busybox!();
    let Ok(metadata) = fs::metadata("/dev/fuse") else { skip!("this host has no /dev/fuse") };
    let number = format!("{:x}:{:x}", rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
    shell(&sandbox, &["--device", "/dev/fuse"], "stat -c %t:%T /dev/fuse").prints(&number);
    shell(
        &sandbox,
        &["--device", "/dev/fuse:/dev/other:rw"],
        "stat -c %t:%T /dev/other; test -e /dev/fuse || echo alone",
    )
    .prints(&format!("{number}\nalone"));
    shell(&sandbox, &["--device", "/dev/no-such-device"], "true").refuses(125, "/dev/no-such-device");
    let directory = sandbox.directory("empty");
    shell(&sandbox, &["--device", &directory], "true").exits(125);
}

#[test]
fn shared_memory_has_its_size() {
    let sandbox = busybox!();
    let size = "df -k /dev/shm | tail -n 1 | awk '{print $2}'";
    shell(&sandbox, &[], size).prints("64000");
    shell(&sandbox, &["--shm-size", "10m"], size).prints("10240");
    shell(&sandbox, &["--shm-size", "2097152"], size).prints("2048");
    shell(&sandbox, &["--shm-size", "-1"], "true").exits(125);
    shell(&sandbox, &["--shm-size", "much"], "true").exits(125);
}

/// A directory with a busybox in it, as `--rootfs` wants.
fn root_directory(sandbox: &Sandbox) -> Option<String> {
    let program = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| fs::metadata(path).is_ok())?;
    let root = sandbox.directory("root");
    for name in ["bin", "etc", "tmp"] {
        fs::create_dir(format!("{root}/{name}")).unwrap();
    }
    fs::copy(program, format!("{root}/bin/busybox")).unwrap();
    for name in ["sh", "ls", "cat", "touch", "id", "rm"] {
        std::os::unix::fs::symlink("busybox", format!("{root}/bin/{name}")).unwrap();
    }
    fs::write(format!("{root}/etc/mark"), "mark").unwrap();
    Some(root)
}

#[test]
fn a_directory_serves_as_the_root() {
    let sandbox = Sandbox::new();
    let Some(root) = root_directory(&sandbox) else { skip!("needs a static busybox (Debian package busybox-static)") };
    sandbox.run(["run", "--rm", "--rootfs", &root, "/bin/sh", "-c", "cat /etc/mark; id -u"]).succeeds().prints("mark0");
    sandbox.run(["run", "--rm", "--rootfs", &root, "/bin/sh", "-c", "touch /etc/made"]).succeeds();
    assert!(fs::metadata(format!("{root}/etc/made")).is_ok(), "writes go to the directory itself");
    sandbox.words("run --rm --rootfs /no/such/dir /bin/sh").refuses(125, "/no/such/dir");
}

#[test]
fn a_directory_under_an_overlay_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let Some(root) = root_directory(&sandbox) else { skip!("needs a static busybox (Debian package busybox-static)") };
    let overlaid = format!("{root}:O");
    let script = "touch /etc/made && rm /etc/mark && ls /etc";
    let text = sandbox.run(["run", "--rm", "--rootfs", &overlaid, "/bin/sh", "-c", script]).succeeds().text();
    assert!(text.lines().any(|line| line == "made") && !text.contains("mark"), "{text}");
    let mut names: Vec<_> =
        fs::read_dir(format!("{root}/etc")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["mark"]);
    assert_eq!(fs::metadata(format!("{root}/etc/mark")).unwrap().uid(), rustix::process::geteuid().as_raw());
    let _ = is_root();
}

#[test]
fn a_file_that_the_host_replaces_is_followed() {
    if fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_err() {
        skip!("without /dev/fuse the kernel's overlay lies on the directory itself and keeps what it has found");
    }
    let sandbox = Sandbox::new();
    let Some(root) = root_directory(&sandbox) else { skip!("needs a static busybox (Debian package busybox-static)") };
    let etc = format!("{root}/etc");
    fs::create_dir(format!("{etc}/dir")).unwrap();
    fs::write(format!("{etc}/dir/file"), "one").unwrap();
    let script = "cat /etc/mark /etc/dir/file; echo; until [ \"$(cat /etc/mark /etc/dir/file 2>/dev/null)\" = newtwo ]; do busybox sleep 0.2; done; \
                  echo more >>/etc/mark; cat /etc/mark";
    let overlaid = format!("{root}:O");
    let mut started =
        sandbox.start(["run", "--rm", "--network", "none", "--rootfs", &overlaid, "/bin/sh", "-c", script]);
    started.wait_for_output("markone");
    // As package managers and editors do it: a new file takes the name.
    fs::write(format!("{etc}/mark.new"), "new").unwrap();
    fs::rename(format!("{etc}/mark.new"), format!("{etc}/mark")).unwrap();
    fs::remove_dir_all(format!("{etc}/dir")).unwrap();
    fs::create_dir(format!("{etc}/dir")).unwrap();
    fs::write(format!("{etc}/dir/file"), "two").unwrap();
    started.wait_for_output("newmore");
    assert_eq!(fs::read_to_string(format!("{etc}/mark")).unwrap(), "new");
}

#[test]
fn every_storage_driver_gives_the_same_root() {
    let sandbox = busybox!();
    let text = sandbox.words("run --rm --storage-driver nonsense busybox true");
    text.exits(125);
    let script = "cd /etc; ls | sort | tr '\\n' ' '; echo x >passwd; cat passwd; rm -r /home; test -e /home || echo gone; stat -c '%a %u' /tmp /bin/busybox";
    let expected = shell(&sandbox, &[], script).succeeds().text();
    let mut tried = Vec::new();
    for driver in ["fuse+overlay", "fuse", "copy"] {
        let outcome = sandbox.command(crate::arguments(&[], script)).env("CORACLE_STORAGE_DRIVER", driver).run();
        if outcome.code() != 125 {
            assert_eq!(outcome.succeeds().text(), expected, "{driver}");
            tried.push(driver);
        }
    }
    assert!(tried.contains(&"copy"), "directories work everywhere");
}

/// The kernel writes a whole file system back when an overlay on it is unmounted: whoever waits for the container must
/// not wait for that, so its process has not the last reference.
#[test]
fn the_keeper_keeps_an_overlay_mounted_and_nothing_else() {
    let sandbox = busybox!();
    for (driver, options, keeps) in
        [("fuse+overlay", &[][..], true), ("overlay", &[], true), ("overlay", &["--rm"], false), ("copy", &[], false)]
    {
        let arguments = [&["run", "-d", "--name", "kept"], options, &["busybox", "sleep", "1000"]].concat();
        let started = sandbox.command(arguments).env("CORACLE_STORAGE_DRIVER", driver).run();
        if crate::support::is_refused_driver(&started, driver) {
            continue;
        }
        started.succeeds();
        let pids = sandbox.run(["inspect", "-f", "{{.State.ConmonPid}} {{.State.Pid}}", "kept"]).succeeds().text();
        let (keeper, process) = pids.split_once(' ').expect("two numbers");
        let mounts = fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
        let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|fields| fields[4] == "/");
        let root = root.expect("a root is mounted");
        let descriptors = fs::read_dir(format!("/proc/{keeper}/fdinfo")).unwrap();
        let held = descriptors.filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok()).any(|info| {
            info.lines().any(|line| line.strip_prefix("mnt_id:").is_some_and(|number| number.trim() == root[0]))
        });
        assert_eq!(held, keeps, "{driver} {options:?}");
        sandbox.words("rm -f -t 0 kept").succeeds();
    }
}

#[test]
fn attributes_of_the_image_are_kept() {
    let Ok(layer) = Layer::busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    needs!("getfattr" from "attr");
    let sandbox = Sandbox::new();
    // user.* is shown as it is; security.capability of a file works in the user namespace of its root.
    let layer = layer.xattr("user.note", b"kept").file("noted", 0o644, "");
    sandbox.add("busybox", &Image::new(vec![layer]));
    let tool = crate::support::program("getfattr").unwrap();
    let mount = format!("{}:/getfattr:ro", tool.display());
    let libraries: Vec<String> = ["/lib", "/lib64", "/usr/lib"]
        .iter()
        .filter(|path| fs::metadata(path).is_ok())
        .map(|path| format!("{path}:{path}:ro"))
        .collect();
    let mut options = vec!["-v", mount.as_str()];
    libraries.iter().for_each(|library| options.extend(["-v", library.as_str()]));
    shell(&sandbox, &options, "/getfattr --only-values -n user.note /noted").succeeds().prints("kept");
}
