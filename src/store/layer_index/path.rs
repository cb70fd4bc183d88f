//! Names in archives, made harmless.
//!
//! A normalised path has no leading or trailing slash, no empty, `.` or `..` component, no NUL; the root is empty.

use super::limits;

/// Normalises `untrusted` lexically, as Go's `path.Clean` does; `..` that leads above the root is refused.
pub(super) fn normalise(untrusted: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut path = Vec::with_capacity(untrusted.len().min(limits::PATH_BYTES));
    for component in untrusted.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => match path.iter().rposition(|&byte| byte == b'/') {
                Some(slash) => path.truncate(slash),
                None if path.is_empty() => return Err("it leads outside the image"),
                None => path.clear(),
            },
            name => {
                check_component(name)?;
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
                if path.len() > limits::PATH_BYTES {
                    return Err("it is too long");
                }
            }
        }
    }
    Ok(path)
}

/// A whiteout's name is four bytes longer than what it hides.
fn check_component(name: &[u8]) -> Result<(), &'static str> {
    let visible = name.strip_prefix(b".wh.").unwrap_or(name);
    if visible.len() > limits::NAME_BYTES {
        return Err("a component is longer than 255 bytes");
    }
    if name.contains(&0) {
        return Err("it contains a NUL byte");
    }
    Ok(())
}

/// Checks the text of a symbolic link, which is kept as it is.
pub(super) fn check_symlink(target: &[u8]) -> Result<(), &'static str> {
    if target.is_empty() {
        return Err("the link has no target");
    }
    if target.len() > limits::PATH_BYTES {
        return Err("the link's target is too long");
    }
    if target.contains(&0) {
        return Err("the link's target contains a NUL byte");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn names_are_normalised_or_refused() {
        let long = vec![b'n'; 255];
        let too_long = vec![b'n'; 256];
        let whiteout = [b".wh.".as_slice(), &long].concat();
        let deep = b"d/".repeat(2000);
        let cases: &[(&[u8], Option<&[u8]>)] = &[
            (b"", Some(b"")),
            (b"./", Some(b"")),
            (b"/", Some(b"")),
            (b"/etc//passwd", Some(b"etc/passwd")),
            (b"./a/./b/", Some(b"a/b")),
            (b"a/../b", Some(b"b")),
            (b"a/b/../../c", Some(b"c")),
            (b"a/..", Some(b"")),
            (b"..", None),
            (b"a/../..", None),
            (b"/../etc", None),
            (b"a\0b", None),
            (b"a\nb\xff", Some(b"a\nb\xff")),
            (b"...", Some(b"...")),
            (&long, Some(&long)),
            (&too_long, None),
            (&whiteout, Some(&whiteout)),
            (&deep, Some(&deep[..deep.len() - 1])),
        ];
        for (raw, expected) in cases {
            assert_eq!(normalise(raw).ok().as_deref(), *expected, "{}", raw.escape_ascii());
        }
        assert!(normalise(&b"d/".repeat(2049)).is_err());
    }
}
