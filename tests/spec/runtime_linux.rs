//! runtime-spec, "Linux Container Configuration" (config-linux.md) and "Linux Runtime" (runtime-linux.md).

use crate::support::{Sandbox, skip};

#[test]
fn default_filesystems_are_mounted() {
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    let text = sandbox.words("run --rm --network none busybox cat /proc/self/mounts").succeeds().text();
    for (path, kind) in [("/proc", "proc"), ("/sys", "sysfs"), ("/dev/pts", "devpts"), ("/dev/shm", "tmpfs")] {
        let found = text.lines().rev().find_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[1] == path).then(|| words[2].to_owned())
        });
        // /sys of a namespace the caller does not own is the caller's, bound read-only; its type stays sysfs.
        assert_eq!(found.as_deref(), Some(kind), "{path}");
    }
}

#[test]
fn default_devices_are_there() {
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    // "Default Devices": path, type, major and minor in hexadecimal, as devices.txt of the kernel has them.
    let devices =
        [("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"), ("urandom", "1:9"), ("tty", "5:0")];
    let paths: Vec<String> = devices.iter().map(|(name, _)| format!("/dev/{name}")).collect();
    let script = format!("stat -c '%t:%T %F %a' {}", paths.join(" "));
    let lines = sandbox.run(["run", "--rm", "busybox", "sh", "-c", &script]).succeeds().lines();
    for ((name, number), line) in devices.iter().zip(lines) {
        assert_eq!(line, format!("{number} character special file 666"), "/dev/{name}");
    }
}

#[test]
fn dev_symbolic_links_are_there() {
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    // "Dev symbolic links" of runtime-linux.md, and /dev/ptmx of config-linux.md.
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        sandbox.run(["run", "--rm", "busybox", "readlink", &format!("/dev/{link}")]).succeeds().prints(target);
    }
}

#[test]
fn file_descriptors_beyond_the_standard_ones_are_closed() {
    let Ok(sandbox) = Sandbox::with_busybox() else { skip!("needs a static busybox (Debian package busybox-static)") };
    // "File descriptors" of runtime-linux.md: 0, 1 and 2; `ls` opens one itself.
    sandbox.run(["run", "--rm", "busybox", "sh", "-c", "ls /proc/self/fd | wc -l"]).succeeds().prints("4");
}
