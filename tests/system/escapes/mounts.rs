//! Places and sources of mounts, masks, the terminal's device, control groups, layers.

use super::{Host, SECRET, evil, or_skip};
use crate::support::{Image, Layer, Sandbox, part, skip};
use crate::{busybox, shell};
use serde_json::json;

#[test]
fn proc_and_sys_are_mounted_on_no_link() {
    for (place, target) in [("proc", "/tmp"), ("sys", "/tmp"), ("proc", "../../../../tmp"), ("sys", "/proc/self/root")]
    {
        let top = Layer::new().file(format!(".wh.{place}"), 0o644, "").symlink(place, target);
        let sandbox = or_skip!(evil(top));
        sandbox.words("run --rm --network=none evil true").refuses(125, "symbolic links");
        sandbox.assert_nothing_left();
    }
}

#[test]
fn an_image_puts_nothing_in_the_place_of_proc_and_sys() {
    let image = or_skip!(Image::busybox());
    for place in ["/proc", "/sys", "/proc/self", "/proc/sys", "/dev", "/tmp/../proc", "/sys/fs/cgroup"] {
        let sandbox = Sandbox::new();
        sandbox.add("evil", &image.clone().with("Volumes", json!({place: {}})));
        sandbox.words("run --rm --network=none evil true").refuses(125, "which is the system's");
        sandbox.words("run --rm --network=none --image-volume ignore evil cat /proc/keys").prints("");
        sandbox.assert_nothing_left();
    }
}

#[test]
fn masks_are_the_hosts_null_device() {
    // CVE-2025-31133: the runtime took the container's own /dev/null, which could be a link to what was to be hidden.
    let layer = Layer::new()
        .file(".wh.dev", 0o644, "")
        .directory("dev", 0o755)
        .symlink("dev/null", "/proc/sysrq-trigger")
        .symlink("dev/console", "/etc/shadow")
        .symlink("dev/ptmx", "/proc/kcore")
        .directory("dev/pts", 0o755)
        .symlink("dev/pts/0", "/proc/sys/kernel/core_pattern");
    let sandbox = or_skip!(evil(layer));
    let script = "for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do \
        test ! -e $p || test $(stat -c %t:%T $p) = 1:3 || echo $p; test ! -e $p || test ! -s $p || cat $p | head -c 1; done; \
        stat -c %t:%T /dev/null; echo x 2>/dev/null >/proc/keys || echo read-only";
    sandbox.run(["run", "--rm", "--network=none", "evil", "sh", "-c", script]).mentions("1:3").omits("/proc/");
    // The same with a directory of the host that the user has put there, terminal included.
    let host = Host::new(&sandbox);
    let dev = sandbox.directory("dev");
    for (name, target) in [("null", "null"), ("console", "console"), ("tty", "secret"), ("zero", "passwd")] {
        std::os::unix::fs::symlink(host.path(target), format!("{dev}/{name}")).unwrap();
    }
    for options in [&["-t"][..], &[]] {
        let volume = format!("{dev}:/dev");
        let words = [&["run", "--rm", "--network=none", "-v", &volume], options, &["evil", "true"]].concat();
        let outcome = sandbox.run(words);
        assert!(matches!(outcome.code(), 0 | 125 | 126 | 127), "{outcome:?}");
        host.is_untouched();
    }
}

/// A script that swaps a directory of the volume on `/v` with a link, for as long as it is left to.
fn swapper(target: &str) -> String {
    format!(
        "mkdir -p /v/there /v/spare; ln -s {target} /v/link; echo ready; \
         while :; do mv /v/there /v/aside; mv /v/link /v/there; mv /v/there /v/link; mv /v/aside /v/there; done 2>/dev/null"
    )
}

#[test]
fn a_target_swapped_meanwhile_leads_nowhere() {
    let sandbox = busybox!();
    let host = Host::new(&sandbox);
    sandbox.words("volume create shared").succeeds();
    let script = swapper(&host.path(""));
    let swapping =
        ["run", "-d", "--name", "swapper", "--network=none", "-v", "shared:/v", "busybox", "sh", "-c", &script];
    sandbox.run(swapping).succeeds();
    let source = sandbox.directory("source");
    for round in 0..12 {
        let place = ["/v/there", "/v/there/sub", "/v/there/new/deep"][round % 3];
        let volume = format!("{source}:{place}");
        let script = format!("cat {place}/secret; echo x >{place}/secret; echo x >{place}/file");
        let words = match round % 2 {
            0 => {
                vec!["run", "--rm", "--network=none", "-v", "shared:/v", "-v", &volume, "busybox", "sh", "-c", &script]
            }
            _ => vec![
                "run",
                "--rm",
                "--network=none",
                "-v",
                "shared:/v",
                "--tmpfs",
                place,
                "busybox",
                "sh",
                "-c",
                &script,
            ],
        };
        let outcome = sandbox.run(words);
        assert!(!outcome.text().contains(SECRET), "{outcome:?}");
        host.is_untouched();
    }
    sandbox.words("rm -f -t 0 swapper").succeeds();
}

#[test]
fn a_subpath_that_is_a_link_leads_nowhere() {
    let sandbox = busybox!();
    let host = Host::new(&sandbox);
    let links = format!(
        "ln -s {} /v/absolute; ln -s ../../../../../../../../../../../..{} /v/relative; ln -s /proc/self/root /v/magic; mkdir /v/real",
        host.path(""),
        host.path("")
    );
    shell(&sandbox, &["--network=none", "-v", "shared:/v"], &links).succeeds();
    for subpath in ["absolute", "relative", "magic", "real/../absolute", "absolute/sub"] {
        for options in ["", ",ro"] {
            let mount = format!("type=volume,src=shared,dst=/m,subpath={subpath}{options}");
            let outcome = shell(&sandbox, &["--network=none", "--mount", &mount], "cat /m/secret; echo x >/m/secret");
            assert_eq!(outcome.code(), 125, "{subpath}: {outcome:?}");
            host.is_untouched();
        }
    }
    shell(&sandbox, &["--network=none", "--mount", "type=volume,src=shared,dst=/m,subpath=real"], "ls /m").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn giving_a_volume_away_follows_no_link() {
    let sandbox = busybox!();
    let host = Host::new(&sandbox);
    let given = sandbox.directory("given");
    for (name, target) in [("file", "secret"), ("directory", "sub"), ("up", "..")] {
        std::os::unix::fs::symlink(host.path(target), format!("{given}/{name}")).unwrap();
    }
    std::fs::write(format!("{given}/own"), "").unwrap();
    let user = if crate::support::has_subordinate_ids() { "1234" } else { "0" };
    let volume = format!("{given}:/given:U");
    shell(&sandbox, &["--network=none", "-u", user, "-v", &volume], "stat -c %u /given/own").prints(user);
    host.is_untouched();
}

#[test]
fn control_groups_are_read_only() {
    let sandbox = busybox!();
    let script = "mkdir /sys/fs/cgroup/made; find /sys/fs/cgroup -name release_agent -o -name cgroup.procs | \
        while read f; do echo 0 >$f && echo written; done; mount -t cgroup2 none /mnt; mount -t cgroup none /mnt; echo end";
    for options in [&["--network=none"][..], &["--network=none", "--cgroupns=host"], &["--network=host"]] {
        shell(&sandbox, options, script).prints("end");
    }
    if part() == "nested" {
        skip!("a container inside a container has no group of its own to look for");
    }
    let found = std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
    assert!(found.filter(|entry| entry.file_name() == "made").count() == 0);
}

#[test]
fn a_layer_that_others_share_stays_as_it_is() {
    let sandbox = busybox!();
    let layers = sandbox.store().join("layers");
    let sums = || {
        let (mut sums, mut waiting) = (Vec::new(), vec![layers.clone()]);
        while let Some(directory) = waiting.pop() {
            for path in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => waiting.push(path),
                    false => sums.push((crate::support::image::digest(&std::fs::read(&path).unwrap()), path)),
                }
            }
        }
        sums.sort();
        sums
    };
    let before = sums();
    assert!(!before.is_empty());
    sandbox.words("run -d --name other --network=none busybox sleep 1000").succeeds();
    let script = "head -c 4096 /dev/zero | dd of=/etc/passwd conv=notrunc 2>/dev/null; : >/etc/group; cat /bin/busybox >/tmp/b; \
        dd if=/dev/zero of=/bin/busybox bs=1k count=1 conv=notrunc 2>/dev/null; rm -rf /home; echo done";
    shell(&sandbox, &["--network=none"], script);
    sandbox
        .run(["exec", "other", "sh", "-c", "head -n 1 /etc/passwd; grep -c . /etc/group; ls -d /home"])
        .prints("root:x:0:0:root:/root:/bin/sh\n4\n/home");
    shell(&sandbox, &["--network=none"], "head -n 1 /etc/passwd").prints("root:x:0:0:root:/root:/bin/sh");
    assert_eq!(sums(), before, "a layer was written to");
    sandbox.words("rm -f -t 0 other").succeeds();
}
