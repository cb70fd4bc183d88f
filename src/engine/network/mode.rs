//! The words of `--network`, and hardware addresses.

use super::options::{pasta, slirp4netns};
use super::{NetworkMode, PrivateKind, PrivateNetwork};
use crate::engine::error::Error;
use std::path::PathBuf;

/// What one `--network` says, before anything is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A mode that needs nothing else.
    Mode(NetworkMode),
    /// A container, as typed.
    Container(String),
    /// A network by name, with options.
    Named(String),
}

/// Parses one value of `--network`.
pub(super) fn parse(text: &str) -> Result<Wanted, Error> {
    let private = |kind| NetworkMode::Private(PrivateNetwork { kind, ..PrivateNetwork::default() });
    let (word, rest) = text.split_once(':').map_or((text, None), |(word, rest)| (word, Some(rest)));
    Ok(Wanted::Mode(match (word, rest) {
        ("" | "default" | "private" | "bridge", None) => private(PrivateKind::Private),
        ("fast", None) => private(PrivateKind::Fast),
        ("host", None) => NetworkMode::Host,
        ("none", None) => NetworkMode::None,
        ("slirp4netns", rest) => NetworkMode::Private(slirp4netns(rest.unwrap_or_default())?),
        // The issue's own short form.
        ("slirp", Some(rest)) => NetworkMode::Private(slirp4netns(rest)?),
        ("pasta", rest) => NetworkMode::Private(pasta(rest.unwrap_or_default())?),
        ("container", Some(name)) if !name.is_empty() => return Ok(Wanted::Container(name.to_owned())),
        ("ns", Some(path)) if !path.is_empty() => NetworkMode::Path(PathBuf::from(path)),
        _ => return Ok(Wanted::Named(text.to_owned())),
    }))
}

/// Parses a hardware address: six hexadecimal bytes, separated by colons or dashes.
pub fn mac_address(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split([':', '-']);
    for byte in &mut bytes {
        let is_hexadecimal = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let part = parts.next().filter(is_hexadecimal)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// A hardware address as text.
#[derive(Clone, Copy, Debug)]
pub struct MacText(pub [u8; 6]);

impl std::fmt::Display for MacText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let mode = |text: &str| match parse(text).unwrap() {
            Wanted::Mode(mode) => mode.word(),
            other => format!("{other:?}"),
        };
        let cases = [
            ("", "private"),
            ("private", "private"),
            ("bridge", "private"),
            ("fast", "fast"),
            ("host", "host"),
            ("none", "none"),
            ("slirp4netns", "slirp4netns"),
            ("slirp:allow_host_loopback=true", "slirp4netns"),
            ("pasta:--map-gw", "pasta"),
            ("ns:/run/x", "ns:/run/x"),
            ("container:web", "Container(\"web\")"),
            ("web", "Named(\"web\")"),
            ("web:ip=10.89.0.5", "Named(\"web:ip=10.89.0.5\")"),
        ];
        for (text, expected) in cases {
            assert_eq!(mode(text), expected, "{text}");
        }
    }

    #[test]
    fn hardware_addresses() {
        let bytes = mac_address("92:d0:C6:0a:29:33").unwrap();
        assert_eq!(MacText(bytes).to_string(), "92:d0:c6:0a:29:33");
        for bad in
            ["", "92:d0:c6:0a:29", "92:d0:c6:0a:29:33:44", "9:d0:c6:0a:29:33", "zz:d0:c6:0a:29:33", "+1:00:00:00:00:00"]
        {
            assert_eq!(mac_address(bad), None, "{bad}");
        }
    }
}
