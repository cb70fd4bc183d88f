//! As much of DNS messages as egress rules need (RFC 1035 section 4): the question, the addresses in an answer, and a
//! reply that there is no such name.
//!
//! Questions come from the container and answers from afar: both are hostile. A name follows at most `MOST_JUMPS`
//! compression pointers and is at most 253 bytes long; counts in the header are never allocated, only counted down
//! while there are bytes.

use super::rules::LONGEST_NAME;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most compression pointers in one name; a name has at most 127 labels.
const MOST_JUMPS: usize = 127;
/// Length of the header, RFC 1035 section 4.1.1.
const HEADER: usize = 12;
/// Most aliases from the name that was asked for to one with an address.
const MOST_ALIASES: usize = 16;
/// `TYPE` values (RFC 1035 section 3.2.2, RFC 3596 section 2.1).
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
/// `CLASS` IN.
const INTERNET: u16 = 1;
/// QR, and the bits of the second flag byte: RA and RCODE 3, "name error".
const RESPONSE: u8 = 0x80;
const NO_SUCH_NAME: u8 = 0x83;

/// The one question of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name asked for, without final dot; bytes that host names do not have are written `\DDD`.
    pub name: String,
    /// Where the question section ends in the message.
    end: usize,
}

/// Reads the question of a query or response. `None` unless there is exactly one, in class IN.
pub fn question(message: &[u8]) -> Option<Question> {
    if number(message, 4)? != 1 {
        return None;
    }
    let (name, after) = name(message, HEADER)?;
    (number(message, after + 2)? == INTERNET).then_some(Question { name, end: after + 4 })
}

/// The reply to `query` that says that there is no such name.
pub fn no_such_name(query: &[u8], question: &Question) -> Vec<u8> {
    let mut reply = query.get(..question.end).unwrap_or_default().to_vec();
    if let Some(header) = reply.get_mut(..HEADER) {
        header[2] |= RESPONSE;
        header[3] = NO_SUCH_NAME;
        header[6..HEADER].fill(0); // no answers, authorities and additional records
    }
    reply
}

/// The addresses an answer gives for the name that was asked for, through its aliases, with times to live in seconds.
pub fn addresses(response: &[u8], question: &Question) -> Vec<(IpAddr, u32)> {
    let mut aliases = vec![question.name.to_ascii_lowercase()];
    let mut found = Vec::new();
    let mut at = question.end;
    let count = number(response, 6).unwrap_or(0);
    for _ in 0..count {
        let Some((owner, record)) = record(response, at) else { break };
        at = record.end;
        if record.class != INTERNET || !aliases.contains(&owner.to_ascii_lowercase()) {
            continue;
        }
        let data = response.get(record.data..record.end).unwrap_or_default();
        match record.kind {
            A => found.extend(<[u8; 4]>::try_from(data).map(|bytes| (Ipv4Addr::from(bytes).into(), record.ttl))),
            AAAA => found.extend(<[u8; 16]>::try_from(data).map(|bytes| (Ipv6Addr::from(bytes).into(), record.ttl))),
            CNAME if aliases.len() < MOST_ALIASES => {
                aliases.extend(name(response, record.data).map(|(target, _)| target.to_ascii_lowercase()));
            }
            _ => {}
        }
    }
    found
}

/// Fixed fields of a resource record and where its data is.
struct Record {
    kind: u16,
    class: u16,
    ttl: u32,
    data: usize,
    end: usize,
}

fn record(message: &[u8], at: usize) -> Option<(String, Record)> {
    let (owner, after) = name(message, at)?;
    let ttl = u32::from(number(message, after + 4)?) << 16 | u32::from(number(message, after + 6)?);
    let data = after + 10;
    let end = data + usize::from(number(message, after + 8)?);
    let record = Record { kind: number(message, after)?, class: number(message, after + 2)?, ttl, data, end };
    (end <= message.len()).then_some((owner, record))
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    let bytes = message.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// The name at an offset, and where it ends there.
fn name(message: &[u8], start: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    let (mut at, mut end, mut jumps, mut length) = (start, None, 0, 0);
    loop {
        let count = *message.get(at)?;
        match count {
            0 => return Some((name, end.unwrap_or(at + 1))),
            1..=63 => {
                let label = message.get(at + 1..at + 1 + usize::from(count))?;
                length += label.len() + 1;
                if length > LONGEST_NAME + 1 {
                    return None;
                }
                if !name.is_empty() {
                    name.push('.');
                }
                label.iter().for_each(|byte| push(&mut name, *byte));
                at += 1 + label.len();
            }
            0xc0.. => {
                jumps += 1;
                if jumps > MOST_JUMPS {
                    return None;
                }
                end.get_or_insert(at + 2);
                at = usize::from(number(message, at)? & 0x3fff);
            }
            _ => return None,
        }
    }
}

/// Appends a byte of a label, as master files write it (RFC 1035 section 5.1): a dot inside a label is no separator.
fn push(name: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
        name.push(char::from(byte));
    } else {
        use std::fmt::Write;
        let _ = write!(name, "\\{byte:03}"); // a String takes everything
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn wire(name: &str) -> Vec<u8> {
        let labels = name.split('.').filter(|label| !label.is_empty());
        let mut bytes: Vec<u8> =
            labels.flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
        bytes.push(0);
        bytes
    }

    /// A query for a name.
    pub fn query(name: &str) -> Vec<u8> {
        [&[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &wire(name), &[0, 1, 0, 1]].concat()
    }

    /// The answer to `query` with these records: owner, type, data; all live 60 seconds.
    pub fn answer(query: &[u8], records: &[(&str, u16, Vec<u8>)]) -> Vec<u8> {
        let mut response = query.to_vec();
        response[2] |= 0x80;
        response[7] = records.len() as u8;
        for (owner, kind, data) in records {
            response.extend(if owner.is_empty() { vec![0xc0, 12] } else { wire(owner) });
            response.extend(kind.to_be_bytes());
            response.extend([0, 1, 0, 0, 0, 60]);
            response.extend((data.len() as u16).to_be_bytes());
            response.extend(data);
        }
        response
    }

    fn addresses_of(response: &[u8]) -> Vec<String> {
        let question = question(response).expect("a question");
        addresses(response, &question).into_iter().map(|(address, ttl)| format!("{address} {ttl}")).collect()
    }

    #[test]
    fn questions_and_refusals() {
        let query = query("Www.Example.org");
        let asked = question(&query).unwrap();
        assert_eq!(asked.name, "Www.Example.org");
        let reply = no_such_name(&[&query[..], b"additional"].concat(), &asked);
        assert_eq!(reply[..2], query[..2]);
        assert_eq!(reply[2..4], [0x81, 0x83]);
        assert_eq!(reply[4..12], [0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(reply[12..], query[12..]);
        let odd = [&query[..12], b"\x03a.b\x02\xff\x00\x00", &[0, 1, 0, 1]].concat();
        assert_eq!(question(&odd).unwrap().name, "a\\046b.\\255\\000");
    }

    #[test]
    fn answers_through_aliases() {
        let query = query("www.example.org");
        let response = answer(
            &query,
            &[
                ("", CNAME, wire("a.cdn.example")),
                ("a.cdn.example", CNAME, wire("b.cdn.example")),
                ("b.cdn.example", A, vec![192, 0, 2, 1]),
                ("B.cdn.example", AAAA, Ipv6Addr::LOCALHOST.octets().to_vec()),
                ("other.example", A, vec![192, 0, 2, 2]),
                ("b.cdn.example", A, vec![192, 0, 2]),
                ("", A, vec![192, 0, 2, 3]),
            ],
        );
        assert_eq!(addresses_of(&response), ["192.0.2.1 60", "::1 60", "192.0.2.3 60"]);
    }

    #[test]
    fn loops_and_lengths() {
        let mut looping = query("a.example");
        looping[12..14].copy_from_slice(&[0xc0, 12]);
        assert_eq!(question(&looping), None);
        let long = ["abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"; 5].join(".");
        assert_eq!(question(&query(&long)), None);
        let mut two = query("a.example");
        two[5] = 2;
        assert_eq!(question(&two), None);
        assert_eq!(question(&[]), None);
    }

    #[test]
    fn damaged_messages_never_panic() {
        let good = answer(&query("www.example.org"), &[("", CNAME, wire("b")), ("b", A, vec![1, 2, 3, 4])]);
        for index in 0..good.len() {
            for value in [0, 1, 12, 0x3f, 0x40, 0xc0, 0xff] {
                let mut bad = good.clone();
                bad[index] = value;
                for message in [&bad[..], &bad[..index]] {
                    if let Some(asked) = question(message) {
                        let _ = (addresses(message, &asked), no_such_name(message, &asked));
                    }
                }
            }
        }
    }
}
