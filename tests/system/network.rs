//! A container's own network: what it reaches, what reaches it, what names it knows, and what is said when it cannot be.

use crate::support::{Sandbox, needs, networked_host, part, process::eventually, skip};
use crate::{busybox, shell};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// A sandbox with busybox; skips where no tap device can be opened.
macro_rules! networked {
    () => {{
        if let Err(error) = std::fs::File::options().read(true).write(true).open("/dev/net/tun") {
            skip!("/dev/net/tun cannot be opened: {error}");
        }
        busybox!()
    }};
}

/// An address of this machine other than loopback: what a connected UDP socket would send from.
pub(crate) fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(address) if !address.ip().is_loopback() => Some(*address.ip()),
        _ => None,
    }
}

/// What a connection to `address` brings once something answers there.
pub(crate) fn fetch(address: SocketAddr) -> Option<String> {
    eventually(LIMIT, || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(b"GET /answer HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        (!text.is_empty()).then_some(text)
    })
}

fn published(sandbox: &Sandbox, name: &str) -> SocketAddr {
    let text = sandbox.run(["port", name, "80"]).succeeds().text();
    text.trim().parse().unwrap_or_else(|_| panic!("not an address: {text}"))
}

#[test]
fn a_container_has_an_interface_of_its_own() {
    let sandbox = networked!();
    let script =
        "ip -o addr show dev eth0; ip route; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cat /etc/resolv.conf";
    let outcome = shell(&sandbox, &[], script).succeeds().quietly();
    for part in ["inet 10.", "inet6 fd63:6f72:6163:6c65:", "default via 10.", "\n0\n", "nameserver 10."] {
        assert!(outcome.text().contains(part), "{part}: {}", outcome.text());
    }
    shell(&sandbox, &["--cap-drop", "all"], "nc -l -p 80 -w 1 </dev/null 2>&1; true").succeeds().omits("bind");
    let placed = ["--ip", "10.77.3.4", "--ip6", "fd77::5", "--mac-address", "92:d0:c6:0a:29:33"];
    let outcome = shell(&sandbox, &placed, "ip addr show dev eth0; ip route").succeeds();
    for part in ["10.77.3.4/16", "fd77::5/64", "92:d0:c6:0a:29:33", "default via 10.77.0.1"] {
        assert!(outcome.text().contains(part), "{part}: {}", outcome.text());
    }
    sandbox.assert_nothing_left();
}

#[test]
fn the_hosts_services_are_reached_but_not_its_loopback() {
    let sandbox = networked!();
    let Some(own) = own_address() else { skip!("this machine has no address but loopback") };
    let serve = |address: (Ipv4Addr, u16)| {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.and_then(|mut stream| stream.write_all(b"reached\n")); // the client may be gone
            }
        });
        port
    };
    let (outside, loopback) = (serve((own, 0)), serve((Ipv4Addr::LOCALHOST, 0)));
    shell(&sandbox, &[], &format!("nc -w 5 {own} {outside} </dev/null")).prints("reached");
    let gateway = format!("nc -w 5 host.containers.internal {loopback} </dev/null || echo refused");
    shell(&sandbox, &[], &gateway).prints("refused");
    for options in [&["--network", "slirp4netns:allow_host_loopback=true"][..], &["--add-host", "h:host-gateway"]] {
        shell(&sandbox, options, &gateway).prints("reached");
    }
    shell(&sandbox, &[], &format!("nc -w 5 127.0.0.1 {loopback} </dev/null || echo refused")).prints("refused");
}

#[test]
fn published_ports_lead_into_the_container_and_are_shown() {
    let sandbox = networked!();
    let server = "mkdir /www; echo hello from inside >/www/answer; exec httpd -f -v -p 80 -h /www";
    let run = ["run", "-d", "--name", "web", "-p", "127.0.0.1::80", "--expose", "443", "busybox", "sh", "-c", server];
    sandbox.run(run).succeeds().quietly();
    let address = published(&sandbox, "web");
    assert!(fetch(address).is_some_and(|text| text.ends_with("hello from inside\n")));
    sandbox.words("ps --format {{.Ports}}").prints(&format!("{address}->80/tcp, 443/tcp"));
    sandbox.words("port web").prints(&format!("80/tcp -> {address}"));
    sandbox.words("port web 81").refuses(125, "failed to find published port \"81\"");
    let format = "{{(index .NetworkSettings.Ports \"80/tcp\" 0).HostPort}} {{.NetworkSettings.IPAddress}} {{.HostConfig.NetworkMode}}";
    let text = sandbox.run(["inspect", "--format", format, "web"]).succeeds().text();
    let inside = sandbox.words("exec web hostname -i").succeeds().text();
    let own = inside.split_whitespace().find(|word| word.starts_with("10.")).unwrap_or_default();
    assert_eq!(text.trim(), format!("{} {own} private", address.port()));
    // The port is free as soon as the container is gone.
    sandbox.words("rm -f -t 0 web").succeeds();
    TcpListener::bind(address).expect("the port is free again");
    sandbox.assert_nothing_left();
}

#[test]
fn a_client_is_seen_with_its_own_address() {
    let sandbox = networked!();
    let Some(own) = own_address() else { skip!("this machine has no address but loopback") };
    let server = "mkdir /www; exec httpd -f -v -p 80 -h /www";
    sandbox.run(["run", "-d", "--name", "web", "-p", "0:80", "busybox", "sh", "-c", server]).succeeds();
    let port = published(&sandbox, "web").port();
    assert!(fetch(SocketAddr::new(own.into(), port)).is_some());
    let seen =
        eventually(LIMIT, || sandbox.words("logs web").succeeds().errors().contains(&own.to_string()).then_some(()));
    assert!(seen.is_some(), "{}", sandbox.words("logs web").errors());
    assert!(fetch(SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), port)).is_some(), "over IPv6");
}

#[test]
fn a_port_that_cannot_be_had_is_one_clear_line() {
    let sandbox = networked!();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let publish = format!("{taken}:80");
    let line = format!("listen tcp {taken}: bind: address already in use");
    sandbox.run(["run", "--rm", "-p", &publish, "busybox", "true"]).refuses(126, &line);
    sandbox.run(["run", "--rm", "-p", "80/sctp", "busybox", "true"]).refuses(125, "SCTP");
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if !crate::support::is_root() && first.trim() == "1024" {
        sandbox
            .run(["run", "--rm", "-p", "99:80", "busybox", "true"])
            .refuses(126, "you can add 'net.ipv4.ip_unprivileged_port_start=99' to /etc/sysctl.conf");
    }
    let clash = ["run", "--rm", "-p", "8080:80", "-p", "8080:81", "busybox", "true"];
    sandbox.run(clash).refuses(125, "conflicting port mappings for host port 8080 (protocol tcp)");
    sandbox.assert_nothing_left();
}

#[test]
fn names_of_the_host_are_known_and_unknown_servers_fail_soon() {
    let sandbox = networked!();
    let script = "nslookup -type=a host.docker.internal | tail -n 3; grep host.containers.internal /etc/hosts";
    shell(&sandbox, &[], script).succeeds().mentions("Address: 10.");
    // Nothing listens on this address of loopback, which is the forwarder's to ask: an answer, and no hang.
    let script = "nslookup nowhere.example 2>&1; true";
    shell(&sandbox, &["--dns", "127.0.0.123"], script).succeeds().mentions("SERVFAIL");
    shell(&sandbox, &["--dns", "10.9.8.7", "--dns-search", "a.example"], "cat /etc/resolv.conf")
        .succeeds()
        .mentions("nameserver 10.9.8.7")
        .mentions("search a.example");
}

#[test]
fn the_forwarder_is_where_scripts_for_others_look_for_it() {
    let sandbox = networked!();
    let script = "grep nameserver /etc/resolv.conf; nslookup -type=a host.docker.internal | grep -m 1 Server;
        nc -w 5 $1 80 </dev/null || echo closed";
    for (mode, server) in [
        ("slirp4netns", "10.0.2.3"),
        ("slirp4netns:cidr=10.99.7.0/24", "10.99.7.3"),
        ("pasta:--dns-forward,198.51.100.77", "198.51.100.77"),
    ] {
        let words = ["run", "--rm", "--network", mode, "busybox", "sh", "-c", script, "sh", server];
        sandbox.run(words).prints(&format!("nameserver {server}\nServer:\t\t{server}\nclosed"));
    }
}

#[test]
fn a_network_is_shared_with_a_container() {
    let sandbox = networked!();
    sandbox.words("run -d --name first busybox sleep 1000").succeeds();
    let own = sandbox.words("exec first ip -o -4 addr show dev eth0").succeeds().text();
    shell(&sandbox, &["--network", "container:first"], "ip -o -4 addr show dev eth0").prints(own.trim());
    shell(&sandbox, &["--network", "container:none"], "true").exits(125);
}

#[test]
fn the_container_whose_network_is_shared_may_be_started_anew() {
    let sandbox = networked!();
    sandbox.words("run -d --name first --hostname bow busybox sleep 1000").succeeds();
    sandbox.words("run -d --name second --network container:first busybox sleep 1000").succeeds();
    let files = |name: &str| sandbox.run(["exec", name, "cat", "/etc/hosts", "/etc/resolv.conf"]).succeeds().text();
    assert_eq!(files("first"), files("second"));
    sandbox.words("stop -t 0 second first").succeeds();
    // The one is started with the other, and is where that is.
    sandbox.words("start second").succeeds();
    let namespace = |name: &str| sandbox.run(["exec", name, "readlink", "/proc/self/ns/net"]).succeeds().text();
    assert_eq!(namespace("first"), namespace("second"));
    assert_eq!(files("first"), files("second"));
    sandbox.words("rm -f -t 0 second first").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_network_namespace_is_joined_by_its_file() {
    let sandbox = networked!();
    sandbox.words("run -d --name first busybox sleep 1000").succeeds();
    let pid = sandbox.run(["inspect", "--format", "{{.State.Pid}}", "first"]).succeeds().text();
    let namespace = sandbox.words("exec first readlink /proc/self/ns/net").succeeds().text();
    let network = format!("ns:/proc/{}/ns/net", pid.trim());
    shell(&sandbox, &["--network", &network], "readlink /proc/self/ns/net").prints(namespace.trim());
    let own = std::fs::read_link("/proc/self/ns/net").expect("it is a link");
    let own = own.to_str().expect("it is text");
    shell(&sandbox, &["--network", "ns:/proc/self/ns/net"], "readlink /proc/self/ns/net").prints(own);
    sandbox.words("rm -f -t 0 first").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn ports_are_no_use_in_somebody_elses_network() {
    let sandbox = networked!();
    let line = "Port mappings have been discarded because \"host\" network namespace mode does not support them";
    let outcome = sandbox.words("run --rm -p 8080:80 --network host busybox echo fine").succeeds().prints("fine");
    assert_eq!(outcome.errors().trim_end(), line);
}

#[test]
fn networks_that_make_no_sense_are_refused() {
    let sandbox = busybox!();
    let cases: [(&[&str], &str); 7] = [
        (&["--network", "slirp4netns:speed=9"], "unknown option for slirp4netns: \"speed=9\""),
        (&["--network", "pasta:--warp"], "unknown option for pasta: \"--warp\""),
        (&["--network", "none", "--ip", "10.0.0.2"], "networks and static ip/mac address can only be used"),
        (&["--network", "no-such"], "no-such"),
        (&["--network", "none", "--network", "host"], "cannot set multiple networks"),
        (&["--ip", "10.77.0.0"], "requested static ip 10.77.0.0 cannot be used"),
        (&["--network", "ns:/no/such"], "find \"/no/such\": no such file or directory"),
    ];
    for (options, part) in cases {
        if part.contains("static ip 10")
            && std::fs::File::options().read(true).write(true).open("/dev/net/tun").is_err()
        {
            continue;
        }
        shell(&sandbox, options, "true").refuses(125, part);
    }
    sandbox.assert_nothing_left();
}

#[test]
fn a_tun_device_that_makes_nothing_is_as_good_as_none() {
    networked_host!();
    needs!("python3" from "python3", "unshare" from "util-linux", "ip" from "iproute2", "mount" from "mount");
    let sandbox = Sandbox::new();
    // A device that can be opened and knows nothing of interfaces.
    let script = "mount --bind /dev/null /dev/net/tun
        own=$(readlink /proc/self/ns/net)
        test \"$($coracle run --rm --cidfile id host readlink /proc/self/ns/net)\" = \"$own\"
        test \"$($coracle run --name kept host readlink /proc/self/ns/net 2>&1 | tail -n 1)\" = \"$own\"
        $coracle ps -a --noheading --format '{{.Names}}'; $coracle rm kept
        $coracle run --rm --network private host true && exit 1
        $coracle run --rm -p 127.0.0.1::80 host true && exit 1
        echo told";
    let outcome = sandbox.shell_in_world(script).run().succeeds();
    assert_eq!(outcome.lines(), ["kept", "kept", "told"], "{outcome:?}");
    let said =
        "no network of its own can be made, so the container shares the host's: create network interface \"eth0\": ";
    assert!(outcome.errors().contains(said), "{outcome:?}");
    let refused = "Error: cannot make a network for the container: create network interface \"eth0\": ";
    assert_eq!(outcome.errors().matches(refused).count(), 2, "{outcome:?}");
    sandbox.assert_nothing_left();
}

#[test]
fn without_a_tun_device_the_hosts_network_is_shared_and_said() {
    if part() != "no-tun" {
        skip!("needs a host without /dev/net/tun, which only the part no-tun arranges");
    }
    let sandbox = busybox!();
    let own = std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    shell(&sandbox, &[], "readlink /proc/self/ns/net").prints(&own);
    // It is said once.
    shell(&sandbox, &[], "true").succeeds().quietly();
    shell(&sandbox, &["--network", "private"], "true").refuses(125, "/dev/net/tun");
    shell(&sandbox, &["-p", "8080:80"], "true").refuses(125, "/dev/net/tun");
}
