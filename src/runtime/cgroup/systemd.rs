//! A part of the tree from the user's service manager, where nobody else gave one.
//!
//! A session that was logged in to belongs to root's part of the tree, so nothing in it may be divided; systemd's manager of the user
//! has a part of its own and gives pieces of it away as *scopes* (systemd.scope(5), <https://systemd.io/CONTROL_GROUP_INTERFACE>). One
//! call over the user's bus, `StartTransientUnit` of `org.freedesktop.systemd1.Manager`, moves this process into a
//! scope with `Delegate=yes`; the process then steps into a group below, so that the scope's own group, without
//! processes, can pass controllers on. The manager removes the scope when the last process has left it.
//!
//! Of the D-Bus protocol (<https://dbus.freedesktop.org/doc/dbus-specification.html>) only that call is spoken: one connection, two
//! messages, answers that are not replies to them skipped.

use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for the bus, the manager, and the move.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at which group this process is in; nothing tells of a move.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// Longest message that is read, in bytes; replies here are short.
const LONGEST: usize = 64 << 10;

/// Moves this process into a new scope, named for the container, in `slice` or where scopes of this user usually are, and from
/// there into the group `keeper` below. Blocks until the manager has answered, 5 seconds at most. `None` where there is no such
/// manager; else the error.
pub(super) fn enter_scope(id: &str, slice: Option<&str>) -> Option<io::Result<()>> {
    let socket = bus_socket()?;
    Some(enter(&socket, &format!("coracle-{id}.scope"), slice))
}

/// The user's bus (`$DBUS_SESSION_BUS_ADDRESS` is what started programs are told; the place is fixed in systemd).
pub(super) fn bus_socket() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map_or_else(|| PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw())), PathBuf::from);
    let socket = runtime.join("bus");
    socket.exists().then_some(socket)
}

fn enter(socket: &Path, scope: &str, slice: Option<&str>) -> io::Result<()> {
    let mut bus = Bus::connect(socket)?;
    bus.call(("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"), "Hello", None)?;
    let body = transient_unit(scope, slice, std::process::id());
    let manager = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
    bus.call(manager, "StartTransientUnit", Some(("ssa(sv)a(sa(sv))", &body)))?;
    let until = Instant::now() + PATIENCE;
    let group = loop {
        let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let own = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
        if own.ends_with(scope) {
            break own.to_owned();
        }
        if Instant::now() > until {
            return Err(Errno::TIMEDOUT.into());
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let below = Path::new("/sys/fs/cgroup").join(group.trim_start_matches('/')).join("keeper");
    std::fs::create_dir(&below)?;
    std::fs::write(below.join("cgroup.procs"), "0")
}

/// The arguments of `StartTransientUnit`: name, mode, properties, no further units.
fn transient_unit(scope: &str, slice: Option<&str>, pid: u32) -> Writer {
    let mut body = Writer::default();
    body.string(scope);
    body.string("fail");
    body.array(8, |properties| {
        properties.property("Description", "s", |value| value.string("A container of coracle"));
        properties.property("PIDs", "au", |value| value.array(4, |pids| pids.number(pid)));
        properties.property("Delegate", "b", |value| value.number(1));
        properties.property("CollectMode", "s", |value| value.string("inactive-or-failed"));
        if let Some(slice) = slice {
            properties.property("Slice", "s", |value| value.string(slice));
        }
    });
    body.array(8, |_| {});
    body
}

/// A message being written: every value at a multiple of its own size, numbers in little-endian order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    /// Whether nothing was written.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn long(&mut self, number: u64) {
        self.align(8);
        self.bytes.extend(number.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.align(4);
        self.bytes.extend(number.to_le_bytes());
    }

    pub(super) fn string(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }

    fn signature(&mut self, text: &str) {
        self.bytes.push(text.len() as u8);
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }

    /// An array whose elements stand at multiples of `alignment`; its length does not count the gap before the first.
    pub(super) fn array(&mut self, alignment: usize, elements: impl FnOnce(&mut Writer)) {
        self.number(0);
        let length_at = self.bytes.len() - 4;
        self.align(alignment);
        let start = self.bytes.len();
        elements(self);
        let length = (self.bytes.len() - start) as u32;
        self.bytes[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// A structure of a name and a variant.
    pub(super) fn property(&mut self, name: &str, signature: &str, value: impl FnOnce(&mut Writer)) {
        self.align(8);
        self.string(name);
        self.signature(signature);
        value(self);
    }

    /// A field of the header: a structure of a code and a variant.
    fn field(&mut self, code: u8, signature: &str, value: &str) {
        self.align(8);
        self.bytes.push(code);
        self.signature(signature);
        match signature {
            "g" => self.signature(value),
            _ => self.string(value),
        }
    }
}

/// A connection.
pub(super) struct Bus {
    stream: UnixStream,
    serial: u32,
}

impl Bus {
    pub(super) fn connect(socket: &Path) -> io::Result<Bus> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let uid = rustix::process::getuid().as_raw().to_string();
        let identity: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {identity}\r\n").as_bytes())?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") && line.len() < 1024 {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            line.push(byte[0]);
        }
        if !line.starts_with(b"OK ") {
            return Err(Errno::ACCESS.into());
        }
        stream.write_all(b"BEGIN\r\n")?;
        Ok(Bus { stream, serial: 0 })
    }

    /// Calls a method and waits for its reply; an error reply is an error with the manager's own words.
    pub(super) fn call(
        &mut self,
        (destination, object, interface): (&str, &str, &str),
        member: &str,
        body: Option<(&str, &Writer)>,
    ) -> io::Result<()> {
        self.serial += 1;
        let length = body.map_or(0, |(_, body)| body.bytes.len()) as u32;
        let mut message = Writer { bytes: vec![b'l', 1, 0, 1] };
        message.number(length);
        message.number(self.serial);
        message.array(8, |fields| {
            fields.field(1, "o", object);
            fields.field(2, "s", interface);
            fields.field(3, "s", member);
            fields.field(6, "s", destination);
            if let Some((signature, _)) = body {
                fields.field(8, "g", signature);
            }
        });
        message.align(8);
        message.bytes.extend(body.into_iter().flat_map(|(_, body)| &body.bytes));
        self.stream.write_all(&message.bytes)?;
        let until = Instant::now() + PATIENCE;
        loop {
            let reply = self.read_message()?;
            match reply.kind {
                2 if reply.answers == Some(self.serial) => return Ok(()),
                3 if reply.answers == Some(self.serial) => return Err(io::Error::other(reply.text)),
                _ if Instant::now() > until => return Err(Errno::TIMEDOUT.into()),
                _ => {} // a signal, such as NameAcquired
            }
        }
    }

    fn read_message(&mut self) -> io::Result<Message> {
        let mut start = [0; 16];
        self.stream.read_exact(&mut start)?;
        let number = |at: usize| u32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]) as usize;
        let (body, fields) = (number(4), number(12));
        if start[0] != b'l' || body > LONGEST || fields > LONGEST {
            return Err(Errno::PROTO.into());
        }
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        self.stream.read_exact(&mut rest)?;
        let (fields, body) = rest.split_at(fields.next_multiple_of(8));
        Ok(Message { kind: start[1], answers: reply_serial(fields), text: first_string(body) })
    }
}

/// What matters of a message that came.
struct Message {
    /// 2 is a reply, 3 an error, 4 a signal.
    kind: u8,
    /// The serial of the call it answers.
    answers: Option<u32>,
    /// Its first argument, where that is text.
    text: String,
}

/// Finds field 5 (`REPLY_SERIAL`) among a header's: each at a multiple of 8, with a signature of one letter here.
fn reply_serial(fields: &[u8]) -> Option<u32> {
    let number = |at: usize| Some(u32::from_le_bytes(fields.get(at..at + 4)?.try_into().ok()?));
    let mut at = 0;
    while let Some([code, 1, kind, 0]) = fields.get(at..at + 4) {
        let end = match kind {
            b'u' if *code == 5 => return number(at + 4),
            b'u' => at + 8,
            b's' | b'o' => at.checked_add(8)?.checked_add(number(at + 4)? as usize)?.checked_add(1)?,
            b'g' => at + 4 + 1 + usize::from(*fields.get(at + 4)?) + 1,
            _ => return None,
        };
        at = end.next_multiple_of(8);
    }
    None
}

fn first_string(body: &[u8]) -> String {
    let length = body.get(..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let text = usize::try_from(length).ok().and_then(|length| body.get(4..4usize.checked_add(length)?));
    String::from_utf8_lossy(text.unwrap_or_default()).replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_the_specification_wants_them() {
        let mut writer = Writer::default();
        writer.string("a");
        writer.array(8, |elements| elements.property("N", "u", |value| value.number(7)));
        let expected = [
            &[1, 0, 0, 0, b'a', 0, 0, 0][..], // a string, and the gap before a number
            &[16, 0, 0, 0, 0, 0, 0, 0],       // the array's length, and the gap before its first structure
            &[1, 0, 0, 0, b'N', 0, 1, b'u'],
            &[0, 0, 0, 0, 7, 0, 0, 0],
        ]
        .concat();
        // The signature's end and the gap before its number.
        assert_eq!(writer.bytes.len(), expected.len(), "{:?}", writer.bytes);
        assert_eq!(writer.bytes, expected);
    }

    #[test]
    fn replies_are_told_from_other_messages() {
        let mut fields = Writer::default();
        fields.field(6, "s", ":1.7");
        fields.align(8);
        fields.bytes.extend([5, 1, b'u', 0, 2, 0, 0, 0]);
        assert_eq!(reply_serial(&fields.bytes), Some(2));
        for hostile in [&[6, 1, b's', 0, 255, 255, 255, 255][..], &[5, 1, b'u', 0], &[5, 2, b'u', b'u', 0], &[]] {
            assert_eq!(reply_serial(hostile), None);
        }
        assert_eq!(first_string(&[3, 0, 0, 0, b'n', b'\n', b'o', 0]), "n o");
        assert_eq!(first_string(&[255, 255, 255, 255, 1]), "");
    }

    #[test]
    fn a_bus_that_answers_moves_nobody_that_is_not_moved() {
        use std::os::unix::net::UnixListener;
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("bus");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !seen.ends_with(b"\r\n") {
                let count = stream.read(&mut buffer).unwrap();
                seen.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(b"REJECTED EXTERNAL\r\n").unwrap();
            seen
        });
        assert!(enter(&socket, "x.scope", None).is_err());
        assert!(server.join().unwrap().starts_with(b"\0AUTH EXTERNAL "));
    }
}
