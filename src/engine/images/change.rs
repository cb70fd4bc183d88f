//! `--change` of `commit` and `import`: instructions of a Dockerfile applied to an image's config.
//!
//! Which instructions there are and how they are read is podman's (`libimage/image_config.go`), with HEALTHCHECK, SHELL and
//! MAINTAINER beside them.

use crate::runtime::signals;
use serde_json::{Map, Value, json};

/// An instruction that cannot be applied; podman's wording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid change {change:?} - {reason}")]
pub struct InvalidChange {
    /// As typed.
    pub change: String,
    /// What is wrong.
    pub reason: String,
}

/// Applies instructions to the `config` section of an image's config, in order. WORKDIR is relative to earlier ones.
pub fn apply(config: &mut Map<String, Value>, changes: &[String]) -> Result<(), InvalidChange> {
    // podman begins WORKDIR anew, whatever the image has.
    let mut directory = None;
    for change in changes {
        apply_one(config, change, &mut directory).map_err(|reason| InvalidChange { change: change.clone(), reason })?;
    }
    Ok(())
}

fn apply_one(config: &mut Map<String, Value>, change: &str, directory: &mut Option<String>) -> Result<(), String> {
    let (key, value) =
        change.split_once(' ').or_else(|| change.split_once('=')).ok_or("must be formatted as KEY VALUE")?;
    let value = value.trim();
    let instruction = key.trim().to_uppercase();
    match instruction.as_str() {
        "USER" if value.is_empty() => return Err("must provide a value to USER".to_owned()),
        "USER" => set(config, "User", value.into()),
        "EXPOSE" => insert(config, "ExposedPorts", &port(value)?, json!({})),
        "ENV" => {
            let (name, text) = value.split_once('=').or_else(|| value.split_once(' ')).unwrap_or((value, ""));
            if name.is_empty() {
                return Err("ENV must have at least one argument".to_owned());
            }
            environment(config, unquoted(name), unquoted(text));
        }
        "LABEL" => {
            let (name, text) = value.split_once('=').ok_or("LABEL must be formatted key=value")?;
            if unquoted(name).is_empty() {
                return Err("LABEL must have a non-empty key".to_owned());
            }
            insert(config, "Labels", unquoted(name), unquoted(text).into());
        }
        "ENTRYPOINT" if value.is_empty() => set(config, "Entrypoint", json!([])),
        "ENTRYPOINT" => set(config, "Entrypoint", words(value).into()),
        "CMD" if value.is_empty() => set(config, "Cmd", json!(["/bin/sh", "-c"])),
        "CMD" => set(config, "Cmd", words(value).into()),
        "SHELL" => set(config, "Shell", list(value).ok_or("SHELL must be a JSON array")?.into()),
        "VOLUME" => {
            let paths = list(value).unwrap_or_else(|| value.split(' ').map(str::to_owned).collect());
            if paths.is_empty() {
                return Err("must provide at least one argument to VOLUME".to_owned());
            }
            for path in paths {
                if path.is_empty() {
                    return Err("VOLUME paths must not be empty".to_owned());
                }
                insert(config, "Volumes", &path, json!({}));
            }
        }
        "WORKDIR" if value.is_empty() => return Err("must provide a non-empty WORKDIR".to_owned()),
        "WORKDIR" => {
            let joined = match directory.as_deref().filter(|_| !value.starts_with('/')) {
                Some(before) => format!("{}/{value}", before.trim_end_matches('/')),
                None => value.to_owned(),
            };
            set(config, "WorkingDir", joined.as_str().into());
            *directory = Some(joined);
        }
        "STOPSIGNAL" => {
            let signal = signals::parse(value)
                .map_err(|_| format!("KILLSIGNAL must be given a valid signal: invalid signal: {value}"))?;
            set(config, "StopSignal", signal.to_string().into());
        }
        "ONBUILD" if value.is_empty() => return Err("ONBUILD must be given an argument".to_owned()),
        "ONBUILD" => match config.entry("OnBuild").or_insert_with(|| json!([])) {
            Value::Array(known) => known.push(value.into()),
            other => *other = json!([value]),
        },
        "HEALTHCHECK" => set(config, "Healthcheck", health_check(value)?),
        _ => return Err(format!("invalid instruction {instruction}")),
    }
    Ok(())
}

fn set(config: &mut Map<String, Value>, key: &str, value: Value) {
    config.insert(key.to_owned(), value);
}

/// Adds a member to a section that is a map.
fn insert(config: &mut Map<String, Value>, section: &str, key: &str, value: Value) {
    let section = config.entry(section).or_insert_with(|| json!({}));
    if !section.is_object() {
        *section = json!({});
    }
    if let Some(section) = section.as_object_mut() {
        section.insert(key.to_owned(), value);
    }
}

/// Sets a variable, in its place when there is one of its name.
pub(crate) fn environment(config: &mut Map<String, Value>, name: &str, value: &str) {
    let entry = format!("{name}={value}");
    let list = config.entry("Env").or_insert_with(|| json!([]));
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else { return };
    let is_same =
        |known: &Value| known.as_str().and_then(|known| known.split_once('=')).is_some_and(|(known, _)| known == name);
    match list.iter_mut().find(|known| is_same(known)) {
        Some(known) => *known = entry.into(),
        None => list.push(entry.into()),
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn list(value: &str) -> Option<Vec<String>> {
    serde_json::from_str(value).ok()
}

/// A JSON array of words, or a line for the shell.
fn words(value: &str) -> Vec<String> {
    list(value).unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned(), value.to_owned()])
}

fn port(value: &str) -> Result<String, String> {
    let (number, protocol) = value.split_once('/').unwrap_or((value, "tcp"));
    if protocol.contains('/') {
        return Err("EXPOSE port must be formatted as PORT[/PROTO]".to_owned());
    }
    let protocol = protocol.to_ascii_lowercase();
    match number.parse::<i64>() {
        Err(_) => Err(format!("EXPOSE port must be an integer: strconv.Atoi: parsing {number:?}: invalid syntax")),
        Ok(number) if !(1..=65535).contains(&number) => Err("EXPOSE port must be a valid port number".to_owned()),
        Ok(_) if protocol != "tcp" && protocol != "udp" => Err("EXPOSE protocol must be TCP or UDP".to_owned()),
        Ok(number) => Ok(format!("{number}/{protocol}")),
    }
}

/// `NONE`, `CMD [...]` or `CMD a line`, without options.
fn health_check(value: &str) -> Result<Value, String> {
    if value.eq_ignore_ascii_case("none") {
        return Ok(json!({"Test": ["NONE"]}));
    }
    let command = value.strip_prefix("CMD ").ok_or("HEALTHCHECK must be NONE or CMD")?.trim();
    let test = match list(command) {
        Some(words) => [vec!["CMD".to_owned()], words].concat(),
        None => vec!["CMD-SHELL".to_owned(), command.to_owned()],
    };
    Ok(json!({"Test": test}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_change_the_config() {
        let mut config = Map::new();
        config.insert("Env".into(), json!(["PATH=/bin", "A=1"]));
        let changes = [
            "CMD=/bin/sh",
            "CMD [\"a\", \"b\"]",
            "entrypoint x y",
            "ENV A=2",
            "ENV \"B\"=\"c d\"",
            "EXPOSE 80",
            "EXPOSE=53/UDP",
            "LABEL a=b",
            "LABEL \"c\"=\"d e\"",
            "ONBUILD RUN x",
            "STOPSIGNAL SIGUSR1",
            "USER me:us",
            "VOLUME /a /b",
            "VOLUME [\"/c\"]",
            "WORKDIR /x",
            "WORKDIR y",
            "HEALTHCHECK CMD true",
            "SHELL [\"/bin/ash\", \"-c\"]",
        ];
        apply(&mut config, &changes.map(str::to_owned)).unwrap();
        assert_eq!(
            Value::Object(config),
            json!({
                "Cmd": ["a", "b"], "Entrypoint": ["/bin/sh", "-c", "x y"], "Env": ["PATH=/bin", "A=2", "B=c d"],
                "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Labels": {"a": "b", "c": "d e"}, "OnBuild": ["RUN x"],
                "StopSignal": "10", "User": "me:us", "Volumes": {"/a": {}, "/b": {}, "/c": {}}, "WorkingDir": "/x/y",
                "Healthcheck": {"Test": ["CMD-SHELL", "true"]}, "Shell": ["/bin/ash", "-c"],
            })
        );
        for (change, reason) in [
            ("CMD", "must be formatted as KEY VALUE"),
            ("RUN x", "invalid instruction RUN"),
            ("EXPOSE x", "EXPOSE port must be an integer"),
            ("EXPOSE 70000", "EXPOSE port must be a valid port number"),
            ("EXPOSE 1/sctp", "EXPOSE protocol must be TCP or UDP"),
            ("LABEL a", "LABEL must be formatted key=value"),
            ("USER ", "must provide a value to USER"),
            ("STOPSIGNAL NOPE", "KILLSIGNAL must be given a valid signal"),
        ] {
            let error = apply(&mut Map::new(), &[change.to_owned()]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("invalid change {change:?} - {reason}")), "{error}");
        }
    }
}
