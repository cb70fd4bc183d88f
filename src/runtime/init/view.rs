//! Views of ownership: bind mounts that show the host user's files as a user's of the container, without changing them.
//!
//! The mount is FUSE's, made here (the kernel wants its maker in the container's user namespace) and served by the keeper,
//! which is the user on the host. Where FUSE cannot be used, a plain bind mount does the same when the container knows the
//! host user under the wanted ids anyway.

use super::mounts::PreparedMount;
use super::{Accounts, Init, RootFileSystem};
use crate::runtime::failure::{Failure, Step};
use crate::runtime::handshake::{Report, report};
use crate::runtime::subordinate::IdKind;
use rustix::io::Errno;
use std::os::fd::AsFd;

/// Type of such a mount in the plan.
pub const VIEW: &str = "coracle.view";
/// Its option that says whose files are shown: `user`, or `UID:GID` in the container.
pub const MAP_OPTION: &str = "x-coracle.map=";

/// Whose files a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The user's and group's the container's process runs as.
    ProcessUser,
    /// These.
    Ids(u32, u32),
}

impl Shown {
    pub(super) fn of(options: &[String]) -> Step<Shown> {
        let text = options.iter().find_map(|option| option.strip_prefix(MAP_OPTION)).unwrap_or_default();
        if text == "user" {
            return Ok(Shown::ProcessUser);
        }
        let ids = text.split_once(':').and_then(|(uid, gid)| Some(Shown::Ids(uid.parse().ok()?, gid.parse().ok()?)));
        ids.ok_or_else(|| Failure::message(format!("the plan has a view of nobody: \"{text}\"")))
    }
}

impl Init<'_> {
    pub(super) fn mount_view(
        &self,
        number: usize,
        mount: &PreparedMount,
        shown: Shown,
        root_file_system: &dyn RootFileSystem,
    ) -> Step<()> {
        let owner = match shown {
            Shown::Ids(uid, gid) => (uid, gid),
            Shown::ProcessUser => {
                let user = Accounts::read(&self.root).resolve(&self.plan.user)?;
                (user.uid, user.gid)
            }
        };
        self.check_mapped(owner)?;
        let source = mount.source().ok_or_else(|| Failure::setup("open the source of a view", Errno::NOENT))?;
        let (detached, device) = match root_file_system.make_view(source) {
            Ok(made) => made,
            Err(_) if self.knows_the_user_as(owner) => return mount.mount(&self.root),
            Err(failure) => {
                return Err(Failure::message(format!(
                    "a mount with \"map\" needs FUSE, which cannot be used here: {failure}"
                ))
                .with_hint("`coracle doctor` shows how to make /dev/fuse available; --userns=keep-id with a plain mount needs none"));
            }
        };
        report(&self.keeper, &Report::View { mount: number, owner }, Some(device.as_fd()))
            .map_err(|error| Failure::setup("hand over the FUSE device", error))?;
        // When the keeper dies this must not be what keeps the connection open.
        drop(device);
        mount.attach_view(&detached, &self.root)
    }

    /// A file of an id that does not exist here could not be changed by anybody.
    fn check_mapped(&self, owner: (u32, u32)) -> Step<()> {
        for (kind, word, id) in [(IdKind::Uid, "user", owner.0), (IdKind::Gid, "group", owner.1)] {
            if self.plan.id_maps.to_host(kind, id).is_none() {
                return Err(Failure::message(format!(
                    "{word} id {id} of a mount's \"map\" is not mapped in this container"
                ))
                .with_hint("`coracle doctor` shows which ids containers of this user can have"));
            }
        }
        Ok(())
    }

    fn knows_the_user_as(&self, owner: (u32, u32)) -> bool {
        let known = |kind, host| self.plan.id_maps.to_container(kind, host);
        let (uid, gid) = self.plan.host_user;
        known(IdKind::Uid, uid) == Some(owner.0) && known(IdKind::Gid, gid) == Some(owner.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_files() {
        let of = |text: &str| Shown::of(&["nosuid".to_owned(), format!("{MAP_OPTION}{text}")]).ok();
        assert_eq!(of("user"), Some(Shown::ProcessUser));
        assert_eq!(of("999:100"), Some(Shown::Ids(999, 100)));
        assert_eq!(of("999"), None);
        assert_eq!(Shown::of(&[]).ok(), None);
    }
}
