//! Networks with names: containers that find each other, come and go, and leave nothing behind (podman-network(1)).

use crate::support::process::{Process, eventually};
use crate::support::{Outcome, Sandbox};
use crate::{busybox, shell};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// How long something that takes milliseconds may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sandbox with busybox, on a host where taps can be made and clients be run from the image `host`.
macro_rules! network {
    () => {{
        crate::support::networked_host!();
        busybox!()
    }};
}

/// Starts a container that answers HTTP on port 8000 with its name, and waits until it listens.
fn serve(sandbox: &Sandbox, name: &str, options: &[&str]) {
    let script = "mkdir /w; hostname >/w/index.html; echo $NAME >/w/name; httpd -p 8000 -h /w; echo ready; sleep 1000";
    let variable = format!("NAME={name}");
    let run = ["run", "-d", "--rm", "--name", name, "-e", &variable];
    sandbox.run([&run, options, &["busybox", "sh", "-c", script]].concat()).succeeds();
    let ready = eventually(PATIENCE, || sandbox.run(["logs", name]).text().contains("ready").then_some(()));
    assert!(ready.is_some(), "{name} did not start");
}

/// What bash does to ask `host` for its name; a static busybox cannot look names up.
fn asking(host: &str) -> String {
    format!("exec 3<>/dev/tcp/{host}/8000 && printf 'GET /name HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3")
}

fn fetch(sandbox: &Sandbox, network: &str, host: &str) -> Outcome {
    sandbox.run(["run", "--rm", "--network", network, "host", "bash", "-c", &asking(host)])
}

/// Every holder of this sandbox's networks is gone, and so is its socket.
fn assert_no_holders(sandbox: &Sandbox) {
    let places = sandbox.run_directory();
    let left = |directory: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(directory).into_iter().flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".sock"))
            .collect()
    };
    for directory in [places.join("networks"), places.join("coracle/networks")] {
        assert_eq!(left(&directory), Vec::<String>::new(), "{}", directory.display());
    }
}

#[test]
fn containers_find_each_other_by_name_alias_and_short_id() {
    let sandbox = network!();
    sandbox.words("network create sea").prints("sea");
    serve(&sandbox, "boat", &["--network", "sea", "--network-alias", "ship", "--hostname", "hull"]);
    let id = sandbox.run(["inspect", "--format", "{{.Id}}", "boat"]).text();
    for name in ["boat", "ship", "hull", &id[..12], "BOAT", "boat.dns.podman"] {
        fetch(&sandbox, "sea", name).succeeds().prints("boat");
    }
    let address = sandbox.run(["inspect", "--format", "{{.NetworkSettings.Networks.sea.IPAddress}}", "boat"]).text();
    fetch(&sandbox, "sea", &address).succeeds().prints("boat");
    // Nobody else is there, and nobody from another network gets in.
    assert_ne!(fetch(&sandbox, "sea", "harbour").code(), 0);
    sandbox.words("network create lake").succeeds();
    assert_ne!(fetch(&sandbox, "lake", "boat").code(), 0);
    sandbox.words("network rm sea").refuses(2, "\"sea\" has associated containers with it");
    sandbox.words("stop -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.words("network rm sea lake").succeeds();
    sandbox.assert_nothing_left();
}

#[test]
fn a_running_container_is_connected_and_disconnected() {
    let sandbox = network!();
    sandbox.words("network create one").succeeds();
    sandbox.words("network create two").succeeds();
    serve(&sandbox, "boat", &["--network", "one"]);
    assert_ne!(fetch(&sandbox, "two", "boat").code(), 0);
    sandbox.words("network connect --alias ship two boat").succeeds();
    for name in ["boat", "ship"] {
        fetch(&sandbox, "two", name).succeeds().prints("boat");
    }
    sandbox.words("network connect two boat").refuses(125, "already connected");
    sandbox.words("exec boat cat /sys/class/net/eth1/operstate").succeeds();
    sandbox.words("network disconnect two boat").succeeds();
    assert_ne!(fetch(&sandbox, "two", "boat").code(), 0);
    assert_ne!(sandbox.words("exec boat cat /sys/class/net/eth1/operstate").code(), 0);
    fetch(&sandbox, "one", "boat").succeeds().prints("boat");
    sandbox.words("network disconnect two boat").refuses(125, "is not connected to network two");
    sandbox.words("network disconnect -f two boat").succeeds();
    sandbox.words("rm -f -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

/// What the container's web server says at its published port, once it does.
fn at_port(sandbox: &Sandbox, name: &str) -> Option<String> {
    let text = sandbox.run(["port", name, "8000"]).succeeds().text();
    let address: SocketAddr = text.lines().next()?.replace("0.0.0.0", "127.0.0.1").parse().ok()?;
    eventually(PATIENCE, || {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(b"GET /name HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.lines().last().map(str::to_owned)
    })
}

#[test]
fn a_container_with_the_default_network_is_connected_while_it_runs() {
    let sandbox = network!();
    sandbox.words("network create sea").succeeds();
    let script = "mkdir /w; echo boat >/w/name; httpd -p 8000 -h /w; echo ready; sleep 1000";
    sandbox.run(["run", "-d", "--name", "boat", "-p", "127.0.0.1::8000", "busybox", "sh", "-c", script]).succeeds();
    let before = sandbox.words("exec boat cat /etc/resolv.conf").succeeds().text();
    sandbox.words("network connect --alias ship sea boat").succeeds();
    for name in ["boat", "ship"] {
        fetch(&sandbox, "sea", name).succeeds().prints("boat");
    }
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    let shown = sandbox.run([
        "inspect",
        "boat",
        "--format",
        "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}",
    ]);
    shown.succeeds().prints("private sea ");
    // It asks the network for names first, and no longer once it has left.
    let during = sandbox.words("exec boat cat /etc/resolv.conf").succeeds().text();
    assert!(during.ends_with(&before) && during.len() > before.len(), "{during:?}, before {before:?}");
    sandbox.words("network disconnect sea boat").succeeds();
    sandbox.words("exec boat cat /etc/resolv.conf").succeeds().prints(before.trim_end());
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    // From the next start it is on the network `podman` and the other.
    sandbox.words("network connect sea boat").succeeds();
    sandbox.words("stop -t 0 boat").succeeds();
    sandbox.words("start boat").succeeds();
    fetch(&sandbox, "sea", "boat").succeeds().prints("boat");
    let routes = sandbox.words("exec boat ip route show default").succeeds().text();
    assert!(routes.contains("dev eth0"), "{routes}");
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    // Rules for what leaves would not hold on another network.
    sandbox.words("run -d --name tied --egress deny busybox sleep 1000").succeeds();
    sandbox.words("network connect sea tied").refuses(125, "--egress rules");
    sandbox.words("rm -f -t 0 boat tied").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn published_ports_and_the_way_out_follow_when_a_network_is_left() {
    let sandbox = network!();
    for name in ["one", "two"] {
        sandbox.words(&format!("network create {name}")).succeeds();
    }
    serve(&sandbox, "boat", &["--network", "one", "--network", "two", "-p", "127.0.0.1::8000"]);
    let route = || sandbox.words("exec boat ip route show default").succeeds().text();
    let resolver = || sandbox.words("exec boat cat /etc/resolv.conf").succeeds().text();
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    let (first_route, first_resolver) = (route(), resolver());
    assert!(first_route.contains("dev eth0"), "{first_route}");
    sandbox.words("network disconnect one boat").succeeds();
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    assert!(route().contains("dev eth1"), "{}", route());
    assert_ne!(resolver(), first_resolver);
    // A reload binds them again, and so does a network that comes after none.
    sandbox.words("network reload boat").succeeds();
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    sandbox.words("network disconnect two boat").succeeds();
    assert_eq!(route(), "");
    sandbox.words("network connect one boat").succeeds();
    assert_eq!(at_port(&sandbox, "boat").as_deref(), Some("boat"));
    fetch(&sandbox, "one", "boat").succeeds().prints("boat");
    sandbox.words("rm -f -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn isolated_networks_are_apart() {
    let sandbox = network!();
    sandbox.words("network create -o isolate=true one").succeeds();
    // Internal, so that the attempt goes nowhere else either.
    sandbox.words("network create --internal -o isolate=strict two").succeeds();
    sandbox.words("network create --subnet 10.231.5.0/24 --subnet fd53:17::/64 --gateway 10.231.5.9 --ip-range 10.231.5.128/25 both").succeeds();
    serve(&sandbox, "boat", &["--network", "one"]);
    let address = sandbox.run(["inspect", "--format", "{{.NetworkSettings.Networks.one.IPAddress}}", "boat"]).text();
    fetch(&sandbox, "one", &address).succeeds().prints("boat");
    assert_ne!(fetch(&sandbox, "two", &address).code(), 0);
    let addresses = sandbox.words("run --rm --network both busybox ip addr show dev eth0").succeeds().quietly().text();
    for part in ["10.231.5.129/24", "fd53:17::2/64"] {
        assert!(addresses.contains(part), "{part}: {addresses}");
    }
    sandbox.words("rm -f -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn addresses_are_as_asked_and_nobody_elses() {
    let sandbox = network!();
    sandbox.words("network create --subnet 10.212.7.0/24 --ipv6 --opt mtu=1400 sea").succeeds();
    serve(&sandbox, "boat", &["--network", "sea:ip=10.212.7.77,mac=02:00:00:00:00:07"]);
    let inside = "cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu";
    sandbox.run(["exec", "boat", "sh", "-c", inside]).prints("02:00:00:00:00:07\n1400");
    let taken = "requested ip address 10.212.7.77 is already allocated to container ID";
    sandbox.words("run --rm --network sea --ip 10.212.7.77 busybox true").refuses(125, taken);
    let outside = "requested static ip 10.1.2.3 not in any subnet on network sea";
    sandbox.words("run --rm --network sea --ip 10.1.2.3 busybox true").refuses(125, outside);
    fetch(&sandbox, "sea", "10.212.7.77").succeeds().prints("boat");
    let format = "{{.NetworkSettings.Networks.sea.GlobalIPv6Address}}";
    let address = sandbox.run(["inspect", "--format", format, "boat"]).text();
    assert!(address.starts_with("fd"), "{address}");
    sandbox.words("rm -f -t 0 boat").succeeds();
    sandbox.words("run --rm --network sea --ip 10.212.7.77 busybox true").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn a_network_may_have_several_subnets_of_a_family() {
    let sandbox = network!();
    sandbox.words("network create --subnet 10.212.8.0/24 --subnet 10.212.9.0/24 --gateway 10.212.8.9 sea").succeeds();
    let format = "{{range .Subnets}}{{.Subnet}} {{.Gateway}} {{end}}";
    sandbox
        .run(["network", "inspect", "--format", format, "sea"])
        .prints("10.212.8.0/24 10.212.8.9 10.212.9.0/24 10.212.9.1 ");
    serve(&sandbox, "boat", &["--network", "sea:ip=10.212.9.77"]);
    let format =
        "{{with .NetworkSettings.Networks.sea}}{{.IPAddress}} {{.Gateway}} {{json .SecondaryIPAddresses}}{{end}}";
    let second = r#"[{"Addr":"10.212.9.77","PrefixLength":24}]"#;
    sandbox.run(["inspect", "--format", format, "boat"]).prints(&format!("10.212.8.1 10.212.8.9 {second}"));
    // One way out, and both gateways answer.
    let script = "ip route | grep -c default; for gateway in 10.212.8.9 10.212.9.1; do
        nslookup -type=a boat.dns.podman $gateway | grep -c 'Address: 10.212.[89]'; done";
    sandbox.run(["exec", "boat", "sh", "-c", script]).prints("1\n2\n2");
    fetch(&sandbox, "sea", "10.212.8.1").succeeds().prints("boat");
    fetch(&sandbox, "sea", "10.212.9.77").succeeds().prints("boat");
    fetch(&sandbox, "sea", "boat").succeeds().prints("boat");
    let taken = "subnet 10.212.9.0/24 is already used on the host or by another config";
    sandbox.words("network create --subnet 10.213.0.0/24 --subnet 10.212.9.0/24 lake").refuses(125, taken);
    sandbox.words("rm -f -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn an_internal_network_leads_nowhere() {
    let sandbox = network!();
    sandbox.words("network create --internal vault").succeeds();
    serve(&sandbox, "safe", &["--network", "vault"]);
    shell(&sandbox, &["--network", "vault"], "ip route | grep -c default").prints("0");
    fetch(&sandbox, "vault", "safe").succeeds().prints("safe");
    sandbox.words("rm -f -t 0 safe").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn a_container_on_two_networks_knows_the_names_of_both() {
    let sandbox = network!();
    sandbox.words("network create --internal vault").succeeds();
    sandbox.words("network create sea").succeeds();
    serve(&sandbox, "safe", &["--network", "vault"]);
    serve(&sandbox, "boat", &["--network", "sea"]);
    let script = format!("({}); {}", asking("safe"), asking("boat"));
    let both = ["run", "--rm", "--network", "vault", "--network", "sea", "host", "bash", "-c", &script];
    sandbox.run(both).prints("safe\nboat");
    // A network that is joined later counts too.
    sandbox.words("run -d --name diver --network sea host sleep 1000").succeeds();
    let dive = || sandbox.run(["exec", "diver", "bash", "-c", &asking("safe")]);
    assert_ne!(dive().code(), 0);
    sandbox.words("network connect vault diver").succeeds();
    dive().prints("safe");
    sandbox.words("rm -f -t 0 safe boat diver").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn a_network_whose_process_is_killed_is_made_again() {
    let sandbox = network!();
    sandbox.words("network create sea").succeeds();
    serve(&sandbox, "boat", &["--network", "sea"]);
    let leases = std::fs::read_to_string(sandbox.store().join("networks/sea.leases")).unwrap();
    let leases: serde_json::Value = serde_json::from_str(&leases).unwrap();
    let holder = leases["holder"]["pid"].as_u64().unwrap() as u32;
    let process = Process::read(holder).expect("the holder lives");
    process.signal(9);
    assert!(eventually(PATIENCE, || (!process.lives()).then_some(())).is_some());
    // The interface went with the bridge; the container lives.
    let gone = || (sandbox.words("exec boat cat /sys/class/net/eth0/operstate").code() != 0).then_some(());
    assert!(eventually(PATIENCE, gone).is_some());
    sandbox.words("network reload boat").succeeds();
    fetch(&sandbox, "sea", "boat").succeeds().prints("boat");
    sandbox.words("rm -f -t 0 boat").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}

#[test]
fn what_cannot_be_is_said_in_podmans_words() {
    let sandbox = network!();
    let missing = "unable to find network with name or ID nowhere: network not found";
    sandbox.words("run --rm --network nowhere busybox true").refuses(125, missing);
    sandbox.words("network connect nowhere nobody").refuses(125, missing);
    sandbox.words("network rm podman").refuses(125, "default network podman cannot be removed");
    sandbox.words("network create sea").succeeds();
    sandbox.words("run --rm --network sea --network host busybox true").refuses(125, "cannot set multiple networks");
    sandbox.words("run -d --name alone --network none busybox sleep 1000").succeeds();
    sandbox.words("network connect sea alone").refuses(125, "\"none\" is not supported: invalid network mode");
    sandbox.words("rm -f -t 0 alone").succeeds();
    sandbox.words("network rm -f sea").succeeds();
    assert_no_holders(&sandbox);
    sandbox.assert_nothing_left();
}
