//! Programs that people run in containers, over the container's network: a web server behind a published port, the package
//! manager, a cache asked by name, a database under load, ping. All are Debian's, from the image `host`.

use crate::network::{fetch, own_address};
use crate::support::process::eventually;
use crate::support::{Sandbox, has_subordinate_ids, is_root, needs, networked_host, program, skip};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long something that takes a second or two may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the container's `port` is published.
fn published(sandbox: &Sandbox, name: &str, port: &str) -> SocketAddr {
    let text = sandbox.run(["port", name, port]).succeeds().text();
    text.lines().next().and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("not an address: {text}"))
}

#[test]
fn a_web_server_sees_its_clients_own_addresses() {
    networked_host!();
    needs!("nginx" from "nginx-light");
    let Some(own) = own_address() else { skip!("this machine has no address but loopback's") };
    let sandbox = Sandbox::new();
    let configuration = "user root; daemon off; pid /tmp/nginx.pid; error_log stderr; events {} http { access_log /tmp/access.log;
        client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
        server { listen 80; listen [::]:80; location / { return 200 'hello from nginx'; } } }";
    let file = sandbox.file("nginx.conf", configuration);
    let volume = format!("{file}:/nginx.conf:ro");
    let run = ["run", "-d", "--name", "web", "-p", ":80", "-v", &volume, "host", "nginx", "-c", "/nginx.conf"];
    sandbox.run(run).succeeds();
    let port = published(&sandbox, "web", "80").port();
    let address = SocketAddr::new(own.into(), port);
    let answer = fetch(address).expect("nginx answers");
    assert!(answer.ends_with("hello from nginx"), "{answer}");
    if program("curl").is_some() {
        let curl = Command::new("curl").args(["-sS", "--noproxy", "*", &format!("http://{address}/curl")]).output();
        assert_eq!(String::from_utf8_lossy(&curl.expect("curl starts").stdout), "hello from nginx");
    }
    let log = || sandbox.words("exec web cat /tmp/access.log").succeeds().text();
    let all = eventually(PATIENCE, || Some(log()).filter(|log| log.contains("GET /answer")));
    let all = all.unwrap_or_else(|| panic!("the request is not in the log: {}", log()));
    assert!(all.lines().all(|line| line.starts_with(&format!("{own} "))), "{all}");
    sandbox.words("rm -f -t 0 web").succeeds();
    sandbox.assert_nothing_left();
}

/// Serves files below `directory` by HTTP until the test's process ends; returns its port.
fn serve_files(address: Ipv4Addr, directory: PathBuf) -> u16 {
    let listener = TcpListener::bind((address, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            let name = first.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned();
            let content = std::fs::read(directory.join(&name)).ok().filter(|_| !name.is_empty());
            let (status, body) = content.map_or(("404 Not Found", Vec::new()), |content| ("200 OK", content));
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let mut writer = &stream;
            let _ = writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(&body));
        }
    });
    port
}

#[test]
fn the_package_manager_reads_a_repository() {
    networked_host!();
    needs!("apt-get" from "apt");
    let Some(own) = own_address() else { skip!("this machine has no address but loopback's") };
    let sandbox = Sandbox::new();
    let package = "Package: coracle-proof\nVersion: 4.7.11\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n\
        Filename: ./coracle-proof.deb\nSize: 1\nSHA256: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\nDescription: a proof\n";
    sandbox.file("repository/Packages", package);
    let port = serve_files(own, sandbox.work().join("repository"));
    let list = sandbox.file("proof.list", &format!("deb [trusted=yes] http://{own}:{port}/ ./\n"));
    let volume = format!("{list}:/proof.list:ro");
    // Without subordinate ids there is nobody else that apt could become to download.
    let user = if has_subordinate_ids() { "" } else { "-o APT::Sandbox::User=root" };
    let options = format!(
        "-o Dir::Etc::sourcelist=/proof.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=/tmp/lists {user} \
         -o Acquire::Retries=0 -o Acquire::http::Proxy=false"
    );
    let script = format!(
        "mkdir -p -m 755 /tmp/lists/partial; if id _apt >/dev/null 2>&1; then chown _apt /tmp/lists/partial 2>/dev/null; fi
        apt-get {options} update && apt-cache {options} show coracle-proof"
    );
    let outcome = sandbox.run(["run", "--rm", "-v", &volume, "host", "sh", "-c", &script]).succeeds();
    assert!(outcome.text().contains("Version: 4.7.11"), "{outcome:?}");
    sandbox.assert_nothing_left();
}

#[test]
fn a_cache_is_asked_by_its_name() {
    networked_host!();
    needs!("redis-server" from "redis-server", "python3" from "python3");
    if !Command::new("python3").args(["-c", "import redis"]).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    {
        skip!("needs the redis module of python3 (Debian package python3-redis)");
    }
    let sandbox = Sandbox::new();
    sandbox.words("network create sea").succeeds();
    let server = "redis-server --bind 0.0.0.0 --protected-mode no --save --dir /tmp";
    sandbox.words(&format!("run -d --name cache --network sea host {server}")).succeeds();
    let ready = || sandbox.words("logs cache").text().contains("Ready to accept").then_some(());
    assert!(eventually(PATIENCE, ready).is_some(), "{:?}", sandbox.words("logs cache"));
    let client = "import redis; r = redis.Redis(host='cache', socket_timeout=60); r.set('boat', 'coracle'); print(r.get('boat').decode())";
    sandbox.run(["run", "--rm", "--network", "sea", "host", "python3", "-c", client]).succeeds().prints("coracle");
    sandbox.words("rm -f -t 0 cache").succeeds();
    sandbox.assert_nothing_left();
}

/// Where Debian puts the programs of its newest PostgreSQL.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    found.retain(|place| ["initdb", "postgres", "psql", "pgbench"].iter().all(|name| place.join(name).exists()));
    found.sort();
    found.pop()
}

#[test]
fn a_database_bears_load_through_a_published_port() {
    networked_host!();
    let Some(programs) = postgres() else { skip!("needs PostgreSQL (Debian package postgresql)") };
    let sandbox = Sandbox::new();
    let place = programs.display();
    let script = format!(
        "export LC_ALL=C; {place}/initdb -D /data/db -U tester -A trust >/dev/null &&
        echo 'host all all all trust' >>/data/db/pg_hba.conf &&
        exec {place}/postgres -D /data/db -k /data -c listen_addresses='*' -c fsync=off -c shared_buffers=16MB"
    );
    // It does not run as root.
    let user: &[&str] = if is_root() { &["--user", "postgres"] } else { &["--userns", "keep-id"] };
    if is_root() && sandbox.run([&["run", "--rm"], user, &["host", "true"]].concat()).code() != 0 {
        skip!("root of this user namespace has no second id that a database could run as");
    }
    let run = ["run", "-d", "--name", "db", "--tmpfs", "/data:mode=1777", "-p", "127.0.0.1::5432"];
    sandbox.run([&run, user, &["host", "bash", "-c", &script]].concat()).succeeds();
    let ready = || {
        let outcome = sandbox.words("logs db");
        (outcome.text() + &outcome.errors()).contains("ready to accept connections").then_some(())
    };
    assert!(eventually(PATIENCE, ready).is_some(), "{:?}", sandbox.words("logs db"));
    let port = published(&sandbox, "db", "5432").port().to_string();
    let client = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(programs.join(name));
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "tester"]).args(arguments).env("PGCONNECT_TIMEOUT", "60");
        let output = command.stdin(Stdio::null()).output().expect("the client starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{name}: {text}");
        text
    };
    assert_eq!(client("psql", &["-d", "postgres", "-Atc", "select 6 * 7"]).trim(), "42");
    client("pgbench", &["-i", "-q", "postgres"]);
    let report = client("pgbench", &["-c", "4", "-t", "100", "postgres"]);
    assert!(report.contains("number of transactions actually processed: 400/400"), "{report}");
    sandbox.words("rm -f -t 0 db").succeeds();
    sandbox.assert_nothing_left();
}

/// Whether this user may open ICMP echo sockets without privilege (icmp(7)).
fn may_ping() -> bool {
    use rustix::net::{AddressFamily, SocketType, ipproto, socket};
    socket(AddressFamily::INET, SocketType::DGRAM, Some(ipproto::ICMP)).is_ok()
}

#[test]
fn ping_reaches_the_gateway_and_this_machine() {
    networked_host!();
    needs!("ping" from "iputils-ping");
    let sandbox = Sandbox::new();
    let ping = |options: &[&str], address: &str| {
        sandbox
            .run([&["run", "--rm"], options, &["host", "ping", "-c", "2", "-i", "0.2", "-W", "20", address]].concat())
    };
    let gateway = ping(&["--ip", "10.231.9.5"], "10.231.0.1").succeeds();
    assert!(gateway.text().contains(" 0% packet loss"), "{gateway:?}");
    // The kernel takes packets for an IPv6 address only when a work queue of its own has come to it: the first may be lost.
    let gateway = ping(&["--ip6", "fd53:19::5"], "fd53:19::1").succeeds();
    assert!(gateway.text().contains("bytes from fd53:19::1"), "{gateway:?}");
    let Some(own) = own_address() else { skip!("this machine has no address but loopback's") };
    let outcome = ping(&[], &own.to_string());
    match may_ping() {
        true => assert!(outcome.text().contains(" 0% packet loss"), "{outcome:?}"),
        // The stack says so rather than leaving it without an answer.
        false => assert!(outcome.text().contains("filtered") || outcome.text().contains("nreachable"), "{outcome:?}"),
    }
}

#[test]
fn ping_leaves_where_the_host_lets_users_ping() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2", "ping" from "iputils-ping");
    let sandbox = Sandbox::new();
    let script = "echo 0 0 >/proc/sys/net/ipv4/ping_group_range
        $coracle run --rm --network private host ping -c 2 -i 0.2 -W 20 198.51.100.5";
    let outcome = sandbox.shell_in_world(script).run().succeeds();
    assert!(outcome.text().contains("2 received"), "{outcome:?}");
}

/// A global IPv6 address of this machine, in the order the kernel lists them.
fn own_ipv6() -> Option<Ipv6Addr> {
    let listed = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    listed.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let address = Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
        let is_global = fields.get(3) == Some(&"00") && !address.is_loopback();
        (is_global && UdpSocket::bind((address, 0)).is_ok()).then_some(address)
    })
}

#[test]
fn ipv6_leads_out_and_in() {
    networked_host!();
    let sandbox = Sandbox::new();
    let listed = sandbox.words("run --rm host cat /proc/net/if_inet6").succeeds().text();
    assert!(listed.lines().any(|line| line.starts_with("fd") && line.ends_with("eth0")), "{listed}");
    let Some(own) = own_ipv6() else { skip!("this machine has no IPv6 address but loopback's") };
    // Out: a connection to this machine's own address.
    let listener = TcpListener::bind((own, 0)).expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client comes");
        stream.write_all(b"over six\n").expect("it listens");
    });
    let script = format!("cat </dev/tcp/{own}/{port}");
    sandbox.run(["run", "--rm", "host", "bash", "-c", &script]).succeeds().prints("over six");
    server.join().expect("the server ends");
    // In: a published port, with the client's own address.
    let script = "import socket; s = socket.create_server(('::', 80), family=socket.AF_INET6); c, a = s.accept(); c.sendall(a[0].encode())";
    if program("python3").is_some() {
        let publish = format!("[{own}]::80");
        sandbox.run(["run", "-d", "--name", "six", "-p", &publish, "host", "python3", "-c", script]).succeeds();
        let address = published(&sandbox, "six", "80");
        let seen = eventually(PATIENCE, || {
            let mut text = String::new();
            std::net::TcpStream::connect(address).ok()?.read_to_string(&mut text).ok()?;
            (!text.is_empty()).then_some(text)
        });
        assert_eq!(seen, Some(own.to_string()));
        sandbox.words("rm -f -t 0 six").succeeds();
    }
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_among_others_has_name_servers_of_its_own() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    let script = "
        ask() { $coracle run --rm --network bridge $1 host sh -c \"getent ahostsv4 $2; tail -n 1 /etc/resolv.conf\"; }
        $coracle run -d --name boat --network bridge host sleep 1000 >/dev/null
        ask '--dns-search .' a.example | head -n 1; ask '--dns 198.51.100.54' a.example | head -n 1
        ask '--dns 198.51.100.54' boat | grep -c 10.88
        ask '--dns 198.51.100.54 --dns-search corp.example --dns-option ndots:3' a.example | tail -n 1
        $coracle rm -f -t 0 boat >/dev/null";
    let outcome = sandbox.shell_in_world(script).run().succeeds();
    let first: Vec<String> =
        outcome.lines().iter().map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(first[..2], ["198.51.100.1", "198.51.100.54"], "{outcome:?}");
    assert_ne!(first[2], "0", "{outcome:?}");
    assert_eq!(outcome.lines()[3], "options ndots:3", "{outcome:?}");
}

#[test]
fn the_hosts_resolvers_are_followed_as_they_change() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2");
    let sandbox = Sandbox::new();
    // The servers after the first give every name the address in their own last place; 127.0.0.53 is where a stub listens.
    let script = "
        $coracle run -d --name c --network private host sleep 1000 >/dev/null
        first() { $coracle exec c getent ahostsv4 $1.example | awk 'NR == 1 { print $1 }'; }
        first a
        for server in 198.51.100.54 127.0.0.53; do
            echo nameserver $server >/etc/resolv.conf
            until [ \"$(first a)\" = 198.51.100.${server##*.} ]; do sleep 0.2; done
            echo $server
        done
        $coracle rm -f -t 0 c >/dev/null";
    let outcome = sandbox.shell_in_world(script).run().succeeds();
    assert_eq!(outcome.lines(), ["198.51.100.1", "198.51.100.54", "127.0.0.53"], "{outcome:?}");
}
