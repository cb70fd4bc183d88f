//! Paths inside images and containers, as candidates: what a shell does for its own files.

use super::{Candidate, Directive, Offer};
use crate::engine::files::Entry;

/// What completes `typing`, a path in something whose directories `list` tells the entries of.
///
/// A path that is a directory is completed by what lies in it, any other by what begins like it beside it. What has been typed stays
/// as it is, `..` and all: a shell replaces the word by the candidate.
pub(super) fn candidates(typing: &str, list: impl Fn(&str) -> Option<Vec<Entry>>) -> Offer {
    let typing = if typing.is_empty() { "/" } else { typing };
    let (directory, beginning, entries) = match list(typing) {
        Some(entries) => (typing, "", Some(entries)),
        None => {
            let (directory, beginning) = typing.split_at(typing.rfind('/').map_or(0, |slash| slash + 1));
            (directory, beginning, list(directory))
        }
    };
    let Some(entries) = entries else { return (Vec::new(), Directive::Default) };
    let separator = if directory.is_empty() || directory.ends_with('/') { "" } else { "/" };
    if entries.is_empty() {
        return (vec![Candidate::new(format!("{directory}{separator}"), "")], Directive::NoSpace);
    }
    let fitting: Vec<&Entry> = entries.iter().filter(|entry| entry.name.starts_with(beginning.as_bytes())).collect();
    let found = fitting.iter().filter_map(|entry| {
        let name = std::str::from_utf8(&entry.name).ok().filter(|name| !name.contains(char::is_control))?;
        let end = if entry.is_directory { "/" } else { "" };
        Some(Candidate::new(format!("{directory}{separator}{name}{end}"), ""))
    });
    // After a directory the word goes on.
    let goes_on = fitting.len() > 1 || fitting.iter().any(|entry| entry.is_directory);
    (found.collect(), if goes_on { Directive::NoSpace } else { Directive::Default })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_completed_as_shells_complete_theirs() {
        let entry = |name: &str| Entry {
            name: name.trim_end_matches('/').as_bytes().to_vec(),
            is_directory: name.ends_with('/'),
        };
        let list = |path: &str| match path.trim_end_matches('/') {
            "" | "../.." => Some(["etc/", "empty/", "file"].map(entry).to_vec()),
            "/etc" => Some(["os-release", "os-data"].map(entry).to_vec()),
            "/empty" => Some(Vec::new()),
            _ => None,
        };
        for (typing, expected, directive) in [
            ("", &["/etc/", "/empty/", "/file"][..], Directive::NoSpace),
            ("/f", &["/file"], Directive::Default),
            ("/et", &["/etc/"], Directive::NoSpace),
            ("/etc", &["/etc/os-release", "/etc/os-data"], Directive::NoSpace),
            ("/etc/os-r", &["/etc/os-release"], Directive::Default),
            ("../../", &["../../etc/", "../../empty/", "../../file"], Directive::NoSpace),
            ("/empty", &["/empty/"], Directive::NoSpace),
            ("/no/such", &[], Directive::Default),
        ] {
            let (found, how) = candidates(typing, list);
            let texts: Vec<String> = found.into_iter().map(|candidate| candidate.text).collect();
            assert_eq!((texts, how), (expected.iter().map(|text| (*text).to_owned()).collect(), directive), "{typing}");
        }
    }
}
