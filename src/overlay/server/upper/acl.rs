//! POSIX access control lists: what creation, chmod and setxattr do to each other.
//!
//! The kernel checks access (FUSE_POSIX_ACL); the file system has to inherit default lists and to keep the list and the
//! permission bits in step. Lists are in the attribute's own form (linux/posix_acl_xattr.h): a version and entries of tag,
//! permissions and id. acl(5), "Object creation and default ACLs" and "Correspondence between ACL entries and file
//! permission bits".

/// Attribute of the list that grants access.
pub(super) const ACCESS: &[u8] = b"system.posix_acl_access";
/// Attribute of the list that new files inherit.
pub(super) const DEFAULT: &[u8] = b"system.posix_acl_default";

/// `POSIX_ACL_XATTR_VERSION`.
const VERSION: u32 = 2;
const HEADER: usize = 4;
const ENTRY: usize = 8;
const USER_OBJECT: u16 = 0x01;
const GROUP_OBJECT: u16 = 0x04;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// A list, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acl(Vec<u8>);

impl Acl {
    /// Takes an attribute's value; `None` when it is no list.
    pub(super) fn parse(value: &[u8]) -> Option<Acl> {
        let version = u32::from_le_bytes(*value.first_chunk()?);
        let entries = &value[HEADER..];
        if version != VERSION || !entries.len().is_multiple_of(ENTRY) {
            return None;
        }
        let acl = Acl(value.to_vec());
        let has = |tag| acl.permissions(tag).is_some();
        (entries.is_empty() || has(USER_OBJECT) && has(GROUP_OBJECT) && has(OTHER)).then_some(acl)
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() <= HEADER
    }

    /// Whether the permission bits say all of it.
    pub(super) fn is_minimal(&self) -> bool {
        self.0.len() <= HEADER + 3 * ENTRY
    }

    /// The permission bits that go with the list.
    pub(super) fn mode_bits(&self) -> u32 {
        let bits = |tag| u32::from(self.permissions(tag).unwrap_or(0) & 7);
        let group = self.permissions(MASK).map_or_else(|| bits(GROUP_OBJECT), |mask| u32::from(mask & 7));
        bits(USER_OBJECT) << 6 | group << 3 | bits(OTHER)
    }

    /// The list after chmod(2).
    pub(super) fn with_mode(mut self, mode: u32) -> Acl {
        let group = if self.permissions(MASK).is_some() { MASK } else { GROUP_OBJECT };
        self.set(USER_OBJECT, mode >> 6);
        self.set(group, mode >> 3);
        self.set(OTHER, mode);
        self
    }

    /// The access list and permission bits of a file made with `mode` in a directory of which this is the default list.
    pub(super) fn inherit(self, mode: u32) -> (Acl, u32) {
        let bits = mode & 0o777 & self.mode_bits();
        (self.with_mode(bits), mode & !0o777 | bits)
    }

    fn permissions(&self, tag: u16) -> Option<u16> {
        let (entries, _) = self.0.get(HEADER..)?.as_chunks::<ENTRY>();
        let entry = entries.iter().find(|entry| u16::from_le_bytes([entry[0], entry[1]]) == tag)?;
        Some(u16::from_le_bytes([entry[2], entry[3]]))
    }

    fn set(&mut self, tag: u16, permissions: u32) {
        let (entries, _) = self.0.get_mut(HEADER..).unwrap_or_default().as_chunks_mut::<ENTRY>();
        for entry in entries.iter_mut().filter(|entry| u16::from_le_bytes([entry[0], entry[1]]) == tag) {
            entry[2..4].copy_from_slice(&(permissions as u16 & 7).to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut value = VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            value.extend(tag.to_le_bytes());
            value.extend(permissions.to_le_bytes());
            value.extend(id.to_le_bytes());
        }
        value
    }

    const NAMED_USER: u16 = 0x02;

    #[test]
    fn bits_and_lists_follow_each_other() {
        let entries = [(USER_OBJECT, 7, 0), (NAMED_USER, 7, 5), (GROUP_OBJECT, 5, 0), (MASK, 6, 0), (OTHER, 4, 0)];
        let acl = Acl::parse(&list(&entries)).unwrap();
        assert_eq!(acl.mode_bits(), 0o764);
        let (inherited, mode) = acl.clone().inherit(0o100640);
        assert_eq!(mode, 0o100640);
        assert_eq!(inherited.mode_bits(), 0o640);
        assert_eq!(inherited.permissions(NAMED_USER), Some(7));
        assert_eq!(acl.with_mode(0o711).mode_bits(), 0o711);
    }

    #[test]
    fn only_lists_are_lists() {
        for value in [vec![], vec![2, 0, 0], vec![1, 0, 0, 0], list(&[(USER_OBJECT, 7, 0)]), vec![2, 0, 0, 0, 9]] {
            assert_eq!(Acl::parse(&value), None, "{value:?}");
        }
        assert!(Acl::parse(&list(&[])).unwrap().is_empty());
        let three = list(&[(USER_OBJECT, 6, 0), (GROUP_OBJECT, 4, 0), (OTHER, 4, 0)]);
        assert!(Acl::parse(&three).unwrap().is_minimal());
    }
}
