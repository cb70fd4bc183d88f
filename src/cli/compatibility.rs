//! Options of podman and docker that do nothing here, and what is done when one is given.
//!
//! A script must not believe in a limit or a policy that is not there, so an option is never ignored in silence unless
//! ignoring it is harmless by its definition. The tables below say which treatment an option gets; a value in
//! `harmless_values` asks for what happens anyway and is always accepted.

use super::failure::Failure;
use super::options::OptionError;
use super::values;
use crate::runtime::failure::{self as runtime, FailureKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// What is done when an option is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// The command fails with this reason.
    Refused(&'static str),
    /// One line on standard error names all such options.
    NotEnforced,
    /// One line on standard error, podman's own.
    Warned(&'static str),
    /// Nothing: the option is about something coracle does not have.
    Harmless,
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// None: a boolean flag.
    Flag,
    /// Anything.
    Text,
    /// A number of bytes with a unit; -1 is unlimited.
    Size,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
}

impl Value {
    /// Checks a value.
    ///
    /// # Errors
    /// Why it makes no sense.
    fn check(self, text: &str) -> Result<(), String> {
        match self {
            Value::Flag | Value::Text => Ok(()),
            Value::Size if text == "-1" => Ok(()),
            Value::Size => values::size_bytes(text).map(|_| ()),
            Value::Integer => values::integer(text).map(|_| ()),
            Value::Number => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(()),
                _ => Err(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")),
            },
        }
    }
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Long name.
    pub(crate) long: &'static str,
    /// Short name.
    pub(crate) short: Option<char>,
    /// What value follows: one that makes no sense is an error although it would do nothing.
    pub(crate) value: Value,
    /// What is done.
    pub(crate) treatment: Treatment,
    /// Values that are accepted in any case.
    pub(crate) harmless_values: &'static [&'static str],
}

const fn row(long: &'static str, treatment: Treatment) -> Row {
    Row { long, short: None, value: Value::Text, treatment, harmless_values: &[] }
}

const fn flag(long: &'static str, treatment: Treatment) -> Row {
    Row { long, short: None, value: Value::Flag, treatment, harmless_values: &[] }
}

/// A limit, which this release does not enforce.
const fn limit(long: &'static str, value: Value) -> Row {
    Row { long, short: None, value, treatment: Treatment::NotEnforced, harmless_values: &[] }
}

const fn unless(long: &'static str, treatment: Treatment, harmless_values: &'static [&'static str]) -> Row {
    Row { long, short: None, value: Value::Text, treatment, harmless_values }
}

const RUNTIME: Treatment = Treatment::Refused("coracle is its own runtime");
/// Runtimes that promise no more than coracle's own does.
const RUNTIMES: &[&str] = &["", "coracle", "crun", "runc", "oci", "/usr/bin/crun", "/usr/bin/runc", "/usr/sbin/runc"];

/// Options of `run` and `create`.
pub(crate) const CREATE: &[Row] = &[
    limit("rdt-class", Value::Text),
    row("kernel-memory", Treatment::Warned("The --kernel-memory flag is no longer supported. This flag is a noop.")),
    flag("disable-content-trust", Treatment::Harmless),
    unless("seccomp-policy", Treatment::Refused("only the default policy is available"), &["default", ""]),
    row("link", Treatment::Refused("containers on one network find each other by name")),
    row("chrootdirs", Treatment::Refused("it is not available in this release")),
    row("init-path", Treatment::Refused("coracle brings its own init; use --init")),
    row("decryption-key", Treatment::Refused("encrypted images are not available in this release")),
    row("gpus", Treatment::Refused("devices are given with --device")),
    // Requests are tried again anyway, as often as is sensible.
    Row { value: Value::Integer, ..row("retry", Treatment::Harmless) },
    row("retry-delay", Treatment::Harmless),
    Row { value: Value::Size, ..row("shm-size-systemd", Treatment::Harmless) },
    unless("runtime", RUNTIME, RUNTIMES),
    unless("volume-driver", Treatment::Refused("only local volumes are available"), &["local", ""]),
    unless("isolation", Treatment::Refused("only the default isolation is available"), &["default", ""]),
];

/// Options of `pod create`.
pub(crate) const POD: &[Row] = &[
    limit("blkio-weight", Value::Integer),
    limit("blkio-weight-device", Value::Text),
    Row { short: Some('c'), ..limit("cpu-shares", Value::Integer) },
    limit("cpus", Value::Number),
    limit("cpuset-cpus", Value::Text),
    limit("cpuset-mems", Value::Text),
    limit("device-read-bps", Value::Text),
    limit("device-write-bps", Value::Text),
    Row { short: Some('m'), ..limit("memory", Value::Size) },
    limit("memory-swap", Value::Size),
    row("cgroup-parent", Treatment::Harmless),
    flag("share-parent", Treatment::Harmless),
    // What holds the namespaces is coracle itself.
    row("infra-image", Treatment::Harmless),
    row("infra-command", Treatment::Harmless),
    row("shm-size-systemd", Treatment::Harmless),
    row("gpus", Treatment::Refused("devices are given with --device")),
];

/// Options of `pull`.
pub(crate) const PULL: &[Row] = &[
    Row { value: Value::Integer, ..row("retry", Treatment::Harmless) },
    row("retry-delay", Treatment::Harmless),
    row("cert-dir", Treatment::Refused("put certificates into ~/.config/containers/certs.d/HOST")),
    flag("disable-content-trust", Treatment::Harmless),
    row("decryption-key", Treatment::Refused("encrypted images are not available in this release")),
    row("signature-policy", Treatment::Refused("signature policies are not available in this release")),
];

/// Options of `login`.
pub(crate) const LOGIN: &[Row] = &[
    row("cert-dir", Treatment::Refused("put certificates into ~/.config/containers/certs.d/HOST")),
    row("secret", Treatment::Refused("a secret's bytes are not read back; use --password-stdin")),
];

/// Options of `system check`: it always reads everything, and removes at once what nobody needs.
pub(crate) const CHECK: &[Row] = &[
    Row { short: Some('q'), ..flag("quick", Treatment::Harmless) },
    Row { short: Some('m'), ..row("max", Treatment::Harmless) },
];

/// Options of `system prune`.
pub(crate) const PRUNE: &[Row] = &[flag("external", Treatment::Harmless)];

/// Options of `unshare`.
pub(crate) const UNSHARE: &[Row] =
    &[flag("rootless-netns", Treatment::Refused("no network namespace is shared by all containers"))];

/// Options of `push`.
pub(crate) const PUSH: &[Row] = &[
    flag("compress", Treatment::Harmless),
    flag("disable-content-trust", Treatment::Harmless),
    // Signatures are not kept in the store.
    flag("remove-signatures", Treatment::Harmless),
    // Requests are tried again anyway, as often as is sensible.
    Row { value: Value::Integer, ..row("retry", Treatment::Harmless) },
    row("retry-delay", Treatment::Harmless),
    row("cert-dir", Treatment::Refused("put certificates into ~/.config/containers/certs.d/HOST")),
    row("sign-by", Treatment::Refused("signatures are not available in this release")),
    row("sign-by-sigstore", Treatment::Refused("signatures are not available in this release")),
    row("sign-by-sigstore-private-key", Treatment::Refused("signatures are not available in this release")),
    row("sign-passphrase-file", Treatment::Refused("signatures are not available in this release")),
    row("encryption-key", Treatment::Refused("encrypted images are not available in this release")),
    row("encrypt-layer", Treatment::Refused("encrypted images are not available in this release")),
    row("signature-policy", Treatment::Refused("signature policies are not available in this release")),
];

/// Options that stand before the command.
pub(crate) const GLOBAL: &[Row] = &[
    Row { short: Some('r'), ..flag("remote", Treatment::Refused("coracle has no remote mode")) },
    row("url", Treatment::Refused("coracle has no remote mode")),
    Row { short: Some('c'), ..row("connection", Treatment::Refused("coracle has no remote mode")) },
    Row { short: Some('H'), ..row("host", Treatment::Refused("coracle has no remote mode")) },
    unless("context", Treatment::Refused("coracle has no remote mode"), &["default"]),
    row("identity", Treatment::Refused("coracle has no remote mode")),
    row("ssh", Treatment::Refused("coracle has no remote mode")),
    unless("runtime", RUNTIME, RUNTIMES),
    Row { short: Some('D'), ..flag("debug", Treatment::Harmless) },
    // Looked at by the verbs that run something: `check_runtime_flags`.
    row("runtime-flag", Treatment::Harmless),
    row("hooks-dir", Treatment::Refused("hooks are not available in this release")),
    row("volumepath", Treatment::Refused("volumes are in the store; use --root")),
    row("namespace", Treatment::Refused("use --root for a store of its own")),
    row("storage-opt", Treatment::Refused("no storage driver has options")),
    row("imagestore", Treatment::Refused("use --root")),
    row("module", Treatment::Refused("name the file in CONTAINERS_CONF_OVERRIDE")),
    flag("transient-store", Treatment::Refused("use --root and --runroot in a directory of memory")),
    row("cgroup-manager", Treatment::Harmless),
    row("conmon", Treatment::Harmless),
    row("events-backend", Treatment::Harmless),
    row("network-cmd-path", Treatment::Harmless),
    row("network-config-dir", Treatment::Harmless),
    row("tmpdir", Treatment::Harmless),
    row("config", Treatment::Harmless),
    flag("syslog", Treatment::Harmless),
    // Hidden ones of podman's, which its own test suites give.
    row("network-backend", Treatment::Harmless),
    row("db-backend", Treatment::Harmless),
    Row { value: Value::Integer, ..row("max-workers", Treatment::Harmless) },
    flag("trace", Treatment::Harmless),
    unless("default-mounts-file", Treatment::Refused("use --volume"), &[""]),
    unless("pull-option", Treatment::Refused("layers are always stored whole"), &[""]),
];

/// Adds to a verb those of [`GLOBAL`] that do nothing, wherever they stand, and that it has no option of its own for.
pub(crate) fn augment_later(command: Command) -> Command {
    let is_free = |row: &&Row| !command.get_arguments().any(|arg| arg.get_long() == Some(row.long));
    let rows: Vec<Row> = GLOBAL
        .iter()
        .filter(|row| row.treatment == Treatment::Harmless)
        .filter(is_free)
        .map(|row| Row { short: None, ..*row })
        .collect();
    augment(command, &rows)
}

/// Adds the options of a table to a command, unseen in help.
pub(crate) fn augment(command: Command, rows: &[Row]) -> Command {
    command.args(rows.iter().map(|row| {
        let arg = Arg::new(row.long).long(row.long).hide(true);
        let value = row.value;
        let arg = match value {
            Value::Flag => arg.action(ArgAction::SetTrue),
            _ => arg
                .action(ArgAction::Append)
                .value_parser(move |text: &str| value.check(text).map(|()| text.to_owned())),
        };
        match row.short {
            Some(short) => arg.short(short),
            None => arg,
        }
    }))
}

/// Options of OCI runtimes that change nothing here.
const RUNTIME_FLAGS: [&str; 8] =
    ["debug", "log", "log-format", "log-level", "root", "rootless", "systemd-cgroup", "cgroup-manager"];

/// An option for the runtime that no runtime knows is refused as one would.
///
/// # Errors
/// Such an option.
pub(crate) fn check_runtime_flags(matches: &ArgMatches) -> Result<(), Failure> {
    let flags = matches.try_get_many::<String>("runtime-flag").ok().flatten().into_iter().flatten();
    for flag in flags {
        let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
        if !RUNTIME_FLAGS.contains(&name) {
            let message = format!("coracle: unknown option --{name}: OCI runtime error");
            let failure = runtime::Failure::message(message).of_kind(FailureKind::CannotInvoke);
            return Err(crate::engine::Error::from(failure).into());
        }
    }
    Ok(())
}

/// What was found in a command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Review {
    /// Options that are not enforced, with their dashes.
    pub(crate) not_enforced: Vec<&'static str>,
    /// Lines to print.
    pub(crate) warnings: Vec<&'static str>,
}

/// Looks for the options of a table in what was typed.
///
/// # Errors
/// The first option that is refused, with the reason.
pub(crate) fn review(matches: &ArgMatches, rows: &'static [Row]) -> Result<Review, OptionError> {
    let mut review = Review::default();
    for row in rows {
        if matches.value_source(row.long) != Some(ValueSource::CommandLine) || asks_for_nothing(matches, row) {
            continue;
        }
        match row.treatment {
            Treatment::Harmless => {}
            Treatment::Warned(line) => review.warnings.push(line),
            Treatment::NotEnforced => review.not_enforced.push(row.long),
            Treatment::Refused(reason) => return Err(OptionError::Refused { option: row.long, reason }),
        }
    }
    Ok(review)
}

fn asks_for_nothing(matches: &ArgMatches, row: &Row) -> bool {
    match row.value {
        Value::Flag => !matches.get_flag(row.long),
        _ => {
            let mut given = matches.get_many::<String>(row.long).into_iter().flatten();
            !row.harmless_values.is_empty() && given.all(|value| row.harmless_values.contains(&value.as_str()))
        }
    }
}

/// [`review`], printing the one line about limits that are not enforced.
///
/// # Errors
/// The first option that is refused, with the reason.
pub(crate) fn enforce(matches: &ArgMatches, rows: &'static [Row]) -> Result<(), Failure> {
    let review = review(matches, rows)?;
    review.warnings.iter().for_each(|line| super::output::note(line));
    if !review.not_enforced.is_empty() {
        let options: Vec<String> = review.not_enforced.iter().map(|long| format!("--{long}")).collect();
        super::output::note(&format!("Warning: resource limits are not enforced: {}", options.join(", ")));
    }
    Ok(())
}
