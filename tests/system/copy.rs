//! `cp`: podman's rules for names (podman-cp(1), test/system/065-cp.bats), every storage driver, and containers that
//! do not want their files to be where they seem.

use crate::busybox;
use crate::support::process::eventually;
use crate::support::{Sandbox, has_subordinate_ids};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

/// A container that runs for as long as the test does.
fn running(sandbox: &Sandbox, name: &str, script: &str) {
    let script = format!("{script}; echo up; exec sleep 1000");
    sandbox.run(["run", "-d", "--name", name, "--workdir", "/home", "busybox", "sh", "-c", &script]).succeeds();
    eventually(Duration::from_secs(60), || sandbox.run(["logs", name]).text().contains("up").then_some(()))
        .expect("the container's preparations end");
}

/// A container with the same files that does not run.
fn stopped(sandbox: &Sandbox, name: &str, script: &str) {
    sandbox.run(["run", "--name", name, "--workdir", "/home", "busybox", "sh", "-c", script]).succeeds();
}

fn remove(sandbox: &Sandbox) {
    sandbox.words("rm -f -t 0 -a").succeeds();
}

/// What a file in a container says, running or not.
fn read(sandbox: &Sandbox, name: &str, path: &str) -> String {
    let to = sandbox.work().join(format!(".read-{name}"));
    sandbox.run(["cp", &format!("{name}:{path}"), to.to_str().expect("a path of ours")]).succeeds();
    std::fs::read_to_string(&to).unwrap_or_else(|error| panic!("{name}:{path}: {error}"))
}

#[test]
fn files_go_in_by_podmans_rules() {
    let sandbox = busybox!();
    sandbox.file("hostfile", "contents");
    sandbox.file("dotfile.", "dot");
    let cases = [
        ("hostfile", "/", "/hostfile"),
        ("hostfile", "/other.txt", "/other.txt"),
        ("hostfile", "/tmp", "/tmp/hostfile"),
        ("hostfile", "/tmp/.", "/tmp/hostfile"),
        ("hostfile", "/tmp/other.txt", "/tmp/other.txt"),
        ("hostfile", ".", "/home/hostfile"),
        ("hostfile", "./", "/home/hostfile"),
        ("hostfile", "other.txt", "/home/other.txt"),
        ("hostfile", "sub", "/home/sub/hostfile"),
        ("hostfile", "/tmp/d1/x", "/tmp/nonesuch"),
        ("hostfile", "/link/new", "/home/new"),
        ("dotfile.", "/tmp", "/tmp/dotfile."),
    ];
    let prepare = "mkdir -p /home/sub /tmp/d1; ln -s /tmp/nonesuch /tmp/d1/x; ln -s home /link";
    running(&sandbox, "one", prepare);
    stopped(&sandbox, "two", prepare);
    for (source, target, expected) in cases {
        for name in ["one", "two"] {
            sandbox.run(["cp", source, &format!("{name}:{target}")]).succeeds().quietly();
            let contents = if source == "hostfile" { "contents" } else { "dot" };
            assert_eq!(read(&sandbox, name, expected), contents, "{name}:{target}");
        }
    }
    for name in ["one", "two"] {
        let missing = format!("could not be found on container {name}: no such file or directory");
        for (target, shown) in [("/nope/", "/nope/"), ("/tmp/d1/x/y", "/tmp/d1/x/y"), ("/tmp/nope/", "/tmp/nope/")] {
            sandbox
                .run(["cp", "hostfile", &format!("{name}:{target}")])
                .refuses(125, &format!("Error: \"{shown}\" {missing}"));
        }
        sandbox
            .run(["cp", "nope", &format!("{name}:/")])
            .refuses(125, "Error: \"nope\" could not be found on the host");
        sandbox
            .run(["cp", ".", &format!("{name}:/etc/passwd")])
            .refuses(125, "Error: destination must be a directory when copying a directory");
        sandbox
            .run(["cp", &format!("{name}:/tmp/*"), "."])
            .refuses(125, "Error: \"/tmp/*\" could not be found on container");
        sandbox.run(["cp", &format!("{name}:"), "."]).refuses(125, "you must specify paths");
    }
    sandbox.words("cp nobody:/etc .").refuses(125, "Error: container \"nobody\" does not exist");
    sandbox.words("cp hostfile /tmp").refuses(125, "exactly 1 container expected but 0 specified");
    sandbox.words("cp one:/etc").refuses(125, "accepts 2 arg(s), received 1");
    remove(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn directories_go_in_and_out_by_podmans_rules() {
    let sandbox = busybox!();
    for directory in ["dir/sub", "dir./sub", "out"] {
        std::fs::create_dir_all(sandbox.work().join(directory)).unwrap();
    }
    for file in ["dir/sub/file", "dir./sub/file"] {
        std::fs::write(sandbox.work().join(file), "contents").unwrap();
    }
    let prepare = "mkdir -p /home/subdir /tmp/sub. /usr; echo -n inside > /home/subdir/file; cp /home/subdir/file /tmp/sub.; \
                   mkdir /tmp/deep; ln -s .. /tmp/deep/up";
    running(&sandbox, "one", prepare);
    stopped(&sandbox, "two", prepare);
    let into = [
        ("dir", "/", "/dir/sub/file"),
        ("dir.", "/", "/dir./sub/file"),
        ("dir/", "/tmp", "/tmp/dir/sub/file"),
        ("dir/.", "/usr/", "/usr/sub/file"),
        ("dir/sub", ".", "/home/sub/file"),
        ("dir/sub/.", "subdir/.", "/home/subdir/file"),
        ("dir", "/new1", "/new1/sub/file"),
        ("dir/", "/new2", "/new2/sub/file"),
        ("dir/.", "/new3", "/new3/sub/file"),
    ];
    let out = [
        ("/home", "", "home/subdir/file"),
        ("/home", "/new1", "new1/subdir/file"),
        ("/home/", "", "home/subdir/file"),
        ("/home/.", "", "subdir/file"),
        ("/home/.", "/new2", "new2/subdir/file"),
        ("/home/subdir/.", "", "file"),
        ("/tmp/sub.", "", "sub./file"),
        ("/tmp/sub.", "/new3", "new3/file"),
        ("/tmp/deep/up/.", "/new4", "new4/sub./file"),
        ("/tmp/deep/up", "/new5", "new5/sub./file"),
    ];
    for name in ["one", "two"] {
        for (source, target, expected) in out {
            sandbox.run(["cp", &format!("{name}:{source}"), &format!("out{target}")]).succeeds().quietly();
            let found = std::fs::read_to_string(sandbox.work().join("out").join(expected));
            assert_eq!(found.ok().as_deref(), Some("inside"), "{name}:{source} {target}");
            std::fs::remove_dir_all(sandbox.work().join("out")).unwrap();
            sandbox.directory("out");
        }
        for (source, target, expected) in into {
            sandbox.run(["cp", source, &format!("{name}:{target}")]).succeeds().quietly();
            assert_eq!(read(&sandbox, name, expected), "contents", "{source} {name}:{target}");
        }
        sandbox.file("plain", "");
        sandbox
            .run(["cp", &format!("{name}:/etc/"), "plain"])
            .refuses(125, "Error: destination must be a directory when copying a directory");
    }
    remove(&sandbox);
}

#[test]
fn every_byte_arrives() {
    let sandbox = busybox!();
    let source = std::path::PathBuf::from(sandbox.directory("source"));
    let contents = |size: usize| (0..size).map(|at| (at % 251) as u8).collect::<Vec<u8>>();
    let sizes = [0, 1, 3, 511, 512, 513, 700, 131_072, 300_001];
    for size in sizes {
        std::fs::write(source.join(size.to_string()), contents(size)).unwrap();
    }
    std::fs::hard_link(source.join("3"), source.join("three")).unwrap();
    running(&sandbox, "one", "true");
    stopped(&sandbox, "two", "true");
    sandbox.words("cp source one:/tmp").succeeds();
    sandbox.words("cp one:/tmp/source two:/tmp").succeeds();
    sandbox.words("cp two:/tmp/source/. got").succeeds();
    for size in sizes {
        let found = std::fs::read(sandbox.work().join("got").join(size.to_string())).unwrap();
        assert!(found == contents(size), "{size}");
    }
    let linked = |name: &str| std::fs::metadata(sandbox.work().join("got").join(name)).unwrap();
    assert_eq!((linked("three").ino(), linked("three").nlink()), (linked("3").ino(), 2));
    remove(&sandbox);
}

#[test]
fn between_containers_and_a_file_over_a_directory() {
    let sandbox = busybox!();
    running(&sandbox, "file", "echo -n text > /tmp/foo; mkdir /data; echo -n data > /data/x");
    stopped(&sandbox, "dir", "mkdir /tmp/foo; echo -n below > /tmp/foo/file");
    for (from, to) in [("file", "dir"), ("dir", "file")] {
        let outcome = sandbox.run(["cp", &format!("{from}:/tmp/foo"), &format!("{to}:/tmp")]).exits(125);
        assert!(
            outcome.errors().contains(" error creating \"/tmp/foo\": ") && outcome.errors().contains(": file exists"),
            "{}",
            outcome.errors()
        );
    }
    sandbox.words("cp file:/data/. dir:/new").succeeds();
    assert_eq!(read(&sandbox, "dir", "/new/x"), "data");
    // Within one container.
    sandbox.words("cp dir:/new dir:/home/again").succeeds();
    assert_eq!(read(&sandbox, "dir", "/home/again/x"), "data");
    sandbox.words("cp --overwrite file:/tmp/foo dir:/tmp").succeeds();
    assert_eq!(read(&sandbox, "dir", "/tmp/foo"), "text");
    sandbox.words("cp --overwrite dir:/new file:/tmp/foo").refuses(125, "destination must be a directory");
    stopped(&sandbox, "dir2", "mkdir /tmp/foo; echo -n below > /tmp/foo/file");
    sandbox.words("cp --overwrite dir2:/tmp/foo file:/tmp").succeeds();
    assert_eq!(read(&sandbox, "file", "/tmp/foo/file"), "below");
    // The same on the host.
    sandbox.directory("foo");
    let outcome = sandbox.words("cp dir:/tmp/foo .").exits(125);
    assert!(outcome.errors().contains(" error creating \"/foo\": "), "{}", outcome.errors());
    sandbox.words("cp --overwrite dir:/tmp/foo .").succeeds();
    assert_eq!(std::fs::read_to_string(sandbox.work().join("foo")).unwrap(), "text");
    remove(&sandbox);
}

#[test]
fn archives_come_from_standard_input_and_go_to_standard_output() {
    use crate::support::Layer;
    let sandbox = busybox!();
    running(&sandbox, "one", "true");
    let tar = Layer::new().owned_by(42, 43).directory("d", 0o755).file("d/f", 0o640, "tarred").tar();
    sandbox.command(["cp", "-", "one:/tmp"]).input(&tar).run().succeeds().quietly();
    sandbox.words("exec one cat /tmp/d/f").prints("tarred");
    sandbox.words("exec one stat -c %u:%g:%a /tmp/d/f").prints("0:0:640");
    if has_subordinate_ids() {
        sandbox.command(["cp", "-a=false", "-", "one:/home"]).input(&tar).run().succeeds();
        sandbox.words("exec one stat -c %u:%g /home/d/f").prints("42:43");
    }
    let compressed =
        Layer::new().compressed(crate::support::image::Compression::Gzip).file("z", 0o644, "zipped").blob();
    sandbox.command(["cp", "-", "one:/tmp"]).input(compressed).run().succeeds();
    sandbox.words("exec one cat /tmp/z").prints("zipped");
    sandbox
        .command(["cp", "-", "one:/tmp"])
        .input("this is no archive, only some text that goes on for a while")
        .run()
        .refuses(125, "Error: source must be a (compressed) tar archive when copying from stdin");
    for target in ["/tmp/z", "/tmp/nope"] {
        sandbox
            .command(["cp", "-", &format!("one:{target}")])
            .input(&tar)
            .run()
            .refuses(125, "Error: destination must be a directory when copying from stdin");
    }
    let written = sandbox.words("cp one:/tmp -").succeeds().stdout;
    let names: Vec<&[u8]> = [b"tmp/".as_slice(), b"tmp/d/f", b"tmp/z"].into();
    for name in names {
        assert!(written.windows(name.len()).any(|window| window == name), "{}", name.escape_ascii());
    }
    remove(&sandbox);
}

#[test]
fn owners_and_modes_are_those_of_where_files_go() {
    let sandbox = busybox!();
    sandbox.file("f", "x");
    std::fs::set_permissions(sandbox.work().join("f"), PermissionsExt::from_mode(0o6751)).unwrap();
    let user = if has_subordinate_ids() { "1000:1000" } else { "0:0" };
    sandbox.run(["run", "-d", "--name", "one", "--user", user, "busybox", "sleep", "1000"]).succeeds();
    sandbox.words("cp f one:/tmp/f").succeeds();
    sandbox.words("exec one stat -c %u:%g:%a /tmp/f").prints(&format!("{user}:6751"));
    sandbox.words("cp -a=false f one:/tmp/g").succeeds();
    sandbox.words("exec one stat -c %u:%g /tmp/g").prints("0:0");
    // What comes from a container must not run as the user for others.
    sandbox.words("cp one:/tmp/f back").succeeds();
    let back = std::fs::metadata(sandbox.work().join("back")).unwrap();
    assert_eq!((back.uid(), back.mode() & 0o7777), (rustix::process::getuid().as_raw(), 0o751));
    remove(&sandbox);
}

#[test]
fn volumes_and_host_directories_are_seen_of_containers_that_do_not_run() {
    let sandbox = busybox!();
    sandbox.file("f", "x");
    let host = sandbox.directory("host");
    sandbox.words("volume create outer").succeeds();
    sandbox.words("volume create inner").succeeds();
    let bind = format!("{host}:/data/host");
    sandbox
        .run([
            "create",
            "--name",
            "one",
            "-v",
            "outer:/data",
            "-v",
            "inner:/data/inner",
            "-v",
            &bind,
            "busybox",
            "true",
        ])
        .succeeds();
    let data = |volume: &str| {
        let path = sandbox.run(["volume", "inspect", "--format", "{{.Mountpoint}}", volume]).succeeds().text();
        std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<Vec<_>>()
    };
    sandbox.words("cp f one:/data/inner").succeeds();
    sandbox.words("cp f one:/data/host/g").succeeds();
    assert_eq!(data("inner"), ["f"]);
    assert_eq!(data("outer"), Vec::<String>::new());
    assert_eq!(std::fs::read_to_string(sandbox.work().join("host/g")).unwrap(), "x");
    assert_eq!(read(&sandbox, "one", "/data/inner/f"), "x");
    sandbox.run(["create", "--name", "two", "-v", &format!("{host}:/ro:ro"), "busybox", "true"]).succeeds();
    sandbox.words("cp f two:/ro").refuses(125, "read-only file system");
    remove(&sandbox);
}

#[test]
fn every_storage_driver_does_it() {
    let sandbox = busybox!();
    std::fs::create_dir_all(sandbox.work().join("d/e")).unwrap();
    sandbox.file("d/e/f", "into");
    for driver in ["fuse+overlay", "fuse", "overlay", "copy"] {
        let script = "cat /tmp/d/e/f; echo -n changed > /etc/new; rm /tmp/d/e/f";
        let command = |words: &[&str]| sandbox.command(words).env("CORACLE_STORAGE_DRIVER", driver).run();
        if crate::support::is_refused_driver(&command(&["run", "--rm", "busybox", "true"]), driver) {
            continue;
        }
        command(&["create", "--name", "one", "busybox", "sh", "-c", script]).succeeds();
        command(&["cp", "d", "one:/tmp"]).succeeds();
        command(&["start", "-a", "one"]).succeeds().prints("into");
        assert_eq!(read(&sandbox, "one", "/etc/new"), "changed", "{driver}");
        command(&["cp", "one:/tmp/d/e", "out"]).succeeds();
        assert_eq!(std::fs::read_dir(sandbox.work().join("out")).unwrap().count(), 0, "{driver}");
        std::fs::remove_dir(sandbox.work().join("out")).unwrap();
        command(&["rm", "one"]).succeeds();
    }
    sandbox.assert_nothing_left();
}

#[test]
fn links_in_a_container_lead_nowhere_outside() {
    let sandbox = busybox!();
    sandbox.file("secret", "of the host");
    let secret = sandbox.work().join("secret");
    let prepare = format!(
        "mkdir -p /evil; ln -s {0} /evil/file; ln -s {1} /evil/dir; ln -s /proc/self/root/{0} /evil/magic; ln -s ../../../../../..{0} /evil/up; \
         ln -s / /evil/root",
        secret.display(),
        sandbox.work().display()
    );
    running(&sandbox, "one", &prepare);
    stopped(&sandbox, "two", &prepare);
    sandbox.file("f", "x");
    for name in ["one", "two"] {
        for link in ["file", "up", "magic", "dir/secret", "root/../../../../etc/hostname/x"] {
            let outcome = sandbox.run(["cp", &format!("{name}:/evil/{link}"), "got"]).exits(125);
            assert!(outcome.errors().contains("could not be found on container"), "{link}: {}", outcome.errors());
        }
        // Through a link to a directory of the host's name: nothing is there inside.
        sandbox.run(["cp", "f", &format!("{name}:/evil/dir/f2")]).exits(125);
        assert!(!sandbox.work().join("f2").exists());
        // The links themselves are copied as links.
        sandbox.run(["cp", &format!("{name}:/evil"), "got"]).succeeds();
        assert_eq!(std::fs::read_link(sandbox.work().join("got/file")).unwrap(), secret);
        // A second copy replaces the links and does not write through them.
        sandbox.run(["cp", "--overwrite", &format!("{name}:/evil/."), "got"]).succeeds();
        std::fs::remove_dir_all(sandbox.work().join("got")).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "of the host");
    remove(&sandbox);
}

#[test]
fn a_link_swapped_meanwhile_leads_nowhere_outside() {
    let sandbox = busybox!();
    let target = sandbox.directory("target");
    sandbox.file("target/kept", "kept");
    sandbox.file("f", "x");
    // A directory and a link to the host's name of a directory take turns at one name.
    let script = format!(
        "mkdir /real /swap; ln -s {target} /link; echo up; while :; do mv -T /swap /away && cp -d /link /swap; rm /swap; mv -T /away /swap; done"
    );
    sandbox.run(["run", "-d", "--name", "one", "busybox", "sh", "-c", &script]).succeeds();
    eventually(Duration::from_secs(60), || sandbox.words("logs one").text().contains("up").then_some(()))
        .expect("it runs");
    for round in 0..40 {
        // Either result is right as long as nothing arrives on the host.
        let _ = sandbox.run(["cp", "f", &format!("one:/swap/f{round}")]);
        let got = sandbox.work().join("got");
        if sandbox.run(["cp", "one:/swap", "got"]).code() == 0 {
            assert!(!got.join("kept").exists(), "a directory of the host was copied");
            std::fs::remove_dir_all(&got).or_else(|_| std::fs::remove_file(&got)).unwrap();
        }
    }
    let names: Vec<_> = std::fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["kept"]);
    remove(&sandbox);
}

#[test]
fn hostile_archives_stay_in_the_destination() {
    use crate::support::Layer;
    let sandbox = busybox!();
    sandbox.file("victim", "victim");
    let victim = sandbox.work().join("victim");
    let path = victim.to_str().unwrap();
    running(&sandbox, "one", "true");
    stopped(&sandbox, "two", "true");
    let archives = [
        ("..", Layer::new().file("../../../../../..".to_owned() + path, 0o644, "overwritten")),
        ("absolute", Layer::new().file(path, 0o644, "overwritten")),
        ("link", Layer::new().symlink("l", sandbox.work().to_str().unwrap()).file("l/victim", 0o644, "overwritten")),
        ("hard link", Layer::new().hardlink("h", path).file("h", 0o644, "overwritten")),
        (
            "hard link up",
            Layer::new().hardlink("h", "../../../../../..".to_owned() + path).file("h", 0o644, "overwritten"),
        ),
        ("magic", Layer::new().symlink("m", "/proc/self/root").file("m".to_owned() + path, 0o644, "overwritten")),
        ("link to a file", Layer::new().symlink("v", path).file("v", 0o644, "overwritten")),
        ("device", Layer::new().device("dev", 8, 0).fifo("pipe").file("after", 0o644, "x")),
    ];
    for name in ["one", "two"] {
        for (what, archive) in &archives {
            // Refused or unpacked inside: the host's file stays what it is.
            let outcome = sandbox.command(["cp", "-", &format!("{name}:/tmp")]).input(archive.tar()).run();
            assert!([0, 125].contains(&outcome.code()), "{what}: {}", outcome.errors());
            assert_eq!(std::fs::read_to_string(&victim).unwrap(), "victim", "{what}");
        }
        assert_eq!(read(&sandbox, name, "/tmp/after"), "x");
        // Out again: a device is not made, nothing hangs on the pipe.
        sandbox.run(["cp", &format!("{name}:/tmp"), "got"]).succeeds();
        assert!(!sandbox.work().join("got/dev").exists());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "victim");
        std::fs::remove_dir_all(sandbox.work().join("got")).unwrap();
    }
    // Cut off in the middle, and with a size that is not there.
    let tar = Layer::new().file("big", 0o644, "x".repeat(4000)).tar();
    sandbox.command(["cp", "-", "one:/tmp"]).input(&tar[..2000]).run().refuses(125, "copying to container");
    remove(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn two_commands_may_copy_into_one_container_that_does_not_run() {
    let sandbox = busybox!();
    stopped(&sandbox, "one", "true");
    std::thread::scope(|scope| {
        for number in 0..4 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                sandbox.file(&format!("f{number}"), "x");
                sandbox.run(["cp", &format!("f{number}"), "one:/tmp"]).succeeds();
            });
        }
    });
    for number in 0..4 {
        assert_eq!(read(&sandbox, "one", &format!("/tmp/f{number}")), "x");
    }
    remove(&sandbox);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let sandbox = Sandbox::new();
    if std::fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").is_err() {
        crate::support::skip!("/dev/fuse cannot be opened here");
    }
    if std::fs::File::open("/etc/shadow").is_ok() {
        crate::support::skip!("/etc/shadow can be read here");
    }
    if std::fs::metadata("/etc/shadow").is_err() {
        crate::support::skip!("there is no /etc/shadow");
    }
    sandbox.words("create --name secretive --network none host true").succeeds();
    sandbox.words("cp secretive:/etc/shadow -").exits(125).complains("shadow\": permission denied");
    sandbox.words("rm secretive").succeeds();
    sandbox.assert_nothing_left();
}
