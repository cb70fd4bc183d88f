//! The AppArmor profile that lets one program make user namespaces where AppArmor restricts them.
//!
//! Ubuntu 23.10 and later take the capabilities in new user namespaces from every program without a profile that says
//! `userns,` (sysctl kernel.apparmor_restrict_unprivileged_userns). The profile confines nothing (`unconfined`); it has
//! the shape of those Ubuntu ships for other programs. The packaged file packaging/apparmor/coracle is this text.

use std::path::Path;

/// Where the profile is installed.
pub const PROFILE_PATH: &str = "/etc/apparmor.d/coracle";

/// The profile for the program at `executable`.
pub fn profile(executable: &Path) -> String {
    format!(
        "# Lets coracle make user namespaces on systems that restrict them (sysctl\n\
         # kernel.apparmor_restrict_unprivileged_userns=1). It confines nothing.\n\
         abi <abi/4.0>,\n\
         include <tunables/global>\n\
         \n\
         profile coracle {} flags=(unconfined) {{\n\
         \x20 userns,\n\
         \n\
         \x20 # Site-specific additions and overrides.\n\
         \x20 include if exists <local/coracle>\n\
         }}\n",
        attachment(executable)
    )
}

/// The path as an AppArmor rule: quoted, and with its pattern characters escaped, where needed.
fn attachment(executable: &Path) -> String {
    let text = executable.to_string_lossy();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if "\\\"*?[]{}^,@".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted + "\""
}

/// The one command with which the administrator installs and loads the profile.
pub(super) fn install_command(executable: &Path) -> String {
    format!("sudo tee {PROFILE_PATH} <<'EOF' && sudo apparmor_parser -r {PROFILE_PATH}\n{}EOF", profile(executable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packaged_profile_is_this_text() {
        assert_eq!(profile(Path::new("/usr/bin/coracle")), include_str!("../../../packaging/apparmor/coracle"));
    }

    #[test]
    fn odd_paths_are_quoted() {
        assert_eq!(attachment(Path::new("/opt/a-b/coracle")), "/opt/a-b/coracle");
        assert_eq!(attachment(Path::new("/home/a b/{x}*")), "\"/home/a b/\\{x\\}\\*\"");
    }
}
