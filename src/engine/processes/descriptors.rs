//! What `top` can show of a process: descriptors by name, with podman's headers (podman-top(1)).

use super::{ProcessView, Processes, ticks};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Something that can be shown: its name, its header.
pub const DESCRIPTORS: [(&str, &str); 31] = [
    ("args", "COMMAND"),
    ("capamb", "AMBIENT CAPS"),
    ("capbnd", "BOUNDING CAPS"),
    ("capeff", "EFFECTIVE CAPS"),
    ("capinh", "INHERITED CAPS"),
    ("capprm", "PERMITTED CAPS"),
    ("comm", "COMMAND"),
    ("etime", "ELAPSED"),
    ("group", "GROUP"),
    ("groups", "GROUPS"),
    ("hgroup", "HGROUP"),
    ("hgroups", "HGROUPS"),
    ("hpid", "HPID"),
    ("huser", "HUSER"),
    ("label", "LABEL"),
    ("nice", "NI"),
    ("pcpu", "%CPU"),
    ("pgid", "PGID"),
    ("pid", "PID"),
    ("ppid", "PPID"),
    ("rgroup", "RGROUP"),
    ("rss", "RSS"),
    ("ruser", "RUSER"),
    ("seccomp", "SECCOMP"),
    ("state", "S"),
    ("stime", "STIME"),
    ("time", "TIME"),
    ("tty", "TTY"),
    ("user", "USER"),
    ("vsz", "VSZ"),
    ("wchan", "WCHAN"),
];

/// What is shown when nothing was asked for.
pub const DEFAULT: [&str; 8] = ["user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"];

/// ps(1)'s codes for some of them.
const CODES: [(&str, &str); 15] = [
    ("%C", "pcpu"),
    ("%G", "group"),
    ("%P", "ppid"),
    ("%U", "user"),
    ("%a", "args"),
    ("%c", "comm"),
    ("%g", "rgroup"),
    ("%n", "nice"),
    ("%p", "pid"),
    ("%r", "pgid"),
    ("%t", "etime"),
    ("%u", "ruser"),
    ("%x", "time"),
    ("%y", "tty"),
    ("%z", "vsz"),
];

/// The descriptor with this name or code.
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    let name = CODES.iter().find(|(code, _)| *code == name).map_or(name, |(_, name)| name);
    DESCRIPTORS.into_iter().find(|(known, _)| *known == name)
}

impl Processes {
    /// The value of a descriptor for one process; empty for one that does not exist.
    pub fn value(&self, process: &ProcessView, descriptor: &str) -> String {
        let id =
            |field: &str, at: usize| -> Option<u32> { process.field(field).split_whitespace().nth(at)?.parse().ok() };
        let inside = |names: &BTreeMap<u32, String>, kind: &str, id: Option<u32>| {
            let id = id.and_then(|id| self.to_container(process, kind, id));
            id.map_or("?".to_owned(), |id| names.get(&id).cloned().unwrap_or_else(|| id.to_string()))
        };
        let host = |names: &BTreeMap<u32, String>, id: Option<u32>| {
            id.map_or("?".to_owned(), |id| names.get(&id).cloned().unwrap_or_else(|| id.to_string()))
        };
        let all = |name: &dyn Fn(u32) -> String| {
            let groups = process.field("Groups").split_whitespace().filter_map(|group| group.parse().ok());
            groups.map(name).collect::<Vec<_>>().join(",")
        };
        match descriptor {
            "args" => process.arguments.clone(),
            "capamb" => process.capability_names("CapAmb"),
            "capbnd" => process.capability_names("CapBnd"),
            "capeff" => process.capability_names("CapEff"),
            "capinh" => process.capability_names("CapInh"),
            "capprm" => process.capability_names("CapPrm"),
            "comm" => process.field("Name").to_owned(),
            "etime" => go_duration(process.elapsed),
            "group" => inside(&self.groups, "gid_map", id("Gid", 1)),
            "groups" => all(&|group| inside(&self.groups, "gid_map", Some(group))),
            "hgroup" => host(&self.host_groups, id("Gid", 1)),
            "hgroups" => all(&|group| host(&self.host_groups, Some(group))),
            "hpid" => process.host_pid.to_string(),
            "huser" => host(&self.host_users, id("Uid", 1)),
            "label" => if process.label.is_empty() { "unconfined" } else { &process.label }.to_owned(),
            "nice" => process.stat.get(16).cloned().unwrap_or_default(),
            "pcpu" => {
                let share = process.processor_time().as_secs_f64() / process.elapsed.as_secs_f64().max(0.001);
                format!("{:.3}", share * 100.0)
            }
            "pgid" => process.field("NSpgid").split_whitespace().last().unwrap_or("0").to_owned(),
            "pid" => process.numbers().last().copied().unwrap_or(process.host_pid).to_string(),
            "ppid" => process.parent.to_string(),
            "rgroup" => inside(&self.groups, "gid_map", id("Gid", 0)),
            "rss" => kibibytes(process.field("VmRSS")),
            "ruser" => inside(&self.users, "uid_map", id("Uid", 0)),
            "seccomp" => match process.field("Seccomp") {
                "1" => "strict",
                "2" => "filter",
                _ => "disabled",
            }
            .to_owned(),
            "state" => process.stat.first().cloned().unwrap_or_default(),
            "stime" => started(process),
            "time" => go_duration(process.processor_time()),
            "tty" => terminal(process.stat_number(4)),
            "user" => inside(&self.users, "uid_map", id("Uid", 1)),
            "vsz" => kibibytes(process.field("VmSize")),
            "wchan" => std::fs::read_to_string(format!("/proc/{}/wchan", process.host_pid)).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// An id of the reader's namespace as the process's own user namespace shows it.
    fn to_container(&self, process: &ProcessView, map: &str, id: u32) -> Option<u32> {
        let map = std::fs::read_to_string(format!("/proc/{}/{map}", process.host_pid)).ok()?;
        map.lines().find_map(|line| {
            let mut fields = line.split_whitespace().map(|field| field.parse::<u32>().ok());
            let (inside, outside, count) = (fields.next()??, fields.next()??, fields.next()??);
            let distance = id.checked_sub(outside)?;
            (distance < count).then(|| inside.saturating_add(distance))
        })
    }
}

/// `12345 kB` as `12345`.
fn kibibytes(text: &str) -> String {
    text.split_whitespace().next().unwrap_or("0").to_owned()
}

/// The terminal's name by its device number (`/proc/PID/stat`, `tty_nr`): pseudo-terminals have major numbers 136 on.
fn terminal(device: u64) -> String {
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
    match major {
        0 => "?".to_owned(),
        136..=143 => format!("pts/{}", (major - 136) * 256 + minor),
        4 if minor < 64 => format!("tty{minor}"),
        _ => format!("{major}:{minor}"),
    }
}

/// When the process was started, as Go prints a time.
fn started(process: &ProcessView) -> String {
    let since_boot = ticks(process.stat_number(19));
    let boot = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(super::up_time());
    let time = jiff::Timestamp::from_second((boot + since_boot).as_secs() as i64);
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S %z UTC").to_string()).unwrap_or_default()
}

/// A time as Go prints it: `1h2m3.004s`, `0s`.
fn go_duration(time: Duration) -> String {
    let (seconds, hours) = (time.as_secs() % 60, time.as_secs() / 3600);
    let minutes = time.as_secs() / 60 % 60;
    let fraction = format!("{:09}", time.subsec_nanos());
    let fraction = fraction.trim_end_matches('0');
    if time.as_secs() == 0 && !fraction.is_empty() {
        let milliseconds = f64::from(time.subsec_nanos()) / 1e6;
        return format!("{milliseconds}ms");
    }
    let mut text = String::new();
    if hours > 0 {
        text.push_str(&format!("{hours}h"));
    }
    if hours > 0 || minutes > 0 {
        text.push_str(&format!("{minutes}m"));
    }
    text.push_str(&seconds.to_string());
    if !fraction.is_empty() {
        text.push_str(&format!(".{fraction}"));
    }
    text.push('s');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_in_go() {
        let cases = [(0, "0s"), (20, "20ms"), (1500, "1.5s"), (60_000, "1m0s"), (3_723_004, "1h2m3.004s")];
        for (milliseconds, expected) in cases {
            assert_eq!(go_duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn terminals_by_number() {
        assert_eq!(terminal(0), "?");
        assert_eq!(terminal(136 << 8 | 3), "pts/3");
        assert_eq!(terminal(4 << 8 | 1), "tty1");
    }

    #[test]
    fn descriptors_are_found_by_name_and_code() {
        assert_eq!(find("%p"), Some(("pid", "PID")));
        assert_eq!(find("etime"), Some(("etime", "ELAPSED")));
        assert_eq!(find("nothing"), None);
    }
}
