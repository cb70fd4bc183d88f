//! Who owns what, seen from the two sides of a view.
//!
//! The host user's files belong to the view's owner and the other way round, so nothing on the host is ever given away.
//! Files of others are shown under the ids the container has for them, else as nobody's. The kernel judges access by what
//! is shown, in the container's terms, before the host judges it by what is; so that it does not refuse what the host would
//! allow, a group that the host user is in is shown as the owner's, and where nobody is not an id of the container
//! (the kernel refuses all writing to such files) a file that others may write is shown as the owner's.

use rustix::fs::Stat;

/// An id that stands for no known user, where the container has it (`overflowuid`, user_namespaces(7)).
const NOBODY: u32 = 65534;

/// Some ids of the host that the container knows under other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRun {
    /// The first id on the host.
    pub host: u32,
    /// The first id in the container.
    pub container: u32,
    /// How many.
    pub size: u32,
}

/// The owners of one view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// User and group the host user's files are shown as.
    pub shown: (u32, u32),
    /// User and group of the host user.
    pub host: (u32, u32),
    /// Other groups of the host user.
    pub host_groups: Vec<u32>,
    /// User ids of the container.
    pub uids: Vec<IdRun>,
    /// Group ids of the container.
    pub gids: Vec<IdRun>,
}

impl Owners {
    /// User and group to show for a file of the host.
    pub(super) fn show(&self, stat: &Stat) -> (u32, u32) {
        let others_may_write = stat.st_mode & 0o022 != 0;
        let uid = match stat.st_uid {
            uid if uid == self.host.0 => self.shown.0,
            uid => translate(&self.uids, uid).unwrap_or_else(|| match others_may_write && !has(&self.uids, NOBODY) {
                true => self.shown.0,
                false => NOBODY,
            }),
        };
        let gid = match stat.st_gid {
            gid if gid == self.host.1 || self.host_groups.contains(&gid) => self.shown.1,
            gid => translate(&self.gids, gid).unwrap_or_else(|| match others_may_write && !has(&self.gids, NOBODY) {
                true => self.shown.1,
                false => NOBODY,
            }),
        };
        (uid, gid)
    }

    /// Whether setting these owners leaves what is shown as it is, which is all a view can do.
    pub(super) fn keeps(&self, stat: &Stat, uid: Option<u32>, gid: Option<u32>) -> bool {
        let (shown_uid, shown_gid) = self.show(stat);
        uid.is_none_or(|uid| uid == shown_uid) && gid.is_none_or(|gid| gid == shown_gid)
    }
}

fn translate(runs: &[IdRun], host: u32) -> Option<u32> {
    let run = runs.iter().find(|run| host >= run.host && host - run.host < run.size)?;
    run.container.checked_add(host - run.host)
}

fn has(runs: &[IdRun], container: u32) -> bool {
    runs.iter().any(|run| container >= run.container && container - run.container < run.size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(uid: u32, gid: u32, mode: u32) -> Stat {
        let mut stat = rustix::fs::stat("/").unwrap();
        (stat.st_uid, stat.st_gid, stat.st_mode) = (uid, gid, 0o100_000 | mode);
        stat
    }

    fn run(host: u32, container: u32, size: u32) -> IdRun {
        IdRun { host, container, size }
    }

    #[test]
    fn the_users_files_are_the_owners_and_others_are_not() {
        let map = vec![run(1000, 0, 1), run(100_000, 1, 65_536)];
        let owners =
            Owners { shown: (33, 44), host: (1000, 1000), host_groups: vec![50], uids: map.clone(), gids: map };
        assert_eq!(owners.show(&file(1000, 1000, 0o600)), (33, 44));
        assert_eq!(owners.show(&file(0, 0, 0o666)), (NOBODY, NOBODY));
        assert_eq!(owners.show(&file(100_004, 50, 0o660)), (5, 44));
        assert!(owners.keeps(&file(1000, 1000, 0o600), Some(33), None));
        assert!(owners.keeps(&file(0, 1000, 0o600), Some(NOBODY), Some(44)));
        assert!(!owners.keeps(&file(1000, 1000, 0o600), Some(0), None));
        assert!(!owners.keeps(&file(1000, 1000, 0o600), None, Some(1000)));
    }

    #[test]
    fn with_one_id_only_what_cannot_be_written_is_nobodys() {
        let map = vec![run(1000, 0, 1)];
        let owners = Owners { shown: (0, 0), host: (1000, 1000), host_groups: vec![], uids: map.clone(), gids: map };
        assert_eq!(owners.show(&file(0, 0, 0o644)), (NOBODY, NOBODY));
        assert_eq!(owners.show(&file(5, 5, 0o664)), (0, 0));
    }
}
