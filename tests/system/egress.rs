//! `--egress`: only what is allowed leaves, and what is refused is refused at once. The world outside is
//! `support/world.py`, with names and servers of its own.

use super::support::{self, Sandbox, needs, networked_host};
use serde_json::Value;

/// Rules that admit something of each kind.
const RULES: [&str; 4] =
    ["--egress", "allow=a.example,*.wild.example:80,cdn.example", "--egress", "allow=198.51.100.5:8080,meta.example"];

/// What the container tries, one line of result each; slow ones say so.
const CLIENT: &str = r#"
import socket, ssl, time
def t(name, f):
    began = time.time()
    try: result = f()
    except OSError as error: result = type(error).__name__
    print(name, result, "SLOW" if time.time() - began > 5 else "", sep="|", flush=True)
def tcp(host, port, data=b"x"):
    s = socket.create_connection((host, port), timeout=9); s.sendall(data)
    return "answered" if s.recv(99).endswith(b"\n") else "closed"
def tls(host, name):
    i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
    w = ssl.create_default_context().wrap_bio(i, o, server_hostname=name)
    try: w.do_handshake()
    except ssl.SSLWantReadError: pass
    return tcp(host, 443, o.read())
def udp(host, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(9); s.connect((host, port)); s.send(b"q")
    return "answered" if s.recv(9) else "closed"
t("untied address", lambda: tcp("198.51.100.1", 80))
t("name", lambda: tcp("a.example", 80))
t("other name", lambda: tcp("b.example", 80))
t("address of it", lambda: tcp("198.51.100.2", 80))
t("address rule", lambda: tcp("198.51.100.5", 8080))
t("other port", lambda: tcp("198.51.100.5", 80))
t("wildcard", lambda: tcp("x.wild.example", 80))
t("wildcard port", lambda: tcp("x.wild.example", 8080))
t("alias", lambda: tcp("cdn.example", 80))
t("server first", lambda: tcp("cdn.example", 25))
t("tls", lambda: tls("a.example", "a.example"))
t("fronting", lambda: tls("a.example", "evil.example"))
t("no tls", lambda: tcp("a.example", 443))
t("quic to a name", lambda: udp("a.example", 443))
t("quic elsewhere", lambda: udp("198.51.100.2", 443))
t("foreign name server", lambda: udp("198.51.100.53", 53))
t("metadata by name", lambda: tcp("meta.example", 80))
"#;

/// Name, result: what is expected of the client.
const EXPECTED: [(&str, &str); 17] = [
    ("untied address", "ConnectionRefusedError"),
    ("name", "answered"),
    ("other name", "gaierror"),
    ("address of it", "ConnectionRefusedError"),
    ("address rule", "answered"),
    ("other port", "ConnectionRefusedError"),
    ("wildcard", "answered"),
    ("wildcard port", "ConnectionRefusedError"),
    ("alias", "answered"),
    ("server first", "answered"),
    ("tls", "answered"),
    ("fronting", "ConnectionResetError"),
    ("no tls", "ConnectionResetError"),
    ("quic to a name", "answered"),
    ("quic elsewhere", ""),
    ("foreign name server", ""),
    ("metadata by name", "ConnectionRefusedError"),
];

fn enforced_on(network: &str) {
    let sandbox = Sandbox::new();
    let log = sandbox.work().join("egress.json");
    let log = log.to_str().expect("temporary paths are UTF-8");
    let arguments = [&["run", "--rm", "-i", "--network", network, "--egress-log", log][..], &RULES].concat();
    let command = sandbox.in_world([&arguments[..], &["host", "python3", "-"]].concat());
    let outcome = command.input(CLIENT).run().succeeds();
    let text = outcome.text();
    for (line, (name, expected)) in text.lines().zip(EXPECTED) {
        let words: Vec<&str> = line.split('|').collect();
        assert_eq!(words[0], name, "{text}");
        match expected {
            // Which of its errors a client gets for "administratively prohibited" is the kernel's choice.
            "" => assert_ne!(words[1], "answered", "{name}: {text}"),
            _ => assert_eq!(words[1], expected, "{name}: {text}"),
        }
        assert_eq!(words[2], "", "{name} is not refused at once: {text}");
    }
    assert_eq!(text.lines().count(), EXPECTED.len(), "{text}");
    check_log(&std::fs::read_to_string(log).expect("the log is there"));
}

/// Each flow is there, with its name, verdict and bytes.
fn check_log(text: &str) {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let has = |wanted: &[(&str, Value)]| {
        let found = lines.iter().any(|line| wanted.iter().all(|(key, value)| line[*key] == *value));
        assert!(found, "{wanted:?} in {text}");
    };
    let (allowed, refused) = (Value::from("allowed"), Value::from("refused"));
    let name = |name: &str| ("name", Value::from(name));
    has(&[("protocol", "dns".into()), name("b.example"), ("verdict", refused.clone())]);
    has(&[("protocol", "tcp".into()), name("a.example"), ("port", 80.into()), ("verdict", allowed.clone())]);
    has(&[("protocol", "tcp".into()), name("a.example"), ("port", 443.into()), ("verdict", allowed.clone())]);
    has(&[name("evil.example"), ("port", 443.into()), ("verdict", refused.clone())]);
    has(&[("address", "198.51.100.5".into()), ("port", 8080.into()), ("verdict", allowed)]);
    has(&[("protocol", "udp".into()), ("address", "198.51.100.2".into()), ("verdict", refused)]);
    let bytes = |line: &Value| line["name"] == "a.example" && line["bytes_received"].as_u64() > Some(10);
    assert!(lines.iter().any(bytes), "no bytes in {text}");
}

#[test]
fn only_what_is_allowed_leaves() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    enforced_on("private");
}

#[test]
fn the_same_rules_hold_for_connections_made_by_the_host() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    enforced_on("fast");
}

#[test]
fn the_same_rules_hold_on_a_network_with_others() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    enforced_on("bridge");
    // A container that could send from a neighbour's address gets no rules that it could get around.
    let create = ["create", "--network", "bridge", "--egress", "deny", "--cap-add", "net_raw", "hello"];
    Sandbox::new().run(create).refuses(125, "the container could send from another's address");
}

#[test]
fn refused_names_are_never_asked_for() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let mut sandbox = Sandbox::new();
    let asked = sandbox.file("asked", "");
    std::fs::set_permissions(&asked, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("its mode is set");
    sandbox.set("WORLD_NAMES", &asked);
    let script = "getent hosts secret-data.evil.example; getent hosts a.example";
    let arguments = ["run", "--rm", "--network", "private", "--egress", "allow=a.example", "host", "sh", "-c", script];
    let outcome = sandbox.in_world(arguments).run().succeeds();
    assert_eq!(outcome.text().split_whitespace().next(), Some("198.51.100.1"), "{outcome:?}");
    let asked = std::fs::read_to_string(asked).expect("read");
    assert!(asked.contains("a.example") && !asked.contains("evil"), "{asked}");
}

#[test]
fn deny_leaves_nothing_and_bad_rules_are_one_line() {
    let sandbox = Sandbox::new();
    let refused = |options: &[&str], line: &str| {
        let outcome = sandbox.run([&["create"][..], options, &["hello"]].concat());
        outcome.refuses(125, line);
    };
    refused(&["--egress", "permit=x"], "invalid --egress \"permit=x\": must be `deny` or `allow=DESTINATION[,...]`");
    refused(
        &["--egress", "deny", "--network", "host"],
        "cannot use --egress with --network host: the container's traffic is the host's own there",
    );
    refused(
        &["--egress-log", "x", "--network", "none"],
        "cannot use --egress-log with --network none: nothing leaves it anyway",
    );
    networked_host!();
    if support::program("python3").is_some() && support::program("ip").is_some() {
        let script = "import socket; socket.create_connection(('198.51.100.1', 80), 9)";
        let arguments = ["run", "--rm", "--network", "private", "--egress", "deny", "host", "python3", "-c", script];
        let outcome = sandbox.in_world(arguments).run();
        assert!(String::from_utf8_lossy(&outcome.stderr).contains("ConnectionRefusedError"), "{outcome:?}");
    }
}

#[test]
fn inspect_shows_the_rules() {
    networked_host!();
    let sandbox = Sandbox::new();
    let outcome = sandbox.run([
        "create",
        "--network",
        "private",
        "--egress",
        "allow=a.example:443",
        "--egress-log",
        "flows",
        "hello",
    ]);
    let id = outcome.succeeds().text().trim().to_owned();
    let format = "{{.HostConfig.Egress}} {{.HostConfig.EgressLog}}";
    sandbox.run(["inspect", "--format", format, &id]).succeeds().prints("[allow=a.example:443] flows");
}
