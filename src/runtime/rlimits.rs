//! Resource limits: `--ulimit` and the defaults of a container (getrlimit(2)).
//!
//! As podman: without a word about them, the number of open files and of processes are raised to what the caller may
//! have at most, up to podman's default maximum; all others are inherited. Only real root may raise a hard limit, so
//! for everyone else a limit above the caller's own is lowered to it and a note says so.

use super::option_error::OptionError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fmt;

/// Open files a container may have unless told otherwise (podman, libpod/define `RLimitDefaultValue`).
const DEFAULT_OPEN_FILES: u64 = 1_048_576;
/// Processes likewise (podman, pkg/specgen/generate).
const DEFAULT_PROCESSES: u64 = 4_194_304;

/// How /proc shows the first user namespace (`PROC_USER_INIT_INO`, include/linux/proc_ns.h).
const FIRST_USER_NAMESPACE: &str = "user:[4026531837]";

/// Names as typed, and what they limit.
const NAMES: [(&str, Resource); 16] = [
    ("as", Resource::As),
    ("core", Resource::Core),
    ("cpu", Resource::Cpu),
    ("data", Resource::Data),
    ("fsize", Resource::Fsize),
    ("locks", Resource::Locks),
    ("memlock", Resource::Memlock),
    ("msgqueue", Resource::Msgqueue),
    ("nice", Resource::Nice),
    ("nofile", Resource::Nofile),
    ("nproc", Resource::Nproc),
    ("rss", Resource::Rss),
    ("rtprio", Resource::Rtprio),
    ("rttime", Resource::Rttime),
    ("sigpending", Resource::Sigpending),
    ("stack", Resource::Stack),
];

/// One limit; [`UNLIMITED`] is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Name as typed, e.g. `nofile`.
    pub name: &'static str,
    resource: Resource,
    /// The limit in force.
    pub soft: u64,
    /// How far the process may raise it.
    pub hard: u64,
}

/// No limit.
pub const UNLIMITED: u64 = u64::MAX;

impl Limit {
    /// A limit by name, without or with the prefix `RLIMIT_` of the runtime specification; `None` for unknown names.
    pub fn new(name: &str, soft: u64, hard: u64) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let wanted = lower.strip_prefix("rlimit_").unwrap_or(&lower);
        let (name, resource) = *NAMES.iter().find(|(known, _)| *known == wanted)?;
        Some(Limit { name, resource, soft, hard })
    }
}

/// What `--ulimit` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// The defaults.
    #[default]
    Default,
    /// `host`: the caller's limits as they are.
    Host,
    /// These, and the defaults for the rest.
    Limits(Vec<Limit>),
}

/// A limit that was lowered to what the caller may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamped {
    /// E.g. `nofile`.
    pub name: &'static str,
    /// The hard limit asked for.
    pub wanted: u64,
    /// The one it will be.
    pub granted: u64,
}

impl fmt::Display for Clamped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ulimit {} lowered from {} to this user's own {}", self.name, self.wanted, self.granted)
    }
}

/// Reads all `--ulimit` words.
///
/// # Errors
/// Words that are no limit; `host` beside others.
pub fn parse(words: &[String]) -> Result<Wish, OptionError> {
    if words.iter().any(|word| word == "host") {
        return if words.len() == 1 { Ok(Wish::Host) } else { Err(OptionError::UlimitHost) };
    }
    if words.is_empty() {
        return Ok(Wish::Default);
    }
    words.iter().map(|word| parse_one(word)).collect::<Result<_, _>>().map(Wish::Limits)
}

/// Reads `name=SOFT[:HARD]`; `-1` and `unlimited` are no limit.
///
/// # Errors
/// Text of another form, unknown names, a soft limit above the hard one.
pub fn parse_one(text: &str) -> Result<Limit, OptionError> {
    let fail = |cause: String| OptionError::Ulimit { text: text.to_owned(), cause };
    let Some((name, values)) = text.split_once('=') else {
        return Err(fail(format!("invalid ulimit argument: {}", text.escape_debug())));
    };
    let mut parts = values.split(':');
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if third.is_some() {
        let values = values.escape_debug();
        let cause = format!("too many limit value arguments - {values}, can only have up to two, `soft[:hard]`");
        return Err(fail(cause));
    }
    let soft = number(first).map_err(fail)?;
    let hard = second.map_or(Ok(soft), number).map_err(fail)?;
    if soft > hard {
        let text = |value: u64| if value == UNLIMITED { "-1".to_owned() } else { value.to_string() };
        let (soft, hard) = (text(soft), text(hard));
        return Err(fail(format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}")));
    }
    // Only lower-case names without prefix, as podman takes them.
    let known = NAMES.iter().any(|(known, _)| *known == name);
    let limit = Limit::new(name, soft, hard).filter(|_| known);
    limit.ok_or_else(|| fail(format!("invalid ulimit type: {}", name.escape_debug())))
}

fn number(text: &str) -> Result<u64, String> {
    match text {
        "-1" | "unlimited" => Ok(UNLIMITED),
        digits if !digits.starts_with('+') => match digits.parse::<u64>() {
            Ok(value) if value <= i64::MAX as u64 => Ok(value),
            Ok(_) => Err(format!("strconv.ParseInt: parsing {text:?}: value out of range")),
            Err(_) => Err(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
        },
        _ => Err(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
    }
}

/// The limits to set, and what had to be lowered. Reads this process's own limits.
///
/// `may_raise` is whether the caller is real root (CAP_SYS_RESOURCE outside any user namespace).
pub fn resolve(wish: &Wish, may_raise: bool) -> (Vec<Limit>, Vec<Clamped>) {
    resolve_with(wish, may_raise, |resource| getrlimit(resource).maximum.unwrap_or(UNLIMITED))
}

fn resolve_with(wish: &Wish, may_raise: bool, own_hard: impl Fn(Resource) -> u64) -> (Vec<Limit>, Vec<Clamped>) {
    let given: &[Limit] = match wish {
        Wish::Host => return (Vec::new(), Vec::new()),
        Wish::Default => &[],
        Wish::Limits(limits) => limits,
    };
    let mut limits = Vec::new();
    let mut clamped = Vec::new();
    for limit in given {
        let most = if may_raise { UNLIMITED } else { own_hard(limit.resource) };
        if limit.hard > most {
            clamped.push(Clamped { name: limit.name, wanted: limit.hard, granted: most });
        }
        limits.push(Limit { soft: limit.soft.min(most), hard: limit.hard.min(most), ..*limit });
    }
    for (name, usual) in [("nofile", DEFAULT_OPEN_FILES), ("nproc", DEFAULT_PROCESSES)] {
        let missing = !limits.iter().any(|limit: &Limit| limit.name == name);
        if let Some(limit) = Limit::new(name, usual, usual).filter(|_| missing) {
            let most = if may_raise { usual } else { usual.min(own_hard(limit.resource)) };
            limits.push(Limit { soft: most, hard: most, ..limit });
        }
    }
    (limits, clamped)
}

/// Sets limits on this process; they survive fork and exec.
///
/// Raising a hard limit needs CAP_SYS_RESOURCE in the first user namespace, so real root must call this before it enters
/// the container's.
///
/// # Errors
/// The kernel's refusal.
pub fn apply(limits: &[Limit]) -> Result<(), OptionError> {
    for limit in limits {
        let value = |limit: u64| (limit != UNLIMITED).then_some(limit);
        let wanted = Rlimit { current: value(limit.soft), maximum: value(limit.hard) };
        setrlimit(limit.resource, wanted)
            .map_err(|errno| OptionError::ApplyUlimit { name: limit.name, source: errno.into() })?;
    }
    Ok(())
}

/// Whether this process may raise hard limits: CAP_SYS_RESOURCE, held in the first user namespace.
pub fn may_raise() -> bool {
    use rustix::thread::CapabilitySet;
    let capable =
        rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_RESOURCE));
    capable && std::fs::read_link("/proc/self/ns/user").is_ok_and(|link| link.as_os_str() == FIRST_USER_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, soft: u64, hard: u64) -> Limit {
        Limit::new(name, soft, hard).unwrap()
    }

    #[test]
    fn reads_every_form() {
        let cases = [
            ("nofile=1024", limit("nofile", 1024, 1024)),
            ("nofile=1024:2048", limit("nofile", 1024, 2048)),
            ("core=-1", limit("core", UNLIMITED, UNLIMITED)),
            ("core=0:unlimited", limit("core", 0, UNLIMITED)),
            ("core=0:-1", limit("core", 0, UNLIMITED)),
            ("as=5", limit("RLIMIT_AS", 5, 5)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_one(text).unwrap(), expected, "{text}");
        }
        let words = |words: &[&str]| parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&[]).unwrap(), Wish::Default);
        assert_eq!(words(&["host"]).unwrap(), Wish::Host);
        assert!(matches!(words(&["host", "core=1"]), Err(OptionError::UlimitHost)));
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let cases = [
            ("foo=1", "invalid ulimit type: foo"),
            ("NOFILE=1", "invalid ulimit type: NOFILE"),
            ("nofile", "invalid ulimit argument: nofile"),
            ("nofile=10:5", "ulimit soft limit must be less than or equal to hard limit: 10 > 5"),
            ("nofile=-1:5", "ulimit soft limit must be less than or equal to hard limit: -1 > 5"),
            ("nofile=x", "strconv.ParseInt: parsing \"x\": invalid syntax"),
            ("nofile=", "strconv.ParseInt: parsing \"\": invalid syntax"),
            ("nofile=-2", "strconv.ParseInt: parsing \"-2\": invalid syntax"),
            ("nofile=18446744073709551615", "strconv.ParseInt: parsing \"18446744073709551615\": value out of range"),
            ("nofile=1:2:3", "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"),
        ];
        for (text, cause) in cases {
            let expected = format!("ulimit option {text:?} requires name=SOFT:HARD, failed to be parsed: {cause}");
            assert_eq!(parse_one(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn defaults_and_clamping() {
        let own = |resource| if resource == Resource::Nofile { 4096 } else { UNLIMITED };
        let defaults = |limits: Vec<Limit>| limits.iter().map(|one| (one.name, one.soft, one.hard)).collect::<Vec<_>>();
        let (limits, clamped) = resolve_with(&Wish::Default, false, own);
        assert_eq!(defaults(limits), [("nofile", 4096, 4096), ("nproc", DEFAULT_PROCESSES, DEFAULT_PROCESSES)]);
        assert!(clamped.is_empty(), "a default is no wish that is worth a note");
        let (limits, _) = resolve_with(&Wish::Default, true, own);
        assert_eq!(limits[0].hard, DEFAULT_OPEN_FILES);
        assert_eq!(resolve_with(&Wish::Host, false, own), (vec![], vec![]));
        let wish = Wish::Limits(vec![limit("nofile", 1024, 8192), limit("core", 0, UNLIMITED)]);
        let (limits, clamped) = resolve_with(&wish, false, own);
        assert_eq!(limits[..2], [limit("nofile", 1024, 4096), limit("core", 0, UNLIMITED)]);
        assert_eq!(clamped[0].to_string(), "ulimit nofile lowered from 8192 to this user's own 4096");
        assert_eq!(resolve_with(&wish, true, own).0[0], limit("nofile", 1024, 8192));
    }

    #[test]
    fn applies_what_is_in_force_already() {
        let now = getrlimit(Resource::Core);
        let value = |limit: Option<u64>| limit.unwrap_or(UNLIMITED);
        apply(&[limit("core", value(now.current), value(now.maximum))]).unwrap();
        assert_eq!(getrlimit(Resource::Core), now);
        let absurd = apply(&[limit("core", 5, 4)]).unwrap_err();
        assert_eq!(absurd.to_string(), "cannot set ulimit \"core\": invalid argument");
    }
}
