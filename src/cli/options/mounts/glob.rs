//! `--mount type=glob`: the host's paths that fit a pattern (glob(7)).

use std::path::PathBuf;

/// Far more than anybody mounts one by one.
const MOST: usize = 1000;

/// Paths that fit `pattern`, in order; hidden names only where the pattern begins with a dot. Reads the directories named. `None`
/// when there are too many.
pub(super) fn paths(pattern: &str) -> Option<Vec<PathBuf>> {
    let start = if pattern.starts_with('/') { "/" } else { "." };
    let mut found = vec![PathBuf::from(start)];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if found.len() > MOST {
            return None;
        }
        let mut next: Vec<PathBuf> = Vec::new();
        for directory in &found {
            if !part.contains(['*', '?', '[', '\\']) {
                next.extend(Some(directory.join(part)).filter(|path| path.symlink_metadata().is_ok()));
                continue;
            }
            let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            let fits = |name: &String| {
                (part.starts_with('.') || !name.starts_with('.')) && fits(part.as_bytes(), name.as_bytes())
            };
            next.extend(names.filter(fits).map(|name| directory.join(name)));
        }
        found = next;
    }
    found.sort();
    Some(found).filter(|found| found.len() <= MOST)
}

/// Whether a name fits one part of a pattern. Takes no longer than the product of their lengths.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where to go on when what follows the last star does not fit: that star takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while seen < name.len() {
        match one(&pattern[at..], name[seen]) {
            Some(length) => (at, seen) = (at + length, seen + 1),
            None if pattern.get(at) == Some(&b'*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            None => match retry {
                Some((after, from)) => {
                    (at, seen) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How many bytes at the beginning of a pattern fit this one; `None` when they do not, or are a star.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] | [b'*', ..] => None,
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => match set(rest, byte) {
            Some((fits, length)) => fits.then_some(length + 1),
            None => (byte == b'[').then_some(1),
        },
        [plain, ..] => (*plain == byte).then_some(1),
    }
}

/// Whether a byte is in the set that begins after `[`, and the length of that with its `]`; `None` without one.
fn set(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let is_negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let begin = usize::from(is_negated);
    // A bracket in the first place is one of the set.
    let end = pattern.iter().skip(begin + 1).position(|byte| *byte == b']')? + begin + 1;
    let mut items = &pattern[begin..end];
    let mut is_in = false;
    while let [first, rest @ ..] = items {
        items = match rest {
            [b'-', last, rest @ ..] => {
                is_in |= (*first..=*last).contains(&byte);
                rest
            }
            _ => {
                is_in |= *first == byte;
                rest
            }
        };
    }
    Some((is_in != is_negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_in_a_shell() {
        let fits = |pattern: &str, name: &str| fits(pattern.as_bytes(), name.as_bytes());
        for (pattern, name, expected) in [
            ("*", "anything", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*.conf", "a.b.conf", true),
            ("?[a-z]*", "0b-rest", true),
            ("?[a-z]*", "0B", false),
            ("[!a]b", "ab", false),
            ("[]x]", "]", true),
            ("[x", "[x", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("a**", "a", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(30), &"a".repeat(29)), "bounded time");
    }

    #[test]
    fn paths_are_found_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for name in ["b1/x", "a1/x", "a2/y", ".h1/x"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let found = paths(&format!("{}/*1/x", root.display())).unwrap();
        assert_eq!(found, [root.join("a1/x"), root.join("b1/x")]);
        assert!(paths("/nonexistent/*").unwrap().is_empty());
        for number in 0..=MOST {
            std::fs::write(root.join(format!("a1/{number}")), "").unwrap();
        }
        assert_eq!(paths(&format!("{}/a1/*", root.display())), None, "none is left out in silence");
    }
}
