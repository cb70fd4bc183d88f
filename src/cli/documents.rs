//! Man pages and shell completions, made from the command tree.
//!
//! They are checked in under `man/` and `completions/`, so that nothing has to be generated to build a package;
//! `tests/cli` fails when they are stale and writes them anew when `CORACLE_UPDATE` is set in its environment. The
//! program itself does not contain this module's output and, linked, not its code either.
//!
//! A verb that has two names has one page, and a `.so` request (`man(7)`) under its second name.

use super::compatibility::{self, Row, Treatment};
use super::complete;
use super::tree::{self, Action, Entry};
use clap::Command;
use clap_mangen::Man;
use std::any::TypeId;
use std::collections::HashMap;

/// A file made from the command tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path from the package's root, e.g. `man/coracle-run.1`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// All man pages and completions.
pub fn documents() -> Vec<Document> {
    let mut documents =
        vec![completion("coracle.bash", "bash"), completion("_coracle", "zsh"), completion("coracle.fish", "fish")];
    let tree = tree::documentation("coracle");
    documents.push(page("coracle", &tree, &root_sections()));
    let mut seen = HashMap::new();
    add_pages(&mut documents, &mut seen, "coracle", &tree, &tree::entries());
    documents
}

/// The script for a shell.
fn completion(file: &str, shell: &str) -> Document {
    let text = complete::script(shell).unwrap_or_default();
    Document { path: format!("completions/{file}"), text: text.to_owned() }
}

fn add_pages(
    documents: &mut Vec<Document>,
    seen: &mut HashMap<TypeId, String>,
    parent: &str,
    tree: &Command,
    entries: &[Entry],
) {
    for entry in entries.iter().filter(|entry| !entry.hidden) {
        let name = format!("{parent}-{}", entry.name);
        let Some(command) = tree.find_subcommand(entry.name) else { continue };
        if let Some(first) = seen.get(&entry.identity) {
            documents.push(Document { path: format!("man/{name}.1"), text: format!(".so man1/{first}.1\n") });
        } else {
            documents.push(page(&name, command, &sections(entry)));
            seen.insert(entry.identity, name.clone());
        }
        if let Action::Group(inner) = entry.action {
            add_pages(documents, seen, &name, command, &inner());
        }
    }
}

/// A section written by hand: its title and its text, lines of man(7).
type Section = (&'static str, String);

fn page(name: &str, command: &Command, sections: &[Section]) -> Document {
    let mut command = command.clone().display_name(name).bin_name(name.replace('-', " "));
    // Examples have a section of their own, with line breaks.
    command = command.after_help("");
    let has_commands = command.has_subcommands();
    let man = Man::new(command).title(name.to_uppercase()).source("coracle").manual("User commands");
    let mut text = Vec::new();
    let written = man
        .render_title(&mut text)
        .and_then(|()| man.render_name_section(&mut text))
        .and_then(|()| man.render_synopsis_section(&mut text))
        .and_then(|()| man.render_description_section(&mut text))
        .and_then(|()| if has_commands { man.render_subcommands_section(&mut text) } else { Ok(()) })
        .and_then(|()| man.render_options_section(&mut text));
    // Writing to memory cannot fail.
    debug_assert!(written.is_ok());
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for (title, body) in sections {
        text.push_str(&format!(".SH \"{title}\"\n{body}"));
    }
    Document { path: format!("man/{name}.1"), text }
}

/// Escapes a line of text for roff: backslashes, and a control character at its start.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line,
    }
}

fn sections(entry: &Entry) -> Vec<Section> {
    let mut sections = Vec::new();
    if matches!(entry.name, "run" | "create") {
        sections.push(("OPTIONS ACCEPTED FOR COMPATIBILITY", compatibility_section(compatibility::CREATE)));
    }
    if matches!(entry.name, "run" | "create") {
        sections.push(("NETWORK", paragraphs(NETWORK)));
    }
    if entry.name == "run" {
        sections.push(("EXIT STATUS", paragraphs(EXIT_STATUS)));
    }
    if !entry.examples.is_empty() {
        sections.push(("EXAMPLES", examples(entry.examples)));
    }
    let see_also = "Options of every command \\-\\- \\fB\\-\\-root\\fR and others \\-\\- are in \\fBcoracle\\fR(1).\n";
    sections.push(("SEE ALSO", see_also.to_owned()));
    sections
}

/// What this release gives for a network.
const NETWORK: &[&str] = &[
    "A container has a network of its own: an interface on a private subnet, whose connections leave through sockets of the \
     user, made by a process beside the container. It reaches what the user reaches, but not the host's loopback, and ports \
     below 1024 can be bound inside. The gateway, which is also host.containers.internal, answers for names; it follows the \
     host's resolv.conf. Ports are published with -p, and the container sees the address of each client; clients on the \
     host's own loopback appear as the gateway.",
    "private is this default; bridge is the same. host shares the network of the host, none has loopback only, \
     container:NAME that of another container, ns:PATH a network namespace that belongs to the user. slirp4netns and pasta \
     are accepted with their options as podman has them: allow_host_loopback=true, or --map-gw, makes the host's loopback \
     reachable at the gateway's address.",
    "Where /dev/net/tun cannot be opened, a container that asks for no network shares the host's, and one line says so.",
];

/// Exit codes of `run`.
const EXIT_STATUS: &[&str] = &[
    "125: coracle itself failed, or the command line is wrong.",
    "126: the command exists but cannot be invoked.",
    "127: the command does not exist.",
    "128+N: the process was ended by signal N.",
    "Any other: the exit code of the process.",
];

/// Sections of coracle(1).
fn root_sections() -> Vec<Section> {
    let environment = [
        ("CORACLE_ROOT", "Directory of the store; --root wins."),
        ("CORACLE_STORAGE_DRIVER", "How root file systems are made; --storage-driver wins."),
        (
            "XDG_RUNTIME_DIR",
            "Holds what need not outlive a boot; /run/user/UID, else a directory in /tmp, when it is unset or another user's.",
        ),
        ("REGISTRY_AUTH_FILE", "File with registry credentials."),
        ("CONTAINERS_REGISTRIES_CONF", "File that says where images are found, instead of registries.conf(5)."),
        ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies for registries; passed on to containers as well."),
    ];
    let files = [
        ("~/.local/share/coracle", "The store: images, containers and volumes. Removing it removes everything."),
        ("/etc/containers/registries.conf, ~/.config/containers/registries.conf", "Where images are found."),
        ("/etc/subuid, /etc/subgid", "Ids that containers of a user may have."),
    ];
    vec![
        ("ENVIRONMENT", definitions(&environment)),
        ("FILES", definitions(&files)),
        ("OPTIONS ACCEPTED FOR COMPATIBILITY", compatibility_section(compatibility::GLOBAL)),
        ("EXIT STATUS", paragraphs(&["125 when coracle failed; else that of the command (see coracle-run(1)), or 0."])),
        ("EXAMPLES", examples("coracle run --rm hello\ncoracle run --rm -it host\ncoracle doctor")),
        ("SEE ALSO", "\\fBcoracle\\-run\\fR(1), \\fBcoracle\\-pull\\fR(1), \\fBcoracle\\-doctor\\fR(1)\n".to_owned()),
    ]
}

fn paragraphs(texts: &[&str]) -> String {
    texts.iter().map(|text| format!(".PP\n{}\n", escaped(text))).collect()
}

fn definitions(rows: &[(&str, &str)]) -> String {
    rows.iter().map(|(term, text)| format!(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(text))).collect()
}

/// Examples as typed, their explanations between them.
fn examples(text: &str) -> String {
    let mut section = String::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(explanation) => section.push_str(&format!(".PP\n{}:\n", escaped(explanation))),
            None => section.push_str(&format!(".PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", escaped(line))),
        }
    }
    section
}

/// Options of podman and docker that do nothing here, and what is done instead.
fn compatibility_section(rows: &[Row]) -> String {
    let mut section = String::new();
    let names = |treatment: fn(&Treatment) -> bool| {
        let names: Vec<String> =
            rows.iter().filter(|row| treatment(&row.treatment)).map(|row| format!("--{}", row.long)).collect();
        names.join(", ")
    };
    let not_enforced = names(|treatment| matches!(treatment, Treatment::NotEnforced));
    if !not_enforced.is_empty() {
        let text = format!("Accepted, with a warning that the limit is not enforced in this release: {not_enforced}.");
        section.push_str(&paragraphs(&[&text]));
    }
    let harmless = names(|treatment| matches!(treatment, Treatment::Harmless | Treatment::Warned(_)));
    section.push_str(&paragraphs(&[&format!("Accepted, and without a meaning here: {harmless}.")]));
    section.push_str(&paragraphs(&["Refused, with the reason:"]));
    for row in rows {
        if let Treatment::Refused(reason) = row.treatment {
            section.push_str(&definitions(&[(&format!("--{}", row.long), &format!("{reason}."))]));
        }
    }
    section
}
