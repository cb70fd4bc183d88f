//! `map=user` and `map=UID:GID` of bind mounts and volumes: whose files they appear to be.

use super::bad;
use crate::engine::error::Error;
use crate::runtime::init::{MAP_OPTION, VIEW};

/// The option as the user writes it.
const PREFIX: &str = "map=";

/// The type of mount that a bind mount with these options is; the option becomes the plan's own word for it.
///
/// # Errors
/// The option makes no sense, alone or with the others.
pub(super) fn kind_of_bind(options: &mut Vec<String>) -> Result<&'static str, Error> {
    let Some(at) = options.iter().rposition(|option| option.starts_with(PREFIX)) else { return Ok("bind") };
    let map = options[at][PREFIX.len()..].to_owned();
    if !is_valid(&map) {
        return Err(bad(format!("invalid mount option \"map={map}\": must be map=user or map=UID:GID")));
    }
    if let Some((word, reason)) = options.iter().find_map(|option| contradiction(option)) {
        return Err(bad(format!("mount options \"map\" and \"{word}\" cannot be used together: {reason}")));
    }
    options.retain(|option| !option.starts_with(PREFIX));
    options.push(format!("{MAP_OPTION}{map}"));
    Ok(VIEW)
}

/// A layer above the directory has the container's own owners.
pub(super) fn refuse_with_overlay(options: &[String]) -> Result<(), Error> {
    match options.iter().any(|option| option.starts_with(PREFIX)) {
        true => Err(bad(
            "mount options \"map\" and \"O\" cannot be used together: map writes to the host as its user, O does not write to it",
        )),
        false => Ok(()),
    }
}

fn is_valid(map: &str) -> bool {
    let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i32>().is_ok();
    map == "user" || map.split_once(':').is_some_and(|(uid, gid)| is_id(uid) && is_id(gid))
}

fn contradiction(option: &str) -> Option<(&str, &'static str)> {
    match option {
        "U" => Some(("U", "U changes the owners on the host, map shows others without changing them")),
        "idmap" => Some(("idmap", "both say whose files these are")),
        "shared" | "rshared" | "slave" | "rslave" => {
            Some((option, "mounts made later on one side are not seen on the other"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &str) -> String {
        let mut options: Vec<String> = options.split(',').map(str::to_owned).collect();
        match kind_of_bind(&mut options) {
            Ok(kind) => format!("{kind} {}", options.join(",")),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn kinds_and_contradictions() {
        assert_eq!(of("rbind,ro"), "bind rbind,ro");
        assert_eq!(of("rbind,map=user,ro"), "coracle.view rbind,ro,x-coracle.map=user");
        assert_eq!(of("map=user,map=999:0"), "coracle.view x-coracle.map=999:0");
        for wrong in ["map=", "map=me", "map=1", "map=1:", "map=-1:0", "map=4294967295:0", "map=+1:1"] {
            assert!(of(wrong).ends_with("must be map=user or map=UID:GID"), "{}", of(wrong));
        }
        assert!(of("map=user,U").contains("\"map\" and \"U\" cannot be used together: U changes the owners"));
        assert!(of("map=user,rshared").contains("\"rshared\""));
    }
}
