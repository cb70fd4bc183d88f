//! Tars for tests, written byte by byte so that they can be wrong.

use super::{LayerIndexer, TarError};

/// An archive being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct TarWriter {
    /// What is written so far.
    pub bytes: Vec<u8>,
}

impl TarWriter {
    /// An empty archive.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A ustar header that `change` may spoil before the checksum is made, and its contents.
    pub(crate) fn raw(mut self, kind: u8, name: &[u8], body: &[u8], change: impl FnOnce(&mut [u8; 512])) -> Self {
        let mut header = [0u8; 512];
        let length = name.len().min(100);
        header[..length].copy_from_slice(&name[..length]);
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", body.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000017\0");
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        change(&mut header);
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(body);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// A regular file.
    pub(crate) fn file(self, name: &str, body: &str) -> Self {
        self.raw(b'0', name.as_bytes(), body.as_bytes(), |_| {})
    }

    /// A directory with a mode of its own.
    pub(crate) fn directory(self, name: &str, mode: u16) -> Self {
        self.raw(b'5', name.as_bytes(), b"", |header| {
            header[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
        })
    }

    /// A symbolic (`2`) or hard (`1`) link.
    pub(crate) fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.raw(kind, name.as_bytes(), b"", |header| {
            header[157..157 + target.len()].copy_from_slice(target.as_bytes())
        })
    }

    /// A character device.
    pub(crate) fn device(self, name: &str, major: u32, minor: u32) -> Self {
        self.raw(b'3', name.as_bytes(), b"", |header| {
            header[329..337].copy_from_slice(format!("{major:07o}\0").as_bytes());
            header[337..345].copy_from_slice(format!("{minor:07o}\0").as_bytes());
        })
    }

    /// A pax header (`x` or `g`) with these records.
    pub(crate) fn pax(self, kind: u8, records: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length.to_string().len() + rest != length {
                length += 1;
            }
            body.extend_from_slice(format!("{length} {key}=").as_bytes());
            body.extend_from_slice(value);
            body.push(b'\n');
        }
        self.raw(kind, b"pax", &body, |_| {})
    }

    /// The end marks.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }

    /// The index of the finished archive.
    pub(crate) fn index(self) -> Result<Vec<u8>, TarError> {
        index(&self.end())
    }
}

/// The index of a tar given at once.
pub(crate) fn index(tar: &[u8]) -> Result<Vec<u8>, TarError> {
    let mut indexer = LayerIndexer::new();
    indexer.push(tar)?;
    indexer.finish()
}
