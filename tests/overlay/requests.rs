//! Any sequence of requests: the server goes on answering, and touches nothing but its own directories.
//!
//! The kernel's place is taken by this test, at the other end of a socket that keeps messages apart as `/dev/fuse` does. What
//! the kernel would never send is sent, too: unknown inodes and opcodes, names with slashes, absurd offsets and modes.
//! linux/fuse.h has the layout.

use crate::harness;
use crate::oracle::generate::Random;
use coracle::overlay::server::{Changes, Lower, ServerOptions, serve, serve_writable};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::os::fd::OwnedFd;
use std::path::Path;

const GETATTR: u32 = 3;
const WRITE: u32 = 16;
const SETXATTR: u32 = 21;
const INIT: u32 = 26;
const IOCTL: u32 = 39;
const BATCH_FORGET: u32 = 42;
const DESTROY: u32 = 38;
/// Opcodes without an answer: forget, interrupt, answer to a notification, many forgets.
const SILENT: [u32; 4] = [2, 36, 41, BATCH_FORGET];
/// Requests between two questions that must be answered.
const BURST: usize = 20;

fn request(opcode: u32, unique: u64, inode: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&(40 + body.len() as u32).to_ne_bytes());
    bytes.extend_from_slice(&opcode.to_ne_bytes());
    bytes.extend_from_slice(&unique.to_ne_bytes());
    bytes.extend_from_slice(&inode.to_ne_bytes());
    // User, group, process, and the length of extensions with padding.
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(body);
    bytes
}

/// `struct fuse_init_in` of protocol 7.40 with every feature offered.
fn greeting() -> Vec<u8> {
    let mut body: Vec<u8> =
        [7u32, 40, 1 << 20, u32::MAX, u32::MAX].iter().flat_map(|word| word.to_ne_bytes()).collect();
    body.resize(64, 0);
    request(INIT, 1, 0, &body)
}

fn body(random: &mut Random, opcode: u32) -> Vec<u8> {
    let names: [&[u8]; 12] =
        [b"file", b"dir", b"link", b"new", b"..", b".", b"", b"a/b", b"../../x", b".wh.file", b"user.a", &[b'n'; 300]];
    let mut body = Vec::new();
    // The fixed part, in words of which most are small; now and then too short.
    let words = match opcode {
        _ if random.chance(5) => random.below(24),
        1 | 6 | 10 | 11 | 24 => 0,
        9 | 12 | 13 | 22 => 2,
        8 | 35 | 45 | 51 => 4,
        _ => 24,
    };
    for _ in 0..words {
        let word = match random.below(6) {
            0 => random.below(usize::MAX) as u32,
            1 => u32::MAX,
            2 => 0o100_644,
            3 => 4096,
            _ => random.below(4) as u32,
        };
        body.extend_from_slice(&word.to_ne_bytes());
    }
    // Where a size goes before what it counts, it is right, but not always.
    match opcode {
        _ if random.chance(5) => return body,
        WRITE => {
            body.resize(40, 0);
            body[16..20].copy_from_slice(&100u32.to_ne_bytes());
            body.extend_from_slice(&[b'w'; 100]);
            return body;
        }
        IOCTL => {
            body.resize(32, 0);
            body[24..28].copy_from_slice(&[0; 4]);
            return body;
        }
        BATCH_FORGET => {
            let count = random.below(4);
            body = (count as u64).to_ne_bytes().to_vec();
            body.extend((0..2 * count).flat_map(|_| (random.below(9) as u64).to_ne_bytes()));
            return body;
        }
        SETXATTR => {
            let value = vec![b'v'; random.below(70_000)];
            body = (value.len() as u32).to_ne_bytes().to_vec();
            body.extend_from_slice(&(random.below(4) as u32).to_ne_bytes());
            body.extend_from_slice(random.pick(&names));
            body.push(0);
            body.extend_from_slice(&value);
            return body;
        }
        _ => {}
    }
    for _ in 0..2 {
        body.extend_from_slice(random.pick(&names));
        body.push(0);
    }
    body
}

struct Kernel {
    socket: OwnedFd,
    unique: u64,
    history: Vec<(u32, u64, Vec<u8>)>,
}

impl Kernel {
    fn send(&mut self, opcode: u32, inode: u64, body: &[u8]) -> u64 {
        self.unique += 2;
        if self.history.len() == BURST {
            self.history.remove(0);
        }
        self.history.push((opcode, inode, body.to_vec()));
        rustix::net::send(&self.socket, &request(opcode, self.unique, inode, body), SendFlags::empty())
            .unwrap_or_else(|error| panic!("{error} after {:?}", self.history));
        self.unique
    }

    /// Reads answers until that to `unique` is there; those to requests before it may be missing when they made no sense.
    fn wait_for(&mut self, unique: u64) -> i32 {
        let mut buffer = vec![0u8; 2 << 20];
        let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
        loop {
            let ready = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&limit));
            assert_eq!(ready, Ok(1), "no answer after {:?}", self.history);
            let (length, _) = rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty()).unwrap();
            assert!(length >= 16, "the server is gone after {:?}", self.history);
            if buffer[8..16] == unique.to_ne_bytes() {
                return i32::from_ne_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
            }
        }
    }
}

/// A directory tree as tar, so that there is a layer with some of everything.
fn layer(path: &Path) -> Lower {
    let make =
        "mkdir -p in/dir/deep; echo text >in/file; ln in/file in/dir/hard; ln -s file in/link; mkfifo in/dir/pipe
        head -c 100000 /dev/zero >in/dir/deep/big; tar -cf layer.tar -C in .";
    let status = std::process::Command::new("sh").args(["-euc", make]).current_dir(path).status().unwrap();
    assert!(status.success());
    harness::image(&[path.join("layer.tar")])
}

fn storm(seed: u64, writable: bool, count: usize) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["upper", "work"] {
        std::fs::create_dir(path.join(name)).unwrap();
    }
    let lower = layer(path);
    let (socket, device) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    let mut kernel = Kernel { socket, unique: 1, history: Vec::new() };
    rustix::net::send(&kernel.socket, &greeting(), SendFlags::empty()).unwrap();
    // One thread, so that its end would be noticed.
    let options = ServerOptions { threads: 1, ..harness::options() };
    let server = if writable {
        let changes =
            Changes::open(&path.join("upper"), &path.join("work"), (seed.is_multiple_of(2)).then_some(1 << 20))
                .unwrap();
        serve_writable(lower, changes, device, options).unwrap()
    } else {
        serve(lower, device, options).unwrap()
    };
    assert_eq!(kernel.wait_for(1), 0);
    let mut random = Random(seed);
    for step in 0..count {
        let opcode = match random.below(20) {
            0 => random.below(usize::MAX) as u32,
            _ => 1 + random.below(52) as u32,
        };
        if matches!(opcode, INIT | DESTROY) {
            continue;
        }
        let inode = if random.chance(90) { random.below(12) as u64 } else { random.below(usize::MAX) as u64 };
        let body = body(&mut random, opcode);
        kernel.send(opcode, inode, &body);
        if step % BURST == 0 && !SILENT.contains(&opcode) {
            let question = kernel.send(GETATTR, 1, &[0; 16]);
            assert_eq!(kernel.wait_for(question), 0, "the root has attributes after {:?}", kernel.history);
        }
    }
    let question = kernel.send(GETATTR, 1, &[0; 16]);
    assert_eq!(kernel.wait_for(question), 0);
    assert!(!server.has_ended());
    drop(kernel);
    // The end of a socket is no request, which is an error to the library; a device ends otherwise.
    let _ = server.wait();
    let mut left: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["in", "layer.tar", "upper", "work"], "something was made outside");
    let open = std::process::Command::new("chmod").args(["-R", "u+rwX"]).arg(path).status();
    assert!(open.is_ok());
}

#[test]
fn any_sequence_of_requests_is_survived() {
    let (seeds, count) = if std::env::var_os("CORACLE_TEST_LONG").is_some() { (200, 20_000) } else { (4, 4000) };
    for seed in 0..seeds {
        for writable in [true, false] {
            println!("seed {seed}, writable {writable}");
            storm(seed, writable, count);
        }
    }
}
