//! User names, passwords and identity tokens from the files and helpers that Docker and podman share.
//!
//! containers-auth.json(5) and Docker's `config.json`: keys are a registry or a namespace in it, the longest match
//! wins; `credHelpers` names a helper for one registry, `credsStore` one for all. A helper is a program
//! `docker-credential-NAME` that is given the registry on its input and answers with JSON.

use super::error::Error;
use crate::sys::errno::Words;
use base64::Engine;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Most bytes read of a credentials file or a helper's answer.
const LIMIT_BYTES: u64 = 1 << 20;
/// The key under which Docker keeps its own registry.
const DOCKER_KEY: &str = "https://index.docker.io/v1/";
/// The user name by which a helper marks an identity token.
const TOKEN_USER: &str = "<token>";

/// What proves who the user is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Sent as they are (RFC 7617) or exchanged for a token.
    Password {
        /// User name.
        username: String,
        /// Password.
        password: String,
    },
    /// A refresh token to be exchanged at the registry's token server.
    IdentityToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets do not belong in any output.
        f.write_str(match self {
            Credentials::Password { .. } => "Password",
            Credentials::IdentityToken(_) => "IdentityToken",
        })
    }
}

impl Credentials {
    /// `user[:password]`, as `--creds` has it.
    pub fn from_option(text: &str) -> Result<Self, Error> {
        let (username, password) = text.split_once(':').unwrap_or((text, ""));
        if username.is_empty() {
            return Err(Error::EmptyCredentials);
        }
        Ok(Credentials::Password { username: username.to_owned(), password: password.to_owned() })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AuthFile {
    auths: HashMap<String, Entry>,
    cred_helpers: HashMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// The credentials for a repository, from the first place that has some.
///
/// `authfile` is `--authfile`: it must exist and is then the only place. Runs credential helpers.
pub fn find(domain: &str, path: &str, authfile: Option<&Path>) -> Result<Option<Credentials>, Error> {
    let explicit = authfile.map(Path::to_owned).or_else(|| std::env::var_os("REGISTRY_AUTH_FILE").map(PathBuf::from));
    let files = match explicit.filter(|path| !path.as_os_str().is_empty()) {
        Some(file) => vec![file],
        None => default_files(),
    };
    for file in files {
        let Some(content) = read(&file)? else { continue };
        let parsed: AuthFile =
            serde_json::from_slice(&content).map_err(|source| Error::CredentialsFile { path: file.clone(), source })?;
        if let Some(found) = parsed.find(domain, path)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn default_files() -> Vec<PathBuf> {
    let home = dirs::home_dir();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let config = dirs::config_dir();
    let docker = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or(home.map(|home| home.join(".docker")));
    [
        runtime.map(|dir| dir.join("containers/auth.json")),
        config.map(|dir| dir.join("containers/auth.json")),
        docker.map(|dir| dir.join("config.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        // A file of another user (sudo keeps XDG_RUNTIME_DIR) is not this user's.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES)) => {
            return Ok(None);
        }
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
    };
    let mut content = Vec::new();
    file.take(LIMIT_BYTES).read_to_end(&mut content).map_err(|source| Error::File { path: path.to_owned(), source })?;
    Ok(if content.iter().all(u8::is_ascii_whitespace) { None } else { Some(content) })
}

impl AuthFile {
    fn find(&self, domain: &str, path: &str) -> Result<Option<Credentials>, Error> {
        let is_ours = |key: &str| registry_of(key) == domain;
        if let Some((key, helper)) = self.cred_helpers.iter().find(|(key, _)| is_ours(key)) {
            return ask_helper(helper, key);
        }
        for candidate in candidates(domain, path) {
            let matching = |key: &&String| normalised(key) == candidate;
            // Sorted, so that two spellings of one key do not take turns.
            let mut keys: Vec<&String> = self.auths.keys().filter(matching).collect();
            keys.sort_unstable();
            let entries = keys.iter().filter_map(|key| self.auths.get(key.as_str()));
            if let Some(found) = entries.filter_map(Entry::credentials).next() {
                return Ok(Some(found));
            }
        }
        match &self.creds_store {
            Some(helper) if !helper.is_empty() => {
                ask_helper(helper, if domain == "docker.io" { DOCKER_KEY } else { domain })
            }
            _ => Ok(None),
        }
    }
}

/// `host/a/b`, `host/a`, `host`.
fn candidates(domain: &str, path: &str) -> Vec<String> {
    let full = format!("{domain}/{path}");
    let mut list: Vec<String> = full.match_indices('/').skip(1).map(|(at, _)| full[..at].to_owned()).collect();
    list.insert(0, domain.to_owned());
    list.push(full);
    list.reverse();
    list
}

/// A key without scheme, `/v1/` and `/v2/`, Docker's registry under its usual name.
fn normalised(key: &str) -> String {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    match key.split_once('/') {
        Some((host, rest)) => format!("{}/{rest}", docker_host(host)),
        None => docker_host(key).to_owned(),
    }
}

fn docker_host(host: &str) -> &str {
    if matches!(host, "index.docker.io" | "registry-1.docker.io") { "docker.io" } else { host }
}

fn registry_of(key: &str) -> String {
    let key = normalised(key);
    key.split('/').next().unwrap_or_default().to_owned()
}

impl Entry {
    fn credentials(&self) -> Option<Credentials> {
        if !self.identitytoken.is_empty() {
            return Some(Credentials::IdentityToken(self.identitytoken.clone()));
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(self.auth.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (username, password) = match decoded.split_once(':') {
            // Docker pads old entries with NUL.
            Some((username, password)) => (username.to_owned(), password.trim_end_matches('\0').to_owned()),
            None => (self.username.clone(), self.password.clone()),
        };
        (!username.is_empty()).then_some(Credentials::Password { username, password })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

fn ask_helper(name: &str, registry: &str) -> Result<Option<Credentials>, Error> {
    let failed = |message: String| Error::Helper { name: name.to_owned(), message };
    let Some(output) = ask_program(name, "get", registry)? else { return Ok(None) };
    let answer: HelperAnswer =
        serde_json::from_slice(&output).map_err(|_| failed("its answer is not the JSON expected".into()))?;
    Ok(match answer.username.as_str() {
        "" => None,
        TOKEN_USER => Some(Credentials::IdentityToken(answer.secret)),
        _ => Some(Credentials::Password { username: answer.username, password: answer.secret }),
    })
}

/// Runs the helper `docker-credential-NAME VERB` with `input`; its answer, or `None` when it knows no such registry.
pub(super) fn ask_program(name: &str, verb: &str, input: &str) -> Result<Option<Vec<u8>>, Error> {
    let failed = |message: String| Error::Helper { name: name.to_owned(), message };
    if name.contains('/') {
        return Err(failed("not a program name".into()));
    }
    let words = |error: std::io::Error| failed(Words(&error).to_string());
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(words)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read its input says in its answer what it wants.
        let _ = stdin.write_all(input.as_bytes());
    }
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LIMIT_BYTES).read_to_end(&mut output).map_err(words)?;
    }
    let status = child.wait().map_err(words)?;
    if !status.success() {
        let message = String::from_utf8_lossy(&output).trim().to_owned();
        let is_absent = message.contains("credentials not found") || message.contains("no credentials server URL");
        return if is_absent { Ok(None) } else { Err(failed(message)) };
    }
    Ok(Some(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    #[test]
    fn the_longest_key_wins_and_docker_has_many_names() {
        let auth = |user: &str| serde_json::json!({"auth": encoded(&format!("{user}:p:w"))});
        let file: AuthFile = serde_json::from_value(serde_json::json!({"auths": {
            "quay.io": auth("host"),
            "quay.io/team": auth("namespace"),
            "quay.io/team/app": auth("repository"),
            "https://index.docker.io/v1/": auth("docker"),
            "http://reg.example:5000/v2/": auth("scheme"),
            "empty.example": {},
            "bad.example": {"auth": "!!"},
            "token.example": {"auth": encoded("x:y"), "identitytoken": "T"},
        }}))
        .unwrap();
        for (domain, path, user) in [
            ("quay.io", "other/app", "host"),
            ("quay.io", "team/other", "namespace"),
            ("quay.io", "team/app", "repository"),
            ("quay.io", "team/app/deeper", "repository"),
            ("quay.io", "teammate/app", "host"),
            ("docker.io", "library/nginx", "docker"),
            ("reg.example:5000", "x", "scheme"),
            ("reg.example", "x", ""),
            ("empty.example", "x", ""),
            ("bad.example", "x", ""),
        ] {
            let expected = Some(Credentials::Password { username: user.into(), password: "p:w".into() });
            let expected = expected.filter(|_| !user.is_empty());
            assert!(file.find(domain, path).unwrap() == expected, "{domain}/{path}");
        }
        assert!(file.find("token.example", "x").unwrap() == Some(Credentials::IdentityToken("T".into())));
    }

    #[test]
    fn helpers_are_named_not_located() {
        assert!(matches!(ask_helper("../evil", "x"), Err(Error::Helper { .. })));
        assert!(matches!(ask_helper("surely-not-installed", "x"), Err(Error::Helper { .. })));
        assert!(Credentials::from_option(":x").is_err());
    }
}
