//! Extended attributes, the access lists among them.

use super::super::adapter::xattr_name_fault;
use super::acl::{self, Acl};
use super::copy_up::Purpose;
use super::record::TYPE;
use super::table::Known;
use super::{Held, Step, Upper, lower_errno};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

impl Upper {
    pub(super) fn get_xattr(&self, number: u64, name: &[u8]) -> Step<Vec<u8>> {
        check_name(name)?;
        let inode = match self.held(number)? {
            Held::Above(inode) => inode,
            Held::Below(lower) => {
                return match self.lower.xattr(lower, name) {
                    // There may be one above.
                    Err(error) if error.code() == libc::ENOSYS => Err(Errno::NODATA),
                    result => result.map_err(lower_errno),
                };
            }
        };
        let known = {
            let state = inode.state();
            match name {
                b"security.capability" => state.capability,
                acl::ACCESS => state.access_acl,
                acl::DEFAULT => state.default_acl,
                _ => Known::Perhaps,
            }
        };
        if known == Known::Absent {
            return Err(Errno::NODATA);
        }
        let _names = self.names_shared();
        self.store.xattr(&self.target(&inode)?, name)?.ok_or(Errno::NODATA)
    }

    pub(super) fn visit_xattrs(&self, number: u64, visit: &mut dyn FnMut(&[u8], &[u8])) -> Step<()> {
        let inode = match self.held(number)? {
            Held::Above(inode) => inode,
            Held::Below(lower) => {
                return match self.lower.xattrs(lower, visit) {
                    Err(error) if error.code() == libc::ENOSYS => Ok(()),
                    result => result.map_err(lower_errno),
                };
            }
        };
        let _names = self.names_shared();
        let target = self.target(&inode)?;
        for name in self.store.xattr_names(&target)? {
            visit(&name, b"");
        }
        Ok(())
    }

    pub(super) fn put_xattr(&self, number: u64, name: &[u8], value: &[u8], flags: i32) -> Step<()> {
        check_name(name)?;
        let inode = self.inode(number)?;
        self.raise(&inode, Purpose::OUTSIDE)?;
        let flags = XattrFlags::from_bits_retain(flags as u32);
        let only = flags.intersection(XattrFlags::CREATE.union(XattrFlags::REPLACE));
        {
            let _names = self.names_shared();
            let target = self.target(&inode)?;
            if !only.is_empty() {
                match self.store.xattr(&target, name)? {
                    Some(_) if only.contains(XattrFlags::CREATE) => return Err(Errno::EXIST),
                    None if only.contains(XattrFlags::REPLACE) => return Err(Errno::NODATA),
                    _ => {}
                }
            }
            match name {
                b"security.capability" => inode.state().capability = Known::Perhaps,
                acl::ACCESS => inode.state().access_acl = Known::Perhaps,
                acl::DEFAULT => inode.state().default_acl = Known::Perhaps,
                _ => {}
            }
            if name != acl::ACCESS {
                return self.store.set_xattr(&target, name, value);
            }
        }
        let list = Acl::parse(value).ok_or(Errno::INVAL)?;
        let bits = list.mode_bits();
        if !list.is_empty() {
            self.update_record(&inode, &|record| record.mode = record.mode & (TYPE | 0o7000) | bits)?;
        }
        let _names = self.names_shared();
        let target = self.target(&inode)?;
        if list.is_minimal() {
            return self.store.remove_xattr(&target, name).map(drop);
        }
        self.store.set_xattr(&target, name, list.value())
    }

    pub(super) fn drop_xattr(&self, number: u64, name: &[u8]) -> Step<()> {
        check_name(name)?;
        if matches!(self.held(number)?, Held::Below(_)) {
            // Nothing is copied for an attribute that is not there.
            self.get_xattr(number, name)?;
        }
        let inode = self.inode(number)?;
        self.raise(&inode, Purpose::OUTSIDE)?;
        let _names = self.names_shared();
        match self.store.remove_xattr(&self.target(&inode)?, name)? {
            true => Ok(()),
            false => Err(Errno::NODATA),
        }
    }
}

fn check_name(name: &[u8]) -> Step<()> {
    xattr_name_fault(name).map_or(Ok(()), |fault| Err(Errno::from_raw_os_error(fault)))
}
