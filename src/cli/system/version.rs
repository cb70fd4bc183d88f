//! `version`.

use super::info::formatted;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::tree::Verb;
use crate::engine::info;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;

/// `version`.
#[derive(Args, Debug)]
pub(crate) struct Version {
    /// Print as JSON (json) or by a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Verb for Version {
    const NAME: &'static str = "version";
    const ABOUT: &'static str = "Display the version of coracle";
    const DETAILS: &'static str = "Prints the version of the program and the platform it was built for.";

    fn run(self, context: &Context) -> Result<ExitCode, Failure> {
        let version = info::version_of(&context.program);
        match self.format.as_deref() {
            None => output::print(&text(&version["Client"])),
            Some(format) => output::print(&formatted("version", format, &version, &|version| version)?),
        }
    }
}

/// podman's lines, without those that would say nothing.
fn text(version: &Value) -> String {
    let word = |name: &str| version[name].as_str().unwrap_or_default();
    let mut text = String::from("Client:       coracle\n");
    text.push_str(&format!("Version:      {}\nAPI Version:  {}\n", word("Version"), word("APIVersion")));
    if !word("GitCommit").is_empty() {
        text.push_str(&format!("Git Commit:   {}\n", word("GitCommit")));
    }
    if version["Built"].as_i64().is_some_and(|seconds| seconds > 0) {
        text.push_str(&format!("Built:        {}\n", word("BuiltTime")));
    }
    text.push_str(&format!("OS/Arch:      {}\n", word("OsArch")));
    text
}
