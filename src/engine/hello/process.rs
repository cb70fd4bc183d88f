//! The process itself: ids and their maps, namespaces, capabilities, filters, control group.

use super::Page;
use crate::engine::host::{cgroups, status_field};
use crate::runtime::capabilities::{self, CapabilitySet};

/// Namespaces of a process, as /proc/self/ns names them.
const NAMESPACES: [&str; 7] = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];

pub(super) fn describe(page: &mut Page) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| status_field(&status, name).unwrap_or_else(|| "?".into());
    page.line(
        "process",
        &format!("pid {}, parent {}, session {}", field("Pid"), field("PPid"), session(&field("NSsid"))),
    );
    page.line(
        "user",
        &format!("uid {}, gid {}{}", first(&field("Uid")), first(&field("Gid")), groups(&field("Groups"))),
    );
    for (label, file) in [("uid map", "/proc/self/uid_map"), ("gid map", "/proc/self/gid_map")] {
        page.line(label, &map_text(&std::fs::read_to_string(file).unwrap_or_default()));
    }
    page.line("host name", &crate::engine::host::hostname());
    page.line("namespaces", &namespaces());
    page.line("capabilities", &capability_text(&field("CapEff"), &field("CapBnd")));
    page.line(
        "seccomp",
        &format!(
            "{}; no_new_privs {}",
            filter(&field("Seccomp"), &field("Seccomp_filters")),
            yes(&field("NoNewPrivs"))
        ),
    );
    page.line("control group", &cgroup_text());
}

/// The session in this pid namespace; its leader may be outside, which reads as 0.
fn session(status_field: &str) -> &str {
    match status_field.split_whitespace().next_back() {
        Some("0") | None => "of the host",
        Some(session) => session,
    }
}

fn first(ids: &str) -> &str {
    ids.split_whitespace().next().unwrap_or("?")
}

fn groups(list: &str) -> String {
    if list.is_empty() { String::new() } else { format!(", groups {list}") }
}

fn yes(flag: &str) -> &str {
    match flag {
        "0" => "off",
        "1" => "on",
        other => other,
    }
}

/// Lines of `INSIDE OUTSIDE COUNT` as `0 is 1000 outside, 1-65536 are 100000-165535`.
fn map_text(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().filter_map(|number| number.parse::<u64>().ok());
            let (inside, outside, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
            Some(match count {
                0 => return None,
                4_294_967_295 if inside == outside => "every id is itself outside".to_owned(),
                1 => format!("{inside} is {outside} outside"),
                _ => format!("{inside}-{} are {outside}-{}", inside + count - 1, outside + count - 1),
            })
        })
        .collect();
    if lines.is_empty() { "unreadable".into() } else { lines.join(", ") }
}

fn namespaces() -> String {
    let id = |name: &&str| {
        let link = std::fs::read_link(format!("/proc/self/ns/{name}")).ok()?;
        let text = link.to_string_lossy().into_owned();
        let number = text.split_once('[')?.1.trim_end_matches(']').to_owned();
        Some(format!("{name}:{number}"))
    };
    let found: Vec<String> = NAMESPACES.iter().filter_map(id).collect();
    if found.is_empty() { "unreadable".into() } else { found.join(" ") }
}

/// Effective capabilities by name, and how many could be gained.
fn capability_text(effective: &str, bounding: &str) -> String {
    let set = |hexadecimal: &str| u64::from_str_radix(hexadecimal, 16).map(CapabilitySet::from_bits_retain).ok();
    let (Some(effective), Some(bounding)) = (set(effective), set(bounding)) else { return "unreadable".into() };
    let words = |set: CapabilitySet| -> Vec<String> {
        capabilities::names(set).map(|name| name.strip_prefix("CAP_").unwrap_or(name).to_ascii_lowercase()).collect()
    };
    let names = words(effective);
    let limit = capabilities::names(bounding).count();
    match names.len() {
        0 => format!("none (at most {limit})"),
        count if count == capabilities::NAMES.len() => format!("all {count}"),
        count if count > capabilities::NAMES.len() / 2 => {
            format!("all but {}", words(capabilities::ALL.difference(effective)).join(" "))
        }
        count => format!("{count} of {}: {}", capabilities::NAMES.len(), names.join(" ")),
    }
}

fn filter(mode: &str, count: &str) -> String {
    match mode {
        "0" => "no filter".into(),
        "1" => "strict mode".into(),
        "2" if count == "1" || count == "?" => "a filter on system calls".into(),
        "2" => format!("{count} filters on system calls"),
        other => other.into(),
    }
}

fn cgroup_text() -> String {
    let groups = cgroups::detect();
    let path = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = path.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("none").to_owned();
    match groups.version {
        cgroups::Version::None => "not visible".into(),
        _ => format!("{own} ({})", groups.version_word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_read_as_sentences() {
        let cases = [
            (
                "         0       1000          1\n         1     100000      65536\n",
                "0 is 1000 outside, 1-65536 are 100000-165535",
            ),
            ("0 0 4294967295\n", "every id is itself outside"),
            ("", "unreadable"),
            ("1 2\n3 4 0\n", "unreadable"),
        ];
        for (text, expected) in cases {
            assert_eq!(map_text(text), expected);
        }
    }

    #[test]
    fn capabilities_have_their_names() {
        assert_eq!(capability_text("0000000000000003", "1ffffffffff"), "2 of 41: chown dac_override");
        assert_eq!(capability_text("0", "3"), "none (at most 2)");
        assert_eq!(capability_text("000001ffffffffff", "000001ffffffffff"), "all 41");
        assert_eq!(capability_text("000001fffffffffe", "3"), "all but chown");
        assert_eq!(capability_text("?", "3"), "unreadable");
    }

    #[test]
    fn filters_are_counted() {
        assert_eq!(filter("0", "?"), "no filter");
        assert_eq!(filter("2", "3"), "3 filters on system calls");
    }
}
