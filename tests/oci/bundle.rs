//! A bundle with busybox in its root, and the runtime that is called on it.

use crate::support::{Invocation, Outcome, Sandbox, process, program};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

/// How long an event is waited for; only a test that fails waits so long.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Commands of busybox that cases use.
const COMMANDS: [&str; 26] = [
    "sh", "cat", "echo", "grep", "id", "ls", "mount", "sleep", "stat", "test", "touch", "true", "uname", "readlink",
    "cut", "chrt", "ionice", "env", "hostname", "dd", "sync", "chmod", "mkdir", "wc", "linux32", "linux64",
];

/// A bundle in a sandbox.
pub struct Bundle {
    pub sandbox: Sandbox,
    config: Value,
}

/// Makes a bundle, or skips the test where it cannot be.
macro_rules! bundle {
    () => {
        match $crate::bundle::Bundle::new() {
            Ok(bundle) => bundle,
            Err(reason) => $crate::support::skip!("{reason}"),
        }
    };
}
pub(crate) use bundle;

/// Whether the calling process may do what only real root may: make device nodes, for one.
pub fn is_real_root() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    crate::support::is_root() && map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

impl Bundle {
    /// A bundle whose process is to be set by [`Bundle::script`].
    pub fn new() -> Result<Self, String> {
        let busybox = program("busybox").ok_or("busybox is not installed")?;
        let sandbox = Sandbox::new();
        let root = sandbox.work().join("rootfs");
        for name in ["bin", "etc", "tmp", "proc", "sys", "dev"] {
            std::fs::create_dir_all(root.join(name)).expect("a directory is made");
        }
        std::fs::copy(busybox, root.join("bin/busybox")).expect("busybox is copied");
        for name in COMMANDS {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).expect("a link is made");
        }
        std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").expect("a file is written");
        let rootless = if crate::support::is_root() { "--rootless=false" } else { "--rootless=true" };
        sandbox.run(["oci", rootless, "spec"]).succeeds();
        let path = sandbox.work().join("config.json");
        let config = serde_json::from_str(&std::fs::read_to_string(&path).expect("a configuration was written"));
        let mut bundle = Bundle { sandbox, config: config.expect("it is JSON") };
        bundle.config["process"]["terminal"] = json!(false);
        bundle.config["root"]["readonly"] = json!(false);
        Ok(bundle)
    }

    /// The root file system.
    pub fn root(&self) -> PathBuf {
        self.sandbox.work().join("rootfs")
    }

    /// Changes the configuration.
    pub fn change(&mut self, change: impl FnOnce(&mut Value)) -> &mut Self {
        change(&mut self.config);
        self
    }

    /// Has the process be a script.
    pub fn script(&mut self, script: &str) -> &mut Self {
        self.change(|config| config["process"]["args"] = json!(["sh", "-c", script]))
    }

    /// Writes the configuration.
    pub fn write(&self) -> &Self {
        let path = self.sandbox.work().join("config.json");
        std::fs::write(path, self.config.to_string()).expect("the configuration is written");
        self
    }

    /// The runtime with words behind the directory of states.
    pub fn command(&self, words: &[&str]) -> Invocation {
        let state = self.sandbox.run_directory().join("oci");
        let state = state.to_str().expect("a temporary path is text").to_owned();
        let words = words.iter().map(|word| (*word).to_owned());
        self.sandbox.command(["oci".to_owned(), "--root".to_owned(), state].into_iter().chain(words))
    }

    /// Runs it.
    pub fn oci(&self, words: &[&str]) -> Outcome {
        self.command(words).run()
    }

    /// Runs what leaves a process behind, which goes on holding the caller's streams: they are none of this test's.
    pub fn leave(&self, words: &[&str]) -> Outcome {
        let errors = self.sandbox.work().join("errors");
        let file = std::fs::File::create(&errors).expect("a file is made");
        let mut invocation = self.command(words);
        let command = invocation.inner().stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let status = command.status().expect("the program runs");
        let stderr = std::fs::read(&errors).expect("the file is there");
        Outcome { status, stdout: Vec::new(), stderr, line: words.join(" "), took: Duration::ZERO }
    }

    /// Writes the configuration and runs a container of it.
    pub fn run(&self) -> Outcome {
        self.write().oci(&["run", "one"])
    }

    /// The state document of a container.
    pub fn state(&self, id: &str) -> Value {
        serde_json::from_str(&self.oci(&["state", id]).succeeds().text()).expect("a state is JSON")
    }

    /// Waits until a container has a status.
    pub fn await_status(&self, id: &str, status: &str) {
        let reached = process::eventually(LIMIT, || (self.state(id)["status"] == status).then_some(()));
        assert!(reached.is_some(), "{id} is {} and not {status}", self.state(id)["status"]);
    }
}
