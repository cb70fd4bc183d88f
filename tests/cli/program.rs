//! Runs coracle as a script would.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A home directory of its own, removed at the end.
pub struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    /// An empty home.
    pub fn new() -> Home {
        Home { directory: tempfile::tempdir().expect("a temporary directory can be made") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The command `program`, called with these words, and nothing of this process's environment but PATH.
    pub fn command(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("COLUMNS", "100")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs coracle and returns everything about it as one text: standard output, then lines of standard error with
    /// `! ` before them, then the exit code.
    pub fn run(&self, words: &[&str]) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_coracle"));
        show(&self.command(program, words).output().expect("coracle can be started"))
    }
}

/// See [`Home::run`].
pub fn show(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        writeln!(text, "! {line}").expect("memory can be written");
    }
    match output.status.code() {
        Some(code) => writeln!(text, "= {code}").expect("memory can be written"),
        None => writeln!(text, "= {}", output.status).expect("memory can be written"),
    }
    text
}
