//! What a service of `generate systemd` says, and its text, which is podman's but for the program's name.
//!
//! A service tells systemd of the container's keeper by sd_notify(3), so it needs no file with a process ID; only a pod's, which
//! `pod start` starts, has one.

use super::command::lines;

/// One service.
#[derive(Debug, Default)]
pub(super) struct Service {
    /// Its name, without `.service`.
    pub(super) name: String,
    /// How the program calls itself in texts.
    pub(super) program: String,
    /// Lines about who made the file, or none.
    pub(super) header: Vec<String>,
    /// It is a template: one service for each name after the `@`.
    pub(super) is_template: bool,
    /// Directory that must be there.
    pub(super) run_root: String,
    /// Services of a pod that this one goes with.
    pub(super) bound_to: Vec<String>,
    /// Services of a pod's containers.
    pub(super) members: Vec<String>,
    /// `--wants`.
    pub(super) wants: Vec<String>,
    /// `--after`.
    pub(super) after: Vec<String>,
    /// `--requires`.
    pub(super) requires: Vec<String>,
    /// Variables, as `NAME=value`, escaped.
    pub(super) environment: Vec<String>,
    /// systemd's `Restart=`.
    pub(super) restart: String,
    /// `RestartSec=`.
    pub(super) restart_seconds: Option<u32>,
    /// `StartLimitBurst=`.
    pub(super) start_limit: Option<String>,
    /// `TimeoutStartSec=`; 0 is systemd's own.
    pub(super) start_seconds: u32,
    /// `TimeoutStopSec=`.
    pub(super) stop_seconds: u32,
    /// Commands, each as words: before, start, stop, after.
    pub(super) before: Vec<Vec<String>>,
    /// The command that starts.
    pub(super) start: Vec<String>,
    /// The command that stops.
    pub(super) stop: Vec<String>,
    /// The command after the end.
    pub(super) stopped: Vec<String>,
    /// The file with the main process's ID; without it the service notifies.
    pub(super) pid_file: Option<String>,
}

impl Service {
    /// The text of the unit file.
    pub(super) fn text(&self) -> String {
        let (at, for_instance) = if self.is_template { ("@", " for %I") } else { ("", "") };
        let mut text = format!("# {}{at}.service\n", self.name);
        self.header.iter().for_each(|line| text += &format!("# {line}\n"));
        let title = if self.program == "podman" { "Podman" } else { &self.program };
        text += &format!("\n[Unit]\nDescription={title} {}.service{for_instance}\n", self.name);
        text += &format!("Documentation=man:{}-generate-systemd(1)\n", self.program);
        text += "Wants=network-online.target\nAfter=network-online.target\n";
        text += &format!("RequiresMountsFor={}\n", self.run_root);
        let services =
            |names: &[String]| names.iter().map(|name| format!("{name}.service")).collect::<Vec<_>>().join(" ");
        if !self.members.is_empty() {
            text += &format!("Wants={0}\nBefore={0}\n", services(&self.members));
        }
        if !self.bound_to.is_empty() {
            text += &format!("BindsTo={0}\nAfter={0}\n", services(&self.bound_to));
        }
        let dependencies = [("Wants", &self.wants), ("After", &self.after), ("Requires", &self.requires)];
        if dependencies.iter().any(|(_, units)| !units.is_empty()) {
            text += "\n# User-defined dependencies\n";
        }
        for (key, units) in dependencies.iter().filter(|(_, units)| !units.is_empty()) {
            text += &format!("{key}={}\n", units.join(" "));
        }
        text + &self.service() + "\n[Install]\nWantedBy=default.target\n"
    }

    fn service(&self) -> String {
        let instance = if self.is_template { "-%i" } else { "" };
        let mut text = format!("\n[Service]\nEnvironment=PODMAN_SYSTEMD_UNIT=%n{instance}\n");
        let mut line = |key: &str, value: String| text += &format!("{key}={value}\n");
        self.environment.iter().for_each(|variable| line("Environment", variable.clone()));
        line("Restart", self.restart.clone());
        if let Some(seconds) = self.restart_seconds {
            line("RestartSec", seconds.to_string());
        }
        if let Some(limit) = &self.start_limit {
            line("StartLimitBurst", limit.clone());
        }
        if self.start_seconds > 0 {
            line("TimeoutStartSec", self.start_seconds.to_string());
        }
        line("TimeoutStopSec", self.stop_seconds.to_string());
        self.before.iter().for_each(|words| line("ExecStartPre", lines(words)));
        line("ExecStart", lines(&self.start));
        line("ExecStop", lines(&self.stop));
        line("ExecStopPost", lines(&self.stopped));
        match &self.pid_file {
            Some(path) => {
                line("PIDFile", path.clone());
                line("Type", "forking".to_owned());
            }
            None => {
                line("Type", "notify".to_owned());
                line("NotifyAccess", "all".to_owned());
            }
        }
        text
    }
}
