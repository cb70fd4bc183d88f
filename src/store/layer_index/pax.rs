//! Pax extended headers: records that override header fields.
//!
//! POSIX `pax`, "pax Extended Header"; extended attributes as star and Go write them (`SCHILY.xattr.NAME`, raw bytes) and as
//! libarchive does besides (`LIBARCHIVE.xattr.NAME`, name percent-encoded, value base64).

use super::error::TarError;
use super::{Timestamp, limits, sparse};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// What extended headers say about the next entry (or, for a global header, about all that follow).
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub modified: Option<Timestamp>,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub sparse: SparseRecords,
}

/// The `GNU.sparse.*` records.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseRecords {
    pub major: Option<u64>,
    pub minor: Option<u64>,
    /// The name before the archiver decorated it.
    pub name: Option<Vec<u8>>,
    /// The file's size with holes (`size` in 0.x, `realsize` in 1.0).
    pub size: Option<u64>,
    /// Offsets and lengths, alternating.
    pub map: Vec<u64>,
}

impl SparseRecords {
    /// Whether the entry's data starts with a map (format 1.0).
    pub(super) fn has_map_in_data(&self) -> bool {
        self.major == Some(1) && self.minor == Some(0)
    }

    /// Whether the map is in the records (formats 0.0 and 0.1).
    pub(super) fn has_map_in_records(&self) -> bool {
        !self.has_map_in_data() && self.size.is_some()
    }
}

impl Overrides {
    /// Reads all records of one header; later ones win, an empty value takes an override back.
    pub(super) fn read(&mut self, mut records: &[u8], offset: u64) -> Result<(), TarError> {
        while !records.is_empty() {
            let (key, value, rest) = split_record(records).ok_or(TarError::Field { offset, field: "pax record" })?;
            self.apply(key, value, offset)?;
            records = rest;
        }
        Ok(())
    }

    fn apply(&mut self, key: &[u8], value: &[u8], offset: u64) -> Result<(), TarError> {
        let bad = |field| TarError::Field { offset, field };
        match key {
            b"path" => self.path = text(value).map_err(|()| bad("pax path"))?,
            b"linkpath" => self.link = text(value).map_err(|()| bad("pax linkpath"))?,
            b"size" => self.size = optional(value, decimal).map_err(|()| bad("pax size"))?,
            b"uid" => self.uid = optional(value, id).map_err(|()| bad("pax uid"))?,
            b"gid" => self.gid = optional(value, id).map_err(|()| bad("pax gid"))?,
            b"mtime" => self.modified = optional(value, timestamp).map_err(|()| bad("pax mtime"))?,
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.set_xattr(name.to_vec(), value.to_vec(), offset)?;
                } else if let Some(name) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
                    let decoded = STANDARD_NO_PAD.decode(value).or_else(|_| STANDARD.decode(value));
                    let value = decoded.map_err(|_| bad("pax extended attribute"))?;
                    self.set_xattr(percent_decode(name), value, offset)?;
                } else if let Some(name) = key.strip_prefix(b"GNU.sparse.") {
                    self.apply_sparse(name, value).map_err(|()| bad("pax sparse record"))?;
                }
            }
        }
        Ok(())
    }

    fn apply_sparse(&mut self, name: &[u8], value: &[u8]) -> Result<(), ()> {
        let sparse = &mut self.sparse;
        match name {
            b"major" => sparse.major = Some(decimal(value).ok_or(())?),
            b"minor" => sparse.minor = Some(decimal(value).ok_or(())?),
            b"name" => sparse.name = text(value)?,
            b"size" | b"realsize" => sparse.size = Some(decimal(value).ok_or(())?),
            b"offset" if sparse.map.len().is_multiple_of(2) => sparse.map.push(decimal(value).ok_or(())?),
            b"numbytes" if !sparse.map.len().is_multiple_of(2) => sparse.map.push(decimal(value).ok_or(())?),
            b"offset" | b"numbytes" => return Err(()),
            b"map" => {
                let numbers = value.split(|&byte| byte == b',').filter(|number| !number.is_empty());
                sparse.map = numbers.map(decimal).collect::<Option<_>>().ok_or(())?;
                if !sparse.map.len().is_multiple_of(2) {
                    return Err(());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The pairs of a map kept in records.
    pub(super) fn sparse_pairs(&self) -> Vec<(u64, u64)> {
        sparse::pairs(&self.sparse.map)
    }

    /// Keeps an attribute, unless it would speak to the overlay file system above us instead of to programs.
    fn set_xattr(&mut self, name: Vec<u8>, value: Vec<u8>, offset: u64) -> Result<(), TarError> {
        if name.starts_with(b"user.overlay.") || name.starts_with(b"trusted.overlay.") {
            return Ok(());
        }
        if name.is_empty() || name.contains(&0) {
            return Err(TarError::Field { offset, field: "extended attribute name" });
        }
        let limit = |limit: usize, what| TarError::Limit { offset, limit: limit as u64, what };
        if name.len() > limits::XATTR_NAME_BYTES {
            return Err(limit(limits::XATTR_NAME_BYTES, "bytes of an extended attribute name"));
        }
        if value.len() > limits::XATTR_BYTES {
            return Err(limit(limits::XATTR_BYTES, "bytes of an extended attribute"));
        }
        match self.xattrs.binary_search_by(|known| known.0.as_slice().cmp(&name)) {
            Ok(at) => self.xattrs[at].1 = value,
            Err(at) => self.xattrs.insert(at, (name, value)),
        }
        Ok(())
    }
}

/// Splits `LENGTH KEY=VALUE\n` from what follows.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().take(10).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&records[..space])?).ok()?;
    if length <= space + 1 || length > records.len() {
        return None;
    }
    let (record, rest) = records.split_at(length);
    let body = record[space + 1..].strip_suffix(b"\n")?;
    let equals = body.iter().position(|&byte| byte == b'=')?;
    (equals > 0).then(|| (&body[..equals], &body[equals + 1..], rest))
}

fn optional<T>(value: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, ()> {
    if value.is_empty() { Ok(None) } else { read(value).map(Some).ok_or(()) }
}

fn text(value: &[u8]) -> Result<Option<Vec<u8>>, ()> {
    match value {
        b"" => Ok(None),
        value if value.contains(&0) => Err(()),
        value => Ok(Some(value.to_vec())),
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, &byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// (uid_t)-1 can own nothing.
fn id(text: &[u8]) -> Option<u32> {
    u32::try_from(decimal(text)?).ok().filter(|&id| id != u32::MAX)
}

/// `[-]SECONDS[.FRACTION]`; digits beyond nanoseconds are dropped.
fn timestamp(text: &[u8]) -> Option<Timestamp> {
    let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let mut parts = text.splitn(2, |&byte| byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanoseconds = digits.fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some(match (negative, nanoseconds) {
        (false, _) => Timestamp { seconds, nanoseconds },
        (true, 0) => Timestamp { seconds: -seconds, nanoseconds: 0 },
        (true, _) => Timestamp { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.get(..2).and_then(hexadecimal)).flatten();
        decoded.push(escape.unwrap_or(byte));
        rest = if escape.is_some() { &after[2..] } else { after };
    }
    decoded
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_fractions_and_before_the_epoch() {
        let at = |seconds, nanoseconds| Some(Timestamp { seconds, nanoseconds });
        for (text, expected) in [
            ("0", at(0, 0)),
            ("1700000000.123456789", at(1_700_000_000, 123_456_789)),
            ("1.5", at(1, 500_000_000)),
            ("1.1234567899", at(1, 123_456_789)),
            ("-1", at(-1, 0)),
            ("-1.5", at(-2, 500_000_000)),
            ("1.x", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(timestamp(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn records_are_split_by_their_length() {
        assert_eq!(split_record(b"7 a=b\n\n8 "), Some((&b"a"[..], &b"b\n"[..], &b"8 "[..])));
        let cases: &[(&[u8], bool)] = &[
            (b"6 a=b\n", true),
            (b"7 a=b\n", false),
            (b"5 a=b\n", false),
            (b"6 a-b\n", false),
            (b"5 =b\n", false),
            (b"0 a=b\n", false),
            (b"99999999999 a=b\n", false),
            (b"a=b\n", false),
        ];
        for (record, valid) in cases {
            assert_eq!(split_record(record).is_some(), *valid, "{}", record.escape_ascii());
        }
    }

    #[test]
    fn attributes_for_the_overlay_are_dropped_and_names_decoded() {
        let mut overrides = Overrides::default();
        for (key, value) in [
            ("SCHILY.xattr.user.overlay.opaque", "y"),
            ("SCHILY.xattr.trusted.overlay.redirect", "/etc"),
            ("LIBARCHIVE.xattr.user.a%3Db", "dmFsdWU"),
            ("SCHILY.xattr.user.c", "1"),
            ("SCHILY.xattr.user.c", "2"),
        ] {
            overrides.apply(key.as_bytes(), value.as_bytes(), 0).unwrap();
        }
        let expected: Vec<(Vec<u8>, Vec<u8>)> =
            vec![(b"user.a=b".to_vec(), b"value".to_vec()), (b"user.c".to_vec(), b"2".to_vec())];
        assert_eq!(overrides.xattrs, expected);
    }
}
