//! One line of the journal: a change of the tree, and its bytes.
//!
//! All numbers are little-endian; a string is its length in 32 bits and its bytes. Reading is strict: what is longer, shorter or
//! of another form than it should be is no operation at all.

/// A moment (timespec(3type)); the nanoseconds are below 1,000,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Time {
    pub seconds: i64,
    pub nanoseconds: u32,
}

type Bytes = Box<[u8]>;
/// A directory's number and a name in it.
pub(super) type Entry = (u64, Bytes);

/// What happened. Files are named by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Of a snapshot: a file, as yet without names. `text` is where a symbolic link leads.
    Node { id: u64, mode: u32, times: [Time; 3], text: Bytes },
    /// Of a snapshot: a name of a file.
    Entry { at: Entry, id: u64 },
    /// Of a snapshot: an extended attribute.
    Xattr { id: u64, name: Bytes, value: Bytes },
    /// Ends a snapshot: the largest number ever given.
    Last { id: u64 },
    /// A new file under a name.
    Make { at: Entry, id: u64, mode: u32, text: Bytes },
    /// Another name.
    Link { id: u64, at: Entry },
    /// A name, or an empty directory, goes.
    Remove { at: Entry },
    /// As rename(2), replacing what is there.
    Rename { from: Entry, to: Entry },
    /// Two names change places.
    Exchange { from: Entry, to: Entry },
    /// Other permissions, or just the change time.
    Mode { id: u64, mode: u32 },
    /// Other times; those that are not given stay.
    Times { id: u64, accessed: Option<Time>, modified: Option<Time> },
    /// The contents changed.
    Changed { id: u64 },
    /// An extended attribute gets a value.
    SetXattr { id: u64, name: Bytes, value: Bytes },
    /// An extended attribute goes.
    RemoveXattr { id: u64, name: Bytes },
}

impl Operation {
    /// Whether it needs no more room afterwards than before.
    pub(super) fn frees(&self) -> bool {
        matches!(self, Operation::Remove { .. } | Operation::RemoveXattr { .. })
    }

    /// The bytes of this operation at this time.
    pub(super) fn encode(&self, now: Time) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(64));
        out.time(now);
        match self {
            Operation::Node { id, mode, times, text } => {
                out.start(1, *id).word(*mode);
                times.iter().for_each(|time| _ = out.time(*time));
                out.bytes(text)
            }
            Operation::Entry { at, id } => out.start(2, *id).entry(at),
            Operation::Xattr { id, name, value } => out.start(3, *id).bytes(name).bytes(value),
            Operation::Last { id } => out.start(4, *id),
            Operation::Make { at, id, mode, text } => out.start(5, *id).entry(at).word(*mode).bytes(text),
            Operation::Link { id, at } => out.start(6, *id).entry(at),
            Operation::Remove { at } => out.start(7, 0).entry(at),
            Operation::Rename { from, to } => out.start(8, 0).entry(from).entry(to),
            Operation::Exchange { from, to } => out.start(9, 0).entry(from).entry(to),
            Operation::Mode { id, mode } => out.start(10, *id).word(*mode),
            Operation::Times { id, accessed, modified } => out.start(11, *id).perhaps(*accessed).perhaps(*modified),
            Operation::Changed { id } => out.start(12, *id),
            Operation::SetXattr { id, name, value } => out.start(13, *id).bytes(name).bytes(value),
            Operation::RemoveXattr { id, name } => out.start(14, *id).bytes(name),
        };
        out.0
    }

    /// The operation and its time; `None` when these are not the bytes of one.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Operation, Time)> {
        let mut from = Reader(bytes);
        let now = from.time()?;
        let kind = from.byte()?;
        let id = from.long()?;
        let operation = match kind {
            1 => {
                let mode = from.word()?;
                let times = [from.time()?, from.time()?, from.time()?];
                Operation::Node { id, mode, times, text: from.bytes()? }
            }
            2 => Operation::Entry { at: from.entry()?, id },
            3 => Operation::Xattr { id, name: from.bytes()?, value: from.bytes()? },
            4 => Operation::Last { id },
            5 => Operation::Make { at: from.entry()?, id, mode: from.word()?, text: from.bytes()? },
            6 => Operation::Link { id, at: from.entry()? },
            7 => Operation::Remove { at: from.entry()? },
            8 => Operation::Rename { from: from.entry()?, to: from.entry()? },
            9 => Operation::Exchange { from: from.entry()?, to: from.entry()? },
            10 => Operation::Mode { id, mode: from.word()? },
            11 => Operation::Times { id, accessed: from.perhaps()?, modified: from.perhaps()? },
            12 => Operation::Changed { id },
            13 => Operation::SetXattr { id, name: from.bytes()?, value: from.bytes()? },
            14 => Operation::RemoveXattr { id, name: from.bytes()? },
            _ => return None,
        };
        from.0.is_empty().then_some((operation, now))
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn start(&mut self, kind: u8, id: u64) -> &mut Writer {
        self.0.push(kind);
        self.0.extend(id.to_le_bytes());
        self
    }

    fn word(&mut self, word: u32) -> &mut Writer {
        self.0.extend(word.to_le_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        self.word(bytes.len() as u32);
        self.0.extend(bytes);
        self
    }

    fn entry(&mut self, (directory, name): &Entry) -> &mut Writer {
        self.0.extend(directory.to_le_bytes());
        self.bytes(name)
    }

    fn time(&mut self, time: Time) -> &mut Writer {
        self.0.extend(time.seconds.to_le_bytes());
        self.word(time.nanoseconds)
    }

    fn perhaps(&mut self, time: Option<Time>) -> &mut Writer {
        self.0.push(time.is_some().into());
        self.time(time.unwrap_or_default())
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.word()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes.into())
    }

    fn entry(&mut self) -> Option<Entry> {
        Some((self.long()?, self.bytes()?))
    }

    fn time(&mut self) -> Option<Time> {
        let time = Time { seconds: self.array().map(i64::from_le_bytes)?, nanoseconds: self.word()? };
        (time.nanoseconds < 1_000_000_000).then_some(time)
    }

    fn perhaps(&mut self) -> Option<Option<Time>> {
        let is_given = self.byte()?;
        let time = self.time()?;
        (is_given <= 1).then(|| Some(time).filter(|_| is_given == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Operation> {
        let at = || (7, Box::from(*b"n\xff:"));
        let time = Time { seconds: -3, nanoseconds: 999_999_999 };
        let (id, mode) = (1 << 40, 0o100644);
        vec![
            Operation::Node { id, mode, times: [time, Time::default(), time], text: Box::from(*b"to") },
            Operation::Entry { at: at(), id },
            Operation::Xattr { id, name: Box::from(*b"user.x"), value: Box::default() },
            Operation::Last { id },
            Operation::Make { at: at(), id, mode, text: Box::default() },
            Operation::Link { id, at: at() },
            Operation::Remove { at: at() },
            Operation::Rename { from: at(), to: at() },
            Operation::Exchange { from: at(), to: at() },
            Operation::Mode { id, mode },
            Operation::Times { id, accessed: None, modified: Some(time) },
            Operation::Changed { id },
            Operation::SetXattr { id, name: Box::from(*b"user.x"), value: vec![1; 65536].into() },
            Operation::RemoveXattr { id, name: Box::from(*b"user.x") },
        ]
    }

    #[test]
    fn every_operation_round_trips_and_no_part_of_it_is_one() {
        let now = Time { seconds: 5, nanoseconds: 6 };
        for operation in all() {
            let bytes = operation.encode(now);
            assert_eq!(Operation::decode(&bytes), Some((operation, now)));
            for length in 0..bytes.len().min(200) {
                assert_eq!(Operation::decode(&bytes[..length]), None);
            }
            assert_eq!(Operation::decode(&[&bytes[..], b"\0"].concat()), None);
        }
    }
}
