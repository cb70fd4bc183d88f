//! Image names as people type them.
//!
//! The grammar and the normalisation are Docker's (distribution, `reference/reference.go` and `normalize.go`): `nginx`
//! is `docker.io/library/nginx`, and a first component is a host only when it holds a dot or a colon, is `localhost`
//! or has an upper-case letter. Only SHA-256 digests are accepted.

use crate::store::digest::Digest;
use crate::store::error::Printable;
use std::fmt;
use std::str::FromStr;

/// Longest repository name with its host, in bytes (Docker's limit).
const LONGEST_NAME: usize = 255;
/// Longest tag, in bytes (OCI distribution specification, "Pulling manifests").
const LONGEST_TAG: usize = 128;
/// The host of a name without one.
pub const DEFAULT_DOMAIN: &str = "docker.io";

/// A parsed reference: a repository, and a tag, a digest, both or neither.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
    is_short: bool,
    /// Whether `library/` was not typed but put in front, as docker.io wants it.
    library_was_added: bool,
}

/// Why text is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// It does not follow the grammar.
    #[error("invalid reference format")]
    Format,
    /// An upper-case letter in the repository.
    #[error("invalid reference format: repository name ({}) must be lowercase", Printable(.0))]
    UpperCase(String),
    /// The name is too long.
    #[error("repository name must not be more than {LONGEST_NAME} characters")]
    TooLong,
    /// 64 hexadecimal digits are an image ID.
    #[error("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", Printable(.0))]
    LooksLikeId(String),
    /// The digest is malformed or not SHA-256.
    #[error("invalid reference format: {0}")]
    Digest(#[from] crate::store::digest::InvalidDigest),
}

impl Reference {
    /// The host, with its port: `docker.io`, `localhost:5000`.
    pub fn domain(&self) -> &str {
        &self.domain
    }
    /// The repository within its host: `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }
    /// The tag, if one was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
    /// The digest, if one was given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
    /// Whether the text named no host, so that a search list or an alias may supply one.
    pub fn is_short(&self) -> bool {
        self.is_short
    }
    /// The repository with its host: `docker.io/library/nginx`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The same with the tag `latest` if there is neither tag nor digest.
    pub fn with_default_tag(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".into());
        }
        self
    }

    /// The same repository with this tag and no digest. The tag must be valid ([`is_tag`]).
    pub fn with_tag(&self, tag: &str) -> Self {
        Reference { tag: Some(tag.to_owned()), digest: None, ..self.clone() }
    }

    /// The same repository with this digest and no tag.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Tag and digest of `self` on another repository, `name` being `host/path`.
    pub fn on_repository(&self, name: &str) -> Result<Self, InvalidReference> {
        let other: Reference = name.parse()?;
        Ok(Reference { tag: self.tag.clone(), digest: self.digest, is_short: false, library_was_added: false, ..other })
    }

    /// A repository by `host/path`, the first part being a host whatever it looks like.
    pub fn at_registry(name: &str) -> Result<Self, InvalidReference> {
        let (domain, path) = name.split_once('/').ok_or(InvalidReference::Format)?;
        if !is_domain(domain) {
            return Err(InvalidReference::Format);
        }
        check_name(domain, path)?;
        Ok(Reference {
            domain: domain.to_owned(),
            path: path.to_owned(),
            tag: None,
            digest: None,
            is_short: false,
            library_was_added: false,
        })
    }

    /// What a registry is asked for: the digest if there is one, else the tag, else `latest`.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".into(),
        }
    }

    /// The shortest form: `nginx:1` for `docker.io/library/nginx:1`.
    pub fn familiar(&self) -> String {
        let name = match (self.domain.as_str(), self.path.strip_prefix("library/")) {
            (DEFAULT_DOMAIN, Some(rest)) if !rest.contains('/') => rest.to_owned(),
            (DEFAULT_DOMAIN, _) => self.path.clone(),
            _ => self.name(),
        };
        format!("{name}{}", self.suffix())
    }

    /// The path as typed: without the `library/` that only docker.io puts in front of a single word.
    pub fn short_path(&self) -> &str {
        if self.library_was_added { self.path.strip_prefix("library/").unwrap_or(&self.path) } else { &self.path }
    }

    fn suffix(&self) -> String {
        let tag = self.tag.as_deref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        tag + &digest
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix("docker://").unwrap_or(text);
        // Long enough for every legal reference; what follows may then be quadratic.
        if text.len() > LONGEST_NAME + LONGEST_TAG + 2 + 72 + 64 {
            return Err(InvalidReference::TooLong);
        }
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidReference::LooksLikeId(text.to_owned()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
            None => (text, None),
        };
        // A colon after the last slash starts the tag; before it, it belongs to host and port.
        let (name, tag) = match rest.rfind(':') {
            Some(colon) if !rest[colon..].contains('/') && colon > 0 => (&rest[..colon], Some(&rest[colon + 1..])),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(InvalidReference::Format);
        }
        let (domain, path, is_short) = split_domain(name);
        check_name(&domain, &path)?;
        let library_was_added = is_short && !name.contains('/');
        Ok(Reference { domain, path, tag: tag.map(str::to_owned), digest, is_short, library_was_added })
    }
}

fn parse_digest(text: &str) -> Result<Digest, InvalidReference> {
    let is_plausible = text.bytes().all(|b| b.is_ascii_alphanumeric() || b":+._-".contains(&b));
    if is_plausible { Ok(text.parse()?) } else { Err(InvalidReference::Format) }
}

/// Host, path, and whether there was no host.
fn split_domain(name: &str) -> (String, String, bool) {
    let (domain, rest, is_short) = match name.split_once('/') {
        Some((first, rest)) if is_host(first) => (first, rest, false),
        _ => (DEFAULT_DOMAIN, name, true),
    };
    let domain = if domain == "index.docker.io" { DEFAULT_DOMAIN } else { domain };
    let path =
        if domain == DEFAULT_DOMAIN && !rest.contains('/') { format!("library/{rest}") } else { rest.to_owned() };
    (domain.to_owned(), path, is_short)
}

fn is_host(component: &str) -> bool {
    component.contains(['.', ':'])
        || component == "localhost"
        || component.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn check_name(domain: &str, path: &str) -> Result<(), InvalidReference> {
    if !is_domain(domain) {
        return Err(InvalidReference::Format);
    }
    if !path.split('/').all(is_path_component) {
        let lowered = path.to_ascii_lowercase();
        return Err(if lowered != path && lowered.split('/').all(is_path_component) {
            InvalidReference::UpperCase(path.to_owned())
        } else {
            InvalidReference::Format
        });
    }
    if domain.len() + 1 + path.len() > LONGEST_NAME {
        return Err(InvalidReference::TooLong);
    }
    Ok(())
}

/// `host[:port]`, the host being a name, an IPv4 address or an IPv6 address in brackets.
pub fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, rest)) => {
                let is_address = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
                return is_address && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port));
            }
            None => return false,
        },
        None => match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        },
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_path_component(component: &str) -> bool {
    let bytes = component.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    is_word(*first)
        && is_word(*last)
        && bytes
            .chunk_by(|a, b| is_word(*a) == is_word(*b))
            .all(|run| is_word(run[0]) || matches!(run, b"." | b"_" | b"__") || run.iter().all(|byte| *byte == b'-'))
}

/// Whether `text` can be a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
pub fn is_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    bytes.first().is_some_and(is_word)
        && bytes.len() <= LONGEST_TAG
        && bytes.iter().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_normalised_as_docker_does() {
        let digest = format!("@sha256:{HEX}");
        // Typed, in full, shortest.
        for (text, full, familiar) in [
            ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("nginx:1", "docker.io/library/nginx:1", "nginx:1"),
            ("library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("me/thing:v_1.2-x", "docker.io/me/thing:v_1.2-x", "me/thing:v_1.2-x"),
            ("docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("docker://quay.io/a/b/c", "quay.io/a/b/c:latest", "quay.io/a/b/c:latest"),
            ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
            ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
            ("127.0.0.1:5000/a:b", "127.0.0.1:5000/a:b", "127.0.0.1:5000/a:b"),
            ("[::1]:5000/a:b", "[::1]:5000/a:b", "[::1]:5000/a:b"),
            ("[fe80::1]/a", "[fe80::1]/a:latest", "[fe80::1]/a:latest"),
            ("HOST/a", "HOST/a:latest", "HOST/a:latest"),
            ("a.b/c_d/e__f/g---h:T", "a.b/c_d/e__f/g---h:T", "a.b/c_d/e__f/g---h:T"),
            ("localhost", "docker.io/library/localhost:latest", "localhost:latest"),
            (&digest.replace('@', "x@"), &format!("docker.io/library/x{digest}"), &format!("x{digest}")),
            (&format!("x:1{digest}"), &format!("docker.io/library/x:1{digest}"), &format!("x:1{digest}")),
        ] {
            let reference: Reference =
                text.parse::<Reference>().unwrap_or_else(|e| panic!("{text}: {e}")).with_default_tag();
            assert_eq!(reference.to_string(), full, "{text}");
            assert_eq!(reference.familiar(), familiar, "{text}");
            let again: Reference = full.parse().unwrap();
            assert_eq!(
                (again.name(), again.tag(), again.digest()),
                (reference.name(), reference.tag(), reference.digest())
            );
        }
    }

    #[test]
    fn library_is_dropped_only_where_it_was_added() {
        for (text, path) in
            [("nginx:1", "nginx"), ("library/nginx", "library/nginx"), ("quay.io/library/nginx", "library/nginx")]
        {
            assert_eq!(text.parse::<Reference>().unwrap().short_path(), path, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            ":",
            "@",
            "/",
            "a//b",
            "/a",
            "a/",
            "a:",
            ":a",
            "a@",
            "a b",
            "a:b:c",
            "a:-b",
            "a:.b",
            "_a",
            "a_",
            "a___b",
            "a..b",
            "-a",
            "a-",
            "x/_y",
            "é",
            "a\n",
            "a\0",
            "[::1/a",
            "[]/a",
            "[::1]x/a",
            "host:port/a",
            "a.:1/b",
            "a/../b",
            "..",
            ".",
            "a@sha256:",
            "a@sha512:00",
            "host:/a",
            "a@b@c",
            "http://x/y",
            "[zz]:1/a",
            "a:é",
        ] {
            let error = text.parse::<Reference>().expect_err(text);
            assert!(error.to_string().starts_with("invalid reference format"), "{text}: {error}");
        }
        assert_eq!("Bad".parse::<Reference>(), Err(InvalidReference::UpperCase("library/Bad".into())));
        assert!(matches!(HEX.parse::<Reference>(), Err(InvalidReference::LooksLikeId(_))));
        assert_eq!("a".repeat(256).parse::<Reference>(), Err(InvalidReference::TooLong));
        assert_eq!("a".repeat(100_000).parse::<Reference>(), Err(InvalidReference::TooLong));
        assert!(format!("a:{}", "t".repeat(128)).parse::<Reference>().is_ok());
        assert!(format!("a:{}", "t".repeat(129)).parse::<Reference>().is_err());
    }

    #[test]
    fn mutated_references_never_panic_and_print_to_themselves() {
        let seeds = [
            "docker.io/library/nginx:1.2",
            "[::1]:5000/a_b/c--d:t@sha256:",
            "localhost:80/x",
            &format!("a@sha256:{HEX}"),
        ];
        let mut state = 1u64;
        for _ in 0..20_000 {
            let mut bytes = Vec::from(seeds[(state >> 20) as usize % seeds.len()]);
            for _ in 0..1 + state % 4 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = b":/@.[]-_aA0 \xc3\n%"[(state >> 13) as usize % 15];
            }
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if let Ok(reference) = text.parse::<Reference>() {
                let printed = reference.to_string();
                assert_eq!(printed.parse::<Reference>().unwrap().to_string(), printed, "{text}");
                assert!(!printed.contains("//") && !reference.name().contains(".."), "{text}");
            }
        }
    }
}
