//! Reading a tar entry by entry, with its contents: what `cp`, `import` and `load` do with archives from anywhere.
//!
//! The same state machine that indexes layers takes the blocks, so all of them agree on what an archive says. Names
//! are normalised before anybody sees them: relative, without `..`.

use super::tar::TarReader;
use super::{Entry, TarError};
use std::collections::VecDeque;
use std::io::{self, Read};

/// Bytes of contents read at once.
const PIECE_BYTES: usize = 128 << 10;

/// Why an archive cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Reading it, or passing its contents on, failed.
    #[error("{}", crate::sys::errno::Words(.0))]
    Io(#[from] io::Error),
    /// It is no tar, or a damaged one.
    #[error(transparent)]
    Tar(#[from] TarError),
}

/// An archive being read.
#[derive(Debug)]
pub struct TarStream<R: Read> {
    input: io::BufReader<R>,
    reader: TarReader,
    complete: VecDeque<Entry>,
    offset: u64,
    buffer: Vec<u8>,
    has_ended: bool,
}

impl<R: Read> TarStream<R> {
    /// An archive from its beginning.
    pub fn new(input: R) -> Self {
        TarStream {
            input: io::BufReader::with_capacity(PIECE_BYTES, input),
            reader: TarReader::default(),
            complete: VecDeque::new(),
            offset: 0,
            buffer: vec![0; PIECE_BYTES],
            has_ended: false,
        }
    }

    /// The next entry; contents of the last one that were not asked for are passed over. `None` at the end, when the
    /// input has been read to its end too.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, StreamError> {
        while self.complete.is_empty() && !self.has_ended {
            // To the end of the block and no further: what follows a header may be contents.
            let block = super::header::BLOCK as u64;
            let want = self.reader.pending_data().unwrap_or(block - self.offset % block);
            self.advance(want)?;
        }
        if self.complete.is_empty() {
            std::mem::take(&mut self.reader).finish()?;
        }
        Ok(self.complete.pop_front())
    }

    /// Hands the contents of `entry`, which must be the last one, to `sink`: position in the file and bytes. What is
    /// not handed over is zeros.
    pub fn contents(
        &mut self,
        entry: &Entry,
        mut sink: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), StreamError> {
        let mut first = 0; // extents ascend: those before are done
        while let Some(pending) = self.reader.pending_data() {
            let begin = self.offset;
            let count = self.advance(pending)?;
            if count == 0 {
                break;
            }
            let end = begin + count as u64;
            while let Some(extent) = entry.extents.get(first) {
                let from = extent.tar_offset.max(begin);
                let to = (extent.tar_offset + extent.length).min(end);
                if from < to {
                    let bytes = &self.buffer[(from - begin) as usize..(to - begin) as usize];
                    sink(extent.file_offset + (from - extent.tar_offset), bytes)?;
                }
                if extent.tar_offset + extent.length > end {
                    break;
                }
                first += 1;
            }
        }
        Ok(())
    }

    /// Reads at most `want` bytes and lets the state machine see them.
    fn advance(&mut self, want: u64) -> Result<usize, StreamError> {
        let want = usize::try_from(want).unwrap_or(usize::MAX).clamp(1, self.buffer.len());
        let mut count = 0;
        while count < want {
            match self.input.read(&mut self.buffer[count..want]) {
                Ok(0) => {
                    self.has_ended = true;
                    break;
                }
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let complete = &mut self.complete;
        self.reader.push(&self.buffer[..count], &mut |entry| {
            complete.push_back(entry);
            Ok(())
        })?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Whether an archive can begin with these bytes: a valid header, or the end marks of an empty one.
pub fn begins_as_tar(bytes: &[u8]) -> bool {
    let Some(block) = bytes.first_chunk() else { return false };
    block.iter().all(|byte| *byte == 0) || super::header::Header::parse(block, 0).is_ok()
}
