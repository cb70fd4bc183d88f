//! `__complete` and `__completeNoDesc`: what a shell offers for the word being typed.
//!
//! The contract is that of podman's and docker's library (cobra), so scripts written for it work with this program as well: the words
//! typed so far and the one being typed are the arguments; standard output has a candidate a line, with its description after a
//! tab, and last `:` and a number, the [`Directive`]s. What a word stands for is read from the command's usage line
//! (`CONTAINER [CONTAINER...]`), so a new command completes without a word here.

mod fields;
mod names;
mod place;
mod scripts;

use super::context::GlobalOptions;
use super::failure::Failure;
use super::output;
use super::tree::{self, Action, Entry};
use clap::{Arg, ArgAction, Command, ValueHint};
use std::process::ExitCode;

pub(crate) use scripts::script;

/// The word by which shells ask, with descriptions and without.
const ASK: &str = "__complete";
const ASK_WITHOUT_DESCRIPTIONS: &str = "__completeNoDesc";

/// What the shell does with the candidates (cobra's `ShellCompDirective`, bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    /// Offers files when there are no candidates.
    Default = 0,
    /// Adds no space after a single candidate.
    NoSpace = 2,
    /// Offers no files.
    NoFileComp = 4,
}

impl Directive {
    fn word(self) -> &'static str {
        match self {
            Directive::Default => "Default",
            Directive::NoSpace => "NoSpace",
            Directive::NoFileComp => "NoFileComp",
        }
    }
}

/// A word the shell may offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Candidate {
    text: String,
    description: String,
}

impl Candidate {
    fn new(text: impl Into<String>, description: impl Into<String>) -> Self {
        Candidate { text: text.into(), description: description.into() }
    }
}

/// Candidates and what to do with them.
type Offer = (Vec<Candidate>, Directive);

/// Answers a shell's question, when `words` (the program's name first) are one; `None` when they are a command.
pub(super) fn answer(words: &[String], program: &str) -> Option<Result<ExitCode, Failure>> {
    let with_descriptions = match words.get(1)?.as_str() {
        ASK => true,
        ASK_WITHOUT_DESCRIPTIONS => false,
        _ => return None,
    };
    let (typed, typing) = match words.get(2..)? {
        [typed @ .., typing] => (typed, typing.as_str()),
        [] => (&[][..], ""),
    };
    let tree = tree::documentation(program);
    let place = Place::find(typed, &tree);
    let (candidates, directive) = offer(&place, typing, program);
    let mut text = String::new();
    for candidate in candidates {
        text.push_str(&candidate.text);
        if with_descriptions && !candidate.description.is_empty() {
            text.push('\t');
            text.push_str(candidate.description.lines().next().unwrap_or_default());
        }
        text.push('\n');
    }
    text.push_str(&format!(":{}\n", directive as u8));
    let printed = output::print(&text);
    output::note(&format!("Completion ended with directive: ShellCompDirective{}", directive.word()));
    Some(printed)
}

/// Where in a command line the word being typed stands.
struct Place<'t> {
    /// Options of the command typed so far.
    command: &'t Command,
    /// Commands that may follow; empty after one that takes other words.
    entries: Vec<Entry>,
    /// The command's name and its usage, when it takes words.
    verb: Option<(&'static str, &'static str)>,
    /// The words that call the command, without the program's name.
    words: String,
    /// Words that are not options.
    positionals: Vec<String>,
    /// The option whose value is being typed.
    option: Option<&'t Arg>,
    /// No option can follow: after `--`, or within the command of a container.
    only_words: bool,
    /// There is no such command.
    is_lost: bool,
    /// Where the store is, as far as it was said.
    global: GlobalOptions,
}

impl<'t> Place<'t> {
    fn find(typed: &[String], tree: &'t Command) -> Self {
        let mut place = Place {
            command: tree,
            entries: tree::entries(),
            verb: None,
            words: String::new(),
            positionals: Vec::new(),
            option: None,
            only_words: false,
            is_lost: false,
            global: GlobalOptions::default(),
        };
        let root_options: Vec<&Arg> = tree.get_arguments().collect();
        for word in typed {
            if let Some(option) = place.option.take() {
                place.remember(option, word);
            } else if !place.only_words && word == "--" {
                place.only_words = true;
            } else if !place.only_words && word.starts_with('-') && word.len() > 1 {
                let known = find_option(place.command, word)
                    .or_else(|| root_options.iter().copied().find(|arg| is_named(arg, word)));
                match (known, word.split_once('=')) {
                    (Some(option), Some((_, value))) => place.remember(option, value),
                    (Some(option), None) if takes_value(option) => place.option = Some(option),
                    _ => {}
                }
            } else {
                place.enter(word);
            }
        }
        place
    }

    fn remember(&mut self, option: &Arg, value: &str) {
        match option.get_id().as_str() {
            "root" => self.global.root = Some(value.into()),
            "runroot" => self.global.runroot = Some(value.into()),
            _ => {}
        }
    }

    fn enter(&mut self, word: &str) {
        if let Some((_, usage)) = self.verb {
            self.positionals.push(word.to_owned());
            // What follows is the container's command, or columns: nothing in it is an option.
            self.only_words |=
                usage.contains("[COMMAND") || usage.contains("COMMAND [ARG") || usage.contains("DESCRIPTOR");
            return;
        }
        let found = self.entries.iter().find(|entry| entry.name == word || entry.aliases.contains(&word));
        let (Some(entry), Some(command)) = (found, self.command.find_subcommand(word)) else {
            self.is_lost = true;
            return;
        };
        self.command = command;
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(word);
        match entry.action {
            Action::Verb { .. } => (self.verb, self.entries) = (Some((entry.name, entry.usage)), Vec::new()),
            Action::Group(inner) => self.entries = inner(),
        }
    }
}

fn is_named(option: &Arg, word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(long) => {
            let name = long.split('=').next().unwrap_or_default();
            option.get_long() == Some(name) || option.get_all_aliases().is_some_and(|others| others.contains(&name))
        }
        // Of combined short options only the last can take the next word.
        None => option.get_short().is_some() && option.get_short() == word.chars().last(),
    }
}

fn find_option<'t>(command: &'t Command, word: &str) -> Option<&'t Arg> {
    command.get_arguments().find(|arg| is_named(arg, word))
}

fn takes_value(option: &Arg) -> bool {
    let is_optional = option.get_num_args().is_some_and(|count| count.min_values() == 0);
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append) && !is_optional
}

fn offer(place: &Place<'_>, typing: &str, program: &str) -> Offer {
    let nothing = (Vec::new(), Directive::NoFileComp);
    if place.is_lost {
        return nothing;
    }
    let names = names::Names::new(&place.global);
    if let Some(option) = place.option {
        return option_value(option, &place.words, typing, &names);
    }
    if !place.only_words && typing.starts_with('-') {
        return match typing.split_once('=') {
            // Shells replace the whole word.
            Some((flag, value)) => match find_option(place.command, flag) {
                Some(option) => {
                    let (mut candidates, directive) = option_value(option, &place.words, value, &names);
                    candidates.iter_mut().for_each(|candidate| candidate.text.insert_str(0, &format!("{flag}=")));
                    (candidates, directive)
                }
                None => nothing,
            },
            None => (options(place.command, typing), Directive::NoFileComp),
        };
    }
    match place.verb {
        Some((_, usage)) if usage.starts_with("IMAGE [COMMAND") && !place.positionals.is_empty() => {
            names.paths_in_image(&place.positionals[0], typing)
        }
        Some(("cp", _)) if typing.contains(':') => names.paths_in_container(typing),
        Some((verb, usage)) => word_of(verb, usage, place.positionals.len(), typing, &names),
        None => {
            let shown = place.entries.iter().filter(|entry| !entry.hidden && entry.name.starts_with(typing));
            let about = |entry: &Entry| Candidate::new(entry.name, entry.about.replace("coracle", program));
            (shown.map(about).collect(), Directive::NoFileComp)
        }
    }
}

/// Options of a command that begin as typed.
fn options(command: &Command, typing: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    for option in command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()) {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        let long = option.get_long().map(|name| format!("--{name}"));
        let short = option.get_short().filter(|_| typing == "-").map(|name| format!("-{name}"));
        found.extend(
            long.into_iter()
                .chain(short)
                .filter(|name| name.starts_with(typing))
                .map(|name| Candidate::new(name, help.clone())),
        );
    }
    found
}

/// Values of an option of the command that `words` call.
fn option_value(option: &Arg, words: &str, typing: &str, names: &names::Names) -> Offer {
    const WORDS: [(&str, &[&str]); 9] = [
        ("restart", &["no", "on-failure", "always", "unless-stopped"]),
        ("pull", &["always", "missing", "never", "newer"]),
        ("log-driver", &["k8s-file", "json-file", "none", "passthrough"]),
        ("log-level", &super::values::LOG_LEVELS),
        ("health-on-failure", &["none", "kill", "restart", "stop"]),
        ("storage-driver", &["fuse+overlay", "fuse", "overlay", "copy"]),
        ("image-volume", &["bind", "tmpfs", "ignore"]),
        ("exit-policy", &["continue", "stop"]),
        ("cgroups", &["enabled", "disabled", "no-conmon", "split"]),
    ];
    let long = option.get_long().unwrap_or_default();
    let fitting = |words: &[&str]| {
        let fits = words.iter().filter(|word| word.starts_with(typing));
        fits.map(|word| Candidate::new(*word, "")).collect::<Vec<_>>()
    };
    if let Some((_, words)) = WORDS.iter().find(|(name, _)| *name == long) {
        return (fitting(words), Directive::NoFileComp);
    }
    match long {
        "network" => {
            let mut found = fitting(&["private", "host", "none", "fast", "slirp4netns", "pasta"]);
            found.extend(names.of("NETWORK", "", typing));
            (found, Directive::NoFileComp)
        }
        "pod" => (names.of("POD", "", typing), Directive::NoFileComp),
        "secret" => (names.of("SECRET", "", typing), Directive::NoFileComp),
        "volumes-from" => (names.of("CONTAINER", "", typing), Directive::NoFileComp),
        "userns" => (fitting(&["keep-id", "auto", "nomap", "host", "container:"]), Directive::NoFileComp),
        "pid" | "uts" | "cgroupns" => (fitting(&["private", "host", "container:"]), Directive::NoFileComp),
        "ipc" => (fitting(&["private", "shareable", "none", "host", "container:"]), Directive::NoFileComp),
        "format" => fields::candidates(words, typing),
        "volume" | "device" | "env-file" => (Vec::new(), Directive::Default),
        _ => match option.get_value_hint() {
            ValueHint::FilePath | ValueHint::DirPath | ValueHint::AnyPath => (Vec::new(), Directive::Default),
            _ => (Vec::new(), Directive::NoFileComp),
        },
    }
}

/// Candidates for the word at `position` after a command, by what its usage says there.
fn word_of(verb: &str, usage: &str, position: usize, typing: &str, names: &names::Names) -> Offer {
    let tokens: Vec<&str> = usage.split_ascii_whitespace().collect();
    let repeats = tokens.last().is_some_and(|last| last.contains("..."));
    // `[...]` repeats what stands before it.
    let tokens: Vec<&str> = tokens.into_iter().filter(|token| *token != "[...]").collect();
    let Some(token) = tokens.get(position).or(tokens.last().filter(|_| repeats)) else {
        return (Vec::new(), Directive::NoFileComp);
    };
    let kinds = ["CONTAINER", "POD", "IMAGE", "NETWORK", "VOLUME", "SECRET", "REGISTRY", "SHELL"];
    let mut found = Vec::new();
    let mut is_known = false;
    for kind in kinds.into_iter().filter(|kind| token.contains(kind)) {
        is_known = true;
        found.extend(names.of(kind, verb, typing));
    }
    if verb == "cp" {
        found.iter_mut().for_each(|candidate| candidate.text.push(':'));
        return (found, Directive::NoSpace);
    }
    let takes_file = ["PATH", "FILE", "COMMAND", "ARG...", "DIR"].iter().any(|kind| token.contains(kind));
    (found, if takes_file && !is_known { Directive::Default } else { Directive::NoFileComp })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str], typing: &str) -> (Vec<String>, Directive) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let tree = tree::documentation("coracle");
        let mut place = Place::find(&words, &tree);
        let home = tempfile::tempdir().unwrap();
        place.global.root = Some(home.path().join("root"));
        place.global.runroot = Some(home.path().join("run"));
        let (candidates, directive) = offer(&place, typing, "coracle");
        (candidates.into_iter().map(|candidate| candidate.text).collect(), directive)
    }

    #[test]
    fn commands_options_and_values() {
        let of = |words: &[&str], typing: &str| texts(words, typing).0;
        assert_eq!(of(&[], "vol"), ["volume"]);
        assert_eq!(of(&["volume"], "ex"), ["exists", "export"]);
        assert_eq!(of(&["run"], "--read"), ["--read-only", "--read-only-tmpfs"]);
        assert_eq!(of(&["run", "--restart"], "un"), ["unless-stopped"]);
        assert_eq!(of(&["run"], "--restart=a"), ["--restart=always"]);
        assert_eq!(of(&["--root", "x", "volume"], "ls"), ["ls"]);
        assert_eq!(of(&["completion"], "z"), ["zsh"]);
        assert!(of(&["run", "image"], "--").is_empty(), "options of the container's command are its own");
        assert!(of(&["nonsense"], "").is_empty());
        assert!(of(&["ps"], "--").contains(&"--all".to_owned()));
    }

    #[test]
    fn files_are_offered_where_a_word_is_one() {
        let directive = |words: &[&str]| texts(words, "").1;
        assert_eq!(directive(&["run", "image"]), Directive::Default);
        assert_eq!(directive(&["volume", "import", "data"]), Directive::Default);
        assert_eq!(directive(&["load", "-i"]), Directive::Default);
        assert_eq!(directive(&["start"]), Directive::NoFileComp);
        assert_eq!(directive(&["version"]), Directive::NoFileComp);
        assert_eq!(directive(&["rename", "a", "b"]), Directive::NoFileComp);
        assert_eq!(directive(&["cp"]), Directive::NoSpace);
    }
}
