//! The container's first process.

use super::OptionError;
use crate::cli::configuration::Containers;
use crate::cli::values;
use crate::engine::request::{ContainerRequest, UlimitRequest};
use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct ProcessOptions {
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Give the container a terminal
    #[arg(short, long)]
    tty: bool,
    /// Attach stdin, stdout or stderr only; may be repeated
    #[arg(short, long, value_name = "STREAM", value_delimiter = ',')]
    pub(crate) attach: Vec<String>,
    /// Run this instead of the image's entry point; a JSON array gives several words, "" none
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// User, and group, the process runs as
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Working directory in the container
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Run a small init that forwards signals and reaps processes [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean)]
    init: Option<bool>,
    /// Additional group, or keep-groups for the caller's own; may be repeated
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    group_add: Vec<String>,
    /// Limit a resource of the process, e.g. nofile=1024:4096, or copy all limits with host; may be repeated
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_delimiter = ',')]
    ulimit: Vec<String>,
    /// File mode mask, octal [default: 0022]
    #[arg(long, value_name = "MASK")]
    umask: Option<String>,
    /// Time zone, e.g. Europe/Riga, or local
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Adjustment of the score by which the kernel chooses whom to kill, -1000 to 1000
    #[arg(long, value_name = "SCORE", value_parser = values::integer)]
    oom_score_adj: Option<i64>,
    /// Pass so many descriptors on, from 3
    #[arg(long, value_name = "COUNT", value_parser = values::unsigned, default_value = "0", hide_default_value = true)]
    preserve_fds: u32,
    /// Pass this descriptor on; may be repeated
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = values::unsigned)]
    preserve_fd: Vec<u32>,
    /// Add the user to the container's /etc/passwd and /etc/group [default: true]
    #[arg(long, default_value = "true")]
    passwd: bool,
    /// Line to write to /etc/passwd for the user
    #[arg(long, value_name = "LINE")]
    passwd_entry: Option<String>,
    /// Line to write to /etc/group for the group
    #[arg(long, value_name = "LINE")]
    group_entry: Option<String>,
    /// User of the host to add to /etc/passwd; may be repeated
    #[arg(long, value_name = "USER", value_delimiter = ',')]
    hostuser: Vec<String>,
    /// Execution domain, e.g. LINUX32
    #[arg(long, value_name = "DOMAIN")]
    personality: Option<String>,
}

impl ProcessOptions {
    pub(super) fn fill(&mut self, defaults: &Containers) {
        self.init = self.init.or(Some(defaults.init));
        self.oom_score_adj = self.oom_score_adj.or(defaults.oom_score_adj);
        for (given, default) in [(&mut self.umask, &defaults.umask), (&mut self.tz, &defaults.tz)] {
            if given.is_none() {
                *given = default.clone().filter(|text| !text.is_empty());
            }
        }
        let name = |text: &str| text.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let given: Vec<String> = self.ulimit.iter().map(|text| name(text)).collect();
        if !given.iter().any(|given| given == "host") {
            let others = defaults.default_ulimits.iter().filter(|text| !given.contains(&name(text)));
            self.ulimit.extend(others.cloned());
        }
    }

    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        request.interactive = self.interactive;
        request.tty = self.tty;
        request.attach = self.attach.iter().map(|stream| attach_stream(stream)).collect::<Result<_, _>>()?;
        request.entrypoint = self.entrypoint.map(entrypoint);
        request.user = self.user;
        request.workdir = self.workdir;
        request.init = self.init.unwrap_or_default();
        request.group_add = self.group_add;
        request.ulimits = self.ulimit.iter().map(|text| ulimit(text)).collect::<Result<_, _>>()?;
        request.umask = self.umask.map(umask).transpose()?;
        request.timezone = self.tz;
        request.oom_score_adj = self.oom_score_adj.map(oom_score).transpose()?;
        request.preserve_fds = self.preserve_fds;
        request.preserve_fd = self.preserve_fd;
        request.passwd = self.passwd;
        request.passwd_entry = self.passwd_entry;
        request.group_entry = self.group_entry;
        request.host_users = self.hostuser;
        request.personality = self.personality;
        Ok(())
    }
}

fn attach_stream(text: &str) -> Result<String, OptionError> {
    let stream = text.to_ascii_lowercase();
    match stream.as_str() {
        "stdin" | "stdout" | "stderr" => Ok(stream),
        _ => Err(OptionError::AttachStream(text.to_owned())),
    }
}

/// A JSON array of words, one word, or nothing.
fn entrypoint(text: String) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    match text.starts_with('[') {
        true => serde_json::from_str(&text).unwrap_or_else(|_| vec![text]),
        false => vec![text],
    }
}

/// Limits by name, see `getrlimit(2)`.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// `NAME=SOFT[:HARD]` or `host`; -1 is unlimited.
fn ulimit(text: &str) -> Result<UlimitRequest, OptionError> {
    let failure = |reason: String| OptionError::Ulimit { option: text.to_owned(), reason };
    if text == "host" {
        return Ok(UlimitRequest { name: text.to_owned(), soft: u64::MAX, hard: u64::MAX });
    }
    let (name, limits) = text.split_once('=').ok_or_else(|| failure(format!("invalid ulimit argument: {text}")))?;
    let name = name.trim_start_matches("RLIMIT_").to_ascii_lowercase();
    if !ULIMITS.contains(&name.as_str()) && name != "as" {
        return Err(failure(format!("invalid ulimit type: {name}")));
    }
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    let soft = limit(soft).map_err(failure)?;
    let hard = limit(hard).map_err(failure)?;
    if soft > hard {
        let which = match soft {
            u64::MAX => format!("soft: -1 (unlimited), hard: {hard}"),
            _ => format!("{soft} > {hard}"),
        };
        return Err(failure(format!("ulimit soft limit must be less than or equal to hard limit: {which}")));
    }
    Ok(UlimitRequest { name, soft, hard })
}

fn limit(text: &str) -> Result<u64, String> {
    match text {
        "unlimited" => Ok(u64::MAX),
        _ => match values::integer(text)? {
            -1 => Ok(u64::MAX),
            value => u64::try_from(value).map_err(|_| format!("invalid ulimit value: {value}")),
        },
    }
}

fn umask(text: String) -> Result<String, OptionError> {
    let octal = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    match octal && (text.len() < 4 || text.starts_with('0')) {
        true => Ok(text),
        false => Err(OptionError::Umask(text)),
    }
}

fn oom_score(value: i64) -> Result<i32, OptionError> {
    match i32::try_from(value) {
        Ok(score @ -1000..=1000) => Ok(score),
        _ => Err(OptionError::OomScore(value)),
    }
}
