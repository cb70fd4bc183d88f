//! The command line, and the only code that prints.
//!
//! ```text
//! words ─ tree::parser ─ matches ─ Verb::run ─ engine
//!           └ usage: clap's complaints in podman's words      └ failure: message, hint, exit code
//! ```
//!
//! One file per verb under its noun. Data goes to standard output and everything else to standard error.

mod compatibility;
mod complete;
mod configuration;
mod container;
mod context;
mod documents;
mod failure;
mod generate;
mod healthcheck;
mod image;
mod inspect;
mod moment;
mod network;
mod oci;
mod options;
mod output;
mod pattern;
mod pod;
mod quadlet;
mod secret;
mod system;
mod tree;
mod usage;
mod values;
mod volume;
mod yaml;

use clap::ArgMatches;
use context::{Context, GlobalOptions};
use failure::Failure;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;
use tree::{Action, Entry};

pub mod template;

pub use documents::{Document, documents};

/// Runs the program for this process's arguments and returns its exit code.
pub fn main() -> ExitCode {
    match start(std::env::args_os().collect()) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn start(words: Vec<OsString>) -> Result<ExitCode, Failure> {
    let mut words = text(words)?;
    if words.first().is_some_and(|word| is_generator(word)) {
        words = quadlet::generator_words(&words[1..]);
    }
    let program = program_name(words.first().map_or("", String::as_str));
    match words.first_mut() {
        Some(first) => program.clone_into(first),
        None => words.push(program.clone()),
    }
    // The program of the built-in image hello: this executable inside its container.
    if words.get(1).is_some_and(|word| word == "__hello") {
        return output::print(&crate::engine::hello::report());
    }
    // A keeper that starts its container again executes the program so.
    if words.get(1).is_some_and(|word| word == crate::engine::restart::AGAIN) {
        configuration::prepare(None);
        crate::engine::restart::again(&words[2..]);
    }
    if let Some(answered) = complete::answer(&words, &program) {
        return answered;
    }
    if let Some(topic) = oci::help_topic(&words, &program) {
        return oci::help(&program, topic.as_deref());
    }
    oci::arrange(&mut words, &program);
    let asked = words.iter().skip(1).map(String::as_str);
    if (oci::is_runtime(&program) && words.get(1).is_some_and(|word| word == "--version"))
        || asked.eq(["oci", "--version"])
    {
        return output::print(&oci::version(&program));
    }
    let program = if program == "podman" || program == "docker" { program } else { "coracle".to_owned() };
    let is_oci = words.get(1).is_some_and(|word| word == "oci");
    let result = parse(&words, &program).and_then(|matches| dispatch(matches, words, program));
    if is_oci { result.map_err(oci::in_callers_terms) } else { result }
}

/// Whether systemd runs the program as a generator, by its name.
fn is_generator(first_word: &str) -> bool {
    Path::new(first_word).file_name().is_some_and(|name| name == quadlet::GENERATOR)
}

/// Arguments are text: what cannot be written in a configuration or shown to a user is refused here, once.
fn text(words: Vec<OsString>) -> Result<Vec<String>, Failure> {
    let word = |word: OsString| {
        word.into_string().map_err(|word| Failure::Arguments(format!("argument {word:?} is not valid UTF-8")))
    };
    words.into_iter().map(word).collect()
}

/// The name messages use: coracle's own unless it was called as one of the tools it stands in for.
fn program_name(first_word: &str) -> String {
    match Path::new(first_word).file_name().and_then(|name| name.to_str()) {
        Some(name @ ("docker" | "podman" | "coracle-runtime" | "runc" | "crun")) => name.to_owned(),
        _ => "coracle".to_owned(),
    }
}

/// The last word of the command, e.g. `ls` of `coracle volume ls`: what podman calls templates by.
static VERB: OnceLock<String> = OnceLock::new();

/// That word, once the command line has been parsed.
fn verb() -> &'static str {
    VERB.get().map_or("format", String::as_str)
}

/// Whether this process was called as docker.
fn is_docker() -> bool {
    let first = std::env::args_os().next().and_then(|word| word.into_string().ok()).unwrap_or_default();
    program_name(&first) == "docker"
}

fn parse(words: &[String], program: &str) -> Result<ArgMatches, Failure> {
    let words = &words[1..];
    tree::parser()
        .try_get_matches_from(words)
        .map_err(|error| usage::translate(&error, words, program, &tree::entries()))
}

/// Follows the matches to the verb and runs it.
fn dispatch(mut root: ArgMatches, words: Vec<String>, program: String) -> Result<ExitCode, Failure> {
    compatibility::enforce(&root, compatibility::GLOBAL)?;
    let mut next = root.remove_subcommand();
    let mut global: GlobalOptions = tree::options(&mut root)?;
    if root.get_flag("debug") && global.log_level.replace("debug".to_owned()).is_some() {
        return Err(Failure::DebugAndLevel);
    }
    let own: tree::RootOptions = tree::options(&mut root)?;
    output::redirect(&own)?;
    check_log_level(&global)?;
    if own.version {
        return output::print(&format!("{program} version {}\n", env!("CARGO_PKG_VERSION")));
    }
    let mut path = program.clone();
    let mut asks_for_help = root.get_flag("help");
    let mut entries = tree::entries();
    while let Some((name, mut matches)) = next {
        asks_for_help = matches.get_flag("help");
        path = format!("{path} {name}");
        let Some(position) = entries.iter().position(|entry| entry.name == name) else { break };
        match entries.swap_remove(position) {
            Entry { action: Action::Group(inner), .. } => {
                entries = inner();
                next = matches.remove_subcommand();
            }
            Entry { action: Action::Verb { arity, run }, .. } => {
                if asks_for_help {
                    return system::help::print(&program, &path);
                }
                let words_given = matches.get_many::<String>(tree::POSITIONAL).map_or(0, |words| words.len());
                check_latest(&matches, &name, words_given)?;
                arity.check(words_given, &path)?;
                if matches!(name.as_str(), "run" | "create" | "start" | "exec") {
                    compatibility::check_runtime_flags(&root)?;
                    compatibility::check_runtime_flags(&matches)?;
                }
                global = tree::options::<GlobalOptions>(&mut matches)?.or(global);
                check_log_level(&global)?;
                let _ = VERB.set(name.clone()); // there is one command line only
                configuration::prepare(events_backend(&matches).or_else(|| events_backend(&root)));
                return logged(&Context { program, path, words, global }, |context| run(matches, context));
            }
        }
    }
    let help = system::help::print(&program, &path)?;
    match asks_for_help {
        true => Ok(help),
        false => Err(Failure::MissingCommand(path)),
    }
}

/// Carries a command out; `--log-level` shows what it works with and how it ended.
fn logged(context: &Context, run: impl FnOnce(&Context) -> Result<ExitCode, Failure>) -> Result<ExitCode, Failure> {
    if !context.logs("info") {
        return run(context);
    }
    let level = context.global.log_level.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (paths, start) = (context.paths(), std::time::Instant::now());
    context.log("info", &format!("{} filtering at log level {level}", context.program));
    context.log("debug", &format!("Called {}({})", context.path, context.words.join(" ")));
    context.log("debug", &format!("Using graph root {}", paths.root.display()));
    context.log("debug", &format!("Using run root {}", paths.run_root.display()));
    context.log("trace", &format!("Process {} of user {}", std::process::id(), rustix::process::getuid().as_raw()));
    let result = run(context);
    if let Err(failure) = &result {
        context.log("debug", &format!("{} failed with {}", context.path, failure.exit_code()));
    }
    context.log("debug", &format!("{} took {} ms", context.path, start.elapsed().as_millis()));
    result
}

/// `--events-backend`, before or after the verb; the last one.
fn events_backend(matches: &ArgMatches) -> Option<&str> {
    let mut given = matches.try_get_many::<String>("events-backend").ok().flatten()?;
    given.next_back().map(String::as_str)
}

/// `--latest` stands for a name, so it goes with neither names nor `--all`; a script that gives both means something
/// else than it would get.
fn check_latest(matches: &ArgMatches, verb: &str, words: usize) -> Result<(), Failure> {
    // These take words that are not containers, or show all and the latest alike.
    const OTHERS: [&str; 6] = ["exec", "port", "top", "ps", "list", "mount"];
    let is_set = |id: &str| matches!(matches.try_get_one::<bool>(id), Ok(Some(true)));
    match is_set("latest") && !OTHERS.contains(&verb) {
        true if is_set("all") => Err(Failure::Arguments("--all and --latest cannot be used together".to_owned())),
        true if words > 0 => Err(Failure::Arguments("--latest and containers cannot be used together".to_owned())),
        _ => Ok(()),
    }
}

fn check_log_level(global: &GlobalOptions) -> Result<(), Failure> {
    match &global.log_level {
        Some(level) if !values::LOG_LEVELS.contains(&level.to_ascii_lowercase().as_str()) => {
            Err(Failure::LogLevel { level: level.clone() })
        }
        _ => Ok(()),
    }
}
