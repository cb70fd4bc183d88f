//! From fuser's callbacks to a [`Source`], and everything the sources have in common.
//!
//! `source` is the trait, `filesystem` translates fuser's callbacks into it and its answers into replies; this file greets the
//! kernel, starts the threads and lends them their buffers.

mod filesystem;
mod source;

pub(super) use source::*;

use super::{Error, Server};
use crate::sys::landlock::{self, Access};
use crate::sys::memory;
use fuser::{KernelConfig, Session, SessionACL};
use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

/// Number of the root inode (linux/fuse.h, `FUSE_ROOT_ID`).
pub(super) const ROOT_INODE: u64 = 1;
/// Largest request agreed with the kernel: its own limit is 256 pages unless the administrator raises it
/// (`FUSE_MAX_MAX_PAGES`, fs/fuse/fuse_i.h). A thread's buffer never grows beyond it.
const LARGEST_REQUEST_BYTES: usize = 1 << 20;
/// Largest write agreed with the kernel. What a thread has received once stays resident, in fuser's buffer; larger ones were no
/// faster (measured up to [`LARGEST_REQUEST_BYTES`]).
const LARGEST_WRITE_BYTES: u32 = 256 << 10;
/// Buffers above this are given back after use, so that one large read does not stay resident. The kernel's
/// read-ahead asks for at most this much (`VM_READAHEAD_PAGES`).
const KEPT_BUFFER_BYTES: usize = 128 << 10;
/// Stack of the thread that only waits for the others.
const WAITING_STACK_BYTES: usize = 64 << 10;
/// Requests the kernel may have in flight for read-ahead. Twice fuser's default is where our measurements level off.
const BACKGROUND_REQUESTS: u16 = 32;

/// Greets the kernel and starts the threads.
pub(super) fn start(source: impl Source, device: OwnedFd, threads: usize) -> Result<Server, Error> {
    let failed = |source| Error::Serve { source };
    // Each thread has a request buffer of 16 MiB of which it touches a few pages; a huge page would make that 2 MiB. What the
    // process starts from now on inherits this; a kernel that refuses costs memory only (PR_SET_THP_DISABLE, prctl(2)).
    let _ = nix::sys::prctl::set_thp_disable(true);
    memory::use_one_heap();
    let mut config = fuser::Config::default();
    config.n_threads = Some(threads);
    let (notifier, places) = (source.notifier(), source.places().map_err(failed)?);
    let session = Session::from_fd(Adapter { source }, device, SessionACL::All, config).map_err(failed)?;
    if let Some(slot) = notifier {
        let _ = slot.set(session.notifier()); // nobody else fills it
    }
    let builder = std::thread::Builder::new().name("overlay".to_owned()).stack_size(WAITING_STACK_BYTES);
    let serve = move || {
        fence(places)?;
        session.run()
    };
    let thread = builder.spawn(serve).map_err(failed)?;
    Ok(Server { thread })
}

/// Takes from this thread, and from those it starts, all of the file system but `places` (landlock(7)), and the way to other
/// rights: what answers a container's requests has no business with anything else of the user's. The rest of the keeper keeps
/// what it has. A kernel without Landlock leaves everything as it is.
fn fence(places: Vec<(OwnedFd, Access)>) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    match landlock::confine(&places) {
        Err(error) if !landlock::is_missing(error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// A source as a file system for fuser.
struct Adapter<S> {
    source: S,
}

/// Tells the kernel what `source` wants.
fn greet(source: &impl Source, config: &mut KernelConfig) {
    let offered = source.flags() & config.capabilities();
    // What is offered cannot be refused, and an older kernel does without the rest.
    let _ = config.add_capabilities(offered);
    let _ = config.set_max_write(LARGEST_WRITE_BYTES);
    if let Err(largest) = config.set_max_readahead(LARGEST_REQUEST_BYTES as u32) {
        let _ = config.set_max_readahead(largest);
    }
    let _ = config.set_max_background(BACKGROUND_REQUESTS);
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends this thread's buffer.
fn with_buffer(size: usize, work: impl FnOnce(&mut [u8])) {
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        if let Some(buffer) = buffer.get_mut(..size) {
            work(buffer);
        }
        if buffer.len() > KEPT_BUFFER_BYTES {
            buffer.truncate(KEPT_BUFFER_BYTES);
            buffer.shrink_to(KEPT_BUFFER_BYTES);
        }
    });
}
