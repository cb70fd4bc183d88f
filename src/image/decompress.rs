//! Layers out of their compression: gzip, zstd or none, told apart by their first bytes as other clients do, since
//! media types lie.
//!
//! gzip may have several members (RFC 1952 section 2.2) and zeros after them, as gzip(1) accepts; checksums are
//! verified. zstd may have several frames and skippable ones (RFC 8878), with windows of at most 128 MiB, the format's
//! recommended limit. A stream that ends early is an error, and so is anything else after its end.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// Largest zstd window, as a power of two.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Bytes read from the network at once.
const INPUT_BUFFER_BYTES: usize = 128 << 10;

/// A layer's bytes, uncompressed while they are read.
pub enum Decompressor<R: Read> {
    /// gzip.
    Gzip(GzipMembers<BufReader<R>>),
    /// zstd.
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<R>>>),
    /// A plain tar.
    Plain(BufReader<R>),
}

impl<R: Read> Decompressor<R> {
    /// Looks at the first bytes of `input` and chooses.
    pub fn new(input: R) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(INPUT_BUFFER_BYTES, input);
        // A socket's first read may be short, but never shorter than this in practice; if so it is no valid layer.
        let head = input.fill_buf()?;
        if head.starts_with(&[0x1f, 0x8b]) {
            return Ok(Decompressor::Gzip(GzipMembers { state: Member::Inside(Box::new(GzDecoder::new(input))) }));
        }
        let is_skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
        if is_skippable || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            return Ok(Decompressor::Zstd(Box::new(decoder)));
        }
        Ok(Decompressor::Plain(input))
    }

    /// The compressed input, to be read to its end when the output has ended.
    pub fn into_inner(self) -> Option<R> {
        match self {
            Decompressor::Gzip(members) => members.into_inner().map(BufReader::into_inner),
            Decompressor::Zstd(decoder) => Some(decoder.finish().into_inner()),
            Decompressor::Plain(input) => Some(input.into_inner()),
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decompressor::Gzip(members) => members.read(buffer),
            Decompressor::Zstd(decoder) => decoder.read(buffer),
            Decompressor::Plain(input) => input.read(buffer),
        }
    }
}

/// gzip members, one after the other.
pub struct GzipMembers<R: BufRead> {
    state: Member<R>,
}

enum Member<R: BufRead> {
    Inside(Box<GzDecoder<R>>),
    /// After the last one.
    Ended(R),
    /// An error has been returned.
    Failed,
}

impl<R: BufRead> GzipMembers<R> {
    fn into_inner(self) -> Option<R> {
        match self.state {
            Member::Inside(decoder) => Some(decoder.into_inner()),
            Member::Ended(input) => Some(input),
            Member::Failed => None,
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let Member::Inside(decoder) = &mut self.state else { return Ok(0) };
            let count = decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            let Member::Inside(decoder) = std::mem::replace(&mut self.state, Member::Failed) else { return Ok(0) };
            let mut input = decoder.into_inner();
            let head = input.fill_buf()?;
            if head.first() == Some(&0x1f) {
                self.state = Member::Inside(Box::new(GzDecoder::new(input)));
                continue;
            }
            skip_zeros(&mut input)?;
            self.state = Member::Ended(input);
            return Ok(0);
        }
    }
}

/// Reads zeros to the end of the input; anything else is an error.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let head = input.fill_buf()?;
        if head.iter().any(|byte| *byte != 0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "data after the end of the gzip stream"));
        }
        match head.len() {
            0 => return Ok(()),
            count => input.consume(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn run(input: &[u8]) -> io::Result<Vec<u8>> {
        let mut output = Vec::new();
        Decompressor::new(input)?.read_to_end(&mut output)?;
        Ok(output)
    }

    #[test]
    fn every_compression_gives_the_same_bytes() {
        let data: Vec<u8> = (0..300_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let (one, two) = data.split_at(500_000);
        let frames = |level| [zstd::encode_all(one, level).unwrap(), zstd::encode_all(two, level).unwrap()].concat();
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &frames(1)].concat();
        for (name, input) in [
            ("plain", data.clone()),
            ("gzip", gzip(&data)),
            ("members", [gzip(one), gzip(b""), gzip(two)].concat()),
            ("zeros after", [gzip(&data), vec![0; 1000]].concat()),
            ("zstd", zstd::encode_all(&data[..], 3).unwrap()),
            ("frames", frames(19)),
            ("skippable", skippable),
        ] {
            assert!(run(&input).unwrap() == data, "{name}");
        }
        assert!(run(b"").unwrap().is_empty());
    }

    #[test]
    fn truncation_corruption_and_trailing_data_are_errors() {
        let data: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        for compressed in [gzip(&data), zstd::encode_all(&data[..], 3).unwrap()] {
            for cut in [5, compressed.len() / 2, compressed.len() - 1] {
                assert!(run(&compressed[..cut]).is_err(), "cut at {cut}");
            }
            assert!(run(&[&compressed[..], b"rubbish"].concat()).is_err());
        }
        let mut wrong_checksum = gzip(&data);
        let at = wrong_checksum.len() - 6;
        wrong_checksum[at] ^= 1;
        assert!(run(&wrong_checksum).is_err());
        let mut second_cut = [gzip(&data), gzip(&data)].concat();
        second_cut.truncate(second_cut.len() - 3);
        assert!(run(&second_cut).is_err());
    }
}
