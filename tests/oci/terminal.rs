//! runtime.md and the command line: `--console-socket`.

use crate::bundle::bundle;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::io::{IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

/// The descriptor that comes over the next connection.
fn receive(listener: &UnixListener) -> OwnedFd {
    let (connection, _) = listener.accept().expect("the runtime connects");
    let mut bytes = [0; 256];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(&connection, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::empty()).expect("a message");
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
        _ => None,
    });
    descriptors.next().expect("a descriptor came along")
}

/// Everything the terminal says until the process has closed it.
fn rest(master: OwnedFd) -> String {
    let mut text = Vec::new();
    let mut file = std::fs::File::from(master);
    let mut buffer = [0; 4096];
    // The end of a terminal is EIO.
    while let Ok(length @ 1..) = file.read(&mut buffer) {
        text.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&text).replace('\r', "")
}

#[test]
fn the_terminal_goes_to_the_console_socket() {
    let mut bundle = bundle!();
    let socket = bundle.sandbox.work().join("console");
    let listener = UnixListener::bind(&socket).expect("a socket is bound");
    let path = socket.to_str().expect("a temporary path is text").to_owned();
    bundle.script("test -t 0 && test -t 1 && test -c /dev/console && echo a terminal; exec sleep 1000");
    bundle.change(|config| config["process"]["terminal"] = true.into()).write();
    bundle.leave(&["create", "one"]).refuses(1, "console socket");
    bundle.leave(&["create", "--console-socket", &path, "one"]).succeeds();
    let mut master = std::fs::File::from(receive(&listener));
    bundle.oci(&["start", "one"]).succeeds();
    // It has said so before anything else happens.
    let mut said = String::new();
    while !said.ends_with('\n') {
        let mut buffer = [0; 64];
        let length = master.read(&mut buffer).expect("the process says something");
        said.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    assert_eq!(said.replace('\r', ""), "a terminal\n");
    bundle
        .leave(&[
            "exec",
            "--tty",
            "--detach",
            "--console-socket",
            &path,
            "one",
            "sh",
            "-c",
            "test -t 2 && echo another",
        ])
        .succeeds();
    assert_eq!(rest(receive(&listener)), "another\n");
    bundle.oci(&["kill", "one", "KILL"]).succeeds();
    assert_eq!(rest(master.into()), "");
    bundle.oci(&["delete", "--force", "one"]).succeeds();
}

#[test]
fn a_terminal_without_a_socket_is_the_callers() {
    let mut bundle = bundle!();
    bundle.script("test -t 1 && echo a terminal").change(|config| config["process"]["terminal"] = true.into());
    assert_eq!(bundle.run().succeeds().text().trim_end(), "a terminal");
}
