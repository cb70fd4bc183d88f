//! Operating system and architecture, and the choice among an index's entries.
//!
//! Names are normalised and variants fall back as containerd does (`platforms/database.go`, `compare.go`): an amd64
//! machine of level v3 takes v3, v2, v1 or an entry without a level, and 386 at last.

use oci_spec::image::{Descriptor, Platform as Entry};
use std::fmt;
use std::str::FromStr;

/// A platform, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// As Go names it: `amd64`, `arm64`, `arm`.
    pub architecture: String,
    /// `v8`, `v7`, `v2`; empty when there is none or it is the architecture's default.
    pub variant: String,
}

/// Text that is not `os[/architecture[/variant]]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid platform syntax for --platform={:?}: use os[/arch[/variant]]", .0)]
pub struct InvalidPlatform(pub String);

impl Platform {
    /// The machine this runs on.
    pub fn host() -> Self {
        let variant = match std::env::consts::ARCH {
            "arm" => "v7",
            "x86_64" => x86_level(),
            _ => "",
        };
        Platform::normalised("linux", std::env::consts::ARCH, variant)
    }

    fn normalised(os: &str, architecture: &str, variant: &str) -> Self {
        let os = match os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let variant = variant.to_ascii_lowercase();
        let (architecture, variant) = match (architecture.to_ascii_lowercase().as_str(), variant.as_str()) {
            ("x86_64" | "x86-64" | "amd64", "v1" | "") => ("amd64".to_owned(), ""),
            ("x86_64" | "x86-64" | "amd64", level) => ("amd64".to_owned(), level),
            ("aarch64" | "arm64", "8" | "v8" | "v8.0" | "") => ("arm64".to_owned(), ""),
            ("aarch64" | "arm64", level) => ("arm64".to_owned(), level),
            ("armhf", _) => ("arm".to_owned(), "v7"),
            ("armel", _) => ("arm".to_owned(), "v6"),
            ("arm", "" | "7") => ("arm".to_owned(), "v7"),
            ("arm", "5") => ("arm".to_owned(), "v5"),
            ("arm", "6") => ("arm".to_owned(), "v6"),
            ("arm", "8") => ("arm".to_owned(), "v8"),
            ("i386" | "i686" | "x86" | "386", _) => ("386".to_owned(), ""),
            ("powerpc64", level) => ("ppc64".to_owned(), level),
            ("powerpc64le", level) => ("ppc64le".to_owned(), level),
            ("loongarch64", level) => ("loong64".to_owned(), level),
            (other, level) => (other.to_owned(), level),
        };
        Platform { os, architecture, variant: variant.to_owned() }
    }

    /// The platform of an index entry or a config.
    pub fn of(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        Platform::normalised(os, architecture, variant.unwrap_or(""))
    }

    /// How well an image for `other` runs here: smaller is better, `None` not at all.
    pub fn rank(&self, other: &Platform) -> Option<usize> {
        self.acceptable().iter().position(|platform| platform == other)
    }

    /// What runs here, best first.
    fn acceptable(&self) -> Vec<Platform> {
        let with = |architecture: &str, variant: String| Platform {
            os: self.os.clone(),
            architecture: architecture.to_owned(),
            variant,
        };
        let level = |default: u32| {
            self.variant.strip_prefix('v').map_or(Some(default), |v| v.parse().ok().map(|level: u32| level.min(16)))
        };
        let mut list = vec![self.clone()];
        match (self.architecture.as_str(), level(1)) {
            ("amd64", Some(own)) => {
                list.extend((2..own).rev().map(|level| with("amd64", format!("v{level}"))));
                list.push(with("amd64", String::new()));
                list.push(with("386", String::new()));
            }
            ("arm", Some(own)) => list.extend((5..own).rev().map(|level| with("arm", format!("v{level}")))),
            ("arm64", _) => {
                list.push(with("arm64", String::new()));
                list.extend((5..=8).rev().map(|level| with("arm", format!("v{level}"))));
            }
            _ => {}
        }
        list.dedup();
        list
    }

    /// The best entry for this platform, the first of equals. Entries for `unknown/unknown` (attestations) never match;
    /// one without a platform is taken when nothing else fits.
    pub fn choose<'a>(&self, entries: &'a [Descriptor]) -> Option<&'a Descriptor> {
        let platform = |entry: &Entry| {
            let variant = entry.variant().as_deref();
            Platform::of(&entry.os().to_string(), &entry.architecture().to_string(), variant)
        };
        let ranked = entries.iter().filter_map(|descriptor| {
            let rank = match descriptor.platform() {
                Some(entry) => self.rank(&platform(entry))?,
                None => usize::MAX,
            };
            Some((rank, descriptor))
        });
        ranked.min_by_key(|(rank, _)| *rank).map(|(_, descriptor)| descriptor)
    }
}

/// The x86-64 level of this processor (x86-64 psABI, "Micro-architecture levels").
#[cfg(target_arch = "x86_64")]
fn x86_level() -> &'static str {
    let v2 = is_x86_feature_detected!("sse4.2") && is_x86_feature_detected!("popcnt");
    let v3 = v2
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("movbe");
    let v4 = v3
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (v4, v3, v2) {
        (true, ..) => "v4",
        (_, true, _) => "v3",
        (_, _, true) => "v2",
        _ => "",
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn x86_level() -> &'static str {
    ""
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() { Ok(()) } else { write!(f, "/{}", self.variant) }
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPlatform(text.to_owned());
        let is_component =
            |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let parts: Vec<&str> = text.split('/').collect();
        if text.len() > 128 || !parts.iter().all(is_component) {
            return Err(invalid());
        }
        let host = Platform::host();
        match parts.as_slice() {
            ["linux"] => Ok(host),
            // A single word is an operating system if it is a known one, else an architecture.
            [os @ ("windows" | "darwin" | "macos" | "freebsd")] => Ok(Platform::normalised(os, &host.architecture, "")),
            [architecture] => Ok(Platform::normalised("linux", architecture, "")),
            [os, architecture] => Ok(Platform::normalised(os, architecture, "")),
            [os, architecture, variant] => Ok(Platform::normalised(os, architecture, variant)),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::digest::Digest;

    fn entry(platform: Option<&str>) -> Descriptor {
        let mut json = serde_json::json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": Digest::of(format!("{platform:?}").as_bytes()),
            "size": 1,
        });
        if let Some(platform) = platform {
            let parts: Vec<&str> = platform.split('/').collect();
            json["platform"] = serde_json::json!({"os": parts[0], "architecture": parts[1]});
            if let Some(variant) = parts.get(2) {
                json["platform"]["variant"] = (*variant).into();
            }
        }
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_best_entry_is_chosen() {
        for (wanted, entries, chosen) in [
            ("linux/amd64", vec![Some("linux/arm64"), Some("linux/amd64")], Some(1)),
            ("linux/amd64", vec![Some("unknown/unknown"), Some("linux/arm64")], None),
            ("linux/amd64/v3", vec![Some("linux/amd64"), Some("linux/amd64/v2"), Some("linux/amd64/v4")], Some(1)),
            ("linux/amd64", vec![Some("linux/amd64/v2"), Some("linux/386")], Some(1)),
            ("linux/arm64", vec![Some("linux/arm/v7"), Some("linux/arm64/v8")], Some(1)),
            ("linux/arm64", vec![Some("linux/arm/v5"), Some("linux/arm/v7")], Some(1)),
            ("linux/arm/v6", vec![Some("linux/arm/v7"), Some("linux/arm/v5")], Some(1)),
            ("linux/arm", vec![Some("linux/arm/v6"), Some("linux/arm/v7")], Some(1)),
            ("linux/amd64", vec![None, Some("unknown/unknown")], Some(0)),
            ("linux/amd64", vec![None, Some("linux/amd64")], Some(1)),
            ("windows/amd64", vec![Some("linux/amd64")], None),
            ("linux/amd64", vec![Some("linux/amd64"), Some("linux/amd64")], Some(0)),
        ] {
            let platform: Platform = wanted.parse().unwrap();
            let list: Vec<Descriptor> = entries.iter().map(|text| entry(*text)).collect();
            assert_eq!(platform.choose(&list), chosen.map(|n: usize| &list[n]), "{wanted} from {entries:?}");
        }
    }

    #[test]
    fn platforms_are_normalised() {
        for (text, printed) in [
            ("linux/x86_64", "linux/amd64"),
            ("Linux/AArch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/armhf", "linux/arm/v7"),
            ("s390x", "linux/s390x"),
            ("linux/amd64/v1", "linux/amd64"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), printed);
        }
        for text in ["", "/", "linux/", "a/b/c/d", "linux/am d64", "linux/\u{e9}"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
        assert_eq!(Platform::host().rank(&Platform::host()), Some(0));
    }
}
