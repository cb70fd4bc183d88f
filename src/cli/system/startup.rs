//! `startup`: containers with a restart policy are started again after a reboot.
//!
//! Nothing of ours runs at a boot by itself, so somebody else must call `start`: the user's systemd by a service of its own
//! where there is one, else cron by a line `@reboot` of the user's table. Both are asked by their own programs; what is
//! theirs is read before it is written, and other lines of the table stay as they are.

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::{Arity, Entry, Group, Verb, verb};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// `startup`.
pub(crate) struct Startup;

impl Group for Startup {
    const NAME: &'static str = "startup";
    const ABOUT: &'static str = "Start containers with a restart policy after a reboot";

    fn entries() -> Vec<Entry> {
        vec![verb::<Enable>(), verb::<Disable>(), verb::<Status>()]
    }
}

/// The service's name.
const SERVICE: &str = "coracle-restart.service";
/// What the line of cron ends with, so that it is found again.
const MARK: &str = "# coracle startup";
/// Which containers: `always`, and `unless-stopped` that nobody has stopped.
const FILTER: &str = "should-start-on-boot=true";

/// `startup enable`.
#[derive(Args, Debug)]
pub(crate) struct Enable {}

impl Verb for Enable {
    const NAME: &'static str = "enable";
    const ABOUT: &'static str = "Arrange that containers are started after a reboot";
    const DETAILS: &'static str = "Containers with --restart always, and those with unless-stopped that nobody has stopped, are \
        started when the machine boots: by a service of the user's systemd where there is one, else by a line @reboot of the \
        user's cron table. Says which. With systemd, services of a user run at boot only where that user lingers (loginctl \
        enable-linger), which is asked for as well.";
    const ARITY: Arity = Arity::None;
    const EXAMPLES: &'static str = "coracle startup enable";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let command = Start::of(context);
        match Keeper::find() {
            Keeper::Systemd => enable_service(&command),
            Keeper::Cron(table) => {
                let mut lines = without_ours(&table);
                lines.push_str(&format!("@reboot {} {MARK}\n", command.shell()));
                write_table(&lines)?;
                output::print("containers with a restart policy are started after a reboot by cron (@reboot)\n")
            }
            Keeper::Nobody(reason) => Err(Failure::Arguments(reason)),
        }
    }
}

/// `startup disable`.
#[derive(Args, Debug)]
pub(crate) struct Disable {}

impl Verb for Disable {
    const NAME: &'static str = "disable";
    const ABOUT: &'static str = "Undo startup enable";
    const DETAILS: &'static str = "Removes the service and the line of cron. Containers that run go on.";
    const ARITY: Arity = Arity::None;
    const EXAMPLES: &'static str = "coracle startup disable";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let path = service_path();
        if path.exists() {
            let _ = quiet("systemctl", &["--user", "disable", SERVICE]); // without a manager the link goes below
            let link = path.with_file_name("default.target.wants").join(SERVICE);
            let _ = std::fs::remove_file(link); // usually gone by now
            std::fs::remove_file(&path).map_err(|source| Failure::File { what: "remove", path, source })?;
            let _ = quiet("systemctl", &["--user", "daemon-reload"]); // as above
        }
        if let Some(table) = table().filter(|table| table.contains(MARK)) {
            write_table(&without_ours(&table))?;
        }
        output::print("containers are not started after a reboot\n")
    }
}

/// `startup status`.
#[derive(Args, Debug)]
pub(crate) struct Status {}

impl Verb for Status {
    const NAME: &'static str = "status";
    const ABOUT: &'static str = "Say whether containers are started after a reboot";
    const DETAILS: &'static str = "Prints who does it, and ends with exit code 1 when nobody does.";
    const ARITY: Arity = Arity::None;
    const EXAMPLES: &'static str = "coracle startup status || coracle startup enable";

    fn run(self, _context: &Context) -> Result<ExitCode, Failure> {
        let wanted = service_path().with_file_name("default.target.wants").join(SERVICE);
        if wanted.symlink_metadata().is_ok() {
            let when = if lingers() { "at boot" } else { "at the first login (this user does not linger)" };
            return output::print(&format!("enabled: by systemd, {when}\n"));
        }
        if table().is_some_and(|table| table.contains(MARK)) {
            return output::print("enabled: by cron, at boot\n");
        }
        output::print("disabled\n")?;
        Ok(ExitCode::from(1))
    }
}

/// The command that starts the containers.
struct Start {
    words: Vec<String>,
}

impl Start {
    fn of(context: &Context) -> Start {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/coracle"));
        let mut words = vec![program.display().to_string()];
        // What was said on the command line, or stands in the environment of this shell, is not there at a boot.
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(root) = context.global.root.clone().or_else(|| variable("CORACLE_ROOT")) {
            let root = std::path::absolute(&root).unwrap_or(root);
            words.extend(["--root".to_owned(), root.display().to_string()]);
        }
        Start { words }
    }

    fn line(&self, verb: &[&str]) -> Vec<String> {
        let mut words = self.words.clone();
        words.extend(verb.iter().map(|word| (*word).to_owned()));
        words
    }

    /// For systemd, which gives `%` and `$` a meaning.
    fn service(&self, verb: &[&str]) -> String {
        let quoted = |word: &String| match word.contains([' ', '"', '\\', '\t']) {
            true => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
            false => word.clone(),
        };
        let words: Vec<String> = self.line(verb).iter().map(quoted).collect();
        words.join(" ").replace('%', "%%").replace('$', "$$")
    }

    /// For the shell of cron, which ends a command at `%`.
    fn shell(&self) -> String {
        let quoted = |word: &String| match word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-=+".contains(c)) {
            true => word.clone(),
            false => format!("'{}'", word.replace('\'', "'\\''").replace('%', "\\%")),
        };
        let words: Vec<String> = self.line(&["start", "--all", "--filter", FILTER]).iter().map(quoted).collect();
        format!("{} >/dev/null 2>&1", words.join(" "))
    }
}

/// Who can start containers at a boot.
enum Keeper {
    /// The user's systemd.
    Systemd,
    /// Cron; the user's table as it is.
    Cron(String),
    /// Nobody; why.
    Nobody(String),
}

impl Keeper {
    fn find() -> Keeper {
        let systemd = quiet("systemctl", &["--user", "daemon-reload"]);
        match (systemd, table()) {
            (Ok(()), _) => Keeper::Systemd,
            (Err(_), Some(table)) => Keeper::Cron(table),
            (Err(reason), None) => Keeper::Nobody(format!(
                "containers cannot be started after a reboot here: there is no systemd for this user ({reason}) and no crontab"
            )),
        }
    }
}

/// Runs a program that says nothing; the reason in one line why it failed.
fn quiet(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("{program} is not installed")),
        Err(error) => Err(format!("{program}: {}", crate::cli::failure::describe(&error))),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let said = said.lines().next().unwrap_or_default().trim().to_owned();
            Err(if said.is_empty() { format!("{program} failed") } else { said })
        }
    }
}

/// The user's cron table; empty when there is none yet, `None` when there is no cron.
fn table() -> Option<String> {
    let output = Command::new("crontab").arg("-l").stdin(Stdio::null()).output().ok()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => complaint.contains("no crontab").then(String::new),
    }
}

fn without_ours(table: &str) -> String {
    table.lines().filter(|line| !line.ends_with(MARK)).map(|line| format!("{line}\n")).collect()
}

fn write_table(text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::File { what: "run", path: "crontab".into(), source };
    let mut child = Command::new("crontab").arg("-").stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    match child.wait().map_err(failed)?.success() {
        true => Ok(()),
        false => Err(Failure::Arguments("crontab did not take the new table".to_owned())),
    }
}

fn service_path() -> PathBuf {
    let home = || dirs::home_dir().unwrap_or_default().join(".config");
    dirs::config_dir().unwrap_or_else(home).join("systemd/user").join(SERVICE)
}

fn enable_service(command: &Start) -> Result<ExitCode, Failure> {
    let start = command.service(&["start", "--all", "--filter", FILTER]);
    let stop = command.service(&["stop", "--all", "--filter", "restart-policy=always"]);
    let also = command.service(&["stop", "--all", "--filter", "restart-policy=unless-stopped"]);
    let text = format!(
        "[Unit]\nDescription=coracle: start containers with a restart policy\nDocumentation=man:coracle-startup(1)\n\
         StartLimitIntervalSec=0\nWants=network-online.target\nAfter=network-online.target\n\n[Service]\nType=oneshot\n\
         RemainAfterExit=true\nDelegate=true\nTimeoutStopSec=70\nExecStart={start}\nExecStop={stop}\nExecStop={also}\n\n\
         [Install]\nWantedBy=default.target\n"
    );
    let path = service_path();
    let failed = |source| Failure::File { what: "write", path: path.clone(), source };
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::write(&path, text).map_err(failed)?;
    for arguments in [&["--user", "daemon-reload"][..], &["--user", "enable", SERVICE]] {
        quiet("systemctl", arguments)
            .map_err(|reason| Failure::Arguments(format!("cannot enable {SERVICE}: {reason}")))?;
    }
    if !lingers()
        && let Err(reason) = quiet("loginctl", &["enable-linger"])
    {
        output::note(&format!(
            "services of this user start at the first login, not at boot: {reason}; ask for `loginctl enable-linger`"
        ));
    }
    output::print(&format!("containers with a restart policy are started after a reboot by systemd ({SERVICE})\n"))
}

/// Whether the user's services run without a login.
fn lingers() -> bool {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    !name.is_empty() && !name.contains('/') && PathBuf::from("/var/lib/systemd/linger").join(name).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_whoever_reads_them() {
        let start = Start { words: vec!["/a b/c%".into(), "--root".into(), "/x'y".into()] };
        assert_eq!(
            start.shell(),
            "'/a b/c\\%' --root '/x'\\''y' start --all --filter should-start-on-boot=true >/dev/null 2>&1"
        );
        assert_eq!(start.service(&["stop"]), "\"/a b/c%%\" --root /x'y stop");
        assert_eq!(without_ours(&format!("a\n@reboot x {MARK}\nb\n")), "a\nb\n");
    }
}
