//! One blob as a stream that survives dropped connections.
//!
//! When the connection breaks, the rest is asked for by `Range` (RFC 9110 section 14.2). A registry that ignores the
//! range sends the blob again from the start, and what is known already is skipped. The number of attempts without any
//! progress is bounded, and so is their total. Bytes are hashed on the way; [`BlobReader::finish`] says whether they
//! were the right ones.

use super::client::Repository;
use super::error::{Error, Problem};
use super::retry;
use crate::image::progress::Progress;
use crate::store::digest::{Digest, Hasher};
use reqwest::blocking::Response;
use std::io::{self, Read};

/// Times one blob's transfer may break, however much progress is made in between.
const BREAK_LIMIT: u32 = 100;

/// A blob being read.
pub struct BlobReader<'a> {
    repository: &'a Repository<'a>,
    progress: &'a dyn Progress,
    digest: Digest,
    size: u64,
    position: u64,
    hasher: Hasher,
    body: Option<Response>,
    /// Attempts since the last byte arrived, and in all.
    stalled: u32,
    broken: u32,
    /// Why the stream ended early; [`Read`] can only return an [`io::Error`].
    failure: Option<BlobError>,
}

/// Why a blob is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] Error),
    /// Another size than the manifest says.
    #[error("blob size mismatch: expected {expected} bytes, got {}{actual}", if *more { "more than " } else { "" })]
    Size {
        /// By the manifest.
        expected: u64,
        /// Received.
        actual: u64,
        /// It went on after that.
        more: bool,
    },
    /// Another digest than its name.
    #[error("digest mismatch: expected {expected}, got {actual}")]
    Digest {
        /// Asked for.
        expected: Digest,
        /// Received.
        actual: Digest,
    },
    /// The connection broke once too often.
    #[error("connection dropped {attempts} times, last after {position} of {size} bytes")]
    Dropped {
        /// Number of connections.
        attempts: u32,
        /// Bytes received.
        position: u64,
        /// Bytes in all.
        size: u64,
    },
}

impl<'a> BlobReader<'a> {
    /// A reader of the blob `digest` of `size` bytes. Sends nothing until read.
    pub fn new(repository: &'a Repository<'a>, digest: Digest, size: u64, progress: &'a dyn Progress) -> Self {
        BlobReader {
            repository,
            progress,
            digest,
            size,
            position: 0,
            hasher: Hasher::default(),
            body: None,
            stalled: 0,
            broken: 0,
            failure: None,
        }
    }

    /// Reads what is left and checks size and digest.
    pub fn finish(mut self) -> Result<(), BlobError> {
        let mut rest = vec![0; 64 << 10];
        loop {
            match self.read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let actual = self.hasher.finish();
        if actual == self.digest { Ok(()) } else { Err(BlobError::Digest { expected: self.digest, actual }) }
    }

    /// Why reading failed, if it was the registry's doing.
    pub fn take_failure(&mut self) -> Option<BlobError> {
        self.failure.take()
    }

    fn read_once(&mut self, buffer: &mut [u8]) -> Result<usize, BlobError> {
        loop {
            let body = match &mut self.body {
                Some(body) => body,
                None => match self.open()? {
                    Some(body) => self.body.insert(body),
                    None => {
                        self.note_break()?;
                        continue;
                    }
                },
            };
            match body.read(buffer) {
                Ok(0) if self.position < self.size => self.note_break()?,
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.note_break()?,
            }
        }
    }

    /// The blob from the current position on; `None` when the connection broke before it got there.
    fn open(&mut self) -> Result<Option<Response>, BlobError> {
        let mut response = self.repository.blob(&self.digest, self.position)?;
        let is_partial = response.status() == 206;
        let start = if is_partial { range_start(&response) } else { Some(0) };
        match start {
            Some(start) if start == self.position => Ok(Some(response)),
            Some(0) => {
                let skipped = io::copy(&mut (&mut response).take(self.position), &mut io::sink());
                Ok(skipped.is_ok_and(|count| count == self.position).then_some(response))
            }
            _ => Err(Error::Protocol { url: format!("blobs/{}", self.digest), problem: Problem::Range }.into()),
        }
    }

    fn note_break(&mut self) -> Result<(), BlobError> {
        self.body = None;
        self.stalled += 1;
        self.broken += 1;
        let dropped = BlobError::Dropped { attempts: self.broken, position: self.position, size: self.size };
        if self.stalled >= retry::ATTEMPTS || self.broken >= BREAK_LIMIT {
            return Err(dropped);
        }
        let pause = retry::pause(self.stalled - 1, None);
        self.progress.note(&format!("blob {}: {dropped}: trying again in {} s", self.digest, pause.as_secs_f32()));
        std::thread::sleep(pause);
        Ok(())
    }
}

fn range_start(response: &Response) -> Option<u64> {
    let header = response.headers().get(reqwest::header::CONTENT_RANGE)?.to_str().ok()?;
    header.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::Error::other("failed before"));
        }
        let result = self.read_once(buffer).and_then(|count| {
            self.position += count as u64;
            if self.position > self.size {
                return Err(BlobError::Size { expected: self.size, actual: self.size, more: true });
            }
            Ok(count)
        });
        match result {
            Ok(count) => {
                if count > 0 {
                    self.stalled = 0;
                    self.hasher.update(&buffer[..count]);
                    self.progress.layer_advanced(&self.digest, count as u64);
                }
                Ok(count)
            }
            Err(failure) => {
                self.failure = Some(failure);
                Err(io::Error::other("download failed"))
            }
        }
    }
}
