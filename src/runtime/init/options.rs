//! Mount options: the words of `mount(8)`, the runtime specification and podman, as flags.

use crate::sys::mount::MountAttributes;
use rustix::mount::MountPropagationFlags;

/// The options of one mount, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountOptions {
    /// Attributes to set.
    pub set: MountAttributes,
    /// Attributes to clear.
    pub clear: MountAttributes,
    /// Attributes to set here and on all mounts below (`rro` and its like).
    pub set_below: MountAttributes,
    /// Attributes to clear here and on all mounts below (`rrw` and its like).
    pub clear_below: MountAttributes,
    /// A bind mount shows ids through a map: the container's own, or the one of the mount.
    pub id_map: Option<IdMap>,
    /// This is a bind mount; `Some(true)` takes the mounts below along.
    pub bind: Option<bool>,
    /// Propagation, and whether it holds for the mounts below.
    pub propagation: Option<(MountPropagationFlags, bool)>,
    /// Fill the source from what the image has at the destination when the source is empty.
    pub copy_up: bool,
    /// Give the source to the container's user (`U`).
    pub chown: bool,
    /// No container has used this volume yet: it gets owner and mode of the place it is mounted on.
    pub is_fresh: bool,
    /// Everything else, for the file system: `size=64m`, `mode=1777`.
    pub data: Vec<String>,
}

/// An option of bind mounts that is ours: a volume that no container has used yet.
pub const FRESH_OPTION: &str = "x-coracle.fresh";

/// Which mounts of a tree show mapped ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdMap {
    /// The top one (`idmap`).
    Top,
    /// All (`ridmap`).
    All,
}

/// Options of mount(8) that the specification lists and that change nothing of a new mount: messages of the kernel,
/// mandatory locks (gone since Linux 5.15), i_version (since 6.3 the file system's own affair), and crun's words for flags of
/// file systems "of all mounts below", which have none of their own.
const WITHOUT_EFFECT: [&str; 12] = [
    "iversion",
    "loud",
    "mand",
    "noiversion",
    "nomand",
    "rasync",
    "rdirsync",
    "remount",
    "rmand",
    "rnomand",
    "rsync",
    "silent",
];

/// Sorts mount options; words of podman that mean nothing here (`z`, `Z`, `rw`-like defaults) are dropped.
pub fn parse(options: &[String]) -> MountOptions {
    let mut parsed = MountOptions::default();
    for option in options {
        apply(&mut parsed, option);
    }
    parsed
}

fn apply(parsed: &mut MountOptions, option: &str) {
    if let Some((attribute, set)) = attribute(option) {
        parsed.set.set(attribute, set);
        parsed.clear.set(attribute, !set);
        return;
    }
    if let Some((attribute, set)) = option.strip_prefix('r').and_then(attribute) {
        parsed.set_below.set(attribute, set);
        parsed.clear_below.set(attribute, !set);
        return;
    }
    if let Some(propagation) = propagation(option) {
        parsed.propagation = Some((propagation, option.starts_with('r')));
        return;
    }
    match option {
        "bind" => parsed.bind = parsed.bind.or(Some(false)),
        "rbind" => parsed.bind = Some(true),
        "copy" | "tmpcopyup" => parsed.copy_up = true,
        "nocopy" | "notmpcopyup" => parsed.copy_up = false,
        "U" => parsed.chown = true,
        FRESH_OPTION => parsed.is_fresh = true,
        "idmap" => parsed.id_map = parsed.id_map.or(Some(IdMap::Top)),
        "ridmap" => parsed.id_map = Some(IdMap::All),
        "z" | "Z" | "defaults" | "async" | "norelatime" | "rnorelatime" | "private-label" | "" => {}
        option if WITHOUT_EFFECT.contains(&option) => {}
        _ => parsed.data.push(option.to_owned()),
    }
}

fn attribute(option: &str) -> Option<(MountAttributes, bool)> {
    Some(match option {
        "ro" => (MountAttributes::READ_ONLY, true),
        "rw" => (MountAttributes::READ_ONLY, false),
        "nosuid" => (MountAttributes::NO_SUID, true),
        "suid" => (MountAttributes::NO_SUID, false),
        "nodev" => (MountAttributes::NO_DEV, true),
        "dev" => (MountAttributes::NO_DEV, false),
        "noexec" => (MountAttributes::NO_EXEC, true),
        "exec" => (MountAttributes::NO_EXEC, false),
        "noatime" => (MountAttributes::NO_ATIME, true),
        "atime" => (MountAttributes::NO_ATIME, false),
        "nodiratime" => (MountAttributes::NO_DIR_ATIME, true),
        "diratime" => (MountAttributes::NO_DIR_ATIME, false),
        "strictatime" => (MountAttributes::STRICT_ATIME, true),
        "nostrictatime" => (MountAttributes::STRICT_ATIME, false),
        // What is left when neither of the others is set.
        "relatime" => (MountAttributes::NO_ATIME.union(MountAttributes::STRICT_ATIME), false),
        "nosymfollow" => (MountAttributes::NO_SYMFOLLOW, true),
        "symfollow" => (MountAttributes::NO_SYMFOLLOW, false),
        _ => return None,
    })
}

fn propagation(option: &str) -> Option<MountPropagationFlags> {
    Some(match option.strip_prefix('r').unwrap_or(option) {
        "shared" => MountPropagationFlags::SHARED,
        "slave" => MountPropagationFlags::DOWNSTREAM,
        "private" => MountPropagationFlags::PRIVATE,
        "unbindable" => MountPropagationFlags::UNBINDABLE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> MountOptions {
        parse(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_last_of_two_opposites_wins() {
        let options = of("ro,nosuid,rw,size=1m");
        assert_eq!((options.set, options.clear), (MountAttributes::NO_SUID, MountAttributes::READ_ONLY));
        assert_eq!(options.data, ["size=1m"]);
    }

    #[test]
    fn recursive_words() {
        let options = of("rbind,rro,rslave");
        assert_eq!(options.bind, Some(true));
        assert_eq!((options.set, options.set_below), (MountAttributes::empty(), MountAttributes::READ_ONLY));
        assert_eq!(options.propagation, Some((MountPropagationFlags::DOWNSTREAM, true)));
        assert_eq!(of("rw").clear, MountAttributes::READ_ONLY);
    }
}
