//! Error numbers in words.

use std::fmt;
use std::io;

/// An I/O error the way a user reads it: `permission denied`, without number or type (strerror(3)).
#[derive(Debug)]
pub struct Words<'a>(pub &'a io::Error);

impl fmt::Display for Words<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(code) = self.0.raw_os_error() else {
            return write!(formatter, "{}", self.0);
        };
        let text = nix::errno::Errno::from_raw(code).desc();
        let mut characters = text.chars();
        let first = characters.next().into_iter();
        // `I/O error` keeps its capital, `No such file` does not.
        let keep = text.as_bytes().get(1).is_some_and(|byte| !byte.is_ascii_lowercase());
        for character in first {
            let shown = if keep { character } else { character.to_ascii_lowercase() };
            write!(formatter, "{shown}")?;
        }
        formatter.write_str(characters.as_str())
    }
}
