//! Moves this very process into a new user namespace (`unshare(2)`, user_namespaces(7)).
//!
//! The id maps must be written from outside: by newuidmap, which wants to be in the parent namespace. So a helper is
//! forked first and stays outside; this process enters the namespace, lets the helper write the maps, and goes on with
//! the same process id, terminal and children.
#![allow(unsafe_code)]

use rustix::io::{Errno, Result};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

/// Enters a new user namespace together with the other namespaces of `flags` (`CLONE_NEW*`), and becomes its root.
///
/// `write_maps` runs in the helper, outside, with the process id to map; what it says when it fails comes back as the
/// inner error. Blocks until the maps are written.
///
/// # Errors
/// `BUSY` when this process has several threads; else what `pipe(2)`, `fork(2)`, `unshare(2)` or `setresuid(2)` give.
pub fn enter(
    flags: i32,
    write_maps: impl FnOnce(u32) -> std::result::Result<(), String>,
) -> Result<std::result::Result<(), String>> {
    if std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count) > 1 {
        return Err(Errno::BUSY);
    }
    let own = std::process::id();
    let (go_read, go_write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let (said_read, said_write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    // SAFETY: the process has one thread, so no lock is held by another and the child may run ordinary code.
    let helper = unsafe { libc::fork() };
    if helper < 0 {
        return Err(last_error());
    }
    if helper == 0 {
        drop((go_write, said_read));
        help(go_read, said_write, || write_maps(own));
        // SAFETY: ends the helper without running destructors of what it shares with its parent.
        unsafe { libc::_exit(0) }
    }
    drop((go_read, said_write));
    // SAFETY: plain number arguments; moves this process, which has one thread, as asked.
    let entered = check(unsafe { libc::unshare(libc::CLONE_NEWUSER | flags) });
    let said = match entered {
        Ok(()) => ask(go_write, said_read),
        // The helper ends when the pipe closes without a byte.
        Err(_) => {
            drop(go_write);
            Ok(())
        }
    };
    let mut status = 0;
    // SAFETY: waits for our own child; the status is a live local.
    while unsafe { libc::waitpid(helper, &raw mut status, 0) } < 0 && last_error() == Errno::INTR {}
    entered?;
    if said.is_err() {
        return Ok(said);
    }
    become_root()?;
    Ok(Ok(()))
}

/// The helper's life: waits for the word to go, writes the maps, says what went wrong.
fn help(go: OwnedFd, said: OwnedFd, write_maps: impl FnOnce() -> std::result::Result<(), String>) {
    let mut byte = [0];
    if !matches!(std::fs::File::from(go).read(&mut byte), Ok(1)) {
        return;
    }
    let answer = match write_maps() {
        Ok(()) => "+".to_owned(),
        Err(reason) => format!("-{reason}"),
    };
    // A parent that is gone needs no answer.
    let _ = std::fs::File::from(said).write_all(answer.as_bytes());
}

/// This process's side: gives the word and reads the answer.
fn ask(go: OwnedFd, said: OwnedFd) -> std::result::Result<(), String> {
    let mut answer = String::new();
    let heard = std::fs::File::from(go)
        .write_all(b"g")
        .and_then(|()| std::fs::File::from(said).take(4096).read_to_string(&mut answer));
    match (heard, answer.strip_prefix('-')) {
        (Ok(_), None) if answer == "+" => Ok(()),
        (Ok(_), Some(reason)) => Err(reason.to_owned()),
        _ => Err("the process that writes the id maps died".to_owned()),
    }
}

/// Takes uid and gid 0 of the namespace; the supplementary groups stay.
fn become_root() -> Result<()> {
    // SAFETY: plain number arguments.
    check(unsafe { libc::setresgid(0, 0, 0) })?;
    // SAFETY: plain number arguments.
    check(unsafe { libc::setresuid(0, 0, 0) })
}

fn check(result: libc::c_int) -> Result<()> {
    if result < 0 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_plus_or_a_reason() {
        for (answer, expected) in [
            ("+", Ok(())),
            ("-no ids", Err("no ids".to_owned())),
            ("", Err("the process that writes the id maps died".to_owned())),
        ] {
            let (go_read, go_write) = rustix::pipe::pipe().expect("a pipe");
            let (said_read, said_write) = rustix::pipe::pipe().expect("a pipe");
            std::fs::File::from(said_write).write_all(answer.as_bytes()).expect("written");
            assert_eq!(ask(go_write, said_read), expected);
            drop(go_read);
        }
    }
}
