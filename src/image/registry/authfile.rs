//! Remembering a login, and forgetting it: what `login` and `logout` change in the file that podman, skopeo and buildah
//! share (containers-auth.json(5)).
//!
//! The file is `--authfile`, else `$REGISTRY_AUTH_FILE`, else `containers/auth.json` in `$XDG_RUNTIME_DIR`, which ends with
//! the session, else in the configuration directory. Whatever else is in it stays. A registry for which it names a helper
//! has its password given to that.

use super::credentials::{Credentials, ask_program};
use super::error::Error;
use base64::Engine;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that logins are kept in.
pub fn path(given: Option<&Path>) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = || variable("XDG_RUNTIME_DIR").or_else(dirs::config_dir).unwrap_or_else(|| PathBuf::from("."));
    match given {
        Some(path) => path.to_owned(),
        None => variable("REGISTRY_AUTH_FILE").unwrap_or_else(|| directory().join("containers/auth.json")),
    }
}

/// Remembers `credentials` for `registry`.
///
/// # Errors
/// The file cannot be read or written; a helper refuses.
pub fn store(path: &Path, registry: &str, username: &str, password: &str) -> Result<(), Error> {
    let mut file = read(path)?;
    if let Some(helper) = helper(&file, registry) {
        let input = json!({"ServerURL": registry, "Username": username, "Secret": password});
        return ask_program(&helper, "store", &input.to_string()).map(|_| ());
    }
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    auths(&mut file).insert(registry.to_owned(), json!({ "auth": auth }));
    write(path, &file)
}

/// Forgets the login at `registry`; `false` when there was none.
///
/// # Errors
/// The file cannot be read or written; a helper refuses.
pub fn remove(path: &Path, registry: &str) -> Result<bool, Error> {
    let mut file = read(path)?;
    if let Some(helper) = helper(&file, registry) {
        return ask_program(&helper, "erase", registry).map(|answer| answer.is_some());
    }
    let was_there = auths(&mut file).remove(registry).is_some();
    if was_there {
        write(path, &file)?;
    }
    Ok(was_there)
}

/// Forgets every login of the file.
///
/// # Errors
/// The file cannot be read or written.
pub fn remove_all(path: &Path) -> Result<(), Error> {
    let mut file = read(path)?;
    auths(&mut file).clear();
    write(path, &file)
}

/// The user logged in at `registry`.
///
/// # Errors
/// A file cannot be read; a helper fails.
pub fn user(registry: &str, authfile: Option<&Path>) -> Result<Option<Credentials>, Error> {
    let (domain, repository) = registry.split_once('/').unwrap_or((registry, ""));
    super::credentials::find(domain, repository, authfile)
}

fn auths(file: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let auths = file.entry("auths").or_insert_with(|| json!({}));
    if !auths.is_object() {
        *auths = json!({});
    }
    match auths {
        Value::Object(auths) => auths,
        _ => unreachable!("it was made one above"),
    }
}

fn helper(file: &Map<String, Value>, registry: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let own = file.get("credHelpers").and_then(|helpers| helpers.get(registry)).and_then(text);
    own.or_else(|| file.get("credsStore").and_then(text))
}

fn read(path: &Path) -> Result<Map<String, Value>, Error> {
    let content = match std::fs::read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
    };
    if content.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(&content).map_err(|source| Error::CredentialsFile { path: path.to_owned(), source })
}

/// Whole or not at all, and for the user alone.
fn write(path: &Path, file: &Map<String, Value>) -> Result<(), Error> {
    let failed = |source| Error::WriteFile { path: path.to_owned(), source };
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    }
    let mut text = serde_json::to_string_pretty(file).unwrap_or_default().replace("  ", "\t");
    text.push('\n');
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    let written = written.and_then(|mut new| new.write_all(text.as_bytes()).and_then(|()| new.sync_all()));
    written.and_then(|()| std::fs::rename(&beside, path)).map_err(|source| {
        // Nothing more can be done about what is left of it.
        let _ = std::fs::remove_file(&beside);
        failed(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_is_in_the_file_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/auth.json");
        store(&path, "one.example:5000", "me", "p:w").unwrap();
        let mut file = read(&path).unwrap();
        assert_eq!(file["auths"]["one.example:5000"]["auth"], "bWU6cDp3");
        file.insert("other".to_owned(), json!(1));
        write(&path, &file).unwrap();
        store(&path, "two.example", "you", "x").unwrap();
        assert!(remove(&path, "one.example:5000").unwrap() && !remove(&path, "one.example:5000").unwrap());
        let file = read(&path).unwrap();
        assert_eq!((&file["other"], file["auths"].as_object().unwrap().len()), (&json!(1), 1));
        remove_all(&path).unwrap();
        assert_eq!(read(&path).unwrap()["auths"], json!({}));
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);
    }
}
