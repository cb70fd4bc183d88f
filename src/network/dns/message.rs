//! DNS messages, as far as a forwarder needs them (RFC 1035 section 4).

use std::net::IpAddr;

/// Length of a header, in bytes.
const HEADER: usize = 12;
/// Longest name on the wire, in bytes (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 255;
/// Longest label, in bytes.
const LONGEST_LABEL: u8 = 63;
/// Seconds for which an answer of our own may be kept: containers come and go.
const OWN_TTL: u32 = 5;

/// Record types (RFC 1035, RFC 3596).
pub(super) const A: u16 = 1;
pub(super) const PTR: u16 = 12;
pub(super) const AAAA: u16 = 28;
/// Any type.
pub(super) const ANY: u16 = 255;
const CLASS_IN: u16 = 1;
const CLASS_ANY: u16 = 255;

/// Response codes.
pub(super) const NO_ERROR: u8 = 0;
pub(super) const FORMAT_ERROR: u8 = 1;
pub(super) const SERVER_FAILURE: u8 = 2;
pub(super) const NAME_ERROR: u8 = 3;
pub(super) const NOT_IMPLEMENTED: u8 = 4;

/// Why a message is not a query that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not even a reply can be made: too short, or a response.
    Ignore,
    /// Answer with this code.
    Answer(u8),
}

/// The question of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name as on the wire, in lower case: labels with their lengths, without the root's.
    pub name: Vec<u8>,
    /// Record type.
    pub kind: u16,
    /// Record class.
    pub class: u16,
    /// Where the question ends in the message.
    pub end: usize,
}

impl Question {
    /// Whether it is about the Internet.
    pub(super) fn is_internet(&self) -> bool {
        self.class == CLASS_IN || self.class == CLASS_ANY
    }
}

/// The question of a query with exactly one.
pub fn parse_query(message: &[u8]) -> Result<Question, Malformed> {
    let header = message.get(..HEADER).ok_or(Malformed::Ignore)?;
    if header[2] & 0x80 != 0 {
        return Err(Malformed::Ignore);
    }
    if header[2] & 0x78 != 0 {
        return Err(Malformed::Answer(NOT_IMPLEMENTED));
    }
    if [header[4], header[5]] != [0, 1] {
        return Err(Malformed::Answer(FORMAT_ERROR));
    }
    question(message).ok_or(Malformed::Answer(FORMAT_ERROR))
}

/// The question behind a header. Names in it are never compressed: there is nothing before them to point to.
fn question(message: &[u8]) -> Option<Question> {
    let mut at = HEADER;
    loop {
        let length = *message.get(at)?;
        if length == 0 {
            break;
        }
        if length > LONGEST_LABEL || at + usize::from(length) - HEADER >= LONGEST_NAME {
            return None;
        }
        at += 1 + usize::from(length);
    }
    let name = message.get(HEADER..at)?.to_ascii_lowercase();
    let rest: &[u8; 4] = message.get(at + 1..)?.first_chunk()?;
    let [kind, class] = [[rest[0], rest[1]], [rest[2], rest[3]]].map(u16::from_be_bytes);
    Some(Question { name, kind, class, end: at + 5 })
}

/// Whether `response` answers `query` as it was sent: same id, a response, the same question.
///
/// A server that could not read the query may leave the question out.
pub(super) fn is_answer(query: &[u8], response: &[u8]) -> bool {
    let (Some(asked), Some(got)) = (query.get(..HEADER), response.get(..HEADER)) else { return false };
    if asked[..2] != got[..2] || got[2] & 0x80 == 0 {
        return false;
    }
    match [got[4], got[5]] {
        [0, 0] => code(response) != NO_ERROR,
        [0, 1] => match (question(query), question(response)) {
            (Some(asked), Some(got)) => asked == got,
            _ => false,
        },
        _ => false,
    }
}

/// The response code.
pub(super) fn code(response: &[u8]) -> u8 {
    response.get(3).map_or(SERVER_FAILURE, |byte| byte & 0x0f)
}

/// Sets the id.
pub(super) fn set_id(message: &mut [u8], id: [u8; 2]) {
    if let Some(start) = message.first_chunk_mut() {
        *start = id;
    }
}

/// The id.
pub(super) fn id(message: &[u8]) -> [u8; 2] {
    message.first_chunk().copied().unwrap_or_default()
}

/// A reply without records. `question_end` is where the question of `query` ends; without one it is left out.
pub(super) fn reply(query: &[u8], question_end: Option<usize>, code: u8) -> Vec<u8> {
    let mut reply = Vec::with_capacity(64);
    let flags = query.get(2).copied().unwrap_or_default();
    reply.extend_from_slice(&id(query));
    // A response, with the query's opcode and "recursion desired"; recursion is available.
    reply.extend_from_slice(&[0x80 | (flags & 0x79), 0x80 | code]);
    let question = question_end.and_then(|end| query.get(HEADER..end));
    reply.extend_from_slice(&[0, u8::from(question.is_some()), 0, 0, 0, 0, 0, 0]);
    reply.extend_from_slice(question.unwrap_or_default());
    reply
}

/// A reply with addresses; those of the wrong family are left out.
pub(super) fn addresses(query: &[u8], question: &Question, addresses: &[IpAddr]) -> Vec<u8> {
    let mut reply = reply(query, Some(question.end), NO_ERROR);
    let mut count = 0;
    for address in addresses {
        let (kind, data) = match address {
            IpAddr::V4(address) => (A, address.octets().to_vec()),
            IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
        };
        if question.kind == kind || question.kind == ANY {
            record(&mut reply, kind, &data);
            count += 1;
        }
    }
    reply[7] = count;
    reply
}

/// A reply that points to a name on the wire.
pub(super) fn pointer(query: &[u8], question: &Question, name: &[u8]) -> Vec<u8> {
    let mut reply = reply(query, Some(question.end), NO_ERROR);
    let mut data = name.to_vec();
    data.push(0);
    record(&mut reply, PTR, &data);
    reply[7] = 1;
    reply
}

/// Appends a record about the name in question.
fn record(reply: &mut Vec<u8>, kind: u16, data: &[u8]) {
    // 0xc00c points to offset 12, where the question's name begins.
    reply.extend_from_slice(&[0xc0, HEADER as u8]);
    reply.extend_from_slice(&kind.to_be_bytes());
    reply.extend_from_slice(&CLASS_IN.to_be_bytes());
    reply.extend_from_slice(&OWN_TTL.to_be_bytes());
    reply.extend_from_slice(&(data.len() as u16).to_be_bytes());
    reply.extend_from_slice(data);
}

/// A name as on the wire, in lower case, without the root's label; `None` for what cannot be a name.
pub(super) fn wire_name(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut wire = Vec::with_capacity(text.len() + 1);
    for label in text.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=LONGEST_LABEL).contains(length))?;
        wire.push(length);
        wire.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    (wire.len() < LONGEST_NAME).then_some(wire)
}
