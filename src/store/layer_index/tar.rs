//! The streaming tar reader: blocks in, entries out.
//!
//! A state machine fed with chunks of any size. It holds one block, the extended headers of the entry being read (at most
//! 1 MiB each) and that entry; file contents are only counted.

use super::error::TarError;
use super::header::{BLOCK, Header, sparse_pairs};
use super::pax::Overrides;
use super::{Entry, EntryKind, Timestamp, limits, path, sparse};

/// Where an entry goes once it is complete.
type Sink<'a> = dyn FnMut(Entry) -> Result<(), TarError> + 'a;

#[derive(Debug)]
pub(super) struct TarReader {
    state: State,
    block: Box<[u8; BLOCK]>,
    filled: usize,
    /// Bytes taken so far.
    offset: u64,
    /// Bytes after the current data up to the next block.
    padding: u64,
    /// The last block was all zeros: the first of the two end marks.
    end_mark: bool,
    global: Overrides,
    local: Option<Overrides>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    /// Filling a header block.
    Header,
    /// Collecting the body of an extended header.
    Extended { kind: u8, remaining: u64, body: Vec<u8>, offset: u64 },
    /// Filling an old GNU sparse extension block.
    OldSparse(Box<SparseFile>),
    /// Filling blocks of a pax 1.0 sparse map.
    SparseMap(Box<SparseFile>, sparse::MapParser),
    /// Counting contents.
    Data { remaining: u64 },
    /// Skipping to the next block.
    Padding,
    /// After the end marks: anything goes, it only counts for the digest.
    End,
}

/// A sparse file whose map is not complete yet.
#[derive(Debug)]
struct SparseFile {
    entry: Entry,
    map: Vec<(u64, u64)>,
    /// Stored bytes left, the map included where it is stored as data.
    stored: u64,
    offset: u64,
}

impl Default for TarReader {
    fn default() -> Self {
        TarReader {
            state: State::Header,
            block: Box::new([0; BLOCK]),
            filled: 0,
            offset: 0,
            padding: 0,
            end_mark: false,
            global: Overrides::default(),
            local: None,
            long_name: None,
            long_link: None,
        }
    }
}

impl TarReader {
    /// Takes the next bytes and hands every entry that became complete to `sink`.
    pub(super) fn push(&mut self, mut data: &[u8], sink: &mut Sink<'_>) -> Result<(), TarError> {
        while !data.is_empty() {
            let taken = match &mut self.state {
                State::End => data.len(),
                State::Data { remaining } => take(remaining, data.len()),
                State::Padding => take(&mut self.padding, data.len()),
                State::Extended { remaining, body, .. } => {
                    let taken = take(remaining, data.len());
                    body.extend_from_slice(&data[..taken]);
                    taken
                }
                State::Header | State::OldSparse(_) | State::SparseMap(..) => {
                    let taken = data.len().min(BLOCK - self.filled);
                    self.block[self.filled..self.filled + taken].copy_from_slice(&data[..taken]);
                    self.filled += taken;
                    taken
                }
            };
            self.offset += taken as u64;
            data = &data[taken..];
            self.advance(sink)?;
        }
        Ok(())
    }

    /// How many bytes of contents come next; `None` when a header does.
    pub(super) fn pending_data(&self) -> Option<u64> {
        match &self.state {
            State::Data { remaining } => Some(*remaining),
            _ => None,
        }
    }

    /// Checks that the archive may end here and returns its length.
    pub(super) fn finish(self) -> Result<u64, TarError> {
        let within = match &self.state {
            State::End => return Ok(self.offset),
            State::Header if self.block[..self.filled].iter().any(|&byte| byte != 0) => "a header",
            State::Header | State::Padding
                if self.local.is_some() || self.long_name.is_some() || self.long_link.is_some() =>
            {
                "an entry's headers"
            }
            State::Header | State::Padding => return Ok(self.offset),
            State::Extended { .. } => "an extended header",
            State::OldSparse(_) | State::SparseMap(..) => "a sparse map",
            State::Data { .. } => "a file's contents",
        };
        Err(TarError::Truncated { offset: self.offset, within })
    }

    /// Leaves every state that is complete.
    fn advance(&mut self, sink: &mut Sink<'_>) -> Result<(), TarError> {
        let complete = match &self.state {
            State::End => false,
            State::Data { remaining } | State::Extended { remaining, .. } => *remaining == 0,
            State::Padding => self.padding == 0,
            State::Header | State::OldSparse(_) | State::SparseMap(..) => self.filled == BLOCK,
        };
        if !complete {
            return Ok(());
        }
        self.filled = 0;
        match std::mem::replace(&mut self.state, State::Header) {
            State::Header => self.header(sink),
            State::Extended { kind, body, offset, .. } => {
                self.skip_padding();
                self.extended(kind, body, offset)
            }
            State::OldSparse(file) => self.old_sparse(*file, sink),
            State::SparseMap(file, parser) => self.sparse_map(*file, parser, sink),
            State::Data { .. } => {
                self.skip_padding();
                Ok(())
            }
            State::Padding => Ok(()),
            State::End => Ok(()),
        }
    }

    fn skip_padding(&mut self) {
        if self.padding > 0 {
            self.state = State::Padding;
        }
    }

    /// Expects `size` bytes of contents and their padding.
    fn expect_data(&mut self, size: u64) {
        self.padding = padding(size);
        if size > 0 {
            self.state = State::Data { remaining: size };
        }
    }

    fn header(&mut self, sink: &mut Sink<'_>) -> Result<(), TarError> {
        let offset = self.offset - BLOCK as u64;
        if self.block.iter().all(|&byte| byte == 0) {
            if self.end_mark {
                self.state = State::End;
            }
            self.end_mark = true;
            return Ok(());
        }
        if self.end_mark {
            // GNU tar stops here, Go's reader refuses; an archive that means two things means nothing.
            return Err(TarError::Checksum { offset });
        }
        let block = self.block.clone();
        let header = Header::parse(&block, offset)?;
        match header.kind() {
            kind @ (b'L' | b'K' | b'x' | b'X' | b'g') => self.begin_extended(kind, header.size()?, offset),
            b'V' => {
                let size = checked_size(header.size()?, offset)?;
                self.expect_data(size);
                Ok(())
            }
            _ => self.entry(&header, sink),
        }
    }

    fn begin_extended(&mut self, kind: u8, size: u64, offset: u64) -> Result<(), TarError> {
        if size > limits::EXTENDED_HEADER_BYTES {
            let limit = limits::EXTENDED_HEADER_BYTES;
            return Err(TarError::Limit { offset, limit, what: "bytes of an extended header" });
        }
        self.padding = padding(size);
        if size == 0 {
            return self.extended(kind, Vec::new(), offset);
        }
        self.state = State::Extended { kind, remaining: size, body: Vec::new(), offset };
        Ok(())
    }

    fn extended(&mut self, kind: u8, body: Vec<u8>, offset: u64) -> Result<(), TarError> {
        let text = |body: &[u8]| body.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        match kind {
            b'L' => self.long_name = Some(text(&body)),
            b'K' => self.long_link = Some(text(&body)),
            b'g' => {
                self.global.read(&body, offset)?;
                // A map or a data size can only belong to one file.
                self.global.sparse = Default::default();
                self.global.size = None;
            }
            _ => {
                let mut local = self.local.take().unwrap_or_else(|| self.global.clone());
                local.read(&body, offset)?;
                self.local = Some(local);
            }
        }
        Ok(())
    }

    /// A header of a real entry: applies what extended headers said.
    fn entry(&mut self, header: &Header<'_>, sink: &mut Sink<'_>) -> Result<(), TarError> {
        let offset = header.offset;
        let mut overrides = self.local.take().unwrap_or_else(|| self.global.clone());
        let name = overrides.sparse.name.take().or(overrides.path.take()).or(self.long_name.take());
        self.long_name = None;
        let name = name.unwrap_or_else(|| header.name());
        let link = overrides.link.take().or(self.long_link.take()).unwrap_or_else(|| header.link().to_vec());
        self.long_link = None;

        let claimed = match overrides.size {
            Some(size) => size,
            None => header.size()?,
        };
        let (kind, stored) = kind_and_size(header, &name, checked_size(claimed, offset)?)?;
        let path = path::normalise(&name).map_err(|reason| name_error(offset, &name, reason))?;
        if path.is_empty() && kind != EntryKind::Directory {
            return Err(name_error(offset, &name, "it is the root directory's"));
        }
        let link = match kind {
            EntryKind::HardLink => {
                let target = path::normalise(&link).map_err(|reason| name_error(offset, &link, reason))?;
                if target.is_empty() {
                    return Err(name_error(offset, &link, "a hard link to the root directory"));
                }
                target
            }
            EntryKind::Symlink => {
                path::check_symlink(&link).map_err(|reason| name_error(offset, &link, reason))?;
                link
            }
            _ => Vec::new(),
        };
        let entry = Entry {
            path,
            kind,
            mode: header.mode()?,
            uid: overrides.uid.map_or_else(|| header.uid(), Ok)?,
            gid: overrides.gid.map_or_else(|| header.gid(), Ok)?,
            modified: match overrides.modified {
                Some(modified) => modified,
                None => Timestamp { seconds: header.modified()?, nanoseconds: 0 },
            },
            xattrs: std::mem::take(&mut overrides.xattrs),
            link,
            device: device(header, kind)?,
            size: if kind == EntryKind::File { stored } else { 0 },
            extents: Vec::new(),
        };
        if kind == EntryKind::File {
            return self.file(entry, header, &overrides, stored, sink);
        }
        self.expect_data(stored);
        sink(entry)
    }

    /// A regular file, sparse or not.
    fn file(
        &mut self,
        mut entry: Entry,
        header: &Header<'_>,
        overrides: &Overrides,
        stored: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), TarError> {
        let offset = header.offset;
        self.padding = padding(stored);
        if header.kind() == b'S' {
            entry.size = header.sparse_size()?;
            let (map, extended) = header.sparse_map()?;
            let file = SparseFile { entry, map, stored, offset };
            if extended {
                self.state = State::OldSparse(Box::new(file));
                return Ok(());
            }
            return self.sparse_file(file, sink);
        }
        if overrides.sparse.has_map_in_data() {
            entry.size = overrides.sparse.size.ok_or(sparse_error(offset))?;
            let file = SparseFile { entry, map: Vec::new(), stored, offset };
            self.state = State::SparseMap(Box::new(file), sparse::MapParser::default());
            return Ok(());
        }
        if overrides.sparse.has_map_in_records() {
            entry.size = overrides.sparse.size.ok_or(sparse_error(offset))?;
            let file = SparseFile { entry, map: overrides.sparse_pairs(), stored, offset };
            return self.sparse_file(file, sink);
        }
        if stored > 0 {
            entry.extents.push(sparse::Extent { file_offset: 0, tar_offset: self.offset, length: stored });
        }
        self.expect_data(stored);
        sink(entry)
    }

    fn old_sparse(&mut self, mut file: SparseFile, sink: &mut Sink<'_>) -> Result<(), TarError> {
        file.map.extend(sparse_pairs(&self.block[..504]).ok_or(sparse_error(file.offset))?);
        if file.map.len() * size_of::<sparse::Extent>() > limits::INDEX_BYTES {
            return Err(sparse_error(file.offset));
        }
        if self.block[504] != 0 {
            self.state = State::OldSparse(Box::new(file));
            return Ok(());
        }
        self.sparse_file(file, sink)
    }

    fn sparse_map(
        &mut self,
        mut file: SparseFile,
        mut parser: sparse::MapParser,
        sink: &mut Sink<'_>,
    ) -> Result<(), TarError> {
        let offset = file.offset;
        file.stored = file.stored.checked_sub(BLOCK as u64).ok_or(sparse_error(offset))?;
        let complete = parser.push(&self.block[..]).map_err(|()| sparse_error(offset))?;
        if !complete {
            if parser.len() * size_of::<u64>() > limits::INDEX_BYTES {
                return Err(sparse_error(offset));
            }
            self.state = State::SparseMap(Box::new(file), parser);
            return Ok(());
        }
        file.map = parser.pairs();
        self.sparse_file(file, sink)
    }

    /// The map is known and the data starts here.
    fn sparse_file(&mut self, file: SparseFile, sink: &mut Sink<'_>) -> Result<(), TarError> {
        let SparseFile { mut entry, map, stored, offset } = file;
        entry.extents = sparse::extents(&map, entry.size, self.offset, stored).ok_or(sparse_error(offset))?;
        self.expect_data(stored);
        sink(entry)
    }
}

/// What the type flag says, and how many bytes of contents follow.
fn kind_and_size(header: &Header<'_>, name: &[u8], size: u64) -> Result<(EntryKind, u64), TarError> {
    Ok(match header.kind() {
        // Before POSIX a directory was a file whose name ends in a slash.
        0 | b'0' if name.ends_with(b"/") && size == 0 => (EntryKind::Directory, 0),
        0 | b'0' | b'7' | b'S' => (EntryKind::File, size),
        b'1' => (EntryKind::HardLink, 0),
        b'2' => (EntryKind::Symlink, 0),
        b'3' => (EntryKind::CharacterDevice, 0),
        b'4' => (EntryKind::BlockDevice, 0),
        b'5' => (EntryKind::Directory, 0),
        b'6' => (EntryKind::Fifo, 0),
        // GNU incremental backups: a directory followed by a list of names.
        b'D' => (EntryKind::Directory, size),
        kind => return Err(TarError::Type { offset: header.offset, kind }),
    })
}

fn device(header: &Header<'_>, kind: EntryKind) -> Result<(u32, u32), TarError> {
    if !matches!(kind, EntryKind::CharacterDevice | EntryKind::BlockDevice) {
        return Ok((0, 0));
    }
    let (major, minor) = header.device()?;
    if major > limits::DEVICE_MAJOR || minor > limits::DEVICE_MINOR {
        return Err(TarError::Field { offset: header.offset, field: "device number" });
    }
    Ok((major, minor))
}

fn checked_size(size: u64, offset: u64) -> Result<u64, TarError> {
    if size > limits::FILE_BYTES {
        return Err(TarError::Limit { offset, limit: limits::FILE_BYTES, what: "bytes of a file" });
    }
    Ok(size)
}

fn sparse_error(offset: u64) -> TarError {
    TarError::Field { offset, field: "sparse map" }
}

fn name_error(offset: u64, name: &[u8], reason: &'static str) -> TarError {
    TarError::Name { offset, name: name[..name.len().min(256)].to_vec(), reason }
}

/// Bytes from the end of `size` bytes to the next block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

/// Takes at most `available` from `remaining`.
fn take(remaining: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*remaining).unwrap_or(usize::MAX).min(available);
    *remaining -= taken as u64;
    taken
}
