//! Not a test: attaches the stack to the network namespace of a process, to be measured beside its peers.
//!
//! `CORACLE_NETWORK_PID=1234 network --ignored --exact measure::attach --nocapture`, as root, or inside the user
//! namespace that owns the process's. `CORACLE_NETWORK_PUBLISH=5201,8080` publishes ports on all addresses. Runs until
//! it is killed.

use super::harness::{GUEST4, GUEST6, Network, Options, interface};
use coracle::network::link::create_tap;
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr};

#[test]
#[ignore = "for measurements by hand: joins the namespace of CORACLE_NETWORK_PID; `bench/run network` measures containers"]
fn attach() {
    let Ok(process) = std::env::var("CORACLE_NETWORK_PID") else { return };
    let namespace = File::open(format!("/proc/{process}/ns/net")).unwrap();
    let mut options = Options::default();
    options.configuration.host_loopback = true;
    let mtu = options.configuration.mtu;
    let inner = namespace.try_clone().unwrap();
    let tap = std::thread::spawn(move || {
        setns(inner, CloneFlags::CLONE_NEWNET).unwrap();
        create_tap(&interface(mtu)).unwrap()
    });
    let network = Network::start(options, namespace, tap.join().unwrap());
    for port in std::env::var("CORACLE_NETWORK_PUBLISH").unwrap_or_default().split(',').filter_map(|p| p.parse().ok()) {
        network.publish_tcp((Ipv4Addr::UNSPECIFIED, port), (GUEST4, port));
        network.publish_udp((Ipv4Addr::UNSPECIFIED, port), (GUEST4, port));
        let _ = (Ipv6Addr::UNSPECIFIED, GUEST6);
    }
    println!("ready");
    loop {
        std::thread::park();
    }
}
