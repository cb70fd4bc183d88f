//! The 512-byte header block: fields, checksum, dialects.

use super::error::TarError;

/// Size of a tar block in bytes (POSIX `pax`, "ustar Interchange Format").
pub(super) const BLOCK: usize = 512;

/// Which fields beyond the oldest ones a header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Seventh Edition: no magic; only the first 257 bytes mean anything.
    V7,
    /// POSIX: a prefix for long names, device numbers.
    Ustar,
    /// Schilling's star: a shorter prefix.
    Star,
    /// Old GNU: no prefix.
    Gnu,
}

/// A header block whose checksum is right.
#[derive(Debug)]
pub(super) struct Header<'a> {
    block: &'a [u8; BLOCK],
    /// Where it is in the tar.
    pub offset: u64,
    /// What wrote it.
    pub dialect: Dialect,
}

impl<'a> Header<'a> {
    /// Checks the checksum, summed as unsigned or, as some old tars did, as signed bytes.
    pub(super) fn parse(block: &'a [u8; BLOCK], offset: u64) -> Result<Self, TarError> {
        let stored = number(&block[148..156]).ok_or(TarError::Checksum { offset })?;
        let mut unsigned = 0i64;
        let mut signed = 0i64;
        for (at, &byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte as i8);
        }
        if stored != unsigned && stored != signed {
            return Err(TarError::Checksum { offset });
        }
        let dialect = match &block[257..265] {
            b"ustar  \0" => Dialect::Gnu,
            magic if magic.starts_with(b"ustar\0") && &block[508..512] == b"tar\0" => Dialect::Star,
            magic if magic.starts_with(b"ustar") => Dialect::Ustar,
            _ => Dialect::V7,
        };
        Ok(Header { block, offset, dialect })
    }

    /// The type flag.
    pub(super) fn kind(&self) -> u8 {
        self.block[156]
    }

    /// The name, prefix included.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.block[0..100]);
        let prefix = match self.dialect {
            Dialect::Ustar => text(&self.block[345..500]),
            Dialect::Star => text(&self.block[345..476]),
            Dialect::V7 | Dialect::Gnu => b"",
        };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    /// The link target.
    pub(super) fn link(&self) -> &'a [u8] {
        text(&self.block[157..257])
    }

    /// Permission bits, set-id and sticky bits included.
    pub(super) fn mode(&self) -> Result<u16, TarError> {
        let mode = self.field(100..108, "mode")?;
        Ok((mode & 0o7777) as u16)
    }

    /// Owner.
    pub(super) fn uid(&self) -> Result<u32, TarError> {
        self.id(108..116, "user id")
    }

    /// Group.
    pub(super) fn gid(&self) -> Result<u32, TarError> {
        self.id(116..124, "group id")
    }

    /// Stored bytes that follow.
    pub(super) fn size(&self) -> Result<u64, TarError> {
        self.unsigned(124..136, "size")
    }

    /// Seconds since the epoch.
    pub(super) fn modified(&self) -> Result<i64, TarError> {
        self.field(136..148, "modification time")
    }

    /// Device numbers, zero where the dialect has none.
    pub(super) fn device(&self) -> Result<(u32, u32), TarError> {
        if self.dialect == Dialect::V7 {
            return Ok((0, 0));
        }
        let part = |range, field| {
            let value = self.field(range, field)?;
            u32::try_from(value).map_err(|_| TarError::Field { offset: self.offset, field })
        };
        Ok((part(329..337, "device major number")?, part(337..345, "device minor number")?))
    }

    /// Old GNU sparse: the file's size with holes.
    pub(super) fn sparse_size(&self) -> Result<u64, TarError> {
        self.unsigned(483..495, "sparse size")
    }

    /// Old GNU sparse: the pairs in the header, and whether an extension block follows.
    pub(super) fn sparse_map(&self) -> Result<(Vec<(u64, u64)>, bool), TarError> {
        let pairs = sparse_pairs(&self.block[386..482]).ok_or(self.invalid("sparse map"))?;
        Ok((pairs, self.block[482] != 0))
    }

    fn invalid(&self, field: &'static str) -> TarError {
        TarError::Field { offset: self.offset, field }
    }

    fn field(&self, range: std::ops::Range<usize>, field: &'static str) -> Result<i64, TarError> {
        number(&self.block[range]).ok_or(self.invalid(field))
    }

    fn unsigned(&self, range: std::ops::Range<usize>, field: &'static str) -> Result<u64, TarError> {
        u64::try_from(self.field(range, field)?).map_err(|_| self.invalid(field))
    }

    fn id(&self, range: std::ops::Range<usize>, field: &'static str) -> Result<u32, TarError> {
        let id = u32::try_from(self.field(range, field)?).map_err(|_| self.invalid(field))?;
        // (uid_t)-1 means "leave alone" to chown(2), so nobody can own a file as it.
        if id == u32::MAX { Err(self.invalid(field)) } else { Ok(id) }
    }
}

/// Pairs of an old GNU sparse map; an empty length ends the list.
pub(super) fn sparse_pairs(bytes: &[u8]) -> Option<Vec<(u64, u64)>> {
    let mut pairs = Vec::new();
    for pair in bytes.chunks_exact(24) {
        if pair[12] == 0 {
            break;
        }
        let offset = u64::try_from(number(&pair[..12])?).ok()?;
        let length = u64::try_from(number(&pair[12..])?).ok()?;
        pairs.push((offset, length));
    }
    Some(pairs)
}

/// The bytes before the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Octal text or, when the first bit is set, a big-endian two's complement number (GNU and star).
fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 == 0 {
        return octal(field);
    }
    let negative = first & 0x40 != 0;
    let top = i128::from(first & 0x3f) - if negative { 0x40 } else { 0 };
    let mut value = top;
    for &byte in rest {
        // More than 64 significant bits can never come back into range.
        if value > i128::from(u64::MAX) || value < -i128::from(u64::MAX) {
            return None;
        }
        value = value * 256 + i128::from(byte);
    }
    i64::try_from(value).ok()
}

fn octal(field: &[u8]) -> Option<i64> {
    let text = text(field).trim_ascii();
    text.iter().try_fold(0i64, |value, &byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_in_octal_and_base_256() {
        let cases: &[(&[u8], Option<i64>)] = &[
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0", Some(0)),
            (b"77777777777\0", Some(0o77777777777)),
            (b"12x\0", None),
            (b"-1\0", None),
            (b"\x80\0\0\0\0\0\0\x10\0\0\0\0", Some(0x10_0000_0000)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ];
        for (field, expected) in cases {
            assert_eq!(number(field), *expected, "{}", field.escape_ascii());
        }
    }
}
