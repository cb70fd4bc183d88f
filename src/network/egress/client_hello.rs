//! The server name in the first message of a TLS client (RFC 8446 section 4.1.2, RFC 6066 section 3).
//!
//! The bytes come from the container and are hostile. Nothing is allocated from a length they claim, every read is
//! checked, and there is no recursion: a ClientHello is put together from records, then walked once.

/// Most bytes of a connection that are looked at. Hellos with post-quantum key shares take about 2 KiB, the largest ones seen
/// with resumption tickets 6 KiB.
pub const MOST_BYTES: usize = 16 * 1024;

/// `ContentType.handshake`, RFC 8446 section 5.1.
const HANDSHAKE: u8 = 22;
/// `HandshakeType.client_hello`, RFC 8446 section 4.
const CLIENT_HELLO: u8 = 1;
/// `ExtensionType.server_name`, RFC 6066 section 1.1.
const SERVER_NAME: u16 = 0;
/// `NameType.host_name`, RFC 6066 section 3.
const HOST_NAME: u8 = 0;
/// Longest record body that any version allows (RFC 5246 section 6.2.3).
const LONGEST_RECORD: usize = (1 << 14) + 2048;

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hello {
    /// The beginning of a ClientHello; more is needed.
    Incomplete,
    /// A ClientHello for this server, lower case.
    Name(String),
    /// A ClientHello without a server name.
    NoName,
    /// Not TLS, or damaged.
    Other,
}

/// Reads the first bytes of a connection.
pub fn read(first: &[u8]) -> Hello {
    let mut message = Vec::with_capacity(first.len().min(MOST_BYTES));
    let mut rest = first;
    loop {
        if message.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
            return Hello::Other;
        }
        match wanted(&message) {
            Some(wanted) if message.len() >= wanted => return hello(&message[4..wanted]),
            Some(wanted) if wanted > MOST_BYTES => return Hello::Other,
            _ => {}
        }
        let header = &rest[..rest.len().min(5)];
        if header.first().is_some_and(|kind| *kind != HANDSHAKE) || header.get(1).is_some_and(|major| *major != 3) {
            return Hello::Other;
        }
        let &[_, _, _, high, low] = header else { return Hello::Incomplete };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length == 0 || length > LONGEST_RECORD {
            return Hello::Other;
        }
        let body = &rest[5..];
        message.extend_from_slice(&body[..body.len().min(length)]);
        if body.len() < length && wanted(&message).is_none_or(|wanted| message.len() < wanted) {
            let is_other = message.first().is_some_and(|kind| *kind != CLIENT_HELLO);
            let is_huge = wanted(&message).is_some_and(|wanted| wanted > MOST_BYTES);
            return if is_other || is_huge { Hello::Other } else { Hello::Incomplete };
        }
        rest = &body[body.len().min(length)..];
    }
}

/// The whole length of the handshake message that begins here, once its header is there.
fn wanted(message: &[u8]) -> Option<usize> {
    let length = message.get(1..4)?;
    Some(4 + (usize::from(length[0]) << 16 | usize::from(length[1]) << 8 | usize::from(length[2])))
}

/// Reads the body of a ClientHello.
fn hello(body: &[u8]) -> Hello {
    match name(&mut Reader(body)) {
        Some(Some(name)) => Hello::Name(name),
        Some(None) => Hello::NoName,
        None => Hello::Other,
    }
}

/// The name, if any; `None` for a damaged message.
fn name(reader: &mut Reader<'_>) -> Option<Option<String>> {
    reader.take(2 + 32)?; // legacy_version, random
    reader.short()?; // legacy_session_id
    reader.long()?; // cipher_suites
    reader.short()?; // legacy_compression_methods
    if reader.0.is_empty() {
        return Some(None);
    }
    let mut extensions = Reader(reader.long()?);
    let mut found = None;
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let content = extensions.long()?;
        if kind == SERVER_NAME {
            // Twice the same extension is illegal; a server and we could otherwise see different ones.
            if found.replace(host(content)?).is_some() {
                return None;
            }
        }
    }
    Some(found)
}

/// The one host name of the extension.
fn host(content: &[u8]) -> Option<String> {
    let mut extension = Reader(content);
    let mut list = Reader(extension.long()?);
    let kind = *list.take(1)?.first()?;
    let name = list.long()?;
    let is_name = !name.is_empty()
        && name.len() <= super::rules::LONGEST_NAME + 1
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte));
    if kind != HOST_NAME || !is_name || !list.0.is_empty() || !extension.0.is_empty() {
        return None;
    }
    Some(super::rules::normal(std::str::from_utf8(name).ok()?))
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// Bytes behind a length of one byte.
    fn short(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    /// Bytes behind a length of two bytes.
    fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn long(content: &[u8]) -> Vec<u8> {
        [&(content.len() as u16).to_be_bytes()[..], content].concat()
    }

    fn server_name(name: &[u8]) -> Vec<u8> {
        [&[0, 0][..], &long(&long(&[&[0][..], &long(name)].concat()))].concat()
    }

    /// A handshake message with these extensions.
    fn message(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([2, 1, 2]);
        body.extend(long(&[0x13, 1]));
        body.extend([1, 0]);
        body.extend(long(extensions));
        let length = (body.len() as u32).to_be_bytes();
        [&[CLIENT_HELLO][..], &length[1..], &body].concat()
    }

    /// A handshake message cut into records of this size.
    fn records(message: &[u8], size: usize) -> Vec<u8> {
        message.chunks(size).flat_map(|part| [&[HANDSHAKE, 3, 1][..], &long(part)].concat()).collect()
    }

    /// A ClientHello for `name`.
    pub fn sample(name: &str) -> Vec<u8> {
        let other = [&[0, 43][..], &long(&[2, 3, 4])].concat();
        records(&message(&[other, server_name(name.as_bytes())].concat()), 1 << 14)
    }

    #[test]
    fn the_name_is_found_however_it_is_cut() {
        let whole = message(&server_name(b"Www.Example.Org"));
        for size in [1, 2, 3, 7, 40, 4000] {
            let stream = records(&whole, size);
            assert_eq!(read(&stream), Hello::Name("www.example.org".to_owned()), "{size}");
            for end in 0..stream.len() {
                assert_eq!(read(&stream[..end]), Hello::Incomplete, "{size} {end}");
            }
        }
    }

    #[test]
    fn what_is_no_name() {
        assert_eq!(read(&records(&message(&[]), 99)), Hello::NoName);
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), Hello::Other);
        assert_eq!(read(b"\x16\x03\x01\x00\x00"), Hello::Other);
        assert_eq!(read(b"\x16\x03\x01\xff\xff"), Hello::Other);
        assert_eq!(read(b"\x16\x03\x01\x00\x04\x02\x00\x00\x00"), Hello::Other);
        assert_eq!(read(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"), Hello::Other);
        let twice = [server_name(b"a.example"), server_name(b"b.example")].concat();
        for extensions in [twice, server_name(b""), server_name(b"a b"), server_name(b"a\0b"), vec![0, 0, 0, 9]] {
            assert_eq!(read(&records(&message(&extensions), 99)), Hello::Other);
        }
    }

    #[test]
    fn damaged_hellos_never_panic_and_no_word_is_taken_back() {
        let good = sample("www.example.org");
        for index in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[index] = value;
                // However much of it has come, what was said of it is never taken back.
                let mut before = Hello::Incomplete;
                for length in 0..=bad.len() {
                    let now = read(&bad[..length]);
                    assert!(before == Hello::Incomplete || now == before, "{index} {value}: {before:?}, then {now:?}");
                    before = now;
                }
            }
        }
    }
}
