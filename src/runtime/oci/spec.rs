//! The configuration that `spec` writes: a shell with few rights, as runc's.

use std::fmt::Write;

/// A configuration to begin with; `rootless` for a caller without privilege, whose ids it maps.
pub fn default_spec(rootless: bool) -> String {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let mut text = TEMPLATE.to_owned();
    let mut maps = String::new();
    if rootless {
        for (name, id) in [("uidMappings", uid), ("gidMappings", gid)] {
            // Writing to a string cannot fail.
            let _ = write!(
                maps,
                "\n\t\t\"{name}\": [\n\t\t\t{{\n\t\t\t\t\"containerID\": 0,\n\t\t\t\t\"hostID\": {id},\n\t\t\t\t\"size\": 1\n\t\t\t}}\n\t\t],"
            );
        }
        text = text.replace(PRIVILEGED_MOUNTS, ROOTLESS_MOUNTS).replace(",\n\t\t\t\t\"gid=5\"", "");
        text = text.replace("\n\t\t\t{\n\t\t\t\t\"type\": \"network\"\n\t\t\t},", "");
        text = text.replace(
            "{\n\t\t\t\t\"type\": \"uts\"\n\t\t\t}",
            "{\n\t\t\t\t\"type\": \"uts\"\n\t\t\t},\n\t\t\t{\n\t\t\t\t\"type\": \"user\"\n\t\t\t}",
        );
        text = text.replace(RESOURCES, "");
    }
    text.replace("\n\t\t@MAPS@", &maps)
}

/// Device rules, which need privilege.
const RESOURCES: &str = r#"
		"resources": {
			"devices": [
				{
					"allow": false,
					"access": "rwm"
				}
			]
		},"#;

/// `/sys` of an own network namespace.
const PRIVILEGED_MOUNTS: &str = r#"		{
			"destination": "/sys",
			"type": "sysfs",
			"source": "sysfs",
			"options": [
				"nosuid",
				"noexec",
				"nodev",
				"ro"
			]
		},"#;

/// The host's `/sys`, because the network is the host's, too.
const ROOTLESS_MOUNTS: &str = r#"		{
			"destination": "/sys",
			"type": "none",
			"source": "/sys",
			"options": [
				"rbind",
				"nosuid",
				"noexec",
				"nodev",
				"ro"
			]
		},"#;

/// The configuration for root.
const TEMPLATE: &str = include_str!("spec.json");

#[cfg(test)]
mod tests {
    use super::*;
    use oci_spec::runtime::{LinuxNamespaceType, Spec};

    #[test]
    fn both_are_specifications() {
        for rootless in [false, true] {
            let spec: Spec = serde_json::from_str(&default_spec(rootless)).unwrap();
            let linux = spec.linux().as_ref().unwrap();
            let has = |kind| linux.namespaces().iter().flatten().any(|one| one.typ() == kind);
            assert_eq!(has(LinuxNamespaceType::User), rootless);
            assert_eq!(has(LinuxNamespaceType::Network), !rootless);
            assert_eq!(linux.uid_mappings().is_some(), rootless);
            assert_eq!(linux.resources().is_some(), !rootless);
            let system = spec.mounts().iter().flatten().find(|mount| mount.destination().ends_with("sys")).unwrap();
            assert_eq!(system.typ().as_deref() == Some("none"), rootless);
        }
    }
}
