//! The program under test in an empty home with a cleared environment.

use super::process::{self, Process};
use super::{Image, Registry, binary};
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command that takes longer than this hangs, and fails its test.
const LIMIT: Duration = Duration::from_secs(120);

/// An empty home, runtime directory and working directory, removed at the end.
pub struct Sandbox {
    directory: tempfile::TempDir,
    environment: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// An empty one.
    pub fn new() -> Sandbox {
        // Short names: sockets below the runtime directory have 108 bytes for their path (unix(7)).
        let directory = tempfile::Builder::new().prefix("t-").tempdir().expect("a temporary directory is made");
        for (name, mode) in [("h", 0o755), ("r", 0o700), ("w", 0o755)] {
            let path = directory.path().join(name);
            std::fs::create_dir(&path).expect("a directory is made");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("its mode is set");
        }
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).expect("its mode is set");
        let mut sandbox = Sandbox { directory, environment: Vec::new() };
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let (home, run) = (sandbox.home(), sandbox.run_directory());
        sandbox.set("HOME", home);
        sandbox.set("USER", &user);
        sandbox.set("LOGNAME", &user);
        sandbox.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        sandbox.set("LANG", "C.UTF-8");
        // Not the machine's defaults.
        sandbox.set("CONTAINERS_CONF", "/dev/null");
        if super::part() != "no-subids" {
            // The plain user of that part also lacks a login session, as in a cron job.
            sandbox.set("XDG_RUNTIME_DIR", run);
        }
        sandbox
    }

    /// One whose store holds the image `busybox` (as `localhost:PORT/busybox`, tagged `busybox`); `Err` is the reason why that cannot be.
    pub fn with_busybox() -> Result<Sandbox, String> {
        let image = Image::busybox()?;
        let sandbox = Sandbox::new();
        sandbox.add("busybox", &image);
        Ok(sandbox)
    }

    /// Puts an image into the store under `name`, by pulling it from a registry of the test's own.
    pub fn add(&self, name: &str, image: &Image) {
        let registry = Registry::start();
        registry.put(name, "latest", image);
        let reference = format!("{}/{name}:latest", registry.address());
        self.run(["pull", "-q", "--tls-verify=false", &reference]).succeeds();
        self.run(["tag", &reference, name]).succeeds();
        self.run(["untag", &reference, &reference]).succeeds();
    }

    /// Sets a variable for every later command.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.environment.push((name.into(), value.as_ref().to_owned()));
    }

    /// `$HOME`.
    pub fn home(&self) -> PathBuf {
        self.directory.path().join("h")
    }
    /// `$XDG_RUNTIME_DIR`.
    pub fn run_directory(&self) -> PathBuf {
        self.directory.path().join("r")
    }
    /// The directory commands run in.
    pub fn work(&self) -> PathBuf {
        self.directory.path().join("w")
    }
    /// The store's root.
    pub fn store(&self) -> PathBuf {
        self.home().join(".local/share/coracle")
    }

    /// Writes a file below the working directory and returns its path as text.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("has a parent")).expect("the directory is made");
        std::fs::write(&path, content).expect("the file is written");
        path.to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// Makes a directory below the working directory and returns its path as text.
    pub fn directory(&self, name: &str) -> String {
        let path = self.work().join(name);
        std::fs::create_dir_all(&path).expect("the directory is made");
        path.to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// A command of the program under test, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Invocation {
        let mut command = Command::new(binary());
        command.args(arguments).env_clear().envs(self.environment.iter().cloned()).current_dir(self.work());
        Invocation { command, input: Vec::new() }
    }

    /// A command of the program under test in a network of its own, with names and servers (`world.py`); not yet started.
    pub fn in_world<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Invocation {
        let mut command = self.world();
        command.arg(binary()).args(arguments);
        Invocation { command, input: Vec::new() }
    }

    /// A shell in such a network; `$coracle` is the program under test.
    pub fn shell_in_world(&self, script: &str) -> Invocation {
        let mut command = self.world();
        command.args(["sh", "-euc", script]).env("coracle", binary());
        Invocation { command, input: Vec::new() }
    }

    fn world(&self) -> Command {
        let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/world.py");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--mount", "python3"]).arg(world);
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(self.work());
        command
    }

    /// Runs the program under test with empty standard input and waits for it.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        self.command(arguments).run()
    }

    /// Runs words split at blanks: `sandbox.sh("run --rm busybox true")`.
    pub fn words(&self, line: &str) -> Outcome {
        self.run(line.split_ascii_whitespace())
    }

    /// Starts the program under test and leaves it running.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        let mut invocation = self.command(arguments);
        let command = invocation.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: command.spawn().expect("the program under test starts"), waited: false }
    }

    /// What is left of containers: directories, names, temporary and runtime files, mounts.
    pub fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for place in ["containers", "container-names", "tmp"] {
            list(&self.store().join(place), &mut found);
        }
        list(&self.run_directory().join("coracle"), &mut found);
        let own = self.directory.path().to_str().expect("temporary paths are UTF-8");
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("proc is mounted");
        found.extend(mounts.lines().filter(|line| line.contains(own)).map(|line| format!("mount: {line}")));
        found
    }

    /// Fails unless nothing is left within five seconds.
    pub fn assert_nothing_left(&self) {
        let clean = process::eventually(Duration::from_secs(5), || self.leftovers().is_empty().then_some(()));
        assert!(clean.is_some(), "left behind: {:#?}", self.leftovers());
    }
}

/// Names below `directory`, directories that hold nothing but directories left out.
fn list(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Files of subordinate users cannot be removed by this user, but by its own namespace's root.
        if self.store().exists() {
            let _ = self.command(["rm", "-f", "-a", "-t", "0"]).outcome();
        }
        if std::fs::remove_dir_all(self.directory.path()).is_err() {
            let place = self.directory.path().as_os_str();
            let mut removal = self.command([OsStr::new("unshare"), OsStr::new("rm"), OsStr::new("-rf"), place]);
            // The working directory may be among what is gone already.
            removal.command.current_dir("/");
            let _ = removal.outcome();
        }
    }
}

/// A command about to be run.
pub struct Invocation {
    command: Command,
    input: Vec<u8>,
}

impl Invocation {
    /// Sets a variable for this command.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }
    /// Gives the command its standard input.
    pub fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        self.input = text.as_ref().to_vec();
        self
    }
    /// Another working directory.
    pub fn directory(mut self, path: impl AsRef<Path>) -> Self {
        self.command.current_dir(path);
        self
    }
    /// The command itself, to be changed in other ways.
    pub fn inner(&mut self) -> &mut Command {
        &mut self.command
    }
    /// Runs it and waits; a command over the limit is killed and fails the test.
    pub fn run(self) -> Outcome {
        self.outcome().unwrap_or_else(|reason| panic!("{reason}"))
    }

    fn outcome(mut self) -> Result<Outcome, String> {
        let line = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", binary().display()))?;
        let mut stdin = child.stdin.take().expect("piped");
        let input = std::mem::take(&mut self.input);
        // A program that ends without reading its input is no error.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let running = Running { child, waited: false };
        let outcome = running.wait_for(LIMIT).map_err(|reason| format!("{line}: {reason}"))?;
        writer.join().expect("the writing thread ends");
        Ok(Outcome { line, ..outcome })
    }
}

/// A started command. Killed when dropped.
pub struct Running {
    child: Child,
    waited: bool,
}

impl Running {
    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    /// Itself, seen through /proc.
    pub fn process(&self) -> Process {
        Process::read(self.pid()).expect("the command runs")
    }
    /// Sends a signal by number.
    pub fn signal(&self, signal: i32) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let signal = rustix::process::Signal::from_named_raw(signal).expect("a signal");
        rustix::process::kill_process(pid, signal).expect("the command runs");
    }
    /// Reads standard output until `mark` has been seen.
    pub fn wait_for_output(&mut self, mark: &str) -> String {
        let mut seen = Vec::new();
        let stdout = self.child.stdout.as_mut().expect("piped");
        let mut byte = [0u8; 1];
        while !String::from_utf8_lossy(&seen).contains(mark) {
            match stdout.read(&mut byte) {
                Ok(1) => seen.push(byte[0]),
                _ => {
                    let mut errors = String::new();
                    let _ = self.child.stderr.as_mut().expect("piped").read_to_string(&mut errors);
                    panic!("output ended before {mark:?}: {:?}, stderr {errors:?}", String::from_utf8_lossy(&seen));
                }
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }
    /// Waits for the end.
    pub fn wait(self) -> Outcome {
        self.wait_for(LIMIT).unwrap_or_else(|reason| panic!("{reason}"))
    }

    fn wait_for(mut self, limit: Duration) -> Result<Outcome, String> {
        let drain = |stream: Option<Box<dyn Read + Send>>| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                if let Some(mut stream) = stream {
                    let _ = stream.read_to_end(&mut bytes);
                }
                bytes
            })
        };
        let stdout = drain(self.child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        let stderr = drain(self.child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>));
        let began = Instant::now();
        let status = wait_within(&mut self.child, limit);
        let hung = status.is_none();
        let mut left = Vec::new();
        if hung {
            left = process::descendants(self.pid());
            let _ = self.child.kill();
            left.iter().for_each(|process| process.signal(9));
        }
        let status = status.unwrap_or_else(|| self.child.wait().expect("the command is a child"));
        self.waited = true;
        let stdout = stdout.join().expect("the reading thread ends");
        let stderr = stderr.join().expect("the reading thread ends");
        let outcome = Outcome { status, stdout, stderr, line: String::new(), took: began.elapsed() };
        if hung { Err(format!("hangs ({limit:?}): {outcome:?}; below it: {left:#?}")) } else { Ok(outcome) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.waited {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits on a pidfd, so that the end is an event and not a poll; `None` when the limit passed.
fn wait_within(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let flags = rustix::process::PidfdFlags::empty();
    let pidfd = rustix::process::pidfd_open(rustix::process::Pid::from_child(child), flags).expect("a pidfd opens");
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return None,
            Ok(_) => return Some(child.wait().expect("the command is a child")),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll: {error}"),
        }
    }
}

/// How a command ended and what it printed. The checks return `self`, so they can be strung together.
pub struct Outcome {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output as bytes.
    pub stdout: Vec<u8>,
    /// Standard error as bytes.
    pub stderr: Vec<u8>,
    /// Its arguments, for messages.
    pub line: String,
    /// How long it took.
    pub took: Duration,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, code) = (&self.line, self.code());
        write!(f, "{line}: exit code {code} after {:?}\nstdout: {}\nstderr: {}", self.took, self.text(), self.errors())
    }
}

impl Outcome {
    /// Standard output as text, without the last newline.
    pub fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.stdout);
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }
    /// Standard error as text, without what a store is told once about the host.
    pub fn errors(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        text.split_inclusive('\n').filter(|line| !line.ends_with("this is said once)\n")).collect()
    }
    /// Standard output, line by line.
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }
    /// Exit code as a shell sees it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    fn complain(&self, what: &str) -> ! {
        panic!("{}: {what}\nexit code {}\nstdout: {}\nstderr: {}", self.line, self.code(), self.text(), self.errors())
    }

    /// Exit code 0.
    pub fn succeeds(self) -> Self {
        self.exits(0)
    }
    /// This exit code.
    pub fn exits(self, code: i32) -> Self {
        if self.code() != code {
            self.complain(&format!("expected exit code {code}"));
        }
        self
    }
    /// Standard output is exactly this, a final newline aside.
    pub fn prints(self, expected: &str) -> Self {
        if self.text() != expected {
            self.complain(&format!("expected standard output {expected:?}"));
        }
        self
    }
    /// Standard output contains this.
    pub fn mentions(self, part: &str) -> Self {
        if !self.text().contains(part) {
            self.complain(&format!("expected {part:?} in standard output"));
        }
        self
    }
    /// Standard output does not contain this.
    pub fn omits(self, part: &str) -> Self {
        if self.text().contains(part) {
            self.complain(&format!("expected no {part:?} in standard output"));
        }
        self
    }
    /// Nothing on standard error.
    pub fn quietly(self) -> Self {
        if !self.errors().is_empty() {
            self.complain("expected nothing on standard error");
        }
        self
    }
    /// Standard error contains this.
    pub fn complains(self, part: &str) -> Self {
        if !self.errors().contains(part) {
            self.complain(&format!("expected {part:?} in standard error"));
        }
        self
    }
    /// Fails as every failure of coracle's own must: this exit code, nothing on standard output, one line `Error: ...`
    /// that contains `part`, and at most hints after it.
    pub fn refuses(self, code: i32, part: &str) -> Self {
        let outcome = self.exits(code).complains(part);
        let text = outcome.errors();
        // What a pull tells while it goes on is no part of the message.
        let progress = ["Trying to pull ", "Resolved \"", "Copying ", "Writing manifest "];
        let mut lines = text.lines().skip_while(|line| progress.iter().any(|start| line.starts_with(start)));
        let first = lines.next().unwrap_or_default();
        if !first.starts_with("Error: ") || !first.contains(part) {
            outcome.complain(&format!("expected a first line \"Error: ...{part}...\""));
        }
        if !lines.all(|line| line.starts_with("Hint: ")) {
            outcome.complain("expected one line, and hints only after it");
        }
        if text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\n') {
            outcome.complain("expected no control character on standard error");
        }
        outcome
    }
}
