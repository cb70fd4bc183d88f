//! Which distribution this is, and how it installs a package.
//!
//! Follows os-release(5).

use serde::Serialize;

/// The distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// `ID`, e.g. `debian`; `unknown` without os-release.
    #[serde(rename = "distribution")]
    pub id: String,
    /// `VERSION_ID`, e.g. `12`; `unknown` for rolling ones.
    pub version: String,
    /// `VERSION_CODENAME`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codename: Option<String>,
    /// `PRETTY_NAME`, for people.
    #[serde(skip)]
    pub name: String,
    /// `ID_LIKE`: relatives, nearest first.
    #[serde(skip)]
    pub relatives: Vec<String>,
}

/// How packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageManager {
    /// Debian, Ubuntu and relatives.
    Apt,
    /// Fedora, RHEL and relatives.
    Dnf,
    /// SUSE.
    Zypper,
    /// Alpine.
    Apk,
    /// Arch.
    Pacman,
}

/// Something a host may lack, by what it provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// newuidmap and newgidmap.
    UidMap,
    /// binfmt_misc handlers for other architectures.
    Emulators,
}

/// Reads os-release.
pub fn detect() -> Distribution {
    let text = std::fs::read_to_string("/etc/os-release").or_else(|_| std::fs::read_to_string("/usr/lib/os-release"));
    parse(&text.unwrap_or_default())
}

fn parse(text: &str) -> Distribution {
    let field = |name: &str| {
        text.lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']).replace('\\', ""))
            .filter(|value| !value.is_empty())
    };
    let id = field("ID").unwrap_or_else(|| "unknown".into());
    Distribution {
        version: field("VERSION_ID").unwrap_or_else(|| "unknown".into()),
        codename: field("VERSION_CODENAME"),
        name: field("PRETTY_NAME").unwrap_or_else(|| id.clone()),
        relatives: field("ID_LIKE").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        id,
    }
}

impl Distribution {
    /// How this distribution, or the nearest relative known, installs packages.
    pub fn package_manager(&self) -> Option<PackageManager> {
        std::iter::once(&self.id).chain(&self.relatives).find_map(|id| {
            Some(match id.as_str() {
                "debian" | "ubuntu" | "linuxmint" | "raspbian" | "pop" | "kali" => PackageManager::Apt,
                "fedora" | "rhel" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" => PackageManager::Dnf,
                "suse" | "opensuse" | "opensuse-leap" | "opensuse-tumbleweed" | "sles" => PackageManager::Zypper,
                "alpine" => PackageManager::Apk,
                "arch" | "archlinux" | "manjaro" => PackageManager::Pacman,
                _ => return None,
            })
        })
    }

    /// The administrator's command that installs `package`; `None` where the distribution is unknown.
    pub fn install(&self, package: Package) -> Option<String> {
        let manager = self.package_manager()?;
        let name = match (package, manager) {
            (Package::UidMap, PackageManager::Apt) => "uidmap",
            (Package::UidMap, PackageManager::Dnf) => "shadow-utils",
            (Package::UidMap, PackageManager::Zypper | PackageManager::Pacman) => "shadow",
            (Package::UidMap, PackageManager::Apk) => "shadow-uidmap",
            (Package::Emulators, PackageManager::Apt | PackageManager::Dnf) => "qemu-user-static",
            (Package::Emulators, PackageManager::Zypper) => "qemu-linux-user",
            (Package::Emulators, PackageManager::Apk) => "qemu-openrc",
            (Package::Emulators, PackageManager::Pacman) => "qemu-user-static-binfmt",
        };
        let command = match manager {
            PackageManager::Apt => "apt-get install -y",
            PackageManager::Dnf => "dnf install -y",
            PackageManager::Zypper => "zypper install -y",
            PackageManager::Apk => "apk add",
            PackageManager::Pacman => "pacman -S --noconfirm",
        };
        Some(format!("sudo {command} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_know_their_commands() {
        let cases = [
            (
                "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
                "debian",
                "12",
                "sudo apt-get install -y uidmap",
            ),
            ("ID=pixie\nID_LIKE=\"ubuntu debian\"\n", "pixie", "unknown", "sudo apt-get install -y uidmap"),
            (
                "ID=\"rocky\"\nVERSION_ID='9.4'\nID_LIKE=\"rhel centos fedora\"\n",
                "rocky",
                "9.4",
                "sudo dnf install -y shadow-utils",
            ),
            ("ID=alpine\n", "alpine", "unknown", "sudo apk add shadow-uidmap"),
            ("ID=arch\n", "arch", "unknown", "sudo pacman -S --noconfirm shadow"),
            ("ID=opensuse-leap\n", "opensuse-leap", "unknown", "sudo zypper install -y shadow"),
        ];
        for (text, id, version, command) in cases {
            let found = parse(text);
            assert_eq!((found.id.as_str(), found.version.as_str()), (id, version));
            assert_eq!(found.install(Package::UidMap).as_deref(), Some(command));
        }
        assert_eq!(parse("").install(Package::UidMap), None);
        assert_eq!(parse("").id, "unknown");
    }
}
