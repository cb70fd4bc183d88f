//! Containers whose process is systemd: what it expects of a container manager (systemd's "Container Interface",
//! <https://systemd.io/CONTAINER_INTERFACE>), as podman gives it.

use crate::engine::request::{ContainerRequest, SystemdMode};
use std::path::Path;

/// Signal that asks systemd to halt: SIGRTMIN+3 (systemd(1), "Signals").
pub(super) const STOP_SIGNAL: &str = "SIGRTMIN+3";

/// Places that have to be empty, writable file systems in memory.
pub(super) const IN_MEMORY: [&str; 4] = ["/run", "/run/lock", "/tmp", "/var/log/journal"];

/// Whether the container is prepared for systemd: always, or when `arguments` (entry point and command) start one.
pub(super) fn is_wanted(request: &ContainerRequest, arguments: &[String]) -> bool {
    match request.systemd {
        SystemdMode::Always => return true,
        SystemdMode::Never => return false,
        SystemdMode::Detect => {}
    }
    let command = match arguments {
        // The shell form of a Dockerfile's CMD.
        [shell, option, command, ..] if shell == "/bin/sh" && option == "-c" => command,
        [command, ..] => command,
        [] => return false,
    };
    ["/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init"].contains(&command.as_str())
        || Path::new(command).file_name().is_some_and(|name| name == "systemd")
}

/// Whether a device node is a virtual console, which a systemd inside would start a login on.
pub(super) fn is_console(device: &Path) -> bool {
    let number = device.to_str().and_then(|path| path.strip_prefix("/dev/tty"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_are_systemd_are_known() {
        let wants = |mode, command: &[&str]| {
            let arguments: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            is_wanted(&ContainerRequest { systemd: mode, ..ContainerRequest::default() }, &arguments)
        };
        for command in [&["/sbin/init"][..], &["/lib/systemd/systemd", "--user"], &["/bin/sh", "-c", "/usr/sbin/init"]]
        {
            assert!(wants(SystemdMode::Detect, command), "{command:?}");
            assert!(!wants(SystemdMode::Never, command), "{command:?}");
        }
        for command in [&["init"][..], &["sh", "-c", "/sbin/init"], &["/bin/systemd-run"], &[]] {
            assert!(!wants(SystemdMode::Detect, command), "{command:?}");
            assert!(wants(SystemdMode::Always, command), "{command:?}");
        }
    }

    #[test]
    fn consoles_are_told_from_terminals() {
        assert!(is_console(Path::new("/dev/tty0")) && is_console(Path::new("/dev/tty63")));
        assert!(!is_console(Path::new("/dev/tty")) && !is_console(Path::new("/dev/ttyS0")));
    }
}
