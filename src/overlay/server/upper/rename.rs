//! Renaming, across layers and back.
//!
//! What moves must have a backing file, so files from below are copied first; of a directory only the directory itself, which
//! takes the path it continues along in its record. Whiteouts are laid before anything moves: while the entry above is
//! still there they change nothing.

use super::copy_up::Purpose;
use super::handle::Handle;
use super::record::Origin;
use super::table::{Inode, Known, Name};
use super::{Step, Upper, whiteout};
use crate::overlay::server::adapter::Place;
use rustix::fs::RenameFlags;
use rustix::io::Errno;
use std::sync::Arc;

/// One side of a rename.
struct Side<'a> {
    parent: Arc<Inode>,
    directory: Handle,
    name: &'a [u8],
}

impl Side<'_> {
    fn place(&self) -> Name {
        Name { directory: Arc::clone(&self.parent), name: self.name.into() }
    }
}

impl Upper {
    /// Renames as renameat2(2) does.
    pub(super) fn rename_name(&self, from: Place<'_>, to: Place<'_>, flags: u32) -> Step<()> {
        let flags = RenameFlags::from_bits_retain(flags);
        if flags.intersects(RenameFlags::NOREPLACE.union(RenameFlags::EXCHANGE).complement())
            || self.store.is_reserved(to.name)
            || self.store.is_reserved(from.name)
        {
            return Err(Errno::INVAL);
        }
        let (from_parent, to_parent) = (self.inode(from.directory)?, self.inode(to.directory)?);
        let (source, target) = {
            let _names = self.names_shared();
            (self.peek(&from_parent, from.name)?.ok_or(Errno::NOENT)?, self.peek(&to_parent, to.name)?)
        };
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        match &target {
            Some(_) if flags.contains(RenameFlags::NOREPLACE) => return Err(Errno::EXIST),
            None if exchange => return Err(Errno::NOENT),
            // Two names of one file: nothing to do (rename(2)).
            Some(target) if target.number == source.number => return Ok(()),
            _ => {}
        }
        self.raise(&source, Purpose::OUTSIDE)?;
        self.raise(&to_parent, Purpose::WHOLE)?;
        if let Some(target) = target.as_ref().filter(|_| exchange) {
            self.raise(target, Purpose::OUTSIDE)?;
        }
        let _names = self.names_exclusive();
        let from_directory = self.directory(&from_parent)?;
        let to_directory = self.directory(&to_parent)?;
        let from = Side { parent: from_parent, directory: from_directory, name: from.name };
        let to = Side { parent: to_parent, directory: to_directory, name: to.name };
        match target {
            Some(target) if exchange => self.exchange((&source, &from), (&target, &to))?,
            target => self.replace((&source, &from), (target.as_ref(), &to))?,
        }
        Ok(())
    }

    fn exchange(&self, (source, from): (&Arc<Inode>, &Side<'_>), (target, to): (&Arc<Inode>, &Side<'_>)) -> Step<()> {
        self.fix_origin(source)?;
        self.fix_origin(target)?;
        for side in [from, to] {
            self.hide_below(&side.parent, &side.directory, side.name)?;
        }
        let flags = RenameFlags::EXCHANGE;
        from.directory.rename_with(from.name, &to.directory, to.name, flags)?;
        moved(source, from, to);
        moved(target, to, from);
        Ok(())
    }

    fn replace(
        &self,
        (source, from): (&Arc<Inode>, &Side<'_>),
        (target, to): (Option<&Arc<Inode>>, &Side<'_>),
    ) -> Step<()> {
        let is_directory = source.record().is_some_and(|record| record.is_directory());
        if let Some(target) = target.filter(|_| is_directory)
            && !self.is_empty(target)?
        {
            return Err(Errno::NOTEMPTY);
        }
        self.fix_origin(source)?;
        self.hide_below(&from.parent, &from.directory, from.name)?;
        if is_directory {
            self.hide_below(&to.parent, &to.directory, to.name)?;
        }
        if let Some(target) = target {
            self.keep_if_last(target, &to.parent, to.name)?;
        }
        match from.directory.rename(from.name, &to.directory, to.name) {
            Err(Errno::NOTEMPTY | Errno::EXIST) if is_directory => {
                self.remove_backing_directory(&to.directory, to.name)?;
                from.directory.rename(from.name, &to.directory, to.name)?;
            }
            result => result?,
        }
        moved(source, from, to);
        if let Some(target) = target {
            self.lost(target, &to.parent, to.name);
        }
        self.show_again(source, to);
        Ok(())
    }

    /// Writes down where a copied-up file came from, before it goes elsewhere.
    pub(super) fn fix_origin(&self, inode: &Arc<Inode>) -> Step<()> {
        if inode.state().origin() != Some(Origin::Here) {
            return Ok(());
        }
        let path = inode.lower_path().ok_or(Errno::STALE)?;
        let target = self.target(inode)?;
        let mut record = inode.record().ok_or(Errno::STALE)?;
        record.origin = Some(Origin::Path(path.into()));
        inode.state().attribute = Known::Perhaps;
        self.store.set_record(&target, &record.text())?;
        inode.state().record = Some(Box::new(record));
        Ok(())
    }

    /// A directory that is back where it came from is not a new one there.
    fn show_again(&self, source: &Arc<Inode>, to: &Side<'_>) {
        let Some(mut path) = to.parent.lower_path() else { return };
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(to.name);
        if source.lower_path().is_some_and(|origin| origin == path) {
            // A whiteout that stays changes nothing that the container sees.
            let _ = to.directory.unlink(&whiteout::of(to.name));
        }
    }
}

fn moved(inode: &Arc<Inode>, from: &Side<'_>, to: &Side<'_>) {
    let mut state = inode.state();
    state.names.retain(|known| !known.is(&from.parent, from.name));
    state.names.push(to.place());
}
