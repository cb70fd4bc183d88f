//! The command tree: which commands exist, and how one is parsed.
//!
//! A command is an [`Entry`] of a table, made from a type that implements [`Verb`]: a `clap::Args` struct, one file per
//! verb. Options of a command are built only when that command was typed ([`Command::defer`]): building all of them
//! would cost more than everything else `coracle version` does.
//!
//! Two forms come from one definition. [`documentation`] is what help, man pages and completions are made from.
//! [`parser`] is the same with pflag's habits, which scripts written for podman and docker rely on:
//! - a boolean takes `--flag`, `--flag=true`, `--flag=false`, also combined (`-itd`);
//! - the last of several values wins;
//! - what follows a flag that needs a value is that value, even when it starts with `-`;
//! - global options may follow the verb;
//! - clap requires nothing: [`Arity`] is checked afterwards and reported in podman's words.

use super::compatibility;
use super::context::{Context, GlobalOptions};
use super::failure::Failure;
use super::values;
use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use std::any::TypeId;
use std::process::ExitCode;

/// Name of the one positional argument a command may have: the field of this name collects all words.
pub(crate) const POSITIONAL: &str = "arguments";

/// A command: its options (the type itself), its names and what it does.
pub(crate) trait Verb: Args + 'static {
    /// The name it is called by, e.g. `run`.
    const NAME: &'static str;
    /// Other names, e.g. `list` for `ls`.
    const ALIASES: &'static [&'static str] = &[];
    /// One line for the list of commands.
    const ABOUT: &'static str;
    /// A few sentences for `--help` and the man page.
    const DETAILS: &'static str;
    /// What stands after the options in the usage line, e.g. `IMAGE [COMMAND [ARG...]]`.
    const ARGUMENTS: &'static str = "";
    /// How many words it takes.
    const ARITY: Arity = Arity::None;
    /// Examples, one a line; a line starting with `#` explains the next.
    const EXAMPLES: &'static str = "";
    /// Not listed in help.
    const HIDDEN: bool = false;
    /// Options that are not fields of the type, since nothing comes of them.
    const FOREIGN: &'static [compatibility::Row] = &[];
    /// Looks at what the fields do not tell, before [`Verb::run`].
    ///
    /// # Errors
    /// Options that make no sense together.
    fn review(_matches: &ArgMatches) -> Result<(), Failure> {
        Ok(())
    }
    /// Does it. The exit code is the command's own when it has one (`run`, `wait`), else 0.
    ///
    /// # Errors
    /// Whatever the engine reports, and usage errors.
    fn run(self, context: &Context) -> Result<ExitCode, Failure>;
}

/// Several verbs under one noun (`image`, `system`).
pub(crate) trait Group: 'static {
    /// The noun.
    const NAME: &'static str;
    /// One line for the list of commands.
    const ABOUT: &'static str;
    /// Its verbs, in the order help shows them.
    fn entries() -> Vec<Entry>;
}

/// How many words a command takes; the wording of the complaint is podman's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// Any number; the verb checks for itself.
    Any,
    /// None.
    None,
    /// So many or more.
    AtLeast(usize),
    /// So many or fewer.
    AtMost(usize),
    /// So many.
    Exactly(usize),
}

impl Arity {
    /// Checks `count` words given to the command called `path`, e.g. `coracle image ls`.
    pub(crate) fn check(self, count: usize, path: &str) -> Result<(), Failure> {
        let complaint = match self {
            Arity::None if count > 0 => format!("`{path}` takes no arguments"),
            Arity::AtLeast(least) if count < least => {
                format!("requires at least {least} arg(s), only received {count}")
            }
            Arity::AtMost(most) if count > most => format!("accepts at most {most} arg(s), received {count}"),
            Arity::Exactly(exact) if count != exact => format!("accepts {exact} arg(s), received {count}"),
            _ => return Ok(()),
        };
        Err(Failure::Arguments(complaint))
    }
}

/// A row of the command table.
pub(crate) struct Entry {
    /// The name it is called by.
    pub(crate) name: &'static str,
    /// Its other names.
    pub(crate) aliases: &'static [&'static str],
    /// One line about it.
    pub(crate) about: &'static str,
    /// Not shown in help.
    pub(crate) hidden: bool,
    /// What stands after the options in the usage line.
    pub(crate) usage: &'static str,
    /// Examples, one a line.
    pub(crate) examples: &'static str,
    /// The same for all names of one command.
    pub(crate) identity: TypeId,
    /// Adds options as help shows them.
    documentation: fn(Command) -> Command,
    /// Adds options as they are parsed.
    parser: fn(Command) -> Command,
    /// What it stands for.
    pub(crate) action: Action,
}

/// What a row stands for.
pub(crate) enum Action {
    /// A command.
    Verb {
        /// How many words it takes.
        arity: Arity,
        /// Turns matches into options and runs them.
        run: fn(ArgMatches, &Context) -> Result<ExitCode, Failure>,
    },
    /// A noun.
    Group(fn() -> Vec<Entry>),
}

/// The row of `V`.
pub(crate) fn verb<V: Verb>() -> Entry {
    named::<V>(V::NAME, V::ALIASES)
}

/// The row of `V` under another name (`ps` is also `container ls`).
pub(crate) fn named<V: Verb>(name: &'static str, aliases: &'static [&'static str]) -> Entry {
    Entry {
        name,
        aliases,
        about: V::ABOUT,
        hidden: V::HIDDEN,
        usage: V::ARGUMENTS,
        examples: V::EXAMPLES,
        identity: TypeId::of::<V>(),
        documentation: verb_documentation::<V>,
        parser: verb_parser::<V>,
        action: Action::Verb { arity: V::ARITY, run: run_verb::<V> },
    }
}

/// The row of a noun.
pub(crate) fn group<G: Group>() -> Entry {
    Entry {
        name: G::NAME,
        aliases: &[],
        about: G::ABOUT,
        hidden: false,
        usage: "[command]",
        examples: "",
        identity: TypeId::of::<G>(),
        documentation: |command| command,
        parser: |command| parse_rules(with_parsers(command, &G::entries())),
        action: Action::Group(G::entries),
    }
}

fn run_verb<V: Verb>(mut matches: ArgMatches, context: &Context) -> Result<ExitCode, Failure> {
    V::review(&matches)?;
    compatibility::enforce(&matches, V::FOREIGN)?;
    let options: V = options(&mut matches)?;
    drop(matches);
    options.run(context)
}

/// Takes the options of a type out of the matches; to look at them, clap would copy all there are.
pub(crate) fn options<Options: Args>(matches: &mut ArgMatches) -> Result<Options, Failure> {
    Options::from_arg_matches_mut(matches).map_err(|error| Failure::Arguments(error.to_string()))
}

/// The options of `V` as help shows them.
fn verb_documentation<V: Verb>(command: Command) -> Command {
    // Flattened option groups bring an `about` of their own, so ours is set after them.
    let command = compatibility::augment(V::augment_args(command), V::FOREIGN).about(V::ABOUT);
    let command = command.long_about(format!("{}\n\n{}", V::ABOUT, V::DETAILS));
    let takes_h = command.get_arguments().any(|arg| arg.get_short() == Some('h'));
    let command = command.arg(help_flag(!takes_h));
    match V::EXAMPLES {
        "" => command,
        text => command.after_help(examples(text)),
    }
}

fn examples(text: &str) -> String {
    let mut section = String::from("Examples:");
    for line in text.lines() {
        section.push_str("\n  ");
        section.push_str(line);
    }
    section
}

/// The options of `V` as they are parsed.
fn verb_parser<V: Verb>(command: Command) -> Command {
    let command = GlobalOptions::augment_args(compatibility::augment(V::augment_args(command), V::FOREIGN));
    parse_rules(with_positional(compatibility::augment_later(command)))
}

/// A command takes words even when it wants none, so that its arity is what complains about them.
fn with_positional(command: Command) -> Command {
    let has_positional = command.get_positionals().next().is_some();
    match has_positional {
        true => command,
        false => command.arg(Arg::new(POSITIONAL).num_args(0..).action(ArgAction::Append)),
    }
}

/// Gives a command pflag's habits (see the module's documentation).
fn parse_rules(command: Command) -> Command {
    let takes_h = command.get_arguments().any(|arg| arg.get_short() == Some('h'));
    command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .arg(help_flag(!takes_h))
        .mut_args(|arg| match arg.get_action() {
            ArgAction::SetTrue => boolean(arg),
            _ if arg.is_positional() => arg,
            _ => arg.allow_hyphen_values(true),
        })
}

fn help_flag(short: bool) -> Arg {
    let arg = Arg::new("help")
        .long("help")
        .action(ArgAction::SetTrue)
        .help_heading(None::<&str>)
        .help("Print help and exit")
        .display_order(999);
    match short {
        true => arg.short('h'),
        false => arg,
    }
}

/// A flag that may be given a value after `=`.
fn boolean(arg: Arg) -> Arg {
    let arg = match arg.get_default_values() {
        [] => arg.default_value("false"),
        _ => arg,
    };
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(ValueParser::new(values::boolean))
}

/// The table of commands, in the order help shows them.
pub(crate) fn entries() -> Vec<Entry> {
    use super::{container, generate, healthcheck, image, inspect, network, oci, pod, quadlet, secret, system, volume};
    let mut entries = container::top_level();
    entries.extend(image::top_level());
    entries.push(verb::<inspect::Inspect>());
    entries.push(group::<container::Container>());
    entries.push(group::<image::Image>());
    entries.push(group::<volume::Volume>());
    entries.push(group::<network::Network>());
    entries.push(group::<pod::Pod>());
    entries.push(group::<healthcheck::HealthCheck>());
    entries.push(group::<secret::Secret>());
    entries.push(group::<generate::Generate>());
    entries.push(verb::<quadlet::Quadlet>());
    entries.push(group::<system::startup::Startup>());
    entries.push(group::<system::System>());
    entries.push(group::<oci::Oci>());
    entries.extend(system::top_level());
    entries
}

fn with_parsers(command: Command, entries: &[Entry]) -> Command {
    command.subcommands(
        entries.iter().map(|entry| Command::new(entry.name).aliases(entry.aliases.iter().copied()).defer(entry.parser)),
    )
}

fn root(command: Command) -> Command {
    RootOptions::augment_args(GlobalOptions::augment_args(command))
}

/// Options of `coracle` itself.
#[derive(Args, Debug)]
pub(crate) struct RootOptions {
    /// Print the version and exit
    #[arg(short = 'v', long)]
    pub(crate) version: bool,
    /// Print nothing on standard output
    #[arg(long)]
    pub(crate) noout: bool,
    /// Write to this file what goes to standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) out: Option<std::path::PathBuf>,
}

/// The tree as it is parsed; the program's own name is not among the arguments.
pub(crate) fn parser() -> Command {
    let command = compatibility::augment(root(Command::new("coracle")), compatibility::GLOBAL);
    parse_rules(with_parsers(command, &entries())).no_binary_name(true)
}

/// The tree as help, man pages and completions show it; `program` is the name coracle was called by.
pub(crate) fn documentation(program: &str) -> Command {
    let about = "Manage pods, containers and images";
    let details = "coracle pulls, runs and keeps containers for one user, without privilege. Every command is complete in itself: no daemon, no \
                   set-up, no root. Commands and options are those of podman and docker.";
    let command = root(Command::new(program.to_owned()))
        .about(about)
        .long_about(format!("{about}\n\n{details}"))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .arg(help_flag(true))
        .override_usage(format!("{program} [options] [command]"));
    with_documentation(command, program, &entries())
}

fn with_documentation(command: Command, path: &str, entries: &[Entry]) -> Command {
    command.subcommands(entries.iter().map(|entry| {
        let path = format!("{path} {}", entry.name);
        let command = Command::new(entry.name)
            .visible_aliases(entry.aliases.iter().copied())
            .about(entry.about)
            .hide(entry.hidden)
            .disable_help_flag(true)
            .disable_help_subcommand(true);
        let command = match entry.action {
            Action::Verb { .. } => (entry.documentation)(command),
            Action::Group(entries) => with_documentation(command.arg(help_flag(true)), &path, &entries()),
        };
        let options = if has_options(&command) { " [options]" } else { "" };
        command.override_usage(format!("{path}{options} {}", entry.usage).trim_end().to_owned())
    }))
}

/// Whether help shows an option beside `--help`.
pub(crate) fn has_options(command: &Command) -> bool {
    command.get_arguments().any(|arg| !arg.is_positional() && !arg.is_hide_set() && arg.get_id() != "help")
}
