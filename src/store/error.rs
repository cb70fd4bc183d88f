//! What can go wrong with the store.

use super::digest::Digest;
use super::layer_index::TarError;
use crate::sys::errno::Words;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store. `Display` is one line, ready to follow `Error: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call on a file of the store failed.
    #[error("cannot {operation} \"{}\": {}", Printable(&path.to_string_lossy()), Words(source))]
    File {
        /// What was tried, as a verb: `create`, `write`, `read`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A record of the store is not what this program writes.
    #[error("cannot read \"{}\": not a record of this store: {source}", Printable(&path.to_string_lossy()))]
    Record {
        /// The record.
        path: PathBuf,
        /// Where it stops making sense.
        #[source]
        source: serde_json::Error,
    },
    /// A blob's bytes are not what its name says.
    #[error("blob \"{digest}\" in the store is corrupt: its content has digest {actual}")]
    Corrupt {
        /// The name.
        digest: Digest,
        /// The digest of the bytes.
        actual: Digest,
    },
    /// A layer made here that is no tar we can serve.
    #[error("layer {diff_id}: {source}")]
    Layer {
        /// Its digest.
        diff_id: Digest,
        /// What is wrong with it.
        #[source]
        source: TarError,
    },
    /// An ID prefix that several images share.
    #[error("image ID prefix \"{}\" is ambiguous: {count} images match", Printable(prefix))]
    AmbiguousImage {
        /// As typed.
        prefix: String,
        /// Number of images.
        count: usize,
    },
}

impl Error {
    /// An error of `operation` (a verb) on `path`, for `map_err`.
    pub fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::File { operation, path, source }
    }

    /// The system's error number, if that is what it was.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::File { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match (self, self.errno()) {
            (_, Some(libc::ENOSPC)) => Some("remove what is not needed with: coracle system prune".into()),
            (_, Some(libc::EDQUOT)) => Some("the disk quota is used up; coracle system df shows what uses it".into()),
            (Error::Record { .. } | Error::Corrupt { .. }, _) => {
                Some("repair the store with: coracle system check --repair".into())
            }
            _ => None,
        }
    }
}

/// Text from outside, shown on one line with control characters escaped.
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            // Besides controls: separators and direction overrides, which can make a terminal show something else.
            let misleading = matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if character.is_control() || misleading {
                write!(f, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_one_line() {
        let error = Error::file("create", Path::new("/a\nb"))(io::Error::from_raw_os_error(libc::ENOSPC));
        assert_eq!(error.to_string(), "cannot create \"/a\\nb\": no space left on device");
        assert!(error.hint().is_some());
        assert_eq!(Printable("\u{1b}[31m\u{202e}x\u{e9}").to_string(), "\\u{1b}[31m\\u{202e}x\u{e9}");
    }
}
