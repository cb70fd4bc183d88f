//! Options of volumes (`volume create --opt`): what the driver `local` of podman and docker takes, as far as it needs no privilege.
//!
//! `type=tmpfs` is memory that a container gets when it starts and that is gone when it ends; each container has its own, since
//! nothing runs that could hold one for several. `type=bind`, also written `type=none` with `o=bind`, is a directory of the host.
//! Of `o`, `uid=` and `gid=` are the owner of the volume's directory, the rest are mount options. Other types are kept and shown,
//! as podman does, and refused when a container would mount them: only root on the host may mount them.

use crate::engine::error::Error;
use crate::store::volumes::Volume;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Options of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeOptions {
    /// As `inspect` shows them.
    pub shown: BTreeMap<String, String>,
    /// Owner of its directory.
    pub uid: Option<u32>,
    /// Group of its directory.
    pub gid: Option<u32>,
}

/// How a volume is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeMount {
    /// Its directory in the store.
    Directory,
    /// A directory of the host, and mount options.
    Bind(PathBuf, Vec<String>),
    /// Memory, and mount options.
    Memory(Vec<String>),
    /// What only root may mount.
    Privileged,
}

impl VolumeOptions {
    /// Parses `KEY=VALUE` options; a later one of the same key wins.
    ///
    /// # Errors
    /// An owner that is no number; a line in podman's words.
    pub fn parse(texts: &[String]) -> Result<Self, Error> {
        let mut options = VolumeOptions::default();
        for text in texts {
            let (key, value) = text.split_once('=').unwrap_or((text, ""));
            match key {
                "o" => options.take_mount_options(value)?,
                _ => drop(options.shown.insert(key.to_owned(), value.to_owned())),
            }
        }
        Ok(options)
    }

    fn take_mount_options(&mut self, text: &str) -> Result<(), Error> {
        for option in text.split(',') {
            let (key, value) = option.split_once('=').map_or((option, None), |(key, value)| (key, Some(value)));
            let kind = key.to_ascii_uppercase();
            match kind.as_str() {
                "UID" => self.uid = Some(id("UID", "uid", value)?),
                "GID" => self.gid = Some(id("GID", "gid", value)?),
                "SIZE" | "INODES" => {}
                _ => continue,
            }
            self.shown.insert(kind, value.unwrap_or_default().to_owned());
        }
        self.shown.insert("o".to_owned(), text.to_owned());
        Ok(())
    }

    /// `volume` with these options.
    pub fn describe(self, volume: Volume) -> Volume {
        Volume { options: self.shown, uid: self.uid, gid: self.gid, ..volume }
    }
}

fn id(shown: &str, name: &str, value: Option<&str>) -> Result<u32, Error> {
    let bad = |line: String| Error::BadRequest(line);
    let value = value.ok_or_else(|| bad(format!("{name} option must provide a {shown}: invalid argument")))?;
    value.parse().map_err(|_| {
        bad(format!("cannot convert {shown} {value} to integer: strconv.Atoi: parsing {value:?}: invalid syntax"))
    })
}

/// Whether a volume can have these options.
///
/// # Errors
/// An option the driver does not have; a directory that is not there; a size of what has none.
pub fn check(options: &VolumeOptions) -> Result<(), Error> {
    const KNOWN: [&str; 9] = ["device", "o", "type", "uid", "gid", "size", "inodes", "copy", "nocopy"];
    let bad = |line: String| Err(Error::BadRequest(line));
    for key in options.shown.keys() {
        let key = key.to_ascii_lowercase();
        if !KNOWN.contains(&key.as_str()) && key != "noquota" {
            return bad(format!("invalid mount option {key} for driver 'local': invalid argument"));
        }
    }
    let mount = mount(&options.shown);
    if let VolumeMount::Bind(device, _) = &mount
        && let Err(error) = std::fs::metadata(device)
    {
        let reason = crate::runtime::failure::in_words(&error);
        return bad(format!("invalid volume option device for driver 'local': stat {}: {reason}", device.display()));
    }
    let is_limited = options.shown.contains_key("SIZE") || options.shown.contains_key("INODES");
    if is_limited && matches!(mount, VolumeMount::Directory) {
        return bad(
            "volume options size and inodes not supported. Filesystem does not support Project Quota".to_owned()
        );
    }
    Ok(())
}

/// How a volume with these options is mounted.
pub fn mount(options: &BTreeMap<String, String>) -> VolumeMount {
    let value = |key: &str| options.get(key).map(String::as_str).unwrap_or_default();
    let given: Vec<&str> = value("o").split(',').filter(|option| !option.is_empty()).collect();
    let is_owner = |option: &&&str| ["uid", "gid"].contains(&option.split('=').next().unwrap_or_default());
    let is_bind = given.iter().any(|option| matches!(*option, "bind" | "rbind"));
    let device = value("device");
    match value("type").to_ascii_lowercase().as_str() {
        "tmpfs" => VolumeMount::Memory(given.iter().map(|option| (*option).to_owned()).collect()),
        "bind" | "none" | "" if !device.is_empty() && (is_bind || value("type") == "bind") => {
            let more = given.iter().filter(|option| !is_owner(option) && !matches!(**option, "bind" | "rbind"));
            VolumeMount::Bind(PathBuf::from(device), more.map(|option| (*option).to_owned()).collect())
        }
        "" if device.is_empty() => VolumeMount::Directory,
        _ => VolumeMount::Privileged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<VolumeOptions, String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let options = VolumeOptions::parse(&texts).map_err(|error| error.to_string())?;
        check(&options).map_err(|error| error.to_string())?;
        Ok(options)
    }

    #[test]
    fn owners_are_taken_out_of_the_mount_options_and_shown() {
        let options = parse(&["type=tmpfs", "device=tmpfs", "o=uid=5,gid=6,size=1m,nodev"]).unwrap();
        assert_eq!((options.uid, options.gid), (Some(5), Some(6)));
        assert_eq!(options.shown["UID"], "5");
        assert_eq!(options.shown["SIZE"], "1m");
        assert_eq!(options.shown["o"], "uid=5,gid=6,size=1m,nodev");
        let expected = ["uid=5", "gid=6", "size=1m", "nodev"].map(str::to_owned).to_vec();
        assert_eq!(mount(&options.shown), VolumeMount::Memory(expected));
    }

    #[test]
    fn binds_are_written_in_two_ways() {
        for texts in [&["type=bind", "device=/usr", "o=ro"][..], &["type=none", "device=/usr", "o=bind,ro"]] {
            let options = parse(texts).unwrap();
            assert_eq!(mount(&options.shown), VolumeMount::Bind("/usr".into(), vec!["ro".to_owned()]), "{texts:?}");
        }
        assert_eq!(mount(&parse(&["o=uid=1000"]).unwrap().shown), VolumeMount::Directory);
        assert_eq!(mount(&parse(&["type=nfs", "device=:/x", "o=addr=1"]).unwrap().shown), VolumeMount::Privileged);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (texts, reason) in [
            (&["type=bind", "device=/bogus"][..], "device for driver 'local': stat /bogus: no such file or directory"),
            (&["a=b"], "invalid mount option a for driver 'local': invalid argument"),
            (&["o=uid"], "uid option must provide a UID"),
            (&["o=gid=x"], "cannot convert GID x to integer"),
            (&["o=size=1g"], "size and inodes not supported"),
        ] {
            assert!(parse(texts).is_err_and(|error| error.contains(reason)), "{texts:?}: {:?}", parse(texts));
        }
    }
}
