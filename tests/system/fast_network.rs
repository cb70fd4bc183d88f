//! `--network=fast`: connections of the container as sockets of the host, and no way to misuse them.

use super::support::{Sandbox, needs, networked_host};

/// What the container tries; one result a line.
const CLIENT: &str = r#"
import ctypes, errno, os, select, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
OUT, INNER = ("198.51.100.5", 8080), ("127.0.0.1", 8080)
def t(name, f):
    try: result = f()
    except OSError as error: result = errno.errorcode.get(error.errno, str(error))
    print(name, result, sep="|", flush=True)
def ask(s):
    s.sendall(b"x"); return "answered" if s.recv(99).endswith(b"\n") else "closed"
def connected(family=socket.AF_INET, address=OUT, **options):
    s = socket.socket(family)
    for name, value in options.items(): s.setsockopt(6, getattr(socket, name), value)
    s.settimeout(9); s.connect(address); return s
def is_host(s):
    # Another network namespace than the container's own sockets (SO_NETNS_COOKIE).
    return s.getsockopt(1, 71, 8) != socket.socket().getsockopt(1, 71, 8)
def inner():
    l = socket.socket(); l.bind(INNER); l.listen(5)
    threading.Thread(target=lambda: l.accept()[0].sendall(b"inner\n")).start()
    s = socket.create_connection(INNER, 9); return s.recv(9).decode().strip() + (" host" if is_host(s) else " own")
def blocking():
    s = socket.socket(); s.connect(OUT); return ask(s)
def options():
    s = connected(TCP_NODELAY=1, TCP_KEEPIDLE=77)
    return f"{s.getsockopt(6, socket.TCP_NODELAY)} {s.getsockopt(6, socket.TCP_KEEPIDLE)} {os.get_inheritable(s.fileno())}"
def epoll():
    s = socket.socket(); s.setblocking(False); e = select.epoll(); e.register(s.fileno(), select.EPOLLOUT)
    try: s.connect(OUT)
    except BlockingIOError: pass
    ready = e.poll(9); return f"{len(ready)} {'host' if is_host(s) else 'own'}"
def dissolved():
    s = connected(); libc.connect(s.fileno(), (ctypes.c_char * 16)(), 16); return s
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(9); s.connect(("198.51.100.5", 443)); s.send(b"q")
    return f"{s.recv(9).decode()} {'host' if is_host(s) else 'own'}"
def unix():
    l = socket.socket(socket.AF_UNIX); l.bind("/tmp/u"); l.listen(1)
    c = socket.socket(socket.AF_UNIX); c.connect("/tmp/u"); c.send(b"x"); return l.accept()[0].recv(1).decode()
def race():
    # Two threads turn a Unix address into the host's loopback and a Unix socket into a host socket, and back.
    victim = dissolved().detach(); own = os.dup(victim)
    unix = socket.socket(socket.AF_UNIX).detach()
    good = ctypes.create_string_buffer(b"\x01\0/nowhere", 16)
    evil = b"\x02\0" + (8080).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    stop = []
    def flip():
        while not stop:
            os.dup2(own, victim); ctypes.memmove(good, evil, 16); os.dup2(unix, victim); ctypes.memmove(good, b"\x01\0/nowhere\0\0\0\0\0\0", 16)
    threads = [threading.Thread(target=flip) for _ in range(2)]
    [thread.start() for thread in threads]
    won = sum(1 for _ in range(2000) if libc.connect(victim, good, 16) == 0)
    stop.append(1); [thread.join() for thread in threads]
    return won
t("blocking", blocking)
t("with a timeout", lambda: ask(connected()))
t("native socket", lambda: is_host(connected()))
t("mapped", lambda: ask(connected(socket.AF_INET6, ("::ffff:198.51.100.5", 8080))))
t("mapped loopback", lambda: connected(socket.AF_INET6, ("::ffff:127.0.0.1", 8080)))
t("refused", lambda: connected(address=("198.51.100.5", 8081)))
t("loopback of the host", lambda: connected(address=INNER))
t("any address", lambda: connected(address=("0.0.0.0", 8080)))
t("own loopback", inner)
t("options", options)
t("epoll first", epoll)
t("udp", udp)
t("unix", unix)
t("fast open", lambda: socket.socket().sendto(b"x", 0x20000000, ("127.0.0.1", 8080)))
t("again to loopback", lambda: dissolved().connect(INNER))
t("again outside", lambda: dissolved().connect(OUT))
t("listen on the host", lambda: dissolved().listen())
t("bind on the host", lambda: dissolved().bind(("0.0.0.0", 0)))
t("upper layer", lambda: connected().setsockopt(6, 31, b"tls"))
t("io_uring", lambda: errno.errorcode[ctypes.get_errno()] if libc.syscall(425, 8, 0) < 0 else "made")
t("race", race)
"#;

const EXPECTED: [(&str, &str); 21] = [
    ("blocking", "answered"),
    ("with a timeout", "answered"),
    ("native socket", "True"),
    ("mapped", "answered"),
    ("mapped loopback", "ECONNREFUSED"),
    ("refused", "ECONNREFUSED"),
    ("loopback of the host", "ECONNREFUSED"),
    ("any address", "ECONNREFUSED"),
    ("own loopback", "inner own"),
    ("options", "1 77 False"),
    ("epoll first", "1 own"),
    ("udp", "q own"),
    ("unix", "x"),
    ("fast open", "ENOTSUP"),
    ("again to loopback", "EADDRNOTAVAIL"),
    ("again outside", "None"),
    ("listen on the host", "ENOTSUP"),
    ("bind on the host", "EINVAL"),
    ("upper layer", "ENOENT"),
    ("io_uring", "ENOSYS"),
    ("race", "0"),
];

fn check(text: &str) {
    for (line, (name, expected)) in text.lines().zip(EXPECTED) {
        assert_eq!(line, format!("{name}|{expected}"), "{text}");
    }
    assert_eq!(text.lines().count(), EXPECTED.len(), "{text}");
}

/// Whether this kernel can do it; the program says when it cannot.
fn is_possible(sandbox: &Sandbox) -> bool {
    let outcome = sandbox.run(["create", "--network", "fast", "hello"]).succeeds();
    !outcome.errors().contains("not possible here")
}

#[test]
fn connections_are_the_hosts_and_cannot_be_misused() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    if !is_possible(&sandbox) {
        super::support::skip!("needs Landlock for TCP (Linux 6.7)");
    }
    for options in [
        &[][..],
        &["--security-opt", "seccomp=unconfined"],
        &["--security-opt", "no-new-privileges"],
        &["--cap-drop", "all", "--user", "0"],
    ] {
        let arguments = [&["run", "--rm", "-i", "--network", "fast"][..], options, &["host", "python3", "-"]].concat();
        let outcome = sandbox.in_world(arguments).input(CLIENT).run().succeeds();
        check(&outcome.text());
    }
}

#[test]
fn further_processes_connect_the_same_way() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    if !is_possible(&sandbox) {
        super::support::skip!("needs Landlock for TCP (Linux 6.7)");
    }
    let client = sandbox.file("client.py", CLIENT);
    let script = format!(
        "$coracle run -d --name f --network fast host sleep 100 >/dev/null; $coracle exec -i f python3 - <{client}; $coracle rm -f -t 0 f >/dev/null"
    );
    check(&sandbox.shell_in_world(&script).run().succeeds().text());
}
