//! Any messages in the place of the kernel's: the writable file system goes on answering, and makes nothing outside its directories.
//!
//! One server for all inputs, at the other end of a socket that keeps messages apart as `/dev/fuse` does. An input is cut into
//! requests, each one byte of opcode, one of inode, one of length and the fields; after them the root must have attributes.
#![no_main]

use coracle::overlay::server::{Changes, DirectoryLower, Lower, Server, ServerOptions, serve_writable};
use libfuzzer_sys::fuzz_target;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

const GETATTR: u8 = 3;
const INIT: u8 = 26;
const DESTROY: u8 = 38;

struct Kernel {
    socket: OwnedFd,
    unique: u64,
    place: PathBuf,
    _server: Server,
}

fn request(opcode: u8, unique: u64, inode: u64, fields: &[u8]) -> Vec<u8> {
    let mut bytes = (40 + fields.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(u32::from(opcode).to_ne_bytes());
    bytes.extend(unique.to_ne_bytes());
    bytes.extend(inode.to_ne_bytes());
    bytes.extend([0; 16]);
    bytes.extend(fields);
    bytes
}

impl Kernel {
    fn new() -> Kernel {
        let place = std::env::temp_dir().join(format!("coracle-fuzz-{}", std::process::id()));
        for name in ["lower/directory", "upper", "work"] {
            fs::create_dir_all(place.join(name)).expect("a directory to fuzz in");
        }
        fs::write(place.join("lower/directory/file"), [b'f'; 10_000]).expect("a file");
        let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let (socket, device) = pair.expect("a pair of sockets");
        set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(20))).expect("a limit");
        // `struct fuse_init_in` of protocol 7.40 with every feature offered.
        let mut greeting: Vec<u8> = [7, 40, 1 << 20, u32::MAX, u32::MAX].map(u32::to_ne_bytes).concat();
        greeting.resize(64, 0);
        send(&socket, &request(INIT, 1, 0, &greeting), SendFlags::empty()).expect("the greeting is sent");
        let lower = Lower::Directory(DirectoryLower::open(&place.join("lower"), Vec::new()).expect("a lower directory"));
        let changes = Changes::open(&place.join("upper"), &place.join("work"), Some(1 << 20)).expect("an upper directory");
        let options = ServerOptions { threads: 1, ..ServerOptions::default() };
        let server = serve_writable(lower, changes, device, options).expect("a server");
        let mut kernel = Kernel { socket, unique: 1, place, _server: server };
        kernel.wait_for(1);
        kernel
    }

    fn send(&mut self, opcode: u8, inode: u64, fields: &[u8]) {
        self.unique += 2;
        send(&self.socket, &request(opcode, self.unique, inode, fields), SendFlags::empty()).expect("the server reads");
    }

    /// Reads answers until that one; returns its error.
    fn wait_for(&mut self, unique: u64) -> i32 {
        let mut buffer = vec![0; 2 << 20];
        loop {
            let (length, _) = recv(&self.socket, &mut buffer[..], RecvFlags::empty()).expect("an answer in time");
            assert!(length >= 16, "the server is gone");
            if buffer[8..16] == unique.to_ne_bytes() {
                return i32::from_ne_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
            }
        }
    }
}

static KERNEL: OnceLock<Mutex<Kernel>> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let kernel = KERNEL.get_or_init(|| Mutex::new(Kernel::new()));
    let mut kernel = kernel.lock().expect("one at a time");
    let mut rest = data;
    while let [opcode, inode, length, after @ ..] = rest {
        let (fields, next) = after.split_at(after.len().min(usize::from(*length)));
        rest = next;
        if matches!(*opcode, INIT | DESTROY) {
            continue;
        }
        kernel.send(*opcode, u64::from(*inode), fields);
        kernel.send(GETATTR, 1, &[0; 16]);
        let question = kernel.unique;
        assert_eq!(kernel.wait_for(question), 0, "the root has attributes");
    }
    let mut names: Vec<_> = fs::read_dir(&kernel.place).expect("the place").map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lower", "upper", "work"], "something was made outside");
});
