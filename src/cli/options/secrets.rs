//! `--secret NAME[,OPTION=VALUE...]`.

use super::OptionError;
use crate::engine::request::{ContainerRequest, SecretRequest, SecretUse};
use clap::Args;

/// Mode of a secret's file when none is asked for.
const MODE: u32 = 0o444;

#[derive(Args, Debug)]
pub(crate) struct SecretOptions {
    /// Give the container a secret as a file in /run/secrets (target=, uid=, gid=, mode=), or as a variable (type=env); may be repeated
    #[arg(long, value_name = "NAME[,type=mount|env][,target=TARGET]...")]
    secret: Vec<String>,
}

impl SecretOptions {
    pub(super) fn apply(self, request: &mut ContainerRequest) -> Result<(), OptionError> {
        request.secrets = self.secret.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
        Ok(())
    }
}

fn parse(text: &str) -> Result<SecretRequest, OptionError> {
    let invalid = |text: String| OptionError::Secret(text);
    let mut secret = SecretRequest { mode: MODE, ..SecretRequest::default() };
    let mut words = text.split(',').peekable();
    if let Some(name) = words.next_if(|word| !word.contains('=') || !text.contains(',')) {
        secret.source = name.to_owned();
    }
    let (mut kind, mut is_for_files) = (None, false);
    for word in words {
        let (key, value) =
            word.split_once('=').ok_or_else(|| invalid(format!("option {word} must be in form option=value")))?;
        is_for_files |= matches!(key, "uid" | "gid" | "mode");
        match key {
            "source" | "src" => secret.source = value.to_owned(),
            "target" => secret.target = value.to_owned(),
            "type" if kind.is_some() => {
                return Err(OptionError::Secret("more than one secret type specified".to_owned()));
            }
            "type" => {
                kind = Some(match value {
                    "mount" => SecretUse::Mount,
                    "env" => SecretUse::Env,
                    _ => return Err(invalid(format!("type {value} is invalid"))),
                });
            }
            "uid" => secret.uid = value.parse().map_err(|_| invalid(format!("UID {value} invalid")))?,
            "gid" => secret.gid = value.parse().map_err(|_| invalid(format!("GID {value} invalid")))?,
            "mode" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777);
                secret.mode = mode.ok_or_else(|| invalid(format!("mode {value} invalid")))?;
            }
            _ => return Err(invalid(format!("option {word} invalid"))),
        }
    }
    secret.kind = kind.unwrap_or_default();
    if secret.source.is_empty() {
        return Err(invalid(format!("no source found {text}")));
    }
    if secret.kind == SecretUse::Env && is_for_files {
        return Err(invalid("UID, GID, Mode options cannot be set with secret type env".to_owned()));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_all_spellings() {
        let secret =
            |source: &str| SecretRequest { source: source.to_owned(), mode: 0o444, ..SecretRequest::default() };
        let cases = [
            ("a", Some(secret("a"))),
            ("a,type=mount", Some(secret("a"))),
            ("source=a,target=/x", Some(SecretRequest { target: "/x".to_owned(), ..secret("a") })),
            ("a,uid=1,gid=2,mode=0400", Some(SecretRequest { uid: 1, gid: 2, mode: 0o400, ..secret("a") })),
            (
                "a,type=env,target=V",
                Some(SecretRequest { kind: SecretUse::Env, target: "V".to_owned(), ..secret("a") }),
            ),
            ("a,type=env,uid=1", None),
            ("a,type=mount,type=env", None),
            ("a,type=x", None),
            ("a,mode=8", None),
            ("a,uid=-1", None),
            ("a,b", None),
            ("a,foo=bar", None),
            ("target=x,type=env", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
