//! `--security-opt`, and the paths of /proc and /sys that a container does not see or cannot write.
//!
//! The lists are the union of podman 5's and Docker's: files that tell about or act on the host and belong to no
//! namespace. Masking binds an empty file or an empty read-only directory over a path; a path that does not exist is
//! left out by whoever mounts.

use super::option_error::OptionError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Hidden from a container, besides the throttle counters of each processor.
///
/// `/proc/interrupts` and the throttle counters let one container watch what another computes; powercap likewise
/// (CVE-2020-8694); `/proc/keys` and `timer_list` tell about processes of the host.
pub const MASKED_PATHS: [&str; 14] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/dev/block",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/fs/selinux",
];

/// Shown to a container but not writable.
pub const READ_ONLY_PATHS: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Which seccomp filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SeccompChoice {
    /// Ours.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// A profile.
    File(PathBuf),
}

/// Everything `--security-opt` can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecurityOptions {
    /// `seccomp=`; `None` when not given.
    pub seccomp: Option<SeccompChoice>,
    /// `no-new-privileges`.
    pub no_new_privileges: bool,
    /// `mask=`, absolute paths.
    pub mask: Vec<String>,
    /// `unmask=`, patterns; `ALL` in any case is everything.
    pub unmask: Vec<String>,
    /// `proc-opts=`, mount options for /proc.
    pub proc_options: Vec<String>,
    /// `label=`, for SELinux; nothing happens where there is none.
    pub labels: Vec<String>,
    /// `apparmor=`; a profile cannot be had where there is none.
    pub apparmor: Option<String>,
    /// `landlock=`: places that can be used; all others cannot.
    pub landlock: Vec<LandlockRule>,
}

/// A place that a container behind Landlock can use, with all below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandlockRule {
    /// Absolute path in the container.
    pub path: PathBuf,
    /// It can be changed as well as read and executed.
    pub writable: bool,
}

impl SecurityOptions {
    /// Reads all `--security-opt` words. `NAME:VALUE` is Docker's old way of writing `NAME=VALUE`.
    ///
    /// # Errors
    /// Unknown names, missing values, values that mean nothing.
    pub fn parse(words: &[String]) -> Result<Self, OptionError> {
        let mut options = SecurityOptions::default();
        for word in words {
            let separator = if word.contains('=') { '=' } else { ':' };
            match word.split_once(separator) {
                Some((name, value)) => options.set(word, name, value)?,
                None if word == "no-new-privileges" => options.no_new_privileges = true,
                None => return Err(OptionError::SecurityWithoutValue(word.clone())),
            }
        }
        Ok(options)
    }

    fn set(&mut self, word: &str, name: &str, value: &str) -> Result<(), OptionError> {
        match name {
            "seccomp" if value == "unconfined" => self.seccomp = Some(SeccompChoice::Unconfined),
            "seccomp" => self.seccomp = Some(SeccompChoice::File(PathBuf::from(value))),
            "no-new-privileges" => {
                self.no_new_privileges = boolean(value).ok_or_else(|| OptionError::UnknownSecurity(word.to_owned()))?;
            }
            "mask" => {
                for path in value.split(':').filter(|path| !path.is_empty()) {
                    if !Path::new(path).is_absolute() {
                        return Err(OptionError::RelativeMask(path.to_owned()));
                    }
                    self.mask.push(path.to_owned());
                }
            }
            "unmask" => self.unmask.extend(value.split(':').filter(|path| !path.is_empty()).map(str::to_owned)),
            "systempaths" if value == "unconfined" => self.unmask.push("ALL".to_owned()),
            "systempaths" => return Err(OptionError::SystemPaths(value.to_owned())),
            "proc-opts" => self.proc_options = value.split(',').map(str::to_owned).collect(),
            "landlock" => self.landlock.extend(landlock_rules(value)?),
            "label" => self.labels.push(value.to_owned()),
            "apparmor" => self.apparmor = Some(value.to_owned()),
            _ => return Err(OptionError::UnknownSecurity(word.to_owned())),
        }
        Ok(())
    }

    /// The AppArmor profile to change to.
    ///
    /// # Errors
    /// One was asked for and this host has no AppArmor.
    pub fn apparmor_profile(&self) -> Result<Option<&str>, OptionError> {
        match self.apparmor.as_deref().filter(|profile| !matches!(*profile, "" | "unconfined")) {
            Some(profile) if !super::labels::has_apparmor() => Err(OptionError::NoApparmor(profile.to_owned())),
            profile => Ok(profile),
        }
    }

    /// The SELinux context that `label=user:`, `role:`, `type:` and `level:` make of this process's own; `None` where nothing
    /// was asked for, with `disable`, and on a host without SELinux, where labels mean nothing.
    ///
    /// # Errors
    /// A label that SELinux does not know.
    pub fn selinux_context(&self) -> Result<Option<String>, OptionError> {
        if self.labels.is_empty() {
            return Ok(None);
        }
        let Some(own) = super::labels::own_context() else { return Ok(None) };
        match self.labels.iter().find(|label| !is_label(label)) {
            Some(label) => Err(OptionError::Label(label.clone())),
            None if self.labels.iter().any(|label| label == "disable") => Ok(None),
            None => Ok(Some(context(&own, &self.labels))),
        }
    }

    /// The filter to use: a privileged container has none unless one was asked for.
    pub fn seccomp(&self, privileged: bool) -> SeccompChoice {
        let usual = if privileged { SeccompChoice::Unconfined } else { SeccompChoice::Default };
        self.seccomp.clone().unwrap_or(usual)
    }

    /// The paths to hide. Looks at /sys of the host for the number of processors.
    pub fn masked_paths(&self, privileged: bool) -> Vec<String> {
        let usual = MASKED_PATHS.iter().map(|&path| path.to_owned());
        let mut paths: Vec<String> = Vec::new();
        if !privileged {
            let all = usual.chain(thermal_throttle_paths(Path::new("/sys/devices/system/cpu")));
            paths.extend(all.filter(|path| !self.unmasks(path)));
        }
        paths.extend(self.mask.iter().cloned());
        paths
    }

    /// The paths to make read-only.
    pub fn read_only_paths(&self, privileged: bool) -> Vec<String> {
        let usual = READ_ONLY_PATHS.iter().filter(|path| !privileged && !self.unmasks(path));
        usual.map(|&path| path.to_owned()).collect()
    }

    fn unmasks(&self, path: &str) -> bool {
        self.unmask.iter().any(|pattern| pattern.eq_ignore_ascii_case("ALL") || matches(pattern, path))
    }
}

/// The throttle counters of all processors, where the machine has them; virtual machines rarely do.
fn thermal_throttle_paths(processors: &Path) -> Vec<String> {
    if !processors.join("cpu0/thermal_throttle").exists() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(processors).into_iter().flatten().flatten();
    let mut paths: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let digits = name.strip_prefix("cpu")?;
            let is_processor = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_processor.then(|| format!("{}/{name}/thermal_throttle", processors.display()))
        })
        .collect();
    paths.sort();
    paths
}

/// `PATH[:ro|rw][,PATH...]`.
fn landlock_rules(value: &str) -> Result<Vec<LandlockRule>, OptionError> {
    value
        .split(',')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (path, writable) = match part.rsplit_once(':') {
                Some((path, "rw")) => (path, true),
                Some((path, "ro")) => (path, false),
                _ => (part, false),
            };
            let is_plain = Path::new(path).is_absolute() && !path.contains(':');
            is_plain
                .then(|| LandlockRule { path: path.into(), writable })
                .ok_or_else(|| OptionError::Landlock(part.to_owned()))
        })
        .collect()
}

/// The parts of a context by their place in it (user:role:type:level).
const CONTEXT_PARTS: [&str; 4] = ["user:", "role:", "type:", "level:"];

/// Whether podman knows this form of `label=`.
fn is_label(label: &str) -> bool {
    matches!(label, "disable" | "nested")
        || CONTEXT_PARTS
            .iter()
            .chain(&["filetype:"])
            .any(|part| label.strip_prefix(part).is_some_and(|rest| !rest.is_empty()))
}

/// A context with some of its parts replaced.
fn context(own: &str, labels: &[String]) -> String {
    let mut parts: Vec<&str> = own.trim_end_matches(['\0', '\n']).splitn(4, ':').collect();
    for label in labels {
        for (at, name) in CONTEXT_PARTS.iter().enumerate() {
            if let (Some(value), Some(part)) = (label.strip_prefix(name), parts.get_mut(at)) {
                *part = value;
            }
        }
    }
    parts.join(":")
}

/// Go's `strconv.ParseBool`.
fn boolean(word: &str) -> Option<bool> {
    match word {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Go's `filepath.Match`: `*` and `?` stay within one component, `[a-z]` and `[^a-z]` are classes, `\` quotes. A malformed
/// pattern matches nothing. Linear in the product of both lengths, without recursion.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<char>, Vec<char>) = (pattern.chars().collect(), path.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the last star was, and the character it was last tried to end before.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, seen));
            at += 1;
            continue;
        }
        match (step(&pattern, at), path.get(seen)) {
            (None, None) if at == pattern.len() => return true,
            (Some((next, class)), Some(&letter)) if class.holds(letter) => (at, seen) = (next, seen + 1),
            _ => match star {
                Some((position, from)) if path.get(from).is_some_and(|&letter| letter != '/') => {
                    star = Some((position, from + 1));
                    (at, seen) = (position + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
}

/// What one position of a pattern accepts.
enum Class {
    Any,
    Set { ranges: Vec<(char, char)>, negated: bool },
}

impl Class {
    fn holds(&self, letter: char) -> bool {
        match self {
            Class::Any => letter != '/',
            Class::Set { ranges, negated } => {
                ranges.iter().any(|&(low, high)| (low..=high).contains(&letter)) != *negated
            }
        }
    }
}

/// The class at a position and where the next one starts; `None` at the end and for malformed text.
fn step(pattern: &[char], at: usize) -> Option<(usize, Class)> {
    let one = |letter| Class::Set { ranges: vec![(letter, letter)], negated: false };
    match *pattern.get(at)? {
        '?' => Some((at + 1, Class::Any)),
        '\\' => Some((at + 2, one(*pattern.get(at + 1)?))),
        '[' => {
            let negated = pattern.get(at + 1) == Some(&'^');
            let mut position = at + 1 + usize::from(negated);
            let mut ranges = Vec::new();
            while *pattern.get(position)? != ']' || ranges.is_empty() {
                let low = quoted(pattern, &mut position)?;
                let high = if pattern.get(position) == Some(&'-') {
                    position += 1;
                    quoted(pattern, &mut position)?
                } else {
                    low
                };
                ranges.push((low, high));
            }
            Some((position + 1, Class::Set { ranges, negated }))
        }
        letter => Some((at + 1, one(letter))),
    }
}

/// The letter at a position, which a backslash may quote.
fn quoted(pattern: &[char], position: &mut usize) -> Option<char> {
    if pattern.get(*position) == Some(&'\\') {
        *position += 1;
    }
    let letter = *pattern.get(*position)?;
    *position += 1;
    Some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<SecurityOptions, OptionError> {
        SecurityOptions::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn reads_every_form() {
        let options = parse(&[
            "seccomp=/etc/a=b.json",
            "no-new-privileges:true",
            "mask=/a:/b",
            "unmask=/proc/sys:/proc/a*",
            "proc-opts=hidepid=2,subset=pid",
            "label=type:spc_t",
            "label:disable",
            "apparmor=unconfined",
        ]);
        let text = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            options.unwrap(),
            SecurityOptions {
                seccomp: Some(SeccompChoice::File("/etc/a=b.json".into())),
                no_new_privileges: true,
                mask: text(&["/a", "/b"]),
                unmask: text(&["/proc/sys", "/proc/a*"]),
                proc_options: text(&["hidepid=2", "subset=pid"]),
                labels: text(&["type:spc_t", "disable"]),
                apparmor: Some("unconfined".to_owned()),
                landlock: Vec::new(),
            }
        );
    }

    #[test]
    fn no_new_privileges_and_seccomp() {
        let cases = [
            (vec![], false),
            (vec!["no-new-privileges"], true),
            (vec!["no-new-privileges=true"], true),
            (vec!["no-new-privileges:1"], true),
            (vec!["no-new-privileges", "no-new-privileges=false"], false),
        ];
        for (words, expected) in cases {
            assert_eq!(parse(&words).unwrap().no_new_privileges, expected, "{words:?}");
        }
        assert_eq!(parse(&[]).unwrap().seccomp(false), SeccompChoice::Default);
        assert_eq!(parse(&[]).unwrap().seccomp(true), SeccompChoice::Unconfined);
        assert_eq!(parse(&["seccomp=unconfined"]).unwrap().seccomp(false), SeccompChoice::Unconfined);
        assert_eq!(parse(&["seccomp=/x"]).unwrap().seccomp(true), SeccompChoice::File("/x".into()));
    }

    #[test]
    fn refuses_in_the_words_of_podman() {
        let cases = [
            ("foo", "invalid --security-opt 1: \"foo\""),
            ("foo=bar", "invalid --security-opt 2: \"foo=bar\""),
            ("no-new-privileges:maybe", "invalid --security-opt 2: \"no-new-privileges:maybe\""),
            ("systempaths=x", "invalid systempaths option \"x\", only `unconfined` is supported"),
            ("mask=relative", "path \"relative\" is not an absolute path"),
            ("a\n=b", "invalid --security-opt 2: \"a\\n=b\""),
            ("landlock=relative:rw", "invalid landlock rule \"relative:rw\": it is an absolute path, with :ro or :rw"),
            ("landlock=/a:x", "invalid landlock rule \"/a:x\": it is an absolute path, with :ro or :rw"),
        ];
        for (word, expected) in cases {
            assert_eq!(parse(&[word]).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn places_behind_landlock() {
        let rules = parse(&["landlock=/,/tmp:rw", "landlock=/usr:ro"]).unwrap().landlock;
        let read: Vec<_> = rules.iter().map(|rule| (rule.path.to_str().unwrap(), rule.writable)).collect();
        assert_eq!(read, [("/", false), ("/tmp", true), ("/usr", false)]);
    }

    #[test]
    fn labels_replace_parts_of_the_callers_context() {
        let labels: Vec<String> = ["type:spc_t", "level:s0:c1,c2", "nested"].map(str::to_owned).to_vec();
        assert_eq!(context("staff_u:staff_r:staff_t:s0-s0:c0.c1023\0", &labels), "staff_u:staff_r:spc_t:s0:c1,c2");
        assert_eq!(context("staff_u:staff_r:staff_t:s0\n", &[]), "staff_u:staff_r:staff_t:s0");
    }

    #[test]
    fn masks_and_unmasks() {
        let masked = |words: &[&str], privileged| parse(words).unwrap().masked_paths(privileged);
        let read_only = |words: &[&str], privileged| parse(words).unwrap().read_only_paths(privileged);
        assert!(masked(&[], false).contains(&"/proc/interrupts".to_owned()));
        assert_eq!(read_only(&[], false), READ_ONLY_PATHS);
        for all in ["unmask=ALL", "unmask=all", "systempaths=unconfined"] {
            assert!(masked(&[all], false).is_empty() && read_only(&[all], false).is_empty(), "{all}");
        }
        assert!(masked(&[], true).is_empty() && read_only(&[], true).is_empty());
        assert_eq!(masked(&["mask=/x", "unmask=ALL"], false), ["/x"]);
        assert_eq!(masked(&["mask=/x"], true), ["/x"]);
        let some = masked(&["unmask=/proc/timer_*:/sys/firmware"], false);
        assert!(!some.iter().any(|path| path.contains("timer") || path == "/sys/firmware"));
        assert!(some.contains(&"/proc/keys".to_owned()));
        assert!(!read_only(&["unmask=/proc/*"], false).contains(&"/proc/sys".to_owned()));
    }

    #[test]
    fn finds_throttle_counters_of_all_processors() {
        let directory = tempfile::tempdir().unwrap();
        assert!(thermal_throttle_paths(directory.path()).is_empty());
        for name in ["cpu0", "cpu1", "cpufreq", "cpu"] {
            std::fs::create_dir_all(directory.path().join(name).join("thermal_throttle")).unwrap();
        }
        let root = directory.path().display();
        let expected = [format!("{root}/cpu0/thermal_throttle"), format!("{root}/cpu1/thermal_throttle")];
        assert_eq!(thermal_throttle_paths(directory.path()), expected);
    }

    #[test]
    fn patterns_match_as_in_go() {
        let cases = [
            ("/proc/sys", "/proc/sys", true),
            ("/proc/*", "/proc/sys", true),
            ("/proc/*", "/proc/sys/net", false),
            ("*", "/proc", false),
            ("/*", "/proc", true),
            ("/p*c", "/proc", true),
            ("/p*o*", "/proc", true),
            ("/p*x", "/proc", false),
            ("/pro?", "/proc", true),
            ("/pro?", "/pro/", false),
            ("/pr[a-p]c", "/proc", true),
            ("/pr[^a-n]c", "/proc", true),
            ("/pr[^o]c", "/proc", false),
            ("/pr[]c", "/proc", false),
            ("/pr[o", "/proc", false),
            ("/pro\\c", "/proc", true),
            ("/pro\\*", "/pro*", true),
            ("/proc\\", "/proc", false),
            ("", "", true),
            ("", "/", false),
            ("/a*b*c*d*e*f*g", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
