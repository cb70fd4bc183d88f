//! From the requests of `/dev/fuse` to a [`Source`], and everything the sources have in common.
//!
//! `request` reads what the kernel sends, `dispatch` asks the source, `reply` builds the answer; `source` is the trait. This file
//! greets the kernel and starts the threads, each of which reads a request, answers it and reads the next.
//!
//! fuser greets the kernel (INIT), notifies it and defines the flags and attributes. Requests are read here and not by fuser's
//! session, which knows no `FUSE_TMPFILE`, keeps 16 MiB of buffer for each thread and cannot leave an answer for later.
//!
//! **An answer for later.** The kernel asks for SEEK_DATA and SEEK_HOLE before it has written its pages, of the writeback cache or
//! a mapping (`fuse_lseek`, fs/fuse/file.c): a hole that the server sees may be none. Asked to drop the file's pages, it writes those that are dirty first
//! (`fuse_reverse_inval_inode`), as requests to the other threads; so one thread of its own, there from the first such question
//! on, waits for that and answers then.

mod dispatch;
mod reply;
mod request;
mod source;

pub(super) use reply::timespec;
pub(super) use source::*;

use super::{Error, Server};
use crate::sys::landlock::{self, Access};
use crate::sys::memory;
use dispatch::{Next, Seek};
use fuser::{Errno, Filesystem, INodeNo, KernelConfig, Notifier, Session, SessionACL};
use memmap2::MmapMut;
use reply::Reply;
use request::Request;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// Number of the root inode (linux/fuse.h, `FUSE_ROOT_ID`).
pub(super) const ROOT_INODE: u64 = 1;
/// Largest reading agreed with the kernel: its own limit is 256 pages unless the administrator raises it
/// (`FUSE_MAX_MAX_PAGES`, fs/fuse/fuse_i.h). A thread's buffer never grows beyond it.
const LARGEST_REQUEST_BYTES: usize = 1 << 20;
/// Largest write agreed with the kernel: larger ones were no faster (measured up to [`LARGEST_REQUEST_BYTES`]).
const LARGEST_WRITE_BYTES: u32 = 256 << 10;
/// Room for a request: the largest write with its header and fields, which the kernel wants to be there for every read(2) of the
/// device (`fuse_dev_do_read`, fs/fuse/dev.c). Names and attributes are smaller.
const REQUEST_BYTES: usize = LARGEST_WRITE_BYTES as usize + 4096;
/// Buffers above this are given back after use, so that one large read does not stay resident. The kernel's
/// read-ahead asks for at most this much (`VM_READAHEAD_PAGES`).
const KEPT_BUFFER_BYTES: usize = 128 << 10;
/// A request of more than this touches pages of the buffer that others do not.
const SMALL_REQUEST_BYTES: usize = 16 << 10;
/// After so many small requests the pages of the last large one are given back.
const SMALL_REQUESTS: u32 = 256;
/// Requests the kernel may have in flight for read-ahead. Twice fuser's default is where our measurements level off.
const BACKGROUND_REQUESTS: u16 = 32;

/// Greets the kernel and starts the threads.
pub(super) fn start<S: Source>(source: S, device: OwnedFd, threads: usize) -> Result<Server, Error> {
    let failed = |source| Error::Serve { source };
    // A buffer of which a few pages are touched is not to be a huge page. What the process starts from now on inherits this; a
    // kernel that refuses costs memory only (PR_SET_THP_DISABLE, prctl(2)).
    let _ = nix::sys::prctl::set_thp_disable(true);
    memory::use_one_heap();
    let places = source.places().map_err(failed)?;
    let source = Arc::new(source);
    let own = device.try_clone().map_err(failed)?;
    let greeter = Greeter { source: Arc::clone(&source) };
    let session = Session::from_fd(greeter, device, SessionACL::All, fuser::Config::default()).map_err(failed)?;
    let connection = Connection { source, device: own, notifier: session.notifier(), later: Mutex::default() };
    if let Some(slot) = connection.source.notifier() {
        let _ = slot.set(session.notifier()); // nobody else fills it
    }
    let serve = move || {
        fence(places)?;
        let ended = Arc::new(connection).serve(threads);
        drop(session);
        ended
    };
    let thread = std::thread::Builder::new().name("overlay".to_owned()).spawn(serve).map_err(failed)?;
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

/// Answers the one request that fuser reads.
struct Greeter<S> {
    source: Arc<S>,
}

impl<S: Source> Filesystem for Greeter<S> {
    /// Tells the kernel what the source wants.
    fn init(&mut self, _request: &fuser::Request, config: &mut KernelConfig) -> io::Result<()> {
        let offered = self.source.flags() & config.capabilities();
        // What is offered cannot be refused, and an older kernel does without the rest.
        let _ = config.add_capabilities(offered);
        let _ = config.set_max_write(LARGEST_WRITE_BYTES);
        if let Err(largest) = config.set_max_readahead(LARGEST_REQUEST_BYTES as u32) {
            let _ = config.set_max_readahead(largest);
        }
        let _ = config.set_max_background(BACKGROUND_REQUESTS);
        Ok(())
    }
}

/// A file system and the kernel's side of it.
struct Connection<S> {
    source: Arc<S>,
    device: OwnedFd,
    notifier: Notifier,
    /// The thread that answers later, once there is one.
    later: Mutex<Option<Sender<Seek>>>,
}

impl<S: Source> Connection<S> {
    /// Answers requests with so many threads until the file system is unmounted.
    fn serve(self: Arc<Self>, threads: usize) -> io::Result<()> {
        let others: Vec<JoinHandle<io::Result<()>>> = (1..threads)
            .map(|number| {
                let connection = Arc::clone(&self);
                let builder = std::thread::Builder::new().name(format!("overlay-{number}"));
                builder.spawn(move || connection.answer_all())
            })
            .collect::<io::Result<_>>()?;
        let mut ended = self.answer_all();
        for other in others {
            ended = ended.and(other.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())));
        }
        *self.later.lock().unwrap_or_else(PoisonError::into_inner) = None;
        ended
    }

    /// One thread: reads a request, answers it, reads the next.
    fn answer_all(self: &Arc<Self>) -> io::Result<()> {
        let mut buffer = RequestBuffer::new()?;
        let mut reply = Reply::new();
        loop {
            let Some(bytes) = buffer.receive(&self.device)? else { return Ok(()) };
            let Some(request) = Request::parse(bytes) else { return Err(io::ErrorKind::InvalidData.into()) };
            reply.clear();
            let result = dispatch::handle(&*self.source, &request, &mut reply);
            let result = match result {
                Ok(Next::Silence) => continue,
                Ok(Next::Seek(seek)) => match self.seek_later(seek) {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                Ok(Next::Answer) => Ok(()),
                Ok(Next::End) => {
                    self.send(&mut reply, request.unique, Ok(()));
                    return Ok(());
                }
                Err(_) if request.wants_no_answer() => continue,
                Err(error) => Err(error),
            };
            self.send(&mut reply, request.unique, result);
        }
    }

    /// Sends an answer. What the kernel does not take is replaced by an error, so that nobody waits for ever; ENOENT is the
    /// kernel's word for an answer that nobody waits for any more.
    fn send(&self, reply: &mut Reply, unique: u64, result: Result<(), Errno>) {
        let sent = rustix::io::write(&self.device, reply.finish(unique, result));
        if result.is_ok() && sent.is_err_and(|error| error != rustix::io::Errno::NOENT) {
            let _ = rustix::io::write(&self.device, reply.finish(unique, Err(Errno::EIO)));
        }
    }

    /// Leaves a question to the thread that waits for the kernel's pages. Without such a thread it is ENOSYS: the kernel answers
    /// for itself from then on, that all is data.
    fn seek_later(self: &Arc<Self>, seek: Seek) -> Result<(), Errno> {
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        if later.is_none() {
            let (sender, questions) = mpsc::channel();
            let connection = Arc::clone(self);
            let builder = std::thread::Builder::new().name("overlay-later".to_owned());
            builder.spawn(move || connection.answer_later(&questions)).map_err(|_| Errno::ENOSYS)?;
            *later = Some(sender);
        }
        let sent = later.as_ref().map(|sender| sender.send(seek));
        if let Some(Ok(())) = sent { Ok(()) } else { Err(Errno::ENOSYS) }
    }

    fn answer_later(&self, questions: &Receiver<Seek>) {
        let mut reply = Reply::new();
        for seek in questions {
            // The whole file, and its attributes. That it is not known any more is as good.
            let _ = self.notifier.inval_inode(INodeNo(seek.inode), 0, 0);
            reply.clear();
            let result = seek.answer(&*self.source, &mut reply);
            self.send(&mut reply, seek.unique, result);
        }
    }
}

/// Where one thread reads requests into.
struct RequestBuffer {
    bytes: MmapMut,
    /// Small requests since the last large one; beyond [`SMALL_REQUESTS`] there was none to give back.
    small: u32,
}

impl RequestBuffer {
    fn new() -> io::Result<RequestBuffer> {
        Ok(RequestBuffer { bytes: MmapMut::map_anon(REQUEST_BYTES)?, small: SMALL_REQUESTS + 1 })
    }

    /// Waits for the next request; `None` when the file system is unmounted, or the socket of a test is closed.
    fn receive(&mut self, device: &OwnedFd) -> io::Result<Option<&[u8]>> {
        use rustix::io::Errno;
        if self.small == SMALL_REQUESTS {
            // Fresh pages, which are not there before they are written to.
            *self = RequestBuffer::new()?;
        }
        let length = loop {
            match rustix::io::read(device, &mut self.bytes[..]) {
                Ok(length) => break length,
                // ENOENT: a request was taken back while it was read.
                Err(Errno::NOENT | Errno::INTR | Errno::AGAIN) => {}
                Err(Errno::NODEV) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        };
        self.small =
            if length > SMALL_REQUEST_BYTES { 0 } else { self.small.saturating_add(1).min(SMALL_REQUESTS + 1) };
        Ok(self.bytes.get(..length).filter(|bytes| !bytes.is_empty()))
    }
}
